"""Tables of the case ledger."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Date, ForeignKey, Integer, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Tariff(Base):
    """Price of one case in a period (R16, R17). ``valid_to`` is the last day; None is open-ended."""

    __tablename__ = "tariff"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
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
    ``correction`` (+1) in its place. The sum of ``sign`` of an ended conversation is always 1.
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
