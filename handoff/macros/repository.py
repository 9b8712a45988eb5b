"""All SQL on macros and their runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from sqlalchemy import CursorResult, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.macros.models import Macro, MacroRun
from kit.db import set_if_version
from kit.textual import mark_of

#: Fields of steps that hold what somebody wrote.
_TEXTS: Final = frozenset({"text", "note", "comment"})


async def of(session: AsyncSession, staff_id: str) -> Sequence[Macro]:
    """Those for everybody and this person's own, by title."""
    wanted = or_(Macro.owner_id.is_(None), Macro.owner_id == staff_id)
    return (await session.scalars(select(Macro).where(wanted).order_by(func.lower(Macro.title), Macro.id))).all()


async def one(session: AsyncSession, macro_id: str, staff_id: str) -> Macro | None:
    """A macro, if it is for everybody or this person's own."""
    row = await session.get(Macro, macro_id)
    return row if row is not None and row.owner_id in (None, staff_id) else None


async def change(session: AsyncSession, macro_id: str, version: int, values: dict[str, Any]) -> bool:
    """Changes a macro if it is still at ``version``; whether it was."""
    return await set_if_version(session, Macro, macro_id, version, values)


async def drop(session: AsyncSession, macro_id: str, version: int) -> bool:
    """Deletes a macro if it is still at ``version``; whether it was."""
    statement = delete(Macro).where(Macro.id == macro_id, Macro.version == version)
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)


async def run(session: AsyncSession, run_id: str) -> MacroRun | None:
    """A run."""
    return await session.get(MacroRun, run_id)


async def note_run(session: AsyncSession, run_id: str, values: dict[str, Any]) -> None:
    """Writes down how far a run has come."""
    await session.execute(update(MacroRun).where(MacroRun.id == run_id).values(**values))


def audit_view(row: Macro) -> dict[str, Any]:
    """What the audit trail keeps of a macro: which, in which version, its steps, and of their texts only the marks."""
    steps = [
        {key: mark_of(value) if key in _TEXTS and value else value for key, value in step.items()} for step in row.steps
    ]
    return {"title": row.title, "steps": steps, "personal": row.owner_id is not None, "version": row.version}
