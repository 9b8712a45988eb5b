"""The three fakes together: under one address, with one clock, and kept over a restart."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from tests.fakes.control import Fake, Outside
from tests.fakes.emitter import Emitter
from tests.fakes.faults import Script
from tests.fakes.graph import FakeGraph
from tests.fakes.simulator.people import ACCOUNTS, BOT, X_ACCOUNT
from tests.fakes.telegram import FakeTelegram
from tests.fakes.x import FakeX

#: Ids of a fresh world begin above those of any world before it: a platform never gives one twice.
_FIRST_SECOND = 1_790_000_000
_KEEP_EVERY_S = 2.0
#: What belongs to the process, not to the world.
_NOT_KEPT = frozenset({"clock"})


class Platforms:
    """Facebook, X and Telegram.

    Attributes:
        fakes: by channel.
        fresh: whether nobody has said anything here yet.
    """

    def __init__(self) -> None:
        self.fresh = True
        now = int(time.time()) - _FIRST_SECOND
        self.facebook = FakeGraph(seed=now)
        self.x = FakeX(accounts=(X_ACCOUNT,))
        self.telegram = FakeTelegram(bots=(BOT,))
        for bot in self.telegram.state.bots.values():
            bot.last_update = bot.last_message = bot.last_press = now
        self.fakes: Mapping[str, Fake] = {"facebook": self.facebook, "x": self.x, "telegram": self.telegram}
        self.apps: Mapping[str, FastAPI] = {
            "facebook": self.facebook.app,
            "x": self.x.app,
            "telegram": self.telegram.app,
        }
        self.emitters: Mapping[str, Emitter] = {
            "facebook": self.facebook.emitter,
            "x": self.x.emitter,
            "telegram": self.telegram.emitter,
        }

    def serve_under(self, app: FastAPI, server: Any, origin: str) -> None:
        """Puts each platform under its channel's name.

        Args:
            server: the uvicorn server, which faults of the wire need.
            origin: ``http://127.0.0.1:8090``.
        """
        for channel, own in self.apps.items():
            own.state.server = server
            app.mount(f"/{channel}", own)
        self.facebook.url = f"{origin}/facebook"
        self.telegram.url = f"{origin}/telegram"
        # What X's signatures are checked against is followed by the whole path.
        self.x.url = origin

    def script(self, channel: str) -> Script:
        """The faults of a platform."""
        return self.fakes[channel].script

    def credentials(self, channel: str, platform_id: str) -> dict[str, str]:
        """What an administrator enters for an account."""
        match channel:
            case "facebook":
                return self.facebook.credentials(platform_id)
            case "x":
                return self.x.credentials(platform_id)
            case _:
                return self.telegram.credentials(platform_id)

    async def begin(self) -> None:
        """Lets a fresh world's accounts publish their first posts, once somebody is there to be told of them."""
        if self.fresh:
            for account in ACCOUNTS:
                if account.post is not None:
                    await self.fakes[account.channel].outside(Outside(account=account.platform_id, text=account.post))
        self.fresh = False

    async def close(self) -> None:
        """Ends what goes out."""
        for emitter in self.emitters.values():
            await emitter.close()

    # --- kept over a restart --------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Everything that followers and accounts have said. Webhooks are not in it: they are set anew at each start."""
        kept = {
            channel: {name: value for name, value in vars(world).items() if name not in _NOT_KEPT}
            for channel, world in self._worlds().items()
        }
        return pickle.dumps(kept)

    def restore(self, kept: bytes) -> None:
        """Goes on from a snapshot.

        Raises:
            Exception: whatever an unfit snapshot makes of itself; nothing is changed then.
        """
        found = pickle.loads(kept)
        worlds = self._worlds()
        if set(found) != set(worlds):
            raise ValueError("other platforms")
        for channel, world in worlds.items():
            if set(found[channel]) | _NOT_KEPT != set(vars(world)) | _NOT_KEPT:
                raise ValueError(f"another world of {channel}")
        for channel, world in worlds.items():
            vars(world).update(found[channel])
        self.fresh = False
        for bot in self.telegram.state.bots.values():
            # Nobody is at it any more.
            bot.under_way.clear()

    def _worlds(self) -> dict[str, Any]:
        return {"facebook": self.facebook.state, "x": self.x.state, "telegram": self.telegram.state}


class Keeper:
    """Keeps the platforms' worlds in a file, so that the console's conversations still have their other half after a restart.

    A pickle: it is read by nobody but the process that wrote it, from the folder in which the demo's secrets lie as well.
    """

    def __init__(self, platforms: Platforms, file: Path) -> None:
        self._platforms = platforms
        self._file = file
        self._last = b""

    def load(self) -> str | None:
        """Goes on from the file; in words, why that could not be done. None when all is well or there is no file."""
        if not self._file.exists():
            return None
        try:
            self._platforms.restore(self._file.read_bytes())
        except Exception as error:
            return f"{self._file.name} is of another version ({error}): beginning anew"
        return None

    def save(self) -> None:
        """Writes the file, if something has changed; whole or not at all."""
        now = self._platforms.snapshot()
        if now == self._last:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(now)
        os.replace(fresh, self._file)
        self._last = now

    async def run(self) -> None:
        """Saves every two seconds, and a last time when cancelled."""
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                await asyncio.sleep(_KEEP_EVERY_S)
                self.save()
        self.save()
