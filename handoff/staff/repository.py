"""All SQL on staff, institutions, centres, sessions and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.staff.models import Audit, Centre, Institution, Staff, StaffSession


async def active(session: AsyncSession, staff_id: str) -> Staff | None:
    """The account, unless it is disabled."""
    found = await session.get(Staff, staff_id)
    return found if found is not None and not found.disabled else None


async def by_email(session: AsyncSession, email: str) -> Staff | None:
    """The account that signs in with ``email`` (lower case)."""
    found: Staff | None = await session.scalar(select(Staff).where(Staff.email == email))
    return found


async def everybody(session: AsyncSession) -> Sequence[Staff]:
    """All accounts that are not disabled, by name."""
    return (await session.scalars(select(Staff).where(Staff.disabled.is_(False)).order_by(Staff.name))).all()


async def institution(session: AsyncSession, institution_id: str) -> Institution | None:
    """The institution, if known."""
    return await session.get(Institution, institution_id)


async def institutions(session: AsyncSession) -> Sequence[Institution]:
    """All institutions, by name."""
    return (await session.scalars(select(Institution).order_by(Institution.name_lv))).all()


async def with_specialists(session: AsyncSession) -> Sequence[Institution]:
    """Institutions that have a specialist to bring in."""
    having = select(Staff.institution_id).where(Staff.role == "specialist", Staff.disabled.is_(False))
    return (
        await session.scalars(select(Institution).where(Institution.id.in_(having)).order_by(Institution.name_lv))
    ).all()


async def centre(session: AsyncSession, centre_id: str) -> Centre | None:
    """The centre, if known."""
    return await session.get(Centre, centre_id)


async def session_of(session: AsyncSession, digest: str, now: datetime) -> tuple[StaffSession, Staff] | None:
    """The live session with this digest and its account."""
    row = (
        await session.execute(
            select(StaffSession, Staff)
            .join(Staff, Staff.id == StaffSession.staff_id)
            .where(StaffSession.digest == digest, StaffSession.expires_at > now, Staff.disabled.is_(False))
        )
    ).first()
    return (row[0], row[1]) if row else None


async def end_session(session: AsyncSession, digest: str) -> None:
    """Forgets a session."""
    await session.execute(delete(StaffSession).where(StaffSession.digest == digest))


async def drop_expired(session: AsyncSession, now: datetime) -> None:
    """Forgets sessions that have run out."""
    await session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))


async def seen(session: AsyncSession, staff_id: str, at: datetime) -> None:
    """Notes when a console of this person was last there."""
    await session.execute(update(Staff).where(Staff.id == staff_id).values(seen_at=at))


def audit(
    session: AsyncSession, at: datetime, staff_id: str | None, action: str, object_id: str | None, **detail: Any
) -> None:
    """Adds a line to the trail of who did or read what."""
    session.add(Audit(at=at, staff_id=staff_id, action=action, object_id=object_id, detail=detail))


async def centres(session: AsyncSession) -> Sequence[Centre]:
    """All centres."""
    return (await session.scalars(select(Centre))).all()
