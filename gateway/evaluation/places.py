"""How well the municipality is recognised in what people write. Needs no conversation: the recogniser alone decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.evaluation.questions import PlaceLine
from gateway.evaluation.services import share
from kit.i18n import LANGUAGES
from knowledge_base.gazetteer import MunicipalityMatch

Find = Callable[[str], MunicipalityMatch | None]


@dataclass(frozen=True)
class PlaceResult:
    """A message and the municipality found in it."""

    line: PlaceLine
    found: str | None


def find_all(find: Find, lines: Sequence[PlaceLine]) -> list[PlaceResult]:
    """Looks for the municipality of every message, each by itself."""
    return [PlaceResult(line, match.municipality_id if (match := find(line.text)) else None) for line in lines]


def figures(results: Sequence[PlaceResult]) -> dict[str, Any]:
    """By language: ``named``, of the messages that name a municipality how many had that one found; ``taken_for_another``, how
    many another one; ``false``, of those that name none how many had one found. All but ``n`` are fractions."""
    return {lang: _figures_of([r for r in results if r.line.lang == lang]) for lang in LANGUAGES}


def _figures_of(results: Sequence[PlaceResult]) -> dict[str, Any]:
    placed = [r for r in results if r.line.municipality]
    return {
        "n": len(results),
        "named": share([r.found == r.line.municipality for r in placed]),
        "taken_for_another": share([r.found not in (None, r.line.municipality) for r in placed]),
        "false": share([r.found is not None for r in results if not r.line.municipality]),
    }
