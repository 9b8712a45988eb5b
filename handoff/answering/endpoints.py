"""Routes of the answering aids, behind the console's doors."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from handoff.answering import schemas as body
from handoff.answering.service import Answering
from handoff.answering.variables import VARIABLES
from handoff.console.doors import Doors
from handoff.staff.schemas import Viewer

_Language = Annotated[str | None, Query(pattern="^(lv|ru|en)$")]


class AnsweringApi:
    """``/console/api/conversations/{id}/suggested_answers``, ``…/canned``, ``/knowledge`` and ``/canned``: shapes in
    docs/protocol.md."""

    def __init__(self, answering: Answering, doors: Doors) -> None:
        self._answering = answering
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of the answering aids."""
        api = APIRouter(prefix="/console/api")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        answering = self._answering

        async def suggested(conversation_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await answering.suggestions(viewer, conversation_id)

        async def canned_for(conversation_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return {"canned": await answering.canned_for(viewer, conversation_id)}

        async def find(
            q: Annotated[str, Query(max_length=300)], lang: _Language = None, viewer: Viewer = looking
        ) -> dict[str, Any]:
            found = await answering.find(viewer, q, lang)
            return {
                "services": [
                    {
                        "id": one.id,
                        "title": one.title,
                        "institution": one.institution,
                        "probability": round(one.probability, 3),
                    }
                    for one in found
                ]
            }

        async def known(
            service_id: str,
            lang: _Language = None,
            municipality: Annotated[str | None, Query(max_length=64)] = None,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            return {"answers": answering.known(viewer, service_id, lang, municipality)}

        async def phrase_book(viewer: Viewer = looking) -> dict[str, Any]:
            return {"phrases": answering.phrase_book(viewer)}

        async def canned(viewer: Viewer = looking) -> dict[str, Any]:
            return {"canned": await answering.canned(viewer), "variables": list(VARIABLES)}

        async def add(b: body.WriteCanned, viewer: Viewer = changing) -> dict[str, Any]:
            return await answering.add(viewer, b)

        async def change(canned_id: str, b: body.WriteCanned, viewer: Viewer = changing) -> dict[str, Any]:
            return await answering.change(viewer, canned_id, b)

        async def drop(
            canned_id: str, version: Annotated[int, Query(ge=1, le=2**31 - 1)], viewer: Viewer = changing
        ) -> None:
            await answering.drop(viewer, canned_id, version)

        api.add_api_route("/conversations/{conversation_id}/suggested_answers", suggested, methods=["GET"])
        api.add_api_route("/conversations/{conversation_id}/canned", canned_for, methods=["GET"])
        api.add_api_route("/knowledge", find, methods=["GET"])
        api.add_api_route("/knowledge/{service_id}", known, methods=["GET"])
        api.add_api_route("/phrases", phrase_book, methods=["GET"])
        api.add_api_route("/canned", canned, methods=["GET"])
        api.add_api_route("/canned", add, methods=["POST"], status_code=201)
        api.add_api_route("/canned/{canned_id}", change, methods=["PUT"])
        api.add_api_route("/canned/{canned_id}", drop, methods=["DELETE"], status_code=204)
        return api
