"""Reads of the knowledge base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.editor.models import Revision
from knowledge_base.models import Service, ServiceAnswer, ServiceExample


@dataclass(frozen=True, slots=True)
class ShownText:
    """What is shown of one aspect of a service in one language; fields as in `ServiceAnswer`."""

    service_id: str
    lang: str
    aspect: str
    text: str
    origin: str
    source_date: str | None


class KnowledgeRepository:
    """Queries on services, answers and examples; returns rows, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def services(self) -> Sequence[Service]:
        """All services by id."""
        return (await self._session.scalars(select(Service).order_by(Service.id))).all()

    async def service(self, service_id: str) -> Service | None:
        """The service with ``service_id``, or None."""
        return await self._session.get(Service, service_id)

    async def shown_texts(self) -> list[ShownText]:
        """Every text that is shown now; an empty one was withdrawn.

        Plain values, for a whole catalogue of rows would take ten times the memory.
        """
        query = select(
            ServiceAnswer.service_id,
            ServiceAnswer.lang,
            ServiceAnswer.aspect,
            ServiceAnswer.text,
            ServiceAnswer.origin,
            ServiceAnswer.source_date,
        ).where(ServiceAnswer.current, ServiceAnswer.text != "")
        return [ShownText(*row) for row in await self._session.execute(query.order_by(ServiceAnswer.id))]

    async def example_texts(self) -> list[tuple[str, str, str]]:
        """Example questions: service id, language, text."""
        query = select(ServiceExample.service_id, ServiceExample.lang, ServiceExample.text)
        query = query.where(~ServiceExample.withdrawn).order_by(ServiceExample.id)
        return [(row.service_id, row.lang, row.text) for row in await self._session.execute(query)]

    async def revision(self) -> int:
        """How often editors have changed what is shown."""
        found: int | None = await self._session.scalar(select(Revision.number).where(Revision.id == 1))
        return found or 0

    async def history(self, service_id: str, lang: str, aspect: str) -> Sequence[ServiceAnswer]:
        """Every version of one answer, newest first."""
        query = (
            select(ServiceAnswer)
            .where(ServiceAnswer.service_id == service_id, ServiceAnswer.lang == lang, ServiceAnswer.aspect == aspect)
            .order_by(ServiceAnswer.version.desc())
        )
        return (await self._session.scalars(query)).all()

    async def due_for_review(self, today: date) -> Sequence[Service]:
        """Services whose review is due on ``today``, the longest overdue first."""
        query = select(Service).where(Service.review_due <= today).order_by(Service.review_due, Service.id)
        return (await self._session.scalars(query)).all()
