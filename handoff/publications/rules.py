"""How a publication fits each account it goes to: length, what the platform allows, what it charges. Asked while it is
composed, and again before it is proposed and approved; the connector has the last word when it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from handoff.channels.models import ChannelAccount
from handoff.channels.ports import Capabilities, Measures, OutboundKind, OutboundMessage, Priced
from handoff.channels.service import Channels

#: Platforms on which nobody is answered who has not addressed the account (X, since 23 February 2026).
SUMMONED_ONLY: Final = frozenset({"x"})


@dataclass(frozen=True)
class Content:
    """What is to be published, wherever it comes from: a row, or a request that is only looked at."""

    kind: OutboundKind
    text: str
    link: str | None
    picture_url: str | None
    variants: Mapping[str, Mapping[str, Any]]
    post_ref: str | None = None


@dataclass(frozen=True)
class Fit:
    """How a publication fits an account.

    Attributes:
        message: as the connector would get it.
        length, limit: as the platform counts; 0 and 0 while the account cannot be used.
        cost: what the platform charges, in its currency; None where it charges nothing at all.
        bare_cost: what it would charge for the same without any link.
        problems: codes (``error.*``) of what must be mended before it can be proposed.
        warnings: codes (``publications.warning.*``) of what should be known: ``account_paused``, ``link_raises_cost``.
    """

    account: ChannelAccount
    message: OutboundMessage
    length: int = 0
    limit: int = 0
    cost: float | None = None
    bare_cost: float | None = None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def message_for(content: Content, channel: str, thread: str) -> OutboundMessage:
    """The publication as a channel gets it: its own text where there is one, with the link unless it is left out there.

    A comment has no field for a link on any platform: it stands in the text.
    """
    variant = content.variants.get(channel, {})
    text = str(variant.get("text") or content.text)
    link = content.link if variant.get("link", True) else None
    if content.kind == "comment" and link is not None:
        text, link = with_link(text, link), None
    return OutboundMessage(
        kind=content.kind, thread=thread, text=text, by_person=True, link=link, picture_url=content.picture_url
    )


def with_link(text: str, link: str | None) -> str:
    """The text with the link on a line of its own, unless it names it already."""
    return text if link is None or link in text else f"{text}\n{link}"


def fit(channels: Channels, account: ChannelAccount, content: Content, *, summoned: bool) -> Fit:
    """How ``content`` fits ``account``.

    Args:
        summoned: of a comment: the author of the post addressed the account.
    """
    thread = content.post_ref or account.platform_id
    message = message_for(content, account.channel, thread)
    carries = channels.carries(account)
    if carries is None or not account.enabled:
        return Fit(account, message, problems=("account_disabled",))
    if not carries.posts:
        code = "comments_not_supported" if content.kind == "comment" else "posts_not_supported"
        return Fit(account, message, problems=(code,))
    length, limit = _size(channels, account, carries, message)
    problems = []
    if length > limit:
        problems.append("too_long_for_channel")
    if content.kind == "comment" and account.channel in SUMMONED_ONLY and not summoned:
        problems.append("not_summoned")
    cost, bare = _cost(channels, account, message)
    warnings = []
    if account.paused_reason is not None:
        warnings.append("account_paused")
    if cost is not None and bare is not None and cost > bare:
        warnings.append("link_raises_cost")
    return Fit(account, message, length, limit, cost, bare, tuple(problems), tuple(warnings))


def _size(
    channels: Channels, account: ChannelAccount, carries: Capabilities, message: OutboundMessage
) -> tuple[int, int]:
    connector = channels.connector(account.channel)
    if isinstance(connector, Measures):
        return connector.post_size(channels.opened(account), message)
    limit = carries.text_limit if carries.public_limit is None else carries.public_limit
    return len(with_link(message.text, message.link)), limit


def _cost(channels: Channels, account: ChannelAccount, message: OutboundMessage) -> tuple[float | None, float | None]:
    """What it costs, and what it would cost without any link."""
    connector = channels.connector(account.channel)
    if not isinstance(connector, Priced):
        return None, None
    opened = channels.opened(account)
    # A character, since an empty message is none: what is charged depends on links and not on length.
    return connector.price(opened, message), connector.price(opened, replace(message, text=".", link=None))
