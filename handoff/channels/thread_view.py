"""What the console shows of posts and comments besides their texts: whose post it is, where it stands on the platform, and what
became of the last wish to hide a comment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.channels.models import ChannelThread, OutboxRow, SocialPost
from handoff.channels.schemas import COMMENT

_DEEDS = ("hide", "unhide")


def stands_under_a_post(thread: ChannelThread) -> bool:
    """Whether a comment answers a post; on X a mention may be a post of its own, under which others stand."""
    return thread.kind == COMMENT and thread.post_ref is not None and thread.post_ref != thread.comment_ref


async def posts_of(session: AsyncSession, threads: Iterable[ChannelThread]) -> dict[str, SocialPost]:
    """The posts that these conversations stand under, by conversation; one query, however many there are."""
    wanted = {
        thread.conversation_id: (thread.account_id, thread.post_ref)
        for thread in threads
        if thread.post_ref is not None
    }
    if not wanted:
        return {}
    key = tuple_(SocialPost.account_id, SocialPost.ref)
    rows = await session.scalars(select(SocialPost).where(key.in_(list(set(wanted.values())))))
    found = {(row.account_id, row.ref): row for row in rows}
    return {conversation_id: found[place] for conversation_id, place in wanted.items() if place in found}


async def last_deed(session: AsyncSession, conversation_id: str) -> dict[str, Any] | None:
    """The last wish to hide a comment or to show it again: ``kind``, ``state`` of the outbox, ``reason``; None without one."""
    row = await session.scalar(
        select(OutboxRow)
        .where(OutboxRow.conversation_id == conversation_id, OutboxRow.kind.in_(_DEEDS))
        .order_by(OutboxRow.id.desc())
        .limit(1)
    )
    if row is None:
        return None
    # To whoever waits, "under way" is the same as "queued": it is not done yet.
    state = "queued" if row.state == "sending" else row.state
    return {"kind": row.kind, "state": state, "reason": row.reason}


def post_address(channel: str, ref: str | None) -> str | None:
    """Where a browser finds a post; None where the platform has no such address.

    Facebook: ``<page>/posts/<post>`` (the address behind "Copy link"); X: ``i/web/status/<id>``, which needs no author's name.
    """
    if ref is None:
        return None
    if channel == "facebook":
        page, _, post = ref.partition("_")
        return f"https://www.facebook.com/{page}/posts/{post}" if page.isdecimal() and post.isdecimal() else None
    if channel == "x":
        return f"https://x.com/i/web/status/{ref}" if ref.isdecimal() else None
    return None


def comment_address(channel: str, ref: str | None, post_ref: str | None) -> str | None:
    """Where a browser finds a comment: on Facebook under its post, on X it is a post of its own."""
    if channel != "facebook":
        return post_address(channel, ref)
    post, number = post_address(channel, post_ref), (ref or "").rpartition("_")[2]
    return f"{post}?comment_id={number}" if post is not None and number.isdecimal() else post
