"""A week's shifts as supervisors plan them, and hour by hour how they compare with what the forecast asks for."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.console.doors import supervisors_only
from handoff.forecast.service import Forecasts
from handoff.service_clock.service import WorkingCalendar
from handoff.shifts import repository
from handoff.shifts import schemas as body
from handoff.shifts.models import Shift
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.clock import RIGA, Clock, iso
from kit.db import Database, UnitOfWork, set_if_version
from kit.errors import Conflict, NotFound, PieturaError

_DAY: Final = timedelta(days=1)
#: A year ahead, and not before there was a service.
_FIRST: Final = date(2020, 1, 1)
_AHEAD: Final = timedelta(days=400)
_FIELDS: Final = ("centre_id", "staff_id", "people", "day", "begins", "ends")


class Shifts:
    """Permission is checked here, from the session's viewer."""

    def __init__(
        self, db: Database, clock: Clock, calendar: Callable[[], WorkingCalendar], forecasts: Forecasts
    ) -> None:
        self._db = db
        self._clock = clock
        self._calendar = calendar
        self._forecasts = forecasts

    async def week(self, viewer: Viewer, day: date | None) -> dict[str, Any]:
        """The week that ``day`` is in (this one without): its shifts, what is expected, and what is missing or to spare.

        Raises:
            Forbidden: the viewer is neither supervisor nor administrator.
            PieturaError: ``shift_too_far``.
        """
        supervisors_only(viewer)
        first = self._monday(day or self._today())
        async with self._db.read() as session:
            return await self._week(session, first)

    async def add(self, viewer: Viewer, wanted: body.WriteShift) -> dict[str, Any]:
        """Plans a shift; the week that it is in.

        Raises:
            Forbidden: as for :meth:`week`.
            PieturaError: ``shift_passed``, ``shift_too_far``, ``shift_ends_first``, ``shift_centre``, ``shift_person``,
                ``shift_overlaps`` with ``begins`` and ``ends``.
        """
        supervisors_only(viewer)
        async with self._db.unit() as unit:
            await self._check(unit.session, wanted, None)
            row = Shift(id=str(uuid.uuid4()), version=1, **self._columns(viewer, wanted))
            unit.session.add(row)
            await unit.session.flush()
            self._record(unit, viewer, "shift_planned", row.id, None, _kept(row))
            return await self._week(unit.session, self._monday(wanted.day))

    async def change(self, viewer: Viewer, shift_id: str, wanted: body.ChangeShift) -> dict[str, Any]:
        """Changes a shift that has not passed; the week that it is in then.

        Raises:
            Forbidden, PieturaError: as for :meth:`add`.
            NotFound: no such shift.
            Conflict: ``shift_changed`` with ``who``.
        """
        supervisors_only(viewer)
        async with self._db.unit() as unit:
            row, before = await self._open(unit, shift_id)
            await self._check(unit.session, wanted, shift_id)
            await self._set(unit, row, wanted.version, self._columns(viewer, wanted))
            self._record(unit, viewer, "shift_changed", shift_id, before, _kept(row))
            return await self._week(unit.session, self._monday(wanted.day))

    async def remove(self, viewer: Viewer, shift_id: str, version: int) -> dict[str, Any]:
        """Takes a shift out of the plan; the week that it was in.

        Raises:
            Forbidden, NotFound, Conflict, PieturaError: as for :meth:`change`.
        """
        supervisors_only(viewer)
        async with self._db.unit() as unit:
            row, before = await self._open(unit, shift_id)
            await self._set(unit, row, version, {})
            day = row.day
            await unit.session.delete(row)
            await unit.session.flush()
            self._record(unit, viewer, "shift_removed", shift_id, before, None)
            return await self._week(unit.session, self._monday(day))

    async def copy(self, viewer: Viewer, wanted: body.CopyWeek) -> dict[str, Any]:
        """Plans a week as another was. What is there already stays, and nobody is planned twice.

        Returns:
            The week, with ``copied`` and ``left_out``: how many there were of each. Left out is what would fall on a day that is
            closed or has passed, what stands in the way of a shift that is there, and people who are gone.

        Raises:
            Forbidden: as for :meth:`week`.
            PieturaError: ``shift_too_far``, ``shift_nothing``: there is nothing to copy.
        """
        supervisors_only(viewer)
        first, to = self._monday(wanted.from_week), self._monday(wanted.to_week)
        async with self._db.unit() as unit:
            session = unit.session
            # Two who copy the same week at once: the later sees what the earlier has planned, and nothing stands twice.
            await repository.hold(session)
            rows = await repository.between(session, first, first + 6 * _DAY, wanted.centre_id)
            if not rows or first == to:
                raise PieturaError("shift_nothing")
            there = list(await repository.between(session, to, to + 6 * _DAY))
            known = {one.id: one for one in await repository.operators(session)}
            calendar = self._calendar()
            copied = []
            for row in rows:
                day = row.day + (to - first)
                if day < self._today() or not calendar.is_working_day(day):
                    continue
                if row.staff_id is not None:
                    staff = known.get(row.staff_id)
                    if staff is None or staff.centre_id != row.centre_id:
                        continue
                if any(_in_the_way(one, row, day) for one in there):
                    continue
                values = {name: getattr(row, name) for name in _FIELDS} | {"day": day}
                new = Shift(id=str(uuid.uuid4()), version=1, **values, **self._by(viewer))
                session.add(new)
                there.append(new)
                copied.append(new)
            await session.flush()
            detail = {"from": first.isoformat(), "to": to.isoformat(), "shifts": [one.id for one in copied]}
            self._record(unit, viewer, "shifts_copied", wanted.centre_id, None, detail)
            found = await self._week(session, to)
        return {**found, "copied": len(copied), "left_out": len(rows) - len(copied)}

    async def _week(self, session: AsyncSession, first: date) -> dict[str, Any]:
        calendar = self._calendar()
        days = [first + number * _DAY for number in range(7)]
        rows = await repository.between(session, days[0], days[-1])
        staff = await repository.operators(session)
        # Who was planned and is gone is still shown with his shifts.
        named = {one.id: one for one in staff}
        for gone in {row.staff_id for row in rows if row.staff_id and row.staff_id not in named}:
            person = await session.get(Staff, gone)
            if person is not None:
                named[gone] = person
        expected = await self._forecasts.hours(session, days[0], days[-1])
        return {
            "week": first.isoformat(),
            "today": self._today().isoformat(),
            "days": [
                {
                    "day": day.isoformat(),
                    "hours": [f"{one:%H:%M}" for one in calendar.hours(day)] if calendar.is_working_day(day) else None,
                    "passed": day < self._today(),
                }
                for day in days
            ],
            "centres": [{"id": one.id, "name": one.name} for one in sorted(await people.centres(session), key=_name)],
            "people": [
                {"id": one.id, "name": one.name, "centre_id": one.centre_id, "gone": one not in staff}
                for one in sorted(named.values(), key=_name)
            ],
            "shifts": [_view(row) for row in rows],
            "hours": [
                _compared(at, local, _planned(rows, local), expected.get(at))
                for day in days
                if calendar.is_working_day(day)
                for at, local in _open_hours(day, *calendar.hours(day))
            ],
            "forecast": await self._forecasts.standing(session),
        }

    async def _check(self, session: AsyncSession, wanted: body.WriteShift, shift_id: str | None) -> None:
        self._monday(wanted.day)
        if wanted.day < self._today():
            raise PieturaError("shift_passed")
        if wanted.begins >= wanted.ends:
            raise PieturaError("shift_ends_first")
        if await people.centre(session, wanted.centre_id) is None:
            raise PieturaError("shift_centre")
        if wanted.staff_id is None:
            return
        staff = await people.active(session, wanted.staff_id)
        if staff is None or staff.role != "operator" or staff.centre_id != wanted.centre_id or wanted.people != 1:
            raise PieturaError("shift_person")
        for other in await repository.of_person(session, wanted.staff_id, wanted.day):
            if other.id != shift_id and other.begins < wanted.ends and wanted.begins < other.ends:
                raise PieturaError("shift_overlaps", name=staff.name, begins=other.begins, ends=other.ends)

    async def _open(self, unit: UnitOfWork, shift_id: str) -> tuple[Shift, dict[str, Any]]:
        row = await repository.get(unit.session, shift_id)
        if row is None:
            raise NotFound()
        if row.day < self._today():
            raise PieturaError("shift_passed")
        return row, _kept(row)

    async def _set(self, unit: UnitOfWork, row: Shift, version: int, values: dict[str, Any]) -> None:
        who = row.changed_by
        if not await set_if_version(unit.session, Shift, row.id, version, values):
            named = await unit.session.get(Staff, who)
            raise Conflict("shift_changed", who=named.name if named else "–")
        await unit.session.refresh(row)

    def _columns(self, viewer: Viewer, wanted: body.WriteShift) -> dict[str, Any]:
        return {name: getattr(wanted, name) for name in _FIELDS} | self._by(viewer)

    def _by(self, viewer: Viewer) -> dict[str, Any]:
        return {"changed_by": viewer.id, "changed_at": self._clock.now()}

    def _record(
        self, unit: UnitOfWork, viewer: Viewer, action: str, object_id: str | None, before: Any, after: Any
    ) -> None:
        people.audit(unit.session, self._clock.now(), viewer.id, action, object_id, before=before, after=after)

    def _monday(self, day: date) -> date:
        if not _FIRST <= day <= self._today() + _AHEAD:
            raise PieturaError("shift_too_far")
        return day - day.weekday() * _DAY

    def _today(self) -> date:
        return self._clock.now().astimezone(RIGA).date()


def _open_hours(day: date, opens: time, closes: time) -> list[tuple[datetime, datetime]]:
    """The hours of a day in which people answer, as instants and by the wall clock."""
    hours = [datetime.combine(day, time(hour), RIGA) for hour in range(opens.hour, closes.hour + (closes.minute > 0))]
    return [(one.astimezone(UTC), one) for one in hours]


def _planned(rows: Sequence[Shift], hour: datetime) -> float:
    """How many people are planned for an hour; who is there for a part of it counts as that part."""
    begins = hour.hour * 60
    minutes = 0
    for row in rows:
        if row.day == hour.date():
            overlap = min(_minutes(row.ends), begins + 60) - max(_minutes(row.begins), begins)
            minutes += max(0, overlap) * row.people
    return round(minutes / 60, 2)


def _compared(at: datetime, local: datetime, planned: float, expected: dict[str, Any] | None) -> dict[str, Any]:
    found = {"at": iso(at), "day": local.date().isoformat(), "hour": local.hour, "planned": planned}
    if expected is None:
        return {**found, "needed": None}
    return {**found, **expected, "spare": round(planned - expected["needed"], 2)}


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


def _in_the_way(there: Shift, copied: Shift, day: date) -> bool:
    if there.day != day or there.staff_id != copied.staff_id:
        return False
    if copied.staff_id is None:
        # Of those without names there may be several at once; the same once more is a copy made twice.
        names = ("centre_id", "begins", "ends", "people")
        return all(getattr(there, name) == getattr(copied, name) for name in names)
    # Nobody works in two places at once: what he was planned for at his former centre counts too.
    return there.begins < copied.ends and copied.begins < there.ends


def _view(row: Shift) -> dict[str, Any]:
    return {"id": row.id, "version": row.version, **_kept(row)}


def _kept(row: Shift) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _FIELDS} | {"day": row.day.isoformat()}


def _name(one: Any) -> str:
    return str(one.name)
