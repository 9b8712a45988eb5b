"""Routes of call-backs and visits, behind the console's doors."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from handoff.callbacks import schemas as body
from handoff.callbacks.service import Callbacks
from handoff.console.doors import Doors
from handoff.staff.schemas import Viewer


class CallbacksApi:
    """``/console/api/callbacks`` and ``/console/api/conversations/{id}/callbacks``: shapes in docs/protocol.md."""

    def __init__(self, callbacks: Callbacks, doors: Doors) -> None:
        self._callbacks = callbacks
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of call-backs and visits."""
        api = APIRouter(prefix="/console/api")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        callbacks = self._callbacks

        async def listing(viewer: Viewer = looking) -> dict[str, Any]:
            return await callbacks.all(viewer)

        async def count(viewer: Viewer = looking) -> dict[str, int]:
            return await callbacks.count(viewer)

        async def one(callback_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await callbacks.one(viewer, callback_id)

        async def of_conversation(conversation_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await callbacks.of_conversation(viewer, conversation_id)

        async def add(conversation_id: str, b: body.NewCallback, viewer: Viewer = changing) -> dict[str, Any]:
            return await callbacks.add(viewer, conversation_id, b)

        async def take(callback_id: str, b: body.Versioned, viewer: Viewer = changing) -> dict[str, Any]:
            return await callbacks.take(viewer, callback_id, b.version)

        async def release(callback_id: str, b: body.Versioned, viewer: Viewer = changing) -> dict[str, Any]:
            return await callbacks.release(viewer, callback_id, b.version)

        async def not_reached(callback_id: str, b: body.NotReached, viewer: Viewer = changing) -> dict[str, Any]:
            return await callbacks.not_reached(viewer, callback_id, b)

        async def finish(callback_id: str, b: body.Finish, viewer: Viewer = changing) -> dict[str, Any]:
            return await callbacks.finish(viewer, callback_id, b)

        api.add_api_route("/callbacks", listing, methods=["GET"])
        api.add_api_route("/callbacks/count", count, methods=["GET"])
        api.add_api_route("/callbacks/{callback_id}", one, methods=["GET"])
        api.add_api_route("/callbacks/{callback_id}/take", take, methods=["POST"])
        api.add_api_route("/callbacks/{callback_id}/release", release, methods=["POST"])
        api.add_api_route("/callbacks/{callback_id}/not_reached", not_reached, methods=["POST"])
        api.add_api_route("/callbacks/{callback_id}/finish", finish, methods=["POST"])
        api.add_api_route("/conversations/{conversation_id}/callbacks", of_conversation, methods=["GET"])
        api.add_api_route("/conversations/{conversation_id}/callbacks", add, methods=["POST"], status_code=201)
        return api
