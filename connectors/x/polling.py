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
_PAGE, _GLANCE = 100, 20
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


@dataclass(frozen=True)
class _Found:
    """What asking came to. ``complete``: down to where it began."""

    events: list[InboundEvent]
    place: str | None
    complete: bool = True
    failure: Exception | None = None


async def poll(client: XClient, account: Account, since: str | None, *, direct: bool) -> tuple[list[InboundEvent], str]:
    """What came after ``since``, oldest first, and the place to go on from.

    Without ``since`` the place is found and nothing is reported: what was written before the account was connected is
    nobody's case. Where X does not answer, or stops half-way, the place stays and the next time covers the same again; so
    it does when a limit is reached, which is no fault. What lies further back than X goes is lost, and said so in the log.

    Raises:
        Unreached, NoAnswer, Refused, BadPayload: X could not be asked and nothing at all was found.
    """
    place = Place.read(since)
    posts = await _since(client, account, "mentions", place.post, _mentions(account, place.post), _MENTION_PAGES)
    messages = _Found([], place.dm)
    if direct:
        messages = await _messages_since(client, account, place.dm)
    found = sorted([*posts.events, *messages.events], key=lambda event: (event.occurred_at, event.key))
    failure = posts.failure or messages.failure
    if failure is not None and not found and Place(posts.place, messages.place) == place:
        raise failure
    return found, Place(posts.place, messages.place).written()


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


async def _messages_since(client: XClient, account: Account, since: str | None) -> _Found:
    """X charges for every message it shows, new or not, and knows no ``since``: so first a glance, and all only if need be."""
    glance = await _since(client, account, "dm_events", since, _messages, 1, _GLANCE)
    if glance.complete or glance.failure is not None:
        return glance
    return await _since(client, account, "dm_events", since, _messages, _MESSAGE_PAGES)


async def _since(
    client: XClient, account: Account, what: str, since: str | None, page: Page, pages: int, size: int = _PAGE
) -> _Found:
    """Pages from the newest to ``since``. The place moves on only when all of it was read, or X shows no more."""
    found: list[InboundEvent] = []
    newest, token = since, None
    for _ in range(pages):
        try:
            answer = await client.call(_asking(page, size if since is not None else 1, token))
            events, ids = _parsed(account, what, answer)
        except (Unreached, NoAnswer, Refused, BadPayload) as error:
            why = words(error) if isinstance(error, Refused) else str(error)
            log.warning("x.poll_failed", account=account.id, what=what, why=why)
            limited = isinstance(error, Refused) and error.status == 429
            return _Found(found, since, complete=False, failure=None if limited else error)
        newest = max([newest or "", *ids], key=_age)
        if since is None:
            return _Found([], newest)
        new = [event for event, ref in zip(events, ids, strict=True) if _age(ref) > _age(since)]
        found += new
        token = _object(answer.body.get("meta")).get("next_token")
        if not token or len(new) < len(ids):
            return _Found(found, newest)
    if size == _PAGE:
        log.warning("x.poll_incomplete", account=account.id, what=what, read=len(found))
    return _Found(found, newest, complete=False)


def _asking(page: Page, size: int, token: str | None) -> Callable[[Any], requests.Response]:
    return lambda tweepy: page(tweepy, size, token)


def _parsed(account: Account, what: str, answer: Answer) -> tuple[list[InboundEvent], list[str]]:
    read = parse.mentions if what == "mentions" else parse.direct_messages
    events = read(account.platform_id, answer.body)
    return events, [str(one["id"]) for one in answer.body.get("data") or []]


def _age(ref: str) -> tuple[int, str]:
    """Ids as numbers are ordered, without being taken for numbers."""
    return len(ref), ref


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
