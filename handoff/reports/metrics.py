"""The metrics, each one object: what it counts, of what, in which unit, and which rows stand behind it.

Names and formulas in words are ``console.reports.metric.<id>`` and ``console.reports.formula.<id>`` of the console's catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import CTE, ColumnElement, and_, case, func, not_, or_, true

from handoff.conversations.schemas import WEBCHAT
from kit.sql import nearest_rank

How = Literal["count", "share", "mean", "median", "p95"]
Unit = Literal["contacts", "turns", "seconds", "stars"]
Expression = Callable[[CTE], ColumnElement[Any]]

#: Ended by the assistant, the request dealt with.
ANSWERED: Final = ("resolved", "answered")
#: Outcomes in which the request was dealt with, by whomever, without level 2.
SOLVED: Final = ("resolved", "answered", "referred")
#: What was no request.
NO_REQUEST: Final = ("spam", "duplicate", "no_reply")
_SECOND: Final = 1_000_000


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        how: ``count`` of ``part``; ``share`` of ``part`` in ``whole``; ``mean``, ``median`` or ``p95`` (nearest rank) of
            ``value``.
        part: which contacts it counts; of times and means, those that have a value.
        whole: of which contacts, for a share.
        value: what is averaged, or ranked.
        of_part, of_whole: for a share of turns, how many of them each contact has.
        better: which way is better; None where neither is.
        family: under which heading it stands.
    """

    id: str
    how: How
    unit: Unit
    family: str
    part: Expression
    whole: Expression | None = None
    value: Expression | None = None
    of_part: Expression | None = None
    of_whole: Expression | None = None
    better: Literal["more", "less"] | None = None

    @property
    def adds_up(self) -> bool:
        """Whether the figure of a whole is the sum of its parts' numbers."""
        return self.how in ("count", "share", "mean")

    def columns(self, c: CTE) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """Two aggregates, ``part`` and ``whole``: of a share its two numbers, of a mean sum and count, of a rank the value in
        microseconds and the count, of a count it twice."""
        count = func.count().filter(self.part(c))
        match self.how:
            case "count":
                return count, count
            case "share":
                if self.of_part is not None and self.of_whole is not None:
                    return func.coalesce(func.sum(self.of_part(c)), 0), func.coalesce(func.sum(self.of_whole(c)), 0)
                return count, func.count().filter(self.all(c))
            case "mean":
                return func.coalesce(func.sum(self._of(c)).filter(self.part(c)), 0), count
            case "median" | "p95":
                percent = 50 if self.how == "median" else 95
                # Without FILTER: of what is not counted there is no value, and ranks pass over that.
                return nearest_rank(self._of(c), percent), count

    def all(self, c: CTE) -> ColumnElement[Any]:
        """The contacts that it judges."""
        return (self.whole or self.part)(c)

    def _of(self, c: CTE) -> ColumnElement[Any]:
        if self.value is None:
            raise ValueError(f"{self.id} has no value")
        return self.value(c)

    def rows(self, c: CTE, which: str) -> ColumnElement[Any]:
        """Which contacts to list: ``part`` (what is counted), ``whole`` (of what), ``rest`` (the whole without the part)."""
        if which == "whole":
            return self.all(c)
        if which == "rest":
            return and_(self.all(c), not_(self.part(c)))
        return self.part(c)

    def seen(self, part: int | None, whole: int) -> dict[str, Any]:
        """The figure as it is told: whole numbers only; ``value`` is None where there is nothing to tell. Of ranks seconds,
        begun ones not counted."""
        if self.how in ("median", "p95"):
            return {"value": None if part is None else part // _SECOND, "whole": whole}
        return {"part": int(part or 0), "whole": int(whole)}


def _all(_c: CTE) -> ColumnElement[Any]:
    return true()


def _request(c: CTE) -> ColumnElement[Any]:
    return and_(c.c.judged, c.c.outcome.not_in(NO_REQUEST))


def _ended_request(c: CTE) -> ColumnElement[Any]:
    return and_(c.c.closed_at.is_not(None), c.c.outcome.not_in((*NO_REQUEST, "abandoned")))


def _by_assistant(c: CTE) -> ColumnElement[Any]:
    return and_(not_(c.c.queued), c.c.level == 0, c.c.outcome.in_(ANSWERED))


def _has_wait(c: CTE) -> ColumnElement[Any]:
    return and_(c.c.queued, c.c.taken)


def _chat_late(c: CTE) -> ColumnElement[Any]:
    # Against what was promised on the day of the wish (R13), whatever is promised now.
    late: ColumnElement[Any] = c.c.wait_us > c.c.promised_us
    return late


def _chat_judged(c: CTE) -> ColumnElement[Any]:
    # Who waits and is still in time, or left before he was owed anything: there is nothing to judge.
    return and_(c.c.channel == WEBCHAT, c.c.queued, or_(c.c.taken, _chat_late(c)))


def _chat_in_time(c: CTE) -> ColumnElement[Any]:
    return and_(c.c.channel == WEBCHAT, c.c.queued, c.c.taken, not_(_chat_late(c)))


def _waited(c: CTE) -> ColumnElement[Any]:
    return case((_has_wait(c), c.c.wait_us))


def _handled(c: CTE) -> ColumnElement[Any]:
    value: ColumnElement[Any] = c.c.handle_us
    return value


def _stars(number: int) -> Metric:
    return Metric(
        f"rating_{number}", "count", "contacts", "rating", lambda c: func.coalesce(c.c.rating == number, False)
    )


_SHOWN: Final = (
    Metric("contacts", "count", "contacts", "demand", _all),
    Metric(
        "contained",
        "share",
        "contacts",
        "assistant",
        lambda c: and_(_request(c), _by_assistant(c), not_(c.c.again)),
        _request,
        better="more",
    ),
    Metric(
        "asked_again",
        "share",
        "contacts",
        "assistant",
        lambda c: and_(_request(c), c.c.again),
        _request,
        better="less",
    ),
    Metric(
        "understood",
        "share",
        "turns",
        "assistant",
        lambda c: c.c.typed > c.c.not_understood,
        lambda c: c.c.typed > 0,
        of_part=lambda c: c.c.typed - c.c.not_understood,
        of_whole=lambda c: c.c.typed,
        better="more",
    ),
    Metric(
        "not_helped",
        "share",
        "contacts",
        "assistant",
        lambda c: and_(c.c.answered > 0, c.c.not_helped > 0),
        lambda c: c.c.answered > 0,
        better="less",
    ),
    Metric(
        "unanswered",
        "share",
        "contacts",
        "assistant",
        lambda c: and_(not_(c.c.queued), c.c.outcome == "unanswered"),
        lambda c: c.c.closed_at.is_not(None),
        better="less",
    ),
    Metric("handed_over", "share", "contacts", "people", lambda c: c.c.queued, _all),
    Metric(
        "begun_in_time",
        "share",
        "contacts",
        "people",
        _chat_in_time,
        _chat_judged,
        better="more",
    ),
    Metric("wait_median", "median", "seconds", "people", _has_wait, value=_waited, better="less"),
    Metric("wait_p95", "p95", "seconds", "people", _has_wait, value=_waited, better="less"),
    Metric("handle_median", "median", "seconds", "people", lambda c: c.c.handle_us.is_not(None), value=_handled),
    Metric("handle_p95", "p95", "seconds", "people", lambda c: c.c.handle_us.is_not(None), value=_handled),
    Metric(
        "abandoned",
        "share",
        "contacts",
        "people",
        lambda c: and_(c.c.queued, c.c.outcome == "abandoned"),
        lambda c: c.c.queued,
        better="less",
    ),
    Metric(
        "solved",
        "share",
        "contacts",
        "people",
        lambda c: and_(_ended_request(c), c.c.level < 2, c.c.outcome.in_(SOLVED)),
        _ended_request,
        better="more",
    ),
    Metric("level2", "share", "contacts", "people", lambda c: c.c.level >= 2, _all),
    Metric("rated", "share", "contacts", "rating", lambda c: c.c.rating.is_not(None), _all, better="more"),
    Metric(
        "rating_mean",
        "mean",
        "stars",
        "rating",
        lambda c: c.c.rating.is_not(None),
        value=lambda c: c.c.rating,
        better="more",
    ),
    *(_stars(number) for number in (5, 4, 3, 2, 1)),
)
#: All metrics by id, as they are shown.
METRICS: Final[Mapping[str, Metric]] = {one.id: one for one in _SHOWN}


def columns_of(c: CTE, wanted: Mapping[str, Metric]) -> list[ColumnElement[Any]]:
    """The aggregates of all metrics, two for each, in order."""
    found: list[ColumnElement[Any]] = []
    for one in wanted.values():
        part, whole = one.columns(c)
        found += [part.label(f"{one.id}_part"), whole.label(f"{one.id}_whole")]
    return found
