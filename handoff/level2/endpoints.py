"""Mails that could not be sent, for administrators."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends

from handoff.broker import Broker
from handoff.console.doors import Doors, administrators_only
from handoff.level2 import repository
from handoff.level2.models import Mail
from handoff.level2.tasks import Level2Watch
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.clock import iso
from kit.errors import Conflict


class MailApi:
    """What became of mails, and trying them again."""

    def __init__(self, broker: Broker, watch: Level2Watch, doors: Doors) -> None:
        self._broker = broker
        self._watch = watch
        self._doors = doors

    def router(self) -> APIRouter:
        """``mail``: administrators only."""
        api = APIRouter(prefix="/console/api")
        viewer, changing = Depends(self._doors.viewer), Depends(self._doors.changing)

        async def listing(viewer: Viewer = viewer) -> dict[str, Any]:
            administrators_only(viewer)
            return await self._listing()

        async def retry(mail_id: int, viewer: Viewer = changing) -> dict[str, Any]:
            now = self._broker.clock.now()
            await self._decide(viewer, mail_id, "mail_retried", state="queued", next_at=now, attempts=0, error=None)
            return await self._listing()

        async def discard(mail_id: int, viewer: Viewer = changing) -> dict[str, Any]:
            await self._decide(viewer, mail_id, "mail_discarded", state="cancelled")
            return await self._listing()

        api.add_api_route("/mail", listing, methods=["GET"])
        api.add_api_route("/mail/{mail_id}/retry", retry, methods=["POST"])
        api.add_api_route("/mail/{mail_id}/discard", discard, methods=["POST"])
        return api

    async def _listing(self) -> dict[str, Any]:
        async with self._broker.db.read() as session:
            counts = await repository.counts(session)
            rows = await repository.troubled(session)
        return {"on": self._watch.sends, "counts": counts, "rows": [_view(mail, name) for mail, name in rows]}

    async def _decide(self, viewer: Viewer, mail_id: int, action: str, **values: Any) -> None:
        administrators_only(viewer)
        async with self._broker.db.unit() as unit:
            if not await repository.set_failed(unit.session, mail_id, **values):
                raise Conflict("changed")
            after = values["state"]
            now = self._broker.clock.now()
            people.audit(unit.session, now, viewer.id, action, str(mail_id), before="failed", after=after)


def _view(mail: Mail, name: str) -> dict[str, Any]:
    return {
        "id": mail.id,
        "to": name,
        "kind": mail.kind,
        "state": mail.state,
        "error": mail.error,
        "attempts": mail.attempts,
        "created_at": iso(mail.created_at),
        "next_at": iso(mail.next_at) if mail.state == "queued" else None,
    }
