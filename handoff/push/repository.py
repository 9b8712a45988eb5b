"""All SQL on browser push."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.notes.models import NoteMention
from handoff.push.models import PushCursor, PushSubscription
from handoff.staff.models import Staff, StaffSession

_ONLY = 1


async def of(session: AsyncSession, staff_id: str) -> Sequence[PushSubscription]:
    """A person's browsers, the oldest first."""
    statement = select(PushSubscription).where(PushSubscription.staff_id == staff_id)
    return (await session.scalars(statement.order_by(PushSubscription.created_at, PushSubscription.id))).all()


async def by_digest(session: AsyncSession, digest: str) -> PushSubscription | None:
    """The browser with this address."""
    found: PushSubscription | None = await session.scalar(
        select(PushSubscription).where(PushSubscription.digest == digest)
    )
    return found


async def drop(session: AsyncSession, subscription_id: str) -> None:
    """Forgets a browser."""
    await session.execute(delete(PushSubscription).where(PushSubscription.id == subscription_id))


async def note(session: AsyncSession, subscription_id: str, **values: Any) -> None:
    """Notes what became of the last notice."""
    await session.execute(update(PushSubscription).where(PushSubscription.id == subscription_id).values(**values))


async def reachable(
    session: AsyncSession, now: datetime, focused_since: datetime
) -> Sequence[tuple[Staff, PushSubscription]]:
    """Browsers in which a session goes on, of people who are available and have no console before their eyes."""
    statement = (
        select(Staff, PushSubscription)
        .join(PushSubscription, PushSubscription.staff_id == Staff.id)
        .join(StaffSession, StaffSession.digest == PushSubscription.session_digest)
        .where(
            StaffSession.staff_id == Staff.id,
            StaffSession.expires_at > now,
            Staff.disabled.is_(False),
            Staff.initial_until.is_(None),
            Staff.availability == "available",
            Staff.focused_at.is_(None) | (Staff.focused_at < focused_since),
        )
    )
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]


async def called(session: AsyncSession, note_ids: Collection[str]) -> dict[str, set[str]]:
    """Whom each of these notes calls who has not seen it yet."""
    found: dict[str, set[str]] = {}
    if not note_ids:
        return found
    unseen = NoteMention.note_id.in_(note_ids), NoteMention.seen_at.is_(None)
    for note_id, staff_id in (
        await session.execute(select(NoteMention.note_id, NoteMention.staff_id).where(*unseen))
    ).tuples():
        found.setdefault(note_id, set()).add(staff_id)
    return found


async def cursor(session: AsyncSession) -> int | None:
    """How far the log has been told; None at the very beginning."""
    found: int | None = await session.scalar(select(PushCursor.seq).where(PushCursor.id == _ONLY))
    return found


def begin(session: AsyncSession, seq: int) -> None:
    """Begins after ``seq``."""
    session.add(PushCursor(id=_ONLY, seq=seq))


async def move(session: AsyncSession, before: int, seq: int) -> bool:
    """Moves the cursor on if nobody else has; whether it was moved."""
    statement = update(PushCursor).where(PushCursor.id == _ONLY, PushCursor.seq == before).values(seq=seq)
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)


async def everything(session: AsyncSession) -> Sequence[PushSubscription]:
    """All browsers."""
    return (await session.scalars(select(PushSubscription))).all()
