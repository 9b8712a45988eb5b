"""Who may be answered, how, and until when: the platforms' rules, asked before anything is stored and shown to the writer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from handoff.channels.models import ChannelAccount, ChannelThread
from handoff.channels.ports import Capabilities
from handoff.channels.schemas import COMMENT, DEFAULT_POLICY, DIRECT, CommentPolicy, Mode
from kit.clock import iso
from kit.errors import PieturaError


@dataclass(frozen=True)
class Place:
    """Where a conversation lives.

    Attributes:
        carries: what the account can carry; None while there is no connector for its channel.
        measure: length of a public answer and its limit, as the platform counts; None where characters are counted.
    """

    account: ChannelAccount
    thread: ChannelThread
    carries: Capabilities | None
    measure: Callable[[str], tuple[int, int]] | None = None

    @property
    def is_comment(self) -> bool:
        """Whether it is a comment, which is answered in public or privately, and not a talk."""
        return self.thread.kind == COMMENT

    @property
    def policy(self) -> CommentPolicy:
        """How the assistant may answer comments of this account by itself."""
        return cast("CommentPolicy", self.account.settings.get("comment_policy") or DEFAULT_POLICY)

    def modes(self) -> tuple[Mode, ...]:
        """The ways in which this place is answered at all; whether one is open now, :func:`refusal` tells."""
        if not self.is_comment:
            return (DIRECT,)
        if self.carries is None:
            return ()
        return ("public", "private") if self.carries.private_reply else ("public",)

    def limit(self, mode: Mode) -> int:
        """Characters in one text of this mode; 0 while nothing can be sent."""
        if self.carries is None:
            return 0
        if mode == "public" and self.carries.public_limit is not None:
            return self.carries.public_limit
        return self.carries.text_limit

    def size(self, mode: Mode, text: str) -> tuple[int, int]:
        """How much a text takes of what one of this mode may; how much that is."""
        if mode == "public" and self.measure is not None:
            return self.measure(text)
        return len(text), self.limit(mode)

    def closes_at(self, mode: Mode, *, by_person: bool) -> datetime | None:
        """When the platform stops taking answers of this mode; None for never."""
        carries = self.carries
        if carries is None or mode == "public":
            return None
        if mode == "private":
            return _after(self.thread.created_at, carries.private_reply_window_h)
        hours = carries.reply_window_h
        if by_person and carries.human_window_h is not None:
            hours = carries.human_window_h
        return _after(self.thread.last_inbound_at, hours)


def _after(start: datetime, hours: int | None) -> datetime | None:
    return None if hours is None else start + timedelta(hours=hours)


def refusal(place: Place, mode: Mode, text: str, now: datetime, *, by_person: bool) -> PieturaError | None:
    """Why ``text`` cannot be said in this way now; None when it can.

    Codes: ``account_disabled``, ``account_paused``, ``mode_not_allowed``, ``blocked``, ``comment_deleted``,
    ``not_summoned``, ``private_reply_used``, ``window_closed`` (with ``closed_at``), ``too_long_for_channel`` (with
    ``limit``; direct messages are sent in parts instead).
    """
    account, thread, carries = place.account, place.thread, place.carries
    if not account.enabled or carries is None:
        return PieturaError("account_disabled")
    if account.paused_reason is not None:
        return PieturaError("account_paused", reason=account.paused_reason)
    if mode not in place.modes():
        return PieturaError("mode_not_allowed")
    if thread.blocked_at is not None and mode != "public":
        return PieturaError("blocked")
    if place.is_comment and thread.deleted_at is not None:
        return PieturaError("comment_deleted")
    if mode == "public" and not thread.summoned:
        return PieturaError("not_summoned")
    if mode == "private" and thread.private_reply_at is not None:
        return PieturaError("private_reply_used")
    closes_at = place.closes_at(mode, by_person=by_person)
    if closes_at is not None and closes_at <= now:
        return PieturaError("window_closed", closed_at=iso(closes_at))
    length, limit = place.size(mode, text)
    if mode != "direct" and length > limit:
        return PieturaError("too_long_for_channel", limit=limit)
    return None


def composer(place: Place, now: datetime, *, cost: dict[str, float] | None, sends: dict[str, int]) -> dict[str, Any]:
    """``composer`` of a card (docs/protocol.md): what the one who writes must know.

    Args:
        cost: price of an answer by mode, where the platform charges.
        sends: how many sends of the conversation are in each state.
    """
    account, thread, carries = place.account, place.thread, place.carries
    modes = []
    for mode in place.modes():
        refused = refusal(place, mode, "", now, by_person=True)
        modes.append(
            {
                "mode": mode,
                "allowed": refused is None,
                "refusal": refused.code if refused is not None else None,
                "text_limit": place.limit(mode),
                "closes_at": iso(place.closes_at(mode, by_person=True)),
            }
        )
    return {
        "channel": account.channel,
        "account": {"id": account.id, "name": account.name},
        "kind": thread.kind,
        "modes": modes,
        "text_limit": place.limit(place.modes()[0]) if place.modes() else 0,
        "splits": not place.is_comment,
        "window_closes_at": iso(None if place.is_comment else place.closes_at("direct", by_person=True)),
        "assistant_window_closes_at": iso(None if place.is_comment else place.closes_at("direct", by_person=False)),
        "human_agent": bool(carries is not None and carries.human_window_h is not None),
        "private_reply_left": bool(
            place.is_comment and carries is not None and carries.private_reply and thread.private_reply_at is None
        ),
        "summoned": thread.summoned,
        "cost": cost,
        "sends": sends,
        "paused": account.paused_reason,
        "blocked": thread.blocked_at is not None,
        "deleted": thread.deleted_at is not None,
        "can_hide": bool(place.is_comment and carries is not None and carries.hide),
        "hidden": thread.hidden_at is not None,
        "hide_proposed": thread.hide_proposed and thread.hidden_at is None and thread.deleted_at is None,
        "answered_outside": answered_outside(thread),
    }


def answered_outside(thread: ChannelThread) -> bool:
    """Whether somebody answered from outside, and the citizen has not written since."""
    return thread.answered_outside_at is not None and thread.answered_outside_at >= thread.last_inbound_at
