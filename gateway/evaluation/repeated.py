"""How many kept-aside lines stand word for word in what is learnt from: ``python -m gateway.evaluation.repeated``.

Only numbers are told: who reads the lines may not tune anything afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.evaluation.baseline import FOLDER
from gateway.run import say
from gateway.settings import ROOT
from knowledge_base.turns.base import folded

_DATA = ROOT / "knowledge_base" / "data"
_EXAMPLE = re.compile(r"^\s*- (.+)$")
_ENTITY = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")


def repeated() -> dict[str, int]:
    """By kept-aside file, how many of its lines are also learnt from or tuned on, letter case and accents aside."""
    learnt = {folded(text) for text in _learnt()}
    return {path.name: sum(folded(text) in learnt for text in _texts(path)) for path in sorted(FOLDER.glob("*.jsonl"))}


def _learnt() -> Iterator[str]:
    for path in (*(_DATA / "tuning").glob("*.jsonl"), _DATA / "not_services.jsonl"):
        yield from _texts(path)
    for path in (_DATA / "examples").glob("*.json"):
        examples: dict[str, list[dict[str, Any]]] = json.loads(path.read_text("utf-8"))
        yield from (example["text"] for of_language in examples.values() for example in of_language)
    for path in (ROOT / "nlu_data").rglob("*.yml"):
        for line in path.read_text("utf-8").splitlines():
            if found := _EXAMPLE.match(line):
                yield _ENTITY.sub(r"\1", found[1])


def _texts(path: Path) -> Iterator[str]:
    return (json.loads(line)["text"] for line in path.read_text("utf-8").split("\n") if line.strip())


if __name__ == "__main__":
    for name, count in repeated().items():
        say(f"{name}: {count}")
