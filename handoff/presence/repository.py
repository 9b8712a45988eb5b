"""All SQL on presence."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, cast

from sqlalchemy import CursorResult, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.presence.models import ConsoleLease, PresenceRecord, PresenceSpan, WorkedDay
from handoff.service_clock.service import WorkingCalendar
from handoff.staff.models import Staff


async def extend(session: AsyncSession, staff_id: str, since: datetime, now: datetime) -> bool:
    """Lets his open span reach to ``now``, if it was heard of since ``since`` and he is still what it says; whether it was so."""
    still = exists(
        select(Staff.id).where(
            Staff.id == PresenceSpan.staff_id,
            Staff.role == "operator",
            Staff.disabled.is_(False),
            Staff.availability == PresenceSpan.kind,
            func.coalesce(Staff.centre_id, "") == func.coalesce(PresenceSpan.centre_id, ""),
        )
    )
    statement = (
        update(PresenceSpan)
        .where(
            PresenceSpan.staff_id == staff_id,
            PresenceSpan.ended_at.is_(None),
            PresenceSpan.last_seen_at >= since,
            PresenceSpan.last_seen_at <= now,
            still,
        )
        .values(last_seen_at=now)
        .execution_options(synchronize_session=False)
    )
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)


async def open_span(session: AsyncSession, staff_id: str) -> PresenceSpan | None:
    """The span of his that has no end yet."""
    found: PresenceSpan | None = await session.scalar(
        select(PresenceSpan)
        .where(PresenceSpan.staff_id == staff_id, PresenceSpan.ended_at.is_(None))
        .execution_options(populate_existing=True)
    )
    return found


def begin(session: AsyncSession, staff: Staff, now: datetime) -> None:
    """Opens a span of his."""
    session.add(
        PresenceSpan(
            id=str(uuid.uuid4()),
            staff_id=staff.id,
            centre_id=staff.centre_id,
            kind=staff.availability,
            began_at=now,
            ended_at=None,
            last_seen_at=now,
        )
    )


async def any_silent(session: AsyncSession, before: datetime) -> bool:
    """Whether an open span was last heard of before ``before``."""
    silent = (PresenceSpan.ended_at.is_(None)) & (PresenceSpan.last_seen_at < before)
    return bool(await session.scalar(select(exists().where(silent))))


async def end_silent(session: AsyncSession, before: datetime) -> None:
    """Ends open spans last heard of before ``before``, where they were last heard of."""
    await session.execute(
        update(PresenceSpan)
        .where(PresenceSpan.ended_at.is_(None), PresenceSpan.last_seen_at < before)
        .values(ended_at=PresenceSpan.last_seen_at)
        .execution_options(synchronize_session=False)
    )


async def spans(
    session: AsyncSession, begins: datetime, ends: datetime, *, centre_id: str | None = None, kind: str | None = None
) -> Sequence[PresenceSpan]:
    """Spans that reach into the time from ``begins`` to ``ends``, the earliest first."""
    wanted = [
        PresenceSpan.began_at < ends,
        or_(
            PresenceSpan.ended_at > begins,
            and_(PresenceSpan.ended_at.is_(None), PresenceSpan.last_seen_at > begins),
        ),
    ]
    if centre_id is not None:
        wanted.append(PresenceSpan.centre_id == centre_id)
    if kind is not None:
        wanted.append(PresenceSpan.kind == kind)
    ordered = select(PresenceSpan).where(*wanted).order_by(PresenceSpan.began_at, PresenceSpan.id)
    return (await session.scalars(ordered)).all()


async def lease(session: AsyncSession, dialect: str, staff_id: str, worker: str, now: datetime) -> None:
    """Consoles of his are open at this worker."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(ConsoleLease).values(staff_id=staff_id, worker=worker, seen_at=now, focused_at=None)
    keys = [ConsoleLease.staff_id, ConsoleLease.worker]
    await session.execute(statement.on_conflict_do_update(index_elements=keys, set_={"seen_at": now}))


async def lease_focus(session: AsyncSession, staff_id: str, worker: str, at: datetime | None) -> None:
    """One of his consoles at this worker had the focus at ``at``; None: none of them has it."""
    await session.execute(
        update(ConsoleLease)
        .where(ConsoleLease.staff_id == staff_id, ConsoleLease.worker == worker)
        .values(focused_at=at)
        .execution_options(synchronize_session=False)
    )


async def release(session: AsyncSession, staff_id: str, worker: str) -> None:
    """None of his consoles is open at this worker any more."""
    await session.execute(delete(ConsoleLease).where(ConsoleLease.staff_id == staff_id, ConsoleLease.worker == worker))


async def leased(session: AsyncSession, staff_id: str, since: datetime) -> tuple[datetime | None, datetime | None]:
    """When a console of his was last heard of at any worker, if that was after ``since``, and when one last had the focus."""
    found = (
        await session.execute(
            select(func.max(ConsoleLease.seen_at), func.max(ConsoleLease.focused_at)).where(
                ConsoleLease.staff_id == staff_id, ConsoleLease.seen_at > since
            )
        )
    ).one()
    return found[0], found[1]


async def forget_leases(session: AsyncSession, before: datetime) -> None:
    """Deletes what workers left that ended without a word."""
    await session.execute(delete(ConsoleLease).where(ConsoleLease.seen_at < before))


async def last_record(session: AsyncSession) -> PresenceRecord | None:
    """The record that the service was last seen in."""
    found: PresenceRecord | None = await session.scalar(
        select(PresenceRecord).order_by(PresenceRecord.last_seen_at.desc()).limit(1)
    )
    return found


async def records(session: AsyncSession, begins: datetime, ends: datetime) -> Sequence[PresenceRecord]:
    """Records that reach into the time from ``begins`` to ``ends``."""
    within = select(PresenceRecord).where(PresenceRecord.began_at < ends, PresenceRecord.last_seen_at > begins)
    return (await session.scalars(within.order_by(PresenceRecord.began_at))).all()


async def recorded_on(session: AsyncSession, record_id: str, now: datetime) -> None:
    """The service is still there; never moved back, whichever of two workers is later."""
    await session.execute(
        update(PresenceRecord)
        .where(PresenceRecord.id == record_id, PresenceRecord.last_seen_at < now)
        .values(last_seen_at=now)
        .execution_options(synchronize_session=False)
    )


async def take_back_records(session: AsyncSession, now: datetime) -> None:
    """Takes away what is recorded of the time after ``now``."""
    await session.execute(delete(PresenceRecord).where(PresenceRecord.began_at > now))
    await session.execute(
        update(PresenceRecord)
        .where(PresenceRecord.last_seen_at > now)
        .values(last_seen_at=now)
        .execution_options(synchronize_session=False)
    )


async def worked_days(session: AsyncSession, first: date, last: date) -> dict[date, tuple[time, time] | None]:
    """The hours that held, by day, as far as they were kept; None for a day that was closed."""
    rows = await session.scalars(select(WorkedDay).where(WorkedDay.day >= first, WorkedDay.day <= last))
    return {
        row.day: (time.fromisoformat(row.opens), time.fromisoformat(row.closes)) if row.opens and row.closes else None
        for row in rows
    }


async def as_it_was(session: AsyncSession, calendar: WorkingCalendar, first: date, last: date) -> WorkingCalendar:
    """The calendar with the hours that held on the days from ``first`` to ``last``, whatever was set since."""
    return replace(calendar, held=await worked_days(session, first, last))


async def keep_day(session: AsyncSession, dialect: str, day: date, hours: tuple[time, time] | None) -> None:
    """Keeps the hours that hold on ``day``, None when it is closed; of two workers who do it at once neither fails."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    opens, closes = (f"{one:%H:%M}" for one in hours) if hours else (None, None)
    values = {"opens": opens, "closes": closes}
    statement = insert(WorkedDay).values(day=day, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=[WorkedDay.day], set_=values))


async def forget_before(session: AsyncSession, moment: datetime) -> int:
    """Deletes spans that ended before ``moment``; how many it was."""
    gone = await session.execute(delete(PresenceSpan).where(PresenceSpan.ended_at < moment))
    return cast("CursorResult[Any]", gone).rowcount


async def any_before(session: AsyncSession, moment: datetime) -> bool:
    """Whether a span ended before ``moment``."""
    return bool(await session.scalar(select(exists().where(PresenceSpan.ended_at < moment))))


async def first_record(session: AsyncSession) -> datetime | None:
    """Since when presence is kept; None when it is not yet."""
    found: datetime | None = await session.scalar(
        select(PresenceRecord.began_at).order_by(PresenceRecord.began_at).limit(1)
    )
    return found
