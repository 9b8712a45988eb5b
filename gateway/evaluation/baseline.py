"""The committed figures on our own kept-aside questions, and what counts as a fall.

Nothing is tuned on these questions. Only whoever has made understanding better writes new figures, with ``pietura eval
baseline --write``, and says why in the commit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data"
SERVICES = FOLDER / "services.jsonl"
#: Questions of one to five words, as people type them into a search box; apart, for they would hide the others.
SHORT = FOLDER / "short.jsonl"
DIALOGUE = FOLDER / "dialogue.jsonl"
FILE = FOLDER / "baseline.json"
#: A fall of more than this, as a fraction, fails the build.
ALLOWED = 0.02
#: Figures that are better when lower.
_BETTER_LOW = frozenset(("said_wrong", "oos_said_wrong"))
#: Figures that say how a whole is shared out: more of one may be better or worse.
_NEITHER = frozenset(("n", "honest", "choices_right"))
#: One message of a small group would be a fall by itself.
_SMALL = 40


def falls(found: dict[str, Any], committed: dict[str, Any]) -> list[str]:
    """Every figure that is worse than the committed one by more than :data:`ALLOWED`, with both values."""
    was = dict(_flat(committed))
    now = dict(_flat(found))
    out = []
    for name, before in was.items():
        if name not in now:
            out.append(f"{name}: was {before:.3f}, is missing")
            continue
        sign = -1 if name.rsplit(".", 1)[-1] in _BETTER_LOW else 1
        if sign * (before - now[name]) > ALLOWED:
            out.append(f"{name}: was {before:.3f}, is {now[name]:.3f}")
    return out


def _flat(figures: dict[str, Any], path: str = "") -> Iterator[tuple[str, float]]:
    """Figures by dotted name; groups too small to say anything are left out."""
    if isinstance(figures.get("n"), int) and figures["n"] < _SMALL:
        return
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        elif isinstance(value, int | float) and name not in _NEITHER:
            yield f"{path}{name}", float(value)


def committed() -> dict[str, Any]:
    """The committed figures: ``services``, ``short`` and ``dialogue``.

    Raises:
        OSError, ValueError: the file is missing or broken.
    """
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return found
