"""Bodies of requests about queues and about what people serve (docs/protocol.md), checked at the door."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_MOST = 200
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Ids = Annotated[list[Id], Field(max_length=_MOST)]
Language = Literal["lv", "ru", "en"]
Skill = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
Level = Annotated[int, Field(ge=1, le=5)]
Skills = Annotated[dict[Skill, Level], Field(max_length=30)]
Weight = Annotated[int, Field(ge=0, le=1000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Names(_Body):
    """A queue's name; where a translation is missing the Latvian name is shown."""

    lv: Name
    ru: Annotated[str, StringConstraints(max_length=120, strip_whitespace=True)] = ""
    en: Annotated[str, StringConstraints(max_length=120, strip_whitespace=True)] = ""


class NewQueue(_Body):
    """A queue and its rules."""

    name: Names
    enabled: bool = True
    mode: Literal["offers", "pull"] = "offers"
    institutions: Ids = Field(default_factory=list)
    services: Ids = Field(default_factory=list)
    topics: Ids = Field(default_factory=list)
    languages: list[Language] = Field(default_factory=list, max_length=3)
    channels: Ids = Field(default_factory=list)
    skills: Skills = Field(default_factory=dict)
    centres: Ids = Field(default_factory=list)
    #: Seconds; None: other centres never help.
    overflow_after_s: Annotated[int, Field(ge=0, le=86_400)] | None = 30
    overflow_centres: Ids = Field(default_factory=list)
    offer_timeout_s: Annotated[int, Field(ge=10, le=600)] = 30


class ChangedQueue(NewQueue):
    """The same, with the version that the person saw."""

    version: int


class Order(_Body):
    """The queues in another order, and in that which the person saw; without the common one, which is always last."""

    order: Ids
    seen: Ids


class Serving(_Body):
    """What a person can serve."""

    version: int
    languages: Annotated[list[Language], Field(min_length=1, max_length=3)]
    skills: Skills
    capacity: Annotated[int, Field(ge=0, le=50)]


class NewWeights(_Body):
    """Hundredths of a unit of capacity."""

    version: int
    webchat: Weight
    direct: Weight
    comment: Weight
