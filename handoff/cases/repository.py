"""Reading the ledger: rows in force, filtered, counted, and the entries behind each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from handoff.cases.models import Case, CaseEntry
from handoff.conversations.models import Conversation, Message
from kit.clock import midnight


@dataclass(frozen=True)
class CaseFilter:
    """Which cases. Dates are Riga days of the opening, both inclusive; ``text`` is looked for in what was said."""

    from_day: date | None = None
    to_day: date | None = None
    channel: str | None = None
    level: int | None = None
    outcome: str | None = None
    institution_id: str | None = None
    operator_id: str | None = None
    text: str | None = None
    case_no: int | None = None

    def without_words(self) -> CaseFilter:
        """For those who see cases and not what was said: a number finds its case, other text finds none."""
        number = self.text is None or (self.text.isdigit() and len(self.text) < 10)
        return replace(self, text=None, case_no=int(self.text) if self.text and number else None if number else 0)

    def conditions(self) -> list[ColumnElement[bool]]:
        """As conditions on the entry in force."""
        found: list[ColumnElement[bool]] = []
        if self.from_day:
            found.append(CaseEntry.opened_at >= midnight(self.from_day))
        if self.to_day:
            found.append(CaseEntry.opened_at < midnight(self.to_day + timedelta(days=1)))
        for column, value in (
            (CaseEntry.channel, self.channel),
            (CaseEntry.level, self.level),
            (CaseEntry.outcome, self.outcome),
            (CaseEntry.institution_id, self.institution_id),
            (CaseEntry.operator_id, self.operator_id),
            (CaseEntry.case_no, self.case_no),
        ):
            if value is not None:
                found.append(column == value)
        if self.text:
            pattern = "%" + self.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            said = select(Message.conversation_id).where(Message.text.ilike(pattern, escape="\\"))
            number = int(self.text) if self.text.isdigit() and len(self.text) < 10 else None
            found.append(or_(CaseEntry.conversation_id.in_(said), CaseEntry.case_no == number))
        return found


@dataclass(frozen=True)
class Late:
    """What may come after the entry, which is not changed: the rating, and an answer that a platform took late."""

    rating: int | None = None
    first_reply_at: datetime | None = None


def _in_force(wanted: CaseFilter) -> Select[CaseEntry, int | None, datetime | None]:
    reversal = aliased(CaseEntry)
    return (
        select(CaseEntry, Conversation.rating, Conversation.first_reply_at)
        .join(Conversation, Conversation.id == CaseEntry.conversation_id)
        .outerjoin(reversal, reversal.reverses_id == CaseEntry.id)
        .where(and_(CaseEntry.sign == 1, reversal.id.is_(None), *wanted.conditions()))
    )


async def count(session: AsyncSession, wanted: CaseFilter) -> int:
    """How many cases the filter picks."""
    return await session.scalar(select(func.count()).select_from(_in_force(wanted).subquery())) or 0


async def page(session: AsyncSession, wanted: CaseFilter, offset: int, limit: int) -> Sequence[tuple[CaseEntry, Late]]:
    """Entries in force with what came later, newest first."""
    rows = await session.execute(
        _in_force(wanted).order_by(CaseEntry.opened_at.desc(), CaseEntry.case_no.desc()).offset(offset).limit(limit)
    )
    return [(entry, Late(rating, first_reply_at)) for entry, rating, first_reply_at in rows.tuples()]


async def number_of(session: AsyncSession, conversation_id: str) -> int | None:
    """The number of a conversation's case."""
    found: int | None = await session.scalar(select(Case.no).where(Case.conversation_id == conversation_id))
    return found


async def entries(session: AsyncSession, case_no: int) -> Sequence[CaseEntry]:
    """Every line of a case, oldest first."""
    return (await session.scalars(select(CaseEntry).where(CaseEntry.case_no == case_no).order_by(CaseEntry.id))).all()
