"""Tables of reports: what has been gathered of contacts that are over, and of which it is to be gathered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class ContactFact(Base):
    """What reports ask of one contact, gathered once it cannot be expected to change any more.

    It holds nothing that its sources do not: whatever changes them puts the contact on :class:`ContactDue` in the same
    transaction, and from then on reports gather it anew. What depends on the calendar of working days is not here.
    """

    __tablename__ = "contact_fact"

    id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int | None] = mapped_column(Integer)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    closed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    service_id: Mapped[str | None] = mapped_column(String(80))
    institution_id: Mapped[str | None] = mapped_column(String(64))
    municipality_id: Mapped[str | None] = mapped_column(String(64))
    centre_id: Mapped[str | None] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    lang: Mapped[str] = mapped_column(String(2))
    level: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(32))
    rating: Mapped[int | None] = mapped_column(Integer)
    again: Mapped[bool] = mapped_column(Boolean)
    typed: Mapped[int] = mapped_column(Integer)
    not_understood: Mapped[int] = mapped_column(Integer)
    answered: Mapped[int] = mapped_column(Integer)
    not_helped: Mapped[int] = mapped_column(Integer)
    # Riga's clock at the opening, as groups name it.
    hour: Mapped[str] = mapped_column(String(2))
    weekday: Mapped[str] = mapped_column(String(1))
    day: Mapped[str] = mapped_column(String(10))
    month: Mapped[str] = mapped_column(String(7))


class ContactDue(Base):
    """A contact that is to be gathered (anew). Written by triggers of the database, whoever changes a source; one row for each
    change, so that who gathers takes away what he has seen and nothing else."""

    __tablename__ = "contact_due"
    __table_args__ = {"sqlite_autoincrement": True}

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(String(36), index=True)
