"""Routes for queues and for what people serve, behind the console's doors; the service checks every act."""

from __future__ import annotations

from typing import Any, Protocol

from fastapi import APIRouter, Depends

from handoff.channels.service import Channels
from handoff.console.doors import Doors, supervisors_only
from handoff.conversations.schemas import WEBCHAT
from handoff.desk import TOPICS
from handoff.queue import repository
from handoff.queue import schemas as body
from handoff.queue.administration import QueueAdministration
from handoff.queue.models import COMMON, Queue
from handoff.queue.transfer import choices as queue_choices
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.errors import PieturaError


class CatalogueNames(Protocol):
    """What queues ask of the catalogue of services."""

    def services(self, lang: str) -> list[dict[str, str]]:
        """Every service: ``id`` and ``name``."""
        ...

    def knows_service(self, service_id: str) -> bool:
        """Whether there is such a service."""
        ...


class QueuesApi:
    """``/console/api/queues``: shapes in docs/protocol.md."""

    def __init__(
        self, administration: QueueAdministration, doors: Doors, catalogue: CatalogueNames, channels: Channels
    ) -> None:
        self._administration = administration
        self._doors = doors
        self._catalogue = catalogue
        self._channels = channels

    def router(self) -> APIRouter:
        """All routes of queues."""
        api = APIRouter(prefix="/console/api/queues")
        viewer = Depends(self._doors.viewer)
        changing = Depends(self._doors.changing)
        service = self._administration

        async def everything(viewer: Viewer = viewer) -> dict[str, Any]:
            return await self._everything(viewer)

        async def choices(conversation: str = "", viewer: Viewer = viewer) -> dict[str, Any]:
            return await queue_choices(service.broker, viewer, conversation)

        async def create(b: body.NewQueue, viewer: Viewer = changing) -> dict[str, Any]:
            self._check(b)
            created = await service.create(viewer, b)
            return {**await self._everything(viewer), "created": created}

        async def change(queue_id: str, b: body.ChangedQueue, viewer: Viewer = changing) -> dict[str, Any]:
            self._check(b)
            await service.change(viewer, queue_id, b)
            return await self._everything(viewer)

        async def order(b: body.Order, viewer: Viewer = changing) -> dict[str, Any]:
            await service.order(viewer, b)
            return await self._everything(viewer)

        async def serve(staff_id: str, b: body.Serving, viewer: Viewer = changing) -> dict[str, Any]:
            await service.serve(viewer, staff_id, b)
            return await self._everything(viewer)

        async def weigh(b: body.NewWeights, viewer: Viewer = changing) -> dict[str, Any]:
            await service.weigh(viewer, b)
            return await self._everything(viewer)

        api.add_api_route("", everything, methods=["GET"])
        api.add_api_route("/choices", choices, methods=["GET"])
        api.add_api_route("", create, methods=["POST"])
        api.add_api_route("/order", order, methods=["PUT"])
        api.add_api_route("/weights", weigh, methods=["PUT"])
        api.add_api_route("/people/{staff_id}", serve, methods=["PUT"])
        api.add_api_route("/{queue_id}", change, methods=["PUT"])
        return api

    def _check(self, wanted: body.NewQueue) -> None:
        """Refuses what the catalogue and the channels do not know."""
        right = {
            "services": all(map(self._catalogue.knows_service, wanted.services)),
            "topics": set(TOPICS).issuperset(wanted.topics),
            "channels": {WEBCHAT, *self._channels.names}.issuperset(wanted.channels),
        }
        for field, known in right.items():
            if not known:
                raise PieturaError("bad_value", field=field)

    async def _everything(self, viewer: Viewer) -> dict[str, Any]:
        supervisors_only(viewer)
        broker = self._administration.broker
        now = broker.clock.now()
        async with broker.db.read() as session:
            queues = await repository.queues(session)
            waiting = await repository.waiting_numbers(session)
            weights = await repository.weights(session)
            centres = await people.centres(session)
            staff = [one for one in await people.everybody(session) if one.role == "operator"]
            carried = await repository.loads(session, [one.id for one in staff])
        named = {one.id: one.name for one in centres}
        known = {skill for queue in queues for skill in queue.skills} | {skill for one in staff for skill in one.skills}

        def person(one: Staff) -> dict[str, Any]:
            return {
                "id": one.id,
                "name": one.name,
                "role": one.role,
                "centre": {"id": one.centre_id, "name": named.get(one.centre_id or "")} if one.centre_id else None,
                "online": repository.is_present(one, now),
                "availability": one.availability,
                "away_reason": one.away_reason,
                "carries": carried.get(one.id, 0),
                "capacity": one.capacity,
                "languages": one.languages,
                "skills": one.skills,
                "version": one.serving_version,
            }

        return {
            "queues": [_queue(one, waiting.get(one.id, 0), viewer.lang) for one in queues],
            "people": [person(one) for one in staff],
            "weights": {
                "version": weights.version,
                "webchat": weights.webchat,
                "direct": weights.direct,
                "comment": weights.comment,
            },
            "known": {
                "channels": [WEBCHAT, *self._channels.names],
                "centres": [{"id": one.id, "name": one.name} for one in centres],
                "services": self._catalogue.services(viewer.lang),
                "skills": sorted(known),
            },
        }


def _queue(queue: Queue, waiting: int, lang: str) -> dict[str, Any]:
    return {
        "id": queue.id,
        "common": queue.id == COMMON,
        "title": queue.name(lang),
        "name": {"lv": queue.name_lv, "ru": queue.name_ru, "en": queue.name_en},
        "enabled": queue.enabled,
        "mode": queue.mode,
        "institutions": queue.institutions,
        "services": queue.services,
        "topics": queue.topics,
        "languages": queue.languages,
        "channels": queue.channels,
        "skills": queue.skills,
        "centres": queue.centres,
        "overflow_after_s": queue.overflow_after_s,
        "overflow_centres": queue.overflow_centres,
        "offer_timeout_s": queue.offer_timeout_s,
        "version": queue.version,
        "waiting": waiting,
    }
