"""What we hold about somebody, and where: a register of the domains that hold personal data.

Each domain adds one :class:`Holding`: what it gives out when the citizen asks for his data, and what it takes out when he asks
to be forgotten. The ledger (``case``, ``case_entry``) and the event log only grow and are no holdings: they tell of cases, not of
people (docs/data-protection.md).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.attachments.models import StoredAttachment
from handoff.callbacks.models import Callback
from handoff.cases.models import Case, CaseEntry
from handoff.channels.models import ChannelThread, InboundEventRow, OutboxRow, PlatformMessage
from handoff.citizens.models import ChannelIdentity, CitizenNote, CodeTry, IdentityLink, LinkProof
from handoff.conversations.models import Conversation, Event, Message
from handoff.notes.models import Note, NoteMention
from handoff.search import index as search_index
from handoff.search.models import SearchBacklog
from kit.clock import iso
from kit.vault import Vault, VaultError


@dataclass(frozen=True)
class Subject:
    """Somebody: his identities, and the conversations of all of them.

    Attributes:
        erased_text: what stands where his words stood.
        vault: opens what is kept sealed of him; without it that is not given out.
    """

    identities: tuple[str, ...]
    conversations: tuple[str, ...]
    erased_text: str = ""
    vault: Vault | None = None


@dataclass(frozen=True)
class Holding:
    """One domain's personal data.

    Attributes:
        name: of the part in the export and in what is told of an erasure; has a name in the console's catalogue.
        export: rows as plain data, times as ISO 8601 text.
        erase: takes it out, in the caller's transaction; how many rows it was.
    """

    name: str
    export: Callable[[AsyncSession, Subject], Awaitable[list[dict[str, Any]]]]
    erase: Callable[[AsyncSession, Subject], Awaitable[int]]


HOLDINGS: list[Holding] = []


def register(holding: Holding) -> None:
    """Adds a domain's personal data; one of the same name takes the place of the former."""
    HOLDINGS[:] = [one for one in HOLDINGS if one.name != holding.name] + [holding]


def _plain(row: Any, *columns: str) -> dict[str, Any]:
    found = {}
    for name in columns:
        value = getattr(row, name)
        found[name] = iso(value) if hasattr(value, "isoformat") else value
    return found


async def _rows(session: AsyncSession, model: Any, *conditions: Any, order: Any) -> list[Any]:
    return list((await session.scalars(select(model).where(*conditions).order_by(order))).all())


# --- who he is --------------------------------------------------------------------------------------------------------------


async def _identities(session: AsyncSession, who: Subject) -> list[dict[str, Any]]:
    mine = await _rows(session, ChannelIdentity, ChannelIdentity.id.in_(who.identities), order=ChannelIdentity.id)
    links = await _rows(session, IdentityLink, IdentityLink.identity_id.in_(who.identities), order=IdentityLink.id)
    return [
        _plain(one, "id", "channel", "scope", "external_id", "display_name", "first_seen_at")
        | {
            "links": [
                _plain(link, "citizen_id", "evidence", "reason", "linked_at", "undone_at", "undo_reason")
                for link in links
                if link.identity_id == one.id
            ]
        }
        for one in mine
    ]


async def _erase_identities(session: AsyncSession, who: Subject) -> int:
    """The account is forgotten: who writes from it afterwards is somebody new. Links stay as evidence, and are no longer in
    force; their lines refuse any other change."""
    mine = await _rows(session, ChannelIdentity, ChannelIdentity.id.in_(who.identities), order=ChannelIdentity.id)
    for one in mine:
        one.forget()
    await session.flush()
    await session.execute(delete(CodeTry).where(CodeTry.identity_id.in_(who.identities)))
    await session.execute(
        delete(LinkProof).where(LinkProof.identity_id.in_(who.identities), LinkProof.used_at.is_(None))
    )
    return len(mine)


async def _citizen_notes(session: AsyncSession, who: Subject) -> list[dict[str, Any]]:
    rows = await _rows(session, CitizenNote, CitizenNote.identity_id.in_(who.identities), order=CitizenNote.at)
    return [_plain(one, "id", "text", "at") for one in rows]


async def _erase_citizen_notes(session: AsyncSession, who: Subject) -> int:
    rows = await session.execute(
        delete(CitizenNote).where(CitizenNote.identity_id.in_(who.identities)).returning(CitizenNote.id)
    )
    return len(rows.all())


# --- what was said ------------------------------------------------------------------------------------------------------------


async def _conversations(session: AsyncSession, who: Subject) -> list[dict[str, Any]]:
    rows = await _rows(session, Conversation, Conversation.id.in_(who.conversations), order=Conversation.opened_at)
    names = (
        *("id", "state", "channel", "site", "page", "lang", "institution_id", "service_id", "municipality_id", "topic"),
        *("summary", "opened_at", "closed_at", "outcome", "closing_comment", "contact", "rating", "rating_comment"),
        *("rated_at", "last_at"),
    )
    return [_plain(one, *names) for one in rows]


async def _erase_conversations(session: AsyncSession, who: Subject) -> int:
    gone: dict[str, Any] = {
        "summary": None,
        "context": {},
        "contact": None,
        "page": None,
        "previous_id": None,
        "last_text": who.erased_text,
        "closing_comment": None,
        "rating_comment": None,
    }
    rows = await session.execute(
        update(Conversation)
        .where(Conversation.id.in_(who.conversations))
        .values(**gone, version=Conversation.version + 1)
        .returning(Conversation.id)
        .execution_options(synchronize_session=False)
    )
    return len(rows.all())


async def _messages(session: AsyncSession, who: Subject) -> list[dict[str, Any]]:
    rows = await _rows(session, Message, Message.conversation_id.in_(who.conversations), order=Message.at)
    names = ("conversation_id", "seq", "at", "author_kind", "author_name", "lang", "text", "extras")
    return [_plain(one, *names) for one in rows]


async def _erase_messages(session: AsyncSession, who: Subject) -> int:
    """Everything that was said to each other: an answer tells what was asked. Attachments are in ``extras``."""
    rows = await session.execute(
        update(Message)
        .where(Message.conversation_id.in_(who.conversations))
        .values(text=who.erased_text, payload=None, extras={"erased": True})
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    return len(rows.all())


async def _files(session: AsyncSession, who: Subject) -> list[dict[str, Any]]:
    rows = await _rows(
        session,
        StoredAttachment,
        StoredAttachment.conversation_id.in_(who.conversations),
        order=StoredAttachment.created_at,
    )
    return [_plain(one, "id", "conversation_id", "name", "type", "size", "sha256", "created_at") for one in rows]


async def _erase_files(session: AsyncSession, who: Subject) -> int:
    """What ``Attachments.erase`` has left: with its row goes a file's key, so that what lies on the disk cannot be opened any
    more; it is swept within the hour."""
    rows = await session.execute(
        delete(StoredAttachment)
        .where(StoredAttachment.conversation_id.in_(who.conversations))
        .returning(StoredAttachment.id)
    )
    return len(rows.all())


async def _callbacks(session: AsyncSession, who: Subject) -> list[dict[str, Any]]:
    rows = await _rows(session, Callback, Callback.conversation_id.in_(who.conversations), order=Callback.created_at)
    names = ("id", "conversation_id", "kind", "name", "subject", "wanted_at", "outcome", "note")
    return [{**_plain(one, *names, "created_at", "closed_at"), "phone": _phone(one, who.vault)} for one in rows]


def _phone(row: Callback, vault: Vault | None) -> str:
    """The number, which is his own; what lists show of it when the key is not there any more."""
    try:
        return str(vault.open(row.sealed_phone)["phone"]) if vault is not None else row.phone_hint
    except VaultError:
        return row.phone_hint


async def _erase_callbacks(session: AsyncSession, who: Subject) -> int:
    rows = await session.execute(
        delete(Callback).where(Callback.conversation_id.in_(who.conversations)).returning(Callback.id)
    )
    return len(rows.all())


async def _notes(session: AsyncSession, who: Subject) -> list[dict[str, Any]]:
    rows = await _rows(session, Note, Note.conversation_id.in_(who.conversations), order=Note.at)
    return [_plain(one, "id", "conversation_id", "text", "at") for one in rows]


async def _erase_notes(session: AsyncSession, who: Subject) -> int:
    await session.execute(delete(NoteMention).where(NoteMention.conversation_id.in_(who.conversations)))
    rows = await session.execute(delete(Note).where(Note.conversation_id.in_(who.conversations)).returning(Note.id))
    return len(rows.all())


# --- what never became a conversation -----------------------------------------------------------------------------------------


def _his_events(who: Subject) -> ColumnElement[bool]:
    """Events of platforms that his accounts brought and that belong to no conversation: what was given up, and what meant
    nothing. What is still to be worked on is left: it is something new that he writes."""
    told_by = InboundEventRow.event[("author", "id")].as_string()
    his = exists().where(
        ChannelIdentity.id.in_(who.identities),
        ChannelIdentity.scope == InboundEventRow.account_id,
        or_(ChannelIdentity.external_id == InboundEventRow.thread, ChannelIdentity.external_id == told_by),
    )
    finished = InboundEventRow.state.in_(["dead", "done"])
    return and_(his, finished, InboundEventRow.conversation_id.is_(None))


async def _unprocessed(session: AsyncSession, who: Subject) -> list[dict[str, Any]]:
    rows = await _rows(session, InboundEventRow, _his_events(who), order=InboundEventRow.id)
    return [_plain(one, "kind", "occurred_at") | {"text": one.event.get("text")} for one in rows if one.event]


async def _erase_unprocessed(session: AsyncSession, who: Subject) -> int:
    """Of one that was given up nobody can try again what is not there any more: it is done."""
    rows = await session.execute(
        update(InboundEventRow)
        .where(_his_events(who))
        .values(thread="erased", event={}, state="done", error=None)
        .returning(InboundEventRow.id)
        .execution_options(synchronize_session=False)
    )
    return len(rows.all())


# --- on platforms -------------------------------------------------------------------------------------------------------------


async def _threads(session: AsyncSession, who: Subject) -> list[dict[str, Any]]:
    rows = await _rows(
        session, ChannelThread, ChannelThread.conversation_id.in_(who.conversations), order=ChannelThread.created_at
    )
    names = (
        *("conversation_id", "account_id", "kind", "author_id", "author_name", "author_handle", "post_ref"),
        *("comment_ref", "created_at", "hidden_at", "hidden_reason", "deleted_at", "edits"),
    )
    return [_plain(one, *names) for one in rows]


async def _erase_threads(session: AsyncSession, who: Subject) -> int:
    """His number on the platform, his name, what his messages said before; and in what came in and went out the same.

    Of a send that may be tried again the message is forgotten: nobody sends an empty one.
    """
    ids = who.conversations
    unchanged = {"synchronize_session": False}
    rows = await session.execute(
        update(ChannelThread)
        .where(ChannelThread.conversation_id.in_(ids))
        .values(
            thread="erased:" + ChannelThread.conversation_id,
            author_id=None,
            author_name=None,
            author_handle=None,
            comment_ref=None,
            parent_ref=None,
            hidden_reason=None,
            edits=[],
        )
        .returning(ChannelThread.conversation_id)
        .execution_options(**unchanged)
    )
    await session.execute(
        update(InboundEventRow)
        .where(InboundEventRow.conversation_id.in_(ids))
        .values(thread="erased", event={})
        .execution_options(**unchanged)
    )
    await session.execute(
        update(OutboxRow)
        .where(OutboxRow.conversation_id.in_(ids))
        .values(thread="erased", payload={}, message_id=None, detail=None)
        .execution_options(**unchanged)
    )
    await session.execute(delete(PlatformMessage).where(PlatformMessage.conversation_id.in_(ids)))
    return len(rows.all())


# --- what is told and stays ---------------------------------------------------------------------------------------------------


async def _cases(session: AsyncSession, who: Subject) -> list[dict[str, Any]]:
    rows = await _rows(session, Case, Case.conversation_id.in_(who.conversations), order=Case.no)
    return [_plain(one, "no", "conversation_id", "channel", "opened_at") for one in rows]


async def _events(session: AsyncSession, who: Subject) -> list[dict[str, Any]]:
    rows = await _rows(
        session, Event, Event.conversation_id.in_(who.conversations), Event.kind != "message", order=Event.seq
    )
    return [_plain(one, "conversation_id", "kind", "actor_kind", "cause", "to_state", "at", "data") for one in rows]


async def _none(_session: AsyncSession, _who: Subject) -> int:
    return 0


async def _nothing(_session: AsyncSession, _who: Subject) -> list[dict[str, Any]]:
    return []


async def _erase_search(session: AsyncSession, who: Subject) -> int:
    ids = who.conversations
    refs = select(Message.id).where(Message.conversation_id.in_(ids))
    await session.execute(
        delete(SearchBacklog)
        .where(or_(SearchBacklog.ref.in_(ids), SearchBacklog.ref.in_(refs)))
        .execution_options(synchronize_session=False)
    )
    return await search_index.forget(session, ids)


async def kept(session: AsyncSession, who: Subject) -> dict[str, int]:
    """What refuses to be changed and may hold words of staff about him: notes of handing on in the event log, reasons of
    corrections in the ledger and of links. Whoever erases is told how many."""
    ids = who.conversations
    noted = await _rows(session, Event, Event.conversation_id.in_(ids), order=Event.seq)
    why = await _rows(
        session, CaseEntry, CaseEntry.conversation_id.in_(ids), CaseEntry.why.is_not(None), order=CaseEntry.id
    )
    reasons = await _rows(
        session,
        IdentityLink,
        IdentityLink.identity_id.in_(who.identities),
        IdentityLink.reason.is_not(None),
        order=IdentityLink.id,
    )
    return {
        "event_notes": sum(1 for one in noted if one.data.get("note") or one.data.get("reason")),
        "case_reasons": len(why),
        "link_reasons": len(reasons),
    }


for _holding in (
    # Before identities: it is by his accounts that they are known as his.
    Holding("unprocessed", _unprocessed, _erase_unprocessed),
    Holding("identities", _identities, _erase_identities),
    Holding("citizen_notes", _citizen_notes, _erase_citizen_notes),
    Holding("conversations", _conversations, _erase_conversations),
    Holding("messages", _messages, _erase_messages),
    Holding("attachments", _files, _erase_files),
    Holding("callbacks", _callbacks, _erase_callbacks),
    Holding("notes", _notes, _erase_notes),
    Holding("threads", _threads, _erase_threads),
    Holding("search", _nothing, _erase_search),
    Holding("cases", _cases, _none),
    Holding("events", _events, _none),
):
    register(_holding)
