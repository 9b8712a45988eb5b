"""What time brings to level 2: what ran out is noted, and what specialists are owed is sent.

Every worker runs one. A mail is claimed before it is sent and tried again when its worker died: better told twice, with the
same Message-ID, than not at all.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from handoff.broker import Broker
from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation
from handoff.level2 import repository
from handoff.level2.mailer import Post, Refused, Told, Writer
from handoff.level2.models import Mail
from handoff.level2.service import wants_mail
from handoff.staff.models import Staff
from handoff.state_machine import State

log = structlog.get_logger(__name__)
#: A person gets one mail in this time, with everything that came meanwhile.
APART: Final = timedelta(minutes=1)
_LEASE: Final = timedelta(minutes=2)
#: The longest a server may take for one mail; its own time-outs are shorter.
_LIMIT_S: Final = 60.0
_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=1)
#: After so many the mail has failed: about half a day.
ATTEMPTS: Final = 16


class Level2Watch:
    """Looks every ``every`` seconds."""

    def __init__(self, broker: Broker, post: Post | None, writer: Writer, every: float = 1.0) -> None:
        """``post``: None when no mails are sent."""
        self._broker = broker
        self._post = post
        self._writer = writer
        self._every = every
        self.last_error: str | None = None
        #: Why the last mail could not be sent; None once one could.
        self.last_problem: str | None = None
        #: Mails on their way, by person.
        self._under_way: dict[str, asyncio.Task[None]] = {}

    @property
    def sends(self) -> bool:
        """Whether mails are sent at all."""
        return self._post is not None

    async def run(self) -> None:
        """Works until cancelled; a failure is logged and the next round tried."""
        try:
            while True:
                try:
                    await self.look()
                    self.last_error = None
                except Exception as error:
                    self.last_error = type(error).__name__
                    log.exception("level 2 could not be looked after")
                await asyncio.sleep(self._every)
        finally:
            for task in self._under_way.values():
                task.cancel()

    async def once(self) -> None:
        """One round, and until its mails are sent."""
        await self.look()
        await asyncio.gather(*self._under_way.values())

    async def look(self) -> None:
        """One round. Mails are sent beside it: a server that hangs does not keep anybody waiting for the clock."""
        broker = self._broker
        now = broker.clock.now()
        async with broker.db.read() as session:
            late = await repository.overdue(session, now)
            people = await repository.people_to_tell(session, now) if self.sends else []
        for conversation_id in late:
            async with broker.db.unit() as unit:
                conversation = await conversations.get(unit.session, conversation_id)
                if conversation is not None and conversation.state == State.LEVEL2:
                    await broker.level2.note_breach(unit, broker.events(unit), conversation)
        for staff_id in people:
            if staff_id not in self._under_way:
                task = asyncio.create_task(self._told(staff_id))
                self._under_way[staff_id] = task
                task.add_done_callback(lambda _, who=staff_id: self._under_way.pop(who, None))  # type: ignore[misc]

    async def _told(self, staff_id: str) -> None:
        try:
            await self._tell(staff_id)
        except Exception as error:
            # Claimed mails are tried again when their time is over.
            self.last_problem = type(error).__name__
            log.exception("a mail could not be looked after", staff=staff_id)

    async def _tell(self, staff_id: str) -> None:
        claimed = await self._claim(staff_id)
        if claimed is None or self._post is None:
            return
        person, told, batch, attempts = claimed
        now = self._broker.clock.now()
        try:
            message = self._writer.write(person.email, person.lang, told, now, batch)
            await asyncio.wait_for(self._post.send(message), _LIMIT_S)
        except Exception as error:
            # The class only: a server's own words may hold addresses.
            problem = type(error).__name__ if not isinstance(error, Refused) else f"refused {error}"
            self.last_problem = problem
            log.warning("a mail could not be sent", staff=staff_id, error=problem)
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempts - 1, 10))
            tried = 0 if isinstance(error, Refused) else ATTEMPTS
            async with self._broker.db.unit() as unit:
                await repository.settle(unit.session, batch, tried, state="failed", error=problem, lease_until=None)
                await repository.settle(
                    unit.session, batch, state="queued", next_at=now + pause, error=problem, lease_until=None
                )
            return
        self.last_problem = None
        async with self._broker.db.unit() as unit:
            await repository.settle(
                unit.session, batch, state="sent", sent_at=self._broker.clock.now(), error=None, lease_until=None
            )

    async def _claim(self, staff_id: str) -> tuple[Staff, list[Told], str, int] | None:
        """Takes what one person is to be told now; what there is nothing to tell of any more is let go."""
        now = self._broker.clock.now()
        async with self._broker.db.unit() as unit:
            session = unit.session
            person = await repository.locked(session, staff_id)
            if person is None or await repository.under_way(session, staff_id, now):
                return None
            last = await repository.told_at(session, staff_id)
            if last is not None and now - last < APART:
                return None
            rows = await repository.ready(session, staff_id, now)
            found = {one.id: one for one in await conversations.among(session, [row.conversation_id for row in rows])}
            told: dict[str, Told] = {}
            claimed: list[Mail] = []
            for row in rows:
                line = _line(row, found[row.conversation_id], person)
                if line is None:
                    row.state, row.lease_until = "cancelled", None
                    continue
                # Of one conversation only the latest is told.
                told[row.conversation_id] = line
                claimed.append(row)
            if not claimed:
                return None
            batch = _batch(claimed)
            for row in claimed:
                row.state, row.lease_until, row.batch, row.attempts = "sending", now + _LEASE, batch, row.attempts + 1
            return person, list(told.values()), batch, min(row.attempts for row in claimed)


def _batch(rows: Sequence[Mail]) -> str:
    """The same as before when the same rows are tried again."""
    before = {row.batch for row in rows}
    kept = before.pop() if len(before) == 1 else None
    return kept or str(uuid.uuid4())


def _line(row: Mail, conversation: Conversation, person: Staff) -> Told | None:
    """What the mail says of a conversation as it stands now; None when there is nothing to tell."""
    due: datetime | None = conversation.level2_due_at
    if (
        conversation.state != State.LEVEL2
        or conversation.level2_at != row.brought_at
        or conversation.level2_answered_at is not None
        or conversation.level2_institution_id != person.institution_id
        or conversation.level2_institution_id is None
        or due is None
        # A colleague has it: it is his to hear of.
        or conversation.specialist_id not in (None, person.id)
        # He sits before it already.
        or (row.kind == "brought" and conversation.specialist_id == person.id)
        or person.disabled
        or person.role != "specialist"
        or not wants_mail(person)
    ):
        return None
    return Told(
        row.kind,
        conversation.id,
        conversation.level2_institution_id,
        conversation.service_id,
        row.brought_at,
        due,
    )
