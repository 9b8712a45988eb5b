"""Has the day's forecast computed."""

from __future__ import annotations

from typing import Final

from handoff.forecast.service import Forecasts
from kit.rounds import Rounds

_EVERY_S: Final = 900.0


class ForecastWatch:
    """One a worker; of several the first to look computes."""

    def __init__(self, forecasts: Forecasts, every: float = _EVERY_S) -> None:
        """``every``: seconds between two looks."""
        self.rounds = Rounds(forecasts.once, every, "forecast could not be begun")

    async def run(self) -> None:
        """Looks until cancelled."""
        await self.rounds.run()
