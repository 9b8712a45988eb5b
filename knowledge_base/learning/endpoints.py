"""Routes of learning from life."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from knowledge_base.editor.endpoints import Door
from knowledge_base.learning import schemas as body
from knowledge_base.learning.service import Learning
from knowledge_base.turns.schemas import FromLife


class LearningApi:
    """``/console/api/editor/life``: shapes in docs/protocol.md."""

    def __init__(self, learning: Learning, looking: Door, changing: Door) -> None:
        """``looking``, ``changing``: see :class:`knowledge_base.editor.endpoints.EditorApi`."""
        self._learning = learning
        self._looking = looking
        self._changing = changing

    def router(self) -> APIRouter:
        """All routes."""
        api = APIRouter(prefix="/console/api/editor/life")
        looking, changing, learning = Depends(self._looking), Depends(self._changing), self._learning

        async def groups(
            state: body.Shown = "open", page: Annotated[int, Query(ge=1, le=10_000)] = 1, person: Any = looking
        ) -> dict[str, Any]:
            return await learning.groups(person, state, page)

        async def group(group_id: str, person: Any = looking) -> dict[str, Any]:
            return await learning.group(person, group_id)

        async def decide(group_id: str, b: body.Decide, person: Any = changing) -> None:
            await learning.decide(person, group_id, b)

        async def examples(group_id: str, b: body.Examples, person: Any = changing) -> dict[str, Any]:
            return await learning.as_examples(person, group_id, b)

        async def service(group_id: str, b: body.Proposal, person: Any = changing) -> dict[str, Any]:
            return await learning.as_service(person, group_id, b)

        async def turn(group_id: str, b: FromLife, person: Any = changing) -> dict[str, Any]:
            return await learning.as_turn(person, group_id, b)

        api.add_api_route("", groups, methods=["GET"])
        api.add_api_route("/{group_id}", group, methods=["GET"])
        api.add_api_route("/{group_id}/decide", decide, methods=["POST"], status_code=204)
        api.add_api_route("/{group_id}/examples", examples, methods=["POST"], status_code=201)
        api.add_api_route("/{group_id}/service", service, methods=["POST"], status_code=201)
        api.add_api_route("/{group_id}/turn", turn, methods=["POST"], status_code=201)
        return api
