"""Bodies of requests about working time (docs/protocol.md)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Week = Annotated[list[tuple[_Clock, _Clock] | None], Field(min_length=7, max_length=7)]
Version = Annotated[int, Field(ge=0, le=2**31 - 1)]


class PreviewWeek(BaseModel):
    """Hours by weekday, Monday first: (opens, closes) or null for a day on which nobody answers."""

    model_config = ConfigDict(extra="forbid")

    week: Week


class WriteWeek(PreviewWeek):
    """The same, to be kept. ``version``: the calendar's that the person saw."""

    version: Version


class WriteException(BaseModel):
    """A day that differs. ``version``: as for the week."""

    model_config = ConfigDict(extra="forbid")

    day: date
    working: bool
    note: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    version: Version
