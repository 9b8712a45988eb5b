"""The picture from the tables: conversations as they stand, and the log for what a row does not keep (each stay in the queue)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.board.picture import (
    Breach,
    Ended,
    Picture,
    Talk,
    Wait,
    begins_wait,
    ended_how,
    ends_wait,
    ordered,
)
from handoff.cases.models import Case
from handoff.conversations.facts import AS
from handoff.conversations.models import Conversation, Event
from handoff.state_machine import WAITING, State

#: Ids in one statement: SQLite takes 32 766 parameters, a plan stays readable with fewer.
_AT_ONCE = 5000


async def picture(session: AsyncSession, at: datetime, since: datetime) -> Picture:
    """How things stand at ``at`` (the present), with what happened from ``since`` on."""
    c = Conversation
    rows = await session.execute(
        select(
            c.id,
            c.state,
            c.channel,
            c.lang,
            c.institution_id,
            c.centre_id,
            c.holder_id,
            c.waiting_since,
            c.level2_at,
            c.level2_due_at,
            c.level2_answered_at,
            c.queue_id,
        ).where(c.closed_at.is_(None))
    )
    found: Sequence[Any] = rows.all()
    talks = [_talk(row) for row in found]
    closed = await session.execute(
        select(c.id, c.closed_at, c.channel, c.level, c.outcome, c.queued_at).where(c.closed_at >= since)
    )
    ended = [
        Ended(key, closed_at, channel, level, outcome, queued_at is not None)
        for key, closed_at, channel, level, outcome, queued_at in closed.tuples()
        if closed_at is not None
    ]
    noted = await session.execute(
        select(Event.conversation_id, Event.at).where(Event.kind == "level2_overdue", Event.at >= since)
    )
    breaches = [Breach(str(key), moment) for key, moment in noted.tuples()]
    return ordered(at, since, talks, ended, await _waits(session, since), breaches)


def _talk(row: Row[Any]) -> Talk:
    at_level2, with_assistant = row.state == State.LEVEL2, row.state == State.BOT
    return Talk(
        row.id,
        row.state,
        row.channel,
        None if with_assistant else row.lang,
        None if with_assistant else row.institution_id,
        row.centre_id,
        row.holder_id,
        row.waiting_since,
        row.level2_at if at_level2 else None,
        row.level2_due_at if at_level2 else None,
        at_level2 and row.level2_answered_at is not None,
        row.queue_id,
    )


def _of_waits() -> ColumnElement[bool]:
    return and_(
        Event.kind == "state",
        or_(
            and_(Event.to_state == State.QUEUED, Event.from_state.not_in(WAITING)),
            and_(Event.from_state.in_(WAITING), Event.to_state.not_in(WAITING)),
        ),
    )


async def _waits(session: AsyncSession, since: datetime) -> list[Wait]:
    """Waits that began or ended since then, or go on."""
    moved = select(Event.conversation_id).where(_of_waits(), Event.at >= since)
    still = select(Conversation.id).where(Conversation.state.in_(WAITING))
    rows = await session.execute(
        select(
            Event.conversation_id,
            Event.from_state,
            Event.to_state,
            Event.data,
            Event.at,
            Conversation.channel,
            Event.cause,
        )
        .join(Conversation, Conversation.id == Event.conversation_id)
        .where(_of_waits(), Event.conversation_id.in_(union(moved, still)))
        .order_by(Event.seq)
    )
    begun: dict[str, Wait] = {}
    found: list[Wait] = []
    for key, from_state, to_state, data, at, channel, cause in rows.tuples():
        conversation_id = str(key)
        if begins_wait(from_state, to_state):
            begun[conversation_id] = Wait(
                conversation_id, channel, at, from_state == State.BOT, transferred=cause == "to_queue"
            )
        elif ends_wait(from_state, to_state) and (wait := begun.pop(conversation_id, None)) is not None:
            how = ended_how(to_state)
            found.append(
                replace(
                    wait,
                    ended_at=at,
                    how=how,
                    # Who holds it then; whoever put it into his hands has only assigned it.
                    taker_id=data.get(AS, {}).get("holder_id") if how == "taken" else None,
                )
            )
    return [one for one in (*found, *begun.values()) if one.ended_at is None or one.ended_at >= since]


async def log_until(session: AsyncSession, at: datetime, after: int, limit: int) -> Sequence[Event]:
    """Events up to an instant, after a ``seq``, in order."""
    rows = await session.scalars(
        select(Event).where(Event.seq > after, Event.at <= at).order_by(Event.seq).limit(limit)
    )
    return rows.all()


async def rows_of(session: AsyncSession, ids: Iterable[str]) -> dict[str, tuple[Conversation, int]]:
    """Conversations with the numbers of their cases, by id."""
    wanted = list(dict.fromkeys(ids))[:_AT_ONCE]
    rows = await session.execute(
        select(Conversation, Case.no)
        .join(Case, Case.conversation_id == Conversation.id)
        .where(Conversation.id.in_(wanted))
    )
    return {conversation.id: (conversation, no) for conversation, no in rows.tuples()}
