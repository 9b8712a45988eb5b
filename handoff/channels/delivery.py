"""The delivery worker: what is in the outbox goes to the platforms, one at a time in each thread, in order, never twice.

No platform takes a key that would make a repetition harmless. So a send whose answer never came is *unknown* and is not
sent again by itself: the platform's echo, or a person, says what became of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import structlog
from sqlalchemy import and_
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Broker
from handoff.channels import repository
from handoff.channels.inbox import describe
from handoff.channels.models import OutboxRow
from handoff.channels.outbox import Outbox
from handoff.channels.ports import Account, OutboundKind, OutboundMessage, PlatformConnector, SendResult
from handoff.conversations import repository as conversations
from handoff.conversations.events import EventLog
from handoff.state_machine import Actor, State
from kit.db import UnitOfWork
from kit.errors import Conflict
from kit.tracing import bound
from kit.vault import VaultError

log = structlog.get_logger(__name__)
#: Reasons for which no person could say it better.
_NOBODY_CAN = frozenset({"blocked", "deleted"})
#: Share of a platform's limit from which on sends are spaced.
_NEARLY_USED_UP = 0.8
#: A database that is away for a moment must not make an answer unknown that we have.
_STORING_TRIES = 4
_STORING_PAUSE_S = 0.5


@dataclass(frozen=True)
class DeliveryPolicy:
    """How sends are tried.

    Attributes:
        lease: after this a send that nobody has come back from is unknown.
        send_limit: the longest a connector may take; its own time-outs are shorter.
        attempts: after so many the send has failed.
        first_pause, longest_pause: between attempts; doubled each time, unless the platform says otherwise.
        at_once: sends of this worker at the same time.
        spacing: pause between sends of an account whose limit is used up.
    """

    lease: timedelta = timedelta(seconds=90)
    send_limit: timedelta = timedelta(seconds=60)
    attempts: int = 8
    first_pause: timedelta = timedelta(seconds=2)
    longest_pause: timedelta = timedelta(minutes=5)
    at_once: int = 16
    spacing: timedelta = timedelta(seconds=30)


class Delivery:
    """Sends. Every worker runs one; the database sees to it that a thread has one send under way."""

    def __init__(
        self, broker: Broker, outbox: Outbox, *, policy: DeliveryPolicy | None = None, every: float = 1.0
    ) -> None:
        """``every``: seconds between looks when nobody wakes us."""
        self._broker = broker
        self._outbox = outbox
        self._policy = policy or DeliveryPolicy()
        self._every = every
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[int] = set()
        #: Accounts that are not sent for before an instant: the platform asked for it …
        self._asked: dict[str, datetime] = {}
        #: … or its limit is nearly used up, and sends are spaced: when the next one may go, and the pauses between them.
        self._next: dict[str, datetime] = {}
        self._gap: dict[str, timedelta] = {}
        self.last_error: str | None = None

    # --- the worker -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Works until cancelled; a failure is noted and the next round tried."""
        while True:
            self._outbox.wake.clear()
            begun = 0
            try:
                begun = await self.once()
                self.last_error = None
            except Exception as error:
                self.last_error = describe(error)
                log.error("the outbox could not be looked through", error=self.last_error)
            if not begun:
                try:
                    await asyncio.wait_for(self._outbox.wake.wait(), self._every)
                except TimeoutError:
                    continue

    async def once(self) -> int:
        """One round: begins the sends that may begin now; how many. Lost ones become unknown."""
        now = self._broker.clock.now()
        async with self._broker.db.read() as session:
            lost = await repository.lost_sends(session, now)
        for row in lost:
            await self._lose(row)
        room = self._policy.at_once - len(self._tasks)
        if room <= 0:
            return 0
        self._asked, self._next = (
            {key: until for key, until in held.items() if until > now} for held in (self._asked, self._next)
        )
        async with self._broker.db.read() as session:
            heads = await repository.heads(
                session, now, self._outbox.channels.names, [*self._asked, *self._next], room + len(self._under_way)
            )
        begun = 0
        for row in heads:
            # What has just begun may be all that its account may do for the moment.
            held = row.account_id in self._asked or row.account_id in self._next
            if row.id in self._under_way or held or begun >= room:
                continue
            if row.account_id in self._gap:
                self._next[row.account_id] = now + self._gap[row.account_id]
            self._under_way.add(row.id)
            self._spawn(row.id, self._deliver(row))
            begun += 1
        return begun

    def _spawn(self, row_id: int, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except Exception as error:
                # What had been claimed is found by its lease, and is unknown then.
                self.last_error = describe(error)
                log.error("a send broke off", row=row_id, error=self.last_error)
            finally:
                self._under_way.discard(row_id)

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self, timeout: float) -> None:
        """Waits for sends under way, at most ``timeout`` seconds; what is cut off is unknown after the next start."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout)

    # --- one send -------------------------------------------------------------------------------------------------------

    async def _deliver(self, head: OutboxRow) -> None:
        with bound(conversation=head.conversation_id):
            await self._send(head)

    async def _send(self, head: OutboxRow) -> None:
        prepared = await self._claim(head)
        if prepared is None:
            return
        row, account, connector, message = prepared
        try:
            limit = self._policy.send_limit.total_seconds()
            result = await asyncio.wait_for(connector.send(account, message), limit)
        except Exception as error:
            # A connector does not raise for what a platform may do: nobody knows how far it got.
            log.error("a connector failed", channel=account.channel, account=account.id, error=describe(error))
            reason = "timeout" if isinstance(error, TimeoutError) else "connector_error"
            result = SendResult("unknown", reason=reason, detail=describe(error))
        log.info("sent", channel=account.channel, row=row.id, status=result.status, reason=result.reason)
        await self._store_surely(row, result)
        # The next of the thread may go.
        self._outbox.wake.set()

    async def _store_surely(self, row: OutboxRow, result: SendResult) -> None:
        for left in reversed(range(_STORING_TRIES)):
            try:
                await self._store(row, result)
                return
            except (DBAPIError, OSError) as error:
                if not left:
                    raise
                log.warning("what became of a send could not be stored yet", row=row.id, error=describe(error))
                await asyncio.sleep(_STORING_PAUSE_S)

    async def _claim(self, head: OutboxRow) -> tuple[OutboxRow, Account, PlatformConnector, OutboundMessage] | None:
        """Takes the send upon this worker, stored before a byte goes out; None when it is not ours to do."""
        now = self._broker.clock.now()
        channels = self._outbox.channels
        try:
            async with self._broker.db.unit() as unit:
                row = await repository.set_row(
                    unit.session,
                    head.id,
                    and_(OutboxRow.state == "queued", OutboxRow.attempts == head.attempts),
                    state="sending",
                    attempts=OutboxRow.attempts + 1,
                    claimed_at=now,
                    lease_until=now + self._policy.lease,
                )
                account_row = await repository.account(unit.session, head.account_id)
                connector = channels.connector(account_row.channel) if account_row is not None else None
                if row is None or account_row is None or connector is None:
                    return None
                message = await _message(unit.session, row)
        except IntegrityError:
            # Another send of the thread is under way: the index refuses a second one.
            return None
        try:
            return row, channels.opened(account_row), connector, message
        except VaultError:
            await self._store(
                row, SendResult("failed", reason="credentials", detail="cannot be decrypted", pause_account=True)
            )
            return None

    async def _lose(self, row: OutboxRow) -> None:
        """Nobody came back from a send in time: it may have arrived."""
        still = and_(OutboxRow.state == "sending", OutboxRow.attempts == row.attempts)
        async with self._broker.db.unit() as unit:
            events = self._broker.events(unit)
            lost = await repository.set_row(
                unit.session, row.id, still, state="unknown", reason="timeout", detail="lease", lease_until=None
            )
            if lost is not None:
                await self._outbox.did_not_go(unit, events, lost)

    async def _store(self, row: OutboxRow, result: SendResult) -> None:
        """Keeps what became of a send, and what follows from it, in one transaction.

        An answer that comes after the lease still counts; one that comes after an echo or a person has decided does not.
        """
        now = self._broker.clock.now()
        cost = Decimal(str(round(result.cost, 4)))
        status = result.status
        if status == "retry" and row.attempts >= self._policy.attempts:
            status = "failed"
        values: dict[str, Any] = {
            "state": {"retry": "queued"}.get(status, status),
            "lease_until": None,
            "reason": None if status == "sent" else result.reason,
            "detail": None if status == "sent" else (result.detail or "")[:300] or None,
            "cost": OutboxRow.cost + cost,
        }
        if status == "sent":
            values |= {"ref": result.ref, "sent_at": now}
        elif status == "retry":
            values["next_at"] = now + self._pause(row, result)
        still_open = ["sending"] if status == "unknown" else ["sending", "unknown"]
        open_ = and_(OutboxRow.attempts == row.attempts, OutboxRow.state.in_(still_open))
        self._space(row.account_id, result, now)
        async with self._broker.db.unit() as unit:
            events = self._broker.events(unit)
            # The send before its account, as where an echo confirms it: whoever locks both locks them in this order.
            stored = await repository.set_row(unit.session, row.id, open_, **values)
            if cost:
                await repository.charge(unit.session, row.account_id, cost)
            if result.pause_account:
                await self._pause_account(unit, row.account_id, result.reason or "platform_error", now)
            if stored is None:
                await self._learn_ref(unit, row, result)
                return
            if status == "sent":
                await self._outbox.went_out(unit, events, stored, now)
                return
            if not result.pause_account:
                await repository.note_error(unit.session, row.account_id, f"{row.kind}: {result.reason or status}", now)
            if status == "retry":
                await self._outbox.tell(unit, events, stored.message_id, now)
                return
            await self._outbox.did_not_go(unit, events, stored)
            if status == "failed":
                await self._person_instead(unit, events, stored)

    def _pause(self, row: OutboxRow, result: SendResult) -> timedelta:
        own = min(self._policy.first_pause * (1 << (row.attempts - 1)), self._policy.longest_pause)
        return max(own, timedelta(seconds=result.retry_after_s or 0))

    def _space(self, account_id: str, result: SendResult, now: datetime) -> None:
        """Slows an account down before the platform does: from four fifths of its limit on, ever more.

        A platform that says itself how long to wait is waited for so long and no longer; a limit that is free again is used.
        """
        if result.reason == "rate_limited" and result.retry_after_s:
            until = now + timedelta(seconds=result.retry_after_s)
            self._asked[account_id] = max(until, self._asked.get(account_id, until))
        elif result.slow_down >= _NEARLY_USED_UP:
            share = min(1.0, (result.slow_down - _NEARLY_USED_UP) / (1.0 - _NEARLY_USED_UP))
            self._gap[account_id] = timedelta(seconds=1) + share * self._policy.spacing
            self._next[account_id] = now + self._gap[account_id]
        elif result.status == "sent":
            self._gap.pop(account_id, None)
            self._next.pop(account_id, None)

    async def _pause_account(self, unit: UnitOfWork, account_id: str, reason: str, now: datetime) -> None:
        log.error("a channel account is paused", account=account_id, reason=reason)
        await repository.set_account(unit.session, account_id, paused_reason=reason[:32])
        await repository.note_error(unit.session, account_id, f"paused: {reason}", now)

    async def _learn_ref(self, unit: UnitOfWork, row: OutboxRow, result: SendResult) -> None:
        """An echo, or a person, decided before the answer came: what it still tells is the platform's id."""
        if result.status == "sent" and result.ref is not None:
            known = await repository.outbox_row(unit.session, row.id)
            if known is not None and known.ref is None and known.state in repository.WENT_OUT:
                stored = await repository.set_row(unit.session, row.id, OutboxRow.ref.is_(None), ref=result.ref)
                if stored is not None:
                    await self._outbox.went_out(
                        unit, self._broker.events(unit), stored, stored.sent_at or row.created_at
                    )

    async def _person_instead(self, unit: UnitOfWork, events: EventLog, row: OutboxRow) -> None:
        """What the assistant said has not arrived: a person sees to it, instead of nobody."""
        if row.conversation_id is None or not row.payload.get("answers") or row.payload.get("by_person"):
            return
        conversation = await conversations.get(unit.session, row.conversation_id)
        if conversation is None or conversation.state != State.BOT or row.reason in _NOBODY_CAN:
            return
        try:
            await self._broker.queue_for_person(
                unit, events, conversation, actor=Actor.SYSTEM, reason="not_delivered", note=None
            )
        except Conflict:
            log.info("a person is there already", conversation=row.conversation_id)


async def _message(session: AsyncSession, row: OutboxRow) -> OutboundMessage:
    """A row as the connector gets it."""
    thread = await repository.thread(session, row.conversation_id) if row.conversation_id is not None else None
    payload = row.payload
    publish_at = payload.get("publish_at")
    return OutboundMessage(
        kind=cast("OutboundKind", row.kind),
        thread=row.thread,
        text=str(payload.get("text") or ""),
        by_person=bool(payload.get("by_person")),
        last_inbound_at=thread.last_inbound_at if thread is not None else None,
        buttons=tuple((str(title), str(value)) for title, value in payload.get("buttons") or ()),
        link=payload.get("link"),
        picture_url=payload.get("picture_url"),
        publish_at=datetime.fromisoformat(publish_at) if publish_at else None,
        summoned=thread.summoned if thread is not None else True,
    )
