"""What must never be missed: danger to life, and the wish for a person. Rules, read from data, that need nobody's help."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_DATA = Path(__file__).parent / "data" / "safety.yml"
_SPACES = re.compile(r"\s+")


def fold(text: str) -> str:
    """Lower case, Latvian letters without diacritics, Cyrillic as it is (``й`` and ``ё`` stay themselves), single spaces."""
    folded = []
    for char in text.lower():
        plain = unicodedata.normalize("NFD", char)[0]
        folded.append(plain if plain.isascii() else char)
    return _SPACES.sub(" ", "".join(folded)).strip()


@dataclass(frozen=True)
class Emergency:
    """A danger. ``kind`` names its text in the catalogue; ``numbers`` are to be called, the first one first."""

    kind: str
    numbers: tuple[str, ...]


class SafetyRules:
    """The rules, compiled once."""

    def __init__(self, path: Path = _DATA) -> None:
        data: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
        emergency, person = data["emergency"], data["person"]
        self._paper = re.compile(emergency["unless"])
        self._emergencies = [
            (
                Emergency(kind, tuple(rule["numbers"])),
                re.compile("|".join(f"(?:{pattern})" for pattern in rule["patterns"])),
                bool(rule.get("always")),
            )
            for kind, rule in emergency["types"].items()
        ]
        self._not_person = re.compile(person["unless"])
        self._person_short = re.compile("|".join(f"(?:{pattern})" for pattern in person["short"]))
        self._person_any = re.compile("|".join(f"(?:{pattern})" for pattern in person["any"]))

    def emergency(self, text: str, *, strict: bool = True) -> Emergency | None:
        """The danger that ``text`` tells of, if it does.

        ``strict`` leaves out questions about papers and money after an event ("kā atjaunot pasi, ja sadega māja");
        without it the rules only say which danger it is when understanding has found that it is one.
        """
        folded = fold(text)
        paper = strict and self._paper.search(folded) is not None
        for emergency, pattern, always in self._emergencies:
            if (always or not paper) and pattern.search(folded):
                return emergency
        return None

    def wants_person(self, text: str) -> bool:
        """Whether the citizen asks for a person."""
        folded = fold(text)
        if self._not_person.search(folded):
            return False
        if self._person_any.search(folded):
            return True
        return len(folded.split()) <= 4 and self._person_short.search(folded) is not None
