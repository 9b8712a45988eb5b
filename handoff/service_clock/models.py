"""Tables of the hours, and of days that differ from the ordinary calendar."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, Boolean, Date, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class CalendarException(Base):
    """A working day moved by the Cabinet of Ministers, or a day on which the centre is closed."""

    __tablename__ = "calendar_exception"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    working: Mapped[bool] = mapped_column(Boolean)
    note: Mapped[str] = mapped_column(String(200))


class WorkingWeek(Base):
    """The hours by weekday. One row; its version also counts changes of exceptions, so that a worker looks at one number.

    ``week``: seven of ``[opens, closes]`` ("HH:MM", Riga) or null, Monday first; null as a whole while nobody has set them,
    when the settings hold.
    """

    __tablename__ = "working_week"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)
    week: Mapped[list[list[str] | None] | None] = mapped_column(JSON(none_as_null=True))
    changed_by: Mapped[str | None] = mapped_column(String(36))
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
