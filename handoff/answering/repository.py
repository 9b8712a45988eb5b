"""All SQL on canned answers, and what citizens asked last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.answering.models import CannedAnswer
from handoff.conversations.models import Message
from kit.db import set_if_version
from kit.textual import mark_of


async def canned(session: AsyncSession) -> Sequence[CannedAnswer]:
    """Every canned answer, by shortcut."""
    return (await session.scalars(select(CannedAnswer).order_by(CannedAnswer.shortcut))).all()


async def canned_for(session: AsyncSession, institution_ids: Sequence[str]) -> Sequence[CannedAnswer]:
    """Those for everybody and those of these institutions, by shortcut."""
    wanted = or_(CannedAnswer.institution_id.is_(None), CannedAnswer.institution_id.in_(institution_ids))
    return (await session.scalars(select(CannedAnswer).where(wanted).order_by(CannedAnswer.shortcut))).all()


async def one(session: AsyncSession, canned_id: str) -> CannedAnswer | None:
    """A canned answer."""
    return await session.get(CannedAnswer, canned_id)


async def by_shortcut(session: AsyncSession, shortcut: str) -> CannedAnswer | None:
    """Whoever has a shortcut."""
    found: CannedAnswer | None = await session.scalar(select(CannedAnswer).where(CannedAnswer.shortcut == shortcut))
    return found


async def change(session: AsyncSession, canned_id: str, version: int, values: dict[str, Any]) -> bool:
    """Changes a canned answer if it is still at ``version``; whether it was."""
    return await set_if_version(session, CannedAnswer, canned_id, version, values)


async def drop(session: AsyncSession, canned_id: str, version: int) -> bool:
    """Deletes a canned answer if it is still at ``version``; whether it was."""
    statement = delete(CannedAnswer).where(CannedAnswer.id == canned_id, CannedAnswer.version == version)
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)


async def unanswered(session: AsyncSession, conversation_id: str, most: int) -> list[Message]:
    """What the citizen wrote himself since a person last answered, newest first; buttons and pictures ask nothing."""
    answered = (
        select(Message.seq)
        .where(Message.conversation_id == conversation_id, Message.author_kind.in_(["operator", "specialist"]))
        .order_by(Message.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = await session.scalars(
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.author_kind == "citizen",
            Message.payload.is_(None),
            or_(answered.is_(None), Message.seq > answered),
        )
        .order_by(Message.seq.desc())
        .limit(most)
    )
    return [row for row in rows if "placeholder" not in row.extras]


def audit_view(row: CannedAnswer) -> dict[str, Any]:
    """What the audit trail keeps of a canned answer: which, in which version, and of its texts only their marks."""
    return {
        "shortcut": row.shortcut,
        "title": row.title,
        "texts": {lang: mark_of(text) for lang, text in row.texts.items()},
        "institution": row.institution_id,
        "version": row.version,
    }


def values_of(
    shortcut: str, title: str, texts: dict[str, str], institution_id: str | None, by: str, at: datetime
) -> dict[str, Any]:
    """The columns that an editor's wish sets."""
    return {
        "shortcut": shortcut,
        "title": title,
        "texts": {lang: text for lang, text in texts.items() if text},
        "institution_id": institution_id,
        "changed_by": by,
        "changed_at": at,
    }
