"""Places and institutions in running text: every case and language, and what must not be taken for a place."""

from __future__ import annotations

import pytest

from knowledge_base.gazetteer import Gazetteer


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Rīgā", "riga"),
        ("Kur Rīgā var nocirst koku?", "riga"),
        ("dzivoju riga", "riga"),
        ("I live in Riga", "riga"),
        ("я живу в Риге", "riga"),
        ("Bolderājā", "riga"),
        ("Ogrē", "ogres-novads"),
        ("Dzīvoju Ogrē, kā pieteikt bērnu dārziņā?", "ogres-novads"),
        ("как в Огре записать ребёнка в садик", "ogres-novads"),
        ("Jelgavas novads", "jelgavas-novads"),
        ("Jelgavas novadā", "jelgavas-novads"),
        ("Jelgava", "jelgava"),
        ("dzīvoju Jelgavā", "jelgava"),
        ("Bauskas novadā", "bauskas-novads"),
        ("Iecavā", "bauskas-novads"),
        ("Daugavpilī", "daugavpils"),
        ("в Даугавпилсе", "daugavpils"),
        ("живу в Рижской думе прописан", "riga"),
        ("kak zapisat rebenka v sadik v Jurmale", "jurmala"),
        ("pereehali iz Yelgavy, kuda idti", "jelgava"),
        ("kuda obratitsja, rezeknenskij kraj", "rezeknes-novads"),
        ("gimenes arsts ventspils", "ventspils"),
        ("Valkā", "valkas-novads"),
        ("dzīvoju valkā", "valkas-novads"),
        ("LIEPĀJA", "liepaja"),
        ("Pārceļos no Rīgas uz Ogri", "ogres-novads"),
        ("Brīvības iela 1, Rīga", "riga"),
        # Misspelled by a letter.
        ("kāda ir īres kompensācija daugvapilī", "daugavpils"),
        ("Is there free transport in Rigga?", "riga"),
        ("Ventsplis county", "ventspils-novads"),
        ("Cik liels ir pabalsts Jelgavas novdaā?", "jelgavas-novads"),
        ("Бавлский край", "balvu-novads"),
        # Villages and quarters in Russian, in any case.
        ("из Вийциемса", "valkas-novads"),
        ("Живу в Слоке", "jurmala"),
        ("задекларирован в Науене", "augsdaugavas-novads"),
        ("vai Vecmīlgrāvja skolā", "riga"),
    ],
)
def test_municipality_is_found(gazetteer: Gazetteer, text: str, found: str) -> None:
    match = gazetteer.find_municipality(text)
    assert match is not None
    assert match.municipality_id == found
    assert text[match.start : match.end] == match.text


@pytest.mark.parametrize(
    "text",
    [
        "Bauskas iela",
        "dzīvoju Bauskas ielā 5",
        "улица Бауская",
        "valkā vecas drēbes",
        "kā deklarēt dzīvesvietu",
        "un tas saldu garšu dod",
        "Man ir zeme Rīgā un māja Jūrmalā",
        "cik maksā pase",
        "hochu rige podarok",
        "ну ты красава",
        "доклад про Сикстинскую Мадонну",
        "tukšuma sajūta un trūkumu saraksts",
        "Vai uzņēmuma „Cēsu alus” darbiniekam pienākas pabalsts?",
        "veikalā nopirktās Rīgas šprotes",
        "open until 5 pm Riga time",
        "сала и пури",
        "",
        "😊",
    ],
)
def test_no_municipality(gazetteer: Gazetteer, text: str) -> None:
    assert gazetteer.find_municipality(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kur vērsties VSAA", "vsaa"),
        ("VSAA-ā", "vsaa"),
        ("zvanīju uz VID", "vid"),
        ("nodarbinātības aģentūrā", "nva"),
        ("соцстрах", "vsaa"),
        ("State Revenue Service", "vid"),
        ("bāriņtiesā", "mt_barintiesa"),
        ("pmlp nodaļa", "pmlp"),
    ],
)
def test_institution_is_found(gazetteer: Gazetteer, text: str, found: str) -> None:
    match = gazetteer.find_institution(text)
    assert match is not None
    assert match.institution_id == found


@pytest.mark.parametrize("text", ["ta ir cita lieta", "vid nav", "газ подорожал", "vai man ir vi", "labdien"])
def test_words_are_not_institutions(gazetteer: Gazetteer, text: str) -> None:
    assert gazetteer.find_institution(text) is None


def test_names_are_complete(gazetteer: Gazetteer) -> None:
    assert len(gazetteer.municipalities) == 42
    for place in gazetteer.municipalities.values():
        assert all(place.names.values())
        assert place.website
    assert gazetteer.by_code["VRAA"] == "vdaa"
    # Functions that moved lead to the successor.
    assert gazetteer.by_code["LDC/LAD"] == "lad"
    assert not gazetteer.municipalities.keys() & gazetteer.institutions.keys()


def test_every_nominative_and_locative_of_a_municipality_leads_to_it(gazetteer: Gazetteer) -> None:
    for place in gazetteer.municipalities.values():
        for text in (f"Dzīvoju šeit: {place.names['lv']}", f"живу здесь, {place.names['ru']}"):
            match = gazetteer.find_municipality(text)
            assert match is not None, text
            assert match.municipality_id == place.id, text
