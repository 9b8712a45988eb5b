"""A stage to test on: a real gateway on a real port, with a clock that can be moved and understanding that can be told.

Only understanding is replaced, and only where a test is not about it: everything else is what runs in service.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import websockets
from websockets.asyncio.client import ClientConnection, connect

from actions.understanding import FloatArray, Understanding
from gateway.app import Gateway, create_app
from gateway.seed import DEMO_PASSWORD
from gateway.settings import KEEP_ALIVE_S, Settings
from handoff.assistant.ports import AssistantUnavailable
from handoff.broker import Policy
from handoff.channels.ports import PlatformConnector
from knowledge_base.service import KnowledgeBase
from tests.citizen import Citizen
from tests.told import kind_of

#: A Tuesday, 10:00 in Riga: people are at work.
WORKING = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
#: A Sunday.
SUNDAY = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
_PING_S = 20.0


class MovableClock:
    """Starts at a given instant and goes on with real time; tests push it forward."""

    def __init__(self, start: datetime = WORKING) -> None:
        self._offset = start - datetime.now(UTC)

    def now(self) -> datetime:
        """The stage's present."""
        return datetime.now(UTC) + self._offset

    def push(self, span: timedelta) -> None:
        """Moves the present forward."""
        self._offset += span


@dataclass
class ToldUnderstander:
    """Understanding by plain rules, so that a test says what is understood; can be made silent, empty or broken."""

    mode: str = "works"
    delay: float = 0.0
    asked: list[str] = field(default_factory=list)

    async def understand(
        self, conversation_id: str, text: str, lang: str, vector: FloatArray | None = None
    ) -> Understanding:
        """Kinds of turn by key words."""
        self.asked.append(text)
        if self.mode != "works":
            raise AssistantUnavailable(self.mode)
        await asyncio.sleep(self.delay)
        return Understanding(*kind_of(text), ())


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Stage:
    """A gateway that runs."""

    gateway: Gateway
    url: str
    clock: MovableClock
    understander: ToldUnderstander
    server: uvicorn.Server
    task: asyncio.Task[None]

    async def citizen(self, **options: Any) -> Citizen:
        """A citizen whose widget is connected."""
        return await Citizen(self.url, **options).connect()

    async def staff(self, who: str) -> Desk:
        """A member of staff, signed in."""
        desk = Desk(self.url)
        await desk.sign_in(f"{who}@demo.lv")
        return desk

    async def stop(self, *, abruptly: bool = False) -> None:
        """Stops; ``abruptly`` as when the process is killed: nothing is finished, no socket is closed in good order."""
        if abruptly:
            for turn in list(self.gateway.turns._tasks):
                turn.cancel()
        self.server.should_exit = True
        self.server.force_exit = abruptly
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(self.task, 20)


async def raise_stage(
    database_url: str,
    tmp_path: Path,
    *,
    port: int | None = None,
    clock: MovableClock | None = None,
    understander: ToldUnderstander | None = None,
    policy: Policy | None = None,
    knowledge: KnowledgeBase | None = None,
    connectors: Mapping[str, PlatformConnector] | None = None,
    **options: Any,
) -> Stage:
    """Starts a gateway on ``database_url``; it serves no platform unless ``connectors`` are given."""
    clock = clock or MovableClock()
    understander = understander or ToldUnderstander()
    settings = Settings(
        **{
            "database_url": database_url,
            "data_dir": tmp_path,
            "chat_messages_per_s": 50.0,
            "chat_burst": 50,
            "chat_connects": "10000/minute",
            "bot_url": "http://127.0.0.1:9",
            "login_attempts_address": "1000/minute",
            **options,
        }
    )
    gateway = Gateway(
        settings,
        clock=clock,
        understander=understander,
        policy=policy,
        knowledge=knowledge,
        connectors=connectors or {},
    )
    port = port or free_port()
    config = uvicorn.Config(
        create_app(gateway=gateway),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        ws_max_size=65_536,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.02)
    return Stage(gateway, f"http://127.0.0.1:{port}", clock, understander, server, task)


class Desk:
    """A console without a browser: the API with session and CSRF token, and the live socket."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.AsyncClient(base_url=url + "/console/api", timeout=30, verify=False)
        self.me: dict[str, Any] = {}
        self.frames: list[dict[str, Any]] = []
        self._socket: ClientConnection | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Condition()

    async def sign_in(self, email: str, password: str = DEMO_PASSWORD) -> httpx.Response:
        """Signs in; later calls carry the session."""
        response = await self.http.post("/login", json={"email": email, "password": password})
        if response.status_code == 200:
            self.me = response.json()
            self.http.headers["x-csrf-token"] = self.me["csrf"]
        return response

    async def snapshot(self) -> dict[str, Any]:
        """What the console shows at first."""
        found: dict[str, Any] = (await self.http.get("/snapshot")).raise_for_status().json()
        return found

    async def card(self, conversation_id: str) -> dict[str, Any]:
        """A conversation's card."""
        response = (await self.http.get(f"/conversations/{conversation_id}")).raise_for_status()
        found: dict[str, Any] = response.json()["card"]
        return found

    async def act(self, conversation_id: str, act: str, **body: Any) -> httpx.Response:
        """Does something with a conversation, with the version it has now unless one is given."""
        if "version" not in body and act not in ("messages", "typing", "read"):
            body["version"] = (await self.card(conversation_id))["version"]
        return await self.http.post(f"/conversations/{conversation_id}/{act}", json=body)

    async def say(self, conversation_id: str, text: str, message_id: str | None = None) -> httpx.Response:
        """Writes to the citizen."""
        return await self.act(conversation_id, "messages", id=message_id or str(uuid.uuid4()), text=text)

    async def listen(self, cursor: int | None = None) -> None:
        """Opens the live socket."""
        query = "" if cursor is None else f"?cursor={cursor}"
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        self._socket = await connect(
            self.url.replace("http", "ws", 1) + f"/console/ws{query}",
            origin=websockets.Origin(self.url),
            additional_headers={"cookie": cookies},
        )
        self._tasks = [asyncio.create_task(work(self._socket)) for work in (self._read, self._ping)]

    async def _ping(self, socket: ClientConnection) -> None:
        """As the console does: the gateway lets go of one that is silent."""
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                await asyncio.sleep(_PING_S)
                await socket.send('{"kind": "ping"}')

    async def _read(self, socket: ClientConnection) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for raw in socket:
                async with self._news:
                    self.frames.append(json.loads(raw))
                    self._news.notify_all()

    async def wait(self, right: Any, limit: float = 10) -> dict[str, Any]:
        """The first live frame that is ``right``."""
        async with asyncio.timeout(limit), self._news:
            while True:
                for number, frame in enumerate(self.frames):
                    if right(frame):
                        return self.frames.pop(number)
                await self._news.wait()

    async def close(self) -> None:
        """Closes everything."""
        if self._socket is not None:
            await self._socket.close()
        for task in self._tasks:
            task.cancel()
        await self.http.aclose()
