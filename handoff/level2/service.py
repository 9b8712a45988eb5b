"""The specialists' clock (R4): until when an institution should have answered, and what follows from it.

It runs in working time from the bringing until the specialist's first answer, to the citizen or in a note to the operator, or
the end of his part. That it ran out is recorded as an event of its own, also when the answer comes later.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from handoff.conversations import repository as conversations
from handoff.conversations.events import EventLog
from handoff.conversations.models import Conversation
from handoff.level2 import repository
from handoff.level2.models import Mail
from handoff.service_clock.service import WorkingCalendar
from handoff.staff.models import Staff
from handoff.state_machine import Actor, State, Trigger
from kit.clock import Clock, iso
from kit.db import UnitOfWork

#: Shares of the target at which it becomes pressing, and very pressing; as on platforms.
SOON: Final = 0.5
LATE: Final = 0.8
#: So long a first mail waits for others that come in the same moment.
GATHER: Final = timedelta(seconds=15)


def wants_mail(person: Staff) -> bool:
    """Whether he has left mails switched on, as they are unless he says otherwise."""
    return bool((person.settings or {}).get("level2_mail", True))


class Level2:
    """Follows conversations into level 2 and out of it."""

    def __init__(self, clock: Clock, calendar: Callable[[], WorkingCalendar], target: timedelta) -> None:
        """``target``: working time in which an institution should have answered."""
        self._clock = clock
        self._calendar = calendar
        self.target = target
        #: Whether mails are sent at all; none are owed when not. Set by the gateway.
        self.mails = False
        #: So long mails wait for others.
        self.gather = GATHER

    def begins(self, now: datetime) -> dict[str, Any]:
        """Columns to set when a conversation is brought to an institution."""
        return {
            "level2_at": now,
            "level2_due_at": self._calendar().add_working(now, self.target),
            "level2_answered_at": None,
            "level2_breached_at": None,
        }

    def mark(self, since: datetime, share: float) -> datetime:
        """When ``share`` of the target has gone, in working time, UTC."""
        return self._calendar().add_working(since, self.target * share)

    def waited(self, since: datetime, now: datetime) -> timedelta:
        """Working time since the bringing."""
        return self._calendar().working_between(since, now)

    def clock_of(self, conversation: Conversation) -> dict[str, Any] | None:
        """The clock as a card tells it; None when the conversation is not at level 2."""
        since, due = conversation.level2_at, conversation.level2_due_at
        if conversation.state != State.LEVEL2 or since is None or due is None:
            return None
        return {
            "since": iso(since),
            "soon_at": iso(self.mark(since, SOON)),
            "late_at": iso(self.mark(since, LATE)),
            "due_at": iso(due),
            "answered_at": iso(conversation.level2_answered_at),
            "overdue": conversation.level2_breached_at is not None,
        }

    async def follow(
        self, unit: UnitOfWork, events: EventLog, conversation: Conversation, before: State, trigger: Trigger
    ) -> None:
        """What a change of state means for the clock, in its transaction. ``conversation`` is as it stands after it."""
        if trigger == Trigger.LEVEL2:
            if self.mails:
                await self._owe(unit, conversation)
        elif before == State.LEVEL2 and conversation.state != State.LEVEL2:
            # The watch may not have come by since it ran out.
            await self.note_breach(unit, events, conversation)

    async def note_breach(self, unit: UnitOfWork, events: EventLog, conversation: Conversation) -> bool:
        """Puts on record, once, that the target passed without an answer; whether that was so."""
        due, now = conversation.level2_due_at, self._clock.now()
        if due is None or conversation.level2_breached_at is not None:
            return False
        if (conversation.level2_answered_at or now) <= due:
            return False
        noted = await conversations.set_where(
            unit.session,
            conversation.id,
            Conversation.level2_breached_at.is_(None) & (Conversation.level2_due_at == due),
            {"level2_breached_at": now},
        )
        if noted is None:
            return False
        events.add(
            "level2_overdue",
            conversation.id,
            actor_kind=Actor.SYSTEM,
            data={"due_at": iso(due), "institution_id": conversation.level2_institution_id},
        )
        return True

    async def _owe(self, unit: UnitOfWork, conversation: Conversation) -> None:
        """Mails to the institution's specialists: at once, at half of the time, and at its end."""
        brought, due = conversation.level2_at, conversation.level2_due_at
        if brought is None or due is None or conversation.level2_institution_id is None:
            return
        now = self._clock.now()
        times = {"brought": now + self.gather, "half": self.mark(brought, SOON), "due": due}
        for person in await repository.specialists(unit.session, conversation.level2_institution_id):
            if not wants_mail(person):
                continue
            for kind, at in times.items():
                unit.session.add(
                    Mail(
                        key=f"{conversation.id}:{conversation.version}:{kind}:{person.id}",
                        staff_id=person.id,
                        kind=kind,
                        conversation_id=conversation.id,
                        brought_at=brought,
                        state="queued",
                        attempts=0,
                        next_at=at,
                        created_at=now,
                    )
                )
        await unit.session.flush()
