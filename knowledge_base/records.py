"""The files of the knowledge base as checked Python values, and the Latvian texts composed from bare facts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from kit.i18n import LANGUAGES

ASPECTS: Final[tuple[str, ...]] = (
    "general",
    "how",
    "where",
    "cost",
    "deadline",
    "documents",
    "eligibility",
    "amount",
    "result",
)
"""Aspects that are stored; ``status`` (how is my application doing) is answered from contacts, see `service.py`."""

EDITORS_NOTE: Final = "[red.]"
"""A note that begins so is for editors and never for citizens."""

FACTS_OF_ASPECT: Final[dict[str, tuple[str, ...]]] = {
    "general": ("who", "result", "how_online"),
    "how": ("how_online", "in_person"),
    "where": ("in_person", "contact"),
    "cost": ("cost",),
    "deadline": ("deadline", "apply_by"),
    "documents": ("documents",),
    "eligibility": ("who",),
    "amount": ("amount",),
    "result": ("result",),
    "status": ("contact",),
}
"""Which facts stand behind an aspect; used to find the source that supports an answer."""

NonEmpty = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
ServiceId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Lang = Literal["lv", "ru", "en"]
Aspect = Literal["general", "how", "where", "cost", "deadline", "documents", "eligibility", "amount", "result"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Facts(_Record):
    """What is known of a service, in Latvian. None: not seen (which is not *none*)."""

    who: str | None = None
    how_online: str | None = None
    online_url: str | None = None
    in_person: str | None = None
    documents: list[NonEmpty] | None = None
    cost: str | None = None
    deadline: str | None = None
    amount: str | None = None
    apply_by: str | None = None
    result: str | None = None
    legal_basis: list[NonEmpty] | None = None
    contact: str | None = None
    notes: list[NonEmpty] = Field(default_factory=list)

    @model_validator(mode="after")
    def _checked_address(self) -> Facts:
        if self.online_url is not None and not re.match(r"^https?://\S+$", self.online_url):
            raise ValueError(f"online_url is not a web address: {self.online_url!r}")
        return self

    def public_notes(self) -> list[str]:
        """Notes that citizens may read."""
        return [note for note in self.notes if EDITORS_NOTE not in note]


class SourceRecord(_Record):
    """A page the facts were taken from; ``as_of`` is its own date (year, month or day) if it shows one."""

    url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
    as_of: str | None = None
    supports: list[str] = Field(default_factory=list)


class ServiceRecord(_Record):
    """One line of ``data/services/*.jsonl``."""

    id: ServiceId
    title_lv: NonEmpty
    title_en: NonEmpty
    title_ru: NonEmpty
    institution: NonEmpty
    institution_name: NonEmpty
    kind: Literal["state", "municipal"]
    audience: list[Literal["person", "business"]]
    life_events: list[NonEmpty]
    aliases_lv: list[NonEmpty]
    facts: Facts
    sources: list[SourceRecord]
    confidence: Literal["high", "medium", "low"]
    checked: date | None = None


class AnswerTexts(_Record):
    """The title and the aspects of a service in one language."""

    title: NonEmpty
    aspects: dict[Aspect, NonEmpty]

    @model_validator(mode="after")
    def _general_is_there(self) -> AnswerTexts:
        if "general" not in self.aspects:
            raise ValueError("the aspect 'general' is missing")
        for aspect, text in self.aspects.items():
            if EDITORS_NOTE in text:
                raise ValueError(f"an editors' note stands in {aspect}")
        return self


class AnswerRecord(_Record):
    """One file of ``data/answers/``."""

    id: ServiceId
    lv: AnswerTexts
    ru: AnswerTexts
    en: AnswerTexts

    @model_validator(mode="after")
    def _same_aspects(self) -> AnswerRecord:
        if not (self.lv.aspects.keys() == self.ru.aspects.keys() == self.en.aspects.keys()):
            raise ValueError("the languages have different aspects")
        return self

    def texts(self, lang: str) -> AnswerTexts:
        """The texts in ``lang``."""
        return {"lv": self.lv, "ru": self.ru, "en": self.en}[lang]


class LangLists(_Record):
    """Short texts by language: everyday names."""

    lv: list[NonEmpty] = Field(default_factory=list)
    ru: list[NonEmpty] = Field(default_factory=list)
    en: list[NonEmpty] = Field(default_factory=list)

    def as_dict(self) -> dict[str, list[str]]:
        """Language → texts, without repeats."""
        return {lang: list(dict.fromkeys(getattr(self, lang))) for lang in LANGUAGES}


class ExampleQuestion(_Record):
    """A question as people ask it; ``aspect`` is what it asks, where somebody has said so."""

    text: NonEmpty
    aspect: Aspect | Literal["status"] | None = None


class ExampleQuestions(_Record):
    """The example questions of one service by language."""

    lv: list[ExampleQuestion] = Field(default_factory=list)
    ru: list[ExampleQuestion] = Field(default_factory=list)
    en: list[ExampleQuestion] = Field(default_factory=list)

    def as_dict(self) -> dict[str, list[str]]:
        """Language → texts, without repeats."""
        return {lang: list(dict.fromkeys(q.text for q in getattr(self, lang))) for lang in LANGUAGES}


def content_hash(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of ``value``."""
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def review_due(record: ServiceRecord, gathered: date) -> date:
    """The day from which an editor must look at the record again.

    Weak records are due at once. Prices, amounts and time limits mostly change on 1 January, so records that state
    such figures are due then; the others after a year.
    """
    return gathered if record.confidence == "low" else next_review(record.facts.model_dump(), gathered)


def next_review(facts: Mapping[str, Any], reviewed: date) -> date:
    """When a record that was looked at on ``reviewed`` must be looked at again. The same for a weak one: what an
    editor has just looked at is not due at once."""
    figures = (facts.get(name) for name in ("cost", "amount", "apply_by", "deadline"))
    if any(figure and _DIGIT.search(figure) for figure in figures):
        return date(reviewed.year + 1, 1, 1)
    return _a_year_after(reviewed)


def _a_year_after(day: date) -> date:
    """The same day of the next year; 1 March after 29 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


# --- Latvian texts composed from facts ----------------------------------------------------------------------------

_DIGIT = re.compile(r"\d")
_LIST_LIMIT = 8
_NOTE_LIMIT = 3


def compose_lv(record: ServiceRecord, labels: dict[str, str]) -> dict[str, str]:
    """Latvian texts by aspect for a service without written answers: a label and the fact, lists as ``- `` lines.

    Aspects on which the facts say nothing are left out. For a record of low confidence, whatever states a figure is
    left out as well (it may be wrong); only the contact keeps its telephone number, for that is where to ask.

    Args:
        record: the service.
        labels: the package's Latvian text catalogue (keys ``fact.*``).
    """
    facts = record.facts
    careful = record.confidence == "low"

    def fact(text: str | None) -> str | None:
        if text is None or (careful and _DIGIT.search(text)):
            return None
        return _sentence(text)

    def line(label: str, text: str | None) -> list[str]:
        return [f"{labels['fact.' + label]}: {text}"] if text else []

    def bullets(items: Iterable[str]) -> list[str]:
        kept = [text for item in items if (text := fact(item))]
        return [f"- {text}" for text in kept]

    contact = _sentence(facts.contact) if facts.contact else None
    out: dict[str, list[str]] = {
        "how": line("online", fact(facts.how_online)) + line("in_person", fact(facts.in_person)),
        "where": line("in_person", fact(facts.in_person)) + line("contact", contact),
        "cost": line("cost", fact(facts.cost)),
        "deadline": line("deadline", fact(facts.deadline)) + line("apply_by", fact(facts.apply_by)),
        "eligibility": line("who", fact(facts.who)),
        "amount": line("amount", fact(facts.amount)),
        "result": line("result", fact(facts.result)),
    }
    documents = bullets(facts.documents or [])[:_LIST_LIMIT]
    if documents:
        out["documents"] = [f"{labels['fact.documents']}:", *documents]

    head = labels["fact.provider"].replace("{title}", record.title_lv).replace("{name}", record.institution_name)
    notes = bullets(facts.public_notes())[:_NOTE_LIMIT]
    general = [head, *line("who", fact(facts.who)), *line("result", fact(facts.result))]
    general += line("online", fact(facts.how_online)) or line("in_person", fact(facts.in_person))
    if careful:
        general += line("contact", contact)
    if notes:
        general += [f"{labels['fact.notes']}:", *notes]
    out["general"] = general
    return {aspect: "\n".join(out[aspect]) for aspect in ASPECTS if out.get(aspect)}


def _sentence(text: str) -> str:
    """``text`` with a full stop at the end; its first letter stays as it is, for it follows a label or a dash."""
    text = text.strip()
    return text if text[-1] in ".!?" else text + "."
