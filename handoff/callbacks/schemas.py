"""Bodies of requests about call-backs and visits (docs/protocol.md), checked at the door."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Kind = Literal["call", "visit"]
Outcome = Literal["reached", "not_reached", "not_needed"]
Note = Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewCallback(_Body):
    """A wish; ``id`` is made by the browser and repeated on retry. ``wanted_at``: when the citizen would like it."""

    id: UUID
    kind: Kind
    phone: Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
    name: Annotated[str, StringConstraints(max_length=120, strip_whitespace=True)] = ""
    subject: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
    wanted_at: AwareDatetime | None = None
    centre_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class Versioned(_Body):
    """``version`` that the person saw."""

    version: int = Field(ge=1, le=2**31 - 1)


class NotReached(Versioned):
    """Nobody answered; ``again_at``: when to try again, else two hours of working time later."""

    note: Note = ""
    again_at: AwareDatetime | None = None


class Finish(Versioned):
    """How it ended."""

    outcome: Outcome
    note: Note = ""
