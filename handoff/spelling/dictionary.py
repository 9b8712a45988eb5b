"""The Latvian dictionary, as it works in the process of the spelling aid."""

from __future__ import annotations

import re
import time
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

_DATA = Path(__file__).parent / "data" / "lv"
#: What is no word to be judged: addresses, codes, and the gaps of canned answers.
_NO_WORDS = re.compile(r"\[[^\]]*\]|\S+@\S+|(?:https?://|www\.)\S+|\S*\.(?:lv|eu|com|org|net|gov)\b\S*|\S*\d\S*")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LATVIAN = re.compile(r"[a-zāčēģīķļņšūž-]+", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(?:^|[.!?:…\n])[\s\"„”«»()–-]*$")
_SUGGESTIONS: Final = 5
#: What is longer is no word of Latvian; held keys and addresses without a dot are.
_LONGEST: Final = 60
_SUGGEST_S: Final = 2.0


@lru_cache(maxsize=1)
def _dictionary() -> Any:
    # Read when first needed: a second of work and 70 MB.
    from spylls.hunspell import Dictionary

    return Dictionary.from_files(str(_DATA))


@lru_cache(maxsize=50_000)
def is_right(word: str) -> bool:
    """Whether the dictionary knows ``word``, as it is or in small letters."""
    dictionary = _dictionary()
    return bool(dictionary.lookup(word) or dictionary.lookup(word.lower()))


def doubtful(text: str) -> list[tuple[str, int]]:
    """The words of ``text`` that the dictionary does not know, each once, with where it stands first.

    Names (a capital in the midst of a sentence), abbreviations and words in other letters are left alone: a spelling aid that
    complains about what is right is not looked at.
    """
    bare = _NO_WORDS.sub(lambda found: " " * len(found[0]), text)
    found: dict[str, int] = {}
    for match in _WORD.finditer(bare):
        word = match[0]
        if word in found or not 3 <= len(word) <= _LONGEST or word.isupper() or not _LATVIAN.fullmatch(word):
            continue
        if word[0].isupper() and not _SENTENCE_START.search(bare[: match.start()]):
            continue
        if not is_right(word):
            found[word] = match.start()
    return list(found.items())


@lru_cache(maxsize=2_000)
def suggestions(word: str) -> tuple[str, ...]:
    """What may have been meant by ``word``, the likeliest first; what two seconds find: Hunspell is thorough."""
    until = time.monotonic() + _SUGGEST_S
    found: list[str] = []
    for one in _dictionary().suggest(word.lower()):
        fitting = one.capitalize() if word[0].isupper() else one
        if fitting not in found:
            found.append(fitting)
        if len(found) == _SUGGESTIONS or time.monotonic() > until:
            break
    return tuple(found)
