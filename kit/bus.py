"""Carries notices between the parts of one process and, through Valkey or Redis, between gateway workers.

The bus is a wake-up, never the truth: what it says is in the database already (or is ephemeral, like "somebody types").
A notice that is lost costs a second, until the next look into the event log.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import structlog
from redis import asyncio as redis
from redis.exceptions import RedisError

Notice = dict[str, Any]
Listener = Callable[[Notice], Awaitable[None]]
log = structlog.get_logger(__name__)
_CHANNEL = "pietura:notices"


class Bus:
    """In-process bus; the base of the shared one."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self.connected = True

    def listen(self, listener: Listener) -> None:
        """Calls ``listener`` with every notice from now on."""
        self._listeners.append(listener)

    async def publish(self, notice: Notice) -> None:
        """Tells every listener. A listener's failure is logged and keeps nobody else from hearing."""
        for listener in self._listeners:
            try:
                await listener(notice)
            except Exception:
                log.exception("bus listener failed", kind=notice.get("kind"))

    async def start(self) -> None:
        """Connects; nothing to do in one process."""

    async def stop(self) -> None:
        """Disconnects."""


class RedisBus(Bus):
    """The same between workers. Local listeners hear at once; the other workers hear through Redis pub/sub."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._me = uuid.uuid4().hex
        # Reading waits for as long as it is quiet; only connecting and publishing have a limit.
        self._publisher = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        self._reader_client = redis.Redis.from_url(url, socket_connect_timeout=2)
        self._task: asyncio.Task[None] | None = None
        self.connected = False

    async def publish(self, notice: Notice) -> None:
        """Tells this worker, then the others; a Redis that is down is logged and made up for by the event log."""
        await super().publish(notice)
        try:
            await self._publisher.publish(_CHANNEL, orjson.dumps({**notice, "_from": self._me}))
        except (RedisError, OSError) as error:
            self.connected = False
            log.warning("bus cannot publish", error=str(error))

    async def start(self) -> None:
        """Begins to listen; reconnects by itself for as long as it runs."""
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            try:
                async with self._reader_client.pubsub() as channel:
                    await channel.subscribe(_CHANNEL)
                    self.connected = True
                    async for message in channel.listen():
                        if message["type"] != "message":
                            continue
                        notice = orjson.loads(message["data"])
                        if notice.pop("_from", None) != self._me:
                            await super().publish(notice)
            except (RedisError, OSError, orjson.JSONDecodeError) as error:
                self.connected = False
                log.warning("bus lost its connection", error=str(error))
                await asyncio.sleep(0.5)

    async def stop(self) -> None:
        """Disconnects."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._publisher.aclose()
        await self._reader_client.aclose()
