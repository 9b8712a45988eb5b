"""Tables of conversations, messages, the assistant's turns and the event log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Conversation(Base):
    """One session of one citizen on one channel. Who may speak is ``state``; ``version`` counts its changes."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("ix_conversation_state_waiting_since", "state", "waiting_since"),
        Index("ix_conversation_state_last_at", "state", "last_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    site: Mapped[str] = mapped_column(String(64))
    page: Mapped[str | None] = mapped_column(String(500))
    lang: Mapped[str] = mapped_column(String(2))
    previous_id: Mapped[str | None] = mapped_column(String(36))

    # What it is about, as far as known.
    institution_id: Mapped[str | None] = mapped_column(String(64), index=True)
    service_id: Mapped[str | None] = mapped_column(String(80))
    municipality_id: Mapped[str | None] = mapped_column(String(64))
    topic: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(32))
    summary: Mapped[str | None] = mapped_column(Text)
    context: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    # Who holds it.
    holder_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    offered_to_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    specialist_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    level2_institution_id: Mapped[str | None] = mapped_column(String(64), index=True)
    centre_id: Mapped[str | None] = mapped_column(String(64))
    level: Mapped[int] = mapped_column(Integer, default=0)

    # When.
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    waiting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    offered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_reply_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    level2_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wrap_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    citizen_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    # What was said last, and how far each side has read.
    last_seq: Mapped[int] = mapped_column(Integer, default=0)
    last_author: Mapped[str | None] = mapped_column(String(16))
    last_text: Mapped[str | None] = mapped_column(String(200))
    unread: Mapped[int] = mapped_column(Integer, default=0)
    staff_read_seq: Mapped[int] = mapped_column(Integer, default=0)
    citizen_read_seq: Mapped[int] = mapped_column(Integer, default=0)

    # How it ended.
    outcome: Mapped[str | None] = mapped_column(String(32))
    closing_comment: Mapped[str | None] = mapped_column(Text)
    contact: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    rating: Mapped[int | None] = mapped_column(Integer)
    rating_comment: Mapped[str | None] = mapped_column(Text)
    rated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Message(Base):
    """One thing said. ``seq`` counts from 1 in its conversation; ``client_id`` makes the writer's retries harmless."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "client_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
    seq: Mapped[int] = mapped_column(Integer)
    client_id: Mapped[str | None] = mapped_column(String(36))
    author_kind: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[str | None] = mapped_column(String(36))
    author_name: Mapped[str | None] = mapped_column(String(120))
    lang: Mapped[str] = mapped_column(String(2))
    text: Mapped[str] = mapped_column(Text)
    payload: Mapped[str | None] = mapped_column(String(200))
    # Buttons, links and source, as the citizen saw them.
    extras: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    # What became of it on its platform, and why not; None in the web chat, where storing is delivering.
    delivery: Mapped[str | None] = mapped_column(String(12))
    delivery_reason: Mapped[str | None] = mapped_column(String(32))


class Turn(Base):
    """A message that the assistant owes an answer to. Stored with the message, so a crash in between loses nothing."""

    __tablename__ = "turn"
    __table_args__ = (
        Index(
            "ix_turn_open",
            "lease_until",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    message_id: Mapped[str] = mapped_column(ForeignKey("message.id"), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(36), index=True)
    seq: Mapped[int] = mapped_column(Integer)
    lease_until: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=1)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(32))
    took_ms: Mapped[int | None] = mapped_column(Integer)


class Event(Base):
    """The ordered log of everything that happened; live feeds read on from a ``seq``, reports are computed from it."""

    __tablename__ = "event"
    __table_args__ = {"sqlite_autoincrement": True}

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str | None] = mapped_column(String(36), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str | None] = mapped_column(String(36))
    cause: Mapped[str | None] = mapped_column(String(64))
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str | None] = mapped_column(String(16))
    version: Mapped[int | None] = mapped_column(Integer)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Site(Base):
    """A web-chat account: where the widget may stand, and how it looks and behaves there."""

    __tablename__ = "site"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    institution_id: Mapped[str | None] = mapped_column(String(64))
    origins: Mapped[list[str]] = mapped_column(JSON, default=list)
    lang: Mapped[str] = mapped_column(String(2), default="lv")
    accent: Mapped[str] = mapped_column(String(7), default="#7d1d3f")
    privacy_url: Mapped[str] = mapped_column(String(500), default="")
    proactive: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
