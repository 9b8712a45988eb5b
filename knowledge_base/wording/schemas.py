"""Bodies of requests about wording, and what the desk shows (docs/protocol.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kit.clock import iso
from knowledge_base import wish
from knowledge_base.editor.schemas import Lang, Moment, Note, Number
from knowledge_base.wording.judged import check_view
from knowledge_base.wording.models import WordingChange

Kind = Literal["examples", "names"]
ServiceKey = Annotated[str, StringConstraints(min_length=1, max_length=80)]
#: As typed; what is too short, too long or personal is told with its place, so the bounds here are wide.
_Line = Annotated[str, StringConstraints(max_length=2000)]
Lines = Annotated[list[_Line], Field(max_length=500)]
_Answer = Annotated[str, StringConstraints(max_length=4000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Write(_Body):
    """Wording as it shall be. ``texts``: example questions, or everyday names; ``title`` beside names only.

    ``base``: the mark of what its writer saw (``Wording``). ``version``: of the wish itself, when it is there already.
    """

    texts: Lines
    title: _Line = ""
    base: Annotated[str, StringConstraints(max_length=64)]
    note: Note = ""
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    version: Number | None = None


class New(Write):
    """A wish."""

    kind: Kind
    service_id: ServiceKey
    lang: Lang


class NewService(_Body):
    """A service that there is not yet. Only the Latvian title must be there at first; to be proposed it needs an answer."""

    title: dict[Lang, _Line]
    institution: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    examples: dict[Lang, Lines] = Field(default_factory=dict)
    answer: dict[Lang, _Answer] = Field(default_factory=dict)
    source_date: Annotated[str, StringConstraints(pattern=r"^(\d{4}(-\d{2}-\d{2})?)?$")] = ""
    note: Note = ""
    version: Number | None = None


class Withdraw(_Body):
    """Whether a service shall be withdrawn, and why; with ``valid_to`` only until then."""

    withdrawn: bool
    note: Note
    valid_from: Moment | None = None
    valid_to: Moment | None = None


class Ask(_Body):
    """A question for the set. ``service_id`` None: none of our services answers it."""

    text: _Line
    lang: Lang
    service_id: ServiceKey | None = None


class Out(_Body):
    """A question of the set that no longer counts (``removed``), or counts again."""

    key: Annotated[str, StringConstraints(max_length=32)]
    removed: bool


def change_view(
    row: WordingChange,
    title: str,
    fresh: bool,
    clashes: list[dict[str, Any]],
    may: list[str],
    names: Callable[[str], str],
) -> dict[str, Any]:
    """A ``WordingChange`` of docs/protocol.md. ``fresh``: the run of the set is about what would be published now."""
    return {
        **wish.told(row),
        "kind": row.kind,
        "service": {"id": row.service_id, "title": title},
        "lang": row.lang,
        "before": row.before,
        "after": row.after,
        "decided_at": iso(row.decided_at),
        "published_at": iso(row.published_at),
        "valid_from": iso(row.valid_from),
        "valid_to": iso(row.valid_to),
        "clashes": clashes,
        "check": check_view(row, fresh, names),
        "may": may,
    }


def version_view(row: WordingChange) -> dict[str, Any]:
    """A ``WordingVersion`` of docs/protocol.md."""
    return {
        "id": row.id,
        "state": row.state,
        "before": row.before,
        "after": row.after,
        "note": row.note,
        "author": row.author_name,
        "decided_by": row.decided_name,
        "at": iso(row.published_at),
    }
