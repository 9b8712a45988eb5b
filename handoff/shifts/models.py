"""The table of planned shifts."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Shift(Base):
    """Somebody is to work on ``day`` from ``begins`` to ``ends`` ("HH:MM", Riga); without a name ``people`` of the centre are."""

    __tablename__ = "planned_shift"
    __table_args__ = (
        CheckConstraint("begins < ends", name="ends_after"),
        CheckConstraint("people >= 1 AND (staff_id IS NULL OR people = 1)", name="people"),
        Index("ix_planned_shift_day_centre_id", "day", "centre_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    centre_id: Mapped[str] = mapped_column(ForeignKey("centre.id"))
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    people: Mapped[int] = mapped_column(Integer)
    day: Mapped[date] = mapped_column(Date)
    begins: Mapped[str] = mapped_column(String(5))
    ends: Mapped[str] = mapped_column(String(5))
    version: Mapped[int] = mapped_column(Integer)
    changed_by: Mapped[str] = mapped_column(String(36))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
