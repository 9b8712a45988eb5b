"""From what is to be said to the call of Graph that says it, or to why it may not be said. Pure; calls nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from handoff.channels.ports import Account, OutboundMessage, SendResult

#: Characters (Send API: "text … must be UTF-8 and less than 2000 characters"; Comment; Page feed).
TEXT_LIMIT = 2000
COMMENT_LIMIT = 8000
POST_LIMIT = 63206

#: Messenger Platform policy of 28 September 2026: anybody for 24 hours, a person with the tag HUMAN_AGENT for 7 days.
REPLY_WINDOW = timedelta(hours=24)
HUMAN_WINDOW = timedelta(days=7)
#: Private Replies: within 7 days of the comment.
PRIVATE_REPLY_WINDOW = timedelta(days=7)
#: Page feed: a post can be scheduled this far ahead.
SCHEDULE_FROM = timedelta(minutes=10)
SCHEDULE_UNTIL = timedelta(days=30)

#: Quick Replies: 13 at most, with titles of 20 characters.
_QUICK_REPLIES = 13
_TITLE_LIMIT = 20
_PAYLOAD_LIMIT = 1000


@dataclass(frozen=True)
class Wish:
    """A call of Graph: ``POST /{node}/{connection}``, or ``POST /{node}`` without a connection.

    Attributes:
        id_fields: where the answer holds the id of what was made, in order of preference; empty where nothing is made.
    """

    node: str
    connection: str | None
    fields: Mapping[str, Any]
    id_fields: tuple[str, ...] = field(default=("id",))


def wish(account: Account, message: OutboundMessage, now: datetime) -> Wish | SendResult:
    """The call, or the refusal that Graph need not be asked for."""
    if len(message.text) > _LIMITS.get(message.kind, COMMENT_LIMIT):
        return SendResult("failed", reason="too_long", detail=f"{len(message.text)} characters")
    match message.kind:
        case "direct":
            return _direct(account, message, now)
        case "private_reply":
            return _private_reply(account, message, now)
        case "public_reply" | "comment":
            return Wish(message.thread, "comments", {"message": message.text})
        case "hide" | "unhide":
            return Wish(message.thread, None, {"is_hidden": message.kind == "hide"}, id_fields=())
        case "post":
            return _post(account, message, now)


_LIMITS: dict[str, int] = {"direct": TEXT_LIMIT, "private_reply": TEXT_LIMIT, "post": POST_LIMIT}


def _direct(account: Account, message: OutboundMessage, now: datetime) -> Wish | SendResult:
    age = None if message.last_inbound_at is None else now - message.last_inbound_at
    fields: dict[str, Any] = {"recipient": {"id": message.thread}, "message": _body(message)}
    if age is not None and age < REPLY_WINDOW:
        fields["messaging_type"] = "RESPONSE"
    elif age is not None and age < HUMAN_WINDOW and message.by_person and account.settings.get("human_agent"):
        # Only for what a person wrote: Meta takes the permission away from who tags a machine's words.
        fields |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    else:
        return SendResult("failed", reason="window_closed")
    return Wish(account.platform_id, "messages", fields, ("message_id",))


def _private_reply(account: Account, message: OutboundMessage, now: datetime) -> Wish | SendResult:
    """Answers a comment, or a visitor's post, in Messenger. Its age is told as ``last_inbound_at``; Graph checks it as well."""
    if message.last_inbound_at is not None and now - message.last_inbound_at >= PRIVATE_REPLY_WINDOW:
        return SendResult("failed", reason="window_closed")
    # Posts are numbered under their page, comments under their post.
    place = "post_id" if message.thread.startswith(account.platform_id + "_") else "comment_id"
    fields = {"recipient": {place: message.thread}, "message": _body(message), "messaging_type": "RESPONSE"}
    return Wish(account.platform_id, "messages", fields, ("message_id",))


def _body(message: OutboundMessage) -> dict[str, Any]:
    """Text with its buttons as quick replies; titles that are too long for them stand numbered in the text."""
    if not message.buttons:
        return {"text": message.text}
    buttons = message.buttons[:_QUICK_REPLIES]
    text = message.text
    titles = [title for title, _ in buttons]
    if any(len(title) > _TITLE_LIMIT for title in titles):
        numbered = "\n".join(f"{number}. {title}" for number, title in enumerate(titles, 1))
        if len(text) + len(numbered) + 2 <= TEXT_LIMIT:
            text, titles = f"{text}\n\n{numbered}", [str(number) for number in range(1, len(titles) + 1)]
        else:
            titles = [title[: _TITLE_LIMIT - 1] + "…" if len(title) > _TITLE_LIMIT else title for title in titles]
    replies = [
        {"content_type": "text", "title": title, "payload": payload}
        for title, (_, payload) in zip(titles, buttons, strict=True)
        if payload and len(payload) <= _PAYLOAD_LIMIT
    ]
    return {"text": text, "quick_replies": replies} if replies else {"text": text}


def _post(account: Account, message: OutboundMessage, now: datetime) -> Wish | SendResult:
    """A post: a photo with its text where there is a picture, else text with the link's preview."""
    fields: dict[str, Any] = {}
    if message.publish_at is not None and message.publish_at > now:
        if not SCHEDULE_FROM <= message.publish_at - now <= SCHEDULE_UNTIL:
            detail = "scheduled for less than 10 minutes or more than 30 days ahead"
            return SendResult("failed", reason="refused", detail=detail)
        fields = {"published": False, "scheduled_publish_time": int(message.publish_at.timestamp())}
    if message.picture_url is None:
        return Wish(
            account.platform_id, "feed", {"message": message.text, "link": message.link, **fields}
        )  # fmt: skip
    text = message.text
    if message.link and message.link not in text:
        # A photo has no field for a link.
        text = f"{text}\n\n{message.link}".strip()
    return Wish(
        account.platform_id, "photos", {"url": message.picture_url, "caption": text, **fields}, ("post_id", "id")
    )
