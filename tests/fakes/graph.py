"""A Graph API on loopback: Messenger, comments, posts and webhooks of Facebook pages, with faults on demand.

Paths, answers, errors and limits are those of Meta's documentation (Graph API v26.0, Messenger Platform, Page Webhooks).
``python -m tests.fakes.graph --port 9101`` runs it by itself; ``async with FakeGraph.serve() as fake`` inside a test.

Names of its operations, for faults: ``send`` (direct messages), ``private_reply``, ``comment``, ``hide``, ``post``,
``read``, ``subscribe``, ``debug_token``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import json
import math
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from kit.clock import Clock, SystemClock, iso
from tests.fakes import graph_events as events
from tests.fakes.control import (
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
from tests.fakes.emitter import Emitter, Target
from tests.fakes.faults import Fault, Rule, Script, play, serving
from tests.fakes.graph_world import (
    APP_ID,
    APP_SECRET,
    PAGE_IDS,
    PAGE_INBOX_APP_ID,
    VERIFY_TOKEN,
    By,
    Chat,
    Comment,
    Message,
    Page,
    Person,
    Post,
    World,
)

#: Versions that answer as themselves; older ones are answered by the oldest of these.
_OLDEST_VERSION = 21
_WINDOW = timedelta(hours=24)
_HUMAN_WINDOW = timedelta(days=7)
_PRIVATE_REPLY_WITHIN = timedelta(days=7)
_TEXT_LIMIT = 2000
_COMMENT_LIMIT = 8000
_SCHEDULE_FROM = timedelta(minutes=10)
_SCHEDULE_UNTIL = timedelta(days=30)
#: Message tags that ended on 27 April 2026.
_ENDED_TAGS = {"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"}
#: How often scheduled posts are looked for, in seconds.
_TICK_S = 0.1
_HIDDEN = "…"


class GraphRefusal(Exception):
    """An answer with ``error``."""

    def __init__(self, code: int, message: str, subcode: int | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.subcode = subcode
        self.status = status


class Asked(NamedTuple):
    """One call: the path without the version, its fields (of the query and of the body alike), who asks."""

    path: list[str]
    fields: Mapping[str, str]
    page: Page | None
    as_app: bool

    def json(self, name: str) -> dict[str, Any]:
        """A nested field: Graph takes it as JSON in the form."""
        try:
            value = json.loads(self.fields.get(name, "{}"))
        except ValueError as error:
            raise GraphRefusal(100, f"(#100) Param {name} must be a valid JSON") from error
        if not isinstance(value, dict):
            raise GraphRefusal(100, f"(#100) Param {name} must be an array")
        return value


class FakeGraph:
    """The server and its control API; implements :class:`tests.fakes.control.Fake`.

    Args:
        clock: the platform's clock.
        lanes: how many webhooks go out at once for one page.
    """

    def __init__(self, clock: Clock | None = None, lanes: int = 8) -> None:
        self._clock = clock or SystemClock()
        self.url = ""
        self.script = Script()
        self.calls: list[Call] = []
        self.state = World(self._now())
        #: Share of the hourly limit that is used up, in per cent, told in the headers of every answer.
        self.usage = 3
        #: Whether calls without ``appsecret_proof`` are refused: the application's setting "Require App Secret".
        self.require_proof = True
        #: The application's webhook, as set through ``/{app-id}/subscriptions``.
        self.callback: str | None = None
        self.callback_fields: set[str] = set()
        self.emitter = Emitter(
            events.pack, events.sign, lambda page_id: events.unknown(page_id, self._now()), lanes=lanes
        )
        self.app = FastAPI(title="fake Graph API", openapi_url=None)
        self.app.include_router(control_routes(self))
        self.app.add_api_route("/", self._serve, methods=["POST"])
        self.app.add_api_route("/{path:path}", self._serve, methods=["GET", "POST", "DELETE"])

    @classmethod
    @asynccontextmanager
    async def serve(cls, port: int = 0, clock: Clock | None = None, lanes: int = 8) -> AsyncIterator[FakeGraph]:
        """Runs in the running loop, on a free port of 127.0.0.1 unless one is given."""
        fake = cls(clock, lanes)
        async with serving(fake.app, port) as url:
            fake.url = url
            ticking = asyncio.create_task(fake._tick())
            try:
                yield fake
            finally:
                ticking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await ticking
                await fake.emitter.close()

    def credentials(self, page_id: str) -> dict[str, str]:
        """What an administrator would enter for the page."""
        return {
            "page_token": self.state.page(page_id).token,
            "app_secret": APP_SECRET,
            "verify_token": VERIFY_TOKEN,
            "app_id": APP_ID,
        }

    # ---------------------------------------------------------------- what followers do

    async def say(self, order: Say) -> dict[str, Any]:
        """A follower writes."""
        page = self._ours(order.account)
        person = self.state.person(order.person, order.name)
        at = order.at.astimezone(UTC) if order.at else self._now()
        if order.kind == "comment":
            return self._comment_by_person(page, person, order, at)
        chat = self.state.chat(page, person)
        self._seen(page, chat, at)
        message = Message(self.state.mid(), "person", order.text, at, order.attachment)
        self.state.add_message(page, chat, message)
        if order.payload is not None and not order.text:
            entry = events.postback(page, person.id, message, order.payload)
        else:
            entry = events.message(page, person.id, message, order.payload)
        self._emit(page, entry, person.id, order.modes)
        return entry

    def _comment_by_person(self, page: Page, person: Person, order: Say, at: datetime) -> dict[str, Any]:
        post = self.state.post(order.post) if order.post else self._newest(page)
        if post is None:
            raise NoSuchThing(f"no post {order.post or 'on the page'}")
        if order.parent is not None and self.state.comment(order.parent) is None:
            raise NoSuchThing(f"no comment {order.parent}")
        comment = Comment(
            self._comment_id(post),
            person,
            "person",
            order.text,
            at,
            parent=self._root(order.parent),
            attachment=order.attachment,
            anonymous=order.anonymous,
        )
        self.state.add_comment(post, comment)
        entry = events.comment(page, post, comment, "add", at)
        self._emit(page, entry, comment.id, order.modes)
        return entry

    async def edit(self, order: Edit) -> dict[str, Any]:
        """A follower edits a comment or a direct message."""
        page, at = self._ours(order.account), self._now()
        if found := self.state.comment(order.ref):
            post, comment = found
            comment.text, comment.edited = order.text, True
            entry = events.comment(page, post, comment, "edited", at)
            self._emit(page, entry, comment.id, order.modes)
            return entry
        _, chat, message = self._message(order.ref)
        message.text, message.edits = order.text, message.edits + 1
        entry = events.edit(page, chat.person.id, message, at)
        self._emit(page, entry, chat.person.id, order.modes)
        return entry

    async def delete(self, order: Delete) -> dict[str, Any]:
        """A comment is deleted, by whoever wrote it or on the page itself; or a direct message is taken back."""
        page, at = self._ours(order.account), self._now()
        if found := self.state.comment(order.ref):
            post, comment = found
            return self._delete_comment(page, post, comment, at, order.modes)
        _, chat, message = self._message(order.ref)
        message.deleted = True
        entry = events.unsend(page, chat.person.id, message, at)
        self._emit(page, entry, chat.person.id, order.modes)
        return entry

    async def block(self, order: Block) -> dict[str, Any]:
        """A follower blocks the page. Messenger tells nobody; the next send fails."""
        page = self._ours(order.account)
        self.state.chat(page, self.state.person(order.person)).blocked = order.blocked
        return {}

    async def outside(self, order: Outside) -> dict[str, Any]:
        """The page's staff answer in Meta's own Page Inbox, or under the comment by hand."""
        page = self._ours(order.account)
        if order.ref is not None:
            found = self.state.comment(order.ref)
            if found is None:
                raise NoSuchThing(f"no comment {order.ref}")
            return self._comment_by_page(page, found[0], order.text, "outside", order.ref)[1]
        if order.person is None:
            raise NoSuchThing("neither a person nor a comment is named")
        chat = self.state.chat(page, self.state.person(order.person))
        return self._message_by_page(page, chat, order.text, "outside", PAGE_INBOX_APP_ID)[1]

    async def webhook(self, order: Hook) -> dict[str, Any]:
        """Checks the receiver with ``hub.challenge`` and, if it answers rightly, sends the page's events there."""
        page = self._ours(order.account)
        verified = await self._challenged(order.url, VERIFY_TOKEN)
        if verified:
            page.fields = set(events.ALL_FIELDS)
            self.emitter.targets[page.id] = Target(order.url, order.secret)
        return {"verified": verified}

    async def weather(self, order: Weather) -> None:
        """How webhooks go out from now on."""
        self.emitter.change(order)

    async def flood(self, order: Flood) -> dict[str, Any]:
        """Many followers write at once."""
        account = order.account or PAGE_IDS[0]
        chance = random.Random(order.seed)
        keys: list[str] = []
        for number in range(order.n):
            kind = order.kind if order.kind != "mixed" else ("direct", "comment")[number % 2]
            modes = Modes(
                duplicates=int(chance.random() < order.duplicates),
                delay_s=chance.uniform(0.05, 0.4) if chance.random() < order.out_of_order else 0,
            )
            person = f"7{chance.randrange(order.people):015d}"
            entry = await self.say(
                Say(account=account, person=person, text=f"Jautājums nr. {number}", kind=kind, modes=modes)
            )
            keys.append(_key(entry))
            await asyncio.sleep(1 / order.per_second if order.per_second else 0)
        return {"sent": order.n, "keys": keys}

    async def settled(self, within_s: float) -> bool:
        """Waits until every webhook was delivered or given up."""
        return await self.emitter.settled(within_s)

    def world(self) -> WorldView:
        """Everything there is."""
        return self.state.view({page: target.url for page, target in self.emitter.targets.items()})

    # ---------------------------------------------------------------- what happens in the world

    def _message_by_page(
        self, page: Page, chat: Chat, text: str, by: By, app_id: str, buttons: list[str] | None = None
    ) -> tuple[Message, dict[str, Any]]:
        message = Message(self.state.mid(), by, text, self._now(), buttons=buttons or [], app_id=app_id)
        self.state.add_message(page, chat, message)
        entry = events.echo(page, chat.person.id, message)
        self._emit(page, entry, chat.person.id)
        self._emit(page, events.delivery(page, chat.person.id, message), chat.person.id)
        return message, entry

    def _comment_by_page(
        self, page: Page, post: Post, text: str, by: By, parent: str | None
    ) -> tuple[Comment, dict[str, Any]]:
        author = Person(page.id, page.name)
        comment = Comment(self._comment_id(post), author, by, text, self._now(), parent=self._root(parent))
        self.state.add_comment(post, comment)
        owner = self.state.page(post.page_id)
        entry = events.comment(owner, post, comment, "add", comment.at)
        self._emit(owner, entry, parent or comment.id)
        return comment, entry

    def _delete_comment(
        self, page: Page, post: Post, comment: Comment, at: datetime, modes: Modes | None = None
    ) -> dict[str, Any]:
        comment.deleted = True
        entry = events.comment(page, post, comment, "remove", at)
        self._emit(page, entry, comment.id, modes)
        return entry

    def _seen(self, page: Page, chat: Chat, at: datetime) -> None:
        """Who writes has read what stands above."""
        unread = [message for message in chat.messages if message.by != "person" and not message.read]
        for message in unread:
            message.read = True
        if unread:
            self._emit(page, events.read(page, chat.person.id, at), chat.person.id)

    def _emit(self, page: Page, entry: dict[str, Any], lane: str, modes: Modes | None = None) -> None:
        if events.field_of(entry) in page.fields:
            self.emitter.emit(page.id, entry, lane, modes)

    async def _tick(self) -> None:
        """Publishes what was scheduled."""
        while True:
            now = self._now()
            for page in self.state.pages.values():
                for post in page.posts:
                    if post.due is not None and post.due <= now:
                        post.due, post.at = None, now
                        self._emit(page, events.post(page, post, now), post.id)
            await asyncio.sleep(_TICK_S)

    # ---------------------------------------------------------------- the Graph API

    async def _serve(self, request: Request, path: str = "") -> Response:
        version, parts = _version(path)
        fields = dict(request.query_params) | _body(await request.body(), request.headers.get("content-type", ""))
        operation = _operation(request.method, parts, fields)
        place = self._record(operation, request, parts, fields)

        async def do() -> Response:
            if version is None:
                raise GraphRefusal(2500, "Unknown path components: /" + path)
            return await self._answer(request, parts, fields)

        async def safely() -> Response:
            try:
                return await do()
            except GraphRefusal as refusal:
                return self._refused(refusal)

        answer = await play(self.script, operation, request, safely, self._fault)
        self.calls[place] = replace(self.calls[place], status=answer.status_code)
        for name, value in self._headers(parts[0] if parts else "", version).items():
            answer.headers.setdefault(name, value)
        return answer

    async def _answer(self, request: Request, parts: list[str], fields: Mapping[str, str]) -> Response:
        if not parts:
            return JSONResponse(self._batch(request, fields))
        asked = self._who(request, parts, fields)
        found = self._route(request.method, asked)
        result = found(asked)
        return JSONResponse(await result if isinstance(result, Awaitable) else result)

    def _route(self, method: str, asked: Asked) -> Callable[[Asked], Any]:
        first, rest = asked.path[0], tuple(asked.path[1:])
        at = self._node(first)
        routes: dict[tuple[str, str, tuple[str, ...]], Callable[[Asked], Any]] = {
            ("GET", "me", ()): self._get_page,
            ("GET", "page", ()): self._get_page,
            ("GET", "debug_token", ()): self._debug_token,
            ("POST", "page", ("messages",)): self._post_message,
            ("POST", "page", ("feed",)): self._post_feed,
            ("POST", "page", ("photos",)): self._post_photo,
            ("GET", "page", ("feed",)): self._get_feed,
            ("GET", "page", ("conversations",)): self._get_conversations,
            ("GET", "page", ("subscribed_apps",)): self._get_subscribed,
            ("POST", "page", ("subscribed_apps",)): self._post_subscribed,
            ("DELETE", "page", ("subscribed_apps",)): self._delete_subscribed,
            ("GET", "app", ("subscriptions",)): self._get_subscriptions,
            ("POST", "app", ("subscriptions",)): self._post_subscriptions,
            ("POST", "post", ("comments",)): self._post_comment,
            ("POST", "comment", ("comments",)): self._post_comment,
            ("GET", "post", ("comments",)): self._get_comments,
            ("POST", "comment", ()): self._post_on_comment,
            ("GET", "comment", ()): self._get_comment,
            ("DELETE", "comment", ()): self._delete_by_us,
            ("GET", "person", ()): self._get_person,
        }
        found = routes.get((method, at, rest))
        if found is None:
            raise GraphRefusal(
                100,
                f"Unsupported {method.lower()} request. Object with ID '{first}' does not exist, cannot be loaded due "
                "to missing permissions, or does not support this operation.",
                33,
            )
        return found

    def _node(self, first: str) -> str:
        """What kind of thing an id names."""
        if first in ("me", "debug_token"):
            return first
        if first == APP_ID:
            return "app"
        if first in self.state.pages:
            return "page"
        if self.state.post(first) is not None:
            return "post"
        found = self.state.comment(first)
        if found is not None and not found[1].deleted:
            return "comment"
        return "person" if first in self.state.people else "nothing"

    def _who(self, request: Request, parts: list[str], fields: Mapping[str, str]) -> Asked:
        """Whose token it is.

        Raises:
            GraphRefusal: nobody's, or not valid any more, or without the proof of the application's secret.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token if scheme.lower() in ("bearer", "oauth") else fields.get("access_token", "")
        if not token:
            raise GraphRefusal(104, "An access token is required to request this resource.", status=401)
        if token == f"{APP_ID}|{APP_SECRET}":
            return Asked(parts, fields, None, True)
        page = next((page for page in self.state.pages.values() if page.ours and page.token == token), None)
        if page is None:
            raise GraphRefusal(190, "Invalid OAuth access token - Cannot parse access token", status=401)
        if page.token_state == "expired":
            raise _refusal(Fault.TOKEN_EXPIRED)
        if page.token_state == "revoked":
            raise _refusal(Fault.TOKEN_REVOKED)
        proof = fields.get("appsecret_proof")
        right = hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        if (proof is None and self.require_proof) or (proof is not None and not hmac.compare_digest(proof, right)):
            raise GraphRefusal(100, "API calls from the server require an appsecret_proof argument")
        return Asked(parts, fields, page, False)

    # ---------------------------------------------------------------- messages

    def _post_message(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        recipient, message = asked.json("recipient"), asked.json("message")
        text = str(message.get("text", ""))
        if not text and "attachment" not in message:
            raise GraphRefusal(100, "(#100) Message cannot be empty, must provide valid attachment or text", 2018034)
        if len(text) > _TEXT_LIMIT:
            raise GraphRefusal(100, f"(#100) Length of param message[text] must be less than or equal to {_TEXT_LIMIT}")
        buttons = [str(reply["title"]) for reply in message.get("quick_replies", [])]
        if len(buttons) > 13 or any(len(title) > 20 for title in buttons):
            raise GraphRefusal(100, "(#100) Too many quick replies, or a title of more than 20 characters", 2018041)
        if "comment_id" in recipient:
            chat = self._private_reply(page, str(recipient["comment_id"]))
        else:
            chat = self._direct(page, str(recipient.get("id", "")), asked.fields)
        said, _ = self._message_by_page(page, chat, text, "us", APP_ID, buttons)
        if "comment_id" in recipient:
            found = self.state.comment(str(recipient["comment_id"]))
            if found is not None:
                found[1].private_reply = said.id
        return {"recipient_id": chat.person.id, "message_id": said.id}

    def _direct(self, page: Page, person_id: str, fields: Mapping[str, str]) -> Chat:
        kind, tag = fields.get("messaging_type", ""), fields.get("tag", "")
        if kind not in ("RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"):
            raise GraphRefusal(
                100, "(#100) Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}"
            )
        if tag in _ENDED_TAGS:
            raise GraphRefusal(100, "(#100) This message tag is no longer supported.", 1893061)
        chat = page.chats.get(person_id)
        last = chat.last_inbound() if chat else None
        if chat is None or last is None:
            raise GraphRefusal(100, "(#100) No matching user found", 2018001)
        if chat.blocked:
            raise _refusal(Fault.BLOCKED)
        human = kind == "MESSAGE_TAG" and tag == "HUMAN_AGENT"
        if human and not page.human_agent:
            raise GraphRefusal(10, "(#10) Application does not have permission for this action")
        if self._now() - last >= (_HUMAN_WINDOW if human else _WINDOW):
            raise _refusal(Fault.WINDOW_CLOSED)
        return chat

    def _private_reply(self, page: Page, comment_id: str) -> Chat:
        found = self.state.comment(comment_id)
        if found is None or found[1].deleted:
            raise _gone(comment_id)
        comment = found[1]
        if comment.by != "person":
            raise GraphRefusal(10903, "(#10903) This user can't reply to this activity")
        if comment.private_reply is not None:
            raise _refusal(Fault.PRIVATE_REPLY_USED)
        if self._now() - comment.at >= _PRIVATE_REPLY_WITHIN:
            raise _refusal(Fault.WINDOW_CLOSED)
        chat = self.state.chat(page, comment.author)
        if chat.blocked:
            raise _refusal(Fault.BLOCKED)
        return chat

    # ---------------------------------------------------------------- comments

    def _post_comment(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        target = asked.path[0]
        text = asked.fields.get("message", "")
        if not text:
            raise GraphRefusal(100, "(#100) Missing message or attachment")
        if len(text) > _COMMENT_LIMIT:
            raise GraphRefusal(100, f"(#100) Param message must be at most {_COMMENT_LIMIT} characters long")
        found = self.state.comment(target)
        post = found[0] if found else self.state.post(target)
        if post is None:
            raise _gone(target)
        if post.closed:
            raise _refusal(Fault.PERMISSION)
        comment, _ = self._comment_by_page(page, post, text, "us", target if found else None)
        return {"id": comment.id}

    def _post_on_comment(self, asked: Asked) -> dict[str, Any]:
        post, comment = self._comment_of(asked)
        page, at = self._of_token(asked), self._now()
        if post.page_id != page.id:
            raise _refusal(Fault.PERMISSION)
        if "is_hidden" in asked.fields:
            hidden = asked.fields["is_hidden"].lower() in ("true", "1")
            if comment.by != "person":
                raise GraphRefusal(100, "(#100) Can not hide the page's own comment", 1446036)
            if comment.hidden != hidden:
                comment.hidden = hidden
                self._emit(page, events.comment(page, post, comment, "hide" if hidden else "unhide", at), comment.id)
        if "message" in asked.fields:
            comment.text, comment.edited = asked.fields["message"], True
            self._emit(page, events.comment(page, post, comment, "edited", at), comment.id)
        return {"success": True}

    def _delete_by_us(self, asked: Asked) -> dict[str, Any]:
        post, comment = self._comment_of(asked)
        self._delete_comment(self._of_token(asked), post, comment, self._now())
        return {"success": True}

    def _get_comment(self, asked: Asked) -> dict[str, Any]:
        _, comment = self._comment_of(asked)
        return _chosen(self._comment_json(comment), asked.fields)

    def _get_comments(self, asked: Asked) -> dict[str, Any]:
        post = self.state.post(asked.path[0])
        if post is None:
            raise _gone(asked.path[0])
        return self._comments_json(post, asked.fields)

    # ---------------------------------------------------------------- posts and conversations

    def _post_feed(self, asked: Asked) -> dict[str, Any]:
        if not asked.fields.get("message") and not asked.fields.get("link"):
            raise GraphRefusal(100, "(#100) The post is empty. Please enter a message to share.", 1349125)
        return {"id": self._published(asked, asked.fields.get("message", "")).id}

    def _post_photo(self, asked: Asked) -> dict[str, Any]:
        if not asked.fields.get("url"):
            raise GraphRefusal(324, "(#324) Requires upload file")
        post = self._published(asked, asked.fields.get("message") or asked.fields.get("caption", ""))
        return {"id": self.state.number(), "post_id": post.id}

    def _published(self, asked: Asked, text: str) -> Post:
        page, now = self._of_token(asked), self._now()
        due: datetime | None = None
        if asked.fields.get("published", "true").lower() in ("false", "0"):
            due = datetime.fromtimestamp(int(asked.fields.get("scheduled_publish_time", "0")), UTC)
            if not _SCHEDULE_FROM <= due - now <= _SCHEDULE_UNTIL:
                raise GraphRefusal(100, "(#100) The specified scheduled publish time is invalid.")
        post = Post(
            f"{page.id}_{self.state.number()}",
            page.id,
            text,
            now,
            link=asked.fields.get("link"),
            picture=asked.fields.get("url"),
            due=due,
        )
        self.state.add_post(page, post)
        if due is None:
            self._emit(page, events.post(page, post, now), post.id)
        return post

    def _get_feed(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        posts = [post for post in reversed(page.posts) if post.due is None]
        shown, paging = _page_of(posts, asked.fields)
        rows = []
        for post in shown:
            row: dict[str, Any] = {
                "id": post.id,
                "message": post.text,
                "created_time": _stamp(post.at),
                "from": {"id": page.id, "name": page.name},
                "permalink_url": f"https://www.facebook.com/{post.id}",
            }
            if "comments" in asked.fields.get("fields", ""):
                row["comments"] = self._comments_json(post, {"limit": "50"})
            rows.append(row)
        return {"data": rows, **paging}

    def _get_conversations(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        chats = sorted(
            (chat for chat in page.chats.values() if chat.messages), key=lambda c: c.messages[-1].at, reverse=True
        )
        shown, paging = _page_of(chats, asked.fields)
        return {"data": [self._chat_json(page, chat) for chat in shown], **paging}

    def _get_person(self, asked: Asked) -> dict[str, Any]:
        person = self.state.people[asked.path[0]]
        first, _, last = person.name.partition(" ")
        return _chosen({"id": person.id, "name": person.name, "first_name": first, "last_name": last}, asked.fields)

    # ---------------------------------------------------------------- the page, its token and its webhook

    def _get_page(self, asked: Asked) -> dict[str, Any]:
        page = asked.page if asked.path[0] == "me" else self.state.page(asked.path[0])
        if page is None:
            raise GraphRefusal(2500, "An active access token must be used to query information about the current user.")
        return _chosen({"id": page.id, "name": page.name}, asked.fields)

    def _batch(self, request: Request, fields: Mapping[str, str]) -> list[dict[str, Any]]:
        """``POST /`` with ``batch``: several calls in one, each with an answer of its own."""
        try:
            wishes = json.loads(fields.get("batch", ""))
        except ValueError as error:
            raise GraphRefusal(100, "(#100) Param batch must be a JSON array") from error
        answers = []
        for wish in wishes:
            path, _, query = str(wish["relative_url"]).partition("?")
            own = dict(parse_qsl(query)) | {k: v for k, v in fields.items() if k in ("access_token", "appsecret_proof")}
            try:
                asked = self._who(request, _version(path)[1], own)
                code, body = 200, self._route(str(wish["method"]), asked)(asked)
            except GraphRefusal as refusal:
                code, body = refusal.status, self._error(refusal)
            answers.append({"code": code, "headers": [], "body": json.dumps(body)})
        return answers

    def _debug_token(self, asked: Asked) -> dict[str, Any]:
        if not asked.as_app:
            raise GraphRefusal(100, "(#100) You must provide an app access token, or a user access token of the app")
        token = asked.fields.get("input_token", "")
        page = next((page for page in self.state.pages.values() if page.ours and page.token == token), None)
        if page is None:
            return {
                "data": {"error": {"code": 190, "message": "Malformed access token"}, "is_valid": False, "scopes": []}
            }
        data = {
            "app_id": APP_ID,
            "type": "PAGE",
            "application": "Pietura",
            "data_access_expires_at": 0,
            "expires_at": page.token_expires_at,
            "is_valid": page.token_state == "valid",
            "profile_id": page.id,
            "scopes": page.scopes,
        }
        return {"data": data}

    def _get_subscribed(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        if not page.fields:
            return {"data": []}
        return {"data": [{"id": APP_ID, "name": "Pietura", "subscribed_fields": sorted(page.fields)}]}

    def _post_subscribed(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        wanted = {name.strip() for name in asked.fields.get("subscribed_fields", "").split(",") if name.strip()}
        if not wanted or not wanted <= events.ALL_FIELDS:
            raise GraphRefusal(100, "(#100) Param subscribed_fields is missing or names a field that does not exist")
        page.fields = wanted
        self._retarget()
        return {"success": True}

    def _delete_subscribed(self, asked: Asked) -> dict[str, Any]:
        page = self._of_token(asked)
        page.fields = set()
        self.emitter.targets.pop(page.id, None)
        return {"success": True}

    def _get_subscriptions(self, asked: Asked) -> dict[str, Any]:
        if not asked.as_app:
            raise GraphRefusal(15, "(#15) This method must be called with an app access_token.")
        if self.callback is None:
            return {"data": []}
        fields = [{"name": name, "version": "v26.0"} for name in sorted(self.callback_fields)]
        return {"data": [{"object": "page", "callback_url": self.callback, "active": True, "fields": fields}]}

    async def _post_subscriptions(self, asked: Asked) -> dict[str, Any]:
        if not asked.as_app:
            raise GraphRefusal(15, "(#15) This method must be called with an app access_token.")
        url = asked.fields.get("callback_url", "")
        if not await self._challenged(url, asked.fields.get("verify_token", "")):
            raise GraphRefusal(
                2200, "(#2200) Callback verification failed with the following errors: response mismatch"
            )
        self.callback = url
        self.callback_fields = {name.strip() for name in asked.fields.get("fields", "").split(",") if name.strip()}
        self._retarget()
        return {"success": True}

    def _retarget(self) -> None:
        """One webhook for all pages of the application that are subscribed."""
        for page in self.state.pages.values():
            if self.callback is not None and page.fields:
                self.emitter.targets[page.id] = Target(self.callback, APP_SECRET)

    async def _challenged(self, url: str, verify_token: str) -> bool:
        challenge = str(random.randrange(10**9, 10**10))
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        try:
            async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
                answer = await client.get(url, params=query)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.status_code == 200 and answer.text == challenge

    # ---------------------------------------------------------------- answers

    def _fault(self, rule: Rule) -> Response:
        """The platform's words for a fault of the script."""
        if rule.fault is Fault.UNAVAILABLE:
            return Response("Service Unavailable", 503, media_type="text/plain")
        answer = self._refused(_gone("0") if rule.fault is Fault.DELETED else _refusal(rule.fault))
        if rule.fault is Fault.RATE_LIMITED:
            # Meta tells the wait in minutes; the common header has room for the seconds of a test.
            minutes = math.ceil(rule.retry_after_s / 60) if rule.retry_after_s >= 60 else 0
            answer.headers["x-business-use-case-usage"] = _usage(PAGE_IDS[0], 100, minutes)
            if minutes == 0:
                answer.headers["retry-after"] = f"{rule.retry_after_s:g}"
        return answer

    def _error(self, refusal: GraphRefusal) -> dict[str, Any]:
        error: dict[str, Any] = {
            "message": str(refusal),
            "type": "OAuthException",
            "code": refusal.code,
            "fbtrace_id": self.state.trace(),
        }
        if refusal.subcode is not None:
            error["error_subcode"] = refusal.subcode
        if refusal.code in (1, 2):
            error["is_transient"] = True
        return {"error": error}

    def _refused(self, refusal: GraphRefusal) -> Response:
        return JSONResponse(self._error(refusal), refusal.status)

    def _headers(self, first: str, version: str | None) -> dict[str, str]:
        number = int(version[1:].partition(".")[0]) if version else 0
        usage = {"call_count": self.usage, "total_time": self.usage, "total_cputime": 0}
        return {
            "facebook-api-version": f"v{max(number, _OLDEST_VERSION)}.0",
            "x-app-usage": json.dumps(usage),
            "x-business-use-case-usage": _usage(first or PAGE_IDS[0], self.usage, 0),
            "x-fb-trace-id": self.state.trace(),
        }

    def _comment_json(self, comment: Comment) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": comment.id,
            "message": comment.text,
            "created_time": _stamp(comment.at),
            "is_hidden": comment.hidden,
            "can_reply_privately": comment.by == "person" and comment.private_reply is None,
        }
        if not comment.anonymous:
            shown["from"] = {"id": comment.author.id, "name": comment.author.name}
        if comment.parent is not None:
            shown["parent"] = {"id": comment.parent}
        if comment.attachment is not None:
            url = comment.attachment.url or "https://scontent.example/attachment"
            shown["attachment"] = {"type": comment.attachment.kind, "url": url}
        return shown

    def _comments_json(self, post: Post, fields: Mapping[str, str]) -> dict[str, Any]:
        comments = [comment for comment in reversed(post.comments) if not comment.deleted]
        shown, paging = _page_of(comments, fields)
        return {"data": [self._comment_json(comment) for comment in shown], **paging}

    def _chat_json(self, page: Page, chat: Chat) -> dict[str, Any]:
        people = {page.id: page.name, chat.person.id: chat.person.name}

        def party(person_id: str) -> dict[str, str]:
            return {"id": person_id, "name": people[person_id]}

        rows = []
        for message in reversed(chat.messages):
            sender, other = (chat.person.id, page.id) if message.by == "person" else (page.id, chat.person.id)
            row: dict[str, Any] = {
                "id": message.id,
                "created_time": _stamp(message.at),
                "from": party(sender),
                "to": {"data": [party(other)]},
                "message": "" if message.deleted else message.text,
            }
            if message.attachment is not None:
                url = message.attachment.url or "https://scontent.example/attachment"
                row["attachments"] = {"data": [{"mime_type": "image/jpeg", "image_data": {"url": url}}]}
            rows.append(row)
        return {
            "id": f"t_{chat.person.id}",
            "updated_time": _stamp(chat.messages[-1].at),
            "participants": {"data": [party(chat.person.id), party(page.id)]},
            "messages": {"data": rows[:25]},
        }

    # ---------------------------------------------------------------- small things

    def _now(self) -> datetime:
        return self._clock.now()

    def _ours(self, page_id: str) -> Page:
        return self.state.page(page_id)

    def _of_token(self, asked: Asked) -> Page:
        """The page that asks, which must be the page asked about where one is named.

        Raises:
            GraphRefusal: another page's token.
        """
        if asked.page is None:
            raise GraphRefusal(210, "(#210) A page access token is required to request this resource.")
        if asked.path[0] in self.state.pages and asked.path[0] != asked.page.id:
            raise _refusal(Fault.PERMISSION)
        return asked.page

    def _comment_of(self, asked: Asked) -> tuple[Post, Comment]:
        found = self.state.comment(asked.path[0])
        if found is None or found[1].deleted:
            raise _gone(asked.path[0])
        return found

    def _message(self, mid: str) -> tuple[Page, Chat, Message]:
        found = self.state.message(mid)
        if found is None:
            raise NoSuchThing(f"no message or comment {mid}")
        return found

    def _newest(self, page: Page) -> Post | None:
        return next((post for post in reversed(page.posts) if post.due is None), None)

    def _comment_id(self, post: Post) -> str:
        return f"{post.id.partition('_')[2]}_{self.state.number()}"

    def _root(self, parent: str | None) -> str | None:
        """Facebook has one level below a comment: an answer to an answer stands under the same comment."""
        found = self.state.comment(parent) if parent else None
        return (found[1].parent or found[1].id) if found else None

    def _record(self, operation: str, request: Request, parts: list[str], fields: Mapping[str, str]) -> int:
        def shown(values: Mapping[str, str]) -> dict[str, str]:
            secret = ("access_token", "appsecret_proof", "authorization", "verify_token", "batch")
            return {key: _HIDDEN if key in secret else value for key, value in values.items()}

        query = dict(request.query_params)
        body = {key: value for key, value in fields.items() if key not in query}
        self.calls.append(
            Call(
                operation,
                request.method,
                "/" + "/".join(parts),
                shown(query),
                shown(body),
                shown(dict(request.headers)),
                iso(self._now()) or "",
                None,
            )
        )
        return len(self.calls) - 1


#: Code, message, subcode and status of what the world and the script both refuse.
_REFUSALS: dict[Fault, tuple[int, str, int | None, int]] = {
    Fault.TOKEN_EXPIRED: (190, "Error validating access token: Session has expired.", 463, 401),
    Fault.TOKEN_REVOKED: (190, "Error validating access token: The user has not authorized application.", 458, 401),
    Fault.WINDOW_CLOSED: (10, "(#10) This message is sent outside of allowed window.", 2018278, 400),
    Fault.BLOCKED: (551, "(#551) This person isn't available right now.", 1545041, 400),
    Fault.PRIVATE_REPLY_USED: (10900, "(#10900) Activity already replied to", None, 400),
    Fault.PERMISSION: (200, "(#200) Permissions error", None, 403),
    Fault.SERVER_ERROR: (2, "An unexpected error has occurred. Please retry your request later.", None, 500),
    Fault.RATE_LIMITED: (80001, "(#80001) There have been too many calls to this Page account.", 2446079, 429),
}


def _refusal(fault: Fault) -> GraphRefusal:
    return GraphRefusal(*_REFUSALS[fault])


def _gone(object_id: str) -> GraphRefusal:
    return GraphRefusal(
        100,
        f"Unsupported post request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation.",
        33,
    )


def _version(path: str) -> tuple[str | None, list[str]]:
    """``v26.0`` and the rest of a path; None where it does not begin with a version."""
    parts = [part for part in path.split("/") if part]
    if parts and parts[0].startswith("v") and parts[0][1:].replace(".", "", 1).isdigit():
        return parts[0], parts[1:]
    return None, parts


def _body(raw: bytes, content_type: str) -> dict[str, str]:
    """Fields of a form or of JSON; nested ones of JSON as the form would have them."""
    if not raw:
        return {}
    if "json" in content_type:
        value = json.loads(raw)
        return {key: item if isinstance(item, str) else json.dumps(item) for key, item in value.items()}
    return dict(parse_qsl(raw.decode(), keep_blank_values=True))


def _operation(method: str, parts: list[str], fields: Mapping[str, str]) -> str:
    """The name of a call, for the script and the record."""
    last = parts[-1] if parts else ""
    if not parts or parts[0] == "debug_token":
        return "debug_token"
    if last in ("subscribed_apps", "subscriptions"):
        return "subscribe" if method != "GET" else "read"
    if method == "GET":
        return "read"
    if last == "messages":
        return "private_reply" if "comment_id" in fields.get("recipient", "") else "send"
    if last in ("feed", "photos"):
        return "post"
    return "comment" if last == "comments" else "hide"


def _usage(page_id: str, percent: int, minutes: int) -> str:
    limit = {
        "type": "pages",
        "call_count": percent,
        "total_cputime": 0,
        "total_time": percent,
        "estimated_time_to_regain_access": minutes,
    }
    return json.dumps({page_id: [limit]})


def _page_of[Row](rows: list[Row], fields: Mapping[str, str]) -> tuple[list[Row], dict[str, Any]]:
    """One page of a list, and how to get the next: ``paging.cursors.after``, as long as there is more."""
    limit, start = int(fields.get("limit", "25")), int(fields.get("after", "0"))
    shown = rows[start : start + limit]
    if start + limit >= len(rows):
        return shown, {}
    after = str(start + limit)
    return shown, {
        "paging": {"cursors": {"before": str(start), "after": after}, "next": f"https://next/?after={after}"}
    }


def _chosen(value: dict[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """Only the fields that were asked for, and always the id."""
    wanted = {name.partition("{")[0] for name in fields.get("fields", ",".join(value)).split(",")} | {"id"}
    return {key: item for key, item in value.items() if key in wanted}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S+0000")


def _key(entry: dict[str, Any]) -> str:
    """The platform's id of what a follower wrote."""
    if "changes" in entry:
        return str(entry["changes"][0]["value"]["comment_id"])
    return str(entry["messaging"][0]["message"]["mid"])


async def _main(port: int) -> None:
    async with FakeGraph.serve(port) as fake:
        print(f"fake Graph API on {fake.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9101)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(parser.parse_args().port))
