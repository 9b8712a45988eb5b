"""All SQL on mails, and on conversations as their clock needs them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.conversations.models import Conversation
from handoff.level2.models import Mail
from handoff.staff.models import Staff
from handoff.state_machine import State


async def specialists(session: AsyncSession, institution_id: str) -> Sequence[Staff]:
    """The specialists of an institution who have not been disabled."""
    found = select(Staff).where(
        Staff.role == "specialist", Staff.institution_id == institution_id, Staff.disabled.is_(False)
    )
    return (await session.scalars(found.order_by(Staff.name))).all()


async def overdue(session: AsyncSession, now: datetime) -> Sequence[str]:
    """Conversations at level 2 whose time ran out without an answer, which nobody has noted yet."""
    late = or_(Conversation.level2_answered_at.is_(None), Conversation.level2_answered_at > Conversation.level2_due_at)
    found = select(Conversation.id).where(
        Conversation.state == State.LEVEL2,
        Conversation.level2_due_at < now,
        Conversation.level2_breached_at.is_(None),
        late,
    )
    return (await session.scalars(found.limit(100))).all()


def _ready(now: datetime) -> ColumnElement[bool]:
    return or_(and_(Mail.state == "queued", Mail.next_at <= now), and_(Mail.state == "sending", Mail.lease_until < now))


async def people_to_tell(session: AsyncSession, now: datetime) -> Sequence[str]:
    """Who has mails that are due to be sent."""
    return (await session.scalars(select(Mail.staff_id).where(_ready(now)).distinct().limit(200))).all()


async def ready(session: AsyncSession, staff_id: str, now: datetime) -> Sequence[Mail]:
    """What one person is to be told now, the oldest first."""
    found = select(Mail).where(Mail.staff_id == staff_id, _ready(now)).order_by(Mail.created_at, Mail.id)
    return (await session.scalars(found.limit(200))).all()


async def locked(session: AsyncSession, staff_id: str) -> Staff | None:
    """The person, held until the transaction ends: two workers must not make two mails of what belongs in one."""
    found: Staff | None = await session.scalar(select(Staff).where(Staff.id == staff_id).with_for_update())
    return found


async def told_at(session: AsyncSession, staff_id: str) -> datetime | None:
    """When a mail went to this person last."""
    found: datetime | None = await session.scalar(
        select(Mail.sent_at)
        .where(Mail.staff_id == staff_id, Mail.sent_at.is_not(None))
        .order_by(Mail.sent_at.desc())
        .limit(1)
    )
    return found


async def under_way(session: AsyncSession, staff_id: str, now: datetime) -> bool:
    """Whether a mail to this person is being sent."""
    found = select(Mail.id).where(Mail.staff_id == staff_id, Mail.state == "sending", Mail.lease_until >= now)
    return await session.scalar(found.limit(1)) is not None


async def settle(session: AsyncSession, batch: str, tried: int = 0, **values: Any) -> None:
    """What became of the mail that these went in; of those only that were ``tried`` so often."""
    sending = (Mail.batch == batch, Mail.state == "sending", Mail.attempts >= tried)
    await session.execute(update(Mail).where(*sending).values(**values).execution_options(synchronize_session=False))


async def counts(session: AsyncSession) -> dict[str, int]:
    """Mails by state; nought where there are none."""
    rows = await session.execute(select(Mail.state, func.count()).group_by(Mail.state))
    return {"queued": 0, "sending": 0, "sent": 0, "failed": 0, "cancelled": 0, **dict(rows.tuples().all())}


async def troubled(session: AsyncSession) -> Sequence[tuple[Mail, str]]:
    """Mails that failed, or were tried in vain and wait to be tried again, with the person's name; the latest first."""
    rows = await session.execute(
        select(Mail, Staff.name)
        .join(Staff, Staff.id == Mail.staff_id)
        .where(or_(Mail.state == "failed", and_(Mail.state == "queued", Mail.error.is_not(None))))
        .order_by(Mail.id.desc())
        .limit(100)
    )
    return list(rows.tuples().all())


async def set_failed(session: AsyncSession, mail_id: int, **values: Any) -> bool:
    """Changes a mail that failed; False when it is not one, or no longer."""
    changed = await session.scalar(
        update(Mail).where(Mail.id == mail_id, Mail.state == "failed").values(**values).returning(Mail.id)
    )
    return changed is not None
