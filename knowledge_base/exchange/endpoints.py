"""Routes of files in and out. Who is signed in is told by the doors that the gateway hands in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from kit.errors import PieturaError
from kit.i18n import Catalogue
from knowledge_base.editor.service import editors_only
from knowledge_base.exchange import schemas as body
from knowledge_base.exchange.forms import MAX_BYTES
from knowledge_base.exchange.service import Exchange, Export

Door = Callable[[Request], Awaitable[Any]]


class ExchangeApi:
    """``/console/api/editor/imports`` and ``/console/api/editor/export``: shapes in docs/protocol.md."""

    def __init__(self, exchange: Exchange, looking: Door, changing: Door, texts: Catalogue) -> None:
        """``looking``, ``changing``: the signed-in person; ``changing`` also proves that the request is his. ``texts``: the
        console's, for what is wrong with a row."""
        self._exchange = exchange
        self._looking = looking
        self._changing = changing
        self._texts = texts

    def router(self) -> APIRouter:
        """All routes of files in and out."""
        api = APIRouter(prefix="/console/api/editor")
        looking, changing, exchange = Depends(self._looking), Depends(self._changing), self._exchange

        async def export(form: body.Form = "json", variants: bool = False, person: Any = looking) -> Response:
            return _file(await exchange.export(person, form, variants))

        async def untranslated(person: Any = looking) -> Response:
            return _file(await exchange.untranslated(person))

        async def imports(person: Any = looking) -> dict[str, Any]:
            return {"imports": await exchange.imports(person)}

        async def upload(
            request: Request, file: Annotated[str, Query(max_length=400)] = "", person: Any = changing
        ) -> dict[str, Any]:
            # Before a byte is read.
            editors_only(person)
            return await exchange.upload(person, file, await _limited(request))

        async def one(
            import_id: str,
            part: body.Part = "changed",
            offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
            person: Any = looking,
        ) -> dict[str, Any]:
            return await exchange.one(person, import_id, part, offset)

        async def problems(import_id: str, person: Any = looking) -> Response:
            return _file(await exchange.problems(person, import_id, self._texts))

        async def check(import_id: str, b: body.Version, person: Any = changing) -> dict[str, Any]:
            return await exchange.check(person, import_id, b.version)

        async def propose(import_id: str, b: body.Propose, person: Any = changing) -> dict[str, Any]:
            return await exchange.propose(person, import_id, b.version, b.mode, b.note)

        async def approve(import_id: str, b: body.Decision, person: Any = changing) -> dict[str, Any]:
            return await exchange.approve(person, import_id, b.version, b.note)

        async def send_back(import_id: str, b: body.Decision, person: Any = changing) -> dict[str, Any]:
            return await exchange.send_back(person, import_id, b.version, b.note)

        async def undo(import_id: str, b: body.Version, person: Any = changing) -> dict[str, Any]:
            return await exchange.undo(person, import_id, b.version)

        async def drop(import_id: str, version: Annotated[int, Query(ge=1)], person: Any = changing) -> None:
            await exchange.drop(person, import_id, version)

        api.add_api_route("/export", export, methods=["GET"])
        api.add_api_route("/untranslated.csv", untranslated, methods=["GET"])
        api.add_api_route("/imports", imports, methods=["GET"])
        api.add_api_route("/imports", upload, methods=["POST"], status_code=201)
        api.add_api_route("/imports/{import_id}", one, methods=["GET"])
        api.add_api_route("/imports/{import_id}/problems.csv", problems, methods=["GET"])
        api.add_api_route("/imports/{import_id}", drop, methods=["DELETE"], status_code=204)
        api.add_api_route("/imports/{import_id}/check", check, methods=["POST"])
        api.add_api_route("/imports/{import_id}/propose", propose, methods=["POST"])
        api.add_api_route("/imports/{import_id}/approve", approve, methods=["POST"])
        api.add_api_route("/imports/{import_id}/send_back", send_back, methods=["POST"])
        api.add_api_route("/imports/{import_id}/undo", undo, methods=["POST"])
        return api


async def _limited(request: Request) -> bytes:
    """The body, as long as it is no longer than a file may be.

    Raises:
        PieturaError: ``import_too_large``.
    """
    got = bytearray()
    async for chunk in request.stream():
        got += chunk
        if len(got) > MAX_BYTES:
            raise PieturaError("import_too_large", most=MAX_BYTES // 1024 // 1024)
    return bytes(got)


def _file(export: Export) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{export.name}"', "Cache-Control": "no-store"}
    return Response(export.body, media_type=f"{export.media_type}; charset=utf-8", headers=headers)
