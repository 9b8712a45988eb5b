"""All SQL on agreements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.settlement.models import SettlementPeriod
from handoff.staff.models import Centre
from handoff.staffing.models import Agreement


async def everything(session: AsyncSession) -> Sequence[Agreement]:
    """All agreements, by centre, the latest first."""
    ordered = select(Agreement).order_by(Agreement.centre_id, Agreement.valid_from.desc(), Agreement.written_at.desc())
    return (await session.scalars(ordered)).all()


async def get(session: AsyncSession, agreement_id: str) -> Agreement | None:
    """The agreement as it is stored now."""
    return await session.get(Agreement, agreement_id, populate_existing=True)


async def in_force(session: AsyncSession, first: date, last: date) -> Sequence[Agreement]:
    """Approved agreements that hold on a day from ``first`` to ``last``, by centre and beginning."""
    wanted = select(Agreement).where(
        Agreement.state == "approved",
        Agreement.valid_from <= last,
        or_(Agreement.valid_to.is_(None), Agreement.valid_to >= first),
    )
    return (await session.scalars(wanted.order_by(Agreement.centre_id, Agreement.valid_from))).all()


async def last_closing(session: AsyncSession) -> date | None:
    """The last month that is closed or being closed, by its first day."""
    found: date | None = await session.scalar(select(func.max(SettlementPeriod.month)))
    return found


async def approved_of(session: AsyncSession, centre_id: str) -> Sequence[Agreement]:
    """Approved agreements with a centre, the earliest first; the centre is held, so that no two are approved at once."""
    await session.get(Centre, centre_id, with_for_update=True)
    wanted = select(Agreement).where(Agreement.centre_id == centre_id, Agreement.state == "approved")
    return (
        await session.scalars(wanted.order_by(Agreement.valid_from).execution_options(populate_existing=True))
    ).all()
