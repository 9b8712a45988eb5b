"""Deciding about doubtful duplicates of the old catalogue (R19): shown with what speaks for and against, never joined by itself.

A decision is data: a version on top of those before it, on record, and followed by the next import. What waits for a second look
is not followed.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import Clock
from kit.db import Database
from kit.errors import Conflict, NotFound, PieturaError
from kit.textual import clean
from knowledge_base.catalogue.store import read_variants
from knowledge_base.catalogue.unify import UnifiedService, Variant, figures, title_key
from knowledge_base.editor.schemas import Person
from knowledge_base.editor.service import editors_only
from knowledge_base.importer import DATA_DIR
from knowledge_base.service import KnowledgeBase
from knowledge_base.unification import repository
from knowledge_base.unification.doubts import Doubt, read_doubts
from knowledge_base.unification.models import UnifyDecision
from knowledge_base.unification.schemas import Decide, Shown, decision_line, decision_view
from knowledge_base.wording.ports import Trail

OPEN: Final = "open"
LATER: Final = "later"
SECOND_LOOK: Final = "second_look"


class Unification:
    """What editors see of doubtful duplicates, and decide. Permission is checked here."""

    def __init__(
        self, db: Database, clock: Clock, knowledge: KnowledgeBase, trail: Trail, data_dir: Path = DATA_DIR
    ) -> None:
        """``data_dir``: where the catalogue and the decisions of the files are; the questions come from there."""
        self._db = db
        self._clock = clock
        self._knowledge = knowledge
        self._trail = trail
        self._data_dir = data_dir
        self._reading = asyncio.Lock()
        self._doubts: dict[str, Doubt] | None = None

    async def _questions(self) -> dict[str, Doubt]:
        """Read once: the files do not change while a worker runs."""
        async with self._reading:
            if self._doubts is None:
                found = await asyncio.to_thread(read_doubts, self._data_dir)
                self._doubts = {doubt.key: doubt for doubt in found}
        return self._doubts

    # --- looking --------------------------------------------------------------------------------------------------------

    async def questions(self, person: Person, shown: Shown) -> dict[str, Any]:
        """The questions in one state, and how many there are in each.

        ``gone``: decided questions that the catalogue asks no more; they are still followed, and can be taken back.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        questions = await self._questions()
        async with self._db.read() as session:
            decided = await repository.latest(session)
            stored = _homes(await read_variants(session))
        states = {key: _state(decided.get(key)) for key in questions}
        counts = {
            name: sum(state == name for state in states.values()) for name in (OPEN, "decided", LATER, SECOND_LOOK)
        }
        counts["all"] = len(questions)
        gone = [row for key, row in decided.items() if key not in questions and row.verdict != OPEN]
        counts["gone"] = len(gone)
        if shown == "gone":
            return {"questions": [_gone_line(row) for row in sorted(gone, key=lambda row: row.at)], "counts": counts}
        rows = [
            self._line(doubt, decided.get(key), stored)
            for key, doubt in questions.items()
            if shown in ("all", states[key])
        ]
        return {"questions": rows, "counts": counts}

    async def question(self, person: Person, key: str) -> dict[str, Any]:
        """One question: both sides with their rows, what speaks for and against, and what was decided.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such question.
        """
        editors_only(person)
        doubt = (await self._questions()).get(key)
        async with self._db.read() as session:
            return await self._told(session, person, doubt) if doubt is not None else await _gone(session, key)

    async def decisions(self, person: Person) -> list[dict[str, Any]]:
        """Every decision, in the order in which they were made, to be kept as a file.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        async with self._db.read() as session:
            return [decision_line(row) for row in await repository.everything(session)]

    # --- deciding -------------------------------------------------------------------------------------------------------

    async def decide(self, person: Person, key: str, wanted: Decide) -> dict[str, Any]:
        """Decides about a question; the next import follows it. The question as it is then.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such question.
            Conflict: ``decided_meanwhile`` with ``who``: somebody has decided since the person looked.
            PieturaError: ``variant_needs_reason``: what is otherwise about a variant is not said.
        """
        editors_only(person)
        doubt = await self._asked(key)
        reason = clean(wanted.reason)
        if wanted.verdict == "variant" and not reason:
            raise PieturaError("variant_needs_reason")
        return await self._decided(
            person, key, doubt, _about(doubt), wanted.version, wanted.verdict, reason, wanted.second_look
        )

    async def undo(self, person: Person, key: str, version: int) -> dict[str, Any]:
        """Takes a decision back: the question is open again, and the catalogue as the files say. The question as it is then.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`decide`.
            PieturaError: ``nothing_to_undo``.
        """
        editors_only(person)
        doubt = (await self._questions()).get(key)
        async with self._db.read() as session:
            last = (await repository.latest(session)).get(key)
        if last is None and doubt is None:
            raise NotFound()
        _seen(last, version)
        if last is None or last.verdict == OPEN:
            raise PieturaError("nothing_to_undo")
        # A decision outlives its question: what it is about is taken from itself.
        return await self._decided(person, key, doubt, _about(doubt or last), version, OPEN, "", False)

    async def _decided(
        self,
        person: Person,
        key: str,
        doubt: Doubt | None,
        about: dict[str, Any],
        version: int,
        verdict: str,
        reason: str,
        second_look: bool,
    ) -> dict[str, Any]:
        try:
            async with self._db.unit() as unit:
                session = unit.session
                before = (await repository.latest(session)).get(key)
                _seen(before, version)
                # Whoever wants a second look does not look himself.
                own = before is not None and before.second_look and before.by_id == person.id
                row = UnifyDecision(
                    id=str(uuid.uuid4()),
                    key=key,
                    version=version + 1,
                    verdict=verdict,
                    **about,
                    reason=reason,
                    second_look=(second_look or own) and verdict in repository.RULING,
                    by_id=person.id,
                    by_name=person.name,
                    at=self._clock.now(),
                )
                session.add(row)
                await session.flush()
                was = before.verdict if before is not None else OPEN
                self._trail.note_with(unit, person.id, "unify_decided", key, before=was, after=verdict, reason=reason)
                told = await self._told(session, person, doubt) if doubt is not None else await _gone(session, key)
        except IntegrityError as error:
            # Two decided in the same instant.
            raise Conflict("decided_meanwhile", who="–") from error
        return told

    async def _asked(self, key: str) -> Doubt:
        doubt = (await self._questions()).get(key)
        if doubt is None:
            raise NotFound()
        return doubt

    # --- what is shown --------------------------------------------------------------------------------------------------

    def _line(self, doubt: Doubt, decision: UnifyDecision | None, stored: Mapping[int, str]) -> dict[str, Any]:
        return {
            "key": doubt.key,
            "kind": doubt.kind,
            "score": doubt.score,
            "title": doubt.title,
            "other": doubt.other_title,
            "rows": len(doubt.rows),
            "version": decision.version if decision is not None else 0,
            "decision": decision_view(decision) if decision is not None and decision.verdict != OPEN else None,
            "in_force": _in_force(doubt, decision, stored),
        }

    async def _told(self, session: AsyncSession, person: Person, doubt: Doubt) -> dict[str, Any]:
        rows = await repository.history(session, doubt.key)
        stored = _homes(await read_variants(session))
        lang = person.lang
        line = self._line(doubt, rows[0] if rows else None, stored)
        own = {variant.row for variant in doubt.rows}
        return {
            **line,
            "note": doubt.note,
            "matters": list(doubt.matters),
            "figures": figures(title_key(doubt.title)) != figures(title_key(doubt.other_title)),
            "left": self._side(doubt.title, doubt.home, doubt.rows, lang),
            "right": self._side(
                doubt.other_title, doubt.other, [one for one in doubt.other.variants if one.row not in own], lang
            ),
            "history": [decision_view(row) for row in rows],
            "may_confirm": bool(rows and rows[0].second_look and rows[0].by_id != person.id),
        }

    def _side(self, title: str, service: UnifiedService, rows: Sequence[Variant], lang: str) -> dict[str, Any]:
        knowledge = self._knowledge
        described = service.service_id is not None and knowledge.known(service.service_id)
        return {
            "title": title,
            "service": {
                "id": service.id,
                "title": knowledge.title(service.id, lang) if described else service.title,
                "described": described,
            },
            "kind": service.kind,
            "rows": [self._row(row, lang) for row in rows],
        }

    def _row(self, row: Variant, lang: str) -> dict[str, Any]:
        places = [place for place in row.places() if place in self._knowledge.municipality_ids()]
        body = self._knowledge.institution_name(row.institution_id, lang) if row.institution_id else None
        return {
            "row": row.row,
            "title": row.title,
            "organisation": row.organisation,
            "unit": row.unit,
            "former": row.former,
            "today": [self._knowledge.municipality_name(place, lang) for place in places] or ([body] if body else []),
            "status": row.status,
            "confidence": row.confidence,
            "doubtful": row.doubtful,
        }


def _state(decision: UnifyDecision | None) -> str:
    if decision is None or decision.verdict == OPEN:
        return OPEN
    if decision.second_look:
        # Half decided is not decided: nothing follows it yet.
        return SECOND_LOOK
    return LATER if decision.verdict == LATER else "decided"


def _about(asked: Doubt | UnifyDecision) -> dict[str, Any]:
    """Columns that say what is decided on."""
    if isinstance(asked, UnifyDecision):
        return {name: getattr(asked, name) for name in ("row", "title", "other_row", "other_id", "other_title")}
    return {
        "row": asked.row,
        "title": asked.title,
        "other_row": asked.other_row,
        "other_id": asked.other.id,
        "other_title": asked.other.title,
    }


def _gone_line(row: UnifyDecision) -> dict[str, Any]:
    """A decision whose question is asked no more, as far as it tells itself what it is about."""
    return {
        "key": row.key,
        "gone": True,
        "title": row.title,
        "other": row.other_title,
        "version": row.version,
        "decision": decision_view(row) if row.verdict != OPEN else None,
    }


async def _gone(session: AsyncSession, key: str) -> dict[str, Any]:
    rows = await repository.history(session, key)
    if not rows:
        raise NotFound()
    return {**_gone_line(rows[0]), "history": [decision_view(row) for row in rows]}


def _seen(latest: UnifyDecision | None, version: int) -> None:
    if (latest.version if latest is not None else 0) != version:
        raise Conflict("decided_meanwhile", who=latest.by_name if latest is not None else "–")


def _homes(variants: Mapping[str, Sequence[Variant]]) -> dict[int, str]:
    """Row → the unified service in which it is now."""
    return {one.row: unified_id for unified_id, rows in variants.items() for one in rows}


def _in_force(doubt: Doubt, decision: UnifyDecision | None, stored: Mapping[int, str]) -> bool:
    """Whether the catalogue is as was decided; before the next import it may not be."""
    if decision is None or decision.verdict not in repository.RULING or decision.second_look:
        return False
    other = stored.get(doubt.other_row) if doubt.other_row is not None else doubt.other.id
    together = stored.get(doubt.row) == other
    return together is (decision.verdict != "different")
