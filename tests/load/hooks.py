"""``make bench-hooks``: events a second that are taken, time to a webhook's answer, time until the console shows it.

Each pace is played against a gateway of its own on a fresh database: what is stored is worked off meanwhile, as in service.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from string import ascii_lowercase

from gateway.settings import ROOT, Settings
from gateway.setup import set_up
from kit.db import Database
from tests.fakes.control import Flood, Say
from tests.load.bench import machine
from tests.load.figures import percentile
from tests.load.social import database, say
from tests.load.social_parts import Administrator, Console, Platform, always_open, gateway, platforms, rasa
from tests.load.systems import free_port
from tests.stage import Desk

_DOCUMENT = ROOT / "docs" / "social-speed.md"
#: Events a second that are played; 0 is as fast as they are taken.
PACES = (50, 100, 200, 0)
_WARM_UP = 40
_SEEN_WITHIN_S = 30.0


@dataclass(frozen=True)
class Pace:
    """What came of a pace.

    Attributes:
        wanted: events a second that followers wrote; 0 for as many as were taken.
        taken: events a second that were answered with 200.
        calls: webhooks; under load the platform puts several events into one.
        events: told by them, twice where a platform tells a thing twice.
        refused: calls that were not answered with 200.
        p50_ms, p99_ms, worst_ms: from the call to its answer.
    """

    wanted: int
    taken: float
    calls: int
    events: int
    refused: int
    p50_ms: float
    p99_ms: float
    worst_ms: float


@asynccontextmanager
async def _served(kind: str) -> AsyncIterator[tuple[str, Platform]]:
    """A gateway that serves a page, and the platform behind it."""
    # The platforms outlive the gateway, which tells them something to its last moment.
    async with platforms() as found:
        with tempfile.TemporaryDirectory(prefix="pietura-hooks-") as temporary, database(kind, Path(temporary)) as url:
            folder = Path(temporary)
            await set_up(Settings(data_dir=folder, database_url=url, redis_url=None), lambda _: None)
            db = Database(url)
            await always_open(db, datetime.now(UTC))
            await db.close()
            rasa_port, port = free_port(), free_port()
            parts = rasa(rasa_port, folder), gateway(url, port, rasa_port, folder, Settings().cache_dir)
            for part in parts:
                part.start()
            try:
                for part in parts:
                    await part.ready()
                admin = Console(f"http://127.0.0.1:{port}", "admin@demo.lv")
                await admin.sign_in()
                await Administrator(admin).bring_in(found["facebook"])
                yield f"http://127.0.0.1:{port}", found["facebook"]
                await admin.close()
            finally:
                for part in reversed(parts):
                    part.kill()


async def pace(kind: str, wanted: int, seconds: int) -> Pace:
    """Plays ``wanted`` events a second, each from somebody else, half of them comments."""
    async with _served(kind) as (_, page):
        await _flood(page, _WARM_UP, 20, seed=1)
        del page.emitter.deliveries[:]
        count = (wanted or max(PACES)) * seconds
        began = time.monotonic()
        await _flood(page, count, wanted, seed=2)
        answered = [one for one in page.emitter.deliveries if one.status == 200]
        took_s = max(one.ended for one in answered) - began
        times = sorted(one.took_s * 1000 for one in answered)
        return Pace(
            wanted,
            sum(one.events for one in answered) / took_s,
            len(answered),
            sum(one.events for one in answered),
            len(page.emitter.deliveries) - len(answered),
            percentile(times, 0.5) or 0.0,
            percentile(times, 0.99) or max(times),
            max(times),
        )


async def _flood(page: Platform, count: int, per_second: float, seed: int) -> None:
    order = Flood(n=count, account=page.account, kind="mixed", people=count, per_second=per_second, seed=seed)
    await page.fake.flood(order)
    await page.fake.settled(300)


async def until_seen(kind: str, messages: int) -> list[float]:
    """Milliseconds from a follower's message leaving the platform to the moment a supervisor's console has it, ordered."""
    async with _served(kind) as (url, page):
        await _flood(page, _WARM_UP, 20, seed=1)
        liga = Desk(url)
        await liga.sign_in("liga@demo.lv")
        await liga.listen()
        found = []
        for number in range(messages):
            # Letters only: digits might be taken for a personal code and be masked.
            words = "Sveiki " + "".join(random.choices(ascii_lowercase, k=12))
            began = time.monotonic()
            await page.fake.say(Say(account=page.account, person=str(800_000_000_000_000 + number), text=words))
            await liga.wait(lambda frame, words=words: words in str(frame), _SEEN_WITHIN_S)
            found.append((time.monotonic() - began) * 1000)
            await asyncio.sleep(0.3)
        await liga.close()
        return sorted(found)


def as_markdown(kind: str, paces: Sequence[Pace], seen: Sequence[float], at: datetime) -> str:
    """For the documentation."""
    facts = machine()
    lines = [
        "# Webhooks: how many, and how soon",
        "",
        "Written by `make bench-hooks ARGS=--write`.",
        "",
        f"- Date: {at:%Y-%m-%d %H:%M} UTC",
        f"- Machine: {facts['cpu']}, {facts['cores']} cores, {facts['memory_gb']} GB memory, {facts['system']}",
        f"- One gateway process on {kind}; platform, Rasa's stand-in and database on the same machine",
        "",
        "## From a call to its 200",
        "",
        "A call is answered once its events are stored. Every event is of somebody else; half are comments, half direct messages;"
        " each pace begins on a fresh database, and what is stored is worked off meanwhile.",
        "",
        "| events a second written | taken | calls | events a call | refused | median | p99 | longest |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.wanted or 'all at once'} | {one.taken:.0f} | {one.calls} | {one.events / max(1, one.calls):.1f}"
        f" | {one.refused} | {one.p50_ms:.0f} ms | {one.p99_ms:.0f} ms | {one.worst_ms:.0f} ms |"
        for one in paces
    ]
    lines += [
        "",
        "## From webhook to console",
        "",
        f"{len(seen)} messages, one after the other: from the moment the platform sends it to the moment a supervisor's open"
        f" console has been told: {percentile(seen, 0.5) or 0:.0f} ms (median),"
        f" {percentile(seen, 0.95) or max(seen):.0f} ms (p95), {max(seen):.0f} ms at most.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench-hooks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--seconds", type=int, default=20, help="of each pace (default: 20)")
    parser.add_argument("--messages", type=int, default=60, help="from webhook to console (default: 60)")
    parser.add_argument("--write", action="store_true", help="write docs/social-speed.md, too")
    given = parser.parse_args()
    at = datetime.now(UTC)
    seen = asyncio.run(until_seen(given.database, given.messages))
    say(f"webhook to console: {percentile(seen, 0.5) or 0:.0f} ms (median)")
    paces = []
    for wanted in PACES:
        paces.append(asyncio.run(pace(given.database, wanted, given.seconds)))
        say(str(paces[-1]))
    text = as_markdown(given.database, paces, seen, at)
    print("\n" + text)
    if given.write:
        _DOCUMENT.write_text(text, "utf-8")
        say(f"written: {_DOCUMENT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
