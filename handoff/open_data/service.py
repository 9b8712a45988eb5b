"""Makes the tables: whole months only, small numbers left out, computed at most once an hour."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from handoff.broker import Broker
from handoff.cases.models import Case
from handoff.open_data.datasets import DATASETS, SUMMARY, Dataset
from handoff.open_data.suppression import LEAST, Cell, left_out, tree, unnamed
from handoff.reports import repository
from handoff.reports.contacts import GROUPS, Wanted
from handoff.reports.metrics import METRICS, Metric
from handoff.reports.ports import Names
from handoff.reports.service import as_promised
from kit.clock import RIGA

Row = dict[str, Any]
#: How far back tables go.
_YEARS: Final = 5
#: Seconds that tables are kept: a month that has ended hardly changes any more.
_KEPT_S: Final = 3600.0
_NOT_KNOWN: Final = ""
#: Stands for what is not named, in place of an id.
TOGETHER: Final = "*"
_ID: Final = {"institution": "institution_id", "service": "service_id", "municipality": "municipality_id"}


class OpenData:
    """The tables of :data:`DATASETS`."""

    def __init__(self, broker: Broker, names: Names) -> None:
        self._broker = broker
        self._names = names
        self._lock = asyncio.Lock()
        self._made: dict[str, list[Row]] = {}
        self._made_at = 0.0
        self._until: date | None = None

    async def rows(self, dataset: Dataset) -> Sequence[Row]:
        """A table, the latest month first."""
        async with self._lock:
            until = _last_whole_month(self._broker.clock.now().astimezone(RIGA).date())
            if until != self._until or time.monotonic() - self._made_at > _KEPT_S:
                self._made = await self._make(until)
                self._until, self._made_at = until, time.monotonic()
            return self._made[dataset.id]

    async def _make(self, until: date) -> dict[str, list[Row]]:
        async with self._broker.db.read() as session:
            first = await session.scalar(select(func.min(Case.opened_at)))
        made: dict[str, list[Row]] = {name: [] for name in DATASETS}
        if first is None:
            return made
        begins = max(first.astimezone(RIGA).date().replace(day=1), date(until.year - _YEARS, until.month, 1))
        year_ends = until
        while year_ends >= begins:
            # A year at a time: what is asked at once stays small.
            from_day = max(begins, date(year_ends.year, 1, 1))
            await self._add_year(made, Wanted(from_day, year_ends))
            year_ends = from_day - timedelta(days=1)
        return made

    async def _add_year(self, made: dict[str, list[Row]], wanted: Wanted) -> None:
        broker = self._broker
        levels = {one.levels for one in DATASETS.values() if one.levels}
        # Asked once for all tables: what a contact is made of costs most.
        names = sorted({name for path in levels for name in path})
        counted: dict[tuple[str, ...], dict[str, dict[tuple[str, ...], int]]] = {
            path: defaultdict(lambda: defaultdict(int)) for path in levels
        }
        async with broker.db.read() as session:
            found = await as_promised(session, broker, wanted, broker.clock.now(), ("month",), numbered=False)
            columns = [func.coalesce(found.c[GROUPS[one]], _NOT_KNOWN) for one in names]
            told = await repository.aggregates(session, found, METRICS, "month", "month")
            rows = await session.execute(
                select(found.c.month, *columns, func.count()).group_by(found.c.month, *columns)
            )
            for month, *keys, count in rows.tuples():
                place = dict(zip(names, keys, strict=True))
                for path in levels:
                    counted[path][month][tuple(place[one] for one in path)] += count
        for month in sorted((one for one in told.groups if one is not None), reverse=True):
            self._add_month(made, month, told.groups[month], {path: counted[path][month] for path in levels})

    def _add_month(
        self,
        made: dict[str, list[Row]],
        month: str,
        figures: repository.Figures,
        leaves: Mapping[tuple[str, ...], Mapping[tuple[str, ...], int]],
    ) -> None:
        trees = {
            path: tree((month,), {_paths(one): count for one, count in own.items()}) for path, own in leaves.items()
        }
        hidden = {path: left_out(top) for path, top in trees.items()}
        # All tables have the same total: if one may not tell it, none may.
        silent = any(id(top) in hidden[path] for path, top in trees.items())
        made["summary"].append({"month": month, **_summary(figures, silent)})
        for dataset in DATASETS.values():
            if not dataset.levels or silent:
                continue
            rows = list(self._rows(dataset, month, trees[dataset.levels], hidden[dataset.levels]))
            made[dataset.id] += sorted(rows, key=lambda row: [str(value) for value in row.values()])

    def _rows(self, dataset: Dataset, month: str, top: Cell[tuple[str, ...]], hidden: set[int]) -> Iterator[Row]:
        """A month's rows. What is not named stands together, so that the rows still add up to the total."""
        named = [one for one in top.parts if id(one) not in hidden]
        rest = [one for one in top.parts if id(one) in hidden]
        if dataset.depth == 1:
            for cell in named:
                yield self._row(dataset, month, cell.key, cell.value)
            if rest:
                yield self._row(dataset, month, (TOGETHER,), sum(one.value for one in rest), together=True)
            return
        for owner in top.parts:
            unnamed_parts = [one for one in owner.parts if id(one) in hidden]
            for cell in owner.parts:
                if id(cell) not in hidden:
                    yield self._row(dataset, month, cell.key, cell.value)
            if unnamed_parts and owner in named:
                together = sum(one.value for one in unnamed_parts)
                yield self._row(dataset, month, (*owner.key, TOGETHER), together, together=True)
        if rest:
            over = sum(unnamed(one, hidden) for one in rest)
            yield self._row(dataset, month, (TOGETHER, TOGETHER), over, together=True)

    def _row(self, dataset: Dataset, month: str, key: tuple[str, ...], count: int, *, together: bool = False) -> Row:
        row: Row = {"month": month}
        for name, value in zip(dataset.levels[: dataset.depth], key, strict=True):
            if name not in _ID:
                row[name] = value
                continue
            tell = {
                "institution": self._names.institution,
                "service": self._names.service,
                "municipality": self._names.municipality,
            }[name]
            row |= {_ID[name]: value, name: tell(value, "lv") if value not in ("", TOGETHER) else ""}
        return row | {"contacts": count, "together": together}


def _paths(keys: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """From the first level down; a service of two owners is two cells."""
    return tuple(keys[: number + 1] for number in range(len(keys)))


def _summary(figures: repository.Figures, silent: bool) -> Row:
    row: Row = {"contacts": None if silent else figures["contacts"][1]}
    for metric_id, column in SUMMARY.items():
        part, whole = figures[metric_id]
        row[column] = None if silent else _told(METRICS[metric_id], part, whole)
    return row


def _told(metric: Metric, part: int | None, whole: int) -> float | int | None:
    """A figure of a whole month, if enough people stand behind it and behind what it leaves out."""
    if whole < LEAST or part is None:
        return None
    if metric.how == "share":
        few = any(0 < one < LEAST for one in (part, whole - part))
        return None if few else int(1000 * part // whole) / 10
    if metric.how == "mean":
        return int(100 * part // whole) / 100
    return part // 1_000_000


def _last_whole_month(today: date) -> date:
    return today.replace(day=1) - timedelta(days=1)
