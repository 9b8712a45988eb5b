"""Routes of files for staff, behind the console's doors. What one may not see is "not found"; who reads a file is on record."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from handoff.attachments import serving
from handoff.attachments.schemas import Upload
from handoff.attachments.service import Attachments
from handoff.broker import Broker
from handoff.citizens import repository as citizens
from handoff.console.doors import Doors
from handoff.conversations import repository
from handoff.conversations.models import Conversation
from handoff.conversations.schemas import WEBCHAT
from handoff.desk import may
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.errors import Conflict, NotFound, PieturaError, TooMany
from kit.ratelimit import Limiter

#: The limiter's door for uploads of staff, by person.
STAFF_UPLOADS = "staff-upload"


class AttachmentsApi:
    """``/console/api/…/attachments``: shapes in docs/protocol.md."""

    def __init__(self, broker: Broker, attachments: Attachments, doors: Doors, limiter: Limiter) -> None:
        self._broker = broker
        self._attachments = attachments
        self._doors = doors
        self._limiter = limiter

    def router(self) -> APIRouter:
        """All routes of files."""
        api = APIRouter(prefix="/console/api")
        viewer = Depends(self._doors.viewer)
        changing = Depends(self._doors.changing)
        path = "/conversations/{conversation_id}/attachments/{attachment_id}"

        async def limits(_: Viewer = viewer) -> dict[str, Any]:
            return self._attachments.limits.view()

        async def upload(
            conversation_id: str, attachment_id: UUID, request: Request, viewer: Viewer = changing
        ) -> dict[str, Any]:
            try:
                return await self._upload(viewer, conversation_id, str(attachment_id), request)
            except PieturaError as error:
                if error.code != "upload_broken":
                    await serving.swallow(request, 2 * self._attachments.limits.file)
                raise

        async def withdraw(conversation_id: str, attachment_id: UUID, viewer: Viewer = changing) -> None:
            await self._visible(viewer, conversation_id)
            await self._attachments.withdraw(str(attachment_id), conversation_id, viewer.id)

        async def read(
            conversation_id: str, attachment_id: UUID, inline: bool = False, viewer: Viewer = viewer
        ) -> Response:
            return await self._read(viewer, conversation_id, str(attachment_id), inline=inline)

        api.add_api_route("/attachments/limits", limits, methods=["GET"])
        api.add_api_route(path, upload, methods=["PUT"])
        api.add_api_route(path, withdraw, methods=["DELETE"], status_code=204)
        api.add_api_route(path, read, methods=["GET"], response_model=None)
        return api

    async def _visible(self, viewer: Viewer, conversation_id: str) -> Conversation:
        async with self._broker.db.read() as session:
            conversation = await repository.visible(session, viewer, conversation_id)
        if conversation is None:
            raise NotFound()
        return conversation

    async def _upload(
        self, viewer: Viewer, conversation_id: str, attachment_id: str, request: Request
    ) -> dict[str, Any]:
        conversation = await self._visible(viewer, conversation_id)
        if conversation.channel != WEBCHAT:
            raise PieturaError("attachments_not_here")
        if "reply" not in may(viewer, conversation):
            raise Conflict("not_holder", state=conversation.state, version=conversation.version)
        if not await self._limiter.allow(STAFF_UPLOADS, viewer.id):
            raise TooMany("too_many", retry_after_s=await self._limiter.retry_after_s(STAFF_UPLOADS, viewer.id))
        wanted = Upload(
            id=attachment_id,
            conversation_id=conversation_id,
            staff_id=viewer.id,
            name=serving.name_of(request),
            declared=serving.declared_size(request),
        )
        return await self._attachments.receive(wanted, serving.chunks_of(request))

    async def _read(self, viewer: Viewer, conversation_id: str, attachment_id: str, *, inline: bool) -> Response:
        async with self._broker.db.unit() as unit:
            if await citizens.readable(unit.session, viewer, conversation_id) is None:
                raise NotFound()
            file = await self._attachments.open(unit.session, attachment_id, [conversation_id])
            now = self._broker.clock.now()
            people.audit(
                unit.session,
                now,
                viewer.id,
                "read_attachment",
                conversation_id,
                attachment=attachment_id,
                inline=inline,
            )
        return serving.response(file, inline=inline)
