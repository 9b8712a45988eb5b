"""Statements to be saved: who took one, and in which form, is on record."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Header, Response

from handoff.console.doors import Doors
from handoff.settlement.documents.printing import Form, Printer
from handoff.settlement.service import Settlement
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.clock import Clock
from kit.db import Database

_TYPES: Final[dict[Form, str]] = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_Lang = Literal["lv", "ru", "en"]


class DocumentApi:
    """``/console/api/settlement/statements/{number}.pdf`` and ``.xlsx``. Mounted before the statements themselves, whose numbers
    may hold a dot as far as routes know."""

    def __init__(self, settlement: Settlement, printer: Printer, doors: Doors, db: Database, clock: Clock) -> None:
        self._settlement = settlement
        self._printer = printer
        self._doors = doors
        self._db = db
        self._clock = clock

    def router(self) -> APIRouter:
        """The two routes."""
        api = APIRouter(prefix="/console/api/settlement/statements")
        looking = Depends(self._doors.viewer)

        async def pdf(
            number: str,
            lang: _Lang = "lv",
            if_none_match: Annotated[str | None, Header()] = None,
            viewer: Viewer = looking,
        ) -> Response:
            return await self._document(viewer, number, "pdf", lang, if_none_match)

        async def xlsx(
            number: str,
            lang: _Lang = "lv",
            if_none_match: Annotated[str | None, Header()] = None,
            viewer: Viewer = looking,
        ) -> Response:
            return await self._document(viewer, number, "xlsx", lang, if_none_match)

        api.add_api_route("/{number}.pdf", pdf, methods=["GET"])
        api.add_api_route("/{number}.xlsx", xlsx, methods=["GET"])
        return api

    async def _document(self, viewer: Viewer, number: str, form: Form, lang: _Lang, seen: str | None) -> Response:
        statement, digest = await self._settlement.document(viewer, number)
        # Weak: it signs what the document says. How that is set may change with a version of ours.
        headers = {"etag": f'W/"{digest}"', "cache-control": "private, no-cache"}
        if seen is not None and digest in seen:
            return Response(status_code=304, headers=headers)
        made = await self._printer.document(form, statement, lang)
        async with self._db.unit() as unit:
            people.audit(
                unit.session,
                self._clock.now(),
                viewer.id,
                "statement_saved",
                number,
                form=form,
                lang=lang,
                digest=digest,
            )
        headers["content-disposition"] = f'attachment; filename="Pietura-{number}.{form}"'
        return Response(made, media_type=_TYPES[form], headers=headers)
