"""Bodies of requests about citizens (docs/protocol.md), checked at the door."""

from __future__ import annotations

from typing import Annotated, Literal

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
