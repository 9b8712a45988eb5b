"""Routes of trainings, behind the console's doors."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from gateway.retraining import schemas as body
from gateway.retraining.service import Retraining
from knowledge_base.editor.endpoints import Door


class RetrainingApi:
    """``/console/api/training``: shapes in docs/protocol.md."""

    def __init__(self, retraining: Retraining, looking: Door, changing: Door) -> None:
        """``looking``, ``changing``: see :class:`knowledge_base.editor.endpoints.EditorApi`."""
        self._retraining = retraining
        self._looking = looking
        self._changing = changing

    def router(self) -> APIRouter:
        """All routes."""
        api = APIRouter(prefix="/console/api/training")
        looking, changing, retraining = Depends(self._looking), Depends(self._changing), self._retraining

        async def overview(person: Any = looking) -> dict[str, Any]:
            return await retraining.overview(person)

        async def start(person: Any = changing) -> dict[str, Any]:
            return await retraining.start(person)

        async def cancel(training_id: str, person: Any = changing) -> None:
            await retraining.cancel(person, training_id)

        async def live(training_id: str, b: body.Live, person: Any = changing) -> None:
            await retraining.go_live(person, training_id, b)

        async def back(b: body.Back, person: Any = changing) -> None:
            await retraining.back(person, b)

        api.add_api_route("", overview, methods=["GET"])
        api.add_api_route("", start, methods=["POST"], status_code=201)
        api.add_api_route("/back", back, methods=["POST"], status_code=204)
        api.add_api_route("/{training_id}/cancel", cancel, methods=["POST"], status_code=204)
        api.add_api_route("/{training_id}/live", live, methods=["POST"], status_code=204)
        return api
