"""The migration of the catalogue's tables: there, back and there again, and the same tables as the models'."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import create_async_engine

import gateway.tables  # noqa: F401
from gateway.migrate import config, migrate
from kit.db import Base

TABLES = {"kb_unified_service", "kb_service_variant"}


def _ours(_thing: object, name: str | None, kind: str, *_about: object) -> bool:
    """The others' tables are looked at in tests/gateway/test_migrations.py."""
    return kind != "table" or name in TABLES


_OPTIONS = {"include_object": _ours}


async def _look(url: str) -> tuple[set[str], list[object]]:
    engine = create_async_engine(url)

    def look(connection: Connection) -> tuple[set[str], list[object]]:
        tables = set(inspect(connection).get_table_names()) & TABLES
        context = MigrationContext.configure(connection, opts=_OPTIONS)
        return tables, list(compare_metadata(context, Base.metadata)) if tables else []

    async with engine.connect() as connection:
        found = await connection.run_sync(look)
    await engine.dispose()
    return found


async def _there_and_back(url: str) -> None:
    await migrate(url)
    assert await _look(url) == (TABLES, [])
    await asyncio.to_thread(command.downgrade, config(url), "0002")
    assert (await _look(url))[0] == set()
    await migrate(url)
    assert await _look(url) == (TABLES, [])


async def test_sqlite(tmp_path: Path) -> None:
    await _there_and_back(f"sqlite+aiosqlite:///{tmp_path / 'm.db'}")


async def test_postgresql(postgres_url: str) -> None:
    await _there_and_back(postgres_url)
