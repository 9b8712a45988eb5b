"""The live feed of one worker: every event, in order, once, to whoever listens here.

Notices from the bus make it quick, the event log makes it sure: a gap in the numbers, or a second of quiet, is filled from
the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from handoff.conversations import repository
from handoff.conversations.schemas import TELLS_MESSAGE, message_view
from kit.bus import Bus, Notice
from kit.db import Database
from kit.rounds import Rounds

log = structlog.get_logger(__name__)
Listener = Callable[[Notice], Awaitable[None]]
_BATCH = 500


class Feed:
    """Delivers ``event`` notices in order of ``seq``; ephemeral notices (typing, seen) at once."""

    def __init__(self, db: Database, bus: Bus, every: float = 1.0) -> None:
        self._db = db
        self.rounds = Rounds(self._look, every, "feed could not read the event log")
        self._listeners: list[Listener] = []
        self._lock = asyncio.Lock()
        self.cursor = 0
        bus.listen(self._on_notice)

    def listen(self, listener: Listener) -> None:
        """Calls ``listener`` with each notice from now on."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Begins after what is in the log already; sockets fetch older things themselves."""
        async with self._db.read() as session:
            self.cursor = await repository.last_event_seq(session)

    async def run(self) -> None:
        """Looks into the log every second for what no notice told of."""
        await self.rounds.run()

    async def _look(self) -> None:
        async with self._lock:
            await self._catch_up()

    async def _on_notice(self, notice: Notice) -> None:
        if notice["kind"] != "event":
            await self._deliver(notice)
            return
        async with self._lock:
            if notice["seq"] == self.cursor + 1:
                self.cursor += 1
                await self._deliver(notice)
            elif notice["seq"] > self.cursor:
                await self._catch_up()

    async def _catch_up(self) -> None:
        while True:
            async with self._db.read() as session:
                events = await repository.events_after(session, self.cursor, _BATCH)
                places = [
                    (event.conversation_id, event.data["seq"])
                    for event in events
                    if event.kind in TELLS_MESSAGE and event.conversation_id
                ]
                messages = await repository.messages_at(session, places) if places else {}
            for event in events:
                message = messages.get((event.conversation_id or "", event.data.get("seq", 0)))
                notice: dict[str, Any] = {
                    "kind": "event",
                    "seq": event.seq,
                    "event": event.kind,
                    "conversation": event.conversation_id,
                    "to_state": event.to_state,
                    "message": message_view(message) if event.kind in TELLS_MESSAGE and message is not None else None,
                }
                self.cursor = event.seq
                await self._deliver(notice)
            if len(events) < _BATCH:
                return

    async def _deliver(self, notice: Notice) -> None:
        for listener in self._listeners:
            try:
                await listener(notice)
            except Exception:
                log.exception("feed listener failed", kind=notice["kind"])
