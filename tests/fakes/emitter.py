"""Sends a fake platform's webhooks as platforms do: batched, at least once, sometimes late, twice or in another order."""

from __future__ import annotations

import asyncio
import random
import time
import zlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.fakes.control import Modes, Weather

#: Seconds before the first repeat of a webhook that was not answered 200; doubles up to the second figure.
_FIRST_REPEAT_S = 0.1
_LONGEST_REPEAT_S = 2.0
#: Seconds that a receiver has to answer (Meta documents 5 to 20, X 10).
_ANSWER_S = 10.0
#: Seconds after which a webhook is given up. Platforms insist for a day; nobody waits so long for a test.
_GIVEN_UP_S = 180.0

#: Connections to receivers at once, first tries and repeats of all accounts together.
_CONNECTIONS = 32

Event = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """Where an account's webhooks go, and what they are signed with."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Delivery:
    """One try to deliver. ``status`` None: no answer came. ``took_s``: how long the receiver took; ``ended``: when, monotonic."""

    account: str
    events: int
    status: int | None
    attempt: int
    forged: bool
    took_s: float = 0.0
    ended: float = 0.0


class Emitter:
    """Sends events to the accounts' targets. Events of accounts without a target are dropped, as by platforms.

    Args:
        pack: the body of one call with these events of one account.
        sign: headers that prove the body is the platform's.
        unknown: an event of a type that nobody knows, for an account.
        lanes: how many first tries go out at once for one account.
    """

    def __init__(
        self,
        pack: Callable[[str, list[Event]], bytes],
        sign: Callable[[bytes, str], Mapping[str, str]],
        unknown: Callable[[str], Event],
        lanes: int = 8,
    ) -> None:
        self._pack = pack
        self._sign = sign
        self._unknown = unknown
        self.targets: dict[str, Target] = {}
        self.deliveries: list[Delivery] = []
        self.weather = Weather()
        self._chance = random.Random(0)
        self._held: dict[str, list[Event]] = {}
        self._lanes = lanes
        self._order: dict[tuple[str, int], asyncio.Lock] = {}
        self._waiting: dict[tuple[str, int], list[Event]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._client = httpx.AsyncClient(
            timeout=_ANSWER_S, limits=httpx.Limits(max_connections=_CONNECTIONS), trust_env=False
        )

    def change(self, weather: Weather) -> None:
        """How events go out from now on."""
        self.weather = weather
        self._chance = random.Random(weather.seed)

    def emit(self, account: str, event: Event, lane: str, modes: Modes | None = None) -> None:
        """Lets an event go out as its modes and the weather have it. Returns at once.

        Args:
            lane: whose conversation it belongs to; first tries of one lane go out one after the other, in order.
        """
        modes = modes or Modes()
        if modes.silent or account not in self.targets:
            return
        if modes.hold:
            self._held.setdefault(account, []).append(event)
            return
        if modes.wrong_signature:
            self._start(self._post(account, [event], attempt=1, forged=True))
            return
        weather, chance = self.weather, self._chance
        delay = modes.delay_s
        if chance.random() < weather.out_of_order:
            delay += chance.uniform(0.05, 0.4)
        if chance.random() < weather.late:
            delay += weather.late_s
        self._start(self._send(delay, account, event, lane))
        for _ in range(modes.duplicates + (chance.random() < weather.duplicates)):
            self._start(self._send(delay + chance.uniform(0, 0.3), account, event, lane))
        if chance.random() < weather.unknown:
            self._start(self._send(0, account, self._unknown(account), lane))
        if chance.random() < weather.wrong_signature:
            self._start(self._post(account, [event], attempt=1, forged=True))

    async def settled(self, within_s: float) -> bool:
        """Waits until everything is delivered or given up; what is held for a batch is not waited for."""
        try:
            async with asyncio.timeout(within_s):
                while self._tasks:
                    await asyncio.wait(set(self._tasks))
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Stops; what is not delivered yet never will be."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, delay: float, account: str, event: Event, lane: str) -> None:
        if delay:
            await asyncio.sleep(delay)
        place = (account, zlib.crc32(lane.encode()) % self._lanes)
        waiting = self._waiting.setdefault(place, [])
        held = self._held.pop(account, [])
        if not held:
            waiting.append(event)
        async with self._order.setdefault(place, asyncio.Lock()):
            if held:
                batch = [*held, event]
            else:
                # Whoever comes first takes along what has come meanwhile: so batches grow under load.
                size = self.weather.batch
                batch, waiting[:] = waiting[:size], waiting[size:]
            delivered = not batch or await self._post(account, batch, attempt=1)
        if not delivered:
            await self._insist(account, batch)

    async def _insist(self, account: str, batch: list[Event]) -> None:
        """Repeats until the receiver answers 200; meanwhile the others go on, so repeats come out of order."""
        pause, waited, attempt = _FIRST_REPEAT_S, 0.0, 2
        while waited < _GIVEN_UP_S:
            await asyncio.sleep(pause)
            waited += pause
            if await self._post(account, batch, attempt):
                return
            pause, attempt = min(pause * 2, _LONGEST_REPEAT_S), attempt + 1

    async def _post(self, account: str, events: list[Event], attempt: int, *, forged: bool = False) -> bool:
        target = self.targets[account]
        raw = self._pack(account, events)
        headers = self._sign(raw, "not the secret" if forged else target.secret)
        status: int | None = None
        began = time.monotonic()
        try:
            answer = await self._client.post(
                target.url, content=raw, headers={"Content-Type": "application/json", **headers}
            )
            status = answer.status_code
        except httpx.HTTPError:
            pass
        ended = time.monotonic()
        self.deliveries.append(Delivery(account, len(events), status, attempt, forged, ended - began, ended))
        return status == 200
