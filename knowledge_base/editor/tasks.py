"""Keeps a worker's knowledge base the one that is published: looks at the revision every second, and at once when told."""

from __future__ import annotations

import asyncio

import structlog

from kit.db import Database
from kit.rounds import Rounds
from knowledge_base.editor.service import EditorsDesk
from knowledge_base.repository import KnowledgeRepository
from knowledge_base.service import Content, KnowledgeBase, read_content

log = structlog.get_logger(__name__)
_AGAIN_S = 5.0


class KnowledgeWatch:
    """One a worker. A failure is logged and the next look tried; what is loaded stays meanwhile."""

    def __init__(self, db: Database, knowledge: KnowledgeBase, desk: EditorsDesk, every: float = 1.0) -> None:
        self._db = db
        self._knowledge = knowledge
        self._desk = desk
        self._looks = Rounds(self.once, every, "knowledge base could not be refreshed")
        self._indexing: asyncio.Task[None] | None = None
        #: Read, and not in the index yet.
        self._fresh: Content | None = None
        self._index_error: str | None = None

    @property
    def last_error(self) -> str | None:
        """What went wrong last; None while all is well."""
        return self._looks.last_error or self._index_error

    def wake(self) -> None:
        """Something was published: look now."""
        self._looks.wake()

    async def run(self) -> None:
        """Looks until cancelled."""
        try:
            await self._looks.run()
        finally:
            if self._indexing is not None:
                self._indexing.cancel()

    async def once(self) -> None:
        """One look: publishes what is due, loads what is new."""
        await self._desk.settle_due()
        async with self._db.read() as session:
            if await KnowledgeRepository(session).revision() == self._knowledge.revision:
                return
            content = await read_content(session)
        self._knowledge.show(content)
        # Only now: an index that is being built takes it up as soon as it is there.
        self._fresh = content
        # The next publication does not wait for the index of this one.
        if self._indexing is None or self._indexing.done():
            self._indexing = asyncio.create_task(self._index())

    async def _index(self) -> None:
        while self._fresh is not None:
            content, self._fresh = self._fresh, None
            try:
                await self._knowledge.index(content)
                self._index_error = None
            except Exception as error:
                self._index_error = type(error).__name__
                log.exception("index could not be built")
                # Search goes on by the old one; unless something newer has come, this is tried again.
                self._fresh = self._fresh or content
                await asyncio.sleep(_AGAIN_S)
