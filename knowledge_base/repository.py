"""Reads of the knowledge base."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.models import Service, ServiceAnswer, ServiceExample


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

    async def current_answers(self) -> dict[str, list[ServiceAnswer]]:
        """Shown answers by service id."""
        query = (
            select(ServiceAnswer)
            .where(ServiceAnswer.current)
            .order_by(ServiceAnswer.service_id, ServiceAnswer.lang, ServiceAnswer.aspect)
        )
        found: dict[str, list[ServiceAnswer]] = defaultdict(list)
        for row in await self._session.scalars(query):
            found[row.service_id].append(row)
        return dict(found)

    async def history(self, service_id: str, lang: str, aspect: str) -> Sequence[ServiceAnswer]:
        """Every version of one answer, newest first."""
        query = (
            select(ServiceAnswer)
            .where(ServiceAnswer.service_id == service_id, ServiceAnswer.lang == lang, ServiceAnswer.aspect == aspect)
            .order_by(ServiceAnswer.version.desc())
        )
        return (await self._session.scalars(query)).all()

    async def examples(self) -> dict[str, list[ServiceExample]]:
        """Example questions by service id."""
        query = select(ServiceExample).order_by(ServiceExample.service_id, ServiceExample.id)
        found: dict[str, list[ServiceExample]] = defaultdict(list)
        for row in await self._session.scalars(query):
            found[row.service_id].append(row)
        return dict(found)

    async def due_for_review(self, today: date) -> Sequence[Service]:
        """Services whose review is due on ``today``, the longest overdue first."""
        query = select(Service).where(Service.review_due <= today).order_by(Service.review_due, Service.id)
        return (await self._session.scalars(query)).all()
