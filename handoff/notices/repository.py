"""All SQL on notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.conversations.models import Site
from handoff.notices.models import PublicNotice
from handoff.staff.models import Staff


async def get(session: AsyncSession, notice_id: str) -> PublicNotice | None:
    """One notice."""
    return await session.get(PublicNotice, notice_id, populate_existing=True)


async def not_over(session: AsyncSession, now: datetime) -> Sequence[PublicNotice]:
    """What is told or will be, the earliest first."""
    statement = select(PublicNotice).where(PublicNotice.ends_at > now, PublicNotice.ended_at.is_(None))
    return (await session.scalars(statement.order_by(PublicNotice.starts_at, PublicNotice.id))).all()


async def latest(session: AsyncSession, limit: int) -> Sequence[PublicNotice]:
    """The notices that end last."""
    order = (PublicNotice.ends_at.desc(), PublicNotice.id)
    return (await session.scalars(select(PublicNotice).order_by(*order).limit(limit))).all()


async def advance(session: AsyncSession, notice_id: str, seen: int) -> bool:
    """Counts a change if the notice is still at version ``seen``; whether it was."""
    statement = (
        update(PublicNotice)
        .where(PublicNotice.id == notice_id, PublicNotice.version == seen)
        .values(version=seen + 1)
        .returning(PublicNotice.id)
    )
    return await session.scalar(statement) is not None


async def sites(session: AsyncSession) -> Sequence[Site]:
    """The web-chat accounts that are switched on."""
    return (await session.scalars(select(Site).where(Site.enabled).order_by(Site.name))).all()


async def names(session: AsyncSession, ids: set[str]) -> dict[str, str]:
    """Names of staff by id."""
    rows = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids)))
    return {row.id: row.name for row in rows}
