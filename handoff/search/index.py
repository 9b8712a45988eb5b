"""Keeping what can be found true: called in the transaction that stores, changes or deletes what is found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import Table, delete, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.search.models import SearchDocument
from handoff.search.words import terms

_DOCUMENT = cast("Table", SearchDocument.__table__)
# Built once: this is done for everything that is ever said.
_ADD = insert(_DOCUMENT)


async def add(session: AsyncSession, kind: str, ref: str, conversation_id: str, said: str, lang: str) -> None:
    """Makes something findable that was not there before; nothing to find is not kept."""
    found = terms(said, lang)
    if found:
        values: dict[str, Any] = {"conversation_id": conversation_id, "kind": kind, "ref": ref, "terms": found}
        await session.execute(_ADD, values)


async def replace(session: AsyncSession, kind: str, ref: str, conversation_id: str, said: str, lang: str) -> None:
    """The same of something that says something else now."""
    await session.execute(
        delete(SearchDocument)
        .where(SearchDocument.kind == kind, SearchDocument.ref == ref)
        .execution_options(synchronize_session=False)
    )
    await add(session, kind, ref, conversation_id, said, lang)


async def name(session: AsyncSession, conversation_id: str, told: str, names: Iterable[str | None]) -> None:
    """What the citizen of a conversation is called, ``told`` by his ``author`` account or with his ``contact`` details."""
    known = " ".join(one for one in names if one)
    # Names are declined as Latvian ones are, whatever language is spoken.
    await replace(session, "name", f"{conversation_id}:{told}", conversation_id, known, "lv")


async def forget(session: AsyncSession, conversation_ids: Iterable[str]) -> int:
    """Takes everything of these conversations out, also out of the index's own pages; how many things it was."""
    rows = await session.execute(
        delete(SearchDocument)
        .where(SearchDocument.conversation_id.in_(list(conversation_ids)))
        .returning(SearchDocument.id)
        .execution_options(synchronize_session=False)
    )
    number = len(rows.all())
    if (await session.connection()).dialect.name == "sqlite":
        # FTS5 only marks as deleted; merging its segments takes the words out.
        await session.execute(text("INSERT INTO search_text(search_text) VALUES ('optimize')"))
    return number
