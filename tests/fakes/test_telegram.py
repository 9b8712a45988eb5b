"""The stand-in for Telegram keeps to Telegram's rules, and is told and asked like the other fakes."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.fakes.control import Block, Edit, Fake, NoSuchThing, Outside, Say
from tests.fakes.telegram import DEMO_BOTS, DEMO_SECRET, FakeTelegram

BOT_ID, NAME, USERNAME, TOKEN = DEMO_BOTS[0]
ANNA = "512345678"
KEYBOARD = {
    "inline_keyboard": [[{"text": "Jā", "callback_data": "helped:yes"}, {"text": "Nē", "callback_data": "helped:no"}]]
}


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram.serve() as served:
        yield served


@pytest.fixture
async def http(fake: FakeTelegram) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=fake.url, timeout=5) as client:
        yield client


async def call(http: httpx.AsyncClient, method: str, token: str = TOKEN, **arguments: Any) -> dict[str, Any]:
    """One call of the Bot API, its answer with the HTTP status checked against ``error_code``."""
    answer = await http.post(f"/bot{token}/{method}", json=arguments)
    body: dict[str, Any] = answer.json()
    assert body["ok"] is (answer.status_code == 200)
    assert body.get("error_code", 200) == answer.status_code
    return body


async def test_it_is_a_fake_like_the_others(fake: FakeTelegram) -> None:
    as_any: Fake = fake
    assert as_any.world().platform == "telegram"
    assert fake.credentials(BOT_ID) == {"token": TOKEN, "secret_token": DEMO_SECRET}


async def test_who_asks_with_which_token(http: httpx.AsyncClient) -> None:
    me = (await call(http, "getMe"))["result"]
    assert me == me | {"id": int(BOT_ID), "is_bot": True, "first_name": NAME, "username": USERNAME}
    assert (await call(http, "GETME"))["ok"], "names of methods are taken in any letters"
    assert (await call(http, "getMe", "7010000009:AAFno-such-bot-but-of-the-right-form"))[
        "description"
    ] == "Unauthorized"
    assert (await call(http, "getMe", "nonsense"))["error_code"] == 404
    assert (await call(http, "noSuchMethod"))["error_code"] == 404


@pytest.mark.parametrize("way", ["json", "form", "query"])
async def test_arguments_come_in_each_way_that_telegram_takes(
    fake: FakeTelegram, http: httpx.AsyncClient, way: str
) -> None:
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    path, plain = f"/bot{TOKEN}/sendMessage", {"chat_id": ANNA, "text": "Sveiki & labdien"}
    markup = json.dumps(KEYBOARD)
    if way == "json":
        answer = await http.post(path, json={**plain, "chat_id": int(ANNA), "reply_markup": KEYBOARD})
    elif way == "form":
        answer = await http.post(path, data={**plain, "reply_markup": markup})
    else:
        answer = await http.get(path, params={**plain, "reply_markup": markup})
    sent = answer.json()["result"]
    assert (sent["text"], sent["reply_markup"], sent["from"]["id"]) == ("Sveiki & labdien", KEYBOARD, int(BOT_ID))


async def test_a_bot_cannot_write_first_nor_to_who_blocked_it(fake: FakeTelegram, http: httpx.AsyncClient) -> None:
    async def refused() -> tuple[int, str]:
        body = await call(http, "sendMessage", chat_id=int(ANNA), text="Labdien!")
        return body["error_code"], body["description"]

    assert await refused() == (400, "Bad Request: chat not found")
    await fake.say(Say(account=DEMO_BOTS[1][0], person=ANNA, text="Labdien, otrais!"))
    assert await refused() == (403, "Forbidden: bot can't initiate conversation with a user")
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    assert (await call(http, "sendMessage", chat_id=int(ANNA), text="Labdien!"))["ok"]
    change = await fake.block(Block(account=BOT_ID, person=ANNA))
    assert change["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    assert await fake.block(Block(account=BOT_ID, person=ANNA)) == {}
    assert await refused() == (403, "Forbidden: bot was blocked by the user")


@pytest.mark.parametrize(
    ("arguments", "description"),
    [
        ({"text": ""}, "Bad Request: message text is empty"),
        ({"text": "a" * 4097}, "Bad Request: message is too long"),
        ({"text": "a", "chat_id": ""}, "Bad Request: chat_id is empty"),
        (
            {"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": "ā" * 33}]]}},
            "Bad Request: BUTTON_DATA_INVALID",
        ),
        ({"text": "a", "reply_markup": {"inline_keyboard": [[{"text": "x"}]]}}, "Bad Request: BUTTON_DATA_INVALID"),
    ],
)
async def test_messages_that_telegram_does_not_take(
    fake: FakeTelegram, http: httpx.AsyncClient, arguments: dict[str, Any], description: str
) -> None:
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    assert (await call(http, "sendMessage", **{"chat_id": ANNA, **arguments}))["description"] == description


async def test_a_press_can_be_answered_once_and_a_message_edited(fake: FakeTelegram, http: httpx.AsyncClient) -> None:
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    sent = (await call(http, "sendMessage", chat_id=ANNA, text="Vai palīdzēja?", reply_markup=KEYBOARD))["result"]
    press = (await fake.say(Say(account=BOT_ID, person=ANNA, payload="Jā")))["callback_query"]
    assert (press["data"], press["message"]["message_id"]) == ("helped:yes", sent["message_id"])
    assert fake.spinning(BOT_ID) == {press["id"]}
    assert (await call(http, "answerCallbackQuery", callback_query_id=press["id"]))["result"] is True
    again = await call(http, "answerCallbackQuery", callback_query_id=press["id"])
    assert again["description"].startswith("Bad Request: query is too old")
    with pytest.raises(NoSuchThing):
        await fake.say(Say(account=BOT_ID, person=ANNA, payload="no such button"))

    where = {"chat_id": ANNA, "message_id": sent["message_id"]}
    edited = (await call(http, "editMessageText", **where, text="Paldies!"))["result"]
    assert (edited["text"], "reply_markup" in edited, edited["edit_date"] >= edited["date"]) == (
        "Paldies!",
        False,
        True,
    )
    assert "not modified" in (await call(http, "editMessageText", **where, text="Paldies!"))["description"]
    gone = await call(http, "editMessageText", **{**where, "message_id": 1}, text="Svešs")
    assert gone["description"] == "Bad Request: message to edit not found"
    assert (await call(http, "sendChatAction", chat_id=ANNA, action="typing"))["result"] is True
    assert (await call(http, "sendChatAction", chat_id=ANNA, action="dance"))["error_code"] == 400


async def test_updates_wait_until_they_are_fetched_or_sent(fake: FakeTelegram, http: httpx.AsyncClient) -> None:
    ids = [(await fake.say(Say(account=BOT_ID, person=ANNA, text=str(n))))["update_id"] for n in range(3)]
    assert [update["update_id"] for update in (await call(http, "getUpdates", limit=2))["result"]] == ids[:2]
    assert (await call(http, "getWebhookInfo"))["result"]["pending_update_count"] == 3
    assert [update["update_id"] for update in (await call(http, "getUpdates", offset=ids[2]))["result"]] == ids[2:]
    assert (await call(http, "getWebhookInfo"))["result"]["pending_update_count"] == 1, (
        "what is before the offset is gone"
    )

    dead = "http://127.0.0.1:9/hooks"
    assert (await call(http, "setWebhook", url=dead, secret_token="bad secret"))["error_code"] == 400
    assert (await call(http, "setWebhook", url=dead, secret_token="good", drop_pending_updates=True))["ok"]
    assert (await call(http, "getUpdates"))["error_code"] == 409
    await fake.say(Say(account=BOT_ID, person=ANNA, text="3"))
    async with asyncio.timeout(3):
        while not fake.emitter.deliveries:
            await asyncio.sleep(0.01)
    info = (await call(http, "getWebhookInfo"))["result"]
    assert (info["url"], info["pending_update_count"], info["last_error_message"]) == (dead, 1, "Connection refused")
    assert (await call(http, "deleteWebhook"))["ok"]
    assert await fake.settled(5)
    fetched = (await call(http, "getUpdates"))["result"]
    assert [update["message"]["text"] for update in fetched] == ["3"], "not lost with the webhook"


async def test_only_updates_that_were_asked_for(fake: FakeTelegram, http: httpx.AsyncClient) -> None:
    await call(http, "getUpdates", allowed_updates=["message"])
    said = await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    await fake.edit(Edit(account=BOT_ID, ref=f"{ANNA}:{said['message']['message_id']}", text="Labvakar!"))
    kinds = [sorted(set(update) - {"update_id"}) for update in (await call(http, "getUpdates"))["result"]]
    assert kinds == [["message"]]


async def test_what_a_follower_sees_over_the_control_api(fake: FakeTelegram, http: httpx.AsyncClient) -> None:
    at = datetime(2026, 11, 30, 9, tzinfo=UTC)
    order = {
        "account": BOT_ID,
        "person": "anna",
        "name": "Anna Bērziņa",
        "text": "Pase",
        "attachment": {"kind": "image"},
    }
    event = (await http.post("/_control/say", json={**order, "at": at.isoformat()})).json()
    person = str(event["message"]["from"]["id"])
    assert (event["message"]["caption"], event["message"]["date"]) == ("Pase", int(at.timestamp()))
    assert person.isdigit(), "Telegram's ids are numbers"
    ref = f"{person}:{event['message']['message_id']}"
    await http.post("/_control/edit", json={"account": BOT_ID, "ref": ref, "text": "Mana pase"})
    await call(http, "sendMessage", chat_id=person, text="Paldies!", reply_markup=KEYBOARD)
    await http.post("/_control/delete", json={"account": BOT_ID, "ref": ref})
    account = (await http.get("/_control/world")).json()["accounts"][0]
    assert (account["id"], account["webhook"], account["posts"]) == (BOT_ID, None, [])
    (chat,) = account["direct"]
    assert chat["person"] == {"id": person, "name": "Anna Bērziņa"}
    first, second = chat["messages"]
    assert (first["text"], first["edited"], first["deleted"], first["attachment"]) == ("Mana pase", True, True, "image")
    assert (second["by"], second["text"], second["buttons"]) == ("us", "Paldies!", ["Jā", "Nē"])
    assert (await http.get("/_control/settled")).json() == {"settled": True}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("say", {"account": "1", "person": ANNA, "text": "x"}),
        ("say", {"account": BOT_ID, "person": ANNA, "text": "x", "kind": "comment"}),
        ("edit", {"account": BOT_ID, "ref": "1:1", "text": "x"}),
        ("delete", {"account": BOT_ID, "ref": "nonsense"}),
        ("outside", {"account": BOT_ID, "text": "x", "person": ANNA}),
        ("webhook", {"account": "x", "url": "http://127.0.0.1:9", "secret": "s"}),
    ],
)
async def test_what_is_not_there_is_not_found(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    assert (await http.post(f"/_control/{path}", json=body)).status_code == 404


async def test_nobody_edits_what_the_bot_wrote(fake: FakeTelegram, http: httpx.AsyncClient) -> None:
    await fake.say(Say(account=BOT_ID, person=ANNA, text="Labdien!"))
    sent = (await call(http, "sendMessage", chat_id=ANNA, text="Labdien!"))["result"]
    with pytest.raises(NoSuchThing):
        await fake.edit(Edit(account=BOT_ID, ref=f"{ANNA}:{sent['message_id']}", text="Čau"))
    with pytest.raises(NoSuchThing):
        await fake.outside(Outside(account=BOT_ID, text="Čau", person=ANNA))


async def test_calls_are_kept_without_secrets(fake: FakeTelegram, http: httpx.AsyncClient) -> None:
    await http.post(f"/bot{TOKEN}/setWebhook", data={"url": "http://127.0.0.1:9", "secret_token": "very-secret"})
    await http.get(f"/bot{TOKEN}/setWebhook", params={"url": "", "secret_token": "very-secret"})
    kept = (await http.get("/_control/calls")).json()
    assert [(entry["operation"], entry["path"], entry["status"]) for entry in kept] == [
        ("set_webhook", "/bot<token>/setWebhook", 200)
    ] * 2
    assert "very-secret" not in json.dumps(kept)
    assert TOKEN not in json.dumps(kept)
    assert (await http.get("/_control/calls", params={"since": 1})).json() == kept[1:]


async def test_it_runs_as_a_process() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.telegram", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            url = (await process.stdout.readline()).decode().split()[-1]
        async with httpx.AsyncClient(base_url=url) as http:
            assert (await call(http, "getMe"))["result"]["username"] == USERNAME
    finally:
        process.terminate()
        await process.wait()
