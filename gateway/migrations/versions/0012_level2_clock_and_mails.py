"""the specialists' clock, and the mails that they are owed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_CLOCK = ("level2_due_at", "level2_answered_at", "level2_breached_at")


def upgrade() -> None:
    """Forward. What is at level 2 already has no clock: nobody was promised one."""
    for name in _CLOCK:
        op.add_column("conversation", sa.Column(name, _UTC, nullable=True))
    op.create_table(
        "mail",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("brought_at", _UTC, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", _UTC, nullable=False),
        sa.Column("lease_until", _UTC, nullable=True),
        sa.Column("batch", sa.String(length=36), nullable=True),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.Column("created_at", _UTC, nullable=False),
        sa.Column("sent_at", _UTC, nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_mail_staff_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_mail_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint("key", name=op.f("uq_mail_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mail_state_next_at", "mail", ["state", "next_at"])
    op.create_index("ix_mail_staff_id_sent_at", "mail", ["staff_id", "sent_at"])
    op.create_index(op.f("ix_mail_conversation_id"), "mail", ["conversation_id"])


def downgrade() -> None:
    """Back."""
    op.drop_table("mail")
    for name in reversed(_CLOCK):
        op.drop_column("conversation", name)
