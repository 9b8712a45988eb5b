"""What time brings to accounts: asking for what a silent webhook may have missed, and how the account is doing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from handoff.broker import Broker
from handoff.channels import repository
from handoff.channels.inbox import Inbox, describe
from handoff.channels.models import ChannelAccount
from handoff.channels.ports import Account, AccountHealth, PlatformConnector
from handoff.channels.service import Channels
from kit.clock import as_utc, iso
from kit.db import UnitOfWork
from kit.vault import VaultError

log = structlog.get_logger(__name__)
#: A webhook that has told nothing for so long may be broken: the platform is asked.
SILENCE = timedelta(minutes=5)
#: How often a platform is asked how an account is doing; a revoked token or a version's end must not wait for a reader.
CHECK_EVERY = timedelta(hours=6)
_LIMIT_S = 60.0
#: Problems with which nothing can be sent. What else is wrong (a webhook that stumbled while we were away, a version whose end
#: is near) is shown, and keeps no answer back.
_CANNOT_SEND = frozenset({"token_invalid", "unreachable"})
#: Accounts looked after at the same time; each waits for its platform most of the while.
_AT_ONCE = 8


class Watch:
    """Polls and checks accounts. Every worker runs one; an account is looked after by one of them at a time."""

    def __init__(self, broker: Broker, channels: Channels, inbox: Inbox, every: float = 60.0) -> None:
        self._broker = broker
        self._channels = channels
        self._inbox = inbox
        self._every = every
        self.last_error: str | None = None

    async def run(self) -> None:
        """Watches until cancelled; a failure is noted and the next round tried."""
        while True:
            try:
                await self.once()
                self.last_error = None
            except Exception as error:
                self.last_error = describe(error)
                log.error("accounts could not be looked after", error=self.last_error)
            await asyncio.sleep(self._every)

    async def once(self) -> None:
        """One round over all accounts that are served."""
        async with self._broker.db.read() as session:
            accounts = await repository.accounts(session)
        turn = asyncio.Semaphore(_AT_ONCE)

        async def look_after(row: ChannelAccount) -> None:
            connector = self._channels.connector(row.channel)
            if row.enabled and connector is not None:
                async with turn:
                    await self._look_after(row, connector)

        # All of them, whatever becomes of one; the first failure is told afterwards.
        failed = [
            one
            for one in await asyncio.gather(*map(look_after, accounts), return_exceptions=True)
            if isinstance(one, BaseException)
        ]
        if failed:
            raise failed[0]

    async def _look_after(self, row: ChannelAccount, connector: PlatformConnector) -> None:
        now = self._broker.clock.now()
        if row.polled_at is not None and now - row.polled_at < timedelta(seconds=self._every) * 0.9:
            return
        async with self._broker.db.unit() as unit:
            if not await repository.claim_poll(unit.session, row, now):
                return
        try:
            account = self._channels.opened(row)
        except VaultError:
            async with self._broker.db.unit() as unit:
                await repository.note_error(unit.session, row.id, "credentials_unreadable", now)
            return
        # A paused account is asked nothing: its token is what is wrong with it.
        silent = row.last_webhook_at is None or now - row.last_webhook_at >= SILENCE
        if silent and row.paused_reason is None:
            await self._poll(row, connector, account)
        if row.checked_at is None or now - row.checked_at >= CHECK_EVERY:
            await self.check(row, connector, account)

    async def _poll(self, row: ChannelAccount, connector: PlatformConnector, account: Account) -> None:
        try:
            events, cursor = await asyncio.wait_for(connector.poll(account, row.poll_cursor), _LIMIT_S)
        except Exception as error:
            async with self._broker.db.unit() as unit:
                told = f"poll: {describe(error)}"
                await repository.note_error(unit.session, row.id, told, self._broker.clock.now())
            return
        # What was said before the account was here was not said to us: it is nobody's case.
        since = [event for event in events if as_utc(event.occurred_at) >= row.created_at]
        if since:
            await self._inbox.store(row, since, asked_for=True)
        if cursor != row.poll_cursor:
            # After the events: a crash in between only asks for them again.
            async with self._broker.db.unit() as unit:
                await repository.set_account(unit.session, row.id, poll_cursor=cursor)

    async def check(self, row: ChannelAccount, connector: PlatformConnector, account: Account) -> AccountHealth:
        """Asks the platform how the account is doing, and keeps the answer for the health board."""
        try:
            health = await asyncio.wait_for(connector.check(account), _LIMIT_S)
        except Exception as error:
            health = AccountHealth(ok=False, problems=("unreachable",), detail=describe(error))
        async with self._broker.db.unit() as unit:
            await self.keep(unit, row, health)
        return health

    async def keep(self, unit: UnitOfWork, row: ChannelAccount, health: AccountHealth) -> None:
        """Keeps what the platform said; an account whose token is well again is no longer paused."""
        now = self._broker.clock.now()
        values = {"checked_at": now, "check_result": result_of(health)}
        if row.paused_reason is not None and not _CANNOT_SEND & set(health.problems) and (health.ok or health.problems):
            await repository.set_account(unit.session, row.id, paused_reason=None, **values)
        else:
            await repository.set_account(unit.session, row.id, **values)
        if not health.ok:
            await repository.note_error(unit.session, row.id, f"check: {', '.join(health.problems) or 'failed'}", now)


def result_of(health: AccountHealth) -> dict[str, object]:
    """What a check found, as it is kept and shown."""
    return {
        "ok": health.ok,
        "name": health.name,
        "token_expires_at": iso(health.token_expires_at),
        "api_version_ends": health.api_version_ends,
        "webhook": health.webhook,
        "problems": list(health.problems),
        "detail": (health.detail or "")[:300] or None,
    }
