"""Publishing while citizens ask: on every worker every question is answered, and whoever is told the new answer is never told the
old one again.

How long a worker goes on with the old answer is measured and printed (aim: 5 s; ``make bench-publishing``): on a machine that
does ten other things it says something about the machine.
"""

from __future__ import annotations

import asyncio
import copy
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from knowledge_base.service import KnowledgeBase
from tests.citizen import Citizen
from tests.stage import Stage, raise_stage

from .test_editors_desk import _QUESTION, _do, _proposed

_CITIZENS = 6
_PUBLICATIONS = 3
#: Until every worker must have the new answer, on whatever machine.
_LIMIT_S = 60.0


@dataclass
class Said:
    """What the citizens of all workers were told, and when they had asked."""

    asked: list[tuple[int, float, float, str]] = field(default_factory=list)
    """(worker, asked at, answered at, text)"""

    async def go_on(self, number: int, worker: Stage, stop: asyncio.Event) -> None:
        """One citizen after the other asks the same, each in a conversation of his own."""
        while not stop.is_set():
            citizen: Citizen = await worker.citizen()
            began = time.perf_counter()
            answer = await citizen.ask(_QUESTION, limit=_LIMIT_S)
            self.asked.append((number, began, time.perf_counter(), answer["text"]))
            await citizen.close()

    async def told_everywhere(self, text: str, workers: int) -> None:
        """Until a citizen of every worker was told ``text``."""
        async with asyncio.timeout(_LIMIT_S):
            while len({worker for worker, _, _, answer in self.asked if text in answer}) < workers:
                await asyncio.sleep(0.05)


@pytest.mark.usefixtures("small_set")
async def test_no_question_fails_and_no_answer_is_stale(
    postgres_url: str, valkey_url: str, tmp_path: Path, knowledge: KnowledgeBase
) -> None:
    # Each worker has a knowledge base of its own, as processes do.
    workers = [
        await raise_stage(
            postgres_url,
            tmp_path / str(number),
            knowledge=copy.copy(knowledge),
            redis_url=valkey_url,
            port=None,
        )
        for number in range(2)
    ]
    liga, admin = await workers[0].staff("liga"), await workers[1].staff("admin")
    said, stop = Said(), asyncio.Event()
    citizens = [
        asyncio.create_task(said.go_on(number, worker, stop))
        for number, worker in enumerate(workers)
        for _ in range(_CITIZENS // len(workers))
    ]
    published: list[tuple[float, str]] = []
    for number in range(_PUBLICATIONS):
        text = f"Piesakieties portālā Latvija.lv: {number + 1}. redakcija."
        row = await _proposed(liga, text)
        (await _do(admin, row, "approve")).raise_for_status()
        published.append((time.perf_counter(), text))
        await said.told_everywhere(text, len(workers))
        # And some that ask when all is said and done.
        await asyncio.sleep(1)
    stop.set()
    # A question that was not answered raises here.
    await asyncio.gather(*citizens)
    for worker in workers:
        await worker.stop()

    ages: list[float] = []
    for number, (at, text) in enumerate(published):
        # The next one may be out before its approval is acknowledged: newer is not stale.
        good = [text for _, text in published[number:]]
        for worker in range(len(workers)):
            told = min(answered for who, _, answered, answer in said.asked if who == worker and text in answer)
            after = [answer for who, began, _, answer in said.asked if who == worker and began > told]
            assert after
            assert all(any(text in answer for text in good) for answer in after)
            ages += [
                began - at
                for who, began, _, answer in said.asked
                if who == worker and began > at and not any(text in answer for text in good)
            ]
    print(f"\nold answers were asked for at most {max(ages, default=0.0):.1f} s after publishing (aim: 5 s)")
    # A test only if questions were under way while something was published.
    for at, _ in published:
        assert any(began < at < answered for _, began, answered, _ in said.asked)
