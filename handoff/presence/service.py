"""Signs of life become spans: who of the operators was there when, available or away, and for which centre.

A span is ended by silence, at the last sign of life: so a reload is no break, and a gateway that is killed claims nothing. Of
people who do not serve at a centre's workplace nothing is kept.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.presence import repository
from handoff.presence.models import PresenceSpan
from handoff.queue.repository import PRESENT, locked
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.clock import Clock
from kit.db import Database, UnitOfWork

#: A second sign of the same person within this span tells nothing new: several tabs cost one write.
_SAME: Final = timedelta(seconds=10)


class Presence:
    """Takes signs of life of one worker's consoles."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._heard: dict[str, datetime] = {}
        #: Of several workers behind one address each counts its own consoles; what they lease tells of the others'.
        self._worker = str(uuid.uuid4())

    async def heard(self, viewer: Viewer) -> None:
        """A console of his told that it is there."""
        now = self._clock.now()
        before = self._heard.get(viewer.id)
        if before is not None and timedelta() <= now - before < _SAME:
            return
        async with self._db.unit() as unit:
            await people.seen(unit.session, viewer.id, now)
            await repository.lease(unit.session, unit.dialect, viewer.id, self._worker, now)
            if viewer.role == "operator":
                await sign_of_life(unit.session, viewer.id, now)
        self._heard[viewer.id] = now

    async def came(self, unit: UnitOfWork, viewer: Viewer, now: datetime) -> None:
        """A console of his opened here."""
        await people.seen(unit.session, viewer.id, now)
        await repository.lease(unit.session, unit.dialect, viewer.id, self._worker, now)
        await self._until_now(unit.session, viewer, now)

    async def went(self, unit: UnitOfWork, viewer: Viewer, now: datetime, *, silent: bool = False) -> None:
        """His last console at this worker closed: he is gone at once, unless one is open at another.

        ``silent``: it did not say so but has not been heard of for a while; then he has been gone since it was.
        """
        # His row first: of two workers that let go at once the later sees that the earlier has.
        staff = await locked(unit.session, viewer.id)
        await repository.release(unit.session, viewer.id, self._worker)
        elsewhere, _ = await repository.leased(unit.session, viewer.id, now - PRESENT)
        if staff is not None and elsewhere is None:
            before = staff.seen_at or now
            last = min(before, now) if silent else now
            # Never forward: that would be a sign of life which nobody gave.
            await people.seen(unit.session, viewer.id, min(before, last - PRESENT))
        if silent:
            self._heard.pop(viewer.id, None)
        else:
            await self._until_now(unit.session, viewer, now)

    async def focused(self, unit: UnitOfWork, viewer: Viewer, at: datetime | None) -> None:
        """A console of his here had the focus at ``at``; None: none here has it, though one at another worker may."""
        await locked(unit.session, viewer.id)
        await repository.lease_focus(unit.session, viewer.id, self._worker, at)
        _, last = await repository.leased(unit.session, viewer.id, self._clock.now() - PRESENT)
        await people.focused(unit.session, viewer.id, last)

    async def _until_now(self, session: AsyncSession, viewer: Viewer, now: datetime) -> None:
        """Either way he was there until now."""
        self._heard.pop(viewer.id, None)
        if viewer.role == "operator":
            await sign_of_life(session, viewer.id, now)


async def sign_of_life(session: AsyncSession, staff_id: str, now: datetime) -> None:
    """He was there at ``now``: his span goes on, or another begins."""
    if await repository.extend(session, staff_id, now - PRESENT, now):
        return
    # Two workers may come here at once: his row is held until the transaction ends.
    staff = await locked(session, staff_id)
    span = await repository.open_span(session, staff_id)
    counts = staff is not None and staff.role == "operator" and not staff.disabled
    if span is not None:
        same = counts and staff is not None and (span.kind, span.centre_id) == (staff.availability, staff.centre_id)
        if same and abs(now - span.last_seen_at) <= PRESENT:
            # Another sign was a moment later: a clock that was set a little, or a colleague of this worker.
            return
        _end(span, now)
        await session.flush()
    if counts and staff is not None:
        repository.begin(session, staff, now)


async def changed(session: AsyncSession, staff: Staff, now: datetime) -> None:
    """His availability was changed, by himself or by the router: if he is there, another span begins."""
    await session.flush()
    if staff.role != "operator":
        return
    span = await repository.open_span(session, staff.id)
    if span is None or span.kind == staff.availability:
        return
    there = now - span.last_seen_at <= PRESENT
    _end(span, now)
    await session.flush()
    if there:
        repository.begin(session, staff, now)


def _end(span: PresenceSpan, now: datetime) -> None:
    # Who was heard of a moment ago was there until now. A clock that was put back takes away what has not happened yet.
    end = now if now - span.last_seen_at <= PRESENT else span.last_seen_at
    span.ended_at = span.last_seen_at = max(span.began_at, end)
