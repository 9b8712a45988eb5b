"""Keeps a worker's notices those that are set: looks every second, and at once when told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from handoff.notices import repository
from handoff.notices.models import PublicNotice
from kit.clock import Clock
from kit.db import Database
from kit.rounds import Rounds

#: A widget asks once a minute; what begins before it asks again must be with it, so that it appears to the second.
AHEAD: Final = timedelta(minutes=2)


class LiveNotices:
    """One a worker. A failure is logged and the next look tried; what is known stays meanwhile, and ends by its time."""

    def __init__(self, db: Database, clock: Clock, every: float = 1.0) -> None:
        """``every``: seconds between two looks."""
        self._db = db
        self._clock = clock
        self.rounds = Rounds(self.once, every, "notices could not be refreshed")
        self._notices: Sequence[PublicNotice] = ()

    def wake(self) -> None:
        """Something was changed: look now."""
        self.rounds.wake()

    async def run(self) -> None:
        """Looks until cancelled."""
        await self.rounds.run()

    async def once(self) -> None:
        """One look."""
        async with self._db.read() as session:
            self._notices = await repository.not_over(session, self._clock.now())

    def banners(self, site: str) -> list[dict[str, Any]]:
        """What the widget of a site shows or will within :data:`AHEAD`. Times are seconds from now: the citizen's clock may
        be wrong."""
        now = self._clock.now()
        return [
            {
                "id": f"{one.id}.{one.version}",
                "kind": one.kind,
                "text": one.text,
                "starts_in_s": max(0.0, round((one.starts_at - now).total_seconds(), 1)),
                "ends_in_s": round((one.ends_at - now).total_seconds(), 1),
            }
            for one in self._notices
            if one.banner and one.site in (None, site) and one.starts_at <= now + AHEAD and now < one.ends_at
        ]

    def said(self, site: str | None, lang: str) -> list[str]:
        """What the assistant says with its first words now. ``site``: None outside the web chat."""
        now = self._clock.now()
        return [
            one.text.get(lang) or one.text["lv"]
            for one in self._notices
            if one.greeting and (one.site is None or one.site == site) and one.starts_at <= now < one.ends_at
        ]
