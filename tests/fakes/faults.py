"""What can go wrong with a platform, said once for all fakes: which fault, at which operation, how often.

A fake gives each of its calls an operation's name and lets :func:`play` decide what the caller gets. Faults of the wire
(time-out, reset, rubbish, slowness) are enacted here; faults that each platform words in its own way are answered by
the fake.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel, Field

#: Seconds for which a call is held whose answer never comes; a caller who waits longer than this has no time-out at all.
HELD_S = 120.0
#: Matches every operation.
ANY = "*"


class Fault(StrEnum):
    """Ways to fail. The first seven are enacted here, the others are answered in the platform's words."""

    #: The request is read, nothing is done, no answer comes.
    TIMEOUT_BEFORE = "timeout_before"
    #: The request is done, and no answer comes: the message is delivered all the same.
    TIMEOUT_AFTER = "timeout_after"
    #: The connection breaks (RST) after the request was read, before anything is done.
    RESET = "reset"
    #: The request is done, then the connection breaks.
    RESET_AFTER = "reset_after"
    #: The request is done, and the answer (200) is not JSON.
    MALFORMED = "malformed"
    #: The request is done, late.
    SLOW = "slow"
    #: A proxy's page in HTML with status 502, nothing done.
    BAD_GATEWAY = "bad_gateway"

    #: 429 (or the platform's own way to say it), with its headers.
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    UNAVAILABLE = "unavailable"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_REVOKED = "token_revoked"
    WINDOW_CLOSED = "window_closed"
    BLOCKED = "blocked"
    DELETED = "deleted"
    PRIVATE_REPLY_USED = "private_reply_used"
    PERMISSION = "permission"


@dataclass
class Rule:
    """One line of the script.

    Attributes:
        left: how many times more; None without limit.
        ratio: share of matching calls that fail; None is each of them.
        retry_after_s: what a rate limit asks for, in seconds.
        delay_s: how late a slow answer is, in seconds.
    """

    operation: str
    fault: Fault
    left: int | None
    ratio: float | None
    retry_after_s: float
    delay_s: float
    chance: random.Random = field(repr=False)
    fired: int = 0

    def fires(self, operation: str) -> bool:
        """Whether this call fails by this rule; counts it."""
        if self.operation not in (ANY, operation) or self.left == 0:
            return False
        if self.ratio is not None and self.chance.random() >= self.ratio:
            return False
        if self.left is not None:
            self.left -= 1
        self.fired += 1
        return True


class Script:
    """The faults to come, in the order in which they were added. The same seeds give the same faults."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        #: How often which fault was played: ``(operation, fault)``.
        self.played: Counter[tuple[str, Fault]] = Counter()

    def add(
        self,
        operation: str,
        fault: Fault | str,
        times: int | None = None,
        ratio: float | None = None,
        seed: int = 0,
        retry_after_s: float = 1.0,
        delay_s: float = 1.0,
    ) -> None:
        """Lets calls fail.

        Args:
            operation: the fake's name for the call (``send``, ``comment``, …) or ``*``.
            times: how many calls fail; unset, one call without ``ratio`` and any number with it.
            ratio: share of the calls that fail, 0…1, drawn with ``seed``.

        Raises:
            ValueError: no such fault, or a ratio outside of 0…1.
        """
        if ratio is not None and not 0 <= ratio <= 1:
            raise ValueError("ratio is a share, 0…1")
        left = 1 if times is None and ratio is None else times
        rule = Rule(operation, Fault(fault), left, ratio, retry_after_s, delay_s, random.Random(seed))
        self._rules.append(rule)

    def clear(self, operation: str | None = None) -> None:
        """Forgets the faults of an operation, or all of them; what was played stays counted."""
        self._rules = [] if operation is None else [rule for rule in self._rules if rule.operation != operation]

    def draw(self, operation: str) -> Rule | None:
        """The fault of this call, if it has one; the first rule that fires wins."""
        for rule in self._rules:
            if rule.fires(operation):
                self.played[operation, rule.fault] += 1
                return rule
        return None

    def listed(self) -> list[dict[str, Any]]:
        """The rules, as the control endpoint shows them."""
        return [
            {
                "operation": rule.operation,
                "fault": rule.fault.value,
                "left": rule.left,
                "ratio": rule.ratio,
                "fired": rule.fired,
            }
            for rule in self._rules
        ]


async def play(
    script: Script,
    operation: str,
    request: Request,
    do: Callable[[], Awaitable[Response]],
    refusal: Callable[[Rule], Response],
) -> Response:
    """Does what was asked, or what the script has for this call.

    Args:
        do: does it and makes the platform's answer.
        refusal: the platform's answer to a fault that it words itself (rate limit, token, window …).
    """
    rule = script.draw(operation)
    if rule is None:
        return await do()
    match rule.fault:
        case Fault.TIMEOUT_BEFORE:
            return await held(request)
        case Fault.TIMEOUT_AFTER:
            await do()
            return await held(request)
        case Fault.RESET:
            return await dropped(request)
        case Fault.RESET_AFTER:
            await do()
            return await dropped(request)
        case Fault.MALFORMED:
            await do()
            return Response('{"id": "', media_type="application/json")
        case Fault.SLOW:
            await asyncio.sleep(rule.delay_s)
            return await do()
        case Fault.BAD_GATEWAY:
            return Response("<html><body>502 Bad Gateway</body></html>", 502, media_type="text/html")
        case _:
            return refusal(rule)


async def held(request: Request) -> Response:
    """Answers nothing until the caller has gone away, or :data:`HELD_S` are over."""
    await request.body()
    with suppress(TimeoutError):
        async with asyncio.timeout(HELD_S):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    return Response(status_code=504)


async def dropped(request: Request) -> Response:
    """Breaks the caller's connection with a reset instead of an answer. Needs an app served by :func:`serving`."""
    await request.body()
    server: uvicorn.Server = request.app.state.server
    client = tuple(request.client) if request.client else None
    for connection in list(server.server_state.connections):
        if getattr(connection, "client", None) == client and connection.transport is not None:
            # No lingering: the other side is told with RST at once, as by a machine that died.
            peer = connection.transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.transport.abort()
    await asyncio.sleep(0.01)
    return Response(status_code=500)


class FaultOrder(BaseModel):
    """Body of ``POST /_control/faults``; the fields are those of :meth:`Script.add`. ``clear`` forgets first."""

    operation: str = ANY
    fault: Fault | None = None
    times: int | None = Field(default=None, ge=1)
    ratio: float | None = Field(default=None, ge=0, le=1)
    seed: int = 0
    retry_after_s: float = 1.0
    delay_s: float = 1.0
    clear: bool = False


def fault_routes(script: Script) -> APIRouter:
    """``POST /_control/faults`` (one order or a list of them) and ``GET /_control/faults``."""
    router = APIRouter()

    @router.post("/_control/faults")
    async def order(orders: FaultOrder | list[FaultOrder]) -> list[dict[str, Any]]:
        for one in orders if isinstance(orders, list) else [orders]:
            if one.clear:
                script.clear(None if one.operation == ANY else one.operation)
            if one.fault is not None:
                script.add(
                    one.operation, one.fault, one.times, one.ratio, one.seed, one.retry_after_s, one.delay_s
                )  # fmt: skip
        return script.listed()

    @router.get("/_control/faults")
    async def listed() -> list[dict[str, Any]]:
        return script.listed()

    return router


def server_for(app: FastAPI, port: int = 0) -> uvicorn.Server:
    """A server of the app on loopback; calls that are being held do not keep it from ending."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    app.state.server = server
    return server


@asynccontextmanager
async def serving(app: FastAPI, port: int = 0) -> AsyncIterator[str]:
    """Serves the app on a port of 127.0.0.1 in the running loop, and gives its address without a slash at the end.

    Raises:
        RuntimeError: it does not start.
    """
    server = server_for(app, port)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    # Not ``serve``: the loop's signals belong to whoever runs it, not to a fake.
    task = asyncio.create_task(server._serve([listener]))
    while not server.started:
        if task.done():
            raise RuntimeError("the fake did not start") from task.exception()
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for connection in list(server.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        server.should_exit = True
        await task
        listener.close()
