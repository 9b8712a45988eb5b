"""social channels: accounts, inbound events, outbox, threads, posts

Who may be told what, and what became of it. Messages get a state of delivery; it stays empty for the web chat.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_UTC = sa.DateTime(timezone=True)
_SENDING = sa.text("state = 'sending'")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "channel_account",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("platform_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("institution_id", sa.String(length=64), nullable=True),
        sa.Column("municipality_id", sa.String(length=64), nullable=True),
        sa.Column("credentials", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("paused_reason", sa.String(length=32), nullable=True),
        sa.Column("created_at", _UTC, nullable=False),
        sa.Column("last_event_at", _UTC, nullable=True),
        sa.Column("last_webhook_at", _UTC, nullable=True),
        sa.Column("last_sent_at", _UTC, nullable=True),
        sa.Column("checked_at", _UTC, nullable=True),
        sa.Column("check_result", sa.JSON(), nullable=True),
        sa.Column("last_error", sa.String(length=300), nullable=True),
        sa.Column("last_error_at", _UTC, nullable=True),
        sa.Column("spend", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("poll_cursor", sa.String(length=300), nullable=True),
        sa.Column("polled_at", _UTC, nullable=True),
        sa.CheckConstraint(
            "(institution_id IS NULL) <> (municipality_id IS NULL)", name=op.f("ck_channel_account_one_owner")
        ),
        sa.ForeignKeyConstraint(["institution_id"], ["institution.id"], name=op.f("fk_channel_account_institution_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_account")),
        sa.UniqueConstraint("channel", "platform_id", name=op.f("uq_channel_account_channel_platform_id")),
    )
    op.create_table(
        "inbound_event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("thread", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("occurred_at", _UTC, nullable=False),
        sa.Column("received_at", _UTC, nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", _UTC, nullable=True),
        sa.Column("next_at", _UTC, nullable=False),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("conversation_id", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["channel_account.id"], name=op.f("fk_inbound_event_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_event")),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_inbound_event_account_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbound_event_state_id", "inbound_event", ["state", "id"])
    op.create_index("ix_inbound_event_account_id_thread_state", "inbound_event", ["account_id", "thread", "state"])
    op.create_index(op.f("ix_inbound_event_conversation_id"), "inbound_event", ["conversation_id"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("thread", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=True),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", _UTC, nullable=False),
        sa.Column("lease_until", _UTC, nullable=True),
        sa.Column("claimed_at", _UTC, nullable=True),
        sa.Column("ref", sa.String(length=255), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("detail", sa.String(length=300), nullable=True),
        sa.Column("cost", sa.Numeric(precision=12, scale=4), nullable=False),
        sa.Column("created_at", _UTC, nullable=False),
        sa.Column("sent_at", _UTC, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["channel_account.id"], name=op.f("fk_outbox_account_id")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name=op.f("fk_outbox_conversation_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_outbox_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_state_id", "outbox", ["state", "id"])
    op.create_index("ix_outbox_account_id_thread_state", "outbox", ["account_id", "thread", "state"])
    op.create_index(op.f("ix_outbox_conversation_id"), "outbox", ["conversation_id"])
    op.create_index(op.f("ix_outbox_message_id"), "outbox", ["message_id"])
    op.create_index(
        "uq_outbox_one_sending",
        "outbox",
        ["account_id", "thread"],
        unique=True,
        sqlite_where=_SENDING,
        postgresql_where=_SENDING,
    )
    op.create_table(
        "channel_thread",
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("thread", sa.String(length=255), nullable=False),
        sa.Column("author_id", sa.String(length=255), nullable=True),
        sa.Column("author_name", sa.String(length=200), nullable=True),
        sa.Column("author_handle", sa.String(length=200), nullable=True),
        sa.Column("post_ref", sa.String(length=255), nullable=True),
        sa.Column("comment_ref", sa.String(length=255), nullable=True),
        sa.Column("parent_ref", sa.String(length=255), nullable=True),
        sa.Column("summoned", sa.Boolean(), nullable=False),
        sa.Column("created_at", _UTC, nullable=False),
        sa.Column("received_at", _UTC, nullable=False),
        sa.Column("last_inbound_at", _UTC, nullable=False),
        sa.Column("private_reply_at", _UTC, nullable=True),
        sa.Column("hide_proposed", sa.Boolean(), nullable=False),
        sa.Column("hidden_at", _UTC, nullable=True),
        sa.Column("hidden_by", sa.String(length=36), nullable=True),
        sa.Column("hidden_reason", sa.String(length=1000), nullable=True),
        sa.Column("deleted_at", _UTC, nullable=True),
        sa.Column("blocked_at", _UTC, nullable=True),
        sa.Column("edits", sa.JSON(), nullable=False),
        sa.Column("answered_outside_at", _UTC, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["channel_account.id"], name=op.f("fk_channel_thread_account_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_channel_thread_conversation_id")
        ),
        sa.ForeignKeyConstraint(["hidden_by"], ["staff.id"], name=op.f("fk_channel_thread_hidden_by")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_channel_thread")),
    )
    op.create_index("ix_channel_thread_account_id_thread", "channel_thread", ["account_id", "thread"])
    op.create_index("ix_channel_thread_account_id_post_ref", "channel_thread", ["account_id", "post_ref"])
    op.create_table(
        "platform_message",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("direction", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["channel_account.id"], name=op.f("fk_platform_message_account_id")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_platform_message_conversation_id")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_platform_message_message_id")),
        sa.PrimaryKeyConstraint("account_id", "ref", name=op.f("pk_platform_message")),
    )
    op.create_index(op.f("ix_platform_message_conversation_id"), "platform_message", ["conversation_id"])
    op.create_table(
        "social_post",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.String(length=1000), nullable=True),
        sa.Column("published_at", _UTC, nullable=True),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["channel_account.id"], name=op.f("fk_social_post_account_id")),
        sa.PrimaryKeyConstraint("account_id", "ref", name=op.f("pk_social_post")),
    )
    # In place on both databases: SQLite adds a column without copying the table, and its triggers stay.
    op.add_column("message", sa.Column("delivery", sa.String(length=12), nullable=True))
    op.add_column("message", sa.Column("delivery_reason", sa.String(length=32), nullable=True))


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_column("delivery_reason")
        batch_op.drop_column("delivery")
    for table in ("social_post", "platform_message", "channel_thread", "outbox", "inbound_event", "channel_account"):
        op.drop_table(table)
