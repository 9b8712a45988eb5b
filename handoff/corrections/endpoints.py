"""The route of corrections, behind the console's doors."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from handoff.console.doors import Doors
from handoff.conversations.schemas import message_view
from handoff.corrections import schemas as body
from handoff.corrections.service import Corrections
from handoff.staff.schemas import Viewer


class CorrectionsApi:
    """``/console/api/conversations/{id}/messages/{seq}``: shapes in docs/protocol.md."""

    def __init__(self, corrections: Corrections, doors: Doors) -> None:
        self._corrections = corrections
        self._doors = doors

    def router(self) -> APIRouter:
        """The one route."""
        api = APIRouter(prefix="/console/api/conversations/{conversation_id}")
        changing = Depends(self._doors.changing)

        async def correct(
            conversation_id: str, seq: int, b: body.Correction, viewer: Viewer = changing
        ) -> dict[str, Any]:
            return message_view(await self._corrections.correct(viewer, conversation_id, seq, b.text, b.before))

        api.add_api_route("/messages/{seq}", correct, methods=["PUT"])
        return api
