"""Targets as administrators set them. Every change is on record with before and after, and in force within a second."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.console.doors import administrators_only, supervisors_only
from handoff.service_level import repository
from handoff.service_level.models import ServiceTarget
from handoff.service_level.schemas import WriteTarget
from handoff.service_level.targets import MEASURES, LiveTargets, Measure, Target
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.clock import RIGA, Clock, iso
from kit.db import Database
from kit.errors import Conflict, NotFound, PieturaError
from kit.textual import clean


class TargetDesk:
    """What administrators do with targets; permission is checked here, from the session's viewer."""

    def __init__(self, db: Database, clock: Clock, live: LiveTargets, changed: Callable[[], Awaitable[None]]) -> None:
        """``changed``: tells all workers."""
        self._db = db
        self._clock = clock
        self._live = live
        self._changed = changed

    async def view(self, viewer: Viewer) -> dict[str, Any]:
        """All that the page shows.

        Raises:
            Forbidden: the viewer is neither supervisor nor administrator.
        """
        supervisors_only(viewer)
        async with self._db.read() as session:
            return await self._view(session, viewer)

    async def set(self, viewer: Viewer, measure_id: str, wanted: WriteTarget) -> dict[str, Any]:
        """Sets a target from a day on; what was set for the same day is replaced.

        Raises:
            Forbidden: the viewer is no administrator.
            NotFound: there is no such measure.
            PieturaError: ``target_day_passed``, ``day_too_far``, ``target_reason_missing``, ``target_incomplete``,
                ``target_unchanged``.
            Conflict: ``target_changed`` with ``who``: somebody else has set one since.
        """
        administrators_only(viewer)
        measure = MEASURES.get(measure_id)
        if measure is None:
            raise NotFound()
        reason = clean(wanted.reason)
        self._check(measure, wanted, reason)
        target = Target(wanted.seconds if measure.timed else None, wanted.percent if measure.shared else None)
        now = self._clock.now()
        async with self._db.unit() as unit:
            session = unit.session
            rows = [one for one in await repository.targets(session) if one.measure == measure_id]
            last = max(rows, key=lambda one: one.id, default=None)
            if (last.id if last is not None else 0) != wanted.seen:
                raise Conflict("target_changed", who=await _name(session, last))
            held = next((one for one in rows if one.valid_from <= wanted.valid_from), None)
            before = Target(held.seconds, held.percent) if held is not None else self._live.first[measure_id]
            if before == target:
                raise PieturaError("target_unchanged")
            if held is not None and held.valid_from == wanted.valid_from:
                await session.delete(held)
                await session.flush()
            row = ServiceTarget(
                measure=measure_id,
                valid_from=wanted.valid_from,
                seconds=target.seconds,
                percent=target.percent,
                reason=reason,
                set_by=viewer.id,
                set_at=now,
            )
            session.add(row)
            try:
                await session.flush()
            except IntegrityError as error:
                # Somebody set one for the same day in the same instant.
                raise Conflict("target_changed", who="–") from error
            people.audit(
                session,
                now,
                viewer.id,
                "target_set",
                measure_id,
                before=_plain(before),
                after={**_plain(target), "from": wanted.valid_from.isoformat(), "reason": reason},
            )
            unit.after_commit(self._changed)
            return await self._view(session, viewer)

    async def withdraw(self, viewer: Viewer, target_id: int) -> dict[str, Any]:
        """Takes back a target whose day has not come.

        Raises:
            Forbidden: the viewer is no administrator.
            NotFound: there is none, or it has been taken back.
            PieturaError: ``target_in_force``: its day has come.
        """
        administrators_only(viewer)
        async with self._db.unit() as unit:
            row = await unit.session.get(ServiceTarget, target_id)
            if row is None:
                raise NotFound()
            if row.valid_from <= self._today():
                raise PieturaError("target_in_force")
            before = {**_plain(Target(row.seconds, row.percent)), "from": row.valid_from.isoformat()}
            await unit.session.delete(row)
            await unit.session.flush()
            people.audit(
                unit.session, self._clock.now(), viewer.id, "target_withdrawn", row.measure, before=before, after=None
            )
            unit.after_commit(self._changed)
            return await self._view(unit.session, viewer)

    def _check(self, measure: Measure, wanted: WriteTarget, reason: str) -> None:
        today = self._today()
        if wanted.valid_from < today:
            # What has passed is judged already, and perhaps paid.
            raise PieturaError("target_day_passed")
        if wanted.valid_from.year > today.year + 1:
            raise PieturaError("day_too_far", year=today.year + 1)
        if not reason:
            raise PieturaError("target_reason_missing")
        if (measure.needed and wanted.seconds is None) or (measure.shared and wanted.percent is None):
            raise PieturaError("target_incomplete")

    def _today(self) -> date:
        return self._clock.now().astimezone(RIGA).date()

    async def _view(self, session: AsyncSession, viewer: Viewer) -> dict[str, Any]:
        today = self._today()
        rows = await repository.targets(session)
        names = {one.id: one.name for one in await people.everybody(session)}
        found = []
        for measure in MEASURES.values():
            own = [row for row in rows if row.measure == measure.id]
            held = next((row for row in own if row.valid_from <= today), None)
            current = Target(held.seconds, held.percent) if held is not None else self._live.first[measure.id]
            found.append(
                {
                    "measure": measure.id,
                    "timed": measure.timed,
                    "shared": measure.shared,
                    "more_than": measure.more_than,
                    "needed": measure.needed,
                    **_plain(current),
                    "since": held.valid_from.isoformat() if held is not None else None,
                    "seen": max((row.id for row in own), default=0),
                    "history": [
                        {
                            "id": row.id,
                            "from": row.valid_from.isoformat(),
                            **_plain(Target(row.seconds, row.percent)),
                            "reason": row.reason,
                            "who": names.get(row.set_by),
                            "at": iso(row.set_at),
                            "planned": row.valid_from > today,
                        }
                        for row in own
                    ],
                    "first": _plain(self._live.first[measure.id]),
                }
            )
        return {"today": today.isoformat(), "may_set": viewer.role == "admin", "measures": found}


def _plain(target: Target) -> dict[str, Any]:
    return {"seconds": target.seconds, "percent": decimal_text(target.percent)}


def decimal_text(value: Decimal | None) -> str | None:
    """A decimal without needless noughts; None stays None."""
    if value is None:
        return None
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


async def _name(session: AsyncSession, row: ServiceTarget | None) -> str:
    who = await session.get(Staff, row.set_by) if row is not None else None
    return who.name if who is not None else "–"
