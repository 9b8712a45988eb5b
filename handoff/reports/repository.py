"""Reading reports: aggregates of contacts, and the contacts behind each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Row, Select, String, cast, func, literal, null, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.reports.contacts import GROUPS
from handoff.reports.metrics import Metric, columns_of

#: A metric's two numbers, by its id.
Figures = Mapping[str, tuple[int | None, int]]


@dataclass(frozen=True)
class Aggregates:
    """Of one period: all in one, by group and along the time; keys of groups are None where it is not known."""

    total: Figures
    groups: Mapping[str | None, Figures]
    trend: Mapping[str | None, Figures]
    reasons: Mapping[str | None, int]


async def aggregates(
    session: AsyncSession, contacts: CTE, metrics: Mapping[str, Metric], by: str | None, along: str
) -> Aggregates:
    """All figures in one statement: the contacts are gathered once. ``by``: none groups nothing.

    What adds up is asked once, by both groupings, and added up here; ranks do not add up and are asked for each.
    """
    adding = {name: one for name, one in metrics.items() if one.adds_up}
    ranks = {name: one for name, one in metrics.items() if not one.adds_up}
    sums, ranked = columns_of(contacts, adding), columns_of(contacts, ranks)
    nothing = [null() for _ in (*sums, *ranked)]
    step = contacts.c[GROUPS[along]]
    group = contacts.c[GROUPS[by]] if by is not None else None

    def part(kind: str, keys: tuple[ColumnElement[Any] | None, ...], *columns: Any) -> Any:
        named = [
            cast(null() if one is None else one, String).label(name)
            for one, name in zip(keys, ("group", "step"), strict=True)
        ]
        query = select(literal(kind).label("kind"), *named, *columns).select_from(contacts)
        known = [one for one in keys if one is not None]
        return query.group_by(*known) if known else query

    without_sums, without_ranks = nothing[: len(sums)], nothing[len(sums) :]
    # Sorting costs most: only what has a rank at all.
    has_rank = or_(*(one.part(contacts) for one in ranks.values()))
    asked = [
        part("sums", (group, step), *sums, *without_ranks),
        part("total", (None, None), *without_sums, *ranked).where(has_rank),
        part("trend", (None, step), *without_sums, *ranked).where(has_rank),
    ]
    if group is not None:
        reason = contacts.c.reason
        asked.append(part("group", (group, None), *without_sums, *ranked).where(has_rank))
        counted = part("reason", (reason, None), func.count().label("counted"), *nothing[1:])
        asked.append(counted.where(contacts.c.queued))
    total = _Sums(metrics)
    groups: dict[str | None, _Sums] = defaultdict(lambda: _Sums(metrics))
    trend: dict[str | None, _Sums] = defaultdict(lambda: _Sums(metrics))
    reasons: dict[str | None, int] = {}
    for kind, group_key, step_key, *values in (await session.execute(union_all(*asked))).all():
        match kind:
            case "sums":
                for one in (total, trend[step_key], *([groups[group_key]] if group is not None else [])):
                    one.add(adding, values)
            case "reason":
                reasons[group_key] = values[0]
            case _:
                one = total if kind == "total" else trend[step_key] if kind == "trend" else groups[group_key]
                one.put(ranks, values[len(sums) :])
    return Aggregates(
        total.figures,
        {key: one.figures for key, one in groups.items()},
        {key: one.figures for key, one in trend.items()},
        reasons,
    )


class _Sums:
    """The figures of a group, added up."""

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self.figures: dict[str, tuple[int | None, int]] = {
            name: (0 if one.adds_up else None, 0) for name, one in metrics.items()
        }

    def add(self, metrics: Mapping[str, Metric], values: Sequence[Any]) -> None:
        """More of what adds up."""
        for at, name in enumerate(metrics):
            part, whole = self.figures[name]
            self.figures[name] = (int(part or 0) + int(values[2 * at] or 0), whole + int(values[2 * at + 1] or 0))

    def put(self, metrics: Mapping[str, Metric], values: Sequence[Any]) -> None:
        """What does not."""
        for at, name in enumerate(metrics):
            self.figures[name] = (values[2 * at], values[2 * at + 1] or 0)


#: What a row tells of its contact.
_SHOWN: Final = (
    "no",
    "id",
    "opened_at",
    "closed_at",
    "channel",
    "lang",
    "service_id",
    "institution_id",
    "municipality_id",
    "centre_id",
    "level",
    "outcome",
    "reason",
    "rating",
    "queued",
    "taken",
    "wait_us",
    "handle_us",
    "typed",
    "not_understood",
)


async def count(session: AsyncSession, contacts: CTE, condition: ColumnElement[bool]) -> int:
    """How many contacts meet a condition."""
    return await session.scalar(select(func.count()).select_from(contacts).where(condition)) or 0


async def rows(
    session: AsyncSession,
    contacts: CTE,
    condition: ColumnElement[bool],
    order: Sequence[ColumnElement[Any]],
    offset: int,
    limit: int,
) -> Sequence[Row[Any]]:
    """A page of the contacts that meet a condition."""
    asked = await session.execute(_shown(contacts, condition, order).offset(offset).limit(limit))
    found: Sequence[Row[Any]] = asked.all()
    return found


async def every_row(
    session: AsyncSession,
    contacts: CTE,
    condition: ColumnElement[bool],
    order: Sequence[ColumnElement[Any]],
    portion: int,
) -> AsyncIterator[Row[Any]]:
    """All of them, by one statement: what begins or ends meanwhile neither doubles a row nor takes one away. So many rows are
    in memory at a time as ``portion`` says."""
    found = await session.stream(_shown(contacts, condition, order), execution_options={"yield_per": portion})
    async for row in found:
        yield row


def _shown(
    contacts: CTE, condition: ColumnElement[bool], order: Sequence[ColumnElement[Any]]
) -> Select[tuple[Any, ...]]:
    return (
        select(*(contacts.c[name] for name in _SHOWN))
        .where(condition)
        .order_by(*order, contacts.c.opened_at.desc(), contacts.c.no.desc())
    )
