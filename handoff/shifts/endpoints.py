"""Routes of shifts, behind the console's doors."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from handoff.console.doors import Doors
from handoff.service_clock.schemas import Version
from handoff.shifts import schemas as body
from handoff.shifts.service import Shifts
from handoff.staff.schemas import Viewer


class ShiftsApi:
    """``/console/api/shifts``: shapes in docs/protocol.md."""

    def __init__(self, shifts: Shifts, doors: Doors) -> None:
        self._shifts = shifts
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of shifts."""
        api = APIRouter(prefix="/console/api/shifts")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        shifts = self._shifts

        async def week(week: date | None = None, viewer: Viewer = looking) -> dict[str, Any]:
            return await shifts.week(viewer, week)

        async def add(b: body.WriteShift, viewer: Viewer = changing) -> dict[str, Any]:
            return await shifts.add(viewer, b)

        async def copy(b: body.CopyWeek, viewer: Viewer = changing) -> dict[str, Any]:
            return await shifts.copy(viewer, b)

        async def change(shift_id: str, b: body.ChangeShift, viewer: Viewer = changing) -> dict[str, Any]:
            return await shifts.change(viewer, shift_id, b)

        async def remove(
            shift_id: str, version: Annotated[Version, Query()], viewer: Viewer = changing
        ) -> dict[str, Any]:
            return await shifts.remove(viewer, shift_id, version)

        api.add_api_route("", week, methods=["GET"])
        api.add_api_route("", add, methods=["POST"], status_code=201)
        api.add_api_route("/copy", copy, methods=["POST"])
        api.add_api_route("/{shift_id}", change, methods=["PUT"])
        api.add_api_route("/{shift_id}", remove, methods=["DELETE"])
        return api
