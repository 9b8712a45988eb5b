"""Bodies of requests about examples of kinds of turn, and what the desk shows (docs/protocol.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kit.clock import iso
from knowledge_base import wish
from knowledge_base.editor.schemas import Lang, Note, Number
from knowledge_base.turns.models import TurnChange, TurnExample
from knowledge_base.wording.schemas import Lines

Intent = Annotated[str, StringConstraints(min_length=1, max_length=32)]
State = Literal["draft", "proposed", "published", "dropped"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Wanted(_Body):
    """Examples of one kind in one language, to be added or taken out."""

    verb: Literal["add", "remove"] = "add"
    intent: Intent
    lang: Lang
    texts: Lines
    note: Note = ""


class Rewrite(Wanted):
    """The same, of a wish that is there already."""

    version: Number


class FromLife(_Body):
    """Questions of a group from life as examples of a kind; ``version`` is the group's."""

    version: Number
    intent: Intent
    lang: Lang
    texts: Lines


class Search(BaseModel):
    """Which examples are wanted."""

    intent: Annotated[str, Field(max_length=32)] = ""
    lang: Annotated[str, Field(max_length=2)] = ""
    search: Annotated[str, Field(max_length=300)] = ""
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


def example_view(row: TurnExample) -> dict[str, Any]:
    """An editor's ``TurnExample`` of docs/protocol.md."""
    return {
        "text": row.text,
        "intent": row.intent,
        "lang": row.lang,
        "origin": "editor",
        "by": row.by_name,
        "at": iso(row.at),
    }


def change_view(row: TurnChange, conflicts: list[dict[str, Any]], may: list[str]) -> dict[str, Any]:
    """A ``TurnChange`` of docs/protocol.md."""
    return {
        **wish.told(row),
        "verb": row.verb,
        "intent": row.intent,
        "lang": row.lang,
        "texts": row.texts,
        "from_life": row.group_id is not None,
        "conflicts": conflicts,
        "may": may,
    }
