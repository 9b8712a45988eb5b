"""Routes of the service level, behind the console's doors: shapes in docs/protocol.md."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Depends, Query

from handoff.broker import Broker
from handoff.console.doors import Doors, supervisors_only
from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation
from handoff.service_level import repository
from handoff.service_level import schemas as body
from handoff.service_level.administration import TargetDesk
from handoff.service_level.models import LevelClock
from handoff.service_level.quality import Quality
from handoff.service_level.rules import KINDS
from handoff.service_level.service import view
from handoff.service_level.year import Picked
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.clock import iso
from kit.errors import NotFound, PieturaError

_PAGE = 50
_LEVELS = (0, 50, 80, 100)


class LevelNames(Protocol):
    """Names that the lists show."""

    def service(self, service_id: str, lang: str) -> str:
        """The service's title."""
        ...

    def institution(self, institution_id: str, lang: str) -> str:
        """The institution's name."""
        ...


class ServiceLevelApi:
    """``/console/api/service_level``: what runs now, the rows behind it, the clocks of a conversation, and the targets."""

    def __init__(self, broker: Broker, targets: TargetDesk, doors: Doors, names: LevelNames) -> None:
        self._broker = broker
        self._targets = targets
        self._doors = doors
        self._names = names

    def router(self) -> APIRouter:
        """All routes."""
        api = APIRouter(prefix="/console/api/service_level")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        targets = self._targets

        async def now(viewer: Viewer = looking) -> dict[str, Any]:
            supervisors_only(viewer)
            return await self._now()

        async def rows(
            kind: str,
            level: int | None = None,
            page: Annotated[int, Query(ge=1, le=100_000)] = 1,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            supervisors_only(viewer)
            return await self._rows(viewer, kind, level, page)

        async def clocks(conversation_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await self._clocks(viewer, conversation_id)

        async def seen(viewer: Viewer = looking) -> dict[str, Any]:
            return await targets.view(viewer)

        async def set_(measure: str, b: body.WriteTarget, viewer: Viewer = changing) -> dict[str, Any]:
            return await targets.set(viewer, measure, b)

        async def withdraw(target_id: int, viewer: Viewer = changing) -> dict[str, Any]:
            return await targets.withdraw(viewer, target_id)

        api.add_api_route("/now", now, methods=["GET"])
        api.add_api_route("/rows", rows, methods=["GET"])
        api.add_api_route("/conversations/{conversation_id}", clocks, methods=["GET"])
        api.add_api_route("/targets", seen, methods=["GET"])
        api.add_api_route("/targets/{measure}", set_, methods=["PUT"])
        api.add_api_route("/targets/{target_id}", withdraw, methods=["DELETE"])
        return api

    async def _now(self) -> dict[str, Any]:
        at = self._broker.clock.now()
        async with self._broker.db.read() as session:
            found = await repository.standing(session, at)
        kinds = [kind for kind in KINDS if any(one == kind for one, _ in found)]
        return {
            "at": iso(at),
            "kinds": [
                {"kind": kind, "levels": {str(level): found.get((kind, level), 0) for level in _LEVELS}}
                for kind in kinds
            ],
        }

    async def _rows(self, viewer: Viewer, kind: str, level: int | None, page: int) -> dict[str, Any]:
        if kind not in KINDS:
            raise PieturaError("bad_value", field="kind")
        if level is not None and level not in _LEVELS:
            raise PieturaError("bad_value", field="level")
        at = self._broker.clock.now()
        async with self._broker.db.read() as session:
            total, rows = await repository.standing_rows(session, at, kind, level, (page - 1) * _PAGE, _PAGE)
            staff = {one.id: one.name for one in await people.everybody(session)}
        return {
            "at": iso(at),
            "rows": [self._row(row, conversation, no, viewer.lang, staff) for row, conversation, no in rows],
            "total": total,
            "page": page,
            "pages": max(1, -(-total // _PAGE)),
        }

    def _row(self, row: LevelClock, c: Conversation, no: int, lang: str, staff: dict[str, str]) -> dict[str, Any]:
        return {
            "id": c.id,
            "case_no": no,
            "state": c.state,
            "channel": c.channel,
            "institution": self._names.institution(c.institution_id, lang) if c.institution_id else None,
            "service": self._names.service(c.service_id, lang) if c.service_id else None,
            "holder": staff.get(c.holder_id or ""),
            "clock": view(row),
        }

    async def _clocks(self, viewer: Viewer, conversation_id: str) -> dict[str, Any]:
        async with self._broker.db.read() as session:
            if await conversations.visible(session, viewer, conversation_id) is None:
                raise NotFound()
            rows = await repository.history(session, conversation_id)
        return {"clocks": [view(row) for row in rows]}


class QualityApi:
    """``/console/api/quality``: the criteria of twelve months, the rows behind them, and the formula of the quality part."""

    def __init__(self, quality: Quality, doors: Doors) -> None:
        self._quality = quality
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes."""
        api = APIRouter(prefix="/console/api/quality")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        quality = self._quality

        async def seen(month: str | None = None, viewer: Viewer = looking) -> dict[str, Any]:
            return await quality.view(viewer, _month(month))

        async def rows(
            criterion: str,
            month: str | None = None,
            centre: str | None = None,
            of: str | None = None,
            standing: Literal["met", "missed"] | None = None,
            page: Annotated[int, Query(ge=1, le=100_000)] = 1,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            met = None if standing is None else standing == "met"
            wanted = Picked(criterion, centre or None, centre == "", _month(of), met)
            return await quality.rows(viewer, _month(month), wanted, page)

        async def preview(b: body.PreviewFormula, viewer: Viewer = changing) -> dict[str, Any]:
            return await quality.preview(viewer, b)

        async def write(b: body.WriteFormula, viewer: Viewer = changing) -> dict[str, Any]:
            return await quality.write(viewer, b)

        async def change(formula_id: str, b: body.ChangeFormula, viewer: Viewer = changing) -> dict[str, Any]:
            return await quality.change(viewer, formula_id, b)

        async def approve(formula_id: str, b: body.Seen, viewer: Viewer = changing) -> dict[str, Any]:
            return await quality.approve(viewer, formula_id, b.version)

        async def withdraw(formula_id: str, b: body.Seen, viewer: Viewer = changing) -> dict[str, Any]:
            return await quality.withdraw(viewer, formula_id, b.version)

        api.add_api_route("", seen, methods=["GET"])
        api.add_api_route("/rows", rows, methods=["GET"])
        api.add_api_route("/preview", preview, methods=["POST"])
        api.add_api_route("/formulas", write, methods=["POST"], status_code=201)
        api.add_api_route("/formulas/{formula_id}", change, methods=["PUT"])
        api.add_api_route("/formulas/{formula_id}/approve", approve, methods=["POST"])
        api.add_api_route("/formulas/{formula_id}/withdraw", withdraw, methods=["POST"])
        return api


def _month(text: str | None) -> date | None:
    """A month written ``2026-11``; None stays None.

    Raises:
        PieturaError: ``bad_value``.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise PieturaError("bad_value", field="month") from error
