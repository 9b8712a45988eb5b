"""the editors' desk: changes to answers, and how often what is shown has changed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_OPEN = sa.text("state IN ('draft', 'proposed', 'approved')")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "kb_answer_change",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("aspect", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("source_date", sa.String(length=10), nullable=True),
        sa.Column("base_version", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("author_id", sa.String(length=36), nullable=False),
        sa.Column("author_name", sa.String(length=120), nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_name", sa.String(length=120), nullable=True),
        sa.Column("created_at", _UTC, nullable=False),
        sa.Column("changed_at", _UTC, nullable=False),
        sa.Column("decided_at", _UTC, nullable=True),
        sa.Column("published_at", _UTC, nullable=True),
        sa.Column("valid_from", _UTC, nullable=True),
        sa.Column("valid_to", _UTC, nullable=True),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["kb_service.id"], name=op.f("fk_kb_answer_change_service_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_answer_change")),
    )
    op.create_index(op.f("ix_kb_answer_change_service_id"), "kb_answer_change", ["service_id"])
    op.create_index("ix_kb_answer_change_state", "kb_answer_change", ["state"])
    op.create_index(
        "uq_kb_answer_change_open",
        "kb_answer_change",
        ["service_id", "lang", "aspect"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    revision_table = op.create_table(
        "kb_revision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_revision")),
    )
    op.bulk_insert(revision_table, [{"id": 1, "number": 0}])


def downgrade() -> None:
    """Back."""
    op.drop_table("kb_revision")
    op.drop_table("kb_answer_change")
