"""Routes for publications, behind the console's doors; the service checks every act."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from handoff.channels import repository as platforms
from handoff.channels.ports import Priced
from handoff.console.doors import Doors
from handoff.publications import repository, views
from handoff.publications import schemas as body
from handoff.publications.lifecycle import State, composes
from handoff.publications.service import Found, Publications, uses
from handoff.staff.schemas import Viewer
from kit.errors import Forbidden, NotFound
from kit.i18n import Catalogue

_PAGE = 50
_COMMENTS = 200


class PublicationApi:
    """``/console/api/publications``: shapes in docs/protocol.md."""

    def __init__(self, publications: Publications, doors: Doors, texts: Catalogue) -> None:
        """``texts``: the catalogue of ``handoff``."""
        self._publications = publications
        self._doors = doors
        self._texts = texts

    def router(self) -> APIRouter:
        """All routes of publications."""
        api = APIRouter(prefix="/console/api/publications")
        viewer = Depends(self._doors.viewer)
        changing = Depends(self._doors.changing)
        service = self._publications

        async def listing(
            state: Annotated[list[State], Query()] = [],  # noqa: B006 - FastAPI copies it
            page: Annotated[int, Query(ge=1, le=100_000)] = 1,
            viewer: Viewer = viewer,
        ) -> dict[str, Any]:
            return await self._list(viewer, state, page)

        async def accounts(viewer: Viewer = viewer) -> dict[str, Any]:
            return await self._usable(viewer)

        async def preview(b: body.Composed, viewer: Viewer = changing) -> dict[str, Any]:
            fits = await service.preview(viewer, b)
            return {"targets": [views.fit_view(one, self._texts, viewer.lang) for one in fits]}

        async def create(b: body.Composed, viewer: Viewer = changing) -> dict[str, Any]:
            return await self._one(viewer, await service.create(viewer, b))

        async def one(publication_id: str, viewer: Viewer = viewer) -> dict[str, Any]:
            return await self._one(viewer, publication_id)

        async def update(publication_id: str, b: body.Revised, viewer: Viewer = changing) -> dict[str, Any]:
            await service.update(viewer, publication_id, b.version, b)
            return await self._one(viewer, publication_id)

        async def propose(publication_id: str, b: body.Version, viewer: Viewer = changing) -> dict[str, Any]:
            await service.propose(viewer, publication_id, b.version)
            return await self._one(viewer, publication_id)

        async def approve(publication_id: str, b: body.Version, viewer: Viewer = changing) -> dict[str, Any]:
            await service.approve(viewer, publication_id, b.version)
            return await self._one(viewer, publication_id)

        async def reject(publication_id: str, b: body.Reasoned, viewer: Viewer = changing) -> dict[str, Any]:
            await service.reject(viewer, publication_id, b.version, b.reason)
            return await self._one(viewer, publication_id)

        async def cancel(publication_id: str, b: body.Cancelled, viewer: Viewer = changing) -> dict[str, Any]:
            await service.cancel(viewer, publication_id, b.version, b.reason)
            return await self._one(viewer, publication_id)

        async def again(publication_id: str, b: body.Target, viewer: Viewer = changing) -> dict[str, Any]:
            await service.send_again(viewer, publication_id, b.version, b.account_id)
            return await self._one(viewer, publication_id)

        async def arrived(publication_id: str, b: body.Target, viewer: Viewer = changing) -> dict[str, Any]:
            await service.mark_sent(viewer, publication_id, b.version, b.account_id)
            return await self._one(viewer, publication_id)

        api.add_api_route("", listing, methods=["GET"])
        api.add_api_route("", create, methods=["POST"])
        # Before those with an id, which would take these words for one.
        api.add_api_route("/accounts", accounts, methods=["GET"])
        api.add_api_route("/preview", preview, methods=["POST"])
        api.add_api_route("/{publication_id}", one, methods=["GET"])
        api.add_api_route("/{publication_id}", update, methods=["PUT"])
        acts: dict[str, Callable[..., Any]] = {
            "propose": propose,
            "approve": approve,
            "reject": reject,
            "cancel": cancel,
            "send_again": again,
            "mark_sent": arrived,
        }
        for path, act in acts.items():
            api.add_api_route(f"/{{publication_id}}/{path}", act, methods=["POST"])
        return api

    async def _list(self, viewer: Viewer, states: Sequence[State], page: int) -> dict[str, Any]:
        _composers_only(viewer)
        async with self._publications.db.read() as session:
            found, total = await repository.page(session, viewer, states, (page - 1) * _PAGE, _PAGE)
            names = await repository.names(session, views.people_of(found))
            whole = await self._publications.found(session, found)
        return {
            "rows": [self._view(viewer, one, names) for one in whole],
            "total": total,
            "page": page,
            "pages": max(1, -(-total // _PAGE)),
        }

    async def _usable(self, viewer: Viewer) -> dict[str, Any]:
        _composers_only(viewer)
        channels = self._publications.channels
        async with self._publications.db.read() as session:
            rows = [row for row in await platforms.accounts(session) if uses(viewer, row)]
        return {
            "accounts": [
                views.usable_view(
                    row, channels.carries(row), priced=isinstance(channels.connector(row.channel), Priced)
                )
                for row in rows
            ]
        }

    async def _one(self, viewer: Viewer, publication_id: str) -> dict[str, Any]:
        _composers_only(viewer)
        async with self._publications.db.read() as session:
            publication = await repository.visible(session, viewer, publication_id)
            if publication is None:
                raise NotFound()
            names = await repository.names(session, views.people_of([publication]))
            (whole,) = await self._publications.found(session, [publication])
            fits = await self._publications.fits(session, whole)
            places = [(row.account_id, row.ref) for _, _, row in whole.targets if row is not None and row.ref]
            comments, total = await repository.followed(session, publication.kind, places, _COMMENTS)
        return {
            **self._view(viewer, whole, names),
            "fits": [views.fit_view(one, self._texts, viewer.lang) for one in fits],
            "comments": [views.comment_view(viewer, *one) for one in comments],
            "comments_total": total,
        }

    def _view(self, viewer: Viewer, found: Found, names: Mapping[str, str]) -> dict[str, Any]:
        may = self._publications.may(viewer, found.publication)
        return views.publication_view(found, names, may, self._texts, viewer.lang)


def _composers_only(viewer: Viewer) -> None:
    if not composes(viewer):
        raise Forbidden()
