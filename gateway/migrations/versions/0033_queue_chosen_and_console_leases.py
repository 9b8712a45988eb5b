"""a queue that a person chose; which workers a person's consoles are open at"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0030"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Forward."""
    op.add_column("conversation", sa.Column("queue_chosen", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "console_lease",
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("worker", sa.String(length=36), nullable=False),
        sa.Column("seen_at", _UTC, nullable=False),
        sa.Column("focused_at", _UTC, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_console_lease_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", "worker", name=op.f("pk_console_lease")),
    )
    op.create_index("ix_console_lease_seen_at", "console_lease", ["seen_at"])


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_console_lease_seen_at", "console_lease")
    op.drop_table("console_lease")
    op.drop_column("conversation", "queue_chosen")
