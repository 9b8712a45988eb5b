"""All SQL of examples of kinds of turn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.learning.models import LifeGroup
from knowledge_base.turns.models import TurnChange, TurnExample


async def examples(session: AsyncSession) -> Sequence[TurnExample]:
    """Editors' examples that are agreed on, the latest first."""
    return (await session.scalars(select(TurnExample).order_by(TurnExample.at.desc(), TurnExample.id))).all()


async def counts(session: AsyncSession) -> dict[tuple[str, str], int]:
    """How many there are of (intent, language)."""
    query = select(TurnExample.intent, TurnExample.lang, func.count()).group_by(TurnExample.intent, TurnExample.lang)
    return {(intent, lang): count for intent, lang, count in (await session.execute(query)).all()}


async def with_keys(session: AsyncSession, keys: Collection[str]) -> Sequence[TurnExample]:
    """Those of some keys."""
    return (await session.scalars(select(TurnExample).where(TurnExample.key.in_(keys)))).all()


async def remove(session: AsyncSession, keys: Collection[str], intent: str) -> None:
    """Takes examples of a kind out."""
    await session.execute(delete(TurnExample).where(TurnExample.key.in_(keys), TurnExample.intent == intent))


async def changes(session: AsyncSession, states: Sequence[str] = (), limit: int = 200) -> Sequence[TurnChange]:
    """Wishes, the latest first."""
    query = select(TurnChange).order_by(TurnChange.changed_at.desc(), TurnChange.id).limit(limit)
    if states:
        query = query.where(TurnChange.state.in_(states))
    return (await session.scalars(query)).all()


async def reopen_group(session: AsyncSession, group_id: str, change_id: str, now: datetime) -> None:
    """Questions from life whose wish was given up are open again, unless somebody has decided otherwise meanwhile."""
    await session.execute(
        update(LifeGroup)
        .where(LifeGroup.id == group_id, LifeGroup.change_id == change_id)
        .values(state="open", change_id=None, decided_at=now, version=LifeGroup.version + 1)
    )
