"""What Telegram's updates become. The payloads are written out as bots receive them (Bot API 10.3)."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Account, Attachment, BadPayload, InboundEvent, Person
from connectors.telegram.connector import TelegramConnector

NOW = datetime(2026, 11, 30, 9, 0, 5, tzinfo=UTC)
SENT = datetime(2026, 11, 30, 9, 0, 0, tzinfo=UTC)
SENT_S = 1_796_029_200
ANNA = {
    "id": 512345678,
    "is_bot": False,
    "first_name": "Anna",
    "last_name": "Bērziņa",
    "username": "anna_berzina",
    "language_code": "lv",
}
CHAT = {"id": 512345678, "first_name": "Anna", "last_name": "Bērziņa", "username": "anna_berzina", "type": "private"}
BOT = {"id": 7010000001, "is_bot": True, "first_name": "Pašvaldības palīgs", "username": "pietura_pasvaldiba_bot"}
GROUP = {"id": -1001987654321, "title": "Mūsu iela", "type": "supergroup"}
MESSAGE: dict[str, Any] = {"message_id": 41, "from": ANNA, "chat": CHAT, "date": SENT_S}
TEXT: dict[str, Any] = {"update_id": 731500001, "message": {**MESSAGE, "text": "Labdien! Cik maksā pase?"}}
QUESTION = {
    "message_id": 42,
    "from": BOT,
    "chat": CHAT,
    "date": SENT_S - 60,
    "text": "Ko vēlaties zināt?",
    "reply_markup": {
        "inline_keyboard": [
            [{"text": "Cik maksā", "callback_data": "service:passport:price"}],
            [{"text": "Runāt ar cilvēku", "callback_data": "handoff"}],
            [{"text": "Ļoti garš pakalpojums", "callback_data": "#3"}],
        ]
    },
}
PRESS: dict[str, Any] = {
    "update_id": 731500007,
    "callback_query": {
        "id": "2200507935710837041",
        "from": ANNA,
        "message": QUESTION,
        "chat_instance": "-4271338820173920731",
        "data": "service:passport:price",
    },
}
FILE = {"file_id": "AgACAgQAAxkBAAIBQ2", "file_unique_id": "AQADyroxG1"}
VIDEO = {**FILE, "duration": 6, "width": 848, "height": 480, "mime_type": "video/mp4", "file_size": 812_345}
DOCUMENT = {**FILE, "file_name": "izziņa.pdf", "mime_type": "application/pdf", "file_size": 104_811}


class Stopped:
    """A clock that stands still."""

    def now(self) -> datetime:
        """Always the same instant."""
        return NOW


def account(**credentials: str) -> Account:
    """A bot."""
    return Account("acc-1", "telegram", "7010000001", "Palīgs (@pietura_pasvaldiba_bot)", credentials, {})


def read(update: dict[str, Any]) -> InboundEvent:
    """The one event of an update."""
    (event,) = TelegramConnector(Stopped()).parse(account(), json.dumps(update, ensure_ascii=False).encode())
    return event


def test_a_message() -> None:
    assert read(TEXT) == InboundEvent(
        key="u:731500001",
        kind="message",
        occurred_at=SENT,
        thread="512345678",
        ref="512345678:41",
        text="Labdien! Cik maksā pase?",
        author=Person("512345678", "Anna Bērziņa", "anna_berzina"),
        raw=TEXT,
    )


def test_a_person_without_last_name_and_username() -> None:
    update = copy.deepcopy(TEXT)
    update["message"]["from"] = {"id": 9, "is_bot": False, "first_name": "Ilze"}
    assert read(update).author == Person("9", "Ilze", None)


def test_an_author_who_is_not_told_is_nobody() -> None:
    update = copy.deepcopy(TEXT)
    del update["message"]["from"]
    event = read(update)
    assert (event.kind, event.author, event.text) == ("message", None, "Labdien! Cik maksā pase?")


def test_an_edit_changes_the_same_message_at_its_own_time() -> None:
    edited = {**MESSAGE, "edit_date": SENT_S + 90, "text": "Cik maksā ID karte?"}
    event = read({"update_id": 731500002, "edited_message": edited})
    assert (event.kind, event.ref, event.text) == ("edited", "512345678:41", "Cik maksā ID karte?")
    assert event.occurred_at == datetime(2026, 11, 30, 9, 1, 30, tzinfo=UTC)
    assert event.key == "u:731500002", "an edit is not a repeat of the message"


@pytest.mark.parametrize(
    ("content", "text", "attachments"),
    [
        (
            {
                "photo": [{**FILE, "width": 90, "height": 67, "file_size": 1253}, {**FILE, "file_size": 187_422}],
                "caption": "Mana pase",
            },
            "Mana pase",
            [Attachment("image", size=187_422)],
        ),
        ({"video": VIDEO}, "", [Attachment("video", size=812_345)]),
        ({"animation": VIDEO, "document": {**VIDEO, "file_name": "a.mp4"}}, "", [Attachment("video", size=812_345)]),
        ({"video_note": {**FILE, "length": 240, "duration": 3}}, "", [Attachment("video")]),
        (
            {"voice": {**FILE, "duration": 4, "mime_type": "audio/ogg", "file_size": 15_332}},
            "",
            [Attachment("audio", size=15_332)],
        ),
        ({"audio": {**FILE, "duration": 4, "file_name": "balss.mp3"}}, "", [Attachment("audio", name="balss.mp3")]),
        ({"document": DOCUMENT}, "", [Attachment("file", name="izziņa.pdf", size=104_811)]),
        (
            {"sticker": {**FILE, "width": 512, "height": 512, "type": "regular", "emoji": "👍", "set_name": "LV"}},
            "",
            [Attachment("sticker", name="👍")],
        ),
        (
            {"location": {"latitude": 56.9496, "longitude": 24.1052}},
            "",
            [Attachment("location", name="56.9496, 24.1052")],
        ),
        (
            {
                "location": {"latitude": 56.9496, "longitude": 24.1052},
                "venue": {
                    "location": {"latitude": 56.9496, "longitude": 24.1052},
                    "title": "Dome",
                    "address": "Rīga",
                },
            },
            "",
            [Attachment("location", name="Dome, Rīga")],
        ),
        (
            {"contact": {"phone_number": "+37120000000", "first_name": "Jānis"}},
            "",
            [Attachment("contact", name="Jānis +37120000000")],
        ),
        (
            {"story": {"chat": {"id": -1001, "title": "Ziņas", "type": "channel"}, "id": 7}},
            "",
            [Attachment("share")],
        ),
        ({"dice": {"emoji": "🎲", "value": 4}}, "", [Attachment("other", name="🎲")]),
        (
            {"poll": {"id": "5", "question": "Kurā dienā?", "options": [], "type": "regular"}},
            "",
            [Attachment("other", name="Kurā dienā?")],
        ),
        # Content of a type that came after us, and content that Telegram itself does not pass on.
        ({"hologram": {"points": [1, 2, 3]}}, "", [Attachment("other")]),
        ({}, "", [Attachment("other")]),
    ],
)
def test_what_is_no_text_comes_as_attachment_and_never_vanishes(
    content: dict[str, Any], text: str, attachments: list[Attachment]
) -> None:
    event = read({"update_id": 1, "message": {**MESSAGE, **content}})
    assert event.kind == "message"
    assert event.text == text
    assert list(event.attachments) == attachments
    assert all(attachment.url is None for attachment in event.attachments), (
        "Telegram's addresses have the token in them"
    )


@pytest.mark.parametrize(
    ("text", "shown", "token"),
    [
        ("/start 8sDf_-kLm20", "/start", "8sDf_-kLm20"),
        ("/start", "/start", None),
        ("/start@pietura_pasvaldiba_bot 8sDf", "/start", "8sDf"),
        ("/start " + "a" * 64, "/start", "a" * 64),
        ("/start " + "a" * 65, "/start " + "a" * 65, None),
        ("/start kaut ko citu", "/start kaut ko citu", None),
        ("/start ķēde", "/start ķēde", None),
        ("/started 8sDf", "/started 8sDf", None),
        ("sūtu /start 8sDf", "sūtu /start 8sDf", None),
    ],
)
def test_a_deep_link_gives_its_token_and_keeps_it_out_of_the_text(text: str, shown: str, token: str | None) -> None:
    event = read({"update_id": 1, "message": {**MESSAGE, "text": text}})
    assert (event.kind, event.text, event.token) == ("message", shown, token)


def test_a_token_written_into_an_old_message_proves_nothing() -> None:
    edited = {**MESSAGE, "edit_date": SENT_S + 5, "text": "/start 8sDf_-kLm20"}
    event = read({"update_id": 1, "edited_message": edited})
    assert (event.kind, event.token) == ("edited", None)


def test_a_pressed_button_is_a_message_with_its_payload_and_title() -> None:
    event = read(PRESS)
    assert (event.kind, event.payload, event.text) == ("message", "service:passport:price", "Cik maksā")
    assert (event.key, event.thread, event.ref) == ("u:731500007", "512345678", "press:2200507935710837041")
    assert event.author == Person("512345678", "Anna Bērziņa", "anna_berzina")
    assert event.occurred_at == NOW, "the message's date is when we asked, not when it was answered"


def test_a_button_whose_payload_was_too_long_counts_by_its_title() -> None:
    press = copy.deepcopy(PRESS)
    press["callback_query"]["data"] = "#3"
    event = read(press)
    assert (event.kind, event.payload, event.text) == ("message", None, "Ļoti garš pakalpojums")


@pytest.mark.parametrize(
    ("data", "payload", "text", "attachments"),
    [("handoff", "handoff", "handoff", 0), ("#3", None, "", 1)],
)
def test_a_press_on_a_message_that_is_out_of_reach(data: str, payload: str | None, text: str, attachments: int) -> None:
    press = copy.deepcopy(PRESS)
    press["callback_query"] |= {"data": data, "message": {"chat": CHAT, "message_id": 42, "date": 0}}
    event = read(press)
    assert (event.kind, event.payload, event.text, len(event.attachments)) == ("message", payload, text, attachments)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ({"status": "member"}, {"status": "kicked", "until_date": 0}, "blocked"),
        ({"status": "kicked", "until_date": 0}, {"status": "member"}, "unblocked"),
        ({"status": "member"}, {"status": "something_new"}, "other"),
    ],
)
def test_blocking(old: dict[str, Any], new: dict[str, Any], kind: str) -> None:
    change = {
        "chat": CHAT,
        "from": ANNA,
        "date": SENT_S,
        "old_chat_member": {"user": BOT, **old},
        "new_chat_member": {"user": BOT, **new},
    }
    event = read({"update_id": 731500009, "my_chat_member": change})
    assert (event.kind, event.thread, event.occurred_at) == (kind, "512345678", SENT)


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 5, "message": {**MESSAGE, "chat": GROUP, "text": "Labdien!"}},
        {"update_id": 5, "edited_message": {**MESSAGE, "chat": GROUP, "edit_date": SENT_S + 1, "text": "Labdien!"}},
        {
            "update_id": 5,
            "channel_post": {
                "message_id": 3,
                "sender_chat": {"id": -100, "title": "Ziņas", "type": "channel"},
                "chat": {"id": -100, "title": "Ziņas", "type": "channel"},
                "date": SENT_S,
                "text": "Jaunumi",
            },
        },
        {
            "update_id": 5,
            "my_chat_member": {
                "chat": GROUP,
                "from": ANNA,
                "date": SENT_S,
                "old_chat_member": {"user": BOT, "status": "left"},
                "new_chat_member": {"user": BOT, "status": "member"},
            },
        },
        {
            "update_id": 5,
            "callback_query": {"id": "1", "from": ANNA, "chat_instance": "2", "game_short_name": "dambrete"},
        },
        {"update_id": 5, "callback_query": {"id": "1", "from": ANNA, "inline_message_id": "CAA", "data": "handoff"}},
        {"update_id": 5, "callback_query": {**PRESS["callback_query"], "message": {**QUESTION, "chat": GROUP}}},
        {"update_id": 5, "message": {**MESSAGE, "pinned_message": {"message_id": 40, "chat": CHAT, "date": 0}}},
        {"update_id": 5, "message": {**MESSAGE, "write_access_allowed": {"from_request": True}}},
        {"update_id": 5, "message": {**MESSAGE, "from": {**BOT, "id": 99}, "text": "Es arī esmu bots"}},
        {"update_id": 5, "hologram_message": {"id": 1, "shape": {"points": [[0, 0, 1]]}}},
        {"update_id": 5},
    ],
)
def test_what_is_of_no_consequence_is_kept_as_other(update: dict[str, Any]) -> None:
    event = read(update)
    assert (event.kind, event.key, event.text) == ("other", "u:5", "")
    assert event.raw == update


def test_what_the_bot_itself_wrote_is_an_echo_and_no_citizens_message() -> None:
    update = {"update_id": 6, "message": {**MESSAGE, "from": BOT, "text": "/start 8sDf"}}
    event = read(update)
    assert (event.kind, event.by_us, event.token) == ("echo", True, None)
    # Also where the account does not say its id: the token begins with it.
    nameless = Account("acc-1", "telegram", "", "", {"token": "7010000001:AAF"}, {})
    (again,) = TelegramConnector(Stopped()).parse(nameless, json.dumps(update).encode())
    assert (again.kind, again.by_us) == ("echo", True)


def test_the_same_update_has_the_same_key_however_often_it_comes() -> None:
    assert read(TEXT) == read(copy.deepcopy(TEXT))
    assert read(TEXT).key != read({**TEXT, "update_id": 731500003}).key


def _without(path: str) -> dict[str, Any]:
    update = copy.deepcopy({**TEXT, **PRESS, "update_id": 8})
    holder = update
    *way, last = path.split(".")
    for name in way:
        holder = holder[name]
    del holder[last]
    if path.startswith("callback_query"):
        del update["message"]
    return update


@pytest.mark.parametrize("path", ["message.chat", "message.chat.id", "message.date", "message.message_id"])
def test_a_message_without_what_telegram_always_sends_names_what_is_missing(path: str) -> None:
    with pytest.raises(BadPayload) as raised:
        read(_without(path))
    assert raised.value.where == path


@pytest.mark.parametrize("path", ["callback_query.from", "callback_query.from.id", "callback_query.message.chat.id"])
def test_so_does_a_press(path: str) -> None:
    with pytest.raises(BadPayload) as raised:
        read(_without(path))
    assert raised.value.where == path


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"", "body: not JSON"),
        (b"{", "body: not JSON"),
        (b"\xff\xfe", "body: not JSON"),
        (b"[" * 100_000, "body: not JSON"),
        (b"[]", "body: not an object"),
        (b"null", "body: not an object"),
        (b"{}", "update_id"),
        (b'{"update_id": "5"}', "update_id"),
        (b'{"update_id": true}', "update_id"),
        (b'{"update_id": 5, "message": []}', "message"),
        (
            b'{"update_id": 5, "message": {"chat": {"id": 1, "type": "private"}, "message_id": 1, "date": "x"}}',
            "message.date",
        ),
        (
            b'{"update_id": 5, "message": {"chat": {"id": 1, "type": "private"}, "message_id": 1, "date": 9e17}}',
            "message.date",
        ),
        (
            b'{"update_id": 5, "message": {"chat": {"id": 1, "type": "private"}, "message_id": 1,'
            b' "date": 999999999999999999}}',
            "message.date",
        ),
        (
            b'{"update_id": 5, "message": {"chat": {"id": 1, "type": "private"}, "message_id": 1, "date": 1, "text": 5}}',
            "message.text",
        ),
    ],
)
def test_what_is_no_update_is_refused_with_the_place(body: bytes, where: str) -> None:
    with pytest.raises(BadPayload) as raised:
        TelegramConnector(Stopped()).parse(account(), body)
    assert raised.value.where == where


@pytest.mark.parametrize(
    "name", ["photo", "video", "sticker", "contact", "location", "venue", "poll", "dice", "reply_markup"]
)
@pytest.mark.parametrize("rubbish", [None, 5, "x", [], [5], {}])
def test_a_field_of_another_shape_costs_no_message(name: str, rubbish: object) -> None:
    event = read({"update_id": 1, "message": {**MESSAGE, "text": "Labdien!", name: rubbish}})
    assert (event.kind, event.text) == ("message", "Labdien!")
