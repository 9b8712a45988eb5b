"""All SQL on private notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.notes.models import Note, NoteMention
from handoff.staff.models import Staff
from kit.clock import iso


async def one(session: AsyncSession, note_id: str) -> Note | None:
    """A note."""
    return await session.get(Note, note_id)


async def of(session: AsyncSession, conversation_id: str) -> list[dict[str, Any]]:
    """A conversation's notes, oldest first, as the console shows them."""
    rows = (
        await session.execute(
            select(Note, Staff.name)
            .join(Staff, Staff.id == Note.author_id)
            .where(Note.conversation_id == conversation_id)
            .order_by(Note.at, Note.id)
        )
    ).tuples()
    notes = rows.all()
    called = await _called(session, [note.id for note, _ in notes])
    return [
        {
            "id": note.id,
            "ts": iso(note.at),
            "author": {"id": note.author_id, "name": name},
            "text": note.text,
            "mentions": called.get(note.id, []),
        }
        for note, name in notes
    ]


async def _called(session: AsyncSession, note_ids: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    if not note_ids:
        return {}
    rows = await session.execute(
        select(NoteMention.note_id, Staff.id, Staff.name)
        .join(Staff, Staff.id == NoteMention.staff_id)
        .where(NoteMention.note_id.in_(note_ids))
        .order_by(Staff.name)
    )
    found: dict[str, list[dict[str, str]]] = {}
    for note_id, staff_id, name in rows.tuples():
        found.setdefault(note_id, []).append({"id": staff_id, "name": name})
    return found


async def counts(session: AsyncSession, conversation_ids: Sequence[str]) -> dict[str, int]:
    """How many notes conversations have; those without are left out."""
    rows = await session.execute(
        select(Note.conversation_id, func.count())
        .where(Note.conversation_id.in_(conversation_ids))
        .group_by(Note.conversation_id)
    )
    return dict(rows.tuples().all())


async def unseen(session: AsyncSession, conversation_ids: Sequence[str]) -> set[tuple[str, str]]:
    """(conversation, member of staff) where somebody is called and has not looked yet."""
    rows = await session.execute(
        select(NoteMention.conversation_id, NoteMention.staff_id)
        .where(NoteMention.conversation_id.in_(conversation_ids), NoteMention.seen_at.is_(None))
        .distinct()
    )
    return set(rows.tuples().all())


async def seen(session: AsyncSession, conversation_id: str, staff_id: str, at: datetime) -> bool:
    """Somebody looks at the notes that call him; whether there were any he had not seen."""
    result = await session.execute(
        update(NoteMention)
        .where(
            NoteMention.conversation_id == conversation_id,
            NoteMention.staff_id == staff_id,
            NoteMention.seen_at.is_(None),
        )
        .values(seen_at=at)
        .returning(NoteMention.note_id)
    )
    return bool(result.all())
