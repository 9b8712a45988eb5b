"""Alembic's environment: the same migrations for SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

import gateway.tables  # noqa: F401  every table must be known to the metadata
from kit.db import Base, UtcDateTime


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    # A migration is history: it names the database's types, not today's classes.
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite cannot alter a table in place.
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=_render,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            # Two workers that start at once migrate one after the other; a lock that cannot be had soon is an error.
            connection.exec_driver_sql("SET LOCAL lock_timeout = '30s'")
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7214000)")
        context.run_migrations()


async def _online() -> None:
    engine = create_async_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


asyncio.run(_online())
