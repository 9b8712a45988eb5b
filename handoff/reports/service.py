"""Makes reports: they are asked of the contacts each time, whatever was gathered of those before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Row, and_, func, text
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Broker
from handoff.presence import repository as presence
from handoff.reports import repository
from handoff.reports.contacts import GROUPS, Wanted, contacts
from handoff.reports.metrics import METRICS
from handoff.reports.ports import Demand, UnansweredDemand
from handoff.reports.repository import Aggregates
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.clock import RIGA, midnight
from kit.errors import Forbidden, PieturaError

#: Longest period of one report: a year, whichever.
LONGEST: Final = timedelta(days=366)
#: A period of at most so many days is drawn by day, a longer one by month.
_BY_DAY: Final = 62
#: Who sees figures. Whoever settles accounts sees no conversations behind them.
SEES_FIGURES: Final = frozenset({"supervisor", "admin", "accountant"})
#: Who sees what was asked.
SEES_DEMAND: Final = frozenset({"supervisor", "admin", "editor"})
_DEMAND: Final = 50
_PORTION: Final = 2000
WHICH: Final = ("part", "whole", "rest")


@dataclass(frozen=True)
class Report:
    """A period and the one before it."""

    at: datetime
    wanted: Wanted
    by: str
    along: str
    now: Aggregates
    before: Aggregates


def figures_only(viewer: Viewer) -> None:
    """Refuses whoever may not see figures.

    Raises:
        Forbidden: he may not.
    """
    if viewer.role not in SEES_FIGURES:
        raise Forbidden()


class Reports:
    """Reports, the rows of their figures, and what was asked in vain."""

    def __init__(self, broker: Broker, demand: UnansweredDemand) -> None:
        self._broker = broker
        self._demand = demand

    @property
    def today(self) -> date:
        """The day it is in Riga."""
        return self._broker.clock.now().astimezone(RIGA).date()

    async def report(self, wanted: Wanted, by: str, *, compare: bool = True) -> Report:
        """All metrics of a period, by groups and along the time, with the period before.

        Raises:
            PieturaError: ``bad_period``, ``period_too_long``; ``bad_value`` for a grouping that there is not.
        """
        check(wanted)
        if by not in GROUPS:
            raise PieturaError("bad_value", field="by")
        now = self._broker.clock.now()
        along = "day" if (wanted.to_day - wanted.from_day).days < _BY_DAY else "month"
        # Beside each other where the database can.
        found, before = await asyncio.gather(
            self._aggregates(wanted, by, along, now),
            self._aggregates(wanted.before(), None, along, now) if compare else _nothing(),
        )
        return Report(now, wanted, by, along, found, before)

    async def _aggregates(self, wanted: Wanted, by: str | None, along: str, now: datetime) -> Aggregates:
        async with self._broker.db.read() as session:
            await self._quick(session)
            groups = {*([by] if by else []), along}
            found = await as_promised(session, self._broker, wanted, now, groups, numbered=False)
            return await repository.aggregates(session, found, METRICS, by, along)

    async def _quick(self, session: AsyncSession) -> None:
        """A report is one statement over much: compiling it to machine code takes longer than it saves."""
        if self._broker.db.dialect == "postgresql":
            await session.execute(text("SET LOCAL jit = off"))
            await session.execute(text("SET LOCAL work_mem = '64MB'"))

    async def rows(
        self, wanted: Wanted, metric_id: str, which: str, group: tuple[str, str] | None, page: int, size: int
    ) -> tuple[int, Sequence[Row[Any]]]:
        """The contacts behind a figure: how many, and a page of them. ``group``: grouping and value, "" where none is known.

        Raises:
            PieturaError: ``bad_value``, ``bad_period``, ``period_too_long``.
        """
        check(wanted)
        async with self._broker.db.read() as session:
            await self._quick(session)
            found = await as_promised(session, self._broker, wanted, self._broker.clock.now())
            condition, order = _condition(found, metric_id, which, group)
            total = await repository.count(session, found, condition)
            return total, await repository.rows(session, found, condition, order, (page - 1) * size, size)

    async def every_row(
        self, wanted: Wanted, metric_id: str, which: str, group: tuple[str, str] | None
    ) -> AsyncIterator[Row[Any]]:
        """All contacts behind a figure as they are now, for a file; raises as :meth:`rows` does."""
        check(wanted)
        async with self._broker.db.read() as session:
            await self._quick(session)
            found = await as_promised(session, self._broker, wanted, self._broker.clock.now())
            condition, order = _condition(found, metric_id, which, group)
            async for row in repository.every_row(session, found, condition, order, _PORTION):
                yield row

    async def demand(self, viewer: Viewer, from_day: date, to_day: date) -> tuple[int, Sequence[Demand]]:
        """What was asked and came to nothing: how many questions, and the largest groups of them.

        Raises:
            Forbidden: the viewer may not read what citizens ask.
            PieturaError: ``bad_period``, ``period_too_long``.
        """
        if viewer.role not in SEES_DEMAND:
            raise Forbidden()
        check(Wanted(from_day, to_day))
        return await self._demand.asked(midnight(from_day), midnight(to_day + timedelta(days=1)), _DEMAND)

    @property
    def demand_kept_days(self) -> int:
        """For how many days questions that came to nothing are kept."""
        return self._demand.kept_days

    async def centres(self) -> dict[str, str]:
        """Names of the centres."""
        async with self._broker.db.read() as session:
            return {one.id: one.name for one in await people.centres(session)}

    async def note_export(self, viewer: Viewer, what: str, wanted: Wanted) -> None:
        """Puts on record who took figures or rows away."""
        async with self._broker.db.unit() as unit:
            people.audit(
                unit.session,
                self._broker.clock.now(),
                viewer.id,
                "report_exported",
                what,
                period=f"{wanted.from_day.isoformat()}/{wanted.to_day.isoformat()}",
            )


def check(wanted: Wanted) -> None:
    """Refuses a period that makes no sense.

    Raises:
        PieturaError: ``bad_period``, ``period_too_long``.
    """
    if wanted.from_day > wanted.to_day:
        raise PieturaError("bad_period")
    if wanted.to_day - wanted.from_day >= LONGEST:
        raise PieturaError("period_too_long", days=LONGEST.days)


async def as_promised(
    session: AsyncSession,
    broker: Broker,
    wanted: Wanted,
    now: datetime,
    groups: Collection[str] = tuple(GROUPS),
    *,
    numbered: bool = True,
) -> CTE:
    """The contacts (:func:`handoff.reports.contacts.contacts`), judged by the hours and the target of their days: what is set
    later changes nothing that was."""
    yesterday = now.astimezone(RIGA).date() - timedelta(days=1)
    calendar = await presence.as_it_was(session, broker.calendar(), wanted.from_day, yesterday)
    promised = partial(broker.targets.promised, "chat_begun")
    return contacts(broker.db.dialect, wanted, calendar, promised, now, groups, numbered=numbered)


def _condition(
    found: CTE, metric_id: str, which: str, group: tuple[str, str] | None
) -> tuple[ColumnElement[bool], list[ColumnElement[Any]]]:
    metric = METRICS.get(metric_id)
    if metric is None:
        raise PieturaError("bad_value", field="metric")
    if which not in WHICH:
        raise PieturaError("bad_value", field="which")
    condition = metric.rows(found, which)
    if group is not None:
        by, value = group
        if by not in GROUPS:
            raise PieturaError("bad_value", field="by")
        condition = and_(condition, func.coalesce(found.c[GROUPS[by]], "") == value)
    # Of times the longest first: that is what somebody who asks wants to see.
    order: list[ColumnElement[Any]] = (
        [metric.value(found).desc()] if metric.unit == "seconds" and metric.value is not None else []
    )
    return condition, order


async def _nothing() -> Aggregates:
    return Aggregates(dict.fromkeys(METRICS, (None, 0)), {}, {}, {})
