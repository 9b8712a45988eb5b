"""Routes of the plans' desk, behind the console's doors."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from knowledge_base.editor.endpoints import Door, add_decisions
from knowledge_base.editor.service import editors_only
from knowledge_base.plans import schemas as body
from knowledge_base.plans.ports import Preview
from knowledge_base.plans.service import PlansDesk, told_problems


class PlansApi:
    """``/console/api/plans``: shapes in docs/protocol.md."""

    def __init__(self, desk: PlansDesk, preview: Preview, looking: Door, changing: Door) -> None:
        """``looking``, ``changing``: see :class:`knowledge_base.editor.endpoints.EditorApi`."""
        self._desk = desk
        self._preview = preview
        self._looking = looking
        self._changing = changing

    def router(self) -> APIRouter:
        """All routes."""
        api = APIRouter(prefix="/console/api/plans")
        looking, changing, desk, preview = Depends(self._looking), Depends(self._changing), self._desk, self._preview

        async def overview(person: Any = looking) -> dict[str, Any]:
            return await desk.overview(person)

        async def choices(person: Any = looking) -> dict[str, Any]:
            return await desk.choices(person)

        async def plan(plan_id: str, person: Any = looking) -> dict[str, Any]:
            return await desk.plan(person, plan_id)

        async def check(b: body.Check, person: Any = changing) -> dict[str, Any]:
            return {"problems": told_problems(await desk.check(person, b.content))}

        async def talk(b: body.Talk, person: Any = changing) -> dict[str, Any]:
            editors_only(person)
            return await preview.talk("preview", b.content, b.text, b.payload, b.lang, b.context)

        async def draft(b: body.NewPlanChange, person: Any = changing) -> dict[str, Any]:
            return await desk.draft(person, b)

        async def rewrite(change_id: str, b: body.WritePlan, person: Any = changing) -> dict[str, Any]:
            return await desk.rewrite(person, change_id, b)

        async def restore(plan_id: str, b: body.BackTo, person: Any = changing) -> dict[str, Any]:
            return await desk.restore(person, plan_id, b)

        api.add_api_route("", overview, methods=["GET"])
        api.add_api_route("/choices", choices, methods=["GET"])
        api.add_api_route("/check", check, methods=["POST"])
        api.add_api_route("/talk", talk, methods=["POST"])
        api.add_api_route("/changes", draft, methods=["POST"], status_code=201)
        api.add_api_route("/changes/{change_id}", rewrite, methods=["PUT"])
        add_decisions(api, "/changes/{change_id}", desk, changing)
        api.add_api_route("/{plan_id}", plan, methods=["GET"])
        api.add_api_route("/{plan_id}/restore", restore, methods=["POST"])
        return api
