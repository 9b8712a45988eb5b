"""Which address patterns a widget may match: those whose matching ends soon, whatever a link says.

Patterns run in every visitor's browser, whose engine tries one way after the other. With nested repetition the ways double with
each character; with several repetitions in a row their number is a power of the address's length, which the widget cuts to 300.
So repetition is of single characters only, and of few.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

#: Codes of errors: it is no pattern (for Python or for JavaScript), or it could take too long.
INVALID: Final = "site_rule_pattern"
SLOW: Final = "site_rule_slow"
#: Repetitions of more than a few characters, and one more for a beginning that is looked for everywhere: 300 to the third.
_WIDE: Final = 3
#: Up to so often is a few.
_NARROW: Final = 5
_REPEATED: Final = re.compile(r"[*+?]|\{(\d+)(,(\d*))?\}")
_CLASS: Final = re.compile(r"\[\^?(?:\\.|[^\]\\\[])+\]", re.DOTALL)
_ESCAPED: Final = "dDwWsStnrfv^$.*+?()[]{}|/\\"
_EDGES: Final = "bB"


@lru_cache(maxsize=512)
def refusal(pattern: str) -> str | None:
    """Why a pattern is refused (``INVALID`` or ``SLOW``); None for one that may be used."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return INVALID
    return _Reader(pattern).refusal()


class _Reader:
    """Reads a pattern from left to right, atom by atom."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._wide = 0
        self._depth = 0
        self._either = False

    def refusal(self) -> str | None:
        """See :func:`refusal`."""
        while self._at < len(self._pattern):
            refused = self._next()
            if refused is not None:
                return refused
        anchored = self._pattern.startswith("^") and not self._either
        return SLOW if self._wide + (not anchored) > _WIDE else None

    def _next(self) -> str | None:
        one = self._pattern[self._at]
        if one == "(":
            return self._group()
        if one in "^$|":
            self._either = self._either or (one == "|" and self._depth == 0)
            self._at += 1
            return None
        if one == "[":
            found = _CLASS.match(self._pattern, self._at)
            if found is None:
                return INVALID
            self._at = found.end()
        elif one == "\\":
            after = self._pattern[self._at + 1]
            self._at += 2
            if after in _EDGES:
                return None
            if after not in _ESCAPED:
                # A group said again makes matching slow; anything else JavaScript does not know.
                return SLOW if after.isdigit() else INVALID
        elif one in "]{}*+?":
            # JavaScript takes them for themselves only with a backslash.
            return INVALID
        elif one == ")":
            self._depth -= 1
            self._at += 1
            return self._repeated(group=True)
        else:
            self._at += 1
        return self._repeated(group=False)

    def _group(self) -> str | None:
        self._depth += 1
        self._at += 1
        if self._pattern.startswith("?", self._at):
            if not self._pattern.startswith("?:", self._at):
                # Looking ahead and behind, names, flags: not needed for an address, and not the same everywhere.
                return SLOW
            self._at += 2
        return None

    def _repeated(self, *, group: bool) -> str | None:
        found = _REPEATED.match(self._pattern, self._at)
        if found is None:
            return None
        self._at = found.end()
        most = {"*": None, "+": None, "?": 1}.get(found[0], self._most(found))
        if self._pattern.startswith("?", self._at):
            self._at += 1
        if self._pattern[self._at : self._at + 1] in ("*", "+", "?", "{"):
            return INVALID
        if group and most != 1:
            return SLOW
        self._wide += most is None or most > _NARROW
        return None

    @staticmethod
    def _most(found: re.Match[str]) -> int | None:
        if found[1] is None:
            return None
        if found[2] is None:
            return int(found[1])
        return int(found[3]) if found[3] else None
