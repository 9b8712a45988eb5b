"""Question files: JSON lines, read whole or refused with the place and the reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

Lang = Literal["lv", "ru", "en"]


def _unless_null(default: Any) -> BeforeValidator:
    """Files that programs write hold ``null`` where nothing is known."""
    return BeforeValidator(lambda value: default if value is None else value)


class BadQuestions(Exception):
    """A question file is missing or holds a line that is none; the message says where and why."""


class ServiceQuestion(BaseModel):
    """A question that one service answers.

    Attributes:
        also_ok: further services with which the question is answered as well.
        style: how it is written: ``plain``, ``typos``, ``nodiacritics``, ``situation``, ``long``, ``translit`` …
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str = Field(min_length=1, max_length=4000)
    lang: Lang
    service_id: str = Field(min_length=1)
    also_ok: Annotated[tuple[str, ...], _unless_null(())] = ()
    aspect: str | None = None
    municipality: str | None = None
    style: Annotated[str, _unless_null("plain")] = "plain"

    @property
    def accepted(self) -> frozenset[str]:
        """Every service that is a right answer."""
        return frozenset((self.service_id, *self.also_ok))


class DialogueLine(BaseModel):
    """A message of a certain kind of turn; ``note`` holds what else is known of it, as ``key=value`` parts."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str = Field(min_length=1, max_length=4000)
    lang: Lang
    kind: str = Field(min_length=1)
    note: Annotated[str, _unless_null("")] = ""

    @property
    def notes(self) -> dict[str, list[str]]:
        """The parts of ``note`` by key; a key may stand several times."""
        found: dict[str, list[str]] = {}
        for part in self.note.split(";"):
            key, mark, value = part.strip().partition("=")
            if mark:
                found.setdefault(key.strip(), []).append(value.strip())
        return found

    def listed(self, key: str, mark: str) -> frozenset[str]:
        """The members of the first value of ``key``, which ``mark`` stands between; empty if there is none."""
        return frozenset(part.strip() for part in (self.noted(key) or "").split(mark) if part.strip())

    def noted(self, key: str) -> str | None:
        """The first value of ``key``, if there is one."""
        return next(iter(self.notes.get(key, [])), None)

    @property
    def personal_data(self) -> list[str]:
        """Everything in the text that is marked as personal data (``pii.<type>=<value>``)."""
        return [value for key, values in self.notes.items() if key.startswith("pii.") for value in values]


class PlaceLine(BaseModel):
    """A message that names a municipality, or none (``municipality`` is null)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    text: str = Field(min_length=1, max_length=4000)
    lang: Lang
    municipality: str | None
    style: Annotated[str, _unless_null("plain")] = "plain"


def read[Line: BaseModel](kind: type[Line], paths: Iterable[Path]) -> list[Line]:
    """Reads question files.

    Raises:
        BadQuestions: a file is missing, is not UTF-8, holds no line, or a line is malformed.
    """
    return [_made(kind, where, line) for where, line in _lines(paths)]


def read_either(paths: Iterable[Path]) -> tuple[list[ServiceQuestion], list[DialogueLine]]:
    """Reads files of either kind or of both; a line that names a service in ``service_id`` is a question about it.

    Raises:
        BadQuestions: as :func:`read`.
    """
    questions: list[ServiceQuestion] = []
    lines: list[DialogueLine] = []
    for where, line in _lines(paths):
        try:
            fields = json.loads(line)
        except ValueError as error:
            raise BadQuestions(f"{where}: line: Invalid JSON: {error}") from error
        if isinstance(fields, dict) and fields.get("service_id") is not None:
            questions.append(_made(ServiceQuestion, where, line))
        else:
            lines.append(_made(DialogueLine, where, line))
    return questions, lines


def _lines(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Where each line stands, and the line."""
    any_line = False
    for path in paths:
        try:
            # Editors on Windows put a mark in front of UTF-8.
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise BadQuestions(f"{path}: cannot be read: {error}") from error
        # Not splitlines(): JSON lets other separators of lines (U+2028, U+0085) stand within a text.
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                any_line = True
                yield f"{path}:{number}", line
    if not any_line:
        raise BadQuestions("there is no question in the given files")


def _made[Line: BaseModel](kind: type[Line], where: str, line: str) -> Line:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        raise BadQuestions(f"{where}: {_plainly(error.errors())}") from error


def _plainly(errors: Iterable[Any]) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'line'}: {e['msg']}" for e in errors)
