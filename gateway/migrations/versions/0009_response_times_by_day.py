"""an index for the report on response times, which asks for days"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_index("ix_channel_thread_created_at", "channel_thread", ["created_at"])


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_channel_thread_created_at", "channel_thread")
