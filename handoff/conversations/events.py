"""The event log: written in the transaction of the change it tells of, announced once that is stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import text

from handoff.conversations import repository
from handoff.conversations.models import Message
from handoff.conversations.schemas import message_view
from kit.bus import Bus
from kit.clock import Clock
from kit.db import UnitOfWork
from kit.metrics import EVENTS

# In PostgreSQL a sequence's order is not the order of commits: a reader that goes on from "after N" would step over a
# row whose transaction commits late. Whoever writes events takes this lock last, so seq order is commit order.
_SEQUENCER = 7_214_001


class EventLog:
    """Collects the events of one unit of work."""

    def __init__(self, unit: UnitOfWork, bus: Bus, clock: Clock) -> None:
        self._unit = unit
        self._bus = bus
        self._clock = clock
        self._events: list[tuple[dict[str, Any], Message | None]] = []
        self._seqs: list[int] = []
        unit.before_commit(self._write)
        unit.after_commit(self._announce)

    def add(
        self,
        kind: str,
        conversation_id: str | None,
        *,
        actor_kind: str,
        actor_id: str | None = None,
        cause: str | None = None,
        from_state: str | None = None,
        to_state: str | None = None,
        version: int | None = None,
        data: dict[str, Any] | None = None,
        message: Message | None = None,
        at: datetime | None = None,
    ) -> None:
        """Notes an event; it is numbered when the unit of work commits. ``at``: when, if others go by the same instant."""
        values = {
            "kind": kind,
            "conversation_id": conversation_id,
            "actor_kind": actor_kind,
            "actor_id": actor_id,
            "cause": cause,
            "from_state": from_state,
            "to_state": to_state,
            "version": version,
            "data": data or {},
            "at": at or self._clock.now(),
        }
        self._events.append((values, message))

    async def _write(self) -> None:
        if not self._events:
            return
        session = self._unit.session
        if self._unit.dialect == "postgresql":
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SEQUENCER})
        # One by one: a bulk insert may number its rows in another order.
        self._seqs = [await repository.store_event(session, values) for values, _ in self._events]

    async def _announce(self) -> None:
        for seq, (values, message) in zip(self._seqs, self._events, strict=True):
            EVENTS.labels(values["kind"]).inc()
            await self._bus.publish(
                {
                    "kind": "event",
                    "seq": seq,
                    "event": values["kind"],
                    "conversation": values["conversation_id"],
                    "to_state": values["to_state"],
                    "message": message_view(message) if message is not None else None,
                }
            )
