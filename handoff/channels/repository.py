"""All SQL on channel accounts, inbound events, the outbox, threads and posts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Table, and_, func, literal_column, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from handoff.cases.models import Case
from handoff.channels.models import (
    ChannelAccount,
    ChannelThread,
    InboundEventRow,
    OutboxRow,
    PlatformMessage,
    SocialPost,
)
from handoff.channels.schemas import COMMENT, DIRECT
from handoff.conversations.models import Conversation, Message
from handoff.service_level.models import LevelClock
from handoff.state_machine import ENDED, State
from kit.clock import midnight
from kit.db import UnitOfWork

_ACCOUNT = cast("Table", ChannelAccount.__table__)
#: Sends that the platform has, as far as we know.
WENT_OUT = ("sent", "delivered", "read")
#: Sends that are still to come or under way.
PENDING = ("queued", "sending")
#: Sends that a person must look at.
TROUBLED = ("failed", "unknown")
#: Kinds of sends that answer a citizen.
REPLIES = ("direct", "public_reply", "private_reply")


def _rows(result: object) -> int:
    return int(cast("CursorResult[Any]", result).rowcount)


async def insert_new(unit: UnitOfWork, table: type[Any], rows: Sequence[dict[str, Any]]) -> int:
    """Inserts rows, leaving out those whose key is there already; the number inserted. The database decides, so no race."""
    statement = _insert_new(unit.dialect, cast("Table", table.__table__))
    # One by one: a statement of many rows is compiled anew for each number of them.
    return sum([_rows(await unit.session.execute(statement, row)) for row in rows])


async def insert_events(unit: UnitOfWork, rows: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    """Inserts inbound events but for those that are there already; account and key of those inserted."""
    if not rows:
        return set()
    table = cast("Table", InboundEventRow.__table__)
    statement = _insert_new(unit.dialect, table).returning(table.c.account_id, table.c.key)
    return {(account_id, key) for account_id, key in await unit.session.execute(statement, rows)}


@cache
def _insert_new(dialect: str, table: Table) -> Any:
    """Built once: putting a statement together costs more than running it."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing()


# --- accounts -----------------------------------------------------------------------------------------------------------


async def account(session: AsyncSession, account_id: str) -> ChannelAccount | None:
    """The account, whether it is enabled or not."""
    return await session.get(ChannelAccount, account_id)


async def account_on(session: AsyncSession, channel: str, platform_id: str) -> ChannelAccount | None:
    """The account that a platform knows as ``platform_id``."""
    found: ChannelAccount | None = await session.scalar(
        select(ChannelAccount).where(ChannelAccount.channel == channel, ChannelAccount.platform_id == platform_id)
    )
    return found


async def accounts(session: AsyncSession, ids: Iterable[str] | None = None) -> Sequence[ChannelAccount]:
    """All accounts, or those with these ids, by channel and name."""
    query = select(ChannelAccount).order_by(ChannelAccount.channel, ChannelAccount.name)
    if ids is not None:
        query = query.where(ChannelAccount.id.in_(list(ids)))
    return (await session.scalars(query)).all()


async def set_account(session: AsyncSession, account_id: str, **values: Any) -> None:
    """Sets columns of an account."""
    await session.execute(update(_ACCOUNT).where(_ACCOUNT.c.id == account_id).values(**values))


async def note_error(session: AsyncSession, account_id: str, error: str, at: datetime) -> None:
    """Notes what went wrong with an account, for the health board."""
    await set_account(session, account_id, last_error=error[:300], last_error_at=at)


async def charge(session: AsyncSession, account_id: str, cost: Decimal) -> None:
    """Adds to what an account has cost; added in the database, several workers send at once."""
    await set_account(session, account_id, spend=ChannelAccount.spend + cost)


async def claim_poll(session: AsyncSession, row: ChannelAccount, now: datetime) -> bool:
    """Takes it upon this worker to ask the platform for what was missed; False when another one does."""
    seen = ChannelAccount.polled_at.is_(None) if row.polled_at is None else ChannelAccount.polled_at == row.polled_at
    claimed = await session.execute(
        update(ChannelAccount)
        .where(ChannelAccount.id == row.id, seen)
        .values(polled_at=now)
        .execution_options(synchronize_session=False)
    )
    return bool(_rows(claimed))


# --- inbound events -----------------------------------------------------------------------------------------------------


async def ready_events(session: AsyncSession, now: datetime, limit: int) -> Sequence[InboundEventRow]:
    """The earliest unfinished event of each thread that nobody works on, and waiting ones whose time has come.

    Earliest by the platform's clock: what arrived in disorder is put right while it waits here. An event that waits for
    another one does not hold its thread: what it waits for may be behind it.
    """
    earlier = aliased(InboundEventRow)
    mine = [
        InboundEventRow.next_at <= now,
        or_(InboundEventRow.lease_until.is_(None), InboundEventRow.lease_until < now),
    ]
    held = (
        select(literal_column("1"))
        .where(
            earlier.account_id == InboundEventRow.account_id,
            earlier.thread == InboundEventRow.thread,
            earlier.state == "new",
            tuple_(earlier.occurred_at, earlier.id) < tuple_(InboundEventRow.occurred_at, InboundEventRow.id),
        )
        .exists()
    )
    # Two questions, each answered in order of an index, instead of one that sorts the whole backlog.
    due = select(InboundEventRow).where(InboundEventRow.state == "waiting", *mine)
    fresh = select(InboundEventRow).where(InboundEventRow.state == "new", *mine, ~held)
    found = [*(await session.scalars(due.order_by(InboundEventRow.id).limit(limit))).all()]
    found += (await session.scalars(fresh.order_by(InboundEventRow.id).limit(limit))).all()
    # Everybody claims in the same order, so nobody waits for somebody who waits for him.
    return sorted(found, key=lambda row: row.id)


async def claim_event(session: AsyncSession, row: InboundEventRow, lease_until: datetime) -> InboundEventRow | None:
    """Takes an event upon this worker; None when another was faster. ``attempts`` counts claims: a crash counts too."""
    claimed: InboundEventRow | None = await session.scalar(
        update(InboundEventRow)
        .where(
            InboundEventRow.id == row.id,
            InboundEventRow.state == row.state,
            InboundEventRow.attempts == row.attempts,
        )
        .values(lease_until=lease_until, attempts=InboundEventRow.attempts + 1)
        .returning(InboundEventRow)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    return claimed


async def finish_event(session: AsyncSession, row: InboundEventRow, **values: Any) -> bool:
    """Sets columns of a claimed event; False when the claim has been lost meanwhile."""
    done = await session.execute(
        update(InboundEventRow)
        .where(
            InboundEventRow.id == row.id,
            InboundEventRow.state.in_(["new", "waiting"]),
            InboundEventRow.attempts == row.attempts,
        )
        .values(lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    return bool(_rows(done))


async def wake_waiting(session: AsyncSession, account_id: str, thread: str, now: datetime) -> None:
    """What waits in a thread may have been waiting for what has just come."""
    await session.execute(
        update(InboundEventRow)
        .where(
            InboundEventRow.account_id == account_id,
            InboundEventRow.thread == thread,
            InboundEventRow.state == "waiting",
        )
        .values(next_at=now)
        .execution_options(synchronize_session=False)
    )


async def forget_text(session: AsyncSession, account_id: str, thread: str, ref: str) -> None:
    """Takes a deleted message's text out of the events that brought it."""
    rows = await session.scalars(
        select(InboundEventRow).where(
            InboundEventRow.account_id == account_id,
            InboundEventRow.thread == thread,
            InboundEventRow.event["ref"].as_string() == ref,
        )
    )
    for row in rows:
        row.event = {**row.event, "text": "", "attachments": []}


async def event_row(session: AsyncSession, event_id: int) -> InboundEventRow | None:
    """An event by its number."""
    return await session.get(InboundEventRow, event_id)


async def dead_events(session: AsyncSession, account_id: str | None, limit: int) -> Sequence[InboundEventRow]:
    """Events that were given up, newest first."""
    query = select(InboundEventRow).where(InboundEventRow.state == "dead")
    if account_id is not None:
        query = query.where(InboundEventRow.account_id == account_id)
    return (await session.scalars(query.order_by(InboundEventRow.id.desc()).limit(limit))).all()


async def counts_by_account(
    session: AsyncSession, table: type[InboundEventRow] | type[OutboxRow], states: Sequence[str]
) -> dict[str, dict[str, int]]:
    """How many rows of each account are in each of ``states``."""
    rows = await session.execute(
        select(table.account_id, table.state, func.count())
        .where(table.state.in_(list(states)))
        .group_by(table.account_id, table.state)
    )
    found: dict[str, dict[str, int]] = {}
    for account_id, state, number in rows.tuples():
        found.setdefault(account_id, {})[state] = number
    return found


async def oldest_unfinished(session: AsyncSession) -> datetime | None:
    """Since when the event that waits longest has been waiting to be processed."""
    found: datetime | None = await session.scalar(
        select(func.min(InboundEventRow.received_at)).where(InboundEventRow.state == "new")
    )
    return found


# --- threads, platform messages, posts ----------------------------------------------------------------------------------


async def thread(session: AsyncSession, conversation_id: str) -> ChannelThread | None:
    """Where a conversation lives; None for the web chat."""
    return await session.get(ChannelThread, conversation_id)


async def threads(session: AsyncSession, ids: Iterable[str]) -> dict[str, ChannelThread]:
    """Where these conversations live, by their ids."""
    rows = await session.scalars(select(ChannelThread).where(ChannelThread.conversation_id.in_(list(ids))))
    return {row.conversation_id: row for row in rows}


async def set_thread(
    session: AsyncSession, conversation_id: str, condition: ColumnElement[bool] | None = None, **values: Any
) -> bool:
    """Compare-and-set on a thread; False when ``condition`` does not hold."""
    await session.flush()
    wanted = ChannelThread.conversation_id == conversation_id
    changed = await session.scalar(
        update(ChannelThread)
        .where(wanted if condition is None else and_(wanted, condition))
        .values(**values)
        .returning(ChannelThread)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    return changed is not None


async def latest_direct(session: AsyncSession, account_id: str, thread_id: str) -> Conversation | None:
    """The last conversation with a person by direct messages, whether it goes on or not."""
    found: Conversation | None = await session.scalar(
        select(Conversation)
        .join(ChannelThread, ChannelThread.conversation_id == Conversation.id)
        .where(ChannelThread.account_id == account_id, ChannelThread.thread == thread_id, ChannelThread.kind == DIRECT)
        .order_by(Conversation.closed_at.is_not(None), ChannelThread.received_at.desc())
        .limit(1)
    )
    return found


def goes_on(conversation: Conversation) -> bool:
    """Whether a message of the citizen's still belongs to this conversation."""
    return conversation.state not in ENDED and conversation.state != State.WRAP_UP


async def platform_message(session: AsyncSession, account_id: str, ref: str | None) -> PlatformMessage | None:
    """Which message a platform's id stands for, if we have seen it."""
    return None if ref is None else await session.get(PlatformMessage, (account_id, ref))


async def describe_post(
    session: AsyncSession, account_id: str, ref: str, text: str, link: str | None, published_at: datetime | None
) -> None:
    """What a post says of which only the place was known; what is known stays."""
    await session.execute(
        update(SocialPost)
        .where(SocialPost.account_id == account_id, SocialPost.ref == ref, SocialPost.text == "")
        .values(
            text=text,
            link=func.coalesce(SocialPost.link, link),
            published_at=func.coalesce(SocialPost.published_at, published_at),
        )
        .execution_options(synchronize_session=False)
    )


async def name_known(session: AsyncSession, account_id: str, author_id: str) -> str | None:
    """The name of somebody whose earlier conversation with the account has it."""
    found: str | None = await session.scalar(
        select(ChannelThread.author_name)
        .where(
            ChannelThread.account_id == account_id,
            ChannelThread.thread == author_id,
            ChannelThread.author_id == author_id,
            ChannelThread.author_name.is_not(None),
        )
        .order_by(ChannelThread.created_at.desc())
        .limit(1)
    )
    return found


async def social_post(session: AsyncSession, account_id: str, ref: str | None) -> SocialPost | None:
    """A post, if we have heard of it."""
    return None if ref is None else await session.get(SocialPost, (account_id, ref))


async def comments_under(
    session: AsyncSession, account_id: str, post_ref: str, limit: int
) -> Sequence[tuple[ChannelThread, Conversation]]:
    """All comments under a post, oldest first."""
    rows = await session.execute(
        select(ChannelThread, Conversation)
        .join(Conversation, Conversation.id == ChannelThread.conversation_id)
        .where(
            ChannelThread.account_id == account_id,
            ChannelThread.post_ref == post_ref,
            ChannelThread.kind == COMMENT,
        )
        .order_by(ChannelThread.created_at)
        .limit(limit)
    )
    return [(thread_row, conversation) for thread_row, conversation in rows.tuples()]


@dataclass(frozen=True)
class CommentFilter:
    """Which comments. Days are Riga days of the writing, by the platform's clock, both inclusive.

    Attributes:
        institution_id: owner of the account.
    """

    from_day: date
    to_day: date
    channel: str | None = None
    account_id: str | None = None
    institution_id: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """As conditions on the thread and its account."""
        found: list[ColumnElement[bool]] = [
            ChannelThread.kind == COMMENT,
            ChannelThread.created_at >= midnight(self.from_day),
            ChannelThread.created_at < midnight(self.to_day + timedelta(days=1)),
        ]
        for column, value in (
            (ChannelAccount.channel, self.channel),
            (ChannelAccount.id, self.account_id),
            (ChannelAccount.institution_id, self.institution_id),
        ):
            if value is not None:
                found.append(column == value)
        return found


@dataclass(frozen=True)
class PlacedComment:
    """A comment and the instants that its answer is judged by.

    Attributes:
        created_at: when it was written, by the platform's clock; ``received_at`` is when we heard of it.
        deleted_at: when it was deleted on the platform.
        first_reply_at: when the first answer had gone out, whoever gave it.
        sent_by: author of the send that went out at ``first_reply_at``; None when it was none of ours.
        due_at: until when its clock promised an answer; None of comments from before there were clocks.
    """

    conversation_id: str
    case_no: int
    account_id: str
    created_at: datetime
    received_at: datetime
    deleted_at: datetime | None
    first_reply_at: datetime | None
    sent_by: str | None
    closed_at: datetime | None
    outcome: str | None
    due_at: datetime | None = None


async def comments_placed(session: AsyncSession, wanted: CommentFilter) -> list[PlacedComment]:
    """Every comment that the filter picks, newest first."""
    first_send = (
        select(Message.author_kind)
        .join(OutboxRow, OutboxRow.message_id == Message.id)
        .where(
            OutboxRow.conversation_id == Conversation.id,
            OutboxRow.kind.in_(list(REPLIES)),
            OutboxRow.state.in_(list(WENT_OUT)),
            OutboxRow.sent_at == Conversation.first_reply_at,
        )
        .order_by(OutboxRow.id)
        .limit(1)
        .correlate(Conversation)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(
            ChannelThread.conversation_id,
            Case.no,
            ChannelThread.account_id,
            ChannelThread.created_at,
            ChannelThread.received_at,
            ChannelThread.deleted_at,
            Conversation.first_reply_at,
            first_send,
            Conversation.closed_at,
            Conversation.outcome,
            LevelClock.due_at,
        )
        .join(Conversation, Conversation.id == ChannelThread.conversation_id)
        .outerjoin(LevelClock, and_(LevelClock.conversation_id == Conversation.id, LevelClock.kind == "comment"))
        .join(Case, Case.conversation_id == ChannelThread.conversation_id)
        .join(ChannelAccount, ChannelAccount.id == ChannelThread.account_id)
        .where(*wanted.conditions())
        .order_by(ChannelThread.created_at.desc(), Case.no.desc())
    )
    return [PlacedComment(*row) for row in rows.tuples()]


async def commented_accounts(session: AsyncSession) -> Sequence[ChannelAccount]:
    """Accounts that somebody has commented at, by channel and name."""
    placed = select(ChannelThread.account_id).where(ChannelThread.kind == COMMENT)
    query = select(ChannelAccount).where(ChannelAccount.id.in_(placed))
    return (await session.scalars(query.order_by(ChannelAccount.channel, ChannelAccount.name))).all()


async def messages_of(session: AsyncSession, ids: Sequence[str]) -> Sequence[Message]:
    """Messages of these conversations, in order; for comments, of which each has a few."""
    result = await session.scalars(
        select(Message).where(Message.conversation_id.in_(list(ids))).order_by(Message.conversation_id, Message.seq)
    )
    return result.all()


async def last_with_buttons(session: AsyncSession, conversation_id: str) -> Message | None:
    """What was said last with something to choose from, if the citizen has written nothing since."""
    rows = await session.scalars(
        select(Message).where(Message.conversation_id == conversation_id).order_by(Message.seq.desc()).limit(10)
    )
    for message in rows:
        if message.author_kind == "citizen":
            return None
        if message.extras.get("buttons"):
            return message
    return None


# --- the outbox ---------------------------------------------------------------------------------------------------------


async def set_row(
    session: AsyncSession, row_id: int, condition: ColumnElement[bool], **values: Any
) -> OutboxRow | None:
    """Compare-and-set on a row of the outbox; None when ``condition`` does not hold."""
    await session.flush()
    changed: OutboxRow | None = await session.scalar(
        update(OutboxRow)
        .where(OutboxRow.id == row_id, condition)
        .values(**values)
        .returning(OutboxRow)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    return changed


async def outbox_row(session: AsyncSession, row_id: int) -> OutboxRow | None:
    """A row by its number."""
    return await session.get(OutboxRow, row_id)


async def heads(
    session: AsyncSession, now: datetime, channels: Sequence[str], held: Sequence[str], limit: int
) -> Sequence[OutboxRow]:
    """The first unsent row of each thread, where it may be sent now.

    A thread whose first row is under way or waits for its next attempt is left alone; so are accounts that are paused,
    switched off, in ``held``, or on other channels than ``channels``.
    """
    earlier = aliased(OutboxRow)
    blocked = (
        select(literal_column("1"))
        .where(
            earlier.account_id == OutboxRow.account_id,
            earlier.thread == OutboxRow.thread,
            or_(earlier.state == "sending", and_(earlier.state == "queued", earlier.id < OutboxRow.id)),
        )
        .exists()
    )
    query = (
        select(OutboxRow)
        .join(ChannelAccount, ChannelAccount.id == OutboxRow.account_id)
        .where(
            OutboxRow.state == "queued",
            OutboxRow.next_at <= now,
            ~blocked,
            ChannelAccount.enabled.is_(True),
            ChannelAccount.paused_reason.is_(None),
            ChannelAccount.channel.in_(list(channels)),
            ChannelAccount.id.not_in(list(held)),
        )
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def lost_sends(session: AsyncSession, now: datetime) -> Sequence[OutboxRow]:
    """Rows whose sender has not come back in time."""
    query = select(OutboxRow).where(OutboxRow.state == "sending", OutboxRow.lease_until < now).limit(100)
    return (await session.scalars(query)).all()


async def rows_of_message(session: AsyncSession, message_id: str) -> Sequence[OutboxRow]:
    """Every part of a message, in order."""
    query = select(OutboxRow).where(OutboxRow.message_id == message_id).order_by(OutboxRow.id)
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def rows_in(session: AsyncSession, account_id: str, thread_id: str, states: Sequence[str]) -> Sequence[OutboxRow]:
    """Rows of a thread in these states, oldest first."""
    query = (
        select(OutboxRow)
        .where(OutboxRow.account_id == account_id, OutboxRow.thread == thread_id, OutboxRow.state.in_(list(states)))
        .order_by(OutboxRow.id)
    )
    return (await session.scalars(query)).all()


async def open_replies(session: AsyncSession, account_id: str) -> Sequence[OutboxRow]:
    """Answers to comments whose fate is open, of the whole account; they are few at any time."""
    query = (
        select(OutboxRow)
        .where(
            OutboxRow.account_id == account_id,
            OutboxRow.state.in_(["sending", "unknown"]),
            OutboxRow.kind.in_(["public_reply", "private_reply"]),
        )
        .order_by(OutboxRow.id)
        .limit(500)
    )
    return (await session.scalars(query)).all()


async def row_by_ref(session: AsyncSession, account_id: str, thread_id: str, ref: str | None) -> OutboxRow | None:
    """The row that the platform gave this id."""
    if ref is None:
        return None
    found: OutboxRow | None = await session.scalar(
        select(OutboxRow).where(OutboxRow.account_id == account_id, OutboxRow.thread == thread_id, OutboxRow.ref == ref)
    )
    return found


async def sends_of(session: AsyncSession, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """How many sends of each conversation are in each state."""
    rows = await session.execute(
        select(OutboxRow.conversation_id, OutboxRow.state, func.count())
        .where(OutboxRow.conversation_id.in_(list(ids)))
        .group_by(OutboxRow.conversation_id, OutboxRow.state)
    )
    found: dict[str, dict[str, int]] = {}
    for conversation_id, state, number in rows.tuples():
        found.setdefault(str(conversation_id), {})[state] = number
    return found


async def has_sends(session: AsyncSession, conversation_id: str, states: Sequence[str]) -> bool:
    """Whether an answer of the conversation is in one of these states."""
    found = await session.scalar(
        select(OutboxRow.id)
        .where(
            OutboxRow.conversation_id == conversation_id,
            OutboxRow.kind.in_(list(REPLIES)),
            OutboxRow.state.in_(list(states)),
        )
        .limit(1)
    )
    return found is not None


async def has_unknown_answer(session: AsyncSession, conversation_id: str) -> bool:
    """Whether nobody knows if an answer of the conversation has arrived."""
    rows = await session.scalars(
        select(OutboxRow).where(OutboxRow.conversation_id == conversation_id, OutboxRow.state == "unknown")
    )
    return any(row.payload.get("answers") for row in rows)


async def troubled(session: AsyncSession, account_id: str | None, limit: int) -> Sequence[OutboxRow]:
    """Sends that failed or of which nobody knows, newest first."""
    query = select(OutboxRow).where(OutboxRow.state.in_(list(TROUBLED)))
    if account_id is not None:
        query = query.where(OutboxRow.account_id == account_id)
    return (await session.scalars(query.order_by(OutboxRow.id.desc()).limit(limit))).all()
