"""All SQL on decisions about doubtful duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.catalogue.rulings import Ruling, Verdict
from knowledge_base.unification.models import UnifyDecision

#: Verdicts that the catalogue follows; the others leave it as the files say.
RULING = ("same", "variant", "different")


async def latest(session: AsyncSession) -> dict[str, UnifyDecision]:
    """The decision that counts, by question."""
    newest = select(UnifyDecision.key, func.max(UnifyDecision.version).label("version")).group_by(UnifyDecision.key)
    last = newest.subquery()
    rows = await session.scalars(
        select(UnifyDecision).join(last, (UnifyDecision.key == last.c.key) & (UnifyDecision.version == last.c.version))
    )
    return {row.key: row for row in rows}


async def history(session: AsyncSession, key: str) -> Sequence[UnifyDecision]:
    """Every decision about a question, the latest first."""
    query = select(UnifyDecision).where(UnifyDecision.key == key).order_by(UnifyDecision.version.desc())
    return (await session.scalars(query)).all()


async def everything(session: AsyncSession) -> Sequence[UnifyDecision]:
    """Every decision, in the order in which they were made."""
    return (await session.scalars(select(UnifyDecision).order_by(UnifyDecision.at, UnifyDecision.id))).all()


async def rulings(session: AsyncSession) -> list[Ruling]:
    """What the next import is to follow, in the order in which it was decided. What waits for a second look is not among it."""
    counting = sorted((await latest(session)).values(), key=lambda row: (row.at, row.id))
    return [
        Ruling(cast("Verdict", row.verdict), row.row, row.other_row, row.other_id, row.other_title, row.reason)
        for row in counting
        if row.verdict in RULING and not row.second_look
    ]
