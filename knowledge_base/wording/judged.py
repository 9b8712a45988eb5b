"""What is judged before it is published: the question set is run over a wish in the background, and what it found is kept.

A run is about exactly one thing (``check_key``). Whoever approves has its result before his eyes, or the run is begun first.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol, cast

from sqlalchemy import ColumnElement, CursorResult, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import UnitOfWork
from kit.errors import PieturaError
from kit.textual import clean
from knowledge_base import text as txt
from knowledge_base.repository import KnowledgeRepository
from knowledge_base.service import Content
from knowledge_base.wish import OPEN, Judged
from knowledge_base.wording import question_set, repository
from knowledge_base.wording.question_set import Question


@dataclass(frozen=True, slots=True)
class Trial:
    """Of what a run would be.

    Attributes:
        key: another one when the run would be about something else.
        questions: those that could fare otherwise; none: there is nothing to run.
    """

    key: str
    questions: Sequence[Question]


class Judging(Protocol):
    """Whose wishes are judged. ``check_asked`` is called when a run waits."""

    @property
    def judges(self) -> type[Judged]:
        """The wishes' table."""
        ...

    check_asked: Callable[[], None]

    async def trial(self, session: AsyncSession, row: Any, /) -> Trial:
        """Of what a run for this wish would be now."""
        ...

    async def with_wish(self, session: AsyncSession, content: Content, row: Any, /) -> Content:
        """``content`` as it would be with the wish."""
        ...


async def questions(session: AsyncSession) -> list[Question]:
    """The questions that count."""
    return question_set.combined(await repository.set_questions(session))[0]


def touched(asked: Sequence[Question], lang: str, before: str, after: str) -> list[Question]:
    """The questions that have a word which comes into an answer or goes out of it: no other can fare otherwise."""
    old, new = Counter(txt.stems(before, lang)), Counter(txt.stems(after, lang))
    moved = {*(old - new), *(new - old)}
    return [one for one in asked if one.lang == lang and not moved.isdisjoint(_stems(one.text, lang))]


@lru_cache(8192)
def _stems(text: str, lang: str) -> frozenset[str]:
    return frozenset(txt.stems(text, lang))


async def base_key(session: AsyncSession, asked: Sequence[Question]) -> str:
    """The part of a key that says what is published and what the set is."""
    return f"{await KnowledgeRepository(session).revision()}.{question_set.fingerprint(asked)}."


def mark(content: Mapping[str, Any]) -> str:
    """A mark of some wording; another one when anything in it has changed."""
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=12).hexdigest()


def is_fresh(row: Judged, trial: Trial) -> bool:
    """Whether it is known what comes of the wish as things are."""
    return not trial.questions or (row.check_state == "done" and row.check_key == trial.key)


def what_is_worse(result: Mapping[str, Any]) -> str:
    """A mark of the questions that would fare worse, and how."""
    worse = [[row["lang"], row["text"], row["after"]] for row in result["rows"] if row["verdict"] == "worse"]
    return mark({"worse": sorted(worse, key=str)})


def weighed(row: Judged, trial: Trial, note: str) -> dict[str, Any]:
    """The columns that say for which result somebody gave a reason; ``note``: what the second person said.

    Raises:
        PieturaError: ``worse_needs_reason``: more questions would be answered wrongly, and nobody says why that is right.
    """
    found = row.check_result if trial.questions else None
    if not found or not found["is_worse"]:
        return {"check_accepted": None}
    if not clean(note):
        raise PieturaError("worse_needs_reason")
    return {"check_accepted": what_is_worse(found)}


def is_accepted(row: Judged) -> bool:
    """Whether the result of the run is no worse, or is the very one that somebody gave a reason for."""
    found = row.check_result
    return not found or not found["is_worse"] or row.check_accepted == what_is_worse(found)


# --- the run ----------------------------------------------------------------------------------------------------------


def _free(model: type[Judged], now: datetime) -> ColumnElement[bool]:
    return or_(model.check_state == "waiting", (model.check_state == "running") & (model.check_lease <= now))


async def to_check(session: AsyncSession, model: type[Judged], now: datetime) -> str | None:
    """A wish whose run waits, or whose runner has gone silent."""
    found: str | None = await session.scalar(
        select(model.id)
        .where(
            model.state.in_(OPEN),
            _free(model, now),
        )
        .order_by(model.changed_at)
        .limit(1)
    )
    return found


async def ask_check(unit: UnitOfWork, row: Judged, whose: Judging) -> None:
    """The question set is to be run for a wish; one that is running goes on. ``row`` then shows it, and ``whose`` runner is told
    once that is stored."""
    model = type(row)
    await unit.session.execute(
        update(model)
        .where(model.id == row.id, model.check_state.not_in(("waiting", "running")))
        .values(check_state="waiting", check_done=0, check_total=0, check_lease=None)
    )
    await unit.session.refresh(row)

    async def tell() -> None:
        whose.check_asked()

    unit.after_commit(tell)


async def claim_check(session: AsyncSession, model: type[Judged], wish_id: str, now: datetime, until: datetime) -> bool:
    """Of several workers one runs it."""
    result = await session.execute(
        update(model)
        .where(
            model.id == wish_id,
            _free(model, now),
        )
        .values(check_state="running", check_lease=until, check_done=0)
    )
    return bool(cast("CursorResult[Any]", result).rowcount)


async def set_check(
    session: AsyncSession, model: type[Judged], wish_id: str, lease: datetime, values: dict[str, Any]
) -> bool:
    """Notes how far a run is, or its result; whether it is still this worker's (``lease``), and anybody waits for it."""
    result = await session.execute(
        update(model)
        .where(
            model.id == wish_id,
            model.state.in_(OPEN),
            model.check_state == "running",
            model.check_lease == lease,
        )
        .values(**values)
    )
    return bool(cast("CursorResult[Any]", result).rowcount)


def check_view(row: Judged, fresh: bool, names: Callable[[str], str]) -> dict[str, Any]:
    """A ``Check`` of docs/protocol.md: how far the run is, and what it found, with titles for ids."""
    found = row.check_result
    shown: dict[str, Any] | None = None
    if found is not None:
        shown = {name: value for name, value in found.items() if name != "rows"}
        shown["rows"] = [
            {
                **line,
                "expected": names(line["expected"]) if line["expected"] else None,
                "before": {**line["before"], "services": [names(one) for one in line["before"]["services"]]},
                "after": {**line["after"], "services": [names(one) for one in line["after"]["services"]]},
            }
            for line in found["rows"][:100]
        ]
        shown["more"] = max(0, len(found["rows"]) - 100)
    return {
        "state": row.check_state,
        "fresh": fresh and row.check_state == "done",
        "done": row.check_done,
        "total": row.check_total,
        "result": shown,
    }
