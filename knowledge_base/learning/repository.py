"""All SQL of learning from life."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import set_if_version
from knowledge_base.learning.models import LifeCursor, LifeGroup, LifeQuestion

#: So many values at a time: databases count them.
_PORTION = 1000


async def cursor(session: AsyncSession) -> datetime | None:
    """Up to when conversations have been looked through; None at first."""
    found: datetime | None = await session.scalar(select(LifeCursor.at).where(LifeCursor.id == 1))
    return found


async def move_cursor(session: AsyncSession, before: datetime | None, after: datetime) -> bool:
    """Of several workers one goes on; whether it is this one."""
    if before is None:
        session.add(LifeCursor(id=1, at=after))
        await session.flush()
        return True
    result = await session.execute(
        update(LifeCursor).where(LifeCursor.id == 1, LifeCursor.at == before).values(at=after)
    )
    return bool(cast("CursorResult[Any]", result).rowcount)


async def known(session: AsyncSession, message_ids: Sequence[str]) -> set[str]:
    """Which questions are in a group already."""
    found: set[str] = set()
    for at in range(0, len(message_ids), _PORTION):
        part = message_ids[at : at + _PORTION]
        found |= set(
            (await session.scalars(select(LifeQuestion.message_id).where(LifeQuestion.message_id.in_(part)))).all()
        )
    return found


async def groups(session: AsyncSession) -> Sequence[LifeGroup]:
    """All groups, the latest first."""
    return (await session.scalars(select(LifeGroup).order_by(LifeGroup.last_at.desc(), LifeGroup.id))).all()


async def group(session: AsyncSession, group_id: str) -> LifeGroup | None:
    """A group."""
    return await session.get(LifeGroup, group_id)


async def questions(session: AsyncSession, group_id: str | None = None) -> Sequence[LifeQuestion]:
    """Questions of a group, or of all, the latest first."""
    query = select(LifeQuestion).order_by(LifeQuestion.at.desc(), LifeQuestion.message_id)
    if group_id is not None:
        query = query.where(LifeQuestion.group_id == group_id)
    return (await session.scalars(query)).all()


async def set_group(session: AsyncSession, row: LifeGroup, version: int, values: dict[str, Any]) -> bool:
    """Changes a group if it is still at ``version``; whether it was."""
    if not await set_if_version(session, LifeGroup, row.id, version, values):
        return False
    await session.refresh(row)
    return True


async def store(session: AsyncSession, placed: Sequence[LifeGroup], there: set[str]) -> bool:
    """Stores what groups know of meanings and times; what an editor has decided about them meanwhile stays. False when one of
    those that were ``there`` is gone: what it knew may not come back."""
    for one in placed:
        values = {"centre": one.centre, "size": one.size, "first_at": one.first_at, "last_at": one.last_at}
        if one.id not in there:
            session.add(LifeGroup(id=one.id, lang=one.lang, state="open", version=1, **values))
            continue
        done = await session.execute(update(LifeGroup).where(LifeGroup.id == one.id).values(**values))
        if not cast("CursorResult[Any]", done).rowcount:
            return False
    await session.flush()
    return True


async def forget(session: AsyncSession, before: datetime) -> None:
    """Drops questions from before an instant, and groups that have none since, whatever was decided about them: a group is
    made of what citizens have written, and is kept no longer than that."""
    await session.execute(delete(LifeQuestion).where(LifeQuestion.at < before))
    await session.execute(delete(LifeGroup).where(LifeGroup.last_at < before))
