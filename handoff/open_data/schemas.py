"""Body of the request that switches publication (docs/protocol.md)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Switch(BaseModel):
    """``version``: of the decision that the person saw, 0 when there was none."""

    model_config = ConfigDict(extra="forbid")

    published: bool
    version: Annotated[int, Field(ge=0, le=2**31 - 1)]
