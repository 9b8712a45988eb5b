"""Bodies of the editors' requests, and what the desk shows (docs/protocol.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator

from kit.clock import iso
from knowledge_base import wish
from knowledge_base.editor.models import AnswerChange
from knowledge_base.models import ServiceAnswer
from knowledge_base.records import Aspect

Lang = Literal["lv", "ru", "en"]
ChangeState = Literal["draft", "proposed", "approved", "published", "ended", "dropped", "overtaken"]
#: Numbers of versions as the database can hold them.
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
_YEARS = range(2000, 3000)


def _in_our_time(moment: datetime) -> datetime:
    """Refuses instants at the edges of the calendar, where its own arithmetic ends."""
    if moment.year not in _YEARS:
        raise ValueError(f"a year from {_YEARS.start} to {_YEARS.stop - 1}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_in_our_time)]
Note = Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)]
_YEAR_OR_DAY = re.compile(r"\d{4}(-\d{2}-\d{2})?")


class Person(Protocol):
    """Whoever is signed in."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def lang(self) -> str: ...


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WriteChange(_Body):
    """An answer as it shall be. ``text`` None withdraws it; ``base_version`` is the version that its writer saw.

    ``source_date``: how old the information is, a year or a day; needed where the text states money.
    """

    text: Annotated[str, StringConstraints(max_length=4000)] | None
    base_version: Number | None = None
    source_date: Annotated[str, StringConstraints(max_length=10)] | None = None
    note: Note = ""
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    #: Of the wish itself, when it is there already.
    version: Number | None = None

    @field_validator("source_date")
    @classmethod
    def _is_a_date(cls, value: str | None) -> str | None:
        if value is None or value == "":
            return None
        if not _YEAR_OR_DAY.fullmatch(value):
            raise ValueError("YYYY or YYYY-MM-DD")
        if len(value) == len("YYYY-MM-DD"):
            date.fromisoformat(value)
        return value


class NewChange(WriteChange):
    """A wish for one answer."""

    service_id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    lang: Lang
    aspect: Aspect


class Version(_Body):
    """The version of the wish that the person saw."""

    version: Number


class Decision(Version):
    """The second person's word."""

    note: Note = ""


class Restore(_Body):
    """Back to a former version; ``base_version`` is the one shown now, as the person saw it."""

    service_id: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    lang: Lang
    aspect: Aspect
    to_version: Number
    base_version: Number | None = None


class TryOut(_Body):
    """What a citizen might write, and the language of the page he writes on."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
    lang: Lang = "lv"


def change_view(
    row: AnswerChange, title: str, shown: str | None, check: dict[str, Any], may: list[str]
) -> dict[str, Any]:
    """A ``Change`` of docs/protocol.md; ``shown``: what citizens are answered now; ``check``: the run of the question set."""
    return {
        **wish.told(row),
        "service": {"id": row.service_id, "title": title},
        "lang": row.lang,
        "aspect": row.aspect,
        "text": row.text,
        "shown": shown,
        "source_date": row.source_date,
        "base_version": row.base_version,
        "published_version": row.published_version,
        "decided_at": iso(row.decided_at),
        "published_at": iso(row.published_at),
        "valid_from": iso(row.valid_from),
        "valid_to": iso(row.valid_to),
        "check": check,
        "may": may,
    }


def version_view(row: ServiceAnswer, changes: Mapping[int, AnswerChange]) -> dict[str, Any]:
    """A former or present version of an answer, with whose it was."""
    change = changes.get(row.version)
    return {
        "version": row.version,
        "text": row.text or None,
        "current": row.current,
        "origin": row.origin,
        "source_date": row.source_date,
        "at": iso(row.created_at),
        "author": change.author_name if change else None,
        "decided_by": change.decided_name if change else None,
        "note": change.note if change else None,
    }


def later(one: datetime | None, other: datetime | None) -> bool:
    """Whether both are given and ``one`` is not before ``other``."""
    return one is not None and other is not None and one >= other
