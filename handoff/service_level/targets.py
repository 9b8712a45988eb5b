"""What the service promises (R13), as data: from which day on, how soon, for what share. Set by administrators, on record.

The first targets are those of the broker's policy. A later one holds for clocks that start from its day on: a promise that was
made is not changed. Every worker follows within a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from handoff.service_level import repository
from handoff.service_level.models import ServiceTarget
from kit.clock import RIGA, Clock
from kit.db import Database
from kit.rounds import Rounds


@dataclass(frozen=True)
class Measure:
    """Something that a target can be set for.

    Attributes:
        timed: whether it is a time; ``shared``: whether a share is to be reached.
        more_than: the share is to be exceeded, not only reached.
        needed: a time is always promised: other parts count on it.
    """

    id: str
    timed: bool
    shared: bool
    more_than: bool = False
    needed: bool = False


#: In the order of the page. R13 names the first four; R4 the fifth. The last three are measured and nobody asks for a time.
MEASURES: Final[Mapping[str, Measure]] = {
    one.id: one
    for one in (
        Measure("chat_begun", timed=True, shared=True, needed=True),
        Measure("social_answered", timed=True, shared=True, needed=True),
        Measure("solved", timed=False, shared=True, more_than=True),
        Measure("mail_answered", timed=False, shared=True),
        Measure("level2_answered", timed=True, shared=False, needed=True),
        Measure("first_response", timed=True, shared=False),
        Measure("handling", timed=True, shared=False),
        Measure("resolution", timed=True, shared=False),
    )
}


@dataclass(frozen=True)
class Target:
    """What a measure promises.

    Attributes:
        seconds: of working time; None where nothing is judged.
        percent: share that is to be reached; None where none is asked for.
    """

    seconds: int | None = None
    percent: Decimal | None = None

    @property
    def span(self) -> timedelta | None:
        """The working time."""
        return None if self.seconds is None else timedelta(seconds=self.seconds)

    @property
    def share(self) -> Fraction | None:
        """The share, exactly."""
        return None if self.percent is None else Fraction(self.percent) / 100

    def met(self, part: int, whole: int, *, more_than: bool) -> bool | None:
        """Whether ``part`` of ``whole`` is enough; exact, so 94.99 % is not 95 %. None where there is nothing to judge."""
        if not whole or self.share is None:
            return None
        reached = Fraction(part, whole)
        return reached > self.share if more_than else reached >= self.share


def usual(chat: timedelta, social: timedelta, level2: timedelta) -> dict[str, Target]:
    """The targets before anybody has set others: R13's shares, and the times of the broker's policy."""
    return {
        "chat_begun": Target(int(chat.total_seconds()), Decimal(95)),
        "social_answered": Target(int(social.total_seconds()), Decimal(95)),
        "solved": Target(None, Decimal(80)),
        "mail_answered": Target(None, Decimal(100)),
        "level2_answered": Target(int(level2.total_seconds())),
        "first_response": Target(),
        "handling": Target(),
        "resolution": Target(),
    }


def in_force(rows: Iterable[ServiceTarget], first: Mapping[str, Target], day: date) -> dict[str, Target]:
    """The targets of a day: of each measure the last that has begun."""
    found = dict(first)
    for row in sorted(rows, key=lambda one: one.valid_from):
        if row.valid_from <= day and row.measure in found:
            found[row.measure] = Target(row.seconds, row.percent)
    return found


class LiveTargets:
    """One a worker. A failure is logged and the next look tried; the targets that are known stay meanwhile."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        first: Mapping[str, Target],
        changed: Callable[[LiveTargets], None],
        every: float = 1.0,
    ) -> None:
        """``first``: before anybody has set any; ``changed``: tells other parts when others have come into force."""
        self._db = db
        self._clock = clock
        self.first = first
        self._changed = changed
        self.rounds = Rounds(self.once, every, "targets of service could not be refreshed")
        self._mark = (-1, -1)
        self._rows: tuple[ServiceTarget, ...] = ()
        self._now = dict(first)

    def __getitem__(self, measure: str) -> Target:
        """The target in force."""
        return self._now[measure]

    def span(self, measure: str) -> timedelta | None:
        """The working time that is promised now; None: none is."""
        return self._now[measure].span

    def on(self, day: date) -> dict[str, Target]:
        """The targets of any day."""
        return in_force(self._rows, self.first, day)

    def promised(self, measure: str, day: date) -> timedelta:
        """The working time that was promised on a day by a measure that always promises one (:attr:`Measure.needed`).

        Raises:
            ValueError: it promises none.
        """
        span = self.on(day)[measure].span
        if span is None:
            raise ValueError(f"{measure} promises no time")
        return span

    def wake(self) -> None:
        """Something was changed: look now."""
        self.rounds.wake()

    async def run(self) -> None:
        """Looks until cancelled."""
        await self.rounds.run()

    async def once(self) -> None:
        """One look: reads what has changed, and lets come into force what begins today."""
        async with self._db.read() as session:
            mark = await repository.targets_mark(session)
            if mark != self._mark:
                self._mark, self._rows = mark, tuple(await repository.targets(session))
        now = self.on(self._clock.now().astimezone(RIGA).date())
        if now != self._now:
            self._now = now
            self._changed(self)
