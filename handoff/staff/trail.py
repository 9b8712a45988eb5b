"""The audit trail for whoever must answer for it: found, read, taken along. Reading it is on record itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases.schemas import csv_lines
from handoff.console.doors import administrators_only
from handoff.conversations import repository as conversations
from handoff.staff import repository
from handoff.staff.models import Audit
from handoff.staff.repository import TrailFilter
from handoff.staff.schemas import Viewer
from kit.clock import RIGA, Clock, iso
from kit.db import Database
from kit.errors import PieturaError

_PAGE: Final = 50
_PART: Final = 1000
COLUMNS: Final = ("no", "recorded_at", "person", "person_id", "action", "meaning", "object", "object_id", "detail")


class AuditReader:
    """Reading the trail; administrators only."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def page(self, viewer: Viewer, wanted: TrailFilter, number: int) -> dict[str, Any]:
        """A page of lines, the latest first, with what the filters offer.

        Raises:
            Forbidden: the viewer is no administrator.
        """
        administrators_only(viewer)
        async with self._db.read() as session:
            last = wanted.up_to if wanted.up_to is not None else await repository.last_line(session)
            fixed = _up_to(wanted, last)
            total = await repository.trail_size(session, fixed)
            lines = await repository.trail(session, fixed, (number - 1) * _PAGE, _PAGE)
            names = await repository.names(session)
            talks = await self._conversations(session, lines)
            actions = await repository.actions(session)
        await self._note(viewer, "audit_read", wanted)
        return {
            "rows": [_row(line, names, talks) for line in lines],
            "total": total,
            "page": number,
            "pages": max(1, -(-total // _PAGE)),
            "up_to": last,
            "actions": list(actions),
            "people": [{"id": key, "name": name} for key, name in names.items()],
        }

    async def export(self, viewer: Viewer, wanted: TrailFilter, words: Mapping[str, Any]) -> AsyncIterator[str]:
        """All lines as CSV. ``words``: the console's texts, for what an act means.

        Raises:
            Forbidden: the viewer is no administrator.
        """
        administrators_only(viewer)
        async with self._db.read() as session:
            last = wanted.up_to if wanted.up_to is not None else await repository.last_line(session)
            names = await repository.names(session)
        await self._note(viewer, "audit_exported", wanted)
        return self._csv(_up_to(wanted, last), names, words, viewer.lang)

    async def _csv(
        self, wanted: TrailFilter, names: Mapping[str, str], words: Mapping[str, Any], lang: str
    ) -> AsyncIterator[str]:
        up_to, first = wanted.up_to, True
        while True:
            async with self._db.read() as session:
                lines = await repository.trail(session, _up_to(wanted, up_to or 0), 0, _PART)
            cells = [_cells(line, names, words) for line in lines]
            for number, text in enumerate(csv_lines(cells, COLUMNS, lang)):
                if number or first:
                    yield text
            if len(lines) < _PART:
                return
            up_to, first = lines[-1].id - 1, False

    async def _conversations(self, session: AsyncSession, lines: Sequence[Audit]) -> set[str]:
        ids = list({line.object_id for line in lines if line.object_id})
        return {one.id for one in await conversations.among(session, ids)} if ids else set()

    async def _note(self, viewer: Viewer, action: str, wanted: TrailFilter) -> None:
        asked = {
            "person": wanted.person,
            "action": wanted.action,
            "object": wanted.object_id,
            "since": iso(wanted.since),
            "before": iso(wanted.before),
        }
        async with self._db.unit() as unit:
            detail = {name: value for name, value in asked.items() if value}
            repository.audit(unit.session, self._clock.now(), viewer.id, action, None, filter=detail)


def trail_filter(
    person: str | None,
    action: str | None,
    object_id: str | None,
    since: date | None,
    until: date | None,
    up_to: int | None = None,
) -> TrailFilter:
    """A filter from days of Riga; ``until`` is the last day.

    Raises:
        PieturaError: ``trail_period``: it ends before it begins.
    """
    if since and until and until < since:
        raise PieturaError("trail_period")
    return TrailFilter(
        person=person or None,
        action=action or None,
        object_id=(object_id or "").strip() or None,
        since=datetime.combine(since, time(), RIGA) if since else None,
        before=datetime.combine(until + timedelta(days=1), time(), RIGA) if until else None,
        up_to=up_to,
    )


def _up_to(wanted: TrailFilter, last: int) -> TrailFilter:
    return TrailFilter(wanted.person, wanted.action, wanted.object_id, wanted.since, wanted.before, last)


def _row(line: Audit, names: Mapping[str, str], talks: set[str]) -> dict[str, Any]:
    about = line.object_id
    kind = "person" if about in names else "conversation" if about in talks else "other"
    return {
        "id": line.id,
        "at": iso(line.at),
        "person": {"id": line.staff_id, "name": names.get(line.staff_id, line.staff_id)} if line.staff_id else None,
        "action": line.action,
        "object": {"id": about, "name": names.get(about, about), "kind": kind} if about else None,
        "detail": line.detail,
    }


def _cells(line: Audit, names: Mapping[str, str], words: Mapping[str, Any]) -> dict[str, Any]:
    about = line.object_id
    return {
        "no": line.id,
        "recorded_at": iso(line.at),
        "person": names.get(line.staff_id or ""),
        "person_id": line.staff_id,
        "action": line.action,
        "meaning": words.get(f"console.audit.action.{line.action}", line.action),
        "object": names.get(about or ""),
        "object_id": about,
        "detail": orjson.dumps(line.detail).decode() if line.detail else None,
    }
