"""Health is true for each part: broken one by one, it is seen to be ill, and well again afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit.rounds import Rounds
from tests.stage import Stage

Breaking = Callable[[Stage], Awaitable[Callable[[], Awaitable[None]]]]


async def _nothing() -> None:
    return


def _attribute(of: Callable[[Stage], Any], name: str, broken: Any) -> Breaking:
    async def broken_for_a_while(stage: Stage) -> Callable[[], Awaitable[None]]:
        thing = of(stage)
        before = getattr(thing, name)
        setattr(thing, name, broken)

        async def mend() -> None:
            setattr(thing, name, before)

        return mend

    return broken_for_a_while


async def _end_a_loop(stage: Stage) -> Callable[[], Awaitable[None]]:
    tasks = stage.gateway._tasks
    at = next(number for number, one in enumerate(tasks) if "Sweep" in repr(one.get_coro()))
    tasks[at].cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    async def mend() -> None:
        tasks[at] = asyncio.create_task(stage.gateway.sweep.run())

    return mend


async def _kill_spelling(stage: Stage) -> Callable[[], Awaitable[None]]:
    liga = await stage.staff("liga")
    asked = {"text": "Labdien! Kaa pieteikties?"}
    (await liga.http.post("/spelling", json=asked)).raise_for_status()
    pool = stage.gateway.spelling._pool
    assert pool is not None
    (pid,) = pool._processes
    os.kill(pid, signal.SIGKILL)
    for _ in range(100):
        if not stage.gateway.spelling.well:
            break
        await asyncio.sleep(0.02)

    async def mend() -> None:
        # The first question finds it dead; a new one takes a moment until it has read its words.
        (await liga.http.post("/spelling", json=asked)).raise_for_status()

    return mend


async def _old_backup(stage: Stage) -> Callable[[], Awaitable[None]]:
    folder = stage.gateway.settings.backups_dir
    assert folder is not None
    file = folder / "copy.db"
    long_ago = time.time() - 40 * 3600
    os.utime(file, (long_ago, long_ago))

    async def mend() -> None:
        file.touch()

    return mend


async def _fails(*_arguments: Any) -> None:
    raise OSError("away")


def _rounds(of: Callable[[Stage], Any], once: str = "once") -> Breaking:
    """A loop whose rounds fail, and that has failed once: a round that was under way may still say that it went well."""

    async def broken_for_a_while(stage: Stage) -> Callable[[], Awaitable[None]]:
        loop = of(stage)
        before = getattr(loop, once)
        setattr(loop, once, _fails)
        loop.last_error = "OSError"

        async def mend() -> None:
            setattr(loop, once, before)
            loop.last_error = None

        return mend

    return broken_for_a_while


#: Loops whose rounds a part of its own in health tells of.
_TOLD_ELSEWHERE = {"ClockWatch", "KnowledgeWatch"}


async def _fail_all_rounds(stage: Stage) -> Callable[[], Awaitable[None]]:
    """Every loop that goes round comes to nothing, and all are named."""
    loops = {
        type(one).__name__: round_
        for one in stage.gateway._loops
        for round_ in vars(one).values()
        if isinstance(round_, Rounds) and type(one).__name__ not in _TOLD_ELSEWHERE
    }
    assert {"ClosingWatch", "PresenceWatch", "ContactWatch", "ForecastWatch", "LiveCalendar"} <= loops.keys()
    before = {name: one._once for name, one in loops.items()}
    for one in loops.values():
        one._once, one.last_error = _fails, "OSError"
        # A round that was under way may say that all is well; the next one does not, and comes at once.
        one.wake()
    named = ", ".join(f"{name} (OSError)" for name in sorted(loops))
    for _ in range(100):
        if stage.gateway.background()["failing"] == named:
            break
        await asyncio.sleep(0.05)
    assert stage.gateway.background()["failing"] == named

    async def mend() -> None:
        for name, one in loops.items():
            one._once = before[name]
            one.last_error = None

    return mend


_PARTS: dict[str, Breaking] = {
    "database": _attribute(lambda stage: stage.gateway.db, "ping", _fails),
    "encoder": _attribute(lambda stage: stage.gateway.knowledge, "vector", _fails),
    "bus": _attribute(lambda stage: stage.gateway.bus, "connected", False),
    "tasks": _end_a_loop,
    "spelling": _kill_spelling,
    "disk": _attribute(lambda stage: stage.gateway.settings, "disk_free_mb", 10**12),
    "backups": _old_backup,
    "sweep": _rounds(lambda stage: stage.gateway.sweep),
    "router": _rounds(lambda stage: stage.gateway.router),
    "clocks": _rounds(lambda stage: stage.gateway.clock_watch.rounds, "_once"),
    "publisher": _rounds(lambda stage: stage.gateway.publisher),
    "inbox": _rounds(lambda stage: stage.gateway.inbox),
    "delivery": _rounds(lambda stage: stage.gateway.delivery),
    "channels": _rounds(lambda stage: stage.gateway.watch),
    "mail": _rounds(lambda stage: stage.gateway.level2_watch, "look"),
}


async def test_each_part_is_seen_to_break_and_to_mend(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def alive() -> bool:
        return True

    monkeypatch.setattr(stage.gateway.rasa, "alive", alive)
    backups = tmp_path / "backups"
    backups.mkdir()
    (backups / "copy.db").touch()
    stage.gateway.settings.backups_dir = backups

    async def look() -> tuple[int, dict[str, bool]]:
        async with httpx.AsyncClient(base_url=stage.url) as client:
            answer = await client.get("/health")
            return answer.status_code, {name: part["ok"] for name, part in answer.json()["parts"].items()}

    async def comes_to_say(status: int, ill: list[str]) -> None:
        for _ in range(100):
            code, parts = await look()
            found = (code, [part for part, ok in parts.items() if not ok])
            if found == (status, ill):
                return
            await asyncio.sleep(0.1)
        assert found == (status, ill)

    status, well = await look()
    assert [name for name, ok in well.items() if not ok] == []
    assert status == 200
    # Rasa itself is killed in the tests of the whole product.
    assert well.keys() - _PARTS.keys() == {"rasa", "webchat", "console", "work", "knowledge", "gateway"}
    for name, break_it in [*_PARTS.items(), ("tasks", _fail_all_rounds)]:
        mend = await break_it(stage)
        await comes_to_say(503, [name])
        await mend()
        await comes_to_say(200, [])
