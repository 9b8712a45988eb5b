"""The connector of Facebook pages: what the seam of channels asks for, said in Meta's words."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from connectors.facebook import health, history, parse
from connectors.facebook.client import Answer, GraphClient, Timeouts
from connectors.facebook.failures import GraphFailure, send_result
from connectors.facebook.outbound import (
    COMMENT_LIMIT,
    HUMAN_WINDOW,
    POST_LIMIT,
    PRIVATE_REPLY_WINDOW,
    REPLY_WINDOW,
    TEXT_LIMIT,
    Wish,
    wish,
)
from connectors.facebook.values import identifier, moment, text
from handoff.channels.ports import (
    Account,
    AccountHealth,
    BadSignature,
    Capabilities,
    FoundPost,
    InboundEvent,
    NotNow,
    OutboundMessage,
    SendResult,
)
from kit.clock import Clock, SystemClock, iso

#: Calls under way at once, of all pages together; each holds a thread while it waits.
_THREADS = 16
_SIGNATURE = "x-hub-signature-256"
_HOUR = timedelta(hours=1)
_LIMITS = {"post": POST_LIMIT, "comment": COMMENT_LIMIT}
_CLOSED = "the connector is closed"


class FacebookConnector:
    """Implements :class:`handoff.channels.ports.PlatformConnector`.

    Args:
        clock: for reply windows and the age of what is asked for.
        timeouts: of each call.
    """

    name = "facebook"

    def __init__(self, clock: Clock | None = None, timeouts: Timeouts | None = None) -> None:
        self._clock = clock or SystemClock()
        self._timeouts = timeouts or Timeouts()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="facebook")
        self._clients: dict[str, tuple[Account, GraphClient]] = {}

    def capabilities(self, account: Account) -> Capabilities:
        """What a page can carry. Facebook tells of edits and reads, not of typing."""
        human = bool(account.settings.get("human_agent"))
        return Capabilities(
            text_limit=TEXT_LIMIT,
            buttons=True,
            edits=True,
            read_receipts=True,
            typing=False,
            reply_window_h=REPLY_WINDOW // _HOUR,
            human_window_h=HUMAN_WINDOW // _HOUR if human else None,
            comments=True,
            private_reply=True,
            private_reply_window_h=PRIVATE_REPLY_WINDOW // _HOUR,
            hide=True,
            posts=True,
            direct=_direct(account),
        )

    def challenge(self, account: Account, query: Mapping[str, str]) -> tuple[str, str] | None:
        """Answers ``hub.challenge`` to who knows the verify token (Graph API, Webhooks, Getting Started)."""
        token = account.credentials.get("verify_token", "")
        told, challenge = query.get("hub.verify_token", ""), query.get("hub.challenge", "")
        if not token or not challenge or query.get("hub.mode") != "subscribe":
            return None
        if not hmac.compare_digest(told.encode(), token.encode()):
            return None
        return challenge, "text/plain"

    def verify(self, account: Account, headers: Mapping[str, str], raw: bytes) -> None:
        """Checks ``X-Hub-Signature-256`` over the body as it came; the older SHA-1 signature is not looked at.

        Raises:
            BadSignature: it is missing or wrong, or the account has no application secret.
        """
        secret = account.credentials.get("app_secret", "")
        told = next((value for name, value in headers.items() if name.lower() == _SIGNATURE), "")
        if not secret or not told:
            raise BadSignature
        right = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(told.strip().encode("utf-8", "replace"), right.encode()):
            raise BadSignature

    def parse(self, account: Account, raw: bytes) -> list[InboundEvent]:
        """Everything that a webhook tells, in its order.

        Raises:
            BadPayload: the body is not what Meta sends.
        """
        app_id = account.credentials.get("app_id", "")
        return parse.webhook(account.platform_id, app_id, raw, self._clock.now(), direct=_direct(account))

    def post_size(self, account: Account, message: OutboundMessage) -> tuple[int, int]:
        """Characters, and how many there may be; for :class:`handoff.channels.ports.Measures`. An answer may have as many as
        a message, in public too: Facebook would take more, a reader would not."""
        del account
        return len(message.text), _LIMITS.get(message.kind, TEXT_LIMIT)

    async def send(self, account: Account, message: OutboundMessage) -> SendResult:
        """Says, answers, hides or publishes one thing."""
        asked = wish(account, message, self._clock.now())
        if isinstance(asked, SendResult):
            return asked
        client = self._client(account)
        try:
            answer = await self._apart(lambda: _carry_out(client, asked))
        except GraphFailure as failure:
            return send_result(failure)
        ref = _made(answer, asked) if asked.id_fields else message.thread
        if ref is None:
            # Graph took it and told no id: what it made cannot be found again by us.
            return SendResult(
                "unknown", reason="timeout", detail="an answer without an id", slow_down=answer.usage.share
            )
        return SendResult("sent", ref=ref, slow_down=answer.usage.share)

    async def check(self, account: Account) -> AccountHealth:
        """Asks about token, permissions, subscription, webhook and version."""
        client, now = self._client(account), self._clock.now()
        return await self._health(lambda: health.examine(client, account, now))

    async def subscribe(self, account: Account, webhook_url: str) -> AccountHealth:
        """Sets the application's webhook, unless it leads here already, and subscribes the page to all we read."""
        client, now = self._client(account), self._clock.now()
        return await self._health(lambda: health.subscribe(client, account, webhook_url, now))

    async def poll(self, account: Account, since: str | None) -> tuple[list[InboundEvent], str | None]:
        """Comments and messages since the last look. The first look finds nothing: what was before us is not ours.

        Raises:
            GraphFailure: Graph cannot be asked, or refuses. Nothing is given of what was found until then: the place stays,
                and the next look finds it all.
        """
        began = self._clock.now()
        start = moment(since)
        if start is None:
            return [], iso(began)
        client, direct = self._client(account), _direct(account)
        found = await self._apart(lambda: history.missed(client, account, start - history.OVERLAP, direct=direct))
        return found, iso(began)

    async def name_of(self, account: Account, person_id: str) -> str | None:
        """Who writes to the page (Messenger Platform, User Profile): webhooks tell an id only. None without the permission.

        Raises:
            NotNow: Graph cannot be asked just now.
        """
        return text((await self._read(account, person_id, "name")).get("name")) or None

    async def post_of(self, account: Account, ref: str) -> FoundPost | None:
        """A post of the page's from before its webhook told of posts; None when there is none any more.

        Raises:
            NotNow: Graph cannot be asked just now.
        """
        found = await self._read(account, ref, "message,permalink_url,created_time")
        if not found:
            return None
        return FoundPost(
            text(found.get("message")), text(found.get("permalink_url")) or None, moment(found.get("created_time"))
        )

    async def _read(self, account: Account, node: str, fields: str) -> Mapping[str, Any]:
        """An object; nothing where Graph refuses it."""
        client = self._client(account)
        try:
            return (await self._apart(lambda: client.get(node, fields=fields))).object()
        except GraphFailure as failure:
            if send_result(failure).status == "failed":
                return {}
            raise NotNow(failure.detail) from failure

    async def close(self) -> None:
        """Lets go of every connection; calls that have not begun never will."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for _, client in self._clients.values():
            client.close()
        self._clients.clear()

    def _client(self, account: Account) -> GraphClient:
        """The account's client; a new one when its credentials or settings have changed."""
        known = self._clients.get(account.id)
        if known is not None and known[0] == account:
            return known[1]
        if known is not None:
            known[1].close()
        client = GraphClient(account, self._timeouts, _THREADS)
        self._clients[account.id] = (account, client)
        return client

    async def _health(self, work: Callable[[], AccountHealth]) -> AccountHealth:
        try:
            return await self._apart(work)
        except GraphFailure as failure:
            return AccountHealth(ok=False, problems=("unreachable",), detail=failure.detail)

    async def _apart[Result](self, work: Callable[[], Result]) -> Result:
        """Runs what blocks in one of the connector's own threads.

        Raises:
            GraphFailure: the work does, or the connector is closed.
        """
        try:
            running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        except RuntimeError as error:
            raise GraphFailure("unsent", _CLOSED) from error
        try:
            return await running
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Not we were cancelled, but the call, before it began: the connector is being closed.
            raise GraphFailure("unsent", _CLOSED) from None


def _carry_out(client: GraphClient, asked: Wish) -> Answer:
    if asked.connection is None:
        return client.change(asked.node, **asked.fields)
    return client.put(asked.node, asked.connection, **asked.fields)


def _made(answer: Answer, asked: Wish) -> str | None:
    told = answer.object()
    return next((made for made in (identifier(told.get(name)) for name in asked.id_fields) if made), None)


def _direct(account: Account) -> bool:
    return account.settings.get("direct") is not False
