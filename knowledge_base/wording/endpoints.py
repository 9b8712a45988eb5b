"""Routes of wording and of the question set."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from knowledge_base.editor.endpoints import Door, add_decisions
from knowledge_base.editor.schemas import ChangeState, Lang
from knowledge_base.wording import schemas as body
from knowledge_base.wording.service import Wording


class WordingApi:
    """``/console/api/editor/wording`` and ``…/questions``: shapes in docs/protocol.md."""

    def __init__(self, wording: Wording, looking: Door, changing: Door) -> None:
        """``looking``, ``changing``: see :class:`knowledge_base.editor.endpoints.EditorApi`."""
        self._wording = wording
        self._looking = looking
        self._changing = changing

    def router(self) -> APIRouter:
        """All routes."""
        api = APIRouter(prefix="/console/api/editor")
        looking, changing, wording = Depends(self._looking), Depends(self._changing), self._wording

        async def service(service_id: str, person: Any = looking) -> dict[str, Any]:
            return await wording.service(person, service_id)

        async def history(service_id: str, kind: body.Kind, lang: Lang, person: Any = looking) -> dict[str, Any]:
            return {"versions": await wording.history(person, service_id, kind, lang)}

        async def asked_of(service_id: str, lang: Lang, person: Any = looking) -> dict[str, Any]:
            return {"questions": await wording.asked_of(person, service_id, lang)}

        async def changes(
            state: Annotated[list[ChangeState] | None, Query(max_length=20)] = None, person: Any = looking
        ) -> dict[str, Any]:
            return {"changes": await wording.changes(person, list(state or ()))}

        async def change(change_id: str, person: Any = looking) -> dict[str, Any]:
            return await wording.change(person, change_id)

        async def draft(b: body.New, person: Any = changing) -> dict[str, Any]:
            return await wording.draft(person, b)

        async def draft_service(b: body.NewService, person: Any = changing) -> dict[str, Any]:
            return await wording.draft_service(person, b)

        async def draft_withdrawal(service_id: str, b: body.Withdraw, person: Any = changing) -> dict[str, Any]:
            return await wording.draft_withdrawal(person, service_id, b)

        async def rewrite(change_id: str, b: body.Write, person: Any = changing) -> dict[str, Any]:
            return await wording.rewrite(person, change_id, b)

        async def rewrite_service(change_id: str, b: body.NewService, person: Any = changing) -> dict[str, Any]:
            return await wording.rewrite(person, change_id, b)

        async def run_set(change_id: str, person: Any = changing) -> dict[str, Any]:
            return await wording.run_set(person, change_id)

        async def the_set(person: Any = looking) -> dict[str, Any]:
            return await wording.the_set(person)

        async def add_question(b: body.Ask, person: Any = changing) -> dict[str, Any]:
            return await wording.add_question(person, b)

        async def take_out(b: body.Out, person: Any = changing) -> None:
            await wording.take_out(person, b)

        api.add_api_route("/services/{service_id}/wording", service, methods=["GET"])
        api.add_api_route("/services/{service_id}/wording/history", history, methods=["GET"])
        api.add_api_route("/services/{service_id}/questions", asked_of, methods=["GET"])
        api.add_api_route("/services/{service_id}/withdrawal", draft_withdrawal, methods=["POST"], status_code=201)
        api.add_api_route("/wording", changes, methods=["GET"])
        api.add_api_route("/wording", draft, methods=["POST"], status_code=201)
        api.add_api_route("/wording/service", draft_service, methods=["POST"], status_code=201)
        api.add_api_route("/wording/{change_id}", change, methods=["GET"])
        api.add_api_route("/wording/{change_id}", rewrite, methods=["PUT"])
        api.add_api_route("/wording/{change_id}/service", rewrite_service, methods=["PUT"])
        add_decisions(api, "/wording/{change_id}", wording, changing)
        api.add_api_route("/wording/{change_id}/run_set", run_set, methods=["POST"])
        api.add_api_route("/questions", the_set, methods=["GET"])
        api.add_api_route("/questions", add_question, methods=["POST"], status_code=201)
        api.add_api_route("/questions/removed", take_out, methods=["POST"], status_code=204)
        return api
