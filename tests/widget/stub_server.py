"""A scriptable stand-in for the web-chat server, so that the widget can be driven through every state and every fault.

It keeps to the web-chat part of ``docs/protocol.md``: what a client must be able to rely on (sequence without gaps,
acknowledgement repeated for a repeated id, replay from a cursor) holds here too. What a person or the assistant would
say, and every fault, is ordered by the test through :class:`Stub`.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

type Json = dict[str, Any]

WEBCHAT = Path(__file__).resolve().parents[2] / "connectors" / "webchat"
DEMO_CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:"
GREETING = {
    "lv": "Labdien! Esmu virtuālais asistents un palīdzu ar valsts un pašvaldību pakalpojumiem. Ko vēlaties noskaidrot?",
    "ru": "Здравствуйте! Я виртуальный ассистент и помогаю с государственными услугами. Что вас интересует?",
    "en": "Hello! I am the virtual assistant and I help with public services. What would you like to know?",
}


def now() -> str:
    """The time of now as ISO 8601 UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fresh_state() -> Json:
    """The state of a conversation that has just begun."""
    return {
        "phase": "assistant",
        "name": None,
        "wait_text": None,
        "asks_contact": False,
        "may_rate": False,
        "rated": None,
    }


@dataclass
class Conversation:
    """One conversation as the server keeps it."""

    lang: str = "lv"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    token: str = field(default_factory=lambda: f"tok-{uuid.uuid4()}")
    messages: list[Json] = field(default_factory=list)
    state: Json = field(default_factory=fresh_state)
    sockets: set[WebSocket] = field(default_factory=set)

    def add(self, kind: str, text: str, *, name: str | None = None, client_id: str | None = None, **more: Any) -> Json:
        """Store a message and return it."""
        message: Json = {
            "seq": len(self.messages) + 1,
            "id": str(uuid.uuid4()),
            "client_id": client_id,
            "ts": now(),
            "author": {"kind": kind, "name": name},
            "text": text,
            "lang": self.lang,
            "buttons": [],
            "links": [],
            "source": None,
            **more,
        }
        self.messages.append(message)
        return message

    def by_client_id(self, client_id: str) -> Json | None:
        """The stored message with this id of the sender, if there is one."""
        return next((message for message in self.messages if message["client_id"] == client_id), None)

    async def tell(self, frame: Json, *, but: WebSocket | None = None) -> None:
        """Send a frame to every open socket of the conversation."""
        for socket in [each for each in self.sockets if each is not but]:
            try:
                await socket.send_text(json.dumps(frame))
            except (RuntimeError, WebSocketDisconnect):
                self.sockets.discard(socket)


class Stub:
    """The server, run in a thread of its own; the methods are called by the test's thread."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.conversations: dict[str, Conversation] = {}
        self.received: list[Json] = []
        self.hellos: list[Json] = []
        self.proactive: list[Json] = []
        self.accent = "#7d1d3f"
        self.config_status = 200
        self.refuse = False
        self.deaf = False
        self.swallow_acks = 0
        self.send_error: Json | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.app = self._app()
        self.server = uvicorn.Server(
            uvicorn.Config(self.app, host="127.0.0.1", port=port, log_level="warning", ws_ping_interval=None)
        )
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self.server.serve())

    def __enter__(self) -> Self:
        self.thread.start()
        deadline = time.monotonic() + 15
        while not self.server.started:
            if time.monotonic() > deadline:
                raise TimeoutError("the stub server did not start")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self.call(self._drop_all())
        self.server.should_exit = True
        self.thread.join(timeout=10)

    # ---- what a test orders ------------------------------------------------------------------------------------------

    def call(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the server's loop and wait for its end."""
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=10)

    @property
    def last(self) -> Conversation:
        """The conversation that began last."""
        return list(self.conversations.values())[-1]

    def say(self, kind: str, text: str, *, name: str | None = None, **more: Any) -> Json:
        """A message of the assistant or a person, stored and sent to every tab."""
        conversation = self.last
        message = conversation.add(kind, text, name=name, **more)
        self.call(conversation.tell({"t": "message", "message": message}))
        return message

    def state(self, **changes: Any) -> None:
        """Change who speaks now, and tell it."""
        conversation = self.last
        conversation.state = {**conversation.state, **changes}
        self.call(conversation.tell({"t": "state", "state": conversation.state}))

    def tell(self, **frame: Any) -> None:
        """Send any frame."""
        self.call(self.last.tell(frame))

    def drop(self) -> None:
        """Close every socket, as a restart does."""
        self.call(self._drop_all())

    async def _drop_all(self) -> None:
        for conversation in self.conversations.values():
            for socket in list(conversation.sockets):
                conversation.sockets.discard(socket)
                try:
                    await socket.close(1012)
                except RuntimeError:
                    pass

    def frames(self, kind: str) -> list[Json]:
        """The frames of one kind that clients have sent, in order."""
        return [frame for frame in self.received if frame.get("t") == kind]

    # ---- the server --------------------------------------------------------------------------------------------------

    def _config(self) -> Json:
        texts = {
            lang: json.loads((WEBCHAT / "locales" / f"{lang}.json").read_text(encoding="utf-8"))
            for lang in ("lv", "ru", "en")
        }
        return {
            "site": "demo",
            "name": "Bērzlejas novada palīgs",
            "lang": "lv",
            "languages": ["lv", "ru", "en"],
            "accent": self.accent,
            "texts": texts,
            "proactive": self.proactive,
            "privacy_url": "/demo/#dati",
        }

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.middleware("http")
        async def headers(request: Request, call_next: Any) -> Response:
            response: Response = await call_next(request)
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Cache-Control"] = "no-cache"
            if request.url.path.startswith("/demo"):
                response.headers["Content-Security-Policy"] = DEMO_CSP
            return response

        @app.get("/chat/config")
        async def config() -> Response:
            return Response(json.dumps(self._config()), self.config_status, media_type="application/json")

        @app.get("/chat/notices")
        async def notices() -> dict[str, list[Any]]:
            return {"notices": []}

        @app.get("/host")
        async def host() -> HTMLResponse:
            """A page of another origin, as strict as a state institution's may be."""
            page = (
                f'<!doctype html><html lang="en"><title>Host</title><meta name="viewport" content="width=device-width">'
                f'<body><main><h1>Host page</h1></main><script src="{self.url}/widget/pietura.js" data-site="demo" '
                f"defer></script></body></html>"
            )
            policy = f"default-src 'none'; script-src {self.url}; connect-src {self.url} ws://127.0.0.1:{self.port}"
            return HTMLResponse(page, headers={"Content-Security-Policy": policy})

        @app.websocket("/chat/ws")
        async def chat(socket: WebSocket) -> None:
            if self.refuse:
                await socket.close(1008)
                return
            await socket.accept()
            conversation: Conversation | None = None
            try:
                while True:
                    frame = json.loads(await socket.receive_text())
                    if self.deaf:
                        continue
                    self.received.append(frame)
                    if frame["t"] == "hello":
                        conversation = await self._hello(socket, frame)
                    elif conversation is not None:
                        conversation = await self._frame(socket, conversation, frame)
            except (WebSocketDisconnect, RuntimeError):
                if conversation is not None:
                    conversation.sockets.discard(socket)

        app.mount("/demo", StaticFiles(directory=WEBCHAT / "static" / "demo", html=True))
        app.mount("/widget", StaticFiles(directory=WEBCHAT / "static"))
        return app

    async def _hello(self, socket: WebSocket, frame: Json) -> Conversation:
        self.hellos.append(frame)
        conversation = self.conversations.get(frame["token"] or "")
        if conversation is None:
            if frame["token"]:
                await self._error(socket, "token_invalid", "Saruna vairs nav pieejama.")
            conversation = Conversation(lang=frame["lang"])
            conversation.add(
                "assistant",
                GREETING[frame["lang"]],
                buttons=[
                    {"title": "Slimības pabalsts", "payload": "service:vsaa-slimibas-pabalsts"},
                    {"title": "Dzīvesvietas deklarēšana", "payload": "service:pmlp-dzivesvietas-deklaresana"},
                    {"title": "Runāt ar cilvēku", "payload": "handoff"},
                ],
            )
            self.conversations[conversation.token] = conversation
        await self._welcome(socket, conversation)
        for message in conversation.messages[frame["cursor"] :]:
            await socket.send_text(json.dumps({"t": "message", "message": message}))
        conversation.sockets.add(socket)
        return conversation

    @staticmethod
    async def _welcome(socket: WebSocket, conversation: Conversation) -> None:
        await socket.send_text(
            json.dumps(
                {
                    "t": "welcome",
                    "token": conversation.token,
                    "conversation": conversation.id,
                    "cursor": len(conversation.messages),
                    "lang": conversation.lang,
                    "state": conversation.state,
                }
            )
        )

    @staticmethod
    async def _error(
        socket: WebSocket, code: str, text: str, *, frame_id: str | None = None, retry: bool = False, after: int = 0
    ) -> None:
        await socket.send_text(
            json.dumps(
                {"t": "error", "code": code, "id": frame_id, "text": text, "retry": retry, "retry_after_s": after}
            )
        )

    async def _frame(self, socket: WebSocket, conversation: Conversation, frame: Json) -> Conversation:
        match frame["t"]:
            case "ping":
                await socket.send_text('{"t":"pong"}')
            case "send":
                return await self._send(socket, conversation, frame)
            case "lang":
                conversation.lang = frame["lang"]
            case "contact":
                if frame["email"].endswith("@bad.example"):
                    await self._error(socket, "bad_contact", "Šo adresi neizdevās pārbaudīt.")
                else:
                    conversation.state["asks_contact"] = False
                    await socket.send_text('{"t":"contact_ok"}')
            case "end":
                conversation.state |= {"phase": "ended", "may_rate": True, "name": None, "wait_text": None}
                await conversation.tell({"t": "state", "state": conversation.state})
            case "rate":
                conversation.state["rated"] = frame["score"]
                await conversation.tell({"t": "rated", "score": frame["score"]})
        return conversation

    async def _send(self, socket: WebSocket, conversation: Conversation, frame: Json) -> Conversation:
        if self.send_error is not None:
            error, self.send_error = self.send_error, None
            await socket.send_text(json.dumps({**error, "t": "error", "id": frame["id"]}))
            return conversation
        known = next((c for c in self.conversations.values() if c.by_client_id(frame["id"])), None)
        if known is None and conversation.state["phase"] == "ended":
            conversation.sockets.discard(socket)
            conversation = Conversation(lang=conversation.lang)
            self.conversations[conversation.token] = conversation
            conversation.sockets.add(socket)
            await self._welcome(socket, conversation)
        message = (known or conversation).by_client_id(frame["id"])
        if message is None:
            message = conversation.add("citizen", frame["text"], client_id=frame["id"])
            await conversation.tell({"t": "message", "message": message}, but=socket)
        if self.swallow_acks > 0:
            self.swallow_acks -= 1
            return conversation
        await socket.send_text(json.dumps({"t": "ack", "id": frame["id"], "seq": message["seq"], "ts": message["ts"]}))
        return conversation
