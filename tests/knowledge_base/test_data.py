"""The data files: complete, in step with the facts, nothing meant for editors only, no figures that are unsure."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest

from kit.i18n import LANGUAGES, Catalogue
from knowledge_base.editor.service import MONEY
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.importer import DATA_DIR, LOCALES_DIR, DataSet, compose_texts
from knowledge_base.records import EDITORS_NOTE, ServiceRecord, next_review

TOPICS = frozenset(
    {"benefits", "pensions", "residence", "documents", "family", "health", "work", "taxes"}
    | {"business", "property", "transport", "education", "social", "eservices", "other"}
)
_NUMBER = re.compile(r"\d+(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,:]\d+)*")
_TELEPHONE = re.compile(r"(?:\+371 ?)?\b\d{8}\b")
_POSTAL_ADDRESS = re.compile(r"\biela \d+\w*|LV-\d{4}")
_YEAR = re.compile(r"\b20\d\d\b")
_OLDEST_PRICE = 6
"""Years. An older year in a text tells of something else, for example since when a car was not inspected."""
_UNCHECKED = re.compile(r"jāpārbauda|pārbaudīt|jāsalīdzina")
_UNCHECKED_PRICES = (
    "csdd-transportlidzekla-registracija",
    "nvd-kompensejamie-medikamenti",
    "pasv-dzivesvietas-izzina",
    "pmlp-uzturesanas-atlauja",
    "ur-izmainu-registracija",
    "vid-apgadajamie",
    "vsaa-pabalsts-invalidam-kopsana",
    "vzd-kadastrala-vertiba",
)


def _parts(number: str) -> tuple[str, list[str]]:
    whole = re.sub(r"[ \u00a0\u202f]", "", number).replace(",", ".").replace(":", ".")
    return whole, [str(int(part)) for part in whole.split(".")]


def _numbers(text: str) -> set[str]:
    """Every number of ``text``, whole and in parts: 8,50 is also 8.5, and 31.03.2025 also the 31st."""
    out: set[str] = set()
    for found in _NUMBER.findall(text):
        whole, parts = _parts(found)
        out |= {whole, *parts}
        if len(parts) <= 2:
            out.add(str(float(whole)))
    return out


def _sums(text: str) -> set[float]:
    """Every sum of money of ``text``; of "100/200 EUR" both."""
    found = [match.group() for match in re.finditer(rf"[\d\s.,/–-]*{MONEY.pattern}", text, re.IGNORECASE)]
    return {
        float(whole)
        for part in found
        for number in _NUMBER.findall(part)
        if (whole := _parts(number)[0]).count(".") < 2
    }


def _unfounded(text: str, known: set[str]) -> list[str]:
    out = []
    for found in _NUMBER.findall(text):
        whole, parts = _parts(found)
        if whole in known or (len(parts) <= 2 and str(float(whole)) in known):
            continue
        if len(parts) > 1 and all(part in known for part in parts):
            continue
        out.append(found)
    return out


def _facts(record: ServiceRecord, gathered: date) -> str:
    names = [record.title_lv, record.title_ru, record.title_en, *record.aliases_lv]
    dates = [*(source.as_of or "" for source in record.sources), (record.checked or gathered).isoformat()]
    return "\n".join([json.dumps(record.facts.model_dump(), ensure_ascii=False), *names, *dates])


def test_all_files_are_sound(data: DataSet) -> None:
    assert not data.problems
    assert not data.skipped_files
    assert len(data.services) >= 158


def test_every_service_is_written_in_three_languages_with_names_and_examples(data: DataSet) -> None:
    for service_id in data.services:
        assert service_id in data.answers
        assert all(data.examples[service_id].as_dict().values()), service_id
        names = data.aliases[service_id].as_dict()
        assert len(names["ru"]) >= 2, service_id
        assert len(names["en"]) >= 2, service_id


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_number_of_an_answer_stands_in_the_facts(data: DataSet, lang: str) -> None:
    unfounded = {
        (service_id, aspect): found
        for service_id, answer in data.answers.items()
        for aspect, text in answer.texts(lang).aspects.items()
        if (found := _unfounded(text, _numbers(_facts(data.services[service_id], data.gathered))))
    }
    assert not unfounded


def test_the_number_check_finds_what_it_should() -> None:
    known = _numbers("maksa 8,50 EUR līdz 31.03.2025., 1 200 eiro, 0,05 %")
    assert not _unfounded("8.50 EUR by 31 March 2025; 1200 eiro; 0.05 %", known)
    assert _unfounded("8,60 EUR", known) == ["8,60"]
    assert _unfounded("1300 eiro", known) == ["1300"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_money_is_told_with_how_old_it_is(data: DataSet, lang: str) -> None:
    """The editors' desk refuses a text that states money of which nobody knows how old it is; so do the files, in the words."""
    this_year = data.gathered.year
    undated = {
        (service_id, aspect): text
        for service_id, answer in data.answers.items()
        for aspect, text in answer.texts(lang).aspects.items()
        if MONEY.search(text)
        and not any(this_year - _OLDEST_PRICE <= int(year) <= this_year for year in _YEAR.findall(text))
    }
    assert not undated


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_editors_are_to_check_first_is_not_told(data: DataSet, lang: str) -> None:
    """A sum that stands in a note that wants it checked, and in an answer all the same, would be told with confidence."""
    told = {
        (service_id, aspect): (sums, note)
        for service_id, answer in data.answers.items()
        for note in data.services[service_id].facts.notes
        if EDITORS_NOTE in note and _UNCHECKED.search(note)
        for aspect, text in answer.texts(lang).aspects.items()
        if (sums := _sums(text) & _sums(note))
    }
    assert not told


def test_english_texts_write_decimals_with_a_point(data: DataSet) -> None:
    texts = [text for answer in data.answers.values() for text in answer.texts("en").aspects.values()]
    assert not [text for text in texts if re.search(r"\d,\d{1,2}(?!\d)", text)]


def test_sums_of_services_whose_prices_are_unchecked_are_withheld(data: DataSet) -> None:
    """Notes that name no figure cannot be compared with the answers; these are the ones read by hand."""
    for service_id in _UNCHECKED_PRICES:
        for lang in LANGUAGES:
            told = data.answers[service_id].texts(lang).aspects
            assert not [told[aspect] for aspect in ("cost", "amount") if MONEY.search(told.get(aspect, ""))]


def test_nothing_for_editors_reaches_citizens(data: DataSet) -> None:
    for service_id, record in data.services.items():
        for written in (data.answers.get(service_id), None):
            assert all(EDITORS_NOTE not in text for text in compose_texts(record, written).values()), service_id


def test_weak_records_state_no_figures(data: DataSet) -> None:
    weak = [record for record in data.services.values() if record.confidence == "low"]
    assert weak
    for record in weak:
        for written in (data.answers.get(record.id), None):
            for (lang, aspect), text in compose_texts(record, written).items():
                left = _POSTAL_ADDRESS.sub("", _TELEPHONE.sub("", text.replace(record.title_lv, "")))
                if written is not None or aspect != "where":
                    assert not re.search(r"\d", left.replace(_contact(record), "")), (record.id, lang, aspect, left)


def _contact(record: ServiceRecord) -> str:
    return _POSTAL_ADDRESS.sub("", _TELEPHONE.sub("", record.facts.contact or "\0"))


def test_traits_cover_every_service(data: DataSet) -> None:
    traits = json.loads((DATA_DIR / "service_traits.json").read_text("utf-8"))
    assert set(traits["topics"]) == TOPICS
    listed = [service_id for ids in traits["topics"].values() for service_id in ids]
    assert sorted(listed) == sorted(data.services)
    municipal = {record.id for record in data.services.values() if record.kind == "municipal"}
    assert set(traits["by_municipality"]) == municipal


def test_every_institution_code_has_an_institution(data: DataSet, gazetteer: Gazetteer) -> None:
    for record in data.services.values():
        assert gazetteer.by_code[record.institution] in gazetteer.institutions, record.institution


def test_catalogue_is_the_same_in_all_languages() -> None:
    assert Catalogue(LOCALES_DIR).has("aspect.status")


def test_what_was_looked_at_on_a_leap_day_is_due_again() -> None:
    leap = date(2028, 2, 29)
    assert next_review({"who": "Visi"}, leap) == date(2029, 3, 1)
    assert next_review({"cost": "3 eiro"}, leap) == date(2029, 1, 1)
    assert next_review({}, date(2027, 2, 28)) == date(2028, 2, 28)
