"""indexes for reports, which ask when a person began and what was pressed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0022"
branch_labels = None
depends_on = None

_PRESSED = sa.text("payload IS NOT NULL")
_TAKEN = sa.text("kind = 'state' AND to_state = 'active'")


def upgrade() -> None:
    """Forward."""
    op.create_index("ix_event_taken", "event", ["conversation_id", "at"], sqlite_where=_TAKEN, postgresql_where=_TAKEN)
    op.create_index(
        "ix_message_pressed", "message", ["id", "payload"], sqlite_where=_PRESSED, postgresql_where=_PRESSED
    )


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_message_pressed", "message")
    op.drop_index("ix_event_taken", "event")
