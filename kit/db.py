"""Database access: engine, declarative base and the unit of work.

Services never commit. A unit of work does, once, and together with the events that describe the change: either both are
stored or neither is. SQLite (embedded default) and PostgreSQL (grown form) run the same code.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, DateTime, Dialect, MetaData, event, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from kit.metrics import CONNECTIONS
from kit.sqlite import connector

# Names are fixed so that migrations can find a constraint on either database.
_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table of the platform."""

    metadata = MetaData(naming_convention=_NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """Timezone-aware UTC instants on both databases (SQLite forgets the zone, so it is put back on reading)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses naive values: a time without a zone is a bug, not a time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was about to be stored; use the clock")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Puts UTC back on."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


AfterCommit = Callable[[], Awaitable[None]]


class UnitOfWork:
    """One transaction: a session, and what is to happen once it is stored.

    Attributes:
        session: the SQLAlchemy session of this transaction.
        dialect: ``sqlite`` or ``postgresql``.
    """

    def __init__(self, session: AsyncSession, dialect: str) -> None:
        self.session = session
        self.dialect = dialect
        self._before: list[AfterCommit] = []
        self._after: list[AfterCommit] = []

    def before_commit(self, step: AfterCommit) -> None:
        """Runs ``step`` inside the transaction, last of all (the event log is written so)."""
        self._before.append(step)

    def after_commit(self, step: AfterCommit) -> None:
        """Runs ``step`` once the transaction is stored; never when it is rolled back."""
        self._after.append(step)

    async def _commit(self) -> None:
        await self.session.flush()
        for step in self._before:
            await step()
        await self.session.commit()

    async def _announce(self) -> None:
        for step in self._after:
            await step()


class Database:
    """The engine and the maker of units of work."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """``url``: SQLAlchemy URL; ``sqlite+aiosqlite:///…`` or ``postgresql+asyncpg://…``."""
        self.url = url
        self.dialect = "sqlite" if url.startswith("sqlite") else "postgresql"
        # What stands in a statement is what people wrote: an error that is logged must not quote it.
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": pool_size, "hide_parameters": True}
        if self.dialect == "sqlite":
            options["async_creator"] = connector(url.split("///", 1)[1])
        else:
            options["pool_pre_ping"] = True
        self.engine: AsyncEngine = create_async_engine(url, **options)
        if self.dialect == "sqlite":
            _prepare_sqlite(self.engine)
        _count_connections(self.engine)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)
        # SQLite has one writer. Waiting here is fair and costs nothing; waiting inside SQLite is polling with sleeps.
        self._writer = asyncio.Lock() if self.dialect == "sqlite" else None

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[UnitOfWork]:
        """A read-write unit of work: commits at the end of the block, rolls back when it raises."""
        if self._writer is None:
            async with self._open() as unit:
                yield unit
        else:
            async with self._writer, self._open() as unit:
                yield unit
        await unit._announce()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[UnitOfWork]:
        async with self._sessions() as session:
            unit = UnitOfWork(session, self.dialect)
            if self.dialect == "sqlite":
                await session.connection(execution_options={"pietura_write": True})
            yield unit
            await unit._commit()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for reading; whatever is changed in it is thrown away."""
        async with self._sessions() as session:
            yield session

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Closes every connection."""
        await self.engine.dispose()


def _count_connections(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "checkout")
    def _taken(*_about: Any) -> None:
        CONNECTIONS.inc()

    @event.listens_for(engine.sync_engine, "checkin")
    def _given_back(*_about: Any) -> None:
        CONNECTIONS.dec()


def _prepare_sqlite(engine: AsyncEngine) -> None:
    """Explicit BEGIN, so that a writer takes its lock at once and not half-way."""

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Any) -> None:
        write = connection.get_execution_options().get("pietura_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN DEFERRED")


async def set_if_version(
    session: AsyncSession,
    model: Any,
    row_id: str | int,
    version: int,
    values: dict[str, Any],
    *conditions: ColumnElement[bool],
) -> bool:
    """Changes a row of ``model`` if it is still at ``version``, and counts the version up; whether it was. Of two who change it
    at once the second learns it, and nothing is written over silently."""
    statement = (
        update(model)
        .where(model.id == row_id, model.version == version, *conditions)
        .values(version=version + 1, **values)
    )
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)
