"""The console has no build step: what its modules take from each other must be there, or no page comes up at all."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

_STATIC = Path(__file__).resolve().parents[2] / "handoff" / "console" / "static"
_MODULES = sorted(path for path in _STATIC.rglob("*.js") if "vendor" not in path.parts)
_IMPORT = re.compile(r'^import\s*\{([^}]*)\}\s*from\s*"([^"]+)"', re.MULTILINE)
_DEFINED = re.compile(r"^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)
_EXPORTED = re.compile(r"^export (?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)
_LISTED = re.compile(r"^export \{([^}]*)\}", re.MULTILINE)


def _names(listed: str, side: int) -> list[str]:
    """Of ``a as b, c``: what stands before (0) or after (-1) the ``as``."""
    return [one.split(" as ")[side].strip() for one in listed.split(",") if one.strip()]


@cache
def _exports(path: Path) -> set[str]:
    text = path.read_text("utf-8")
    return {*_EXPORTED.findall(text), *(name for listed in _LISTED.findall(text) for name in _names(listed, -1))}


def test_modules_are_read() -> None:
    assert len(_MODULES) > 50
    assert "monthName" in _exports(_STATIC / "i18n.js")


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: path.name)
def test_what_is_imported_is_there_and_named_once(path: Path) -> None:
    text = path.read_text("utf-8")
    taken: list[str] = []
    for listed, where in _IMPORT.findall(text):
        taken += _names(listed, -1)
        target = (path.parent / where).resolve()
        if where.startswith(".") and "vendor" not in target.parts:
            assert set(_names(listed, 0)) - _exports(target) == set(), where
    named = taken + _DEFINED.findall(text)
    assert sorted({name for name in named if named.count(name) > 1}) == []
