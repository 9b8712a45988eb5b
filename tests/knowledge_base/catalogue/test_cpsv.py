"""CPSV-AP: what goes out comes back, editors' notes stay, and a broken file changes nothing."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.catalogue import cpsv
from knowledge_base.catalogue.snapshot import Snapshot, take, to_csv, to_json, without_notes
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.importer import Importer
from knowledge_base.models import Service, ServiceAnswer
from knowledge_base.records import EDITORS_NOTE
from knowledge_base.repository import KnowledgeRepository

TODAY = date(2026, 11, 23)
NIN = "pasv-nin"
#: Mandatory in the profile's shapes, by class.
MANDATORY = {
    "cpsv:PublicService": ("dct:identifier", "dct:title", "dct:description", "cv:hasCompetentAuthority"),
    "cv:PublicOrganisation": ("skos:prefLabel", "dct:spatial"),
    "cv:Channel": ("dct:identifier",),
    "cv:Cost": ("dct:identifier",),
    "cv:Evidence": ("dct:identifier", "dct:title"),
    "cv:Output": ("dct:identifier", "dct:title"),
    "cv:Requirement": ("dct:identifier", "dct:title"),
    "cv:LifeEvent": ("dct:identifier", "dct:title"),
}

Doc = dict[str, Any]


@pytest.fixture
async def whole(session: AsyncSession) -> AsyncSession:
    """A database with all data files loaded."""
    await Importer(session).load()
    return session


@pytest.fixture
async def small(session: AsyncSession, small_data: Path) -> AsyncSession:
    """A database with three services."""
    await Importer(session).load(small_data)
    return session


async def _document(session: AsyncSession, gazetteer: Gazetteer) -> Doc:
    await session.flush()
    document = cpsv.export(await take(session), gazetteer)
    # Through text, as another system would get it.
    read: Doc = json.loads(json.dumps(document, ensure_ascii=False))
    return read


def _node(document: Doc, service_id: str) -> Doc:
    found: Doc = next(node for node in document["@graph"] if node.get("dct:identifier") == service_id)
    return found


def _all_nodes(value: object) -> list[Doc]:
    if isinstance(value, dict):
        return [value, *(node for item in value.values() for node in _all_nodes(item))]
    return [node for item in value for node in _all_nodes(item)] if isinstance(value, list) else []


async def _load(session: AsyncSession, document: object, gazetteer: Gazetteer, *, apply: bool = True) -> cpsv.Outcome:
    parsed = cpsv.parse(document, gazetteer)
    outcome = await cpsv.load(session, parsed, gazetteer, today=TODAY, apply=apply)
    await session.flush()
    return outcome


# --- out ----------------------------------------------------------------------------------------------------------


async def test_the_export_holds_everything_and_what_the_profile_demands(
    whole: AsyncSession, gazetteer: Gazetteer
) -> None:
    document = await _document(whole, gazetteer)
    nodes = _all_nodes(document)
    kinds = [node.get("@type") for node in nodes]
    assert kinds.count("cpsv:PublicService") == 158 + 275
    for node in nodes:
        for name in MANDATORY.get(str(node.get("@type")), ()):
            assert node.get(name), (node.get("@id"), name)
    known = {node["@id"] for node in nodes if "@id" in node and len(node) > 1}
    referred = {body["@id"] for node in nodes for body in node.get("cv:hasCompetentAuthority", ())}
    assert referred <= known
    events = {event["@id"] for node in nodes for event in node.get("cv:isGroupedBy", ())}
    assert events <= known
    prefixes = {name.split(":")[0] for node in nodes for name in node if not name.startswith("@")} - set(cpsv.CONTEXT)
    assert prefixes == set(), "every prefix is in the context"


async def test_a_service_in_the_terms_of_the_profile(whole: AsyncSession, gazetteer: Gazetteer) -> None:
    node = _node(await _document(whole, gazetteer), NIN)
    row = await whole.get(Service, NIN)
    assert row is not None
    assert {title["@language"]: title["@value"] for title in node["dct:title"]} == row.titles()
    assert {text["@language"] for text in node["dct:description"]} == {"lv", "ru", "en"}
    assert [part["dct:title"][0]["@value"] for part in node["cv:hasLegalResource"]] == row.facts["legal_basis"]
    online = next(part for part in node["cv:hasChannel"] if part["@id"].endswith(":online"))
    assert online["foaf:page"]["@id"] == row.facts["online_url"]
    assert node["cv:isGroupedBy"][0]["@id"].startswith("urn:pietura:life-event:")
    assert [variant["pt:row"] for variant in node["pt:variant"]] == [446]


async def test_only_free_is_a_price_for_certain(whole: AsyncSession, gazetteer: Gazetteer) -> None:
    document = await _document(whole, gazetteer)
    costs = [node for node in _all_nodes(document) if node.get("@type") == "cv:Cost"]
    with_value = [cost for cost in costs if "cv:hasValue" in cost]
    assert 0 < len(with_value) < len(costs)
    assert {cost["cv:hasValue"]["@value"] for cost in with_value} == {"0"}
    assert all(cost["dct:description"][0]["@value"].lower().startswith("bez") for cost in with_value)


async def test_editors_notes_never_leave(whole: AsyncSession, gazetteer: Gazetteer) -> None:
    noted = [s for s in await KnowledgeRepository(whole).services() if EDITORS_NOTE in json.dumps(s.facts)]
    assert noted, "there are notes to keep back"
    row = await whole.get(Service, NIN)
    assert row is not None
    secret = f"{EDITORS_NOTE} noslēpums"
    row.facts = {**row.facts, "cost": secret, "documents": [secret, "Pase"], "contact": secret, "who": secret}
    row.title_en = secret
    await whole.flush()
    taken = await take(whole)
    assert EDITORS_NOTE not in to_csv(taken)
    assert EDITORS_NOTE not in json.dumps(cpsv.export(taken, gazetteer))
    assert EDITORS_NOTE not in json.dumps(to_json(taken))
    node = _node(cpsv.export(taken, gazetteer), NIN)
    assert "cv:hasCost" not in node
    assert [part["dct:title"][0]["@value"] for part in node["cpsv:hasInput"]] == ["Pase"]


def test_notes_are_taken_out_however_deep() -> None:
    value = {"a": [{"b": "[red.] x"}, "[red.] y", "z"], "c": None, "d": {"@value": "[red.]", "@language": "lv"}}
    assert without_notes(value) == {"a": [{}, "z"], "c": None}


async def test_our_own_forms(whole: AsyncSession) -> None:
    taken = await take(whole)
    found = to_json(taken)
    assert len(found["services"]) == 158
    assert sum(len(service["variants"]) for service in found["catalogue"]) == 626
    rows = list(csv.DictReader(io.StringIO(to_csv(taken))))
    assert len(rows) == 158 + 275
    adoption = next(row for row in rows if row["id"] == "pasv-adopcija")
    assert adoption["variants"] == "9"
    assert "limbazu-novads" in adoption["municipalities"].split()


def test_a_spreadsheet_gets_no_formula() -> None:
    service = Service(
        id="a", title_lv="=1+1", title_ru="a", title_en="a", institution_code="VID", institution_name="@x", kind="state",
        audience=[], life_events=[], aliases={}, facts={"contact": "+371 67000000"}, sources=[], confidence="low",
    )  # fmt: skip
    table = to_csv(Snapshot({"a": service}))
    row = next(csv.DictReader(io.StringIO(table)))
    assert (row["title_lv"], row["institution"], row["contact"]) == ("'=1+1", "'@x", "'+371 67000000")


# --- there and back -----------------------------------------------------------------------------------------------


async def test_what_went_out_says_nothing_new(whole: AsyncSession, gazetteer: Gazetteer) -> None:
    outcome = await _load(whole, await _document(whole, gazetteer), gazetteer, apply=False)
    assert (outcome.new, outcome.changes, outcome.problems) == ([], [], [])
    assert outcome.unchanged == 158


async def test_there_and_back_into_an_empty_knowledge_base(whole: AsyncSession, gazetteer: Gazetteer) -> None:
    document = await _document(whole, gazetteer)
    rows = {row.id: row for row in await KnowledgeRepository(whole).services()}
    before = {row.id: _public(row) for row in rows.values()}
    texts = {(t.service_id, t.lang, t.aspect): t.text for t in await KnowledgeRepository(whole).shown_texts()}
    for row in rows.values():
        await whole.delete(row)
    for answer in await whole.scalars(select(ServiceAnswer)):
        await whole.delete(answer)
    await whole.flush()

    outcome = await _load(whole, document, gazetteer)
    assert outcome.applied
    assert len(outcome.new) == 158
    assert {row.id: _public(row) for row in await KnowledgeRepository(whole).services()} == before
    again = {(t.service_id, t.lang, t.aspect): t.text for t in await KnowledgeRepository(whole).shown_texts()}
    assert again == texts
    assert await _document(whole, gazetteer) == document


def _public(row: Service) -> Doc:
    names = ("title_lv", "title_ru", "title_en", "institution_code", "institution_name", "kind", "audience")
    more = ("life_events", "aliases", "sources", "confidence", "checked_on")
    facts = {**row.facts, "notes": [note for note in row.facts["notes"] if EDITORS_NOTE not in note]}
    # An empty list says as little as none at all.
    return {**{name: getattr(row, name) for name in (*names, *more)}, "facts": {k: v or None for k, v in facts.items()}}


async def test_a_change_is_taken_and_kept(small: AsyncSession, small_data: Path, gazetteer: Gazetteer) -> None:
    document = await _document(small, gazetteer)
    node = _node(document, NIN)
    row = await small.get(Service, NIN)
    assert row is not None
    row.facts = {**row.facts, "notes": ["Redzama", f"{EDITORS_NOTE} iekšēja"]}
    node["dct:title"] = [{"@value": "Īpašuma nodoklis", "@language": "lv"}]
    node["dct:description"] = [{"@value": "Jauns apraksts.", "@language": "lv-LV"}]
    node["cv:hasCost"] = {"@type": "cv:Cost", "dct:description": "Bez maksas"}
    node["skos:note"] = ["Cita piezīme"]

    dry = await _load(small, document, gazetteer, apply=False)
    assert {change.what for change in dry.changes} == {"title_lv", "text lv general", "facts.cost", "facts.notes"}
    assert not dry.applied
    assert row.title_lv == "Nekustamā īpašuma nodoklis"

    await _load(small, document, gazetteer)
    assert row.title_lv == "Īpašuma nodoklis"
    assert row.title_ru, "what was not said stays"
    assert row.facts["cost"] == "Bez maksas"
    assert row.facts["notes"] == ["Cita piezīme", f"{EDITORS_NOTE} iekšēja"]
    history = await KnowledgeRepository(small).history(NIN, "lv", "general")
    assert [(answer.version, answer.current, answer.origin) for answer in history] == [
        (2, True, "editor"),
        (1, False, "written"),
    ]
    report = await Importer(small).load(small_data)
    assert report.services.changed == 0, "the data files have not changed, so they take nothing back"
    assert row.title_lv == "Īpašuma nodoklis"
    assert (await _load(small, document, gazetteer)).changes == []


# --- in: from others ----------------------------------------------------------------------------------------------


def _foreign() -> Doc:
    """As another catalogue might write it: the profile's short names, references, another prefix for Dublin Core."""

    def said(lv: str) -> list[Doc]:
        return [{"@language": "lv", "@value": lv}, {"@language": "fr", "@value": "oui"}]

    titles = [{"@language": lang, "@value": f"Licence {lang}"} for lang in ("lv", "ru", "en")]
    return {
        "@context": [
            "https://semiceu.github.io/uri.semic.eu-generated/CPSV-AP/releases/3.2.0/context/cpsv-ap.jsonld",
            {"dc": "http://purl.org/dc/terms/", "ex": "https://example.org/"},
        ],
        "@graph": [
            {
                "@id": "ex:service",
                "@type": "PublicService",
                "dc:identifier": "burvju-licence",
                "dc:title": titles,
                "dc:description": said("Licence burvjiem."),
                "cv:hasCompetentAuthority": {"@id": "ex:body"},
                "http://data.europa.eu/m8g/hasChannel": [{"@id": "ex:channel"}],
                "cv:hasCost": {"@type": "Cost", "dc:description": said("10 EUR")},
                "cv:contactPoint": {"@type": "ContactPoint", "cv:telephone": "67000000", "cv:email": "a@b.lv"},
            },
            {"@id": "ex:body", "@type": "PublicOrganization", "skos:prefLabel": said("Valsts meža dienests")},
            {
                "@id": "ex:channel",
                "@type": "Channel",
                "foaf:page": {"@id": "https://example.org/e"},
                "dc:description": said("Tīmeklī"),
            },
        ],
    }


async def test_a_service_from_another_catalogue(small: AsyncSession, gazetteer: Gazetteer) -> None:
    outcome = await _load(small, _foreign(), gazetteer)
    assert (outcome.new, outcome.problems) == (["burvju-licence"], [])
    row = await small.get(Service, "burvju-licence")
    assert row is not None
    assert (row.title_ru, row.institution_code, row.confidence) == ("Licence ru", "VMD", "low")
    assert row.facts["how_online"] == "Tīmeklī"
    assert row.facts["online_url"] == "https://example.org/e"
    assert row.facts["cost"] == "10 EUR"
    assert row.facts["contact"] == "67000000, a@b.lv"
    assert row.review_due == TODAY, "nobody has checked it, so it is due at once"
    texts = {
        (t.lang, t.aspect): t.text for t in await KnowledgeRepository(small).shown_texts() if t.service_id == row.id
    }
    assert texts == {("lv", "general"): "Licence burvjiem."}


_PROBLEM = "console.exchange.problem."
BROKEN: list[tuple[str, Any, str]] = [
    ("dc:identifier", "Burvju Licence!", "dct:identifier: 'Burvju Licence!' is no identifier"),
    ("dc:identifier", "../../etc/passwd", "is no identifier"),
    ("dc:title", [{"@language": "lv", "@value": "Licence"}], "dct:title: a new service needs a title in ru"),
    ("dc:title", [{"@language": "lv", "@value": 7}], "dct:title: a text with a language is expected"),
    ("dc:title", ["a", "b"], "dct:title: there are 2 texts in lv, one is expected"),
    ("dc:description", "[red.] iekšēji", "dct:description: an editors' note stands in it"),
    ("cv:hasCompetentAuthority", [], "cv:hasCompetentAuthority: a new service needs an organisation"),
    ("cv:hasCompetentAuthority", {"@id": "ex:nobody"}, "https://example.org/nobody is referred to and not in the file"),
    (
        "cv:hasCompetentAuthority",
        {"@type": "PublicOrganisation", "skos:prefLabel": "Burvju ministrija"},
        "'Burvju ministrija' is no organisation that is known here",
    ),
    ("cv:hasCost", {"@type": "Channel", "dc:description": "10 EUR"}, "cv:hasCost: a cv:Cost is expected"),
    (
        "cv:hasChannel",
        {"@type": "Channel", "foaf:page": {"@id": "javascript:alert(1)"}},
        "facts: Value error, online_url is not a web address",
    ),
    ("pt:answer", {"@type": "pt:Answer", "pt:aspect": "magic"}, "pt:answer: 'magic' is no aspect"),
    ("pt:kind", "royal", "kind: Input should be 'state' or 'municipal'"),
]


@pytest.mark.parametrize(("name", "value", "reason"), BROKEN)
async def test_a_bad_node_is_told_and_nothing_is_loaded(
    small: AsyncSession, gazetteer: Gazetteer, name: str, value: object, reason: str
) -> None:
    document = _foreign()
    good = copy.deepcopy(document["@graph"][0])
    good |= {"@id": "ex:good", "dc:identifier": "laba-licence"}
    document["@graph"].append(good)
    document["@graph"][0][name] = value
    if name == "cv:hasChannel":
        del document["@graph"][0]["http://data.europa.eu/m8g/hasChannel"]
    outcome = await _load(small, document, gazetteer)
    assert len(outcome.problems) == 1
    (problem,) = outcome.problems
    assert reason in str(problem)
    # A page tells it in words that say everything.
    words = json.loads(Path("handoff/console/locales/lv.json").read_text("utf-8"))[_PROBLEM + problem.code]
    assert set(re.findall(r"\{(\w+)\}", words)) <= problem.args.keys()
    assert not outcome.applied
    assert await small.get(Service, "laba-licence") is None, "nothing is half loaded"


@pytest.mark.parametrize("document", [[], {}, "text", 7, None, [1, 2], {"@graph": [{"@type": "Cost"}]}])
def test_what_holds_no_service_is_a_problem(gazetteer: Gazetteer, document: object) -> None:
    parsed = cpsv.parse(document, gazetteer)
    assert parsed.services == []
    assert len(parsed.problems) == 1


def test_the_same_service_twice_is_a_problem(gazetteer: Gazetteer) -> None:
    document = _foreign()
    document["@graph"].append({**document["@graph"][0], "@id": "ex:again"})
    parsed = cpsv.parse(document, gazetteer)
    assert [str(problem) for problem in parsed.problems] == [
        "ex:again: dct:identifier: burvju-licence stands twice in the file"
    ]
    assert (parsed.places, [one.place for one in parsed.problems]) == ({"burvju-licence": 1}, [2])


def test_what_only_the_catalogue_knows_is_not_taken(gazetteer: Gazetteer) -> None:
    document = _foreign()
    document["@graph"][0]["dc:identifier"] = "kat-burvju-licence"
    parsed = cpsv.parse(document, gazetteer)
    assert (parsed.services, parsed.problems, len(parsed.left)) == ([], [], 1)
