"""All SQL on publications, their targets, and the comments that follow them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.channels.models import ChannelAccount, ChannelThread, OutboxRow, SocialPost
from handoff.channels.schemas import COMMENT
from handoff.conversations.models import Conversation, Message
from handoff.publications.lifecycle import State
from handoff.publications.models import Publication, PublicationTarget
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer

#: States of a target that something is still to come of.
_UNSETTLED = ("waiting", "queued", "sending")


def sight(viewer: Viewer) -> ColumnElement[bool]:
    """Which publications ``viewer`` may see: those who compose all of them; an editor of an institution his own and those
    that go to an account of his institution's."""
    match viewer.role:
        case "supervisor" | "admin":
            return true()
        case "editor" if viewer.institution_id is None:
            return true()
        case "editor":
            ours = exists().where(
                PublicationTarget.publication_id == Publication.id,
                PublicationTarget.account_id == ChannelAccount.id,
                ChannelAccount.institution_id == viewer.institution_id,
            )
            return or_(Publication.author_id == viewer.id, ours)
        case _:
            return false()


async def visible(session: AsyncSession, viewer: Viewer, publication_id: str) -> Publication | None:
    """The publication if ``viewer`` may see it."""
    found: Publication | None = await session.scalar(
        select(Publication).where(Publication.id == publication_id, sight(viewer))
    )
    return found


async def page(
    session: AsyncSession, viewer: Viewer, states: Sequence[str], offset: int, limit: int
) -> tuple[Sequence[Publication], int]:
    """Publications that ``viewer`` may see, newest first, and how many there are; in ``states``, or in any when empty."""
    wanted = [sight(viewer)]
    if states:
        wanted.append(Publication.state.in_(list(states)))
    total = await session.scalar(select(func.count()).select_from(Publication).where(*wanted)) or 0
    rows = await session.scalars(
        select(Publication)
        .where(*wanted)
        .order_by(Publication.created_at.desc(), Publication.id)
        .offset(offset)
        .limit(limit)
    )
    return rows.all(), total


async def set_where(
    session: AsyncSession, publication_id: str, version: int, state: str, values: dict[str, Any]
) -> Publication | None:
    """Compare-and-set: changes the row only if it is in ``version`` and ``state`` now. None when it is not."""
    await session.flush()
    changed: Publication | None = await session.scalar(
        update(Publication)
        .where(Publication.id == publication_id, Publication.version == version, Publication.state == state)
        .values(version=version + 1, **values)
        .returning(Publication)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    return changed


async def locked(session: AsyncSession, publication_id: str) -> Publication | None:
    """The publication as it is now, and nobody else changes it before this transaction ends."""
    found: Publication | None = await session.scalar(
        select(Publication)
        .where(Publication.id == publication_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


# --- targets ------------------------------------------------------------------------------------------------------------


async def targets(
    session: AsyncSession, ids: Iterable[str]
) -> Sequence[tuple[PublicationTarget, ChannelAccount, OutboxRow | None]]:
    """Targets of these publications with their accounts and the sends they became, by channel and name."""
    rows = await session.execute(
        select(PublicationTarget, ChannelAccount, OutboxRow)
        .join(ChannelAccount, ChannelAccount.id == PublicationTarget.account_id)
        .outerjoin(OutboxRow, OutboxRow.id == PublicationTarget.outbox_id)
        .where(PublicationTarget.publication_id.in_(list(ids)))
        .order_by(ChannelAccount.channel, ChannelAccount.name, ChannelAccount.id)
        .execution_options(populate_existing=True)
    )
    return [(target, account, row) for target, account, row in rows.tuples()]


async def target(session: AsyncSession, publication_id: str, account_id: str) -> PublicationTarget | None:
    """One target."""
    return await session.get(PublicationTarget, (publication_id, account_id))


async def drop_targets(session: AsyncSession, publication_id: str) -> None:
    """Forgets where a draft was to go."""
    for row in await session.scalars(
        select(PublicationTarget).where(PublicationTarget.publication_id == publication_id)
    ):
        await session.delete(row)
    await session.flush()


# --- for time and the platforms -----------------------------------------------------------------------------------------


async def due(session: AsyncSession, now: datetime, limit: int = 100) -> Sequence[str]:
    """Publications whose time has come, the earliest first."""
    rows = await session.scalars(
        select(Publication.id)
        .where(
            or_(
                Publication.state == State.APPROVED,
                and_(Publication.state == State.SCHEDULED, Publication.publish_at <= now),
            )
        )
        .order_by(Publication.publish_at, Publication.decided_at)
        .limit(limit)
    )
    return rows.all()


async def moved(session: AsyncSession, limit: int = 100) -> Sequence[str]:
    """Publications with a send that is not where it was looked at last."""
    rows = await session.scalars(
        select(PublicationTarget.publication_id)
        .join(OutboxRow, OutboxRow.id == PublicationTarget.outbox_id)
        .where(PublicationTarget.state != "sent", PublicationTarget.state != OutboxRow.state)
        .distinct()
        .limit(limit)
    )
    return rows.all()


async def finished(session: AsyncSession, limit: int = 100) -> Sequence[str]:
    """Publications that are still called ``publishing`` though nothing of them is under way."""
    under_way = exists().where(
        PublicationTarget.publication_id == Publication.id, PublicationTarget.state.in_(list(_UNSETTLED))
    )
    rows = await session.scalars(
        select(Publication.id).where(Publication.state == State.PUBLISHING, ~under_way).limit(limit)
    )
    return rows.all()


async def perhaps_arrived(session: AsyncSession, since: datetime, limit: int = 100) -> Sequence[str]:
    """Publications with a send of which nobody knows, begun after ``since``, on an account that has posted since then."""
    appeared = exists().where(SocialPost.account_id == OutboxRow.account_id, SocialPost.published_at >= since)
    rows = await session.scalars(
        select(PublicationTarget.publication_id)
        .join(OutboxRow, OutboxRow.id == PublicationTarget.outbox_id)
        .where(OutboxRow.state == "unknown", OutboxRow.kind == "post", OutboxRow.claimed_at >= since, appeared)
        .distinct()
        .limit(limit)
    )
    return rows.all()


async def unclaimed_posts(session: AsyncSession, account_id: str, since: datetime) -> Sequence[SocialPost]:
    """Posts of an account, published after ``since``, that no send of ours is known to have made; oldest first."""
    made = exists().where(OutboxRow.account_id == SocialPost.account_id, OutboxRow.ref == SocialPost.ref)
    rows = await session.scalars(
        select(SocialPost)
        .where(SocialPost.account_id == account_id, SocialPost.published_at >= since, ~made)
        .order_by(SocialPost.published_at)
        .limit(100)
    )
    return rows.all()


# --- what followed ------------------------------------------------------------------------------------------------------


async def is_summoned(session: AsyncSession, account_id: str, post_ref: str) -> bool:
    """Whether the author of a post addressed the account in it."""
    found = await session.scalar(
        select(ChannelThread.conversation_id)
        .where(
            ChannelThread.account_id == account_id,
            ChannelThread.comment_ref == post_ref,
            ChannelThread.summoned.is_(True),
            ChannelThread.deleted_at.is_(None),
        )
        .limit(1)
    )
    return found is not None


async def followed(
    session: AsyncSession, kind: str, places: Sequence[tuple[str, str]], limit: int
) -> tuple[Sequence[tuple[ChannelThread, Conversation, str | None]], int]:
    """Comments under our posts, or in answer to our comments, with what they say, oldest first; and how many there are.

    They stand in public; the caller asks ``scope.sees`` before he tells anything of the conversations behind them.

    Args:
        kind: ``post`` or ``comment``: what of ours they follow.
        places: by account and the platform's id.
    """
    if not places:
        return [], 0
    above = ChannelThread.post_ref if kind == "post" else ChannelThread.parent_ref
    under = or_(
        *(
            and_(ChannelThread.account_id == account_id, above == ref, ChannelThread.kind == COMMENT)
            for account_id, ref in places
        )
    )
    total = await session.scalar(select(func.count()).select_from(ChannelThread).where(under)) or 0
    rows = await session.execute(
        select(ChannelThread, Conversation, Message.text)
        .join(Conversation, Conversation.id == ChannelThread.conversation_id)
        # A comment is the first thing said in its conversation: nobody is greeted in public.
        .outerjoin(Message, and_(Message.conversation_id == Conversation.id, Message.seq == 1))
        .where(under)
        .order_by(ChannelThread.created_at, ChannelThread.conversation_id)
        .limit(limit)
    )
    return [(thread, conversation, text) for thread, conversation, text in rows.tuples()], total


async def names(session: AsyncSession, ids: Iterable[str | None]) -> dict[str, str]:
    """Names of members of staff, also of those who have left."""
    wanted = [one for one in ids if one is not None]
    rows = await session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(wanted)))
    return dict(rows.tuples().all())
