"""Gathers contacts that are over, so that a report of a year needs not ask for each of them anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy import delete, func, insert, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.conversations.models import Conversation
from handoff.reports.contacts import AGAIN, FACTS, gathered
from handoff.reports.models import ContactDue, ContactFact
from kit.clock import Clock
from kit.db import Database
from kit.rounds import Rounds

log = structlog.get_logger(__name__)

#: Contacts gathered in one transaction: on SQLite nobody else writes meanwhile.
_PORTION: Final = 200
#: Contacts that are looked up at once: the whole list is gone through for it.
_AT_A_LOOK: Final = 10_000
#: A key of PostgreSQL's advisory locks: of all workers one gathers.
_GATHERING: Final = 7_214_029


class ContactWatch:
    """Gathers in the background, a portion after another."""

    def __init__(self, db: Database, clock: Clock, every: float = 60.0, portion: int = _PORTION) -> None:
        """``every``: seconds between two rounds once nothing is due; ``portion``: contacts of one transaction."""
        self._db = db
        self._clock = clock
        self._portion = portion
        self._looked = False
        self.rounds = Rounds(self.once, every, "contacts could not be gathered", again=5.0)

    async def run(self) -> None:
        """Gathers until cancelled."""
        await self.rounds.run()

    async def once(self) -> None:
        """Gathers all that is due and over."""
        if not self._looked:
            await self._look_through()
            self._looked = True
        while ids := await self._over():
            for at in range(0, len(ids), self._portion):
                if not await self._gather(ids[at : at + self._portion]):
                    return

    async def _look_through(self) -> None:
        """No contact may be missing, whatever became of the lists: once a start each is looked for."""
        known = or_(
            select(ContactFact.id).where(ContactFact.id == Conversation.id).exists(),
            select(ContactDue.seq).where(ContactDue.conversation_id == Conversation.id).exists(),
        )
        async with self._db.read() as session:
            lost = (await session.scalars(select(Conversation.id).where(~known))).all()
        if lost:
            log.warning("contacts were on no list of reports", count=len(lost))
            async with self._db.unit() as unit:
                await unit.session.execute(insert(ContactDue), [{"conversation_id": one} for one in lost])

    async def _over(self) -> list[str]:
        async with self._db.read() as session:
            return await _over(session, self._clock.now(), _AT_A_LOOK)

    async def _gather(self, ids: Sequence[str]) -> bool:
        """Gathers a portion; False: another worker does. What is put on the list meanwhile stays there: it is known only to
        whoever changed the contact, and is gathered next time."""
        async with self._db.unit() as unit:
            session = unit.session
            if unit.dialect == "postgresql" and not await session.scalar(
                text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _GATHERING}
            ):
                return False
            seen = list(await session.scalars(select(ContactDue.seq).where(ContactDue.conversation_id.in_(ids))))
            await session.execute(delete(ContactDue).where(ContactDue.seq.in_(seen)))
            await session.execute(delete(ContactFact).where(ContactFact.id.in_(ids)))
            asked = select(Conversation.id.label("id")).where(Conversation.id.in_(ids)).cte("asked")
            await session.execute(insert(ContactFact).from_select(FACTS, gathered(asked)))
            return True


async def _over(session: AsyncSession, now: datetime, most: int) -> list[str]:
    """Contacts that are due and ended so long ago that nobody comes again too soon, or are not there any more."""
    due = ContactDue.conversation_id
    found = await session.scalars(
        select(due)
        .outerjoin(Conversation, Conversation.id == due)
        .where(or_(Conversation.id.is_(None), Conversation.closed_at <= now - AGAIN))
        .group_by(due)
        # In the order of time: contacts of a period then lie beside each other.
        .order_by(func.min(ContactDue.seq))
        .limit(most)
    )
    return list(found)
