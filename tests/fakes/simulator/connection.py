"""Connects the demo's accounts to the gateway as its administrator would: adds them, and has them subscribed.

By the console's own API, so that the demo shows nothing that could not be done by hand.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from gateway.seed import DEMO_PASSWORD
from tests.fakes.simulator.people import ACCOUNTS, DemoAccount
from tests.fakes.simulator.platforms import Platforms

ADMINISTRATOR = "admin@demo.lv"
_AGAIN_S = 2.0


class Refused(Exception):
    """The gateway will not have it; in its words."""


class Connection:
    """The accounts' way to the gateway.

    Attributes:
        done: whether every account is connected.
        problem: why not, in words for a log.
    """

    def __init__(self, platforms: Platforms, gateway: str, origin: str) -> None:
        """``gateway``: its address; ``origin``: the simulator's."""
        self._platforms = platforms
        self._gateway = gateway
        self._origin = origin
        self.done = False
        self.problem = "the gateway is not there yet"

    async def run(self) -> None:
        """Tries until it is done."""
        while not self.done:
            try:
                await self.connect()
            except (httpx.HTTPError, Refused) as error:
                problem = str(error) or type(error).__name__
                if problem != self.problem:
                    print(f"not connected yet: {problem}", flush=True)
                self.problem = problem
                await asyncio.sleep(_AGAIN_S)

    async def connect(self) -> None:
        """Adds what is missing, leads what is there to this simulator, and subscribes all.

        Raises:
            httpx.HTTPError: the gateway does not answer.
            Refused: it says no.
        """
        async with httpx.AsyncClient(base_url=f"{self._gateway}/console/api", timeout=60, trust_env=False) as console:
            me = await _asked(console, "POST", "/login", {"email": ADMINISTRATOR, "password": DEMO_PASSWORD})
            console.headers["x-csrf-token"] = me["csrf"]
            listed = (await _asked(console, "GET", "/channels"))["accounts"]
            known = {(row["channel"], row["platform_id"]): row for row in listed}
            for account in ACCOUNTS:
                row = known.get((account.channel, account.platform_id))
                await self._bring_in(console, account, row)
            await _asked(console, "POST", "/logout")
        await self._platforms.begin()
        self.done = True
        self.problem = ""

    async def _bring_in(self, console: httpx.AsyncClient, account: DemoAccount, row: dict[str, Any] | None) -> None:
        base_url = f"{self._origin}/{account.channel}"
        credentials = self._platforms.credentials(account.channel, account.platform_id)
        if row is None:
            kind, owner = account.owner
            wanted = {
                "channel": account.channel,
                "platform_id": account.platform_id,
                "name": account.name,
                kind: owner,
                "credentials": credentials,
                "settings": {**account.settings, "base_url": base_url},
            }
            row = await _asked(console, "POST", "/channels", wanted)
        elif row["settings"].get("base_url") != base_url or row["credentials"] is None:
            # What somebody has set since stays; only the way here is put right.
            settings = {**row["settings"], "base_url": base_url}
            change = {"settings": settings, "credentials": credentials}
            await _asked(console, "PUT", f"/channels/{row['id']}", change)
        if not row["enabled"]:
            return
        answer = await _asked(console, "POST", f"/channels/{row['id']}/subscribe")
        if not answer["ok"]:
            raise Refused(f"{account.name}: {answer['check']}")


async def _asked(console: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    answer = await console.request(method, path, json=body)
    if answer.status_code >= 400:
        raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
    return answer.json() if answer.content else None
