"""All SQL on call-backs and visits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.callbacks.models import Callback
from handoff.staff.schemas import Viewer
from kit.db import set_if_version
from kit.vault import Vault, VaultError

#: Not ended yet.
UNDER_WAY: Final = ("open", "taken")
#: So many of those that ended are shown.
_ENDED_SHOWN: Final = 100


def scope(viewer: Viewer) -> ColumnElement[bool]:
    """What a person may see: supervisors everything; operators what is under way and what they themselves ended."""
    if viewer.supervises:
        return true()
    return or_(Callback.state.in_(UNDER_WAY), Callback.taken_by == viewer.id)


async def under_way(session: AsyncSession, viewer: Viewer) -> Sequence[Callback]:
    """Those not ended, the most overdue first."""
    statement = select(Callback).where(Callback.state.in_(UNDER_WAY), scope(viewer))
    return (await session.scalars(statement.order_by(Callback.due_at, Callback.id))).all()


async def ended(session: AsyncSession, viewer: Viewer) -> Sequence[Callback]:
    """Those ended last, newest first."""
    statement = select(Callback).where(Callback.state == "done", scope(viewer))
    return (await session.scalars(statement.order_by(Callback.closed_at.desc()).limit(_ENDED_SHOWN))).all()


async def of_conversation(session: AsyncSession, conversation_id: str) -> Sequence[Callback]:
    """Those of a conversation, newest first."""
    statement = select(Callback).where(Callback.conversation_id == conversation_id)
    return (await session.scalars(statement.order_by(Callback.created_at.desc()))).all()


async def one(session: AsyncSession, viewer: Viewer, callback_id: str) -> Callback | None:
    """One that the viewer may see."""
    found: Callback | None = await session.scalar(select(Callback).where(Callback.id == callback_id, scope(viewer)))
    return found


async def left_by_citizen(session: AsyncSession, conversation_id: str) -> Callback | None:
    """The call that the citizen himself asked for in this conversation and that nobody has taken yet, as it is now."""
    found: Callback | None = await session.scalar(
        select(Callback)
        .where(Callback.conversation_id == conversation_id, Callback.created_by.is_(None), Callback.state == "open")
        .execution_options(populate_existing=True)
    )
    return found


async def counts(session: AsyncSession, now: datetime) -> tuple[int, int]:
    """(under way, of these overdue)."""
    late = func.count().filter(and_(Callback.due_at < now))
    row = (await session.execute(select(func.count(), late).where(Callback.state.in_(UNDER_WAY)))).one()
    return int(row[0]), int(row[1])


async def change(session: AsyncSession, callback_id: str, version: int, values: dict[str, Any]) -> bool:
    """Changes one if it is still at ``version``; whether it was."""
    return await set_if_version(session, Callback, callback_id, version, values, Callback.state.in_(UNDER_WAY))


async def renew_phones(session: AsyncSession, vault: Vault) -> tuple[int, int]:
    """Seals every telephone number with the first key, so that old keys can be dropped: (renewed, not to be opened)."""
    renewed = sealed = 0
    for row in await session.scalars(select(Callback)):
        try:
            fresh = vault.renewed(row.sealed_phone)
        except VaultError:
            sealed += 1
            continue
        if fresh is not None:
            row.sealed_phone = fresh
            renewed += 1
    return renewed, sealed
