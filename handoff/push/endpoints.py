"""Routes of browser push, behind the console's doors, and the console's service worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse

from handoff.console.doors import COOKIE, Doors
from handoff.push import schemas as body
from handoff.push.service import Push
from handoff.staff.schemas import Viewer
from handoff.staff.service import digest

_WORKER = Path(__file__).parent / "static" / "worker.js"


class PushApi:
    """``/console/api/push`` and ``/console/worker.js``: shapes in docs/protocol.md."""

    def __init__(self, push: Push, doors: Doors) -> None:
        self._push = push
        self._doors = doors

    def router(self) -> APIRouter:
        """All routes of browser push."""
        router = APIRouter(prefix="/console")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        push = self._push

        async def view(viewer: Viewer = looking) -> dict[str, Any]:
            return await push.view(viewer)

        async def subscribe(b: body.Subscribe, request: Request, viewer: Viewer = changing) -> dict[str, Any]:
            return await push.subscribe(viewer, digest(request.cookies.get(COOKIE, "")), b)

        async def unsubscribe(subscription_id: str, viewer: Viewer = changing) -> None:
            await push.unsubscribe(viewer, subscription_id)

        async def try_out(subscription_id: str, viewer: Viewer = changing) -> dict[str, Any]:
            return await push.try_out(viewer, subscription_id)

        router.add_api_route("/api/push", view, methods=["GET"])
        router.add_api_route("/api/push", subscribe, methods=["POST"])
        router.add_api_route("/api/push/{subscription_id}", unsubscribe, methods=["DELETE"], status_code=204)
        router.add_api_route("/api/push/{subscription_id}/test", try_out, methods=["POST"])
        router.add_api_route("/worker.js", _worker, methods=["GET"], include_in_schema=False)
        return router


async def _worker() -> Response:
    # Served above what it serves, since a worker's folder is what it may look after; it fetches and stores nothing.
    headers = {
        "cache-control": "no-cache",
        "content-security-policy": "default-src 'none'",
        "service-worker-allowed": "/console",
    }
    return FileResponse(_WORKER, media_type="text/javascript", headers=headers)
