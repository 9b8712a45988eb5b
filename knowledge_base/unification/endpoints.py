"""Routes of the unification workbench."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from knowledge_base.editor.endpoints import Door
from knowledge_base.unification import schemas as body
from knowledge_base.unification.service import Unification


class UnificationApi:
    """``/console/api/editor/unify``: shapes in docs/protocol.md."""

    def __init__(self, unification: Unification, looking: Door, changing: Door) -> None:
        """``looking``, ``changing``: see :class:`knowledge_base.editor.endpoints.EditorApi`."""
        self._unification = unification
        self._looking = looking
        self._changing = changing

    def router(self) -> APIRouter:
        """All routes."""
        api = APIRouter(prefix="/console/api/editor/unify")
        looking, changing, unification = Depends(self._looking), Depends(self._changing), self._unification

        async def questions(show: body.Shown = "open", person: Any = looking) -> dict[str, Any]:
            return await unification.questions(person, show)

        async def decisions(person: Any = looking) -> JSONResponse:
            content = {"version": 1, "decisions": await unification.decisions(person)}
            headers = {"content-disposition": 'attachment; filename="pietura-unify-decisions.json"'}
            return JSONResponse(content, headers=headers | {"cache-control": "no-store"})

        async def question(key: str, person: Any = looking) -> dict[str, Any]:
            return await unification.question(person, key)

        async def decide(key: str, b: body.Decide, person: Any = changing) -> dict[str, Any]:
            return await unification.decide(person, key, b)

        async def undo(key: str, b: body.Undo, person: Any = changing) -> dict[str, Any]:
            return await unification.undo(person, key, b.version)

        api.add_api_route("", questions, methods=["GET"])
        api.add_api_route("/decisions.json", decisions, methods=["GET"])
        api.add_api_route("/{key}", question, methods=["GET"])
        api.add_api_route("/{key}", decide, methods=["POST"])
        api.add_api_route("/{key}/undo", undo, methods=["POST"])
        return api
