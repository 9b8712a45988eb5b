"""All SQL of the editors' desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.editor.models import AnswerChange, Revision
from knowledge_base.models import Service, ServiceAnswer
from knowledge_base.wish import OPEN


async def change(session: AsyncSession, change_id: str) -> AnswerChange | None:
    """A wish."""
    return await session.get(AnswerChange, change_id)


async def open_change(session: AsyncSession, service_id: str, lang: str, aspect: str) -> AnswerChange | None:
    """The wish that is open for an answer; there is at most one."""
    found: AnswerChange | None = await session.scalar(
        select(AnswerChange).where(
            AnswerChange.service_id == service_id,
            AnswerChange.lang == lang,
            AnswerChange.aspect == aspect,
            AnswerChange.state.in_(OPEN),
        )
    )
    return found


async def changes(
    session: AsyncSession, *, states: Sequence[str] = (), service_id: str | None = None, limit: int = 200
) -> Sequence[AnswerChange]:
    """Wishes, the latest first."""
    query = select(AnswerChange).order_by(AnswerChange.changed_at.desc(), AnswerChange.id).limit(limit)
    if states:
        query = query.where(AnswerChange.state.in_(states))
    if service_id is not None:
        query = query.where(AnswerChange.service_id == service_id)
    return (await session.scalars(query)).all()


async def rebase(
    session: AsyncSession, service_id: str, lang: str, aspect: str, before: int, after: int | None
) -> None:
    """An open wish that builds on one version builds on another from now on."""
    await session.execute(
        update(AnswerChange)
        .where(
            AnswerChange.service_id == service_id,
            AnswerChange.lang == lang,
            AnswerChange.aspect == aspect,
            AnswerChange.state.in_(OPEN),
            AnswerChange.base_version == before,
        )
        .values(base_version=after)
    )


async def due(session: AsyncSession, now: datetime) -> list[str]:
    """Wishes whose day has come: first those to be published, then those to be ended, in the order of their days. So what
    follows a temporary answer takes its place before that is over."""
    rows = await session.scalars(
        select(AnswerChange.id)
        .where(
            or_(
                and_(AnswerChange.state == "approved", AnswerChange.valid_from <= now),
                and_(AnswerChange.state == "published", AnswerChange.valid_to <= now),
            )
        )
        # "approved" before "published"
        .order_by(AnswerChange.state, AnswerChange.valid_from, AnswerChange.valid_to, AnswerChange.id)
    )
    return list(rows.all())


async def current(session: AsyncSession, service_id: str, lang: str, aspect: str) -> ServiceAnswer | None:
    """The version of an answer that is in force; its text is empty when it was withdrawn."""
    found: ServiceAnswer | None = await session.scalar(
        select(ServiceAnswer).where(
            ServiceAnswer.service_id == service_id,
            ServiceAnswer.lang == lang,
            ServiceAnswer.aspect == aspect,
            ServiceAnswer.current,
        )
    )
    return found


async def in_force(session: AsyncSession, service_id: str) -> Sequence[ServiceAnswer]:
    """All answers of a service that are in force."""
    rows = await session.scalars(
        select(ServiceAnswer)
        .where(ServiceAnswer.service_id == service_id, ServiceAnswer.current)
        .order_by(ServiceAnswer.id)
    )
    return rows.all()


async def coverage(session: AsyncSession) -> dict[tuple[str, str], set[str]]:
    """(service, language) → the aspects that have an answer."""
    rows = await session.execute(
        select(ServiceAnswer.service_id, ServiceAnswer.lang, ServiceAnswer.aspect).where(
            ServiceAnswer.current, ServiceAnswer.text != ""
        )
    )
    found: dict[tuple[str, str], set[str]] = {}
    for service_id, lang, aspect in rows.tuples():
        found.setdefault((service_id, lang), set()).add(aspect)
    return found


async def open_counts(session: AsyncSession) -> dict[str, int]:
    """How many wishes are open, by service."""
    rows = await session.execute(
        select(AnswerChange.service_id, func.count())
        .where(AnswerChange.state.in_(OPEN))
        .group_by(AnswerChange.service_id)
    )
    return dict(rows.tuples().all())


async def highest_version(session: AsyncSession, service_id: str, lang: str, aspect: str) -> int:
    """The number of the latest version, in force or not; 0 when there never was one."""
    found: int | None = await session.scalar(
        select(func.max(ServiceAnswer.version)).where(
            ServiceAnswer.service_id == service_id, ServiceAnswer.lang == lang, ServiceAnswer.aspect == aspect
        )
    )
    return found or 0


async def version_of(
    session: AsyncSession, service_id: str, lang: str, aspect: str, version: int
) -> ServiceAnswer | None:
    """A certain version of an answer."""
    found: ServiceAnswer | None = await session.scalar(
        select(ServiceAnswer).where(
            ServiceAnswer.service_id == service_id,
            ServiceAnswer.lang == lang,
            ServiceAnswer.aspect == aspect,
            ServiceAnswer.version == version,
        )
    )
    return found


async def published_changes(session: AsyncSession, service_id: str, lang: str, aspect: str) -> dict[int, AnswerChange]:
    """By version, the wish that became it."""
    rows = await session.scalars(
        select(AnswerChange).where(
            AnswerChange.service_id == service_id,
            AnswerChange.lang == lang,
            AnswerChange.aspect == aspect,
            AnswerChange.published_version.is_not(None),
        )
    )
    return {row.published_version: row for row in rows if row.published_version is not None}


async def services(session: AsyncSession) -> Sequence[Service]:
    """All services, by title."""
    return (await session.scalars(select(Service).order_by(Service.title_lv, Service.id))).all()


async def publishing(session: AsyncSession) -> None:
    """Whoever publishes comes here first: publications are made one after the other, each over what the one before it left.
    On PostgreSQL by the revision's row; SQLite has one writer in any case."""
    await session.execute(select(Revision.number).where(Revision.id == 1).with_for_update())


async def next_revision(session: AsyncSession) -> None:
    """What is shown has changed: every worker will load it."""
    await session.execute(update(Revision).where(Revision.id == 1).values(number=Revision.number + 1))
