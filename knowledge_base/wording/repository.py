"""All SQL of changes to wording and of the question set."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.models import Service, ServiceExample
from knowledge_base.wish import OPEN
from knowledge_base.wording.models import SetQuestion, WordingChange


async def change(session: AsyncSession, change_id: str) -> WordingChange | None:
    """A wish."""
    return await session.get(WordingChange, change_id)


async def open_change(session: AsyncSession, service_id: str, kind: str, lang: str) -> WordingChange | None:
    """The wish that is open; there is at most one."""
    found: WordingChange | None = await session.scalar(
        select(WordingChange).where(
            WordingChange.service_id == service_id,
            WordingChange.kind == kind,
            WordingChange.lang == lang,
            WordingChange.state.in_(OPEN),
        )
    )
    return found


async def changes(
    session: AsyncSession, *, states: Sequence[str] = (), service_id: str | None = None, limit: int = 200
) -> Sequence[WordingChange]:
    """Wishes, the latest first."""
    query = select(WordingChange).order_by(WordingChange.changed_at.desc(), WordingChange.id).limit(limit)
    if states:
        query = query.where(WordingChange.state.in_(states))
    if service_id is not None:
        query = query.where(WordingChange.service_id == service_id)
    return (await session.scalars(query)).all()


async def published(
    session: AsyncSession, service_id: str, kind: str, lang: str, limit: int = 50
) -> Sequence[WordingChange]:
    """Wishes for one kind of wording in one language that were in force, or are, the latest first."""
    query = select(WordingChange).where(
        WordingChange.service_id == service_id,
        WordingChange.kind == kind,
        WordingChange.lang == lang,
        WordingChange.published_at.is_not(None),
    )
    return (
        await session.scalars(query.order_by(WordingChange.published_at.desc(), WordingChange.id).limit(limit))
    ).all()


async def due(session: AsyncSession, now: datetime) -> list[str]:
    """Wishes whose day has come: to be published, then to be ended."""
    rows = await session.scalars(
        select(WordingChange.id)
        .where(
            or_(
                and_(WordingChange.state == "approved", WordingChange.valid_from <= now),
                and_(WordingChange.state == "published", WordingChange.valid_to <= now),
            )
        )
        .order_by(WordingChange.state, WordingChange.valid_from, WordingChange.valid_to, WordingChange.id)
    )
    return list(rows.all())


# --- what there is ----------------------------------------------------------------------------------------------------


async def examples(session: AsyncSession, service_id: str, lang: str) -> Sequence[ServiceExample]:
    """The example questions of a service in one language, withdrawn ones too."""
    query = select(ServiceExample).where(ServiceExample.service_id == service_id, ServiceExample.lang == lang)
    return (await session.scalars(query.order_by(ServiceExample.id))).all()


async def spoken(session: AsyncSession) -> list[tuple[str, str, str]]:
    """Example questions of every service: service id, language, text."""
    query = select(ServiceExample.service_id, ServiceExample.lang, ServiceExample.text)
    rows = await session.execute(query.where(~ServiceExample.withdrawn))
    return [(row.service_id, row.lang, row.text) for row in rows]


async def services(session: AsyncSession) -> Sequence[Service]:
    """All services."""
    return (await session.scalars(select(Service).order_by(Service.id))).all()


async def set_questions(session: AsyncSession) -> Sequence[SetQuestion]:
    """What editors did with the question set."""
    return (await session.scalars(select(SetQuestion).order_by(SetQuestion.at, SetQuestion.id))).all()


async def set_question(session: AsyncSession, key: str) -> SetQuestion | None:
    """What editors did with one question of the set."""
    found: SetQuestion | None = await session.scalar(select(SetQuestion).where(SetQuestion.key == key))
    return found
