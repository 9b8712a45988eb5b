"""Asks X for what its webhooks may have missed: mentions since the last one known, and direct messages likewise.

Replies that do not name the account are told by webhook only: X has no list of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import structlog

from connectors.x import parse
from connectors.x.answers import words
from connectors.x.client import Answer, NoAnswer, Refused, Unreached, XClient
from handoff.channels.ports import Account, BadPayload, InboundEvent

log = structlog.get_logger(__name__)

#: X gives the last 800 mentions, and fifteen pages of messages in a quarter of an hour.
_MENTION_PAGES, _MESSAGE_PAGES = 8, 14
_PAGE = 100
_POST_FIELDS = (
    "attachments,author_id,conversation_id,created_at,display_text_range,edit_history_tweet_ids,entities,geo,note_tweet,"
    "referenced_tweets"
)
_MESSAGE_FIELDS = "attachments,created_at,dm_conversation_id,entities,event_type,id,referenced_tweets,sender_id,text"
_USER_FIELDS = "name,username"
_MEDIA_FIELDS = "alt_text,media_key,preview_image_url,type,url"

Page = Callable[[Any, int, str | None], requests.Response]


@dataclass(frozen=True)
class Place:
    """How far we have read: the newest mention and the newest direct message. "" is before all; None is not begun."""

    post: str | None = None
    dm: str | None = None

    @classmethod
    def read(cls, since: str | None) -> Place:
        """From what :meth:`written` made; anything else is a beginning."""
        try:
            value = json.loads(since or "{}")
        except ValueError:
            return cls()
        if not isinstance(value, dict):
            return cls()
        return cls(
            *(found if isinstance(found := value.get(name), str) else None for name in ("post", "dm"))
        )  # fmt: skip

    def written(self) -> str:
        """As the caller keeps it."""
        return json.dumps({"post": self.post, "dm": self.dm})


async def poll(client: XClient, account: Account, since: str | None, *, direct: bool) -> tuple[list[InboundEvent], str]:
    """What came after ``since``, oldest first, and the place to go on from.

    Without ``since`` the place is found and nothing is reported: what was written before the account was connected is
    nobody's case. If X cannot be asked, or stops answering half-way, the place stays and the next time covers the same
    again. What lies further back than X goes is lost, and said so in the log.
    """
    place = Place.read(since)
    posts, post = await _since(client, account, "mentions", place.post, _mentions(account, place.post), _MENTION_PAGES)
    messages: list[InboundEvent] = []
    dm = place.dm
    if direct:
        messages, dm = await _since(client, account, "dm_events", place.dm, _messages, _MESSAGE_PAGES)
    found = sorted([*posts, *messages], key=lambda event: (event.occurred_at, event.key))
    return found, Place(post, dm).written()


def _mentions(account: Account, since: str | None) -> Page:
    def page(client: Any, size: int, token: str | None) -> requests.Response:
        found: requests.Response = client.get_users_mentions(
            account.platform_id,
            max_results=max(size, 5),
            since_id=since or None,
            pagination_token=token,
            tweet_fields=_POST_FIELDS,
            user_fields=_USER_FIELDS,
            media_fields=_MEDIA_FIELDS,
            expansions="author_id,attachments.media_keys,entities.mentions.username,referenced_tweets.id",
            user_auth=True,
        )
        return found

    return page


def _messages(client: Any, size: int, token: str | None) -> requests.Response:
    found: requests.Response = client.get_direct_message_events(
        max_results=size,
        pagination_token=token,
        event_types="MessageCreate",
        dm_event_fields=_MESSAGE_FIELDS,
        user_fields=_USER_FIELDS,
        media_fields=_MEDIA_FIELDS,
        expansions="sender_id,attachments.media_keys",
        user_auth=True,
    )
    return found


async def _since(
    client: XClient, account: Account, what: str, since: str | None, page: Page, pages: int
) -> tuple[list[InboundEvent], str | None]:
    """Pages from the newest to ``since``. The place moves on only when all of it was read."""
    found: list[InboundEvent] = []
    newest, token = since, None
    for _ in range(pages if since is not None else 1):
        size = _PAGE if since is not None else 1
        try:
            answer = await client.call(lambda tweepy, token=token, size=size: page(tweepy, size, token))  # type: ignore[misc]
            events, ids = _parsed(account, what, answer)
        except (Unreached, NoAnswer, Refused, BadPayload) as error:
            why = words(error) if isinstance(error, Refused) else str(error)
            log.warning("x.poll_failed", account=account.id, what=what, why=why)
            return found, since
        newest = max([newest or "", *ids], key=_age)
        new = [event for event, ref in zip(events, ids, strict=True) if _age(ref) > _age(since or "")]
        if since is None:
            return [], newest
        found += new
        token = _object(answer.body.get("meta")).get("next_token")
        if not token or len(new) < len(ids):
            return found, newest
    log.warning("x.poll_incomplete", account=account.id, what=what, read=len(found))
    return found, newest


def _parsed(account: Account, what: str, answer: Answer) -> tuple[list[InboundEvent], list[str]]:
    read = parse.mentions if what == "mentions" else parse.direct_messages
    events = read(account.platform_id, answer.body)
    return events, [str(one["id"]) for one in answer.body.get("data") or []]


def _age(ref: str) -> tuple[int, str]:
    """Ids as numbers are ordered, without being taken for numbers."""
    return len(ref), ref


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
