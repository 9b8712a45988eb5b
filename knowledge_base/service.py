"""The knowledge base as the assistant sees it: which service, where, and what is to be said.

Everything is loaded once and kept in memory; an editor's change builds a new state beside the old one and swaps the
reference, so a question never meets half a change.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncSession

from kit import masking
from kit.i18n import DEFAULT_LANGUAGE, LANGUAGES, Catalogue
from kit.metrics import SEARCH_SECONDS
from knowledge_base.catalogue.store import read_variants
from knowledge_base.catalogue.unify import Variant
from knowledge_base.gazetteer import Gazetteer, InstitutionMatch, MunicipalityMatch
from knowledge_base.life_events import LifeEvent, LifeEvents
from knowledge_base.models import Service
from knowledge_base.records import FACTS_OF_ASPECT
from knowledge_base.repository import KnowledgeRepository, ShownText
from knowledge_base.search import (
    Candidate,
    Encoder,
    FloatArray,
    SearchableService,
    SearchIndex,
    SearchParams,
    read_nothing,
)
from knowledge_base.sources import best_source, gathered_on, host
from knowledge_base.text import fold, tokens

_HERE = Path(__file__).parent
_DATA = _HERE / "data"
TRAITS_FILE = _DATA / "service_traits.json"
GENERAL = "general"
STATUS = "status"
_MUNICIPAL = "municipal"
#: What people ask next, the most frequent first.
_ASPECTS_BY_USE = ("how", "documents", "cost", "amount", "deadline", "eligibility", "where", "result", "general")
_PHONE = re.compile(r"(?:\+371\s?)?\b[2678]\d{7}\b")
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")


@dataclass(frozen=True, slots=True)
class Link:
    """A page to go on to; ``kind`` is ``eservice`` (do it there) or ``info`` (read more there)."""

    title: str
    url: str
    kind: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where the information comes from.

    Attributes:
        date: ISO date or only its beginning (``2024``); None when nothing is known.
        seen: the page shows no date of its own; ``date`` is the day on which it was last looked at.
    """

    title: str
    url: str
    date: str | None
    seen: bool


@dataclass(frozen=True, slots=True)
class ServiceAnswerView:
    """An answer about one aspect of one service, ready to be said.

    Attributes:
        aspect: the aspect that ``text`` speaks of; ``general`` when nothing is known of the asked one.
        aspect_known: False when the asked aspect is not known; the caller has to say so.
        lang_of_text: language of ``text``; Latvian when there is no translation.
        needs_municipality: the answer differs by municipality, and none is known.
        other_aspects: aspects that have an answer too, the most useful first.
        confidence: ``high``, ``medium`` or ``low``: how well the facts are founded.
    """

    service_id: str
    title: str
    aspect: str
    aspect_known: bool
    text: str
    lang_of_text: str
    links: tuple[Link, ...]
    source: Source | None
    institution_id: str
    institution_name: str
    needs_municipality: bool
    other_aspects: tuple[str, ...]
    topic: str
    confidence: str


class InstitutionRow(NamedTuple):
    """An institution or municipality for the table of institutions."""

    id: str
    name_lv: str
    name_ru: str
    name_en: str
    kind: str


@dataclass(frozen=True, slots=True)
class _State:
    """Everything that an editor's change replaces."""

    services: Mapping[str, Service]
    texts: Mapping[tuple[str, str], Mapping[str, ShownText]]
    """(service, language) → aspect → answer."""
    index: SearchIndex
    variants: Mapping[str, tuple[Variant, ...]] = field(default_factory=dict)
    """Service → the rows of the old catalogue that are it."""
    named: Mapping[str, str] = field(default_factory=dict)
    """The words of a title → the service, where only one is called so."""


@dataclass(frozen=True, slots=True)
class _Traits:
    """What is judged rather than found: the topic of a service, and which of its answers differ by municipality."""

    topics: Mapping[str, str]
    by_municipality: Mapping[str, frozenset[str]]

    @classmethod
    def load(cls, path: Path = TRAITS_FILE) -> _Traits:
        raw = json.loads(path.read_text("utf-8"))
        return cls(
            topics={service_id: topic for topic, ids in raw["topics"].items() for service_id in ids},
            by_municipality={service_id: frozenset(aspects) for service_id, aspects in raw["by_municipality"].items()},
        )


class KnowledgeBase:
    """Search and answers; safe to use from several tasks and threads."""

    def __init__(
        self, state: _State, gazetteer: Gazetteer, params: SearchParams, encoder: Encoder | None, revision: int = 0
    ) -> None:
        """Use :meth:`load`."""
        #: Which publication it holds; see :class:`knowledge_base.editor.models.Revision`.
        self.revision = revision
        #: Which one search goes by; behind ``revision`` while an index is being made.
        self.indexed = revision
        self._state = state
        self._gazetteer = gazetteer
        self._params = params
        self._encoder = encoder
        self._traits = _Traits.load()
        self._gathered = gathered_on(_DATA)
        self._life_events = LifeEvents.load()
        self._labels = Catalogue(_HERE / "locales")
        self._names: tuple[int, frozenset[str]] = (-1, frozenset())
        masking.publish(self._public_texts())

    @classmethod
    async def load(cls, session: AsyncSession, encoder: Encoder | None = None) -> KnowledgeBase:
        """Reads the knowledge base from the database and builds its index (a few seconds)."""
        params = SearchParams.load()
        gazetteer = await asyncio.to_thread(Gazetteer)
        content = await read_content(session)
        index = await asyncio.to_thread(_index_of, content, gazetteer, params, encoder)
        return cls(content.state(index), gazetteer, params, encoder, content.revision)

    def show(self, content: Content) -> None:
        """Answers from now on with what editors have published. Search goes on by the index there is until :meth:`index`."""
        self._state = content.state(self._state.index)
        self.revision = content.revision
        masking.publish(self._public_texts())

    def _public_texts(self) -> Iterator[str]:
        """Where telephone numbers and addresses stand that everybody may know: answers, institutions, municipalities."""
        yield from (shown.text for by_aspect in self._state.texts.values() for shown in by_aspect.values())
        yield from (place.phone for place in self._gazetteer.municipalities.values() if place.phone)
        for body in self._gazetteer.institutions.values():
            yield from (told for told in (body.phone, body.email) if told)

    async def index(self, content: Content) -> None:
        """Makes the index of ``content`` beside the one in use and searches by it from then on. A few changed services take
        less than a second, everything anew takes some."""
        index = await self.index_of(content)
        self._state = replace(self._state, index=index)
        self.indexed = content.revision

    async def index_of(self, content: Content) -> SearchIndex:
        """The index of ``content``, made out of the one in use as far as that is possible; nobody searches by it yet."""
        return await asyncio.to_thread(self._index_of, content)

    def _index_of(self, content: Content) -> SearchIndex:
        services = _searchable(content, self._gazetteer)
        made = self._state.index.updated(services)
        return made if made is not None else SearchIndex(services, self._params, self._encoder, read_nothing())

    @property
    def search_index(self) -> SearchIndex:
        """The index in use; it never changes, another one takes its place."""
        return self._state.index

    @property
    def encoder(self) -> Encoder | None:
        """What makes sentence vectors, if there is something."""
        return self._encoder

    # --- which service, which place -----------------------------------------------------------------------------------

    def search(self, text: str, lang: str, limit: int = 5) -> list[Candidate]:
        """See :meth:`SearchIndex.search`."""
        with SEARCH_SECONDS.labels("knowledge", "ok").time():
            return self._state.index.search(text, lang, limit)

    def evidence(self, text: str, lang: str, service_ids: Sequence[str]) -> tuple[float, ...]:
        """See :meth:`SearchIndex.evidence`."""
        return self._state.index.evidence(text, lang, service_ids)

    def named(self, text: str) -> str | None:
        """The service of which ``text`` is the title, in any language and whatever the capitals, marks and diacritics."""
        return self._state.named.get(_bare(text))

    async def vector(self, text: str) -> FloatArray | None:
        """The sentence vector of a message; None without an encoder. Computed beside the event loop: it takes milliseconds."""
        return await asyncio.to_thread(self._encoder.encode_one, text) if self._encoder is not None else None

    def life_event(self, text: str, lang: str) -> LifeEvent | None:
        """See :meth:`LifeEvents.find`."""
        return self._life_events.find(text, lang)

    def life_events(self) -> LifeEvents:
        """Every life event, then every social group."""
        return self._life_events

    def thresholds(self, lang: str) -> tuple[float, float]:
        """(from which probability on to answer, from which on to offer choices)."""
        found = self._params.thresholds[lang if lang in LANGUAGES else DEFAULT_LANGUAGE]
        return found.answer, found.choices

    def known(self, service_id: str) -> bool:
        """Whether there is such a service."""
        return service_id in self._state.services

    def offered(self, service_id: str) -> bool:
        """Whether there is such a service, and it has not been withdrawn."""
        return self.known(service_id) and not self._state.services[service_id].withdrawn

    def aspects(self, service_id: str) -> frozenset[str]:
        """Aspects that can be answered, in Latvian at least; empty for an unknown service and for one that is withdrawn."""
        answers = self._state.texts.get((service_id, DEFAULT_LANGUAGE)) if self.offered(service_id) else None
        return frozenset(answers) | {STATUS} if answers else frozenset()

    def service_ids(self) -> list[str]:
        """Every service, in the order of the catalogue; withdrawn ones too."""
        return list(self._state.services)

    def variants(self, service_id: str) -> tuple[Variant, ...]:
        """Who offered a service in the old catalogue, by row; none when it was not listed or there is no such service.

        Args:
            service_id: a service, or a ``kat-…`` id of one that only the catalogue knows.
        """
        return self._state.variants.get(service_id, ())

    def has_variant(self, service_id: str, municipality_id: str) -> bool:
        """Whether the old catalogue listed the service for ``municipality_id``, under today's or a former name."""
        return any(municipality_id in variant.places() for variant in self.variants(service_id))

    def municipality_ids(self) -> frozenset[str]:
        """Every municipality of today."""
        return frozenset(self._gazetteer.municipalities)

    @property
    def gazetteer(self) -> Gazetteer:
        """Names of municipalities and institutions."""
        return self._gazetteer

    def find_municipality(self, text: str) -> MunicipalityMatch | None:
        """See :meth:`Gazetteer.find_municipality`."""
        return self._gazetteer.find_municipality(text)

    def find_institution(self, text: str) -> InstitutionMatch | None:
        """See :meth:`Gazetteer.find_institution`."""
        return self._gazetteer.find_institution(text)

    # --- names --------------------------------------------------------------------------------------------------------

    def title(self, service_id: str, lang: str) -> str:
        """Title of a service.

        Raises:
            KeyError: there is no such service.
        """
        return self._state.services[service_id].titles()[lang if lang in LANGUAGES else DEFAULT_LANGUAGE]

    def institution_name(self, institution_id: str, lang: str) -> str:
        """Name of an institution or municipality; the id itself when it is unknown."""
        body = self._gazetteer.institutions.get(institution_id)
        return body.names.get(lang, body.names["lv"]) if body else self.municipality_name(institution_id, lang)

    def municipality_name(self, municipality_id: str, lang: str) -> str:
        """Name of a municipality; the id itself when it is unknown."""
        place = self._gazetteer.municipalities.get(municipality_id)
        return place.names.get(lang, place.names["lv"]) if place else municipality_id

    def names_in_latvian(self) -> frozenset[str]:
        """The words of all names that stand in answers, in small letters: of services, bodies and municipalities."""
        if self._names[0] != self.revision:
            names = [body.names["lv"] for body in self._gazetteer.institutions.values()]
            names += [place.names["lv"] for place in self._gazetteer.municipalities.values()]
            names += [self.title(service_id, DEFAULT_LANGUAGE) for service_id in self.service_ids()]
            self._names = (self.revision, frozenset(word.lower() for name in names for word in tokens(name)))
        return self._names[1]

    def institutions(self) -> list[InstitutionRow]:
        """See :func:`institutions`."""
        return institutions(self._gazetteer)

    # --- answers ------------------------------------------------------------------------------------------------------

    def answer(self, service_id: str, aspect: str, lang: str, municipality_id: str | None = None) -> ServiceAnswerView:
        """What is known about one aspect of a service.

        Args:
            service_id: a known service.
            aspect: one of `records.ASPECTS`, or ``status`` (how is my application doing).
            lang: language to answer in.
            municipality_id: where, if that is known.

        Returns:
            The answer; of a service that is withdrawn, that it is not provided any more and where to ask, whatever the aspect.

        Raises:
            KeyError: there is no such service.
        """
        state = self._state
        service = state.services[service_id]
        lang = lang if lang in LANGUAGES else DEFAULT_LANGUAGE
        if service.withdrawn:
            return self._withdrawn(service, lang)
        answers = state.texts.get((service_id, lang)) or {}
        lang_of_text = lang if answers else DEFAULT_LANGUAGE
        answers = answers or state.texts.get((service_id, DEFAULT_LANGUAGE)) or {}

        institution_id = self._institution_id(service)
        row = answers.get(aspect)
        given = aspect
        if aspect == STATUS:
            text, lang_of_text = self._status(service, institution_id, lang), lang
        elif row is not None:
            text = row.text
        else:
            given = GENERAL
            row = answers.get(GENERAL)
            known = (
                row.text
                if row
                else self._labels.text(
                    lang,
                    "fallback.text",
                    title=service.titles()[lang],
                    name=self._provider(service, institution_id, lang),
                )
            )
            text = "\n".join(_unless_said(known, self._contact(service, institution_id, lang)))
        varies = given in self._traits.by_municipality.get(service_id, frozenset())
        place = self._gazetteer.municipalities.get(municipality_id) if municipality_id else None
        if place is not None and varies:
            name = place.names[lang]
            text += "\n" + self._labels.text(lang, "municipality.variant", name=name)
            if place.phone:
                phone = self._labels.text(lang, "contact.phone", phone=place.phone)
                text += "\n" + self._labels.text(lang, "contact.line", name=name, contact=phone)
        return ServiceAnswerView(
            service_id=service_id,
            title=service.titles()[lang],
            aspect=given,
            aspect_known=given == aspect,
            text=text,
            lang_of_text=lang_of_text,
            links=self._links(service, institution_id, place.id if place else None, lang),
            source=self._source(service, given, row or answers.get(GENERAL)),
            institution_id=institution_id,
            institution_name=self._provider(service, institution_id, lang),
            needs_municipality=varies and place is None,
            other_aspects=tuple(name for name in _ASPECTS_BY_USE if name in answers and name != given),
            topic=self._traits.topics.get(service_id, "other"),
            confidence=service.confidence,
        )

    def _withdrawn(self, service: Service, lang: str) -> ServiceAnswerView:
        institution_id = self._institution_id(service)
        said = self._labels.text(lang, "withdrawn.text", title=service.titles()[lang])
        links = self._links(service, institution_id, None, lang)
        return ServiceAnswerView(
            service_id=service.id,
            title=service.titles()[lang],
            aspect=GENERAL,
            # What was asked is answered: there is nothing more to be said of any aspect.
            aspect_known=True,
            text=f"{said}\n{self._contact(service, institution_id, lang)}",
            lang_of_text=lang,
            links=tuple(link for link in links if link.kind == "info"),
            source=None,
            institution_id=institution_id,
            institution_name=self._provider(service, institution_id, lang),
            needs_municipality=False,
            other_aspects=(),
            topic=self._traits.topics.get(service.id, "other"),
            confidence=service.confidence,
        )

    def _institution_id(self, service: Service) -> str:
        return self._gazetteer.by_code.get(service.institution_code, service.institution_code)

    def _provider(self, service: Service, institution_id: str, lang: str) -> str:
        body = self._gazetteer.institutions.get(institution_id)
        return body.names[lang] if body else service.institution_name

    def _contact(self, service: Service, institution_id: str, lang: str) -> str:
        """One line that says where to ask, in any language: name, telephone, e-mail."""
        body = self._gazetteer.institutions.get(institution_id)
        fact = service.facts.get("contact") or ""
        phones, emails = _PHONE.findall(fact), _EMAIL.findall(fact)
        # A fact with several numbers tells them apart in Latvian words; the institution's own number is safer then.
        phone = phones[0] if len(phones) == 1 else body.phone if body else None
        email = emails[0] if len(emails) == 1 else body.email if body else None
        parts = [self._labels.text(lang, "contact.phone", phone=phone)] if phone else []
        parts += [self._labels.text(lang, "contact.email", email=email)] if email else []
        name = self._provider(service, institution_id, lang)
        if not parts:
            return self._labels.text(lang, "contact.line_bare", name=name)
        return self._labels.text(lang, "contact.line", name=name, contact=", ".join(parts))

    def _status(self, service: Service, institution_id: str, lang: str) -> str:
        lines = [self._labels.text(lang, "status.text")]
        if institution_id == "vid":
            lines.append(self._labels.text(lang, "status.eds"))
        elif host(service.facts.get("online_url") or "") in {"latvija.gov.lv", "latvija.lv", "epakalpojumi.latvija.lv"}:
            lines.append(self._labels.text(lang, "status.portal"))
        lines.append(self._contact(service, institution_id, lang))
        return "\n".join(lines)

    def _links(self, service: Service, institution_id: str, municipality_id: str | None, lang: str) -> tuple[Link, ...]:
        links: list[Link] = []
        online = service.facts.get("online_url")
        if online:
            parts = urlsplit(online)
            # The front page of a portal is not the e-service itself and must not be announced as it.
            key = "link.eservice" if parts.path.strip("/") or parts.query else "link.portal"
            links.append(Link(self._labels.text(lang, key, name=host(online)), online, "eservice"))
        place = self._gazetteer.municipalities.get(municipality_id) if municipality_id else None
        if place is not None and place.website and service.kind == _MUNICIPAL:
            said = self._labels.text(lang, "link.municipality", name=place.names[lang])
            links.append(Link(said, place.website, "info"))
        body = self._gazetteer.institutions.get(institution_id)
        if body is not None and body.website and all(host(link.url) != host(body.website) for link in links):
            name = body.abbreviation or body.names[lang]
            links.append(Link(self._labels.text(lang, "link.institution", name=name), body.website, "info"))
        return tuple(links)

    def _source(self, service: Service, aspect: str, row: ShownText | None) -> Source | None:
        found = best_source(service.sources, FACTS_OF_ASPECT[aspect])
        if found is None:
            return None
        by_editor = row is not None and row.origin == "editor"
        dated = str(found["as_of"])[:10] if found.get("as_of") else None
        if row is not None and by_editor:
            dated = row.source_date or dated
        url = str(found["url"])
        if dated is not None:
            return Source(host(url), url, dated, seen=False)
        # Which day an editor looked at the page is not known unless he said it.
        looked_at = service.checked_on or (None if row is None or by_editor else self._gathered)
        return Source(host(url), url, looked_at.isoformat() if looked_at else None, seen=looked_at is not None)


def _three(names: Mapping[str, str]) -> tuple[str, str, str]:
    return names["lv"], names["ru"], names["en"]


def _unless_said(text: str, contact: str) -> list[str]:
    """``text``, and the contact after it unless its telephone is in the text already."""
    phone = _PHONE.search(contact)
    return [text] if phone and phone.group() in text else [text, contact]


@dataclass(frozen=True, slots=True)
class Content:
    """What the database holds, read and cut from its session; an index is built from it."""

    services: Mapping[str, Service]
    texts: Mapping[tuple[str, str], Mapping[str, ShownText]]
    examples: Mapping[tuple[str, str], Sequence[str]]
    variants: Mapping[str, tuple[Variant, ...]]
    revision: int

    def state(self, index: SearchIndex) -> _State:
        """It, with an index. A service that the index does not know yet is not found by search, and is answered all the same."""
        return _State(self.services, self.texts, index, self.variants, _titles(self.services.values()))


def _bare(text: str) -> str:
    return " ".join(tokens(fold(text)))


def _titles(services: Iterable[Service]) -> dict[str, str]:
    found: dict[str, str] = {}
    shared: set[str] = set()
    # A withdrawn service gives way to one that is provided under the same name.
    for service in sorted(services, key=lambda one: bool(one.withdrawn)):
        for title in {_bare(title) for title in service.titles().values() if title}:
            if title not in found:
                found[title] = service.id
            elif not service.withdrawn:
                shared.add(title)
    return {title: service_id for title, service_id in found.items() if title and title not in shared}


async def read_content(session: AsyncSession) -> Content:
    """Reads everything. The revision comes first: what is published meanwhile is read twice, never left out."""
    repository = KnowledgeRepository(session)
    revision = await repository.revision()
    services = await repository.services()
    for service in services:
        # Read here and in other threads later: cut from the session, a row can load nothing behind our back.
        session.expunge(service)
    texts: dict[tuple[str, str], dict[str, ShownText]] = defaultdict(dict)
    for shown in await repository.shown_texts():
        texts[shown.service_id, shown.lang][shown.aspect] = shown
    examples: dict[tuple[str, str], list[str]] = defaultdict(list)
    for service_id, lang, text in await repository.example_texts():
        examples[service_id, lang].append(text)
    return Content(
        {service.id: service for service in services},
        dict(texts),
        dict(examples),
        await read_variants(session),
        revision,
    )


def institutions(known: Gazetteer) -> list[InstitutionRow]:
    """Every institution, then every municipality (kind ``municipality``)."""
    bodies = [InstitutionRow(body.id, *_three(body.names), body.kind) for body in known.institutions.values()]
    places = [InstitutionRow(p.id, *_three(p.names), "municipality") for p in known.municipalities.values()]
    return bodies + places


def _index_of(content: Content, gazetteer: Gazetteer, params: SearchParams, encoder: Encoder | None) -> SearchIndex:
    return SearchIndex(_searchable(content, gazetteer), params, encoder, read_nothing())


def _searchable(content: Content, gazetteer: Gazetteer) -> list[SearchableService]:
    return [
        SearchableService(
            id=service.id,
            titles=service.titles(),
            aliases=service.aliases,
            examples={lang: content.examples.get((service.id, lang), ()) for lang in LANGUAGES},
            institutions=gazetteer.institution_names(service.institution_code, service.institution_name),
            texts={
                lang: [shown.text for shown in content.texts.get((service.id, lang), {}).values()] for lang in LANGUAGES
            },
        )
        for service in content.services.values()
        if not service.withdrawn
    ]
