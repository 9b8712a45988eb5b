"""decisions about doubtful duplicates; when an import was decided and an offer missed; an index for what was rated last"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0024"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "kb_unify_decision",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("other_row", sa.Integer(), nullable=True),
        sa.Column("other_id", sa.String(length=80), nullable=False),
        sa.Column("other_title", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("second_look", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.String(length=36), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("at", _UTC, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_unify_decision")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_kb_unify_decision_key_version")),
    )
    op.add_column("kb_import", sa.Column("decided_at", _UTC, nullable=True))
    op.add_column("staff", sa.Column("missed_at", _UTC, nullable=True))
    op.create_index("ix_conversation_rated_at", "conversation", ["rated_at"])


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_conversation_rated_at", "conversation")
    op.drop_column("staff", "missed_at")
    op.drop_column("kb_import", "decided_at")
    op.drop_table("kb_unify_decision")
