"""Tables of the case ledger."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
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


class PriceList(Base):
    """Prices that hold from ``valid_from`` until the next approved list begins: so there is neither gap nor overlap (R16).

    ``state``: ``draft``; ``compared`` with the list of today on last year's cases; ``approved`` by a second person, and in force
    from its day; ``withdrawn`` before that day. Triggers keep the prices of an approved list as they are.
    """

    __tablename__ = "price_list"
    __table_args__ = (
        # Of one day there is one list, whoever approves at the same time.
        Index(
            "uq_price_list_approved",
            "valid_from",
            unique=True,
            sqlite_where=text("state = 'approved'"),
            postgresql_where=text("state = 'approved'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    valid_from: Mapped[date] = mapped_column(Date, index=True)
    state: Mapped[str] = mapped_column(String(12), default="draft")
    version: Mapped[int] = mapped_column(Integer, default=1)
    copied_from: Mapped[str | None] = mapped_column(ForeignKey("price_list.id"))
    created_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Who wrote in it last: not he who approves.
    changed_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    compared_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    compared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # What the second person saw when he approved.
    comparison: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    approved_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_why: Mapped[str | None] = mapped_column(Text)


class Tariff(Base):
    """A line of a price list: what one case costs (R16, R17). None stands for any; as a level for 1 and 2.

    ``valid_from`` is its list's day; ``valid_to`` is kept from before there were lists and says nothing any longer.
    """

    __tablename__ = "tariff"
    __table_args__ = (UniqueConstraint("list_id", "case_kind", "channel", "level"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    list_id: Mapped[str] = mapped_column(ForeignKey("price_list.id"))
    case_kind: Mapped[str | None] = mapped_column(String(24))
    channel: Mapped[str | None] = mapped_column(String(16))
    level: Mapped[int | None] = mapped_column(Integer)
    price: Mapped[Decimal] = mapped_column(Numeric(12, 4))
    currency: Mapped[str] = mapped_column(String(3), default="EUR")
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(300))


class Case(Base):
    """The unit that is counted (R15). Made with its conversation, in one transaction, once: ``conversation_id`` is unique."""

    __tablename__ = "case"
    __table_args__ = {"sqlite_autoincrement": True}

    no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), unique=True)
    channel: Mapped[str] = mapped_column(String(16))
    site: Mapped[str] = mapped_column(String(64))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class CaseEntry(Base):
    """A line of the ledger: never changed, never deleted (triggers in the database refuse it).

    ``settled`` (+1) when the conversation ends; a correction is a ``reversal`` (−1) of the entry in force and a
    ``correction`` (+1) in its place. The sum of ``sign`` of an ended conversation is 1; 0 once it was found not to be a case.
    """

    __tablename__ = "case_entry"
    __table_args__ = (
        UniqueConstraint("case_no", "revision", "kind"),
        UniqueConstraint("reverses_id"),
        CheckConstraint(
            "(kind = 'reversal' AND sign = -1 AND reverses_id IS NOT NULL)"
            " OR (kind IN ('settled', 'correction') AND sign = 1 AND reverses_id IS NULL)",
            name="kind_sign",
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    case_no: Mapped[int] = mapped_column(ForeignKey("case.no"))
    revision: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(16))
    sign: Mapped[int] = mapped_column(Integer)
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("case_entry.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    recorded_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    why: Mapped[str | None] = mapped_column(Text)

    conversation_id: Mapped[str] = mapped_column(String(36), index=True)
    channel: Mapped[str] = mapped_column(String(16))
    site: Mapped[str] = mapped_column(String(64))
    lang: Mapped[str] = mapped_column(String(2))
    level: Mapped[int] = mapped_column(Integer)
    # ``chat_session``, ``social_conversation``, ``comment``, ``email`` or ``form`` (R15).
    case_kind: Mapped[str] = mapped_column(String(24), server_default="chat_session")
    institution_id: Mapped[str | None] = mapped_column(String(64))
    service_id: Mapped[str | None] = mapped_column(String(80))
    municipality_id: Mapped[str | None] = mapped_column(String(64))
    operator_id: Mapped[str | None] = mapped_column(String(36))
    specialist_id: Mapped[str | None] = mapped_column(String(36))
    centre_id: Mapped[str | None] = mapped_column(String(64))
    topic: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(32))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    taken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_reply_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    level2_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tariff_id: Mapped[str | None] = mapped_column(ForeignKey("tariff.id"))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(12, 4))
