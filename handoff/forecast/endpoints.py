"""Routes of forecasts, behind the console's doors."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from handoff.console.doors import Doors
from handoff.forecast.schemas import WriteSetting
from handoff.forecast.service import Forecasts
from handoff.staff.schemas import Viewer


class ForecastApi:
    """``/console/api/forecast``: shapes in docs/protocol.md."""

    def __init__(self, forecasts: Forecasts, doors: Doors) -> None:
        self._forecasts = forecasts
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of forecasts."""
        api = APIRouter(prefix="/console/api/forecast")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        forecasts = self._forecasts

        async def view(viewer: Viewer = looking) -> dict[str, Any]:
            return await forecasts.view(viewer)

        async def ask(viewer: Viewer = changing) -> dict[str, Any]:
            return await forecasts.ask(viewer)

        async def set_up(b: WriteSetting, viewer: Viewer = changing) -> dict[str, Any]:
            return await forecasts.set_up(viewer, b)

        api.add_api_route("", view, methods=["GET"])
        api.add_api_route("", ask, methods=["POST"], status_code=202)
        api.add_api_route("/setting", set_up, methods=["PUT"])
        return api
