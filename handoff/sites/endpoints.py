"""Routes of sites, behind the console's doors."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from handoff.console.doors import Doors
from handoff.sites import schemas as body
from handoff.sites.service import Sites
from handoff.staff.schemas import Viewer


class SitesApi:
    """``/console/api/sites``: shapes in docs/protocol.md."""

    def __init__(self, sites: Sites, doors: Doors) -> None:
        self._sites = sites
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of sites."""
        api = APIRouter(prefix="/console/api/sites")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        sites = self._sites

        async def view(viewer: Viewer = looking) -> dict[str, Any]:
            return await sites.view(viewer)

        async def create(b: body.NewSite, viewer: Viewer = changing) -> dict[str, Any]:
            return await sites.create(viewer, b)

        async def change(key: str, b: body.ChangedSite, viewer: Viewer = changing) -> dict[str, Any]:
            return await sites.change(viewer, key, b)

        api.add_api_route("", view, methods=["GET"])
        api.add_api_route("", create, methods=["POST"], status_code=201)
        api.add_api_route("/{key}", change, methods=["PUT"])
        return api
