"""Routes of guides, behind the console's doors."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from handoff.console.doors import Doors
from handoff.guides import schemas as body
from handoff.guides.service import Guides
from handoff.staff.schemas import Viewer


class GuidesApi:
    """``/console/api/conversations/{id}/guides``: shapes in docs/protocol.md."""

    def __init__(self, guides: Guides, doors: Doors) -> None:
        self._guides = guides
        self._doors = doors

    def router(self) -> APIRouter:
        """Both routes."""
        api = APIRouter(prefix="/console/api/conversations/{conversation_id}")
        looking, changing, guides = Depends(self._doors.viewer), Depends(self._doors.changing), self._guides

        async def shown(conversation_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await guides.shown(viewer, conversation_id)

        async def send(conversation_id: str, b: body.SendGuide, viewer: Viewer = changing) -> dict[str, Any]:
            return await guides.send(viewer, conversation_id, str(b.id), b.guide_id)

        api.add_api_route("/guides", shown, methods=["GET"])
        api.add_api_route("/guides", send, methods=["POST"])
        return api
