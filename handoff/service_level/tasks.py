"""Looks after the clocks: tells at half and at four fifths of the time, and puts on record what has run out.

Every worker runs one; each clock is told of under the condition that it still is as it was seen. Whatever the watch missed
while it was down, the stop of the clock puts on record (:mod:`handoff.service_level.service`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from handoff.broker import Broker
from handoff.conversations.events import EventLog
from handoff.service_level import repository, rules
from handoff.service_level.models import LevelClock
from handoff.service_level.service import tell_breach
from handoff.state_machine import Actor
from kit.clock import iso
from kit.db import UnitOfWork
from kit.rounds import Rounds

_AT_ONCE: Final = 100


class ClockWatch:
    """Looks every ``every`` seconds."""

    def __init__(self, broker: Broker, every: float = 1.0) -> None:
        self._broker = broker
        self.rounds = Rounds(self.once, every, "clocks could not be looked after")

    async def run(self) -> None:
        """Works until cancelled."""
        await self.rounds.run()

    async def once(self) -> None:
        """One round: until nothing is left to tell."""
        broker = self._broker
        while True:
            now = broker.clock.now()
            async with broker.db.read() as session:
                rows = await repository.due(session, now, _AT_ONCE)
            # In order of their ids, as transactions of conversations take them.
            ready = sorted((row for row in rows if rules.passed(row, now) > row.told), key=lambda one: one.id)
            if not ready:
                return
            async with broker.db.unit() as unit:
                events = broker.events(unit)
                for row in ready:
                    await self._tell(unit, events, row, now)

    async def _tell(self, unit: UnitOfWork, events: EventLog, row: LevelClock, now: datetime) -> None:
        share = rules.passed(row, now)
        seen, row.told = row.next_at, share
        over = rules.breaks(row, now)
        rules.plan(row)
        following, row.next_at = row.next_at, seen
        breached_at = row.due_at if over else row.breached_at
        if not await repository.tell(unit.session, row, told=share, next_at=following, breached_at=breached_at):
            return
        if over:
            tell_breach(events, row)
        elif share in rules.MARKS:
            events.add(
                "clock_warning",
                row.conversation_id,
                actor_kind=Actor.SYSTEM,
                cause=row.kind,
                data={"share": share, "due_at": iso(row.due_at)},
            )
