"""Routes of working time, behind the console's doors."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from handoff.console.doors import Doors
from handoff.service_clock import schemas as body
from handoff.service_clock.hours import Hours
from handoff.staff.schemas import Viewer


class HoursApi:
    """``/console/api/hours``: shapes in docs/protocol.md."""

    def __init__(self, hours: Hours, doors: Doors) -> None:
        self._hours = hours
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of working time."""
        api = APIRouter(prefix="/console/api/hours")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        hours = self._hours

        async def view(viewer: Viewer = looking) -> dict[str, Any]:
            return await hours.view(viewer)

        async def preview(b: body.PreviewWeek, viewer: Viewer = changing) -> dict[str, Any]:
            return await hours.preview(viewer, b)

        async def set_week(b: body.WriteWeek, viewer: Viewer = changing) -> dict[str, Any]:
            return await hours.set_week(viewer, b)

        async def mark(b: body.WriteException, viewer: Viewer = changing) -> dict[str, Any]:
            return await hours.mark(viewer, b)

        async def unmark(
            day: date, version: Annotated[int, Query(ge=0, le=2**31 - 1)], viewer: Viewer = changing
        ) -> dict[str, Any]:
            return await hours.unmark(viewer, day, version)

        api.add_api_route("", view, methods=["GET"])
        api.add_api_route("/preview", preview, methods=["POST"])
        api.add_api_route("/week", set_week, methods=["PUT"])
        api.add_api_route("/exceptions", mark, methods=["POST"])
        api.add_api_route("/exceptions/{day}", unmark, methods=["DELETE"])
        return api
