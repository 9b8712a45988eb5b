"""The catalogue as unified from the data files, and a database with every table of the knowledge base."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from kit.db import Base
from knowledge_base.catalogue.places import Owners
from knowledge_base.catalogue.store import read_catalogue
from knowledge_base.catalogue.unify import UnifiedService, Variant
from knowledge_base.editor.models import Revision
from knowledge_base.importer import DATA_DIR, DataSet
from knowledge_base.models import Service, ServiceAnswer, ServiceExample, ServiceVariant
from knowledge_base.models import UnifiedService as UnifiedRow


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


@pytest.fixture
async def session() -> AsyncIterator[AsyncSession]:
    """A session on an empty database with the tables of the knowledge base, the catalogue's among them."""
    engine = create_async_engine("sqlite+aiosqlite://")
    models = (Service, ServiceAnswer, ServiceExample, UnifiedRow, ServiceVariant, Revision)
    tables = [table for model in models if isinstance(table := model.__table__, Table)]
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all, tables=tables)
    async with AsyncSession(engine, expire_on_commit=False, autoflush=False) as session:
        yield session
    await engine.dispose()
