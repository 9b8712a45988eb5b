"""From a centre's figures of a year to an amount (R16), pure and exact: steps and weights are data, nothing else is.

Each criterion gives points by the highest step that its share has reached. Reached points by the most that could be reached is
the coefficient; the base times the coefficient, kept between floor and cap, rounded half up to the cent, is the amount. A
criterion with nothing to judge counts neither way. With nothing to judge at all the amount is nought.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Literal

from handoff.service_level.targets import MEASURES

#: What the quality part counts, in the order of R13.
CRITERIA: Final = ("chat_begun", "social_answered", "solved", "mail_answered")
BaseKind = Literal["amount", "share"]


@dataclass(frozen=True)
class Level:
    """From ``percent`` on a criterion gives ``points``."""

    percent: Decimal
    points: Decimal


@dataclass(frozen=True)
class Rule:
    """How one criterion is judged; ``levels`` in rising order of percent."""

    measure: str
    levels: tuple[Level, ...]

    @property
    def most(self) -> Decimal:
        """The most points it can give."""
        return max((one.points for one in self.levels), default=Decimal(0))


@dataclass(frozen=True)
class Formula:
    """``base``: an amount for each centre, or (``share``) a percentage of what its cases came to in the twelve months.

    ``floor``, ``cap``: what the amount is at least and at most; None: not bounded.
    """

    base_kind: BaseKind
    base: Decimal
    rules: tuple[Rule, ...]
    floor: Decimal | None = None
    cap: Decimal | None = None


@dataclass(frozen=True)
class Judged:
    """A criterion of one centre: ``part`` of ``whole``; ``points`` None where there was nothing to judge."""

    measure: str
    part: int
    whole: int
    points: Decimal | None
    most: Decimal


@dataclass(frozen=True)
class Result:
    """What the formula comes to, with every step on the way.

    Attributes:
        base: in money, exactly.
        coefficient: reached by the most that could be; None where nothing was judged.
        exact: base times coefficient, before the bounds and the rounding.
        bounded: which bound was met: ``floor``, ``cap`` or None.
    """

    judged: tuple[Judged, ...]
    base: Fraction
    coefficient: Fraction | None
    exact: Fraction
    bounded: Literal["floor", "cap"] | None
    amount: Decimal


def judge(rule: Rule, part: int, whole: int) -> Judged:
    """Points of a criterion. What is to be *exceeded* (R13: more than 80 %) has reached a step only beyond it."""
    if not whole:
        return Judged(rule.measure, part, whole, None, rule.most)
    reached = Fraction(100 * part, whole)
    more_than = MEASURES[rule.measure].more_than
    points = Decimal(0)
    for level in rule.levels:
        if reached > level.percent or (reached == level.percent and not more_than):
            points = level.points
    return Judged(rule.measure, part, whole, points, rule.most)


def work(formula: Formula, figures: Mapping[str, tuple[int, int]], variable: Decimal) -> Result:
    """The amount of one centre. ``figures``: part and whole by criterion; ``variable``: what its cases came to."""
    judged = tuple(judge(rule, *figures.get(rule.measure, (0, 0))) for rule in formula.rules)
    counted = [one for one in judged if one.points is not None]
    most = sum((Fraction(one.most) for one in counted), Fraction())
    reached = sum((Fraction(one.points or 0) for one in counted), Fraction())
    coefficient = reached / most if most else None
    base = Fraction(formula.base)
    if formula.base_kind == "share":
        base = base / 100 * Fraction(variable)
    exact = base * coefficient if coefficient is not None else Fraction()
    bounded: Literal["floor", "cap"] | None = None
    kept = exact
    if coefficient is not None:
        if formula.floor is not None and kept < Fraction(formula.floor):
            kept, bounded = Fraction(formula.floor), "floor"
        if formula.cap is not None and kept > Fraction(formula.cap):
            kept, bounded = Fraction(formula.cap), "cap"
    return Result(judged, base, coefficient, exact, bounded, rounded(kept))


def rounded(amount: Fraction) -> Decimal:
    """To the cent, half away from nought, as accounts do (:func:`handoff.settlement.statement.cents`); exact on the way."""
    whole = int(abs(amount) * 100 + Fraction(1, 2))
    return Decimal(-whole if amount < 0 else whole).scaleb(-2)


def packed(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """As the table keeps them."""
    return [
        {
            "measure": rule.measure,
            "steps": [{"percent": str(one.percent), "points": str(one.points)} for one in rule.levels],
        }
        for rule in rules
    ]


def unpacked(kept: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """As the table kept them."""
    return tuple(
        Rule(
            str(one["measure"]),
            tuple(Level(Decimal(step["percent"]), Decimal(step["points"])) for step in one["steps"]),
        )
        for one in kept
    )
