"""Notices as supervisors set them. Every change is on record with before and after, and in force within a second."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.console.doors import supervisors_only
from handoff.conversations import repository as conversations
from handoff.notices import repository
from handoff.notices.models import PublicNotice
from handoff.notices.schemas import ChangeNotice, WriteNotice
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.clock import Clock, iso
from kit.db import Database, UnitOfWork
from kit.errors import Conflict, NotFound, PieturaError
from kit.textual import clean

#: How many the page lists.
_SHOWN: Final = 100
#: Nobody remembers to take away what was set for years.
_LONGEST: Final = timedelta(days=366)


class Notices:
    """What supervisors do with notices; permission is checked here, from the session's viewer."""

    def __init__(self, db: Database, clock: Clock, changed: Callable[[], Awaitable[None]]) -> None:
        """``changed``: tells the workers and the widgets."""
        self._db = db
        self._clock = clock
        self._changed = changed

    async def view(self, viewer: Viewer) -> dict[str, Any]:
        """All that the page shows.

        Raises:
            Forbidden: the viewer is neither supervisor nor administrator.
        """
        supervisors_only(viewer)
        async with self._db.read() as session:
            return await self._view(session)

    async def create(self, viewer: Viewer, wanted: WriteNotice) -> dict[str, Any]:
        """Sets a notice; all that the page shows then.

        Raises:
            Forbidden: as for :meth:`view`.
            PieturaError: ``notice_nowhere``, ``notice_site``, ``notice_ends_first``, ``notice_over``, ``notice_too_long``.
        """
        supervisors_only(viewer)
        now = self._clock.now()
        async with self._db.unit() as unit:
            columns = await self._columns(unit.session, wanted, now)
            notice = PublicNotice(id=str(uuid.uuid4()), version=1, changed_by=viewer.id, changed_at=now, **columns)
            unit.session.add(notice)
            await unit.session.flush()
            self._record(unit, viewer, "notice_created", notice, None)
            return await self._view(unit.session)

    async def change(self, viewer: Viewer, notice_id: str, wanted: ChangeNotice) -> dict[str, Any]:
        """Changes a notice that is not over; whoever has put it away in his widget sees it anew.

        Raises:
            Forbidden, PieturaError: as for :meth:`create`.
            NotFound: no such notice.
            Conflict: ``notice_changed`` with ``who``: somebody else has changed it since.
        """
        supervisors_only(viewer)
        now = self._clock.now()
        async with self._db.unit() as unit:
            notice, before = await self._open(unit, notice_id, wanted.version, now)
            for name, value in (await self._columns(unit.session, wanted, now)).items():
                setattr(notice, name, value)
            notice.changed_by, notice.changed_at = viewer.id, now
            await unit.session.flush()
            self._record(unit, viewer, "notice_changed", notice, before)
            return await self._view(unit.session)

    async def end(self, viewer: Viewer, notice_id: str, version: int) -> dict[str, Any]:
        """Takes a notice away, or calls off one that has not begun.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`change`.
            PieturaError: ``notice_over``.
        """
        supervisors_only(viewer)
        now = self._clock.now()
        async with self._db.unit() as unit:
            notice, before = await self._open(unit, notice_id, version, now)
            notice.ended_at = notice.changed_at = now
            notice.changed_by = viewer.id
            await unit.session.flush()
            self._record(unit, viewer, "notice_ended", notice, before)
            return await self._view(unit.session)

    async def _open(
        self, unit: UnitOfWork, notice_id: str, version: int, now: datetime
    ) -> tuple[PublicNotice, dict[str, Any]]:
        found = await repository.get(unit.session, notice_id)
        if found is None:
            raise NotFound()
        if not await repository.advance(unit.session, notice_id, version):
            who = await unit.session.get(Staff, found.changed_by)
            raise Conflict("notice_changed", who=who.name if who else "–")
        await unit.session.refresh(found)
        if _state(found, now) == "over":
            raise PieturaError("notice_over")
        return found, _kept(found)

    async def _columns(self, session: AsyncSession, wanted: WriteNotice, now: datetime) -> dict[str, Any]:
        starts = wanted.starts_at or now
        if not (wanted.banner or wanted.greeting):
            raise PieturaError("notice_nowhere")
        if wanted.site is not None and await conversations.site(session, wanted.site) is None:
            raise PieturaError("notice_site")
        if wanted.ends_at <= starts:
            raise PieturaError("notice_ends_first")
        if wanted.ends_at <= now:
            raise PieturaError("notice_over")
        if wanted.ends_at - starts > _LONGEST:
            raise PieturaError("notice_too_long")
        text = {lang: clean(words) for lang, words in wanted.text.model_dump().items()}
        if not all(text.values()):
            raise PieturaError("text_empty")
        return {
            "kind": wanted.kind,
            "text": text,
            "site": wanted.site,
            "banner": wanted.banner,
            "greeting": wanted.greeting,
            "starts_at": starts,
            "ends_at": wanted.ends_at,
        }

    def _record(
        self, unit: UnitOfWork, viewer: Viewer, action: str, notice: PublicNotice, before: dict[str, Any] | None
    ) -> None:
        people.audit(unit.session, self._clock.now(), viewer.id, action, notice.id, before=before, after=_kept(notice))
        unit.after_commit(self._changed)

    async def _view(self, session: AsyncSession) -> dict[str, Any]:
        now = self._clock.now()
        rows = await repository.latest(session, _SHOWN)
        names = await repository.names(session, {row.changed_by for row in rows})
        return {
            "notices": [
                {
                    "id": row.id,
                    "state": _state(row, now),
                    **_kept(row),
                    "version": row.version,
                    "changed_by": names.get(row.changed_by),
                    "changed_at": iso(row.changed_at),
                }
                for row in sorted(rows, key=lambda row: (_ORDER[_state(row, now)], -row.starts_at.timestamp()))
            ],
            "sites": [{"key": one.key, "name": one.name} for one in await repository.sites(session)],
        }


_ORDER: Final = {"live": 0, "planned": 1, "over": 2}


def _state(row: PublicNotice, now: datetime) -> str:
    if row.ended_at is not None or row.ends_at <= now:
        return "over"
    return "live" if row.starts_at <= now else "planned"


def _kept(row: PublicNotice) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "text": row.text,
        "site": row.site,
        "banner": row.banner,
        "greeting": row.greeting,
        "starts_at": iso(row.starts_at),
        "ends_at": iso(row.ends_at),
        "ended_at": iso(row.ended_at) if row.ended_at else None,
    }
