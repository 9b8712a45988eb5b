"""What may still happen to a contact that is over: each of these changes a figure, written as the service writes it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases.models import Case, CaseEntry
from handoff.citizens.models import Citizen, IdentityConversation, IdentityLink
from handoff.conversations.models import Conversation, Event, Message, Turn

#: Ended for long, and in the middle of the period that the test reports on.
_OVER: Final = (datetime(2026, 3, 22, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))
_LATE: Final = datetime(2026, 4, 4, 4, 0, tzinfo=UTC)


def _some(*conditions: Any) -> Any:
    c = Conversation
    return select(c).where(c.closed_at.is_not(None), c.opened_at.between(*_OVER), *conditions).order_by(c.id).limit(1)


async def _next(session: AsyncSession, column: Any) -> int:
    """The year was put in with its numbers, so that a sequence of PostgreSQL knows nothing of them."""
    return (await session.scalar(select(func.max(column))) or 0) + 1


async def _say(session: AsyncSession, kind: str, conversation_id: str, at: datetime, **more: Any) -> None:
    seq = await _next(session, Event.seq)
    values = {
        "seq": seq,
        "kind": kind,
        "conversation_id": conversation_id,
        "actor_kind": "system",
        "data": {},
        "at": at,
        **more,
    }
    await session.execute(insert(Event).values(values))


async def corrected(session: AsyncSession) -> None:
    """Somebody corrects the ledger: it was about something else, and nothing was solved."""
    reversed_ids = select(CaseEntry.reverses_id).where(CaseEntry.reverses_id.is_not(None))
    old = (
        await session.scalars(
            select(CaseEntry)
            .where(
                CaseEntry.sign == 1,
                CaseEntry.revision == 0,
                CaseEntry.outcome == "resolved",
                CaseEntry.id.not_in(reversed_ids),
                CaseEntry.opened_at.between(*_OVER),
            )
            .order_by(CaseEntry.id)
            .limit(1)
        )
    ).one()
    facts = {one.name: getattr(old, one.name) for one in CaseEntry.__table__.c if one.name != "id"}
    again = {**facts, "revision": 1, "recorded_at": _LATE, "why": "Cits pakalpojums"}
    number = await _next(session, CaseEntry.id)
    reversal = {"id": number, "kind": "reversal", "sign": -1, "reverses_id": old.id}
    correction = {"id": number + 1, "kind": "correction", "service_id": "service-7", "outcome": "unresolved"}
    await session.execute(insert(CaseEntry).values({**again, **reversal}))
    await session.execute(insert(CaseEntry).values({**again, **correction}))


async def rated(session: AsyncSession) -> None:
    """The citizen rates it days later."""
    one = (await session.scalars(_some(Conversation.rating.is_(None)))).one()
    await session.execute(update(Conversation).where(Conversation.id == one.id).values(rating=2, rated_at=_LATE))
    await _say(session, "rated", one.id, _LATE, data={"score": 2})


async def linked(session: AsyncSession) -> None:
    """Two accounts turn out to be one citizen's, who came on the other an hour after the end."""
    first = (await session.scalars(_some(Conversation.channel == "x", Conversation.outcome == "answered"))).one()
    await comes(session, first.closed_at + timedelta(hours=1), "facebook")
    second = (
        await session.scalars(
            select(Conversation.id).where(Conversation.opened_at == first.closed_at + timedelta(hours=1))
        )
    ).one()
    other = (
        await session.scalars(
            select(IdentityConversation.identity_id)
            .outerjoin(IdentityLink, IdentityLink.identity_id == IdentityConversation.identity_id)
            .where(IdentityLink.id.is_(None))
            .order_by(IdentityConversation.identity_id)
            .limit(1)
        )
    ).one()
    await session.execute(insert(IdentityConversation).values(conversation_id=second, identity_id=other))
    own = (
        await session.scalars(
            select(IdentityConversation.identity_id).where(IdentityConversation.conversation_id == first.id)
        )
    ).one()
    citizen = await session.scalar(
        select(IdentityLink.citizen_id).where(IdentityLink.identity_id == own, IdentityLink.undone_at.is_(None))
    )
    if citizen is None:
        citizen = str(uuid.uuid4())
        await session.execute(insert(Citizen).values(id=citizen, created_at=_LATE))
        await _link(session, own, citizen)
    await _link(session, other, citizen)


async def _link(session: AsyncSession, identity: str, citizen: str) -> None:
    await session.execute(
        insert(IdentityLink).values(
            id=await _next(session, IdentityLink.id),
            identity_id=identity,
            citizen_id=citizen,
            act_id=citizen,
            evidence="code_word",
            linked_at=_LATE,
        )
    )


async def unlinked(session: AsyncSession) -> None:
    """It was a mistake: they are two."""
    await session.execute(
        update(IdentityLink)
        .where(IdentityLink.linked_at == _LATE, IdentityLink.undone_at.is_(None))
        .values(undone_at=_LATE + timedelta(minutes=1))
    )


async def followed(session: AsyncSession) -> None:
    """The web chat is told late what was gone on from."""
    first = (await session.scalars(_some(Conversation.channel == "webchat", Conversation.outcome == "answered"))).one()
    await comes(session, first.closed_at + timedelta(hours=2), previous_id=first.id)


async def asked_on(session: AsyncSession) -> None:
    """The assistant's turn is stored after the end."""
    one = (await session.scalars(_some())).one()
    message = str(uuid.uuid4())
    await session.execute(
        insert(Message).values(
            id=message,
            conversation_id=one.id,
            seq=90,
            author_kind="citizen",
            lang="lv",
            text="Kāpēc?",
            extras={},
            at=_LATE,
        )
    )
    await session.execute(
        insert(Turn).values(
            message_id=message, conversation_id=one.id, seq=90, lease_until=_LATE, attempts=1, outcome="clarify"
        )
    )


async def judged_anew(session: AsyncSession) -> None:
    """A turn came to something else."""
    await session.execute(update(Turn).where(Turn.seq == 90).values(outcome="answered"))


async def pressed(session: AsyncSession) -> None:
    """It was no text but a button."""
    await session.execute(update(Message).where(Message.seq == 90).values(payload="helped:no"))


async def begun(session: AsyncSession) -> None:
    """The log tells late that a person had begun."""
    c = Conversation
    one = (await session.scalars(_some(c.queued_at.is_not(None), c.taken_at.is_(None), c.outcome == "abandoned"))).one()
    at = one.queued_at + timedelta(seconds=1)
    await _say(session, "state", one.id, at, from_state="queued", to_state="active", data={"as": {}})


async def comes(session: AsyncSession, at: datetime, channel: str = "webchat", previous_id: str | None = None) -> None:
    """Somebody new, whose contact goes on."""
    key = str(uuid.uuid4())
    await session.execute(
        insert(Conversation).values(
            id=key,
            state="bot",
            channel=channel,
            site="demo",
            lang="lv",
            previous_id=previous_id,
            context={},
            passed={},
            opened_at=at,
            last_at=at,
        )
    )
    number = await _next(session, Case.no)
    await session.execute(
        insert(Case).values(no=number, conversation_id=key, channel=channel, site="demo", opened_at=at)
    )


#: In this order: some go on from the one before.
LATE: Final = (corrected, rated, linked, unlinked, followed, asked_on, judged_anew, pressed, begun)
