"""Comments and posts: the webhook field ``feed`` (and ``mention``), and comments that were asked for.

Keys: ``c:<comment>:add`` and ``c:<comment>:remove`` happen once; ``c:<comment>:edited:<time>:<digest of the text>``,
``c:<comment>:hide:<time>`` can happen again. The time is the platform's ``created_time``, not that of the sending, so a
repeat has the same key. A comment found by asking has the key that its webhook would have had.
"""

from __future__ import annotations

from datetime import datetime

from connectors.facebook.values import Json, digest, identifier, items, mapping, moment, text
from handoff.channels.ports import Attachment, EventKind, InboundEvent, Person

#: Meta writes both forms (restfb#749).
_VERBS = {"edit": "edited", "delete": "remove"}
_COMMENT_KINDS: dict[str, EventKind] = {
    "add": "comment",
    "edited": "edited",
    "remove": "deleted",
    "hide": "hidden",
    "unhide": "unhidden",
}
#: Items of ``feed`` that are a post, by whomever.
_POSTS = frozenset({"post", "status", "photo", "video", "share", "link", "album", "event", "note", "live_video"})


def change(page_id: str, field: str, value: Json, sent_at: datetime) -> InboundEvent | None:
    """What a change of ``feed`` or ``mention`` tells; None where it is nothing that we know.

    Args:
        page_id: the page whose webhook it is.
        sent_at: the time for a change that carries none.
    """
    verb = text(value.get("verb"))
    verb = _VERBS.get(verb, verb)
    at = moment(value.get("created_time")) or sent_at
    comment_id, post_id = identifier(value.get("comment_id")), identifier(value.get("post_id"))
    item = text(value.get("item"))
    if comment_id is not None and (item == "comment" or field == "mention"):
        return _comment(page_id, comment_id, post_id, verb, value, at)
    if post_id is not None and (item in _POSTS or field == "mention"):
        return _post(page_id, post_id, verb, value, at, by_visitor=item == "post" or field == "mention")
    return None


def found_comment(page_id: str, post_id: str, row: Json) -> InboundEvent | None:
    """A comment as ``/{post}/comments`` lists it; None where it cannot be read."""
    comment_id, at = identifier(row.get("id")), moment(row.get("created_time"))
    if comment_id is None or at is None:
        return None
    attachment = mapping(row.get("attachment"))
    source = mapping(mapping(attachment.get("media")).get("image")).get("src") or attachment.get("url")
    value = {
        "from": row.get("from"),
        "message": row.get("message"),
        "parent_id": mapping(row.get("parent")).get("id") or post_id,
        "photo": source if attachment else None,
    }
    return _comment(page_id, comment_id, post_id, "add", value, at)


def _comment(
    page_id: str, comment_id: str, post_id: str | None, verb: str, value: Json, at: datetime
) -> InboundEvent | None:
    kind = _COMMENT_KINDS.get(verb)
    if kind is None:
        return None
    written, attachments = text(value.get("message")), _attachments(value)
    key = _key(f"c:{comment_id}", verb, at, written, attachments)
    if kind == "comment" and not written and not attachments:
        # A sticker or a GIF: the webhook tells only that there is something.
        attachments = (Attachment("other"),)
    author = _author(value)
    parent = identifier(value.get("parent_id"))
    parent = None if parent == post_id else parent
    ours = author is not None and author.id == page_id
    thread = comment_id
    if ours and kind == "comment":
        # Our own words belong where they answer; the platform does not say by which application they were written.
        kind, thread = "echo", parent or post_id or comment_id
    return InboundEvent(
        key=key,
        kind=kind,
        occurred_at=at,
        thread=thread,
        ref=comment_id,
        text=written,
        author=author,
        attachments=attachments,
        post_ref=post_id,
        parent_ref=parent,
    )


def _post(page_id: str, post_id: str, verb: str, value: Json, at: datetime, *, by_visitor: bool) -> InboundEvent | None:
    """A post of the page's, or one that a visitor wrote on it, or one elsewhere that names it: those want an answer.

    Args:
        by_visitor: what to believe where the author is not told.
    """
    author = _author(value)
    ours = author.id == page_id if author is not None else not by_visitor
    written, attachments = text(value.get("message")), _attachments(value)
    kinds: dict[str, EventKind] = {**_COMMENT_KINDS, "add": "post" if ours else "comment"}
    if ours and verb == "edited":
        kinds["edited"] = "post"
    kind = kinds.get(verb)
    if kind is None:
        return None
    return InboundEvent(
        key=_key(f"p:{post_id}" if ours else f"c:{post_id}", verb, at, written, attachments),
        kind=kind,
        occurred_at=at,
        thread=post_id,
        ref=post_id,
        text=written,
        author=author,
        attachments=attachments,
        post_ref=post_id,
    )


def _key(what: str, verb: str, at: datetime, written: str, attachments: tuple[Attachment, ...]) -> str:
    """What happens once needs no time; what can happen again does, and an edit what it was edited to."""
    if verb in ("add", "remove"):
        return f"{what}:{verb}"
    key = f"{what}:{verb}:{int(at.timestamp())}"
    return f"{key}:{digest([written, [one.url for one in attachments]])}" if verb == "edited" else key


def _author(value: Json) -> Person | None:
    """Who wrote. Without advanced access Meta leaves it out; before 2018 it had another form, which still occurs."""
    who = mapping(value.get("from"))
    person_id = identifier(who.get("id")) or identifier(value.get("sender_id"))
    if person_id is None:
        return None
    return Person(person_id, text(who.get("name")) or text(value.get("sender_name")) or None)


def _attachments(value: Json) -> tuple[Attachment, ...]:
    """Pictures, films and links of a comment or post."""
    found = [Attachment("image", url=text(value["photo"]))] if text(value.get("photo")) else []
    found += [Attachment("image", url=url) for url in items(value.get("photos")) if isinstance(url, str)]
    if text(value.get("video")):
        found.append(Attachment("video", url=text(value["video"])))
    if not found and text(value.get("link")):
        found.append(Attachment("share", url=text(value["link"])))
    return tuple(found)
