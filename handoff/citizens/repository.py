"""All SQL on citizens, identities, links, proofs and suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, CursorResult, delete, false, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from handoff.cases.models import Case
from handoff.channels.models import ChannelAccount
from handoff.citizens.models import (
    ChannelIdentity,
    Citizen,
    CodeTry,
    IdentityConversation,
    IdentityLink,
    LinkProof,
    SuggestionDecision,
)
from handoff.conversations.models import Conversation, Message, Site
from handoff.conversations.scope import scope
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.state_machine import ENDED, HELD, State

# Whoever links or unlinks takes this lock, after the rows of conversations and before the event log's: so that two acts on
# the same people follow each other, however many identities each of them touches.
_LINKING: Final = 7_214_002
#: Conversations in which a double contact is looked for at once.
_CANDIDATES: Final = 200
_Held = aliased(Conversation)


async def _dialect(session: AsyncSession) -> str:
    return (await session.connection()).dialect.name


async def _insert_new(session: AsyncSession, table: type[Any], values: dict[str, Any]) -> bool:
    """Inserts a row unless its key is there already; whether it did."""
    insert = postgresql.insert if await _dialect(session) == "postgresql" else sqlite.insert
    result = await session.execute(insert(table).values(values).on_conflict_do_nothing())
    return bool(cast("CursorResult[Any]", result).rowcount)


async def alone(session: AsyncSession) -> None:
    """Nobody else links or unlinks until this transaction ends. SQLite has one writer anyway."""
    if await _dialect(session) == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LINKING})


# --- identities ---------------------------------------------------------------------------------------------------------


async def identity(session: AsyncSession, channel: str, scope_id: str, external_id: str) -> ChannelIdentity | None:
    """Somebody as an account knows him."""
    found: ChannelIdentity | None = await session.scalar(
        select(ChannelIdentity).where(
            ChannelIdentity.channel == channel,
            ChannelIdentity.scope == scope_id,
            ChannelIdentity.external_id == external_id,
        )
    )
    return found


async def add_identity(session: AsyncSession, values: dict[str, Any]) -> None:
    """Adds an identity unless it is there."""
    await _insert_new(session, ChannelIdentity, values)


async def by_id(session: AsyncSession, identity_id: str) -> ChannelIdentity | None:
    """An identity by our own id."""
    return await session.get(ChannelIdentity, identity_id)


async def identity_of(session: AsyncSession, conversation_id: str) -> ChannelIdentity | None:
    """Whose conversation it is, if that is known."""
    found: ChannelIdentity | None = await session.scalar(
        select(ChannelIdentity)
        .join(IdentityConversation, IdentityConversation.identity_id == ChannelIdentity.id)
        .where(IdentityConversation.conversation_id == conversation_id)
    )
    return found


async def note_conversation(session: AsyncSession, conversation_id: str, identity_id: str) -> bool:
    """Notes whose conversation it is; what was noted first stays. Whether it was not noted before."""
    if await session.get(IdentityConversation, conversation_id) is not None:
        return False
    return await _insert_new(
        session, IdentityConversation, {"conversation_id": conversation_id, "identity_id": identity_id}
    )


# --- links --------------------------------------------------------------------------------------------------------------


async def link_in_force(session: AsyncSession, identity_id: str) -> IdentityLink | None:
    """The line that says whose an identity is now."""
    found: IdentityLink | None = await session.scalar(
        select(IdentityLink).where(IdentityLink.identity_id == identity_id, IdentityLink.undone_at.is_(None))
    )
    return found


async def links_of(session: AsyncSession, citizen_id: str) -> Sequence[IdentityLink]:
    """Every line in force of a citizen, the oldest first."""
    rows = await session.scalars(
        select(IdentityLink)
        .where(IdentityLink.citizen_id == citizen_id, IdentityLink.undone_at.is_(None))
        .order_by(IdentityLink.id)
    )
    return rows.all()


async def links_of_act(session: AsyncSession, act_id: str) -> Sequence[IdentityLink]:
    """The lines in force by which an act moved identities from one citizen to another."""
    rows = await session.scalars(
        select(IdentityLink)
        .where(IdentityLink.act_id == act_id, IdentityLink.undone_at.is_(None), IdentityLink.replaces_id.is_not(None))
        .order_by(IdentityLink.id)
    )
    return rows.all()


async def link(session: AsyncSession, link_id: int) -> IdentityLink | None:
    """A line by its number."""
    return await session.get(IdentityLink, link_id)


async def identities_with_links(
    session: AsyncSession, citizen_id: str
) -> Sequence[tuple[ChannelIdentity, IdentityLink]]:
    """A citizen's identities with the lines that say so, the oldest first."""
    rows = await session.execute(
        select(ChannelIdentity, IdentityLink)
        .join(IdentityLink, IdentityLink.identity_id == ChannelIdentity.id)
        .where(IdentityLink.citizen_id == citizen_id, IdentityLink.undone_at.is_(None))
        .order_by(IdentityLink.id)
    )
    return [(who, line) for who, line in rows.tuples()]


async def undo_links(session: AsyncSession, identities: Sequence[str], by: str, now: datetime, reason: str) -> None:
    """No line of these identities is in force any more."""
    await session.execute(
        update(IdentityLink)
        .where(IdentityLink.identity_id.in_(identities), IdentityLink.undone_at.is_(None))
        .values(undone_at=now, undone_by=by, undo_reason=reason)
        .execution_options(synchronize_session=False)
    )


async def citizen(session: AsyncSession, citizen_id: str) -> Citizen | None:
    """A citizen by his number."""
    return await session.get(Citizen, citizen_id)


# --- proofs -------------------------------------------------------------------------------------------------------------


async def proof(session: AsyncSession, digest: str, kinds: Iterable[str]) -> LinkProof | None:
    """A token or code by its digest, whether it is still good or not."""
    found: LinkProof | None = await session.scalar(
        select(LinkProof).where(LinkProof.digest == digest, LinkProof.kind.in_(list(kinds)))
    )
    return found


async def use_proof(session: AsyncSession, proof_id: str, by_identity: str, now: datetime) -> bool:
    """Uses a proof up; False when it was used or has expired: it is good once."""
    await session.flush()
    used = await session.scalar(
        update(LinkProof)
        .where(LinkProof.id == proof_id, LinkProof.used_at.is_(None), LinkProof.expires_at > now)
        .values(used_at=now, used_by_id=by_identity)
        .returning(LinkProof.id)
        .execution_options(synchronize_session=False)
    )
    return used is not None


async def expire_proofs(session: AsyncSession, identity_id: str, kinds: Iterable[str], now: datetime) -> None:
    """Ends what was given out before: only the newest of a kind is good."""
    await session.execute(
        update(LinkProof)
        .where(
            LinkProof.identity_id == identity_id,
            LinkProof.kind.in_(list(kinds)),
            LinkProof.used_at.is_(None),
            LinkProof.expires_at > now,
        )
        .values(expires_at=now)
        .execution_options(synchronize_session=False)
    )


async def forget_before(session: AsyncSession, before: datetime) -> None:
    """Deletes wrong tries, and proofs that nobody used in time; what was used stays as evidence."""
    await session.execute(delete(CodeTry).where(CodeTry.at < before))
    await session.execute(delete(LinkProof).where(LinkProof.used_at.is_(None), LinkProof.expires_at < before))


async def wrong_tries(session: AsyncSession, identity_id: str, since: datetime) -> int:
    """How many wrong codes an identity wrote since then."""
    return (
        await session.scalar(
            select(func.count()).select_from(CodeTry).where(CodeTry.identity_id == identity_id, CodeTry.at > since)
        )
        or 0
    )


# --- history ------------------------------------------------------------------------------------------------------------


def _told_him(viewer: Viewer) -> ColumnElement[bool]:
    """Conversations of those whom an operator is serving now, wherever they were had: told once, nothing is to be repeated
    (R11). By evidence only, and as long as he serves them; to be read, not to be acted in."""
    if viewer.role != "operator":
        return false()
    served = (
        select(IdentityConversation.identity_id)
        .join(_Held, _Held.id == IdentityConversation.conversation_id)
        .where(_Held.holder_id == viewer.id, _Held.state.in_([*HELD]))
    )
    in_force = IdentityLink.undone_at.is_(None)
    citizens = select(IdentityLink.citizen_id).where(in_force, IdentityLink.identity_id.in_(served))
    linked = select(IdentityLink.identity_id).where(in_force, IdentityLink.citizen_id.in_(citizens))
    theirs = or_(IdentityConversation.identity_id.in_(served), IdentityConversation.identity_id.in_(linked))
    return Conversation.id.in_(select(IdentityConversation.conversation_id).where(theirs))


async def readable(session: AsyncSession, viewer: Viewer, conversation_id: str) -> Conversation | None:
    """The conversation if ``viewer`` may see it, or serves its citizen elsewhere and may read it for that."""
    found: Conversation | None = await session.scalar(
        select(Conversation).where(Conversation.id == conversation_id, or_(scope(viewer), _told_him(viewer)))
    )
    return found


async def history(
    session: AsyncSession, viewer: Viewer, identities: Sequence[str], without: str, limit: int
) -> tuple[Sequence[tuple[Conversation, str, int | None]], int]:
    """Other conversations of these identities that ``viewer`` may read, newest first, each with the identity's id and its case;
    and how many there are that he may not read."""
    seen_by = or_(scope(viewer), _told_him(viewer))
    mine = (IdentityConversation.identity_id.in_(list(identities)), Conversation.id != without)
    rows = await session.execute(
        select(Conversation, IdentityConversation.identity_id, Case.no)
        .join(IdentityConversation, IdentityConversation.conversation_id == Conversation.id)
        .outerjoin(Case, Case.conversation_id == Conversation.id)
        .where(*mine, seen_by)
        .order_by(Conversation.opened_at.desc(), Conversation.id)
        .limit(limit)
    )
    found = [(conversation, identity_id, no) for conversation, identity_id, no in rows.tuples()]
    counted = (
        select(func.count())
        .select_from(Conversation)
        .join(IdentityConversation, IdentityConversation.conversation_id == Conversation.id)
    )
    total = await session.scalar(counted.where(*mine)) or 0
    seen = await session.scalar(counted.where(*mine, seen_by)) or 0
    return found, total - seen


async def names_of_places(session: AsyncSession, keys: Iterable[str]) -> dict[str, str]:
    """Names of channel accounts and web-chat sites."""
    wanted = list(keys)
    accounts = await session.execute(
        select(ChannelAccount.id, ChannelAccount.name).where(ChannelAccount.id.in_(wanted))
    )
    sites = await session.execute(select(Site.key, Site.name).where(Site.key.in_(wanted)))
    return dict(sites.tuples().all()) | dict(accounts.tuples().all())


async def names_of_staff(session: AsyncSession, ids: Iterable[str | None]) -> dict[str, str]:
    """Names of members of staff, also of those who have left."""
    rows = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_([one for one in ids if one])))
    return dict(rows.tuples().all())


async def case_numbers(session: AsyncSession, ids: Iterable[str]) -> dict[str, int]:
    """Case numbers by conversation."""
    rows = await session.execute(select(Case.conversation_id, Case.no).where(Case.conversation_id.in_(list(ids))))
    return dict(rows.tuples().all())


# --- suggestions --------------------------------------------------------------------------------------------------------


async def open_elsewhere(
    session: AsyncSession, conversation: Conversation, names: Sequence[str], identities: Sequence[str]
) -> Sequence[tuple[Conversation, ChannelIdentity | None]]:
    """Open conversations on other accounts by somebody of one of these names, of one of these identities, or who left his
    contact details (the caller compares those); the newest first."""
    rows = await session.execute(
        select(Conversation, ChannelIdentity)
        .outerjoin(IdentityConversation, IdentityConversation.conversation_id == Conversation.id)
        .outerjoin(ChannelIdentity, ChannelIdentity.id == IdentityConversation.identity_id)
        .where(
            Conversation.closed_at.is_(None),
            Conversation.state.not_in([*ENDED, State.WRAP_UP]),
            Conversation.id != conversation.id,
            or_(Conversation.channel != conversation.channel, Conversation.site != conversation.site),
            or_(
                ChannelIdentity.name_key.in_(list(names)),
                ChannelIdentity.id.in_(list(identities)),
                Conversation.contact.is_not(None),
            ),
        )
        .order_by(Conversation.opened_at.desc())
        .limit(_CANDIDATES)
    )
    return [(other, who) for other, who in rows.tuples()]


async def last_question(session: AsyncSession, conversation_id: str) -> str | None:
    """What the citizen wrote last in his own words; a pressed button is none."""
    found: str | None = await session.scalar(
        select(Message.text)
        .where(Message.conversation_id == conversation_id, Message.author_kind == "citizen", Message.payload.is_(None))
        .order_by(Message.seq.desc())
        .limit(1)
    )
    return found


async def decisions(session: AsyncSession, conversation_id: str) -> dict[str, str]:
    """What was decided about suggestions of this conversation, by the other conversation's id."""
    rows = await session.scalars(
        select(SuggestionDecision).where(
            or_(SuggestionDecision.first_id == conversation_id, SuggestionDecision.second_id == conversation_id)
        )
    )
    return {row.second_id if row.first_id == conversation_id else row.first_id: row.decision for row in rows}


async def decide(session: AsyncSession, values: dict[str, Any]) -> bool:
    """Keeps a decision about a suggestion; False when somebody decided before."""
    return await _insert_new(session, SuggestionDecision, values)
