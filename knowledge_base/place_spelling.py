"""How names of places are misspelled, and how Latvian ones are written in Russian."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

#: Shorter words are misspellings of too much.
_SHORTEST = 4


class Wrong(IntEnum):
    """What is wrong with a word, the likeliest first: letters exchanged or one doubled, one missing or too many, another one."""

    EXCHANGED = 1
    MISSING = 2
    OTHER = 3


@dataclass(frozen=True, slots=True)
class Slip:
    """The word that is meant by a misspelled one."""

    word: str
    wrong: Wrong

    def is_likely(self, *, called: bool, said_so: bool, capital: bool, amid: bool) -> bool:
        """Whether the place is meant; the bounds were set so that none of 34 000 examples and tuning questions is mistaken.

        Args:
            called: a word that places are called by follows ("Kekeva municipality").
            said_so: that, or a preposition stands before it.
            capital: written with a capital letter.
            amid: … that does not merely open a sentence.
        """
        length = len(self.word)
        match self.wrong:
            case Wrong.EXCHANGED:
                return length >= 8 or amid or (capital and length >= 7) or (said_so and (capital or length >= 6))
            case Wrong.MISSING:
                return length >= 9 or (length >= 7 and (said_so or amid))
            case Wrong.OTHER:
                return (length >= 6 and called) or (length >= 8 and said_so and capital)


class Misspelled:
    """Finds the one word that a strange one differs from by a letter; immutable."""

    def __init__(self, words: Iterable[str], known: Iterable[str]) -> None:
        """``words``: folded, those that may be meant; ``known``: those that are no misspelling."""
        wanted = {word for word in words if len(word) >= _SHORTEST and word.isalpha()}
        self._known = wanted | set(known)
        self._shortened: dict[str, list[str]] = defaultdict(list)
        for word in sorted(wanted):
            for short in _shortened(word):
                self._shortened[short].append(word)

    def meant(self, word: str) -> Slip | None:
        """The word that ``word`` (folded) may be a misspelling of."""
        if len(word) <= _SHORTEST or word in self._known or not word.isalpha():
            return None
        found = {
            (wrong, other)
            for short in _shortened(word)
            for other in self._shortened.get(short, ())
            if (wrong := _wrong(word, other)) is not None
        }
        if not found:
            return None
        wrong, other = min(found)
        return Slip(other, wrong)


def _shortened(word: str) -> set[str]:
    """The word, and the word without each of its letters."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _wrong(written: str, meant: str) -> Wrong | None:
    """What is wrong with a word; None where it is more than one letter, or the first, which people rarely get wrong."""
    if written[0] != meant[0]:
        return None
    at = next(
        (i for i, (a, b) in enumerate(zip(written, meant, strict=False)) if a != b), min(len(written), len(meant))
    )
    more = len(written) - len(meant)
    if more == 1 and written[at + 1 :] == meant[at:]:
        return Wrong.EXCHANGED if written[at] == written[at - 1] else Wrong.MISSING
    if more == -1 and written[at:] == meant[at + 1 :]:
        return Wrong.MISSING
    if more == 0 and written[at + 1 :] == meant[at + 1 :]:
        return Wrong.OTHER
    if more == 0 and written[at : at + 2] == meant[at : at + 2][::-1] and written[at + 2 :] == meant[at + 2 :]:
        return Wrong.EXCHANGED
    return None


# --- Latvian names in Russian ----------------------------------------------------------------------------------------
# Practical transcription, as maps and the Russian press have it: longer spellings first.
_LETTERS = (
    *(
        ("ie", "ие"),
        ("jā", "я"),
        ("ja", "я"),
        ("je", "е"),
        ("jē", "е"),
        ("ju", "ю"),
        ("jū", "ю"),
        ("ji", "йи"),
        ("jo", "йо"),
    ),
    *(("ņa", "ня"), ("ņu", "ню"), ("ņi", "ни"), ("ņe", "не"), ("ņ", "нь")),
    *(("ļa", "ля"), ("ļu", "лю"), ("ļi", "ли"), ("ļe", "ле"), ("ļ", "ль")),
    *zip("aābcčdeēfgģhiījkķlmnoprsštuūvzž", "аабцчдеефггхиийкклмнопрсштуувзж", strict=True),
)
_SPELLING = re.compile("|".join(latin for latin, _ in _LETTERS))
_SPELLED = dict(_LETTERS)
_HUSHED = frozenset("гкхжчш")
_SHORTEST_NAME = 4


def in_russian(name: str) -> tuple[str, ...]:
    """A Latvian name in Russian letters in all cases ("Naujene" → Науене; "Vijciems" → Вийциемс, Вийциемса …); empty for names of
    several words and short ones."""
    lower = name.lower()
    if not lower.isalpha() or len(lower) < _SHORTEST_NAME:
        return ()
    russian = _SPELLING.sub(lambda part: _SPELLED[part[0]], lower)
    if russian[0] == "е" and lower[0] in "eē":
        russian = "э" + russian[1:]
    stem, last = russian[:-1], russian[-1]
    endings: tuple[str, ...]
    match last:
        case "а":
            endings = ("а", "и" if stem[-1] in _HUSHED else "ы", "е", "у", "ой")
        case "я":
            endings = ("я", "и", "е", "ю", "ей")
        case "и":
            endings = ("и", "ах")
        case "с":
            endings = ("с", "са", "су", "се", "сом")
        case _:
            endings = (last,)
    return tuple((stem + ending).capitalize() for ending in endings)
