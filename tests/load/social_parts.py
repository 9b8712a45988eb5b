"""What the load of the social channels is made of: the gateway as a process that is killed, the platforms, people who mend.

The platforms' stand-ins live in the driver's own process, so that what followers see can be compared with the database at the
end; the gateway and the stand-in of Rasa are processes of their own, since one of them dies again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from gateway.run import ONE_THREAD
from gateway.seed import DEMO_PASSWORD
from gateway.settings import ROOT
from handoff.service_clock.models import CalendarException
from kit.clock import RIGA
from kit.db import Database
from kit.vault import fresh_key
from tests.fakes.control import Fake
from tests.fakes.emitter import Emitter
from tests.fakes.faults import Fault
from tests.fakes.graph import FakeGraph
from tests.fakes.telegram import FakeTelegram
from tests.fakes.x import FakeX

_READY_LIMIT_S = 240.0

#: Every way in which a send can fail that does not need an administrator afterwards.
WAYS = (
    Fault.RATE_LIMITED,
    Fault.SERVER_ERROR,
    Fault.UNAVAILABLE,
    Fault.BAD_GATEWAY,
    Fault.RESET,
    Fault.RESET_AFTER,
    Fault.TIMEOUT_BEFORE,
    Fault.TIMEOUT_AFTER,
    Fault.MALFORMED,
    Fault.SLOW,
    Fault.BLOCKED,
    Fault.DELETED,
    Fault.WINDOW_CLOSED,
    Fault.PERMISSION,
)
#: Those that stop a whole account until somebody mends it; each is played once.
STOPPING = (Fault.TOKEN_EXPIRED, Fault.TOKEN_REVOKED)
#: By which operations each platform is answered.
ANSWERS: Mapping[str, tuple[str, ...]] = {
    "facebook": ("send", "comment", "private_reply"),
    "x": ("send", "comment"),
    "telegram": ("send",),
}


@dataclass
class Served:
    """A process of ours that answers ``ready_url``."""

    arguments: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    ready_url: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, without waiting."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.arguments, cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )

    async def ready(self) -> float:
        """Waits until it answers; how long that took, in seconds.

        Raises:
            RuntimeError: it ended, or does not answer in time; the end of what it wrote is in the message.
        """
        began = time.monotonic()
        async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
            while time.monotonic() - began < _READY_LIMIT_S:
                if self.process is None or self.process.poll() is not None:
                    break
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(self.ready_url)).status_code == 200:
                        return time.monotonic() - began
                await asyncio.sleep(0.1)
        raise RuntimeError(f"{self.arguments[2]} is not there:\n" + self.log.read_text(errors="replace")[-3000:])

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nobody is told."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)

    def stop(self) -> None:
        """Ends it politely, and then not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


def rasa(port: int, folder: Path) -> Served:
    """The stand-in of Rasa."""
    arguments = (sys.executable, "-m", "tests.fakes.rasa", "--port", str(port))
    return Served(arguments, dict(os.environ), folder / "rasa.log", f"http://127.0.0.1:{port}/")


def gateway(database_url: str, port: int, rasa_port: int, folder: Path, cache: Path) -> Served:
    """The gateway as it is in service, always within working time."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PIETURA_")}
    plain.pop("REDIS_URL", None)
    environment = {
        **plain,
        **ONE_THREAD,
        "DATABASE_URL": database_url,
        "PIETURA_PORT": str(port),
        "PIETURA_DATA_DIR": str(folder),
        "PIETURA_CACHE_DIR": str(cache),
        "PIETURA_BOT_URL": f"http://127.0.0.1:{rasa_port}",
        "PIETURA_CREDENTIALS_KEY": fresh_key(),
        "PIETURA_OPENS": "00:00",
        "PIETURA_CLOSES": "23:59:59",
        "PIETURA_LOGIN_ATTEMPTS_ADDRESS": "10000/minute",
        "PIETURA_LOGIN_ATTEMPTS_ACCOUNT": "10000/minute",
    }
    arguments = (sys.executable, "-m", "gateway.serve")
    return Served(arguments, environment, folder / "gateway.log", f"http://127.0.0.1:{port}/health/live")


async def always_open(db: Database, now: datetime) -> None:
    """Makes the days around ``now`` working days, whatever the calendar says."""
    today = now.astimezone(RIGA).date()
    async with db.unit() as unit:
        for days in (-1, 0, 1):
            await unit.session.merge(CalendarException(day=today + timedelta(days=days), working=True, note="load"))


@dataclass
class Platform:
    """A platform's stand-in with the one account of it that is served.

    Attributes:
        account: the platform's id of it; ``ours``: our own.
        keys: what followers wrote, by the platform's ids.
        mended: how often an administrator had to.
    """

    channel: str
    fake: Fake
    emitter: Emitter
    url: str
    account: str
    credentials: dict[str, str]
    ours: str = ""
    keys: list[str] = field(default_factory=list)
    mended: int = 0

    def misbehave(self, share: float, seed: int) -> None:
        """Lets ``share`` of our answers fail, in every way there is, each about as often as the others."""
        for operation in ANSWERS[self.channel]:
            for number, fault in enumerate(WAYS):
                ratio = share / len(WAYS)
                self.fake.script.add(operation, fault, ratio=ratio, seed=seed + number, retry_after_s=1, delay_s=2)

    def stop_account(self) -> None:
        """The next answer finds that the token has gone; and one later on, in the other way."""
        for fault in STOPPING:
            self.fake.script.add(ANSWERS[self.channel][0], fault, times=1)


@contextlib.asynccontextmanager
async def platforms() -> Any:
    """The three of them, by channel."""
    async with contextlib.AsyncExitStack() as stack:
        graph = await stack.enter_async_context(FakeGraph.serve())
        x = await stack.enter_async_context(FakeX.serve())
        telegram = await stack.enter_async_context(FakeTelegram.serve())
        found = {}
        for channel, fake in (("facebook", graph), ("x", x), ("telegram", telegram)):
            account = next(one.id for one in fake.world().accounts)
            found[channel] = Platform(channel, fake, fake.emitter, fake.url, account, fake.credentials(account))
        yield found


class Console:
    """A member of staff without a browser, who comes back when the gateway does."""

    def __init__(self, gateway_url: str, email: str) -> None:
        self._email = email
        self.http = httpx.AsyncClient(base_url=f"{gateway_url}/console/api", timeout=30, trust_env=False)

    async def sign_in(self) -> None:
        """Signs in; the session outlives the gateway's death."""
        answer = await self.http.post("/login", json={"email": self._email, "password": DEMO_PASSWORD})
        self.http.headers["x-csrf-token"] = answer.raise_for_status().json()["csrf"]

    async def post(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Asks until there is an answer; the same again does no harm, as every call has its version or its id."""
        while True:
            try:
                answer = await self.http.post(path, json=body)
            except httpx.TransportError:
                await asyncio.sleep(0.5)
                continue
            if answer.status_code < 500:
                return answer
            await asyncio.sleep(0.5)

    async def get(self, path: str) -> Any:
        """Asks until there is an answer."""
        while True:
            try:
                answer = await self.http.get(path)
                if answer.status_code == 200:
                    return answer.json()
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.5)

    async def close(self) -> None:
        """Lets go of the connections."""
        await self.http.aclose()


class Administrator:
    """Adds the accounts, has them subscribed, and mends those that have come to a stop."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def bring_in(self, platform: Platform) -> None:
        """Adds an account and has it subscribed.

        Raises:
            RuntimeError: the gateway will not have it.
        """
        added = await self._console.post(
            "/channels",
            {
                "channel": platform.channel,
                "platform_id": platform.account,
                "name": f"Slodze ({platform.channel})",
                "institution_id": "vsaa",
                "credentials": platform.credentials,
                "settings": {"base_url": platform.url, "comment_policy": "public"},
            },
        )
        if added.status_code != 201:
            raise RuntimeError(f"{platform.channel}: {added.text[:300]}")
        platform.ours = added.json()["id"]
        answer = await self._console.post(f"/channels/{platform.ours}/subscribe")
        if not answer.json().get("ok"):
            raise RuntimeError(f"{platform.channel}: {answer.text[:300]}")

    async def mend(self, found: Mapping[str, Platform]) -> None:
        """Tests every account that has come to a stop, which sets it going again; for ever."""
        while True:
            for row in (await self._console.get("/channels"))["accounts"]:
                if row["paused"] is not None:
                    await self._console.post(f"/channels/{row['id']}/test")
                    found[row["channel"]].mended += 1
            await asyncio.sleep(1.0)


@dataclass(frozen=True)
class Said:
    """What an operator answered."""

    conversation: str
    text: str


class Operator:
    """Takes whoever waits, answers once, closes. Asks again, with the same id, when the gateway dies over it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.said: list[Said] = []

    async def work(self, most: int) -> None:
        """Serves ``most`` people."""
        while len(self.said) < most:
            waiting = [
                card
                for card in (await self._console.get("/snapshot"))["conversations"]
                if card["state"] == "queued" and card["composer"] is not None
            ]
            if not waiting:
                await asyncio.sleep(1.0)
            for card in waiting[: most - len(self.said)]:
                await self._serve(card)

    async def _serve(self, card: dict[str, Any]) -> None:
        path = f"/conversations/{card['id']}"
        taken = await self._console.post(f"{path}/take", {"version": card["version"]})
        now = (await self._console.get(path))["card"]
        if taken.status_code != 200 and "reply" not in now["may"]:
            return
        mode = next((way["mode"] for way in now["composer"]["modes"] if way["allowed"]), None)
        if mode is not None:
            text = f"Labdien! Atbilde nr. {len(self.said) + 1}: {uuid.uuid4().hex[:8]}."
            answer = await self._console.post(
                f"{path}/messages", {"id": str(uuid.uuid4()), "text": text, "mode": mode}
            )  # fmt: skip
            if answer.status_code == 200:
                self.said.append(Said(card["id"], text))
        version = (await self._console.get(path))["card"]["version"]
        await self._console.post(f"{path}/close", {"version": version, "topic": "other", "outcome": "resolved"})
