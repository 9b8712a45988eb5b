"""All SQL on corrected messages. What a message said before stands in its ``extras``, under ``edits``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.conversations.models import Message


async def message(session: AsyncSession, conversation_id: str, seq: int, *, hold: bool = False) -> Message | None:
    """A message by its number; ``hold``: until the transaction ends, for a file's verdict changes it too."""
    query = select(Message).where(Message.conversation_id == conversation_id, Message.seq == seq)
    found: Message | None = await session.scalar(query.with_for_update() if hold else query)
    return found


async def last_said(session: AsyncSession, conversation_id: str) -> Message | None:
    """The last message that somebody said; the system's notes say nothing that could be answered."""
    found: Message | None = await session.scalar(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.author_kind != "system")
        .order_by(Message.seq.desc())
        .limit(1)
    )
    return found


async def history(session: AsyncSession, conversation_id: str, seq: int) -> list[dict[str, Any]]:
    """What a message of the web chat said before, oldest first, as for one on a platform."""
    found = await message(session, conversation_id, seq)
    edits = found.extras.get("edits", []) if found is not None else []
    return [{"what": "edited", "at": edit["at"], "text": edit["text"]} for edit in edits]
