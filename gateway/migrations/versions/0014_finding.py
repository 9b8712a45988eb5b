"""full-text search, saved views, notes about citizens

What was said before is put into the backlog, and taken in by the gateway while it runs.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "search_document",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_search_document_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_document")),
        sa.UniqueConstraint("kind", "ref", name=op.f("uq_search_document_kind_ref")),
    )
    op.create_index(op.f("ix_search_document_conversation_id"), "search_document", ["conversation_id"])
    op.create_table(
        "search_backlog",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("kind", "ref", name=op.f("pk_search_backlog")),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("changed_at", _UTC, nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name=op.f("fk_saved_view_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index("ix_saved_view_owner_id_shared", "saved_view", ["owner_id", "shared"])
    op.create_table(
        "citizen_note",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("identity_id", sa.String(length=36), nullable=False),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", _UTC, nullable=False),
        sa.ForeignKeyConstraint(["identity_id"], ["channel_identity.id"], name=op.f("fk_citizen_note_identity_id")),
        sa.ForeignKeyConstraint(["author_id"], ["staff.id"], name=op.f("fk_citizen_note_author_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_citizen_note")),
    )
    op.create_index(op.f("ix_citizen_note_identity_id"), "citizen_note", ["identity_id"])
    op.create_index("ix_conversation_last_at_id", "conversation", ["last_at", "id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX search_text_terms ON search_document USING gin (to_tsvector('simple', terms))")
    else:
        op.execute(
            "CREATE VIRTUAL TABLE search_text USING fts5(terms, content='search_document', content_rowid='id',"
            " tokenize='unicode61 remove_diacritics 0', prefix='5')"
        )
        gone = "INSERT INTO search_text(search_text, rowid, terms) VALUES ('delete', old.id, old.terms);"
        come = "INSERT INTO search_text(rowid, terms) VALUES (new.id, new.terms);"
        for act, what in (("INSERT", come), ("DELETE", gone), ("UPDATE", gone + " " + come)):
            op.execute(f"CREATE TRIGGER search_document_{act.lower()} AFTER {act} ON search_document BEGIN {what} END")
    for kind, source in (("message", "message"), ("note", "note"), ("name", "conversation")):
        op.execute(f"INSERT INTO search_backlog (kind, ref) SELECT '{kind}', id FROM {source}")


def downgrade() -> None:
    """Back."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_text")
    op.drop_index("ix_conversation_last_at_id", "conversation")
    for table in ("citizen_note", "saved_view", "search_backlog", "search_document"):
        op.drop_table(table)
