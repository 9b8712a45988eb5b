"""What a system costs while it is measured: memory, processor time by part, and where in the code that time goes."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

_SAMPLE_EVERY_S = 0.5
_PROFILE_RATE_HZ = 200

#: Names of groups, each with parts of paths.
type Groups = tuple[tuple[str, tuple[str, ...]], ...]

#: Which frames belong to which group, by what their file's path contains; the first that fits counts.
GATEWAY_GROUPS: Groups = (
    ("SQLite (aiosqlite, sqlite3)", ("/aiosqlite/", "/sqlite3/", "/dialects/sqlite/aiosqlite")),
    ("PostgreSQL (asyncpg)", ("/asyncpg/",)),
    ("SQLAlchemy", ("/sqlalchemy/",)),
    (
        "web server (uvicorn, starlette, fastapi, websockets)",
        ("/uvicorn/", "/starlette/", "/fastapi/", "/websockets/", "/httptools/"),
    ),
    ("HTTP to Rasa (aiohttp, httpx)", ("/aiohttp/", "/httpx/", "/httpcore/", "/yarl/", "/multidict/")),
    ("our knowledge base: search", ("knowledge_base/search", "knowledge_base/text")),
    ("our knowledge base: gazetteer", ("knowledge_base/gazetteer",)),
    ("our knowledge base: other", ("knowledge_base/",)),
    ("our language detection", ("kit/language", "/lingua/")),
    ("our masking of personal data", ("kit/masking",)),
    ("our assistant's actions", ("/actions/",)),
    ("our broker and cases", ("/handoff/",)),
    ("our channels", ("/connectors/",)),
    ("our kit: database", ("kit/db",)),
    ("our kit: other", ("/kit/",)),
    ("our gateway", ("/gateway/",)),
    ("pydantic", ("/pydantic/", "/pydantic_core/")),
    ("structlog, logging", ("/structlog/", "/logging/")),
    ("spaCy, scikit-learn, numpy, scipy", ("/spacy/", "/sklearn/", "/numpy/", "/scipy/", "/thinc/")),
)
RASA_GROUPS: Groups = (
    ("our components", ("bot/components/", "bot/serve.py")),
    ("TensorFlow, keras", ("/tensorflow/", "/keras/")),
    ("numpy, scipy, scikit-learn", ("/numpy/", "/scipy/", "/sklearn/")),
    ("SQLAlchemy", ("/sqlalchemy/",)),
    ("web server (sanic)", ("/sanic/", "/sanic_routing/", "/httptools/")),
    ("structlog, logging", ("/structlog/", "/logging/")),
    ("Rasa: NLU", ("/rasa/nlu/",)),
    ("Rasa: core (trackers, policies, actions)", ("/rasa/core/", "/rasa/shared/core/")),
    ("Rasa: engine", ("/rasa/engine/",)),
    ("Rasa: other", ("/rasa/",)),
)
#: Frames that only keep the loop turning: what lies outside them is the same in every stack and says nothing.
_TURNERS = ("/asyncio/runners.py", "/asyncio/base_events.py", "/sanic/server/runners.py")
_LOOP = "event loop"
_REST = "other"
_UNSEEN = "threads in no sample (work outside the interpreter)"
_THREAD = re.compile(r"thread \((\d+)\)")


def _family(root: int) -> list[psutil.Process]:
    """A process and everything it started."""
    try:
        head = psutil.Process(root)
        return [head, *head.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def memory_mb(roots: Mapping[str, int]) -> dict[str, float]:
    """Resident memory of each part now, MB (10⁶ bytes)."""
    found = {}
    for name, root in roots.items():
        total = 0
        for process in _family(root):
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        found[name] = total / 1e6
    return found


def cpu_s(roots: Mapping[str, int]) -> dict[str, float]:
    """Processor time each part has used so far, seconds; of processes that still run and of those they have waited for."""
    found = {}
    for name, root in roots.items():
        total = 0.0
        for number, process in enumerate(_family(root)):
            with contextlib.suppress(psutil.Error):
                times = process.cpu_times()
                total += times.user + times.system
                if number == 0:
                    total += times.children_user + times.children_system
        found[name] = total
    return found


def machine_busy_s() -> float:
    """Processor time that anything on this machine has used so far, all cores together, seconds."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


class PeakMemory:
    """Watches memory in the background: the highest sum of all parts, and the highest of each."""

    def __init__(self, roots: Mapping[str, int]) -> None:
        self.total_mb = 0.0
        self.parts_mb: dict[str, float] = {}
        self._roots = dict(roots)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> PeakMemory:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._look()

    async def _watch(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(_SAMPLE_EVERY_S)

    def _look(self) -> None:
        now = memory_mb(self._roots)
        self.total_mb = max(self.total_mb, sum(now.values()))
        for name, value in now.items():
            self.parts_mb[name] = max(self.parts_mb.get(name, 0.0), value)


@dataclass(frozen=True)
class Breakdown:
    """Where one process spent its processor time.

    Attributes:
        shares: group -> share of the samples, 0…1, largest first.
        top: the functions in which most samples were taken, with their share.
        problem: why there is no breakdown; empty when there is one.
    """

    shares: dict[str, float]
    top: dict[str, float]
    problem: str = ""


def py_spy() -> str | None:
    """The py-spy that belongs to this environment, or any on the path."""
    beside = Path(sys.executable).parent / "py-spy"
    return str(beside) if beside.exists() else shutil.which("py-spy")


async def profile(pid: int, seconds: int, groups: Groups, file: Path) -> Breakdown:
    """Watches a process with py-spy for ``seconds``; the folded stacks stay in ``file``.

    Only samples that hold the interpreter's lock are taken: which thread merely waits cannot be told reliably from outside.
    How much each thread counts comes from the kernel, so that work done without the lock (SQLite's) is not lost.

    Returns a breakdown in any case: a machine that forbids looking into processes is no reason to fail.
    """
    program = py_spy()
    if program is None:
        return Breakdown({}, {}, "py-spy is not installed")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    arguments = ("record", "--pid", str(pid), "--duration", str(seconds), "--rate", str(_PROFILE_RATE_HZ))
    before = _thread_cpu_s(pid)
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        *("--format", "raw", "--gil", "--threads", "--full-filenames", "--output", str(file)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds + 30)
    except TimeoutError:
        process.kill()
        await process.wait()
        return Breakdown({}, {}, "py-spy did not finish")
    if process.returncode != 0 or not file.exists():
        said = output.decode(errors="replace").strip().splitlines()
        return Breakdown({}, {}, f"py-spy: {said[-1] if said else process.returncode}")
    after = _thread_cpu_s(pid)
    used = {thread: max(0.0, value - before.get(thread, 0.0)) for thread, value in after.items()}
    return break_down(file.read_text(encoding="utf-8"), groups, used)


#: Stands for all threads that came and went while they were watched.
_GONE = 0


def _thread_cpu_s(pid: int) -> dict[int, float]:
    """Processor time of each thread so far, seconds, by its id in the kernel; the rest of the process under ``_GONE``."""
    try:
        process = psutil.Process(pid)
        found = {thread.id: thread.user_time + thread.system_time for thread in process.threads()}
        times = process.cpu_times()
    except psutil.Error:
        return {}
    return {**found, _GONE: times.user + times.system - sum(found.values())}


def break_down(folded: str, groups: Groups, cpu_s: Mapping[int, float]) -> Breakdown:
    """Groups folded stacks (``thread (17): name;outer;…;inner count`` a line).

    A sample counts for the innermost frame that belongs to a group, so that what the standard library does is put down to the
    one who asked for it. Stacks of no group are the event loop's own work, or other. The samples of a thread share out the
    processor time ``cpu_s`` of that thread (seconds, by thread id); threads without one share what ``_GONE`` holds.
    """
    groups_of: defaultdict[int, Counter[str]] = defaultdict(Counter)
    functions_of: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for line in folded.splitlines():
        stack, _, number = line.rpartition(" ")
        head, _, rest = stack.partition(";")
        thread = _THREAD.match(head)
        if thread is None or not rest or not number.isdigit():
            continue
        frames = rest.split(";")
        key = int(thread[1]) if int(thread[1]) in cpu_s else _GONE
        groups_of[key][_group(frames, groups)] += int(number)
        functions_of[key][_readable(frames[-1])] += int(number)
    total = sum(cpu_s.values())
    if not groups_of or total <= 0:
        return Breakdown({}, {}, "py-spy saw nothing")
    by_group: defaultdict[str, float] = defaultdict(float)
    by_function: defaultdict[str, float] = defaultdict(float)
    for thread_id, seconds in cpu_s.items():
        if thread_id not in groups_of:
            by_group[_UNSEEN] += seconds / total
            continue
        for counted, wanted in ((groups_of, by_group), (functions_of, by_function)):
            samples = counted[thread_id]
            for name, count in samples.items():
                wanted[name] += seconds / total * count / samples.total()
    return Breakdown(_largest(by_group, len(by_group)), _largest(by_function, 15))


def _largest(shares: Mapping[str, float], number: int) -> dict[str, float]:
    return dict(sorted(shares.items(), key=lambda pair: -pair[1])[:number])


def _group(frames: Sequence[str], groups: Groups) -> str:
    for frame in reversed(frames):
        # A frame reads "function (/path/file.py:12)"; the first slash is added so that relative paths fit as well.
        place = "/" + frame.rpartition("(")[2]
        if any(mark in place for mark in _TURNERS):
            return _LOOP
        for name, marks in groups:
            if any(mark in place for mark in marks):
                return name
    return _REST


def _readable(frame: str) -> str:
    """``function (…/package/file.py)`` without line and without the folders before."""
    function, _, place = frame.rpartition(" (")
    path = place.rstrip(")").rpartition(":")[0] or place.rstrip(")")
    for mark in ("/site-packages/", "/lib/python3.12/", "/lib/python3.10/", "/lib/python3.13/"):
        path = path.rpartition(mark)[2]
    return f"{function} ({path})"
