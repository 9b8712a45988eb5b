"""Shapes of the social channels: events as they are stored, requests of administrators as they are checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from handoff.channels.ports import Attachment, EventKind, InboundEvent, Person
from kit.clock import iso
from kit.masking import mask
from kit.textual import clean

Mode = Literal["direct", "public", "private"]
CommentPolicy = Literal["public", "private", "never"]

DIRECT: Final = "direct"
COMMENT: Final = "comment"
#: What an account does that nobody has decided about: a person answers comments.
DEFAULT_POLICY: Final[CommentPolicy] = "never"

#: What each platform's account is opened with, in the order in which an administrator is asked for it.
CREDENTIALS: Final[Mapping[str, tuple[str, ...]]] = {
    "facebook": ("page_token", "app_secret", "verify_token", "app_id"),
    "x": ("consumer_key", "consumer_secret", "access_token", "access_token_secret", "bearer_token", "client_secret"),
    "telegram": ("token", "secret_token"),
}
#: Those that an account may do without.
OPTIONAL_CREDENTIALS: Final = frozenset({"client_secret"})

#: Longer than any platform's text; what is beyond it is cut, so that no text can fill the database.
LONGEST_TEXT: Final = 25_000
_LONGEST_PAYLOAD: Final = 200


def pack(event: InboundEvent) -> dict[str, Any]:
    """An event as it is stored; key, thread, kind and times are columns of their own."""
    return {
        "ref": event.ref,
        "text": event.text,
        "author": _person(event.author),
        "attachments": [_attachment(one) for one in event.attachments],
        "payload": event.payload,
        "post_ref": event.post_ref,
        "parent_ref": event.parent_ref,
        "by_us": event.by_us,
        "summoned": event.summoned,
        "watermark": iso(event.watermark),
        "token": event.token,
        "raw": dict(event.raw),
    }


def unpack(key: str, kind: str, occurred_at: datetime, thread: str, packed: Mapping[str, Any]) -> InboundEvent:
    """The event that :func:`pack` was given, for our own use: without ``page_id``, which has done its work by then."""
    author, watermark = packed.get("author"), packed.get("watermark")
    payload = packed.get("payload")
    return InboundEvent(
        key=key,
        kind=cast("EventKind", kind),
        occurred_at=occurred_at,
        thread=thread,
        ref=packed.get("ref"),
        text=str(packed.get("text") or ""),
        author=Person(author["id"], author.get("name"), author.get("handle")) if author else None,
        attachments=tuple(Attachment(**one) for one in packed.get("attachments") or ()),
        payload=payload if payload and len(payload) <= _LONGEST_PAYLOAD else None,
        post_ref=packed.get("post_ref"),
        parent_ref=packed.get("parent_ref"),
        by_us=bool(packed.get("by_us")),
        summoned=bool(packed.get("summoned", True)),
        watermark=datetime.fromisoformat(watermark) if watermark else None,
        token=packed.get("token"),
        raw=packed.get("raw") or {},
    )


def settled(packed: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an event once it is done: no object of the platform's, no personal data in the text."""
    kept = {name: value for name, value in packed.items() if name not in ("raw", "text", "attachments", "unreadable")}
    return {
        **kept,
        "text": mask(clean(str(packed.get("text") or ""))).text,
        "attachments": [masked_attachment(one) for one in packed.get("attachments") or ()],
    }


def masked_attachment(packed: Mapping[str, Any]) -> dict[str, Any]:
    """An attachment as it may be kept: a contact's name may hold a telephone number."""
    name = packed.get("name")
    return {**packed, "name": mask(clean(str(name))).text if name else None}


def _person(person: Person | None) -> dict[str, Any] | None:
    return None if person is None else {"id": person.id, "name": person.name, "handle": person.handle}


def _attachment(one: Attachment) -> dict[str, Any]:
    return {"kind": one.kind, "name": one.name, "url": one.url, "size": one.size}


# --- bodies of requests (docs/protocol.md) ------------------------------------------------------------------------------


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]


class AccountSettings(_Body):
    """What is not secret. ``base_url`` leads to a fake and is refused in production."""

    comment_policy: CommentPolicy = DEFAULT_POLICY
    api_version: Annotated[str, StringConstraints(pattern=r"^v\d{1,3}\.\d{1,2}$")] | None = None
    base_url: Annotated[str, StringConstraints(pattern=r"^https?://", max_length=200)] | None = None
    human_agent: bool | None = None
    direct: bool | None = None
    post_limit: Annotated[int, Field(ge=280, le=LONGEST_TEXT)] | None = None
    username: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{3,31}$")] | None = None


class NewAccount(_Body):
    """An account to be served; owned by an institution or a municipality, exactly one of the two."""

    channel: Annotated[str, StringConstraints(max_length=16)]
    platform_id: Id
    name: Name
    institution_id: Id | None = None
    municipality_id: Id | None = None
    credentials: dict[str, Secret] = Field(default_factory=dict)
    settings: AccountSettings = Field(default_factory=AccountSettings)
    enabled: bool = True


class ChangedAccount(_Body):
    """What is to change of an account; what is left out stays. Credentials that are not named stay as they are."""

    name: Name | None = None
    institution_id: Id | None = None
    municipality_id: Id | None = None
    credentials: dict[str, Secret] | None = None
    settings: AccountSettings | None = None
    enabled: bool | None = None
