"""The knowledge base as CPSV-AP 3.2 in JSON-LD, and services back from such a file.

CPSV-AP (Core Public Service Vocabulary, application profile) is how European catalogues exchange services. What it has
no term for (everyday names are `dcat:keyword`, but amounts, application dates, the answers by aspect) stands under a
vocabulary of our own, prefix ``pt``; a reader that does not know it loses nothing of the standard part.

What an import does not say stays as it is: an absent property is *not said*, not *none*. Editors' notes never leave,
and what an import changes never takes them away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from kit.i18n import DEFAULT_LANGUAGE, LANGUAGES
from knowledge_base.catalogue.snapshot import Snapshot, without_notes
from knowledge_base.catalogue.unify import CATALOGUE_PREFIX, UnifiedService
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.models import Service, ServiceAnswer
from knowledge_base.records import (
    ASPECTS,
    EDITORS_NOTE,
    FACTS_OF_ASPECT,
    ServiceRecord,
    content_hash,
    next_review,
    review_due,
)
from knowledge_base.sources import best_source
from knowledge_base.text import fold

PROFILE: Final = "https://semiceu.github.io/CPSV-AP/releases/3.2.0/"
CONTEXT: Final[dict[str, str]] = {
    "cpsv": "http://purl.org/vocab/cpsv#",
    "cv": "http://data.europa.eu/m8g/",
    "dct": "http://purl.org/dc/terms/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "pt": "urn:pietura:vocab:",
}
#: Short names of classes in the profile's own context, which is named by its address and not fetched.
_CLASSES: Final = {
    "PublicService": "cpsv:PublicService",
    "PublicOrganization": "cv:PublicOrganisation",
    "PublicOrganisation": "cv:PublicOrganisation",
    "Channel": "cv:Channel",
    "ContactPoint": "cv:ContactPoint",
    "Cost": "cv:Cost",
    "Evidence": "cv:Evidence",
    "LegalResource": "eli:LegalResource",
    "LifeEvent": "cv:LifeEvent",
    "Output": "cv:Output",
    "Requirement": "cv:Requirement",
}
_LATVIA: Final = "http://publications.europa.eu/resource/authority/atu/LVA"
_EURO: Final = "http://publications.europa.eu/resource/authority/currency/EUR"
_SERVICE: Final = "urn:pietura:service:"
_ORGANISATION: Final = "urn:pietura:organisation:"
_EVENT: Final = "urn:pietura:life-event:"
_CONCEPT: Final = "urn:pietura:concept:"
_ONLINE: Final = f"{_CONCEPT}channel-online"
_IN_PERSON: Final = f"{_CONCEPT}channel-in-person"
_AUDIENCE: Final = f"{_CONCEPT}audience-"

_FREE = re.compile(r"^(bez maksas|bezmaksas)\.?$", re.IGNORECASE)
_CALENDAR_DAYS = re.compile(r"^(\d{1,3}) (?:kalendāra )?dien(?:a|as|u)$")
_PHONE = re.compile(r"(?:\+371\s?)?\b[2678]\d{7}\b")
_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_ID = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")

Node = dict[str, Any]

# --- out ----------------------------------------------------------------------------------------------------------


def export(snapshot: Snapshot, gazetteer: Gazetteer) -> Node:
    """The whole knowledge base as a JSON-LD document.

    Args:
        snapshot: what is to be told.
        gazetteer: names of institutions and municipalities.

    Returns:
        A document with ``@context`` and ``@graph``; the same knowledge gives the same document.
    """
    graph: list[Node] = []
    bodies: dict[str, Node] = {}
    events: dict[str, Node] = {}
    for service in snapshot.services.values():
        body_id = gazetteer.by_code.get(service.institution_code, service.institution_code)
        bodies.setdefault(body_id, _body(body_id, service.institution_name, gazetteer))
        for event in service.life_events:
            events.setdefault(event, _event(event))
        graph.append(_service(service, snapshot, body_id))
    for unified in snapshot.unified.values():
        for variant in unified.variants:
            for owner in filter(None, (variant.municipality_id, variant.institution_id)):
                bodies.setdefault(owner, _body(owner, variant.organisation, gazetteer))
        if unified.service_id is None:
            graph.append(_further(unified))
    nodes = [*(bodies[key] for key in sorted(bodies)), *(events[key] for key in sorted(events)), *graph]
    return {"@context": dict(CONTEXT), "dct:conformsTo": {"@id": PROFILE}, "@graph": without_notes(nodes)}


def _say(text: str, lang: str = DEFAULT_LANGUAGE) -> Node:
    return {"@value": text, "@language": lang}


def _said(texts: Mapping[str, str]) -> list[Node]:
    return [_say(texts[lang], lang) for lang in LANGUAGES if texts.get(lang)]


def _ref(iri: str) -> Node:
    return {"@id": iri}


def _body(body_id: str, name: str, gazetteer: Gazetteer) -> Node:
    known = gazetteer.institutions.get(body_id) or gazetteer.municipalities.get(body_id)
    out: Node = {
        "@id": _organisation_iri(body_id),
        "@type": "cv:PublicOrganisation",
        "dct:identifier": body_id,
        "skos:prefLabel": _said(known.names) if known else [_say(name)],
        "dct:spatial": _ref(_LATVIA),
    }
    if known and known.website:
        out["foaf:homepage"] = _ref(known.website)
    return out


def _organisation_iri(body_id: str) -> str:
    return _ORGANISATION + re.sub(r"[^a-z0-9_-]+", "-", fold(body_id))


def _event(code: str) -> Node:
    title = code.replace("_", " ")
    return {
        "@id": _EVENT + code,
        "@type": "cv:LifeEvent",
        "dct:identifier": code,
        "dct:title": [_say(title, "en")],
    }


def _service(service: Service, snapshot: Snapshot, body_id: str) -> Node:
    iri = _SERVICE + service.id
    texts = snapshot.texts.get(service.id, {})
    general = {lang: aspects["general"] for lang, aspects in texts.items() if "general" in aspects}
    out: Node = {
        "@id": iri,
        "@type": "cpsv:PublicService",
        "dct:identifier": service.id,
        "dct:title": _said(service.titles()),
        # A description is mandatory; where nothing has been written, the title is all that is known.
        "dct:description": _said(general or service.titles()),
        "cv:hasCompetentAuthority": [_ref(_organisation_iri(body_id))],
        "dct:audience": [_ref(_AUDIENCE + who) for who in service.audience],
        "cv:isGroupedBy": [_ref(_EVENT + code) for code in service.life_events],
        "dcat:keyword": [_say(name, lang) for lang in LANGUAGES for name in service.aliases.get(lang, ())],
        **_facts(iri, service.facts),
        "dct:source": [_source(source) for source in service.sources],
        "pt:answer": _answers(texts),
        "pt:institutionCode": service.institution_code,
        "pt:institutionName": service.institution_name,
        "pt:kind": service.kind,
        "pt:confidence": service.confidence,
    }
    if service.checked_on:
        out["pt:checked"] = {"@value": service.checked_on.isoformat(), "@type": "xsd:date"}
    unified = snapshot.unified.get(service.id)
    if unified and unified.variants:
        out["pt:variant"] = _variants(unified)
    return {key: value for key, value in out.items() if value not in ([], {})}


def _facts(iri: str, facts: Mapping[str, Any]) -> Node:
    def part(kind: str, name: str, **more: Any) -> Node:
        return {"@id": f"{iri}:{name}", "@type": kind, "dct:identifier": f"{iri.rsplit(':', 1)[1]}/{name}", **more}

    def listed(kind: str, name: str, items: list[str] | None) -> list[Node]:
        shown = [item for item in items or () if EDITORS_NOTE not in item]
        return [part(kind, f"{name}-{at}", **{"dct:title": [_say(item)]}) for at, item in enumerate(shown, start=1)]

    # A text with an editors' note is taken out here already: a part without its text would say nothing.
    fact = {name: value for name, value in facts.items() if not (isinstance(value, str) and EDITORS_NOTE in value)}
    out: Node = {"cpsv:hasInput": listed("cv:Evidence", "document", fact.get("documents"))}
    out["cv:hasLegalResource"] = listed("eli:LegalResource", "law", fact.get("legal_basis"))
    channels = []
    if fact.get("how_online") or fact.get("online_url"):
        channel = part("cv:Channel", "online", **{"dct:type": _ref(_ONLINE)})
        if fact.get("how_online"):
            channel["dct:description"] = [_say(fact["how_online"])]
        if fact.get("online_url"):
            channel["foaf:page"] = _ref(fact["online_url"])
        channels.append(channel)
    if fact.get("in_person"):
        here = {"dct:type": _ref(_IN_PERSON), "dct:description": [_say(fact["in_person"])]}
        channels.append(part("cv:Channel", "in-person", **here))
    out["cv:hasChannel"] = channels
    if fact.get("cost"):
        cost = part("cv:Cost", "cost", **{"dct:description": [_say(fact["cost"])]})
        # Only "free" is a figure for certain; other texts hold several prices, conditions, one town's example.
        if _FREE.match(fact["cost"].strip()):
            cost |= {"cv:hasValue": {"@value": "0", "@type": "xsd:double"}, "cv:currency": _ref(_EURO)}
        out["cv:hasCost"] = [cost]
    if fact.get("who"):
        out["cv:holdsRequirement"] = [part("cv:Requirement", "who", **{"dct:title": [_say(fact["who"])]})]
    if fact.get("result"):
        out["cpsv:produces"] = [part("cv:Output", "result", **{"dct:title": [_say(fact["result"])]})]
    if fact.get("contact"):
        contact: Node = {
            "@id": f"{iri}:contact",
            "@type": "cv:ContactPoint",
            "dct:description": [_say(fact["contact"])],
        }
        contact |= {"cv:telephone": _PHONE.findall(fact["contact"]), "cv:email": _EMAIL.findall(fact["contact"])}
        out["cv:contactPoint"] = [{key: value for key, value in contact.items() if value}]
    if fact.get("deadline"):
        out["pt:deadline"] = [_say(fact["deadline"])]
        # A duration in the standard's sense knows calendar days only; "working days" cannot be said with it.
        if days := _CALENDAR_DAYS.match(fact["deadline"].strip()):
            out["cv:processingTime"] = {"@value": f"P{days[1]}D", "@type": "xsd:duration"}
    for name, term in (("amount", "pt:amount"), ("apply_by", "pt:applyBy")):
        if fact.get(name):
            out[term] = [_say(fact[name])]
    out["skos:note"] = [_say(note) for note in fact.get("notes") or () if EDITORS_NOTE not in note]
    return out


def _source(source: Mapping[str, Any]) -> Node:
    # No @id: the same page supports different facts of different services.
    out: Node = {"@type": "foaf:Document", "foaf:page": _ref(str(source["url"])), "pt:supports": source["supports"]}
    if source.get("as_of"):
        out["dct:date"] = source["as_of"]
    return out


def _answers(texts: Mapping[str, Mapping[str, str]]) -> list[Node]:
    out = []
    for aspect in ASPECTS:
        said = _said({lang: aspects[aspect] for lang, aspects in texts.items() if aspect in aspects})
        if said and aspect != "general":
            out.append({"@type": "pt:Answer", "pt:aspect": aspect, "dct:description": said})
    return out


def _variants(unified: UnifiedService) -> list[Node]:
    out = []
    for variant in unified.variants:
        owner = variant.municipality_id or variant.institution_id
        node: Node = {"@type": "pt:Variant", "pt:row": variant.row, "dct:title": [_say(variant.title)]}
        node["pt:organisation"] = variant.organisation
        if owner:
            node["cv:hasCompetentAuthority"] = [_ref(_organisation_iri(owner))]
        if variant.unit:
            node["pt:unit"] = variant.unit
        out.append(node)
    return out


def _further(unified: UnifiedService) -> Node:
    owners = dict.fromkeys(filter(None, (v.municipality_id or v.institution_id for v in unified.variants)))
    return {
        "@id": _SERVICE + unified.id,
        "@type": "cpsv:PublicService",
        "dct:identifier": unified.id,
        "dct:title": [_say(unified.title)],
        "dct:description": [_say(unified.title)],
        "cv:hasCompetentAuthority": [_ref(_organisation_iri(owner)) for owner in owners],
        "pt:kind": unified.kind,
        "pt:catalogueOnly": True,
        "pt:variant": _variants(unified),
    }


# --- in: reading --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NodeProblem:
    """A node that cannot be taken.

    Attributes:
        node: which. ``where``: at which property. ``reason``: why, for the command line.
        code, args: the same for a page: ``exchange.problem.<code>`` of the console's texts, and what it speaks of.
        place: the service's place among the services of the file, from 1; 0: the whole file, or it is not a reader's.
    """

    node: str
    where: str
    reason: str
    code: str
    args: dict[str, str] = field(default_factory=dict)
    place: int = 0

    def __str__(self) -> str:
        return f"{self.node}: {self.where}: {self.reason}" if self.where else f"{self.node}: {self.reason}"


@dataclass(slots=True)
class Incoming:
    """What a file says of one service; what is absent was not said.

    Attributes:
        id: identifier.
        values: fields of `ServiceRecord`, as far as they are given.
        facts: facts, as far as they are given; None, or an empty list: the fact is to be cleared.
        aliases: everyday names by language, as far as they are given; an empty list clears them.
        texts: (language, aspect) → text; an empty one withdraws the answer.
        authority: the organisation: its id in the gazetteer, or None.
    """

    id: str
    values: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    aliases: dict[str, list[str]] | None = None
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    authority: str | None = None


@dataclass(slots=True)
class Parsed:
    """A file, read: services in its order, what was wrong, ids that only the catalogue knows (not taken), and at which place of
    the file each service stands, from 1."""

    services: list[Incoming] = field(default_factory=list)
    problems: list[NodeProblem] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)


#: What a service without ``@id`` is called.
NAMELESS: Final = "a PublicService without @id"


class _Bad(ValueError):
    """What is wrong at ``where``: in words for the command line, as a code with its arguments for a page."""

    def __init__(self, where: str, reason: str, code: str, /, **args: str) -> None:
        super().__init__(reason)
        self.where = where
        self.code = code
        self.args_of_code = args

    def told(self, node: str, place: int = 0) -> NodeProblem:
        """Of which node it is."""
        return NodeProblem(node, self.where, str(self), self.code, self.args_of_code, place)


def parse(document: object, gazetteer: Gazetteer) -> Parsed:
    """Reads the services of a JSON-LD document.

    Understood are compact and expanded names, ``@graph``, a list of nodes or one node, nested nodes and references. A
    context that is only named by its address is not fetched; the profile's names are known without it.

    Args:
        document: what the JSON parser gave.
        gazetteer: knows the organisations.

    Returns:
        The services, and a problem for each node that is not what it should be.
    """
    out = Parsed()
    try:
        reader = _Reader(document)
    except _Bad as error:
        out.problems.append(error.told("the file"))
        return out
    for place, node in enumerate(reader.services(), start=1):
        name = str(node.get("@id") or NAMELESS)
        try:
            incoming = _incoming(node, reader, gazetteer)
            if incoming is None:
                out.left.append(name.removeprefix(_SERVICE))
                continue
            if incoming.id in out.places:
                why = f"{incoming.id} stands twice in the file"
                raise _Bad("dct:identifier", why, "node_twice", value=incoming.id, place=str(out.places[incoming.id]))
        except _Bad as error:
            out.problems.append(error.told(name, place))
            continue
        out.places[incoming.id] = place
        out.services.append(incoming)
    if not out.services and not out.problems and not out.left:
        out.problems.append(NodeProblem("the file", "", "there is no cpsv:PublicService in it", "no_services"))
    return out


class _Reader:
    """Names made full, references followed."""

    def __init__(self, document: object) -> None:
        self._prefixes = dict(CONTEXT)
        self._terms = dict(_CLASSES)
        if isinstance(document, dict):
            self._take_context(document.get("@context"))
            top = document.get("@graph", document)
        else:
            top = document
        self._nodes = top if isinstance(top, list) else [top]
        if not all(isinstance(node, dict) for node in self._nodes):
            raise _Bad("", "JSON-LD is expected: an object with @graph, a node, or a list of nodes", "not_jsonld")
        self._by_id: dict[str, Node] = {}
        for node in self._walk(self._nodes):
            if isinstance(node.get("@id"), str) and len(node) > 1:
                self._by_id.setdefault(self.full(node["@id"]), node)

    def _take_context(self, context: object) -> None:
        for part in context if isinstance(context, list) else [context]:
            if not isinstance(part, dict):
                continue
            for term, meaning in part.items():
                iri = meaning.get("@id") if isinstance(meaning, dict) else meaning
                if isinstance(iri, str) and not term.startswith("@"):
                    self._prefixes[term] = iri
                    self._terms[term] = iri

    def full(self, name: str) -> str:
        """A name or an IRI, written out."""
        for _ in range(4):
            if name in self._terms:
                name = self._terms[name]
            prefix, colon, local = name.partition(":")
            if not colon or local.startswith("//") or prefix not in self._prefixes:
                return name
            name = self._prefixes[prefix] + local
        return name

    def _walk(self, value: object) -> Iterator[Node]:
        if isinstance(value, dict):
            yield value
            for item in value.values():
                yield from self._walk(item)
        elif isinstance(value, list):
            for item in value:
                yield from self._walk(item)

    def services(self) -> list[Node]:
        """Every node of the class PublicService, wherever it stands."""
        return [node for node in self._walk(self._nodes) if self.full("cpsv:PublicService") in self.types(node)]

    def types(self, node: Node) -> set[str]:
        """Classes of a node, written out."""
        given = node.get("@type", [])
        return {self.full(kind) for kind in (given if isinstance(given, list) else [given]) if isinstance(kind, str)}

    def values(self, node: Node, name: str) -> list[Any]:
        """Values of a property, however it is written and whether or not it is a list."""
        wanted = self.full(name)
        out: list[Any] = []
        for key, value in node.items():
            if not key.startswith("@") and self.full(key) == wanted:
                out += value if isinstance(value, list) else [value]
        return out

    def plain(self, node: Node, name: str) -> str | None:
        """A property that has one plain value."""
        for value in self.values(node, name):
            text = value.get("@value") if isinstance(value, dict) else value
            if not isinstance(text, str) or not text.strip():
                raise _Bad(name, f"a text is expected, not {value!r:.80}", "text_expected")
            return text.strip()
        return None

    def texts(self, node: Node, name: str) -> dict[str, list[str]]:
        """Texts of a property by language; what has no language is Latvian, other languages than ours are left."""
        out: dict[str, list[str]] = {}
        for value in self.values(node, name):
            text = value.get("@value") if isinstance(value, dict) else value
            lang = value.get("@language", DEFAULT_LANGUAGE) if isinstance(value, dict) else DEFAULT_LANGUAGE
            if not isinstance(text, str) or not text.strip() or not isinstance(lang, str):
                raise _Bad(name, f"a text with a language is expected, not {value!r:.80}", "text_lang_expected")
            if EDITORS_NOTE in text:
                raise _Bad(name, "an editors' note stands in it", "note", mark=EDITORS_NOTE)
            if (short := lang.lower().split("-")[0]) in LANGUAGES:
                out.setdefault(short, []).append(text.strip())
        return out

    def one(self, node: Node, name: str) -> dict[str, str]:
        """Texts of a property that has at most one in each language."""
        out = {}
        for lang, texts in self.texts(node, name).items():
            if len(texts) > 1:
                why = f"there are {len(texts)} texts in {lang}, one is expected"
                raise _Bad(name, why, "texts_many", number=str(len(texts)), lang=lang)
            out[lang] = texts[0]
        return out

    def iris(self, node: Node, name: str) -> list[str]:
        """IRIs that a property refers to."""
        out = []
        for value in self.values(node, name):
            iri = value.get("@id") if isinstance(value, dict) else value
            if not isinstance(iri, str):
                raise _Bad(name, f"a reference is expected, not {value!r:.80}", "reference_expected")
            out.append(self.full(iri))
        return out

    def nodes(self, node: Node, name: str, kind: str) -> list[Node]:
        """Nodes that a property holds or refers to; each must be of class ``kind``."""
        out = []
        for value in self.values(node, name):
            found = value
            if isinstance(value, str) or (isinstance(value, dict) and set(value) == {"@id"}):
                iri = self.full(value if isinstance(value, str) else str(value["@id"]))
                found = self._by_id.get(iri)
                if found is None:
                    why = f"{iri} is referred to and not in the file"
                    raise _Bad(name, why, "reference_missing", value=iri[:120])
            if not isinstance(found, dict) or self.full(kind) not in self.types(found):
                raise _Bad(name, f"a {kind} is expected", "class_expected", kind=kind)
            out.append(found)
        return out


def _incoming(node: Node, reader: _Reader, gazetteer: Gazetteer) -> Incoming | None:
    service_id = reader.plain(node, "dct:identifier")
    if service_id is None:
        service_id = str(node.get("@id") or "").removeprefix(_SERVICE)
    if not _ID.match(service_id) or len(service_id) > 80:
        why = f"{service_id!r} is no identifier (small letters, digits, hyphens, at most 80)"
        raise _Bad("dct:identifier", why, "bad_id", value=service_id[:80])
    if service_id.startswith(CATALOGUE_PREFIX):
        return None
    out = Incoming(service_id)
    titles = reader.one(node, "dct:title")
    out.values |= {f"title_{lang}": title for lang, title in titles.items()}
    for lang, text in reader.one(node, "dct:description").items():
        if text != titles.get(lang):
            out.texts[lang, "general"] = text
    for answer in reader.nodes(node, "pt:answer", "pt:Answer"):
        aspect = reader.plain(answer, "pt:aspect")
        if aspect not in ASPECTS or aspect == "general":
            allowed = ", ".join(ASPECTS[1:])
            why = f"{aspect!r} is no aspect ({allowed})"
            raise _Bad("pt:answer", why, "one_of", value=(aspect or "")[:60], allowed=allowed)
        out.texts |= {(lang, aspect): text for lang, text in reader.one(answer, "dct:description").items()}
    if keywords := reader.texts(node, "dcat:keyword"):
        out.aliases = {lang: texts for lang in LANGUAGES if (texts := keywords.get(lang))}
    _incoming_facts(node, reader, out)
    _incoming_values(node, reader, out)
    out.authority = _authority(node, reader, gazetteer)
    return out


def _incoming_facts(node: Node, reader: _Reader, out: Incoming) -> None:
    facts = out.facts

    def first(holder: str, kind: str, *names: str) -> str | None:
        for part in reader.nodes(node, holder, kind):
            for name in names:
                if text := reader.one(part, name).get(DEFAULT_LANGUAGE):
                    return text
        return None

    def every(holder: str, kind: str) -> list[str] | None:
        said = [reader.one(part, "dct:title").get(DEFAULT_LANGUAGE) for part in reader.nodes(node, holder, kind)]
        return [text for text in said if text] or None

    facts["documents"] = every("cpsv:hasInput", "cv:Evidence")
    facts["legal_basis"] = every("cv:hasLegalResource", "eli:LegalResource")
    facts["who"] = first("cv:holdsRequirement", "cv:Requirement", "dct:title", "dct:description")
    facts["result"] = first("cpsv:produces", "cv:Output", "dct:title", "dct:description")
    facts["cost"] = first("cv:hasCost", "cv:Cost", "dct:description")
    facts["contact"] = first("cv:contactPoint", "cv:ContactPoint", "dct:description")
    if facts["contact"] is None:
        reached = [
            text
            for contact in reader.nodes(node, "cv:contactPoint", "cv:ContactPoint")
            for name in ("cv:telephone", "cv:email")
            for text in reader.texts(contact, name).get(DEFAULT_LANGUAGE, [])
        ]
        facts["contact"] = ", ".join(reached) or None
    for channel in reader.nodes(node, "cv:hasChannel", "cv:Channel"):
        kinds = reader.iris(channel, "dct:type")
        said = reader.one(channel, "dct:description").get(DEFAULT_LANGUAGE)
        pages = reader.iris(channel, "foaf:page")
        # A channel of a kind that is not ours is online when it has a page, and else a place to go to.
        if _ONLINE in kinds or (_IN_PERSON not in kinds and pages):
            facts["how_online"] = said
            facts["online_url"] = pages[0] if pages else None
        else:
            facts["in_person"] = said
    for name, term in (("deadline", "pt:deadline"), ("amount", "pt:amount"), ("apply_by", "pt:applyBy")):
        facts[name] = reader.one(node, term).get(DEFAULT_LANGUAGE)
    facts["notes"] = reader.texts(node, "skos:note").get(DEFAULT_LANGUAGE)
    out.facts = {name: value for name, value in facts.items() if value}


def _incoming_values(node: Node, reader: _Reader, out: Incoming) -> None:
    values = out.values
    for name, term in (
        ("institution", "pt:institutionCode"),
        ("institution_name", "pt:institutionName"),
        ("kind", "pt:kind"),
        ("confidence", "pt:confidence"),
        ("checked", "pt:checked"),
    ):
        if (text := reader.plain(node, term)) is not None:
            values[name] = text
    audience = [iri.removeprefix(_AUDIENCE) for iri in reader.iris(node, "dct:audience") if iri.startswith(_AUDIENCE)]
    if audience:
        values["audience"] = audience
    # Events of another catalogue are another grouping; only ours are taken.
    events = [iri.removeprefix(_EVENT) for iri in reader.iris(node, "cv:isGroupedBy") if iri.startswith(_EVENT)]
    if events:
        values["life_events"] = events
    sources = []
    for source in reader.nodes(node, "dct:source", "foaf:Document"):
        pages = reader.iris(source, "foaf:page")
        if not pages:
            raise _Bad("dct:source", "a source without foaf:page", "source_page")
        supports = [str(value) for value in reader.values(source, "pt:supports")]
        sources.append({"url": pages[0], "as_of": reader.plain(source, "dct:date"), "supports": supports})
    if sources:
        values["sources"] = sources


def _authority(node: Node, reader: _Reader, gazetteer: Gazetteer) -> str | None:
    name = "cv:hasCompetentAuthority"
    bodies: dict[str, Mapping[str, str]] = {key: body.names for key, body in gazetteer.institutions.items()}
    bodies |= {key: place.names for key, place in gazetteer.municipalities.items()}
    known = {_organisation_iri(body_id): body_id for body_id in bodies}
    for value in reader.values(node, name):
        iri = value.get("@id") if isinstance(value, dict) else value
        if isinstance(iri, str) and reader.full(iri) in known:
            return known[reader.full(iri)]
    names = {fold(label): body_id for body_id, labels in bodies.items() for label in labels.values()}
    said: list[str] = []
    for body in reader.nodes(node, name, "cv:PublicOrganisation"):
        said += [text for texts in reader.texts(body, "skos:prefLabel").values() for text in texts]
        said += [text for texts in reader.texts(body, "dct:title").values() for text in texts]
        for label in said:
            if fold(label) in names:
                return names[fold(label)]
    # Our own export names the code besides; an organisation beyond the gazetteer is then nothing to refuse.
    if said and reader.plain(node, "pt:institutionCode") is None:
        why = f"{said[0]!r} is no organisation that is known here"
        raise _Bad(name, why, "organisation_unknown", value=said[0][:120])
    return None


# --- in: writing --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an import changes; ``before`` is empty for what is new."""

    service_id: str
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.service_id}: {self.what}: {self.before[:60] or '–'} → {self.after[:60]}"


@dataclass(slots=True)
class Outcome:
    """What an import would do, or has done.

    Attributes:
        new: ids of services that were not there.
        changes: what changes in services that were.
        unchanged: services of which the file says nothing new.
        problems: why nothing is loaded, when there are any.
        applied: True when it was written.
    """

    new: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    problems: list[NodeProblem] = field(default_factory=list)
    applied: bool = False


@dataclass(slots=True)
class Work:
    """One service of a file with what becomes of it; ``row`` None: it is new."""

    incoming: Incoming
    row: Service | None
    record: ServiceRecord
    facts: dict[str, Any]
    aliases: dict[str, list[str]]
    texts: dict[tuple[str, str], str]


Stored = Mapping[str, Service]
Shown = Mapping[tuple[str, str, str], ServiceAnswer]


async def load(session: AsyncSession, parsed: Parsed, gazetteer: Gazetteer, *, today: date, apply: bool) -> Outcome:
    """Compares a file with the knowledge base and, if told so, writes the difference. The caller commits.

    A single problem anywhere, and nothing is written. Texts become versions of the origin ``editor``, which the data
    files never overwrite; fields stay until the data files themselves change.

    Args:
        session: an open session.
        parsed: what :func:`parse` gave.
        gazetteer: knows the organisations' codes.
        today: the day from which a new service's next review is counted.
        apply: write; otherwise only say what would change.
    """
    stored, shown = await state(session)
    out, work = plan(parsed, stored, shown, gazetteer)
    if apply and not out.problems:
        await write(session, work, shown, today)
        out.applied = True
    return out


async def state(session: AsyncSession) -> tuple[Stored, Shown]:
    """What stands in the database now: services by id, and answers in force by place."""
    stored = {row.id: row for row in await session.scalars(select(Service))}
    shown = {
        (row.service_id, row.lang, row.aspect): row
        for row in await session.scalars(select(ServiceAnswer).where(ServiceAnswer.current))
    }
    return stored, shown


def plan(parsed: Parsed, stored: Stored, shown: Shown, gazetteer: Gazetteer) -> tuple[Outcome, list[Work]]:
    """What a file would change; touches nothing.

    Args:
        parsed: what :func:`parse` gave.
        stored: services by id, ``shown``: answers in force, both as :func:`state` gives them.
        gazetteer: knows the organisations' codes.

    Returns:
        The outcome, and the work that :func:`write` does; what has problems is not among it.
    """
    out = Outcome(problems=list(parsed.problems))
    work: list[Work] = []
    for incoming in parsed.services:
        try:
            item = _planned(incoming, stored.get(incoming.id), gazetteer)
        except _Bad as error:
            out.problems.append(error.told(_SERVICE + incoming.id))
            continue
        item.texts = {
            key: text
            for key, text in incoming.texts.items()
            if text != (row.text if (row := shown.get((incoming.id, *key))) is not None else "")
        }
        work.append(item)
        changes = _changes(item, shown)
        if item.row is None:
            out.new.append(incoming.id)
        elif changes:
            out.changes += changes
        else:
            out.unchanged += 1
    return out, work


async def write(session: AsyncSession, work: list[Work], shown: Shown, today: date) -> None:
    """Writes what :func:`plan` found, in the same session. The caller commits."""
    for item in work:
        _write(session, item, today)
    await session.flush()
    await _write_texts(session, work, shown)


def _planned(incoming: Incoming, row: Service | None, gazetteer: Gazetteer) -> Work:
    base: dict[str, Any] = {
        "kind": "state", "audience": ["person"], "life_events": [], "sources": [], "confidence": "low", "facts": {},
    }  # fmt: skip
    named = {**(row.aliases if row is not None else {}), **(incoming.aliases or {})}
    aliases = {lang: list(named.get(lang, [])) for lang in LANGUAGES}
    facts = dict(incoming.facts)
    if row is not None:
        base = {
            **{f"title_{lang}": title for lang, title in row.titles().items()},
            "institution": row.institution_code,
            "institution_name": row.institution_name,
            "kind": row.kind,
            "audience": row.audience,
            "life_events": row.life_events,
            "sources": row.sources,
            "confidence": row.confidence,
            "checked": row.checked_on,
        }
        facts = {**row.facts, **facts}
        facts["notes"] = _notes(list(row.facts.get("notes") or []), incoming.facts.get("notes"))
        for name in ("documents", "legal_basis"):
            # A line that is an editors' note never left: its absence in the file is no wish to lose it.
            if incoming.facts.get(name) is not None:
                facts[name] = _notes(list(row.facts.get(name) or []), incoming.facts[name]) or None
    values = {**base, **incoming.values}
    if "institution" not in incoming.values and incoming.authority is not None:
        known = gazetteer.by_code.get(str(values.get("institution")), values.get("institution"))
        if known != incoming.authority:
            body = gazetteer.institutions.get(incoming.authority) or gazetteer.municipalities[incoming.authority]
            codes = getattr(body, "codes", ())
            values |= {"institution": codes[0] if codes else body.id, "institution_name": body.names["lv"]}
    if not values.get("institution"):
        why = "a new service needs an organisation"
        raise _Bad("cv:hasCompetentAuthority", why, "institution_missing", service=incoming.id)
    values.setdefault("institution_name", values["institution"])
    for lang in LANGUAGES:
        if not values.get(f"title_{lang}"):
            why = f"a new service needs a title in {lang}"
            raise _Bad("dct:title", why, "title_needed", service=incoming.id, lang=lang)
    try:
        record = ServiceRecord.model_validate(
            {
                **values,
                "id": incoming.id,
                "aliases_lv": aliases["lv"],
                "facts": {**facts, "notes": facts.get("notes") or []},
            }
        )
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        code, args = _code_of(found, facts)
        raise _Bad(".".join(str(part) for part in found["loc"]), str(found["msg"]), code, **args) from error
    return Work(incoming, row, record, record.facts.model_dump(mode="json"), aliases, {})


def _code_of(found: ErrorDetails, facts: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """What the record's own rules refuse, as a code with its arguments."""
    kind, value = found["type"], str(found["input"])[:60]
    if kind == "literal_error":
        return "one_of", {
            "value": value,
            "allowed": str(found["ctx"]["expected"]).replace("'", "").replace(" or ", ", "),
        }
    if kind.startswith("date"):
        return "day", {"value": value}
    if kind == "string_pattern_mismatch" and found["loc"][0] == "sources":
        return "address", {"value": value}
    if kind == "value_error":
        # The only one is about the address of the service's page.
        return "address", {"value": str(facts.get("online_url"))[:60]}
    if kind.startswith("string"):
        return "text_expected", {}
    return ("list_expected" if kind == "list_type" else "refused"), {}


def _notes(stored: list[str], incoming: list[str] | None) -> list[str]:
    public = [note for note in stored if EDITORS_NOTE not in note]
    if incoming is None or incoming == public:
        return stored
    return [*incoming, *(note for note in stored if EDITORS_NOTE in note)]


def values_of(item: Work) -> dict[str, Any]:
    """The service's columns as the file would have them."""
    record = item.record
    return {
        "title_lv": record.title_lv,
        "title_ru": record.title_ru,
        "title_en": record.title_en,
        "institution_code": record.institution,
        "institution_name": record.institution_name,
        "kind": record.kind,
        "audience": list(record.audience),
        "life_events": list(record.life_events),
        "aliases": item.aliases,
        "facts": item.facts,
        "sources": [source.model_dump(mode="json") for source in record.sources],
        "confidence": record.confidence,
        "checked_on": record.checked,
    }


def _changes(item: Work, shown: Mapping[tuple[str, str, str], ServiceAnswer]) -> list[Change]:
    service_id = item.incoming.id
    out: list[Change] = []
    if item.row is not None:
        for name, after in values_of(item).items():
            before = getattr(item.row, name)
            if name == "facts":
                out += [
                    Change(service_id, f"facts.{fact}", _short(before.get(fact)), _short(value))
                    for fact, value in after.items()
                    if (before.get(fact) or None) != (value or None)
                ]
            elif before != after:
                out.append(Change(service_id, name, _short(before), _short(after)))
    for (lang, aspect), text in item.texts.items():
        row = shown.get((service_id, lang, aspect))
        out.append(Change(service_id, f"text {lang} {aspect}", row.text if row else "", text))
    return out


def _short(value: object) -> str:
    return "" if value is None else str(value)


def _write(session: AsyncSession, item: Work, today: date) -> None:
    values = values_of(item)
    if item.row is None:
        due = review_due(item.record, today)
        session.add(Service(id=item.incoming.id, review_due=due, content_hash=content_hash(values), **values))
        return
    checked = item.record.checked
    if checked is not None and (item.row.checked_on is None or checked > item.row.checked_on):
        item.row.review_due = next_review(item.facts, min(checked, today))
    for name, value in values.items():
        if name == "facts":
            value = {**item.row.facts, **{fact: new for fact, new in value.items() if new or item.row.facts.get(fact)}}
        # The hash stays that of the data file, so that only a change of the file itself brings its fields back.
        if getattr(item.row, name) != value:
            setattr(item.row, name, value)


async def _write_texts(
    session: AsyncSession, work: list[Work], shown: Mapping[tuple[str, str, str], ServiceAnswer]
) -> None:
    fresh = []
    counted = select(
        ServiceAnswer.service_id, ServiceAnswer.lang, ServiceAnswer.aspect, func.max(ServiceAnswer.version)
    ).group_by(ServiceAnswer.service_id, ServiceAnswer.lang, ServiceAnswer.aspect)
    highest = {(r[0], r[1], r[2]): int(r[3]) for r in (await session.execute(counted)).tuples()}
    for item in work:
        for (lang, aspect), text in item.texts.items():
            service_id = item.incoming.id
            row = shown.get((service_id, lang, aspect))
            if row is not None:
                row.current = False
            fresh.append(
                ServiceAnswer(
                    service_id=service_id, lang=lang, aspect=aspect, text=text,
                    version=highest.get((service_id, lang, aspect), 0) + 1,
                    current=True, origin="editor", source_date=dated(item.record, aspect),
                )
            )  # fmt: skip
    # The old version must be marked before the new one is stored: only one may be current.
    await session.flush()
    session.add_all(fresh)
    await session.flush()


def dated(record: ServiceRecord, aspect: str) -> str | None:
    """How old the information of an aspect is, as its source says it; without one, the day it was checked."""
    source = best_source([source.model_dump() for source in record.sources], FACTS_OF_ASPECT[aspect])
    if source is not None and source["as_of"]:
        return str(source["as_of"])[:10]
    return record.checked.isoformat() if record.checked else None
