"""Something a worker does again and again: every so often, and at once when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, runtime_checkable

import structlog

log = structlog.get_logger(__name__)
#: Seconds after a failure until the next round, where rounds are rarer: what was a moment's trouble is soon seen to be over.
_SOON: Final = 30.0


class Rounds:
    """Calls ``once`` until cancelled. A failure is logged and the next round tried."""

    def __init__(self, once: Callable[[], Awaitable[None]], every: float, failure: str, again: float = 0.0) -> None:
        """``every``: seconds between two rounds when nobody wakes it; ``failure``: what the log says of a round that failed;
        ``again``: seconds to wait after one besides."""
        self._once = once
        self._every = every
        self._failure = failure
        self._again = again
        self._wake = asyncio.Event()
        #: What went wrong in the last round; None while all is well.
        self.last_error: str | None = None

    def wake(self) -> None:
        """There is something to do: do not wait."""
        self._wake.set()

    async def run(self) -> None:
        """Goes round until cancelled."""
        while True:
            wait = self._every
            try:
                await self._once()
                self.last_error = None
            except Exception as error:
                self.last_error = type(error).__name__
                log.exception(self._failure)
                await asyncio.sleep(self._again)
                wait = min(wait, _SOON)
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                continue
            finally:
                self._wake.clear()


@runtime_checkable
class GoesRound(Protocol):
    """A worker's part whose whole work is done in rounds; how the last one went, health tells."""

    rounds: Rounds
