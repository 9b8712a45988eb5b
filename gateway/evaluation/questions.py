"""Question files: JSON lines, read whole or refused with the place and the reason."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Lang = Literal["lv", "ru", "en"]


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
    also_ok: tuple[str, ...] = ()
    aspect: str | None = None
    municipality: str | None = None
    style: str = "plain"

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
    note: str = ""

    @property
    def notes(self) -> dict[str, list[str]]:
        """The parts of ``note`` by key; a key may stand several times."""
        found: dict[str, list[str]] = {}
        for part in self.note.split(";"):
            key, mark, value = part.strip().partition("=")
            if mark:
                found.setdefault(key.strip(), []).append(value.strip())
        return found

    def noted(self, key: str) -> str | None:
        """The first value of ``key``, if there is one."""
        return next(iter(self.notes.get(key, [])), None)

    @property
    def personal_data(self) -> list[str]:
        """Everything in the text that is marked as personal data (``pii.<type>=<value>``)."""
        return [value for key, values in self.notes.items() if key.startswith("pii.") for value in values]


def read[Line: BaseModel](kind: type[Line], paths: Iterable[Path]) -> list[Line]:
    """Reads question files.

    Raises:
        BadQuestions: a file is missing, is not UTF-8, holds no line, or a line is malformed.
    """
    found: list[Line] = []
    for path in paths:
        try:
            lines = path.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise BadQuestions(f"{path}: cannot be read: {error}") from error
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                found.append(kind.model_validate_json(line))
            except ValidationError as error:
                raise BadQuestions(f"{path}:{number}: {_plainly(error.errors())}") from error
    if not found:
        raise BadQuestions("there is no question in the given files")
    return found


def _plainly(errors: Iterable[Any]) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'line'}: {e['msg']}" for e in errors)
