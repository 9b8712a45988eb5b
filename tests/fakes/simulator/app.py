"""The simulator's own routes: the page, its texts, and what is to be seen on it, as it happens."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

import handoff.console
from gateway.seed import DEMO_PASSWORD
from kit.i18n import LANGUAGES, Catalogue
from tests.fakes.simulator.connection import ADMINISTRATOR, Connection
from tests.fakes.simulator.people import ACCOUNTS, FOLLOWERS
from tests.fakes.simulator.platforms import Platforms

_HERE = Path(__file__).parent
_PAGE = _HERE / "page"
#: Preact and htm, as the console has them.
_VENDOR = Path(str(handoff.console.__file__)).parent / "static" / "vendor"
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
#: A look that finds nothing new waits so long for it, asking so often.
_PATIENCE_S = 20.0
_LOOK_EVERY_S = 0.25
_LAST_CALLS = 12


class Simulator:
    """The application. ``gateway``: where Pietura is; None when the simulator runs by itself."""

    def __init__(self, platforms: Platforms, origin: str, gateway: str | None) -> None:
        self.platforms = platforms
        self.connection = Connection(platforms, gateway, origin) if gateway else None
        self._gateway = gateway
        self._texts = Catalogue(_HERE / "locales")
        self.app = FastAPI(title="simulator", docs_url=None, redoc_url=None, openapi_url=None)
        # A page elsewhere must not reach it under a name of its own.
        self.app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
        for path, route in (
            ("/", self._page),
            ("/page/{name}", self._file),
            ("/vendor/{name}", self._vendor),
            ("/texts/{lang}.json", self._words),
            ("/about", self._about),
            ("/ready", self._ready),
            ("/live/{channel}", self._live),
        ):
            self.app.add_api_route(path, route, methods=["GET"])

    async def _page(self) -> Response:
        return FileResponse(_PAGE / "index.html", headers=_HEADERS)

    async def _file(self, name: str) -> Response:
        return _from(_PAGE, name)

    async def _vendor(self, name: str) -> Response:
        return _from(_VENDOR, name)

    async def _words(self, lang: str) -> Response:
        if lang not in LANGUAGES:
            raise HTTPException(404)
        return JSONResponse(self._texts.all(lang), headers=_HEADERS)

    async def _ready(self) -> Response:
        """200 once the accounts are connected, if there is a gateway to connect them to."""
        waits = self.connection is not None and not self.connection.done
        return Response(self.connection.problem if self.connection and waits else "ready", 503 if waits else 200)

    async def _about(self) -> dict[str, Any]:
        """What does not change: who can be played, and where the other side is."""
        return {
            "followers": [asdict(one) for one in FOLLOWERS],
            "accounts": [{"channel": one.channel, "id": one.platform_id} for one in ACCOUNTS],
            "console": f"{self._gateway}/console" if self._gateway else None,
            "operator": {"email": "anna@demo.lv", "password": DEMO_PASSWORD},
            "administrator": ADMINISTRATOR,
        }

    async def _live(self, channel: str, seen: str = "") -> Response:
        """A platform as it is now; waits a while for something that ``seen`` does not have yet, then 204."""
        if channel not in self.platforms.fakes:
            raise HTTPException(404)
        until = time.monotonic() + _PATIENCE_S
        while True:
            view = self._view(channel)
            now = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()[:16]
            if now != seen:
                return JSONResponse({"seen": now, **view}, headers=_HEADERS)
            if time.monotonic() >= until:
                return Response(status_code=204)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _view(self, channel: str) -> dict[str, Any]:
        fake, emitter = self.platforms.fakes[channel], self.platforms.emitters[channel]
        told = Counter("refused" if one.status != 200 else "taken" for one in emitter.deliveries if not one.forged)
        calls = [
            {"operation": call.operation, "status": call.status, "at": call.at} for call in fake.calls[-_LAST_CALLS:]
        ]
        return {
            "world": asdict(fake.world()),
            "faults": [rule for rule in fake.script.listed() if rule["left"] != 0],
            "weather": emitter.weather.model_dump(),
            "told": {"taken": told["taken"], "refused": told["refused"], "forged": _forged(emitter.deliveries)},
            "calls": calls[::-1],
            "connected": self.connection is None or self.connection.done,
        }


def _forged(deliveries: list[Any]) -> int:
    return sum(one.forged for one in deliveries)


def _from(folder: Path, name: str) -> Response:
    """A file of the folder, which has no folders of its own."""
    found = folder / name
    if "/" in name or name.startswith(".") or not found.is_file():
        raise HTTPException(404)
    return FileResponse(found, headers=_HEADERS)
