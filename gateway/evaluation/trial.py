"""A trial: the gateway as it serves, on a database of its own, with a recorder between the broker and the assistant.

Messages go through the broker: cleaned, masked and stored, their language found, the turn run with Rasa's help. Only the
web socket is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from fastapi import FastAPI
from sqlalchemy import select

from gateway import run as runner
from gateway.app import Gateway
from gateway.settings import Settings
from gateway.setup import set_up
from handoff.assistant.ports import Assistant, AssistantUnavailable, Reply, TurnRequest
from handoff.conversations.models import Message
from handoff.conversations.schemas import Inbound, Utterance
from kit.i18n import DEFAULT_LANGUAGE
from knowledge_base.search import Candidate
from knowledge_base.service import KnowledgeBase

_TURN_LIMIT_S = 30.0


@dataclass(frozen=True)
class Answered:
    """What came of a message.

    Attributes:
        reply: what the assistant wanted; None when it was not available or the message came to nothing.
        stored: the message as it lies in the database.
        masked: kinds of personal data that were found in it.
        lang: the language it was taken for.
        took_ms: understanding and answering, without the broker's storing.
        failed: it came to nothing: refused, not ended in time, or a part broke over it.
    """

    reply: Reply | None
    stored: str
    masked: tuple[str, ...]
    lang: str
    took_ms: float
    failed: bool = False


@dataclass
class _Recorder:
    """An assistant that passes everything on and keeps the answers."""

    inner: Assistant
    waiting: dict[str, asyncio.Future[tuple[Reply | None, float]]] = field(default_factory=dict)

    def greeting(self, lang: str) -> Utterance:
        """See :class:`Assistant`."""
        return self.inner.greeting(lang)

    async def answer(self, request: TurnRequest) -> Reply:
        """See :class:`Assistant`."""
        began = time.perf_counter()
        reply: Reply | None = None
        try:
            reply = await self.inner.answer(request)
        except AssistantUnavailable:
            raise
        else:
            return reply
        finally:
            waiting = self.waiting.pop(request.conversation_id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result((reply, (time.perf_counter() - began) * 1000))


class Trial:
    """Asks the assistant; use :func:`begin`."""

    def __init__(self, gateway: Gateway, recorder: _Recorder) -> None:
        self._gateway = gateway
        self._recorder = recorder

    @property
    def knowledge(self) -> KnowledgeBase:
        """The knowledge base that answers."""
        return self._gateway.knowledge

    @property
    def settings(self) -> Settings:
        """What the trial runs on."""
        return self._gateway.settings

    def turn_to(self, url: str) -> None:
        """Asks another Rasa from now on."""
        self._gateway.rasa.use(url)

    def ranked(self, text: str, lang: str) -> list[Candidate]:
        """What the search makes of a message that the assistant did not search for."""
        return self.knowledge.search(text, lang, limit=3)

    async def ask(
        self, text: str, *, conversation: str | None = None, payload: str | None = None, lang: str = DEFAULT_LANGUAGE
    ) -> Answered:
        """Sends a message; in a fresh conversation unless one is given. ``lang`` is the widget's, not the message's.

        Raises:
            TimeoutError: the turn did not end in time.
        """
        conversation = conversation or fresh()
        client_id = uuid.uuid4().hex
        done: asyncio.Future[tuple[Reply | None, float]] = asyncio.get_running_loop().create_future()
        self._recorder.waiting[conversation] = done
        broker = self._gateway.broker
        await broker.receive(Inbound(conversation, client_id, text, payload, lang, "webchat", "demo"))
        reply, took_ms = await asyncio.wait_for(done, _TURN_LIMIT_S)
        # The answer is stored after it is given; the next message of the conversation must find it.
        await self._gateway.turns.drain(_TURN_LIMIT_S)
        async with self._gateway.db.read() as session:
            message = (
                await session.scalars(
                    select(Message).where(Message.conversation_id == conversation, Message.client_id == client_id)
                )
            ).one()
        return Answered(reply, message.text, tuple(message.extras.get("masked", ())), message.lang, took_ms)


async def tried(saying: Awaitable[Answered], number: int, text: str, lang: str) -> Answered:
    """What came of line ``number``. One over which something breaks counts as missed, and the others are still asked; why it
    broke is told on standard error."""
    try:
        return await saying
    except Exception as error:
        sys.stderr.write(f"\n  line {number} came to nothing: {type(error).__name__}: {error}\n")
        return Answered(None, text, (), lang, 0.0, failed=True)


def fresh() -> str:
    """An id for a new conversation."""
    return str(uuid.uuid4())


@contextlib.asynccontextmanager
async def begin(model: Path | None = None) -> AsyncIterator[Trial]:
    """A trial with its own database and its own Rasa, both gone afterwards; ``model``: another one than the product's.

    Raises:
        RuntimeError: Rasa could not be trained or started.
    """
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory(prefix="pietura-trial-") as name:
        folder = Path(name)
        settings = Settings(
            data_dir=folder, database_url=f"sqlite+aiosqlite:///{folder / 'trial.db'}", bot_url=runner.free_address()
        )
        await runner.train(settings)
        rasa = runner.rasa_process(settings, model)
        await rasa.start()
        gateway = Gateway(settings)
        try:
            await set_up(settings, _silently)
            await gateway.build(FastAPI())
            recorder = _Recorder(gateway.broker.assistant)
            gateway.broker.assistant = recorder
            await rasa.wait_ready()
            await gateway.bus.start()
            yield Trial(gateway, recorder)
        finally:
            await gateway.rasa.close()
            await gateway.bus.stop()
            await gateway.db.close()
            await rasa.stop()


def _silently(_text: str) -> None:
    return
