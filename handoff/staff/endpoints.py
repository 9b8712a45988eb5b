"""Routes of accounts, of one's own password and of the audit trail, behind the console's doors; the services check every act."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from handoff.console.doors import COOKIE, Doors, administrators_only
from handoff.console.schemas import day
from handoff.staff import repository
from handoff.staff import schemas as body
from handoff.staff.administration import Opened, People
from handoff.staff.schemas import Role, Viewer
from handoff.staff.service import Accounts
from handoff.staff.trail import AuditReader, trail_filter
from kit.errors import TooMany
from kit.i18n import Catalogue
from kit.ratelimit import Limiter

_PAGE = 50
_DOOR = "login-account"
# Here and not in a method: FastAPI looks annotations up in the module.
_Text = Annotated[str | None, Query(max_length=80)]
_Day = Annotated[str | None, Query(max_length=10)]
_About = Annotated[str | None, Query(alias="object", max_length=80)]
_Since = Annotated[str | None, Query(alias="from", max_length=10)]


class PeopleApi:
    """``/console/api/people``, ``/console/api/me/password`` and ``/console/api/audit``: shapes in docs/protocol.md."""

    def __init__(
        self, people: People, accounts: Accounts, trail: AuditReader, doors: Doors, limiter: Limiter, texts: Catalogue
    ) -> None:
        """``texts``: the console's, for what an act means."""
        self._people = people
        self._accounts = accounts
        self._trail = trail
        self._doors = doors
        self._limiter = limiter
        self._texts = texts

    def router(self) -> APIRouter:
        """All routes."""
        api = APIRouter(prefix="/console/api")
        looking, changing = Depends(self._doors.viewer), Depends(self._doors.changing)
        people = self._people

        async def listing(
            q: Annotated[str, Query(max_length=200)] = "",
            role: Role | None = None,
            state: Literal["open", "disabled"] | None = None,
            page: Annotated[int, Query(ge=1, le=100_000)] = 1,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            wanted = repository.AccountFilter(q, role, None if state is None else state == "disabled")
            return await self._listing(viewer, wanted, page)

        async def create(b: body.NewAccount, viewer: Viewer = changing) -> dict[str, Any]:
            return await self._opened(viewer, await people.create(viewer, b))

        async def one(staff_id: str, viewer: Viewer = looking) -> dict[str, Any]:
            return await people.view(viewer, staff_id)

        async def change(staff_id: str, b: body.ChangedAccount, viewer: Viewer = changing) -> dict[str, Any]:
            await people.change(viewer, staff_id, b)
            return await people.view(viewer, staff_id)

        async def disable(staff_id: str, b: body.AccountVersion, viewer: Viewer = changing) -> dict[str, Any]:
            await people.disable(viewer, staff_id, b.version)
            return await people.view(viewer, staff_id)

        async def enable(staff_id: str, b: body.AccountVersion, viewer: Viewer = changing) -> dict[str, Any]:
            await people.enable(viewer, staff_id, b.version)
            return await people.view(viewer, staff_id)

        async def reset(staff_id: str, b: body.AccountVersion, viewer: Viewer = changing) -> dict[str, Any]:
            return await self._opened(viewer, await people.reset_password(viewer, staff_id, b.version))

        async def sign_out(staff_id: str, viewer: Viewer = changing) -> None:
            await people.sign_out(viewer, staff_id)

        own = Depends(self._doors.changing_own)

        async def password(b: body.OwnPassword, request: Request, viewer: Viewer = own) -> None:
            # As at the door: whoever found an open desk must not try passwords there.
            if not await self._limiter.allow(_DOOR, viewer.email):
                raise TooMany("too_many", retry_after_s=await self._limiter.retry_after_s(_DOOR, viewer.email))
            await self._accounts.change_password(viewer, request.cookies.get(COOKIE, ""), b.current, b.new)
            await people.broker.bus.publish({"kind": "sessions", "staff": viewer.id})

        api.add_api_route("/me/password", password, methods=["POST"], status_code=204)
        api.add_api_route("/people", listing, methods=["GET"])
        api.add_api_route("/people", create, methods=["POST"], status_code=201)
        api.add_api_route("/people/{staff_id}", one, methods=["GET"])
        api.add_api_route("/people/{staff_id}", change, methods=["PUT"])
        api.add_api_route("/people/{staff_id}/disable", disable, methods=["POST"])
        api.add_api_route("/people/{staff_id}/enable", enable, methods=["POST"])
        api.add_api_route("/people/{staff_id}/reset_password", reset, methods=["POST"])
        api.add_api_route("/people/{staff_id}/sign_out", sign_out, methods=["POST"], status_code=204)
        self._add_trail(api)
        return api

    def _add_trail(self, api: APIRouter) -> None:
        looking = Depends(self._doors.viewer)

        async def page(
            person: _Text = None,
            action: _Text = None,
            object_id: _About = None,
            since: _Since = None,
            to: _Day = None,
            up_to: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
            page: Annotated[int, Query(ge=1, le=100_000)] = 1,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            wanted = trail_filter(person, action, object_id, day(since), day(to), up_to)
            return await self._trail.page(viewer, wanted, page)

        async def export(
            person: _Text = None,
            action: _Text = None,
            object_id: _About = None,
            since: _Since = None,
            to: _Day = None,
            viewer: Viewer = looking,
        ) -> StreamingResponse:
            wanted = trail_filter(person, action, object_id, day(since), day(to))
            lines = await self._trail.export(viewer, wanted, self._texts.all(viewer.lang))
            headers = {"content-disposition": 'attachment; filename="audita-pieraksti.csv"'}
            return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

        api.add_api_route("/audit", page, methods=["GET"])
        api.add_api_route("/audit.csv", export, methods=["GET"])

    async def _listing(self, viewer: Viewer, wanted: repository.AccountFilter, page: int) -> dict[str, Any]:
        administrators_only(viewer)
        async with self._people.broker.db.read() as session:
            found = await repository.accounts(session, wanted)
            rows = await self._people.rows(session, found[(page - 1) * _PAGE : page * _PAGE])
            centres = await repository.centres(session)
        return {
            "rows": rows,
            "total": len(found),
            "page": page,
            "pages": max(1, -(-len(found) // _PAGE)),
            "centres": [{"id": one.id, "name": one.name} for one in centres],
            "roles": list(get_args(Role)),
        }

    async def _opened(self, viewer: Viewer, opened: Opened) -> dict[str, Any]:
        return {"person": await self._people.view(viewer, opened.staff_id), "password": opened.password}
