"""The inbox: what platforms tell is stored before it is acknowledged, and then done, once, in the order of each thread."""

from __future__ import annotations

import asyncio
import hashlib
import time
import traceback
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from handoff.broker import Broker
from handoff.channels import repository
from handoff.channels.meaning import ClaimLost, Meaning, NotYet
from handoff.channels.models import ChannelAccount, InboundEventRow
from handoff.channels.outbox import Outbox
from handoff.channels.ports import BadPayload, InboundEvent, PricedEvents
from handoff.channels.schemas import pack, settled
from kit.clock import as_utc
from kit.db import UnitOfWork
from kit.errors import PieturaError

log = structlog.get_logger(__name__)
_ID_LENGTH = 255
_UNREADABLE_LENGTH = 65_536
_BUSY_S = 0.05
#: Webhooks are to be acknowledged at once, work can wait: with so many of them in the last second, events are worked on one by
#: one, with few turns of the assistant under way, and a breath before each lets the next webhook pass.
_MANY, _BREATH_S = 25, 0.01
#: Calls stored in one transaction, at most.
_TOGETHER = 50
#: Nothing can be stored at all just now.
_DATABASE_AWAY = (OperationalError, InterfaceError, OSError)


@dataclass(frozen=True)
class InboxPolicy:
    """How patient the inbox is.

    Attributes:
        lease: after this an event that somebody works on counts as orphaned.
        attempts: after so many failures an event is given up; it stays visible.
        first_pause, longest_pause: between attempts; doubled each time.
        waits: how long an event waits for what it is about.
        at_once: threads worked on at the same time; more would only make the webhooks of the same process wait.
        most_turns: with more turns of the assistant under way, no new message is taken up.
    """

    lease: timedelta = timedelta(seconds=30)
    attempts: int = 8
    first_pause: timedelta = timedelta(seconds=2)
    longest_pause: timedelta = timedelta(minutes=5)
    waits: timedelta = timedelta(minutes=10)
    at_once: int = 4
    most_turns: int = 32


@dataclass(frozen=True)
class _Call:
    """What one call told, waiting to be stored; see :meth:`Inbox.store`."""

    account: ChannelAccount
    events: Sequence[InboundEvent]
    proves: Callable[[ChannelAccount], bool] | None
    asked_for: bool
    stored: asyncio.Future[int]


class Inbox:
    """Stores events and works them off. Every worker runs one; a thread is worked on by one of them at a time."""

    def __init__(
        self,
        broker: Broker,
        outbox: Outbox,
        *,
        turns_under_way: Callable[[], int] = lambda: 0,
        opened: Callable[[str], Awaitable[None]] | None = None,
        policy: InboxPolicy | None = None,
        every: float = 1.0,
    ) -> None:
        """``turns_under_way``: how busy the assistant is; ``opened``: hears of each conversation that began; ``every``: seconds
        between looks when nobody wakes us."""
        self._broker = broker
        self._outbox = outbox
        self._meaning = Meaning(broker, outbox, opened)
        self._turns_under_way = turns_under_way
        self._policy = policy or InboxPolicy()
        self._every = every
        self._wake = asyncio.Event()
        self._calls: list[_Call] = []
        self._storing: asyncio.Task[None] | None = None
        self._heard: deque[float] = deque(maxlen=_MANY)
        self.last_error: str | None = None

    # --- storing --------------------------------------------------------------------------------------------------------

    async def store(
        self,
        account: ChannelAccount,
        events: Iterable[InboundEvent],
        proves: Callable[[ChannelAccount], bool] | None = None,
        *,
        asked_for: bool = False,
    ) -> int:
        """Keeps events, once each; when this returns they are safe, and the platform may be told so.

        An application's webhook may tell of other accounts of the same platform. Theirs is kept for them if the call proves
        itself to them too.

        Args:
            proves: whether the same call is properly signed for another account.
            asked_for: whether they were fetched, and not told by the account's webhook.

        Returns:
            how many were new.
        """
        self._heard.append(time.monotonic())
        call = _Call(account, tuple(events), proves, asked_for, asyncio.get_running_loop().create_future())
        self._calls.append(call)
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store_calls())
        return await call.stored

    async def _store_calls(self) -> None:
        """Stores what has come in, call after call; those that came while others were being stored go into one transaction."""
        while self._calls:
            calls, self._calls = self._calls[:_TOGETHER], self._calls[_TOGETHER:]
            await self._store_together(calls)
            self._wake.set()

    async def _store_together(self, calls: Sequence[_Call]) -> None:
        try:
            async with self._broker.db.unit() as unit:
                counts = await self._insert(unit, calls)
        except BaseException as error:
            if len(calls) > 1 and isinstance(error, Exception) and not isinstance(error, _DATABASE_AWAY):
                # One of them may be what cannot be stored: the others do not suffer for it.
                for call in calls:
                    await self._store_together([call])
                return
            # Nobody waits for ever, not even when this worker is being ended.
            for call in calls:
                if not call.stored.done():
                    call.stored.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for call, count in zip(calls, counts, strict=True):
            if not call.stored.done():
                call.stored.set_result(count)

    async def _insert(self, unit: UnitOfWork, calls: Sequence[_Call]) -> list[int]:
        """How many events of each call were new."""
        now = self._broker.clock.now()
        told: dict[str, dict[str, Any]] = defaultdict(dict)
        prices: dict[tuple[str, str], Decimal] = {}
        rows: list[dict[str, Any]] = []
        keys: list[list[tuple[str, str]]] = []
        for call in calls:
            account = call.account
            connector = self._outbox.channels.connector(account.channel)
            price = connector.price_of_event if isinstance(connector, PricedEvents) else _free
            heard = {"last_event_at": now} if call.asked_for else {"last_event_at": now, "last_webhook_at": now}
            mine: list[tuple[str, str]] = []
            for event in call.events:
                owner = account
                if event.page_id is not None and event.page_id != account.platform_id:
                    other = await repository.account_on(unit.session, account.channel, event.page_id)
                    if other is None or not other.enabled or call.proves is None or not call.proves(other):
                        told[account.id] |= {"last_error": f"unknown_page {event.page_id}"[:300], "last_error_at": now}
                        continue
                    owner = other
                key = (owner.id, _fitting(event.key))
                mine.append(key)
                prices[key] = Decimal(str(price(event)))
                told[owner.id] |= heard
                rows.append(
                    {
                        "account_id": owner.id,
                        "key": key[1],
                        "thread": _fitting(event.thread),
                        "kind": event.kind,
                        "occurred_at": as_utc(event.occurred_at),
                        "received_at": now,
                        "event": pack(event),
                        "state": "new",
                        "attempts": 0,
                        "next_at": now,
                    }
                )
            keys.append(mine)
        # Accounts first, and in one order: two workers that store the same in another order would wait for each other.
        for account_id in sorted(told):
            await repository.set_account(unit.session, account_id, **told[account_id])
        new = await repository.insert_events(unit, rows)
        owed: dict[str, Decimal] = defaultdict(Decimal)
        for key in new:
            owed[key[0]] += prices[key]
        for account_id in sorted(name for name, cost in owed.items() if cost):
            await repository.charge(unit.session, account_id, owed[account_id])
        counts = []
        for mine in keys:
            first = new & set(mine)
            new -= first
            counts.append(len(first))
        return counts

    async def store_unreadable(self, account: ChannelAccount, raw: bytes, where: str) -> None:
        """Keeps the body of a properly signed call that cannot be read: visible, and to be read again once that is mended."""
        now = self._broker.clock.now()
        row = {
            "account_id": account.id,
            "key": f"unreadable:{hashlib.sha256(raw).hexdigest()}",
            "thread": "unreadable",
            "kind": "other",
            "occurred_at": now,
            "received_at": now,
            "event": {"unreadable": raw[:_UNREADABLE_LENGTH].decode("utf-8", "replace")},
            "state": "dead",
            "attempts": 0,
            "next_at": now,
            "error": f"bad_payload: {where}"[:300],
        }
        async with self._broker.db.unit() as unit:
            await repository.note_error(unit.session, account.id, f"bad_payload: {where}", now)
            await repository.insert_new(unit, InboundEventRow, [row])

    # --- working --------------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    async def run(self) -> None:
        """Works until cancelled; a failure is noted and the next round tried."""
        while True:
            gently = len(self._heard) == _MANY and time.monotonic() - self._heard[0] < 1
            if self._turns_under_way() >= (self._policy.at_once if gently else self._policy.most_turns):
                # The assistant would only let them wait past its own patience.
                await asyncio.sleep(_BUSY_S)
                continue
            if gently:
                await asyncio.sleep(_BREATH_S)
            self._wake.clear()
            worked = 0
            try:
                worked = await self.once(1 if gently else self._policy.at_once)
                self.last_error = None
            except Exception as error:
                self.last_error = describe(error)
                log.error("the inbox could not look for events", error=self.last_error)
            if not worked:
                try:
                    await asyncio.wait_for(self._wake.wait(), self._every)
                except TimeoutError:
                    continue

    async def once(self, most: int | None = None) -> int:
        """One round: the first events of threads that nobody works on, ``most`` of them; how many were worked on."""
        now = self._broker.clock.now()
        async with self._broker.db.read() as session:
            ready = await repository.ready_events(session, now, most or self._policy.at_once)
        if not ready:
            return 0
        async with self._broker.db.unit() as unit:
            lease_until = self._broker.clock.now() + self._policy.lease
            claimed = [
                row
                for one in ready
                if (row := await repository.claim_event(unit.session, one, lease_until)) is not None
            ]
        await asyncio.gather(*(self._work(row) for row in claimed))
        return len(claimed)

    async def _work(self, row: InboundEventRow) -> None:
        if row.attempts > self._policy.attempts:
            # Whoever took it up before never came back to say what went wrong.
            await self._failed(row, TimeoutError())
            return
        try:
            async with self._broker.db.read() as session:
                account = await repository.account(session, row.account_id)
            if account is None:
                raise LookupError("account")
            if "unreadable" in row.event:
                await self._read_again(account, row)
                return
            waited = self._broker.clock.now() - row.received_at
            await self._meaning.act_on(row, account, gave_up=waited >= self._policy.waits)
        except NotYet:
            await self._put_back(row)
        except ClaimLost:
            log.info("another worker took an event over", inbound=row.id)
        except Exception as error:
            await self._failed(row, error)

    async def _read_again(self, account: ChannelAccount, row: InboundEventRow) -> None:
        """A person wants a body read again that could not be read."""
        channels = self._outbox.channels
        connector = channels.connector(account.channel)
        if connector is None:
            raise LookupError("connector")
        try:
            events = connector.parse(channels.opened(account), str(row.event["unreadable"]).encode())
        except BadPayload as error:
            async with self._broker.db.unit() as unit:
                await repository.finish_event(
                    unit.session, row, state="dead", error=f"bad_payload: {error.where}"[:300]
                )
            return
        await self.store(account, [event for event in events if event.page_id in (None, account.platform_id)])
        async with self._broker.db.unit() as unit:
            await repository.finish_event(unit.session, row, state="done", event=settled(row.event), error=None)

    async def _put_back(self, row: InboundEventRow) -> None:
        """It waits for what it is about, and lets others of its thread pass. Waiting is no failure."""
        now = self._broker.clock.now()
        policy = self._policy
        waited = now - row.received_at
        pause = (
            min(max(policy.first_pause, waited), policy.waits - waited) if waited < policy.waits else policy.first_pause
        )
        async with self._broker.db.unit() as unit:
            await repository.finish_event(
                unit.session, row, state="waiting", next_at=now + max(pause, timedelta()), attempts=0, error="not_yet"
            )

    async def _failed(self, row: InboundEventRow, error: Exception) -> None:
        """Tried again later, and its thread waits so long; after enough attempts it is given up and the thread goes on."""
        policy = self._policy
        told = describe(error)
        given_up = row.attempts >= policy.attempts
        now = self._broker.clock.now()
        pause = min(policy.first_pause * (1 << min(row.attempts - 1, 16)), policy.longest_pause)
        log.warning("an event could not be done", inbound=row.id, account=row.account_id, error=told, dead=given_up)
        async with self._broker.db.unit() as unit:
            if given_up:
                # The account before the event, as in storing: see there.
                await repository.note_error(unit.session, row.account_id, f"dead_event {told}", now)
            await repository.finish_event(
                unit.session, row, state="dead" if given_up else row.state, next_at=now + pause, error=told
            )


def describe(error: BaseException) -> str:
    """What went wrong and where, without a word of what was written: the library's own texts quote it."""
    if isinstance(error, PieturaError):
        return error.code
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}{where}"


def _free(_event: InboundEvent) -> float:
    return 0.0


def _fitting(text: str) -> str:
    """``text`` as it fits into an indexed column; what is too long is known by its digest."""
    return text if len(text) <= _ID_LENGTH else hashlib.sha256(text.encode()).hexdigest()
