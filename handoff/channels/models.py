"""Tables of the social channels: accounts, what platforms told us, what we owe them, and where each conversation lives."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class ChannelAccount(Base):
    """One page, one X account, one bot, owned by an institution or a municipality (R7)."""

    __tablename__ = "channel_account"
    __table_args__ = (
        UniqueConstraint("channel", "platform_id"),
        CheckConstraint("(institution_id IS NULL) <> (municipality_id IS NULL)", name="one_owner"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    platform_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    institution_id: Mapped[str | None] = mapped_column(ForeignKey("institution.id"))
    municipality_id: Mapped[str | None] = mapped_column(String(64))
    # Sealed by kit.vault; written and never shown.
    credentials: Mapped[str] = mapped_column(Text)
    # Not secret: ``comment_policy`` (public, private, never), ``api_version``, ``base_url``, ``human_agent``, ``direct``.
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    # Why nothing is sent until somebody mends the account; None when all is well.
    paused_reason: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    # For the health board.
    last_event_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The same, of what came by itself: a webhook that is silent is made up for by asking.
    last_webhook_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    check_result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    last_error: Mapped[str | None] = mapped_column(String(300))
    last_error_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    spend: Mapped[Decimal] = mapped_column(Numeric(12, 4), default=Decimal(0))
    # Where asking for missed events goes on, and when that was done last.
    poll_cursor: Mapped[str | None] = mapped_column(String(300))
    polled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class InboundEventRow(Base):
    """Something a platform told us, kept before it was acknowledged. The key makes repetitions harmless.

    ``state``: ``new``; ``waiting`` for something it is about and that has not come yet; ``done``; ``dead`` (given up,
    visible, may be tried again by a person).
    """

    __tablename__ = "inbound_event"
    __table_args__ = (
        UniqueConstraint("account_id", "key"),
        Index("ix_inbound_event_state_id", "state", "id"),
        Index("ix_inbound_event_account_id_thread_state", "account_id", "thread", "state"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("channel_account.id"))
    key: Mapped[str] = mapped_column(String(255))
    thread: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(16))
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # As handoff.channels.schemas packs it. Once done: without the platform's own object, the text masked.
    event: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(8), default="new")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(300))
    conversation_id: Mapped[str | None] = mapped_column(String(36), index=True)


class OutboxRow(Base):
    """Something we owe a platform, stored in the transaction of what it says. A row is one call of the platform.

    ``state``: ``queued``, ``sending``; then ``sent``, ``delivered``, ``read``; or ``failed``, ``unknown`` (it may have
    arrived), ``cancelled``. One row a thread is under way at a time: the partial unique index holds it, whoever works.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_state_id", "state", "id"),
        Index("ix_outbox_account_id_thread_state", "account_id", "thread", "state"),
        Index(
            "uq_outbox_one_sending",
            "account_id",
            "thread",
            unique=True,
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("channel_account.id"))
    thread: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(16))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversation.id"), index=True)
    message_id: Mapped[str | None] = mapped_column(ForeignKey("message.id"), index=True)
    # Text, buttons, place among the parts of a long message, who asked for it.
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(String(12), default="queued")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When the last attempt began: receipts of the platform are compared with it, its answer may come after them.
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ref: Mapped[str | None] = mapped_column(String(255))
    reason: Mapped[str | None] = mapped_column(String(32))
    detail: Mapped[str | None] = mapped_column(String(300))
    cost: Mapped[Decimal] = mapped_column(Numeric(12, 4), default=Decimal(0))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ChannelThread(Base):
    """Where a conversation lives on its platform, and what the platform's rules need to know of it.

    ``kind``: ``direct`` (messages with one person) or ``comment`` (one comment under a post, or one mention; R15).
    """

    __tablename__ = "channel_thread"
    __table_args__ = (
        Index("ix_channel_thread_account_id_thread", "account_id", "thread"),
        Index("ix_channel_thread_account_id_post_ref", "account_id", "post_ref"),
        Index("ix_channel_thread_created_at", "created_at"),
    )

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("channel_account.id"))
    kind: Mapped[str] = mapped_column(String(8))
    thread: Mapped[str] = mapped_column(String(255))
    author_id: Mapped[str | None] = mapped_column(String(255))
    author_name: Mapped[str | None] = mapped_column(String(200))
    author_handle: Mapped[str | None] = mapped_column(String(200))
    post_ref: Mapped[str | None] = mapped_column(String(255))
    comment_ref: Mapped[str | None] = mapped_column(String(255))
    parent_ref: Mapped[str | None] = mapped_column(String(255))
    # Whether the author addressed us, so that the platform lets us answer him in public.
    summoned: Mapped[bool] = mapped_column(Boolean, default=True)
    # The platform's time and ours: the clock runs from the first, the second proves a webhook that came late.
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_inbound_at: Mapped[datetime] = mapped_column(UtcDateTime)
    private_reply_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    hide_proposed: Mapped[bool] = mapped_column(Boolean, default=False)
    hidden_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The member of staff; None when it was done outside.
    hidden_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    hidden_reason: Mapped[str | None] = mapped_column(String(1000))
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    blocked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # What messages said before they were edited or deleted: shown to staff, and that is on record.
    edits: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    answered_outside_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PlatformMessage(Base):
    """Which message of ours a platform's id stands for. ``direction``: ``in`` or ``out``."""

    __tablename__ = "platform_message"

    account_id: Mapped[str] = mapped_column(ForeignKey("channel_account.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(String(255), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), index=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("message.id"))
    direction: Mapped[str] = mapped_column(String(3))


class SocialPost(Base):
    """A post of an account, so that its comments have a place. ``ours``: published from here."""

    __tablename__ = "social_post"

    account_id: Mapped[str] = mapped_column(ForeignKey("channel_account.id"), primary_key=True)
    ref: Mapped[str] = mapped_column(String(255), primary_key=True)
    text: Mapped[str] = mapped_column(Text, default="")
    link: Mapped[str | None] = mapped_column(String(1000))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ours: Mapped[bool] = mapped_column(Boolean, default=False)
