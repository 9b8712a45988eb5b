"""Twelve months up to a month, and all SQL on what happened in them by centre: every figure is a count of rows (R13, R16).

Chats and comments are judged by their clocks, as they were promised then; what was solved and what was written, by the ledger,
as it is corrected: money rests on it. Waits and comments belong to the month they began in, cases to that of their end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, and_, case, cast, func, null, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from handoff.board.figures import NO_REQUEST, SOLVED
from handoff.cases.models import Case, CaseEntry
from handoff.conversations.models import Conversation
from handoff.conversations.schemas import WEBCHAT
from handoff.service_level.models import LevelClock
from kit.clock import midnight
from kit.db import UtcDateTime

MONTHS: Final = 12
#: Words of ``CaseKind``: these are written and answered in writing (R25).
_WRITTEN: Final = ("email", "form")


@dataclass(frozen=True)
class Year:
    """The twelve months that end with ``month`` (its first day)."""

    month: date

    @property
    def months(self) -> list[date]:
        """First days of the months, the earliest first."""
        last = self.month.year * 12 + self.month.month - 1
        return [date(number // 12, number % 12 + 1, 1) for number in range(last - MONTHS + 1, last + 1)]

    @property
    def bounds(self) -> list[datetime]:
        """Midnights in Riga at which months begin, and the end of the last."""
        number = self.month.year * 12 + self.month.month
        return [midnight(one) for one in (*self.months, date(number // 12, number % 12 + 1, 1))]


@dataclass(frozen=True)
class Count:
    """``part`` of ``whole``."""

    part: int = 0
    whole: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.part + other.part, self.whole + other.whole)


#: Criterion → centre (None: nobody's) → count by month, as many as there are months.
Figures = dict[str, dict[str | None, list[Count]]]


def _in_force() -> ColumnElement[bool]:
    reversal = aliased(CaseEntry)
    return and_(CaseEntry.sign == 1, ~select(reversal.id).where(reversal.reverses_id == CaseEntry.id).exists())


def _clocks(kind: str, whole: ColumnElement[bool], part: ColumnElement[bool]) -> Select[Any]:
    c = LevelClock
    return select(
        c.conversation_id.label("conversation_id"),
        c.centre_id.label("centre_id"),
        c.started_at.label("at"),
        case((part, 1), else_=0).label("met"),
        c.due_at.label("due_at"),
        c.stopped_at.label("ended_at"),
        c.cause.label("how"),
        cast(null(), Integer()).label("level"),
        c.spent_us.label("spent_us"),
    ).where(c.kind == kind, c.target_s.is_not(None), whole)


def _entries(whole: ColumnElement[bool], part: ColumnElement[bool]) -> Select[Any]:
    e = CaseEntry
    return (
        select(
            e.conversation_id.label("conversation_id"),
            e.centre_id.label("centre_id"),
            e.closed_at.label("at"),
            case((part, 1), else_=0).label("met"),
            cast(null(), UtcDateTime()).label("due_at"),
            e.closed_at.label("ended_at"),
            e.outcome.label("how"),
            e.level.label("level"),
            cast(null(), BigInteger()).label("spent_us"),
        )
        .join(Conversation, Conversation.id == e.conversation_id)
        .where(_in_force(), e.outcome.not_in(sorted(NO_REQUEST)), whole)
    )


def _chats(at: datetime) -> Select[Any]:
    c = LevelClock
    taken = c.cause == "taken"
    # Whoever left, or still waits, within his time was not failed: there is nothing to judge.
    return _clocks(
        "waiting",
        and_(c.channel == WEBCHAT, or_(taken, c.due_at < func.coalesce(c.stopped_at, at))),
        taken & _in_time(),
    )


def _posts(at: datetime) -> Select[Any]:
    c = LevelClock
    judged = or_(c.cause.in_(["answered", "ended"]), and_(c.stopped_at.is_(None), c.due_at < at))
    return _clocks("comment", judged, (c.cause == "answered") & _in_time())


def _in_time() -> ColumnElement[bool]:
    return LevelClock.stopped_at <= LevelClock.due_at


def _solved(_at: datetime) -> Select[Any]:
    return _entries(true(), and_(CaseEntry.level < 2, CaseEntry.outcome.in_(sorted(SOLVED))))


def _written(_at: datetime) -> Select[Any]:
    answered = or_(CaseEntry.first_reply_at.is_not(None), Conversation.first_reply_at.is_not(None))
    return _entries(CaseEntry.channel.in_(_WRITTEN), answered)


#: What each criterion counts, open ones judged by an instant.
JUDGED: Final[Mapping[str, Callable[[datetime], Select[Any]]]] = {
    "chat_begun": _chats,
    "social_answered": _posts,
    "solved": _solved,
    "mail_answered": _written,
}


async def figures(session: AsyncSession, year: Year, at: datetime) -> Figures:
    """The counts of every criterion by centre and month."""
    bounds = year.bounds
    found: Figures = {}
    for name, judged in JUDGED.items():
        rows = judged(at).subquery()
        month = case(*((rows.c.at < bound, number) for number, bound in enumerate(bounds[1:])), else_=MONTHS)
        inside = (
            select(rows.c.centre_id, month.label("month"), rows.c.met)
            .where(rows.c.at >= bounds[0], rows.c.at < bounds[-1])
            .subquery()
        )
        counted = await session.execute(
            select(inside.c.centre_id, inside.c.month, func.sum(inside.c.met), func.count()).group_by(
                inside.c.centre_id, inside.c.month
            )
        )
        by_centre: dict[str | None, list[Count]] = {}
        for centre, number, part, whole in counted.tuples():
            by_centre.setdefault(centre, [Count()] * MONTHS)[number] = Count(int(part), whole)
        found[name] = by_centre
    return found


@dataclass(frozen=True)
class Picked:
    """Which rows of a criterion: of a centre (``nobody``: of none), of a month, met or missed; None: all."""

    criterion: str
    centre_id: str | None = None
    nobody: bool = False
    month: date | None = None
    met: bool | None = None


async def rows_behind(
    session: AsyncSession, year: Year, at: datetime, wanted: Picked, offset: int, limit: int
) -> tuple[int, Sequence[Any]]:
    """The rows behind a count, newest first, with the numbers of their cases, channel and level."""
    bounds, months = year.bounds, year.months
    begins, ends = bounds[0], bounds[-1]
    if wanted.month is not None and wanted.month in months:
        number = months.index(wanted.month)
        begins, ends = bounds[number], bounds[number + 1]
    rows = JUDGED[wanted.criterion](at).subquery()
    conditions = [rows.c.at >= begins, rows.c.at < ends]
    if wanted.nobody:
        conditions.append(rows.c.centre_id.is_(None))
    elif wanted.centre_id is not None:
        conditions.append(rows.c.centre_id == wanted.centre_id)
    if wanted.met is not None:
        conditions.append(rows.c.met == int(wanted.met))
    total = await session.scalar(select(func.count()).select_from(rows).where(*conditions)) or 0
    found = await session.execute(
        select(
            *(column for column in rows.c if column.name != "level"),
            Case.no,
            Conversation.channel,
            func.coalesce(rows.c.level, Conversation.level).label("level"),
        )
        .join(Conversation, Conversation.id == rows.c.conversation_id)
        .join(Case, Case.conversation_id == rows.c.conversation_id)
        .where(*conditions)
        .order_by(rows.c.at.desc(), Case.no.desc())
        .offset(offset)
        .limit(limit)
    )
    return total, found.all()


async def variable_part(session: AsyncSession, year: Year) -> dict[str, Decimal]:
    """What the cases of each centre came to in the twelve months, by the ledger.

    Cases on social accounts are left out: their owners pay a fee for them (R16).
    """
    bounds = year.bounds
    rows = await session.execute(
        select(CaseEntry.centre_id, func.sum(CaseEntry.sign * CaseEntry.amount))
        .where(
            CaseEntry.centre_id.is_not(None),
            CaseEntry.channel == WEBCHAT,
            CaseEntry.amount.is_not(None),
            CaseEntry.closed_at >= bounds[0],
            CaseEntry.closed_at < bounds[-1],
        )
        .group_by(CaseEntry.centre_id)
    )
    # SQLite adds decimals as floats: to a ten-thousandth they are what they were.
    return {str(centre): Decimal(str(amount)).quantize(Decimal("0.0001")) for centre, amount in rows.tuples()}
