"""A process that dies at a chosen statement: whatever was not committed is gone, nobody catches it, nothing is tidied up."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from kit.db import Database


class Crash(BaseException):
    """Not an ``Exception``: what handles failures does not see a death."""


class Saboteur:
    """Counts statements and commits of a database connection, and dies at the one it is told to."""

    def __init__(self, db: Database) -> None:
        self.left: int | None = None
        self.died = False
        event.listen(db.engine.sync_engine, "before_cursor_execute", self._before)
        event.listen(db.engine.sync_engine, "commit", self._commit)

    def arm(self, statements: int) -> None:
        """Dies at the ``statements``-th statement or commit from now on."""
        self.left = statements
        self.died = False

    def disarm(self) -> None:
        """Lives on."""
        self.left = None

    def _before(self, *_arguments: Any) -> None:
        self._count()

    def _commit(self, _connection: Any) -> None:
        self._count()

    def _count(self) -> None:
        if self.left is None:
            return
        self.left -= 1
        if self.left <= 0:
            # Dead is dead: every statement after it fails as well.
            self.left = 0
            self.died = True
            raise Crash
