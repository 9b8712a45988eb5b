"""All SQL on the hours and the calendar's exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.service_clock.models import CalendarException, WorkingWeek

_ONLY = 1


async def version(session: AsyncSession) -> int:
    """How often the calendar has changed."""
    return await session.scalar(select(WorkingWeek.version).where(WorkingWeek.id == _ONLY)) or 0


async def week(session: AsyncSession) -> WorkingWeek | None:
    """The hours by weekday, as they were set last."""
    return await session.get(WorkingWeek, _ONLY, populate_existing=True)


async def exceptions(session: AsyncSession) -> Sequence[CalendarException]:
    """Every day that differs, the earliest first."""
    return (await session.scalars(select(CalendarException).order_by(CalendarException.day))).all()


async def exception(session: AsyncSession, day: date) -> CalendarException | None:
    """What is kept about a day."""
    return await session.get(CalendarException, day)


async def advance(session: AsyncSession, seen: int, by: str, at: datetime, **values: Any) -> bool:
    """Counts a change if the calendar is still at version ``seen``; whether it was."""
    statement = (
        update(WorkingWeek)
        .where(WorkingWeek.id == _ONLY, WorkingWeek.version == seen)
        .values(version=seen + 1, changed_by=by, changed_at=at, **values)
    )
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)
