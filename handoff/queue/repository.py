"""All SQL on queues, and on people as the router sees them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.conversations.models import Conversation
from handoff.queue.matching import Operator
from handoff.queue.models import COMMON, Queue, Weights
from handoff.staff.models import Staff
from handoff.state_machine import HELD, State

#: Presence: a console that was heard of within this span is there.
PRESENT = timedelta(seconds=45)
#: An offer is taken back from somebody who has been gone for longer; a page that is loaded anew is not gone.
_RELOAD = timedelta(seconds=5)
_SHIFT = timedelta(hours=12)
_BATCH = 500


async def queues(session: AsyncSession) -> Sequence[Queue]:
    """All queues in their order; the common one is last."""
    ordered = select(Queue).order_by(Queue.id == COMMON, Queue.position, Queue.id)
    return (await session.scalars(ordered)).all()


async def queue(session: AsyncSession, queue_id: str) -> Queue | None:
    """The queue, if there is one."""
    return await session.get(Queue, queue_id)


async def held_queue(session: AsyncSession, queue_id: str) -> Queue | None:
    """The queue as it is, and as it stays until the transaction ends: nobody switches it off while something is put into it."""
    found: Queue | None = await session.scalar(
        select(Queue).where(Queue.id == queue_id).with_for_update(read=True).execution_options(populate_existing=True)
    )
    return found


async def set_where_version(session: AsyncSession, table: type[Queue | Weights], key: object, version: int) -> bool:
    """Raises the version of a row if it is still ``version``; False when somebody has changed it meanwhile."""
    raised = await session.scalar(
        update(table)
        .where(table.id == key, table.version == version)
        .values(version=version + 1)
        .returning(table.id)
        .execution_options(synchronize_session=False)
    )
    return raised is not None


async def set_where_serving(session: AsyncSession, staff_id: str, version: int) -> bool:
    """The same for what a person serves."""
    raised = await session.scalar(
        update(Staff)
        .where(Staff.id == staff_id, Staff.serving_version == version)
        .values(serving_version=version + 1)
        .returning(Staff.id)
        .execution_options(synchronize_session=False)
    )
    return raised is not None


async def weights(session: AsyncSession) -> Weights:
    """What conversations weigh."""
    found = await session.get(Weights, 1)
    return found or Weights(id=1, webchat=100, direct=50, comment=50, version=1)


async def loads(session: AsyncSession, staff_ids: Sequence[str] | None = None) -> dict[str, int]:
    """What each person carries, in hundredths of a unit: what he holds, and what the router has put to him."""
    owner = case((Conversation.holder_id.is_(None), Conversation.offered_to_id), else_=Conversation.holder_id)
    carried = (
        select(owner, func.sum(Conversation.weight))
        .where(
            Conversation.state.in_([*HELD, State.OFFERED]),
            # Of what he is offered by a colleague the colleague carries the weight.
            or_(Conversation.holder_id.is_not(None), Conversation.offered_to_id.is_not(None)),
        )
        .group_by(owner)
    )
    if staff_ids is not None:
        carried = carried.where(
            or_(
                Conversation.holder_id.in_(staff_ids),
                and_(Conversation.holder_id.is_(None), Conversation.offered_to_id.in_(staff_ids)),
            )
        )
    return {str(one): int(total) for one, total in (await session.execute(carried)).tuples()}


async def team(session: AsyncSession, now: datetime) -> list[Operator]:
    """Every operator, with what the router must know of him."""
    rows = (await session.scalars(select(Staff).where(Staff.role == "operator", Staff.disabled.is_(False)))).all()
    carried = await loads(session, [row.id for row in rows])
    last = (
        await session.execute(
            select(Conversation.holder_id, func.max(func.coalesce(Conversation.closed_at, Conversation.taken_at)))
            .where(Conversation.holder_id.is_not(None), Conversation.last_at >= now - _SHIFT)
            .group_by(Conversation.holder_id)
        )
    ).tuples()
    idle = {str(holder): moment for holder, moment in last}
    return [
        Operator(
            id=row.id,
            name=row.name,
            centre_id=row.centre_id,
            languages=row.languages,
            skills=row.skills,
            capacity=row.capacity,
            present=is_present(row, now),
            available=row.availability == "available",
            load=carried.get(row.id, 0),
            idle_since=idle.get(row.id),
        )
        for row in rows
    ]


def is_present(row: Staff, now: datetime) -> bool:
    """Whether a console of his was heard of a moment ago."""
    return row.seen_at is not None and row.seen_at >= now - PRESENT


async def waiting_in(session: AsyncSession, queue_ids: Sequence[str]) -> Sequence[Conversation]:
    """What waits in these queues, longest first; what its holder lost or handed on goes before (its citizen was being served)."""
    result = await session.scalars(
        select(Conversation)
        .where(Conversation.state == State.QUEUED, func.coalesce(Conversation.queue_id, COMMON).in_(queue_ids))
        .order_by(not_(_was_served()), Conversation.waiting_since)
        .limit(_BATCH)
    )
    return result.all()


def _was_served() -> ColumnElement[bool]:
    handed_on = and_(Conversation.queue_chosen.is_(True), Conversation.taken_at.is_not(None))
    # A reason that is not there must not make the whole unknown.
    return or_(func.coalesce(Conversation.reason, "") == "operator_gone", handed_on)


async def all_waiting(session: AsyncSession) -> Sequence[Conversation]:
    """Everything that waits, wherever; in one order for everybody, so that two who change it wait for each other and not both."""
    waiting = select(Conversation).where(Conversation.state == State.QUEUED).order_by(Conversation.id)
    return (await session.scalars(waiting)).all()


async def waiting_numbers(session: AsyncSession) -> dict[str, int]:
    """How many wait in each queue, those included that are being offered."""
    where = func.coalesce(Conversation.queue_id, COMMON)
    rows = await session.execute(
        select(where, func.count())
        .where(
            or_(
                Conversation.state == State.QUEUED,
                and_(Conversation.state == State.OFFERED, Conversation.holder_id.is_(None)),
            )
        )
        .group_by(where)
    )
    return {str(key): number for key, number in rows.tuples()}


async def locked(session: AsyncSession, staff_id: str) -> Staff | None:
    """The account, held until the transaction ends, so that two workers do not both count on his last free place.

    On SQLite whoever writes is alone anyway. The key is not locked: others may go on to refer to him.
    """
    found: Staff | None = await session.scalar(
        select(Staff)
        .where(Staff.id == staff_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found


async def offers_to_take_back(session: AsyncSession, now: datetime) -> Sequence[Conversation]:
    """The router's offers that ran out, or whose person is gone, away or disabled."""
    result = await session.scalars(
        select(Conversation)
        .join(Staff, Staff.id == Conversation.offered_to_id)
        .where(
            Conversation.state == State.OFFERED,
            Conversation.holder_id.is_(None),
            or_(
                Conversation.offer_until < now,
                Staff.seen_at.is_(None),
                Staff.seen_at < now - PRESENT - _RELOAD,
                Staff.availability != "available",
                Staff.disabled.is_(True),
            ),
        )
        .limit(100)
    )
    return result.all()


def is_gone(row: Staff, now: datetime) -> bool:
    """Whether an offer to him is an offer into the void."""
    away = row.disabled or row.availability != "available"
    return away or row.seen_at is None or row.seen_at < now - PRESENT - _RELOAD
