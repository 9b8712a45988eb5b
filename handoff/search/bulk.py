"""The same done to many conversations: each in a transaction of its own, by the version that was seen, or not at all."""

from __future__ import annotations

from typing import Any

from handoff.broker import Broker, Change
from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation
from handoff.conversations.schemas import WEBCHAT
from handoff.desk import OUTCOMES, TOPICS, Desk, refuse_unread
from handoff.queue import repository as queues
from handoff.queue.matching import UNIT
from handoff.queue.transfer import HANDED_ON, noted_first
from handoff.search.schemas import Bulk, Selected
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from handoff.state_machine import Actor, State, Trigger
from kit.db import UnitOfWork
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.textual import clean

#: Acts that end a conversation as something that needs no answer.
_MARKS = ("spam", "duplicate")


class BulkDesk:
    """The desk's acts for several conversations. What waits is taken and handed on, or taken and ended, in one transaction."""

    def __init__(self, broker: Broker, desk: Desk) -> None:
        self._broker = broker
        self._desk = desk

    async def carry_out(self, viewer: Viewer, wanted: Bulk) -> list[dict[str, Any]]:
        """Does it to one after the other; for each whether it was done, and if not, why not.

        Raises:
            Forbidden: he serves nobody.
            PieturaError: what all have in common is wrong: ``bad_topic``, ``bad_outcome``, ``bad_colleague``.
        """
        if not viewer.serves:
            raise Forbidden()
        await self._check(viewer, wanted)
        results = []
        for item in wanted.items:
            try:
                await self._one(viewer, wanted, item)
            except PieturaError as error:
                results.append({"id": item.id, "ok": False, "code": error.code, "title": self._why(viewer, error)})
            else:
                results.append({"id": item.id, "ok": True, "code": None, "title": None})
        async with self._broker.db.unit() as unit:
            done = [one["id"] for one in results if one["ok"]]
            people.audit(
                unit.session,
                self._broker.clock.now(),
                viewer.id,
                f"bulk_{wanted.act}",
                None,
                done=done,
                of=len(results),
            )
        return results

    async def _check(self, viewer: Viewer, wanted: Bulk) -> None:
        if wanted.act == "close":
            if wanted.topic not in TOPICS:
                raise PieturaError("bad_topic")
            if wanted.outcome not in OUTCOMES:
                raise PieturaError("bad_outcome")
        if wanted.act == "transfer":
            async with self._broker.db.read() as session:
                colleague = await people.active(session, wanted.to_user)
            if colleague is None or colleague.role not in ("operator", "supervisor") or colleague.id == viewer.id:
                raise PieturaError("bad_colleague")
        if wanted.act == "to_queue":
            async with self._broker.db.read() as session:
                queue = await queues.queue(session, wanted.queue_id)
            if queue is None or not queue.enabled:
                raise PieturaError("queue_off")

    def _why(self, viewer: Viewer, error: PieturaError) -> str:
        key = f"error.{error.code}"
        texts = self._broker.texts
        try:
            return texts.text(viewer.lang, key, **error.details)
        except KeyError:
            return texts.text(viewer.lang, "error.changed")

    async def _one(self, viewer: Viewer, wanted: Bulk, item: Selected) -> None:
        match wanted.act:
            case "take":
                await self._room(viewer, item)
                await self._desk.take(viewer, item.id, item.version)
            case "transfer":
                await self._transfer(viewer, wanted, item)
            case "to_queue":
                await self._desk.to_queue(viewer, item.id, item.version, wanted.queue_id, wanted.note)
            case _:
                await self._close(viewer, wanted, item)

    async def _room(self, viewer: Viewer, item: Selected) -> None:
        """An operator takes no more than he can carry, by weight as the router counts; who supervises knows what he does."""
        if viewer.role != "operator":
            return
        async with self._broker.db.read() as session:
            person = await people.active(session, viewer.id)
            wanted = await conversations.visible(session, viewer, item.id)
            carried = (await queues.loads(session, [viewer.id])).get(viewer.id, 0)
        if person is None or wanted is None:
            return
        if carried + wanted.weight > person.capacity * UNIT:
            raise PieturaError("no_capacity", limit=person.capacity)

    async def _transfer(self, viewer: Viewer, wanted: Bulk, item: Selected) -> None:
        broker = self._broker
        async with broker.db.unit() as unit:
            conversation, waits = await self._load(unit, viewer, item)
            if not waits and conversation.holder_id == viewer.id:
                held = conversation
            elif waits and viewer.supervises:
                held = await self._take(unit, viewer, conversation, told=False)
            else:
                raise Forbidden()
            colleague = await people.active(unit.session, wanted.to_user)
            note = clean(wanted.note)[:1000]
            told: dict[str, str] = {}
            if note:
                told["summary"] = noted_first(broker.texts, HANDED_ON, viewer.name, note, held.summary)
            change = Change(
                Trigger.OFFER,
                Actor.STAFF,
                viewer.id,
                cause="transfer",
                version=held.version,
                values={
                    "offered_to_id": wanted.to_user,
                    "offered_at": broker.clock.now(),
                    "offer_until": broker.clock.now() + broker.policy.offer_timeout,
                    **told,
                },
                data={"to": colleague.name if colleague else "", **({"note": note} if note else {})},
            )
            await broker.change(unit, broker.events(unit), held, change)

    async def _close(self, viewer: Viewer, wanted: Bulk, item: Selected) -> None:
        broker = self._broker
        mark = wanted.act in _MARKS
        async with broker.db.unit() as unit:
            conversation, waits = await self._load(unit, viewer, item)
            events = broker.events(unit)
            if waits:
                # Whoever closes it serves it: so the case has an operator and a centre. Of spam nobody is greeted.
                conversation = await self._take(unit, viewer, conversation, told=not mark)
            elif conversation.holder_id != viewer.id:
                winner = await conversations.staff_name(unit.session, conversation.holder_id)
                if winner and conversation.closed_at is None:
                    raise Conflict("taken", winner=winner, state=conversation.state, version=conversation.version)
                raise Conflict("changed", state=conversation.state, version=conversation.version)
            if not mark and conversation.state != State.WRAP_UP:
                await broker.system_note(unit, events, conversation, "broker.closed")
            change = Change(
                Trigger.CLOSE,
                Actor.STAFF,
                viewer.id,
                cause="close",
                version=conversation.version,
                values={
                    "topic": (conversation.topic or "other") if mark else wanted.topic,
                    "closing_comment": clean(wanted.note)[:1000] or None,
                },
            )
            await broker.end(unit, events, conversation, change, wanted.act if mark else wanted.outcome)
            await refuse_unread(unit.session, conversation, item.seq)

    async def _load(self, unit: UnitOfWork, viewer: Viewer, item: Selected) -> tuple[Conversation, bool]:
        """The conversation as it was seen, and whether it waits in the queue."""
        conversation = await conversations.visible(unit.session, viewer, item.id)
        if conversation is None:
            raise NotFound()
        if conversation.version != item.version:
            raise Conflict("changed", state=conversation.state, version=conversation.version)
        return conversation, conversation.state == State.QUEUED

    async def _take(self, unit: UnitOfWork, viewer: Viewer, conversation: Conversation, *, told: bool) -> Conversation:
        broker = self._broker
        values: dict[str, Any] = {
            "holder_id": viewer.id,
            "centre_id": viewer.centre_id,
            "taken_at": conversation.taken_at or broker.clock.now(),
            "waiting_since": None,
            "waits_for": None,
            "level": max(1, conversation.level),
        }
        if conversation.channel == WEBCHAT:
            # There the beginning is due, on a platform the answer.
            values["due_at"] = None
        events = broker.events(unit)
        change = Change(Trigger.TAKE, Actor.STAFF, viewer.id, cause="take", version=conversation.version, values=values)
        taken = await broker.change(unit, events, conversation, change)
        if told:
            await broker.system_note(unit, events, taken, "broker.joined", name=viewer.name)
        return taken
