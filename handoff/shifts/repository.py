"""All SQL on shifts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.shifts.models import Shift
from handoff.staff.models import Centre, Staff


async def between(session: AsyncSession, first: date, last: date, centre_id: str | None = None) -> Sequence[Shift]:
    """Shifts of the days from ``first`` to ``last``, the earliest first."""
    wanted = select(Shift).where(Shift.day >= first, Shift.day <= last)
    if centre_id is not None:
        wanted = wanted.where(Shift.centre_id == centre_id)
    return (await session.scalars(wanted.order_by(Shift.day, Shift.begins, Shift.id))).all()


async def get(session: AsyncSession, shift_id: str) -> Shift | None:
    """The shift as it is stored now."""
    return await session.get(Shift, shift_id, populate_existing=True)


async def of_person(session: AsyncSession, staff_id: str, day: date) -> Sequence[Shift]:
    """A person's shifts of a day; he is held until the transaction ends, so that two do not plan him twice."""
    await session.scalar(select(Staff.id).where(Staff.id == staff_id).with_for_update(key_share=True))
    wanted = select(Shift).where(Shift.staff_id == staff_id, Shift.day == day)
    return (await session.scalars(wanted.execution_options(populate_existing=True))).all()


async def hold(session: AsyncSession) -> None:
    """Whoever plans many shifts is alone in it until the transaction ends: centres first, then people, each in one order."""
    await session.execute(select(Centre.id).order_by(Centre.id).with_for_update(key_share=True))
    people = select(Staff.id).where(Staff.role == "operator").order_by(Staff.id)
    await session.execute(people.with_for_update(key_share=True))


async def operators(session: AsyncSession) -> Sequence[Staff]:
    """Who can be planned: operators of a centre, by name."""
    wanted = select(Staff).where(Staff.role == "operator", Staff.disabled.is_(False), Staff.centre_id.is_not(None))
    return (await session.scalars(wanted.order_by(Staff.name))).all()
