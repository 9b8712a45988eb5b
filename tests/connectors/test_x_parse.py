"""What X's webhooks and pages become. The payloads are written out as X sends them (docs.x.com, August 2026)."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Account, Attachment, BadPayload, InboundEvent, Person
from connectors.x import parse
from connectors.x.connector import XConnector
from connectors.x.pricing import cost_of_event

US = "1410000000000000001"
ANNA = "2222222222222222222"
NOW = datetime(2026, 11, 30, 9, 0, 5, tzinfo=UTC)
ANNA_PERSON = Person(ANNA, "Anna Bērziņa", "anna_berzina")

ANNA_USER: dict[str, Any] = {
    "public_metrics": {"followers_count": 97, "followers_count_str": "97", "following_count": 1, "tweet_count": 50},
    "username": "anna_berzina",
    "protected": False,
    "is_identity_verified": False,
    "verified_type": "none",
    "description": "",
    "created_at": "2026-04-20T19:55:59.000Z",
    "name": "Anna Bērziņa",
    "verified": False,
    "url": "",
    "id": ANNA,
}
OUR_USER: dict[str, Any] = {
    "username": "agentura_demo",
    "name": "Aģentūra (demo)",
    "verified": True,
    "verified_type": "government",
    "created_at": "2013-10-23T13:44:53.000Z",
    "id": US,
}
MENTION: dict[str, Any] = {
    "data": {
        "event_uuid": "2080765813578191303",
        "filter": {"user_id": US},
        "event_type": "post.mention.create",
        "tag": "pietura",
        "payload": {
            "paid_partnership": False,
            "created_at": "2026-07-24T21:23:23.000Z",
            "edit_history_tweet_ids": ["2080765813578191303"],
            "conversation_id": "2080765813578191303",
            "display_text_range": [0, 56],
            "edit_controls": {
                "edits_remaining": 5,
                "is_edit_eligible": True,
                "editable_until": "2026-07-24T22:23:23.000Z",
            },
            "text": "Vai @agentura_demo var pateikt, cik maksā pase &amp; kur?",
            "entities": {"mentions": [{"start": 4, "end": 18, "username": "agentura_demo", "id": US}]},
            "author_id": ANNA,
            "possibly_sensitive": False,
            "public_metrics": {"retweet_count": 0, "reply_count": 0, "like_count": 0, "quote_count": 0},
            "reply_settings": "everyone",
            "id": "2080765813578191303",
            "lang": "lv",
        },
        "includes": {"users": [ANNA_USER, OUR_USER]},
    }
}
OUR_POST: dict[str, Any] = {
    "id": "2080700000000000000",
    "author_id": US,
    "conversation_id": "2080700000000000000",
    "created_at": "2026-07-24T17:01:53.000Z",
    "text": "Jautājiet mums!",
    "edit_history_tweet_ids": ["2080700000000000000"],
}
REPLY: dict[str, Any] = {
    "data": {
        "event_uuid": "-6850472171600526495",
        "filter": {"user_id": US},
        "event_type": "post.reply.create",
        "tag": "pietura",
        "payload": {
            "created_at": "2026-07-24T21:25:00.000Z",
            "edit_history_tweet_ids": ["2080766220000000000"],
            "conversation_id": OUR_POST["id"],
            "display_text_range": [15, 39],
            "text": "@agentura_demo Un cik tas maksā bērnam?",
            "entities": {"mentions": [{"start": 0, "end": 14, "username": "agentura_demo", "id": US}]},
            "referenced_tweets": [{"type": "replied_to", "id": OUR_POST["id"]}],
            "in_reply_to_user_id": US,
            "author_id": ANNA,
            "reply_settings": "everyone",
            "id": "2080766220000000000",
            "lang": "lv",
        },
        "includes": {"users": [ANNA_USER, OUR_USER], "tweets": [OUR_POST]},
    }
}
OWN_POST: dict[str, Any] = {
    "data": {
        "event_uuid": "2080761390344937796",
        "filter": {"user_id": US},
        "event_type": "post.create",
        "tag": "pietura",
        "payload": {
            "lang": "lv",
            "created_at": "2026-07-24T21:05:48.000Z",
            "author_id": US,
            "reply_settings": "everyone",
            "id": "2080761390344937796",
            "edit_history_tweet_ids": ["2080761390344937796"],
            "conversation_id": "2080761390344937796",
            "text": "Pieteikumi līdz 1. decembrim: https://t.co/AbCdEfGhIj",
            "entities": {
                "urls": [
                    {
                        "start": 30,
                        "end": 53,
                        "url": "https://t.co/AbCdEfGhIj",
                        "expanded_url": "https://latvija.lv/pieteikumi",
                        "display_url": "latvija.lv/pieteikumi",
                    }
                ]
            },
        },
        "includes": {"users": [OUR_USER]},
    }
}
DM: dict[str, Any] = {
    "data": {
        "event_uuid": "-6850472171600526495",
        "filter": {"user_id": US},
        "event_type": "dm.received",
        "tag": "pietura",
        "payload": {
            "direct_message_events": [
                {
                    "type": "message_create",
                    "id": "2080765901528535096",
                    "created_timestamp": "1784928224372",
                    "message_create": {
                        "target": {"recipient_id": US},
                        "sender_id": ANNA,
                        "message_data": {
                            "text": "Labdien! 1 &lt; 2",
                            "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []},
                        },
                    },
                }
            ],
            "users": {ANNA: {"data": ANNA_USER}, US: {"data": OUR_USER}},
        },
    }
}
DM_AT = datetime(2026, 7, 24, 21, 23, 44, 372000, tzinfo=UTC)
READ: dict[str, Any] = {
    "data": {
        "event_uuid": "7155302018332000001",
        "filter": {"user_id": US},
        "event_type": "dm.read",
        "payload": {
            "direct_message_mark_read_events": [
                {
                    "created_timestamp": "1784928300000",
                    "sender_id": ANNA,
                    "target": {"recipient_id": US},
                    "last_read_event_id": "2080763914820927863",
                }
            ],
            "users": {ANNA: {"data": ANNA_USER}},
        },
    }
}
CHAT: dict[str, Any] = {
    "data": {
        "event_uuid": "8511582263942905822",
        "filter": {"user_id": US},
        "event_type": "chat.received",
        "payload": {
            "conversation_token": "eyJhbGciOiJIUzI1NiJ9.eyJyZXF1ZXN0aW5nVXN",
            "id": "e4f4d3fc-8bbf-4928-92eb-e5058d6bb6f6",
            "created_at_msec": "1784841183370",
            "sender_id": ANNA,
            "conversation_id": f"{ANNA}:{US}",
            "conversation_key_version": "1768236281331",
            "encoded_event": "CwABAAAAEzIwODA0MDA4MjUyMjcxMDAxNjALAAIA",
        },
    }
}


class Stopped:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


def account(**settings: object) -> Account:
    """Ours."""
    return Account("acc-1", "x", US, "Aģentūra", {}, settings)


def parsed(body: dict[str, Any], **settings: object) -> list[InboundEvent]:
    """What the connector reads."""
    return XConnector(Stopped()).parse(account(**settings), json.dumps(body).encode())


def one(body: dict[str, Any], **settings: object) -> InboundEvent:
    """The only event of a webhook."""
    (event,) = parsed(body, **settings)
    return event


def changed(body: dict[str, Any], **payload: Any) -> dict[str, Any]:
    """The same webhook with other fields in its payload; None takes one out."""
    made = copy.deepcopy(body)
    for name, value in payload.items():
        made["data"]["payload"][name] = value
        if value is None:
            del made["data"]["payload"][name]
    return made


def with_message(**message: Any) -> dict[str, Any]:
    """The direct message with other contents."""
    made = copy.deepcopy(DM)
    made["data"]["payload"]["direct_message_events"][0]["message_create"]["message_data"].update(message)
    return made


# --- posts --------------------------------------------------------------------------------------------------------------


def test_a_mention_is_a_comment_by_the_platforms_clock() -> None:
    event = one(MENTION)
    assert event == InboundEvent(
        key="post:2080765813578191303",
        kind="comment",
        occurred_at=datetime(2026, 7, 24, 21, 23, 23, tzinfo=UTC),
        thread="2080765813578191303",
        ref="2080765813578191303",
        text="Vai @agentura_demo var pateikt, cik maksā pase & kur?",
        author=ANNA_PERSON,
        post_ref="2080765813578191303",
        summoned=True,
        raw=MENTION["data"],
    )


def test_an_answer_stands_under_our_post_and_shows_no_hidden_names() -> None:
    event = one(REPLY)
    assert (event.kind, event.key, event.thread) == ("comment", "post:2080766220000000000", "2080766220000000000")
    assert (event.post_ref, event.parent_ref) == (OUR_POST["id"], None)
    assert event.text == "Un cik tas maksā bērnam?"
    assert event.summoned


def test_the_same_post_told_as_mention_as_reply_and_found_by_asking_has_one_key() -> None:
    as_mention = copy.deepcopy(REPLY)
    as_mention["data"] |= {"event_type": "post.mention.create", "event_uuid": "1"}
    page = {"data": [REPLY["data"]["payload"]], "includes": REPLY["data"]["includes"]}
    keys = {one(REPLY).key, one(as_mention).key, *(event.key for event in parse.mentions(US, page))}
    assert keys == {"post:2080766220000000000"}


def test_an_answer_to_an_answer_has_a_parent() -> None:
    nested = changed(REPLY, referenced_tweets=[{"type": "replied_to", "id": "2080766000000000000"}])
    event = one(nested)
    assert (event.post_ref, event.parent_ref) == (OUR_POST["id"], "2080766000000000000")


@pytest.mark.parametrize(
    ("changes", "summoned"),
    [
        ({}, True),
        ({"entities": {}}, False),
        ({"entities": {"mentions": [{"start": 0, "end": 6, "username": "novads", "id": "3"}]}}, False),
        # Without an id, by the name the account goes by.
        ({"entities": {"mentions": [{"start": 0, "end": 14, "username": "Agentura_Demo"}]}}, True),
        ({"note_tweet": {"text": "…", "entities": {"mentions": [{"username": "agentura_demo", "id": US}]}}}, True),
        ({"entities": {}, "referenced_tweets": [{"type": "quoted", "id": OUR_POST["id"]}]}, True),
        ({"entities": {}, "referenced_tweets": [{"type": "quoted", "id": "2080000000000000000"}]}, False),
    ],
)
def test_only_who_named_or_quoted_us_may_be_answered(changes: dict[str, Any], summoned: bool) -> None:
    assert one(changed(REPLY, **changes)).summoned is summoned


@pytest.mark.parametrize("name", ["post.mention.create", "post.quote.create"])
def test_mentions_and_quotes_are_summons_by_their_name(name: str) -> None:
    body = changed(MENTION, entities=None)
    body["data"]["event_type"] = name
    assert one(body).summoned


def test_a_quote_stands_under_the_post_it_quotes() -> None:
    body = changed(MENTION, entities=None, referenced_tweets=[{"type": "quoted", "id": OUR_POST["id"]}])
    body["data"]["event_type"] = "post.quote.create"
    assert one(body).post_ref == OUR_POST["id"]


def test_our_posts_are_posts_and_our_answers_echoes_never_citizens_words() -> None:
    post = one(OWN_POST)
    assert (post.kind, post.ref, post.thread) == ("post", "2080761390344937796", "2080761390344937796")
    assert post.text == "Pieteikumi līdz 1. decembrim: https://latvija.lv/pieteikumi"
    answer = changed(
        OWN_POST,
        conversation_id=OUR_POST["id"],
        referenced_tweets=[{"type": "replied_to", "id": "2080766220000000000"}],
    )
    echo = one(answer)
    assert (echo.kind, echo.thread, echo.ref) == ("echo", "2080766220000000000", "2080761390344937796")
    assert (echo.post_ref, echo.parent_ref) == (OUR_POST["id"], "2080766220000000000")
    as_reply = copy.deepcopy(answer)
    as_reply["data"]["event_type"] = "post.reply.create"
    assert one(as_reply).kind == "echo", "an answer of ours under our own post is told as a reply, too"


def test_an_edit_is_told_of_the_post_that_everybody_knows() -> None:
    event = one(
        changed(
            MENTION,
            id="2080765999999999999",
            edit_history_tweet_ids=["2080765813578191303", "2080765999999999999"],
            text="@agentura_demo cik maksā pase bērnam?",
        )
    )
    assert (event.kind, event.ref, event.thread) == ("edited", "2080765813578191303", "2080765813578191303")
    assert event.key == "post:2080765999999999999"
    assert event.text == "cik maksā pase bērnam?"


def test_a_deletion() -> None:
    body = {
        "data": {
            "event_uuid": "-2781149976877970683",
            "filter": {"user_id": US},
            "event_type": "post.delete",
            "payload": {"id": "2080761269309813134", "author_id": US},
            "includes": {"users": [{"data": OUR_USER}]},
        }
    }
    event = one(body)
    assert (event.kind, event.ref, event.key) == ("deleted", "2080761269309813134", "post.delete:2080761269309813134")
    assert event.author == Person(US, "Aģentūra (demo)", "agentura_demo")
    assert event.occurred_at == NOW


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"text": "@agentura_demo"}, "@agentura_demo"),
        ({"text": "@agentura_demo: cik maksā?"}, "cik maksā?"),
        ({"text": "@agentura_demo_2 cik maksā?"}, "@agentura_demo_2 cik maksā?"),
        ({"text": "&lt;b&gt; &amp;amp;"}, "<b> &amp;"),
        ({"text": "Īsi…", "note_tweet": {"text": "Gari, " + "ļoti " * 99 + "gari"}}, "Gari, " + "ļoti " * 99 + "gari"),
        (
            {
                "text": "@agentura_demo https://t.co/a https://t.co/b https://t.co/c",
                "entities": {
                    "mentions": [{"username": "agentura_demo", "id": US}],
                    "urls": [
                        {"url": "https://t.co/a", "expanded_url": "http://latvija.lv", "display_url": "latvija.lv"},
                        {"url": "https://t.co/b", "expanded_url": "https://e.lv/garais", "display_url": "e.lv/gar…"},
                        {"url": "https://t.co/c"},
                    ],
                },
            },
            "latvija.lv https://e.lv/garais https://t.co/c",
        ),
        ({"text": None}, ""),
        ({"display_text_range": ["x"]}, "Vai @agentura_demo var pateikt, cik maksā pase & kur?"),
    ],
)
def test_texts_are_as_readers_see_them(changes: dict[str, Any], text: str) -> None:
    assert one(changed(MENTION, **changes)).text == text


def test_a_post_of_pictures_keeps_them_and_not_their_links() -> None:
    body = changed(
        MENTION,
        text="@agentura_demo https://t.co/picture123",
        attachments={"media_keys": ["3_1", "7_2", "16_3", "9_9"], "poll_ids": ["5"]},
        geo={"place_id": "riga"},
        entities={
            "mentions": [{"start": 0, "end": 14, "username": "agentura_demo", "id": US}],
            "urls": [{"url": "https://t.co/picture123", "display_url": "pic.x.com/picture123", "media_key": "3_1"}],
        },
    )
    body["data"]["includes"]["media"] = [
        {"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/media/1.jpg", "alt_text": "Pase"},
        {"media_key": "7_2", "type": "video", "preview_image_url": "https://pbs.twimg.com/media/2.jpg"},
        {"media_key": "16_3", "type": "animated_gif"},
    ]
    event = one(body)
    assert event.attachments == (
        Attachment("image", "Pase", "https://pbs.twimg.com/media/1.jpg"),
        Attachment("video", url="https://pbs.twimg.com/media/2.jpg"),
        Attachment("video"),
        Attachment("other"),
        Attachment("other", "poll"),
        Attachment("location", "riga"),
    )
    assert event.text == "@agentura_demo"


def test_a_repost_asks_nobody_anything() -> None:
    event = one(changed(MENTION, referenced_tweets=[{"type": "retweeted", "id": "2080000000000000000"}]))
    assert (event.kind, event.key) == ("other", "post:2080765813578191303")


def test_an_author_whom_x_does_not_name() -> None:
    assert one(changed(MENTION, author_id=None)).author is None
    unknown = copy.deepcopy(MENTION)
    unknown["data"]["includes"] = {}
    assert one(unknown).author == Person(ANNA)


def test_without_a_time_the_id_tells_it() -> None:
    assert one(changed(MENTION, created_at=None)).occurred_at == datetime(2026, 7, 24, 21, 23, 23, 373000, tzinfo=UTC)


# --- direct messages ----------------------------------------------------------------------------------------------------


def test_a_direct_message() -> None:
    assert one(DM) == InboundEvent(
        key="dm:2080765901528535096",
        kind="message",
        occurred_at=DM_AT,
        thread=ANNA,
        ref="2080765901528535096",
        text="Labdien! 1 < 2",
        author=ANNA_PERSON,
        raw=DM["data"],
    )


def test_what_the_account_itself_wrote_is_an_echo_in_the_citizens_thread() -> None:
    body = copy.deepcopy(DM)
    body["data"]["event_type"] = "dm.sent"
    create = body["data"]["payload"]["direct_message_events"][0]["message_create"]
    create |= {"sender_id": US, "target": {"recipient_id": ANNA}}
    event = one(body)
    assert (event.kind, event.thread, event.by_us) == ("echo", ANNA, False)
    assert event.author == Person(US, "Aģentūra (demo)", "agentura_demo")


PICTURE: dict[str, Any] = {
    "type": "media",
    "media": {
        "id": "5",
        "type": "photo",
        "url": "https://t.co/dm12345678",
        "media_url_https": "https://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg",
    },
}
PLACE = {
    "type": "location",
    "location": {"type": "shared_place", "shared_place": {"place": {"full_name": "Rīga, Latvija"}}},
}
SHARED = {
    "url": "https://t.co/sh12345678",
    "expanded_url": "https://x.com/ritsriga/status/20807000",
    "display_url": "x.com/…",
}


@pytest.mark.parametrize(
    ("message", "text", "attachments"),
    [
        (
            {"text": "https://t.co/dm12345678", "attachment": PICTURE},
            "",
            (Attachment("image", url="https://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg"),),
        ),
        (
            {
                "text": "Lūk: https://t.co/dm12345678",
                "attachment": {**PICTURE, "media": {**PICTURE["media"], "type": "audio"}},
            },
            "Lūk:",
            (Attachment("audio", url="https://ton.twitter.com/1.1/ton/data/dm/1/2/a.jpg"),),
        ),
        (
            {"text": "", "attachment": {"type": "media", "media": {"type": "animated_gif"}}},
            "",
            (Attachment("video"),),
        ),
        ({"text": "", "attachment": {"type": "media", "media": {"type": "hologram"}}}, "", (Attachment("other"),)),
        ({"text": "", "attachment": PLACE}, "", (Attachment("location", "Rīga, Latvija"),)),
        (
            {"text": "https://t.co/sh12345678", "entities": {"urls": [SHARED]}},
            "",
            (Attachment("share", url="https://x.com/ritsriga/status/20807000"),),
        ),
        (
            {
                "text": "Skat. https://t.co/l1",
                "entities": {"urls": [{"url": "https://t.co/l1", "expanded_url": "https://latvija.lv"}]},
            },
            "Skat. https://latvija.lv",
            (),
        ),
    ],
)
def test_what_is_no_text_is_a_message_all_the_same(
    message: dict[str, Any], text: str, attachments: tuple[Attachment, ...]
) -> None:
    event = one(with_message(**message))
    assert (event.kind, event.text, event.attachments) == ("message", text, attachments)


def test_an_answer_chosen_from_buttons_has_its_payload() -> None:
    assert one(with_message(quick_reply_response={"type": "options", "metadata": "handoff"})).payload == "handoff"


def test_an_encrypted_message_is_not_lost_though_nobody_can_read_it() -> None:
    event = one(CHAT)
    assert (event.kind, event.thread, event.text) == ("message", ANNA, "")
    assert event.attachments == (Attachment("other", "encrypted"),)
    assert event.key == "chat:e4f4d3fc-8bbf-4928-92eb-e5058d6bb6f6"
    sent = changed(CHAT, sender_id=US)
    sent["data"]["event_type"] = "chat.sent"
    assert (one(sent).kind, one(sent).thread) == ("echo", ANNA)


def test_a_read_receipt_covers_all_until_it_was_read() -> None:
    event = one(READ)
    moment = datetime(2026, 7, 24, 21, 25, tzinfo=UTC)
    assert (event.kind, event.thread, event.watermark, event.ref) == ("read", ANNA, moment, "2080763914820927863")
    assert event.key == "7155302018332000001", "it has no id of its own"
    without = copy.deepcopy(READ)
    del without["data"]["event_uuid"]
    assert one(without).key == f"dm.read:{ANNA}:2080763914820927863"
    twice = copy.deepcopy(READ)
    twice["data"]["payload"]["direct_message_mark_read_events"] *= 2
    assert [read.key for read in parsed(twice)] == ["7155302018332000001", "7155302018332000001:1"]
    ours = copy.deepcopy(READ)
    ours["data"]["payload"]["direct_message_mark_read_events"][0]["sender_id"] = US
    assert one(ours).kind == "other"


def test_direct_messages_switched_off_are_kept_and_open_nothing() -> None:
    for body in (DM, READ, CHAT):
        (event,) = parsed(body, direct=False)
        assert event.kind == "other"
        assert event.raw == body["data"]
    assert one(MENTION, direct=False).kind == "comment"


# --- batches, other accounts, the unknown -------------------------------------------------------------------------------


def test_a_batch_is_handled_wholly() -> None:
    batch = {"data": [MENTION["data"], DM["data"], READ["data"], REPLY["data"]]}
    assert [event.kind for event in parsed(batch)] == ["comment", "message", "read", "comment"]
    several = copy.deepcopy(DM)
    messages = several["data"]["payload"]["direct_message_events"]
    messages.append({**messages[0], "id": "2080765901528535097"})
    assert [event.key for event in parsed(several)] == ["dm:2080765901528535096", "dm:2080765901528535097"]


def test_events_of_another_account_of_the_application_say_whose_they_are() -> None:
    body = copy.deepcopy(DM)
    body["data"]["filter"]["user_id"] = "1410000000000000002"
    body["data"]["payload"]["direct_message_events"][0]["message_create"]["target"]["recipient_id"] = (
        "1410000000000000002"
    )
    assert one(body).page_id == "1410000000000000002"
    assert one(body, direct=False).kind == "message", "its own settings decide, not those of the address it came to"
    assert one(DM).page_id is None
    own = copy.deepcopy(OWN_POST)
    own["data"]["filter"]["user_id"] = own["data"]["payload"]["author_id"] = "1410000000000000002"
    assert one(own).kind == "post", "whose words are whose depends on the account the event is of"


REVOKED = {
    "data": {
        "event_uuid": "5934540941047412905",
        "filter": {},
        "event_type": "oauth.revoke",
        "payload": {"date_time": "2026-07-23T21:44:05+00:00", "user_id": US, "app_id": "29820954"},
    }
}
FOLLOWED = {
    "data": {
        "event_uuid": "-7953119945885597316",
        "filter": {"user_id": US},
        "event_type": "follow.follow",
        "payload": {"source": {"data": ANNA_USER}, "target": {"data": OUR_USER}},
    }
}
UNKNOWN = {"data": {"event_type": "hologram.create", "filter": {"user_id": US}, "payload": {"id": "77", "shape": [1]}}}
WELCOME = copy.deepcopy(DM)
WELCOME["data"]["payload"]["direct_message_events"] = [{"type": "participants_join", "id": "12"}]


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (REVOKED, "5934540941047412905"),
        (FOLLOWED, "-7953119945885597316"),
        (UNKNOWN, "hologram.create:77"),
        (WELCOME, "dm.received:12"),
        ({"data": {"event_type": "dm.read", "filter": {"user_id": US}, "event_uuid": "4", "payload": {}}}, "4"),
    ],
)
def test_what_is_not_known_is_kept_with_all_it_says(body: dict[str, Any], key: str) -> None:
    event = one(body)
    assert (event.kind, event.key, event.raw) == ("other", key, body["data"])


def test_what_has_no_name_at_all_is_known_by_its_contents() -> None:
    first, again, other = one({"ping": 1}), one({"ping": 1}), one({"ping": 2})
    assert first.key == again.key != other.key
    assert first.kind == "other"


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b"\xff\xfe", "json"),
        (b"[" * 100_000, "json"),
        (b"[]", "body"),
        (b'"text"', "body"),
        (b'{"data": ["x"]}', "data"),
        (json.dumps(changed(MENTION, id=None)).encode(), "id"),
        (json.dumps(changed(MENTION, id="abc", created_at=None)).encode(), "id"),
        (json.dumps(changed(DM, direct_message_events="x")).encode(), "direct_message_events"),
        (json.dumps(changed(DM, direct_message_events=[{"type": "message_create", "id": "1"}])).encode(), "sender_id"),
        (json.dumps(changed(CHAT, sender_id=None)).encode(), "sender_id"),
    ],
)
def test_what_is_not_xs_says_where(raw: bytes, where: str) -> None:
    with pytest.raises(BadPayload) as caught:
        XConnector(Stopped()).parse(account(), raw)
    assert caught.value.where == where


@pytest.mark.parametrize("body", [MENTION, REPLY, OWN_POST, DM, READ, CHAT, UNKNOWN])
def test_whatever_x_leaves_out_or_spoils_nothing_but_a_bad_payload_comes_of_it(body: dict[str, Any]) -> None:
    """Every single value of the payload replaced by rubbish, one after the other."""

    def spoilt(value: Any) -> Any:
        rubbish: Any
        for rubbish in (None, 7, "x", [], {}, [None], True):
            if isinstance(value, dict):
                for name in value:
                    yield {**value, name: rubbish}
            elif isinstance(value, list):
                yield [rubbish, *value[1:]]
        children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name, child in children:
            for changed_child in spoilt(child):
                made = copy.copy(value)
                made[name] = changed_child
                yield made

    tried = 0
    for broken in spoilt(body):
        tried += 1
        try:
            events = parsed(broken)
        except BadPayload:
            continue
        assert all(event.key and isinstance(event.text, str) for event in events)
    assert tried > 50


# --- pages that were asked for ------------------------------------------------------------------------------------------

FETCHED: dict[str, Any] = {
    "data": [
        {
            "id": "2080765901528535096",
            "event_type": "MessageCreate",
            "created_at": "2026-07-24T21:23:44.000Z",
            "dm_conversation_id": f"{US}-{ANNA}",
            "sender_id": ANNA,
            "text": "Labdien! 1 &lt; 2",
            "attachments": {"media_keys": ["3_9"]},
        },
        {
            "id": "2080763914820927863",
            "event_type": "MessageCreate",
            "created_at": "2026-07-24T21:15:50.000Z",
            "dm_conversation_id": f"{US}-{ANNA}",
            "sender_id": US,
            "text": "Sveiki!",
        },
        {
            "id": "2080763914820927862",
            "event_type": "MessageCreate",
            "dm_conversation_id": "1582103724607971328",
            "sender_id": ANNA,
            "text": "Grupā",
        },
        {"id": "2080763914820927861", "event_type": "ParticipantsJoin", "dm_conversation_id": f"{US}-{ANNA}"},
    ],
    "includes": {
        "users": [ANNA_USER, OUR_USER],
        "media": [{"media_key": "3_9", "type": "photo", "url": "https://ton.twitter.com/9"}],
    },
    "meta": {"result_count": 4},
}


def test_direct_messages_that_were_asked_for() -> None:
    message, echo, group, joined = parse.direct_messages(US, FETCHED)
    assert (message.kind, message.key, message.thread) == ("message", one(DM).key, ANNA)
    assert (message.text, message.author) == ("Labdien! 1 < 2", ANNA_PERSON)
    assert message.attachments == (Attachment("image", url="https://ton.twitter.com/9"),)
    assert (echo.kind, echo.thread, echo.ref) == ("echo", ANNA, "2080763914820927863")
    assert (group.kind, joined.kind) == ("other", "other"), "a group cannot be answered"


def test_pages_without_anything() -> None:
    assert parse.mentions(US, {"meta": {"result_count": 0}}) == []
    assert parse.direct_messages(US, {"data": [], "meta": {"result_count": 0}}) == []
    with pytest.raises(BadPayload):
        parse.mentions(US, {"data": "x"})


@pytest.mark.parametrize(
    ("event", "cost"),
    [
        (one(MENTION), 0.005),
        (one(REPLY), 0.005),
        (one(DM), 0.01),
        (one(CHAT), 0.01),
        (one(READ), 0.0),
        (one(UNKNOWN), 0.0),
        (parse.direct_messages(US, FETCHED)[0], 0.01),
        (parse.mentions(US, {"data": [MENTION["data"]["payload"]]})[0], 0.001),
    ],
)
def test_being_told_costs_as_well(event: InboundEvent, cost: float) -> None:
    assert cost_of_event(event) == cost
