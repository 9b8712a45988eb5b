"""Working time as administrators set it. A change is kept with its trail, and every worker follows within a second."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, Final

import holidays
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.service_clock import repository
from handoff.service_clock.models import CalendarException
from handoff.service_clock.schemas import PreviewWeek, WriteException, WriteWeek
from handoff.service_clock.service import WorkingCalendar, statutory
from handoff.service_clock.tasks import LiveCalendar, calendar_of, parse_week, read_calendar
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.clock import RIGA, Clock, iso
from kit.db import Database, UnitOfWork
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.textual import clean

#: Days of the preview.
_SHOWN: Final = 14


class Hours:
    """The week, the exceptions and what comes of them; permission is checked here, from the session's viewer."""

    def __init__(self, db: Database, clock: Clock, live: LiveCalendar, changed: Callable[[], Awaitable[None]]) -> None:
        """``changed``: tells the other workers."""
        self._db = db
        self._clock = clock
        self._live = live
        self._changed = changed

    async def view(self, viewer: Viewer) -> dict[str, Any]:
        """All that the page shows.

        Raises:
            Forbidden: the viewer is neither supervisor nor administrator.
        """
        _may_mark(viewer)
        async with self._db.read() as session:
            return await self._view(session, viewer)

    async def preview(self, viewer: Viewer, wanted: PreviewWeek) -> dict[str, Any]:
        """The next two weeks as they would be.

        Raises:
            Forbidden: the viewer is no administrator.
            PieturaError: ``closes_before_opens``, ``never_open``.
        """
        _may_set(viewer)
        async with self._db.read() as session:
            _, now = await read_calendar(session, self._live.usual)
        return {"days": self._days(self._checked(_week(wanted), dict(now.exceptions)))}

    async def set_week(self, viewer: Viewer, wanted: WriteWeek) -> dict[str, Any]:
        """Sets the hours by weekday.

        Raises:
            Forbidden, PieturaError: as for :meth:`preview`.
            Conflict: ``calendar_changed`` with ``who``: somebody else has changed the calendar since.
        """
        _may_set(viewer)
        week = _week(wanted)
        async with self._db.unit() as unit:
            before = await repository.week(unit.session)
            was = before.week if before is not None else None
            await self._advance(unit, viewer, wanted.version, week=week)
            _, now = await read_calendar(unit.session, self._live.usual)
            self._checked(week, dict(now.exceptions))
            self._audit(unit, viewer, "hours_changed", None, {"week": was}, {"week": week})
            found = await self._view(unit.session, viewer)
        return found

    async def mark(self, viewer: Viewer, wanted: WriteException) -> dict[str, Any]:
        """Keeps that a day differs; whatever was kept about it is replaced.

        Raises:
            Forbidden: the viewer is neither supervisor nor administrator.
            PieturaError: ``day_passed``, ``never_open``.
            Conflict: ``calendar_changed``.
        """
        _may_mark(viewer)
        self._ahead(wanted.day)
        note = clean(wanted.note)
        async with self._db.unit() as unit:
            await self._advance(unit, viewer, wanted.version)
            row = await repository.exception(unit.session, wanted.day)
            before = _kept(row)
            if row is None:
                row = CalendarException(day=wanted.day, working=wanted.working, note=note)
                unit.session.add(row)
            else:
                row.working, row.note = wanted.working, note
            await unit.session.flush()
            self._never_closed((await read_calendar(unit.session, self._live.usual))[1])
            self._audit(unit, viewer, "exception_set", wanted.day.isoformat(), before, _kept(row))
            found = await self._view(unit.session, viewer)
        return found

    async def unmark(self, viewer: Viewer, day: date, version: int) -> dict[str, Any]:
        """Lets a day be as its weekday and the holidays have it.

        Raises:
            Forbidden, PieturaError, Conflict: as for :meth:`mark`.
            NotFound: nothing is kept about the day.
        """
        _may_mark(viewer)
        self._ahead(day)
        async with self._db.unit() as unit:
            row = await repository.exception(unit.session, day)
            if row is None:
                raise NotFound()
            await self._advance(unit, viewer, version)
            before = _kept(row)
            await unit.session.delete(row)
            await unit.session.flush()
            self._never_closed((await read_calendar(unit.session, self._live.usual))[1])
            self._audit(unit, viewer, "exception_removed", day.isoformat(), before, None)
            found = await self._view(unit.session, viewer)
        return found

    async def _advance(self, unit: UnitOfWork, viewer: Viewer, version: int, **values: Any) -> None:
        if not await repository.advance(unit.session, version, viewer.id, self._clock.now(), **values):
            row = await repository.week(unit.session)
            who = await unit.session.get(Staff, row.changed_by) if row is not None and row.changed_by else None
            raise Conflict("calendar_changed", who=who.name if who else "–")
        unit.after_commit(self._changed)

    def _audit(self, unit: UnitOfWork, viewer: Viewer, action: str, day: str | None, before: Any, after: Any) -> None:
        people.audit(unit.session, self._clock.now(), viewer.id, action, day, before=before, after=after)

    def _checked(self, week: list[list[str] | None], marked: dict[date, bool]) -> WorkingCalendar:
        calendar = calendar_of(parse_week(week), marked, self._live.usual)
        self._never_closed(calendar)
        return calendar

    def _never_closed(self, calendar: WorkingCalendar) -> None:
        # Every deadline and every "we answer from …" looks for the next opening within so many days.
        try:
            calendar.next_opening(self._clock.now())
            day = self._today()
            for _ in range(400):
                day += timedelta(days=1)
                if calendar.is_working_day(day):
                    continue
                if not any(calendar.is_working_day(day + timedelta(days=one)) for one in range(1, 60)):
                    raise ValueError
        except ValueError as error:
            raise PieturaError("never_open") from error

    def _ahead(self, day: date) -> None:
        # What has passed is in figures and bills already.
        if day < self._today():
            raise PieturaError("day_passed")
        if day.year > self._today().year + 1:
            raise PieturaError("day_too_far", year=self._today().year + 1)

    def _today(self) -> date:
        return self._clock.now().astimezone(RIGA).date()

    async def _view(self, session: AsyncSession, viewer: Viewer) -> dict[str, Any]:
        version, calendar = await read_calendar(session, self._live.usual)
        row = await repository.week(session)
        who = await session.get(Staff, row.changed_by) if row is not None and row.changed_by else None
        year = self._today().year
        names = holidays.country_holidays(
            "LV", years=[year, year + 1], language={"en": "en_US"}.get(viewer.lang, viewer.lang)
        )
        usual = (calendar.opens, calendar.closes)
        week = calendar.week or tuple(usual if number < 5 else None for number in range(7))
        return {
            "version": version,
            "may_set_week": viewer.role == "admin",
            "week": [[f"{one[0]:%H:%M}", f"{one[1]:%H:%M}"] if one else None for one in week],
            "exceptions": [_kept(one) for one in await repository.exceptions(session) if one.day >= self._today()],
            "holidays": [
                {"day": day.isoformat(), "name": names.get(day, "")}
                for one in (year, year + 1)
                for day in statutory(one)
            ],
            "days": self._days(calendar),
            "changed_by": who.name if who else None,
            "changed_at": iso(row.changed_at) if row is not None else None,
        }

    def _days(self, calendar: WorkingCalendar) -> list[dict[str, Any]]:
        found = []
        for number in range(_SHOWN):
            day = self._today() + timedelta(days=number)
            opens, closes = calendar.hours(day)
            hours = [f"{opens:%H:%M}", f"{closes:%H:%M}"] if calendar.is_working_day(day) else None
            found.append({"day": day.isoformat(), "hours": hours})
        return found


def _week(wanted: PreviewWeek) -> list[list[str] | None]:
    for day in wanted.week:
        if day is not None and day[0] >= day[1]:
            raise PieturaError("closes_before_opens", opens=day[0], closes=day[1])
    return [list(day) if day is not None else None for day in wanted.week]


def _kept(row: CalendarException | None) -> dict[str, Any] | None:
    return {"day": row.day.isoformat(), "working": row.working, "note": row.note} if row is not None else None


def _may_mark(viewer: Viewer) -> None:
    if not viewer.supervises:
        raise Forbidden()


def _may_set(viewer: Viewer) -> None:
    if viewer.role != "admin":
        raise Forbidden()
