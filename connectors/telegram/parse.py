"""From Telegram's updates to inbound events. Pure functions: the same update gives the same event.

Source of the shapes: https://core.telegram.org/bots/api#update and #message (Bot API 10.3). An update is one object, and a
webhook carries one update.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeGuard

import orjson

from connectors.telegram.links import without_token
from handoff.channels.ports import Attachment, BadPayload, InboundEvent, Person

type Json = Mapping[str, Any]

#: What a button carries whose payload is longer than Telegram allows: its place; its title then stands for it.
PLACE = "#"

_FILES = {
    "video": "video",
    "animation": "video",
    "video_note": "video",
    "audio": "audio",
    "voice": "audio",
    "document": "file",
}
# Content that nobody here can look into, but that a person sent: it is shown as such.
_OPAQUE = ("poll", "dice", "game", "invoice", "paid_media", "checklist", "giveaway")
# Telegram itself reports something in the chat; nobody wrote. (In groups there are more, and groups are not served.)
_SERVICE = frozenset(
    {
        "boost_added",
        "chat_background_set",
        "chat_shared",
        "checklist_tasks_added",
        "checklist_tasks_done",
        "connected_website",
        "delete_chat_photo",
        "gift",
        "gift_upgrade_sent",
        "giveaway_completed",
        "giveaway_created",
        "giveaway_winners",
        "message_auto_delete_timer_changed",
        "new_chat_photo",
        "passport_data",
        "pinned_message",
        "proximity_alert_triggered",
        "refunded_payment",
        "successful_payment",
        "unique_gift",
        "users_shared",
        "web_app_data",
        "write_access_allowed",
    }
)


def read_update(raw: bytes) -> Json:
    """The update in a webhook's body.

    Raises:
        BadPayload: not JSON, not an object, or without ``update_id``.
    """
    try:
        update = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise BadPayload("body: not JSON") from None
    if not isinstance(update, dict):
        raise BadPayload("body: not an object")
    if not _whole(update.get("update_id")):
        raise BadPayload("update_id")
    return update


def event_of(update: Json, *, own_id: str, now: datetime) -> InboundEvent:
    """What an update tells.

    Args:
        own_id: the bot's own id: what it wrote itself is an echo.
        now: the moment of arrival, for updates that carry no time of their own (a pressed button, an unknown type).

    Raises:
        BadPayload: an update of a known type lacks what Telegram always sends.
    """
    if "message" in update:
        return _said(update, "message", "message", own_id)
    if "edited_message" in update:
        return _said(update, "edited_message", "edited", own_id)
    if "callback_query" in update:
        return _pressed(update, _object(update, "callback_query"), now)
    if "my_chat_member" in update:
        return _membership(update, _object(update, "my_chat_member"))
    return other(update, now)


def other(update: Json, now: datetime, thread: str = "") -> InboundEvent:
    """An update of no consequence, kept for the record; also of types that are not known here."""
    return InboundEvent(key=_key(update), kind="other", occurred_at=now, thread=thread, raw=update)


def person_of(user: Json) -> Person:
    """Who a Telegram user is: id, name as he gives it, username without @."""
    name = " ".join(part for part in (user.get("first_name"), user.get("last_name")) if isinstance(part, str) and part)
    handle = user.get("username")
    return Person(id=str(user["id"]), name=name or None, handle=handle if isinstance(handle, str) else None)


def message_ref(chat_id: int | str, message_id: int | str) -> str:
    """Our reference to a message: message ids are unique within a chat only."""
    return f"{chat_id}:{message_id}"


def callback_id(event: InboundEvent) -> str | None:
    """Id of the button press that must be answered, or else the button keeps spinning; None for other events."""
    query = event.raw.get("callback_query")
    found = query.get("id") if isinstance(query, Mapping) else None
    return found if isinstance(found, str) else None


def _said(update: Json, where: str, kind: Literal["message", "edited"], own_id: str) -> InboundEvent:
    message = _object(update, where)
    chat = _object(message, "chat", where)
    chat_id, message_id = _number(chat, "id", f"{where}.chat"), _number(message, "message_id", where)
    sent_at = _moment(message, "date", where)
    if chat.get("type") != "private":
        return other(update, sent_at, str(chat_id))
    author = message.get("from")
    author = author if isinstance(author, Mapping) and _whole(author.get("id")) else None
    text = message.get("text") or message.get("caption") or ""
    if not isinstance(text, str):
        raise BadPayload(f"{where}.text")
    attachments = _attachments(message)
    ours = author is not None and str(author["id"]) == own_id
    if not ours and author is not None and author.get("is_bot") is True:
        # Two bots that answer each other never end.
        return other(update, sent_at, str(chat_id))
    if not text and not attachments:
        if not _SERVICE.isdisjoint(message):
            return other(update, sent_at, str(chat_id))
        # Something that Telegram has and we do not know: it is shown as such, it must not vanish.
        attachments = (Attachment("other"),)
    shown, token = without_token(text)
    edited_at = _moment(message, "edit_date", where) if kind == "edited" and "edit_date" in message else sent_at
    return InboundEvent(
        key=_key(update),
        kind="echo" if ours else kind,
        occurred_at=edited_at,
        thread=str(chat_id),
        ref=message_ref(chat_id, message_id),
        text=shown,
        author=None if author is None else person_of(author),
        attachments=attachments,
        by_us=ours,
        # A token proves something when it is handed over, not when somebody writes it into an old message.
        token=token if kind == "message" and not ours else None,
        raw=update,
    )


def _pressed(update: Json, query: Json, now: datetime) -> InboundEvent:
    """A button was pressed. Telegram gives no time for it: the message's is that of the question."""
    author = _object(query, "from", "callback_query")
    _number(author, "id", "callback_query.from")
    data, message = query.get("data"), query.get("message")
    chat = message.get("chat") if isinstance(message, Mapping) else None
    if not isinstance(data, str) or not isinstance(message, Mapping) or not isinstance(chat, Mapping):
        # Of a game, or of a message that was sent through another chat: none of our buttons.
        return other(update, now)
    chat_id = _number(chat, "id", "callback_query.message.chat")
    if chat.get("type") != "private":
        return other(update, now, str(chat_id))
    title = _title(message, data)
    by_place = data.startswith(PLACE)
    return InboundEvent(
        key=_key(update),
        kind="message",
        occurred_at=now,
        thread=str(chat_id),
        ref=f"press:{query.get('id')}",
        # Of an inaccessible message the buttons are gone; what was pressed must not vanish with them.
        text=title or ("" if by_place else data),
        author=person_of(author),
        attachments=(Attachment("other"),) if by_place and not title else (),
        payload=None if by_place else data,
        raw=update,
    )


def _membership(update: Json, change: Json) -> InboundEvent:
    """In a private chat Telegram tells so that the bot was blocked (``kicked``) or unblocked."""
    where = "my_chat_member"
    chat = _object(change, "chat", where)
    chat_id, at = _number(chat, "id", f"{where}.chat"), _moment(change, "date", where)
    status = _object(change, "new_chat_member", where).get("status")
    if chat.get("type") != "private" or status not in ("kicked", "member"):
        return other(update, at, str(chat_id))
    author = _object(change, "from", where)
    _number(author, "id", f"{where}.from")
    return InboundEvent(
        key=_key(update),
        kind="blocked" if status == "kicked" else "unblocked",
        occurred_at=at,
        thread=str(chat_id),
        author=person_of(author),
        raw=update,
    )


def _attachments(message: Json) -> tuple[Attachment, ...]:
    """What came besides text. Without addresses: Telegram's have the bot's token in them."""
    found: list[Attachment] = []
    sizes = message.get("photo")
    if isinstance(sizes, list) and sizes and isinstance(sizes[-1], Mapping):
        # The same picture in several sizes, the largest last.
        found.append(Attachment("image", size=_count(sizes[-1].get("file_size"))))
    for name, kind in _FILES.items():
        thing = message.get(name)
        # An animation comes as a document too, for old clients.
        if isinstance(thing, Mapping) and not (name == "document" and "animation" in message):
            found.append(Attachment(kind, name=_text(thing.get("file_name")), size=_count(thing.get("file_size"))))
    found += _things(message)
    return tuple(found)


def _things(message: Json) -> list[Attachment]:
    """Attachments that are no files: their name says what they are."""
    found: list[Attachment] = []
    sticker, contact = message.get("sticker"), message.get("contact")
    if isinstance(sticker, Mapping):
        found.append(Attachment("sticker", name=_text(sticker.get("emoji"))))
    if isinstance(contact, Mapping):
        parts = (contact.get("first_name"), contact.get("last_name"), contact.get("phone_number"))
        found.append(Attachment("contact", name=" ".join(p for p in parts if isinstance(p, str) and p) or None))
    venue, place = message.get("venue"), message.get("location")
    if isinstance(venue, Mapping):
        # A venue has its location beside it as well.
        at = (venue.get("title"), venue.get("address"))
        found.append(Attachment("location", name=", ".join(p for p in at if isinstance(p, str) and p) or None))
    elif isinstance(place, Mapping):
        found.append(Attachment("location", name=f"{place.get('latitude')}, {place.get('longitude')}"))
    if "story" in message:
        found.append(Attachment("share"))
    for name in _OPAQUE:
        thing = message.get(name)
        if thing is not None:
            told = thing if isinstance(thing, Mapping) else {}
            found.append(
                Attachment("other", name=_text(told.get("question") or told.get("title") or told.get("emoji")))
            )
    return found


def _title(message: Json, data: str) -> str:
    """What stands on the button with this data, or nothing."""
    markup = message.get("reply_markup")
    rows = markup.get("inline_keyboard") if isinstance(markup, Mapping) else None
    for row in rows if isinstance(rows, list) else []:
        for button in row if isinstance(row, list) else []:
            if isinstance(button, Mapping) and button.get("callback_data") == data:
                return _text(button.get("text")) or ""
    return ""


def _key(update: Json) -> str:
    return f"u:{update['update_id']}"


def _object(holder: Json, name: str, where: str = "") -> Json:
    found = holder.get(name)
    if not isinstance(found, Mapping):
        raise BadPayload(f"{where}.{name}".lstrip("."))
    return found


def _number(holder: Json, name: str, where: str) -> int:
    found = holder.get(name)
    if not _whole(found):
        raise BadPayload(f"{where}.{name}")
    return found


def _moment(holder: Json, name: str, where: str) -> datetime:
    """An instant that Telegram writes in seconds since 1970."""
    try:
        return datetime.fromtimestamp(_number(holder, name, where), UTC)
    except (OverflowError, OSError, ValueError):
        raise BadPayload(f"{where}.{name}") from None


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _count(value: object) -> int | None:
    return value if _whole(value) and value >= 0 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
