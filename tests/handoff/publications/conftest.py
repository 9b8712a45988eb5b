"""The world of publications, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.handoff.publications.stand import Stand


@pytest.fixture
async def stand(sqlite_url: str) -> AsyncIterator[Stand]:
    """On a working Tuesday morning."""
    made = await Stand(sqlite_url).raise_up()
    yield made
    await made.close()


@pytest.fixture
async def pg_stand(postgres_url: str) -> AsyncIterator[Stand]:
    """The same on PostgreSQL."""
    made = await Stand(postgres_url).raise_up()
    yield made
    await made.close()
