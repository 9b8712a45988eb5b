"""A line for each message, with the ids that came with it and nothing of what was said."""

from __future__ import annotations

import io
import json
from typing import Any

from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as json_response

from tracing import trace, tracing_app


def _app(stream: io.StringIO) -> Sanic:
    app: Sanic = Sanic("tracing_test", configure_logging=False)

    @app.post("/webhooks/broker/webhook")
    async def webhook(request: Request) -> HTTPResponse:
        return json_response({}, status=200 if request.json["message"] == "labdien" else 500)

    trace(app, stream)
    return app


def test_both_logs_tell_of_the_same() -> None:
    import asyncio

    stream = io.StringIO()
    app = _app(stream)

    async def ask(message: str, **headers: str) -> None:
        # Sanic's own way without a socket is not installed here: the middleware is called as it calls it.
        request: Any = type(
            "R", (), {"path": "/webhooks/broker/webhook", "headers": headers, "ctx": type("C", (), {})()}
        )()
        response: Any = type("A", (), {"status": 200 if message == "labdien" else 500})()
        middleware: list[Any] = [*app.request_middleware]
        for begin in middleware:
            await begin(request)
        middleware = [*app.response_middleware]
        for end in middleware:
            await end(request, response)

    asyncio.run(ask("labdien", **{"x-conversation-id": "conversation-1", "x-request-id": "request-12345"}))
    asyncio.run(ask("secret words", **{"x-conversation-id": "a b\n{}"}))
    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (first["conversation"], first["request"], first["status"]) == ("conversation-1", "request-12345", 200)
    assert (second["event"], "conversation" in second) == ("not planned", False)
    assert "secret" not in stream.getvalue()
    made = tracing_app(lambda: Sanic("tracing_made", configure_logging=False))()
    assert len(made.request_middleware) == 1
