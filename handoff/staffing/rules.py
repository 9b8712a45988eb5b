"""What is paid of an agreed amount, by how far the workplaces were staffed: data of the agreement, exact throughout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

_WHOLE: Final = Fraction(1)
_PERCENT: Final = 100


@dataclass(frozen=True)
class Rule:
    """``kind``: ``whole`` (nothing is taken off), ``proportional`` or ``steps``.

    Attributes:
        full_from: percent of the agreed minutes from which the whole amount is paid.
        least: of ``proportional``: percent of the amount that is paid in any case.
        steps: of ``steps``: (from so many percent, so many percent are taken off), falling; the last begins at nought.
    """

    kind: str = "whole"
    full_from: Decimal = Decimal(100)
    least: Decimal = Decimal(0)
    steps: tuple[tuple[Decimal, Decimal], ...] = ()

    def share(self, availability: Fraction) -> Fraction:
        """The part of the amount that is paid, from 0 to 1, for ``availability`` from 0 to 1."""
        full = Fraction(self.full_from) / _PERCENT
        if self.kind == "whole" or availability >= full:
            return _WHOLE
        if self.kind == "proportional":
            # In proportion to what the whole is paid from: at that point nothing jumps.
            return max(Fraction(self.least) / _PERCENT, availability / full)
        off = next(off for begins, off in self.steps if availability >= Fraction(begins) / _PERCENT)
        return 1 - Fraction(off) / _PERCENT

    def plain(self) -> dict[str, Any]:
        """As it is kept with the agreement."""
        found: dict[str, Any] = {"kind": self.kind}
        if self.kind != "whole":
            found["full_from"] = str(self.full_from)
        if self.kind == "proportional":
            found["least"] = str(self.least)
        if self.kind == "steps":
            found["steps"] = [[str(begins), str(off)] for begins, off in self.steps]
        return found


def rule_of(kept: Mapping[str, Any]) -> Rule:
    """A rule as it is kept."""
    return Rule(
        kept["kind"],
        Decimal(kept.get("full_from", "100")),
        Decimal(kept.get("least", "0")),
        tuple((Decimal(begins), Decimal(off)) for begins, off in kept.get("steps", ())),
    )


def cents_of(exact: Fraction) -> Decimal:
    """An amount that is not negative, rounded half up to the cent."""
    return Decimal((2 * exact.numerator * 100 + exact.denominator) // (2 * exact.denominator)) / 100
