"""Bodies of requests about forecasts (docs/protocol.md)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from handoff.service_clock.schemas import Version


class WriteSetting(BaseModel):
    """``at_once``: conversations that an operator is planned to serve at the same time."""

    model_config = ConfigDict(extra="forbid")

    at_once: Annotated[int, Field(ge=1, le=6)]
    version: Version
