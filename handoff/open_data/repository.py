"""All SQL on the switch."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.open_data.models import OpenDataSwitch

_ROW = 1


async def switch(session: AsyncSession) -> OpenDataSwitch | None:
    """What was decided; None while nobody has."""
    return await session.get(OpenDataSwitch, _ROW, populate_existing=True)


def first(**values: object) -> OpenDataSwitch:
    """The first decision."""
    return OpenDataSwitch(id=_ROW, version=1, **values)
