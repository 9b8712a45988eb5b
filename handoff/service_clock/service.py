"""Working time: 8:00–18:00 on working days in Latvia (R14).

Statutory holidays come from the ``holidays`` package (law "Par svētku, atceres un atzīmējamām dienām"); days moved by the
Cabinet of Ministers are exceptions kept in the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import holidays

from kit.clock import RIGA


@dataclass(frozen=True)
class WorkingCalendar:
    """Hours and days on which people answer.

    Attributes:
        opens, closes: Riga wall-clock times.
        exceptions: day → True (working) or False (closed); wins over weekday and holiday.
        week: (opens, closes) by weekday, Monday first, None for a day off; empty: ``opens``–``closes`` from Monday to
            Friday. A day off that is worked by exception has ``opens``–``closes``.
        held: day → (opens, closes) as they held, None for a day that was closed; wins over all else. Of days gone by, of which
            the rest of the calendar may say something else by now.
    """

    opens: time = time(8, 0)
    closes: time = time(18, 0)
    exceptions: Mapping[date, bool] = field(default_factory=dict)
    week: tuple[tuple[time, time] | None, ...] = ()
    held: Mapping[date, tuple[time, time] | None] = field(default_factory=dict)

    @property
    def even(self) -> bool:
        """Whether one pair of times from Monday to Friday says it all: only then may a sentence say so."""
        return not self.week or self.week == ((self.opens, self.closes),) * 5 + (None, None)

    def hours(self, day: date) -> tuple[time, time]:
        """From when until when people answer on ``day``, should it be a working day."""
        if (held := self.held.get(day)) is not None:
            return held
        return (self.week[day.weekday()] if self.week else None) or (self.opens, self.closes)

    def is_working_day(self, day: date) -> bool:
        """Whether people work on ``day`` (a Riga date)."""
        if day in self.held:
            return self.held[day] is not None
        if day in self.exceptions:
            return self.exceptions[day]
        ordinary = self.week[day.weekday()] is not None if self.week else day.weekday() < 5
        return ordinary and day not in _holidays()

    def worked(self, day: date) -> tuple[time, time] | None:
        """From when until when people work on ``day``; None when it is closed."""
        return self.hours(day) if self.is_working_day(day) else None

    def is_open(self, moment: datetime) -> bool:
        """Whether people answer at ``moment``."""
        local = moment.astimezone(RIGA)
        opens, closes = self.hours(local.date())
        return self.is_working_day(local.date()) and opens <= local.time() < closes

    def next_opening(self, moment: datetime) -> datetime:
        """``moment`` itself when open, else the next instant of opening, UTC."""
        if self.is_open(moment):
            return moment
        local = moment.astimezone(RIGA)
        day = local.date() if local.time() < self.hours(local.date())[0] else local.date() + timedelta(days=1)
        for _ in range(60):
            if self.is_working_day(day):
                return datetime.combine(day, self.hours(day)[0], RIGA).astimezone(UTC)
            day += timedelta(days=1)
        raise ValueError("no working day in the next 60 days: check the calendar's exceptions")

    def closing(self, moment: datetime) -> datetime:
        """The end of the working day that ``moment`` is in, UTC."""
        day = moment.astimezone(RIGA).date()
        return datetime.combine(day, self.hours(day)[1], RIGA).astimezone(UTC)

    def add_working(self, moment: datetime, span: timedelta) -> datetime:
        """The instant at which ``span`` of working time has passed since ``moment``, UTC."""
        moment = self.next_opening(moment)
        while moment + span > (end := self.closing(moment)):
            span -= end - moment
            moment = self.next_opening(end)
        return moment + span

    def working_between(self, start: datetime, end: datetime) -> timedelta:
        """Working time between two instants; zero when ``end`` is not later."""
        total = timedelta()
        moment = self.next_opening(start)
        while moment < end:
            until = min(self.closing(moment), end)
            total += until - moment
            moment = self.next_opening(self.closing(moment))
        return total


def statutory(year: int) -> list[date]:
    """Latvia's statutory holidays of a year, in order."""
    # A year is computed when one of its days is asked for.
    _ = date(year, 1, 1) in _holidays()
    return sorted(day for day in _holidays() if day.year == year)


def _holidays() -> holidays.HolidayBase:
    # Years are filled in as they are asked for; one object serves the process.
    global _LATVIA
    if _LATVIA is None:
        _LATVIA = holidays.country_holidays("LV")
    return _LATVIA


_LATVIA: holidays.HolidayBase | None = None
