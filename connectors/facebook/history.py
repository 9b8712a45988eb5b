"""What webhooks may have missed: recent comments and conversations, asked for.

Edits and deletions are not found so; a webhook that is up again tells of later ones. Graph lets one look at two
conversations a second for each page, so this is a net under the webhooks, not a way to live without them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.facebook import feed, messaging
from connectors.facebook.client import GraphClient
from connectors.facebook.values import Json, identifier, items, mapping, moment, text
from handoff.channels.ports import Account, InboundEvent, Person

#: How far before the last look the next one begins: clocks differ, and Graph's lists lag.
OVERLAP = timedelta(minutes=3)
#: Newest posts whose comments are looked at, and how many comments or conversations one call lists.
_POSTS = 50
_ROWS = 50
#: Calls for one list; more than that is no gap but a history.
_PAGES = 20

_COMMENT_FIELDS = "id,from,message,created_time,parent{id},attachment,is_hidden"
_MESSAGE_FIELDS = "id,created_time,from,to,message,sticker,attachments"


def missed(client: GraphClient, account: Account, since: datetime, *, direct: bool) -> list[InboundEvent]:
    """Comments and messages since an instant, oldest first; blocks.

    Raises:
        GraphFailure: Graph cannot be asked, or refuses.
    """
    found = list(_comments(client, account.platform_id, since))
    if direct:
        found += _messages(client, account.platform_id, since)
    # Lists come newest first; what has the same second keeps its order.
    found.reverse()
    return sorted(found, key=lambda event: event.occurred_at)


def _comments(client: GraphClient, page_id: str, since: datetime) -> Iterator[InboundEvent]:
    nested = f"comments.limit({_ROWS}).filter(stream).order(reverse_chronological){{{_COMMENT_FIELDS}}}"
    posts = client.listed(page_id, "feed", fields=f"id,from,message,created_time,{nested}", limit=str(_POSTS))
    for post in items(posts.object().get("data")):
        post_id = identifier(mapping(post).get("id"))
        if post_id is None:
            continue
        yield from _post(page_id, post_id, mapping(post), since)
        first = mapping(mapping(post).get("comments"))
        fields = {"fields": _COMMENT_FIELDS, "filter": "stream", "order": "reverse_chronological"}
        for row in _rows(client, post_id, "comments", fields, first):
            event = feed.found_comment(page_id, post_id, row)
            if event is None:
                continue
            if event.occurred_at < since:
                break
            yield replace(event, raw=row)


def _post(page_id: str, post_id: str, post: Json, since: datetime) -> Iterator[InboundEvent]:
    """A post, the page's own or a visitor's, as its webhook would have told."""
    author = identifier(mapping(post.get("from")).get("id"))
    item = "status" if author in (None, page_id) else "post"
    event = feed.change(page_id, "feed", {**post, "item": item, "verb": "add", "post_id": post_id}, since)
    if event is not None and event.occurred_at >= since:
        yield replace(event, raw=post)


def _messages(client: GraphClient, page_id: str, since: datetime) -> Iterator[InboundEvent]:
    fields = {
        "platform": "messenger",
        "fields": f"id,updated_time,participants,messages.limit({_ROWS}){{{_MESSAGE_FIELDS}}}",
    }
    for chat in _rows(client, page_id, "conversations", fields, None):
        updated = moment(chat.get("updated_time"))
        if updated is not None and updated < since:
            return
        person = _other_party(page_id, chat)
        if person is None:
            continue
        more = {"fields": _MESSAGE_FIELDS}
        for row in _rows(client, identifier(chat.get("id")) or "", "messages", more, mapping(chat.get("messages"))):
            event = messaging.found_message(page_id, person, row)
            if event is None:
                continue
            if event.occurred_at < since:
                break
            yield replace(event, raw=row)


def _other_party(page_id: str, chat: Json) -> Person | None:
    for one in items(mapping(chat.get("participants")).get("data")):
        person_id = identifier(mapping(one).get("id"))
        if person_id is not None and person_id != page_id:
            return Person(person_id, text(mapping(one).get("name")) or None)
    return None


def _rows(
    client: GraphClient, node: str, connection: str, fields: Mapping[str, Any], first: Json | None
) -> Iterator[Json]:
    """A list, page by page, newest first.

    Args:
        first: its first page, where another call has brought it along; None if not.
    """
    page = first if first is not None else client.listed(node, connection, limit=str(_ROWS), **fields).object()
    for _ in range(_PAGES):
        yield from (mapping(row) for row in items(page.get("data")))
        paging = mapping(page.get("paging"))
        after = mapping(paging.get("cursors")).get("after")
        # ``next`` is there as long as there is more. It is not followed itself: it holds the token.
        if not after or not paging.get("next"):
            return
        page = client.listed(node, connection, limit=str(_ROWS), after=after, **fields).object()
