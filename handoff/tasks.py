"""What time brings: orphaned turns, offers nobody accepts, citizens who are gone, conversations nobody ends.

Every worker sweeps; each change is compare-and-set, so two workers cannot do the same thing twice.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog
from sqlalchemy import and_, or_

from handoff.assistant.turns import Turns
from handoff.broker import Broker, Change
from handoff.channels import repository as platforms
from handoff.conversations import repository
from handoff.conversations.models import Conversation
from handoff.conversations.schemas import WEBCHAT
from handoff.queue.service import PRESENT
from handoff.staff import repository as people
from handoff.state_machine import Actor, State, Trigger
from kit.db import UnitOfWork
from kit.errors import Conflict, PieturaError

log = structlog.get_logger(__name__)


class Sweep:
    """Runs the sweeps every ``every`` seconds."""

    def __init__(self, broker: Broker, turns: Turns, every: float = 1.0) -> None:
        self._broker = broker
        self._turns = turns
        self._every = every
        self.last_error: str | None = None

    async def run(self) -> None:
        """Sweeps until cancelled; a failure is logged and the next round tried."""
        while True:
            try:
                await self.once()
                self.last_error = None
            except Exception as error:
                self.last_error = type(error).__name__
                log.exception("sweep failed")
            await asyncio.sleep(self._every)

    async def once(self) -> None:
        """One round."""
        await self._turns.recover()
        broker, policy = self._broker, self._broker.policy
        now = broker.clock.now()
        due = or_(
            and_(Conversation.state == State.BOT, Conversation.last_at < now - policy.idle_bot),
            and_(
                Conversation.state == State.OFFERED,
                # What nobody holds was offered by the router, which takes it back itself.
                Conversation.holder_id.is_not(None),
                Conversation.offered_at < now - policy.offer_timeout,
            ),
            and_(Conversation.state == State.WRAP_UP, Conversation.wrap_up_at < now - policy.wrap_up_timeout),
            and_(
                # On a platform nobody is seen to be gone: whoever waits there goes on waiting.
                Conversation.channel == WEBCHAT,
                or_(
                    Conversation.state == State.QUEUED,
                    and_(Conversation.state == State.OFFERED, Conversation.holder_id.is_(None)),
                ),
                Conversation.citizen_seen_at < now - policy.abandon_after,
                Conversation.last_at < now - policy.abandon_after,
                Conversation.contact.is_(None),
            ),
        )
        async with broker.db.read() as session:
            ids = [conversation.id for conversation in await repository.stale(session, due)]
            ids += [
                conversation.id
                for conversation in await repository.held_by_the_absent(session, self._absent_since(now))
            ]
        for conversation_id in ids:
            try:
                await self._settle(conversation_id)
            except (Conflict, PieturaError) as error:
                log.info("sweep met a change", conversation=conversation_id, code=error.code)

    def _absent_since(self, now: datetime) -> datetime:
        """A console last heard of before this has been away for longer than its conversations are kept; of one that is known to
        be gone the last sign has been put back by ``PRESENT`` (:meth:`handoff.presence.service.Presence.went`)."""
        return now - PRESENT - self._broker.policy.holder_gone

    async def _holder_is_gone(self, unit: UnitOfWork, conversation: Conversation, now: datetime) -> bool:
        holder = await people.active(unit.session, conversation.holder_id or "")
        return holder is None or (holder.seen_at is not None and holder.seen_at < self._absent_since(now))

    async def _settle(self, conversation_id: str) -> None:
        broker, policy = self._broker, self._broker.policy
        now = broker.clock.now()
        async with broker.db.unit() as unit:
            conversation = await repository.get(unit.session, conversation_id)
            if conversation is None:
                return
            events = broker.events(unit)
            match State(conversation.state):
                case State.BOT if conversation.last_at < now - policy.idle_bot:
                    if await platforms.has_sends(unit.session, conversation.id, platforms.PENDING):
                        # The assistant has answered and the platform has not taken it yet: that may still fail.
                        return
                    if await platforms.has_unknown_answer(unit.session, conversation.id):
                        # Nothing has told whether it arrived. A person looks, instead of nobody.
                        await broker.queue_for_person(
                            unit,
                            events,
                            conversation,
                            actor=Actor.SYSTEM,
                            reason="not_delivered",
                            note=None,
                        )
                        return
                    await broker.citizen_leaves(unit, conversation, Actor.SYSTEM, cause="idle")
                case State.QUEUED | State.OFFERED if (
                    conversation.channel == WEBCHAT
                    and conversation.holder_id is None
                    and (conversation.citizen_seen_at or now) < now - policy.abandon_after
                ):
                    await broker.citizen_leaves(unit, conversation, Actor.SYSTEM, cause="gone")
                case State.OFFERED if (
                    conversation.holder_id is not None and (conversation.offered_at or now) < now - policy.offer_timeout
                ):
                    change = Change(
                        Trigger.DECLINE,
                        Actor.SYSTEM,
                        cause="offer_timeout",
                        values={"offered_to_id": None, "offer_until": None},
                    )
                    await broker.change(unit, events, conversation, change)
                case State.ACTIVE | State.ON_HOLD if await self._holder_is_gone(unit, conversation, now):
                    await broker.requeue(unit, conversation, "operator_gone")
                case State.LEVEL2 if conversation.unread and await self._holder_is_gone(unit, conversation, now):
                    # A specialist may take a day, and its operator goes home meanwhile: only what nobody reads cannot wait.
                    await broker.requeue(unit, conversation, "operator_gone")
                case State.WRAP_UP if (conversation.wrap_up_at or now) < now - policy.wrap_up_timeout:
                    change = Change(Trigger.CLOSE, Actor.SYSTEM, cause="wrap_up_timeout")
                    await broker.end(unit, events, conversation, change, "not_classified")
                case _:
                    return
