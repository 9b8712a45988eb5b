"""What editors may know of conversations: single questions that came to nothing, masked, and what people answered to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.citizens.personal_data import Holding, Subject, register
from handoff.conversations.models import Conversation, Message, Turn
from handoff.staff import repository as people
from kit.clock import Clock
from kit.db import Database, UnitOfWork
from kit.masking import mask
from knowledge_base.learning.models import LifeGroup, LifeQuestion
from knowledge_base.learning.ports import Asked

_PEOPLE = ("operator", "specialist")
#: A rating of at most so many of five stars is a bad one.
_BAD = 2
#: What is shorter is no question: "ok", "jā".
_LEAST = 8
_LONGEST = 300
_ANSWERS = 3


async def _nothing_of_its_own(_session: AsyncSession, _who: Subject) -> list[dict[str, Any]]:
    # The words are the messages'; a group knows only which they are.
    return []


async def _erase_questions(session: AsyncSession, who: Subject) -> int:
    """His questions leave their groups; a group that has no other goes, and with it what it knows of their meaning."""
    mine = select(Message.id).where(Message.conversation_id.in_(who.conversations))
    rows = await session.execute(
        delete(LifeQuestion).where(LifeQuestion.message_id.in_(mine)).returning(LifeQuestion.group_id)
    )
    groups = [group_id for (group_id,) in rows.all()]
    left = select(LifeQuestion.group_id).where(LifeQuestion.group_id.in_(groups))
    await session.execute(delete(LifeGroup).where(LifeGroup.id.in_(groups), LifeGroup.id.not_in(left)))
    return len(groups)


register(Holding("questions", _nothing_of_its_own, _erase_questions))


class LifeOfConversations:
    """See :class:`knowledge_base.learning.ports.Life`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def asked(self, after: datetime, until: datetime) -> list[Asked]:
        """See :meth:`knowledge_base.learning.ports.Life.asked`."""
        ended = (Conversation.closed_at > after) & (Conversation.closed_at <= until)
        rated = (Conversation.rated_at > after) & (Conversation.rated_at <= until)
        async with self._db.read() as session:
            rows = await session.execute(
                select(Conversation.id, Conversation.rating).where(or_(ended, rated)).order_by(Conversation.opened_at)
            )
            ratings = dict(rows.tuples().all())
            found: list[Asked] = []
            ids = list(ratings)
            for at in range(0, len(ids), 500):
                for conversation_id, said, outcomes in await _said(session, ids[at : at + 500]):
                    found += _unanswered(said, outcomes, ratings[conversation_id])
        return found

    async def read(self, message_ids: Sequence[str], *, answers: bool = False) -> dict[str, Asked]:
        """See :meth:`knowledge_base.learning.ports.Life.read`."""
        if not message_ids:
            return {}
        async with self._db.read() as session:
            rows = (await session.scalars(select(Message).where(Message.id.in_(message_ids)))).all()
            after: dict[str, list[Message]] = {}
            if answers:
                said = await _said(session, list({row.conversation_id for row in rows}))
                after = {conversation_id: messages for conversation_id, messages, _ in said}
        return {
            row.id: _asked(row, "", _answers(row, after.get(row.conversation_id, [])) if answers else ())
            for row in rows
            if _is_question(row)
        }


class AuditTrail:
    """See :class:`knowledge_base.wording.ports.Trail`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def note(self, staff_id: str, action: str, object_id: str | None, **detail: Any) -> None:
        """See :meth:`knowledge_base.wording.ports.Trail.note`."""
        async with self._db.unit() as unit:
            self.note_with(unit, staff_id, action, object_id, **detail)

    def note_with(
        self, unit: UnitOfWork, staff_id: str | None, action: str, object_id: str | None, **detail: Any
    ) -> None:
        """See :meth:`knowledge_base.wording.ports.Trail.note_with`."""
        people.audit(unit.session, self._clock.now(), staff_id, action, object_id, **detail)


async def _said(session: Any, ids: Sequence[str]) -> list[tuple[str, list[Message], dict[str, str | None]]]:
    """Conversations with all that was said, in order, and what came of each turn."""
    messages: dict[str, list[Message]] = defaultdict(list)
    query = select(Message).where(Message.conversation_id.in_(ids)).order_by(Message.conversation_id, Message.seq)
    for row in await session.scalars(query):
        messages[row.conversation_id].append(row)
    turns = await session.execute(select(Turn.message_id, Turn.outcome).where(Turn.conversation_id.in_(ids)))
    outcomes = dict(turns.tuples().all())
    return [(one, messages[one], outcomes) for one in ids]


def _unanswered(said: Sequence[Message], outcomes: dict[str, str | None], rating: int | None) -> list[Asked]:
    """The questions of one conversation that came to nothing, each once."""
    why: dict[str, str] = {}
    theirs = [one for one in said if one.author_kind == "citizen"]
    for at, message in enumerate(theirs):
        outcome = outcomes.get(message.id)
        following = theirs[at + 1] if at + 1 < len(theirs) else None
        if not _is_question(message):
            continue
        if outcome in ("clarify", "out_of_scope"):
            why[message.id] = "not_understood"
        elif outcome in ("choices", "asked_back") and following is None:
            why[message.id] = "left"
        elif outcome == "answered" and following is not None and following.payload == "helped:no":
            why[message.id] = "not_helped"
    handed = _handed_over(said, theirs, outcomes)
    if handed is not None:
        why.setdefault(handed, "handed_over")
    if rating is not None and rating <= _BAD:
        answered = [one for one in theirs if outcomes.get(one.id) == "answered" and _is_question(one)]
        if answered:
            why.setdefault(answered[-1].id, "bad_rating")
    return [_asked(one, why[one.id]) for one in theirs if one.id in why]


def _handed_over(said: Sequence[Message], theirs: Sequence[Message], outcomes: dict[str, str | None]) -> str | None:
    """The question that a person was asked: what was written after the wish for one, else what stands before it."""
    replied = next((one.seq for one in said if one.author_kind in _PEOPLE), None)
    if replied is None:
        return None
    before = [one for one in theirs if one.seq < replied]
    wish = next((one.seq for one in before if outcomes.get(one.id) == "handoff"), None)
    if wish is None:
        return None
    told = [one for one in before if one.seq > wish and _is_question(one)]
    # "I want a person" is no question; the last one before it is what he wants a person for.
    asked = [one for one in before if one.seq < wish and _is_question(one) and outcomes.get(one.id) != "smalltalk"]
    return told[0].id if told else asked[-1].id if asked else None


def _is_gone(message: Message) -> bool:
    """Deleted by who wrote it, or erased at the citizen's request: what stands there now are not his words."""
    return bool({"deleted", "erased"} & set(message.extras or {}))


def _is_question(message: Message) -> bool:
    return (
        message.author_kind == "citizen"
        and not message.payload
        and not _is_gone(message)
        and len(message.text.strip()) >= _LEAST
    )


def _asked(message: Message, why: str, answers: tuple[str, ...] = ()) -> Asked:
    text = " ".join(mask(message.text).text.split())[:_LONGEST]
    return Asked(message.id, message.lang, text, why, message.at, answers)


def _answers(message: Message, said: Sequence[Message]) -> tuple[str, ...]:
    """What people answered next, until the citizen wrote again."""
    found: list[str] = []
    for one in said:
        if one.seq <= message.seq or _is_gone(one):
            continue
        if one.author_kind in _PEOPLE:
            found.append(mask(one.text).text)
        elif one.author_kind == "citizen" and found:
            break
    return tuple(found[:_ANSWERS])
