"""Runs the question set over wishes, beside everything else: with the change, on an index that nobody searches by."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from kit.clock import Clock
from kit.db import Database
from kit.rounds import Rounds
from knowledge_base.search import FloatArray, SearchIndex
from knowledge_base.service import KnowledgeBase, read_content
from knowledge_base.wording import judged
from knowledge_base.wording.judged import Judging
from knowledge_base.wording.ports import Decided, Deciding
from knowledge_base.wording.question_set import Question, asked, compared, without
from knowledge_base.wording.service import Wording

log = structlog.get_logger(__name__)
#: A runner that has told nothing for so long is gone, and another worker begins anew.
_LEASE = timedelta(seconds=60)
_PORTION = 40
#: A run that failed is tried again after so many seconds.
_AGAIN_S = 5.0
_TRIES = 3


class WordingWatch:
    """One a worker: publishes wording whose day has come, and runs the question set where a run waits."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        knowledge: KnowledgeBase,
        wording: Wording,
        deciding: Deciding,
        others: Sequence[Judging] = (),
        every: float = 1.0,
    ) -> None:
        """``others``: whose wishes are judged besides those for wording."""
        self._db = db
        self._clock = clock
        self._knowledge = knowledge
        self._wording = wording
        self._deciding = deciding
        self.rounds = Rounds(self.once, every, "the question set could not be run", _AGAIN_S)
        self._tries: dict[str, int] = {}
        #: How questions of the set fare in the index that is published. The next wish need not ask them again.
        self._present: tuple[SearchIndex, dict[Question, tuple[str, Decided]]] | None = None
        self._lease = clock.now()
        self._judging: tuple[Judging, ...] = (wording, *others)
        for whose in self._judging:
            whose.check_asked = self.rounds.wake

    async def run(self) -> None:
        """Looks until cancelled. A failure is logged and the next look tried."""
        await self.rounds.run()

    async def once(self) -> None:
        """One look: what is due, then one run of the set for each kind of wish."""
        await self._wording.settle_due()
        for whose in self._judging:
            async with self._db.read() as session:
                wish_id = await judged.to_check(session, whose.judges, self._clock.now())
            if wish_id is not None:
                await self._check(whose, wish_id)

    async def _check(self, whose: Judging, wish_id: str) -> None:
        now = self._clock.now()
        lease = self._lease = now + _LEASE
        async with self._db.unit() as unit:
            if not await judged.claim_check(unit.session, whose.judges, wish_id, now, lease):
                return
        try:
            await self._run(whose, wish_id, lease)
            self._tries.pop(wish_id, None)
        except Exception:
            # Nobody may wait for a run that is over; whoever looks is told, and may ask again.
            self._tries[wish_id] = self._tries.get(wish_id, 0) + 1
            given_up = self._tries[wish_id] >= _TRIES
            async with self._db.unit() as unit:
                values = {"check_state": "failed" if given_up else "waiting"}
                await judged.set_check(unit.session, whose.judges, wish_id, self._lease, values)
            if given_up:
                self._tries.pop(wish_id)
            raise

    async def _run(self, whose: Judging, wish_id: str, lease: datetime) -> None:
        async with self._db.read() as session:
            row = await session.get(whose.judges, wish_id)
            if row is None:
                return
            trial = await whose.trial(session, row)
            content = await read_content(session)
            wished = await whose.with_wish(session, content, row)
            session.expunge_all()
        questions = trial.questions
        total, done = 2 * len(questions), 0
        vectors = await self._vectors(questions)
        answers: list[list[tuple[str, Decided]]] = []
        for that in (content, wished):
            index = await self._knowledge.index_of(that)
            # Of a service that is withdrawn, not to be answered is right.
            asked_now = without(questions, {one.id for one in that.services.values() if one.withdrawn})
            # A change that search does not go by leaves the index as it is.
            known = self._known(index) if that is content or index is self._knowledge.search_index else {}
            open_ones = [place for place, one in enumerate(asked_now) if one not in known]
            done += len(asked_now) - len(open_ones)
            for at in range(0, len(open_ones), _PORTION):
                portion = open_ones[at : at + _PORTION]
                known |= await asyncio.to_thread(self._ask, index, asked_now, vectors, portion)
                done += len(portion)
                if not await self._told(whose, wish_id, lease, {"check_done": done, "check_total": total}):
                    return
                lease = self._lease
            answers.append([known[one] for one in asked_now])
        values = {
            "check_state": "done",
            "check_key": trial.key,
            "check_result": compared(questions, *answers),
            "check_done": total,
            "check_total": total,
        }
        await self._told(whose, wish_id, lease, values)

    def _known(self, index: SearchIndex) -> dict[Question, tuple[str, Decided]]:
        """What is known of how the set fares in the index that is published; filled by whoever asks more of it."""
        if self._present is None or self._present[0] is not index:
            self._present = (index, {})
        return self._present[1]

    async def _vectors(self, questions: Sequence[Question]) -> FloatArray | None:
        encoder = self._knowledge.encoder
        if encoder is None or not questions:
            return None
        return await asyncio.to_thread(encoder.encode, [one.text for one in questions])

    async def _told(self, whose: Judging, wish_id: str, lease: datetime, values: dict[str, Any]) -> bool:
        """Notes how far it is, and that its runner lives; whether it is still this worker's run."""
        self._lease = max(self._clock.now() + _LEASE, lease)
        async with self._db.unit() as unit:
            values = {**values, "check_lease": self._lease}
            return await judged.set_check(unit.session, whose.judges, wish_id, lease, values)

    def _ask(
        self, index: SearchIndex, questions: Sequence[Question], vectors: FloatArray | None, places: Sequence[int]
    ) -> dict[Question, tuple[str, Decided]]:
        return {
            questions[place]: asked(
                index, self._deciding, questions[place], vectors[place] if vectors is not None else None
            )
            for place in places
        }
