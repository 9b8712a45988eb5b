"""All SQL on conversations, messages, turns and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Table,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.conversations.models import Conversation, Event, Message, Site, Turn
from handoff.conversations.schemas import WEBCHAT, message_view
from handoff.conversations.scope import scope
from handoff.search import index as search_index
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.state_machine import ENDED, WAITING, State

_CONVERSATION = cast("Table", Conversation.__table__)
_MESSAGE = cast("Table", Message.__table__)
_TURN = cast("Table", Turn.__table__)
_EVENT = cast("Table", Event.__table__)
_MESSAGE_COLUMNS = tuple(column.name for column in _MESSAGE.c)
# Built once: see _advance_statement.
_STORE_MESSAGE = insert(_MESSAGE)
_STORE_TURN = insert(_TURN)
_STORE_EVENT = insert(_EVENT).returning(_EVENT.c.seq)
_FINISH_TURN = (
    update(_TURN)
    .where(_TURN.c.message_id == bindparam("this"), _TURN.c.done_at.is_(None))
    .values(
        done_at=bindparam("new_done_at", type_=_TURN.c.done_at.type),
        outcome=bindparam("new_outcome"),
        took_ms=bindparam("new_took_ms"),
    )
)


async def get(session: AsyncSession, conversation_id: str) -> Conversation | None:
    """The conversation, or None. For the broker only; whoever serves a person uses :func:`visible`."""
    return await session.get(Conversation, conversation_id)


async def visible(session: AsyncSession, viewer: Viewer, conversation_id: str) -> Conversation | None:
    """The conversation if ``viewer`` may see it."""
    found: Conversation | None = await session.scalar(
        select(Conversation).where(Conversation.id == conversation_id, scope(viewer))
    )
    return found


async def board(session: AsyncSession, viewer: Viewer, since: datetime) -> Sequence[Conversation]:
    """What ``viewer`` has before him: everything open that he may see, and what ended since ``since``."""
    mine = scope(viewer)
    open_or_recent = or_(Conversation.state.not_in([*ENDED]), Conversation.closed_at >= since)
    result = await session.scalars(
        select(Conversation)
        .where(mine, open_or_recent)
        .order_by(Conversation.waiting_since.is_(None), Conversation.waiting_since, Conversation.last_at.desc())
        .limit(500)
    )
    return result.all()


async def among(session: AsyncSession, ids: Sequence[str]) -> Sequence[Conversation]:
    """The conversations with these ids; the caller asks ``scope.sees`` for each before showing it to anybody."""
    return (await session.scalars(select(Conversation).where(Conversation.id.in_(ids)))).all()


async def messages_at(session: AsyncSession, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Message]:
    """Messages by (conversation, seq)."""
    result = await session.scalars(
        select(Message).where(tuple_(Message.conversation_id, Message.seq).in_(list(places)))
    )
    return {(message.conversation_id, message.seq): message for message in result}


async def set_where(
    session: AsyncSession, conversation_id: str, condition: ColumnElement[bool], values: dict[str, Any]
) -> Conversation | None:
    """Compare-and-set: changes the row only if ``condition`` holds in the database now. None when it does not."""
    # What is pending on the row must be in the database before the row is read back over it.
    await session.flush()
    changed: Conversation | None = await session.scalar(
        update(Conversation)
        .where(Conversation.id == conversation_id, condition)
        .values(**values)
        .returning(Conversation)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    return changed


@dataclass(frozen=True)
class Standing:
    """What the hot path needs to know of a conversation: a few columns, read in the statement that writes."""

    id: str
    version: int
    state: str
    lang: str
    channel: str
    site: str
    context: dict[str, Any]
    last_seq: int

    @classmethod
    def of(cls, row: Conversation) -> Standing:
        """The same of a row in hand."""
        return cls(*(getattr(row, name) for name in cls.__dataclass_fields__))


async def advance(
    session: AsyncSession,
    conversation_id: str,
    values: dict[str, Any],
    *,
    says: int = 0,
    unread: int = 0,
    version: int | None = None,
    state: str | None = None,
) -> Standing | None:
    """Changes an open conversation in one statement; None when it has ended, or is not in ``version`` and ``state``.

    ``says`` is how many numbers of the conversation to take, ``unread`` how many more messages wait to be read.
    """
    # What is pending on the row must not be written after this.
    await session.flush()
    statement = _advance_statement(tuple(sorted(values)), version is not None, state is not None)
    parameters = {f"new_{name}": value for name, value in values.items()}
    parameters |= {"this": conversation_id, "says": says, "more": unread, "seen_version": version, "seen_state": state}
    row = (await session.execute(statement, parameters)).first()
    return Standing(*row) if row is not None else None


@cache
def _advance_statement(columns: tuple[str, ...], versioned: bool, stated: bool) -> Any:
    """Built once for each set of columns: putting a statement together costs more than running it."""
    c = _CONVERSATION.c
    conditions = [c.id == bindparam("this"), c.closed_at.is_(None)]
    if versioned:
        conditions.append(c.version == bindparam("seen_version"))
    if stated:
        conditions.append(c.state == bindparam("seen_state"))
    values: dict[Any, Any] = {c.last_seq: c.last_seq + bindparam("says"), c.unread: c.unread + bindparam("more")}
    values |= {c[name]: bindparam(f"new_{name}", type_=c[name].type) for name in columns}
    return (
        update(_CONVERSATION)
        .where(*conditions)
        .values(values)
        .returning(*(c[name] for name in Standing.__dataclass_fields__))
    )


async def store_message(session: AsyncSession, message: Message) -> None:
    """Inserts a message; a plain insert, because this is done for everything that is ever said."""
    await session.execute(_STORE_MESSAGE, {name: getattr(message, name) for name in _MESSAGE_COLUMNS})
    await search_index.add(session, "message", message.id, message.conversation_id, message.text, message.lang)


async def store_turn(session: AsyncSession, message: Message, lease_until: datetime) -> None:
    """Notes that the assistant owes an answer to ``message``."""
    await session.execute(
        _STORE_TURN,
        {
            "message_id": message.id,
            "conversation_id": message.conversation_id,
            "seq": message.seq,
            "lease_until": lease_until,
            "attempts": 1,
        },
    )


async def finish_turn(session: AsyncSession, message_id: str, now: datetime, outcome: str, took_ms: int) -> bool:
    """Marks a turn as done; False when somebody did before."""
    done = await session.execute(
        _FINISH_TURN, {"this": message_id, "new_done_at": now, "new_outcome": outcome, "new_took_ms": took_ms}
    )
    return bool(cast("CursorResult[Any]", done).rowcount)


async def drop_turns(session: AsyncSession, conversation_id: str, now: datetime) -> None:
    """Nothing more is to be answered by the assistant for now: somebody else has."""
    await session.execute(
        update(Turn)
        .where(Turn.conversation_id == conversation_id, Turn.done_at.is_(None))
        .values(done_at=now, outcome="dropped")
        .execution_options(synchronize_session=False)
    )


async def reopen_turn(session: AsyncSession, message_id: str, lease_until: datetime) -> bool:
    """The message says something else now and is to be answered anew; False when there is no turn of it."""
    reopened = await session.scalar(
        update(Turn)
        .where(Turn.message_id == message_id)
        .values(done_at=None, outcome=None, took_ms=None, lease_until=lease_until, attempts=1)
        .returning(Turn.message_id)
        .execution_options(synchronize_session=False)
    )
    return reopened is not None


async def hurry_turn(session: AsyncSession, message_id: str, now: datetime) -> None:
    """An open turn is to be taken up by the next sweep, without waiting for its lease."""
    await session.execute(
        update(Turn)
        .where(Turn.message_id == message_id, Turn.done_at.is_(None))
        .values(lease_until=now, attempts=0)
        .execution_options(synchronize_session=False)
    )


async def citizen_wrote_since(session: AsyncSession, conversation_id: str, seq: int) -> bool:
    """Whether the citizen has said anything after message ``seq``."""
    later = exists().where(
        Message.conversation_id == conversation_id, Message.seq > seq, Message.author_kind == "citizen"
    )
    return bool(await session.scalar(select(later)))


async def text_of(session: AsyncSession, message_id: str) -> str | None:
    """What a message says now."""
    found: str | None = await session.scalar(select(Message.text).where(Message.id == message_id))
    return found


async def store_event(session: AsyncSession, values: dict[str, Any]) -> int:
    """Appends to the event log; the event's ``seq``."""
    return int((await session.execute(_STORE_EVENT, values)).scalar_one())


async def message_by_client_id(session: AsyncSession, conversation_id: str, client_id: str) -> Message | None:
    """The message that was stored for the client's id, if it was."""
    found: Message | None = await session.scalar(
        select(Message).where(Message.conversation_id == conversation_id, Message.client_id == client_id)
    )
    return found


async def messages_after(session: AsyncSession, conversation_id: str, cursor: int) -> Sequence[Message]:
    """Messages with ``seq`` greater than ``cursor``, in order."""
    result = await session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.seq > cursor)
        .order_by(Message.seq)
        .limit(2000)
    )
    return result.all()


async def timeline(session: AsyncSession, conversation_id: str) -> Sequence[Event]:
    """The conversation's changes in order, without the messages and what became of them."""
    result = await session.scalars(
        select(Event)
        .where(
            Event.conversation_id == conversation_id,
            Event.kind.not_in(["message", "delivery", "looked_up", "note_seen", "attachment", "clock_warning"]),
        )
        .order_by(Event.seq)
    )
    return result.all()


async def events_after(session: AsyncSession, cursor: int, limit: int) -> Sequence[Event]:
    """Events with ``seq`` greater than ``cursor``, in order."""
    result = await session.scalars(select(Event).where(Event.seq > cursor).order_by(Event.seq).limit(limit))
    return result.all()


async def last_event_seq(session: AsyncSession) -> int:
    """The highest ``seq`` in the log; 0 when it is empty."""
    return await session.scalar(select(func.max(Event.seq))) or 0


async def overdue_turns(session: AsyncSession, now: datetime) -> Sequence[Turn]:
    """Turns that nobody works on any more: their lease ran out before they were done."""
    result = await session.scalars(
        select(Turn).where(Turn.done_at.is_(None), Turn.lease_until < now).order_by(Turn.seq).limit(100)
    )
    return result.all()


async def claim_turn(session: AsyncSession, turn: Turn, lease_until: datetime) -> bool:
    """Takes over an overdue turn; False when another worker was faster."""
    claimed = await session.scalar(
        update(Turn)
        .where(Turn.message_id == turn.message_id, Turn.done_at.is_(None), Turn.lease_until == turn.lease_until)
        .values(lease_until=lease_until, attempts=Turn.attempts + 1)
        .returning(Turn.message_id)
    )
    return claimed is not None


async def waiting_ahead(session: AsyncSession, waiting_since: datetime, *, chat: bool) -> int:
    """How many wait for a person since before ``waiting_since``.

    Whoever sits in the web chat goes before comments and messages on platforms, which have an hour, as long as they have it:
    a storm of comments does not lengthen his wait.
    """
    query = (
        select(func.count())
        .select_from(Conversation)
        .where(Conversation.state.in_([*WAITING]), Conversation.waiting_since < waiting_since)
    )
    if chat:
        query = query.where(or_(Conversation.channel == WEBCHAT, Conversation.due_at <= waiting_since))
    return await session.scalar(query) or 0


async def stale(session: AsyncSession, condition: ColumnElement[bool]) -> Sequence[Conversation]:
    """Conversations that ``condition`` picks, oldest first, a batch at a time."""
    result = await session.scalars(select(Conversation).where(condition).order_by(Conversation.last_at).limit(100))
    return result.all()


async def held_by_the_absent(session: AsyncSession, seen_before: datetime) -> Sequence[Conversation]:
    """Conversations under way whose holder's console was last heard of before ``seen_before``; at level 2 those in which the
    citizen has written what nobody has read."""
    unread_at_level2 = and_(Conversation.state == State.LEVEL2, Conversation.unread > 0)
    result = await session.scalars(
        select(Conversation)
        .join(Staff, Staff.id == Conversation.holder_id)
        .where(
            or_(Conversation.state.in_([State.ACTIVE, State.ON_HOLD]), unread_at_level2),
            Staff.seen_at < seen_before,
        )
        .limit(100)
    )
    return result.all()


async def site(session: AsyncSession, key: str) -> Site | None:
    """The web-chat account, if it exists and is switched on."""
    found = await session.get(Site, key)
    return found if found is not None and found.enabled else None


async def staff_name(session: AsyncSession, staff_id: str | None) -> str | None:
    """The name a citizen or colleague sees."""
    if staff_id is None:
        return None
    found = await session.get(Staff, staff_id)
    return found.name if found else None


async def last_citizen_questions(session: AsyncSession, conversation_id: str, number: int) -> list[str]:
    """What the citizen wrote last, oldest first. A plan's buttons are left out: what was answered with them is told besides."""
    pressed_in_plan = Message.payload.startswith("plan:")
    result = await session.scalars(
        select(Message.text)
        .where(
            Message.conversation_id == conversation_id,
            Message.author_kind == "citizen",
            or_(Message.payload.is_(None), ~pressed_in_plan),
        )
        .order_by(Message.seq.desc())
        .limit(number)
    )
    return list(reversed(result.all()))


def view_of(message: Message | None) -> dict[str, Any] | None:
    """The message as it goes over the wire; None stays None."""
    return None if message is None else message_view(message)
