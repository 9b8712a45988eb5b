"""When people come and when colleagues work: by season, weekday, holidays and the hour. Pure, and the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from handoff.service_clock.service import WorkingCalendar
from kit.clock import RIGA

#: January first: declarations and heating in the dark half of the year, holidays in July.
_SEASON: Final = (1.12, 1.08, 1.24, 1.1, 1.0, 0.82, 0.7, 0.86, 1.15, 1.08, 1.0, 0.78)
_WEEKDAY: Final = (1.3, 1.18, 1.06, 1.02, 0.88, 0.34, 0.3)
_HOLIDAY: Final = 0.25
_AFTER_FREE: Final = 1.12
#: The service becomes known: of the last day in comparison with the first.
_GROWTH: Final = 1.45
_HOURS: Final = (2, 1, 1, 1, 1, 2, 4, 10, 17, 22, 22, 19, 15, 17, 18, 16, 14, 10, 8, 7, 7, 6, 5, 3)
_NOISE: Final = 0.16
#: Weeks of the year in which one colleague after the other is on holiday.
_HOLIDAY_WEEKS: Final = ((28, 29, 52), (30, 31, 9), (32, 33, 17))
_LUNCH: Final = (time(11, 30), time(12, 15), time(13, 0))
_SICK: Final = 0.025


def days(first: date, last: date) -> Iterator[date]:
    """Every day from ``first`` to ``last``."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def moments(chance: random.Random, first: date, now: datetime, about: int, calendar: WorkingCalendar) -> list[datetime]:
    """When contacts begin, from ``first`` until ``now``, in order; ``about`` as many as a whole history is to have."""
    last = now.astimezone(RIGA).date()
    weights = {
        day: _weight(day, calendar) * (1 + (_GROWTH - 1) * number / max(1, (last - first).days))
        for number, day in enumerate(days(first, last))
    }
    scale = about / sum(weights.values())
    found = []
    for day, weight in weights.items():
        for _ in range(round(max(0.0, chance.gauss(1, _NOISE)) * weight * scale + chance.uniform(-0.5, 0.5))):
            hour = chance.choices(range(24), _HOURS)[0]
            begins = datetime.combine(day, time(hour), RIGA).astimezone(UTC)
            at = begins + timedelta(microseconds=chance.randrange(3_600_000_000))
            if at < now:
                found.append(at)
    return sorted(found)


def _weight(day: date, calendar: WorkingCalendar) -> float:
    weight = _SEASON[day.month - 1] * _WEEKDAY[day.weekday()]
    if day.weekday() < 5:
        if not calendar.is_working_day(day):
            return weight * _HOLIDAY
        if not calendar.is_working_day(day - timedelta(days=1)) and day.weekday() > 0:
            weight *= _AFTER_FREE
    return weight


@dataclass(frozen=True)
class Day:
    """A colleague's day, UTC: there from ``begins`` to ``ends``, away between ``lunch`` and ``back``."""

    begins: datetime
    lunch: datetime
    back: datetime
    ends: datetime

    def there(self, at: datetime) -> bool:
        """Whether he is at work and not away."""
        return self.begins <= at < self.lunch or self.back <= at < self.ends


Roster = Mapping[date, Mapping[str, Day]]


def roster(chance: random.Random, first: date, last: date, people: Sequence[str], calendar: WorkingCalendar) -> Roster:
    """Who works when. One of them stays until closing each day, and another takes over who is on holiday or ill."""
    found: dict[date, dict[str, Day]] = {}
    for day in days(first, last):
        if not calendar.is_working_day(day):
            continue
        opens, closes = calendar.hours(day)
        week = day.isocalendar().week
        at_work = [
            number
            for number in range(len(people))
            if week not in _HOLIDAY_WEEKS[number % len(_HOLIDAY_WEEKS)] and chance.random() >= _SICK
        ] or [0]
        late = at_work[week % len(at_work)]
        found[day] = {}
        for number in at_work:
            whole = len(at_work) == 1
            starts = opens if whole or number != late else time(opens.hour + 1)
            ends = closes if whole or number == late else time(max(starts.hour + 1, closes.hour - 1))
            lunch = _LUNCH[number % len(_LUNCH)]
            found[day][people[number]] = Day(
                _at(day, starts) - timedelta(seconds=chance.randrange(20, 240)) + _slip(chance),
                _at(day, lunch) + _slip(chance),
                _at(day, lunch) + timedelta(minutes=chance.randrange(28, 44)),
                _at(day, ends) + timedelta(seconds=chance.randrange(0, 200)),
            )
    return found


def _slip(chance: random.Random) -> timedelta:
    """Now and then somebody is late."""
    return timedelta(minutes=chance.randrange(4, 25)) if chance.random() < 0.05 else timedelta()


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, RIGA).astimezone(UTC)
