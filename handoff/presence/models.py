"""Tables of presence as it was: spans of people, spans of the service itself, and the hours that held on each day."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime

_OPEN = text("ended_at IS NULL")


class PresenceSpan(Base):
    """An operator was there without a break, ``available`` or ``away``, for one centre.

    While it is open it reaches to ``last_seen_at``, the last sign of life of any of his consoles. At most one is open for a
    person, whatever number of tabs and workers he is seen by.
    """

    __tablename__ = "presence_span"
    __table_args__ = (
        CheckConstraint("ended_at IS NULL OR ended_at >= began_at", name="ends_after"),
        Index("uq_presence_span_open", "staff_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_presence_span_centre_id_began_at", "centre_id", "began_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    centre_id: Mapped[str | None] = mapped_column(ForeignKey("centre.id"))
    kind: Mapped[str] = mapped_column(String(16))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConsoleLease(Base):
    """Consoles of a person are open at a worker; one row a worker, however many tabs. It holds while it is heard of.

    ``focused_at``: when one of them last had the focus.
    """

    __tablename__ = "console_lease"

    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    worker: Mapped[str] = mapped_column(String(36), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    focused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PresenceRecord(Base):
    """The service ran from ``began_at`` to ``last_seen_at`` and would have seen whoever was there.

    Minutes outside of every record count neither for nor against anybody.
    """

    __tablename__ = "presence_record"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class WorkedDay(Base):
    """The working hours that held on a day ("HH:MM", Riga), both null when it was closed.

    Kept as the day passes, for the week may be set anew later.
    """

    __tablename__ = "worked_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    opens: Mapped[str | None] = mapped_column(String(5))
    closes: Mapped[str | None] = mapped_column(String(5))
