"""The plans as one worker runs them: those in force in memory, older versions as they are asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog
from pydantic import ValidationError

from kit.clock import Clock, SystemClock
from kit.db import Database
from kit.rounds import Rounds
from knowledge_base.plans import repository
from knowledge_base.plans.content import Plan
from knowledge_base.plans.models import PlanVersion
from knowledge_base.plans.ports import Published
from knowledge_base.plans.service import PlansDesk

log = structlog.get_logger(__name__)
#: Versions that are no longer in force, kept for those who are in the middle of one.
_KEPT = 200


class PlansInForce:
    """Plans by what begins them; never changed, another one takes its place."""

    def __init__(self, published: Iterable[Published]) -> None:
        self.by_id = {one.id: one for one in published}
        found: dict[tuple[str, str], list[tuple[Published, str]]] = defaultdict(list)
        for one in self.by_id.values():
            for trigger in one.plan.triggers:
                found[trigger.kind, trigger.value].append((one, trigger.how))
        self.by_trigger = dict(found)
        self.guides = [one for one in self.by_id.values() if one.plan.kind == "guide"]


class _Held:
    """What both kinds of :class:`knowledge_base.plans.ports.Plans` answer out of the plans that they hold."""

    _clock: Clock
    _plans: PlansInForce

    def now(self) -> datetime:
        """See :meth:`knowledge_base.plans.ports.Plans.now`."""
        return self._clock.now()

    def triggered(self, kind: str, value: str) -> list[tuple[Published, str]]:
        """See :meth:`knowledge_base.plans.ports.Plans.triggered`."""
        return self._plans.by_trigger.get((kind, value), [])

    def current(self, plan_id: str) -> Published | None:
        """See :meth:`knowledge_base.plans.ports.Plans.current`."""
        return self._plans.by_id.get(plan_id)

    def guides(self) -> Sequence[Published]:
        """See :meth:`knowledge_base.plans.ports.Plans.guides`."""
        return self._plans.guides


class FixedPlans(_Held):
    """See :class:`knowledge_base.plans.ports.Plans`; always the same ones: for a trial, or none at all."""

    def __init__(self, published: Iterable[Published] = (), clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._plans = PlansInForce(published)

    async def version(self, plan_id: str, number: int) -> Published | None:
        """See :meth:`knowledge_base.plans.ports.Plans.version`."""
        found = self.current(plan_id)
        return found if found is not None and found.number == number else None


class LivePlans(_Held):
    """See :class:`knowledge_base.plans.ports.Plans`; looks every few seconds, and at once when told."""

    def __init__(self, db: Database, clock: Clock, desk: PlansDesk | None = None, every: float = 2.0) -> None:
        """``desk``: publishes what is due; None where nothing is published (tests)."""
        self._db = db
        self._clock = clock
        self._desk = desk
        self.rounds = Rounds(self.once, every, "plans could not be refreshed", again=5.0)
        self._mark: tuple[int, ...] | None = None
        self._plans = PlansInForce(())
        self._older: dict[tuple[str, int], Published] = {}

    async def run(self) -> None:
        """Looks until cancelled."""
        await self.rounds.run()

    def wake(self) -> None:
        """Something was published: look now."""
        self.rounds.wake()

    async def once(self) -> None:
        """One look: publishes what is due, loads what is new."""
        if self._desk is not None:
            await self._desk.settle_due()
        async with self._db.read() as session:
            mark = await repository.mark(session)
            if mark == self._mark:
                return
            rows = await repository.in_force(session)
        self._plans = PlansInForce(one for row in rows if (one := _read(row)) is not None)
        self._mark = mark

    # --- see Plans ------------------------------------------------------------------------------------------------------

    async def version(self, plan_id: str, number: int) -> Published | None:
        """See :meth:`knowledge_base.plans.ports.Plans.version`."""
        shown = self.current(plan_id)
        if shown is not None and shown.number == number:
            return shown
        found = self._older.get((plan_id, number))
        if found is None:
            async with self._db.read() as session:
                row = await repository.version_of(session, plan_id, number)
            found = _read(row) if row is not None else None
            if found is not None:
                if len(self._older) >= _KEPT:
                    self._older.pop(next(iter(self._older)))
                self._older[plan_id, number] = found
        return found


def _read(row: PlanVersion) -> Published | None:
    """A stored version; None, with a line in the log, for one that this release cannot read: the others still run."""
    try:
        return Published(row.plan_id, row.number, Plan.model_validate(row.content))
    except ValidationError:
        log.exception("a plan cannot be read", plan=row.plan_id, number=row.number)
        return None
