"""Working time over everything that a calendar in Latvia can do, against a slow count minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.service_clock.service import WorkingCalendar
from kit.clock import RIGA

_MINUTE = timedelta(minutes=1)
_USUAL = WorkingCalendar()
#: Every day of the week, some of it at night: the nights in which clocks are moved are worked through.
_NIGHTS = WorkingCalendar(
    time(8),
    time(18),
    {},
    (
        (time(0), time(23, 30)),
        (time(8), time(18)),
        (time(22), time(23, 59)),
        (time(6), time(14)),
        (time(8), time(18)),
        (time(20), time(23, 45)),
        (time(0, 30), time(12)),
    ),
)
#: 2 May 2025 was moved to 10 May by the Cabinet of Ministers; that Saturday is worked by exception.
_MOVED = WorkingCalendar(exceptions={date(2025, 5, 2): False, date(2025, 5, 10): True})
_CALENDARS = (_USUAL, _NIGHTS, _MOVED)


def _riga(*at: int, fold: int = 0) -> datetime:
    return datetime(*at, tzinfo=RIGA, fold=fold).astimezone(UTC)  # type: ignore[arg-type,misc]


def _holidays_2025() -> set[date]:
    # Written out by hand from the law, with the Monday after 4 May (a Sunday), the days of Easter, and the two Fridays and
    # Mondays that the Cabinet of Ministers moved that year.
    days = ((1, 1), (4, 18), (4, 20), (4, 21), (5, 1), (5, 2), (5, 4), (5, 5), (5, 11), (6, 23), (6, 24), (11, 17))
    return {date(2025, *day) for day in (*days, (11, 18), (12, 24), (12, 25), (12, 26), (12, 31))}


def _slow(start: datetime, end: datetime, calendar: WorkingCalendar) -> int:
    """Working minutes: each minute is looked at by the clock on the wall, nothing is computed."""
    total, at = 0, start
    week = calendar.week or ((time(8), time(18)),) * 5 + (None, None)
    while at < end:
        wall = at.astimezone(RIGA)
        day = wall.date()
        hours = week[day.weekday()]
        if day in calendar.exceptions:
            hours = (hours or (calendar.opens, calendar.closes)) if calendar.exceptions[day] else None
        elif day in _holidays_2025():
            hours = None
        total += hours is not None and hours[0] <= wall.time() < hours[1]
        at += _MINUTE
    return total


@pytest.mark.parametrize(
    ("calendar", "start", "end", "minutes"),
    [
        # The night of 30 March 2025 has no hour from three to four: on a Sunday worked 0.30–12.00 ten and a half are left.
        (_NIGHTS, _riga(2025, 3, 30, 0, 0), _riga(2025, 3, 30, 23, 0), 630),
        (_NIGHTS, _riga(2025, 3, 30, 2, 59), _riga(2025, 3, 30, 4, 1), 2),
        # On 26 October 2025 that hour comes twice.
        (_NIGHTS, _riga(2025, 10, 26, 0, 0), _riga(2025, 10, 26, 23, 0), 750),
        (_NIGHTS, _riga(2025, 10, 26, 3, 30), _riga(2025, 10, 26, 3, 30, fold=1), 60),
        # A usual week over the change: Friday's last hour and Monday's first, by the clock on the wall.
        (_USUAL, _riga(2025, 3, 28, 17, 0), _riga(2025, 3, 31, 9, 0), 120),
        (_USUAL, _riga(2025, 10, 24, 17, 0), _riga(2025, 10, 27, 9, 0), 120),
        # Līgo and Jāņi, and the day before, which is a day like others.
        (_USUAL, _riga(2025, 6, 20, 17, 0), _riga(2025, 6, 25, 9, 0), 120),
        # 18 November, a Tuesday; the Monday before it was moved.
        (_USUAL, _riga(2025, 11, 14, 17, 30), _riga(2025, 11, 19, 8, 30), 60),
        # 4 May fell on a Sunday: Monday is free as well; 1 May was a Thursday, the Friday after it moved to a Saturday.
        (_MOVED, _riga(2025, 4, 30, 17, 0), _riga(2025, 5, 6, 9, 0), 120),
        (_MOVED, _riga(2025, 5, 10, 7, 0), _riga(2025, 5, 10, 19, 0), 600),
        # Christmas and the year's end: 29 and 30 December, then Monday, 5 January (the 2nd was moved).
        (_USUAL, _riga(2025, 12, 23, 17, 0), _riga(2026, 1, 5, 9, 0), 60 + 600 + 600 + 60),
        # Midnight, and the edges of a day.
        (_USUAL, _riga(2025, 1, 7, 0, 0), _riga(2025, 1, 8, 0, 0), 600),
        (_USUAL, _riga(2025, 1, 7, 17, 59), _riga(2025, 1, 8, 8, 1), 2),
        (_USUAL, _riga(2025, 1, 7, 18, 0), _riga(2025, 1, 8, 8, 0), 0),
        (_USUAL, _riga(2025, 1, 7, 9, 0), _riga(2025, 1, 7, 8, 0), 0),
    ],
)
def test_working_minutes(calendar: WorkingCalendar, start: datetime, end: datetime, minutes: int) -> None:
    assert calendar.working_between(start, end) == minutes * _MINUTE
    if end.astimezone(RIGA).year == 2025:
        assert _slow(start, end, calendar) == minutes
    if minutes:
        assert calendar.working_between(start, calendar.add_working(start, minutes * _MINUTE)) == minutes * _MINUTE


@settings(max_examples=15, deadline=None)
@given(
    calendar=st.sampled_from(_CALENDARS),
    # Around the changes of the clock, the holidays of May and the year's end, to the minute.
    day=st.sampled_from([date(2025, 3, 28), date(2025, 10, 24), date(2025, 4, 30), date(2025, 12, 22)]),
    begins=st.integers(0, 3 * 1440),
    lasts=st.integers(0, 2 * 1440),
)
def test_between_any_two_minutes_it_is_what_the_slow_count_says(
    calendar: WorkingCalendar, day: date, begins: int, lasts: int
) -> None:
    start = datetime.combine(day, time(), RIGA).astimezone(UTC) + begins * _MINUTE
    end = start + lasts * _MINUTE
    assert calendar.working_between(start, end) == _slow(start, end, calendar) * _MINUTE


@settings(max_examples=40, deadline=None)
@given(
    calendar=st.sampled_from(_CALENDARS),
    begins=st.integers(0, 366 * 1440),
    seconds=st.integers(1, 40 * 3600),
    split=st.floats(0.01, 0.99),
)
def test_a_deadline_is_the_first_instant_at_which_the_time_has_gone(
    calendar: WorkingCalendar, begins: int, seconds: int, split: float
) -> None:
    start, span = datetime(2024, 12, 31, tzinfo=UTC) + begins * _MINUTE, timedelta(seconds=seconds)
    due = calendar.add_working(start, span)
    assert calendar.working_between(start, due) == span
    assert calendar.working_between(start, due - timedelta(milliseconds=1)) < span
    # A clock that stood still goes on with what is left.
    first = span * split
    assert calendar.add_working(calendar.add_working(start, first), span - first) == due
