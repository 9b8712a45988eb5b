"""What is measured of a model, and when another one is worse. Pure: numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

#: A fall of more than this, in points of a hundred, over all languages makes a model worse.
ALLOWED: Final = 0.5
#: The figures that decide, over all languages.
DECIDING: Final = ("kinds", "aspects", "answers", "handoffs")
#: Every figure of the table, in its order.
FIGURES: Final = ("kinds", "aspects", "answers", "handoffs", "emergencies")


@dataclass(frozen=True, slots=True)
class Judged:
    """One kept-aside message, or one thing that is judged of it.

    Attributes:
        figure: one of :data:`FIGURES`.
        key: by which it is known: figure, language and text.
    """

    figure: str
    lang: str
    key: str
    right: bool


def compared(before: Iterable[Judged], after: Iterable[Judged]) -> dict[str, Any]:
    """A ``TrainingFigures`` of docs/protocol.md: each figure by language and over all, before and after, in percent; which have
    fallen too far; how many emergencies are missed that were not.

    Raises:
        ValueError: the two were not asked the same.
    """
    was, now = {(one.figure, one.key): one for one in before}, {(one.figure, one.key): one for one in after}
    if was.keys() != now.keys():
        raise ValueError("both models must be asked the same messages")
    rows: list[dict[str, Any]] = []
    for figure in FIGURES:
        for lang in ("all", "lv", "ru", "en"):
            keys = [key for key, one in was.items() if one.figure == figure and lang in ("all", one.lang)]
            if keys:
                rows.append({"figure": figure, "lang": lang, "n": len(keys), **_shares(keys, was, now)})
    fallen = [
        row["figure"]
        for row in rows
        # Shares of a few hundred messages, rounded: what falls by exactly half a point is still allowed.
        if row["lang"] == "all" and row["figure"] in DECIDING and row["before"] - row["after"] > ALLOWED + 1e-9
    ]
    # Not the share: one emergency won does not pay for another that is missed.
    missed = sum(one.right and not now[key].right for key, one in was.items() if one.figure == "emergencies")
    return {"rows": rows, "fallen": fallen, "emergencies_missed": missed, "worse": bool(fallen) or missed > 0}


def _shares(
    keys: list[tuple[str, str]], was: Mapping[tuple[str, str], Judged], now: Mapping[tuple[str, str], Judged]
) -> dict[str, float]:
    return {
        "before": round(100 * sum(was[key].right for key in keys) / len(keys), 2),
        "after": round(100 * sum(now[key].right for key in keys) / len(keys), 2),
    }
