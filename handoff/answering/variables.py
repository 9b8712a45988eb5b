"""Variables of canned answers: ``{operator}`` becomes the operator's name, and what is not known stays a visible gap.

A gap is written ``[like this]``; the composer selects it, so that nobody is greeted as "{citizen}" or as nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kit.errors import PieturaError

#: What may stand in braces. Each has a name in the catalogue (``answering.variable.*``).
VARIABLES: Final = ("citizen", "operator", "institution", "service", "municipality", "case_no", "hours")
_BRACED = re.compile(r"\{([^{}]*)\}")


def check(text: str) -> None:
    """Refuses a text with braces that mean nothing.

    Raises:
        PieturaError: ``unknown_variable`` with the ``name`` and the ``known`` ones; ``stray_brace``.
    """
    for name in _BRACED.findall(text):
        if name not in VARIABLES:
            raise PieturaError("unknown_variable", name=f"{{{name}}}", known=", ".join(f"{{{v}}}" for v in VARIABLES))
    if re.search(r"[{}]", _BRACED.sub("", text)):
        raise PieturaError("stray_brace", example="{operator}")


def fill(text: str, values: Mapping[str, str | None], gaps: Mapping[str, str]) -> str:
    """``text`` with its variables filled in; ``gaps`` are the words for what is not known, by variable."""

    def put(match: re.Match[str]) -> str:
        name = match[1]
        return values.get(name) or f"[{gaps.get(name, name)}]"

    return _BRACED.sub(put, text)


def named(text: str) -> list[str]:
    """The variables in ``text``, in order, each once."""
    return list(dict.fromkeys(name for name in _BRACED.findall(text) if name in VARIABLES))
