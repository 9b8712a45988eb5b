"""What settling a month asks of others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Protocol

from handoff.settlement.statement import Adjustment

#: Amounts of a month (its first day) that do not come from cases: ``(centre_id, Adjustment)``. Asked when the month is previewed
#: and when it is closed; what it says then is kept.
AdjustmentSource = Callable[[date], Awaitable[Sequence[tuple[str, Adjustment]]]]


async def no_adjustments(_month: date) -> Sequence[tuple[str, Adjustment]]:
    """Until somebody has any."""
    return ()


class ServiceNames(Protocol):
    """Names of services, and whether there is one."""

    def service(self, service_id: str, lang: str) -> str:
        """The service's title; the id itself when the service is gone."""
        ...

    def knows_service(self, service_id: str) -> bool:
        """Whether there is such a service."""
        ...
