"""What time and the platforms bring to publications: what is due is begun, and what became of the sends is taken over.

Every worker runs one; each change is compare-and-set, so two workers cannot publish the same thing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from handoff.publications import repository
from handoff.publications.service import LOOK_BACK, Publications
from kit.errors import PieturaError

log = structlog.get_logger(__name__)


class Publisher:
    """Looks every ``every`` seconds."""

    def __init__(self, publications: Publications, every: float = 1.0) -> None:
        self._publications = publications
        self._every = every
        self.last_error: str | None = None

    async def run(self) -> None:
        """Works until cancelled; a failure is logged and the next round tried."""
        while True:
            try:
                await self.once()
            except Exception as error:
                self.last_error = type(error).__name__
                log.exception("publications could not be looked after")
            await asyncio.sleep(self._every)

    async def once(self) -> int:
        """One round; how many publications it touched."""
        self.last_error = None
        publications = self._publications
        now = publications.clock.now()
        async with publications.db.read() as session:
            due = await repository.due(session, now)
            to_look_at = {
                *await repository.moved(session),
                *await repository.finished(session),
                *await repository.perhaps_arrived(session, now - LOOK_BACK),
            }
        for publication_id in due:
            await self._try(publications.begin, publication_id)
        for publication_id in sorted(to_look_at):
            await self._try(publications.look, publication_id)
        return len(due) + len(to_look_at)

    async def _try(self, act: Callable[[str], Awaitable[None]], publication_id: str) -> None:
        """One that cannot be dealt with does not hold up the others."""
        try:
            await act(publication_id)
        except PieturaError as error:
            log.info("publisher met a change", publication=publication_id, code=error.code)
        except Exception as error:
            self.last_error = type(error).__name__
            log.exception("a publication could not be dealt with", publication=publication_id)
