"""The case ledger (R15): a conversation is one case from its first message; what it came to is entered once, at its end.

Entries are facts and stay. What turns out wrong is reversed and entered anew, with the reason and the person.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import literal, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases.models import Case, CaseEntry, PriceList, Tariff
from handoff.channels.models import ChannelThread
from handoff.conversations.models import Conversation
from handoff.conversations.schemas import WEBCHAT
from handoff.staff.schemas import Viewer
from kit.clock import RIGA
from kit.errors import Conflict, NotFound, PieturaError

#: What a correction may change; times and channel are facts of the event log and are not corrected by hand.
CORRECTABLE = frozenset({"institution_id", "service_id", "municipality_id", "outcome", "level", "topic"})
#: What an accepted dispute may change besides: whose case it was.
DISPUTABLE = CORRECTABLE | {"centre_id"}
_COPIED = [
    "conversation_id",
    "channel",
    "site",
    "lang",
    "level",
    "case_kind",
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
    kind = await case_kind(session, conversation)
    tariff = await _tariff_of(session, kind, conversation.channel, conversation.level, conversation.opened_at)
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
        case_kind=kind,
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


async def case_kind(session: AsyncSession, conversation: Conversation) -> str:
    """What the conversation counts as (R15): a comment is one by its place on the platform, not by its channel."""
    if conversation.channel == WEBCHAT:
        return "chat_session"
    if conversation.channel in ("email", "form"):
        return conversation.channel
    place = await session.scalar(select(ChannelThread.kind).where(ChannelThread.conversation_id == conversation.id))
    return "comment" if place == "comment" else "social_conversation"


async def list_in_force(session: AsyncSession, day: date) -> PriceList | None:
    """The price list that holds on ``day`` (a Riga date): of the approved ones the latest to have begun."""
    found: PriceList | None = await session.scalar(
        select(PriceList)
        .where(PriceList.state == "approved", PriceList.valid_from <= day)
        .order_by(PriceList.valid_from.desc())
        .limit(1)
    )
    return found


async def tariff_in_force(session: AsyncSession, kind: str, channel: str, level: int, day: date) -> Tariff | None:
    """The line that prices such a case on ``day`` (a Riga date): the most specific one, kind before channel before level."""
    prices = await list_in_force(session, day)
    if prices is None:
        return None
    found: Tariff | None = await session.scalar(
        select(Tariff)
        .where(
            Tariff.list_id == prices.id,
            or_(Tariff.case_kind.is_(None), Tariff.case_kind == kind),
            or_(Tariff.channel.is_(None), Tariff.channel == channel),
            # A line for any level is about work of people: what the assistant does alone has a line of its own.
            or_(Tariff.level == level, Tariff.level.is_(None) & literal(level > 0)),
        )
        .order_by(Tariff.case_kind.is_(None), Tariff.channel.is_(None), Tariff.level.is_(None))
        .limit(1)
    )
    return found


async def _tariff_of(session: AsyncSession, kind: str, channel: str, level: int, opened_at: datetime) -> Tariff | None:
    return await tariff_in_force(session, kind, channel, level, opened_at.astimezone(RIGA).date())


async def in_force(session: AsyncSession, case_no: int) -> CaseEntry | None:
    """The entry of a case that counts now: the one that nothing reverses."""
    reversed_ids = select(CaseEntry.reverses_id).where(CaseEntry.case_no == case_no, CaseEntry.reverses_id.is_not(None))
    found: CaseEntry | None = await session.scalar(
        select(CaseEntry).where(CaseEntry.case_no == case_no, CaseEntry.sign == 1, CaseEntry.id.not_in(reversed_ids))
    )
    return found


async def correct(
    session: AsyncSession,
    case_no: int,
    changes: dict[str, Any],
    why: str,
    viewer: Viewer,
    now: datetime,
    correctable: frozenset[str] = CORRECTABLE,
) -> CaseEntry:
    """Reverses the entry in force and enters a corrected one. A new level has the price that it had when the case was opened.

    Raises:
        NotFound: no such case, or it is not settled yet.
        PieturaError: nothing to change, or something that may not be corrected.
        Conflict: somebody corrected it a moment ago.
    """
    old = await _correctable(session, case_no)
    unknown = changes.keys() - correctable
    if unknown:
        raise PieturaError("not_correctable", fields=sorted(unknown))
    if all(getattr(old, name) == value for name, value in changes.items()):
        raise PieturaError("nothing_changed")
    _, common, facts = await _reverse(session, old, why, viewer, now)
    if changes.get("level", old.level) != old.level:
        tariff = await _tariff_of(session, old.case_kind, old.channel, changes["level"], old.opened_at)
        changes = changes | {"tariff_id": tariff.id if tariff else None, "amount": tariff.price if tariff else None}
    corrected = CaseEntry(kind="correction", sign=1, **common, **(facts | changes))
    session.add(corrected)
    await session.flush()
    return corrected


async def reverse(session: AsyncSession, case_no: int, why: str, viewer: Viewer, now: datetime) -> CaseEntry:
    """Takes the entry in force back and puts nothing in its place: it was no case after all.

    Raises:
        NotFound, PieturaError, Conflict: as for :func:`correct`.
    """
    reversal, _, _ = await _reverse(session, await _correctable(session, case_no), why, viewer, now)
    return reversal


async def _correctable(session: AsyncSession, case_no: int) -> CaseEntry:
    found = await in_force(session, case_no)
    if found is None:
        raise NotFound("case_not_settled" if await session.get(Case, case_no) else "not_found")
    return found


async def _reverse(
    session: AsyncSession, old: CaseEntry, why: str, viewer: Viewer, now: datetime
) -> tuple[CaseEntry, dict[str, Any], dict[str, Any]]:
    """The reversal of ``old``, with what entries of this correction have in common and the facts of the case."""
    if not why.strip():
        raise PieturaError("reason_missing")
    facts = {name: getattr(old, name) for name in _COPIED}
    common = {
        "case_no": old.case_no,
        "recorded_at": now,
        "recorded_by": viewer.id,
        "why": why.strip(),
        "revision": old.revision + 1,
    }
    taken = await session.scalar(select(CaseEntry.id).where(CaseEntry.reverses_id == old.id))
    if taken is not None:
        raise Conflict("corrected_meanwhile")
    reversal = CaseEntry(kind="reversal", sign=-1, reverses_id=old.id, **common, **facts)
    session.add(reversal)
    try:
        await session.flush()
    except IntegrityError as error:
        # Two at once: neither saw the other's, and the database kept the first.
        raise Conflict("corrected_meanwhile") from error
    return reversal, common, facts
