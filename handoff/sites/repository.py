"""All SQL on sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.conversations.models import Site


async def get(session: AsyncSession, key: str) -> Site | None:
    """The site, switched on or not, as it stands now."""
    return await session.get(Site, key, populate_existing=True)


async def everything(session: AsyncSession) -> Sequence[Site]:
    """All sites, by name."""
    return (await session.scalars(select(Site).order_by(Site.name, Site.key))).all()


async def own_words(session: AsyncSession) -> dict[str, dict[str, dict[str, str]]]:
    """Own words of every site that is switched on, by key and language."""
    rows = await session.execute(select(Site.key, Site.texts).where(Site.enabled))
    return {key: texts or {} for key, texts in rows.tuples()}


async def set_if_version(session: AsyncSession, key: str, version: int, values: dict[str, Any]) -> bool:
    """Changes the site if it is still at ``version``, and counts the version up; whether it was."""
    statement = update(Site).where(Site.key == key, Site.version == version).values(version=version + 1, **values)
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)
