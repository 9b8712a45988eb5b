"""wording by editors, the question set and its runs, questions from life"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_OPEN = sa.text("state IN ('draft', 'proposed', 'approved')")


def upgrade() -> None:
    """Forward."""
    op.add_column("kb_service", sa.Column("named_by_editor", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("kb_service_example", sa.Column("withdrawn", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "kb_wording_change",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
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
        sa.Column("group_id", sa.String(length=36), nullable=True),
        sa.Column("check_state", sa.String(length=8), nullable=False),
        sa.Column("check_key", sa.String(length=120), nullable=True),
        sa.Column("check_done", sa.Integer(), nullable=False),
        sa.Column("check_total", sa.Integer(), nullable=False),
        sa.Column("check_lease", _UTC, nullable=True),
        sa.Column("check_result", sa.JSON(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_wording_change")),
    )
    op.create_index(op.f("ix_kb_wording_change_service_id"), "kb_wording_change", ["service_id"])
    op.create_index(op.f("ix_kb_wording_change_group_id"), "kb_wording_change", ["group_id"])
    op.create_index("ix_kb_wording_change_state", "kb_wording_change", ["state"])
    op.create_index("ix_kb_wording_change_check_state", "kb_wording_change", ["check_state"])
    op.create_index(
        "uq_kb_wording_change_open",
        "kb_wording_change",
        ["service_id", "kind", "lang"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_table(
        "kb_set_question",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=True),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("at", _UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_set_question")),
        sa.UniqueConstraint("key", name=op.f("uq_kb_set_question_key")),
    )
    op.create_table(
        "kb_life_group",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("centre", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("first_at", _UTC, nullable=False),
        sa.Column("last_at", _UTC, nullable=False),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.Column("decided_name", sa.String(length=120), nullable=True),
        sa.Column("decided_at", _UTC, nullable=True),
        sa.Column("change_id", sa.String(length=36), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_life_group")),
    )
    op.create_index(op.f("ix_kb_life_group_state"), "kb_life_group", ["state"])
    op.create_table(
        "kb_life_question",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("why", sa.String(length=16), nullable=False),
        sa.Column("at", _UTC, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["kb_life_group.id"], name=op.f("fk_kb_life_question_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_kb_life_question")),
    )
    op.create_index(op.f("ix_kb_life_question_group_id"), "kb_life_question", ["group_id"])
    op.create_index(op.f("ix_kb_life_question_at"), "kb_life_question", ["at"])
    op.create_table(
        "kb_life_cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", _UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_life_cursor")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("kb_life_cursor")
    op.drop_table("kb_life_question")
    op.drop_table("kb_life_group")
    op.drop_table("kb_set_question")
    op.drop_table("kb_wording_change")
    op.drop_column("kb_service_example", "withdrawn")
    op.drop_column("kb_service", "named_by_editor")
