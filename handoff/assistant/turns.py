"""The assistant's turns. A turn is stored with the message it answers; whoever dies half-way leaves it to another worker.

The assistant thinks outside any transaction. Its answer counts only if the conversation is still its to answer: the same
version, the state ``bot``. An operator who took over meanwhile is never talked over.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from datetime import timedelta

import structlog

from handoff.assistant.ports import AssistantUnavailable, Reply, TurnRequest
from handoff.broker import Broker
from handoff.conversations import repository
from handoff.conversations.models import Conversation, Message, Turn
from handoff.conversations.schemas import Utterance
from handoff.state_machine import Actor, State
from kit.errors import Conflict

log = structlog.get_logger(__name__)


class Turns:
    """Runs turns, one at a time in each conversation."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._tasks: set[asyncio.Task[None]] = set()
        self._order: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        broker.on_turn = self.start

    def start(self, message_id: str) -> None:
        """Works on a turn in the background."""
        task = asyncio.create_task(self._guarded(message_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, message_id: str) -> None:
        try:
            await self.run(message_id)
        except Exception:
            # Not lost: the turn's lease runs out and the sweep takes it up again.
            log.exception("turn failed", message=message_id)

    async def run(self, message_id: str) -> None:
        """Answers one message, or leaves it alone when it is answered or no longer the assistant's."""
        broker = self._broker
        async with broker.db.read() as session:
            turn = await session.get(Turn, message_id)
            message = await session.get(Message, message_id)
            if turn is None or message is None or turn.done_at is not None:
                return
            conversation_id = turn.conversation_id
            attempts = turn.attempts
        lock = self._order.setdefault(conversation_id, asyncio.Lock())
        async with lock:
            async with broker.db.read() as session:
                conversation = await repository.get(session, conversation_id)
            if conversation is None:
                return
            started = time.monotonic()
            reply: Reply | None = None
            if conversation.state == State.BOT:
                try:
                    if attempts > 3:
                        raise AssistantUnavailable("gave up after three attempts")
                    reply = await broker.assistant.answer(
                        TurnRequest(
                            conversation_id=conversation.id,
                            text=message.text,
                            payload=message.payload,
                            lang=message.lang,
                            site=conversation.site,
                            context=conversation.context,
                            masked=tuple((message.extras or {}).get("masked", ())),
                        )
                    )
                except AssistantUnavailable as error:
                    log.warning("assistant unavailable, handing over", conversation=conversation.id, why=error.why)
                except Exception:
                    # A fault of ours is no reason to keep the citizen waiting: he gets a person, the log gets the fault.
                    log.exception("assistant failed, handing over", conversation=conversation.id)
            took = timedelta(seconds=time.monotonic() - started)
            try:
                await self._store(conversation, message, reply, took)
            except Conflict:
                # Somebody changed the conversation while we were storing: look again with fresh eyes.
                log.info("turn met a change, looking again", conversation=conversation.id)
                await self._store_dropped(message, took)

    async def _store(self, before: Conversation, message: Message, reply: Reply | None, took: timedelta) -> None:
        broker = self._broker
        async with broker.db.unit() as unit:
            turn = await unit.session.get(Turn, message.id, with_for_update=unit.dialect == "postgresql")
            conversation = await repository.get(unit.session, before.id)
            if turn is None or turn.done_at is not None or conversation is None:
                return
            turn.done_at = broker.clock.now()
            turn.took_ms = round(took.total_seconds() * 1000)
            if conversation.state != State.BOT or conversation.version != before.version:
                turn.outcome = "dropped"
                return
            events = broker.events(unit)
            if reply is None:
                turn.outcome = "unavailable"
                await broker.queue_for_person(
                    unit,
                    events,
                    conversation,
                    actor=Actor.SYSTEM,
                    reason="assistant_down",
                    note="broker.assistant_down",
                )
                return
            turn.outcome = reply.outcome
            conversation.context = reply.context
            conversation.lang = reply.lang
            conversation.service_id = reply.service_id or conversation.service_id
            conversation.institution_id = reply.institution_id or conversation.institution_id
            conversation.municipality_id = reply.municipality_id or conversation.municipality_id
            conversation.topic = reply.topic or conversation.topic
            await unit.session.flush()
            for utterance in self._with_masking_notice(reply, message):
                await broker.say(unit, events, conversation, utterance, author_kind="assistant")
            if reply.handoff is not None:
                await broker.queue_for_person(
                    unit,
                    events,
                    conversation,
                    actor=Actor.CITIZEN if reply.handoff.reason == "asked" else Actor.ASSISTANT,
                    reason=reply.handoff.reason,
                    topic=reply.handoff.topic,
                )

    def _with_masking_notice(self, reply: Reply, message: Message) -> tuple[Utterance, ...]:
        if not (message.extras or {}).get("masked"):
            return reply.utterances
        notice = Utterance(self._broker.texts.text(reply.lang, "broker.masked"), reply.lang)
        return (notice, *reply.utterances)

    async def _store_dropped(self, message: Message, took: timedelta) -> None:
        async with self._broker.db.unit() as unit:
            turn = await unit.session.get(Turn, message.id)
            if turn is not None and turn.done_at is None:
                turn.done_at = self._broker.clock.now()
                turn.took_ms = round(took.total_seconds() * 1000)
                turn.outcome = "dropped"

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
                turn.message_id
                for turn in overdue
                if await repository.claim_turn(unit.session, turn, now + broker.policy.turn_lease)
            ]
        for message_id in taken:
            self.start(message_id)
        return len(taken)

    async def drain(self, timeout: float) -> None:
        """Waits for turns under way, at most ``timeout`` seconds; the rest is taken up after the next start."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout)
