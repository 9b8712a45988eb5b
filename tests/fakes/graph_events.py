"""The fake Graph API's webhooks: the payloads as Meta documents them, and Meta's signatures.

Shapes: Messenger Platform, Webhook Events; Graph API, Webhooks Reference, Page, field ``feed``. Each function makes one
object of ``entry``, with the field of the subscription that it belongs to.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.fakes.control import Attached
from tests.fakes.graph_world import Comment, Message, Page, Post

Entry = dict[str, Any]

#: Every field that an application can be subscribed to here.
ALL_FIELDS = {
    "feed",
    "mention",
    "messages",
    "messaging_postbacks",
    "message_echoes",
    "message_deliveries",
    "message_reads",
    "message_edits",
    "message_reactions",
    "messaging_handovers",
    "standby",
    "messaging_referrals",
    "messaging_optins",
    "messaging_policy_enforcement",
}


def millis(moment: datetime) -> int:
    """Milliseconds since 1970: the clock of Messenger's events."""
    return round(moment.timestamp() * 1000)


def message(page: Page, person_id: str, said: Message, payload: str | None = None) -> Entry:
    """``messages``: a person wrote to the page."""
    body: dict[str, Any] = {"mid": said.id}
    if said.text:
        body["text"] = said.text
    if payload is not None:
        body["quick_reply"] = {"payload": payload}
    if said.attachment is not None:
        body |= attachments(said.attachment)
    return _messaging(page, person_id, page.id, said.at, {"message": body})


def postback(page: Page, person_id: str, said: Message, payload: str) -> Entry:
    """``messaging_postbacks``: a person pressed a button, without writing."""
    return _messaging(
        page, person_id, page.id, said.at, {"postback": {"mid": said.id, "title": said.text, "payload": payload}}
    )


def edit(page: Page, person_id: str, said: Message, at: datetime) -> Entry:
    """``message_edits``: a person changed a message; at most five times."""
    body = {"message_edit": {"mid": said.id, "text": said.text, "num_edit": said.edits}}
    return _messaging(page, person_id, page.id, at, body)


def unsend(page: Page, person_id: str, said: Message, at: datetime) -> Entry:
    """``messages``: a person took a message back (documented for Instagram; Messenger's form is the same where it comes)."""
    return _messaging(page, person_id, page.id, at, {"message": {"mid": said.id, "is_deleted": True}})


def echo(page: Page, person_id: str, said: Message) -> Entry:
    """``message_echoes``: the page wrote, with whatever application."""
    body: dict[str, Any] = {"is_echo": True, "mid": said.id, "text": said.text}
    if said.app_id:
        body["app_id"] = int(said.app_id)
    return _messaging(page, page.id, person_id, said.at, {"message": body})


def delivery(page: Page, person_id: str, said: Message) -> Entry:
    """``message_deliveries``: everything up to the watermark is on the person's device."""
    body = {"delivery": {"mids": [said.id], "watermark": millis(said.at)}}
    return _messaging(page, person_id, page.id, said.at, body)


def read(page: Page, person_id: str, at: datetime) -> Entry:
    """``message_reads``: the person has seen everything up to the watermark."""
    return _messaging(page, person_id, page.id, at, {"read": {"watermark": millis(at)}})


def comment(page: Page, post: Post, said: Comment, verb: str, at: datetime) -> Entry:
    """``feed``: a comment was added, edited, removed, hidden or unhidden. ``at``: when that happened."""
    value: dict[str, Any] = {
        "from": {"id": said.author.id, "name": said.author.name},
        "post": {
            "status_type": "mobile_status_update",
            "is_published": True,
            "updated_time": at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "permalink_url": f"https://www.facebook.com/{post.id}",
            "promotion_status": "inactive",
            "id": post.id,
        },
        "item": "comment",
        "verb": verb,
        "comment_id": said.id,
        "post_id": post.id,
        "parent_id": said.parent or post.id,
        "created_time": int(at.timestamp()),
    }
    if said.anonymous:
        del value["from"]
    if verb in ("add", "edited"):
        value["message"] = said.text
        if said.attachment is not None and said.attachment.kind == "video":
            value["video"] = said.attachment.url
        elif said.attachment is not None:
            value["photo"] = said.attachment.url
    return _feed(page, at, value)


def post(page: Page, made: Post, at: datetime) -> Entry:
    """``feed``: the page published something."""
    value: dict[str, Any] = {
        "from": {"id": page.id, "name": page.name},
        "item": "photo" if made.picture else "share" if made.link else "status",
        "verb": "add",
        "post_id": made.id,
        "published": 1,
        "created_time": int(at.timestamp()),
        "message": made.text,
    }
    if made.link or made.picture:
        value["link"] = made.link or made.picture
    return _feed(page, at, value)


def unknown(page_id: str, at: datetime) -> Entry:
    """An event of a field that no documentation names."""
    return {
        "id": page_id,
        "time": millis(at),
        "changes": [{"field": "page_upcoming_change", "value": {"novelty": 1, "at": millis(at)}}],
    }


def attachments(attached: Attached) -> dict[str, Any]:
    """What stands in ``message`` for something sent besides text."""
    url = attached.url or "https://scontent.example/attachment"
    match attached.kind:
        case "sticker":
            sticker = 369239263222822
            payload: dict[str, Any] = {"url": url, "sticker_id": sticker}
            return {"sticker_id": sticker, "attachments": [{"type": "image", "payload": payload}]}
        case "location":
            payload = {"coordinates": {"lat": 56.9496, "long": 24.1052}}
            title = attached.name or "Pinned Location"
            return {"attachments": [{"title": title, "type": "location", "payload": payload}]}
        case "share":
            payload = {"url": url, "title": attached.name or "Shared"}
            return {"attachments": [{"type": "fallback", "payload": payload}]}
        case "story":
            return {"attachments": [{"type": "story_mention", "payload": {"url": url}}]}
        case kind:
            return {"attachments": [{"type": kind, "payload": {"url": url}}]}


def pack(_page_id: str, entries: list[Entry]) -> bytes:
    """The body of one call. Meta escapes everything beyond ASCII, and slashes, before it signs."""
    body = json.dumps({"object": "page", "entry": entries}, separators=(",", ":"))
    return body.replace("/", "\\/").encode()


def sign(raw: bytes, app_secret: str) -> Mapping[str, str]:
    """Meta sends the new signature and, still, the old one."""
    key = app_secret.encode()
    return {
        "X-Hub-Signature-256": "sha256=" + hmac.new(key, raw, hashlib.sha256).hexdigest(),
        "X-Hub-Signature": "sha1=" + hmac.new(key, raw, hashlib.sha1).hexdigest(),
        "User-Agent": "facebookexternalua",
    }


def field_of(entry: Entry) -> str:
    """The field of the subscription that an entry belongs to."""
    if "changes" in entry:
        return str(entry["changes"][0]["field"])
    event = entry["messaging"][0]
    if event.get("message", {}).get("is_echo"):
        return "message_echoes"
    for key, name in _FIELDS.items():
        if key in event:
            return name
    return "messages"


def id_of(entry: Entry) -> str:
    """The platform's id of the message or comment that an entry is about."""
    if "changes" in entry:
        return str(entry["changes"][0]["value"]["comment_id"])
    return str(entry["messaging"][0]["message"]["mid"])


_FIELDS = {
    "postback": "messaging_postbacks",
    "message_edit": "message_edits",
    "delivery": "message_deliveries",
    "read": "message_reads",
}


def _messaging(page: Page, sender: str, recipient: str, at: datetime, body: dict[str, Any]) -> Entry:
    event = {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": millis(at), **body}
    return {"id": page.id, "time": millis(at), "messaging": [event]}


def _feed(page: Page, at: datetime, value: dict[str, Any]) -> Entry:
    return {"id": page.id, "time": int(at.timestamp()), "changes": [{"value": value, "field": "feed"}]}
