"""The world of the social channels, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.handoff.channels.world import World


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    """On a working Tuesday morning, with one page whose comments the assistant may answer in public."""
    made = await World(sqlite_url).open(comment_policy="public")
    yield made
    await made.close()


@pytest.fixture
async def pg_world(postgres_url: str) -> AsyncIterator[World]:
    """The same on PostgreSQL."""
    made = await World(postgres_url).open(comment_policy="public")
    yield made
    await made.close()
