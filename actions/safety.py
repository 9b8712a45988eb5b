"""What must never be missed: danger to life, and the wish for a person. Rules, read from data, that need nobody's help."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_DATA = Path(__file__).parent / "data" / "safety.yml"
_SPACES = re.compile(r"\s+")

# --- how a message is written for the rules --------------------------------------------------------------------------
_SENTENCE_END = re.compile(r"[.!?…\n]+")
# Frightened people hold keys down ("palīgāāā", "помогитеее").
_HELD_KEY = re.compile(r"([^\W\d_])\1{2,}")
_TOKEN = re.compile(r"\w+|\.")
_APOSTROPHES = str.maketrans("", "", "'’‘`´")
_CYRILLIC = re.compile("[а-яё]")
# Vowels and consonants with these marks are Latvian; č, š and ž also serve Russian that is written in Latin letters.
_LATVIAN_LETTER = re.compile("[āēģīķļņū]")

# --- Russian in Latin letters ----------------------------------------------------------------------------------------
# One sound is spelled in many ways ("menja", "menya", "menia"): both sides are brought to one coarse spelling.
_LATIN_SPELLINGS = (("shch", "s"), ("sch", "s"), ("zh", "z"), ("sh", "s"), ("ch", "c"), ("kh", "h"), ("ts", "c"))
_LATIN_LETTERS = str.maketrans({"y": "i", "j": "i", "w": "v"})
_RUSSIAN_LETTERS = str.maketrans(
    dict(zip("абвгдзиклмнопрстуфхчшыэ", "abvgdziklmnoprstufhcsie", strict=True))
    | {"е": "(?:i?e|io)", "ж": "[zi]", "й": "i?", "ц": "[cs]", "щ": "sc?", "ъ": "", "ь": "i?", "ю": "(?:i?u)"}
    | {"я": "(?:i?a)"}
)
# A wish for a person in so few words needs no more than the name of whom is wished for.
_SHORT = 4
# Words that stand in patterns by name, as in `<child>`.
_NAME = re.compile(r"<([a-z_]+)>")


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


@dataclass(frozen=True)
class _Message:
    """A message as the rules read it: folded words with one space between them and a full stop around each sentence.

    ``sounds`` is its coarse spelling if it may be Russian in Latin letters, else empty.
    """

    words: str
    sounds: str

    @classmethod
    def of(cls, text: str) -> _Message:
        lower = text.lower()
        plain = fold(_SENTENCE_END.sub(" . ", lower.translate(_APOSTROPHES))).replace("ё", "е")
        words = f" . {' '.join(_TOKEN.findall(_HELD_KEY.sub(r'\1', plain)))} . "
        if _CYRILLIC.search(lower) or _LATVIAN_LETTER.search(lower):
            return cls(words, "")
        sounds = words
        for spelling, sound in _LATIN_SPELLINGS:
            sounds = sounds.replace(spelling, sound)
        return cls(words, sounds.translate(_LATIN_LETTERS))

    def __len__(self) -> int:
        """The number of words."""
        return sum(1 for word in self.words.split() if word != ".")


class _Patterns:
    """Patterns that each hold from the start of a word; the Russian ones also find Russian in Latin letters."""

    def __init__(self, patterns: Iterable[str], names: dict[str, str]) -> None:
        full = [self._spelled_out(pattern, names) for pattern in patterns]
        russian = [pattern for pattern in full if _CYRILLIC.search(pattern)]
        self._latin = self._joined([pattern for pattern in full if not _CYRILLIC.search(pattern)])
        self._russian = self._joined(russian)
        self._sounds = self._joined([pattern.translate(_RUSSIAN_LETTERS) for pattern in russian])

    @staticmethod
    def _spelled_out(pattern: str, names: dict[str, str]) -> str:
        # Names may stand for words that have names in them.
        while _NAME.search(pattern):
            pattern = _NAME.sub(lambda name: f"(?:{names[name[1]]})", pattern)
        return pattern

    @staticmethod
    def _joined(patterns: list[str]) -> re.Pattern[str] | None:
        # The space in front is what makes it fast: only beginnings of words are tried.
        return re.compile(f" (?:{'|'.join(f'(?:{pattern})' for pattern in patterns)})") if patterns else None

    def found(self, message: _Message) -> bool:
        """Whether one of the patterns holds for ``message``."""
        if self._latin is not None and self._latin.search(message.words):
            return True
        if self._russian is not None and self._russian.search(message.words):
            return True
        return bool(message.sounds) and self._sounds is not None and self._sounds.search(message.sounds) is not None


@dataclass(frozen=True)
class _Danger:
    """One kind of danger: ``urgent`` patterns hold whatever else is said, the others only outside papers and the past."""

    emergency: Emergency
    urgent: _Patterns
    patterns: _Patterns


@cache
def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


class SafetyRules:
    """The rules, compiled once."""

    def __init__(self, path: Path = _DATA) -> None:
        data = _read(path)
        names: dict[str, str] = data["words"]
        emergency, person = data["emergency"], data["person"]
        self._papers = _Patterns(emergency["unless"], names)
        self._past = _Patterns(emergency["unless_past"], names)
        self._dangers = [
            _Danger(
                Emergency(kind, tuple(rule["numbers"])),
                _Patterns(rule.get("urgent", ()), names),
                _Patterns(rule.get("patterns", ()), names),
            )
            for kind, rule in emergency["types"].items()
        ]
        self._not_person = _Patterns(person["unless"], names)
        self._person_short = _Patterns(person["short"], names)
        self._person_any = _Patterns(person["any"], names)

    @property
    def kinds(self) -> tuple[Emergency, ...]:
        """All dangers that the rules know, in the order in which they are looked for."""
        return tuple(danger.emergency for danger in self._dangers)

    def emergency(self, text: str, *, strict: bool = True) -> Emergency | None:
        """The danger that ``text`` tells of, if it does.

        ``strict`` leaves out questions about papers and money ("kā atjaunot pasi, ja sadega māja") and about what is
        past ("pēc insulta vīrs nestrādā"); without it the rules only say which danger it is when understanding has
        found that it is one.
        """
        message = _Message.of(text)
        for danger in self._dangers:
            if danger.urgent.found(message):
                return danger.emergency
        if strict and (self._papers.found(message) or self._past.found(message)):
            return None
        return next((danger.emergency for danger in self._dangers if danger.patterns.found(message)), None)

    def wants_person(self, text: str) -> bool:
        """Whether the citizen asks for a person."""
        message = _Message.of(text)
        if self._not_person.found(message):
            return False
        if self._person_any.found(message):
            return True
        return len(message) <= _SHORT and self._person_short.found(message)
