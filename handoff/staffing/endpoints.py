"""Routes of the fixed part and its agreements, behind the console's doors."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from handoff.console.doors import Doors
from handoff.service_clock.schemas import Version
from handoff.staff.schemas import Viewer
from handoff.staffing import schemas as body
from handoff.staffing.service import FixedPart
from kit.errors import PieturaError


class StaffingApi:
    """``/console/api/staffing``: shapes in docs/protocol.md."""

    def __init__(self, fixed: FixedPart, doors: Doors) -> None:
        self._fixed = fixed
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of the fixed part."""
        api = APIRouter(prefix="/console/api/staffing")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        fixed, agreements = self._fixed, self._fixed.agreements

        async def month(
            month: Annotated[str, Query(pattern=r"^\d{4}-\d\d$")], viewer: Viewer = looking
        ) -> dict[str, Any]:
            return await fixed.month(viewer, _month(month))

        async def day(
            centre: Annotated[str, Query(max_length=64)], day: date, viewer: Viewer = looking
        ) -> dict[str, Any]:
            return await fixed.day(viewer, centre, day)

        async def preview(b: body.PreviewAgreement, viewer: Viewer = changing) -> dict[str, Any]:
            return await fixed.preview(viewer, b)

        async def propose(b: body.WriteAgreement, viewer: Viewer = changing) -> dict[str, Any]:
            return await agreements.propose(viewer, b)

        async def change(agreement_id: str, b: body.ChangeAgreement, viewer: Viewer = changing) -> dict[str, Any]:
            return await agreements.change(viewer, agreement_id, b)

        async def withdraw(
            agreement_id: str, version: Annotated[Version, Query()], viewer: Viewer = changing
        ) -> dict[str, Any]:
            return await agreements.withdraw(viewer, agreement_id, version)

        async def approve(agreement_id: str, b: body.Seen, viewer: Viewer = changing) -> dict[str, Any]:
            return await agreements.approve(viewer, agreement_id, b.version)

        async def refuse(agreement_id: str, b: body.Refuse, viewer: Viewer = changing) -> dict[str, Any]:
            return await agreements.refuse(viewer, agreement_id, b)

        async def end(agreement_id: str, b: body.End, viewer: Viewer = changing) -> dict[str, Any]:
            return await agreements.end(viewer, agreement_id, b)

        async def approve_end(agreement_id: str, b: body.Seen, viewer: Viewer = changing) -> dict[str, Any]:
            return await agreements.decide_end(viewer, agreement_id, b.version, approved=True)

        async def refuse_end(agreement_id: str, b: body.Seen, viewer: Viewer = changing) -> dict[str, Any]:
            return await agreements.decide_end(viewer, agreement_id, b.version, approved=False)

        one = "/agreements/{agreement_id}"
        api.add_api_route("", month, methods=["GET"])
        api.add_api_route("/day", day, methods=["GET"])
        api.add_api_route("/agreements", propose, methods=["POST"], status_code=201)
        api.add_api_route("/agreements/preview", preview, methods=["POST"])
        api.add_api_route(one, change, methods=["PUT"])
        api.add_api_route(one, withdraw, methods=["DELETE"])
        api.add_api_route(f"{one}/approve", approve, methods=["POST"])
        api.add_api_route(f"{one}/refuse", refuse, methods=["POST"])
        api.add_api_route(f"{one}/end", end, methods=["POST"])
        api.add_api_route(f"{one}/end/approve", approve_end, methods=["POST"])
        api.add_api_route(f"{one}/end/refuse", refuse_end, methods=["POST"])
        return api


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise PieturaError("bad_date") from error
