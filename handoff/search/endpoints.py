"""Routes of the search, behind the console's doors."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi import Query as Parameter

from handoff.console.doors import Doors
from handoff.search import schemas as body
from handoff.search.bulk import BulkDesk
from handoff.search.service import Search
from handoff.staff.schemas import Viewer


class SearchApi:
    """``/console/api/search`` and what belongs to it: shapes in docs/protocol.md."""

    def __init__(self, search: Search, bulk: BulkDesk, doors: Doors) -> None:
        self._search = search
        self._bulk = bulk
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of the search."""
        api = APIRouter(prefix="/console/api/search")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        search, bulk = self._search, self._bulk

        async def find(asked: Annotated[body.Find, Parameter()], viewer: Viewer = looking) -> dict[str, Any]:
            return await search.find(viewer, asked.query(), asked.cursor or None)

        async def choices(viewer: Viewer = looking) -> dict[str, Any]:
            return await search.choices(viewer)

        async def views(viewer: Viewer = looking) -> dict[str, Any]:
            return {"views": await search.views(viewer)}

        async def keep(b: body.NewView, viewer: Viewer = changing) -> dict[str, Any]:
            return {"views": await search.keep(viewer, b)}

        async def change(view_id: str, b: body.ChangeView, viewer: Viewer = changing) -> dict[str, Any]:
            return {"views": await search.change(viewer, view_id, b)}

        async def drop(
            view_id: str, version: Annotated[int, Parameter(ge=1, le=2**31 - 1)], viewer: Viewer = changing
        ) -> None:
            await search.drop(viewer, view_id, version)

        async def order(b: body.Order, viewer: Viewer = changing) -> dict[str, Any]:
            return {"views": await search.order(viewer, b.ids)}

        async def act(b: body.Bulk, viewer: Viewer = changing) -> dict[str, Any]:
            return {"results": await bulk.carry_out(viewer, b)}

        api.add_api_route("", find, methods=["GET"])
        api.add_api_route("/choices", choices, methods=["GET"])
        api.add_api_route("/views", views, methods=["GET"])
        api.add_api_route("/views", keep, methods=["POST"], status_code=201)
        api.add_api_route("/views/order", order, methods=["POST"])
        api.add_api_route("/views/{view_id}", change, methods=["PUT"])
        api.add_api_route("/views/{view_id}", drop, methods=["DELETE"], status_code=204)
        api.add_api_route("/bulk", act, methods=["POST"])
        return api
