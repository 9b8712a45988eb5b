"""The citizens' process: plays many of them against one system and writes down what they met. Started by the bench.

Speaks JSON, one line each, on its standard output: ``{"at": "connected"}`` once everybody is there, ``{"at": "measuring"}`` when
the warm-up is over, ``{"at": "measured"}`` when no further message is begun, and last ``{"at": "done", …}`` with the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import aiohttp
import orjson
import uvloop

from tests.load.client import CITIZENS, Outcome, Result, Script, Talker

#: How many citizens connect at a time before the start: a stampede at the door is not what is measured.
_DOORS = 20
#: Before trying again at a door that stayed shut.
_DOOR_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play.

    Attributes:
        gap_s: mean of the exponential gap between two messages of one citizen; 0 lets him write as soon as he is answered.
        warm_up_s: what is sent within it is not counted.
    """

    system: str
    url: str
    citizens: int
    gap_s: float
    warm_up_s: float
    seconds: float
    seed: int


class Play:
    """One phase."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._results: list[Result] = []
        self._due = self._served = 0
        self._doors_shut: Counter[str] = Counter()
        self._conversations = 0
        self._start = self._end = 0.0

    async def run(self) -> dict[str, object]:
        """Plays; the figures."""
        plan = self._plan
        make, load = CITIZENS[plan.system]
        scripts = load()
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
        async with aiohttp.ClientSession(connector=connector) as session:
            talkers = [make(session, plan.url) for _ in range(plan.citizens)]
            ways = [_way(scripts, random.Random(f"{plan.seed}/{number}")) for number in range(plan.citizens)]
            doors = asyncio.Semaphore(_DOORS)
            first = await asyncio.gather(*(self._enter(*pair, doors) for pair in zip(talkers, ways, strict=True)))
            gc.collect()
            gc.freeze()
            _tell("connected")
            begin = time.perf_counter()
            self._start = begin + plan.warm_up_s
            self._end = self._start + plan.seconds
            citizens = [
                asyncio.create_task(self._citizen(talker, way, script, random.Random(f"{plan.seed}:{number}"), begin))
                for number, (talker, way, script) in enumerate(zip(talkers, ways, first, strict=True))
            ]
            await _until(self._start)
            cpu = time.process_time()
            _tell("measuring")
            await _until(self._end)
            cpu = time.process_time() - cpu
            _tell("measured")
            await asyncio.gather(*citizens)
            await asyncio.gather(*(talker.close() for talker in talkers))
        return self._figures(cpu)

    async def _enter(self, talker: Talker, way: Iterator[Script], doors: asyncio.Semaphore) -> Script:
        script = next(way)
        async with doors:
            await self._open(talker, script)
        return script

    async def _open(self, talker: Talker, script: Script) -> bool:
        try:
            await talker.open(script.lang)
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            self._doors_shut[f"connecting: {type(error).__name__}"] += 1
            await talker.close()
            return False
        self._conversations += 1
        return True

    async def _citizen(
        self, talker: Talker, way: Iterator[Script], script: Script, dice: random.Random, begin: float
    ) -> None:
        """One citizen, one conversation after the other, until the end of the phase."""
        gap = self._plan.gap_s
        planned = begin + dice.uniform(0, gap)
        texts = deque(script.texts)
        while True:
            await _until(planned)
            if time.perf_counter() >= self._end or planned >= self._end:
                break
            if talker.gone:
                # The conversation went to a person after the last answer, or the connection was lost.
                texts = await self._anew(talker, way)
                if talker.gone:
                    await asyncio.sleep(_DOOR_PAUSE_S)
                    continue
            result = await talker.say(texts.popleft())
            self._results.append(result)
            if gap:
                self._note_due(planned, served=result.outcome is Outcome.ANSWERED)
                planned += dice.expovariate(1 / gap)
            if result.outcome is not Outcome.ANSWERED or not texts or talker.gone:
                # At once, so that the next conversation is open long before its first message is due.
                texts = await self._anew(talker, way)

        # What he would have written, had he not been kept waiting: else a system that stalls is asked less and looks better.
        while gap and planned < self._end:
            self._note_due(planned, served=False)
            planned += dice.expovariate(1 / gap)

    def _note_due(self, planned: float, *, served: bool) -> None:
        if planned >= self._start:
            self._due += 1
            self._served += served

    async def _anew(self, talker: Talker, way: Iterator[Script]) -> deque[str]:
        await talker.close()
        script = next(way)
        await self._open(talker, script)
        return deque(script.texts)

    def _figures(self, cpu: float) -> dict[str, object]:
        """Counts what was answered in the window, and takes the latency of what was sent in it.

        What was never answered enters the latencies with the time it was waited for: leaving it out would flatter.
        """
        sent = [result for result in self._results if self._start <= result.sent < self._end]
        answered = [result for result in sent if result.outcome is Outcome.ANSWERED]
        return {
            "window_s": self._end - self._start,
            "sent": len(sent),
            "answered": len(answered),
            "answered_in_window": sum(
                result.outcome is Outcome.ANSWERED and self._start <= result.done < self._end
                for result in self._results
            ),
            "left": sum(result.outcome is Outcome.LEFT for result in sent),
            "unanswered": sum(result.outcome is Outcome.UNANSWERED for result in sent),
            "errors": sum(result.outcome is Outcome.ERROR for result in sent) + self._doors_shut.total(),
            "empty": sum(result.detail == "empty" for result in answered),
            "details": dict(
                Counter(result.detail for result in sent if result.detail and result.outcome is not Outcome.ANSWERED)
                + self._doors_shut
            ),
            "conversations": self._conversations,
            "latencies_ms": sorted(
                (result.done - result.sent) * 1000
                for result in sent
                if result.outcome in (Outcome.ANSWERED, Outcome.UNANSWERED)
            ),
            "due": self._due,
            "served": self._served,
            "generator_cpu_s": cpu,
        }


def _way(scripts: list[Script], dice: random.Random) -> Iterator[Script]:
    """The conversations of one citizen: all of them, in an order of his own, again and again."""
    for _ in count():
        yield from dice.sample(scripts, len(scripts))


async def _until(moment: float) -> None:
    left = moment - time.perf_counter()
    if left > 0:
        await asyncio.sleep(left)


def _tell(at: str, figures: dict[str, object] | None = None) -> None:
    sys.stdout.buffer.write(orjson.dumps({"at": at, **(figures or {})}) + b"\n")
    sys.stdout.buffer.flush()


def main() -> None:
    """Plays what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--system", choices=sorted(CITIZENS), required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--citizens", type=int, required=True)
    parser.add_argument("--gap-s", type=float, required=True)
    parser.add_argument("--warm-up-s", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    plan = Plan(**vars(parser.parse_args()))
    _tell("done", uvloop.run(Play(plan).run()))


if __name__ == "__main__":
    main()
