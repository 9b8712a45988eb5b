"""Taking in what is from before there was a search, a little at a time, so that nobody waits for it."""

from __future__ import annotations

import asyncio

import structlog

from handoff.search import repository
from kit.db import Database

log = structlog.get_logger(__name__)
_TOGETHER = 200


class SearchFill:
    """Works off the backlog that the migration left; afterwards there is nothing to do, for what is new is taken in at once."""

    def __init__(self, db: Database, pause: float = 0.05) -> None:
        """``pause``: seconds between two lots, for others who want to write."""
        self._db = db
        self._pause = pause

    async def run(self) -> None:
        """Until nothing is left; a failure is logged and tried again."""
        while True:
            try:
                if not await self.once():
                    return
            except Exception:
                log.exception("taking in for the search failed")
                await asyncio.sleep(5)
            await asyncio.sleep(self._pause)

    async def once(self) -> int:
        """One lot; how much is left, perhaps in another worker's hands."""
        async with self._db.unit() as unit:
            number = await repository.take_in(unit.session, _TOGETHER)
            left = await repository.backlog(unit.session)
        if number:
            log.info("taken in for the search", number=number, left=left)
        return left
