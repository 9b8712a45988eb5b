"""The router: puts each waiting conversation to the best free person, and takes it back when nothing comes of it.

It works on queues of mode ``offers``; what waits in the others is taken by hand. Every worker routes: a person's row is held
while his load is counted and the offer made, and the offer itself is compare-and-set, so no two workers can fill one place
twice. What the router does is in the event log, with why this person; why nobody is asked is kept with the conversation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from handoff.broker import Broker, Change
from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation
from handoff.presence import service as presence
from handoff.queue import repository
from handoff.queue.matching import Choice, Nobody, Operator, Waiting, choose
from handoff.queue.models import COMMON, Queue
from handoff.queue.placing import where_now
from handoff.staff import repository as people
from handoff.state_machine import Actor, State, Trigger
from kit.bus import Notice
from kit.clock import iso
from kit.db import UnitOfWork
from kit.errors import PieturaError

log = structlog.get_logger(__name__)
#: Offers in a row that run out before a person counts as away: so that offers do not go into the void.
MISSED_OFFERS: Final = 2
#: Why somebody is away who did not choose it: a key of ``away_reason.*`` in the console's catalogue.
MISSED: Final = "missed_offers"
#: What may give the router something to do.
_WAKING: Final = frozenset({"state", "colleagues", "queues"})


class Router:
    """Routes when something happens, and every second."""

    def __init__(self, broker: Broker, every: float = 1.0) -> None:
        """``every``: seconds between two looks when nothing happens (overflow and pauses come by time)."""
        self._broker = broker
        self._every = every
        self._wake = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self.last_error: str | None = None

    async def on_notice(self, notice: Notice) -> None:
        """Listens to the bus: work arrived or ended, somebody came or became available."""
        if notice["kind"] == "event" and notice.get("event") in _WAKING:
            self._wake.set()

    async def run(self) -> None:
        """Routes until cancelled; a failure is logged and the next round tried."""
        while True:
            try:
                await asyncio.wait_for(self._wake.wait(), self._every)
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                await self.once()
                self.last_error = None
            except Exception as error:
                self.last_error = type(error).__name__
                log.exception("routing failed")
                await asyncio.sleep(self._every)

    async def once(self) -> int:
        """One round: takes back what nothing came of, then offers what waits. How many offers were made."""
        async with self._one_at_a_time:
            await self._take_back()
            return await self._offer_all()

    async def _take_back(self) -> None:
        broker = self._broker
        async with broker.db.read() as session:
            ids = [one.id for one in await repository.offers_to_take_back(session, broker.clock.now())]
        for conversation_id in ids:
            try:
                await self._take_one_back(conversation_id)
            except PieturaError as error:
                log.info("router met a change", conversation=conversation_id, code=error.code)

    async def _take_one_back(self, conversation_id: str) -> None:
        broker = self._broker
        now = broker.clock.now()
        async with broker.db.unit() as unit:
            conversation = await conversations.get(unit.session, conversation_id)
            if conversation is None or conversation.state != State.OFFERED or conversation.holder_id is not None:
                return
            staff = await repository.locked(unit.session, conversation.offered_to_id or "")
            if staff is None or repository.is_gone(staff, now):
                await pass_on(broker, unit, conversation, Actor.SYSTEM, cause="offer_gone")
            elif conversation.offer_until is not None and conversation.offer_until < now:
                await pass_on(broker, unit, conversation, Actor.SYSTEM, cause="offer_timeout")

    async def _offer_all(self) -> int:
        broker = self._broker
        now = broker.clock.now()
        async with broker.db.read() as session:
            queues = {
                one.id: (number, one)
                for number, one in enumerate(await repository.queues(session))
                if one.mode == "offers" and one.enabled
            }
            if not queues:
                return 0
            waiting = await repository.waiting_in(session, list(queues))
            if not waiting:
                return 0
            team = await repository.team(session, now)
        # Sorting keeps the order of waiting within a queue.
        offers = 0
        for conversation in sorted(waiting, key=lambda one: queues[one.queue_id or COMMON][0]):
            offers += await self._offer(queues[conversation.queue_id or COMMON][1], conversation, team)
        return offers

    async def _offer(self, queue: Queue, conversation: Conversation, team: Sequence[Operator]) -> bool:
        now = self._broker.clock.now()
        waiting = waiting_of(conversation)
        found = choose(queue, waiting, team, now)
        try:
            if isinstance(found, Nobody):
                await self._note_why_nobody(conversation, found)
                return False
            if await self._put_to(queue, waiting, found):
                found.operator.load += waiting.weight
                return True
        except PieturaError as error:
            log.info("router met a change", conversation=conversation.id, code=error.code)
            return False
        # He is not as he was a moment ago: not to be counted on in this round; the next one looks anew.
        found.operator.available = False
        self._wake.set()
        return False

    async def _put_to(self, queue: Queue, waiting: Waiting, choice: Choice) -> bool:
        broker = self._broker
        now = broker.clock.now()
        chosen = choice.operator
        async with broker.db.unit() as unit:
            staff = await repository.locked(unit.session, chosen.id)
            if staff is None or repository.is_gone(staff, now):
                return False
            chosen.load = (await repository.loads(unit.session, [chosen.id])).get(chosen.id, 0)
            chosen.capacity = staff.capacity
            if not chosen.fits(waiting.weight):
                return False
            conversation = await conversations.get(unit.session, waiting.id)
            if conversation is None:
                return False
            values = {
                "offered_to_id": chosen.id,
                "offered_at": now,
                "offer_until": now + timedelta(seconds=queue.offer_timeout_s),
                "waits_for": None,
            }
            change = Change(
                Trigger.ROUTE,
                Actor.SYSTEM,
                cause="route",
                version=waiting.version,
                values=values,
                data={"to": chosen.name, "to_id": chosen.id, "why": choice.why},
            )
            await broker.change(unit, broker.events(unit), conversation, change)
        return True

    async def _note_why_nobody(self, conversation: Conversation, nobody: Nobody) -> None:
        told = nobody.told()
        if conversation.waits_for == told:
            return
        broker = self._broker
        async with broker.db.unit() as unit:
            unchanged = (Conversation.version == conversation.version) & (Conversation.state == State.QUEUED.value)
            if await conversations.set_where(unit.session, conversation.id, unchanged, {"waits_for": told}) is None:
                return
            broker.events(unit).add(
                "waits", conversation.id, actor_kind=Actor.SYSTEM, cause=nobody.code, data=nobody.values
            )


def waiting_of(conversation: Conversation) -> Waiting:
    """A waiting conversation as the rules see it."""
    return Waiting(
        conversation.id,
        conversation.version,
        conversation.lang,
        conversation.weight,
        conversation.waiting_since or conversation.last_at,
        conversation.passed or {},
    )


async def pass_on(
    broker: Broker,
    unit: UnitOfWork,
    conversation: Conversation,
    actor: Actor,
    *,
    cause: str,
    actor_id: str | None = None,
    version: int | None = None,
) -> Conversation:
    """Takes an offer of the router's back into the queue; the conversation keeps the time it has waited.

    ``cause``: ``decline``, ``offer_timeout`` or ``offer_gone``. Who lets two offers in a row run out is set to away.

    Raises:
        Conflict: it has changed meanwhile.
    """
    now = broker.clock.now()
    staff = await repository.locked(unit.session, conversation.offered_to_id or "")
    offered_at = conversation.offered_at
    events = broker.events(unit)
    passed = dict(conversation.passed or {})
    if staff is not None and cause != "offer_gone":
        # Who is gone has not passed: when he is back he may be asked at once.
        passed[staff.id] = str(iso(now))
    # The rules may have changed while it was offered: it goes back to where it would be put today.
    where = where_now(await repository.queues(unit.session), conversation)
    values = {
        "offered_to_id": None,
        "offered_at": None,
        "offer_until": None,
        "passed": passed,
        **where,
    }
    change = Change(
        Trigger.PASS,
        actor,
        actor_id,
        cause=f"pass_{cause}" if cause == "decline" else cause,
        version=version,
        values=values,
        data={"from": staff.name} if staff is not None else {},
    )
    changed = await broker.change(unit, events, conversation, change)
    if staff is None:
        return changed
    if cause == "decline":
        staff.missed_offers = 0
    elif cause == "offer_timeout" and (staff.missed_at is None or offered_at is None or offered_at >= staff.missed_at):
        # Two that lay before him at the same time are one that he did not see.
        staff.missed_offers, staff.missed_at = staff.missed_offers + 1, now
        if staff.missed_offers >= MISSED_OFFERS and staff.availability == "available":
            staff.availability, staff.away_reason = "away", MISSED
            await presence.changed(unit.session, staff, now)
            people.audit(unit.session, now, None, "set_away", staff.id, reason=MISSED)
            events.add("colleagues", None, actor_kind=Actor.SYSTEM, actor_id=staff.id, cause=MISSED)
    return changed
