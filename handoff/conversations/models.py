"""Tables of conversations, messages, the assistant's turns and the event log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime

_PRESSED = text("payload IS NOT NULL")
_FOLLOWS = text("previous_id IS NOT NULL")
_TAKEN = text("kind = 'state' AND to_state = 'active'")


class Conversation(Base):
    """One session of one citizen on one channel. Who may speak is ``state``; ``version`` counts its changes."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("ix_conversation_state_waiting_since", "state", "waiting_since"),
        Index("ix_conversation_state_last_at", "state", "last_at"),
        Index("ix_conversation_closed_at", "closed_at"),
        Index("ix_conversation_rated_at", "rated_at"),
        Index("ix_conversation_last_at_id", "last_at", "id"),
        Index(
            "ix_conversation_previous_id",
            "previous_id",
            "opened_at",
            sqlite_where=_FOLLOWS,
            postgresql_where=_FOLLOWS,
        ),
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
    # Where it waits, and what came of offering it (handoff/queue).
    queue_id: Mapped[str | None] = mapped_column(String(36), index=True)
    # A person put it there: the rules move it only when that queue is switched off.
    queue_chosen: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    # Of a person's capacity, in hundredths of a unit; as it was when it was queued.
    weight: Mapped[int] = mapped_column(Integer, default=100, server_default="100")
    offer_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Who passed on it, and when (ISO 8601).
    passed: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default="{}")
    # Why nobody has been offered it yet: a code of ``waits.*`` and its values.
    waits_for: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
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
    # The specialists' own clock (R4): when they should have answered, when they did, when it was noted that they had not.
    level2_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    level2_answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    level2_breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
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
        # Which turns were pressed and not typed: few, and asked of a whole year by reports.
        Index("ix_message_pressed", "id", "payload", sqlite_where=_PRESSED, postgresql_where=_PRESSED),
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
    __table_args__ = (
        # When a person began: asked of a whole year by reports, and few of the log's rows tell it.
        Index("ix_event_taken", "conversation_id", "at", sqlite_where=_TAKEN, postgresql_where=_TAKEN),
        {"sqlite_autoincrement": True},
    )

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
    #: Invitations, the most important first: see :mod:`handoff.sites.rules`.
    proactive: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    #: Own words by language in place of the catalogue's: see :mod:`handoff.sites.wording`.
    texts: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON, default=dict, server_default="{}")
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    changed_by: Mapped[str | None] = mapped_column(String(36))
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
