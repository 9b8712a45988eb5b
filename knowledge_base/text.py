"""Words and stems of text for the knowledge base's search, without the function words of each language.

Folding and stemming are in :mod:`kit.stemming`; light stemming plus character n-grams (see `search.py`) survives missing
diacritics and mistakes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from kit.stemming import (
    LANGUAGES,
    STEMMERS,
    fold,
    is_cyrillic,
    is_cyrillic_word,
    latin_to_cyrillic,
    search_form,
    skeleton_ru,
    stem_en,
    stem_lv,
    stem_ru,
    tokens,
)

__all__ = [
    "LANGUAGES",
    "fold",
    "is_cyrillic",
    "latin_to_cyrillic",
    "search_form",
    "skeleton_ru",
    "stem_en",
    "stem_lv",
    "stem_ru",
    "stems",
    "stems_of",
    "tokens",
    "words",
]

_STOP: dict[str, frozenset[str]] = {
    name: frozenset(listed.split())
    for name, listed in json.loads((Path(__file__).parent / "data" / "stop_words.json").read_text("utf-8")).items()
}
"""Folded words that say nothing of what is asked; ``ru_latin`` is Russian typed in Latin letters."""


def _stop(word: str, lang: str) -> bool:
    if lang == "ru" and not is_cyrillic_word(word):
        return word in _STOP["ru_latin"]
    return word in _STOP[lang]


def words(text: str, lang: str) -> list[str]:
    """Folded words of `text` without function words of `lang`; parts of hyphenated words are added."""
    out: list[str] = []
    for token in tokens(text):
        word = fold(token).strip("'")
        if not word or _stop(word, lang):
            continue
        if "-" in word:
            parts = [part for part in word.split("-") if part]
            out.append("".join(parts))
            out.extend(part for part in parts if len(part) > 2 and not _stop(part, lang))
        else:
            out.append(word)
    return out


def stems(text: str, lang: str) -> list[str]:
    """Stems of the content words of `text` in `lang` (``lv``, ``ru`` or ``en``)."""
    return stems_of(words(text, lang), lang)


def stems_of(content: Iterable[str], lang: str) -> list[str]:
    """Stems of what :func:`words` gave."""
    stemmer = STEMMERS[lang]
    return [stemmer(word) for word in content]
