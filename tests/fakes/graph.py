"""A Graph API on loopback: Messenger, comments, posts and webhooks of Facebook pages, with faults on demand.

``python -m tests.fakes.graph --port 9101`` runs it by itself; ``async with FakeGraph.serve() as fake`` inside a test. What it
is told and what it shows is the control API of :mod:`tests.fakes.control`.

Names of its operations, for faults: ``send`` (direct messages), ``private_reply``, ``comment``, ``hide``, ``post``,
``read``, ``subscribe``, ``debug_token``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from kit.clock import Clock, SystemClock, iso
from tests.fakes import graph_events as events
from tests.fakes.control import (
    QUESTIONS,
    Block,
    Call,
    Delete,
    Edit,
    Flood,
    Hook,
    Modes,
    NoSuchThing,
    Outside,
    Say,
    Weather,
    WorldView,
    control_routes,
)
from tests.fakes.emitter import Emitter
from tests.fakes.faults import Fault, Rule, Script, play, serving
from tests.fakes.graph_api import GraphApi, GraphRefusal, refusal, version_of
from tests.fakes.graph_happenings import Happenings
from tests.fakes.graph_json import usage
from tests.fakes.graph_webhooks import Webhooks
from tests.fakes.graph_world import APP_ID, APP_SECRET, PAGE_IDS, PAGE_INBOX_APP_ID, VERIFY_TOKEN

#: Versions that answer as themselves; older ones are answered by the oldest of these.
_OLDEST_VERSION = 21
#: How often planned posts are looked for, in seconds.
_TICK_S = 0.1
#: What is never written down.
_SECRET = frozenset({"access_token", "appsecret_proof", "authorization", "verify_token", "batch"})


class FakeGraph:
    """The server and its control API; implements :class:`tests.fakes.control.Fake`.

    Args:
        clock: the platform's clock.
        lanes: how many webhooks go out at once for one page.
        seed: of the ids; a fake that goes on where another one's ids are known needs another.

    Attributes:
        used: share of the hourly limit that is used up, in per cent, told in the headers of every answer.
    """

    def __init__(self, clock: Clock | None = None, lanes: int = 8, seed: int = 1) -> None:
        self.url = ""
        self.used = 3
        self.script = Script()
        self.calls: list[Call] = []
        self.emitter = Emitter(events.pack, events.sign, self._unknown, lanes=lanes)
        self.happenings = Happenings(clock or SystemClock(), self.emitter, seed)
        self.state = self.happenings.state
        self.webhooks = Webhooks(self.state, self.emitter)
        self.api = GraphApi(self.happenings, self.webhooks)
        self.app = FastAPI(title="fake Graph API", openapi_url=None)
        self.app.include_router(control_routes(self))
        self.app.add_api_route("/{path:path}", self._serve, methods=["GET", "POST", "DELETE"])

    @classmethod
    @asynccontextmanager
    async def serve(cls, port: int = 0, clock: Clock | None = None, lanes: int = 8) -> AsyncIterator[FakeGraph]:
        """Runs in the running loop, on a free port of 127.0.0.1 unless one is given."""
        fake = cls(clock, lanes)
        async with serving(fake.app, port) as url:
            fake.url = url
            ticking = asyncio.create_task(fake.keep_time())
            try:
                yield fake
            finally:
                ticking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await ticking
                await fake.emitter.close()

    def credentials(self, page_id: str) -> dict[str, str]:
        """What an administrator would enter for the page."""
        return {
            "page_token": self.state.page(page_id).token,
            "app_secret": APP_SECRET,
            "verify_token": VERIFY_TOKEN,
            "app_id": APP_ID,
        }

    async def say(self, order: Say) -> dict[str, Any]:
        """A follower writes."""
        return self.happenings.said(order)

    async def edit(self, order: Edit) -> dict[str, Any]:
        """A follower edits a comment or a direct message."""
        return self.happenings.edited(self.state.page(order.account), order.ref, order.text, order.modes)

    async def delete(self, order: Delete) -> dict[str, Any]:
        """A comment is deleted, by whoever wrote it or on the page itself; or a direct message is taken back."""
        return self.happenings.deleted(self.state.page(order.account), order.ref, order.modes)

    async def block(self, order: Block) -> dict[str, Any]:
        """A follower blocks the page. Messenger tells nobody; the next send fails."""
        page = self.state.page(order.account)
        self.state.chat(page, self.state.person(order.person)).blocked = order.blocked
        return {}

    async def outside(self, order: Outside) -> dict[str, Any]:
        """The page's staff answer in Meta's own Page Inbox, or under the comment by hand; or publish a post."""
        page = self.state.page(order.account)
        if order.ref is not None:
            found = self.state.comment(order.ref)
            if found is None:
                raise NoSuchThing(f"no comment {order.ref}")
            return self.happenings.commented_by_page(page, found[0], order.text, "outside", order.ref)[1]
        if order.person is None:
            return self.happenings.posted_outside(page, order.text)
        chat = self.state.chat(page, self.state.person(order.person))
        return self.happenings.written_by_page(page, chat, order.text, "outside", PAGE_INBOX_APP_ID)[1]

    async def webhook(self, order: Hook) -> dict[str, Any]:
        """Checks the receiver with ``hub.challenge`` and, if it answers rightly, sends the page's events there."""
        verified = await self.webhooks.set_for(self.state.page(order.account), order.url, order.secret)
        return {"verified": verified}

    async def weather(self, order: Weather) -> None:
        """How webhooks go out from now on."""
        self.emitter.change(order)

    async def flood(self, order: Flood) -> dict[str, Any]:
        """Many followers write at once."""
        account = order.account or PAGE_IDS[0]
        chance = random.Random(order.seed)
        keys: list[str] = []
        async for number in order.turns():
            kind = order.kind if order.kind != "mixed" else ("direct", "comment")[number % 2]
            modes = Modes(
                duplicates=int(chance.random() < order.duplicates),
                delay_s=chance.uniform(0.05, 0.4) if chance.random() < order.out_of_order else 0,
            )
            person = f"7{chance.randrange(order.people):015d}"
            text = f"{chance.choice(QUESTIONS)} ({number + 1})"
            entry = await self.say(Say(account=account, person=person, text=text, kind=kind, modes=modes))
            keys.append(events.id_of(entry))
        return {"sent": order.n, "keys": keys}

    async def settled(self, within_s: float) -> bool:
        """Waits until every webhook was delivered or given up."""
        return await self.emitter.settled(within_s)

    def world(self) -> WorldView:
        """Everything there is."""
        return self.state.view(self.webhooks.addresses())

    async def _serve(self, request: Request, path: str = "") -> Response:
        version, parts = version_of(path)
        fields = dict(request.query_params) | _body(await request.body(), request.headers.get("content-type", ""))
        operation = _operation(request.method, parts, fields)
        place = self._record(operation, request, parts, fields)
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        token = told if scheme.lower() in ("bearer", "oauth") else ""

        async def do() -> Response:
            try:
                if version is None:
                    raise GraphRefusal(2500, f"Unknown path components: /{path}")
                return JSONResponse(await self.api.answer(request.method, parts, token, fields))
            except GraphRefusal as refused:
                return self._refused(refused)

        answer = await play(self.script, operation, request, do, self._fault)
        self.calls[place] = replace(self.calls[place], status=answer.status_code)
        for name, value in self._headers(parts[0] if parts else PAGE_IDS[0], version).items():
            answer.headers.setdefault(name, value)
        return answer

    def _fault(self, rule: Rule) -> Response:
        """The platform's words for a fault of the script."""
        if rule.fault is Fault.UNAVAILABLE:
            return Response("Service Unavailable", 503, media_type="text/plain")
        answer = self._refused(refusal(rule.fault))
        if rule.fault is Fault.RATE_LIMITED:
            # Meta tells the wait in minutes; the common header has room for the seconds of a test.
            minutes = math.ceil(rule.retry_after_s / 60) if rule.retry_after_s >= 60 else 0
            answer.headers["x-business-use-case-usage"] = usage(PAGE_IDS[0], 100, minutes)
            if minutes == 0:
                answer.headers["retry-after"] = f"{rule.retry_after_s:g}"
        return answer

    def _refused(self, refused: GraphRefusal) -> Response:
        return JSONResponse(refused.body(self.state.trace()), refused.status)

    def _headers(self, first: str, version: str | None) -> dict[str, str]:
        number = int(version[1:].partition(".")[0]) if version else 0
        return {
            "facebook-api-version": f"v{max(number, _OLDEST_VERSION)}.0",
            "x-app-usage": json.dumps({"call_count": self.used, "total_time": self.used, "total_cputime": 0}),
            "x-business-use-case-usage": usage(first, self.used, 0),
            "x-fb-trace-id": self.state.trace(),
        }

    def _record(self, operation: str, request: Request, parts: list[str], fields: Mapping[str, str]) -> int:
        query = dict(request.query_params)
        body = {key: value for key, value in fields.items() if key not in query}
        path, at = "/" + "/".join(parts), iso(self.happenings.now()) or ""
        headers = _shown(dict(request.headers))
        self.calls.append(Call(operation, request.method, path, _shown(query), _shown(body), headers, at, None))
        return len(self.calls) - 1

    def _unknown(self, page_id: str) -> dict[str, Any]:
        return events.unknown(page_id, self.happenings.now())

    async def keep_time(self) -> None:
        """Publishes what was planned, when its time comes; runs until cancelled."""
        while True:
            self.happenings.publish_due()
            await asyncio.sleep(_TICK_S)


def _shown(values: Mapping[str, str]) -> dict[str, str]:
    return {key: "…" if key in _SECRET else value for key, value in values.items()}


def _body(raw: bytes, content_type: str) -> dict[str, str]:
    """Fields of a form or of JSON; nested ones of JSON as the form would have them."""
    if not raw:
        return {}
    if "json" in content_type:
        value = json.loads(raw)
        return {key: item if isinstance(item, str) else json.dumps(item) for key, item in value.items()}
    return dict(parse_qsl(raw.decode(), keep_blank_values=True))


def _operation(method: str, parts: list[str], fields: Mapping[str, str]) -> str:
    """The name of a call, for the script and the record."""
    last = parts[-1] if parts else ""
    if not parts or parts[0] == "debug_token":
        return "debug_token"
    if last in ("subscribed_apps", "subscriptions"):
        return "subscribe" if method != "GET" else "read"
    if method == "GET":
        return "read"
    if last == "messages":
        return "private_reply" if "comment_id" in fields.get("recipient", "") else "send"
    if last in ("feed", "photos"):
        return "post"
    return "comment" if last == "comments" else "hide"


async def _main(port: int) -> None:
    async with FakeGraph.serve(port) as fake:
        print(f"fake Graph API on {fake.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9101)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(parser.parse_args().port))
