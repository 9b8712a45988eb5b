"""A stand-in for X: its API v2, the webhooks of the X Activity API, and citizens who post and write.

Paths, answers and refusals are X's; what was signed is checked. Under ``/_control`` it is told what people do
(tests/fakes/control.py). Operations for faults: ``send`` (direct messages), ``comment`` (answers), ``post``, ``hide``,
``media``, ``me``, ``mentions``, ``dm_events``, ``webhooks``, ``subscriptions``.

Where X is other than the rest: a post that answers nothing and names an account has no place of its own, and is shown under
``mentions:<account>``; an answer that also names the account in its text is told twice; an edit is a new post; of blocks, and of
what citizens delete, nothing is told; whether we or somebody else wrote for an account is not told either. A webhook on loopback
may be plain HTTP with a port.

``python -m tests.fakes.x --port 8082`` serves it as a process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from kit.clock import Clock, SystemClock, iso
from tests.fakes import x_wire as wire
from tests.fakes.control import (
    QUESTIONS,
    Block,
    Call,
    Delete,
    Edit,
    Flood,
    Hook,
    Modes,
    NoSuchThing,
    Outside,
    Say,
    Weather,
    WorldView,
    control_routes,
)
from tests.fakes.emitter import Emitter, Event, Target
from tests.fakes.faults import Script, play, serving
from tests.fakes.x_wire import Json, Refusal
from tests.fakes.x_world import MENTIONS, Account, Chat, Message, Post, User, World

#: The accounts of a fake that is not given others: (id, name, username).
DEMO_ACCOUNTS = (
    ("1410000000000000001", "Aģentūra (demo)", "agentura_demo"),
    ("1410000000000000002", "Novads (demo)", "novads_demo"),
)
PUBLIC_EVENTS = ("post.create", "post.delete")
PRIVATE_EVENTS = ("post.mention.create", "post.reply.create", "post.quote.create")
DIRECT_EVENTS = ("dm.received", "dm.sent", "dm.read", "dm.indicate_typing", "chat.received", "chat.sent")
_EVENTS = (
    *PUBLIC_EVENTS,
    *PRIVATE_EVENTS,
    *DIRECT_EVENTS,
    "block.block",
    "block.unblock",
    "like.create",
    "follow.follow",
)
_POST_LIMIT, _DIRECT_LIMIT = 280, 10_000
_CHECK_S = 10.0
#: Nothing is withheld unless a test says so: (calls, seconds) by operation in :attr:`FakeX.limits`.
_NO_LIMIT = (1_000_000, 900.0)
_LINK = re.compile(r"https?://\S+")


@dataclass
class Webhook:
    """A webhook of the application. ``secret``: what its events are signed with."""

    id: str
    url: str
    secret: str = field(repr=False)
    created_at: str
    valid: bool = True

    def shown(self) -> Json:
        """As X shows it."""
        return {"id": self.id, "url": self.url, "valid": self.valid, "created_at": self.created_at}


@dataclass
class Subscription:
    """One kind of event of one account, delivered to one webhook."""

    id: str
    event_type: str
    user_id: str
    webhook_id: str
    tag: str
    created_at: str

    def shown(self) -> Json:
        """As X shows it."""
        return {
            "subscription_id": self.id,
            "event_type": self.event_type,
            "filter": {"user_id": self.user_id},
            "webhook_id": self.webhook_id,
            "tag": self.tag,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }


class FakeX:
    """The server and its control API; implements :class:`tests.fakes.control.Fake`."""

    def __init__(
        self,
        clock: Clock | None = None,
        accounts: tuple[tuple[str, str, str], ...] = DEMO_ACCOUNTS,
        lanes: int = 8,
    ) -> None:
        """``clock``: X's; ``lanes``: how many webhooks go out at once for one account."""
        self._clock = clock or SystemClock()
        self.url = ""
        self.script = Script()
        self.calls: list[Call] = []
        self.state = World(self._clock, accounts)
        self.webhooks: dict[str, Webhook] = {}
        self.subscriptions: dict[str, Subscription] = {}
        #: How many webhooks the application may have.
        self.webhook_limit = 5
        #: How many calls X takes: (calls, in seconds), by operation and account.
        self.limits: dict[str, tuple[int, float]] = {}
        self._used: dict[tuple[str, str], tuple[float, int]] = {}
        self._posted: set[tuple[str, str, str | None]] = set()
        self.emitter = Emitter(_pack, wire.signed, self._unknown, lanes=lanes)
        self.emitter.change(Weather(batch=1))
        self.app = FastAPI(title="fake X API", openapi_url=None)
        self.app.include_router(control_routes(self))
        self.app.add_api_route("/2/{path:path}", self._serve, methods=["GET", "POST", "PUT", "DELETE"])

    @classmethod
    @asynccontextmanager
    async def serve(
        cls,
        port: int = 0,
        clock: Clock | None = None,
        accounts: tuple[tuple[str, str, str], ...] = DEMO_ACCOUNTS,
        lanes: int = 8,
    ) -> AsyncIterator[FakeX]:
        """Runs in the running loop, on a free port of 127.0.0.1 unless one is given."""
        fake = cls(clock, accounts, lanes)
        async with serving(fake.app, port) as fake.url:
            try:
                yield fake
            finally:
                await fake.emitter.close()

    def credentials(self, account_id: str) -> dict[str, str]:
        """What an administrator would enter for the account."""
        account = self.state.account(account_id)
        return {
            "consumer_key": wire.CONSUMER_KEY,
            "consumer_secret": wire.CONSUMER_SECRET,
            "access_token": account.access_token,
            "access_token_secret": account.access_token_secret,
            "bearer_token": wire.BEARER_TOKEN,
        }

    # --- what people do ---------------------------------------------------------------------------------------------

    async def say(self, order: Say, *, names_us: bool = True) -> Event:
        """A citizen writes; returns the event.

        Args:
            names_us: False for an answer whose author took the account's name out: it may not be answered.
        """
        account = self.state.account(order.account)
        person = self.state.person(order.person, order.name)
        if order.kind == "direct":
            return self._write(account, person, order)
        ref = order.parent or order.post
        answers = None if ref is None or ref.startswith(MENTIONS) else self.state.find(ref)
        text = order.text
        if answers is None and account.id not in self.state.named_in(text):
            text = f"@{account.username} {text}".strip()
        post = self.state.post(person, "person", text, order.at, answers)
        post.attachment, post.anonymous = order.attachment, order.anonymous
        if not names_us:
            post.named -= {account.id}
        return self._tell_of(post, account, order.modes)

    async def quote(self, account_id: str, person_id: str, ref: str, text: str, modes: Modes | None = None) -> Event:
        """A citizen posts with one of the account's posts quoted; returns the event."""
        account, quoted = self.state.account(account_id), self.state.find(ref)
        post = self.state.post(self.state.person(person_id), "person", text)
        post.quotes = quoted.id
        return self._tell_of(post, account, modes)

    async def read(self, account_id: str, person_id: str) -> Event:
        """A citizen reads all that the account wrote to him; returns the event."""
        account, person = self.state.account(account_id), self.state.person(person_id)
        unread = self._read_by(self.state.chat(account, person))
        if not unread:
            raise NoSuchThing(f"unread message to {person_id}")
        now = int(self._clock.now().timestamp() * 1000)
        return self._emit(account, "dm.read", wire.read_receipt(person, account, unread[-1], now), person.id)

    async def edit(self, order: Edit) -> Event:
        """A citizen edits a post, which makes a new one; returns the event."""
        account = self.state.account(order.account)
        post = self.state.find(order.ref)
        self.state.edit(post, order.text)
        return self._tell_of(post, account, order.modes)

    async def delete(self, order: Delete) -> Event:
        """Something is deleted. Only deletions of the account's own posts are told; the rest returns nothing."""
        account = self.state.account(order.account)
        message = self.state.messages.get(order.ref)
        if message is not None:
            message.deleted = True
            return {}
        post = self.state.find(order.ref)
        post.deleted = True
        if post.author is not account:
            return {}
        gone = {"id": post.newest, "author_id": account.id}
        return self._emit(account, "post.delete", gone, post.conversation, order.modes)

    async def block(self, order: Block) -> Event:
        """A citizen blocks the account, or lets it write again. X tells nobody, so there is no event."""
        account, person = self.state.account(order.account), self.state.person(order.person)
        (account.blocked_by.add if order.blocked else account.blocked_by.discard)(person.id)
        return {}

    async def outside(self, order: Outside) -> Event:
        """Somebody writes as the account in X's own application; returns the event."""
        account = self.state.account(order.account)
        if order.person is not None:
            chat = self.state.chat(account, self.state.person(order.person))
            return self._tell_of_message(self.state.message(chat, "outside", order.text))
        answers = self.state.find(order.ref) if order.ref is not None else None
        return self._tell_of(self.state.post(account, "outside", order.text, answers=answers), account)

    async def webhook(self, order: Hook) -> Event:
        """Sets where all events of an account go, and returns the webhook as X's check found it."""
        account = self.state.account(order.account)
        hook = next((one for one in self.webhooks.values() if one.url == order.url), None)
        if hook is None:
            hook = Webhook(self._new_id(), order.url, order.secret, iso(self._clock.now()) or "")
            self.webhooks[hook.id] = hook
        hook.secret = order.secret
        hook.valid = await self._answers_check(hook)
        for one in [one for one in self.subscriptions.values() if one.user_id == account.id]:
            del self.subscriptions[one.id]
        for event in (*PUBLIC_EVENTS, *PRIVATE_EVENTS, *DIRECT_EVENTS):
            self._subscribed(event, account, hook.id, "control")
        self._retarget()
        return hook.shown()

    async def weather(self, order: Weather) -> None:
        """How webhooks go out from now on. X sends one event a call; only what is held for a batch goes out together."""
        self.emitter.change(order.model_copy(update={"batch": 1}))

    async def flood(self, order: Flood) -> Json:
        """Many events: direct messages, posts that name the account, answers to its newest post."""
        account = self.state.account(order.account or next(iter(self.state.accounts)))
        chance = random.Random(order.seed)
        before = self.emitter.weather
        shares = {"duplicates": order.duplicates, "out_of_order": order.out_of_order, "seed": order.seed}
        await self.weather(before.model_copy(update=shares))
        own = [post for post in self.state.posts.values() if post.author is account and not post.deleted]
        keys: list[str] = []
        try:
            async for number in order.turns():
                person = self.state.person(str(600_000_000 + chance.randrange(order.people)))
                text = f"{chance.choice(QUESTIONS)} ({number + 1})"
                direct = order.kind == "direct" or (order.kind == "mixed" and number % 2 == 0)
                under = own[-1].id if own and not direct and chance.random() < 0.5 else None
                say = Say(
                    account=account.id,
                    person=person.id,
                    text=text,
                    kind="direct" if direct else "comment",
                    post=under,
                )
                keys.append(_ref(await self.say(say)))
        finally:
            await self.weather(before)
        return {"sent": len(keys), "keys": keys}

    async def settled(self, within_s: float) -> bool:
        """Waits until every webhook was delivered or given up."""
        return await self.emitter.settled(within_s)

    def world(self) -> WorldView:
        """Everything there is."""
        return self.state.view({account: target.url for account, target in self.emitter.targets.items()})

    async def event(self, account_id: str, name: str, payload: Json, modes: Modes | None = None) -> Event:
        """Any other event (of a follower, a block, a new type); returned as it is sent."""
        account = self.state.account(account_id)
        made = self._envelope(account, name, payload, {})
        self.emitter.emit(account.id, made, account.id, modes)
        return made

    async def check_webhooks(self) -> None:
        """X's regular check of all webhooks: one that fails gets no events until it passes."""
        for hook in self.webhooks.values():
            hook.valid = await self._answers_check(hook)
        self._retarget()

    # --- telling ----------------------------------------------------------------------------------------------------

    def _write(self, account: Account, person: User, order: Say) -> Event:
        chat = self.state.chat(account, person)
        # Whoever writes has seen what was written to him.
        unread = self._read_by(chat)
        if unread and account.direct:
            now = int(self._clock.now().timestamp() * 1000)
            self._emit(account, "dm.read", wire.read_receipt(person, account, unread[-1], now), person.id)
        message = self.state.message(chat, "person", order.text, order.at)
        message.attachment, message.encrypted = order.attachment, not account.direct
        return self._tell_of_message(message, order.modes, order.payload)

    @staticmethod
    def _read_by(chat: Chat) -> list[Message]:
        unread = [message for message in chat.messages if message.by != "person" and not message.read]
        for message in unread:
            message.read = True
        return unread

    def _tell_of_message(self, message: Message, modes: Modes | None = None, payload: str | None = None) -> Event:
        account, person = message.chat.account, message.chat.person
        inbound = message.by == "person"
        if message.encrypted:
            name = "chat.received" if inbound else "chat.sent"
            return self._emit(account, name, wire.encrypted(message), person.id, modes)
        told = wire.webhook_message(message)
        if payload is not None:
            data = told["direct_message_events"][0]["message_create"]["message_data"]
            data["quick_reply_response"] = {"type": "options", "metadata": payload}
        return self._emit(account, "dm.received" if inbound else "dm.sent", told, person.id, modes)

    def _tell_of(self, post: Post, account: Account, modes: Modes | None = None) -> Event:
        """Tells everybody whom a post concerns, as often as it does; returns the first event of ``account``."""
        events: list[tuple[Account, str]] = []
        for one in self.state.accounts.values():
            answered = self.state.posts[post.answers].author if post.answers else None
            quoted = self.state.posts[post.quotes].author if post.quotes else None
            if post.author is one:
                events.append((one, "post.create"))
            elif one.id in post.explicit:
                events.append((one, "post.mention.create"))
            if answered is one:
                events.append((one, "post.reply.create"))
            if quoted is one:
                events.append((one, "post.quote.create"))
        payload, includes = wire.post(post, self.state), wire.post_includes([post], self.state)
        told = [
            (one, self._emit(one, name, payload, post.conversation, modes, includes)) for one, name in events
        ]  # fmt: skip
        mine = [event for one, event in told if one is account]
        # An answer deep in a thread that does not show our name concerns nobody by X's rules.
        return mine[0] if mine else self._envelope(account, "post.create", payload, includes)

    def _emit(
        self,
        account: Account,
        name: str,
        payload: Json,
        lane: str,
        modes: Modes | None = None,
        includes: Json | None = None,
    ) -> Event:
        made = self._envelope(account, name, payload, includes or {})
        if any(one.event_type == name and one.user_id == account.id for one in self.subscriptions.values()):
            self.emitter.emit(account.id, made, lane, modes)
        return made

    def _envelope(self, account: Account, name: str, payload: Json, includes: Json) -> Event:
        made: Event = {
            # Signed, and sometimes negative, as X's are.
            "event_uuid": str(secrets.randbits(64) - 2**63),
            "filter": {"user_id": account.id},
            "event_type": name,
            "tag": "pietura",
            "payload": payload,
        }
        if includes:
            made["includes"] = includes
        return made

    def _unknown(self, account_id: str) -> Event:
        account = self.state.account(account_id)
        return self._envelope(account, "hologram.create", {"id": self._new_id(), "shape": {"points": [[0, 0, 1]]}}, {})

    def _retarget(self) -> None:
        """Events go where the subscriptions lead, as long as the webhook there answers X's check."""
        self.emitter.targets.clear()
        for one in self.subscriptions.values():
            hook = self.webhooks.get(one.webhook_id)
            if hook is not None and hook.valid:
                self.emitter.targets[one.user_id] = Target(hook.url, hook.secret)

    async def _answers_check(self, hook: Webhook) -> bool:
        """X's challenge-response check of a receiver."""
        token = secrets.token_urlsafe(24)
        try:
            async with httpx.AsyncClient(timeout=_CHECK_S, trust_env=False) as client:
                answer = await client.get(hook.url, params={"crc_token": token})
            return answer.status_code == 200 and answer.json()["response_token"] == wire.sign(
                hook.secret, token.encode()
            )
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return False

    def _new_id(self) -> str:
        return self.state.new_id()

    # --- the API ----------------------------------------------------------------------------------------------------

    async def _serve(self, path: str, request: Request) -> Response:
        body = await _json(request)
        operation = wire.operation_of(request.method, f"/2/{path}", body)
        place = len(self.calls)
        # Noted when it comes: of a call that is held the answer never does.
        self.calls.append(_noted(request, operation, body, self._clock.now()))

        async def do() -> Response:
            try:
                return await self._do(operation, path.split("/"), request, body)
            except Refusal as refusal:
                return refusal.response()

        now = self._clock.now().timestamp()
        answer = await play(self.script, operation, request, do, lambda rule: wire.scripted(rule, operation, now))
        self.calls[place] = replace(self.calls[place], status=answer.status_code)
        return answer

    async def _do(self, operation: str, parts: list[str], request: Request, body: Any) -> Response:
        if operation == "webhooks":
            wire.check_app(request)
            return await self._webhooks(request.method, parts[1:], body)
        if operation == "subscriptions":
            return self._subscriptions(request, parts[2:], body)
        account = wire.account_of(request, self.url, self.state)
        headers = self._limited(operation, account)
        match operation, parts:
            case "me", _:
                found: Json = {"data": {"id": account.id, "name": account.name, "username": account.username}}
            case (("post" | "comment"), _):
                return JSONResponse(self._create_post(account, body), 201, headers)
            case "send", [_, _, who, _]:
                return JSONResponse(self._create_message(account, who, body), 201, headers)
            case "hide", [_, ref, _]:
                found = self._hide(account, ref, body)
            case "mentions", [_, who, _]:
                found = self._mentions(account, who, request.query_params)
            case "dm_events", _:
                found = self._dm_events(account, request.query_params)
            case "media", _:
                found = self._upload(*await wire.form_of(request))
            case _:
                raise Refusal(404, "Not Found", "Not Found")
        return JSONResponse(found, 200, headers)

    def _limited(self, operation: str, account: Account) -> dict[str, str]:
        """Counts a call; the headers that tell of the limit.

        Raises:
            Refusal: it is used up.
        """
        limit, window = self.limits.get(operation, _NO_LIMIT)
        now = self._clock.now().timestamp()
        since, used = self._used.get((operation, account.id), (now, 0))
        if now - since >= window:
            since, used = now, 0
        headers = {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(max(limit - used - 1, 0)),
            "x-rate-limit-reset": str(int(since + window) + 1),
        }
        if used >= limit:
            raise Refusal(429, "Too Many Requests", "Too Many Requests", headers=headers)
        self._used[operation, account.id] = since, used + 1
        return headers

    def _create_post(self, account: Account, body: Any) -> Json:
        text = str(body.get("text") or "")
        media = [str(one) for one in (body.get("media") or {}).get("media_ids", [])]
        if not text and not media:
            raise wire.invalid("text or media must be provided")
        if any(one not in self.state.media for one in media):
            raise wire.invalid("Your media IDs are invalid.")
        if _weight(text) > _POST_LIMIT:
            raise Refusal(403, wire.TOO_LONG)
        ref = (body.get("reply") or {}).get("in_reply_to_tweet_id")
        answers = self._answerable(account, str(ref)) if ref else None
        mark = (account.id, text, answers.id if answers else None)
        if mark in self._posted:
            raise Refusal(403, wire.DUPLICATE)
        self._posted.add(mark)
        post = self.state.post(account, "us", text, answers=answers)
        post.picture = f"https://pbs.twimg.com/media/{media[0]}" if media else None
        self._tell_of(post, account)
        return {"data": {"id": post.id, "text": text, "edit_history_tweet_ids": [post.id]}}

    def _answerable(self, account: Account, ref: str) -> Post:
        """The post that is answered, if the account may: its own, or one whose author named or quoted it."""
        post = self.state.posts.get(ref)
        if post is None or post.deleted:
            raise Refusal(403, wire.DELETED)
        if post.author.id in account.blocked_by:
            raise Refusal(403, wire.BLOCKED_POST)
        quoted = self.state.posts[post.quotes].author if post.quotes else None
        if account not in (post.author, quoted) and account.id not in post.named:
            raise Refusal(403, wire.NOT_SUMMONED)
        return post

    def _create_message(self, account: Account, who: str, body: Any) -> Json:
        text = str(body.get("text") or "")
        if not text or len(text) > _DIRECT_LIMIT:
            raise wire.invalid("text must be between 1 and 10000 characters")
        if who not in self.state.people:
            raise wire.not_found("user", who)
        chat = self.state.chat(account, self.state.people[who])
        # Somebody whom nobody wrote to first has to have written himself.
        open_chat = any(message.by == "person" for message in chat.messages)
        if who in account.blocked_by or not open_chat or not account.direct:
            raise Refusal(403, wire.BLOCKED_DIRECT)
        message = self.state.message(chat, "us", text)
        self._tell_of_message(message)
        return {"data": {"dm_conversation_id": chat.id, "dm_event_id": message.id}}

    def _hide(self, account: Account, ref: str, body: Any) -> Json:
        post = self.state.posts.get(ref)
        if post is None or post.deleted:
            raise wire.not_found("tweet", ref)
        root = self.state.posts.get(post.conversation)
        if post.answers is None or root is None or root.author is not account:
            raise Refusal(403, "You can only hide replies in conversations you started.")
        post.hidden = bool(body.get("hidden"))
        return {"data": {"hidden": post.hidden}}

    def _mentions(self, account: Account, who: str, query: Mapping[str, str]) -> Json:
        if who != account.id:
            raise Refusal(403, "You are not permitted to perform this action.")
        since = int(query.get("since_id") or 0)
        newer = [post for post in self.state.mentions(account) if int(post.newest) > since]
        page, meta = _page(newer, query, smallest=5)
        if not page:
            return {"meta": {"result_count": 0}}
        meta |= {"newest_id": page[0].newest, "oldest_id": page[-1].newest}
        data = [wire.post(post, self.state) for post in page]
        return {"data": data, "includes": wire.post_includes(page, self.state), "meta": meta}

    def _dm_events(self, account: Account, query: Mapping[str, str]) -> Json:
        if not account.direct:
            raise Refusal(403, "This account's conversations are encrypted.")
        page, meta = _page(self.state.direct(account), query, smallest=1)
        if not page:
            return {"meta": {"result_count": 0}}
        media = [
            {"media_key": f"3_{one.id}", "type": "photo", "url": f"https://ton.twitter.com/dm/{one.id}"}
            for one in page
            if one.attachment is not None and one.attachment.kind not in ("location", "share")
        ]
        users = {who.id: wire.user(who) for one in page for who in (one.chat.account, one.chat.person)}
        includes: Json = {"users": list(users.values()), **({"media": media} if media else {})}
        return {"data": [wire.fetched_message(one) for one in page], "includes": includes, "meta": meta}

    def _upload(self, fields: Mapping[str, str], file: bytes) -> Json:
        if not file or fields.get("media_category") != "tweet_image":
            raise wire.invalid("media and media_category are required")
        ref = self._new_id()
        self.state.media[ref] = fields.get("media_type", "")
        return {"data": {"id": ref, "media_key": f"3_{ref}", "size": len(file), "expires_after_secs": 86400}}

    # --- webhooks and subscriptions ---------------------------------------------------------------------------------

    async def _webhooks(self, method: str, parts: list[str], body: Any) -> Response:
        match method, parts:
            case "GET", []:
                hooks = [hook.shown() for hook in self.webhooks.values()]
                return JSONResponse({"data": hooks, "meta": {"result_count": len(hooks)}})
            case "POST", []:
                return await self._create_webhook(str(body.get("url") or ""))
            case _, [ref] if ref not in self.webhooks:
                raise wire.invalid("WebhookIdInvalid: no such webhook")
            case "PUT", [ref]:
                hook = self.webhooks[ref]
                hook.valid = await self._answers_check(hook)
                self._retarget()
                return JSONResponse({"data": {"valid": hook.valid}})
            case "DELETE", [ref]:
                del self.webhooks[ref]
                self._retarget()
                return JSONResponse({"data": {"deleted": True}})
            case _:
                raise Refusal(404, "Not Found", "Not Found")

    async def _create_webhook(self, url: str) -> Response:
        parts = urlsplit(url)
        here = parts.hostname in ("127.0.0.1", "localhost")
        if not here and (parts.scheme != "https" or parts.port is not None):
            raise wire.invalid("UrlValidationFailed: the URL must be https, without a port")
        if any(hook.url == url for hook in self.webhooks.values()):
            raise wire.invalid("DuplicateUrlFailed: a webhook with this URL is registered already")
        if len(self.webhooks) >= self.webhook_limit:
            raise wire.invalid("WebhookLimitExceeded: no more webhooks for this application")
        hook = Webhook(self._new_id(), url, wire.CONSUMER_SECRET, iso(self._clock.now()) or "")
        if not await self._answers_check(hook):
            raise wire.invalid("CrcValidationFailed: the URL did not answer the check rightly")
        self.webhooks[hook.id] = hook
        return JSONResponse({"data": hook.shown()})

    def _subscriptions(self, request: Request, parts: list[str], body: Any) -> Response:
        if request.method == "POST" and body.get("event_type") not in PUBLIC_EVENTS:
            account = wire.account_of(request, self.url, self.state)
            return self._create_subscription(body, account)
        wire.check_app(request)
        match request.method, parts:
            case "GET", []:
                page, meta = _page(list(self.subscriptions.values()), request.query_params, smallest=1)
                shown = [one.shown() for one in page]
                return JSONResponse({"data": shown, "meta": {**meta, "total_subscriptions": len(self.subscriptions)}})
            case "POST", []:
                return self._create_subscription(body, None)
            case _, [ref] if ref not in self.subscriptions:
                raise wire.not_found("subscription", ref)
            case "PUT", [ref]:
                self.subscriptions[ref].webhook_id = str(body.get("webhook_id") or self.subscriptions[ref].webhook_id)
                self._retarget()
                return JSONResponse({"data": self.subscriptions[ref].shown()})
            case "DELETE", [ref]:
                del self.subscriptions[ref]
                self._retarget()
                left = {"total_subscriptions": len(self.subscriptions)}
                return JSONResponse({"data": {"deleted": True}, "meta": left})
            case _:
                raise Refusal(404, "Not Found", "Not Found")

    def _create_subscription(self, body: Any, asking: Account | None) -> Response:
        """Private events only for whoever asks, and has authorized the application."""
        name, whose = str(body.get("event_type")), str((body.get("filter") or {}).get("user_id"))
        if name not in _EVENTS:
            raise wire.invalid(f"event_type {name} is not one of those that exist")
        account = self.state.accounts.get(whose)
        if account is None or (asking is not None and asking is not account):
            raise Refusal(403, "The user has not authorized this application for private events.")
        if name.startswith("dm.") and not account.direct:
            raise Refusal(403, "This account's conversations are encrypted.")
        hook = str(body.get("webhook_id") or "")
        if hook not in self.webhooks:
            raise wire.invalid("WebhookIdInvalid: no such webhook")
        if any(one.event_type == name and one.user_id == whose for one in self.subscriptions.values()):
            raise Refusal(409, "A subscription for this event and filter exists already.", "Conflict")
        made = self._subscribed(name, account, hook, str(body.get("tag") or ""))
        self._retarget()
        return JSONResponse({"data": {"subscription": made.shown()}})

    def _subscribed(self, name: str, account: Account, hook: str, tag: str) -> Subscription:
        made = Subscription(self._new_id(), name, account.id, hook, tag, iso(self._clock.now()) or "")
        self.subscriptions[made.id] = made
        return made


def _pack(_account: str, events: list[Event]) -> bytes:
    """One event a call; several only where they were held for one."""
    return json.dumps({"data": events[0] if len(events) == 1 else events}, ensure_ascii=False).encode()


def _ref(event: Event) -> str:
    """The id of the post or message that an event is about."""
    payload = event["payload"]
    messages = payload.get("direct_message_events")
    return str(messages[0]["id"] if messages else payload["id"])


def _page(found: list[Any], query: Mapping[str, str], *, smallest: int) -> tuple[list[Any], Json]:
    size = int(query.get("max_results") or 100)
    if not smallest <= size <= 100:
        raise wire.invalid(f"max_results must be between {smallest} and 100")
    start = int(query.get("pagination_token") or 0)
    page = found[start : start + size]
    more = {"next_token": str(start + size)} if start + size < len(found) else {}
    return page, {"result_count": len(page), **more}


def _weight(text: str) -> int:
    """Roughly what X counts: addresses 23, signs beyond the European ones two."""
    links = _LINK.findall(text)
    return 23 * len(links) + _signs(_LINK.sub("", text))


def _signs(text: str) -> int:
    return sum(1 + (ord(sign) > 0x20FF) for sign in text)


async def _json(request: Request) -> Any:
    if not request.headers.get("content-type", "").startswith("application/json"):
        return {}
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _noted(request: Request, operation: str, body: Any, at: datetime) -> Call:
    """A call without its secrets."""
    return Call(
        operation=operation,
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        body=body,
        headers={name: value for name, value in request.headers.items() if name != "authorization"},
        at=iso(at) or "",
        status=None,
    )


async def _main(port: int) -> None:
    async with FakeX.serve(port=port) as fake:
        print(f"X at {fake.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for X, on loopback.")
    parser.add_argument("--port", type=int, default=8082)
    asyncio.run(_main(parser.parse_args().port))
