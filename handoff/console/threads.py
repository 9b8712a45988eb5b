"""Comments as the console shows them: the post, what stands under it, and what a message said before."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.channels import repository
from handoff.channels.models import ChannelAccount, ChannelThread, SocialPost
from handoff.channels.thread_view import comment_address, last_deed, post_address, stands_under_a_post
from handoff.conversations.models import Conversation, Message
from handoff.conversations.scope import sees
from handoff.corrections import repository as corrections
from handoff.staff.schemas import Viewer
from kit.clock import iso

_SHOWN = 300


class Threads:
    """Reads threads. What stands in public under a post is shown to whoever may see one of its comments; the conversations
    behind it only to whom they belong."""

    async def view(self, session: AsyncSession, viewer: Viewer, conversation_id: str) -> dict[str, Any] | None:
        """``Thread`` of docs/protocol.md; None for the web chat."""
        thread = await repository.thread(session, conversation_id)
        account = await repository.account(session, thread.account_id) if thread is not None else None
        if thread is None or account is None:
            return None
        post = await repository.social_post(session, account.id, thread.post_ref)
        return {
            "kind": thread.kind,
            "account": {"id": account.id, "name": account.name, "channel": account.channel},
            "author": {"id": thread.author_id, "name": thread.author_name, "handle": thread.author_handle},
            "comment_ref": thread.comment_ref,
            "parent_ref": thread.parent_ref,
            "post": _post(account, thread, post),
            "created_at": iso(thread.created_at),
            "received_at": iso(thread.received_at),
            "last_inbound_at": iso(thread.last_inbound_at),
            "private_reply_at": iso(thread.private_reply_at),
            "hidden": (
                {"at": iso(thread.hidden_at), "by": thread.hidden_by, "reason": thread.hidden_reason}
                if thread.hidden_at is not None
                else None
            ),
            "deleted_at": iso(thread.deleted_at),
            "answered_outside_at": iso(thread.answered_outside_at),
            "url": comment_address(account.channel, thread.comment_ref, thread.post_ref),
            "last_deed": await last_deed(session, conversation_id),
            "comments": await self._comments(session, viewer, account, thread),
        }

    async def _comments(
        self, session: AsyncSession, viewer: Viewer, account: ChannelAccount, thread: ChannelThread
    ) -> list[dict[str, Any]]:
        """Everything under the same post, oldest first; of answers only what was said in public."""
        if thread.post_ref is None or thread.kind != "comment":
            return []
        found = await repository.comments_under(session, thread.account_id, thread.post_ref, _SHOWN)
        said: dict[str, list[Message]] = {}
        for message in await repository.messages_of(session, [one.conversation_id for one, _ in found]):
            said.setdefault(message.conversation_id, []).append(message)
        return [
            self._comment(viewer, account, row, conversation, said.get(row.conversation_id, []))
            for row, conversation in found
        ]

    def _comment(
        self,
        viewer: Viewer,
        account: ChannelAccount,
        row: ChannelThread,
        conversation: Conversation,
        said: list[Message],
    ) -> dict[str, Any]:
        visible = sees(viewer, conversation)
        first = next((message for message in said if message.author_kind == "citizen"), None)
        return {
            "ref": row.comment_ref,
            "parent_ref": row.parent_ref,
            "author": {"id": row.author_id, "name": row.author_name, "handle": row.author_handle},
            "text": first.text if first is not None else "",
            "attachments": first.extras.get("attachments", []) if first is not None else [],
            "placeholder": first.extras.get("placeholder") if first is not None else None,
            "edited": bool(first is not None and first.extras.get("edits")),
            "at": iso(row.created_at),
            "url": comment_address(account.channel, row.comment_ref, row.post_ref),
            "hidden": row.hidden_at is not None,
            "deleted": row.deleted_at is not None,
            "conversation_id": row.conversation_id if visible else None,
            "state": conversation.state if visible else None,
            "answers": [
                {
                    "author": {"kind": message.author_kind, "name": message.author_name},
                    "text": message.text,
                    "at": iso(message.at),
                    "delivery": message.delivery,
                }
                for message in said
                if _in_public(message)
            ],
        }

    async def history(self, session: AsyncSession, conversation_id: str, seq: int) -> list[dict[str, Any]]:
        """What a message said before, oldest first: ``what`` happened to it, ``at``, and the ``text`` until then."""
        thread = await repository.thread(session, conversation_id)
        if thread is None:
            return await corrections.history(session, conversation_id, seq)
        edits = thread.edits
        return [{"what": edit["what"], "at": edit["at"], "text": edit["text"]} for edit in edits if edit["seq"] == seq]


def _post(account: ChannelAccount, thread: ChannelThread, post: SocialPost | None) -> dict[str, Any] | None:
    """The post on top. Of one from before we were here nothing is known but where it stands."""
    if not stands_under_a_post(thread):
        return None
    return {
        "ref": thread.post_ref,
        "text": post.text if post is not None else "",
        "link": post.link if post is not None else None,
        "published_at": iso(post.published_at) if post is not None else None,
        "ours": post is not None and post.ours,
        "url": post_address(account.channel, thread.post_ref),
    }


def _in_public(message: Message) -> bool:
    """Whether everybody can read it under the post."""
    if message.author_kind == "citizen" or message.delivery not in repository.WENT_OUT:
        return False
    return message.extras.get("mode") == "public" or message.author_name == "outside"
