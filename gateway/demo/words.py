"""What is said in made-up conversations: questions and answers of the knowledge base, and a stock of ordinary sentences.

Nobody's words: what stands in ``lines.json`` was written for this, and the questions are the knowledge base's own examples.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from knowledge_base.gazetteer import Gazetteer
from knowledge_base.service import TRAITS_FILE, Content

_LINES: Final = Path(__file__).parent / "lines.json"
#: What is asked most (R8); the others follow in a drawn order.
_FIRST: Final = (
    "vsaa-slimibas-pabalsts",
    "pmlp-pase",
    "csdd-vaditaja-aplieciba",
    "vid-gada-ienakumu-deklaracija",
    "vraa-latvija-lv-autentifikacija",
    "pasv-dzivesvietas-izzina",
    "pasv-pirmsskolas-rinda",
    "lvrtc-eparaksts",
)
#: Where people of the municipal services live; the rest of Latvia now and then.
_PLACES: Final = ("riga", "riga", "riga", "daugavpils", "valmieras-novads", "siguldas-novads", "liepaja", "jelgava")
_ASPECTS: Final = ("general", "how", "cost", "documents", "deadline", "where")


@dataclass(frozen=True)
class Subject:
    """A service that is asked about: how it is asked for and answered, by language."""

    service_id: str
    institution_id: str
    topic: str
    municipal: bool
    titles: Mapping[str, str]
    questions: Mapping[str, Sequence[str]]
    answers: Mapping[str, Sequence[str]]
    source: Mapping[str, Any] | None


class Stock:
    """What there is to say."""

    def __init__(self, content: Content, gazetteer: Gazetteer, chance: random.Random) -> None:
        self._chance = chance
        traits = json.loads(TRAITS_FILE.read_text("utf-8"))
        self._topics = {one: topic for topic, ids in traits["topics"].items() for one in ids}
        self._others = sorted(gazetteer.municipalities)
        ids = sorted(content.services)
        chance.shuffle(ids)
        ids.sort(key=lambda one: _FIRST.index(one) if one in _FIRST else len(_FIRST))
        subjects = (self._subject(one, content, gazetteer) for one in ids)
        self._subjects = [one for one in subjects if all(one.questions.values()) and all(one.answers.values())]
        self._weights = list(accumulate(1 / (number + 4) ** 0.85 for number in range(len(self._subjects))))

    def _subject(self, service_id: str, content: Content, gazetteer: Gazetteer) -> Subject:
        service = content.services[service_id]
        languages = ("lv", "ru", "en")
        shown = {lang: content.texts.get((service_id, lang), {}) for lang in languages}
        source = next((one for one in service.sources if one.get("url")), None)
        return Subject(
            service_id,
            gazetteer.by_code.get(service.institution_code, service.institution_code),
            self._topics.get(service_id, "other"),
            service.kind == "municipal",
            service.titles(),
            {lang: content.examples.get((service_id, lang), ()) for lang in languages},
            {lang: [shown[lang][one].text for one in _ASPECTS if one in shown[lang]] for lang in languages},
            None if source is None else {"title": service.institution_name, **_dated(source)},
        )

    def subject(self, institution_id: str | None = None) -> Subject:
        """A service, what is asked much more often than what is asked seldom; of an institution, if one is named."""
        of = [one for one in self._subjects if one.institution_id == institution_id] if institution_id else []
        if of:
            return self._chance.choice(of)
        return self._chance.choices(self._subjects, cum_weights=self._weights)[0]

    def place(self) -> str:
        """A municipality."""
        return self._chance.choice(_PLACES if self._chance.random() < 0.8 else self._others)

    def line(self, what: str, lang: str, **values: str) -> str:
        """One of the sentences of a kind."""
        return self._chance.choice(_lines()[what][lang]).format(**values)

    def name(self) -> str:
        """What somebody is called on a platform: a first name and a letter, of nobody in particular."""
        first = self._chance.choice(_lines()["name"]["lv"])
        return f"{first} {self._chance.choice('ABDEGIKLMNOPRSTVZ')}."


def _dated(source: Mapping[str, Any]) -> dict[str, Any]:
    return {"url": source["url"], "date": source.get("as_of", "")}


@cache
def _lines() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = json.loads(_LINES.read_text("utf-8"))
    return found


def line(what: str, lang: str, **values: str) -> str:
    """The first sentence of a kind: for what occurs once."""
    return _lines()[what][lang][0].format(**values)
