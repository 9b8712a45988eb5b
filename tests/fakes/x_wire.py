"""What the fake X says on the wire: posts, messages, events and refusals in X's shapes, signatures checked as X checks them.

Shapes: docs.x.com, x-api/activity/event-payloads and data-dictionary, read in August 2026; the read receipt, which these pages
do not show, is that of X's first API, as the direct messages are.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from oauthlib.oauth1.rfc5849 import signature as oauth  # type: ignore[import-untyped]

from kit.clock import iso
from tests.fakes.faults import Fault, Rule
from tests.fakes.x_world import Account, Message, Post, User, World

Json = dict[str, Any]

#: The application that the accounts are connected with. Its keys open nothing but this fake.
CONSUMER_KEY = "FakeConsumerKeyOfTheDemo"
CONSUMER_SECRET = "fake-consumer-secret-of-the-demo"
BEARER_TOKEN = "AAAAAAAAAAAAAAAAAAAAAFakeBearerTokenOfTheDemo"

NOT_SUMMONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the"
    " post you are replying to."
)
DELETED = "You attempted to reply to a Tweet that is deleted or not visible to you."
BLOCKED_DIRECT = "You cannot send messages to this user."
BLOCKED_POST = "You have been blocked from replying to this user's posts at their request."
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
TOO_LONG = "Your Tweet text is too long. For more information on how Twitter determines text length see twitter-text."
NO_PERMISSION = "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint."

_LINK = re.compile(r"https?://\S+|(?<![\w@./-])(?:[\w-]+\.)+lv\b(?:/\S*)?")
#: Characters of an address that X shows.
_SHOWN = 26
_ATTACHED = {"image": "photo", "sticker": "animated_gif", "video": "video", "audio": "audio", "story": "video"}


@dataclass
class Refusal(Exception):
    """A call that X refuses: an HTTP problem, with errors where X lists them."""

    status: int
    detail: str
    title: str = "Forbidden"
    type: str = "about:blank"
    headers: Mapping[str, str] | None = None
    errors: list[Json] | None = None

    def response(self) -> Response:
        """As it goes over the wire."""
        body: Json = {"title": self.title, "type": self.type, "status": self.status, "detail": self.detail}
        if self.errors is not None:
            body["errors"] = self.errors
        headers = {"content-type": "application/problem+json", **(self.headers or {})}
        return JSONResponse(body, self.status, headers)


def invalid(message: str) -> Refusal:
    """400: a parameter that X does not take."""
    return Refusal(
        400,
        "One or more parameters to your request was invalid.",
        "Invalid Request",
        "https://api.twitter.com/2/problems/invalid-request",
        errors=[{"message": message}],
    )


def not_found(what: str, value: str) -> Refusal:
    """404: no such post or user."""
    return Refusal(
        404,
        f"Could not find {what} with id: [{value}].",
        "Not Found Error",
        "https://api.twitter.com/2/problems/resource-not-found",
    )


UNAUTHORIZED = Refusal(401, "Unauthorized", "Unauthorized")


def scripted(rule: Rule, operation: str, now: float) -> Response:
    """A scripted fault in X's words. What X does not have is answered with what comes nearest."""
    match rule.fault:
        case Fault.RATE_LIMITED:
            headers = {
                "x-rate-limit-limit": "15",
                "x-rate-limit-remaining": "0",
                # Whole seconds, as X tells them; fractions are for tests that do not want to wait.
                "x-rate-limit-reset": f"{now + rule.retry_after_s:.3f}".removesuffix(".000"),
            }
            return Refusal(429, "Too Many Requests", "Too Many Requests", headers=headers).response()
        case Fault.SERVER_ERROR:
            return Refusal(
                500, "Something is broken. This is usually a temporary error.", "Internal Server Error"
            ).response()
        case Fault.UNAVAILABLE:
            return Refusal(503, "Service Unavailable", "Service Unavailable").response()
        case Fault.TOKEN_EXPIRED | Fault.TOKEN_REVOKED:
            return UNAUTHORIZED.response()
        case Fault.WINDOW_CLOSED:
            return Refusal(403, NOT_SUMMONED).response()
        case Fault.BLOCKED:
            return Refusal(403, BLOCKED_DIRECT if operation == "send" else BLOCKED_POST).response()
        case Fault.DELETED:
            return Refusal(403, DELETED).response()
        case Fault.PERMISSION:
            return Refusal(403, NO_PERMISSION, type="https://api.twitter.com/2/problems/oauth1-permissions").response()
        case _:
            return invalid("The request is invalid.").response()


# --- who asks -----------------------------------------------------------------------------------------------------------


def sign(secret: str, data: bytes) -> str:
    """X's signature of a webhook's body, and of the token of its check."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), data, hashlib.sha256).digest()).decode()


def signed(raw: bytes, secret: str) -> Mapping[str, str]:
    """The header that proves a webhook to be X's."""
    return {"x-twitter-webhooks-signature": sign(secret, raw)}


def account_of(request: Request, url: str, world: World) -> Account:
    """The account whose token signed the request; the signature covers method, address and query.

    Raises:
        Refusal: no signature, an unknown or revoked token, or a signature that is another's.
    """
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "oauth":
        raise UNAUTHORIZED
    parts = (part.strip().partition("=") for part in rest.split(","))
    given = {name: unquote(value.strip('"')) for name, _, value in parts}
    account = next((one for one in world.accounts.values() if one.access_token == given.get("oauth_token")), None)
    if account is None or account.token_state != "valid" or given.get("oauth_consumer_key") != CONSUMER_KEY:
        raise UNAUTHORIZED
    query = parse_qsl(request.url.query, keep_blank_values=True)
    fields = [(name, value) for name, value in given.items() if name not in ("oauth_signature", "realm")]
    asked = SimpleNamespace(
        params=[*query, *fields],
        uri=url + request.url.path,
        http_method=request.method,
        signature=given.get("oauth_signature", ""),
    )
    if not oauth.verify_hmac_sha1(asked, CONSUMER_SECRET, account.access_token_secret):
        raise UNAUTHORIZED
    return account


def check_app(request: Request) -> None:
    """Whether the application itself asks.

    Raises:
        Refusal: it does not.
    """
    if request.headers.get("authorization") != f"Bearer {BEARER_TOKEN}":
        raise UNAUTHORIZED


async def form_of(request: Request) -> tuple[dict[str, str], bytes]:
    """The fields and the file of a multipart body."""
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    fields, file = {}, b""
    for part in message_from_bytes(head + await request.body()).walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if name == "media" and isinstance(content, bytes):
            file = content
        elif name and isinstance(content, bytes):
            fields[str(name)] = content.decode()
    return fields, file


# --- things -------------------------------------------------------------------------------------------------------------


def user(one: User) -> Json:
    """A user, as included."""
    return {
        "id": one.id,
        "name": one.name,
        "username": one.username,
        "protected": False,
        "verified": False,
        "verified_type": "none",
        "created_at": "2019-03-02T08:15:00.000Z",
    }


def post(one: Post, world: World) -> Json:
    """A post's present version. An answer begins with the names it does not show."""
    hidden = sorted(one.named - one.explicit, key=int)
    names = {who: found.username for who in one.named if (found := world.user(who)) is not None}
    prefix = "".join(f"@{names[who]} " for who in hidden if who in names)
    short, urls = _shortened(one.text)
    text = prefix + _escaped(short)
    mentions = [
        {"start": at, "end": at + len(names[who]) + 1, "username": names[who], "id": who}
        for who in sorted(one.named, key=int)
        if who in names and (at := text.casefold().find("@" + names[who].casefold())) >= 0
    ]
    made: Json = {
        "id": one.newest,
        "conversation_id": one.conversation,
        "created_at": iso(one.at),
        "text": text,
        "display_text_range": [len(prefix), len(text)],
        "edit_history_tweet_ids": list(one.versions),
        "edit_controls": {"edits_remaining": 5, "is_edit_eligible": True},
        "lang": "lv",
        "possibly_sensitive": False,
        "reply_settings": "everyone",
        "public_metrics": {"retweet_count": 0, "reply_count": 0, "like_count": 0, "quote_count": 0},
    }
    entities = {name: found for name, found in (("mentions", mentions), ("urls", urls)) if found}
    if entities:
        made["entities"] = entities
    if not one.anonymous:
        made["author_id"] = one.author.id
    references = [("replied_to", one.answers), ("quoted", one.quotes)]
    if any(ref for _, ref in references):
        made["referenced_tweets"] = [{"type": kind, "id": ref} for kind, ref in references if ref]
    if one.attachment is not None:
        if one.attachment.kind == "location":
            made["geo"] = {"place_id": one.attachment.name or "riga"}
        else:
            made["attachments"] = {"media_keys": [f"3_{one.id}"]}
    return made


def post_includes(posts: Iterable[Post], world: World) -> Json:
    """What stands beside posts: those who wrote and are named, pictures, the posts they answer or quote."""
    posts = list(posts)
    wanted = {who for one in posts for who in one.named} | {one.author.id for one in posts if not one.anonymous}
    media = [
        {
            "media_key": f"3_{one.id}",
            "type": _ATTACHED.get(one.attachment.kind, one.attachment.kind),
            "url": one.attachment.url or f"https://pbs.twimg.com/media/{one.id}.jpg",
        }
        for one in posts
        if one.attachment is not None and one.attachment.kind != "location"
    ]
    refs = {ref for one in posts for ref in (one.answers, one.quotes) if ref}
    related = [post(world.posts[ref], world) for ref in sorted(refs) if ref in world.posts]
    made: Json = {"users": [user(found) for who in sorted(wanted, key=int) if (found := world.user(who)) is not None]}
    if related:
        made["tweets"] = related
    if media:
        made["media"] = media
    return made


def webhook_message(one: Message) -> Json:
    """The payload of ``dm.received`` and ``dm.sent``."""
    receiver = one.chat.account if one.by == "person" else one.chat.person
    short, urls = _shortened(one.text)
    data: Json = {
        "text": _escaped(short),
        "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": urls},
    }
    if one.attachment is not None:
        _attach(data, one)
    event = {
        "type": "message_create",
        "id": one.id,
        "created_timestamp": str(_millis(one)),
        "message_create": {
            "target": {"recipient_id": receiver.id},
            "sender_id": one.sender.id,
            "message_data": data,
        },
    }
    users = {who.id: {"data": user(who)} for who in (one.chat.account, one.chat.person)}
    return {"direct_message_events": [event], "users": users}


def _attach(data: Json, one: Message) -> None:
    attached = one.attachment
    assert attached is not None
    if attached.kind == "location":
        place = {"full_name": attached.name or "Rīga, Latvija", "place_type": "city"}
        data["attachment"] = {
            "type": "location",
            "location": {"type": "shared_place", "shared_place": {"place": place}},
        }
        return
    short = f"https://t.co/{one.id[-10:]}"
    if attached.kind == "share":
        shared = {
            "url": short,
            "expanded_url": attached.url or f"https://x.com/i/status/{one.id}",
            "display_url": "x.com/…",
        }
        data["entities"]["urls"].append(shared)
    else:
        url = attached.url or f"https://ton.twitter.com/1.1/ton/data/dm/{one.id}/picture.jpg"
        media = {
            "id": one.id,
            "type": _ATTACHED.get(attached.kind, attached.kind),
            "url": short,
            "media_url_https": url,
        }
        data["attachment"] = {"type": "media", "media": media}
    data["text"] = f"{data['text']} {short}".strip()


def fetched_message(one: Message) -> Json:
    """A message as ``GET /2/dm_events`` gives it."""
    short, urls = _shortened(one.text)
    made: Json = {
        "id": one.id,
        "event_type": "MessageCreate",
        "created_at": iso(one.at),
        "dm_conversation_id": one.chat.id,
        "sender_id": one.sender.id,
        "text": _escaped(short),
    }
    if urls:
        made["urls"] = urls
    if one.attachment is not None and one.attachment.kind not in ("location", "share"):
        made["attachments"] = {"media_keys": [f"3_{one.id}"]}
    return made


def encrypted(one: Message) -> Json:
    """The payload of ``chat.received`` and ``chat.sent``."""
    return {
        "id": f"{int(one.id):032x}",
        "created_at_msec": str(_millis(one)),
        "sender_id": one.sender.id,
        "conversation_id": one.chat.id.replace("-", ":"),
        "conversation_key_version": "1768236281331",
        "encoded_event": base64.b64encode(hashlib.sha256(one.id.encode()).digest()).decode(),
    }


def read_receipt(reader: User, account: Account, last: Message, at_ms: int) -> Json:
    """The payload of ``dm.read``."""
    receipt = {
        "created_timestamp": str(at_ms),
        "sender_id": reader.id,
        "target": {"recipient_id": account.id},
        "last_read_event_id": last.id,
    }
    users = {who.id: {"data": user(who)} for who in (reader, account)}
    return {"direct_message_mark_read_events": [receipt], "users": users}


def operation_of(method: str, path: str, body: Any) -> str:
    """The name of a call, for faults and records."""
    parts = [part for part in urlsplit(path).path.split("/") if part]
    match parts[1:]:
        case ["tweets"]:
            return "comment" if isinstance(body, dict) and body.get("reply") else "post"
        case ["tweets", _, "hidden"]:
            return "hide"
        case ["dm_conversations", "with", _, "messages"]:
            return "send"
        case ["users", "me"]:
            return "me"
        case ["users", _, "mentions"]:
            return "mentions"
        case ["media", "upload"]:
            return "media"
        case ["activity", "subscriptions", *_]:
            return "subscriptions"
        case [first, *_]:
            return first
    return method.lower()


def _millis(one: Message) -> int:
    return int(one.at.timestamp() * 1000)


def _shortened(text: str) -> tuple[str, list[Json]]:
    """X's own short addresses in place of all others, and what they stand for; bare names get a scheme."""
    urls: list[Json] = []

    def short(found: re.Match[str]) -> str:
        written = found.group()
        address = written.rstrip(".,;:!?)")
        whole = address if address.startswith("http") else f"http://{address}"
        shown = whole.removeprefix("https://").removeprefix("http://")
        made = "https://t.co/" + hashlib.sha256(f"{text}{found.start()}".encode()).hexdigest()[:10]
        display = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
        urls.append({"url": made, "expanded_url": whole, "display_url": display})
        return made + written[len(address) :]

    return _LINK.sub(short, text), urls


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
