"""Direct messages: Messenger's webhook events, and messages that were asked for.

Keys: ``m:<mid>`` for a message, an echo and a pressed button, ``m:<mid>:edit:<n>`` and ``m:<mid>:deleted`` for what
becomes of it, ``d:<watermark>:<person>`` for deliveries and the same with ``:read`` for reads.
"""

from __future__ import annotations

from datetime import datetime

from connectors.facebook.values import Json, digest, identifier, items, mapping, moment, text
from handoff.channels.ports import Attachment, EventKind, InboundEvent, Person

#: Messenger's kinds of attachment that are ours by another name; others count as ``other``.
_KINDS = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "file": "file",
    "location": "location",
    "fallback": "share",
    "share": "share",
    "template": "share",
    "post": "share",
    "reel": "share",
    "ig_reel": "share",
    "ig_post": "share",
    "story_mention": "share",
    "ig_story": "share",
    "contact": "contact",
}


def event(page_id: str, app_id: str, value: Json, sent_at: datetime) -> InboundEvent | None:
    """What an object of ``messaging`` or ``standby`` tells; None where it is nothing that we know.

    Args:
        page_id: the page whose webhook it is.
        app_id: our application; echoes with it are our own. Empty: none is.
        sent_at: the time for an event that carries none.
    """
    sender, recipient = (identifier(mapping(value.get(side)).get("id")) for side in ("sender", "recipient"))
    at = moment(value.get("timestamp")) or sent_at
    said = mapping(value.get("message"))
    mid = identifier(said.get("mid"))
    if said.get("is_echo") is True or (mid and sender == page_id):
        return _echo(app_id, mid, recipient, said, at)
    if sender is None:
        return None
    if said and mid:
        return _message(sender, mid, said, at)
    if "postback" in value:
        return _postback(sender, mapping(value["postback"]), at)
    if "message_edit" in value:
        return _edit(sender, mapping(value["message_edit"]), at)
    if (until := moment(mapping(value.get("delivery")).get("watermark"))) is not None:
        return _receipt("delivered", sender, at, until, "")
    if (until := moment(mapping(value.get("read")).get("watermark"))) is not None:
        return _receipt("read", sender, at, until, ":read")
    referral = mapping(value.get("referral"))
    if token := text(referral.get("ref")):
        # Somebody who has written before followed a link to the page (m.me/<page>?ref=<token>): no words, but evidence.
        key = f"r:{sender}:{round(at.timestamp() * 1000)}:{digest(token)}"
        return InboundEvent(key, "other", at, sender, author=Person(sender), token=token)
    return None


def found_message(page_id: str, person: Person, row: Json) -> InboundEvent | None:
    """A message as ``/{page}/conversations`` lists it; None where it cannot be read.

    Who sent a page's message, we or somebody in the Page Inbox, is not told here: ``by_us`` stays False.
    """
    mid, at = identifier(row.get("id")), moment(row.get("created_time"))
    if mid is None or at is None:
        return None
    attachments = tuple(_found_attachment(mapping(item)) for item in items(mapping(row.get("attachments")).get("data")))
    if text(row.get("sticker")):
        attachments = (Attachment("sticker", url=text(row["sticker"])),)
    written = text(row.get("message"))
    ours = identifier(mapping(row.get("from")).get("id")) == page_id
    if not written and not attachments and not ours:
        attachments = (Attachment("other"),)
    return InboundEvent(
        key=f"m:{mid}",
        kind="echo" if ours else "message",
        occurred_at=at,
        thread=person.id,
        ref=mid,
        text=written,
        author=None if ours else person,
        attachments=attachments,
    )


def _message(sender: str, mid: str, said: Json, at: datetime) -> InboundEvent:
    if said.get("is_deleted") is True:
        return InboundEvent(f"m:{mid}:deleted", "deleted", at, sender, ref=mid, author=Person(sender))
    written, attachments = text(said.get("text")), _attachments(said)
    if not written and not attachments:
        # ``is_unsupported`` and whatever comes next: the person wrote, so there is something to answer.
        attachments = (Attachment("other"),)
    return InboundEvent(
        key=f"m:{mid}",
        kind="message",
        occurred_at=at,
        thread=sender,
        ref=mid,
        text=written,
        author=Person(sender),
        attachments=attachments,
        payload=text(mapping(said.get("quick_reply")).get("payload")) or None,
        token=text(mapping(said.get("referral")).get("ref")) or None,
    )


def _echo(app_id: str, mid: str | None, recipient: str | None, said: Json, at: datetime) -> InboundEvent | None:
    if mid is None or recipient is None:
        return None
    return InboundEvent(
        key=f"m:{mid}",
        kind="echo",
        occurred_at=at,
        thread=recipient,
        ref=mid,
        text=text(said.get("text")),
        attachments=_attachments(said),
        by_us=bool(app_id) and identifier(said.get("app_id")) == app_id,
    )


def _postback(sender: str, pressed: Json, at: datetime) -> InboundEvent:
    mid, payload = identifier(pressed.get("mid")), text(pressed.get("payload"))
    key = f"m:{mid}" if mid else f"b:{sender}:{round(at.timestamp() * 1000)}:{digest(payload)}"
    return InboundEvent(
        key=key,
        kind="message",
        occurred_at=at,
        thread=sender,
        ref=mid,
        text=text(pressed.get("title")),
        author=Person(sender),
        payload=payload or None,
        token=text(mapping(pressed.get("referral")).get("ref")) or None,
    )


def _receipt(kind: EventKind, sender: str, at: datetime, until: datetime, suffix: str) -> InboundEvent:
    key = f"d:{round(until.timestamp() * 1000)}:{sender}{suffix}"
    return InboundEvent(key, kind, at, sender, author=Person(sender), watermark=until)


def _edit(sender: str, changed: Json, at: datetime) -> InboundEvent | None:
    mid, count = identifier(changed.get("mid")), identifier(changed.get("num_edit"))
    if mid is None:
        return None
    written = text(changed.get("text"))
    key = f"m:{mid}:edit:{count or digest(written)}"
    return InboundEvent(key, "edited", at, sender, ref=mid, text=written, author=Person(sender))


def _attachments(said: Json) -> tuple[Attachment, ...]:
    return tuple(_attachment(mapping(item)) for item in items(said.get("attachments")))


def _attachment(item: Json) -> Attachment:
    payload = mapping(item.get("payload"))
    kind = _KINDS.get(text(item.get("type")), "other")
    url = text(payload.get("url")) or text(item.get("url")) or None
    name = text(payload.get("title")) or text(item.get("title")) or text(payload.get("name")) or None
    if payload.get("sticker_id") is not None:
        kind = "sticker"
    if kind == "location":
        place = mapping(payload.get("coordinates"))
        where = ", ".join(str(place[axis]) for axis in ("lat", "long") if axis in place)
        name = " ".join(part for part in (name, f"({where})" if where else "") if part) or None
    return Attachment(kind, name, url)


def _found_attachment(item: Json) -> Attachment:
    picture, film = mapping(item.get("image_data")), mapping(item.get("video_data"))
    kind = text(item.get("mime_type")).partition("/")[0]
    kind = kind if kind in ("image", "video", "audio") else "file"
    if text(item.get("mime_type")) == "":
        kind = "image" if picture else "video" if film else "other"
    url = text(picture.get("url")) or text(film.get("url")) or text(item.get("file_url")) or None
    size = item.get("size")
    return Attachment(kind, text(item.get("name")) or None, url, size if isinstance(size, int) else None)
