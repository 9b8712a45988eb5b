"""Why a closing failed, as a code that the console has a sentence for; and how long it waits before it is tried again.

What an exception says stays in the gateway's log, under the attempt's mark (``fault``): it may quote what people wrote.
"""

from __future__ import annotations

import errno
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

Cause = Literal["database_away", "disk_full", "no_memory", "refused", "adjustments", "sums", "interrupted", "unknown"]

#: After the first failed attempt, the second …; the last one for all that follow.
PAUSES: Final = tuple(timedelta(seconds=one) for one in (10, 30, 120, 600, 1800, 3600))
#: SQLSTATE classes of a server that is away, out of something, or had the statement wait in vain.
_AWAY: Final = ("08", "40", "53", "55", "57", "58")
_DISK_FULL: Final = "53100"
_NO_MEMORY: Final = "53200"
#: These say more than the step in which they came.
_OF_THE_MACHINE: Final = ("database_away", "disk_full", "no_memory")


class ClosingFault(Exception):
    """A step of the closing that failed; ``cause`` is its code."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause: Cause = cause


def cause_of(error: BaseException) -> Cause:
    """The code of what went wrong; of a failed step what brought it about, where the machine did."""
    if isinstance(error, ClosingFault):
        inner = cause_of(error.__cause__) if error.__cause__ is not None else error.cause
        return inner if inner in _OF_THE_MACHINE else error.cause
    if isinstance(error, MemoryError):
        return "no_memory"
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, OSError):
        return "disk_full" if error.errno == errno.ENOSPC else "database_away"
    return "unknown"


def _of_database(error: DBAPIError) -> Cause:
    state = str(getattr(error.orig, "sqlstate", None) or "")
    if state == _DISK_FULL or "disk is full" in str(error.orig):
        return "disk_full"
    if state == _NO_MEMORY:
        return "no_memory"
    if isinstance(error, IntegrityError):
        return "refused"
    away = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated or state[:2] in _AWAY
    return "database_away" if away else "refused"


def pause_after(attempts: int, cause: str) -> timedelta:
    """How long to wait after so many attempts. Who was interrupted for the first time is followed at once: a process that is
    replaced by a new version is no fault."""
    failed = attempts - 1 if cause == "interrupted" else attempts
    return PAUSES[min(failed, len(PAUSES)) - 1] if failed > 0 else timedelta(0)
