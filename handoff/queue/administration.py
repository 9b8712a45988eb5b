"""Queues, weights and what people can serve, as supervisors set them. Every change is on record with before and after."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Broker
from handoff.console.doors import supervisors_only
from handoff.queue import repository
from handoff.queue import schemas as body
from handoff.queue.models import COMMON, Queue, Weights
from handoff.queue.placing import place_anew
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from handoff.state_machine import Actor
from kit.db import UnitOfWork
from kit.errors import Conflict, NotFound, PieturaError

_RULES: Final = ("institutions", "services", "topics", "languages", "channels")
_FIELDS: Final = (
    "enabled",
    "mode",
    *_RULES,
    "skills",
    "centres",
    "overflow_after_s",
    "overflow_centres",
    "offer_timeout_s",
)
_SERVING: Final = ("languages", "skills", "capacity")
_WEIGHTS: Final = ("webchat", "direct", "comment")


class QueueAdministration:
    """What supervisors do with queues."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    async def create(self, viewer: Viewer, wanted: body.NewQueue) -> str:
        """Adds a queue, the last before the common one; its id.

        Raises:
            Forbidden: only supervisors and administrators.
            PieturaError: ``bad_value``: something it names does not exist.
        """
        supervisors_only(viewer)
        async with self.broker.db.unit() as unit:
            await self._check(unit.session, wanted)
            rows = await repository.queues(unit.session)
            queue = Queue(
                id=str(uuid.uuid4()),
                position=max((row.position for row in rows if row.id != COMMON), default=0) + 1,
                version=1,
                **_columns(wanted),
            )
            unit.session.add(queue)
            await self._changed(unit, viewer, "queue_created", queue.id, {}, _columns(wanted))
        return queue.id

    async def change(self, viewer: Viewer, queue_id: str, wanted: body.ChangedQueue) -> None:
        """Changes a queue; what waits moves to where the rules put it now.

        Raises:
            NotFound: no such queue.
            Conflict: ``queue_changed``: somebody else has changed it meanwhile.
            PieturaError: ``bad_value``; ``common_queue``: the common queue takes everything and is always on.
        """
        supervisors_only(viewer)
        async with self.broker.db.unit() as unit:
            queue = await repository.queue(unit.session, queue_id)
            if queue is None:
                raise NotFound()
            await self._check(unit.session, wanted)
            if queue_id == COMMON and (not wanted.enabled or any(getattr(wanted, rule) for rule in _RULES)):
                raise PieturaError("common_queue")
            before, after = _view(queue), _columns(wanted)
            if not await repository.set_where_version(unit.session, Queue, queue_id, wanted.version):
                raise Conflict("queue_changed")
            for name, value in after.items():
                setattr(queue, name, value)
            await self._changed(unit, viewer, "queue_changed", queue_id, before, after)

    async def order(self, viewer: Viewer, wanted: body.Order) -> None:
        """Puts the queues in another order: a conversation goes into the first that takes it.

        Raises:
            Conflict: ``queue_changed``: they are not in the order any more that the person saw.
            PieturaError: ``bad_value``: not the same queues.
        """
        supervisors_only(viewer)
        async with self.broker.db.unit() as unit:
            rows = {row.id: row for row in await repository.queues(unit.session) if row.id != COMMON}
            if list(rows) != wanted.seen:
                raise Conflict("queue_changed")
            if sorted(rows) != sorted(wanted.order):
                raise PieturaError("bad_value", field="order")
            for number, queue_id in enumerate(wanted.order, 1):
                rows[queue_id].position = number
            await self._changed(unit, viewer, "queues_ordered", None, {"order": wanted.seen}, {"order": wanted.order})

    async def serve(self, viewer: Viewer, staff_id: str, wanted: body.Serving) -> None:
        """Sets which languages and skills a person has, and how much he carries at once.

        Raises:
            NotFound: no such operator.
            Conflict: ``serving_changed``: somebody else has changed it meanwhile.
        """
        supervisors_only(viewer)
        async with self.broker.db.unit() as unit:
            staff = await people.active(unit.session, staff_id)
            # The router asks operators alone: of nobody else would it mean anything.
            if staff is None or staff.role != "operator":
                raise NotFound()
            before = {name: getattr(staff, name) for name in _SERVING}
            if not await repository.set_where_serving(unit.session, staff_id, wanted.version):
                raise Conflict("serving_changed", name=staff.name)
            after = {name: getattr(wanted, name) for name in _SERVING}
            for name, value in after.items():
                setattr(staff, name, value)
            self._record(unit, viewer, "serving_changed", staff_id, before, after)
            self.broker.events(unit).add("colleagues", None, actor_kind=Actor.STAFF, actor_id=viewer.id)

    async def weigh(self, viewer: Viewer, wanted: body.NewWeights) -> None:
        """Sets what conversations weigh; those that wait or are held keep their weight.

        Raises:
            Conflict: ``weights_changed``.
        """
        supervisors_only(viewer)
        async with self.broker.db.unit() as unit:
            weights = await repository.weights(unit.session)
            before = {name: getattr(weights, name) for name in _WEIGHTS}
            if not await repository.set_where_version(unit.session, Weights, 1, wanted.version):
                raise Conflict("weights_changed")
            after = {name: getattr(wanted, name) for name in _WEIGHTS}
            for name, value in after.items():
                setattr(weights, name, value)
            self._record(unit, viewer, "weights_changed", None, before, after)

    async def _check(self, session: AsyncSession, wanted: body.NewQueue) -> None:
        """Refuses rules that name what does not exist: nothing would ever match them."""
        centres = {one.id for one in await people.centres(session)}
        institutions = {one.id for one in await people.institutions(session)}
        _refuse_unknown("centres", wanted.centres, centres)
        _refuse_unknown("overflow_centres", wanted.overflow_centres, centres)
        _refuse_unknown("institutions", wanted.institutions, institutions)

    async def _changed(
        self,
        unit: UnitOfWork,
        viewer: Viewer,
        action: str,
        object_id: str | None,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        self._record(unit, viewer, action, object_id, before, after)
        await unit.session.flush()
        events = self.broker.events(unit)
        events.add("queues", None, actor_kind=Actor.STAFF, actor_id=viewer.id)
        queues = await repository.queues(unit.session)
        for conversation in await repository.all_waiting(unit.session):
            await place_anew(unit.session, events, queues, conversation, Actor.STAFF, viewer.id)

    def _record(
        self,
        unit: UnitOfWork,
        viewer: Viewer,
        action: str,
        object_id: str | None,
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        changed = [name for name in after if before.get(name) != after[name]]
        people.audit(
            unit.session,
            self.broker.clock.now(),
            viewer.id,
            action,
            object_id,
            before={name: before[name] for name in changed if name in before},
            after={name: after[name] for name in changed},
        )


def _refuse_unknown(field: str, named: Iterable[str], known: set[str]) -> None:
    if not known.issuperset(named):
        raise PieturaError("bad_value", field=field)


def _columns(wanted: body.NewQueue) -> dict[str, Any]:
    name = wanted.name
    return {
        "name_lv": name.lv,
        "name_ru": name.ru or name.lv,
        "name_en": name.en or name.lv,
        **{field: getattr(wanted, field) for field in _FIELDS},
    }


def _view(queue: Queue) -> dict[str, Any]:
    return {name: getattr(queue, name) for name in ("name_lv", "name_ru", "name_en", *_FIELDS)}
