"""A made-up history of contacts with the shape of the plan: hours of a day, days of a week, seasons, holidays, growth.

About 98 000 contacts a year, the plan's figure for the centre, by one seed; more uneven than chance alone, as days are.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta

from handoff.service_clock.service import WorkingCalendar
from kit.clock import RIGA
from tests.load.day import _SHAPE

_A_YEAR = 98_000
_WORKED = 250
#: Monday to Friday, and what comes at night and on days off, by the hour.
_WEEK = (1.22, 1.05, 1.0, 0.92, 0.81)
_OFF_HOURS = 0.6
#: Variance by mean of a day's level.
_UNEVEN = 0.012


def contacts(first: date, days: int, a_year: int = _A_YEAR, seed: int = 20261130) -> dict[datetime, int]:
    """Contacts that came to people, by hour (UTC)."""
    calendar = WorkingCalendar()
    chosen = random.Random(seed)
    found: dict[datetime, int] = {}
    closed = 0
    for number in range(days):
        day = first + timedelta(days=number)
        year = 2 * math.pi * day.timetuple().tm_yday / 365.25
        level = (
            a_year / _WORKED * (1 + 0.16 * math.cos(year - 0.5) + 0.05 * math.cos(2 * year)) * 1.06 ** (number / 365.25)
        )
        level *= chosen.gammavariate(1 / _UNEVEN, _UNEVEN)
        works = calendar.is_working_day(day)
        # What nobody answered on a day off comes the day after.
        level *= _WEEK[day.weekday()] * (1.25 if works and closed and day.weekday() else 1.0) if works else 0.0
        closed = 0 if works else closed + (day.weekday() < 5)
        for hour in range(24):
            at = datetime(day.year, day.month, day.day, hour, tzinfo=RIGA).astimezone(UTC)
            inside = works and 8 <= hour < 18
            mean = level * _SHAPE[hour - 8] / 100 if inside else _OFF_HOURS if 6 <= hour < 23 else 0.1
            count = _poisson(chosen, mean)
            if count:
                found[at] = found.get(at, 0) + count
    return found


def _poisson(chosen: random.Random, mean: float) -> int:
    limit, number, product = math.exp(-mean), 0, chosen.random()
    while product > limit:
        number += 1
        product *= chosen.random()
    return number
