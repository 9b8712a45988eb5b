"""The phrase book: fixed sentences in Latvian, Russian and English, written by people, each in all three.

An operator finds a sentence in the language he knows and inserts it in the citizen's; nothing is translated by machine. The
sentences are our own (``data/phrases.json``); they state no facts about services, so they carry no other source.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from kit.i18n import LANGUAGES

_FILE = Path(__file__).parent / "data" / "phrases.json"


@cache
def phrases() -> list[dict[str, Any]]:
    """Every phrase: ``id``, ``group``, and its ``texts`` by language.

    Raises:
        ValueError: the file has a phrase twice, or one without a language.
    """
    found: list[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
    if len({one["id"] for one in found}) != len(found):
        raise ValueError("a phrase stands twice in the phrase book")
    for one in found:
        if not all(one["texts"].get(lang) for lang in LANGUAGES):
            raise ValueError(f"a language lacks in the phrase {one['id']}")
    return found
