"""Routes for the citizen behind a conversation, behind the console's doors; the desk checks every act."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse

from handoff.attachments.service import Attachments
from handoff.citizens import schemas as body
from handoff.citizens.desk import CitizenDesk
from handoff.citizens.rights import CitizenRights
from handoff.citizens.views import CitizenCards, handed_view
from handoff.console.doors import Doors
from handoff.conversations import repository as conversations
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.errors import NotFound
from kit.i18n import Catalogue
from kit.vault import Vault


class CitizenApi:
    """``/console/api/conversations/{id}/citizen`` and what is done from there: shapes in docs/protocol.md."""

    def __init__(
        self,
        desk: CitizenDesk,
        doors: Doors,
        texts: Catalogue,
        vault: Vault | None = None,
        attachments: Attachments | None = None,
    ) -> None:
        """``texts``: the catalogue of ``handoff``; ``vault``, ``attachments``: of :class:`CitizenRights`."""
        self._desk = desk
        self._doors = doors
        self._cards = CitizenCards(desk, texts)
        self._rights = CitizenRights(desk, vault, attachments)

    def router(self) -> APIRouter:
        """All routes about citizens."""
        api = APIRouter(prefix="/console/api/conversations/{conversation_id}")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        desk = self._desk

        async def card(conversation_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await self._card(viewer, conversation_id)

        async def link(conversation_id: str, b: body.Link, viewer: Viewer = changing) -> dict[str, Any]:
            await desk.link(viewer, conversation_id, b.conversation_id, b.reason)
            return await self._card(viewer, conversation_id)

        async def unlink(conversation_id: str, b: body.Unlink, viewer: Viewer = changing) -> dict[str, Any]:
            await desk.unlink(viewer, conversation_id, b.identity_id, b.reason)
            return await self._card(viewer, conversation_id)

        async def code(conversation_id: str, b: body.Code, viewer: Viewer = changing) -> dict[str, Any]:
            return handed_view(await desk.code(viewer, conversation_id, by_email=b.by == "email"))

        async def deep_link(conversation_id: str, b: body.DeepLink, viewer: Viewer = changing) -> dict[str, Any]:
            return handed_view(await desk.deep_link(viewer, conversation_id, b.account_id))

        async def accept(
            conversation_id: str, other_id: str, b: body.Accept, viewer: Viewer = changing
        ) -> dict[str, Any]:
            await desk.accept(viewer, conversation_id, other_id, b.version)
            return await self._card(viewer, conversation_id)

        async def dismiss(conversation_id: str, other_id: str, viewer: Viewer = changing) -> dict[str, Any]:
            await desk.dismiss(viewer, conversation_id, other_id)
            return await self._card(viewer, conversation_id)

        self._add_rights(api)
        api.add_api_route("/citizen", card, methods=["GET"])
        api.add_api_route("/link", link, methods=["POST"])
        api.add_api_route("/unlink", unlink, methods=["POST"])
        api.add_api_route("/code", code, methods=["POST"])
        api.add_api_route("/deep_link", deep_link, methods=["POST"])
        api.add_api_route("/suggestions/{other_id}/accept", accept, methods=["POST"])
        api.add_api_route("/suggestions/{other_id}/dismiss", dismiss, methods=["POST"])
        return api

    def _add_rights(self, api: APIRouter) -> None:
        """What is noted about a citizen, what he may have of us, and being forgotten."""
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        rights = self._rights

        async def note(conversation_id: str, b: body.NewNote, viewer: Viewer = changing) -> dict[str, Any]:
            await rights.note(viewer, conversation_id, str(b.id), b.text)
            return await self._card(viewer, conversation_id)

        async def drop_note(conversation_id: str, note_id: str, viewer: Viewer = changing) -> dict[str, Any]:
            await rights.drop_note(viewer, conversation_id, note_id)
            return await self._card(viewer, conversation_id)

        async def export(conversation_id: str, b: body.Export, viewer: Viewer = changing) -> StreamingResponse:
            made = await rights.export(viewer, conversation_id, b.reason)
            headers = {
                "content-disposition": f'attachment; filename="{made.name}"',
                "content-length": str(made.size),
                "cache-control": "no-store",
            }
            return StreamingResponse(made.chunks(), media_type="application/zip", headers=headers)

        async def preview(conversation_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await rights.preview(viewer, conversation_id)

        async def erase(conversation_id: str, b: body.Erase, viewer: Viewer = changing) -> dict[str, Any]:
            return await rights.erase(viewer, conversation_id, b.reason, b.case_no, b.conversations)

        api.add_api_route("/citizen/notes", note, methods=["POST"])
        api.add_api_route("/citizen/notes/{note_id}", drop_note, methods=["DELETE"])
        api.add_api_route("/citizen/export", export, methods=["POST"])
        api.add_api_route("/citizen/erase", preview, methods=["GET"])
        api.add_api_route("/citizen/erase", erase, methods=["POST"])

    async def _card(self, viewer: Viewer, conversation_id: str) -> dict[str, Any]:
        broker = self._desk.broker
        # A unit of work: that somebody looked is on record, and an identity not noted before is noted now.
        async with broker.db.unit() as unit:
            conversation = await conversations.visible(unit.session, viewer, conversation_id)
            if conversation is None:
                raise NotFound()
            people.audit(unit.session, broker.clock.now(), viewer.id, "read_citizen", conversation_id)
            card = await self._cards.card(unit.session, viewer, conversation)
            return card | await self._rights.details(unit.session, viewer, conversation)
