"""What editors decide about doubtful duplicates, and what the catalogue makes of it."""

from __future__ import annotations

import pytest

from knowledge_base.catalogue.places import Owners
from knowledge_base.catalogue.rulings import REASON_EDITOR, REASON_VARIANT, Ruling, unify_ruled
from knowledge_base.catalogue.unify import (
    CATALOGUE_FILE,
    DECISIONS_FILE,
    Decisions,
    UnifiedService,
    Variant,
    read_decisions,
    read_rows,
    unify,
)
from knowledge_base.importer import DATA_DIR, DataSet


def _by_row(unified: list[UnifiedService]) -> dict[int, Variant]:
    return {variant.row: variant for service in unified for variant in service.variants}


@pytest.fixture(scope="module")
def decisions() -> Decisions:
    """Those of the files."""
    return read_decisions(DATA_DIR / DECISIONS_FILE)


def _ruled(data: DataSet, owners: Owners, decisions: Decisions, *rulings: Ruling) -> dict[int, Variant]:
    rows = read_rows(DATA_DIR / CATALOGUE_FILE)
    unified, unused = unify_ruled(rows, data.services, decisions, owners, rulings)
    assert unused == []
    found = _by_row(unified)
    assert sorted(found) == [row.row for row in rows], "no row is lost, and none stands twice"
    assert all(variant.unified_id == service.id for service in unified for variant in service.variants)
    return found


def test_what_is_confirmed_is_no_doubt_any_more(
    data: DataSet, owners: Owners, decisions: Decisions, by_row: dict[int, Variant]
) -> None:
    # Row 446, the notice of the sum, is joined to the tax by hand, with a doubt.
    assert (by_row[446].unified_id, by_row[446].doubtful) == ("pasv-nin", True)
    same = Ruling("same", 446, None, "pasv-nin", "Nekustamā īpašuma nodoklis")
    variant = Ruling("variant", 450, None, "pasv-skolas-pieteikums", "1. klase", "Jebkurā klasē")
    found = _ruled(data, owners, decisions, same, variant)
    assert (found[446].unified_id, found[446].doubtful, found[446].reason) == ("pasv-nin", False, REASON_EDITOR)
    assert (found[450].unified_id, found[450].reason, found[450].note) == (
        "pasv-skolas-pieteikums", REASON_VARIANT, "Jebkurā klasē",
    )  # fmt: skip
    # All else is as it was.
    assert {row for row, one in found.items() if one != by_row[row]} == {446, 450}


def test_what_is_different_stands_alone_with_all_its_rows(
    data: DataSet, owners: Owners, decisions: Decisions, by_row: dict[int, Variant]
) -> None:
    # Row 583, one of two titles of one municipality for the permit to advertise.
    service = "pasv-reklamas-atlauja"
    assert (by_row[583].unified_id, by_row[583].doubtful) == (service, True)
    found = _ruled(data, owners, decisions, Ruling("different", 583, None, service, "Reklāma"))
    assert found[583].unified_id.startswith("kat-")
    assert not found[583].doubtful
    others = [row for row, one in by_row.items() if one.unified_id == service and row != 583]
    assert len(others) > 3
    assert {found[row].unified_id for row in others} == {service}


def test_two_that_only_the_catalogue_knows_become_one(
    data: DataSet, owners: Owners, decisions: Decisions, by_row: dict[int, Variant]
) -> None:
    # A certificate once more, and the status: alike, and two services by the files.
    title, other = by_row[387], by_row[209]
    assert title.unified_id != other.unified_id
    ruling = Ruling("same", 387, 209, other.unified_id, "Nacionālās pretošanās kustības dalībnieka statuss")
    found = _ruled(data, owners, decisions, ruling)
    assert found[387].unified_id == found[209].unified_id == other.unified_id
    # The other one is no further decided on.
    assert found[209].reason == other.reason or found[209].reason == "decided by hand"
    # And whoever is joined to a title follows it where it goes.
    moved = Ruling("same", 209, None, "pasv-nin", "NĪN")
    for order in ((ruling, moved), (moved, ruling)):
        found = _ruled(data, owners, decisions, *order)
        assert found[387].unified_id == found[209].unified_id == "pasv-nin"


def test_a_title_and_the_service_it_is_in_are_one_to_a_ruling(
    data: DataSet, owners: Owners, decisions: Decisions, by_row: dict[int, Variant]
) -> None:
    # Row 446 is in the tax by the files: "same as the tax" and "different from row 446" speak of one thing.
    same = Ruling("same", 387, None, "pasv-nin", "NĪN")
    different = Ruling("different", 387, 446, "pasv-nin", "NĪN")
    assert _ruled(data, owners, decisions, same, different)[387].unified_id == by_row[387].unified_id
    assert _ruled(data, owners, decisions, different, same)[387].unified_id == "pasv-nin"


def test_two_titles_that_point_at_each_other_are_one_service(
    data: DataSet, owners: Owners, decisions: Decisions, by_row: dict[int, Variant]
) -> None:
    one, other = by_row[387], by_row[209]
    found = _ruled(
        data,
        owners,
        decisions,
        Ruling("same", 387, 209, other.unified_id, "x"),
        Ruling("same", 209, 387, one.unified_id, "y"),
    )
    assert found[387].unified_id == found[209].unified_id


def test_likeness_does_not_join_what_an_editor_has_kept_apart(
    data: DataSet, owners: Owners, by_row: dict[int, Variant]
) -> None:
    # Row 211 is joined by likeness alone (0.92), without a doubt.
    service = by_row[211].unified_id
    found = _ruled(
        data, owners, read_decisions(DATA_DIR / DECISIONS_FILE), Ruling("different", 211, None, service, "x")
    )
    assert found[211].unified_id != service


def test_a_ruling_about_what_is_gone_is_let_be(data: DataSet, owners: Owners, decisions: Decisions) -> None:
    rows = read_rows(DATA_DIR / CATALOGUE_FILE)
    gone = [Ruling("same", 9999, None, "pasv-nin", "x"), Ruling("same", 446, None, "pasv-nav", "x")]
    unified, unused = unify_ruled(rows, data.services, decisions, owners, gone)
    assert unused == gone
    assert unified == unify(rows, data.services, decisions, owners)
