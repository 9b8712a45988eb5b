"""Every code that connectors and the broker's side give has words for people, in all three languages.

Codes are read from the source: what a platform may refuse is met too rarely for a missing text to be noticed.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from connectors.facebook.failures import _BY_CODE
from connectors.x.answers import _FORBIDDEN
from handoff.channels.ports import OutboundKind
from kit.i18n import LANGUAGES

_ROOT = Path(__file__).resolve().parents[3]
_SOURCES = [
    path
    for folder in ("connectors/facebook", "connectors/x", "connectors/telegram", "handoff/channels")
    for path in sorted((_ROOT / folder).glob("*.py"))
]
_REGISTRATION_ON_X = _ROOT / "connectors/x/registration.py"


@cache
def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text("utf-8"))))


def _values(node: ast.expr | None) -> Iterator[str]:
    """What an expression may come to, as far as it stands there; not what it asks."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _values(body)
            yield from _values(orelse)
        case ast.Tuple(elts=parts) | ast.BoolOp(values=parts):
            for part in parts:
                yield from _values(part)


def _named(names: Iterable[str]) -> Iterator[str]:
    """What is given to, or given back by, something of these names."""
    wanted = set(names)
    for path in _SOURCES:
        for node in _nodes(path):
            match node:
                case ast.keyword(arg=str(arg), value=value) if arg in wanted:
                    yield from _values(value)
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in wanted:
                    yield from _values(value)
                case ast.FunctionDef(name=name) if name.lstrip("_") in wanted:
                    for inner in ast.walk(node):
                        if isinstance(inner, ast.Return):
                            yield from _values(inner.value)


def _called(*names: str, under: Iterable[Path] = _SOURCES) -> Iterator[str]:
    """First arguments of calls of these names."""
    for path in under:
        for node in _nodes(path):
            if isinstance(node, ast.Call) and node.args:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in names:
                    yield from _values(node.args[0])


@cache
def _reasons() -> set[str]:
    found = {*_named(["reason"]), *_called("_failed"), *_BY_CODE.values(), *(reason for _, reason in _FORBIDDEN)}
    # X's word for "the account itself", which becomes ``permission``; and why a conversation waits for a person.
    return found - {"account", "not_delivered"} | {"earlier_part_failed"}


@cache
def _problems() -> set[str]:
    given = _named(["problem", "problems", "webhook_problems"])
    return {*given, *_called("found"), *_called("add", under=[_REGISTRATION_ON_X])}


def _texts(folder: str, lang: str) -> set[str]:
    return set(json.loads((_ROOT / folder / f"{lang}.json").read_text("utf-8")))


def test_the_source_is_read() -> None:
    assert {"token", "window_closed", "not_summoned", "refused", "credentials", "timeout", "deleted"} <= _reasons()
    assert {"token_invalid", "webhook_failing", "api_version_ends", "unreachable", "direct_unavailable"} <= _problems()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_has_words(lang: str) -> None:
    server, console = _texts("handoff/locales", lang), _texts("handoff/console/locales", lang)
    codes = set(_called("PieturaError", "Conflict", "Forbidden", "NotFound"))
    wanted = {f"channels.reason.{reason}" for reason in _reasons()}
    wanted |= {f"channels.problem.{problem}" for problem in _problems()}
    wanted |= {f"error.{code}" for code in codes}
    assert wanted - server == set()
    # A part that was held back is no error of its account's; what became of a send stands there where it has no reason.
    noted = _reasons() - {"earlier_part_failed"} | {"retry", "failed", "unknown"}
    shown = {f"console.channels.reason.{reason}" for reason in noted}
    shown |= {f"console.social.reason.{reason}" for reason in _reasons()}
    shown |= {f"console.channels.todo.{problem}" for problem in _problems()}
    shown |= {f"console.channels.error.{kind}" for kind in get_args(OutboundKind)}
    assert shown - console == set()
