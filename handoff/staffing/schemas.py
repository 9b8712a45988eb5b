"""Bodies of requests about agreed workplaces (docs/protocol.md)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from handoff.service_clock.schemas import Version, Week
from handoff.staffing.rules import Rule

Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WriteRule(_Body):
    """See :class:`handoff.staffing.rules.Rule`."""

    kind: Literal["whole", "proportional", "steps"]
    full_from: Annotated[Decimal, Field(gt=0, le=100, max_digits=5, decimal_places=2)] = Decimal(100)
    least: Percent = Decimal(0)
    steps: Annotated[list[tuple[Percent, Percent]], Field(max_length=10)] = []

    def rule(self) -> Rule:
        """As a rule; whether it makes sense is the service's to say."""
        return Rule(self.kind, self.full_from, self.least, tuple(self.steps))


class WriteAgreement(_Body):
    """What is to be agreed. ``week``: as for working time; null: as the working time. ``amount``: euros a month."""

    centre_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    valid_from: date
    valid_to: date | None = None
    workplaces: Annotated[int, Field(ge=1, le=200)]
    week: Week | None = None
    amount: Annotated[Decimal, Field(ge=0, le=10_000_000, max_digits=10, decimal_places=2)]
    rule: WriteRule
    note: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)] = ""


class ChangeAgreement(WriteAgreement):
    """The same, with the version that the person saw."""

    version: Version


class PreviewAgreement(WriteAgreement):
    """The same, and the month to try it on (any day of it)."""

    month: date


class Seen(_Body):
    """The version that the person saw."""

    version: Version


class Refuse(Seen):
    """With the reason."""

    reason: Reason


class End(Seen):
    """The last day that the agreement is to have."""

    last_day: date
