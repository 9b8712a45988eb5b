"""an index for the board and for the estimate of the wait, which ask for what ended last"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_index("ix_conversation_closed_at", "conversation", ["closed_at"])


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_conversation_closed_at", "conversation")
