"""Routes of macros, behind the console's doors."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from handoff.console.doors import Doors
from handoff.macros import schemas as body
from handoff.macros.service import Macros
from handoff.staff.schemas import Viewer


class MacrosApi:
    """``/console/api/macros`` and ``/console/api/conversations/{id}/macros``: shapes in docs/protocol.md."""

    def __init__(self, macros: Macros, doors: Doors) -> None:
        self._macros = macros
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of macros."""
        api = APIRouter(prefix="/console/api")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        macros = self._macros

        async def listing(viewer: Viewer = looking) -> dict[str, Any]:
            return await macros.all(viewer)

        async def add(b: body.WriteMacro, viewer: Viewer = changing) -> dict[str, Any]:
            return await macros.add(viewer, b)

        async def change(macro_id: str, b: body.WriteMacro, viewer: Viewer = changing) -> dict[str, Any]:
            return await macros.change(viewer, macro_id, b)

        async def drop(
            macro_id: str, version: Annotated[int, Query(ge=1, le=2**31 - 1)], viewer: Viewer = changing
        ) -> None:
            await macros.drop(viewer, macro_id, version)

        async def preview(conversation_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await macros.preview(viewer, conversation_id)

        async def run(
            conversation_id: str, macro_id: str, b: body.RunMacro, viewer: Viewer = changing
        ) -> dict[str, Any]:
            return await macros.run(viewer, conversation_id, macro_id, b)

        api.add_api_route("/macros", listing, methods=["GET"])
        api.add_api_route("/macros", add, methods=["POST"], status_code=201)
        api.add_api_route("/macros/{macro_id}", change, methods=["PUT"])
        api.add_api_route("/macros/{macro_id}", drop, methods=["DELETE"], status_code=204)
        api.add_api_route("/conversations/{conversation_id}/macros", preview, methods=["GET"])
        api.add_api_route("/conversations/{conversation_id}/macros/{macro_id}", run, methods=["POST"])
        return api
