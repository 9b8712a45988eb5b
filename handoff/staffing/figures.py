"""How far agreed workplaces were staffed, as pure rules over spans of presence.

A minute is counted as it stands at its beginning: whoever's span covers that instant is there. So each minute has one answer, and
nobody can be counted twice in it. Hours in Riga begin with hours of UTC, which is why hours can be cut in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

from handoff.staffing.rules import Rule, cents_of
from kit.clock import RIGA

#: From when until when people work on a day (Riga); None: closed.
Hours = Callable[[date], tuple[time, time] | None]
Week = tuple[tuple[time, time] | None, ...]
_HOUR: Final = 60
_MINUTE: Final = timedelta(minutes=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stay:
    """Somebody was there and available from ``begins`` until just before ``ends``."""

    person: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Terms:
    """What was agreed: ``workplaces`` staffed at once, on the days from ``first`` to ``last`` (None: until further notice).

    ``week``: hours by weekday, Monday first, on days that are worked; None: the working time.
    """

    id: str
    centre_id: str
    first: date
    last: date | None
    workplaces: int
    week: Week | None
    amount: Decimal
    currency: str
    rule: Rule

    def holds(self, day: date) -> bool:
        """Whether it holds on ``day``."""
        return self.first <= day and (self.last is None or day <= self.last)

    def hours(self, day: date, worked: Hours) -> tuple[time, time] | None:
        """From when until when the workplaces are to be staffed on ``day``, whether it holds then or not."""
        found = worked(day)
        return found if found is None or self.week is None else self.week[day.weekday()]


@dataclass(frozen=True)
class Segment:
    """Minutes on end in which nothing changed.

    ``present``: how many were there; ``recorded``: whether the service ran, and would have seen them.
    """

    begins: datetime
    minutes: int
    present: int
    workplaces: int
    recorded: bool

    @property
    def agreed(self) -> int:
        """Workplace-minutes that count."""
        return self.workplaces * self.minutes if self.recorded else 0

    @property
    def filled(self) -> int:
        """Of these, how many were staffed; more people than workplaces count as many as there are workplaces."""
        return min(self.present, self.workplaces) * self.minutes if self.recorded else 0

    @property
    def unrecorded(self) -> int:
        """Workplace-minutes that do not count, for nobody could have been seen."""
        return 0 if self.recorded else self.workplaces * self.minutes


@dataclass
class Sum:
    """Workplace-minutes of several segments."""

    agreed: int = 0
    filled: int = 0
    unrecorded: int = 0

    def add(self, segment: Segment) -> None:
        """Counts a segment in."""
        self.agreed += segment.agreed
        self.filled += segment.filled
        self.unrecorded += segment.unrecorded

    @property
    def availability(self) -> Fraction | None:
        """The part that was staffed; None where there was nothing to be staffed."""
        return Fraction(self.filled, self.agreed) if self.agreed else None


@dataclass
class Part:
    """One agreement's part of a month: what was staffed, and what that comes to.

    Attributes:
        base: the amount for the days that the agreement holds in this month.
        pays: the share of it that the rule leaves; None while nothing is known.
        due: what is to be paid, rounded once.
    """

    terms: Terms
    total: Sum
    cells: dict[tuple[int, int], Sum]
    days: dict[date, Sum]
    base: Decimal
    pays: Fraction | None
    due: Decimal | None


@dataclass
class _Gathered:
    total: Sum = field(default_factory=Sum)
    cells: dict[tuple[int, int], Sum] = field(default_factory=dict)
    days: dict[date, Sum] = field(default_factory=dict)


def days_of(month: date) -> list[date]:
    """Every day of the month that ``month`` is in."""
    first = month.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return [first + timedelta(days=number) for number in range((after - first).days)]


def segments(
    terms: Terms,
    day: date,
    stays: Sequence[Stay],
    records: Iterable[tuple[datetime, datetime]],
    worked: Hours,
    until: datetime,
) -> list[Segment]:
    """A day's agreed minutes that have begun before ``until``, in stretches in which nothing changed."""
    hours = terms.hours(day, worked)
    if hours is None or not terms.holds(day):
        return []
    begins, ends = (_minute(datetime.combine(day, one, RIGA)) for one in hours)
    ends = min(ends, _minute(until))
    if begins >= ends:
        return []
    there = [
        edge
        for person in {one.person for one in stays}
        for edge in _united([(one.begins, one.ends) for one in stays if one.person == person], begins, ends)
    ]
    seen = _united(records, begins, ends)
    edges = sorted(
        {begins, ends, *(x for pair in (*there, *seen) for x in pair), *range(-(-begins // _HOUR) * _HOUR, ends, _HOUR)}
    )
    return [
        Segment(
            begins=datetime.fromtimestamp(left * 60, UTC),
            minutes=right - left,
            present=sum(came <= left < went for came, went in there),
            workplaces=terms.workplaces,
            recorded=any(came <= left < went for came, went in seen),
        )
        for left, right in pairwise(edges)
    ]


def part(
    terms: Terms,
    month: date,
    stays: Sequence[Stay],
    records: Sequence[tuple[datetime, datetime]],
    worked: Hours,
    until: datetime,
) -> Part:
    """What an agreement comes to in a month, as far as it has passed at ``until``."""
    got = _Gathered()
    days = days_of(month)
    for day in days:
        begins, ends = (datetime.combine(one, time(), RIGA) for one in (day, day + timedelta(days=1)))
        near = [one for one in stays if one.begins < ends and one.ends > begins]
        for one in segments(terms, day, near, records, worked, until):
            local = one.begins.astimezone(RIGA)
            got.total.add(one)
            got.cells.setdefault((local.weekday(), local.hour), Sum()).add(one)
            got.days.setdefault(day, Sum()).add(one)
    whole = sum(_length(terms.hours(day, worked)) for day in days)
    held = sum(_length(terms.hours(day, worked)) for day in days if terms.holds(day))
    base = Fraction(terms.amount) * Fraction(held, whole) if whole else Fraction(0)
    availability = got.total.availability
    pays = terms.rule.share(availability) if availability is not None else None
    due = cents_of(base * pays) if pays is not None else None
    return Part(terms, got.total, got.cells, got.days, cents_of(base), pays, due)


def _length(hours: tuple[time, time] | None) -> int:
    return 0 if hours is None else (hours[1].hour - hours[0].hour) * 60 + hours[1].minute - hours[0].minute


def _minute(moment: datetime) -> int:
    """The number of the first minute that begins at ``moment`` or later."""
    return -((_EPOCH - moment) // _MINUTE)


def _united(spans: Iterable[tuple[datetime, datetime]], begins: int, ends: int) -> list[tuple[int, int]]:
    """Minutes covered by any of the spans, as stretches within ``begins`` and ``ends`` that do not touch."""
    found: list[tuple[int, int]] = []
    for left, right in sorted((max(_minute(a), begins), min(_minute(b), ends)) for a, b in spans):
        if left >= right:
            continue
        if found and left <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return found
