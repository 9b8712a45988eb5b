"""Where the fake Graph API sends its webhooks: one address for the application, pages that are subscribed to it."""

from __future__ import annotations

import random

import httpx

from tests.fakes.emitter import Emitter, Target
from tests.fakes.graph_events import ALL_FIELDS
from tests.fakes.graph_world import APP_SECRET, VERIFY_TOKEN, Page, World

#: Seconds that a receiver has to answer the check.
_CHECK_S = 10.0


class Webhooks:
    """Addresses and subscriptions.

    Attributes:
        callback: the application's address, None before it is set.
        fields: what the application is subscribed to.
        active: False when Graph has switched the webhook off, as it does when a receiver fails for long.
    """

    def __init__(self, world: World, emitter: Emitter) -> None:
        self._world = world
        self._emitter = emitter
        self.callback: str | None = None
        self.fields: set[str] = set()
        self.active = True

    async def set_callback(self, url: str, verify_token: str, fields: set[str]) -> bool:
        """Sets the application's address, if it answers the check; False if not."""
        if not await self._answers(url, verify_token):
            return False
        self.callback, self.fields, self.active = url, fields, True
        self._lead()
        return True

    async def set_for(self, page: Page, url: str, secret: str) -> bool:
        """Sets an address for one page past the application's, with everything subscribed; False if the check fails."""
        if not await self._answers(url, VERIFY_TOKEN):
            return False
        page.fields = set(ALL_FIELDS)
        self._emitter.targets[page.id] = Target(url, secret)
        return True

    def subscribe(self, page: Page, fields: set[str]) -> None:
        """Subscribes the application to a page."""
        page.fields = fields
        self._lead()

    def unsubscribe(self, page: Page) -> None:
        """Ends that."""
        page.fields = set()
        self._emitter.targets.pop(page.id, None)

    def addresses(self) -> dict[str, str]:
        """Addresses by page."""
        return {page: target.url for page, target in self._emitter.targets.items()}

    def _lead(self) -> None:
        for page in self._world.pages.values():
            if self.callback is not None and page.fields:
                self._emitter.targets[page.id] = Target(self.callback, APP_SECRET)

    async def _answers(self, url: str, verify_token: str) -> bool:
        """Graph API, Webhooks, Verification Requests: the receiver must give ``hub.challenge`` back."""
        challenge = str(random.randrange(10**9, 10**10))
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        try:
            async with httpx.AsyncClient(timeout=_CHECK_S, trust_env=False) as client:
                answer = await client.get(url, params=query)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.status_code == 200 and answer.text == challenge
