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
