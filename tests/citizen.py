"""A citizen's widget without a browser: speaks the web-chat protocol over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any, Self

import websockets
from websockets.asyncio.client import ClientConnection, connect

Frame = dict[str, Any]


@dataclass
class Citizen:
    """One widget. ``messages`` is what it holds, by ``seq``; a frame is kept in ``frames`` until somebody waits for it."""

    url: str
    site: str = "demo"
    lang: str = "lv"
    origin: str | None = None
    token: str | None = None
    conversation: str | None = None
    messages: dict[int, Frame] = field(default_factory=dict)
    doubled: list[Frame] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    state: Frame = field(default_factory=dict)
    _socket: ClientConnection | None = None
    _reader: asyncio.Task[None] | None = None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def cursor(self) -> int:
        """The highest ``seq`` held."""
        return max(self.messages, default=0)

    async def connect(self, cursor: int | None = None) -> Self:
        """Opens the socket and says hello with what the widget holds."""
        base = self.url.replace("http", "ws", 1)
        origin = self.origin if self.origin is not None else self.url
        self._socket = await connect(
            f"{base}/chat/ws?site={self.site}", origin=websockets.Origin(origin), max_size=2**22, compression=None
        )
        self._reader = asyncio.create_task(self._read(self._socket))
        await self.raw(
            {
                "t": "hello",
                "v": 1,
                "token": self.token,
                "cursor": self.cursor if cursor is None else cursor,
                "lang": self.lang,
                "page": self.url + "/demo",
            }
        )
        await self.wait(lambda frame: frame["t"] == "welcome")
        return self

    async def _read(self, socket: ClientConnection) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for raw in socket:
                frame = json.loads(raw)
                frame["_at"] = time.perf_counter()
                self._take(frame)
                async with self._news:
                    self.frames.append(frame)
                    self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    def _take(self, frame: Frame) -> None:
        match frame["t"]:
            case "welcome":
                if self.conversation not in (None, frame["conversation"]):
                    self.messages = {}
                self.token, self.conversation = frame["token"], frame["conversation"]
                self.state = frame["state"]
            case "state":
                self.state = frame["state"]
            case "message":
                seq = frame["message"]["seq"]
                if seq in self.messages and self.messages[seq]["author"]["kind"] != "assistant":
                    self.doubled.append(frame)
                self.messages[seq] = frame["message"]

    async def raw(self, frame: Frame | str | bytes) -> None:
        """Sends a frame as it is."""
        assert self._socket is not None
        await self._socket.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))

    async def send(self, text: str, *, payload: str | None = None, client_id: str | None = None) -> str:
        """Sends a message; its client id."""
        client_id = client_id or str(uuid.uuid4())
        await self.raw({"t": "send", "id": client_id, "text": text, "payload": payload})
        return client_id

    async def ask(self, text: str, *, payload: str | None = None, limit: float = 15) -> Frame:
        """Sends a message and waits for the first thing that is said after it."""
        client_id = await self.send(text, payload=payload)
        ack = await self.wait(lambda frame: frame["t"] == "ack" and frame["id"] == client_id, limit)
        return await self.said_after(ack["seq"], limit=limit)

    async def said_after(self, seq: int, *, limit: float = 15, kind: str | None = None) -> Frame:
        """The first message after ``seq`` that the citizen did not write himself."""

        def right(frame: Frame) -> bool:
            if frame["t"] != "message" or frame["message"]["seq"] <= seq:
                return False
            author = frame["message"]["author"]["kind"]
            return author == kind if kind else author != "citizen"

        found: Frame = (await self.wait(right, limit))["message"]
        return found

    async def wait(self, right: Any, limit: float = 15) -> Frame:
        """The first frame that is ``right``; it and nothing else is taken out.

        Raises:
            TimeoutError: none came in ``limit`` seconds.
        """
        async with asyncio.timeout(limit), self._news:
            while True:
                for number, frame in enumerate(self.frames):
                    if right(frame):
                        return self.frames.pop(number)
                await self._news.wait()

    async def wait_phase(self, phase: str, limit: float = 15) -> None:
        """Waits until the widget's state says ``phase``."""
        async with asyncio.timeout(limit), self._news:
            while self.state.get("phase") != phase:
                await self._news.wait()

    async def close_code(self, limit: float = 10) -> int | None:
        """Waits until the server closes; the code."""
        assert self._socket is not None
        async with asyncio.timeout(limit):
            await self._socket.wait_closed()
        return self._socket.close_code

    async def cut(self) -> None:
        """Loses the connection without a word."""
        if self._socket is not None:
            self._socket.transport.abort()
        await self._stop()

    async def close(self) -> None:
        """Closes in good order."""
        if self._socket is not None:
            await self._socket.close()
        await self._stop()

    async def _stop(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        self._socket = self._reader = None

    def texts(self) -> list[str]:
        """What the widget shows, in order."""
        return [self.messages[seq]["text"] for seq in sorted(self.messages)]
