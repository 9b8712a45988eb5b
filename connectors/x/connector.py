"""X as the broker's side knows it: see :class:`handoff.channels.ports.PlatformConnector`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from connectors.x import parse, polling, registration
from connectors.x.answers import refusal, share_used
from connectors.x.client import Answer, NoAnswer, Refused, Timeouts, Unreached, XClient, is_loopback
from connectors.x.picture import NoPicture, fetch
from connectors.x.pricing import cost_of, cost_of_event, full_text
from connectors.x.text import weighted_length
from handoff.channels.ports import (
    Account,
    AccountHealth,
    BadSignature,
    Capabilities,
    InboundEvent,
    OutboundMessage,
    SendResult,
)
from kit.clock import Clock, SystemClock
from kit.textual import shorten

#: Characters of a direct message (docs.x.com, direct-messages).
DIRECT_LIMIT = 10_000
#: What a post may weigh; accounts with Premium may set ``post_limit`` higher.
POST_LIMIT = 280
#: Header of a signature, and the credential it was made with. Applications of OAuth 2 have a secret of their own since 2026.
_SIGNATURES = (
    ("x-twitter-webhooks-signature-oauth2", "client_secret"),
    ("x-twitter-webhooks-signature", "consumer_secret"),
)

Work = Callable[[Any], requests.Response]


class XConnector:
    """Mentions and replies as comments, direct messages, posts.

    Credentials: ``consumer_key``, ``consumer_secret``, ``access_token``, ``access_token_secret``, ``bearer_token``;
    ``client_secret`` where X signs with it. Settings: ``base_url``, ``direct``, ``post_limit``.
    """

    name = "x"

    def __init__(self, clock: Clock | None = None, timeouts: Timeouts | None = None, workers: int = 8) -> None:
        """``workers``: calls to X at once, of all accounts together; tweepy needs a thread for each."""
        self._clock = clock or SystemClock()
        self._timeouts = timeouts or Timeouts()
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="x")
        self._clients: dict[str, tuple[str, XClient]] = {}

    def capabilities(self, account: Account) -> Capabilities:
        """What the account can carry."""
        return Capabilities(
            DIRECT_LIMIT,
            buttons=False,
            edits=True,
            read_receipts=True,
            typing=False,
            reply_window_h=None,
            comments=True,
            hide=True,
            posts=True,
            direct=_direct(account),
            # In X's weighted count: a link 23, an emoji two; for plain Latvian and Russian text the same as characters.
            public_limit=_post_limit(account),
        )

    # --- webhooks -------------------------------------------------------------------------------------------------------

    def challenge(self, account: Account, query: Mapping[str, str]) -> tuple[str, str] | None:
        """The answer to X's challenge-response check; None without a token to answer or a secret to answer with."""
        token = query.get("crc_token")
        secret = account.credentials.get("client_secret") or account.credentials.get("consumer_secret")
        if not token or not secret:
            return None
        return json.dumps({"response_token": sign(secret, token.encode())}), "application/json"

    def verify(self, account: Account, headers: Mapping[str, str], raw: bytes) -> None:
        """Checks X's signature over the raw body, by whichever of the two secrets it was made with.

        Raises:
            BadSignature: neither fits, or there is no signature, or no secret to check it with.
        """
        given = {name.lower(): value for name, value in headers.items()}
        fits = False
        for header, credential in _SIGNATURES:
            secret, signature = account.credentials.get(credential), given.get(header)
            if secret and signature:
                fits |= hmac.compare_digest(sign(secret, raw).encode(), signature.encode())
        if not fits:
            raise BadSignature

    def parse(self, account: Account, raw: bytes) -> list[InboundEvent]:
        """Everything a webhook tells. See :mod:`connectors.x.parse`.

        Raises:
            BadPayload: the body is not what X sends.
        """
        return parse.webhook(account.platform_id, raw, direct=_direct(account), now=self._clock.now())

    # --- sending --------------------------------------------------------------------------------------------------------

    def price(self, account: Account, message: OutboundMessage) -> float:
        """What X will charge for it, in US dollars; the same for every account."""
        del account
        return cost_of(message)

    def price_of_event(self, event: InboundEvent) -> float:
        """What X charged for telling us this, in US dollars."""
        return cost_of_event(event)

    def post_size(self, account: Account, message: OutboundMessage) -> tuple[int, int]:
        """How much a post or an answer takes of what it may, in X's weighted count; and how much that is.

        For :class:`handoff.channels.ports.Measures`: what is shown while somebody writes is what decides when it is sent.
        """
        return weighted_length(full_text(message)), _post_limit(account)

    async def send(self, account: Account, message: OutboundMessage) -> SendResult:
        """Sends or does one thing. What X would refuse anyway is refused here and costs nothing."""
        client = self._client(account)
        refused = self._refused(account, client, message)
        if refused is not None:
            return refused
        try:
            media = await self._media(account, client, message)
        except NoPicture as error:
            words = f"picture: {error}"
            return SendResult("failed", reason="refused", detail=words) if error.lasting else _again(words)
        except (Unreached, NoAnswer) as error:
            # A picture that nobody has posted yet harms nobody.
            return _again(f"picture: {error}")
        except Refused as error:
            return refusal(error, message.kind, self._clock.now())
        return await self._sent(client, message, _work(message, media))

    async def _sent(self, client: XClient, message: OutboundMessage, work: Work) -> SendResult:
        cost = cost_of(message)
        try:
            answer = await client.call(work)
        except Unreached as error:
            return _again(str(error))
        except NoAnswer as error:
            # It may have been charged, so it is counted.
            reason = "timeout" if error.timed_out else "platform_error"
            return SendResult("unknown", reason=reason, detail=shorten(str(error), 300), cost=cost)
        except Refused as error:
            return refusal(error, message.kind, self._clock.now())
        return _result(message, answer, cost, self._clock)

    def _refused(self, account: Account, client: XClient, message: OutboundMessage) -> SendResult | None:
        """Why it does not go out, if it does not."""
        if message.kind == "private_reply":
            return _failed("refused", "X has no private replies")
        if message.kind == "direct" and not _direct(account):
            return _failed("refused", "direct messages are switched off")
        if message.kind in ("public_reply", "comment") and not message.summoned:
            return _failed("not_summoned", "the author has not addressed the account")
        if message.kind != "post" and not message.thread.isdecimal():
            return _failed("refused", "no id of X's")  # it becomes a part of an address
        if not client.as_user:
            return SendResult("failed", reason="token", detail="keys or tokens are missing", pause_account=True)
        if message.kind in ("hide", "unhide"):
            return None
        text = full_text(message)
        if not text.strip() and not message.picture_url:
            return _failed("refused", "nothing to send")
        if message.kind == "direct":
            return _too_long(len(text), DIRECT_LIMIT)
        if message.kind == "post" and message.publish_at is not None:
            # X keeps no posts for later.
            early = (message.publish_at - self._clock.now()).total_seconds()
            if early > 0:
                return SendResult("retry", detail="not due yet", retry_after_s=early)
        return _too_long(weighted_length(text), _post_limit(account))

    async def _media(self, account: Account, client: XClient, message: OutboundMessage) -> str | None:
        if message.kind != "post" or not message.picture_url:
            return None
        loopback = is_loopback(str(account.settings.get("base_url") or ""))
        picture, media_type = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: fetch(message.picture_url or "", self._timeouts, loopback=loopback)
        )
        answer = await client.upload(picture, media_type)
        data = answer.body.get("data")
        media = data.get("id") if isinstance(data, dict) else None
        if not media:
            raise NoAnswer("the answer names no picture", timed_out=False)
        return str(media)

    # --- the account ----------------------------------------------------------------------------------------------------

    async def check(self, account: Account) -> AccountHealth:
        """Asks X about tokens, webhook, subscriptions and direct messages. Reads of one user and one message are charged."""
        return await registration.check(self._client(account), account, direct=_direct(account))

    async def subscribe(self, account: Account, webhook_url: str) -> AccountHealth:
        """Registers the webhook and subscribes to the account's events; X asks the webhook at once (:meth:`challenge`)."""
        return await registration.subscribe(self._client(account), account, webhook_url, direct=_direct(account))

    async def poll(self, account: Account, since: str | None) -> tuple[list[InboundEvent], str | None]:
        """Mentions and direct messages after ``since``, oldest first. See :func:`connectors.x.polling.poll`.

        Raises:
            Unreached, NoAnswer, Refused, BadPayload: X could not be asked and nothing was found; nothing is skipped by that.
        """
        client = self._client(account)
        if not client.as_user:
            return [], since
        return await polling.poll(client, account, since, direct=_direct(account))

    async def close(self) -> None:
        """Lets go of every connection."""
        for _, client in self._clients.values():
            client.close()
        self._clients.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _client(self, account: Account) -> XClient:
        """The account's client; a new one when its keys or its place have changed."""
        known = json.dumps([dict(account.credentials), account.settings.get("base_url")], sort_keys=True, default=str)
        mark = hashlib.sha256(known.encode()).hexdigest()
        kept = self._clients.get(account.id)
        if kept is None or kept[0] != mark:
            # The old one is left to whoever still waits for its answer.
            kept = self._clients[account.id] = (mark, XClient(account, self._timeouts, self._threads))
        return kept[1]


def sign(secret: str, data: bytes) -> str:
    """X's signature: of a webhook's body, and of the token of its check."""
    digest = hmac.new(secret.encode(), data, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(digest).decode()


def _post_limit(account: Account) -> int:
    limit = account.settings.get("post_limit")
    return limit if isinstance(limit, int) and limit > 0 else POST_LIMIT


def _direct(account: Account) -> bool:
    return bool(account.settings.get("direct", True))


def _work(message: OutboundMessage, media: str | None) -> Work:
    text = full_text(message)

    def work(tweepy: Any) -> requests.Response:
        done: requests.Response
        match message.kind:
            case "direct":
                done = tweepy.create_direct_message(participant_id=message.thread, text=text, user_auth=True)
            case "hide":
                done = tweepy.hide_reply(message.thread, user_auth=True)
            case "unhide":
                done = tweepy.unhide_reply(message.thread, user_auth=True)
            case "post":
                done = tweepy.create_tweet(text=text or None, media_ids=[media] if media else None, user_auth=True)
            case _:
                done = tweepy.create_tweet(text=text, in_reply_to_tweet_id=message.thread, user_auth=True)
        return done

    return work


def _result(message: OutboundMessage, answer: Answer, cost: float, clock: Clock) -> SendResult:
    """A success is what names what was made; an answer 200 with nothing but errors is a refusal."""
    data = answer.body.get("data")
    data = data if isinstance(data, dict) else {}
    if message.kind in ("hide", "unhide"):
        done, ref = data.get("hidden") is (message.kind == "hide"), message.thread
    else:
        ref = str(data.get("dm_event_id" if message.kind == "direct" else "id") or "")
        done = bool(ref)
    if done:
        return SendResult("sent", ref=ref, cost=cost, slow_down=share_used(answer.headers))
    if answer.body.get("errors"):
        return refusal(Refused(400, answer.body, answer.headers), message.kind, clock.now())
    return SendResult(
        "unknown", reason="platform_error", detail="the answer does not say what was made", cost=cost
    )  # fmt: skip


def _failed(reason: str, detail: str) -> SendResult:
    return SendResult("failed", reason=reason, detail=detail)


def _again(detail: str) -> SendResult:
    return SendResult("retry", reason="platform_error", detail=shorten(detail, 300))


def _too_long(length: int, limit: int) -> SendResult | None:
    return _failed("too_long", f"{length} of {limit}") if length > limit else None
