"""Bodies of requests about the service level (docs/protocol.md)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_Reason = Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]


class WriteTarget(BaseModel):
    """A target from a day on. ``seen``: the number of the measure's last row that the person saw, 0 when there was none."""

    model_config = ConfigDict(extra="forbid")

    valid_from: date
    seconds: Annotated[int, Field(ge=1, le=90 * 24 * 3600)] | None = None
    percent: Annotated[Decimal, Field(gt=0, le=100, max_digits=5, decimal_places=2)] | None = None
    reason: _Reason
    seen: Annotated[int, Field(ge=0, le=2**31 - 1)]


_Points = Annotated[Decimal, Field(ge=-1000, le=1000, max_digits=7, decimal_places=2)]
_Money = Annotated[Decimal, Field(ge=-10_000_000, le=10_000_000, max_digits=12, decimal_places=2)]


class Step(BaseModel):
    """From ``percent`` on a criterion gives ``points``."""

    model_config = ConfigDict(extra="forbid")

    percent: Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
    points: _Points


class CriterionRule(BaseModel):
    """How one criterion is judged."""

    model_config = ConfigDict(extra="forbid")

    measure: Literal["chat_begun", "social_answered", "solved", "mail_answered"]
    steps: Annotated[list[Step], Field(min_length=1, max_length=10)]


class WriteFormula(BaseModel):
    """A formula of the quality part. ``base``: euros for each centre, or percent of its variable part."""

    model_config = ConfigDict(extra="forbid")

    valid_from: date
    month: Annotated[int, Field(ge=1, le=12)]
    base_kind: Literal["amount", "share"]
    base: Annotated[Decimal, Field(ge=0, le=10_000_000, max_digits=12, decimal_places=2)]
    floor: _Money | None = None
    cap: _Money | None = None
    criteria: Annotated[list[CriterionRule], Field(min_length=1, max_length=4)]
    reason: _Reason


class PreviewFormula(WriteFormula):
    """A formula tried on the twelve months up to ``until``."""

    until: date


class Seen(BaseModel):
    """``version``: the formula's that the person saw."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class ChangeFormula(WriteFormula, Seen):
    """A draft as it shall be."""
