"""What Facebook's webhooks tell, as events. Payloads are written out as Meta's pages and real webhooks have them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.facebook.connector import FacebookConnector
from handoff.channels.ports import Account, Attachment, BadPayload, InboundEvent, Person

PAGE = "100200300400501"
APP = "1122334455667788"
PSID = "7014523698521477"
POST = f"{PAGE}_990000000123"
COMMENT = "990000000123_880000000456"
MID = "m_AG5Hz2Uq7tuwNEhXfYYKj8mJEM_QPpz5jdCK48PnKAjSdjfipqxqMvK8ma6AC8fplwlqLP_5cgXIbu7I3rBN0P"
#: 24 November 2026, 08:00:00.250 UTC.
MS = 1795507200250
S = 1795507200
AT = datetime(2026, 11, 24, 8, 0, 0, 250000, tzinfo=UTC)
AT_S = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

ACCOUNT = Account("acc-1", "facebook", PAGE, "VSAA", {"app_id": APP, "app_secret": "s" * 32}, {})


class StoppedClock:
    """Stands still."""

    def now(self) -> datetime:
        """The instant in which webhooks arrive in these tests."""
        return datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


CONNECTOR = FacebookConnector(clock=StoppedClock())


def _parsed(*entries: dict[str, Any], account: Account = ACCOUNT) -> list[InboundEvent]:
    return CONNECTOR.parse(account, json.dumps({"object": "page", "entry": list(entries)}).encode())


def _messaging(**event: Any) -> dict[str, Any]:
    body = {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": MS, **event}
    return {"id": PAGE, "time": MS + 40, "messaging": [body]}


def _feed(**value: Any) -> dict[str, Any]:
    whole = {
        "from": {"id": "7014523698529999", "name": "Anna Bērziņa"},
        "post": {
            "status_type": "mobile_status_update",
            "is_published": True,
            "updated_time": "2026-11-24T08:00:00+0000",
            "permalink_url": "https://www.facebook.com/100200300400501/posts/990000000123",
            "promotion_status": "inactive",
            "id": POST,
        },
        "message": "Cik ilgi jāgaida slimības pabalsts?",
        "item": "comment",
        "comment_id": COMMENT,
        "post_id": POST,
        "parent_id": POST,
        "verb": "add",
        "created_time": S,
        **value,
    }
    kept = {key: item for key, item in whole.items() if item is not ...}
    return {"id": PAGE, "time": S + 2, "changes": [{"field": "feed", "value": kept}]}


ANNA = Person("7014523698529999", "Anna Bērziņa")
WRITER = Person(PSID)


def _event(**fields: Any) -> InboundEvent:
    """An event without ``raw``; what is not named has the seam's default."""
    return InboundEvent(**{"occurred_at": AT, "thread": PSID, "author": WRITER, "ref": MID, **fields})


def _comment_event(**fields: Any) -> InboundEvent:
    base = {"occurred_at": AT_S, "thread": COMMENT, "author": ANNA, "ref": COMMENT, "post_ref": POST, **fields}
    return InboundEvent(**base)


#: name → entry, the event it must become.
DIRECT: dict[str, tuple[dict[str, Any], InboundEvent]] = {
    "text": (
        _messaging(message={"mid": MID, "text": "Labdien! Kā pieteikt slimības pabalstu?"}),
        _event(key=f"m:{MID}", kind="message", text="Labdien! Kā pieteikt slimības pabalstu?"),
    ),
    "quick reply": (
        _messaging(message={"mid": MID, "text": "Jā", "quick_reply": {"payload": "answer:yes"}}),
        _event(key=f"m:{MID}", kind="message", text="Jā", payload="answer:yes"),
    ),
    "reply to another message": (
        _messaging(message={"mid": MID, "text": "Šis", "reply_to": {"mid": "m_other"}}),
        _event(key=f"m:{MID}", kind="message", text="Šis"),
    ),
    "picture": (
        _messaging(
            message={
                "mid": MID,
                "attachments": [{"type": "image", "payload": {"url": "https://scontent.xx.fbcdn.net/v/1.jpg?oh=2"}}],
            }
        ),
        _event(
            key=f"m:{MID}",
            kind="message",
            attachments=(Attachment("image", url="https://scontent.xx.fbcdn.net/v/1.jpg?oh=2"),),
        ),
    ),
    "two attachments and text": (
        _messaging(
            message={
                "mid": MID,
                "text": "Pielikumā",
                "attachments": [
                    {"type": "file", "payload": {"url": "https://cdn.fbsbx.com/v/izzina.pdf"}},
                    {"type": "video", "payload": {"url": "https://video.xx.fbcdn.net/v/2.mp4"}},
                ],
            }
        ),
        _event(
            key=f"m:{MID}",
            kind="message",
            text="Pielikumā",
            attachments=(
                Attachment("file", url="https://cdn.fbsbx.com/v/izzina.pdf"),
                Attachment("video", url="https://video.xx.fbcdn.net/v/2.mp4"),
            ),
        ),
    ),
    "sticker": (
        _messaging(
            message={
                "mid": MID,
                "sticker_id": 369239263222822,
                "attachments": [
                    {
                        "type": "image",
                        "payload": {"url": "https://scontent.xx.fbcdn.net/t39/3.png", "sticker_id": 369239263222822},
                    }
                ],
            }
        ),
        _event(
            key=f"m:{MID}",
            kind="message",
            attachments=(Attachment("sticker", url="https://scontent.xx.fbcdn.net/t39/3.png"),),
        ),
    ),
    "voice": (
        _messaging(
            message={
                "mid": MID,
                "attachments": [{"type": "audio", "payload": {"url": "https://cdn.fbsbx.com/v/audioclip.mp4"}}],
            }
        ),
        _event(
            key=f"m:{MID}",
            kind="message",
            attachments=(Attachment("audio", url="https://cdn.fbsbx.com/v/audioclip.mp4"),),
        ),
    ),
    "location": (
        _messaging(
            message={
                "mid": MID,
                "attachments": [
                    {
                        "title": "Anna's Location",
                        "url": "https://www.facebook.com/l.php?u=1",
                        "type": "location",
                        "payload": {"coordinates": {"lat": 56.95, "long": 24.11}},
                    }
                ],
            }
        ),
        _event(
            key=f"m:{MID}",
            kind="message",
            attachments=(
                Attachment("location", "Anna's Location (56.95, 24.11)", "https://www.facebook.com/l.php?u=1"),
            ),
        ),
    ),
    "shared link": (
        _messaging(
            message={
                "mid": MID,
                "attachments": [{"type": "fallback", "payload": {"url": "https://www.vsaa.gov.lv/", "title": "VSAA"}}],
            }
        ),
        _event(key=f"m:{MID}", kind="message", attachments=(Attachment("share", "VSAA", "https://www.vsaa.gov.lv/"),)),
    ),
    "mention in a story": (
        _messaging(
            message={
                "mid": MID,
                "attachments": [{"type": "story_mention", "payload": {"url": "https://lookaside.fbsbx.com/s/1"}}],
            }
        ),
        _event(
            key=f"m:{MID}", kind="message", attachments=(Attachment("share", url="https://lookaside.fbsbx.com/s/1"),)
        ),
    ),
    "attachment of a kind to come": (
        _messaging(message={"mid": MID, "attachments": [{"type": "hologram", "payload": {}}]}),
        _event(key=f"m:{MID}", kind="message", attachments=(Attachment("other"),)),
    ),
    "unsupported": (
        _messaging(message={"mid": MID, "is_unsupported": True}),
        _event(key=f"m:{MID}", kind="message", attachments=(Attachment("other"),)),
    ),
    "button": (
        _messaging(postback={"mid": MID, "title": "Sākt", "payload": "GET_STARTED"}),
        _event(key=f"m:{MID}", kind="message", text="Sākt", payload="GET_STARTED"),
    ),
    "button after a deep link": (
        _messaging(
            postback={
                "mid": MID,
                "title": "Sākt",
                "payload": "GET_STARTED",
                "referral": {"ref": "tok-31415", "source": "SHORTLINK", "type": "OPEN_THREAD"},
            }
        ),
        _event(key=f"m:{MID}", kind="message", text="Sākt", payload="GET_STARTED", token="tok-31415"),
    ),
    "edit": (
        _messaging(message_edit={"mid": MID, "text": "Kā pieteikt bērna pabalstu?", "num_edit": 2}),
        _event(key=f"m:{MID}:edit:2", kind="edited", text="Kā pieteikt bērna pabalstu?"),
    ),
    "taken back": (
        _messaging(message={"mid": MID, "is_deleted": True}),
        _event(key=f"m:{MID}:deleted", kind="deleted"),
    ),
    "delivered": (
        _messaging(delivery={"mids": [MID], "watermark": MS}),
        _event(key=f"d:{MS}:{PSID}", kind="delivered", ref=None, watermark=AT),
    ),
    "read": (
        _messaging(read={"watermark": MS}),
        _event(key=f"d:{MS}:{PSID}:read", kind="read", ref=None, watermark=AT),
    ),
}

COMMENTS: dict[str, tuple[dict[str, Any], InboundEvent]] = {
    "comment": (
        _feed(),
        _comment_event(key=f"c:{COMMENT}:add", kind="comment", text="Cik ilgi jāgaida slimības pabalsts?"),
    ),
    "answer to a comment": (
        _feed(comment_id="990000000123_880000000999", parent_id=COMMENT, message="Man arī!"),
        _comment_event(
            key="c:990000000123_880000000999:add",
            kind="comment",
            thread="990000000123_880000000999",
            ref="990000000123_880000000999",
            parent_ref=COMMENT,
            text="Man arī!",
        ),
    ),
    "comment by nobody we are told of": (
        _feed(**{"from": ...}),
        _comment_event(key=f"c:{COMMENT}:add", kind="comment", text="Cik ilgi jāgaida slimības pabalsts?", author=None),
    ),
    "comment in the form of before 2018": (
        _feed(**{"from": ..., "sender_id": 7014523698529999, "sender_name": "Anna Bērziņa"}),
        _comment_event(key=f"c:{COMMENT}:add", kind="comment", text="Cik ilgi jāgaida slimības pabalsts?"),
    ),
    "comment that is a picture": (
        _feed(message=..., photo="https://scontent.xx.fbcdn.net/v/4.jpg"),
        _comment_event(
            key=f"c:{COMMENT}:add",
            kind="comment",
            attachments=(Attachment("image", url="https://scontent.xx.fbcdn.net/v/4.jpg"),),
        ),
    ),
    "comment that is a film": (
        _feed(message="Skat", video="https://video.xx.fbcdn.net/v/5.mp4"),
        _comment_event(
            key=f"c:{COMMENT}:add",
            kind="comment",
            text="Skat",
            attachments=(Attachment("video", url="https://video.xx.fbcdn.net/v/5.mp4"),),
        ),
    ),
    "comment that is a sticker": (
        _feed(message=...),
        _comment_event(key=f"c:{COMMENT}:add", kind="comment", attachments=(Attachment("other"),)),
    ),
    "removed": (
        _feed(verb="remove", message=...),
        _comment_event(key=f"c:{COMMENT}:remove", kind="deleted"),
    ),
    "hidden": (_feed(verb="hide", message=...), _comment_event(key=f"c:{COMMENT}:hide:{S}", kind="hidden")),
    "unhidden": (_feed(verb="unhide", message=...), _comment_event(key=f"c:{COMMENT}:unhide:{S}", kind="unhidden")),
    "own comment": (
        _feed(**{"from": {"id": PAGE, "name": "VSAA"}, "parent_id": COMMENT, "comment_id": "990000000123_1"}),
        _comment_event(
            key="c:990000000123_1:add",
            kind="echo",
            thread=COMMENT,
            ref="990000000123_1",
            parent_ref=COMMENT,
            author=Person(PAGE, "VSAA"),
            text="Cik ilgi jāgaida slimības pabalsts?",
        ),
    ),
    "own comment under the post itself": (
        _feed(**{"from": {"id": PAGE, "name": "VSAA"}}),
        _comment_event(
            key=f"c:{COMMENT}:add",
            kind="echo",
            thread=POST,
            author=Person(PAGE, "VSAA"),
            text="Cik ilgi jāgaida slimības pabalsts?",
        ),
    ),
    "own post": (
        _feed(**{"from": {"id": PAGE, "name": "VSAA"}, "item": "status", "comment_id": ..., "parent_id": ...}),
        _comment_event(
            key=f"p:{POST}:add",
            kind="post",
            thread=POST,
            ref=POST,
            author=Person(PAGE, "VSAA"),
            text="Cik ilgi jāgaida slimības pabalsts?",
        ),
    ),
    "own post with a picture": (
        _feed(
            **{
                "from": {"id": PAGE, "name": "VSAA"},
                "item": "photo",
                "comment_id": ...,
                "parent_id": ...,
                "link": "https://scontent.xx.fbcdn.net/v/6.jpg",
                "photo_id": "990000000124",
                "message": "Jaunumi",
            }
        ),
        _comment_event(
            key=f"p:{POST}:add",
            kind="post",
            thread=POST,
            ref=POST,
            author=Person(PAGE, "VSAA"),
            text="Jaunumi",
            attachments=(Attachment("share", url="https://scontent.xx.fbcdn.net/v/6.jpg"),),
        ),
    ),
    "visitor's post on the page": (
        _feed(item="post", comment_id=..., parent_id=..., message="Kur jūs atrast Siguldā?"),
        _comment_event(key=f"c:{POST}:add", kind="comment", thread=POST, ref=POST, text="Kur jūs atrast Siguldā?"),
    ),
    "visitor's post, edited": (
        # As in restfb#749: an old form of the author, and "edit" where comments have "edited".
        _feed(
            **{
                "item": "post",
                "verb": "edit",
                "comment_id": ...,
                "parent_id": ...,
                "from": ...,
                "sender_id": 7014523698529999,
                "sender_name": "Anna Bērziņa",
                "message": "test 111 4",
            }
        ),
        _comment_event(
            key=f"c:{POST}:edited:{S}:a84d46a7849ee1e8", kind="edited", thread=POST, ref=POST, text="test 111 4"
        ),
    ),
}


@pytest.mark.parametrize("name", DIRECT)
def test_direct_messages(name: str) -> None:
    entry, expected = DIRECT[name]
    [event] = _parsed(entry)
    assert replace(event, raw={}) == expected
    assert event.raw == entry["messaging"][0]


@pytest.mark.parametrize("name", COMMENTS)
def test_comments_and_posts(name: str) -> None:
    entry, expected = COMMENTS[name]
    [event] = _parsed(entry)
    assert replace(event, raw={}) == expected
    assert event.raw == entry["changes"][0]


@pytest.mark.parametrize(("app_id", "by_us"), [(int(APP), True), (APP, True), (263902037430900, False), (None, False)])
def test_echoes_tell_whether_they_are_our_own(app_id: int | str | None, by_us: bool) -> None:
    message: dict[str, Any] = {"is_echo": True, "mid": MID, "text": "Labdien!", "metadata": "x"}
    if app_id is not None:
        message["app_id"] = app_id
    entry = _messaging(message=message, sender={"id": PAGE}, recipient={"id": PSID})
    [event] = _parsed(entry)
    assert (event.key, event.kind, event.thread, event.ref) == (f"m:{MID}", "echo", PSID, MID)
    assert (event.by_us, event.author, event.text) == (by_us, None, "Labdien!")


def test_no_echo_is_ours_without_an_app_id() -> None:
    message = {"is_echo": True, "mid": MID, "text": "Labdien!"}
    entry = _messaging(message=message, sender={"id": PAGE}, recipient={"id": PSID})
    [event] = _parsed(entry, account=replace(ACCOUNT, credentials={}))
    assert event.by_us is False


def test_a_page_s_message_is_an_echo_even_without_the_mark() -> None:
    """Echoes of attachments came without ``is_echo`` and were taken for citizens' words elsewhere."""
    attachment = {"type": "image", "payload": {"url": "https://scontent.xx.fbcdn.net/v/7.jpg"}}
    entry = _messaging(message={"mid": MID, "attachments": [attachment]}, sender={"id": PAGE}, recipient={"id": PSID})
    [event] = _parsed(entry)
    assert (event.kind, event.thread) == ("echo", PSID)


def test_a_batch_is_handled_whole_and_in_order() -> None:
    many = {
        "id": PAGE,
        "time": MS,
        "messaging": [
            {
                "sender": {"id": f"70{n}"},
                "recipient": {"id": PAGE},
                "timestamp": MS,
                "message": {"mid": f"m_{n}", "text": "a"},
            }
            for n in range(3)
        ],
        "changes": [_feed(comment_id=f"1_{n}")["changes"][0] for n in range(2)],
    }
    events = _parsed(many, DIRECT["text"][0], COMMENTS["comment"][0])
    assert [event.key for event in events] == [
        "m:m_0",
        "m:m_1",
        "m:m_2",
        "c:1_0:add",
        "c:1_1:add",
        f"m:{MID}",
        f"c:{COMMENT}:add",
    ]


def test_entries_of_other_pages_say_so_and_know_their_own_page() -> None:
    theirs = _feed(**{"from": {"id": "100200300400502", "name": "Siguldas novads"}}) | {"id": "100200300400502"}
    ours, other = _parsed(DIRECT["text"][0], theirs)
    assert ours.page_id is None
    assert other.page_id == "100200300400502"
    assert other.kind == "echo", "a comment of that page under its own post is that page's"


def test_standby_counts_like_any_message() -> None:
    entry = _messaging(message={"mid": MID, "text": "Vai ir kāds?"})
    entry["standby"] = entry.pop("messaging")
    [event] = _parsed(entry)
    assert (event.kind, event.text) == ("message", "Vai ir kāds?")


def test_a_deep_link_followed_by_somebody_known_is_evidence_without_words() -> None:
    entry = _messaging(referral={"ref": "tok-27182", "source": "SHORTLINK", "type": "OPEN_THREAD"})
    [event] = _parsed(entry)
    assert (event.kind, event.token, event.thread, event.author) == ("other", "tok-27182", PSID, WRITER)


def test_a_mention_elsewhere_wants_an_answer() -> None:
    value = {
        "item": "post",
        "verb": "add",
        "post_id": "555_666",
        "sender_id": 42,
        "sender_name": "Rīgas ziņas",
        "created_time": S,
        "message": "@VSAA, ko darīt?",
    }
    [event] = _parsed({"id": PAGE, "time": S, "changes": [{"field": "mention", "value": value}]})
    assert (event.kind, event.thread, event.author) == ("comment", "555_666", Person("42", "Rīgas ziņas"))


def test_edits_have_a_key_of_their_own_each_and_repeats_the_same() -> None:
    first, again, second, later = (
        _parsed(_feed(verb="edited", message=text, created_time=at))[0].key
        for text, at in (("A", S), ("A", S), ("B", S), ("A", S + 60))
    )
    assert first == again
    assert len({first, second, later}) == 3
    assert first.startswith(f"c:{COMMENT}:edited:{S}:")


def test_the_time_is_the_platform_s_and_only_else_ours() -> None:
    [event] = _parsed(_feed(created_time=...))
    assert event.occurred_at == datetime(2026, 11, 24, 8, 0, 2, tzinfo=UTC), "the time of sending"
    entry = _feed(created_time=...)
    del entry["time"]
    [event] = _parsed(entry)
    assert event.occurred_at == StoppedClock().now()
    [event] = _parsed(_messaging(message={"mid": MID, "text": "a"}, timestamp="soon") | {"time": "later"})
    assert event.occurred_at == StoppedClock().now()


@pytest.mark.parametrize(
    "entry",
    [
        _messaging(reaction={"reaction": "love", "emoji": "❤", "action": "react", "mid": MID}),
        _messaging(optin={"type": "notification_messages"}),
        _messaging(take_thread_control={"previous_owner_app_id": "1", "metadata": ""}),
        _messaging(something_new={"a": 1}),
        _messaging(message="not an object"),
        _messaging(message={"text": "without an id"}),
        _messaging(message={"is_echo": True, "mid": MID}, recipient=None),
        _messaging(sender=None, message={"mid": MID, "text": "from nobody"}),
        _messaging(delivery={"watermark": "never"}),
        _messaging(message_edit={"text": "of nothing"}),
        _feed(item="reaction", reaction_type="love"),
        _feed(item="like", comment_id=...),
        _feed(verb="mute"),
        _feed(comment_id=..., post_id=...),
        {"id": PAGE, "time": S, "changes": [{"field": "ratings", "value": {"item": "rating", "rating": 5}}]},
        {"id": PAGE, "time": S, "changes": [{"field": "feed", "value": None}]},
        {"id": PAGE, "time": S, "changes": ["text"]},
        {"id": PAGE, "time": S, "messaging": [None]},
        {"id": PAGE, "time": S},
        {},
    ],
)
def test_what_is_not_understood_is_kept(entry: dict[str, Any]) -> None:
    [event] = _parsed(entry)
    [again] = _parsed(entry)
    assert event.kind == "other"
    assert event.key.startswith("o:")
    assert event.key == again.key
    assert event.raw


def test_the_unknown_does_not_stop_the_rest_of_its_batch() -> None:
    odd: list[Any] = [None, 7, {"changes": "?"}, {"messaging": [{"message": []}]}]
    body = json.dumps({"object": "page", "entry": [*odd, DIRECT["text"][0]]}).encode()
    events = CONNECTOR.parse(ACCOUNT, body)
    assert [event.kind for event in events] == ["other"] * 4 + ["message"]
    assert len({event.key for event in events}) == 5


def test_another_object_of_the_application_is_kept_whole() -> None:
    [event] = CONNECTOR.parse(ACCOUNT, b'{"object": "instagram", "entry": [{"id": "1"}]}')
    assert (event.kind, event.raw) == ("other", {"object": "instagram", "entry": [{"id": "1"}]})


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b'"page"', b'{"object": "page"}', b'{"object":"page","entry":{}}', b"\xff\xfe", b"[" * 99999],
)
def test_what_cannot_be_read_is_refused_with_the_place(raw: bytes) -> None:
    with pytest.raises(BadPayload) as caught:
        CONNECTOR.parse(ACCOUNT, raw)
    assert caught.value.where


def test_texts_no_database_takes_are_put_right() -> None:
    raw = (
        b'{"object":"page","entry":[{"id":"100200300400501","time":1,"messaging":[{"sender":{"id":"7"},"recipient":{"id":'
        b'"100200300400501"},"timestamp":1795507200250,"message":{"mid":"m_x","text":"a\\u0000b \\ud83d\\ude00 \\ud83d c"}}]}]}'
    )
    [event] = CONNECTOR.parse(ACCOUNT, raw)
    assert event.text == "ab 😀 � c"
    json.dumps(event.raw, ensure_ascii=False).encode()


def test_direct_messages_are_only_kept_where_they_are_not_served() -> None:
    closed = replace(ACCOUNT, settings={"direct": False})
    message, comment = _parsed(DIRECT["text"][0], COMMENTS["comment"][0], account=closed)
    assert (message.kind, message.thread) == ("other", PSID)
    assert comment.kind == "comment"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "time",
                    "messaging",
                    "changes",
                    "sender",
                    "recipient",
                    "message",
                    "mid",
                    "text",
                    "timestamp",
                    "value",
                    "field",
                    "item",
                    "verb",
                    "comment_id",
                    "post_id",
                    "from",
                    "attachments",
                    "payload",
                    "read",
                    "watermark",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_JSON, max_size=4))
def test_nothing_a_platform_may_invent_raises(entries: list[Any]) -> None:
    events = CONNECTOR.parse(ACCOUNT, json.dumps({"object": "page", "entry": entries}).encode())
    assert len(events) >= len(entries)
    assert all(event.key and event.thread and event.occurred_at.tzinfo for event in events)
