"""All SQL on staff, institutions, centres, sessions and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, func, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.staff.models import Audit, Centre, Institution, Staff, StaffSession

#: The action in the trail that tells that a past was made up for the demo.
MADE_UP: Final = "demo_history_made"


async def active(session: AsyncSession, staff_id: str) -> Staff | None:
    """The account, unless it is disabled."""
    found = await session.get(Staff, staff_id)
    return found if found is not None and not found.disabled else None


async def locked(session: AsyncSession, staff_id: str) -> Staff | None:
    """The account as it stands now, disabled or not, held until the transaction ends."""
    found: Staff | None = await session.scalar(
        select(Staff)
        .where(Staff.id == staff_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return found


async def lock_admins(session: AsyncSession) -> Sequence[Staff]:
    """Administrators who can sign in, held until the transaction ends: two who disable each other must not both succeed."""
    return (
        await session.scalars(
            select(Staff)
            .where(Staff.role == "admin", Staff.disabled.is_(False))
            .order_by(Staff.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    ).all()


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


async def end_sessions(session: AsyncSession, staff_id: str, but: str | None = None) -> None:
    """Forgets every session of a person, but the one with the digest ``but``."""
    what = delete(StaffSession).where(StaffSession.staff_id == staff_id)
    await session.execute(what if but is None else what.where(StaffSession.digest != but))


async def drop_expired(session: AsyncSession, now: datetime) -> None:
    """Forgets sessions that have run out."""
    await session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))


async def seen(session: AsyncSession, staff_id: str, at: datetime) -> None:
    """Notes when a console of this person was last there."""
    await session.execute(update(Staff).where(Staff.id == staff_id).values(seen_at=at))


async def focused(session: AsyncSession, staff_id: str, at: datetime | None) -> None:
    """Notes when a console of this person last had the focus; None: none has it."""
    await session.execute(update(Staff).where(Staff.id == staff_id).values(focused_at=at))


def audit(
    session: AsyncSession, at: datetime, staff_id: str | None, action: str, object_id: str | None, **detail: Any
) -> None:
    """Adds a line to the trail of who did or read what."""
    session.add(Audit(at=at, staff_id=staff_id, action=action, object_id=object_id, detail=detail))


async def writers(session: AsyncSession, object_ids: Sequence[str], acts: Sequence[str]) -> dict[str, set[str]]:
    """Everybody who has done one of ``acts`` to each of some things, by the trail: who approves must be none of them."""
    found: dict[str, set[str]] = {one: set() for one in object_ids}
    rows = await session.execute(
        select(Audit.object_id, Audit.staff_id)
        .where(Audit.object_id.in_(object_ids), Audit.action.in_(acts), Audit.staff_id.is_not(None))
        .distinct()
    )
    for object_id, who in rows.tuples():
        if object_id is not None and who is not None:
            found[object_id].add(who)
    return found


async def made_up(session: AsyncSession) -> bool:
    """Whether a past was made up here, so that figures must not be taken for real ones."""
    return await session.scalar(select(Audit.id).where(Audit.action == MADE_UP).limit(1)) is not None


async def centres(session: AsyncSession) -> Sequence[Centre]:
    """All centres."""
    return (await session.scalars(select(Centre))).all()


@dataclass(frozen=True)
class AccountFilter:
    """Which accounts; None: all."""

    text: str | None = None
    role: str | None = None
    disabled: bool | None = None


def _chosen(wanted: AccountFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if wanted.role:
        conditions.append(Staff.role == wanted.role)
    if wanted.disabled is not None:
        conditions.append(Staff.disabled.is_(wanted.disabled))
    return and_(*conditions)


async def accounts(session: AsyncSession, wanted: AccountFilter) -> list[Staff]:
    """The accounts, by name. The text is compared here: SQLite knows no small Latvian letters."""
    found = (await session.scalars(select(Staff).where(_chosen(wanted)).order_by(Staff.name, Staff.id))).all()
    words = (wanted.text or "").casefold().split()
    return [one for one in found if all(word in f"{one.name} {one.email}".casefold() for word in words)]


async def session_numbers(session: AsyncSession, staff_id: str, now: datetime) -> int:
    """In how many browsers a person is signed in."""
    found = await session.scalar(
        select(func.count())
        .select_from(StaffSession)
        .where(StaffSession.staff_id == staff_id, StaffSession.expires_at > now)
    )
    return int(found or 0)


async def names(session: AsyncSession) -> dict[str, str]:
    """Everybody's name by id, the disabled too."""
    rows = await session.execute(select(Staff.id, Staff.name))
    return dict(rows.tuples().all())


@dataclass(frozen=True)
class TrailFilter:
    """Which lines of the trail; None: all. Instants: from the first on, before the second."""

    person: str | None = None
    action: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    #: No line that was written after this one: reading is on record itself, and would shift the pages.
    up_to: int | None = None


def _lines(wanted: TrailFilter) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if wanted.person:
        conditions.append(Audit.staff_id.is_(None) if wanted.person == "-" else Audit.staff_id == wanted.person)
    if wanted.action:
        conditions.append(Audit.action == wanted.action)
    if wanted.object_id:
        conditions.append(Audit.object_id == wanted.object_id)
    if wanted.since is not None:
        conditions.append(Audit.at >= wanted.since)
    if wanted.before is not None:
        conditions.append(Audit.at < wanted.before)
    if wanted.up_to is not None:
        conditions.append(Audit.id <= wanted.up_to)
    return and_(*conditions)


async def trail(session: AsyncSession, wanted: TrailFilter, skip: int, most: int) -> Sequence[Audit]:
    """Lines of the trail, the latest first."""
    return (
        await session.scalars(select(Audit).where(_lines(wanted)).order_by(Audit.id.desc()).offset(skip).limit(most))
    ).all()


async def trail_size(session: AsyncSession, wanted: TrailFilter) -> int:
    """How many lines there are."""
    return int(await session.scalar(select(func.count()).select_from(Audit).where(_lines(wanted))) or 0)


async def last_line(session: AsyncSession) -> int:
    """The number of the latest line."""
    return int(await session.scalar(select(func.max(Audit.id))) or 0)


async def actions(session: AsyncSession) -> Sequence[str]:
    """Every kind of act that is on record."""
    return (await session.scalars(select(Audit.action).distinct().order_by(Audit.action))).all()
