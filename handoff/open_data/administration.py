"""OpenDataPublication switched on and off by administrators, and what it shows, for those who look before they decide.

Asked anew with every request, so that it holds on every worker at once. What others have fetched before stays with them, and
caches may keep a file for an hour: that is said where it is switched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from handoff.console.doors import administrators_only, supervisors_only
from handoff.open_data import repository
from handoff.open_data.datasets import DATASETS
from handoff.open_data.models import OpenDataSwitch
from handoff.open_data.schemas import Switch
from handoff.open_data.service import OpenData, Row
from handoff.open_data.suppression import LEAST
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.clock import Clock, iso
from kit.db import Database, set_if_version
from kit.errors import Conflict, NotFound
from kit.i18n import Catalogue

LICENCES: Final = {
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
}
_PAGE: Final = 50
#: Seconds that the page waits for tables of years; they are made at most once an hour.
_PATIENCE_S: Final = 3.0


class OpenDataPublication:
    """Whether open data are published, and what."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        tables: OpenData,
        texts: Catalogue,
        *,
        at_first: bool,
        licence: str,
        url: str,
    ) -> None:
        """``at_first``: how it is until somebody decides; ``url``: of the catalogue."""
        self._db = db
        self._clock = clock
        self._tables = tables
        self._texts = texts
        self._at_first = at_first
        self._making: asyncio.Task[Mapping[str, Sequence[Row]]] | None = None
        self.licence = licence
        self.url = url

    async def is_on(self) -> bool:
        """Whether anybody may fetch them now."""
        async with self._db.read() as session:
            row = await repository.switch(session)
        return self._at_first if row is None else row.published

    async def view(self, viewer: Viewer) -> dict[str, Any]:
        """How it stands, and what is published or would be.

        Raises:
            Forbidden: the viewer is neither supervisor nor administrator.
        """
        supervisors_only(viewer)
        async with self._db.read() as session:
            row = await repository.switch(session)
            names = {one.id: one.name for one in await people.everybody(session)}
        tables = await self._made()
        months = sorted({str(line["month"]) for rows in tables.values() for line in rows}, reverse=True)
        return {
            "published": self._at_first if row is None else row.published,
            "version": 0 if row is None else row.version,
            "who": names.get(row.changed_by) if row is not None else None,
            "at": iso(row.changed_at) if row is not None else None,
            "may_switch": viewer.role == "admin",
            "licence": {"id": self.licence, "url": LICENCES[self.licence]},
            "least": LEAST,
            "url": self.url,
            "making": not tables,
            "months": months,
            "datasets": [
                {
                    "id": one.id,
                    "title": self._texts.text(viewer.lang, f"open_data.dataset.{one.id}"),
                    "about": self._texts.text(viewer.lang, f"open_data.about.{one.id}", least=LEAST),
                    "rows": len(tables.get(one.id, ())),
                    "files": [{"kind": kind, "url": f"{self.url}/{one.id}.{kind}"} for kind in ("csv", "json")],
                }
                for one in DATASETS.values()
            ],
        }

    async def _made(self) -> Mapping[str, Sequence[Row]]:
        """The tables; none while they are being made for longer than a page waits."""
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._all())
        await asyncio.wait({self._making}, timeout=_PATIENCE_S)
        return self._making.result() if self._making.done() else {}

    async def _all(self) -> Mapping[str, Sequence[Row]]:
        return {one.id: await self._tables.rows(one) for one in DATASETS.values()}

    async def preview(self, viewer: Viewer, dataset_id: str, page: int) -> dict[str, Any]:
        """A table as everybody would see it, be it switched on or off.

        Raises:
            Forbidden: as for :meth:`view`.
            NotFound: no such table.
        """
        supervisors_only(viewer)
        dataset = DATASETS.get(dataset_id)
        if dataset is None:
            raise NotFound()
        rows = await self._tables.rows(dataset)
        return {
            "columns": [
                {
                    "name": one.name,
                    "kind": one.kind,
                    "about": self._texts.text(viewer.lang, f"open_data.column.{one.name}", least=LEAST),
                }
                for one in dataset.columns
            ],
            "rows": [[line[one.name] for one in dataset.columns] for line in rows[(page - 1) * _PAGE : page * _PAGE]],
            "total": len(rows),
            "page": page,
            "pages": max(1, -(-len(rows) // _PAGE)),
        }

    async def switch(self, viewer: Viewer, wanted: Switch) -> dict[str, Any]:
        """Publishes, or takes back; on record.

        Raises:
            Forbidden: the viewer is no administrator.
            Conflict: ``open_data_changed`` with ``who``: somebody else has decided meanwhile.
        """
        administrators_only(viewer)
        now = self._clock.now()
        try:
            async with self._db.unit() as unit:
                session = unit.session
                row = await repository.switch(session)
                before = self._at_first if row is None else row.published
                values = {"published": wanted.published, "changed_by": viewer.id, "changed_at": now}
                if row is None and wanted.version == 0:
                    session.add(repository.first(**values))
                    await session.flush()
                elif row is None or not await set_if_version(session, OpenDataSwitch, row.id, wanted.version, values):
                    await self._refuse(row)
                people.audit(session, now, viewer.id, "open_data_switched", None, before=before, after=wanted.published)
        except IntegrityError as error:
            raise Conflict("open_data_changed", who="–") from error
        return await self.view(viewer)

    async def _refuse(self, row: OpenDataSwitch | None) -> None:
        async with self._db.read() as session:
            who = await people.active(session, row.changed_by) if row is not None else None
        raise Conflict("open_data_changed", who=who.name if who is not None else "–")
