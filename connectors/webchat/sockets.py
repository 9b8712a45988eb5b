"""Open widget sockets of one worker: who listens to which conversation, and what each has been given."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import orjson
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from handoff.gate import CitizenGate
from kit.bus import Notice

log = structlog.get_logger(__name__)
_SEND_LIMIT = 10.0


class Socket:
    """One widget. Messages go out in order, each once: ``cursor`` is the last one given."""

    def __init__(self, websocket: WebSocket, gate: CitizenGate, conversation_id: str, cursor: int, lang: str) -> None:
        self.websocket = websocket
        self.conversation_id = conversation_id
        self.cursor = cursor
        self.lang = lang
        self.phase = "assistant"
        self._gate = gate
        self._order = asyncio.Lock()

    async def send(self, frame: dict[str, Any]) -> None:
        """Sends a frame; a widget that takes nothing for ten seconds is let go, it will come back and ask again."""
        if self.websocket.application_state != WebSocketState.CONNECTED:
            return
        try:
            await asyncio.wait_for(self.websocket.send_text(orjson.dumps(frame).decode()), _SEND_LIMIT)
        except (TimeoutError, RuntimeError, WebSocketDisconnect, OSError):
            await self.drop()

    async def drop(self) -> None:
        """Closes the connection, whatever state it is in."""
        try:
            await self.websocket.close(1011)
        except (RuntimeError, WebSocketDisconnect, OSError):
            pass

    async def give(self, message: dict[str, Any]) -> None:
        """Gives a message that was just said, and what may be missing before it."""
        async with self._order:
            if message["seq"] <= self.cursor:
                return
            if message["seq"] == self.cursor + 1:
                self.cursor += 1
                await self.send({"t": "message", "message": message})
                return
            await self._replay()

    async def replay(self, held: int = 0) -> None:
        """Gives everything after the cursor; and of the first ``held`` messages those that have changed since."""
        async with self._order:
            if held:
                for message in await self._gate.changed_messages(self.conversation_id, held):
                    await self.send({"t": "message", "message": message})
            await self._replay()

    async def change(self, message: dict[str, Any]) -> None:
        """Gives a message anew that says something else now. One that was not given yet comes in its turn, as it is now."""
        async with self._order:
            if message["seq"] <= self.cursor:
                await self.send({"t": "message", "message": message})

    async def _replay(self) -> None:
        for message in await self._gate.messages_after(self.conversation_id, self.cursor):
            self.cursor = message["seq"]
            await self.send({"t": "message", "message": message})

    async def send_state(self, state: dict[str, Any]) -> None:
        """Tells who speaks now."""
        self.phase = state["phase"]
        await self.send({"t": "state", "state": state})


class Sockets:
    """All widgets of this worker."""

    def __init__(self, gate: CitizenGate) -> None:
        self._gate = gate
        self._by_conversation: defaultdict[str, set[Socket]] = defaultdict(set)
        gate.listen(self._on_notice)

    def __len__(self) -> int:
        return sum(map(len, self._by_conversation.values()))

    def add(self, socket: Socket) -> None:
        """Listens from now on."""
        self._by_conversation[socket.conversation_id].add(socket)

    def remove(self, socket: Socket) -> None:
        """Listens no more."""
        sockets = self._by_conversation.get(socket.conversation_id)
        if sockets is not None:
            sockets.discard(socket)
            if not sockets:
                del self._by_conversation[socket.conversation_id]

    async def _on_notice(self, notice: Notice) -> None:
        if notice["kind"] == "notices":
            everyone = [socket for sockets in self._by_conversation.values() for socket in sockets]
            await asyncio.gather(*(socket.send({"t": "notices"}) for socket in everyone))
            return
        sockets = self._by_conversation.get(notice.get("conversation") or "")
        if not sockets:
            return
        match notice["kind"]:
            case "event" if notice["event"] == "message" and notice["message"] is not None:
                await asyncio.gather(*(socket.give(notice["message"]) for socket in tuple(sockets)))
            case "event" if notice["event"] in ("edited", "attachment") and notice["message"] is not None:
                await asyncio.gather(*(socket.change(notice["message"]) for socket in tuple(sockets)))
            case "event" if notice["event"] in ("state", "contact", "language", "rated"):
                await self._tell_state(notice["conversation"], tuple(sockets))
            case "typing" if notice["author"]["kind"] != "citizen":
                frame = {"t": "typing", "author": notice["author"], "on": notice["on"]}
                await asyncio.gather(*(socket.send(frame) for socket in tuple(sockets)))
            case "seen" if notice["by"] == "staff":
                await asyncio.gather(*(socket.send({"t": "seen", "seq": notice["seq"]}) for socket in tuple(sockets)))

    async def _tell_state(self, conversation_id: str, sockets: tuple[Socket, ...]) -> None:
        known = await self._gate.state(conversation_id)
        for socket in sockets:
            await socket.send_state(known["state"])

    async def refresh_waiting(self, every: float) -> None:
        """Keeps the expected wait of those who wait true; runs until cancelled."""
        while True:
            await asyncio.sleep(every)
            for conversation_id, sockets in list(self._by_conversation.items()):
                waiting = tuple(socket for socket in sockets if socket.phase == "waiting")
                if waiting:
                    try:
                        await self._gate.seen(conversation_id)
                        await self._tell_state(conversation_id, waiting)
                    except Exception:
                        log.exception("could not refresh the wait", conversation=conversation_id)

    async def close_all(self) -> None:
        """Closes every socket with "going away": the widgets come back by themselves."""
        for sockets in list(self._by_conversation.values()):
            for socket in tuple(sockets):
                try:
                    await socket.websocket.close(1012)
                except (RuntimeError, WebSocketDisconnect, OSError):
                    continue
