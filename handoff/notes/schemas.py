"""Bodies of requests about private notes (docs/protocol.md), checked at the door."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class NewNote(BaseModel):
    """A note; ``id`` is made by the writer's browser and repeated on retry. ``mentions`` are ids of colleagues."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    text: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    mentions: list[Annotated[str, StringConstraints(min_length=1, max_length=36)]] = Field(
        default_factory=list, max_length=50
    )
