"""A gateway with platforms for tests in a browser: stage and stand-ins run in a loop of their own, the test in its thread.

The clock is the real one, since a page counts by it; every day is a working day, so that an hour is an hour.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from gateway.platforms import connectors
from gateway.seed import DEMO_PASSWORD
from handoff.channels.models import ChannelAccount
from kit.clock import SystemClock
from tests.e2e.product import _always_open
from tests.fakes.control import Attached, Block, Delete, Edit, Fake, Outside, Say
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_world import PAGE_IDS, Post
from tests.fakes.telegram import DEMO_BOTS, FakeTelegram
from tests.fakes.x import DEMO_ACCOUNTS, FakeX
from tests.stage import MovableClock, Stage, free_port, raise_stage

_LIMIT_S = 60.0
_START_LIMIT_S = 180.0
#: Settings of each account; what is left out is as an administrator would leave it.
_SETTINGS: Mapping[str, dict[str, Any]] = {
    "facebook": {"comment_policy": "never", "human_agent": True},
    "x": {"comment_policy": "never"},
    "telegram": {"username": DEMO_BOTS[0][2]},
}


class SocialStage:
    """The gateway, Facebook, X and Telegram; each platform with one account that is connected.

    Attributes:
        accounts: our id of each account, by channel.
    """

    def __init__(self, folder: Path, template: Path) -> None:
        self._database = folder / "pietura.db"
        shutil.copy(template, self._database)
        _always_open(self._database)
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stack = contextlib.AsyncExitStack()
        self.accounts: dict[str, str] = {}
        self.stage: Stage
        self.graph: FakeGraph
        self.x: FakeX
        self.telegram: FakeTelegram

    @property
    def url(self) -> str:
        """Where the console is."""
        return self.stage.url

    def run(self, work: Coroutine[Any, Any, Any], limit_s: float = _LIMIT_S) -> Any:
        """Runs something in the stage's loop and waits for it."""
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(limit_s)

    def start(self) -> SocialStage:
        """Starts everything and connects the accounts as an administrator does."""
        self._thread.start()
        self.run(self._up(), _START_LIMIT_S)
        return self

    def stop(self) -> None:
        """Ends everything."""
        self.run(self._down())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _up(self) -> None:
        clock = MovableClock(datetime.now(UTC))
        self.graph = await self._stack.enter_async_context(FakeGraph.serve())
        self.x = await self._stack.enter_async_context(FakeX.serve())
        self.telegram = await self._stack.enter_async_context(FakeTelegram.serve())
        port = free_port()
        self.stage = await raise_stage(
            f"sqlite+aiosqlite:///{self._database}",
            self._folder,
            port=port,
            clock=clock,
            connectors=connectors(SystemClock()),
            public_url=f"http://127.0.0.1:{port}",
            opens="00:00",
            closes="23:59:59",
            poll_every_s=3600,
        )
        async with httpx.AsyncClient(base_url=f"{self.url}/console/api", timeout=30) as admin:
            me = await admin.post("/login", json={"email": "admin@demo.lv", "password": DEMO_PASSWORD})
            admin.headers["x-csrf-token"] = me.raise_for_status().json()["csrf"]
            await self._connect(admin, "facebook", PAGE_IDS[0], self.graph, "Valsts sociālās apdrošināšanas aģentūra")
            await self._connect(admin, "x", DEMO_ACCOUNTS[0][0], self.x, "Pietura X")
            await self._connect(admin, "telegram", DEMO_BOTS[0][0], self.telegram, DEMO_BOTS[0][1])

    async def _connect(self, admin: httpx.AsyncClient, channel: str, platform_id: str, fake: Any, name: str) -> None:
        added = await admin.post(
            "/channels",
            json={
                "channel": channel,
                "platform_id": platform_id,
                "name": name,
                "institution_id": "vsaa",
                "credentials": fake.credentials(platform_id),
                "settings": {"base_url": fake.url, **_SETTINGS[channel]},
            },
        )
        assert added.status_code == 201, added.text
        self.accounts[channel] = added.json()["id"]
        answer = await admin.post(f"/channels/{self.accounts[channel]}/subscribe")
        assert answer.json()["ok"], answer.text
        # What was written before an account was here is left alone: this one has been here for long.
        async with self.stage.gateway.db.unit() as unit:
            row = await unit.session.get(ChannelAccount, self.accounts[channel])
            assert row is not None
            row.created_at -= timedelta(days=90)

    async def _down(self) -> None:
        await self.stage.stop()
        await self._stack.aclose()

    # --- what followers do ----------------------------------------------------------------------------------------------

    def fake(self, channel: str) -> Fake:
        """The platform behind a channel."""
        found: Mapping[str, Fake] = {"facebook": self.graph, "x": self.x, "telegram": self.telegram}
        return found[channel]

    def platform_id(self, channel: str) -> str:
        """The platform's id of the account."""
        return {"facebook": PAGE_IDS[0], "x": DEMO_ACCOUNTS[0][0], "telegram": DEMO_BOTS[0][0]}[channel]

    def say(
        self,
        channel: str,
        person: str,
        text: str,
        *,
        kind: Any = "direct",
        name: str | None = None,
        parent: str | None = None,
        ago: timedelta = timedelta(),
        attachment: Attached | None = None,
    ) -> dict[str, Any]:
        """A follower writes, ``ago`` before now by the platform's clock; the event as the platform sends it."""
        order = Say(
            account=self.platform_id(channel),
            person=person,
            text=text,
            kind=kind,
            name=name,
            parent=parent,
            attachment=attachment,
            at=datetime.now(UTC) - ago if ago else None,
        )
        told: dict[str, Any] = self.run(self.fake(channel).say(order))
        return told

    def comment(self, person: str, text: str, **more: Any) -> str:
        """Somebody comments under the page's post; the comment's id."""
        told = self.say("facebook", person, text, kind="comment", **more)
        return str(told["changes"][0]["value"]["comment_id"] if "changes" in told else told["value"]["comment_id"])

    def publish(self, text: str) -> str:
        """The page publishes a post on the platform itself; the post's id."""

        async def post() -> str:
            page = self.graph.state.page(PAGE_IDS[0])
            made = Post(f"{page.id}_{self.graph.state.number()}", page.id, text, datetime.now(UTC))
            self.graph.happenings.posted(page, made)
            return made.id

        return str(self.run(post()))

    def edit(self, channel: str, ref: str, text: str) -> None:
        """The follower writes it anew."""
        self.run(self.fake(channel).edit(Edit(account=self.platform_id(channel), ref=ref, text=text)))

    def delete(self, channel: str, ref: str) -> None:
        """The follower takes it back."""
        self.run(self.fake(channel).delete(Delete(account=self.platform_id(channel), ref=ref)))

    def block(self, channel: str, person: str) -> None:
        """The follower blocks the account."""
        self.run(self.fake(channel).block(Block(account=self.platform_id(channel), person=person)))

    def outside(self, channel: str, text: str, **more: Any) -> None:
        """Somebody answers in the platform's own application."""
        self.run(self.fake(channel).outside(Outside(account=self.platform_id(channel), text=text, **more)))

    # --- what followers see ---------------------------------------------------------------------------------------------

    def comments(self) -> list[Any]:
        """Comments under the page's newest post."""
        account = next(one for one in self.graph.world().accounts if one.id == PAGE_IDS[0])
        return account.posts[0].comments

    def chat(self, channel: str, person: str) -> list[tuple[str, str]]:
        """A direct conversation as its follower sees it: who, and what."""
        account = next(one for one in self.fake(channel).world().accounts if one.id == self.platform_id(channel))
        found = next((one for one in account.direct if one.person.id == person), None)
        return [(message.by, message.text) for message in found.messages] if found is not None else []

    def wait(self, right: Any, what: str, seconds: float = 15) -> None:
        """Waits for something that no page shows.

        Raises:
            AssertionError: it did not come in time.
        """
        deadline = time.monotonic() + seconds
        while not right():
            assert time.monotonic() < deadline, f"{what} was not met within {seconds:.0f} s"
            time.sleep(0.05)
