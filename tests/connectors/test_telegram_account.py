"""A bot as an account: the secret of its webhook, its health, subscribing, polling, pressed buttons, deep links."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from connectors.base import Account, BadSignature, InboundEvent, OutboundMessage, PlatformConnector
from connectors.telegram.client import API, Timeouts, _proxy
from connectors.telegram.connector import TelegramConnector
from connectors.telegram.links import deep_link
from kit.clock import SystemClock
from tests.fakes.control import Block, Delete, Edit, Flood, Hook, Modes, Say, Weather
from tests.fakes.faults import Fault, serving
from tests.fakes.telegram import DEMO_BOTS, FakeTelegram

BOT_ID, NAME, USERNAME, TOKEN = DEMO_BOTS[0]
ANNA = "512345678"
SECRET = "s3cret-of-the-webhook"
HELLO = OutboundMessage("direct", ANNA, "Labdien!", buttons=(("Runāt ar cilvēku", "handoff"),))


class Ahead:
    """A clock that is some time ahead."""

    def __init__(self, by: timedelta = timedelta()) -> None:
        self.by = by

    def now(self) -> datetime:
        """The instant, moved."""
        return datetime.now(UTC) + self.by


class Receiver:
    """Our end of the webhook: checks, reads, keeps; answers what the test wants."""

    def __init__(self, connector: TelegramConnector) -> None:
        self.connector = connector
        self.account: Account | None = None
        self.events: list[InboundEvent] = []
        self.refused = 0
        self.answer = 200
        self.stumbles = 0
        self.came = 0
        self.url = ""
        self.app = FastAPI()
        self.app.add_api_route("/hooks/telegram/acc-1", self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        """Takes a webhook as the gateway does."""
        assert self.account is not None
        raw = await request.body()
        try:
            self.connector.verify(self.account, request.headers, raw)
        except BadSignature:
            self.refused += 1
            return Response(status_code=401)
        self.came += 1
        if self.answer != 200:
            return Response(status_code=self.answer)
        self.events += self.connector.parse(self.account, raw)
        # Kept, and the answer fails: the platform cannot know, and sends it again.
        return Response(status_code=500 if self.stumbles and self.came % self.stumbles == 0 else 200)

    def said(self) -> list[tuple[str, str]]:
        """(kind, text) of what came, in order."""
        return [(event.kind, event.text) for event in self.events]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    """Telegram."""
    async with FakeTelegram.serve() as served:
        yield served


@pytest.fixture
async def connector() -> AsyncIterator[TelegramConnector]:
    """Ours, impatient."""
    made = TelegramConnector(Ahead(), Timeouts(connect=1, write=1, read=0.5, pool=1))
    yield made
    await made.close()


@pytest.fixture
async def receiver(fake: FakeTelegram, connector: TelegramConnector) -> AsyncIterator[Receiver]:
    """Where the fake sends to, once it is subscribed."""
    made = Receiver(connector)
    made.account = account(fake)
    async with serving(made.app) as url:
        made.url = f"{url}/hooks/telegram/acc-1"
        yield made


def account(fake: FakeTelegram, **credentials: str) -> Account:
    """The fake's first bot as an account of ours."""
    given = {"token": TOKEN, "secret_token": SECRET, **credentials}
    return Account("acc-1", "telegram", BOT_ID, f"{NAME} (@{USERNAME})", given, {"base_url": fake.url})


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what happens elsewhere, at most three seconds."""
    async with asyncio.timeout(3):
        while not condition():
            await asyncio.sleep(0.01)


def test_the_connector_is_what_the_seam_asks_for(connector: TelegramConnector) -> None:
    platform: PlatformConnector = connector
    assert platform.name == "telegram"


# --- the secret -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["X-Telegram-Bot-Api-Secret-Token", "x-telegram-bot-api-secret-token"])
def test_the_right_secret_is_let_in(connector: TelegramConnector, name: str) -> None:
    bot = Account("a", "telegram", BOT_ID, "", {"token": TOKEN, "secret_token": SECRET}, {})
    connector.verify(bot, {"content-type": "application/json", name: SECRET}, b"{}")


@pytest.mark.parametrize(
    ("configured", "headers"),
    [
        (SECRET, {}),
        (SECRET, {"X-Telegram-Bot-Api-Secret-Token": ""}),
        (SECRET, {"X-Telegram-Bot-Api-Secret-Token": SECRET + "x"}),
        (SECRET, {"X-Telegram-Bot-Api-Secret-Token": SECRET.upper()}),
        (SECRET, {"X-Telegram-Bot-Api-Secret-Token": "noslēpums"}),
        (SECRET, {"Authorization": SECRET}),
        # No secret configured: nothing is let in, also not "nothing".
        ("", {"X-Telegram-Bot-Api-Secret-Token": ""}),
        ("", {}),
        (None, {}),
        (None, {"X-Telegram-Bot-Api-Secret-Token": "None"}),
    ],
)
def test_every_other_secret_is_refused(
    connector: TelegramConnector, configured: str | None, headers: dict[str, str]
) -> None:
    credentials = {"token": TOKEN} if configured is None else {"token": TOKEN, "secret_token": configured}
    with pytest.raises(BadSignature) as raised:
        connector.verify(Account("a", "telegram", BOT_ID, "", credentials, {}), headers, b"{}")
    assert str(raised.value) == "", "nothing that helps to forge one"


def test_another_accounts_secret_opens_nothing(connector: TelegramConnector) -> None:
    mine = Account("a", "telegram", "1", "", {"token": TOKEN, "secret_token": SECRET}, {})
    with pytest.raises(BadSignature):
        connector.verify(mine, {"X-Telegram-Bot-Api-Secret-Token": "the-other-bots-secret"}, b"{}")


def test_telegram_asks_nothing_by_get(connector: TelegramConnector) -> None:
    bot = Account("a", "telegram", BOT_ID, "", {"token": TOKEN, "secret_token": SECRET}, {})
    assert connector.challenge(bot, {"hub.mode": "subscribe", "hub.challenge": "1", "crc_token": "2"}) is None


@pytest.mark.parametrize("direct", [True, False])
def test_capabilities(connector: TelegramConnector, direct: bool) -> None:
    found = connector.capabilities(Account("a", "telegram", BOT_ID, "", {}, {"direct": direct}))
    assert (found.text_limit, found.buttons, found.edits, found.direct) == (4096, True, True, direct)
    missing = (found.read_receipts, found.typing, found.comments, found.posts, found.private_reply, found.hide)
    assert not any(missing)
    assert found.reply_window_h is None


# --- health -----------------------------------------------------------------------------------------------------------


async def test_health_of_a_bot_that_is_well(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    health = await connector.subscribe(account(fake), receiver.url)
    assert (health.ok, health.problems, health.webhook) == (True, (), receiver.url)
    assert health.name == f"{NAME} (@{USERNAME})"
    assert health.detail == "pending: 0"


async def test_subscribing_asks_for_the_secret_and_what_we_read(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Pirms pieslēgšanas"))
    await connector.subscribe(account(fake), receiver.url)
    (call,) = [call for call in fake.calls if call.operation == "set_webhook"]
    asked = {**call.body, "allowed_updates": json.loads(call.body["allowed_updates"])}
    assert asked == {
        "url": receiver.url,
        "secret_token": "***",
        "max_connections": "40",
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
        "drop_pending_updates": "false",
    }
    assert await fake.settled(3)
    assert receiver.said() == [("message", "Pirms pieslēgšanas")], "what waited is not dropped"


@pytest.mark.parametrize("secret", ["", "has space", "ar-garumzīmi-ā", "x" * 257])
async def test_no_webhook_without_a_secret_that_telegram_takes(
    fake: FakeTelegram, connector: TelegramConnector, secret: str
) -> None:
    health = await connector.subscribe(
        account(fake, secret_token=secret), "https://pietura.example/hooks/telegram/acc-1"
    )
    assert (health.ok, health.problems) == (False, ("webhook_missing",))
    assert fake.calls == []


async def test_a_webhook_that_telegram_refuses(fake: FakeTelegram, connector: TelegramConnector) -> None:
    health = await connector.subscribe(account(fake), "http://pietura.example/hooks/telegram/acc-1")
    assert (health.ok, health.problems) == (False, ("webhook_missing",))
    assert health.detail == "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"


async def test_a_bot_without_webhook(fake: FakeTelegram, connector: TelegramConnector) -> None:
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Vai kāds dzird?"))
    health = await connector.check(account(fake))
    assert (health.ok, health.problems, health.webhook) == (False, ("webhook_missing",), None)
    assert health.detail == "pending: 1"


async def test_a_webhook_that_fails_is_told_and_what_waits_too(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    await connector.subscribe(account(fake), receiver.url)
    receiver.answer = 503
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    await until(lambda: bool(fake.emitter.deliveries))
    health = await connector.check(account(fake))
    assert (health.ok, health.problems) == (False, ("webhook_failing",))
    assert health.detail is not None
    assert health.detail.startswith("pending: 1; last error 20")
    assert health.detail.endswith("Wrong response from the webhook: 503")
    receiver.answer = 200
    assert await fake.settled(5)
    assert receiver.said() == [("message", "Labdien!")], "and nothing is lost"
    later = TelegramConnector(Ahead(timedelta(minutes=11)))
    assert (await later.check(account(fake))).ok, "an old error is over"
    await later.close()


async def test_a_revoked_token_is_told(fake: FakeTelegram, connector: TelegramConnector) -> None:
    for token in ("7010000001:AAFsomebody-elses-token-of-a-bot_9", "garbage", "", "  "):
        for health in (
            await connector.check(account(fake, token=token)),
            await connector.subscribe(account(fake, token=token), "https://pietura.example/hooks/telegram/acc-1"),
        ):
            assert (health.ok, health.problems) == (False, ("token_invalid",))


async def test_a_token_of_another_bot_is_told(fake: FakeTelegram, connector: TelegramConnector) -> None:
    health = await connector.check(account(fake, token=DEMO_BOTS[1][3]))
    assert (health.ok, health.problems) == (False, ("token_invalid",))
    assert health.detail == f"the token is that of bot {DEMO_BOTS[1][0]}, not of {BOT_ID}"


@pytest.mark.parametrize("operation", ["me", "webhook_info"])
@pytest.mark.parametrize(
    "fault",
    [Fault.TIMEOUT_BEFORE, Fault.RESET, Fault.MALFORMED, Fault.SERVER_ERROR, Fault.BAD_GATEWAY, Fault.RATE_LIMITED],
)
async def test_telegram_out_of_reach(
    fake: FakeTelegram, connector: TelegramConnector, operation: str, fault: Fault
) -> None:
    fake.script.add(operation, fault)
    health = await connector.check(account(fake))
    assert (health.ok, health.problems) == (False, ("unreachable",))
    assert health.detail


# --- polling ----------------------------------------------------------------------------------------------------------


async def test_polling_finds_what_waits_and_goes_on_from_there(
    fake: FakeTelegram, connector: TelegramConnector
) -> None:
    assert await connector.poll(account(fake), None) == ([], None)
    first = await fake.say(Say(account=BOT_ID, person=ANNA, text="Viens"))
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Divi"))
    events, since = await connector.poll(account(fake), None)
    assert [event.text for event in events] == ["Viens", "Divi"]
    assert events[0].key == f"u:{first['update_id']}"
    again, same = await connector.poll(account(fake), None)
    assert ([event.key for event in again], same) == ([event.key for event in events], since), "not kept, given again"
    assert await connector.poll(account(fake), since) == ([], since)
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Trīs"))
    events, later = await connector.poll(account(fake), since)
    assert [event.text for event in events] == ["Trīs"]
    assert int(str(later)) == int(str(since)) + 1


async def test_the_same_update_has_one_key_by_either_way(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    polled, _ = await connector.poll(account(fake), None)
    await connector.subscribe(account(fake), receiver.url)
    assert await fake.settled(3)
    assert [event.key for event in receiver.events] == [event.key for event in polled]


async def test_no_polling_beside_a_webhook(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    await connector.subscribe(account(fake), receiver.url)
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!", modes=Modes(silent=True)))
    assert await connector.poll(account(fake), "5") == ([], "5")
    assert not [call for call in fake.calls if call.operation == "updates"], "Telegram would answer with 409"


async def test_an_update_that_cannot_be_read_does_not_hold_up_the_others(
    fake: FakeTelegram, connector: TelegramConnector
) -> None:
    await fake.update(BOT_ID, {"message": {"message_id": 1, "date": 1}})
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    events, since = await connector.poll(account(fake), None)
    assert [(event.kind, event.text) for event in events] == [("other", ""), ("message", "Labdien!")]
    assert await connector.poll(account(fake), since) == ([], since)


@pytest.mark.parametrize("operation", ["webhook_info", "updates"])
@pytest.mark.parametrize("fault", [Fault.RESET, Fault.TOKEN_REVOKED, Fault.RATE_LIMITED, Fault.MALFORMED])
async def test_a_poll_that_fails_loses_nothing(
    fake: FakeTelegram, connector: TelegramConnector, operation: str, fault: Fault
) -> None:
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    fake.script.add(operation, fault)
    assert await connector.poll(account(fake), "5") == ([], "5")
    events, _ = await connector.poll(account(fake), "5")
    assert [event.text for event in events] == ["Labdien!"]
    assert await connector.poll(account(fake, token=""), "5") == ([], "5")


# --- webhooks, end to end ---------------------------------------------------------------------------------------------


async def test_what_people_do_arrives_in_order(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    await connector.subscribe(account(fake), receiver.url)
    sent = await fake.say(Say(account=BOT_ID, person=ANNA, name="Anna Bērziņa", text="Cik maksā pase?"))
    ref = f"{ANNA}:{sent['message']['message_id']}"
    await fake.edit(Edit(account=BOT_ID, ref=ref, text="Cik maksā ID karte?"))
    assert await fake.delete(Delete(account=BOT_ID, ref=ref)) == {}
    await fake.block(Block(account=BOT_ID, person=ANNA))
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Tomēr jautāšu"))
    assert await fake.settled(3)
    assert receiver.said() == [
        ("message", "Cik maksā pase?"),
        ("edited", "Cik maksā ID karte?"),
        ("blocked", ""),
        ("unblocked", ""),
        ("message", "Tomēr jautāšu"),
    ]
    assert {event.ref for event in receiver.events[:2]} == {ref}
    assert {event.thread for event in receiver.events} == {ANNA}
    assert receiver.events[0].occurred_at == datetime.fromtimestamp(sent["message"]["date"], UTC)


async def test_repeats_forgeries_and_unknown_types_in_any_order(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    await connector.subscribe(account(fake), receiver.url)
    await fake.weather(Weather(duplicates=1, out_of_order=0.5, unknown=0.5, wrong_signature=0.5, seed=7))
    sent = [await fake.say(Say(account=BOT_ID, person=ANNA, text=f"Nr. {number}")) for number in range(20)]
    assert await fake.settled(10)
    messages = {event.key for event in receiver.events if event.kind == "message"}
    assert messages == {f"u:{update['update_id']}" for update in sent}
    assert len([event for event in receiver.events if event.kind == "message"]) == 40, "each came twice"
    assert receiver.refused > 0, "forgeries were sent"
    assert "other" in {event.kind for event in receiver.events}, "unknown types are kept"


async def test_a_flood_arrives_whole_though_we_stumble(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    await connector.subscribe(account(fake), receiver.url)
    receiver.stumbles = 7
    sent = await fake.flood(Flood(n=300, people=20, duplicates=0.2, out_of_order=0.1, seed=3))
    assert await fake.settled(30)
    assert len(receiver.events) > 300 * 1.2, "duplicates, and repeats of what stumbled"
    by_key = {event.key: event.ref for event in receiver.events}
    assert sorted(map(str, by_key.values())) == sorted(sent["keys"]), "each message once, under one key"
    assert (await connector.check(account(fake))).detail.startswith("pending: 0")  # type: ignore[union-attr]


async def test_another_secret_at_telegram_lets_nothing_in(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    await fake.webhook(Hook(account=BOT_ID, url=receiver.url, secret="yesterdays-secret"))
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    await until(lambda: receiver.refused > 0)
    assert receiver.events == []
    health = await connector.check(account(fake))
    assert health.problems == ("webhook_failing",), "and the health board shows it"
    await connector.subscribe(account(fake), receiver.url)
    assert await fake.settled(5)
    assert receiver.said() == [("message", "Labdien!")]


async def test_a_pressed_button_arrives_and_stops_spinning(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    await connector.subscribe(account(fake), receiver.url)
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    assert (await connector.send(account(fake), HELLO)).status == "sent"
    await fake.say(Say(account=BOT_ID, person=ANNA, payload="handoff"))
    await until(lambda: len(receiver.events) == 2)
    pressed = receiver.events[1]
    assert (pressed.kind, pressed.text, pressed.payload) == ("message", "Runāt ar cilvēku", "handoff")
    await until(lambda: not fake.spinning(BOT_ID))
    assert [call.body for call in fake.calls if call.operation == "answer"] == [
        {"callback_query_id": pressed.raw["callback_query"]["id"]}
    ]


async def test_a_polled_press_stops_spinning_as_well(fake: FakeTelegram, connector: TelegramConnector) -> None:
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    await connector.send(account(fake), HELLO)
    await fake.say(Say(account=BOT_ID, person=ANNA, payload="handoff"))
    events, _ = await connector.poll(account(fake), None)
    assert [event.payload for event in events] == [None, "handoff"]
    await until(lambda: not fake.spinning(BOT_ID))


@pytest.mark.parametrize("fault", [Fault.TIMEOUT_BEFORE, Fault.RESET, Fault.SERVER_ERROR, Fault.TOKEN_REVOKED])
async def test_a_press_is_kept_also_where_the_button_cannot_be_stopped(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver, fault: Fault
) -> None:
    await connector.subscribe(account(fake), receiver.url)
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    await connector.send(account(fake), HELLO)
    fake.script.add("answer", fault)
    await fake.say(Say(account=BOT_ID, person=ANNA, payload="handoff"))
    await until(lambda: len(receiver.events) == 2 and fake.script.played["answer", fault] == 1)
    assert receiver.events[1].payload == "handoff"
    await until(lambda: not connector._answers)


async def test_a_repeated_press_is_answered_without_harm(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    await connector.subscribe(account(fake), receiver.url)
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    await connector.send(account(fake), HELLO)
    await fake.say(Say(account=BOT_ID, person=ANNA, payload="handoff", modes=Modes(duplicates=1)))
    assert await fake.settled(3)
    await until(lambda: [call.status for call in fake.calls if call.operation == "answer"] == [200, 400])
    assert receiver.events[1].key == receiver.events[2].key


async def test_presses_are_not_kept_by_the_thousand(fake: FakeTelegram, connector: TelegramConnector) -> None:
    fake.script.add("answer", Fault.TIMEOUT_BEFORE, times=1000)
    press: dict[str, Any] = {"from": {"id": 1}, "data": "x", "message": {"chat": {"id": 1, "type": "private"}}}
    for number in range(600):
        update = {"update_id": number, "callback_query": {"id": str(number), **press}}
        connector.parse(account(fake), json.dumps(update).encode())
    assert len(connector._answers) == 500


def test_a_press_that_is_read_outside_of_a_loop_is_an_event_all_the_same() -> None:
    bot = Account("a", "telegram", BOT_ID, "", {"token": TOKEN}, {"base_url": "http://127.0.0.1:9"})
    press = {"id": "1", "from": {"id": 1}, "data": "x", "message": {"chat": {"id": 1, "type": "private"}}}
    (event,) = TelegramConnector().parse(bot, json.dumps({"update_id": 1, "callback_query": press}).encode())
    assert event.payload == "x"


# --- deep links -------------------------------------------------------------------------------------------------------


async def test_a_deep_link_comes_back_as_evidence(
    fake: FakeTelegram, connector: TelegramConnector, receiver: Receiver
) -> None:
    await connector.subscribe(account(fake), receiver.url)
    link = connector.deep_link(account(fake), "8sDf_-kLm20")
    assert link == "https://t.me/pietura_pasvaldiba_bot?start=8sDf_-kLm20"
    # What Telegram makes of it when the link is followed.
    await fake.say(Say(account=BOT_ID, person=ANNA, text=f"/start {link.partition('start=')[2]}"))
    assert await fake.settled(3)
    (event,) = receiver.events
    assert (event.token, event.text, event.thread) == ("8sDf_-kLm20", "/start", ANNA)


@pytest.mark.parametrize(
    ("name", "settings", "username"),
    [
        ("Palīgs", {"username": "pietura_bot"}, "pietura_bot"),
        ("Palīgs", {"username": "@pietura_bot"}, "pietura_bot"),
        ("Palīgs (@pietura_bot)", {}, "pietura_bot"),
        ("Palīgs (@old_bot)", {"username": "new_bot"}, "new_bot"),
    ],
)
def test_where_the_username_is_from(name: str, settings: dict[str, Any], username: str) -> None:
    bot = Account("a", "telegram", BOT_ID, name, {}, settings)
    assert deep_link(bot, "t") == f"https://t.me/{username}?start=t"


@pytest.mark.parametrize(
    ("name", "token"),
    [("Palīgs", "t"), ("e-pasts@", "t"), ("@pietura_bot", ""), ("@pietura_bot", "a b"), ("@pietura_bot", "a" * 65)],
)
def test_links_that_would_not_work_are_not_made(name: str, token: str) -> None:
    with pytest.raises(ValueError):
        deep_link(Account("a", "telegram", BOT_ID, name, {}, {}), token)


async def test_the_health_checks_name_is_enough_for_links(fake: FakeTelegram, connector: TelegramConnector) -> None:
    health = await connector.check(account(fake))
    assert deep_link(replace(account(fake), name=health.name or ""), "t") == f"https://t.me/{USERNAME}?start=t"


# --- the network ------------------------------------------------------------------------------------------------------


def test_the_environments_proxy_is_taken_and_its_exceptions_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    assert _proxy(API) == "http://proxy.example:3128"
    assert _proxy("https://127.0.0.1:8443") is None
    assert _proxy("http://bot-api.example") is None
    monkeypatch.delenv("https_proxy")
    assert _proxy(API) is None


async def test_closing_lets_go_of_everything(fake: FakeTelegram) -> None:
    connector = TelegramConnector(SystemClock())
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    fake.script.add("answer", Fault.TIMEOUT_BEFORE)
    await connector.send(account(fake), HELLO)
    await connector.send(account(fake, token="7010000001:AAFthe-token-of-yesterday_00"), HELLO)
    await fake.say(Say(account=BOT_ID, person=ANNA, payload="handoff"))
    await connector.poll(account(fake), None)
    await until(lambda: fake.script.played["answer", Fault.TIMEOUT_BEFORE] == 1)
    async with asyncio.timeout(2):
        await connector.close()
    assert not connector._answers
    assert (await connector.send(account(fake), HELLO)).status == "sent", "a connector that is used again opens again"
    await connector.close()
