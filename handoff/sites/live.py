"""Keeps a worker's first words those that sites have set: looks every three seconds, and at once when told."""

from __future__ import annotations

from typing import Final

from handoff.sites import repository
from kit.db import Database
from kit.rounds import Rounds

#: Seconds. All else of a site is read with each question; the greeting is said where nobody can wait for the database.
_EVERY: Final = 3.0


class LiveSites:
    """One a worker. A failure is logged and the next look tried; what is known stays meanwhile."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.rounds = Rounds(self.once, _EVERY, "sites could not be refreshed")
        self._words: dict[str, dict[str, dict[str, str]]] = {}

    def wake(self) -> None:
        """Something was changed: look now."""
        self.rounds.wake()

    async def run(self) -> None:
        """Looks until cancelled."""
        await self.rounds.run()

    async def once(self) -> None:
        """One look."""
        async with self._db.read() as session:
            self._words = await repository.own_words(session)

    def greeting(self, site: str | None, lang: str) -> str | None:
        """The first words that a site has of its own; None for the assistant's. ``site``: None outside the web chat."""
        return self._words.get(site, {}).get(lang, {}).get("greeting") if site is not None else None
