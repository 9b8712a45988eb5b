"""queues that route: their rules, what conversations weigh, what people know"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_LISTS = ("institutions", "services", "topics", "languages", "channels", "centres", "overflow_centres")


def upgrade() -> None:
    """Forward. Everything goes on waiting in the common queue, and is taken by hand as before."""
    queue = op.create_table(
        "queue",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name_lv", sa.String(length=120), nullable=False),
        sa.Column("name_ru", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in _LISTS),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("overflow_after_s", sa.Integer(), nullable=True),
        sa.Column("offer_timeout_s", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue")),
    )
    weights = op.create_table(
        "queue_weights",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("webchat", sa.Integer(), nullable=False),
        sa.Column("direct", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_weights")),
    )
    common = {
        "id": "common",
        "name_lv": "Kopējā rinda",
        "name_ru": "Общая очередь",
        "name_en": "Common queue",
        "position": 0,
        "enabled": True,
        "mode": "pull",
        **{name: [] for name in _LISTS},
        "skills": {},
        "overflow_after_s": 30,
        "offer_timeout_s": 30,
        "version": 1,
    }
    op.bulk_insert(queue, [common])
    op.bulk_insert(weights, [{"id": 1, "webchat": 100, "direct": 50, "comment": 50, "version": 1}])
    op.add_column("conversation", sa.Column("queue_id", sa.String(length=36), nullable=True))
    op.add_column("conversation", sa.Column("weight", sa.Integer(), nullable=False, server_default="100"))
    op.add_column("conversation", sa.Column("offer_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("conversation", sa.Column("passed", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("conversation", sa.Column("waits_for", sa.JSON(), nullable=True))
    op.create_index(op.f("ix_conversation_queue_id"), "conversation", ["queue_id"])
    op.add_column("staff", sa.Column("skills", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("staff", sa.Column("serving_version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("staff", sa.Column("missed_offers", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("staff", sa.Column("away_reason", sa.String(length=32), nullable=True))


def downgrade() -> None:
    """Back."""
    for name in ("away_reason", "missed_offers", "serving_version", "skills"):
        op.drop_column("staff", name)
    op.drop_index(op.f("ix_conversation_queue_id"), "conversation")
    for name in ("waits_for", "passed", "offer_until", "weight", "queue_id"):
        op.drop_column("conversation", name)
    op.drop_table("queue_weights")
    op.drop_table("queue")
