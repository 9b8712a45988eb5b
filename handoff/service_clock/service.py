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
    """

    opens: time = time(8, 0)
    closes: time = time(18, 0)
    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def is_working_day(self, day: date) -> bool:
        """Whether people work on ``day`` (a Riga date)."""
        if day in self.exceptions:
            return self.exceptions[day]
        return day.weekday() < 5 and day not in _holidays()

    def is_open(self, moment: datetime) -> bool:
        """Whether people answer at ``moment``."""
        local = moment.astimezone(RIGA)
        return self.is_working_day(local.date()) and self.opens <= local.time() < self.closes

    def next_opening(self, moment: datetime) -> datetime:
        """``moment`` itself when open, else the next instant of opening, UTC."""
        if self.is_open(moment):
            return moment
        local = moment.astimezone(RIGA)
        day = local.date() if local.time() < self.opens else local.date() + timedelta(days=1)
        for _ in range(60):
            if self.is_working_day(day):
                return datetime.combine(day, self.opens, RIGA).astimezone(UTC)
            day += timedelta(days=1)
        raise ValueError("no working day in the next 60 days: check the calendar's exceptions")

    def closing(self, moment: datetime) -> datetime:
        """The end of the working day that ``moment`` is in, UTC."""
        return datetime.combine(moment.astimezone(RIGA).date(), self.closes, RIGA).astimezone(UTC)

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


def _holidays() -> holidays.HolidayBase:
    # Years are filled in as they are asked for; one object serves the process.
    global _LATVIA
    if _LATVIA is None:
        _LATVIA = holidays.country_holidays("LV")
    return _LATVIA


_LATVIA: holidays.HolidayBase | None = None
