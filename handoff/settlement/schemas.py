"""Bodies of requests about price lists, months and disputes (docs/protocol.md)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

CaseKind = Literal["chat_session", "social_conversation", "comment", "email", "form"]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
_Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
_Price = Annotated[Decimal, Field(ge=0, le=Decimal("99999"), max_digits=9, decimal_places=4, allow_inf_nan=False)]
_Monthly = Annotated[Decimal, Field(ge=0, le=Decimal("999999"), max_digits=8, decimal_places=2, allow_inf_nan=False)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Seen(_Body):
    """``version``: the one that the person saw."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Reasoned(Seen):
    """Something that needs a reason."""

    reason: _Reason


class GiveBack(_Body):
    """An unfinished closing is given back: why."""

    reason: _Reason


class PriceLine(_Body):
    """A price in euros. ``null`` stands for any; as a level for 1 and 2: what the assistant did alone has a line of its own."""

    case_kind: CaseKind | None = None
    channel: Annotated[str, StringConstraints(min_length=1, max_length=16)] | None = None
    level: Literal[0, 1, 2] | None = None
    price: _Price


class FeeLine(_Body):
    """What an owner pays a month for an account: for this one, for those of a channel, or for any. ``pays`` false: its owner pays
    nothing for it, and its cases are paid to the centres like those of the web chat."""

    channel: Annotated[str, StringConstraints(min_length=1, max_length=16)] | None = None
    account_id: Annotated[str, StringConstraints(min_length=1, max_length=36)] | None = None
    monthly: _Monthly
    pays: bool = True


class NewPriceList(_Body):
    """A draft: a copy of ``copy_of``, else of the list in force the day before ``valid_from`` (the first of a month)."""

    name: _Name
    valid_from: date
    copy_of: Annotated[str, StringConstraints(max_length=36)] | None = None


class WritePriceList(Seen):
    """A draft as it shall be."""

    name: _Name
    valid_from: date
    lines: Annotated[list[PriceLine], Field(min_length=1, max_length=200)]
    fees: Annotated[list[FeeLine], Field(max_length=500)]


class NewDispute(_Body):
    """A line of a closed statement is questioned; ``reason``: what is not right; ``asked_by``: who says so, if not the person."""

    number: Annotated[str, StringConstraints(max_length=24)]
    entry_id: Annotated[int, Field(ge=1, le=2**31 - 1)]
    reason: _Reason
    asked_by: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""


class Changes(_Body):
    """What an accepted dispute corrects; only what is named. At least one."""

    level: Literal[0, 1, 2] | None = None
    centre_id: Annotated[str, StringConstraints(max_length=64)] | None = None
    institution_id: Annotated[str, StringConstraints(max_length=64)] | None = None
    service_id: Annotated[str, StringConstraints(max_length=80)] | None = None
    outcome: Annotated[str, StringConstraints(max_length=32)] | None = None


class Accept(Reasoned):
    """``reverse``: the case is not counted; ``correct``: counted otherwise, as ``changes`` say."""

    act: Literal["reverse", "correct"]
    changes: Changes | None = None
