"""Routes of the editors' desk. Who is signed in is told by the doors that the gateway hands in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query, Request

from knowledge_base.editor import schemas as body
from knowledge_base.editor.ports import Tryout
from knowledge_base.editor.service import EditorsDesk, editors_only
from knowledge_base.records import Aspect

Door = Callable[[Request], Awaitable[Any]]


class WishDesk(Protocol):
    """Whatever has wishes of the one life (:mod:`knowledge_base.wish`)."""

    async def propose(self, person: Any, change_id: str, version: int, /) -> dict[str, Any]:
        """Asks for a second person's word."""
        ...

    async def approve(self, person: Any, change_id: str, version: int, note: str, /) -> dict[str, Any]:
        """The second person agrees."""
        ...

    async def send_back(self, person: Any, change_id: str, version: int, note: str, /) -> dict[str, Any]:
        """The second person wants it otherwise."""
        ...

    async def drop(self, person: Any, change_id: str, version: int, /) -> None:
        """Gives it up."""
        ...


def add_decisions(api: APIRouter, path: str, desk: WishDesk, changing: Any) -> None:
    """The routes by which a wish at ``path`` goes on; ``changing``: the dependency that gives the person."""

    async def propose(change_id: str, b: body.Version, person: Any = changing) -> dict[str, Any]:
        return await desk.propose(person, change_id, b.version)

    async def approve(change_id: str, b: body.Decision, person: Any = changing) -> dict[str, Any]:
        return await desk.approve(person, change_id, b.version, b.note)

    async def send_back(change_id: str, b: body.Decision, person: Any = changing) -> dict[str, Any]:
        return await desk.send_back(person, change_id, b.version, b.note)

    async def drop(change_id: str, version: Annotated[body.Number, Query()], person: Any = changing) -> None:
        await desk.drop(person, change_id, version)

    api.add_api_route(path, drop, methods=["DELETE"], status_code=204)
    for name, act in (("propose", propose), ("approve", approve), ("send_back", send_back)):
        api.add_api_route(f"{path}/{name}", act, methods=["POST"])


class EditorApi:
    """``/console/api/editor``: shapes in docs/protocol.md."""

    def __init__(self, desk: EditorsDesk, tryout: Tryout, looking: Door, changing: Door) -> None:
        """``looking``, ``changing``: the signed-in person; ``changing`` also proves that the request is his."""
        self._desk = desk
        self._tryout = tryout
        self._looking = looking
        self._changing = changing

    def router(self) -> APIRouter:
        """All routes of the editors' desk."""
        api = APIRouter(prefix="/console/api/editor")
        looking, changing, desk = Depends(self._looking), Depends(self._changing), self._desk

        async def services(person: Any = looking) -> dict[str, Any]:
            return {"services": await desk.overview(person)}

        async def service(service_id: str, person: Any = looking) -> dict[str, Any]:
            return await desk.service(person, service_id)

        async def reviewed(service_id: str, person: Any = changing) -> dict[str, Any]:
            return await desk.reviewed(person, service_id)

        async def change(change_id: str, person: Any = looking) -> dict[str, Any]:
            return await desk.change(person, change_id)

        async def history(service_id: str, lang: body.Lang, aspect: Aspect, person: Any = looking) -> dict[str, Any]:
            return {"versions": await desk.history(person, service_id, lang, aspect)}

        async def changes(
            state: Annotated[list[body.ChangeState] | None, Query(max_length=20)] = None, person: Any = looking
        ) -> dict[str, Any]:
            return {"changes": await desk.changes(person, list(state or ()))}

        async def draft(b: body.NewChange, person: Any = changing) -> dict[str, Any]:
            return await desk.draft(person, b)

        async def rewrite(change_id: str, b: body.WriteChange, person: Any = changing) -> dict[str, Any]:
            return await desk.rewrite(person, change_id, b)

        async def restore(b: body.Restore, person: Any = changing) -> dict[str, Any]:
            return await desk.restore(person, b)

        async def try_out(b: body.TryOut, person: Any = changing) -> dict[str, Any]:
            editors_only(person)
            return await self._tryout.ask(b.text, b.lang, person.lang)

        api.add_api_route("/try", try_out, methods=["POST"])
        api.add_api_route("/services", services, methods=["GET"])
        api.add_api_route("/services/{service_id}", service, methods=["GET"])
        api.add_api_route("/services/{service_id}/history", history, methods=["GET"])
        api.add_api_route("/services/{service_id}/reviewed", reviewed, methods=["POST"])
        api.add_api_route("/changes", changes, methods=["GET"])
        api.add_api_route("/changes", draft, methods=["POST"], status_code=201)
        api.add_api_route("/changes/{change_id}", change, methods=["GET"])
        api.add_api_route("/changes/{change_id}", rewrite, methods=["PUT"])
        add_decisions(api, "/changes/{change_id}", desk, changing)
        api.add_api_route("/restore", restore, methods=["POST"])
        return api
