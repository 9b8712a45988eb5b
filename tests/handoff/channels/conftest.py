"""The world of the social channels, on SQLite and on PostgreSQL, and a gateway that platforms call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from knowledge_base.service import KnowledgeBase
from tests.handoff.channels.hooked import Hooked, add_account
from tests.handoff.channels.world import PAGE, ScriptedConnector, World
from tests.stage import raise_stage


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


@pytest.fixture
async def hooked(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> AsyncIterator[Hooked]:
    """A gateway with one page."""
    platform = ScriptedConnector()
    stage = await raise_stage(
        sqlite_url,
        tmp_path,
        knowledge=knowledge,
        connectors={"facebook": platform},
        hook_bad_signatures="5/minute",
        poll_every_s=3600,
    )
    account = await add_account(stage, PAGE)
    async with httpx.AsyncClient(base_url=stage.url, timeout=30) as http:
        yield Hooked(stage, platform, account, http)
    await stage.stop()


@pytest.fixture
def people(sqlite_url: str) -> World:
    """Makes events; its own database is not used."""
    return World(sqlite_url)
