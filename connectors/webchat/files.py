"""Files of the web chat over HTTP. The citizen's token goes in a header, never in an address: addresses stand in logs.

The widget lives on pages of other origins, so every answer, refusals too, says which of them may read it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from connectors.webchat.tokens import BadToken, Claim, Tokens
from handoff.attachments import serving
from handoff.attachments.schemas import Upload
from handoff.conversations.models import Site
from handoff.gate import CitizenGate
from kit.errors import NotFound, PieturaError, TooMany, Unauthorised
from kit.i18n import LANGUAGES, Catalogue
from kit.ratelimit import Limiter

log = structlog.get_logger(__name__)

#: The limiter's doors for uploads of citizens: by conversation, and by address, since a new conversation costs nothing.
UPLOADS: Final = "webchat-upload"
UPLOADS_ADDRESS: Final = "webchat-upload-address"
#: Files are asked for by the widget's script alone, a minute between two questions of the browser whether it may.
_PREFLIGHT: Final = {
    "access-control-allow-methods": "GET, PUT, DELETE",
    "access-control-allow-headers": f"authorization, content-type, {serving.NAME_HEADER}, x-pietura-lang",
    "access-control-max-age": "600",
}
#: Refusals that trying again, without a change, may mend.
_RETRY: Final = frozenset({"too_many", "unavailable", "upload_broken", "storage_full"})


def may_show(site: Site, origin: str, host: str) -> bool:
    """Whether pages of ``origin`` may show the site's chat; ``self`` in its list stands for the gateway's own host."""
    if origin in site.origins:
        return True
    return "self" in site.origins and urlsplit(origin).netloc == host


class Files:
    """``/chat/attachments/{id}``: shapes in docs/protocol.md."""

    def __init__(self, gate: CitizenGate, tokens: Tokens, limiter: Limiter, texts: Catalogue) -> None:
        self._gate = gate
        self._tokens = tokens
        self._limiter = limiter
        self._texts = texts

    def router(self) -> APIRouter:
        """All routes of files."""
        router = APIRouter()
        path = "/chat/attachments/{attachment_id}"
        router.add_api_route(path, self._preflight, methods=["OPTIONS"], include_in_schema=False)
        for method, act in (("PUT", self._upload), ("GET", self._read), ("DELETE", self._withdraw)):
            router.add_api_route(path, self._door(act), methods=[method], response_model=None)
        return router

    async def _preflight(self, request: Request, site: str = "") -> Response:
        headers = await self._cors(request, site)
        return Response(status_code=204 if headers is not None else 403, headers={**(headers or {}), **_PREFLIGHT})

    async def _cors(self, request: Request, site: str) -> dict[str, str] | None:
        """Headers for the page that asks; None when it is of no site's."""
        found = await self._gate.site(site)
        if found is None:
            return None
        origin = request.headers.get("origin")
        if origin is None:
            # A browser leaves it out for its own page's GET; whoever is no browser needs no leave.
            return {"vary": "Origin"}
        if not may_show(found, origin, request.url.netloc):
            return None
        return {"vary": "Origin", "access-control-allow-origin": origin}

    def _door(self, act: Callable[[Request, str, Claim], Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        async def door(request: Request, attachment_id: UUID, site: str = "") -> Response:
            headers = await self._cors(request, site)
            if headers is None:
                return JSONResponse({"code": "origin_refused", "title": "this site may not show the chat"}, 403)
            try:
                response = await act(request, str(attachment_id), self._claim(request, site))
            except PieturaError as error:
                response = await self._refusal(request, error)
            except Exception:
                log.exception("attachment failed", method=request.method)
                response = await self._refusal(request, PieturaError("unavailable"), 503)
            response.headers.update(headers)
            return response

        return door

    def _claim(self, request: Request, site: str) -> Claim:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise BadToken
            return self._tokens.check(token.strip(), site)
        except BadToken:
            raise Unauthorised("token_invalid") from None

    async def _refusal(self, request: Request, error: PieturaError, status: int | None = None) -> Response:
        if request.method == "PUT" and error.code != "upload_broken":
            files = self._gate.attachments
            await serving.swallow(request, 2 * files.limits.file if files is not None else 0)
        wanted = request.headers.get("x-pietura-lang", "lv")
        lang = wanted if wanted in LANGUAGES else "lv"
        key = f"error.{error.code}"
        title = self._texts.text(lang, key if self._texts.has(key) else "error.unavailable", **error.details)
        body = {**error.details, "code": error.code, "title": title, "retry": error.code in _RETRY}
        return JSONResponse(body, status or error.status)

    async def _upload(self, request: Request, attachment_id: str, claim: Claim) -> Response:
        address = request.client.host if request.client else "unknown"
        for door, key in ((UPLOADS, claim.conversation_id), (UPLOADS_ADDRESS, address)):
            if not await self._limiter.allow(door, key):
                raise TooMany("too_many", retry_after_s=await self._limiter.retry_after_s(door, key))
        wanted = Upload(
            id=attachment_id,
            conversation_id=claim.conversation_id,
            staff_id=None,
            name=serving.name_of(request),
            declared=serving.declared_size(request),
        )
        return JSONResponse(await self._gate.upload(wanted, serving.chunks_of(request)))

    async def _read(self, request: Request, attachment_id: str, claim: Claim) -> Response:
        # The conversation before this one still stands in the widget.
        own = [one for one in (claim.conversation_id, claim.previous_id) if one is not None]
        file = await self._gate.attachment(attachment_id, own)
        return serving.response(file, inline=request.query_params.get("inline") == "true")

    async def _withdraw(self, _request: Request, attachment_id: str, claim: Claim) -> Response:
        try:
            await self._gate.withdraw(attachment_id, claim.conversation_id)
        except NotFound:
            pass
        return Response(status_code=204)
