"""conversation plans: their versions, and the wishes to change them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0028"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_OPEN = sa.text("state IN ('draft', 'proposed', 'approved')")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "kb_plan_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=True),
        sa.Column("created_at", _UTC, server_default=sa.text("(CURRENT_TIMESTAMP)"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_plan_version")),
        sa.UniqueConstraint("plan_id", "number", name=op.f("uq_kb_plan_version_plan_id_number")),
    )
    op.create_index(
        "uq_kb_plan_version_current",
        "kb_plan_version",
        ["plan_id"],
        unique=True,
        sqlite_where=sa.text("current"),
        postgresql_where=sa.text("current"),
    )
    op.create_table(
        "kb_plan_change",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("plan_id", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("base", sa.Integer(), nullable=True),
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
        sa.Column("published", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_plan_change")),
    )
    op.create_index("ix_kb_plan_change_state", "kb_plan_change", ["state"])
    op.create_index("ix_kb_plan_change_plan_id", "kb_plan_change", ["plan_id"])
    op.create_index(
        "uq_kb_plan_change_open",
        "kb_plan_change",
        ["plan_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("kb_plan_change")
    op.drop_table("kb_plan_version")
