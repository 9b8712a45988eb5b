"""The table of call-backs and visits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Callback(Base):
    """Somebody is to be called, or comes to a centre.

    ``sealed_phone`` opens with the vault only (:mod:`kit.vault`); ``phone_hint`` is what lists show of it. ``due_at`` is when
    it is late; it moves with every attempt that reached nobody. ``version`` counts changes: two do not call at once.
    """

    __tablename__ = "callback"
    __table_args__ = (Index("ix_callback_state_due_at", "state", "due_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    kind: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), index=True)
    case_no: Mapped[int | None] = mapped_column(Integer)
    centre_id: Mapped[str | None] = mapped_column(ForeignKey("centre.id"))
    lang: Mapped[str] = mapped_column(String(2))
    name: Mapped[str] = mapped_column(String(120))
    sealed_phone: Mapped[str] = mapped_column(Text)
    phone_hint: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(500))
    wanted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    taken_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    outcome: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text, default="")
    created_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
