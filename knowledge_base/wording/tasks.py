"""Runs the question set over wishes, beside everything else: with the change, on an index that nobody searches by."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from kit.clock import Clock
from kit.db import Database
from kit.i18n import LANGUAGES
from kit.rounds import Rounds
from knowledge_base.models import Service
from knowledge_base.repository import ShownText
from knowledge_base.search import FloatArray, SearchIndex
from knowledge_base.service import GENERAL, Content, KnowledgeBase, read_content
from knowledge_base.wording import repository
from knowledge_base.wording.models import WordingChange
from knowledge_base.wording.ports import Decided, Deciding
from knowledge_base.wording.question_set import Question, asked, compared
from knowledge_base.wording.service import EXAMPLES, NAMES, Wording

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
        every: float = 1.0,
    ) -> None:
        self._db = db
        self._clock = clock
        self._knowledge = knowledge
        self._wording = wording
        self._deciding = deciding
        self.rounds = Rounds(self.once, every, "the question set could not be run", _AGAIN_S)
        self._tries: dict[str, int] = {}
        #: How the set fares now: by index, for the questions of one set. The next wish need not ask again.
        self._present: tuple[SearchIndex, list[Question], list[tuple[str, Decided]]] | None = None
        self._lease = clock.now()
        wording.check_asked = self.rounds.wake

    async def run(self) -> None:
        """Looks until cancelled. A failure is logged and the next look tried."""
        await self.rounds.run()

    async def once(self) -> None:
        """One look: what is due, then one run of the set."""
        await self._wording.settle_due()
        async with self._db.read() as session:
            change_id = await repository.to_check(session, self._clock.now())
        if change_id is not None:
            await self._check(change_id)

    async def _check(self, change_id: str) -> None:
        now = self._clock.now()
        lease = self._lease = now + _LEASE
        async with self._db.unit() as unit:
            if not await repository.claim_check(unit.session, change_id, now, lease):
                return
        try:
            await self._run(change_id, lease)
            self._tries.pop(change_id, None)
        except Exception:
            # Nobody may wait for a run that is over; whoever looks is told, and may ask again.
            self._tries[change_id] = self._tries.get(change_id, 0) + 1
            given_up = self._tries[change_id] >= _TRIES
            async with self._db.unit() as unit:
                values = {"check_state": "failed" if given_up else "waiting"}
                await repository.set_check(unit.session, change_id, self._lease, values)
            if given_up:
                self._tries.pop(change_id)
            raise

    async def _run(self, change_id: str, lease: datetime) -> None:
        async with self._db.read() as session:
            row = await repository.change(session, change_id)
            if row is None:
                return
            session.expunge(row)
            key = await self._wording.key(session, row)
            questions = await self._wording.questions(session)
            content = await read_content(session)
        present = await self._knowledge.index_of(content)
        candidate = await self._knowledge.index_of(_with(content, row))
        encoder = self._knowledge.encoder
        vectors = await asyncio.to_thread(encoder.encode, [one.text for one in questions]) if encoder else None
        known = self._present
        total = 2 * len(questions)
        done = 0
        answers: list[list[tuple[str, Decided]]] = []
        for index in (present, candidate):
            if known is not None and known[0] is index and known[1] == questions:
                answers.append(known[2])
                done += len(questions)
                continue
            found: list[tuple[str, Decided]] = []
            for at in range(0, len(questions), _PORTION):
                found += await asyncio.to_thread(self._ask, index, questions, vectors, at)
                done = min(done + _PORTION, total)
                if not await self._told(change_id, lease, {"check_done": done, "check_total": total}):
                    return
                lease = self._lease
            answers.append(found)
        self._present = (present, questions, answers[0])
        result = compared(questions, *answers)
        values = {
            "check_state": "done",
            "check_key": key,
            "check_result": result,
            "check_done": total,
            "check_total": total,
        }
        await self._told(change_id, lease, values)

    async def _told(self, change_id: str, lease: datetime, values: dict[str, Any]) -> bool:
        """Notes how far it is, and that its runner lives; whether it is still this worker's run."""
        self._lease = max(self._clock.now() + _LEASE, lease)
        async with self._db.unit() as unit:
            return await repository.set_check(unit.session, change_id, lease, {**values, "check_lease": self._lease})

    def _ask(
        self, index: SearchIndex, questions: Sequence[Question], vectors: FloatArray | None, at: int
    ) -> list[tuple[str, Decided]]:
        return [
            asked(index, self._deciding, questions[place], vectors[place] if vectors is not None else None)
            for place in range(at, min(at + _PORTION, len(questions)))
        ]


def _with(content: Content, row: WordingChange) -> Content:
    """``content`` as it would be with the change."""
    after = row.after
    if row.kind == EXAMPLES:
        return replace(content, examples={**content.examples, (row.service_id, row.lang): after["texts"]})
    services = dict(content.services)
    if row.kind == NAMES:
        old = services[row.service_id]
        titles = {**old.titles(), row.lang: after["title"]}
        services[row.service_id] = _service(
            old.id, titles, {**old.aliases, row.lang: after["texts"]}, old.institution_code, old.institution_name
        )
        return replace(content, services=services)
    titles = {lang: after["title"].get(lang) or after["title"]["lv"] for lang in LANGUAGES}
    services[row.service_id] = _service(row.service_id, titles, {}, after["institution"], after["institution"])
    examples = {(row.service_id, lang): texts for lang, texts in after["examples"].items()}
    texts = {
        (row.service_id, lang): {GENERAL: ShownText(row.service_id, lang, GENERAL, text, "editor", None)}
        for lang, text in after["answer"].items()
    }
    return replace(
        content, services=services, examples={**content.examples, **examples}, texts={**content.texts, **texts}
    )


def _service(
    service_id: str, titles: dict[str, str], aliases: dict[str, list[str]], code: str, institution: str
) -> Service:
    """As much of a service as the index asks for; it is never stored."""
    return Service(
        id=service_id,
        title_lv=titles["lv"],
        title_ru=titles["ru"],
        title_en=titles["en"],
        aliases=aliases,
        institution_code=code,
        institution_name=institution,
    )
