"""From X's JSON to events: what a webhook tells, and pages of mentions and of direct messages that were asked for.

Pure functions. The shapes are those of docs.x.com (x-api/activity/event-payloads, data-dictionary), read in August 2026.

Keys. A post is told as often as it matches a subscription (a mention that is a reply comes twice, with two
``event_uuid``), and is found once more by asking; so is a direct message. What has an id of its own is therefore known by
it (``post:<id>``, ``dm:<id>``), and only what has none by X's ``event_uuid``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from handoff.channels.ports import Attachment, BadPayload, InboundEvent, Person

#: Events by which a citizen's post reaches us.
_POSTS = frozenset({"post.create", "post.mention.create", "post.reply.create", "post.quote.create"})
#: Whoever is told so has been addressed by name, or quoted (docs.x.com, posts/manage-tweets/introduction).
_SUMMONS = frozenset({"post.mention.create", "post.quote.create"})
_DIRECT = frozenset({"dm.received", "dm.sent"})
_CHAT = frozenset({"chat.received", "chat.sent"})

#: X's ids carry the instant in which they were given, in milliseconds from this one (4 November 2010).
_IDS_BEGIN = datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)
_MEDIA = {"photo": "image", "video": "video", "animated_gif": "video", "audio": "audio"}
#: X escapes these three in every text and nothing else.
_ESCAPED = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_ON_X = ("pic.x.com/", "pic.twitter.com/")
#: A post that was passed on in a direct message stands in its text as an address.
_SHARED = re.compile(r"https?://(?:\w+\.)?(?:x|twitter)\.com/\w+/status/\d+")

Json = Mapping[str, Any]


@dataclass(frozen=True)
class _Told:
    """What surrounds an object: by which event, about whose account, with which related objects."""

    own: str
    page_id: str | None
    event: str
    raw: Json
    users: Mapping[str, Person]
    media: Mapping[str, Json]
    quoted_own: frozenset[str]


def webhook(own: str, raw: bytes, *, direct: bool, now: datetime) -> list[InboundEvent]:
    """Everything a webhook tells, in its order.

    Args:
        own: X's id of the account the webhook came for.
        direct: whether direct messages are served; otherwise they are kept as ``other``.
        now: the time of events that carry none.

    Raises:
        BadPayload: not JSON, not X's envelope, or a post or message without what makes it one.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadPayload("json") from error
    if not isinstance(body, dict):
        raise BadPayload("body")
    data = body.get("data")
    found: list[InboundEvent] = []
    for one in data if isinstance(data, list) else [data if isinstance(data, dict) else body]:
        if not isinstance(one, dict):
            raise BadPayload("data")
        found += _event(own, one, direct, now)
    return found


def mentions(own: str, page: Json) -> list[InboundEvent]:
    """The posts of a page of ``GET /2/users/:id/mentions``, as they stand in it (newest first).

    Raises:
        BadPayload: the page is not what X sends.
    """
    includes = _object(page.get("includes"))
    return [
        _post(_told(own, None, "", post, includes), post) for post in _objects(page.get("data"), "data")
    ]  # fmt: skip


def direct_messages(own: str, page: Json) -> list[InboundEvent]:
    """The messages of a page of ``GET /2/dm_events``, as they stand in it (newest first).

    Raises:
        BadPayload: the page is not what X sends.
    """
    includes = _object(page.get("includes"))
    return [
        _fetched_message(_told(own, None, "", message, includes), message)
        for message in _objects(page.get("data"), "data")
    ]


# --- webhooks -----------------------------------------------------------------------------------------------------------


def _event(own: str, event: Json, direct: bool, now: datetime) -> list[InboundEvent]:
    name = str(event.get("event_type") or "")
    payload = _object(event.get("payload"))
    # A revoked authorization has an empty filter, and the account in its payload.
    whose = _id(_object(event.get("filter")).get("user_id")) or _id(payload.get("user_id")) or own
    page_id = whose if whose != own else None
    # Whether another account serves direct messages is not known here; its events are passed on as they are.
    direct = direct or page_id is not None
    told = _told(whose, page_id, name, event, _object(event.get("includes")), _object(payload.get("users")))
    if name in _POSTS:
        return [_post(told, payload)]
    if name == "post.delete":
        return [_deleted(told, payload, now)]
    if direct and name in _DIRECT:
        return [
            _message(told, one, now) for one in _objects(payload.get("direct_message_events"), "direct_message_events")
        ]
    if direct and name in _CHAT:
        return [_encrypted(told, payload)]
    if direct and name == "dm.read":
        reads = _listed(payload.get("direct_message_mark_read_events"))
        return [_read(told, one, at, now) for at, one in enumerate(reads)] if reads else [_other(told, payload, now)]
    return [_other(told, payload, now)]


def _told(own: str, page_id: str | None, event: str, raw: Json, includes: Json, users: Json | None = None) -> _Told:
    people = {person.id: person for person in map(_person, _listed(includes.get("users"))) if person}
    for key, value in (users or {}).items():
        person = _person({"id": key, **_object(value)})
        if person:
            people[person.id] = person
    quoted = {
        str(post["id"])
        for post in _listed(includes.get("tweets"))
        if "id" in post and _id(post.get("author_id")) == own
    }  # fmt: skip
    media = {str(one["media_key"]): one for one in _listed(includes.get("media")) if "media_key" in one}
    return _Told(own, page_id, event, raw, people, media, frozenset(quoted))


def _other(told: _Told, payload: Json, now: datetime, key: str | None = None) -> InboundEvent:
    """Of no consequence, or of a type that this version does not know: kept for the record."""
    uuid, named = _id(told.raw.get("event_uuid")), _id(payload.get("id"))
    if key is None and named is not None and uuid is None:
        key = f"{told.event}:{named}"
    digest = hashlib.sha256(json.dumps(told.raw, sort_keys=True).encode()).hexdigest()[:32]
    return InboundEvent(
        key=key or uuid or f"{told.event or 'unknown'}:{digest}",
        kind="other",
        occurred_at=_instant(payload.get("created_at")) or _millis(payload.get("timestamp_ms")) or now,
        thread=told.own,
        ref=named,
        page_id=told.page_id,
        raw=told.raw,
    )


# --- posts --------------------------------------------------------------------------------------------------------------


def _post(told: _Told, post: Json) -> InboundEvent:
    """A post: a citizen's is a comment, ours is a post or an answer.

    An edited post is a new one that knows the ids it had before; the oldest is what everybody else knows it by.
    """
    ref = _required(post, "id")
    versions = [one for one in _ids(post.get("edit_history_tweet_ids")) if one.isdecimal()]
    first = min([*versions, ref], key=lambda one: (len(one), one))
    author = _id(post.get("author_id"))
    references = {str(one.get("type")): _id(one.get("id")) for one in _listed(post.get("referenced_tweets"))}
    answers, quotes = references.get("replied_to"), references.get("quoted")
    quotes_us = quotes in told.quoted_own or told.event == "post.quote.create"
    # What answers nothing stands under itself; a quote under the post of ours that it quotes.
    under = quotes if quotes and quotes_us and answers is None else _id(post.get("conversation_id")) or first
    own = author == told.own
    if "retweeted" in references:
        return _repost(told, post, ref)
    return InboundEvent(
        key=f"post:{ref}",
        kind=("post" if answers is None else "echo") if own else "edited" if first != ref else "comment",
        occurred_at=_instant(post.get("created_at")) or _instant_of_id(ref),
        thread=answers if own and answers else first,
        ref=first,
        text=_post_text(told, post),
        author=_author(told, author),
        attachments=_post_attachments(told, post),
        post_ref=under,
        parent_ref=answers if own or answers != under else None,
        summoned=not own and (told.event in _SUMMONS or quotes_us or bool(_names_of_own(told, post))),
        page_id=told.page_id,
        raw=told.raw,
    )


def _repost(told: _Told, post: Json, ref: str) -> InboundEvent:
    """Somebody passed a post on: his readers see it, and nobody is asked anything."""
    return InboundEvent(
        key=f"post:{ref}",
        kind="other",
        occurred_at=_instant(post.get("created_at")) or _instant_of_id(ref),
        thread=ref,
        ref=ref,
        author=_author(told, _id(post.get("author_id"))),
        page_id=told.page_id,
        raw=told.raw,
    )


def _deleted(told: _Told, payload: Json, now: datetime) -> InboundEvent:
    ref = _required(payload, "id")
    return InboundEvent(
        key=f"post.delete:{ref}",
        kind="deleted",
        occurred_at=_instant(payload.get("created_at")) or _millis(payload.get("timestamp_ms")) or now,
        thread=ref,
        ref=ref,
        author=_author(told, _id(payload.get("author_id"))),
        page_id=told.page_id,
        raw=told.raw,
    )


def _names_of_own(told: _Told, post: Json) -> set[str]:
    """How the post names the account; by its handle where X does not say whose a name is. Empty if it does not."""
    own = told.users.get(told.own)
    handle = (own.handle or "").casefold() if own else ""
    long = _object(_object(post.get("note_tweet")).get("entities"))
    named = [*_listed(_object(post.get("entities")).get("mentions")), *_listed(long.get("mentions"))]
    return {
        name
        for one in named
        if (name := str(one.get("username") or "").casefold())
        and (_id(one.get("id")) == told.own or (one.get("id") is None and name == handle))
    }


def _post_text(told: _Told, post: Json) -> str:
    """The text as readers see it: long posts whole, addresses written out, without the names that an answer begins with.

    The account's own name at the beginning is an address as well, unless there is nothing else.
    """
    long = _object(post.get("note_tweet"))
    text = str(long.get("text") or post.get("text") or "")
    shown = post.get("display_text_range")
    if isinstance(shown, list) and shown and isinstance(shown[0], int) and 0 < shown[0] < len(text):
        text = text[shown[0] :]
    entities = _object(long.get("entities")) or _object(post.get("entities"))
    text = _plain(text, _listed(entities.get("urls")) + _listed(_object(post.get("entities")).get("urls")))
    for name in _names_of_own(told, post):
        text = re.sub(rf"\A@{re.escape(name)}\b[\s,:]*(?=\S)", "", text, flags=re.IGNORECASE)
    return text


def _plain(text: str, urls: Iterable[Json]) -> str:
    for url in urls:
        short, whole = str(url.get("url") or ""), _as_written(url)
        if short and (url.get("media_key") or str(url.get("display_url") or "").startswith(_ON_X)):
            text = text.replace(short, "")  # the picture itself is an attachment
        elif short and whole:
            text = text.replace(short, whole)
    for written, meant in _ESCAPED:
        text = text.replace(written, meant)
    return text.strip()


def _as_written(url: Json) -> str:
    """An address as its writer put it: X makes ``http://latvija.lv`` of ``latvija.lv``."""
    whole, shown = str(url.get("expanded_url") or ""), str(url.get("display_url") or "")
    return shown if shown and whole == f"http://{shown}" else whole


def _post_attachments(told: _Told, post: Json) -> tuple[Attachment, ...]:
    attached = _object(post.get("attachments"))
    found = [_media(told, key) for key in _ids(attached.get("media_keys"))]
    found += [Attachment("other", name="poll") for _ in _ids(attached.get("poll_ids"))]
    place = _object(post.get("geo")).get("place_id")
    if place:
        found.append(Attachment("location", name=str(place)))
    return tuple(found)


def _media(told: _Told, key: str) -> Attachment:
    one = told.media.get(key, {})
    kind = _MEDIA.get(str(one.get("type")), "other")
    url = one.get("url") or one.get("preview_image_url")
    return Attachment(kind, name=str(one.get("alt_text") or "") or None, url=str(url) if url else None)


# --- direct messages ----------------------------------------------------------------------------------------------------


def _message(told: _Told, message: Json, now: datetime) -> InboundEvent:
    """A direct message as webhooks tell it, in the shape that X kept from its first API."""
    if message.get("type") != "message_create":
        return _other(told, message, now, key=f"{told.event}:{_id(message.get('id'))}" if message.get("id") else None)
    ref = _required(message, "id")
    create = _object(message.get("message_create"))
    sender = _required(create, "sender_id")
    recipient = _id(_object(create.get("target")).get("recipient_id"))
    data = _object(create.get("message_data"))
    own = sender == told.own
    if own and recipient is None:
        raise BadPayload("recipient_id")
    urls = _listed(_object(data.get("entities")).get("urls"))
    answered = _object(data.get("quick_reply_response")).get("metadata")
    return InboundEvent(
        key=f"dm:{ref}",
        kind="echo" if own else "message",
        occurred_at=_millis(message.get("created_timestamp")) or _instant_of_id(ref),
        thread=recipient if own and recipient else sender,
        ref=ref,
        text=_plain(str(data.get("text") or ""), [*_picture_links(data), *_without_shared(urls)]),
        author=_author(told, sender),
        attachments=(*_message_attachments(data), *_shared(urls)),
        payload=str(answered) if answered else None,
        page_id=told.page_id,
        raw=told.raw,
    )


def _message_attachments(data: Json) -> tuple[Attachment, ...]:
    attached = _object(data.get("attachment"))
    if not attached:
        return ()
    if attached.get("type") == "location":
        place = _object(_object(attached.get("location")).get("shared_place")).get("place")
        return (Attachment("location", name=str(_object(place).get("full_name") or "") or None),)
    media = _object(attached.get("media"))
    kind = _MEDIA.get(str(media.get("type")), "other")
    url = media.get("media_url_https")
    return (Attachment(kind, url=str(url) if url else None),)


def _picture_links(data: Json) -> list[Json]:
    """X repeats an attached picture as a link in the text."""
    media = _object(_object(data.get("attachment")).get("media"))
    return [{"url": media["url"], "media_key": "attached"}] if media.get("url") else []


def _shared(urls: Iterable[Json]) -> list[Attachment]:
    addresses = [str(url.get("expanded_url") or "") for url in urls]
    return [Attachment("share", url=address) for address in addresses if _SHARED.match(address)]


def _without_shared(urls: Iterable[Json]) -> list[Json]:
    """The same, with shared posts marked as what stands beside the text."""
    return [
        {**url, "media_key": "shared"} if _SHARED.match(str(url.get("expanded_url") or "")) else url for url in urls
    ]


def _fetched_message(told: _Told, message: Json) -> InboundEvent:
    """A direct message as ``GET /2/dm_events`` tells it."""
    ref = _required(message, "id")
    when = _instant(message.get("created_at")) or _instant_of_id(ref)
    sender = _id(message.get("sender_id"))
    # Conversations of two are named by both of them; groups have a number of their own, and cannot be answered.
    pair = str(message.get("dm_conversation_id") or "").split("-")
    others = [one for one in pair if one != told.own] if len(pair) == 2 else []
    if message.get("event_type", "MessageCreate") != "MessageCreate" or sender is None or not others:
        return InboundEvent(
            key=f"dm:{ref}", kind="other", occurred_at=when, thread=told.own, ref=ref, raw=told.raw
        )  # fmt: skip
    own = sender == told.own
    keys = _ids(_object(message.get("attachments")).get("media_keys"))
    urls = _listed(message.get("urls")) or _listed(_object(message.get("entities")).get("urls"))
    return InboundEvent(
        key=f"dm:{ref}",
        kind="echo" if own else "message",
        occurred_at=when,
        thread=others[0] if own else sender,
        ref=ref,
        text=_plain(str(message.get("text") or ""), _without_shared(urls)),
        author=_author(told, sender),
        attachments=(*(_media(told, key) for key in keys), *_shared(urls)),
        raw=told.raw,
    )


def _encrypted(told: _Told, payload: Json) -> InboundEvent:
    """A message of X's encrypted chat: that somebody wrote is known, what he wrote is not."""
    ref = _required(payload, "id")
    sender = _required(payload, "sender_id")
    own = sender == told.own
    pair = str(payload.get("conversation_id") or "").replace(":", "-").split("-")
    others = [one for one in pair if one != told.own]
    if own and not others:
        raise BadPayload("conversation_id")
    return InboundEvent(
        key=f"chat:{ref}",
        kind="echo" if own else "message",
        occurred_at=_millis(payload.get("created_at_msec")) or _instant_of_id(ref),
        thread=others[0] if own else sender,
        ref=ref,
        author=_author(told, sender),
        attachments=(Attachment("other", name="encrypted"),),
        page_id=told.page_id,
        raw=told.raw,
    )


def _read(told: _Told, one: Json, at: int, now: datetime) -> InboundEvent:
    """A citizen has read what we wrote, up to the instant of reading."""
    reader, when = _id(one.get("sender_id")), _millis(one.get("created_timestamp"))
    uuid, last = _id(told.raw.get("event_uuid")), _id(one.get("last_read_event_id"))
    key = (f"{uuid}:{at}" if at else uuid) or f"dm.read:{reader}:{last}"
    if reader is None or reader == told.own:
        return _other(told, one, now, key=key)
    return InboundEvent(
        key=key,
        kind="read",
        occurred_at=when or now,
        thread=reader,
        ref=last,
        author=_author(told, reader),
        watermark=when or now,
        page_id=told.page_id,
        raw=told.raw,
    )


# --- small things -------------------------------------------------------------------------------------------------------


def _author(told: _Told, who: str | None) -> Person | None:
    return None if who is None else told.users.get(who) or Person(who)


def _person(user: Json) -> Person | None:
    """A user, in one of X's three shapes: as he is, within ``data``, or with the names of the first API."""
    inner = {**user, **_object(user.get("data"))}
    who = _id(inner.get("id"))
    handle = inner.get("username") or inner.get("screen_name")
    name = inner.get("name")
    return Person(who, str(name) if name else None, str(handle) if handle else None) if who else None


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _objects(value: Any, where: str) -> list[Json]:
    """The objects of a list; nothing at all is an empty list, as on X's pages without a result."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadPayload(where)
    return value


def _id(value: Any) -> str | None:
    """An id; X writes them as strings, and in a few old places as numbers."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def _ids(value: Any) -> list[str]:
    """The ids of a list; what is none is left out."""
    return [one for one in map(_id, value) if one is not None] if isinstance(value, list) else []


def _required(value: Json, name: str) -> str:
    found = _id(value.get(name))
    if found is None:
        raise BadPayload(name)
    return found


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _millis(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(value) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _instant_of_id(ref: str) -> datetime:
    """When an id was given; X's time of everything that carries no other.

    Raises:
        BadPayload: it is no id.
    """
    try:
        return _IDS_BEGIN + timedelta(milliseconds=int(ref) >> 22)
    except (ValueError, OverflowError) as error:
        raise BadPayload("id") from error
