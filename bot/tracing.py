"""A line of JSON for each message that Rasa plans, with the ids that the gateway gave it: so both logs tell of the same.

Outside of ``components``: what is logged has nothing to do with what is learnt, and must not ask for training.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Final, TextIO

from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse

_PATH: Final = "/webhooks/broker/webhook"
_IDS: Final = {"conversation": "x-conversation-id", "request": "x-request-id"}
_ID: Final = re.compile(r"[A-Za-z0-9-]{8,64}")


def trace(app: Sanic, stream: TextIO | None = None) -> None:
    """Writes such lines from now on. ``stream``: standard error unless given. Never a word of what was said."""

    @app.on_request
    async def begin(request: Request) -> None:
        request.ctx.began = time.perf_counter()

    @app.on_response
    async def end(request: Request, response: HTTPResponse) -> None:
        if request.path != _PATH:
            return
        line = {
            "event": "planned" if response.status == 200 else "not planned",
            "level": "info" if response.status == 200 else "warning",
            "timestamp": datetime.now(timezone.utc).isoformat().replace("+00:00", "Z"),
            "status": response.status,
            "ms": round((time.perf_counter() - getattr(request.ctx, "began", time.perf_counter())) * 1000, 1),
        }
        for name, header in _IDS.items():
            given = str(request.headers.get(header, ""))
            if _ID.fullmatch(given):
                line[name] = given
        print(json.dumps(line), file=stream or sys.stderr, flush=True)


def tracing_app(configure: Callable[..., Sanic]) -> Callable[..., Sanic]:
    """Rasa's own maker of its application, which adds this."""

    def configured(*arguments: Any, **options: Any) -> Sanic:
        app = configure(*arguments, **options)
        trace(app)
        return app

    return configured
