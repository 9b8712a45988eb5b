"""Bodies of requests about citizens (docs/protocol.md), checked at the door."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=36)]


class Link(_Body):
    """The citizen of this conversation is that of the other one, and why the person thinks so."""

    conversation_id: Id
    reason: Reason


class Unlink(_Body):
    """The identity is not this citizen's, and why not."""

    identity_id: Id
    reason: Reason


class Code(_Body):
    """How the code reaches the citizen: told here, or sent to the address he left."""

    by: Literal["chat", "email"] = "chat"


class DeepLink(_Body):
    """Where the link leads; left out, the bot of the conversation's institution, or the only one there is."""

    account_id: Id | None = None


class Accept(_Body):
    """The version of the conversation that will be closed, as the person saw it."""

    version: int = Field(ge=1)


class NewNote(_Body):
    """Something about the citizen; ``id`` is made by the writer's browser and repeated on retry."""

    id: UUID
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Export(_Body):
    """Why the data are given out."""

    reason: Reason


class Erase(_Body):
    """Why, and what the person saw: the number of the case, typed, and how many conversations there were."""

    reason: Reason
    case_no: int = Field(ge=1)
    conversations: int = Field(ge=1)
