"""Body of the request that corrects a message (docs/protocol.md), checked at the door."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Correction(BaseModel):
    """``before`` is what the message said when the person began to correct it: what changed meanwhile is not written over."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, StringConstraints(max_length=20_000)]
    before: Annotated[str, StringConstraints(max_length=20_000)]
