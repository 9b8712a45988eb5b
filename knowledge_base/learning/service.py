"""Questions from life: gathered, grouped by likeness, and made into drafts. Nothing is published from here."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from kit.clock import Clock, iso
from kit.db import Database, UnitOfWork
from kit.errors import Conflict, NotFound
from knowledge_base.editor.schemas import Person
from knowledge_base.editor.service import editors_only
from knowledge_base.learning import repository
from knowledge_base.learning.models import LifeGroup, LifeQuestion
from knowledge_base.learning.ports import Asked, Life
from knowledge_base.learning.schemas import Decide, Examples, Proposal
from knowledge_base.search import FloatArray
from knowledge_base.service import KnowledgeBase
from knowledge_base.turns.schemas import FromLife
from knowledge_base.turns.service import TurnsDesk
from knowledge_base.wording.models import WordingChange
from knowledge_base.wording.ports import Trail
from knowledge_base.wording.repository import change as wording_change
from knowledge_base.wording.service import Wording, meeting

#: From this cosine on two questions are alike: of the tuning questions, one pair in a thousand about different services is.
ALIKE: Final = 0.5
#: So long questions are kept in sight; and how far back the first look goes.
KEPT: Final = timedelta(days=180)
#: What is stored at this instant may not be readable yet: the youngest are left for the next look.
_SETTLES = timedelta(seconds=2)
_WEEK = timedelta(days=7)
#: So much of the past is looked through at once.
_STEP = timedelta(days=1)
_PAGE, _TEXTS, _QUESTIONS, _SERVICES = 50, 3, 30, 3


class Learning:
    """What editors see of life, and what they make of it. Permission is checked here; what was read is noted."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        knowledge: KnowledgeBase,
        life: Life,
        wording: Wording,
        trail: Trail,
        turns: TurnsDesk,
    ) -> None:
        self._db = db
        self._clock = clock
        self._knowledge = knowledge
        self._life = life
        self._wording = wording
        self._trail = trail
        self._turns = turns

    # --- gathering ------------------------------------------------------------------------------------------------------

    async def gather(self) -> int:
        """Takes in what came to nothing since the last look, and forgets what is too old; how many questions are new.

        A day at a time: what has heaped up, at the first look half a year of it, never holds the one writer of SQLite for long.

        Raises:
            Conflict: ``edited_elsewhere``: a group was erased meanwhile; the next look begins where this one ended.
        """
        until = self._clock.now() - _SETTLES
        found = 0
        while (step := await self._gather_day(until)) is not None:
            found += step
        return found

    async def _gather_day(self, until: datetime) -> int | None:
        """How many questions are new; None: there is nothing left to look at, or another worker looks."""
        async with self._db.read() as session:
            before = await repository.cursor(session)
        oldest = until - KEPT
        start = max(before or oldest, oldest)
        if until <= start:
            return None
        end = min(until, start + _STEP)
        asked = await self._life.asked(start, end)
        async with self._db.read() as session:
            known = await repository.known(session, [one.message_id for one in asked])
            groups = list(await repository.groups(session)) if asked else []
        fresh = [one for one in asked if one.message_id not in known]
        vectors = [await self._knowledge.vector(one.text) for one in fresh]
        # Where each belongs is found out before anybody has to wait for the writing.
        placed = await asyncio.to_thread(_placed, groups, fresh, vectors)
        async with self._db.unit() as unit:
            if not await repository.move_cursor(unit.session, before, end):
                return None
            there = {one.id for one in groups}
            if not await repository.store(unit.session, [group for group, _ in placed], there):
                raise Conflict("edited_elsewhere")
            unit.session.add_all(
                LifeQuestion(message_id=one.message_id, group_id=group.id, why=one.why, at=one.at)
                for group, questions in placed
                for one in questions
            )
            await unit.session.flush()
            await repository.forget(unit.session, oldest)
        return len(fresh)

    # --- looking --------------------------------------------------------------------------------------------------------

    async def groups(self, person: Person, shown: str, page: int = 1) -> dict[str, Any]:
        """Groups page by page, the largest of late first: how many, why, since when, more or fewer than the week before, and some
        texts.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        now = self._clock.now()
        async with self._db.read() as session:
            every = await repository.groups(session)
            questions = await repository.questions(session)
            changes = {
                one.id: await wording_change(session, one.change_id) for one in every if one.change_id is not None
            }
        of_group: dict[str, list[LifeQuestion]] = defaultdict(list)
        for question in questions:
            of_group[question.group_id].append(question)
        states = {one.id: _state(one, changes.get(one.id)) for one in every}
        wanted = [one for one in every if states[one.id] == shown]
        wanted.sort(key=lambda one: (-len(of_group[one.id]), -one.last_at.timestamp()))
        pages = max(1, -(-len(wanted) // _PAGE))
        page = min(page, pages)
        wanted = wanted[(page - 1) * _PAGE : page * _PAGE]
        words = await self._life.read([q.message_id for one in wanted for q in of_group[one.id][:_TEXTS]])
        rows = []
        for one in wanted:
            own = of_group[one.id]
            texts = [words[q.message_id].text for q in own[:_TEXTS] if q.message_id in words]
            if texts:
                change = changes.get(one.id)
                rows.append(self._view(one, states[one.id], change, own, list(dict.fromkeys(texts)), now))
        return {"groups": rows, "counts": dict(Counter(states.values())), "page": page, "pages": pages}

    async def group(self, person: Person, group_id: str) -> dict[str, Any]:
        """One group: its questions, what people answered to them, and the services that come nearest. That it was read is noted.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such group, or nothing is left of it.
        """
        editors_only(person)
        now = self._clock.now()
        async with self._db.read() as session:
            row, own, change = await self._found(session, group_id)
        words = await self._life.read([one.message_id for one in own[:_QUESTIONS]], answers=True)
        shown = [(one, words[one.message_id]) for one in own[:_QUESTIONS] if one.message_id in words]
        if not shown:
            raise NotFound()
        await self._trail.note(person.id, "life_read", group_id, questions=len(shown))
        texts = list(dict.fromkeys(said.text for _, said in shown))
        near = self._knowledge.search(texts[0], row.lang, _SERVICES)
        return {
            **self._view(row, _state(row, change), change, own, texts[:_TEXTS], now),
            "questions": [
                {"text": said.text, "why": one.why, "at": iso(one.at), "answers": list(said.answers)}
                for one, said in shown
            ],
            "services": [
                {
                    "id": one.service_id,
                    "title": self._knowledge.title(one.service_id, person.lang),
                    "probability": round(one.probability, 3),
                }
                for one in near
                if self._knowledge.known(one.service_id)
            ],
            "institutions": [
                {"id": one.id, "name": self._knowledge.institution_name(one.id, person.lang)}
                for one in self._knowledge.institutions()
                if one.kind != "municipality"
            ],
        }

    # --- deciding -------------------------------------------------------------------------------------------------------

    async def decide(self, person: Person, group_id: str, wanted: Decide) -> None:
        """Not for us, taken for an answer that is being written, or open again.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such group.
            Conflict: ``edited_elsewhere``.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            before = await self._set(unit, person, group_id, wanted.version, wanted.state, None)
        await self._trail.note(person.id, "life_decided", group_id, before=before, after=wanted.state)

    async def as_examples(self, person: Person, group_id: str, wanted: Examples) -> dict[str, Any]:
        """A draft that adds questions to the examples of a service; the group is taken. The ``WordingChange``.

        Raises:
            Forbidden, NotFound, Conflict, PieturaError: as for :meth:`Wording.draft`; ``edited_elsewhere``.
        """

        async def draft(unit: UnitOfWork) -> dict[str, Any]:
            return await self._wording.add_examples(
                unit, person, wanted.service_id, wanted.lang, wanted.texts, group_id
            )

        return await self._take(person, group_id, wanted.version, draft)

    async def as_turn(self, person: Person, group_id: str, wanted: FromLife) -> dict[str, Any]:
        """A draft that makes questions examples of a kind of turn; the group is taken. The ``TurnChange``.

        Raises:
            Forbidden, NotFound, PieturaError: as for :meth:`TurnsDesk.draft`. Conflict: ``edited_elsewhere``.
        """

        async def draft(unit: UnitOfWork) -> dict[str, Any]:
            return await self._turns.from_life(unit, person, wanted.intent, wanted.lang, wanted.texts, group_id)

        return await self._take(person, group_id, wanted.version, draft)

    async def as_service(self, person: Person, group_id: str, wanted: Proposal) -> dict[str, Any]:
        """A draft of a new service; the group is taken. The ``WordingChange``.

        Raises:
            Forbidden, NotFound, Conflict, PieturaError: as for :meth:`Wording.draft_service`; ``edited_elsewhere``.
        """

        async def draft(unit: UnitOfWork) -> dict[str, Any]:
            return await self._wording.add_service(unit, person, wanted.service, group_id)

        return await self._take(person, group_id, wanted.version, draft)

    async def _take(
        self, person: Person, group_id: str, version: int, draft: Callable[[UnitOfWork], Awaitable[dict[str, Any]]]
    ) -> dict[str, Any]:
        """A draft and the group it comes from, in one transaction: neither is there without the other."""
        editors_only(person)
        async with meeting(), self._db.unit() as unit:
            row = await repository.group(unit.session, group_id)
            if row is not None and row.version != version:
                raise Conflict("edited_elsewhere")
            change = await draft(unit)
            before = await self._set(unit, person, group_id, version, "taken", change["id"])
        await self._trail.note(person.id, "life_decided", group_id, before=before, after="taken", change=change["id"])
        return change

    async def _set(
        self, unit: UnitOfWork, person: Person, group_id: str, version: int, state: str, change_id: str | None
    ) -> str:
        row = await repository.group(unit.session, group_id)
        if row is None:
            raise NotFound()
        before = row.state
        values = {
            "state": state,
            "change_id": change_id,
            "decided_by": person.id,
            "decided_name": person.name,
            "decided_at": self._clock.now(),
        }
        if not await repository.set_group(unit.session, row, version, values):
            raise Conflict("edited_elsewhere")
        return before

    async def _found(
        self, session: Any, group_id: str
    ) -> tuple[LifeGroup, Sequence[LifeQuestion], WordingChange | None]:
        row = await repository.group(session, group_id)
        if row is None:
            raise NotFound()
        own = await repository.questions(session, group_id)
        change = await wording_change(session, row.change_id) if row.change_id else None
        return row, own, change

    def _view(
        self,
        row: LifeGroup,
        state: str,
        change: WordingChange | None,
        own: Sequence[LifeQuestion],
        texts: list[str],
        now: datetime,
    ) -> dict[str, Any]:
        week = sum(one.at > now - _WEEK for one in own)
        return {
            "id": row.id,
            "version": row.version,
            "lang": row.lang,
            "state": state,
            "size": len(own),
            "first_at": iso(min((one.at for one in own), default=row.first_at)),
            "last_at": iso(row.last_at),
            "week": week,
            "week_before": sum(now - 2 * _WEEK < one.at <= now - _WEEK for one in own),
            "why": dict(Counter(one.why for one in own)),
            "texts": texts,
            "decided_by": row.decided_name,
            "decided_at": iso(row.decided_at),
            # What comes after a decision tells whether it has helped.
            "since": sum(row.decided_at is not None and one.at > row.decided_at for one in own),
            "change": {"id": change.id, "state": change.state, "service_id": change.service_id} if change else None,
        }


def _state(row: LifeGroup, change: WordingChange | None) -> str:
    """A group whose change was given up is open again."""
    return "open" if row.state == "taken" and change is not None and change.state == "dropped" else row.state


def _placed(
    groups: Sequence[LifeGroup], fresh: Sequence[Asked], vectors: Sequence[FloatArray | None]
) -> list[tuple[LifeGroup, list[Asked]]]:
    """Groups as they are with the new questions, and which those are; groups that there were not before are among them."""
    centres = _Centres(groups)
    found: dict[str, tuple[LifeGroup, list[Asked]]] = {}
    for one, vector in zip(fresh, vectors, strict=True):
        group = centres.nearest(one.lang, vector)
        if group is None:
            group = LifeGroup(
                id=str(uuid.uuid4()),
                lang=one.lang,
                state="open",
                centre=b"",
                size=0,
                first_at=one.at,
                last_at=one.at,
                version=1,
            )
        centres.put(group, vector, one.at)
        found.setdefault(group.id, (group, []))[1].append(one)
    return list(found.values())


class _Centres:
    """Which group a question belongs to: the one whose mean is nearest, if it is near enough."""

    def __init__(self, groups: Sequence[LifeGroup]) -> None:
        self._groups: dict[str, list[LifeGroup]] = defaultdict(list)
        self._means: dict[str, list[FloatArray]] = defaultdict(list)
        for one in groups:
            self._groups[one.lang].append(one)
            self._means[one.lang].append(_unit(np.frombuffer(one.centre, np.float32)))

    def nearest(self, lang: str, vector: FloatArray | None) -> LifeGroup | None:
        """The group of a question; None: it is the first of its kind."""
        means = self._means[lang]
        if vector is None or not means:
            return None
        near = np.stack(means) @ vector
        best = int(near.argmax())
        return self._groups[lang][best] if near[best] >= ALIKE else None

    def put(self, group: LifeGroup, vector: FloatArray | None, at: datetime) -> None:
        """Counts a question in."""
        added = np.zeros(1, np.float32) if vector is None else vector.astype(np.float32)
        centre = np.frombuffer(group.centre, np.float32) + added if group.centre else added
        group.centre = centre.astype(np.float32).tobytes()
        group.size += 1
        group.first_at, group.last_at = min(group.first_at, at), max(group.last_at, at)
        own = self._groups[group.lang]
        if group not in own:
            own.append(group)
            self._means[group.lang].append(_unit(centre))
        else:
            self._means[group.lang][own.index(group)] = _unit(centre)


def _unit(centre: FloatArray) -> FloatArray:
    norm = float(np.linalg.norm(centre))
    return centre / norm if norm else centre
