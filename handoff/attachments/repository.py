"""All SQL on attachments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.attachments.models import StoredAttachment
from handoff.conversations.models import Event, Message


async def one(session: AsyncSession, attachment_id: str) -> StoredAttachment | None:
    """An attachment."""
    return await session.get(StoredAttachment, attachment_id)


async def to_send(session: AsyncSession, ids: Sequence[str]) -> dict[str, StoredAttachment]:
    """Attachments by id, held until the transaction ends: the scanner's verdict comes before they are read, or finds the message
    that it has to tell."""
    wanted = select(StoredAttachment).where(StoredAttachment.id.in_(ids)).order_by(StoredAttachment.id)
    rows = await session.scalars(wanted.with_for_update().execution_options(populate_existing=True))
    return {row.id: row for row in rows}


async def taken_up(session: AsyncSession, conversation_id: str) -> tuple[int, int]:
    """Bytes of all files of a conversation, and how many of them are not sent yet."""
    row = (
        await session.execute(
            select(
                func.coalesce(func.sum(StoredAttachment.size), 0),
                func.count().filter(StoredAttachment.message_id.is_(None)),
            ).where(StoredAttachment.conversation_id == conversation_id)
        )
    ).one()
    return int(row[0]), int(row[1])


async def bind(session: AsyncSession, ids: Sequence[str], conversation_id: str, message_id: str) -> int:
    """Makes files part of a message; how many of them were not part of one before."""
    done = await session.execute(
        update(StoredAttachment)
        .where(StoredAttachment.id.in_(ids), StoredAttachment.message_id.is_(None))
        .values(message_id=message_id, conversation_id=conversation_id)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", done).rowcount


async def drop_unsent(session: AsyncSession, attachment_id: str) -> bool:
    """Deletes a file that was not sent; False when it was, or is gone."""
    done = await session.execute(
        delete(StoredAttachment).where(StoredAttachment.id == attachment_id, StoredAttachment.message_id.is_(None))
    )
    return bool(cast("CursorResult[Any]", done).rowcount)


async def unsent_before(session: AsyncSession, before: datetime) -> Sequence[StoredAttachment]:
    """Files that were uploaded before and never sent."""
    rows = await session.scalars(
        select(StoredAttachment)
        .where(StoredAttachment.message_id.is_(None), StoredAttachment.created_at < before)
        .limit(200)
    )
    return rows.all()


async def checking(session: AsyncSession) -> Sequence[StoredAttachment]:
    """Files that the scanner has not judged yet, oldest first."""
    rows = await session.scalars(
        select(StoredAttachment)
        .where(StoredAttachment.state == "checking")
        .order_by(StoredAttachment.created_at)
        .limit(50)
    )
    return rows.all()


async def judge(session: AsyncSession, attachment_id: str, state: str) -> StoredAttachment | None:
    """Stores the scanner's verdict; None when another worker was faster, or the file is gone."""
    found: StoredAttachment | None = await session.scalar(
        update(StoredAttachment)
        .where(StoredAttachment.id == attachment_id, StoredAttachment.state == "checking")
        .values(state=state)
        .returning(StoredAttachment)
        .execution_options(populate_existing=True)
    )
    return found


async def of_conversations(
    session: AsyncSession, conversations: Sequence[str], state: str | None = None
) -> Sequence[StoredAttachment]:
    """All files of these conversations, or those in one state, the oldest first."""
    wanted = select(StoredAttachment).where(StoredAttachment.conversation_id.in_(conversations))
    if state is not None:
        wanted = wanted.where(StoredAttachment.state == state)
    return (await session.scalars(wanted.order_by(StoredAttachment.created_at, StoredAttachment.id))).all()


async def messages_with_files(session: AsyncSession, ids: Sequence[str]) -> Sequence[Message]:
    """Messages by their ids."""
    return (await session.scalars(select(Message).where(Message.id.in_(ids)))).all()


async def known_names(session: AsyncSession, names: Sequence[str]) -> set[str]:
    """Which of the names in the folder belong to a file."""
    rows = await session.scalars(select(StoredAttachment.stored_as).where(StoredAttachment.stored_as.in_(names)))
    return set(rows)


async def everything(session: AsyncSession) -> Sequence[StoredAttachment]:
    """Every file there is; for renewing their keys."""
    return (await session.scalars(select(StoredAttachment).order_by(StoredAttachment.id))).all()


async def changed_messages(session: AsyncSession, conversation_id: str, up_to: int) -> Sequence[Message]:
    """Messages up to a number that have changed since they were said; whoever has them already gets them again."""
    seqs = [
        data["seq"]
        for data in await session.scalars(
            select(Event.data).where(
                Event.conversation_id == conversation_id, Event.kind.in_(["edited", "deleted", "attachment"])
            )
        )
        if data.get("seq", 0) <= up_to
    ]
    if not seqs:
        return []
    rows = await session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.seq.in_(set(seqs)))
        .order_by(Message.seq)
    )
    return rows.all()
