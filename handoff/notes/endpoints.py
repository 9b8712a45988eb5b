"""The route of private notes, behind the console's doors. They are read with their conversation."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from handoff.console.doors import Doors
from handoff.notes import schemas as body
from handoff.notes.service import Notes
from handoff.staff.schemas import Viewer


class NotesApi:
    """``/console/api/conversations/{id}/notes``: shapes in docs/protocol.md."""

    def __init__(self, notes: Notes, doors: Doors) -> None:
        self._notes = notes
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of private notes."""
        api = APIRouter(prefix="/console/api/conversations/{conversation_id}")
        changing = Depends(self._doors.changing)

        async def add(conversation_id: str, b: body.NewNote, viewer: Viewer = changing) -> dict[str, Any]:
            return {"notes": await self._notes.add(viewer, conversation_id, str(b.id), b.text, b.mentions)}

        async def seen(conversation_id: str, viewer: Viewer = changing) -> None:
            await self._notes.seen(viewer, conversation_id)

        api.add_api_route("/notes", add, methods=["POST"])
        api.add_api_route("/notes/seen", seen, methods=["POST"], status_code=204)
        return api
