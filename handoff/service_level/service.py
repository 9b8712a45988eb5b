"""The clocks in the transactions that move them: started with their deadlines, stopped with what became of them.

What state decides comes from the broker's changes, what is said from its messages, what platforms took from the outbox. A
breach is put on record by whoever comes first, the watch or the stop, once, for the instant at which it happened.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.channels import repository as platforms
from handoff.channels.models import ChannelThread
from handoff.channels.schemas import COMMENT
from handoff.conversations.events import EventLog
from handoff.conversations.models import Conversation
from handoff.conversations.repository import Standing
from handoff.conversations.schemas import WEBCHAT
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level import repository, rules
from handoff.service_level.models import LevelClock
from handoff.service_level.rules import Kind, Step
from handoff.state_machine import Actor, State
from kit.clock import Clock, iso
from kit.db import UnitOfWork

#: Of several clocks of a conversation a card shows the one whose time is the person's to keep.
_SHOWN: Final[tuple[Kind, ...]] = ("waiting", "first_response", "handling", "resolution")


class ServiceLevel:
    """Follows conversations with their clocks."""

    def __init__(
        self,
        clock: Clock,
        calendar: Callable[[], WorkingCalendar],
        target: Callable[[str], timedelta | None],
        level2_target: Callable[[], timedelta],
    ) -> None:
        """``target``: the working time promised by a measure now; None: nothing is. ``level2_target``: the specialists' own."""
        self._clock = clock
        self._calendar = calendar
        self._target = target
        self._level2_target = level2_target

    # --- what moves them ----------------------------------------------------------------------------------------------------

    async def opened(self, unit: UnitOfWork, conversation: Conversation) -> None:
        """A conversation begins; of a comment the answer is due from the moment it was written, whoever gives it."""
        if conversation.channel == WEBCHAT:
            return
        thread = await platforms.thread(unit.session, conversation.id)
        if thread is not None and thread.kind == COMMENT:
            self._start(unit.session, conversation, "comment", thread.created_at)
            await unit.session.flush()

    async def follow(
        self, unit: UnitOfWork, events: EventLog, conversation: Conversation, before: State, now: datetime
    ) -> None:
        """What a change of state means for the clocks, in its transaction. ``conversation`` is as it stands after it."""
        after = State(conversation.state)
        if conversation.channel == WEBCHAT and before == State.BOT and after != State.QUEUED:
            # Nobody was asked for: nothing runs. Most conversations end here.
            return
        session = unit.session
        thread = await platforms.thread(session, conversation.id) if conversation.channel != WEBCHAT else None
        found = await repository.running(session, conversation.id)
        for step in rules.steps(before, after, held=conversation.holder_id is not None):
            self._take(session, events, conversation, thread, found, step, before, now)
        await session.flush()
        if thread is not None and thread.kind == COMMENT:
            await self._comment(session, events, conversation, thread)

    def _take(
        self,
        session: AsyncSession,
        events: EventLog,
        conversation: Conversation,
        thread: ChannelThread | None,
        found: dict[str, LevelClock],
        step: Step,
        before: State,
        now: datetime,
    ) -> None:
        row, calendar = found.get(step.kind), self._calendar()
        if row is None:
            if step.act != "start":
                return
            comment = thread is not None and thread.kind == COMMENT
            if step.kind == "first_response" and (comment or conversation.first_reply_at is not None):
                # A comment has its hour instead; whoever has had an answer is not answered for the first time.
                return
            at = now
            if step.kind == "first_response" and thread is not None:
                at = thread.last_inbound_at
            promised = step.kind != "waiting" or before == State.BOT
            found[step.kind] = self._start(session, conversation, step.kind, at, promised=promised)
        elif step.act == "resume":
            rules.resume(row, calendar, now)
        elif step.act in ("pause", "stop"):
            self._note(events, row, now)
            if step.act == "pause":
                rules.pause(row, calendar, now)
            else:
                self._end(row, now, step.cause, conversation.centre_id)

    async def said(
        self, unit: UnitOfWork, events: EventLog, standing: Standing, author_kind: str, now: datetime
    ) -> None:
        """A person has said something to the citizen. In the web chat that is an answer; on a platform once it has gone out."""
        if author_kind not in ("operator", "specialist"):
            return
        found = await repository.running(unit.session, standing.id)
        stopped: list[Kind] = []
        if standing.channel == WEBCHAT:
            stopped.append("first_response")
        if author_kind == "specialist":
            stopped.append("level2")
        for kind in stopped:
            if (row := found.get(kind)) is not None:
                self._note(events, row, now)
                self._end(row, now, "answered", await _centre(unit.session, standing.id))
        if rules.citizens_turn(State(standing.state)) and (row := found.get("resolution")) is not None:
            self._note(events, row, now)
            rules.pause(row, self._calendar(), now)
        await unit.session.flush()

    async def level2_answered(
        self, unit: UnitOfWork, events: EventLog, conversation: Conversation, now: datetime
    ) -> None:
        """The specialist has answered the operator, in a note: the citizen need not hear it from himself."""
        row = (await repository.running(unit.session, conversation.id)).get("level2")
        if row is not None:
            self._note(events, row, now)
            self._end(row, now, "answered", conversation.centre_id)
            await unit.session.flush()

    async def citizen_wrote(self, unit: UnitOfWork, standing: Standing, now: datetime) -> None:
        """The citizen has said something: it is our turn."""
        if not rules.citizens_turn(State(standing.state)):
            return
        row = (await repository.running(unit.session, standing.id)).get("resolution")
        if row is not None:
            rules.resume(row, self._calendar(), now)
            await unit.session.flush()

    async def on_platform(
        self, unit: UnitOfWork, events: EventLog, conversation_id: str, answered_at: datetime | None = None
    ) -> None:
        """Something has become known of a conversation on a platform: an answer went out, or a comment is gone.

        ``answered_at``: when a person's answer went out, should it be one.
        """
        session = unit.session
        # What is pending on the row must not be lost when it is read anew.
        await session.flush()
        conversation = await session.get(Conversation, conversation_id, populate_existing=True)
        thread = await platforms.thread(session, conversation_id)
        if conversation is None or thread is None:
            return
        if thread.kind == COMMENT:
            await self._comment(session, events, conversation, thread)
            return
        if answered_at is None:
            return
        # The platform may tell of it when the conversation has ended already.
        row = await repository.latest(session, conversation_id, "first_response")
        if row is None or answered_at < row.started_at or row.cause not in (None, "ended"):
            return
        if row.stopped_at is not None and row.stopped_at < answered_at:
            return
        self._put_right(events, row, answered_at)
        self._note(events, row, answered_at)
        self._end(row, answered_at, "answered", conversation.centre_id)
        await session.flush()

    async def _comment(
        self, session: AsyncSession, events: EventLog, conversation: Conversation, thread: ChannelThread
    ) -> None:
        """Makes a comment's clock agree with what is known: an answer may be told late, and then it was in time after all."""
        row = await repository.latest(session, conversation.id, "comment")
        if row is None:
            return
        answered_at, deleted_at = conversation.first_reply_at, thread.deleted_at
        if deleted_at is not None and (answered_at is None or deleted_at < answered_at):
            at, cause = deleted_at, "withdrawn"
        elif answered_at is not None:
            at, cause = answered_at, "answered"
        elif conversation.closed_at is not None:
            at, cause = conversation.closed_at, "ended"
        else:
            return
        if (row.stopped_at, row.cause) == (at, cause):
            return
        self._put_right(events, row, at)
        self._note(events, row, at)
        self._end(row, at, cause, conversation.centre_id)
        await session.flush()

    def _put_right(self, events: EventLog, row: LevelClock, at: datetime) -> None:
        """Opens a clock that was stopped otherwise, and takes a breach back that was none."""
        if row.stopped_at is not None:
            row.spent_us, row.runs_from, row.stopped_at = 0, row.started_at, None
        if row.breached_at is not None and row.due_at is not None and at <= row.due_at:
            row.breached_at = None
            events.add("clock_in_time", row.conversation_id, actor_kind=Actor.SYSTEM, cause=row.kind, data=_told(row))

    # --- one clock ----------------------------------------------------------------------------------------------------------

    def _start(
        self, session: AsyncSession, conversation: Conversation, kind: Kind, at: datetime, *, promised: bool = True
    ) -> LevelClock:
        measure = rules.measure_of(kind, conversation.channel, promised=promised)
        target = self._level2_target() if kind == "level2" else self._target(measure) if measure else None
        if kind == "level2" and conversation.level2_at is not None:
            at = conversation.level2_at
        row = rules.started(self._calendar(), conversation.id, kind, conversation.channel, at, target)
        if kind == "level2" and conversation.level2_due_at is not None:
            # The specialists' clock is theirs: it is read, not computed again.
            row.due_at = conversation.level2_due_at
        session.add(row)
        return row

    def _note(self, events: EventLog, row: LevelClock, at: datetime) -> None:
        """Puts on record that the time had passed by ``at``: also when the answer came a second later, and nobody watched."""
        if rules.breaks(row, at):
            row.breached_at, row.told = row.due_at, 100
            tell_breach(events, row)

    def _end(self, row: LevelClock, at: datetime, cause: str, centre_id: str | None) -> None:
        rules.stop(row, self._calendar(), at, cause)
        # A wait that nobody ended was nobody's fault alone.
        row.centre_id = None if row.kind == "waiting" and cause != "taken" else centre_id


def tell_breach(events: EventLog, row: LevelClock) -> None:
    """The event of a time that passed. The specialists' clock tells of it itself (``level2_overdue``)."""
    if row.kind != "level2":
        events.add("clock_breached", row.conversation_id, actor_kind=Actor.SYSTEM, cause=row.kind, data=_told(row))


def _told(row: LevelClock) -> dict[str, Any]:
    return {"due_at": iso(row.due_at)}


async def _centre(session: AsyncSession, conversation_id: str) -> str | None:
    found: str | None = await session.scalar(select(Conversation.centre_id).where(Conversation.id == conversation_id))
    return found


def view(row: LevelClock) -> dict[str, Any]:
    """A clock as the console shows it (docs/protocol.md)."""
    return {
        "kind": row.kind,
        "started_at": iso(row.started_at),
        "target_s": row.target_s,
        "soon_at": iso(row.warn_50_at),
        "late_at": iso(row.warn_80_at),
        "due_at": iso(row.due_at),
        "paused": row.stopped_at is None and row.runs_from is None,
        "spent_s": row.spent_us // 1_000_000,
        "runs_from": iso(row.runs_from),
        "stopped_at": iso(row.stopped_at),
        "cause": row.cause,
        "breached": row.breached_at is not None,
    }


def shown(rows: list[LevelClock]) -> dict[str, Any] | None:
    """The clock that a card shows: of those that are judged and run, what is due first; None without."""
    judged = [
        (row.due_at, number, row)
        for number, kind in enumerate(_SHOWN)
        for row in rows
        if row.kind == kind and row.due_at is not None and row.runs_from is not None
    ]
    return view(min(judged, key=lambda one: one[:2])[2]) if judged else None
