"""Routes of examples of kinds of turn."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from knowledge_base.editor.endpoints import Door, add_decisions
from knowledge_base.turns import schemas as body
from knowledge_base.turns.service import TurnsDesk


class TurnsApi:
    """``/console/api/editor/turns``: shapes in docs/protocol.md."""

    def __init__(self, desk: TurnsDesk, looking: Door, changing: Door) -> None:
        """``looking``, ``changing``: see :class:`knowledge_base.editor.endpoints.EditorApi`."""
        self._desk = desk
        self._looking = looking
        self._changing = changing

    def router(self) -> APIRouter:
        """All routes."""
        api = APIRouter(prefix="/console/api/editor/turns")
        looking, changing, desk = Depends(self._looking), Depends(self._changing), self._desk

        async def overview(person: Any = looking) -> dict[str, Any]:
            return await desk.overview(person)

        async def examples(wanted: Annotated[body.Search, Query()], person: Any = looking) -> dict[str, Any]:
            return await desk.examples(person, wanted)

        async def draft(b: body.Wanted, person: Any = changing) -> dict[str, Any]:
            return await desk.draft(person, b)

        async def rewrite(change_id: str, b: body.Rewrite, person: Any = changing) -> dict[str, Any]:
            return await desk.rewrite(person, change_id, b)

        api.add_api_route("", overview, methods=["GET"])
        api.add_api_route("", draft, methods=["POST"], status_code=201)
        api.add_api_route("/examples", examples, methods=["GET"])
        api.add_api_route("/{change_id}", rewrite, methods=["PUT"])
        add_decisions(api, "/{change_id}", desk, changing)
        return api
