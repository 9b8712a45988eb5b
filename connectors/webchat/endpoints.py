"""Routes of the web chat: the socket, the widget's configuration and files, the demo page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request, Response, WebSocket
from fastapi.responses import FileResponse, JSONResponse
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from connectors.base import Capabilities, ChannelHealth
from connectors.webchat.files import Files, may_show
from connectors.webchat.schemas import (
    FRAMES,
    End,
    Frame,
    Hello,
    LeaveContact,
    Ping,
    Rate,
    Read,
    Send,
    SetLang,
    Typing,
)
from connectors.webchat.sockets import Socket, Sockets
from connectors.webchat.tokens import BadToken, Claim, Tokens
from handoff.conversations.models import Site
from handoff.conversations.schemas import Contact, Inbound
from handoff.gate import CitizenGate
from kit.clock import iso
from kit.errors import PieturaError
from kit.i18n import LANGUAGES, Catalogue
from kit.ratelimit import Bucket, Limiter

log = structlog.get_logger(__name__)
HERE = Path(__file__).parent
STATIC = HERE / "static"
_HELLO_LIMIT_S = 15.0
# A widget pings every 20 s; one that is silent for this long is gone.
_SILENCE_S = 75.0
_STRICT_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class WebChat:
    """The web-chat channel."""

    name = "webchat"

    def __init__(
        self,
        gate: CitizenGate,
        tokens: Tokens,
        limiter: Limiter,
        *,
        messages_per_s: float,
        burst: int,
        demo: bool,
    ) -> None:
        """``messages_per_s`` and ``burst``: the pace of one socket; ``demo``: whether the demo page is served."""
        self._gate = gate
        self._tokens = tokens
        self._limiter = limiter
        self._pace = (messages_per_s, burst)
        self._demo = demo
        #: Rule of invitation by its id → the plan that it offers: ``title`` by language and ``payload``; set by the gateway.
        self.begins: Callable[[str], dict[str, Any] | None] = lambda _rule_id: None
        self._texts = Catalogue(HERE / "locales", HERE / "locales" / "server")
        self._sockets = Sockets(gate)
        self._files = Files(gate, tokens, limiter, self._texts)
        self._waiting: asyncio.Task[None] | None = None

    def capabilities(self) -> Capabilities:
        """The web chat can carry all there is."""
        return Capabilities(
            self._gate.limit, buttons=True, edits=False, read_receipts=True, typing=True, reply_window_h=None
        )

    def health(self) -> ChannelHealth:
        """How many widgets are connected to this worker."""
        return ChannelHealth(True, {"sockets": len(self._sockets)})

    def start(self) -> None:
        """Begins to keep waiting citizens informed."""
        self._waiting = asyncio.create_task(self._sockets.refresh_waiting(15.0))

    async def stop(self) -> None:
        """Closes the sockets in good order."""
        if self._waiting is not None:
            self._waiting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._waiting
        await self._sockets.close_all()

    def router(self) -> APIRouter:
        """The channel's public routes."""
        router = APIRouter()
        router.add_api_route("/chat/config", self._config, methods=["GET"])
        router.add_api_route("/chat/notices", self._notices, methods=["GET"])
        router.add_api_websocket_route("/chat/ws", self._socket)
        router.routes.extend(self._files.router().routes)
        router.add_api_route("/widget/preview", _preview_page, methods=["GET"], include_in_schema=False)
        router.add_api_route("/widget/{path:path}", _widget_file, methods=["GET"], include_in_schema=False)
        if self._demo:
            router.add_api_route("/demo", _demo_page, methods=["GET"], include_in_schema=False)
            router.add_api_route("/demo/{path:path}", _demo_file, methods=["GET"], include_in_schema=False)
        return router

    def catalogue(self) -> dict[str, dict[str, Any]]:
        """The widget's words by language, before any site's own."""
        return {lang: dict(self._texts.all(lang)) for lang in LANGUAGES}

    # --- configuration ----------------------------------------------------------------------------------------------

    async def _asked(self, request: Request, site: str) -> tuple[Site, dict[str, str]] | Response:
        """The site with the headers of an answer to its pages, or the refusal."""
        found = await self._gate.site(site)
        if found is None:
            return JSONResponse({"code": "unknown_site", "title": "unknown site"}, 404)
        origin = request.headers.get("origin")
        headers = {"vary": "Origin", "cache-control": "no-cache"}
        if origin is not None:
            if not may_show(found, origin, request.url.netloc):
                return JSONResponse({"code": "origin_refused", "title": "this site may not show the chat"}, 403)
            headers["access-control-allow-origin"] = origin
        return found, headers

    async def _notices(self, request: Request, site: str) -> Response:
        asked = await self._asked(request, site)
        if isinstance(asked, Response):
            return asked
        found, headers = asked
        body = orjson.dumps({"notices": self._gate.banners(found.key)})
        return Response(body, headers=headers, media_type="application/json")

    async def _config(self, request: Request, site: str) -> Response:
        asked = await self._asked(request, site)
        if isinstance(asked, Response):
            return asked
        found, headers = asked
        own = self._gate.wording(found)
        body = {
            "site": found.key,
            "name": found.name,
            "lang": found.lang,
            "languages": list(LANGUAGES),
            "accent": found.accent,
            "texts": {lang: {**self._texts.all(lang), **own[lang]} for lang in LANGUAGES},
            "proactive": [
                {**rule, "begin": self.begins(str(rule.get("id", "")))} for rule in self._gate.invitations(found)
            ],
            "privacy_url": found.privacy_url,
            "notices": self._gate.banners(found.key),
            "attachments": self._gate.attachments.limits.view() if self._gate.attachments is not None else None,
        }
        return Response(orjson.dumps(body), headers=headers, media_type="application/json")

    # --- the socket -------------------------------------------------------------------------------------------------

    async def _socket(self, websocket: WebSocket, site: str = "") -> None:
        found = await self._gate.site(site)
        origin = websocket.headers.get("origin")
        if found is None or origin is None or not may_show(found, origin, websocket.url.netloc):
            # Before accepting: the hand-shake itself is refused with 403.
            await websocket.close(4403)
            return
        client = websocket.client.host if websocket.client else "unknown"
        if not await self._limiter.allow("webchat-connect", client):
            await websocket.close(4429)
            return
        await websocket.accept()
        try:
            first = await asyncio.wait_for(self._receive(websocket, found.lang), _HELLO_LIMIT_S)
        except (TimeoutError, WebSocketDisconnect):
            return
        if not isinstance(first, Hello):
            await _say_error(websocket, self._texts, found.lang, "bad_frame")
            await websocket.close(1002)
            return
        session = _Session(self, websocket, found, first)
        await session.run()

    async def _receive(self, websocket: WebSocket, lang: str) -> Frame | None:
        """The next frame; None (and an error to the widget) for one that is not to be understood."""
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or 1005)
        raw = message.get("text")
        if raw is None:
            raw = message.get("bytes") or b""
        code, message_id = "bad_json", None
        try:
            data = orjson.loads(raw)
            code = "bad_frame"
            if isinstance(data, dict):
                message_id = data.get("id") if isinstance(data.get("id"), str) else None
                if data.get("t") == "contact":
                    code = "bad_contact"
            return FRAMES.validate_python(data)
        except (orjson.JSONDecodeError, ValidationError):
            await _say_error(websocket, self._texts, lang, code, message_id)
            return None


class _Session:
    """One connection of one widget."""

    def __init__(self, chat: WebChat, websocket: WebSocket, site: Site, hello: Hello) -> None:
        self._chat = chat
        self._gate = chat._gate
        self._websocket = websocket
        self._site = site
        self._hello = hello
        self._lang: str = hello.lang
        self._bucket = Bucket(*chat._pace)
        self._claim: Claim
        self._socket: Socket

    async def run(self) -> None:
        """Serves the connection until it ends."""
        token = self._hello.token
        cursor = self._hello.cursor
        try:
            if token is None:
                raise BadToken
            self._claim = self._chat._tokens.check(token, self._site.key)
        except BadToken:
            if token is not None:
                await self._error("token_invalid")
            token, self._claim = self._chat._tokens.fresh(self._site.key)
            cursor = 0
        self._socket = Socket(self._websocket, self._gate, self._claim.conversation_id, cursor, self._lang)
        try:
            await self._begin(token, cursor)
            while True:
                frame = await asyncio.wait_for(self._chat._receive(self._websocket, self._lang), _SILENCE_S)
                if frame is not None:
                    await self._handle(frame)
        except (WebSocketDisconnect, TimeoutError, RuntimeError):
            pass
        finally:
            self._chat._sockets.remove(self._socket)
            await self._leave()

    async def _begin(self, token: str, cursor: int) -> None:
        known = await self._gate.state(self._claim.conversation_id)
        self._lang = known["lang"] or self._lang
        self._socket = Socket(self._websocket, self._gate, self._claim.conversation_id, cursor, self._lang)
        # Listening first, replaying second: what is said in between arrives either way, and the cursor drops the double.
        self._chat._sockets.add(self._socket)
        await self._socket.send(
            {
                "t": "welcome",
                "token": token,
                "conversation": self._claim.conversation_id,
                "cursor": cursor,
                "lang": self._lang,
                "state": known["state"],
            }
        )
        self._socket.phase = known["state"]["phase"]
        if known["exists"]:
            await self._socket.replay(cursor)
            if known["seen"]:
                await self._socket.send({"t": "seen", "seq": known["seen"]})
            if not known["ended"]:
                await self._gate.seen(self._claim.conversation_id)
        else:
            self._socket.cursor = 1
            await self._greet()

    async def _greet(self) -> None:
        await self._socket.send(
            {"t": "message", "message": self._gate.greeting(self._claim.conversation_id, self._lang, self._site.key)}
        )

    async def _leave(self) -> None:
        try:
            await self._gate.seen(self._claim.conversation_id)
        except Exception:
            log.exception("could not note that the citizen left")

    async def _handle(self, frame: Frame) -> None:
        conversation_id = self._claim.conversation_id
        try:
            match frame:
                case Send():
                    await self._on_send(frame)
                case Ping():
                    await self._socket.send({"t": "pong"})
                case Typing():
                    if self._bucket.take(0.2):
                        await self._gate.typing(conversation_id, frame.on)
                case Read():
                    if self._bucket.take(0.2):
                        await self._gate.read_up_to(conversation_id, frame.seq)
                case SetLang():
                    self._lang = self._socket.lang = frame.lang
                    if not self._bucket.take():
                        raise PieturaError("too_fast")
                    await self._gate.set_language(conversation_id, frame.lang)
                    if not (await self._gate.state(conversation_id))["exists"]:
                        await self._greet()
                case LeaveContact():
                    if not self._bucket.take():
                        raise PieturaError("too_fast")
                    await self._gate.leave_contact(conversation_id, Contact(frame.name, frame.email, frame.phone))
                    await self._socket.send({"t": "contact_ok"})
                case End():
                    await self._gate.end(conversation_id)
                case Rate():
                    await self._gate.rate(conversation_id, frame.score, frame.comment)
                    await self._socket.send({"t": "rated", "score": frame.score})
                case Hello():
                    raise PieturaError("bad_frame")
        except PieturaError as error:
            await self._error(error.code, str(frame.id) if isinstance(frame, Send) else None, error.details)
        except WebSocketDisconnect:
            raise
        except Exception:
            # The citizen hears of it and his widget tries again; the message keeps its id, so nothing is doubled.
            log.exception("frame failed", kind=frame.t)
            await self._error("unavailable", str(frame.id) if isinstance(frame, Send) else None)

    async def _on_send(self, frame: Send) -> None:
        if not self._bucket.take():
            raise PieturaError("too_fast")
        try:
            receipt = await self._gate.receive(self._inbound(frame))
        except PieturaError as error:
            if error.code != "ended":
                raise
            await self._begin_anew()
            receipt = await self._gate.receive(self._inbound(frame))
        if receipt.opened:
            self._socket.cursor = max(self._socket.cursor, 1)
        await self._socket.send({"t": "ack", "id": str(frame.id), "seq": receipt.seq, "ts": iso(receipt.at)})

    def _inbound(self, frame: Send) -> Inbound:
        return Inbound(
            conversation_id=self._claim.conversation_id,
            client_id=str(frame.id),
            text=frame.text,
            payload=frame.payload,
            attachments=tuple(str(one) for one in frame.attachments),
            lang=self._lang,
            channel="webchat",
            site=self._site.key,
            page=self._hello.page,
            previous_id=self._claim.previous_id,
        )

    async def _begin_anew(self) -> None:
        """The conversation is over and the citizen writes on: a new one, which knows the one before."""
        before = self._socket, self._claim
        self._chat._sockets.remove(self._socket)
        token, self._claim = self._chat._tokens.fresh(self._site.key, self._claim.conversation_id)
        try:
            await self._begin(token, 0)
        except Exception:
            # He is told to try again, and must still be heard where he was.
            self._chat._sockets.remove(self._socket)
            self._socket, self._claim = before
            self._chat._sockets.add(self._socket)
            raise

    async def _error(
        self, code: str, message_id: str | None = None, details: Mapping[str, object] | None = None
    ) -> None:
        texts = self._chat._texts
        await _say_error(self._websocket, texts, self._lang, code, message_id, self._bucket.wait(), details)


_RETRY = frozenset({"too_fast", "unavailable"})


async def _say_error(
    websocket: WebSocket,
    texts: Catalogue,
    lang: str,
    code: str,
    message_id: str | None = None,
    wait: float = 1.0,
    details: Mapping[str, object] | None = None,
) -> None:
    key = f"error.{code}"
    frame: dict[str, Any] = {
        "t": "error",
        "code": code,
        "id": message_id,
        "text": texts.text(lang, key if texts.has(key) else "error.unavailable", **(details or {})),
        "retry": code in _RETRY,
        "retry_after_s": round(wait, 1) if code in _RETRY else 0,
    }
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError):
        await websocket.send_text(orjson.dumps(frame).decode())


def _inside(root: Path, path: str) -> Path | None:
    wanted = (root / path).resolve()
    return wanted if wanted.is_relative_to(root) and wanted.is_file() else None


async def _widget_file(path: str) -> Response:
    found = _inside(STATIC, path)
    if found is None or found.is_relative_to(STATIC / "demo"):
        return JSONResponse({"code": "not_found", "title": "not found"}, 404)
    # Any page may load the script; only configured sites get a configuration and a socket.
    return FileResponse(
        found,
        headers={
            "cache-control": "public, max-age=300",
            "access-control-allow-origin": "*",
            "cross-origin-resource-policy": "cross-origin",
        },
    )


async def _preview_page() -> Response:
    """The widget drawn by itself, with what the page around it says: only our own pages may be around it."""
    return FileResponse(STATIC / "preview" / "index.html", headers={"content-security-policy": _STRICT_CSP})


async def _demo_page() -> Response:
    return FileResponse(STATIC / "demo" / "index.html", headers={"content-security-policy": _STRICT_CSP})


async def _demo_file(path: str) -> Response:
    found = _inside(STATIC / "demo", path or "index.html")
    if found is None:
        return JSONResponse({"code": "not_found", "title": "not found"}, 404)
    return FileResponse(found, headers={"content-security-policy": _STRICT_CSP})
