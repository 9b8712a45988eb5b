"""The console's live feed: for each open console, what its person may see, at the moment he is to see it."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from handoff.console.cards import Cards
from handoff.conversations import repository
from handoff.conversations.schemas import TELLS_MESSAGE
from handoff.conversations.scope import sees
from handoff.live import Feed
from handoff.staff.schemas import Viewer
from kit.bus import Notice
from kit.db import Database

log = structlog.get_logger(__name__)
#: Changes are gathered for this long, so that a busy second costs one look into the database and not a hundred.
_GATHER_S = 0.05
_SEND_LIMIT_S = 10.0


class ConsoleSocket:
    """One open console."""

    def __init__(self, websocket: WebSocket, viewer: Viewer) -> None:
        self.websocket = websocket
        self.viewer = viewer
        #: Conversations he has been shown; one that leaves his sight is announced as gone.
        self.shown: set[str] = set()
        #: The conversation open before him, as his console says; colleagues hear of it.
        self.looking: str | None = None
        #: Whether the console has the focus, as it says.
        self.focused = False

    async def send(self, frame: dict[str, Any]) -> None:
        """Sends a frame; a console that takes nothing for ten seconds is let go and comes back."""
        if self.websocket.application_state != WebSocketState.CONNECTED:
            return
        try:
            await asyncio.wait_for(self.websocket.send_text(orjson.dumps(frame).decode()), _SEND_LIMIT_S)
        except (TimeoutError, RuntimeError, WebSocketDisconnect, OSError):
            await self.close(1011)

    async def close(self, code: int) -> None:
        """Closes, whatever state the connection is in."""
        try:
            await self.websocket.close(code)
        except (RuntimeError, WebSocketDisconnect, OSError):
            return


class ConsoleFeed:
    """All consoles of this worker."""

    def __init__(self, db: Database, feed: Feed, cards: Cards) -> None:
        self._db = db
        self._cards = cards
        self._sockets: set[ConsoleSocket] = set()
        self._notices: list[Notice] = []
        self._wake = asyncio.Event()
        feed.listen(self._on_notice)

    def __len__(self) -> int:
        return len(self._sockets)

    @property
    def sockets(self) -> list[ConsoleSocket]:
        """Every open console."""
        return list(self._sockets)

    def add(self, socket: ConsoleSocket) -> None:
        """A console opened."""
        self._sockets.add(socket)

    def remove(self, socket: ConsoleSocket) -> None:
        """A console closed."""
        self._sockets.discard(socket)

    def of(self, staff_id: str) -> list[ConsoleSocket]:
        """The consoles of one person."""
        return [socket for socket in self._sockets if socket.viewer.id == staff_id]

    async def close_all(self) -> None:
        """Closes every console's connection; they come back by themselves."""
        await asyncio.gather(*(socket.close(1012) for socket in tuple(self._sockets)))

    async def _on_notice(self, notice: Notice) -> None:
        if self._sockets:
            self._notices.append(notice)
            self._wake.set()

    async def run(self) -> None:
        """Delivers until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(_GATHER_S)
            self._wake.clear()
            notices, self._notices = self._notices, []
            try:
                await self._deliver(notices)
            except Exception:
                log.exception("console feed failed")
                await asyncio.gather(*(socket.send({"kind": "resync"}) for socket in tuple(self._sockets)))

    async def replay(self, socket: ConsoleSocket, cursor: int, limit: int = 500) -> None:
        """Gives a console that comes back what happened after ``cursor``; too much of it and it starts anew."""
        async with self._db.read() as session:
            events = await repository.events_after(session, cursor, limit)
            last = await repository.last_event_seq(session)
            if len(events) >= limit or cursor > last:
                await socket.send({"kind": "resync"})
                return
            told = [e for e in events if e.kind in TELLS_MESSAGE and e.conversation_id]
            places = [(str(e.conversation_id), e.data["seq"]) for e in told]
            messages = await repository.messages_at(session, places) if places else {}
        notices = [
            {
                "kind": "event",
                "seq": e.seq,
                "event": e.kind,
                "conversation": e.conversation_id,
                "message": repository.view_of(messages.get((e.conversation_id or "", e.data.get("seq", 0)))),
            }
            for e in events
        ]
        await self._deliver(notices, [socket])

    async def _deliver(self, notices: list[Notice], sockets: list[ConsoleSocket] | None = None) -> None:
        sockets = list(self._sockets) if sockets is None else sockets
        ids = list({notice["conversation"] for notice in notices if notice.get("conversation")})
        seq = max((notice["seq"] for notice in notices if notice["kind"] == "event"), default=0)
        people_changed = any(notice.get("event") == "colleagues" for notice in notices)
        async with self._db.read() as session:
            conversations = {one.id: one for one in await repository.among(session, ids)} if ids else {}
            facts = await self._cards.facts(session, list(conversations.values()))
            colleagues = await self._cards.colleagues(session) if people_changed else None
        for socket in sockets:
            visible = {key for key, one in conversations.items() if sees(socket.viewer, one)}
            for notice in notices:
                if notice.get("conversation") not in visible:
                    continue
                if notice["kind"] == "event" and notice.get("message"):
                    await socket.send(
                        {
                            "seq": notice["seq"],
                            "kind": "message",
                            "conversation": notice["conversation"],
                            "message": notice["message"],
                            # What is told again because a file was checked is no news.
                            "again": notice["event"] == "attachment",
                        }
                    )
                elif notice["kind"] in ("typing", "looking") and notice.get("by") != socket.viewer.id:
                    await socket.send(notice)
                elif notice["kind"] == "seen" and notice["by"] == "citizen":
                    await socket.send(
                        {"kind": "seen", "conversation": notice["conversation"], "seq_read": notice["seq"]}
                    )
            changed = {n["conversation"] for n in notices if n["kind"] in ("event", "seen") and n.get("conversation")}
            for conversation_id in changed & visible:
                card = self._cards.card(socket.viewer, conversations[conversation_id], facts)
                socket.shown.add(conversation_id)
                await socket.send({"seq": seq, "kind": "card", "card": card})
            for conversation_id in (changed - visible) & socket.shown:
                socket.shown.discard(conversation_id)
                await socket.send({"seq": seq, "kind": "gone", "id": conversation_id})
            if colleagues is not None:
                await socket.send({"seq": seq, "kind": "colleagues", "colleagues": colleagues})
