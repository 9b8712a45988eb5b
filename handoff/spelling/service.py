"""The spelling aid: looks words up in a process of its own, so that nobody's message waits for it."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Set
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

import structlog

from handoff.spelling import dictionary
from handoff.staff.schemas import Viewer
from kit.errors import Forbidden, PieturaError

log = structlog.get_logger(__name__)
_LIMIT_S = 10.0
#: A process that is only starting reads its dictionary first, and a busy machine takes its time.
_FIRST_LIMIT_S = 30.0


@dataclass(frozen=True)
class Doubt:
    """A word that may be misspelt, and where it stands first in the text (in characters, from 0)."""

    word: str
    at: int


class Spelling:
    """Latvian only; the process starts with the first question and is started again if it dies."""

    def __init__(self, known: Callable[[], Set[str]]) -> None:
        """``known``: words in small letters that are right whatever the dictionary says: names of services, bodies, places."""
        self._known = known
        self._pool: ProcessPoolExecutor | None = None
        self._failed = False

    async def doubts(self, viewer: Viewer, text: str) -> list[Doubt]:
        """Words of ``text`` that may be misspelt.

        Raises:
            Forbidden: only who writes to citizens or for those who do.
            PieturaError: ``spelling_unavailable``.
        """
        _check(viewer)
        known = self._known()
        found: list[tuple[str, int]] = await self._ask(dictionary.doubtful, text)
        return [Doubt(word, at) for word, at in found if word.lower() not in known]

    async def suggestions(self, viewer: Viewer, word: str) -> list[str]:
        """What may have been meant; raises as :meth:`doubts` does."""
        _check(viewer)
        return list(await self._ask(dictionary.suggestions, word))

    async def _ask[T](self, question: Callable[[str], T], text: str) -> T:
        try:
            try:
                found = await self._once(question, text)
            except BrokenProcessPool:
                # It died between two questions: a new one answers this.
                self.close()
                found = await self._once(question, text)
        except (BrokenProcessPool, TimeoutError) as error:
            log.warning("spelling aid does not answer", why=type(error).__name__)
            self._failed = True
            self.close()
            raise PieturaError("spelling_unavailable") from error
        self._failed = False
        return found

    async def _once[T](self, question: Callable[[str], T], text: str) -> T:
        limit = _LIMIT_S
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
            limit = _FIRST_LIMIT_S
        return await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(self._pool, question, text), limit)

    @property
    def well(self) -> bool:
        """Whether its process has not died unnoticed, and the last question was answered. Before the first there is none."""
        processes = getattr(self._pool, "_processes", None) or {}
        return not self._failed and all(one.is_alive() for one in processes.values())

    def close(self) -> None:
        """Ends the process."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _check(viewer: Viewer) -> None:
    # Specialists answer citizens too; editors write what operators send.
    if not (viewer.serves or viewer.role in ("specialist", "editor")):
        raise Forbidden()
