"""Asks Rasa what kind of turn a message is. Rasa that is late, empty, broken or down is reported as such, never guessed over."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import numpy as np
import orjson
from numpy.typing import NDArray

from handoff.assistant.ports import AssistantUnavailable
from kit import tracing
from kit.metrics import RASA_SECONDS

FloatArray = NDArray[np.float32]
_ASPECT = "ask_"
#: Ways of failing that are counted apart; the rest is ``failed``.
_FAILURES = frozenset({"timeout", "malformed"})


@dataclass(frozen=True)
class Understanding:
    """What Rasa made of a message.

    Attributes:
        plan: ``answer_service``, ``smalltalk``, ``handoff`` … (bot/domain).
        key: which small talk, or which kind of unclear.
        aspect: what is asked about the service; None for other plans.
        intent, confidence: the best intent and its probability.
        service: probability that it is a question about a service, whatever was decided.
    """

    plan: str
    key: str | None
    aspect: str | None
    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...]
    entities: tuple[dict[str, Any], ...] = ()
    service: float = 1.0

    @property
    def aspects(self) -> dict[str, float]:
        """How likely each aspect of a service is asked, were it a question about one; empty when Rasa did not say."""
        found = {name.removeprefix(_ASPECT): chance for name, chance in self.ranking if name.startswith(_ASPECT)}
        return found or ({self.aspect: 1.0} if self.aspect else {})


class Understander(Protocol):
    """Anything that can tell kinds of turn apart."""

    async def understand(
        self, conversation_id: str, text: str, lang: str, vector: FloatArray | None = None
    ) -> Understanding:
        """What ``text`` is; ``vector`` is its sentence vector, when there is an encoder.

        Raises:
            AssistantUnavailable: no answer that could be relied on.
        """
        ...


class RasaClient:
    """Rasa over HTTP, on this machine or a private network."""

    def __init__(
        self, url: str, token: str, timeout: float = 3.0, look: Callable[[], str | None] | None = None
    ) -> None:
        """``timeout``: seconds until silence counts as failure (a limit of the service, not of the network). ``look``: where Rasa
        is by now, asked when nobody listens where it was."""
        self._look = look
        self.use(url)
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None
        self.last_error: str | None = None

    def use(self, url: str) -> None:
        """Asks the Rasa at ``url`` from the next message on; what is under way is finished where it was begun."""
        self._url = url.rstrip("/") + "/webhooks/broker/webhook"

    async def understand(
        self, conversation_id: str, text: str, lang: str, vector: FloatArray | None = None
    ) -> Understanding:
        """See :class:`Understander`."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, headers=self._headers)
        metadata = {"lang": lang}
        if vector is not None:
            metadata["vector"] = base64.b64encode(vector.astype("<f2").tobytes()).decode()
        body = orjson.dumps({"sender": conversation_id, "message": text, "metadata": metadata})
        started, result = time.perf_counter(), "failed"
        try:
            understanding = _parse(orjson.loads(await self._answer(self._session, body)))
        except TimeoutError as error:
            self.last_error = "timeout"
            raise AssistantUnavailable("rasa was silent") from error
        except (aiohttp.ClientError, OSError) as error:
            self.last_error = type(error).__name__
            raise AssistantUnavailable(f"rasa is down: {type(error).__name__}") from error
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            self.last_error = "malformed"
            raise AssistantUnavailable("rasa answered something else") from error
        except AssistantUnavailable as error:
            self.last_error = error.why
            raise
        else:
            result = "ok"
        finally:
            RASA_SECONDS.labels(
                self.last_error if result == "failed" and self.last_error in _FAILURES else result
            ).observe(time.perf_counter() - started)
        self.last_error = None
        return understanding

    async def _answer(self, session: aiohttp.ClientSession, body: bytes) -> bytes:
        url = self._url
        try:
            return await _posted(session, url, body)
        except (aiohttp.ClientConnectionError, ConnectionError):
            # Rasa keeps nothing of a message: asking its successor the same is safe.
            if self._look is not None and (found := self._look()) is not None:
                self.use(found)
            if self._url == url:
                raise
            return await _posted(session, self._url, body)

    async def alive(self) -> bool:
        """Whether Rasa answers a harmless message now."""
        try:
            await asyncio.wait_for(self.understand("health-check", "labdien", "lv"), 2.0)
        except (AssistantUnavailable, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _posted(session: aiohttp.ClientSession, url: str, body: bytes) -> bytes:
    async with session.post(url, data=body, headers=tracing.headers()) as response:
        raw = await response.read()
        if response.status != 200:
            raise AssistantUnavailable(f"rasa answered {response.status}")
        return raw


def _parse(answer: dict[str, Any]) -> Understanding:
    plans = answer["plans"]
    if not plans:
        raise AssistantUnavailable("rasa had no plan")
    plan = plans[0]
    return Understanding(
        plan=plan["plan"],
        key=plan.get("key"),
        aspect=plan.get("aspect"),
        intent=answer["intent"]["name"],
        confidence=float(answer["intent"]["confidence"]),
        ranking=tuple((item["name"], float(item["confidence"])) for item in answer.get("ranking", ())),
        entities=tuple(answer.get("entities", ())),
        service=float(answer.get("service_confidence", 1.0)),
    )
