"""The case ledger (R15): a conversation is one case from its first message; what it came to is entered once, at its end.

Entries are facts and stay. What turns out wrong is reversed and entered anew, with the reason and the person.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases.models import Case, CaseEntry, Tariff
from handoff.conversations.models import Conversation
from handoff.staff.schemas import Viewer
from kit.clock import RIGA
from kit.errors import Conflict, NotFound, PieturaError

#: What a correction may change; times and channel are facts of the event log and are not corrected by hand.
CORRECTABLE = frozenset({"institution_id", "service_id", "municipality_id", "outcome", "level", "topic"})
_COPIED = [
    "conversation_id",
    "channel",
    "site",
    "lang",
    "level",
    "institution_id",
    "service_id",
    "municipality_id",
    "operator_id",
    "specialist_id",
    "centre_id",
    "topic",
    "outcome",
    "opened_at",
    "queued_at",
    "taken_at",
    "first_reply_at",
    "level2_at",
    "closed_at",
    "tariff_id",
    "amount",
]


async def open_case(session: AsyncSession, conversation: Conversation) -> Case:
    """Makes the conversation's one case; called in the transaction that makes the conversation."""
    case = Case(
        conversation_id=conversation.id,
        channel=conversation.channel,
        site=conversation.site,
        opened_at=conversation.opened_at,
    )
    session.add(case)
    await session.flush()
    return case


async def settle(session: AsyncSession, conversation: Conversation, now: datetime) -> CaseEntry:
    """Enters what the ended conversation came to; called in the transaction that ends it."""
    case = await session.scalar(select(Case).where(Case.conversation_id == conversation.id))
    if case is None:
        raise RuntimeError(f"conversation {conversation.id} has no case")
    tariff = await tariff_in_force(session, conversation.channel, conversation.opened_at.astimezone(RIGA).date())
    entry = CaseEntry(
        case_no=case.no,
        revision=0,
        kind="settled",
        sign=1,
        recorded_at=now,
        conversation_id=conversation.id,
        channel=conversation.channel,
        site=conversation.site,
        lang=conversation.lang,
        level=conversation.level,
        institution_id=conversation.institution_id,
        service_id=conversation.service_id,
        municipality_id=conversation.municipality_id,
        operator_id=conversation.holder_id,
        specialist_id=conversation.specialist_id,
        centre_id=conversation.centre_id,
        topic=conversation.topic,
        outcome=conversation.outcome or "not_classified",
        opened_at=conversation.opened_at,
        queued_at=conversation.queued_at,
        taken_at=conversation.taken_at,
        first_reply_at=conversation.first_reply_at,
        level2_at=conversation.level2_at,
        closed_at=now,
        tariff_id=tariff.id if tariff else None,
        amount=tariff.price if tariff else None,
    )
    session.add(entry)
    await session.flush()
    return entry


async def tariff_in_force(session: AsyncSession, channel: str, day: date) -> Tariff | None:
    """The tariff of ``channel`` on ``day`` (a Riga date); the latest one to begin wins."""
    found: Tariff | None = await session.scalar(
        select(Tariff)
        .where(
            Tariff.channel == channel, Tariff.valid_from <= day, or_(Tariff.valid_to.is_(None), Tariff.valid_to >= day)
        )
        .order_by(Tariff.valid_from.desc())
        .limit(1)
    )
    return found


async def in_force(session: AsyncSession, case_no: int) -> CaseEntry | None:
    """The entry of a case that counts now: the one that nothing reverses."""
    reversed_ids = select(CaseEntry.reverses_id).where(CaseEntry.case_no == case_no, CaseEntry.reverses_id.is_not(None))
    found: CaseEntry | None = await session.scalar(
        select(CaseEntry).where(CaseEntry.case_no == case_no, CaseEntry.sign == 1, CaseEntry.id.not_in(reversed_ids))
    )
    return found


async def correct(
    session: AsyncSession, case_no: int, changes: dict[str, Any], why: str, viewer: Viewer, now: datetime
) -> CaseEntry:
    """Reverses the entry in force and enters a corrected one.

    Raises:
        NotFound: no such case, or it is not settled yet.
        PieturaError: nothing to change, or something that may not be corrected.
        Conflict: somebody corrected it a moment ago.
    """
    old = await in_force(session, case_no)
    if old is None:
        raise NotFound("case_not_settled" if await session.get(Case, case_no) else "not_found")
    unknown = changes.keys() - CORRECTABLE
    if unknown:
        raise PieturaError("not_correctable", fields=sorted(unknown))
    if all(getattr(old, name) == value for name, value in changes.items()):
        raise PieturaError("nothing_changed")
    if not why.strip():
        raise PieturaError("reason_missing")
    facts = {name: getattr(old, name) for name in _COPIED}
    revision = old.revision + 1
    common = {
        "case_no": case_no,
        "recorded_at": now,
        "recorded_by": viewer.id,
        "why": why.strip(),
        "revision": revision,
    }
    taken = await session.scalar(select(CaseEntry.id).where(CaseEntry.reverses_id == old.id))
    if taken is not None:
        raise Conflict("corrected_meanwhile")
    session.add(CaseEntry(kind="reversal", sign=-1, reverses_id=old.id, **common, **facts))
    corrected = CaseEntry(kind="correction", sign=1, **common, **(facts | changes))
    session.add(corrected)
    await session.flush()
    return corrected
