"""Ends the spans of people who have fallen silent, and keeps when the service itself was there to see anybody."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.presence import repository
from handoff.presence.models import PresenceRecord
from handoff.queue.repository import PRESENT
from handoff.service_clock.service import WorkingCalendar
from kit.clock import RIGA, Clock
from kit.db import Database
from kit.rounds import Rounds

#: Spans of people are deleted after that: the year that quality criteria look back on (R16), and a month to settle it.
KEPT: Final = timedelta(days=400)
_EVERY_S: Final = 20.0
#: Of two workers, and of two rounds, one writes.
_WRITTEN: Final = timedelta(seconds=15)
#: A longer silence of the service is a gap in its records.
GAP: Final = timedelta(seconds=60)
#: So long a lease is kept that nobody was heard of by; it has counted for nothing long before.
FORGOTTEN: Final = timedelta(hours=1)


class PresenceWatch:
    """One a worker."""

    def __init__(
        self, db: Database, clock: Clock, calendar: Callable[[], WorkingCalendar], every: float = _EVERY_S
    ) -> None:
        """``every``: seconds between two looks."""
        self._db = db
        self._clock = clock
        self._calendar = calendar
        self.rounds = Rounds(self.once, every, "presence could not be looked after")

    async def run(self) -> None:
        """Looks until cancelled."""
        await self.rounds.run()

    async def once(self) -> None:
        """One look; writes only what has changed."""
        now = self._clock.now()
        today = now.astimezone(RIGA).date()
        hours = self._calendar().worked(today)
        async with self._db.read() as session:
            record = await repository.last_record(session)
            fresh = record is not None and timedelta() <= now - record.last_seen_at < _WRITTEN
            silent = await repository.any_silent(session, now - PRESENT)
            kept = await repository.worked_days(session, today, today)
            old = await repository.any_before(session, now - KEPT)
        if fresh and not silent and not old and today in kept and kept[today] == hours:
            return
        async with self._db.unit() as unit:
            await repository.end_silent(unit.session, now - PRESENT)
            await _record(unit.session, record, now)
            await repository.keep_day(unit.session, unit.dialect, today, hours)
            await repository.forget_before(unit.session, now - KEPT)
            await repository.forget_leases(unit.session, now - FORGOTTEN)


async def _record(session: AsyncSession, record: PresenceRecord | None, now: datetime) -> None:
    if record is not None and now < record.last_seen_at - GAP:
        # The clock was put back: what was recorded ahead of it has not happened.
        await repository.take_back_records(session, now)
    elif record is not None and now - record.last_seen_at <= GAP:
        await repository.recorded_on(session, record.id, now)
        return
    session.add(PresenceRecord(id=str(uuid.uuid4()), began_at=now, last_seen_at=now))
