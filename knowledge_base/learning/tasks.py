"""Takes in questions from life, once in a while."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import IntegrityError

from kit.errors import Conflict
from knowledge_base.learning.service import Learning

log = structlog.get_logger(__name__)


class LearningWatch:
    """One a worker; of several that look at once, one takes in."""

    def __init__(self, learning: Learning, every: float = 15.0) -> None:
        """``every``: seconds between two looks."""
        self._learning = learning
        self._every = every

    async def run(self) -> None:
        """Looks until cancelled. A failure is logged and the next look tried."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self._learning.gather()
            except (IntegrityError, Conflict):
                log.info("another worker, or an erasure, came in between")
            except Exception:
                log.exception("questions from life could not be taken in")
