"""All SQL of plans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base import wish
from knowledge_base.plans.models import PlanChange, PlanVersion


async def current(session: AsyncSession, plan_id: str) -> PlanVersion | None:
    """The version that begins now."""
    found: PlanVersion | None = await session.scalar(
        select(PlanVersion).where(PlanVersion.plan_id == plan_id, PlanVersion.current)
    )
    return found


async def version_of(session: AsyncSession, plan_id: str, number: int) -> PlanVersion | None:
    """One version, in force or not."""
    found: PlanVersion | None = await session.scalar(
        select(PlanVersion).where(PlanVersion.plan_id == plan_id, PlanVersion.number == number)
    )
    return found


async def in_force(session: AsyncSession) -> Sequence[PlanVersion]:
    """Every plan as it begins now."""
    return (await session.scalars(select(PlanVersion).where(PlanVersion.current).order_by(PlanVersion.plan_id))).all()


async def mark(session: AsyncSession) -> tuple[int, ...]:
    """Which versions are in force, for a worker to compare with what it has loaded."""
    rows = await session.scalars(select(PlanVersion.id).where(PlanVersion.current).order_by(PlanVersion.id))
    return tuple(rows.all())


async def history(session: AsyncSession, plan_id: str) -> Sequence[PlanVersion]:
    """Every version, the newest first."""
    query = select(PlanVersion).where(PlanVersion.plan_id == plan_id).order_by(PlanVersion.number.desc())
    return (await session.scalars(query)).all()


async def latest(session: AsyncSession) -> Sequence[PlanVersion]:
    """The newest version of every plan, in force or withdrawn."""
    newest = select(PlanVersion.plan_id, func.max(PlanVersion.number).label("number")).group_by(PlanVersion.plan_id)
    one = newest.subquery()
    query = select(PlanVersion).join(
        one, and_(PlanVersion.plan_id == one.c.plan_id, PlanVersion.number == one.c.number)
    )
    return (await session.scalars(query.order_by(PlanVersion.plan_id))).all()


async def highest(session: AsyncSession, plan_id: str) -> int:
    """The highest number there is; 0 for none."""
    found = await session.scalar(select(func.max(PlanVersion.number)).where(PlanVersion.plan_id == plan_id))
    return int(found or 0)


async def change(session: AsyncSession, change_id: str) -> PlanChange | None:
    """A wish."""
    return await session.get(PlanChange, change_id)


async def open_change(session: AsyncSession, plan_id: str) -> PlanChange | None:
    """The wish that is open; there is at most one."""
    found: PlanChange | None = await session.scalar(
        select(PlanChange).where(PlanChange.plan_id == plan_id, PlanChange.state.in_(wish.OPEN))
    )
    return found


async def changes(
    session: AsyncSession, *, states: Sequence[str] = (), plan_id: str | None = None, limit: int = 200
) -> Sequence[PlanChange]:
    """Wishes, the latest first."""
    query = select(PlanChange).order_by(PlanChange.changed_at.desc(), PlanChange.id).limit(limit)
    if states:
        query = query.where(PlanChange.state.in_(states))
    if plan_id is not None:
        query = query.where(PlanChange.plan_id == plan_id)
    return (await session.scalars(query)).all()


async def published(session: AsyncSession, plan_id: str) -> dict[int, PlanChange]:
    """Number of a version → the wish that it came from."""
    rows = await session.scalars(
        select(PlanChange).where(PlanChange.plan_id == plan_id, PlanChange.published.is_not(None))
    )
    return {row.published: row for row in rows if row.published is not None}


async def due(session: AsyncSession, now: datetime) -> list[str]:
    """Wishes whose day has come: to be published, then to be ended."""
    rows = await session.scalars(
        select(PlanChange.id)
        .where(
            or_(
                and_(PlanChange.state == "approved", PlanChange.valid_from <= now),
                and_(PlanChange.state == "published", PlanChange.valid_to <= now),
            )
        )
        .order_by(PlanChange.state, PlanChange.valid_from, PlanChange.valid_to, PlanChange.id)
    )
    return list(rows.all())
