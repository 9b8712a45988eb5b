"""What the broker's side asks of a platform's connector, and what it accepts from it. The connectors live in ``connectors``.

A platform (Facebook, X, Telegram) calls us with webhooks and is called back over HTTP. What is common to platforms, keeping
events, sending in order, who may be answered, is done once, here; a connector only translates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable


@dataclass(frozen=True)
class Capabilities:
    """What a channel can carry.

    Attributes:
        text_limit: characters in one message.
        public_limit: characters in a public reply, where that is another number (X: a post's).
        buttons: whether buttons are shown; without them they are written out as a numbered list.
        edits, read_receipts, typing: whether the platform tells of them.
        reply_window_h: hours after the citizen's last message in which anybody may write; None without limit.
        human_window_h: hours in which a person (not the assistant) may still write; None when the same as the first.
        comments: whether posts have comments that are cases.
        private_reply: whether a comment can be answered privately, once.
        private_reply_window_h: hours after the comment in which that can be done; None without limit.
        hide: whether a comment can be hidden.
        posts: whether we can publish, and comment on others' posts.
        direct: whether direct messages are served.
    """

    text_limit: int
    buttons: bool
    edits: bool
    read_receipts: bool
    typing: bool
    reply_window_h: int | None
    human_window_h: int | None = None
    comments: bool = False
    private_reply: bool = False
    hide: bool = False
    posts: bool = False
    direct: bool = True
    private_reply_window_h: int | None = None
    public_limit: int | None = None


@dataclass(frozen=True)
class Account:
    """A channel account as a connector sees it: one page, one X account, one bot.

    Attributes:
        id: ours, in the webhook's address.
        platform_id: the platform's (page id, user id, bot id).
        credentials: decrypted; never logged, hence not in ``repr``.
        settings: not secret: ``api_version``, ``base_url`` (a fake's, in tests and the demo), ``human_agent``, ``direct``.
    """

    id: str
    channel: str
    platform_id: str
    name: str
    credentials: Mapping[str, str] = field(repr=False)
    settings: Mapping[str, Any]


EventKind = Literal[
    "message",  # a direct message
    "comment",  # a comment under a post, or a public mention
    "edited",  # a message or comment has another text now
    "deleted",  # … is gone
    "hidden",  # a comment was hidden
    "unhidden",
    "echo",  # the account itself wrote: by us, or by somebody outside
    "delivered",
    "read",
    "blocked",  # the citizen blocked the account
    "unblocked",
    "post",  # a post of the account's, so that its comments have a place
    "other",  # understood, and of no consequence; kept for the record
]


@dataclass(frozen=True)
class Person:
    """Who wrote, as the platform tells. ``id`` is scoped as the platform scopes it."""

    id: str
    name: str | None = None
    handle: str | None = None


@dataclass(frozen=True)
class Attachment:
    """What came besides text. ``kind``: image, video, audio, file, sticker, location, contact, share, other."""

    kind: str
    name: str | None = None
    url: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class InboundEvent:
    """One thing that a platform told us, whatever the platform.

    Attributes:
        key: unique for the account; the same however often the platform repeats it.
        occurred_at: by the platform's clock, UTC; clocks of the service level run from it.
        thread: to whom an answer goes and in whose order it stands: a person's id for direct messages, the comment's id for
            comments.
        ref: the platform's id of the message or comment the event is about.
        post_ref, parent_ref: of a comment: the post it stands under, the comment it answers.
        author: None when the platform does not say.
        by_us: of an echo: it came from our own application.
        summoned: of a comment: its author addressed the account, so the platform lets us answer (X; elsewhere always).
        watermark: of ``delivered`` and ``read``: everything up to this instant.
        token: of a deep link (``/start <token>``): evidence of identity.
        raw: the platform's own object, for the record.
    """

    key: str
    kind: EventKind
    occurred_at: datetime
    thread: str
    ref: str | None = None
    text: str = ""
    author: Person | None = None
    attachments: tuple[Attachment, ...] = ()
    payload: str | None = None
    post_ref: str | None = None
    parent_ref: str | None = None
    by_us: bool = False
    summoned: bool = True
    watermark: datetime | None = None
    token: str | None = None
    page_id: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


OutboundKind = Literal["direct", "public_reply", "private_reply", "hide", "unhide", "post", "comment"]


@dataclass(frozen=True)
class OutboundMessage:
    """Something to be sent or done on a platform.

    Attributes:
        thread: a person's id, a comment's id, or a post's id, by kind.
        by_person: a member of staff wrote it; decides what may be said late (Facebook's human agent).
        last_inbound_at: when the citizen wrote last, for reply windows.
        buttons: (title, payload), where the channel has buttons.
        link, picture_url: of a post.
        publish_at: a scheduled post; None is now.
        summoned: whether the author of what is answered addressed the account, as :class:`InboundEvent` told.
    """

    kind: OutboundKind
    thread: str
    text: str = ""
    by_person: bool = False
    last_inbound_at: datetime | None = None
    buttons: tuple[tuple[str, str], ...] = ()
    link: str | None = None
    picture_url: str | None = None
    publish_at: datetime | None = None
    summoned: bool = True


SendStatus = Literal["sent", "retry", "failed", "unknown"]


@dataclass(frozen=True)
class SendResult:
    """What became of a send.

    ``unknown``: the request went out and no answer came (time-out, broken connection): it is never sent again blindly.

    Attributes:
        reason: why not: ``rate_limited``, ``platform_error``, ``token``, ``window_closed``, ``blocked``, ``not_summoned``,
            ``deleted``, ``too_long``, ``private_reply_used``, ``permission``, ``refused``, ``timeout``.
        detail: the platform's own words, without secrets, at most 300 characters.
        retry_after_s: for ``retry``: the platform's wish.
        pause_account: nothing more can be sent before somebody mends the account (a revoked token).
        cost: what the platform charges for it, in its currency.
        slow_down: share of the platform's limit that is used up, 0…1; from 0.8 on the worker spaces its sends.
    """

    status: SendStatus
    ref: str | None = None
    reason: str | None = None
    detail: str | None = None
    retry_after_s: float | None = None
    pause_account: bool = False
    cost: float = 0.0
    slow_down: float = 0.0


@dataclass(frozen=True)
class AccountHealth:
    """What the platform says of an account when asked now.

    Attributes:
        problems: codes of ``channels.problem.*`` in the catalogue: ``token_invalid``, ``token_expires``, ``webhook_missing``,
            ``webhook_failing``, ``api_version_ends``, ``direct_unavailable``, ``unreachable``.
    """

    ok: bool
    name: str | None = None
    token_expires_at: datetime | None = None
    api_version_ends: str | None = None
    webhook: str | None = None
    problems: tuple[str, ...] = ()
    detail: str | None = None


class BadSignature(Exception):
    """A webhook is not from the platform. Answered 401 with nothing in the body that helps to forge one."""


class BadPayload(Exception):
    """A webhook is from the platform and cannot be read. ``where`` tells what is wrong, for the health board."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


class PlatformConnector(Protocol):
    """A platform. Holds no state of conversations and no database: what it is told is kept by :mod:`handoff.channels`."""

    name: str

    def capabilities(self, account: Account) -> Capabilities:
        """What the account can carry, as it is set up."""
        ...

    def challenge(self, account: Account, query: Mapping[str, str]) -> tuple[str, str] | None:
        """Body and content type of the answer to the platform's GET (Facebook's ``hub.challenge``, X's CRC).

        None: refused.
        """
        ...

    def verify(self, account: Account, headers: Mapping[str, str], raw: bytes) -> None:
        """Checks that a webhook is the platform's, over the raw body, in constant time.

        Raises:
            BadSignature: it is not, or it is not signed, or the account has no secret.
        """
        ...

    def parse(self, account: Account, raw: bytes) -> list[InboundEvent]:
        """Everything a webhook tells, in its order; events of other accounts of the same application have ``page_id`` set.

        Raises:
            BadPayload: the body is not what the platform sends.
        """
        ...

    async def send(self, account: Account, message: OutboundMessage) -> SendResult:
        """Sends one thing, with a time-out; never raises for what a platform may do."""
        ...

    async def check(self, account: Account) -> AccountHealth:
        """Asks the platform about the account (token, webhook, version); never raises for what a platform may do."""
        ...

    async def subscribe(self, account: Account, webhook_url: str) -> AccountHealth:
        """Sets the webhook at the platform, where it is set by API."""
        ...

    async def poll(self, account: Account, since: str | None) -> tuple[list[InboundEvent], str | None]:
        """What the webhook may have missed, and the place to go on from; ([], since) where the platform cannot be polled."""
        ...

    async def close(self) -> None:
        """Lets go of every connection."""
        ...


@runtime_checkable
class Priced(Protocol):
    """A connector whose platform charges for each send; the console shows the price before anything is sent."""

    def price(self, account: Account, message: OutboundMessage) -> float:
        """What the platform charges for ``message``, in its currency."""
        ...


@runtime_checkable
class PricedEvents(Protocol):
    """A connector whose platform charges for what it tells, too."""

    def price_of_event(self, event: InboundEvent) -> float:
        """What the platform charged for telling us this, in its currency; once, however often it was told."""
        ...


@runtime_checkable
class Measures(Protocol):
    """A connector whose platform counts texts in its own way (X: a link is 23 characters, whatever its length), or has
    another limit for posts than for messages."""

    def post_size(self, account: Account, message: OutboundMessage) -> tuple[int, int]:
        """How much ``message``, a ``post``, ``comment`` or ``public_reply``, takes of what is allowed; how much that is."""
        ...


@dataclass(frozen=True)
class FoundPost:
    """What a platform says of a post when asked."""

    text: str
    link: str | None = None
    published_at: datetime | None = None


class NotNow(Exception):
    """The platform cannot tell just now; asking later may help."""


@runtime_checkable
class LooksUp(Protocol):
    """A connector whose webhooks leave out what the platform tells when asked."""

    async def name_of(self, account: Account, person_id: str) -> str | None:
        """Somebody's name; None when the platform does not tell it.

        Raises:
            NotNow: it cannot be asked just now.
        """
        ...

    async def post_of(self, account: Account, ref: str) -> FoundPost | None:
        """A post; None when there is none, or it is not shown to us.

        Raises:
            NotNow: it cannot be asked just now.
        """
        ...
