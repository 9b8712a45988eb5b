"""The committed figures on our own kept-aside questions, and what counts as a fall.

Nothing is tuned on these questions. Only whoever has made understanding better writes new figures, with ``pietura eval
baseline --write``, and says why in the commit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.settings import ROOT

FOLDER = Path(__file__).parent / "data"
SERVICES = FOLDER / "services.jsonl"
#: Questions of one to five words, as people type them into a search box; apart, for they would hide the others.
SHORT = FOLDER / "short.jsonl"
DIALOGUE = FOLDER / "dialogue.jsonl"
#: The same of writers who were asked for what is hard; apart, so that the figures of the others stay comparable.
VOICES = FOLDER / "voices.jsonl"
#: Messages that name a municipality, or a word that only looks like one.
MUNICIPALITY = FOLDER / "municipality.jsonl"
FILE = FOLDER / "baseline.json"
#: A fall of more than this, as a fraction, fails the build.
ALLOWED = 0.02
#: Figures that are better when lower.
_BETTER_LOW = frozenset(("said_wrong", "oos_said_wrong", "taken_for_another", "false"))
#: Figures that say how a whole is shared out: more of one may be better or worse.
_NEITHER = frozenset(("n", "honest", "choices_right"))
#: What the figures depend on: the same files give the same figures, so that they need not be taken again.
_DEPENDS_ON = (
    "actions",
    "bot/components",
    "bot/domain",
    "bot/config.yml",
    "bot/serve.py",
    "bot/uv.lock",
    "config.yml",
    "gateway/app.py",
    "gateway/evaluation",
    "gateway/run.py",
    "gateway/settings.py",
    "gateway/setup.py",
    "handoff/assistant",
    "handoff/broker.py",
    "handoff/conversations",
    "handoff/state_machine.py",
    "kit",
    "knowledge_base",
    "nlu_data",
    "uv.lock",
)
#: Files in those folders that say nothing to the assistant.
_BESIDE = frozenset((".md", ".pyc", ".css", ".js"))
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


def depends_on() -> str:
    """A digest of everything that the figures depend on: code, data, models, and the versions of libraries."""
    digest = hashlib.sha256()
    for name in _DEPENDS_ON:
        place = ROOT / name
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for file in files:
            if file.is_file() and file != FILE and file.suffix not in _BESIDE and "__pycache__" not in file.parts:
                digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def committed() -> dict[str, Any]:
    """The committed figures by file (``services``, ``short``, ``dialogue``, ``voices``,
    ``municipality``); ``depends_on``: of what they were taken.

    Raises:
        OSError, ValueError: the file is missing or broken.
    """
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return found
