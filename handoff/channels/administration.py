"""What administrators do with channel accounts: add, change, test, subscribe; and with what got stuck. All of it is on record."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Broker
from handoff.channels import repository
from handoff.channels.inbox import Inbox, describe
from handoff.channels.models import ChannelAccount, InboundEventRow, OutboxRow
from handoff.channels.outbox import Outbox
from handoff.channels.ports import Account, AccountHealth, PlatformConnector
from handoff.channels.schemas import (
    CREDENTIALS,
    OPTIONAL_CREDENTIALS,
    AccountSettings,
    ChangedAccount,
    NewAccount,
    settled,
)
from handoff.channels.service import Channels
from handoff.channels.tasks import Watch
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.clock import iso
from kit.errors import Conflict, NotFound, PieturaError
from kit.vault import VaultError

_LISTED = 200
_CALL_LIMIT_S = 60.0


class Administration:
    """Channel accounts, from the administrator's side. Credentials go in and never come out."""

    def __init__(
        self,
        broker: Broker,
        channels: Channels,
        outbox: Outbox,
        inbox: Inbox,
        watch: Watch,
        *,
        knows_municipality: Callable[[str], bool],
        municipality: Callable[[str, str], str],
        public_url: str,
        production: bool,
    ) -> None:
        """``public_url``: where platforms reach us, without a path; must be https in production."""
        self._broker = broker
        self._channels = channels
        self._outbox = outbox
        self._inbox = inbox
        self._watch = watch
        self._knows_municipality = knows_municipality
        self._municipality = municipality
        self._public_url = public_url
        self._production = production

    # --- accounts -------------------------------------------------------------------------------------------------------

    async def add(self, viewer: Viewer, wanted: NewAccount) -> str:
        """Adds an account; its id.

        Raises:
            PieturaError: ``unknown_channel``, ``bad_owner``, ``credentials_missing``, ``unknown_credential``,
                ``base_url_refused``.
            Conflict: ``account_exists``.
        """
        if self._channels.connector(wanted.channel) is None:
            raise PieturaError("unknown_channel")
        self._check_settings(wanted.settings)
        self._check_credentials(wanted.channel, wanted.credentials)
        account_id, now = str(uuid.uuid4()), self._broker.clock.now()
        try:
            async with self._broker.db.unit() as unit:
                await self._check_owner(unit.session, wanted.institution_id, wanted.municipality_id)
                unit.session.add(
                    ChannelAccount(
                        id=account_id,
                        channel=wanted.channel,
                        platform_id=wanted.platform_id,
                        name=wanted.name,
                        institution_id=wanted.institution_id,
                        municipality_id=wanted.municipality_id,
                        credentials=self._channels.vault.seal(wanted.credentials),
                        settings=wanted.settings.model_dump(exclude_none=True),
                        enabled=wanted.enabled,
                        created_at=now,
                    )
                )
                people.audit(
                    unit.session, now, viewer.id, "channel_added", account_id, channel=wanted.channel, name=wanted.name
                )
        except IntegrityError as error:
            raise Conflict("account_exists") from error
        return account_id

    async def change(self, viewer: Viewer, account_id: str, wanted: ChangedAccount) -> None:
        """Changes an account. New credentials end a pause: whoever sets them has mended what was wrong.

        Raises:
            NotFound: no such account.
            PieturaError: as for :meth:`add`, and ``credentials_unreadable``.
        """
        now = self._broker.clock.now()
        async with self._broker.db.unit() as unit:
            row = await self._account(unit.session, account_id)
            if wanted.settings is not None:
                self._check_settings(wanted.settings)
                row.settings = wanted.settings.model_dump(exclude_none=True)
            if wanted.institution_id is not None or wanted.municipality_id is not None:
                await self._check_owner(unit.session, wanted.institution_id, wanted.municipality_id)
                row.institution_id, row.municipality_id = wanted.institution_id, wanted.municipality_id
            if wanted.name is not None:
                row.name = wanted.name
            if wanted.enabled is not None:
                row.enabled = wanted.enabled
            if wanted.credentials:
                row.credentials = self._sealed(row, wanted.credentials)
                row.paused_reason = None
            changed = sorted(wanted.model_dump(exclude_none=True))
            names = sorted(wanted.credentials or ())
            people.audit(unit.session, now, viewer.id, "channel_changed", account_id, fields=changed, credentials=names)
        self._outbox.wake.set()

    def _sealed(self, row: ChannelAccount, fresh: dict[str, str]) -> str:
        """Old and new credentials together; where the old ones cannot be read, the new ones must be complete."""
        try:
            known = self._channels.vault.open(row.credentials)
        except VaultError:
            known = {}
        together = {**known, **fresh}
        self._check_credentials(row.channel, together)
        return self._channels.vault.seal(together)

    def _check_credentials(self, channel: str, given: Iterable[str]) -> None:
        wanted = CREDENTIALS.get(channel)
        if wanted is None:
            return
        names = set(given)
        unknown = names - set(wanted)
        if unknown:
            raise PieturaError("unknown_credential", names=", ".join(sorted(unknown)))
        missing = [name for name in wanted if name not in names and name not in OPTIONAL_CREDENTIALS]
        if missing:
            raise PieturaError("credentials_missing", names=", ".join(missing))

    def _check_settings(self, settings: AccountSettings) -> None:
        # Whoever could lead an account's calls elsewhere could have its token sent there.
        if settings.base_url is not None and self._production:
            raise PieturaError("base_url_refused")

    async def _check_owner(
        self, session: AsyncSession, institution_id: str | None, municipality_id: str | None
    ) -> None:
        if (institution_id is None) == (municipality_id is None):
            raise PieturaError("bad_owner")
        if institution_id is not None and await people.institution(session, institution_id) is None:
            raise PieturaError("bad_institution")
        if municipality_id is not None and not self._knows_municipality(municipality_id):
            raise PieturaError("bad_value", field="municipality_id")

    async def _account(self, session: AsyncSession, account_id: str) -> ChannelAccount:
        row = await repository.account(session, account_id)
        if row is None:
            raise NotFound()
        return row

    async def test(self, viewer: Viewer, account_id: str) -> AccountHealth:
        """Asks the platform how the account is doing; if it is well, a pause ends.

        Raises:
            NotFound: no such account.
            PieturaError: ``unknown_channel``, ``credentials_unreadable``.
        """
        row, account, connector = await self._opened(account_id)
        health = await self._watch.check(row, connector, account)
        await self._note(viewer, "channel_tested", account_id, ok=health.ok)
        self._outbox.wake.set()
        return health

    async def subscribe(self, viewer: Viewer, account_id: str) -> AccountHealth:
        """Has the platform send its events to us, where that is set by API.

        Raises:
            NotFound: no such account.
            PieturaError: ``unknown_channel``, ``credentials_unreadable``, ``public_url_missing``.
        """
        if self._production and not self._public_url.startswith("https://"):
            raise PieturaError("public_url_missing")
        row, account, connector = await self._opened(account_id)
        try:
            health = await asyncio.wait_for(connector.subscribe(account, self.webhook_url(row)), _CALL_LIMIT_S)
        except Exception as error:
            health = AccountHealth(ok=False, problems=("unreachable",), detail=describe(error))
        async with self._broker.db.unit() as unit:
            await self._watch.keep(unit, row, health)
        await self._note(viewer, "channel_subscribed", account_id, ok=health.ok)
        return health

    async def _opened(self, account_id: str) -> tuple[ChannelAccount, Account, PlatformConnector]:
        async with self._broker.db.read() as session:
            row = await self._account(session, account_id)
        connector = self._channels.connector(row.channel)
        if connector is None:
            raise PieturaError("unknown_channel")
        try:
            return row, self._channels.opened(row), connector
        except VaultError as error:
            raise PieturaError("credentials_unreadable") from error

    async def _note(self, viewer: Viewer, action: str, object_id: str, **detail: Any) -> None:
        async with self._broker.db.unit() as unit:
            people.audit(unit.session, self._broker.clock.now(), viewer.id, action, object_id, **detail)

    def webhook_url(self, row: ChannelAccount) -> str:
        """Where the platform is to send the account's events."""
        return f"{self._public_url}/hooks/{row.channel}/{row.id}"

    # --- looking --------------------------------------------------------------------------------------------------------

    async def board(self, lang: str) -> list[dict[str, Any]]:
        """Every account with how it is doing (``ChannelAccount`` of docs/protocol.md)."""
        async with self._broker.db.read() as session:
            rows = await repository.accounts(session)
            inbound = await repository.counts_by_account(session, InboundEventRow, ("new", "waiting", "dead"))
            outbound = await repository.counts_by_account(
                session, OutboxRow, (*repository.PENDING, *repository.TROUBLED)
            )
        return [self._view(row, lang, inbound.get(row.id, {}) | outbound.get(row.id, {})) for row in rows]

    async def one(self, account_id: str, lang: str) -> dict[str, Any]:
        """One account of the board.

        Raises:
            NotFound: no such account.
        """
        found = next((one for one in await self.board(lang) if one["id"] == account_id), None)
        if found is None:
            raise NotFound()
        return found

    def _view(self, row: ChannelAccount, lang: str, counts: dict[str, int]) -> dict[str, Any]:
        text = self._broker.texts.text
        if row.institution_id is not None:
            name = self._broker.names.institution(row.institution_id, lang)
            owner = {"kind": "institution", "id": row.institution_id, "name": name}
        else:
            municipality_id = str(row.municipality_id)
            owner = {
                "kind": "municipality",
                "id": municipality_id,
                "name": self._municipality(municipality_id, lang),
            }
        paused = row.paused_reason
        return {
            "id": row.id,
            "channel": row.channel,
            "platform_id": row.platform_id,
            "name": row.name,
            "owner": owner,
            "settings": row.settings,
            "enabled": row.enabled,
            "served": self._channels.connector(row.channel) is not None,
            "paused": {"reason": paused, "text": reason_text(text, lang, paused)} if paused else None,
            "credentials": self._names_set(row),
            "webhook_url": self.webhook_url(row),
            "last_event_at": iso(row.last_event_at),
            "last_webhook_at": iso(row.last_webhook_at),
            "last_sent_at": iso(row.last_sent_at),
            "checked_at": iso(row.checked_at),
            "check": self._check_view(row.check_result, lang),
            "last_error": row.last_error,
            "last_error_at": iso(row.last_error_at),
            "spend": f"{row.spend:.4f}",
            "counts": {state: counts.get(state, 0) for state in _COUNTED},
        }

    def _check_view(self, result: dict[str, Any] | None, lang: str) -> dict[str, Any] | None:
        if result is None:
            return None
        problems = [{"code": code, "text": self._problem(code, lang)} for code in result.get("problems", [])]
        return {**result, "problems": problems}

    def _problem(self, code: str, lang: str) -> str:
        key = f"channels.problem.{code}"
        return self._broker.texts.text(lang, key) if self._broker.texts.has(key) else code

    def _names_set(self, row: ChannelAccount) -> list[str] | None:
        """Which credentials are set; None when they cannot be decrypted. Never what they are."""
        try:
            return sorted(self._channels.vault.open(row.credentials))
        except VaultError:
            return None

    def kinds(self) -> list[dict[str, Any]]:
        """The channels that can be added, and what their accounts are opened with."""
        return [
            {
                "channel": channel,
                "credentials": [name for name in CREDENTIALS.get(channel, ()) if name not in OPTIONAL_CREDENTIALS],
                "optional": [name for name in CREDENTIALS.get(channel, ()) if name in OPTIONAL_CREDENTIALS],
            }
            for channel in self._channels.names
        ]

    async def owners(self, lang: str) -> list[dict[str, str]]:
        """Whom an account can belong to: every institution and every municipality of today, with ``kind``, ``id``, ``name``."""
        async with self._broker.db.read() as session:
            ids = [row.id for row in await people.institutions(session)]
        name = self._broker.names.institution
        # The table of institutions has the municipalities as well: who works for one is listed under it.
        return [
            {"kind": "municipality", "id": one, "name": self._municipality(one, lang)}
            if self._knows_municipality(one)
            else {"kind": "institution", "id": one, "name": name(one, lang)}
            for one in ids
        ]

    # --- what got stuck -------------------------------------------------------------------------------------------------

    async def dead_events(self, account_id: str | None) -> list[dict[str, Any]]:
        """Events that were given up. Without their texts: what is wrong with them is told by ``error``."""
        async with self._broker.db.read() as session:
            rows = await repository.dead_events(session, account_id, _LISTED)
            accounts = {row.id: row for row in await repository.accounts(session, {r.account_id for r in rows})}
        return [_event_view(row, accounts[row.account_id]) for row in rows]

    async def retry_event(self, viewer: Viewer, event_id: int) -> dict[str, Any]:
        """Takes up an event again that was given up.

        Raises:
            NotFound: no such event.
            Conflict: ``changed``: it is not given up.
        """
        fresh = {"state": "new", "attempts": 0, "next_at": self._broker.clock.now(), "lease_until": None}
        return await self._decide_event(viewer, event_id, "event_retried", fresh)

    async def discard_event(self, viewer: Viewer, event_id: int) -> dict[str, Any]:
        """Lets an event go for good; what it held is forgotten, that there was one stays.

        Raises:
            NotFound, Conflict: as for :meth:`retry_event`.
        """
        return await self._decide_event(viewer, event_id, "event_discarded", {"state": "done", "error": "discarded"})

    async def _decide_event(self, viewer: Viewer, event_id: int, action: str, values: dict[str, Any]) -> dict[str, Any]:
        async with self._broker.db.unit() as unit:
            row = await repository.event_row(unit.session, event_id)
            if row is None:
                raise NotFound()
            if row.state != "dead":
                raise Conflict("changed")
            if values["state"] == "done":
                row.event = settled(row.event)
            for name, value in values.items():
                setattr(row, name, value)
            people.audit(unit.session, self._broker.clock.now(), viewer.id, action, str(event_id), kind=row.kind)
            account = await self._account(unit.session, row.account_id)
        self._inbox.wake()
        return _event_view(row, account)

    async def troubled_sends(self, account_id: str | None, lang: str) -> list[dict[str, Any]]:
        """Sends that failed, or of which nobody knows."""
        async with self._broker.db.read() as session:
            rows = await repository.troubled(session, account_id, _LISTED)
            accounts = {row.id: row for row in await repository.accounts(session, {r.account_id for r in rows})}
        return [self._send_view(row, accounts[row.account_id], lang) for row in rows]

    async def retry_send(self, viewer: Viewer, row_id: int) -> dict[str, Any]:
        """Sends something again; whether it may have arrived already is the person's to judge.

        Raises:
            NotFound: no such send.
            Conflict: ``changed``: it is under way, or it went out.
        """
        return await self._decide_send(viewer, row_id, "send_retried")

    async def mark_sent(self, viewer: Viewer, row_id: int) -> dict[str, Any]:
        """Somebody has seen on the platform that it is there.

        Raises:
            NotFound, Conflict: as for :meth:`retry_send`.
        """
        return await self._decide_send(viewer, row_id, "send_marked_sent")

    async def _decide_send(self, viewer: Viewer, row_id: int, action: str) -> dict[str, Any]:
        async with self._broker.db.unit() as unit:
            row = await repository.outbox_row(unit.session, row_id)
            if row is None:
                raise NotFound()
            events = self._broker.events(unit)
            if action == "send_retried":
                await self._outbox.send_again(unit, events, row)
            else:
                await self._outbox.mark_sent(unit, events, row)
            people.audit(unit.session, self._broker.clock.now(), viewer.id, action, str(row_id), kind=row.kind)
            account = await self._account(unit.session, row.account_id)
        return self._send_view(row, account, viewer.lang)

    def _send_view(self, row: OutboxRow, account: ChannelAccount, lang: str) -> dict[str, Any]:
        return {
            "id": row.id,
            "account": {"id": account.id, "name": account.name, "channel": account.channel},
            "kind": row.kind,
            "conversation_id": row.conversation_id,
            "state": row.state,
            "reason": row.reason,
            "reason_text": reason_text(self._broker.texts.text, lang, row.reason) if row.reason else None,
            "detail": row.detail,
            "attempts": row.attempts,
            "by_person": bool(row.payload.get("by_person")),
            "text": row.payload.get("text"),
            "created_at": iso(row.created_at),
            "last_attempt_at": iso(row.claimed_at),
            "sent_at": iso(row.sent_at),
        }


_COUNTED = ("new", "waiting", "dead", "queued", "sending", "failed", "unknown")


def reason_text(text: Callable[..., str], lang: str, reason: str) -> str:
    """A reason of :class:`handoff.channels.ports.SendResult` in words."""
    try:
        return text(lang, f"channels.reason.{reason}")
    except KeyError:
        return text(lang, "channels.reason.unknown")


def _event_view(row: InboundEventRow, account: ChannelAccount) -> dict[str, Any]:
    return {
        "id": row.id,
        "account": {"id": account.id, "name": account.name, "channel": account.channel},
        "kind": row.kind,
        "state": row.state,
        "thread": row.thread,
        "occurred_at": iso(row.occurred_at),
        "received_at": iso(row.received_at),
        "attempts": row.attempts,
        "error": row.error,
        "conversation_id": row.conversation_id,
    }
