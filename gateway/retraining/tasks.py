"""The worker that carries trainings on: looks every few seconds, and at once when there is something to do."""

from __future__ import annotations

from gateway.retraining.service import Retraining
from kit.rounds import Rounds


class RetrainingWatch:
    """One a worker; of all workers one has a training in hand (``Retraining.work``)."""

    def __init__(self, retraining: Retraining, every: float = 2.0) -> None:
        """``every``: seconds between two looks for a training that a killed worker has left."""
        self.rounds = Rounds(retraining.work, every, "a training could not be carried on", again=2.0)

    def wake(self) -> None:
        """There is something to do: look now."""
        self.rounds.wake()

    async def run(self) -> None:
        """Looks until cancelled."""
        await self.rounds.run()
