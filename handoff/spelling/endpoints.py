"""Routes of the spelling aid, behind the console's doors."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from handoff.console.doors import Doors
from handoff.spelling import schemas as body
from handoff.spelling.service import Spelling
from handoff.staff.schemas import Viewer


class SpellingApi:
    """``/console/api/spelling``: shapes in docs/protocol.md. Nothing of a text is kept or logged."""

    def __init__(self, spelling: Spelling, doors: Doors) -> None:
        self._spelling = spelling
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of the spelling aid."""
        api = APIRouter(prefix="/console/api/spelling")
        changing = Depends(self._doors.changing)
        spelling = self._spelling

        # By POST: what is being written to a citizen belongs into no address and no log of addresses.
        async def doubts(b: body.Text, viewer: Viewer = changing) -> dict[str, Any]:
            found = await spelling.doubts(viewer, b.text)
            return {"words": [{"word": one.word, "at": one.at} for one in found]}

        async def suggestions(b: body.Word, viewer: Viewer = changing) -> dict[str, Any]:
            return {"suggestions": await spelling.suggestions(viewer, b.word)}

        api.add_api_route("", doubts, methods=["POST"])
        api.add_api_route("/suggestions", suggestions, methods=["POST"])
        return api
