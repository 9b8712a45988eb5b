"""How the fake Graph API writes what it is asked for: fields, lists in pages, instants (Graph API, Reference)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.fakes.graph_world import Chat, Comment, Message, Page, Post

_SOMEWHERE = "https://scontent.example/attachment"


def stamp(moment: datetime) -> str:
    """An instant as Graph writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S+0000")


def chosen(value: dict[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """Only the fields that were asked for, and always the id."""
    wanted = {name.partition("{")[0] for name in fields.get("fields", ",".join(value)).split(",")} | {"id"}
    return {key: item for key, item in value.items() if key in wanted}


def page_of[Row](rows: list[Row], fields: Mapping[str, str]) -> tuple[list[Row], dict[str, Any]]:
    """One page of a list, and how to get the next: ``paging``, as long as there is more."""
    limit, start = int(fields.get("limit", "25")), int(fields.get("after", "0"))
    shown = rows[start : start + limit]
    if start + limit >= len(rows):
        return shown, {}
    after = str(start + limit)
    return shown, {
        "paging": {"cursors": {"before": str(start), "after": after}, "next": f"https://next/?after={after}"}
    }


def nested(fields: Mapping[str, str], name: str) -> dict[str, str] | None:
    """Parameters of a list within ``fields`` (``comments.limit(50){…}``); None where it is not asked for."""
    found = re.search(rf"\b{name}((?:\.\w+\([^)]*\))*)", fields.get("fields", ""))
    return dict(re.findall(r"\.(\w+)\(([^)]*)\)", found.group(1))) if found else None


def comment_row(comment: Comment) -> dict[str, Any]:
    """A comment."""
    shown: dict[str, Any] = {
        "id": comment.id,
        "message": comment.text,
        "created_time": stamp(comment.at),
        "is_hidden": comment.hidden,
        "can_reply_privately": comment.by == "person" and comment.private_reply is None,
    }
    if not comment.anonymous:
        shown["from"] = {"id": comment.author.id, "name": comment.author.name}
    if comment.parent is not None:
        shown["parent"] = {"id": comment.parent}
    if comment.attachment is not None:
        media = {"image": {"src": comment.attachment.url or _SOMEWHERE}}
        shown["attachment"] = {"type": comment.attachment.kind, "media": media}
    return shown


def comment_list(post: Post, fields: Mapping[str, str]) -> dict[str, Any]:
    """A post's comments, newest first."""
    comments = [comment for comment in reversed(post.comments) if not comment.deleted]
    shown, paging = page_of(comments, fields)
    return {"data": [comment_row(comment) for comment in shown], **paging}


def post_row(page: Page, post: Post, fields: Mapping[str, str]) -> dict[str, Any]:
    """A post, with its comments where they are asked for."""
    row: dict[str, Any] = {
        "id": post.id,
        "message": post.text,
        "created_time": stamp(post.at),
        "from": {"id": page.id, "name": page.name},
        "permalink_url": f"https://www.facebook.com/{post.id}",
    }
    comments = nested(fields, "comments")
    if comments is not None:
        row["comments"] = comment_list(post, comments)
    return row


def message_list(page: Page, chat: Chat, fields: Mapping[str, str]) -> dict[str, Any]:
    """A conversation's messages, newest first."""
    shown, paging = page_of(list(reversed(chat.messages)), fields)
    return {"data": [_message_row(page, chat, message) for message in shown], **paging}


def chat_row(page: Page, chat: Chat, fields: Mapping[str, str]) -> dict[str, Any]:
    """A conversation, with its newest messages."""
    return {
        "id": f"t_{chat.person.id}",
        "updated_time": stamp(chat.messages[-1].at),
        "participants": {"data": [_party(chat.person.id, chat.person.name), _party(page.id, page.name)]},
        "messages": message_list(page, chat, nested(fields, "messages") or {}),
    }


def usage(page_id: str, percent: int, minutes: int) -> str:
    """The header ``X-Business-Use-Case-Usage``; ``minutes`` until calls are taken again."""
    limit = {
        "type": "pages",
        "call_count": percent,
        "total_cputime": 0,
        "total_time": percent,
        "estimated_time_to_regain_access": minutes,
    }
    return json.dumps({page_id: [limit]})


def _message_row(page: Page, chat: Chat, message: Message) -> dict[str, Any]:
    parties = [_party(chat.person.id, chat.person.name), _party(page.id, page.name)]
    sender, receiver = parties if message.by == "person" else reversed(parties)
    row: dict[str, Any] = {
        "id": message.id,
        "created_time": stamp(message.at),
        "from": sender,
        "to": {"data": [receiver]},
        "message": "" if message.deleted else message.text,
    }
    if message.attachment is not None and message.attachment.kind == "sticker":
        row["sticker"] = message.attachment.url or _SOMEWHERE
    elif message.attachment is not None:
        kind = {"video": "video/mp4", "audio": "audio/mpeg", "file": "application/pdf"}
        picture = {"mime_type": "image/jpeg", "image_data": {"url": message.attachment.url or _SOMEWHERE}}
        other = {"mime_type": kind.get(message.attachment.kind), "file_url": message.attachment.url or _SOMEWHERE}
        row["attachments"] = {"data": [other if message.attachment.kind in kind else picture]}
    return row


def _party(person_id: str, name: str) -> dict[str, str]:
    return {"id": person_id, "name": name}
