"""Migrations on both databases: forward, back, forward; and nothing in the models that no migration makes."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

import gateway.tables  # noqa: F401
from gateway.migrate import config, migrate
from kit.db import Base


def _ours(_thing: object, name: str | None, *_about: object) -> bool:
    """Full-text indexes are each database's own (handoff/search/models.py): no model tells of them."""
    return not (name or "").startswith("search_text")


_OPTIONS = {"include_object": _ours}


async def _differences(url: str) -> list[object]:
    engine = create_async_engine(url)

    def compare(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts=_OPTIONS), Base.metadata))

    async with engine.connect() as connection:
        found = await connection.run_sync(compare)
    await engine.dispose()
    return found


async def _there_and_back(url: str) -> None:
    await migrate(url)
    await asyncio.to_thread(command.downgrade, config(url), "base")
    await migrate(url)
    assert await _differences(url) == []


async def test_sqlite(tmp_path: Path) -> None:
    await _there_and_back(f"sqlite+aiosqlite:///{tmp_path / 'm.db'}")


async def test_postgresql(postgres_url: str) -> None:
    await _there_and_back(postgres_url)
    # Two workers that start at the same time do not trip over each other.
    await asyncio.to_thread(command.downgrade, config(postgres_url), "base")
    script = f"import asyncio; from gateway.migrate import migrate; asyncio.run(migrate({postgres_url!r}))"
    workers = [await asyncio.create_subprocess_exec(sys.executable, "-c", script) for _ in range(2)]
    assert [await worker.wait() for worker in workers] == [0, 0]
    assert await _differences(postgres_url) == []
