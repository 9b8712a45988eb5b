"""Whether two names or two questions are the same, whatever the case, the diacritics and the punctuation."""

from __future__ import annotations

import re
import unicodedata

#: From this likeness on two questions count as the same (R11).
ALIKE = 0.6
_NOT_A_WORD = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Lower case, without diacritics, words separated by one space: ``„Bērnu dārzs?”`` → ``bernu darzs``."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return _NOT_A_WORD.sub(" ", bare).strip()


def name_key(name: str | None) -> str | None:
    """A name as names are compared; None when there is nothing in it to compare."""
    return fold(name or "")[:200] or None


def trigrams(text: str) -> frozenset[str]:
    """Every three neighbouring characters of each folded word, its beginning and end included (as ``pg_trgm`` does)."""
    found = set()
    for word in fold(text).split():
        padded = f"  {word} "
        found |= {padded[at : at + 3] for at in range(len(padded) - 2)}
    return frozenset(found)


def likeness(one: str, other: str) -> float:
    """0…1: the share of trigrams that both texts have, among those that either has."""
    left, right = trigrams(one), trigrams(other)
    either = len(left | right)
    return len(left & right) / either if either else 0.0
