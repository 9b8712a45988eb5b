"""Bodies of requests about shifts (docs/protocol.md)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from handoff.service_clock.schemas import Version

_Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WriteShift(_Body):
    """A shift on a day (Riga). ``staff_id``: whose; null: of ``people`` of the centre who are not named yet."""

    centre_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    staff_id: Annotated[str, StringConstraints(min_length=1, max_length=36)] | None = None
    people: Annotated[int, Field(ge=1, le=100)] = 1
    day: date
    begins: _Clock
    ends: _Clock


class ChangeShift(WriteShift):
    """The same, with the version that the person saw."""

    version: Version


class CopyWeek(_Body):
    """The shifts of the week that ``from_week`` is in, into that of ``to_week``; of one centre, or of all."""

    from_week: date
    to_week: date
    centre_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
