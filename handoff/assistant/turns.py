"""The assistant's turns. A turn is stored with the message it answers; whoever dies half-way leaves it to another worker.

The assistant thinks outside any transaction. Its answer counts only if the conversation is still its to answer: the same
version, the state ``bot``. An operator who took over meanwhile is never talked over.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from typing import Any

import structlog

from handoff.assistant.ports import AssistantUnavailable, Reply, TurnRequest
from handoff.broker import Broker, PendingTurn
from handoff.conversations import repository
from handoff.conversations.events import EventLog
from handoff.conversations.models import Message, Turn
from handoff.conversations.schemas import Utterance
from handoff.state_machine import Actor, State
from kit.db import UnitOfWork
from kit.errors import Conflict

log = structlog.get_logger(__name__)
_MAX_ATTEMPTS = 3


class Turns:
    """Runs turns, one at a time in each conversation."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._tasks: set[asyncio.Task[None]] = set()
        self._order: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        broker.on_turn = self.start

    def start(self, turn: PendingTurn) -> None:
        """Works on a turn in the background."""
        self._spawn(self._run(turn.message, turn.standing))

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Any) -> None:
        try:
            await work
        except Exception:
            # Not lost: the turn's lease runs out and the sweep takes it up again.
            log.exception("turn failed")

    async def _run(self, message: Message, standing: repository.Standing | None, attempts: int = 1) -> None:
        """Answers one message, or leaves it alone when it is no longer the assistant's to answer."""
        lock = self._order.setdefault(message.conversation_id, asyncio.Lock())
        if lock.locked():
            # The turn before this one is still under way and will change what is remembered.
            standing = None
        async with lock:
            standing = standing or await self._look(message.conversation_id)
            if standing is None:
                return
            started = time.monotonic()
            reply = await self._think(message, standing, attempts) if standing.state == State.BOT else None
            took_ms = round((time.monotonic() - started) * 1000)
            try:
                await self._store(message, standing, reply, took_ms)
            except Conflict:
                # Another hand changed the conversation meanwhile: it is no longer the assistant's to answer.
                async with self._broker.db.unit() as unit:
                    await repository.finish_turn(unit.session, message.id, self._broker.clock.now(), "dropped", took_ms)

    async def _look(self, conversation_id: str) -> repository.Standing | None:
        async with self._broker.db.read() as session:
            found = await repository.get(session, conversation_id)
        if found is None:
            return None
        return repository.Standing(
            found.id, found.version, found.state, found.lang, found.site, found.context, found.last_seq
        )

    async def _think(self, message: Message, standing: repository.Standing, attempts: int) -> Reply | None:
        """The assistant's reply; None when there is none to be had and a person must take over."""
        if attempts > _MAX_ATTEMPTS:
            log.error("gave up on a turn, handing over", conversation=standing.id, attempts=attempts)
            return None
        request = TurnRequest(
            conversation_id=standing.id,
            text=message.text,
            payload=message.payload,
            lang=message.lang,
            site=standing.site,
            context=standing.context,
            masked=tuple(message.extras.get("masked", ())),
        )
        try:
            return await self._broker.assistant.answer(request)
        except AssistantUnavailable as error:
            log.warning("assistant unavailable, handing over", conversation=standing.id, why=error.why)
        except Exception:
            # A fault of ours is no reason to keep the citizen waiting: he gets a person, the log gets the fault.
            log.exception("assistant failed, handing over", conversation=standing.id)
        return None

    async def _store(self, message: Message, standing: repository.Standing, reply: Reply | None, took_ms: int) -> None:
        broker = self._broker
        outcome = reply.outcome if reply is not None else "unavailable"
        if standing.state != State.BOT:
            outcome = "dropped"
        async with broker.db.unit() as unit:
            if not await repository.finish_turn(unit.session, message.id, broker.clock.now(), outcome, took_ms):
                return
            if standing.state != State.BOT:
                return
            events = broker.events(unit)
            if reply is None:
                await self._hand_over(unit, events, standing, "assistant_down", note="broker.assistant_down")
                return
            still_ours: dict[str, Any] = {"version": standing.version, "state": State.BOT}
            about = {
                name: value
                for name in ("service_id", "institution_id", "municipality_id", "topic")
                if (value := getattr(reply, name)) is not None
            }
            values = {"context": reply.context, "lang": reply.lang, **about}
            utterances = self._with_masking_notice(reply, message)
            if utterances:
                await broker.say(
                    unit,
                    events,
                    standing.id,
                    *utterances,
                    author_kind="assistant",
                    values=values,
                    **still_ours,
                )
            elif await repository.advance(unit.session, standing.id, values, **still_ours) is None:
                raise Conflict("changed")
            if reply.handoff is not None:
                actor = Actor.CITIZEN if reply.handoff.reason == "asked" else Actor.ASSISTANT
                await self._hand_over(
                    unit, events, standing, reply.handoff.reason, actor=actor, topic=reply.handoff.topic
                )

    async def _hand_over(
        self,
        unit: UnitOfWork,
        events: EventLog,
        standing: repository.Standing,
        reason: str,
        *,
        actor: Actor = Actor.SYSTEM,
        note: str = "broker.queued",
        topic: str | None = None,
    ) -> None:
        conversation = await repository.get(unit.session, standing.id)
        if conversation is None or conversation.version != standing.version:
            raise Conflict("changed")
        await self._broker.queue_for_person(
            unit, events, conversation, actor=actor, reason=reason, note=note, topic=topic
        )

    def _with_masking_notice(self, reply: Reply, message: Message) -> tuple[Utterance, ...]:
        if not message.extras.get("masked"):
            return reply.utterances
        notice = Utterance(self._broker.texts.text(reply.lang, "broker.masked"), reply.lang)
        return (notice, *reply.utterances)

    async def recover(self) -> int:
        """Takes up turns that somebody left unfinished; the number taken up."""
        broker = self._broker
        now = broker.clock.now()
        async with broker.db.read() as session:
            overdue = await repository.overdue_turns(session, now)
        if not overdue:
            return 0
        async with broker.db.unit() as unit:
            taken = [
                turn
                for turn in overdue
                if await repository.claim_turn(unit.session, turn, now + broker.policy.turn_lease)
            ]
        for turn in taken:
            self._spawn(self._take_up(turn))
        return len(taken)

    async def _take_up(self, turn: Turn) -> None:
        async with self._broker.db.read() as session:
            message = await session.get(Message, turn.message_id)
        if message is not None:
            await self._run(message, None, turn.attempts + 1)

    async def drain(self, timeout: float) -> None:
        """Waits for turns under way, at most ``timeout`` seconds; the rest is taken up after the next start."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout)
