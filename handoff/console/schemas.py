"""Bodies of the console's requests (docs/protocol.md), checked at the door."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kit.errors import PieturaError

#: Years that a filter may name: before and after them the calendar's own arithmetic ends.
_YEARS = range(2000, 3000)
_ID_LENGTH = 36


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


Note = Annotated[str, StringConstraints(max_length=1000)]


class Login(_Body):
    """Who wants in."""

    email: Annotated[str, StringConstraints(max_length=200)]
    password: Annotated[str, StringConstraints(max_length=200)]


class Settings(_Body):
    """How a person wants his console."""

    sound: bool | None = None
    notify: bool | None = None
    shortcuts: bool | None = None
    enter_sends: bool | None = None
    level2_mail: bool | None = None
    push_waiting: bool | None = None
    push_offers: bool | None = None
    push_messages: bool | None = None
    push_level2: bool | None = None
    push_mentions: bool | None = None
    theme: Literal["auto", "light", "dark"] | None = None


class UpdateMe(_Body):
    """What a person may change of himself."""

    availability: Literal["available", "away"] | None = None
    lang: Literal["lv", "ru", "en"] | None = None
    settings: Settings | None = None


class Version(_Body):
    """The version of the conversation that the person saw."""

    version: int


class Noted(Version):
    """With a note for colleagues."""

    note: Note | None = None


class Transfer(Noted):
    """To whom."""

    to_user: Annotated[str, StringConstraints(max_length=36)]


class ToQueue(Version):
    """Into which queue, and what whoever takes it next is to know."""

    queue_id: Annotated[str, StringConstraints(min_length=1, max_length=36)]
    note: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class Assign(Version):
    """Into whose hands, and why."""

    to_user: Annotated[str, StringConstraints(max_length=36)]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class Level2(Version):
    """Which institution, and what is asked of it."""

    institution_id: Annotated[str, StringConstraints(max_length=64)]
    note: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class Close(Version):
    """What it was about and how it ended. ``seq``: the last message that the person saw."""

    topic: Annotated[str, StringConstraints(max_length=64)]
    outcome: Annotated[str, StringConstraints(max_length=32)]
    comment: Note | None = None
    seq: int | None = Field(default=None, ge=0, le=2**31 - 1)


class NewMessage(_Body):
    """What is said; ``id`` is made by the client and repeated on a retry."""

    id: UUID
    text: Annotated[str, StringConstraints(max_length=20_000)]
    #: How a comment is answered; everything else is ``direct``.
    mode: Literal["direct", "public", "private"] = "direct"
    #: Files that were uploaded before; with them the text may be empty.
    attachments: list[UUID] = Field(default_factory=list, max_length=20)


class Hide(Version):
    """Why a comment is hidden."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class Typing(_Body):
    """Typing, or no longer."""

    on: bool


class ReadUpTo(_Body):
    """How far was read."""

    seq: int = Field(ge=0)


class Correction(_Body):
    """What was wrong in a settled case, and why."""

    reason: Annotated[str, StringConstraints(max_length=1000)]
    changes: dict[
        Literal["institution_id", "service_id", "municipality_id", "outcome", "level", "topic"], str | int | None
    ]


def day(text: str | None) -> date | None:
    """A day of a filter, as it stands in the address; None for none.

    Raises:
        PieturaError: ``bad_date``.
    """
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise PieturaError("bad_date") from error
    if found.year not in _YEARS:
        raise PieturaError("bad_date")
    return found


def has_focus(frame: str | None) -> bool:
    """Whether a console's ping says that it has the focus."""
    try:
        told = orjson.loads(frame or "{}")
    except orjson.JSONDecodeError:
        return False
    return isinstance(told, dict) and told.get("focused") is True


def looking_at(frame: str | None) -> str | None:
    """The conversation that a console's ping says is open before its person; None for none, and for anything else that came."""
    try:
        told = orjson.loads(frame or "{}")
    except orjson.JSONDecodeError:
        return None
    seen = told.get("looking") if isinstance(told, dict) else None
    return seen if isinstance(seen, str) and 0 < len(seen) <= _ID_LENGTH else None
