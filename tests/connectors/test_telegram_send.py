"""What becomes of a send: every fault against the fake, and what the citizen has in the end."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import Account, InboundEvent, OutboundMessage, SendResult
from connectors.telegram.client import Client, NotSent, Timeouts
from connectors.telegram.connector import TelegramConnector
from kit.clock import SystemClock
from tests.fakes.control import Block, Say
from tests.fakes.faults import Fault
from tests.fakes.telegram import DEMO_BOTS, FakeTelegram

BOT_ID, NAME, USERNAME, TOKEN = DEMO_BOTS[0]
ANNA = "512345678"
HELLO = OutboundMessage("direct", ANNA, "Labdien! Ko vēlaties noskaidrot?")


#: (fault, what the connector makes of it, how many messages Anna has)
FAULTS = [
    (Fault.RATE_LIMITED, SendResult("retry", reason="rate_limited", retry_after_s=7, slow_down=1.0), 0),
    (Fault.SERVER_ERROR, SendResult("retry", reason="platform_error"), 0),
    (Fault.UNAVAILABLE, SendResult("retry", reason="platform_error"), 0),
    (Fault.BAD_GATEWAY, SendResult("retry", reason="platform_error"), 0),
    (Fault.TIMEOUT_BEFORE, SendResult("unknown", reason="timeout"), 0),
    (Fault.TIMEOUT_AFTER, SendResult("unknown", reason="timeout"), 1),
    (Fault.SLOW, SendResult("unknown", reason="timeout"), 1),
    (Fault.RESET, SendResult("unknown", reason="platform_error"), 0),
    (Fault.RESET_AFTER, SendResult("unknown", reason="platform_error"), 1),
    (Fault.MALFORMED, SendResult("unknown", reason="platform_error"), 1),
    (Fault.TOKEN_EXPIRED, SendResult("failed", reason="token", pause_account=True), 0),
    (Fault.TOKEN_REVOKED, SendResult("failed", reason="token", pause_account=True), 0),
    (Fault.BLOCKED, SendResult("failed", reason="blocked"), 0),
    (Fault.WINDOW_CLOSED, SendResult("failed", reason="blocked"), 0),
    (Fault.DELETED, SendResult("failed", reason="deleted"), 0),
    (Fault.PERMISSION, SendResult("failed", reason="permission"), 0),
    (Fault.PRIVATE_REPLY_USED, SendResult("failed", reason="refused"), 0),
]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    """Telegram, where Anna has written to the bot."""
    async with FakeTelegram.serve() as served:
        await served.say(Say(account=BOT_ID, person=ANNA, name="Anna Bērziņa", text="Labdien!"))
        yield served


@pytest.fixture
async def connector() -> AsyncIterator[TelegramConnector]:
    """Ours, impatient."""
    made = TelegramConnector(timeouts=Timeouts(connect=2, write=2, read=0.7, pool=2))
    yield made
    await made.close()


def account(fake: FakeTelegram, **more: str) -> Account:
    """The fake's first bot as an account of ours."""
    credentials = {"token": TOKEN, "secret_token": "s3cret-of-the-webhook", **more}
    return Account("acc-1", "telegram", BOT_ID, NAME, credentials, {"base_url": fake.url})


def heard(fake: FakeTelegram) -> list[str]:
    """What Anna has from the bot."""
    (chat,) = fake.world().accounts[0].direct
    return [message.text for message in chat.messages if message.by == "us"]


def parsed(connector: TelegramConnector, fake: FakeTelegram, update: dict[str, Any]) -> InboundEvent:
    """The event of an update of the fake's."""
    (event,) = connector.parse(account(fake), json.dumps(update).encode())
    return event


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what happens elsewhere, at most two seconds."""
    async with asyncio.timeout(2):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_message_arrives_and_its_reference_is_the_one_that_updates_have(
    fake: FakeTelegram, connector: TelegramConnector
) -> None:
    result = await connector.send(account(fake), HELLO)
    assert replace(result, slow_down=0) == SendResult("sent", ref=f"{ANNA}:2")
    assert result.slow_down == pytest.approx(1 / 30)
    assert heard(fake) == [HELLO.text]
    (call,) = fake.calls
    assert (call.path, call.status) == ("/bot<token>/sendMessage", 200)
    assert call.body == {"chat_id": ANNA, "text": HELLO.text}, "no markup language: a citizen's < and _ are letters"


async def test_what_looks_like_markup_is_shown_as_it_is(fake: FakeTelegram, connector: TelegramConnector) -> None:
    text = "<b>Treknā</b> *zvaigzne* _svītra_ & [saite](https://latvija.lv)"
    assert (await connector.send(account(fake), replace(HELLO, text=text))).status == "sent"
    assert heard(fake) == [text]


async def test_buttons_stand_below_each_other_and_bring_their_payload_back(
    fake: FakeTelegram, connector: TelegramConnector
) -> None:
    long = "service:" + "ļ" * 40 + ":price"
    buttons = (("Cik maksā", "service:passport:price"), ("Garš", long), ("Tukšs", ""), ("Režģis", "#1"))
    assert (await connector.send(account(fake), replace(HELLO, buttons=buttons))).status == "sent"
    (chat,) = fake.world().accounts[0].direct
    assert chat.messages[-1].buttons == ["Cik maksā", "Garš", "Tukšs", "Režģis"]

    async def pressed(title: str) -> tuple[str, str | None]:
        update = await fake.say(Say(account=BOT_ID, person=ANNA, payload=title))
        event = parsed(connector, fake, update)
        return event.text, event.payload

    assert await pressed("Cik maksā") == ("Cik maksā", "service:passport:price")
    # Telegram carries 64 bytes; what is longer comes back by its title, which the assistant reads as a message.
    for title in ("Garš", "Tukšs", "Režģis"):
        assert await pressed(title) == (title, None)


@pytest.mark.parametrize(("fault", "expected", "delivered"), FAULTS)
async def test_faults(
    fake: FakeTelegram, connector: TelegramConnector, fault: Fault, expected: SendResult, delivered: int
) -> None:
    fake.script.add("send", fault, retry_after_s=7, delay_s=1.2)
    result = await connector.send(account(fake), HELLO)
    assert replace(result, detail=None) == expected
    assert result.detail, "somebody will read why"
    assert TOKEN not in repr(result)
    if fault is Fault.SLOW:
        await until(lambda: heard(fake) != [])
    assert len(heard(fake)) == delivered
    after = await connector.send(account(fake), replace(HELLO, text="Vēlreiz"))
    assert after.status == "sent", "one fault is one fault"


def test_no_fault_is_left_out() -> None:
    assert {fault for fault, _, _ in FAULTS} == set(Fault)


async def test_a_server_that_is_not_there_was_sent_nothing(connector: TelegramConnector) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        away = Account(
            "a", "telegram", BOT_ID, NAME, {"token": TOKEN}, {"base_url": f"http://127.0.0.1:{taken.getsockname()[1]}"}
        )
        result = await connector.send(away, HELLO)
    assert (result.status, result.reason) == ("retry", "platform_error")
    assert TOKEN not in repr(result)


async def test_no_connection_in_time_was_sent_nothing(fake: FakeTelegram) -> None:
    client = Client(TOKEN, fake.url, Timeouts(pool=0.05), connections=1)
    fake.script.add("send", Fault.SLOW, delay_s=0.5)
    busy = asyncio.create_task(client.send(int(ANNA), "pirmais", []))
    await until(lambda: len(fake.calls) == 1)
    with pytest.raises(NotSent) as raised:
        await client.send(int(ANNA), "otrais", [])
    result = client.outcome(raised.value)
    assert (result.status, result.reason) == ("retry", "timeout")
    assert await busy == 2
    assert heard(fake) == ["pirmais"]
    await client.close()


async def test_the_facts_of_the_world(fake: FakeTelegram, connector: TelegramConnector) -> None:
    await fake.block(Block(account=BOT_ID, person=ANNA))
    blocked = await connector.send(account(fake), HELLO)
    assert (blocked.status, blocked.reason) == ("failed", "blocked")
    assert blocked.detail == "Forbidden: bot was blocked by the user"
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Esmu atpakaļ"))
    assert (await connector.send(account(fake), HELLO)).status == "sent"
    stranger = await connector.send(account(fake), replace(HELLO, thread="599999999"))
    assert (stranger.status, stranger.reason) == ("failed", "refused")
    empty = await connector.send(account(fake), replace(HELLO, text="  "))
    assert (empty.status, empty.detail) == ("failed", "Bad Request: message text is empty")


async def test_a_wrong_token_pauses_the_account(fake: FakeTelegram, connector: TelegramConnector) -> None:
    for token in ("7010000001:AAFsomebody-elses-token-of-a-bot_9", "garbage", ""):
        result = await connector.send(account(fake, token=token), HELLO)
        assert (result.status, result.reason, result.pause_account) == ("failed", "token", True)
    assert heard(fake) == []
    assert (await connector.send(account(fake), HELLO)).status == "sent", "mended, it works at once"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (replace(HELLO, text="ā" * 4097), "too_long"),
        (replace(HELLO, thread="anna"), "refused"),
        (replace(HELLO, thread="-1001987654321"), "refused"),
        *[
            (replace(HELLO, kind=kind), "refused")
            for kind in ("public_reply", "private_reply", "hide", "unhide", "post", "comment")
        ],
    ],
)
async def test_what_cannot_be_sent_is_refused_without_asking(
    fake: FakeTelegram, connector: TelegramConnector, message: OutboundMessage, reason: str
) -> None:
    result = await connector.send(account(fake), message)
    assert (result.status, result.reason) == ("failed", reason)
    assert fake.calls == []


async def test_the_longest_message_goes_out_as_one(fake: FakeTelegram, connector: TelegramConnector) -> None:
    text = "ā" * connector.capabilities(account(fake)).text_limit
    assert (await connector.send(account(fake), replace(HELLO, text=text))).status == "sent"
    assert heard(fake) == [text]


async def test_there_is_no_window(fake: FakeTelegram, connector: TelegramConnector) -> None:
    long_ago = SystemClock().now() - timedelta(days=90)
    assert connector.capabilities(account(fake)).reply_window_h is None
    assert (await connector.send(account(fake), replace(HELLO, last_inbound_at=long_ago))).status == "sent"


async def test_the_share_of_the_limit_grows_and_is_of_one_bot(fake: FakeTelegram, connector: TelegramConnector) -> None:
    shares = [(await connector.send(account(fake), HELLO)).slow_down for _ in range(10)]
    assert shares == sorted(shares)
    assert 0.2 < shares[-1] <= 10 / 30
    other_id, _, _, other_token = DEMO_BOTS[1]
    await fake.say(Say(account=other_id, person=ANNA, text="Labdien!"))
    other = Account("acc-2", "telegram", other_id, "", {"token": other_token}, {"base_url": fake.url})
    assert (await connector.send(other, HELLO)).slow_down == pytest.approx(1 / 30)


async def test_the_token_is_in_no_log_error_or_repr(
    fake: FakeTelegram, connector: TelegramConnector, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Any] = []
    with caplog.at_level(logging.DEBUG):
        for fault in (None, Fault.RESET, Fault.TIMEOUT_BEFORE, Fault.MALFORMED, Fault.TOKEN_REVOKED, Fault.BAD_GATEWAY):
            if fault is not None:
                fake.script.add("*", fault, times=2)
            told += [await connector.send(account(fake), HELLO), await connector.check(account(fake))]
            fake.script.clear()
    told += [account(fake), connector, connector._client(account(fake))._bot]
    logged = "\n".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    assert "/botTOKEN/sendMessage" in logged, "addresses are logged, as httpx does; only not with the token"
    secret = TOKEN.partition(":")[2]
    assert secret not in logged
    assert secret not in repr(told)
    assert any(call.path == "/bot<token>/sendMessage" and call.status == 200 for call in fake.calls), (
        "and still it went out"
    )


async def test_a_platform_that_repeats_the_token_does_not_bring_it_to_light(
    fake: FakeTelegram, connector: TelegramConnector
) -> None:
    client = connector._client(account(fake))
    assert client.words(f"no such page: /bot{TOKEN}/sendMessage") == "no such page: /bot<token>/sendMessage"
    assert len(client.words("ā" * 1000)) == 300


async def test_another_token_or_address_is_taken_at_once(fake: FakeTelegram, connector: TelegramConnector) -> None:
    assert (
        await connector.send(account(fake, token="7010000001:AAFthe-token-of-yesterday_00"), HELLO)
    ).status == "failed"
    assert (await connector.send(account(fake), HELLO)).status == "sent"
    async with FakeTelegram.serve() as moved:
        await moved.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
        assert (await connector.send(account(moved), HELLO)).status == "sent"
        assert heard(moved) == [HELLO.text]
    assert heard(fake) == [HELLO.text]
