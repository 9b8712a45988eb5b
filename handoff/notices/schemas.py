"""Bodies of requests about notices (docs/protocol.md)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

_Text = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True)]


class Texts(BaseModel):
    """The words in every language: a citizen is never told in one he did not choose."""

    model_config = ConfigDict(extra="forbid")

    lv: _Text
    ru: _Text
    en: _Text


class WriteNotice(BaseModel):
    """A notice. ``starts_at``: null means now; ``site``: null means all."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["information", "outage"]
    text: Texts
    site: Annotated[str, Field(max_length=64)] | None = None
    banner: bool
    greeting: bool
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime


class Seen(BaseModel):
    """``version``: the notice's that the person saw."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class ChangeNotice(WriteNotice, Seen):
    """A notice as it shall be."""
