"""The catalogue's rows: each in one service, together with what it is, apart from what it only looks like."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from knowledge_base.catalogue.places import MUNICIPAL, STATE, UNKNOWN, Owners, unit_of
from knowledge_base.catalogue.unify import (
    CATALOGUE_FILE,
    DECISIONS_FILE,
    SIMILAR_SURE,
    Apart,
    BrokenCatalogue,
    CatalogueRow,
    Decisions,
    Join,
    UnifiedService,
    Variant,
    catalogue_id,
    difference_that_matters,
    read_decisions,
    read_rows,
    similarity,
    split_title,
    title_key,
    unify,
)
from knowledge_base.importer import DATA_DIR, DataSet

#: Read in the catalogue by a person: these rows are this service.
TRUTH = {
    "pasv-adopcija": (10, 59, 88, 191, 238, 341, 455, 462, 582),
    "pasv-aizbildniba": (11, 89, 463),
    "pasv-aizgadniba": (12, 35, 90, 239, 262, 342, 417),
    "pasv-audzugimene": (37, 74, 92, 232, 241, 320, 344),
    "pasv-viesgimene": (24, 46, 53, 64, 86, 178, 237, 249, 286, 327, 352, 439, 481),
    "pasv-berna-nodosana-citas-personas-aprupe": (15, 39, 172, 346, 415, 422),
    "pasv-nin-samaksas-termina-pagarinasana": (
        *(21, 81, 127, 175, 211, 236, 244, 282, 300, 325, 337, 434, 448, 452, 477),
    ),
    "pasv-gmi-pabalsts": (333, 358, 580),
    "pasv-trucigas-personas-statuss": (581, 594, 615),
    "pasv-pabalsts-krizes-situacija": (3, 609),
    "pasv-pirmsskolas-rinda": (93, 381),
    "pasv-majmacibas-pieteikums": (20, 43, 80, 114, 153),
    "pasv-interesu-izglitibas-licence": (18, 77, 150, 362, 432, 614),
    "pasv-izglitibas-dokumentu-dublikats": (41, 50, 78, 125, 302, 427, 443),
    "pasv-reklamas-atlauja": (22, 326, 410, 464, 583, 586),
    "pasv-publiska-pasakuma-atlauja": (60, 155, 294, 411, 420),
    "pasv-sapulcu-gajienu-piketu-saskanosana": (45, 83, 119, 156, 215, 275, 284, 416, 435, 449, 587),
    "pasv-ugunosanas-saskanosana": (85, 161, 223, 277, 436),
    "pasv-ielu-tirdznieciba": (91, 108, 240, 280, 322, 380, 418),
    "pasv-alkohola-razosanas-atlauja": (55, 66, 207, 216, 329),
    "pasv-azartspelu-atlauja": (47, 73, 107, 142, 271, 278, 334, 413, 469, 474, 616),
    "pasv-aprupe-majas": (610, 613),
    "pasv-klainojosi-dzivnieki": (6, 151),
    "dzimtsaraksti-varda-uzvarda-maina": (87, 177, 203, 276, 295, 318, 331, 350, 351, 372, 472),
    "pmlp-mani-dati-registra": (376,),
    "vsaa-2-limena-mantosana": (558,),
    "vzd-kadastrala-vertiba": (578,),
    "kat-piekrisana-paternitates-atzisanai": (8, 44, 82, 117, 176, 246, 274, 339, 357, 451, 479, 585),
    "kat-aplieciba-socialo-garantiju-nodrosinasanai": (36, 105, 343, 606),
    "kat-berna-personisko-interesu-aizstaviba": (62, 234, 323, 347, 423, 441),
    "kat-dzivesvietas-registracija-pec-iestades-iniciativas": (16, 149, 174, 228, 265, 299, 355, 360, 426, 476),
    "kat-izzina-par-macisanos-pasvaldibas-izglitibas-iestade": (42, 126, 303, 363, 383, 428, 444),
    "kat-atlauja-kremacijas-darbibai": (52, 106, 141, 402, 473),
    "kat-pasvaldibas-atbalsts-personam-ar-invaliditati": (115, 338, 612, 621),
    "kat-mazo-arhitekturas-formu-un-labiekartojuma-elementu-projektu": (154, 447, 608),
}
#: Look alike, and are not one service.
APART = (
    (8, 69, "the family court's consent, and the registry's paternity"),
    (16, 124, "on the authority's initiative, and on the inhabitant's"),
    (62, 345, "a child's personal interests, and its property"),
    (84, 109, "along roads of municipalities, and of the state"),
    (60, 111, "the permit, and an opinion"),
    (70, 465, "meals for adults, and for all"),
    (93, 128, "the queue, and the kindergarten as such"),
    (104, 79, "the state's certificate of a building, and the municipality's of none"),
    (209, 387, "the status, and a repeated certificate"),
    (310, 314, "works of the first group, and of the others"),
    (461, 401, "long-term care for children, and a form of out-of-family care"),
    (503, 505, "air, and sea"),
    (525, 526, "the head of the works, and the worker"),
    (527, 528, "dogs, and a horse"),
    (536, 537, "categories 1–5, and 6"),
    (565, 566, "harbours, and other waters"),
    (568, 569, "WMS, and WFS"),
)
#: An editor must look at these: the title names only some people, some amounts, some objects.
DOUBTFUL = (13, 19, 69, 189, 226, 289, 68, 294, 307, 392, 394, 396, 445, 450, 513, 540, 542, 583, 594)
SURE = (10, 14, 21, 47, 81, 176, 203, 358, 376, 610, 626)


def _row(number: int, organisation: str, title: str) -> CatalogueRow:
    return CatalogueRow(number, "54", organisation, title, "not_started_or_no_data")


def test_every_row_is_in_exactly_one_service(unified: list[UnifiedService]) -> None:
    rows = [variant.row for service in unified for variant in service.variants]
    assert sorted(rows) == [row.row for row in read_rows(DATA_DIR / CATALOGUE_FILE)] == list(range(1, 627))
    assert all(variant.unified_id == service.id for service in unified for variant in service.variants)


def test_ids_are_unique_readable_and_short(unified: list[UnifiedService], data: DataSet) -> None:
    ids = [service.id for service in unified]
    assert len(set(ids)) == len(ids)
    further = [service for service in unified if service.service_id is None]
    assert all(service.id.startswith("kat-") and len(service.id) <= 80 for service in further)
    assert {service.id for service in unified if service.service_id} == set(data.services)


@pytest.mark.parametrize(("service_id", "rows"), TRUTH.items(), ids=list(TRUTH))
def test_rows_that_are_one_service(unified: list[UnifiedService], service_id: str, rows: tuple[int, ...]) -> None:
    service = next(service for service in unified if service.id == service_id)
    assert tuple(variant.row for variant in service.variants) == tuple(sorted(rows))


@pytest.mark.parametrize(("one", "other", "why"), APART)
def test_rows_that_only_look_alike(by_row: dict[int, Variant], one: int, other: int, why: str) -> None:
    assert by_row[one].unified_id != by_row[other].unified_id, why


def test_what_differs_in_a_way_that_may_matter_is_doubtful(by_row: dict[int, Variant]) -> None:
    assert [row for row in DOUBTFUL if not by_row[row].doubtful] == []
    assert [row for row in SURE if by_row[row].doubtful] == []


def test_every_row_says_why_it_is_where_it_is(by_row: dict[int, Variant]) -> None:
    assert all(variant.reason and 0 < variant.confidence <= 1 for variant in by_row.values())
    assert all(variant.note for variant in by_row.values() if variant.doubtful)
    assert by_row[4].reason == "only row"
    assert by_row[352].reason == "decided by hand"
    assert by_row[45 + 104].reason == "same after removing the provider"
    assert by_row[211].reason == "similar 0.92"
    assert by_row[211].confidence == 0.92


def test_the_order_of_the_rows_changes_nothing_but_ties(data: DataSet, owners: Owners) -> None:
    rows = read_rows(DATA_DIR / CATALOGUE_FILE)
    decisions = read_decisions(DATA_DIR / DECISIONS_FILE)
    assert unify(rows, data.services, decisions, owners) == unify(rows, data.services, decisions, owners)
    mixed = sorted(random.Random(7).sample(rows, len(rows)), key=lambda row: row.row)
    assert unify(mixed, data.services, decisions, owners) == unify(rows, data.services, decisions, owners)


def test_without_any_decision_joins_are_still_right(data: DataSet, owners: Owners, by_row: dict[int, Variant]) -> None:
    """The method alone, judged by what was decided by hand: what it joins belongs together."""
    rows = read_rows(DATA_DIR / CATALOGUE_FILE)
    alone = unify(rows, data.services, Decisions(version=1), owners)
    pairs = [(one.row, other.row) for service in alone for one, other in combinations(service.variants, 2)]
    right = [pair for pair in pairs if by_row[pair[0]].unified_id == by_row[pair[1]].unified_id]
    assert len(right) / len(pairs) > 0.98
    together = sum(len(list(combinations(rows, 2))) for rows in _rows_by_service(by_row).values())
    assert len(right) / together > 0.6


def _rows_by_service(by_row: dict[int, Variant]) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}
    for row, variant in by_row.items():
        out.setdefault(variant.unified_id, []).append(row)
    return out


# --- organisations ------------------------------------------------------------------------------------------------


def test_no_organisation_of_the_catalogue_is_unknown(by_row: dict[int, Variant]) -> None:
    assert [variant.organisation for variant in by_row.values() if variant.kind == UNKNOWN] == []


@pytest.mark.parametrize(
    ("organisation", "municipality", "former", "also_in"),
    [
        ("ALOJAS NOVADA DOME", "limbazu-novads", "Alojas novads", ()),
        ("Daugavpils novada dome", "augsdaugavas-novads", "Daugavpils novads", ()),
        ("Daugavpils pilsētas dome", "daugavpils", None, ()),
        ("Jelgavas novada pašvaldība", "jelgavas-novads", None, ()),
        ("JELGAVAS PILSĒTAS DOME", "jelgava", None, ()),
        ("Jēkabpils pilsētas pašvaldība", "jekabpils-novads", "Jēkabpils pilsēta", ()),
        ("Jēkabpils novada pašvaldība", "jekabpils-novads", None, ()),
        ("Valmieras pilsētas pašvaldība", "valmieras-novads", "Valmieras pilsēta", ()),
        ("Varakļānu novada pašvaldība", "madonas-novads", "Varakļānu novads", ()),
        ("Tukuma novada Dome", "tukuma-novads", None, ()),
        ("LIEPĀJAS PILSĒTAS PAŠVALDĪBAS ADMINISTRĀCIJA", "liepaja", None, ()),
        ("Ventspils pilsētas Sociālais dienests", "ventspils", None, ()),
        ("Aglonas novada dome", "preilu-novads", "Aglonas novads", ("kraslavas-novads",)),
    ],
)
def test_former_municipalities(
    owners: Owners, organisation: str, municipality: str, former: str | None, also_in: tuple[str, ...]
) -> None:
    owner = owners.find(organisation)
    assert (owner.kind, owner.municipality_id, owner.former, owner.also_in) == (
        MUNICIPAL, municipality, former, also_in,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("organisation", "institution"),
    [
        ("VALSTS IEŅĒMUMU DIENESTS", "vid"),
        ("Lauksaimniecības datu centrs", "lad"),
        ("Juridiskās palīdzības administrācija", "ta"),
        ("Valsts izglītības satura centrs", "viaa"),
        ("Vides pārraudzības valsts birojs", "eva"),
        ('Sabiedrība ar ierobežotu atbildību "Vides investīciju fonds"', "vif"),
    ],
)
def test_bodies_of_the_state_and_their_successors(owners: Owners, organisation: str, institution: str) -> None:
    owner = owners.find(organisation)
    assert (owner.kind, owner.institution_id, owner.municipality_id) == (STATE, institution, None)


def test_an_unknown_organisation_is_said_to_be_unknown(owners: Owners, data: DataSet) -> None:
    assert owners.find("Atlantīdas novada dome").kind == UNKNOWN
    found = unify([_row(1, "Atlantīdas novada dome", "Burvju licence")], data.services, Decisions(version=1), owners)
    assert [(s.id, s.variants[0].kind) for s in found if s.variants] == [("kat-burvju-licence", UNKNOWN)]


# --- titles -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "bare", "provider"),
    [
        ("Adopcija (ALOJAS NOVADA DOME)", "Adopcija", "ALOJAS NOVADA DOME"),
        ("Šautuves atļauja (licence) (Rēzeknes novads)", "Šautuves atļauja (licence)", "Rēzeknes novads"),
        ("Šautuves atļauja (licence)", "Šautuves atļauja (licence)", None),
        ("Viesģimene, ĶEGUMA NOVADA PAŠVALDĪBA", "Viesģimene", "ĶEGUMA NOVADA PAŠVALDĪBA"),
        ("Tautības ieraksta maiņa(Kokneses novada dome)", "Tautības ieraksta maiņa", "Kokneses novada dome"),
        ("Dzimšanas fakta reģistrācija (Valmieras pilsēta)", "Dzimšanas fakta reģistrācija", "Valmieras pilsēta"),
        ('Izziņu izsniegšana (SIA "Aizputes nami")', "Izziņu izsniegšana", 'SIA "Aizputes nami"'),
        ("Pabalsts ēdināšanai Tērvetes novadā", "Pabalsts ēdināšanai", None),
        ("Pabalsts bērniem Burvju novadā", "Pabalsts bērniem Burvju novadā", None),
        ("Izziņa (fiziskām personām)", "Izziņa (fiziskām personām)", None),
    ],
)
def test_the_provider_is_cut_off_and_nothing_else(owners: Owners, title: str, bare: str, provider: str | None) -> None:
    assert split_title(title, owners) == (bare, provider)


@pytest.mark.parametrize(
    ("row", "unit", "unit_id"),
    [
        (1, "Ādažu novada domes Bāriņtiesa", "mt_barintiesa"),
        (2, "Ādažu novada domes Sociālais dienests", "mt_socialais_dienests"),
        (9, 'SIA "Aizputes nami"', None),
        (10, None, None),
        (177, "Dundagas novada Dzimtsarakstu nodaļa", "mt_dzimtsaraksti"),
        (408, "Rucavas novada būvvalde", "mt_buvvalde"),
        (443, "Saldus novada pašvaldības Izglītības pārvalde", "mt_izglitibas_parvalde"),
        (449, "Saldus novada pašvaldības policija", "mt_pasvaldibas_policija"),
        (590, "Ventspils pilsētas Sociālais dienests", "mt_socialais_dienests"),
        (527, None, None),
    ],
)
def test_sub_units(by_row: dict[int, Variant], row: int, unit: str | None, unit_id: str | None) -> None:
    assert (by_row[row].unit, by_row[row].unit_id) == (unit, unit_id)


def test_a_municipality_itself_is_no_unit() -> None:
    assert unit_of("Alojas novada dome") == (None, None)


def test_similarity_knows_misspelt_words_abbreviations_and_figures() -> None:
    right, wrong = title_key("Piekrišana paternitātes atzīšanai"), title_key("Piekrišana patrenitātes atzīšanai")
    assert similarity(right, wrong) >= SIMILAR_SURE
    assert title_key("NĪN atvieglojumi") == title_key("Nekustamā īpašuma nodokļa atvieglojumi")
    assert similarity(title_key("Šautuves noma (1 celiņš)"), title_key("Šautuves noma (3 celiņi)")) == 0
    assert similarity(title_key("Adopcija"), title_key("Reklāmas izvietošanas atļauja")) == 0
    shorter = similarity(title_key("Izziņas saņemšana par būvi"), title_key("Izziņa par būvi"))
    assert shorter >= SIMILAR_SURE


def test_differences_that_matter() -> None:
    one, other = title_key("Izziņa fiziskām personām"), title_key("Izziņa juridiskām personām")
    assert difference_that_matters(one, other) == ("fizisk", "juridisk")
    assert difference_that_matters(one, one) == ()


def test_ids_end_at_a_word() -> None:
    made = catalogue_id("Atļauja gaisa pārvadājumos par tranzīta deklarāciju izmantot elektronisku dokumentu")
    assert made == "kat-atlauja-gaisa-parvadajumos-par-tranzita-deklaraciju-izmantot"


# --- the method on its own rows -----------------------------------------------------------------------------------


def test_one_organisation_does_not_list_a_service_twice(data: DataSet, owners: Owners) -> None:
    titles = ("Burvju nūjas licences saņemšana", "Burvju nūjas licences izsniegšana")
    same = [_row(n, "Alojas novada dome", title) for n, title in enumerate(titles, start=1)]
    two = [_row(1, "Alojas novada dome", titles[0]), _row(2, "Saldus novada dome", titles[1])]
    empty = Decisions(version=1)
    assert sum(bool(s.variants) for s in unify(same, data.services, empty, owners)) == 2
    assert sum(bool(s.variants) for s in unify(two, data.services, empty, owners)) == 1


def test_similar_titles_of_the_state_stay_apart_and_so_do_its_bodies(data: DataSet, owners: Owners) -> None:
    rows = [
        _row(1, "Valsts policija", "Burvju nūjas licences saņemšana"),
        _row(2, "Valsts meža dienests", "Burvju nūjas licences izsniegšana"),
        _row(3, "Valsts vides dienests", "Burvju nūjas licences izsniegšana"),
    ]
    found = unify(rows, data.services, Decisions(version=1), owners)
    assert sum(bool(s.variants) for s in found) == 3


def test_titles_that_are_decided_apart_stay_apart(data: DataSet, owners: Owners) -> None:
    rows = [
        _row(1, "Alojas novada dome", "Burvju nūjas licences saņemšana"),
        _row(2, "Saldus novada dome", "Burvju nūjas licences izsniegšana"),
    ]
    apart = Decisions(version=1, apart=[Apart(rows=[2], note="two kinds of licence")])
    assert sum(bool(s.variants) for s in unify(rows, data.services, apart, owners)) == 2


def test_a_decision_that_cannot_hold_is_refused(data: DataSet, owners: Owners) -> None:
    rows = [_row(1, "Alojas novada dome", "Adopcija")]

    def decide(*joins: Join) -> None:
        unify(rows, data.services, Decisions(version=1, join=list(joins)), owners)

    with pytest.raises(BrokenCatalogue, match="row 2, which is not there"):
        decide(Join(service="pasv-adopcija", rows=[2], note="so it is"))
    with pytest.raises(BrokenCatalogue, match="pasv-nav, which is not there"):
        decide(Join(service="pasv-nav", rows=[1], note="so it is"))
    with pytest.raises(BrokenCatalogue, match="decided twice"):
        decide(
            Join(service="pasv-adopcija", rows=[1], note="so it is"),
            Join(service="pasv-aizbildniba", rows=[1], note="no, so"),
        )


def test_a_broken_catalogue_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("broken") / "c.csv"
    head = "row,table,organisation,service,status\n"
    for body, why in (
        ("row,service\n1,Adopcija\n", "columns are missing: organisation, status, table"),
        (head + "1,54,X,Adopcija,n\n1,54,Y,Adopcija,n\n", "c.csv:3: '1' is no new row number"),
        (head + "1,54,X,,n\n", "c.csv:2: the organisation or the title is empty"),
    ):
        file.write_text(body, "utf-8")
        with pytest.raises(BrokenCatalogue) as caught:
            read_rows(file)
        assert why in str(caught.value)
    file.write_text('{"version": 1, "join": [{"service": "A B", "rows": [1], "note": "why not"}]}', "utf-8")
    with pytest.raises(BrokenCatalogue, match=r"join\.0\.service"):
        read_decisions(file)
