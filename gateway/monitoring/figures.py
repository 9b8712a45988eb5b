"""How the service stands at this moment, asked of the database: the same for whichever worker is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.callbacks.models import Callback
from handoff.channels.models import ChannelAccount, InboundEventRow, OutboxRow
from handoff.channels.repository import PENDING, TROUBLED
from handoff.conversations.models import Conversation, Turn
from handoff.level2 import repository as mails
from handoff.queue import repository as queues
from handoff.queue.models import COMMON
from handoff.settlement.models import SettlementPeriod
from handoff.staff import repository as people
from handoff.state_machine import WAITING, State

if TYPE_CHECKING:
    from gateway.app import Gateway

_NONE = "none"


class Figures(Collector):
    """The figures of one asking."""

    def __init__(self) -> None:
        self._families: list[GaugeMetricFamily] = []

    def add(self, name: str, told: str, labels: tuple[str, ...], values: dict[tuple[str, ...], float]) -> None:
        """One figure, by its labels."""
        family = GaugeMetricFamily(name, told, labels=labels)
        for key, value in sorted(values.items()):
            family.add_metric(list(key), value)
        self._families.append(family)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See :class:`prometheus_client.registry.Collector`."""
        yield from self._families


async def gather(gateway: Gateway) -> Figures:
    """Asks for everything. A part that cannot be asked is ill in ``pietura_part_healthy``; the database's figures are then
    missing, and that is what an alarm should be about."""
    found = Figures()
    parts = await gateway.health.parts()
    found.add(
        "pietura_part_healthy",
        "Whether a part of the service is well, as /health tells.",
        ("part",),
        {(name,): float(part["ok"]) for name, part in parts.items()},
    )
    if parts["database"]["ok"]:
        async with gateway.db.read() as session:
            await _conversations(found, session, gateway.clock.now())
            await _platforms(found, session, gateway.clock.now())
            await _work(found, session, gateway.clock.now())
    return found


async def _conversations(found: Figures, session: AsyncSession, now: datetime) -> None:
    c = Conversation
    names = {one.id: one.name_lv for one in await queues.queues(session)}
    centres = {one.id: one.name for one in await people.centres(session)}
    waits = c.state.in_([*WAITING]) & c.holder_id.is_(None)
    rows = await session.execute(
        select(c.queue_id, func.count(), func.min(c.waiting_since)).where(waits).group_by(c.queue_id)
    )
    waiting: dict[tuple[str, ...], float] = {(name,): 0.0 for name in names.values()}
    oldest = dict(waiting)
    for queue_id, count, since in rows.tuples():
        key = (names.get(queue_id or COMMON, _NONE),)
        waiting[key] = waiting.get(key, 0) + count
        waited = (now - since).total_seconds() if since is not None else 0.0
        oldest[key] = max(oldest.get(key, 0.0), waited)
    found.add("pietura_conversations_waiting", "Citizens who wait for a person.", ("queue",), waiting)
    found.add("pietura_oldest_waiting_seconds", "How long the longest has waited.", ("queue",), oldest)
    served = await session.execute(
        select(c.centre_id, func.count())
        .where(c.holder_id.is_not(None), c.state.in_([State.ACTIVE, State.ON_HOLD, State.LEVEL2, State.OFFERED]))
        .group_by(c.centre_id)
    )
    in_service: dict[tuple[str, ...], float] = {(name,): 0.0 for name in (*centres.values(), _NONE)}
    for centre_id, count in served.tuples():
        in_service[(centres.get(centre_id or "", _NONE),)] += count
    found.add("pietura_conversations_in_service", "Conversations that a person holds.", ("centre",), in_service)
    states = await session.execute(select(c.state, func.count()).where(c.closed_at.is_(None)).group_by(c.state))
    counted: dict[tuple[str, ...], float] = {
        (str(state),): 0.0 for state in State if state not in ("closed", "abandoned")
    }
    counted |= {(str(state),): float(count) for state, count in states.tuples()}
    found.add("pietura_conversations_open", "Conversations that have not ended.", ("state",), counted)
    overdue = await session.scalar(select(func.count()).select_from(c).where(waits, c.due_at < now))
    late = await session.scalar(
        select(func.count())
        .select_from(c)
        .where(c.state == State.LEVEL2, c.level2_answered_at.is_(None), c.level2_due_at < now)
    )
    found.add(
        "pietura_targets_breached",
        "What goes on past its target: waits for a person, level 2.",
        ("target",),
        {("begin",): float(overdue or 0), ("level2",): float(late or 0)},
    )
    staff = [one for one in await people.everybody(session) if queues.is_present(one, now)]
    roles = {role: sum(one.role == role for one in staff) for role in ("operator", "specialist", "supervisor")}
    found.add(
        "pietura_staff_present",
        "People whose console is open.",
        ("role",),
        {(role,): float(count) for role, count in roles.items()},
    )


async def _platforms(found: Figures, session: AsyncSession, now: datetime) -> None:
    channels = {one.id: one.channel for one in await session.scalars(select(ChannelAccount))}

    async def by_state(table: Any, states: tuple[str, ...]) -> dict[tuple[str, ...], float]:
        counts: dict[tuple[str, ...], float] = {
            (channel, state): 0.0 for channel in set(channels.values()) for state in states
        }
        rows = await session.execute(
            select(table.account_id, table.state, func.count())
            .where(table.state.in_(states))
            .group_by(table.account_id, table.state)
        )
        for account_id, state, count in rows.tuples():
            key = (channels.get(account_id, _NONE), state)
            counts[key] = counts.get(key, 0.0) + count
        return counts

    states = (*PENDING, *TROUBLED)
    found.add(
        "pietura_outbox_messages",
        "What is to be sent to platforms, or could not be.",
        ("channel", "state"),
        await by_state(OutboxRow, states),
    )
    oldest = await session.scalar(select(func.min(OutboxRow.created_at)).where(OutboxRow.state.in_(PENDING)))
    found.add(
        "pietura_outbox_oldest_seconds",
        "How long the first of them has waited.",
        (),
        {(): (now - oldest).total_seconds() if oldest is not None else 0.0},
    )
    found.add(
        "pietura_inbox_events",
        "What platforms told and is not done: new, waiting, dead (a person must look).",
        ("channel", "state"),
        await by_state(InboundEventRow, ("new", "waiting", "dead")),
    )


async def _work(found: Figures, session: AsyncSession, now: datetime) -> None:
    open_turns = await session.scalar(select(func.count()).select_from(Turn).where(Turn.done_at.is_(None)))
    stale = await session.scalar(
        select(func.count())
        .select_from(Turn)
        .where(Turn.done_at.is_(None), Turn.lease_until < now - timedelta(minutes=1))
    )
    found.add(
        "pietura_turns_open",
        "Messages that the assistant owes an answer to; overdue are those a minute past their lease.",
        ("kind",),
        {("all",): float(open_turns or 0), ("overdue",): float(stale or 0)},
    )
    counts = await mails.counts(session)
    found.add(
        "pietura_mails",
        "Mails to specialists that wait, or failed.",
        ("state",),
        {(state,): float(counts[state]) for state in ("queued", "sending", "failed")},
    )
    begun = await session.scalar(
        select(func.min(SettlementPeriod.started_at)).where(SettlementPeriod.state == "closing")
    )
    found.add(
        "pietura_month_closing_seconds",
        "For how long a month has been closing; nought when none is.",
        (),
        {(): (now - begun).total_seconds() if begun is not None else 0.0},
    )
    owed = await session.scalar(select(func.count()).select_from(Callback).where(Callback.state.in_(("open", "taken"))))
    found.add("pietura_callbacks_open", "Call-backs and visits that somebody owes.", (), {(): float(owed or 0)})
