"""The worker that closes months: looks every few seconds, and at once when somebody asks for it."""

from __future__ import annotations

from handoff.settlement.service import Settlement
from kit.rounds import Rounds


class ClosingWatch:
    """One a worker; of all workers one closes a month (``Settlement.work``)."""

    def __init__(self, settlement: Settlement, every: float = 5.0) -> None:
        """``every``: seconds between two looks for a month that a killed worker has left."""
        self.rounds = Rounds(settlement.work, every, "closing a month failed", again=1.0)

    def wake(self) -> None:
        """There is a month to close: look now."""
        self.rounds.wake()

    async def run(self) -> None:
        """Looks until cancelled."""
        await self.rounds.run()
