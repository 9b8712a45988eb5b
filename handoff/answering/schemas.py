"""Bodies of requests about canned answers, and the shapes of what is answered (docs/protocol.md)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from handoff.answering.models import CannedAnswer
from handoff.answering.ports import KnownAnswer
from kit.clock import iso

Text = Annotated[str, StringConstraints(max_length=4000)]


class Texts(BaseModel):
    """The answer by language; the Latvian one is never empty."""

    model_config = ConfigDict(extra="forbid")

    lv: Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
    ru: Text = ""
    en: Text = ""


class WriteCanned(BaseModel):
    """A canned answer as its editor wants it. ``version``: the one he saw; left out for a new one."""

    model_config = ConfigDict(extra="forbid")

    shortcut: Annotated[str, StringConstraints(pattern=r"^[\w-]{1,32}$", to_lower=True)]
    title: Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
    texts: Texts
    institution_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)


def answer_view(answer: KnownAnswer, latvian: str | None = None) -> dict[str, Any]:
    """A ``KnownAnswer`` of docs/protocol.md; ``latvian``: its Latvian text where it is in another language."""
    source = answer.source
    return {
        "service": {"id": answer.service_id, "title": answer.title},
        "institution": answer.institution,
        "aspect": answer.aspect,
        "aspect_name": answer.aspect_name,
        "text": answer.text,
        "lang": answer.lang,
        "latvian": latvian,
        "source": dict(zip(("title", "url", "date", "seen"), source, strict=True)) if source else None,
        "probability": round(answer.probability, 3) if answer.probability is not None else None,
    }


def canned_view(row: CannedAnswer, institution: str | None, changed_by: str | None) -> dict[str, Any]:
    """A ``CannedAnswer`` of docs/protocol.md, as its editors see it."""
    return {
        "id": row.id,
        "version": row.version,
        "shortcut": row.shortcut,
        "title": row.title,
        "texts": {lang: row.texts.get(lang, "") for lang in ("lv", "ru", "en")},
        "institution": {"id": row.institution_id, "name": institution} if row.institution_id else None,
        "changed_by": changed_by,
        "changed_at": iso(row.changed_at),
    }
