"""All SQL on clocks and targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases.models import Case
from handoff.conversations.models import Conversation
from handoff.service_level.models import LevelClock, ServiceTarget


async def running(session: AsyncSession, conversation_id: str) -> dict[str, LevelClock]:
    """The clocks of a conversation that have not stopped, by kind, held until the transaction ends.

    In order of their ids, as the watch takes them: two that wait for each other would wait for ever.
    """
    rows = await session.scalars(
        select(LevelClock)
        .where(LevelClock.conversation_id == conversation_id, LevelClock.stopped_at.is_(None))
        .order_by(LevelClock.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.kind: row for row in rows}


async def latest(session: AsyncSession, conversation_id: str, kind: str) -> LevelClock | None:
    """The last clock of a kind, stopped or not, held until the transaction ends."""
    found: LevelClock | None = await session.scalar(
        select(LevelClock)
        .where(LevelClock.conversation_id == conversation_id, LevelClock.kind == kind)
        .order_by(LevelClock.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


async def due(session: AsyncSession, now: datetime, limit: int) -> Sequence[LevelClock]:
    """Clocks of which there is something to tell."""
    waiting = select(LevelClock).where(LevelClock.next_at <= now).order_by(LevelClock.next_at).limit(limit)
    return (await session.scalars(waiting)).all()


async def tell(session: AsyncSession, row: LevelClock, **values: Any) -> bool:
    """Notes how far has been told of a clock, if it still runs as it was seen; whether it did."""
    told = (
        update(LevelClock)
        .where(LevelClock.id == row.id, LevelClock.next_at == row.next_at, LevelClock.stopped_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(cast("CursorResult[Any]", await session.execute(told)).rowcount)


async def of_conversations(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[LevelClock]]:
    """What runs in these conversations, by their ids."""
    if not ids:
        return {}
    rows = await session.scalars(
        select(LevelClock)
        .where(LevelClock.conversation_id.in_(ids), LevelClock.stopped_at.is_(None))
        .order_by(LevelClock.id)
    )
    found: dict[str, list[LevelClock]] = {}
    for row in rows:
        found.setdefault(row.conversation_id, []).append(row)
    return found


async def history(session: AsyncSession, conversation_id: str) -> Sequence[LevelClock]:
    """Every clock of a conversation, in order."""
    rows = select(LevelClock).where(LevelClock.conversation_id == conversation_id).order_by(LevelClock.id)
    return (await session.scalars(rows)).all()


def _level(at: datetime) -> ColumnElement[int]:
    """How far a running clock has got by ``at``, as :func:`handoff.service_level.rules.passed` has it."""
    return case(
        (LevelClock.due_at < at, 100), (LevelClock.warn_80_at <= at, 80), (LevelClock.warn_50_at <= at, 50), else_=0
    )


async def standing(session: AsyncSession, at: datetime) -> dict[tuple[str, int], int]:
    """How many judged clocks run, by kind and by how far they have got."""
    running = (
        select(LevelClock.kind, _level(at).label("level"))
        .where(LevelClock.stopped_at.is_(None), LevelClock.target_s.is_not(None))
        .subquery()
    )
    rows = await session.execute(
        select(running.c.kind, running.c.level, func.count()).group_by(running.c.kind, running.c.level)
    )
    return {(kind, level): count for kind, level, count in rows.tuples()}


async def standing_rows(
    session: AsyncSession, at: datetime, kind: str, level: int | None, offset: int, limit: int
) -> tuple[int, Sequence[tuple[LevelClock, Conversation, int]]]:
    """The clocks behind a count of :func:`standing` (``level`` None: all of the kind), what is due first standing first."""
    conditions = [LevelClock.stopped_at.is_(None), LevelClock.target_s.is_not(None), LevelClock.kind == kind]
    if level is not None:
        conditions.append(_level(at) == level)
    total = await session.scalar(select(func.count()).select_from(LevelClock).where(and_(*conditions))) or 0
    rows = await session.execute(
        select(LevelClock, Conversation, Case.no)
        .join(Conversation, Conversation.id == LevelClock.conversation_id)
        .join(Case, Case.conversation_id == Conversation.id)
        .where(*conditions)
        .order_by(LevelClock.due_at.is_(None), LevelClock.due_at, LevelClock.id)
        .offset(offset)
        .limit(limit)
    )
    return total, list(rows.tuples())


# --- targets ----------------------------------------------------------------------------------------------------------------


async def targets_mark(session: AsyncSession) -> tuple[int, int]:
    """Something that differs when targets have changed: how many there are, and the last number."""
    row = (await session.execute(select(func.count(), func.max(ServiceTarget.id)).select_from(ServiceTarget))).one()
    return int(row[0]), int(row[1] or 0)


async def targets(session: AsyncSession) -> Sequence[ServiceTarget]:
    """Every target that was ever set, the latest day first."""
    rows = select(ServiceTarget).order_by(ServiceTarget.measure, ServiceTarget.valid_from.desc())
    return (await session.scalars(rows)).all()


async def target_of_day(session: AsyncSession, measure: str, day: date) -> ServiceTarget | None:
    """The target that begins on a day."""
    found: ServiceTarget | None = await session.scalar(
        select(ServiceTarget).where(ServiceTarget.measure == measure, ServiceTarget.valid_from == day)
    )
    return found


async def cases_of(session: AsyncSession, ids: Iterable[str]) -> dict[str, int]:
    """Numbers of cases by conversation."""
    rows = await session.execute(select(Case.conversation_id, Case.no).where(Case.conversation_id.in_(list(ids))))
    return dict(rows.tuples().all())
