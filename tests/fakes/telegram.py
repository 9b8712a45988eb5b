"""A stand-in for Telegram: the Bot API, its webhooks, and people who chat with bots.

Paths are Telegram's (``/bot<token>/<method>``), and so are the words of its refusals. Under ``/_control`` it is told what people
do (tests/fakes/control.py). Operations for faults: ``send``, ``edit``, ``answer``, ``action``, ``me``, ``set_webhook``,
``delete_webhook``, ``webhook_info``, ``updates``.

Where Telegram is other than the rest: it has no comments; a webhook carries one update, so nothing is held for a batch; nobody
can answer for a bot past its API; deletions and reading are not told. A webhook on loopback may be plain HTTP.

``python -m tests.fakes.telegram --port 9103`` serves it as a process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from kit.clock import Clock, SystemClock, iso
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
    PersonView,
    Say,
    Weather,
    WorldView,
    control_routes,
)
from tests.fakes.emitter import Emitter, Event, Target
from tests.fakes.faults import Fault, Rule, Script, play, serving
from tests.fakes.telegram_world import Bot, Chat, Json, Said, World, content_of, seconds

#: The bots of a fake that is not given others. Their tokens open nothing but this fake.
DEMO_BOTS = (
    ("7010000001", "Pašvaldības palīgs", "pietura_pasvaldiba_bot", "7010000001:AAFdemo-pietura-pasvaldibas-bots_01"),
    ("7010000002", "Aģentūras palīgs", "pietura_agentura_bot", "7010000002:AAFdemo-pietura-agenturas-bots_02x"),
)
DEMO_SECRET = "secret-of-the-demo-webhook"
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]{20,}\Z")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")


class Refusal(Exception):
    """A call that Telegram refuses, in its words."""

    def __init__(self, code: int, description: str, retry_after: float | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def response(self) -> Response:
        """As it goes over the wire."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        headers: dict[str, str] = {}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
            headers["Retry-After"] = str(self.retry_after)
        return JSONResponse(body, self.code, headers)


class Sender(Emitter):
    """Sends updates, one a call, and remembers for ``getWebhookInfo`` what became of them."""

    def __init__(self, fake: FakeTelegram, lanes: int) -> None:
        super().__init__(
            _body,
            lambda _raw, secret: {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {},
            lambda account: fake.unknown(account),
            lanes,
        )
        self._fake = fake
        self.change(Weather())

    def change(self, weather: Weather) -> None:
        """How updates go out from now on: never in batches."""
        super().change(weather.model_copy(update={"batch": 1}))

    async def _post(self, account: str, events: list[Event], attempt: int, *, forged: bool = False) -> bool:
        bot = self._fake.state.bot(account)
        if account not in self.targets:
            # The webhook was deleted meanwhile: the update waits to be fetched.
            bot.under_way.difference_update(event["update_id"] for event in events)
            bot.waiting.extend(events)
            return True
        delivered = await super()._post(account, events, attempt, forged=forged)
        if delivered:
            bot.under_way.difference_update(event["update_id"] for event in events)
        elif not forged:
            status = self.deliveries[-1].status
            bot.webhook.last_error_at = self._fake.now()
            bot.webhook.last_error = (
                "Connection refused" if status is None else f"Wrong response from the webhook: {status}"
            )
        return delivered


class FakeTelegram:
    """Telegram. Made by :meth:`serve`; see tests/fakes/control.py for what it can be told."""

    def __init__(
        self, clock: Clock | None = None, lanes: int = 8, bots: Sequence[tuple[str, str, str, str]] = DEMO_BOTS
    ) -> None:
        """``clock``: the platform's; ``lanes``: webhooks at once for one bot; ``bots``: (id, name, username, token) of each."""
        self._clock = clock or SystemClock()
        self.url = ""
        self.script = Script()
        self.calls: list[Call] = []
        self.state = World([Bot(int(bot_id), name, username, token) for bot_id, name, username, token in bots])
        self.emitter = Sender(self, lanes)
        self.app = FastAPI()
        self.app.include_router(control_routes(self))
        self.app.add_api_route("/bot{token}/{method}", self._call, methods=["GET", "POST"])
        methods: dict[str, tuple[str, Callable[[Bot, Mapping[str, Any]], Any]]] = {
            "getMe": ("me", lambda bot, _: self._me(bot)),
            "sendMessage": ("send", self._send_message),
            "editMessageText": ("edit", self._edit_message),
            "answerCallbackQuery": ("answer", self._answer_press),
            "sendChatAction": ("action", self._action),
            "setWebhook": ("set_webhook", self._set_webhook),
            "deleteWebhook": ("delete_webhook", self._delete_webhook),
            "getWebhookInfo": ("webhook_info", lambda bot, _: self._webhook_info(bot)),
            "getUpdates": ("updates", self._updates),
        }
        # Names of methods are taken in any letters.
        self._methods = {name.lower(): (name, *method) for name, method in methods.items()}

    @classmethod
    @asynccontextmanager
    async def serve(
        cls,
        port: int = 0,
        clock: Clock | None = None,
        lanes: int = 8,
        bots: Sequence[tuple[str, str, str, str]] = DEMO_BOTS,
    ) -> AsyncIterator[Self]:
        """A fake that answers at ``url``, on loopback."""
        fake = cls(clock, lanes, bots)
        async with serving(fake.app, port) as fake.url:
            try:
                yield fake
            finally:
                await fake.emitter.close()

    def credentials(self, account: str) -> dict[str, str]:
        """What an administrator would enter for the bot; the secret of its webhook is his own choice."""
        return {"token": self.state.bot(account).token, "secret_token": DEMO_SECRET}

    def now(self) -> datetime:
        """The platform's time."""
        return self._clock.now()

    # --- what people do ---------------------------------------------------------------------------------------------

    async def say(self, order: Say) -> Json:
        """A person writes, sends something, or presses a button (``payload``: the button's data or title).

        Returns the update. Raises NoSuchThing for comments, and for a button that is not there.
        """
        if order.kind != "direct":
            raise NoSuchThing("comments: a bot has chats only")
        bot, person = self.state.bot(order.account), self.state.person(order.person, order.name)
        chat = self.state.chat(bot, person)
        if chat.blocked:
            # Who writes again has pressed "restart" first.
            self._membership(bot, chat, blocked=False)
        if order.payload is not None:
            return self._press(bot, chat, order.payload, order.modes)
        said = self._write(bot, chat, order)
        return self._told(bot, {"message": bot.message(chat, said)}, order.modes)

    async def edit(self, order: Edit) -> Json:
        """A person edits a message; returns the update."""
        bot = self.state.bot(order.account)
        chat, said = bot.find(order.ref)
        if said.by_bot:
            raise NoSuchThing(f"message {order.ref} of the person's")
        said.content["caption" if "caption" in said.content else "text"] = order.text
        said.edited_at = self.now()
        return self._told(bot, {"edited_message": bot.message(chat, said)}, order.modes)

    async def delete(self, order: Delete) -> Json:
        """A person deletes a message. Telegram does not tell bots."""
        _, said = self.state.bot(order.account).find(order.ref)
        said.deleted = True
        return {}

    async def block(self, order: Block) -> Json:
        """A person blocks the bot or lets it write again; returns the update, empty when nothing changes."""
        bot = self.state.bot(order.account)
        chat = self.state.chat(bot, self.state.person(order.person))
        return {} if chat.blocked == order.blocked else self._membership(bot, chat, blocked=order.blocked)

    async def outside(self, order: Outside) -> Json:
        """Nobody can write as a bot past its API."""
        raise NoSuchThing(f"a way to write as bot {order.account} past its API")

    async def update(self, account: str, update: Json, modes: Modes | None = None) -> Json:
        """Any other update (of a group, a channel, a new type); returned with its id."""
        return self._told(self.state.bot(account), update, modes)

    async def webhook(self, order: Hook) -> Json:
        """Sets the webhook as ``setWebhook`` does; Telegram makes no check of the receiver beforehand."""
        bot = self.state.bot(order.account)
        self._hook(bot, order.url, order.secret)
        return self._webhook_info(bot)

    async def weather(self, order: Weather) -> None:
        """How webhooks go out from now on; ``batch`` counts for nothing."""
        self.emitter.change(order)

    async def flood(self, order: Flood) -> Json:
        """Many messages. ``keys`` are ``<chat>:<message>``, the ``ref`` of the event that comes of each."""
        bot, chance = self.state.bot(order.account), random.Random(order.seed)
        keys: list[str] = []
        async for number in order.turns():
            modes = Modes(
                duplicates=int(chance.random() < order.duplicates),
                delay_s=chance.uniform(0.05, 0.4) if chance.random() < order.out_of_order else 0,
            )
            person = str(500_000_000 + chance.randrange(order.people))
            text = f"{chance.choice(QUESTIONS)} ({number + 1})"
            update = await self.say(Say(account=str(bot.id), person=person, text=text, modes=modes))
            keys.append(f"{update['message']['chat']['id']}:{update['message']['message_id']}")
        return {"sent": len(keys), "keys": keys}

    async def settled(self, within_s: float) -> bool:
        """Waits until every webhook was delivered or given up."""
        return await self.emitter.settled(within_s)

    def world(self) -> WorldView:
        """Everything there is."""
        people = [PersonView(str(person.id), person.name) for person in self.state.people.values()]
        return WorldView("telegram", [bot.view() for bot in self.state.bots.values()], people)

    def spinning(self, account: str) -> set[str]:
        """Ids of the presses of buttons that nobody has answered yet."""
        return self.state.bot(account).presses

    def unknown(self, account: str) -> Json:
        """An update of a type that no documentation names."""
        bot = self.state.bot(account)
        return {"update_id": bot.next_update(), "hologram_message": {"id": 1, "shape": {"points": [[0, 0, 1]]}}}

    def _write(self, bot: Bot, chat: Chat, order: Say) -> Said:
        number = bot.next_message()
        content = content_of(order.text, order.attachment, number)
        at = order.at or self.now()
        said = Said(number, False, at, content, attachment=order.attachment.kind if order.attachment else None)
        chat.messages.append(said)
        return said

    def _press(self, bot: Bot, chat: Chat, wanted: str, modes: Modes) -> Json:
        for said in reversed(chat.messages):
            data = next((data for title, data in said.buttons() if wanted in (data, title) and not said.deleted), None)
            if data is None:
                continue
            press = bot.next_press()
            bot.presses.add(press)
            query = {
                "id": press,
                "from": chat.person.user(),
                "message": bot.message(chat, said),
                "chat_instance": "-4271338820173920731",
                "data": data,
            }
            return self._told(bot, {"callback_query": query}, modes)
        raise NoSuchThing(f"button {wanted}")

    def _membership(self, bot: Bot, chat: Chat, *, blocked: bool) -> Json:
        chat.blocked = blocked
        kicked, member = {"status": "kicked", "until_date": 0}, {"status": "member"}
        change = {
            "chat": chat.person.chat(),
            "from": chat.person.user(),
            "date": seconds(self.now()),
            "old_chat_member": {"user": bot.user(), **(member if blocked else kicked)},
            "new_chat_member": {"user": bot.user(), **(kicked if blocked else member)},
        }
        return self._told(bot, {"my_chat_member": change})

    def _told(self, bot: Bot, update: Json, modes: Modes | None = None) -> Json:
        """Gives an update its id and sends it, or keeps it to be fetched."""
        whole = {"update_id": bot.next_update(), **update}
        allowed = bot.webhook.allowed
        if allowed and not set(update) & set(allowed):
            return whole
        modes = (modes or Modes()).model_copy(update={"hold": False})
        if str(bot.id) not in self.emitter.targets or modes.silent:
            bot.waiting.append(whole)
        else:
            if not modes.wrong_signature:
                bot.under_way.add(whole["update_id"])
            self.emitter.emit(str(bot.id), whole, _lane(whole), modes)
        return whole

    # --- the Bot API ------------------------------------------------------------------------------------------------

    async def _call(self, token: str, method: str, request: Request) -> Response:
        name, operation, do = self._methods.get(method.lower(), (method, method, None))
        arguments = await _arguments(request)
        # Noted when it comes: of a call that is held the answer never does.
        place = len(self.calls)
        self.calls.append(_noted(request, name, operation, arguments, self.now()))
        response = await self._played(token, operation, do, arguments, request)
        self.calls[place] = replace(self.calls[place], status=response.status_code)
        return response

    async def _played(
        self,
        token: str,
        operation: str,
        do: Callable[[Bot, Mapping[str, Any]], Any] | None,
        arguments: Mapping[str, Any],
        request: Request,
    ) -> Response:
        bot = self.state.by_token(token)
        if not _TOKEN.match(token) or do is None:
            return Refusal(404, "Not Found").response()
        if bot is None:
            return Refusal(401, "Unauthorized").response()

        async def answered() -> Response:
            try:
                return JSONResponse({"ok": True, "result": do(bot, arguments)})
            except Refusal as refusal:
                return refusal.response()

        return await play(self.script, operation, request, answered, _refusal)

    def _me(self, bot: Bot) -> Json:
        may = {"can_join_groups": False, "can_read_all_group_messages": False, "supports_inline_queries": False}
        return {**bot.user(), **may, "can_connect_to_business": False, "has_main_web_app": False}

    def _send_message(self, bot: Bot, arguments: Mapping[str, Any]) -> Json:
        chat = self._open_chat(bot, arguments)
        content: Json = {"text": _text(arguments)}
        if markup := _keyboard(arguments):
            content["reply_markup"] = markup
        said = Said(bot.next_message(), True, self.now(), content)
        chat.messages.append(said)
        return bot.message(chat, said)

    def _edit_message(self, bot: Bot, arguments: Mapping[str, Any]) -> Json:
        chat = self._open_chat(bot, arguments)
        said = chat.message(int(arguments.get("message_id") or 0))
        if said is None or not said.by_bot:
            raise Refusal(400, "Bad Request: message to edit not found")
        text, markup = _text(arguments), _keyboard(arguments)
        if text == said.content["text"] and markup == said.content.get("reply_markup"):
            raise Refusal(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the same"
                " as a current content and reply markup of the message",
            )
        said.content = {"text": text, **({"reply_markup": markup} if markup else {})}
        said.edited_at = self.now()
        return bot.message(chat, said)

    def _answer_press(self, bot: Bot, arguments: Mapping[str, Any]) -> bool:
        press = str(arguments.get("callback_query_id", ""))
        if press not in bot.presses:
            raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        bot.presses.remove(press)
        return True

    def _action(self, bot: Bot, arguments: Mapping[str, Any]) -> bool:
        self._open_chat(bot, arguments)
        if arguments.get("action") not in ("typing", "upload_photo", "upload_document", "find_location"):
            raise Refusal(400, "Bad Request: wrong parameter action in request")
        return True

    def _set_webhook(self, bot: Bot, arguments: Mapping[str, Any]) -> bool:
        url, secret = str(arguments.get("url") or ""), str(arguments.get("secret_token") or "")
        if not url:
            return self._delete_webhook(bot, arguments)
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost"):
            raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not _SECRET.match(secret):
            raise Refusal(400, "Bad Request: secret token contains unallowed characters")
        if "allowed_updates" in arguments:
            bot.webhook.allowed = _decoded(arguments["allowed_updates"]) or None
        bot.webhook.max_connections = int(arguments.get("max_connections") or 40)
        self._drop(bot, arguments)
        self._hook(bot, url, secret)
        return True

    def _delete_webhook(self, bot: Bot, arguments: Mapping[str, Any]) -> bool:
        self.emitter.targets.pop(str(bot.id), None)
        bot.webhook.url = bot.webhook.secret = ""
        self._drop(bot, arguments)
        return True

    def _hook(self, bot: Bot, url: str, secret: str) -> None:
        """Sends to ``url`` from now on, beginning with what waits."""
        self.emitter.targets[str(bot.id)] = Target(url, secret)
        bot.webhook.url, bot.webhook.secret = url, secret
        bot.webhook.last_error_at = bot.webhook.last_error = None
        while bot.waiting:
            update = bot.waiting.popleft()
            bot.under_way.add(update["update_id"])
            self.emitter.emit(str(bot.id), update, _lane(update))

    def _drop(self, bot: Bot, arguments: Mapping[str, Any]) -> None:
        if str(arguments.get("drop_pending_updates", "")).lower() == "true":
            bot.waiting.clear()

    def _webhook_info(self, bot: Bot) -> Json:
        hook = bot.webhook
        waiting = len(bot.waiting) + len(bot.under_way)
        found: Json = {"url": hook.url, "has_custom_certificate": False, "pending_update_count": waiting}
        if hook.url:
            found["max_connections"] = hook.max_connections
            if hook.allowed:
                found["allowed_updates"] = hook.allowed
        if hook.last_error_at is not None:
            found |= {"last_error_date": seconds(hook.last_error_at), "last_error_message": hook.last_error}
        return found

    def _updates(self, bot: Bot, arguments: Mapping[str, Any]) -> list[Json]:
        if bot.webhook.url:
            raise Refusal(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook"
                " first",
            )
        if "allowed_updates" in arguments:
            bot.webhook.allowed = _decoded(arguments["allowed_updates"]) or None
        offset = int(arguments.get("offset") or 0)
        while bot.waiting and bot.waiting[0]["update_id"] < offset:
            bot.waiting.popleft()
        return list(bot.waiting)[: int(arguments.get("limit") or 100)]

    def _open_chat(self, bot: Bot, arguments: Mapping[str, Any]) -> Chat:
        """The chat that is written to, if the bot may."""
        chat_id = str(arguments.get("chat_id", ""))
        if not chat_id:
            raise Refusal(400, "Bad Request: chat_id is empty")
        chat = bot.chats.get(int(chat_id)) if chat_id.isdigit() else None
        if chat is None:
            if chat_id.isdigit() and int(chat_id) in self.state.people:
                raise Refusal(403, "Forbidden: bot can't initiate conversation with a user")
            raise Refusal(400, "Bad Request: chat not found")
        if chat.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat


def _refusal(rule: Rule) -> Response:
    """A scripted fault in Telegram's words. What Telegram does not have is answered with what comes nearest."""
    match rule.fault:
        case Fault.RATE_LIMITED:
            # Telegram asks for whole seconds; less is for tests that do not want to wait.
            wait = int(rule.retry_after_s) if rule.retry_after_s >= 1 else rule.retry_after_s
            return Refusal(429, f"Too Many Requests: retry after {wait}", wait).response()
        case Fault.SERVER_ERROR:
            return Refusal(500, "Internal Server Error").response()
        case Fault.UNAVAILABLE:
            return Refusal(503, "Service Unavailable").response()
        case Fault.TOKEN_EXPIRED | Fault.TOKEN_REVOKED:
            return Refusal(401, "Unauthorized").response()
        case Fault.BLOCKED:
            return Refusal(403, "Forbidden: bot was blocked by the user").response()
        case Fault.WINDOW_CLOSED:
            return Refusal(403, "Forbidden: bot can't initiate conversation with a user").response()
        case Fault.DELETED:
            return Refusal(400, "Bad Request: message to be replied not found").response()
        case Fault.PERMISSION:
            return Refusal(400, "Bad Request: not enough rights to send text messages to the chat").response()
        case _:
            return Refusal(400, "Bad Request: chat not found").response()


def _noted(request: Request, name: str, operation: str, body: Mapping[str, Any], at: datetime) -> Call:
    """A call without its secrets."""
    return Call(
        operation=operation,
        method=request.method,
        path=f"/bot<token>/{name}",
        query={key: value for key, value in request.query_params.items() if key != "secret_token"},
        body={key: "***" if key == "secret_token" else value for key, value in body.items()},
        headers=dict(request.headers),
        at=iso(at) or "",
        status=None,
    )


async def _arguments(request: Request) -> dict[str, Any]:
    """A call's arguments, which Telegram takes in the address, as a form or as JSON."""
    given: dict[str, Any] = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        body = await request.body()
        return given | (json.loads(body) if body else {})
    return given | dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _decoded(value: object) -> Any:
    """An argument that is JSON, also inside of a form."""
    return json.loads(value) if isinstance(value, str) else value


def _text(arguments: Mapping[str, Any]) -> str:
    text = str(arguments.get("text") or "").strip()
    if not text:
        raise Refusal(400, "Bad Request: message text is empty")
    if len(text) > 4096:
        raise Refusal(400, "Bad Request: message is too long")
    return text


def _keyboard(arguments: Mapping[str, Any]) -> Json | None:
    markup: Json | None = _decoded(arguments.get("reply_markup"))
    for row in (markup or {}).get("inline_keyboard", []):
        for button in row:
            if not button.get("text"):
                raise Refusal(400, "Bad Request: can't parse inline keyboard button: text is empty")
            if not 1 <= len(button.get("callback_data", "").encode()) <= 64:
                raise Refusal(400, "Bad Request: BUTTON_DATA_INVALID")
    return markup


def _lane(update: Mapping[str, Any]) -> str:
    """The chat an update is of: what happens in one chat is told in order."""
    query = update.get("callback_query", {})
    about = (
        update.get("message") or update.get("edited_message") or update.get("my_chat_member") or query.get("message")
    )
    return str((about or {}).get("chat", {}).get("id", ""))


def _body(_account: str, events: list[Event]) -> bytes:
    """A webhook's body: one update."""
    (update,) = events
    return json.dumps(update, ensure_ascii=False).encode()


async def _main(port: int) -> None:
    async with FakeTelegram.serve(port=port) as fake:
        print(f"Telegram at {fake.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for Telegram, on loopback.")
    parser.add_argument("--port", type=int, default=9103)
    asyncio.run(_main(parser.parse_args().port))
