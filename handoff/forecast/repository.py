"""All SQL on forecasts, and on the history that they are made from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from handoff.cases.models import Case, CaseEntry
from handoff.forecast.models import Forecast, ForecastSetting

#: So many of the latest contacts tell how long one takes.
_HANDLED = 2000


async def first_case(session: AsyncSession) -> datetime | None:
    """When the first case began."""
    found: datetime | None = await session.scalar(select(Case.opened_at).order_by(Case.opened_at).limit(1))
    return found


async def contacts_by_hour(
    session: AsyncSession, begins: datetime, ends: datetime, dialect: str
) -> dict[datetime, int]:
    """How many cases came to people, by the hour (UTC) in which their wait began. Entries in force only."""
    if dialect == "sqlite":
        hour = func.strftime("%Y-%m-%dT%H", CaseEntry.queued_at)
    else:
        hour = func.to_char(func.timezone("UTC", CaseEntry.queued_at), 'YYYY-MM-DD"T"HH24')
    reversal = aliased(CaseEntry)
    rows = await session.execute(
        select(hour, func.count())
        .outerjoin(reversal, reversal.reverses_id == CaseEntry.id)
        .where(
            CaseEntry.sign == 1,
            reversal.id.is_(None),
            CaseEntry.queued_at >= begins,
            CaseEntry.queued_at < ends,
        )
        .group_by(hour)
    )
    return {datetime.fromisoformat(f"{text}:00").replace(tzinfo=UTC): int(count) for text, count in rows.tuples()}


async def handled(session: AsyncSession, since: datetime) -> list[tuple[datetime, datetime]]:
    """From when until when a person served, of the latest contacts since ``since``."""
    reversal = aliased(CaseEntry)
    rows = await session.execute(
        select(CaseEntry.taken_at, CaseEntry.closed_at)
        .outerjoin(reversal, reversal.reverses_id == CaseEntry.id)
        .where(
            CaseEntry.sign == 1,
            reversal.id.is_(None),
            CaseEntry.taken_at.is_not(None),
            CaseEntry.opened_at >= since,
        )
        .order_by(CaseEntry.opened_at.desc())
        .limit(_HANDLED)
    )
    return [(taken, closed) for taken, closed in rows.tuples() if taken is not None]


async def latest(session: AsyncSession, *states: str) -> Forecast | None:
    """The computation begun last, of those in one of ``states``."""
    found: Forecast | None = await session.scalar(
        select(Forecast)
        .where(Forecast.state.in_(states))
        .order_by(Forecast.began_at.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return found


async def setting(session: AsyncSession, *, held: bool = False) -> ForecastSetting:
    """What need is computed with; ``held``: until the transaction ends."""
    return await session.get_one(ForecastSetting, 1, populate_existing=True, with_for_update=held or None)


async def older_than(session: AsyncSession, kept: int) -> Sequence[Forecast]:
    """Computations beyond the latest ``kept``."""
    return (await session.scalars(select(Forecast).order_by(Forecast.began_at.desc()).offset(kept))).all()
