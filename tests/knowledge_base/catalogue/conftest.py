"""The catalogue as unified from the data files."""

from __future__ import annotations

import pytest

from knowledge_base.catalogue.places import Owners
from knowledge_base.catalogue.store import read_catalogue
from knowledge_base.catalogue.unify import UnifiedService, Variant
from knowledge_base.importer import DATA_DIR, DataSet


@pytest.fixture(scope="session")
def owners() -> Owners:
    """Who the organisations are today."""
    return Owners(DATA_DIR)


@pytest.fixture(scope="session")
def unified(data: DataSet) -> list[UnifiedService]:
    """The real catalogue."""
    return read_catalogue(DATA_DIR, data.services)


@pytest.fixture(scope="session")
def by_row(unified: list[UnifiedService]) -> dict[int, Variant]:
    """Row number → its variant."""
    return {variant.row: variant for service in unified for variant in service.variants}
