"""Routes of notices, behind the console's doors."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from handoff.console.doors import Doors
from handoff.notices import schemas as body
from handoff.notices.service import Notices
from handoff.staff.schemas import Viewer


class NoticesApi:
    """``/console/api/notices``: shapes in docs/protocol.md."""

    def __init__(self, notices: Notices, doors: Doors) -> None:
        self._notices = notices
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of notices."""
        api = APIRouter(prefix="/console/api/notices")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        notices = self._notices

        async def view(viewer: Viewer = looking) -> dict[str, Any]:
            return await notices.view(viewer)

        async def create(b: body.WriteNotice, viewer: Viewer = changing) -> dict[str, Any]:
            return await notices.create(viewer, b)

        async def change(notice_id: str, b: body.ChangeNotice, viewer: Viewer = changing) -> dict[str, Any]:
            return await notices.change(viewer, notice_id, b)

        async def end(notice_id: str, b: body.Seen, viewer: Viewer = changing) -> dict[str, Any]:
            return await notices.end(viewer, notice_id, b.version)

        api.add_api_route("", view, methods=["GET"])
        api.add_api_route("", create, methods=["POST"], status_code=201)
        api.add_api_route("/{notice_id}", change, methods=["PUT"])
        api.add_api_route("/{notice_id}/end", end, methods=["POST"])
        return api
