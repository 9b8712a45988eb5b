"""``make bench``: speed of the whole product beside a vanilla Rasa, in one run, on one machine, one after the other.

Each system is started for itself and stopped before the other one starts. The citizens live in one further process
(``tests.load.generator``); this one only starts, watches and writes down. Options: see ``--help``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.metadata
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import psutil

from gateway.settings import ROOT
from tests.load import report
from tests.load.costs import (
    GATEWAY_GROUPS,
    RASA_GROUPS,
    Breakdown,
    Groups,
    PeakMemory,
    cpu_s,
    machine_busy_s,
    memory_mb,
    profile,
)
from tests.load.figures import Facts, Measured, Phase, percentile
from tests.load.systems import Pietura, System, VanillaRasa, versions_of_bot

_RESULTS = ROOT / "test-results"
_DOCUMENT = ROOT / "docs" / "bench.md"
_LEVELS = (1, 10, 50, 200)
_CLOSED_CLIENTS = 10
_GAP_S = 3.0


@dataclass(frozen=True)
class Lengths:
    """How long everything takes, seconds.

    Attributes:
        alone_s: the level with one citizen; longer than the others, for he writes once in three seconds only.
        settle_s: between being ready and the look at the idle memory.
    """

    settle_s: float
    warm_up_s: float
    throughput_s: float
    level_s: float
    alone_s: float
    profile_s: float

    @classmethod
    def of(cls, seconds: float, *, quick: bool) -> Lengths:
        """For a throughput phase of ``seconds``; ``quick``: three seconds each, to see that it works."""
        if quick:
            return cls(1, 1, 3, 3, 3, 3)
        return cls(5, 5, seconds, 1.5 * seconds, 4.5 * seconds, max(5, seconds / 2))


class Bench:
    """One run."""

    def __init__(self, lengths: Lengths, seed: int) -> None:
        self._lengths = lengths
        self._seed = seed

    async def measure(self, system: System, profiles: dict[str, Groups]) -> Measured:
        """Starts a system, measures it, stops it. ``profiles``: the groups in which each part's time is put.

        Raises:
            RuntimeError: the system could not be started, or the generator failed.
        """
        lengths = self._lengths
        measured = Measured(system.title)
        async with _running(system):
            measured.ready_after_s = system.ready_after_s
            say(f"{system.title}: ready after {system.ready_after_s:.1f} s")
            await asyncio.sleep(lengths.settle_s)
            roots = system.roots()
            measured.idle_mb = memory_mb(roots)
            before = cpu_s(roots)
            async with PeakMemory(roots) as peak:
                say(f"{system.title}: throughput, {_CLOSED_CLIENTS} clients, {lengths.throughput_s:.0f} s …")
                measured.throughput = await self._phase(
                    system, _CLOSED_CLIENTS, 0.0, lengths.warm_up_s, lengths.throughput_s
                )
                for citizens in _LEVELS:
                    seconds = lengths.alone_s if citizens == 1 else lengths.level_s
                    say(f"{system.title}: latency, {citizens} citizen(s), {seconds:.0f} s …")
                    measured.levels[citizens] = await self._phase(system, citizens, _GAP_S, _GAP_S, seconds)
            measured.peak_mb, measured.peak_parts_mb = peak.total_mb, peak.parts_mb
            measured.cpu_total_s = {name: value - before[name] for name, value in cpu_s(roots).items()}
            if profiles:
                say(f"{system.title}: where the time goes, {lengths.profile_s:.0f} s …")
                measured.profiles = await self._profiles(system, profiles)
            if system.roots() != roots:
                raise RuntimeError(
                    f"a process of {system.title} ended while it was measured; see {_RESULTS}/bench-logs"
                )
        return measured

    async def _phase(self, system: System, citizens: int, gap_s: float, warm_up_s: float, seconds: float) -> Phase:
        roots = system.roots()
        turns = system.turns()
        before: tuple[dict[str, float], float] | None = None
        after: tuple[dict[str, float], float] | None = None
        figures: dict[str, Any] = {}
        async with aclosing(self._generator(system, citizens, gap_s, warm_up_s, seconds)) as lines:
            async for line in lines:
                match line["at"]:
                    case "measuring":
                        before = cpu_s(roots), machine_busy_s()
                    case "measured":
                        after = cpu_s(roots), machine_busy_s()
                    case "done":
                        figures = line
        if before is None or after is None or not figures:
            raise RuntimeError("the generator ended early")
        window_s: float = figures["window_s"]
        # What is worked on in the window, not what is sent in it, took the processor time.
        worked = max(1, figures["answered_in_window"])
        used = {name: after[0][name] - before[0][name] for name in before[0]}
        others = after[1] - before[1] - sum(used.values()) - figures["generator_cpu_s"]
        latencies: list[float] = figures["latencies_ms"]
        return Phase(
            citizens=citizens,
            gap_s=gap_s,
            window_s=window_s,
            sent=figures["sent"],
            answered=figures["answered"],
            per_s=figures["answered_in_window"] / window_s,
            left=figures["left"],
            unanswered=figures["unanswered"],
            errors=figures["errors"],
            empty=figures["empty"],
            details=figures["details"],
            conversations=figures["conversations"],
            p50_ms=percentile(latencies, 0.50),
            p95_ms=percentile(latencies, 0.95),
            p99_ms=percentile(latencies, 0.99),
            max_ms=latencies[-1] if latencies else None,
            served_percent=100 * figures["served"] / figures["due"] if figures["due"] else None,
            cpu_ms={name: value * 1000 / worked for name, value in used.items()},
            generator_cpu_ms=figures["generator_cpu_s"] * 1000 / worked,
            generator_cores=figures["generator_cpu_s"] / window_s,
            others_cores=max(0.0, others / window_s),
            turns={name: number - turns.get(name, 0) for name, number in system.turns().items()},
        )

    async def _profiles(self, system: System, groups: dict[str, Groups]) -> dict[str, Breakdown]:
        """A closed loop once more, only to be looked into: being watched slows a process down, so nothing else is measured."""
        seconds = self._lengths.profile_s
        roots = system.roots()
        names = [name for name in groups if name in roots]
        folder = _RESULTS / "bench-profiles"
        found: dict[str, Breakdown] = {}
        async with aclosing(self._generator(system, _CLOSED_CLIENTS, 0.0, 1.0, seconds + 2)) as lines:
            async for line in lines:
                if line["at"] != "measuring":
                    continue
                breakdowns = await asyncio.gather(
                    *(
                        profile(roots[name], round(seconds), groups[name], folder / f"{name.lower()}.folded")
                        for name in names
                    )
                )
                found = dict(zip(names, breakdowns, strict=True))
        return found

    async def _generator(
        self, system: System, citizens: int, gap_s: float, warm_up_s: float, seconds: float
    ) -> AsyncGenerator[dict[str, Any]]:
        """Runs the citizens' process; what it says, line by line."""
        arguments = {
            "system": system.name,
            "url": system.url,
            "citizens": citizens,
            "gap-s": gap_s,
            "warm-up-s": warm_up_s,
            "seconds": seconds,
            "seed": self._seed,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.load.generator"),
            *(word for name, value in arguments.items() for word in (f"--{name}", str(value))),
            cwd=ROOT,
            # Out of reach of the terminal's Ctrl-C: this process ends it.
            start_new_session=True,
            stdout=asyncio.subprocess.PIPE,
            # The last line carries every latency of a phase.
            limit=2**26,
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                yield orjson.loads(line)
            if await process.wait() != 0:
                raise RuntimeError(f"the generator ended with status {process.returncode}")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


@contextlib.asynccontextmanager
async def _running(system: System) -> AsyncIterator[None]:
    try:
        await system.start()
        yield
    finally:
        await system.stop()


def say(text: str) -> None:
    """Progress, at once."""
    print(f"  {text}", flush=True)


def machine() -> dict[str, Any]:
    """What this machine is."""
    cpu = "unknown"
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                cpu = line.partition(":")[2].strip()
                break
    return {
        "cpu": cpu,
        "cores": psutil.cpu_count() or 0,
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": " ".join((sys.platform, *([_kernel()] if _kernel() else []))),
    }


def _kernel() -> str:
    try:
        return Path("/proc/sys/kernel/osrelease").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


async def run(options: argparse.Namespace) -> None:
    """Measures both systems and writes down what came of it.

    Raises:
        RuntimeError: a system could not be started or did not hold.
    """
    lengths = Lengths.of(options.seconds, quick=options.quick)
    logs = _RESULTS / "bench-logs"
    shutil.rmtree(logs, ignore_errors=True)
    _RESULTS.mkdir(exist_ok=True)
    versions = await versions_of_bot("rasa", "tensorflow")
    psutil.cpu_percent()
    await asyncio.sleep(2)
    busy = psutil.cpu_percent()
    bench = Bench(lengths, options.seed)
    with tempfile.TemporaryDirectory(prefix="pietura-bench-") as temporary:
        folder = Path(temporary)
        (folder / "pietura").mkdir()
        (folder / "vanilla").mkdir()
        ours = await bench.measure(
            Pietura(folder / "pietura", logs, say), {"gateway": GATEWAY_GROUPS, "Rasa": RASA_GROUPS}
        )
        vanilla = await bench.measure(VanillaRasa(versions["rasa"], folder / "vanilla", logs, say), {})
    facts = Facts(
        at=datetime.now(UTC),
        machine=machine(),
        versions={
            "pietura": importlib.metadata.version("pietura"),
            "python": sys.version.split()[0],
            "sqlalchemy": importlib.metadata.version("sqlalchemy"),
            "uvicorn": importlib.metadata.version("uvicorn"),
            **versions,
        },
        quick=options.quick,
        busy_before_percent=busy,
        lengths=asdict(lengths),
        seed=options.seed,
    )
    print(report.as_text(facts, ours, vanilla), flush=True)
    (_RESULTS / "bench.json").write_bytes(report.as_json(facts, ours, vanilla))
    say(f"written: {(_RESULTS / 'bench.json').relative_to(ROOT)}")
    if options.write:
        _DOCUMENT.parent.mkdir(exist_ok=True)
        _DOCUMENT.write_text(report.as_markdown(facts, ours, vanilla), encoding="utf-8")
        say(f"written: {_DOCUMENT.relative_to(ROOT)}")


async def _until_told(work: Coroutine[Any, Any, None]) -> None:
    """Works until done; SIGTERM ends it like Ctrl-C does, so that no process is left behind."""
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await task


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="make bench", description="Speed of Pietura beside a vanilla Rasa, in one run."
    )
    parser.add_argument(
        "--quick", action="store_true", help="phases of 3 s, to see that it works; the figures mean nothing"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the throughput phase (default: 20)")
    parser.add_argument("--write", action="store_true", help="write docs/bench.md, too")
    parser.add_argument("--seed", type=int, default=1, help="of what the citizens say and when (default: 1)")
    options = parser.parse_args()
    if options.seconds < 1:
        parser.error("--seconds must be at least 1")
    if options.quick and options.write:
        parser.error("figures of --quick are not to be written down")
    try:
        asyncio.run(_until_told(run(options)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit("\nbench interrupted; everything it started is stopped")
    except RuntimeError as error:
        sys.exit(f"\nbench failed: {error}")


if __name__ == "__main__":
    main()
