"""How soon comments are answered (R13): at least 95 % within an hour of working time, from the platform's own time.

Every figure is a count of rows, and the rows of each can be listed: so a figure that somebody doubts can be followed to the
comments behind it. The rules are pure; nothing is stored for the report.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache, partial
from typing import Final, Literal

from handoff.broker import Broker
from handoff.channels import repository
from handoff.channels.models import ChannelAccount
from handoff.channels.repository import CommentFilter, PlacedComment
from handoff.presence import repository as presence
from handoff.service_clock.service import WorkingCalendar
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.clock import RIGA
from kit.errors import PieturaError

#: Share of comments that is to be answered in time (R13), until an administrator sets another.
TARGET: Final = Fraction(95, 100)
#: Longest period of one report: a year, whichever.
LONGEST: Final = timedelta(days=366)
#: Rows judged without letting others of the process have their turn.
_AT_ONCE: Final = 500
_SECOND: Final = timedelta(seconds=1)
_MEASURE: Final = "social_answered"

Standing = Literal["in_time", "late", "open_in_time", "open_late", "closed_unanswered", "withdrawn"]
By = Literal["assistant", "operator", "outside"]


@dataclass(frozen=True)
class Judged:
    """A comment and what became of its hour.

    Attributes:
        due_at: when the working time that was promised when it was written had passed.
        answered_at: when the first answer had gone out; None while there is none, and for one that was withdrawn before.
        by: who gave that answer; a specialist is an ``operator`` here, ``outside`` is the platform's own inbox.
        working_s, plain_s: seconds from the writing to the answer, of working time and of any; a second begun is a second.
    """

    comment: PlacedComment
    due_at: datetime
    standing: Standing
    answered_at: datetime | None = None
    by: By | None = None
    working_s: int | None = None
    plain_s: int | None = None


def judge(comment: PlacedComment, calendar: WorkingCalendar, target: timedelta, now: datetime) -> Judged:
    """What became of a comment's hour by ``now``. Taking a conversation is no answer, nor is a send that has not gone out.

    ``calendar``: as it was on days gone by; ``target``: what was promised on the day of the comment, should no clock know.
    """
    written_at, answered_at = comment.created_at, comment.first_reply_at
    due_at = comment.due_at or calendar.add_working(written_at, target)
    if comment.deleted_at is not None and (answered_at is None or comment.deleted_at < answered_at):
        return Judged(comment, due_at, "withdrawn")
    if answered_at is None:
        if comment.closed_at is not None:
            return Judged(comment, due_at, "closed_unanswered")
        return Judged(comment, due_at, "open_in_time" if now <= due_at else "open_late")
    return Judged(
        comment,
        due_at,
        "in_time" if answered_at <= due_at else "late",
        answered_at,
        _by(comment.sent_by),
        _seconds(calendar.working_between(written_at, answered_at)),
        _seconds(answered_at - written_at),
    )


def _by(author_kind: str | None) -> By:
    if author_kind is None:
        return "outside"
    return "assistant" if author_kind == "assistant" else "operator"


def _seconds(span: timedelta) -> int:
    # Platforms tell whole seconds, so an answer may seem to be older than its comment by less than one.
    return max(0, -(-span // _SECOND))


def _is(*standings: Standing) -> Callable[[Judged], bool]:
    return lambda row: row.standing in standings


def _by_whom(by: By) -> Callable[[Judged], bool]:
    return lambda row: row.by == by


#: The figures of a report: which rows each counts. ``counted`` are those that the share is a share of: what may still be
#: answered in time is not judged yet, and what its author took back needs no answer.
FIGURES: Final[Mapping[str, Callable[[Judged], bool]]] = {
    "placed": lambda _row: True,
    "counted": _is("in_time", "late", "open_late", "closed_unanswered"),
    "answered": _is("in_time", "late"),
    "in_time": _is("in_time"),
    "late": _is("late"),
    "open_in_time": _is("open_in_time"),
    "open_late": _is("open_late"),
    "closed_unanswered": _is("closed_unanswered"),
    "withdrawn": _is("withdrawn"),
    # Not the agency's fault by then, but seen: whoever deletes comments on the page itself must not mend the figures.
    "withdrawn_late": lambda row: (
        row.standing == "withdrawn" and row.comment.deleted_at is not None and row.comment.deleted_at > row.due_at
    ),
    "by_assistant": _by_whom("assistant"),
    "by_operator": _by_whom("operator"),
    "by_outside": _by_whom("outside"),
}


@dataclass(frozen=True)
class Times:
    """The half and 95 of 100 answers were at least as fast; each is the time of one of the rows. None without answers."""

    median_s: int | None
    p95_s: int | None

    @staticmethod
    def of(seconds: Sequence[int]) -> Times:
        """By nearest rank."""
        ordered = sorted(seconds)
        return Times(_rank(ordered, Fraction(1, 2)), _rank(ordered, TARGET))


def _rank(ordered: Sequence[int], share: Fraction) -> int | None:
    return ordered[-(-len(ordered) * share.numerator // share.denominator) - 1] if ordered else None


@dataclass(frozen=True)
class Summary:
    """The figures of some rows; ``wanted``: the share that is to be answered in time."""

    counts: Mapping[str, int]
    working: Times
    plain: Times
    wanted: Fraction = TARGET

    @property
    def share(self) -> Fraction | None:
        """Share answered in time; None while there is nothing to judge."""
        counted = self.counts["counted"]
        return Fraction(self.counts["in_time"], counted) if counted else None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; exact, so 94.99 % is not."""
        share = self.share
        return None if share is None else share >= self.wanted

    @staticmethod
    def of(rows: Sequence[Judged], wanted: Fraction = TARGET) -> Summary:
        """Counts them; ``wanted``: the share that is to be answered in time."""
        return Summary(
            {name: sum(map(belongs, rows)) for name, belongs in FIGURES.items()},
            Times.of([row.working_s for row in rows if row.working_s is not None]),
            Times.of([row.plain_s for row in rows if row.plain_s is not None]),
            wanted,
        )


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        at: by which instant open comments were judged.
        target: working time in which a comment was to be answered on the last day of the period, or today.
        accounts: those with comments in the period, by channel and name, each with its own figures.
        choices: all accounts that were ever commented at.
    """

    at: datetime
    target: timedelta
    total: Summary
    accounts: Sequence[tuple[ChannelAccount, Summary]]
    choices: Sequence[ChannelAccount]


class ResponseTimes:
    """Makes the report, and lists the rows of its figures."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def today(self) -> date:
        """The day it is in Riga."""
        return self._broker.clock.now().astimezone(RIGA).date()

    async def report(self, wanted: CommentFilter) -> Report:
        """The figures in total and by account.

        Raises:
            PieturaError: ``bad_period``, ``period_too_long``.
        """
        now = self._broker.clock.now()
        rows = await self._judged(wanted, now)
        async with self._broker.db.read() as session:
            choices = await repository.commented_accounts(session)
        by_account: dict[str, list[Judged]] = {}
        for row in rows:
            by_account.setdefault(row.comment.account_id, []).append(row)
        last = min(wanted.to_day, self.today())
        share = self._broker.targets.on(last)[_MEASURE].share or TARGET
        accounts = [(one, Summary.of(by_account[one.id], share)) for one in choices if one.id in by_account]
        target = self._broker.targets.promised(_MEASURE, last)
        return Report(now, target, Summary.of(rows, share), accounts, choices)

    async def rows(self, wanted: CommentFilter, figure: str) -> list[Judged]:
        """The rows that a figure counts, newest first.

        Raises:
            PieturaError: ``bad_value`` for a figure that there is not; ``bad_period``, ``period_too_long``.
        """
        belongs = FIGURES.get(figure)
        if belongs is None:
            raise PieturaError("bad_value", field="figure")
        return [row for row in await self._judged(wanted, self._broker.clock.now()) if belongs(row)]

    async def judged(self, wanted: CommentFilter) -> list[Judged]:
        """Every comment that the filter picks, judged by now.

        Raises:
            PieturaError: ``bad_period``, ``period_too_long``.
        """
        return await self._judged(wanted, self._broker.clock.now())

    async def accounts(self) -> dict[str, ChannelAccount]:
        """All accounts that were ever commented at, by their ids."""
        async with self._broker.db.read() as session:
            return {one.id: one for one in await repository.commented_accounts(session)}

    async def note_export(self, viewer: Viewer) -> None:
        """Puts on record who took the rows away."""
        async with self._broker.db.unit() as unit:
            people.audit(unit.session, self._broker.clock.now(), viewer.id, "response_times_exported", None)

    async def _judged(self, wanted: CommentFilter, now: datetime) -> list[Judged]:
        if wanted.from_day > wanted.to_day:
            raise PieturaError("bad_period")
        if wanted.to_day - wanted.from_day >= LONGEST:
            raise PieturaError("period_too_long", days=LONGEST.days)
        yesterday = now.astimezone(RIGA).date() - timedelta(days=1)
        async with self._broker.db.read() as session:
            calendar = await presence.as_it_was(session, self._broker.calendar(), wanted.from_day, yesterday)
            placed = await repository.comments_placed(session, wanted)
        promised = cache(partial(self._broker.targets.promised, _MEASURE))
        found: list[Judged] = []
        for start in range(0, len(placed), _AT_ONCE):
            found += [
                judge(one, calendar, promised(one.created_at.astimezone(RIGA).date()), now)
                for one in placed[start : start + _AT_ONCE]
            ]
            # A year of comments takes seconds: nobody's chat waits for that.
            await asyncio.sleep(0)
        return found
