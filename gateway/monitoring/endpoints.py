"""``/metrics`` for Prometheus, and the clock around every HTTP request."""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from ipaddress import ip_address
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.monitoring.figures import Figures, gather
from kit import metrics
from kit.errors import NotFound, Unauthorised
from kit.tracing import REQUEST_HEADER, bound, request_id

if TYPE_CHECKING:
    from gateway.app import Gateway


class MetricsApi:
    """Figures for machines: with the token, or in development from this machine."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def router(self) -> APIRouter:
        """``/metrics``."""
        router = APIRouter()
        router.add_api_route("/metrics", self._metrics, methods=["GET"], include_in_schema=False)
        return router

    async def _metrics(self, request: Request) -> Response:
        self._check(request)
        found = await gather(self._gateway)
        # All workers' files are read and added up: nobody who writes to us waits for that.
        written = await asyncio.to_thread(_written, found)
        return Response(written, headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"})

    def _check(self, request: Request) -> None:
        settings = self._gateway.settings
        token = settings.metrics_token.get_secret_value()
        if token:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                raise Unauthorised("bad_token")
            return
        if settings.environment == "production" or not _is_here(request):
            # Nothing tells that there would be something.
            raise NotFound("not_found")


def _written(found: Figures) -> bytes:
    registry = metrics.collected()
    registry.register(found)
    return generate_latest(registry)


def _is_here(request: Request) -> bool:
    """Whether it comes from this machine itself, and not through a proxy on it."""
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


class Timing:
    """Measures every HTTP request, by the template of its route: addresses with ids in them would be without number. What is
    logged meanwhile carries the request's id, which the answer tells, and the conversation's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500
        headers = Headers(scope=scope)
        request = request_id(headers.get(REQUEST_HEADER))
        conversation = _CONVERSATION.search(scope["path"])

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).setdefault(REQUEST_HEADER, request)
            await send(message)

        try:
            with bound(request=request, conversation=conversation[1] if conversation else None):
                await self._app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            metrics.HTTP_SECONDS.labels(method, route, str(status)).observe(time.perf_counter() - started)


_CONVERSATION = re.compile(r"/conversations/([0-9a-f]{8}-[0-9a-f-]{27})(?:/|$)")
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})
