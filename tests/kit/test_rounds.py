"""What a worker does again and again goes on after a failure, and at once when it is woken."""

from __future__ import annotations

import asyncio

import pytest

from kit.rounds import Rounds


async def test_a_failure_is_told_and_the_next_round_comes() -> None:
    made = asyncio.Queue[int]()
    count = 0

    async def once() -> None:
        nonlocal count
        count += 1
        made.put_nowait(count)
        if count == 1:
            raise ValueError("no")

    rounds = Rounds(once, 60.0, "it failed")
    task = asyncio.create_task(rounds.run())
    assert await asyncio.wait_for(made.get(), 5) == 1
    await asyncio.sleep(0.05)
    assert rounds.last_error == "ValueError"
    # Nothing comes by itself for a minute; woken, it does not wait.
    assert made.empty()
    rounds.wake()
    assert await asyncio.wait_for(made.get(), 5) == 2
    await asyncio.sleep(0.05)
    assert rounds.last_error is None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_after_a_failure_nobody_waits_for_a_rare_round(monkeypatch: pytest.MonkeyPatch) -> None:
    made = asyncio.Queue[bool]()

    async def once() -> None:
        made.put_nowait(True)
        if made.qsize() == 1:
            raise ValueError("no")

    monkeypatch.setattr("kit.rounds._SOON", 0.01)
    task = asyncio.create_task(Rounds(once, 900.0, "it failed").run())
    for _ in range(500):
        if made.qsize() == 2:
            break
        await asyncio.sleep(0.01)
    # And once it is well, rounds are as rare as they were.
    await asyncio.sleep(0.05)
    assert made.qsize() == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
