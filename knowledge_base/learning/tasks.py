"""Takes in questions from life, once in a while."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import IntegrityError

from kit.errors import Conflict
from kit.rounds import Rounds
from knowledge_base.learning.service import Learning

log = structlog.get_logger(__name__)


class LearningWatch:
    """One a worker; of several that look at once, one takes in."""

    def __init__(self, learning: Learning, every: float = 15.0) -> None:
        """``every``: seconds between two looks."""
        self._learning = learning
        self._every = every
        self.rounds = Rounds(self.once, every, "questions from life could not be taken in")

    async def run(self) -> None:
        """Looks until cancelled."""
        # The first look may be at half a year: not while everything else starts.
        await asyncio.sleep(self._every)
        await self.rounds.run()

    async def once(self) -> None:
        """One look."""
        try:
            await self._learning.gather()
        except (IntegrityError, Conflict):
            log.info("another worker, or an erasure, came in between")
