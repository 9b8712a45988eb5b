"""attachments: files that citizens and staff send each other in the web chat"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_UNSENT = sa.text("message_id IS NULL")
_CHECKING = sa.text("state = 'checking'")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "attachment",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.Column("staff_id", sa.String(length=36), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("stored_as", sa.String(length=32), nullable=False),
        sa.Column("sealed_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_conversation_id"), "attachment", ["conversation_id"])
    op.create_index(op.f("ix_attachment_message_id"), "attachment", ["message_id"])
    op.create_index(
        "ix_attachment_unsent", "attachment", ["created_at"], sqlite_where=_UNSENT, postgresql_where=_UNSENT
    )
    op.create_index(
        "ix_attachment_checking", "attachment", ["created_at"], sqlite_where=_CHECKING, postgresql_where=_CHECKING
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("attachment")
