"""Telegram as a platform: checks a webhook, reads it, sends, and asks how the bot is doing."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections import deque
from collections.abc import Mapping
from datetime import timedelta

import structlog
from telegram import WebhookInfo
from telegram.error import TelegramError

from connectors.telegram import links
from connectors.telegram.client import API, Client, Refused, Timeouts
from connectors.telegram.parse import PLACE, callback_id, event_of, message_ref, other, read_update
from handoff.channels.ports import (
    Account,
    AccountHealth,
    BadPayload,
    BadSignature,
    Capabilities,
    InboundEvent,
    OutboundMessage,
    SendResult,
)
from kit.clock import Clock, SystemClock, iso

log = structlog.get_logger(__name__)

#: Characters in one message. https://core.telegram.org/bots/api#sendmessage
TEXT_LIMIT = 4096
#: What Telegram is asked to send. https://core.telegram.org/bots/api#setwebhook
ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 - a header's name
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")
# https://core.telegram.org/bots/api#inlinekeyboardbutton: callback_data, 1-64 bytes.
_DATA_BYTES = 64
# https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
_SENDS_PER_S = 30
_WEBHOOK_CONNECTIONS = 40
# While deliveries fail Telegram tries again at least every two minutes, so an older error is over.
_FAILING = timedelta(minutes=10)
# Presses that are being answered at once, and those that wait for it; beyond, a button spins until Telegram gives it up.
_ANSWERING = 8
_WAITING = 500


class TelegramConnector:
    """The Telegram channel. One object serves all bots."""

    name = "telegram"

    def __init__(self, clock: Clock | None = None, timeouts: Timeouts = Timeouts()) -> None:
        """``clock``: gives the time to updates that have none; ``timeouts``: of every call, in seconds."""
        self._clock = clock or SystemClock()
        self._timeouts = timeouts
        self._clients: dict[str, Client] = {}
        self._retired: list[Client] = []
        self._paces: dict[str, deque[float]] = {}
        self._answers: set[asyncio.Task[None]] = set()
        self._answering = asyncio.Semaphore(_ANSWERING)

    def capabilities(self, account: Account) -> Capabilities:
        """Private chats without a window; Telegram tells of edits, not of reading or typing."""
        return Capabilities(
            text_limit=TEXT_LIMIT,
            buttons=True,
            edits=True,
            read_receipts=False,
            typing=False,
            reply_window_h=None,
            direct=bool(account.settings.get("direct", True)),
        )

    def challenge(self, account: Account, query: Mapping[str, str]) -> tuple[str, str] | None:  # noqa: ARG002
        """Telegram asks nothing by GET."""
        return None

    def verify(self, account: Account, headers: Mapping[str, str], raw: bytes) -> None:  # noqa: ARG002
        """Compares the secret token that :meth:`subscribe` gave to Telegram. Telegram signs no bodies.

        Raises:
            BadSignature: another token, none, or the account has none.
        """
        secret = account.credentials.get("secret_token") or ""
        given = next((value for name, value in headers.items() if name.lower() == SECRET_HEADER), "")
        if not secret or not hmac.compare_digest(secret.encode(), given.encode(errors="surrogateescape")):
            raise BadSignature

    def parse(self, account: Account, raw: bytes) -> list[InboundEvent]:
        """The one update of a webhook, as an event.

        A pressed button is answered in the background, so that it stops spinning. That is of no other consequence, so it need
        not wait until the event is kept; if the event is not kept, Telegram sends it again, and it is answered again.

        Raises:
            BadPayload: the body is not an update.
        """
        event = event_of(read_update(raw), own_id=_own_id(account), now=self._clock.now())
        self._answer_press(account, event)
        return [event]

    def deep_link(self, account: Account, token: str) -> str:
        """The link that opens a chat and brings ``token`` back as the event's token.

        Raises:
            ValueError: the token cannot be carried, or the bot's username is not known.
        """
        return links.deep_link(account, token)

    async def send(self, account: Account, message: OutboundMessage) -> SendResult:
        """Sends a direct message. Never raises for what Telegram may do."""
        if message.kind != "direct":
            return SendResult("failed", reason="refused", detail=f"no {message.kind} on Telegram")
        if len(message.text) > TEXT_LIMIT:
            return SendResult("failed", reason="too_long", detail=f"{len(message.text)} of {TEXT_LIMIT} characters")
        if not re.fullmatch(r"[0-9]{1,16}", message.thread):
            return SendResult("failed", reason="refused", detail="not the id of a private chat")
        if not _token(account):
            return SendResult("failed", reason="token", detail="no token", pause_account=True)
        client = self._client(account)
        rows = [(title, _data(payload, place)) for place, (title, payload) in enumerate(message.buttons, 1)]
        used = self._pace(account)
        try:
            message_id = await client.send(int(message.thread), message.text, rows)
        except TelegramError as error:
            return client.outcome(error)
        return SendResult("sent", ref=message_ref(message.thread, message_id), slow_down=used)

    async def check(self, account: Account) -> AccountHealth:
        """getMe and getWebhookInfo. Never raises for what Telegram may do.

        The detail names what waits at Telegram and its last error; ``name`` has the username that :meth:`deep_link` needs.
        """
        if not _token(account):
            return AccountHealth(ok=False, problems=("token_invalid",), detail="no token")
        client = self._client(account)
        try:
            me, webhook = await client.me(), await client.webhook()
        except TelegramError as error:
            return _unwell(client, error)
        name = " ".join(part for part in (me.first_name, me.last_name) if part)
        name = f"{name} (@{me.username})" if me.username else name
        if account.platform_id and str(me.id) != account.platform_id:
            detail = f"the token is that of bot {me.id}, not of {account.platform_id}"
            return AccountHealth(ok=False, name=name, problems=("token_invalid",), detail=detail)
        problems = self._webhook_problems(webhook)
        return AccountHealth(
            ok=not problems, name=name, webhook=webhook.url or None, problems=problems, detail=_told(client, webhook)
        )

    async def subscribe(self, account: Account, webhook_url: str) -> AccountHealth:
        """Sets the webhook with the account's secret token and the updates that we read; then checks."""
        secret = account.credentials.get("secret_token") or ""
        if not _SECRET.match(secret):
            detail = "secret_token must be 1 to 256 of A-Z, a-z, 0-9, _ and -"
            return AccountHealth(ok=False, problems=("webhook_missing",), detail=detail)
        if not _token(account):
            return AccountHealth(ok=False, problems=("token_invalid",), detail="no token")
        client = self._client(account)
        try:
            await client.set_webhook(webhook_url, secret, ALLOWED_UPDATES, _WEBHOOK_CONNECTIONS)
        except TelegramError as error:
            return _unwell(client, error, refused="webhook_missing")
        return await self.check(account)

    async def poll(self, account: Account, since: str | None) -> tuple[list[InboundEvent], str | None]:
        """Up to a hundred updates after ``since`` (an update's id), if no webhook is set: Telegram allows one of the two.

        What was given is forgotten by Telegram when it is asked for what comes after, so ``since`` is to be kept together with
        the events. Where Telegram refuses or is silent there is nothing, and :meth:`check` says why.
        """
        if not _token(account):
            return [], since
        client = self._client(account)
        try:
            if (await client.webhook()).url:
                return [], since
            updates = await client.updates(None if since is None else int(since) + 1, ALLOWED_UPDATES)
        except TelegramError as error:
            log.warning("telegram.poll_failed", account=account.id, reason=client.outcome(error).detail)
            return [], since
        events: list[InboundEvent] = []
        for update in updates:
            try:
                events.append(event_of(update, own_id=_own_id(account), now=self._clock.now()))
            except BadPayload as error:
                # Kept as it is: one update that cannot be read must not hold up those behind it.
                log.warning("telegram.update_unreadable", account=account.id, where=error.where)
                events.append(other(update, self._clock.now()))
            self._answer_press(account, events[-1])
        return events, str(max(update["update_id"] for update in updates)) if updates else since

    async def close(self) -> None:
        """Lets go of every connection."""
        for task in list(self._answers):
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)
        for client in (*self._clients.values(), *self._retired):
            await client.close()
        self._clients, self._retired = {}, []

    def _client(self, account: Account) -> Client:
        """The bot's client; another one when token or address were changed."""
        token, base_url = _token(account), str(account.settings.get("base_url") or API)
        client = self._clients.get(account.id)
        if client is None or not client.serves(token, base_url):
            if client is not None:
                # Something may be on its way with it still.
                self._retired.append(client)
            client = self._clients[account.id] = Client(token, base_url, self._timeouts)
        return client

    def _pace(self, account: Account) -> float:
        """Counts a send, and gives the share of Telegram's limit that this process used in the last second, 0…1.

        Telegram has no headers that tell it; without this the first sign would be a refusal.
        """
        now = asyncio.get_running_loop().time()
        sends = self._paces.setdefault(account.id, deque())
        sends.append(now)
        while sends[0] < now - 1:
            sends.popleft()
        return min(1.0, len(sends) / _SENDS_PER_S)

    def _answer_press(self, account: Account, event: InboundEvent) -> None:
        press = callback_id(event)
        if press is None or not _token(account) or len(self._answers) >= _WAITING:
            return
        try:
            task = asyncio.get_running_loop().create_task(self._answer(self._client(account), account.id, press))
        except RuntimeError:
            # Read outside of a loop (an import, a script): nobody waits for the button there.
            return
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, client: Client, account_id: str, press: str) -> None:
        async with self._answering:
            try:
                await client.answer_press(press)
            except TelegramError as error:
                # Too old, most often: Telegram has stopped the spinning by itself.
                log.info("telegram.press_unanswered", account=account_id, reason=client.outcome(error).detail)

    def _webhook_problems(self, webhook: WebhookInfo) -> tuple[str, ...]:
        if not webhook.url:
            return ("webhook_missing",)
        errors = [at for at in (webhook.last_error_date, webhook.last_synchronization_error_date) if at is not None]
        return ("webhook_failing",) if errors and self._clock.now() - max(errors) < _FAILING else ()


def _token(account: Account) -> str:
    return (account.credentials.get("token") or "").strip()


def _own_id(account: Account) -> str:
    """The bot's id: the account's, or the part of the token before the colon, which is the same."""
    return account.platform_id or _token(account).partition(":")[0]


def _data(payload: str, place: int) -> str:
    """What a button carries: its payload, or its place where Telegram does not carry that much; then its title counts."""
    fits = 1 <= len(payload.encode()) <= _DATA_BYTES and not payload.startswith(PLACE)
    return payload if fits else f"{PLACE}{place}"


def _told(client: Client, webhook: WebhookInfo) -> str:
    """How the webhook is doing, in one line: what waits, and the last error with its time."""
    told = f"pending: {webhook.pending_update_count}"
    if webhook.last_error_date is not None:
        told += f"; last error {iso(webhook.last_error_date)}: {webhook.last_error_message or 'not said'}"
    return client.words(told)


def _unwell(client: Client, error: TelegramError, refused: str = "unreachable") -> AccountHealth:
    """Health of an account about which Telegram gave no information. ``refused``: the problem when it said no."""
    detail = client.outcome(error).detail
    match error:
        case Refused(code=401 | 404):
            return AccountHealth(ok=False, problems=("token_invalid",), detail=detail)
        case Refused(code=code) if 400 <= code < 500 and code != 429:
            return AccountHealth(ok=False, problems=(refused,), detail=detail)
        case _:
            return AccountHealth(ok=False, problems=("unreachable",), detail=detail)
