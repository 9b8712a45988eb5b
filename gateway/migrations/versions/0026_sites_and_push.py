"""sites kept in the console, with words of their own; browser push"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Forward."""
    op.add_column("site", sa.Column("texts", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("site", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("site", sa.Column("changed_by", sa.String(length=36), nullable=True))
    op.add_column("site", sa.Column("changed_at", _UTC, nullable=True))
    op.add_column("staff", sa.Column("focused_at", _UTC, nullable=True))
    op.create_table(
        "push_subscription",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("session_digest", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("created_at", _UTC, nullable=False),
        sa.Column("delivered_at", _UTC, nullable=True),
        sa.Column("problem", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_push_subscription_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscription")),
        sa.UniqueConstraint("digest", name=op.f("uq_push_subscription_digest")),
    )
    op.create_index("ix_push_subscription_staff_id", "push_subscription", ["staff_id"])
    op.create_table(
        "push_cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_cursor")),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("push_cursor")
    op.drop_table("push_subscription")
    op.drop_column("staff", "focused_at")
    for name in ("changed_at", "changed_by", "version", "texts"):
        op.drop_column("site", name)
