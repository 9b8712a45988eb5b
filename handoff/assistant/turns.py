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
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.assistant.ports import AssistantUnavailable, Reply, TurnRequest
from handoff.broker import Broker, PendingTurn, masked_key
from handoff.channels.comments import Answer, decide
from handoff.channels.rules import Place
from handoff.conversations import repository
from handoff.conversations.events import EventLog
from handoff.conversations.models import Message, Turn
from handoff.conversations.schemas import WEBCHAT, Button, Utterance
from handoff.state_machine import Actor, State
from kit.db import UnitOfWork
from kit.errors import Conflict
from kit.metrics import TURNS
from kit.tracing import bound

log = structlog.get_logger(__name__)
_MAX_ATTEMPTS = 3
#: What a button means to the assistant that asks for a person.
_PERSON = "handoff"
#: Number of the first message of a conversation that begins with the assistant's words.
_AFTER_GREETING = 2


class _Edited(Exception):
    """The message has another text than the one that was answered."""


class Turns:
    """Runs turns, one at a time in each conversation."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._tasks: set[asyncio.Task[None]] = set()
        self._order: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
        broker.on_turn = self.start

    @property
    def under_way(self) -> int:
        """How many turns this worker is busy with."""
        return len(self._tasks)

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
        with bound(conversation=message.conversation_id):
            await self._work(message, standing, attempts)

    async def _work(self, message: Message, standing: repository.Standing | None, attempts: int) -> None:
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
            if standing.state == State.BOT:
                outcome = reply.outcome if reply is not None else "unavailable"
                TURNS.labels(outcome).inc()
                log.info("turn", seq=message.seq, outcome=outcome, ms=took_ms)
            try:
                await self._store(message, standing, reply, took_ms)
            except _Edited:
                # What was answered is no longer what he says. The turn is still open: it is taken up anew.
                async with self._broker.db.unit() as unit:
                    await repository.hurry_turn(unit.session, message.id, self._broker.clock.now())
            except Conflict:
                # Another hand changed the conversation meanwhile: it is no longer the assistant's to answer.
                async with self._broker.db.unit() as unit:
                    await repository.finish_turn(unit.session, message.id, self._broker.clock.now(), "dropped", took_ms)

    async def _look(self, conversation_id: str) -> repository.Standing | None:
        async with self._broker.db.read() as session:
            found = await repository.get(session, conversation_id)
        if found is None:
            return None
        return repository.Standing.of(found)

    async def _think(self, message: Message, standing: repository.Standing, attempts: int) -> Reply | None:
        """The assistant's reply; None when there is none to be had and a person must take over."""
        if attempts > _MAX_ATTEMPTS:
            log.error("gave up on a turn, handing over", conversation=standing.id, attempts=attempts)
            return None
        mark = message.extras.get("placeholder", "")
        text = message.text.removesuffix(mark).strip()
        if not text and not message.payload:
            return self._cannot_see(message, standing)
        async with self._broker.db.read() as session:
            place = await self._place(session, standing)
        request = TurnRequest(
            conversation_id=standing.id,
            # What a platform takes may be longer than what the assistant is made for.
            text=text[: self._broker.policy.text_limit],
            payload=message.payload,
            lang=message.lang,
            site=standing.site,
            context=standing.context,
            masked=tuple(message.extras.get("masked", ())),
            public=place is not None and place.is_comment,
        )
        try:
            return await self._broker.assistant.answer(request)
        except AssistantUnavailable as error:
            log.warning("assistant unavailable, handing over", conversation=standing.id, why=error.why)
        except Exception:
            # A fault of ours is no reason to keep the citizen waiting: he gets a person, the log gets the fault.
            log.exception("assistant failed, handing over", conversation=standing.id)
        return None

    def _cannot_see(self, message: Message, standing: repository.Standing) -> Reply:
        """Not a word was written. Of a picture, a sticker or a file the assistant says that it cannot look at it; whoever only
        pressed "start" is greeted, unless he was a moment ago."""
        lang = standing.lang
        if message.extras.get("attachments"):
            if standing.channel == WEBCHAT:
                return Reply("clarify", lang, (self._not_read(lang, button=True),), standing.context)
            said = Utterance(self._broker.texts.text(lang, "broker.cannot_see"), lang)
            return Reply("clarify", lang, (said,), standing.context)
        greeted = message.seq <= _AFTER_GREETING
        said_again = () if greeted else (self._broker.assistant.greeting(lang),)
        return Reply("smalltalk", lang, said_again, standing.context)

    async def _place(self, session: AsyncSession, standing: repository.Standing) -> Place | None:
        if standing.channel == WEBCHAT or self._broker.outbox is None:
            return None
        return await self._broker.outbox.place(session, standing.id)

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
            place = await self._place(unit.session, standing)
            if place is not None and await repository.text_of(unit.session, message.id) != message.text:
                raise _Edited
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
            if place is not None and place.is_comment:
                await self._store_on_comment(unit, events, message, standing, place, reply, values)
                return
            utterances = self._with_masking_notice(reply, message, standing.channel)
            if self._leaves_files_unread(message, standing.channel):
                utterances = (self._not_read(reply.lang), *utterances)
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
                wish = reply.handoff
                note = "broker.assistant_down" if wish.reason == "assistant_down" else "broker.queued"
                await self._hand_over(
                    unit, events, standing, wish.reason, actor=actor, topic=wish.topic, told=wish.told, note=note
                )

    async def _store_on_comment(
        self,
        unit: UnitOfWork,
        events: EventLog,
        message: Message,
        standing: repository.Standing,
        place: Place,
        reply: Reply,
        values: dict[str, Any],
    ) -> None:
        """Answers a comment if the assistant is certain and the account's policy allows it; else a person does, and nobody
        is told."""
        broker = self._broker
        still_ours: dict[str, Any] = {"version": standing.version, "state": State.BOT}
        masked = tuple(message.extras.get("masked", ()))
        decided = decide(place, reply, masked, broker.texts, broker.clock.now())
        if isinstance(decided, Answer):
            said = Utterance(decided.text, reply.lang)
            await broker.say(
                unit,
                events,
                standing.id,
                said,
                author_kind="assistant",
                mode=decided.mode,
                values=values,
                **still_ours,
            )
            return
        if await repository.advance(unit.session, standing.id, values, **still_ours) is None:
            raise Conflict("changed")
        topic = reply.handoff.topic if reply.handoff is not None else None
        await self._hand_over(unit, events, standing, decided.reason, actor=Actor.ASSISTANT, topic=topic)

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
        told: str | None = None,
    ) -> None:
        conversation = await repository.get(unit.session, standing.id)
        if conversation is None or conversation.version != standing.version:
            raise Conflict("changed")
        await self._broker.queue_for_person(
            unit, events, conversation, actor=actor, reason=reason, note=note, topic=topic, told=told
        )

    def _leaves_files_unread(self, message: Message, channel: str) -> bool:
        """Whether what was written besides a file is answered, and it must be said that the file was not looked at."""
        mark = message.extras.get("placeholder", "")
        return channel == WEBCHAT and bool(message.extras.get("attachments")) and message.text != mark

    def _not_read(self, lang: str, *, button: bool = False) -> Utterance:
        """The assistant reads no files, and says so rather than guess; a person does."""
        text = self._broker.texts.text
        if not button:
            return Utterance(text(lang, "broker.file_not_read"), lang)
        person = Button(text(lang, "broker.file_person"), _PERSON)
        return Utterance(text(lang, "broker.file_alone"), lang, buttons=(person,))

    def _with_masking_notice(self, reply: Reply, message: Message, channel: str) -> tuple[Utterance, ...]:
        if not message.extras.get("masked"):
            return reply.utterances
        key = masked_key(channel)
        notice = Utterance(self._broker.texts.text(reply.lang, key), reply.lang)
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
