"""SQLite without threads, behind the same asynchronous engine as PostgreSQL.

aiosqlite hands each call to a thread and waits: opening a cursor, executing, fetching and closing are four trips through
a queue for a statement that takes microseconds (measured: most of the time of storing a message). Here the call is made
on the spot. It suits the embedded default: one process, small writes, a write-ahead log. The engine is given these
connections through ``async_creator``, SQLAlchemy's own hook for that.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from kit import sql

_BUSY_S = 5.0


class InlineCursor:
    """A cursor whose coroutines never wait."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor
        self.arraysize = cursor.arraysize

    async def __aenter__(self) -> Self:
        """The cursor itself; there is nothing to wait for."""
        return self

    @property
    def description(self) -> Any:
        """Columns of the result, as in the DBAPI."""
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        """Rows changed, as in the DBAPI."""
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The row inserted last, as in the DBAPI."""
        return self._cursor.lastrowid

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Runs a statement."""
        self._cursor.execute(statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> Self:
        """Runs a statement for each of ``parameters``."""
        self._cursor.executemany(statement, parameters)
        return self

    async def fetchone(self) -> Any:
        """The next row."""
        return self._cursor.fetchone()

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows."""
        return self._cursor.fetchmany(size or self.arraysize)

    async def fetchall(self) -> list[Any]:
        """All rows that are left."""
        return self._cursor.fetchall()

    async def close(self) -> None:
        """Lets go of the result."""
        self._cursor.close()


class InlineConnection:
    """A connection whose coroutines never wait. Transactions are begun by the engine, not by the driver."""

    def __init__(self, file: str) -> None:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        self._connection: sqlite3.Connection | None = sqlite3.connect(
            file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "temp_store=MEMORY"):
            self._connection.execute(f"PRAGMA {pragma}")
        sql.teach(self._connection)

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ValueError("no active connection")
        return self._connection

    def cursor(self) -> InlineCursor:
        """A new cursor."""
        return InlineCursor(self._open.cursor())

    async def commit(self) -> None:
        """Ends the transaction, if one is open."""
        self._open.commit()

    async def rollback(self) -> None:
        """Undoes the transaction, if one is open."""
        self._open.rollback()

    async def create_function(self, *arguments: Any, **options: Any) -> None:
        """Makes a function known to SQL."""
        self._open.create_function(*arguments, **options)

    async def close(self) -> None:
        """Closes; again is harmless."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def stop(self) -> None:
        """Closes without waiting."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def connector(file: str) -> Callable[..., Any]:
    """The ``async_creator`` for a database file."""

    async def connect(*_arguments: Any, **_options: Any) -> InlineConnection:
        return InlineConnection(file)

    return connect
