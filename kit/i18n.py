"""Text catalogues: everything a person reads, in Latvian, Russian and English.

A catalogue is a folder with ``lv.json``, ``ru.json`` and ``en.json``: flat objects from key to text, or to an object of
plural forms (CLDR names, chosen by the variable ``n``). ``{name}`` is replaced. Front ends read the same files.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Final, cast

from babel import Locale

LANGUAGES: Final = ("lv", "ru", "en")
DEFAULT_LANGUAGE: Final = "lv"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Entry = str | dict[str, str]


@cache
def _locale(lang: str) -> Locale:
    return Locale.parse(lang)


class Catalogue:
    """The texts of one package in the three languages."""

    def __init__(self, *folders: Path) -> None:
        """Reads ``<folder>/<lang>.json`` of each folder.

        Raises:
            ValueError: a key is missing in one of the languages, or its placeholders differ.
        """
        self._texts: dict[str, dict[str, Entry]] = {lang: {} for lang in LANGUAGES}
        for folder in folders:
            for lang in LANGUAGES:
                self._texts[lang].update(_read(folder)[lang])

    def text(self, lang: str, key: str, /, **values: object) -> str:
        """The text of ``key`` in ``lang`` with ``values`` put in.

        Raises:
            KeyError: no such key, or a value for a placeholder is missing.
        """
        entry = self._texts[lang if lang in LANGUAGES else DEFAULT_LANGUAGE][key]
        if isinstance(entry, dict):
            number = values["n"]
            form = _locale(lang).plural_form(cast("int", number))
            entry = entry.get(form) or entry["other"]
        return _PLACEHOLDER.sub(lambda match: str(values[match.group(1)]), entry)

    def has(self, key: str) -> bool:
        """Whether the catalogue knows ``key``."""
        return key in self._texts[DEFAULT_LANGUAGE]

    def all(self, lang: str) -> dict[str, Entry]:
        """Every entry of a language, for a front end."""
        return self._texts[lang if lang in LANGUAGES else DEFAULT_LANGUAGE]


@cache
def _read(folder: Path) -> dict[str, dict[str, Entry]]:
    """A folder's texts by language, checked."""
    texts: dict[str, dict[str, Entry]] = {
        lang: cast("dict[str, Entry]", json.loads((folder / f"{lang}.json").read_text("utf-8"))) for lang in LANGUAGES
    }
    problems = list(_problems(texts))
    if problems:
        raise ValueError("catalogue: " + "; ".join(problems))
    return texts


def _problems(texts: dict[str, dict[str, Entry]]) -> list[str]:
    found = []
    reference = texts[DEFAULT_LANGUAGE]
    for lang in LANGUAGES:
        found += [f"{lang} lacks {key}" for key in reference.keys() - texts[lang].keys()]
        found += [f"{lang} has a stray {key}" for key in texts[lang].keys() - reference.keys()]
        found += [
            f"{lang} {key}: placeholders differ from {DEFAULT_LANGUAGE}"
            for key in reference.keys() & texts[lang].keys()
            if _names(reference[key]) != _names(texts[lang][key])
        ]
    return found


def _names(entry: Entry) -> set[str]:
    forms = entry.values() if isinstance(entry, dict) else (entry,)
    return {name for form in forms for name in _PLACEHOLDER.findall(form)}
