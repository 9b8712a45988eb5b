"""Keeps a worker's calendar the one that is set: looks at its version every second, and at once when told."""

from __future__ import annotations

from datetime import date, time

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.service_clock import repository
from handoff.service_clock.service import WorkingCalendar
from kit.db import Database
from kit.rounds import Rounds


class LiveCalendar:
    """One a worker. A failure is logged and the next look tried; the calendar that is known stays meanwhile."""

    def __init__(self, db: Database, opens: time, closes: time, every: float = 1.0) -> None:
        """``opens``, ``closes``: the hours from Monday to Friday until somebody sets others; ``every``: seconds."""
        self._db = db
        self.rounds = Rounds(self.once, every, "calendar could not be refreshed")
        self._version = -1
        self.usual = WorkingCalendar(opens, closes)
        self._calendar = self.usual

    def __call__(self) -> WorkingCalendar:
        """The calendar as it is now."""
        return self._calendar

    def wake(self) -> None:
        """Something was changed: look now."""
        self.rounds.wake()

    async def run(self) -> None:
        """Looks until cancelled."""
        await self.rounds.run()

    async def once(self) -> None:
        """One look: reads the calendar anew when it has changed."""
        async with self._db.read() as session:
            if await repository.version(session) != self._version:
                self._version, self._calendar = await read_calendar(session, self.usual)


async def read_calendar(session: AsyncSession, usual: WorkingCalendar) -> tuple[int, WorkingCalendar]:
    """The calendar that is kept, with its version; ``usual`` gives the hours while none are set."""
    row = await repository.week(session)
    marked = {one.day: one.working for one in await repository.exceptions(session)}
    week = parse_week(row.week) if row is not None and row.week is not None else ()
    return (row.version if row is not None else 0), calendar_of(week, marked, usual)


def parse_week(week: list[list[str] | None]) -> tuple[tuple[time, time] | None, ...]:
    """Hours by weekday from their written form."""
    return tuple((time.fromisoformat(day[0]), time.fromisoformat(day[1])) if day else None for day in week)


def calendar_of(
    week: tuple[tuple[time, time] | None, ...], marked: dict[date, bool], usual: WorkingCalendar
) -> WorkingCalendar:
    """A calendar; the hours of the first day worked count as the usual ones."""
    opens, closes = next((day for day in week if day), (usual.opens, usual.closes))
    return WorkingCalendar(opens, closes, marked, week)
