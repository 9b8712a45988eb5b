"""The life of a wish: one person writes it, a second decides. What changes of answers, of wording and whole files have in common.

Whether it is still as the person saw it is part of every change of it (``version``), so of two who act at once one goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import JSON, Integer, String, Text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from kit.clock import iso
from kit.db import UtcDateTime, set_if_version
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.textual import clean

if TYPE_CHECKING:
    from knowledge_base.editor.schemas import Person

#: Nobody has had the last word yet.
OPEN: Final = ("draft", "proposed", "approved")


class Wish:
    """Columns of a wish. Never deleted: it is the trail.

    Attributes:
        note: what it is for. ``decision``: what the second person said.
        author_id, author_name, decided_by, decided_name: staff, by id and by the name they had then.
        version: counts the changes of the wish itself.
    """

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(Text, default="")
    decision: Mapped[str] = mapped_column(Text, default="")
    author_id: Mapped[str] = mapped_column(String(36))
    author_name: Mapped[str] = mapped_column(String(120))
    decided_by: Mapped[str | None] = mapped_column(String(36))
    decided_name: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer, default=1)


class Judged(Wish):
    """Columns of a wish that is judged.

    Attributes:
        check_state: ``none``, ``waiting``, ``running``, ``done`` or ``failed``: the run of the question set.
        check_key: on what it was run (:class:`knowledge_base.wording.judged.Trial`).
        check_lease: until when whoever runs it is believed to be alive.
        check_accepted: what was worse (:func:`knowledge_base.wording.judged.what_is_worse`) when somebody said why that is right
            all the same.
        version: counts the changes of the wish itself; the run of the question set does not count.
    """

    check_state: Mapped[str] = mapped_column(String(8), default="none")
    check_key: Mapped[str | None] = mapped_column(String(120))
    check_done: Mapped[int] = mapped_column(Integer, default=0)
    check_total: Mapped[int] = mapped_column(Integer, default=0)
    check_lease: Mapped[datetime | None] = mapped_column(UtcDateTime)
    check_result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    check_accepted: Mapped[str | None] = mapped_column(String(32))


#: The columns of a wish that no run has been made for.
UNJUDGED: Mapping[str, Any] = {"check_state": "none", "check_result": None, "check_accepted": None}


def told(row: Wish) -> dict[str, Any]:
    """What every kind of wish shows of itself (docs/protocol.md)."""
    return {
        "id": row.id,
        "version": row.version,
        "state": row.state,
        "note": row.note,
        "decision": row.decision,
        "author": {"id": row.author_id, "name": row.author_name},
        "decided_by": {"id": row.decided_by, "name": row.decided_name} if row.decided_by else None,
        "created_at": iso(row.created_at),
        "changed_at": iso(row.changed_at),
    }


async def opened[Row: Wish](session: AsyncSession, model: type[Row], wish_id: str, states: Collection[str]) -> Row:
    """A wish in one of some states.

    Raises:
        NotFound: there is no such wish.
        Conflict: ``decided_already`` with ``state``.
    """
    row = await session.get(model, wish_id)
    if row is None:
        raise NotFound()
    if row.state not in states:
        raise Conflict("decided_already", state=row.state)
    return row


async def changed(session: AsyncSession, row: Wish, version: int, values: dict[str, Any]) -> bool:
    """Changes a wish if it is still at ``version``; whether it was. ``row`` then shows it."""
    if not await set_if_version(session, type(row), row.id, version, values):
        return False
    await session.refresh(row)
    return True


async def put(session: AsyncSession, row: Wish, version: int, values: dict[str, Any]) -> None:
    """Changes a wish as the person saw it; ``row`` then shows it.

    Raises:
        Conflict: ``edited_elsewhere``: it is not at ``version`` any more.
    """
    if not await changed(session, row, version, values):
        raise Conflict("edited_elsewhere")


def by_author(row: Wish, person: Person) -> None:
    """Refuses everybody else.

    Raises:
        Forbidden: the wish is another's.
    """
    if row.author_id != person.id:
        raise Forbidden()


def by_second(row: Wish, person: Person) -> None:
    """Refuses its author: two people have read what is published.

    Raises:
        Forbidden: ``own_change``.
    """
    if row.author_id == person.id:
        raise Forbidden("own_change")


def decided(person: Person, note: str, now: datetime) -> dict[str, Any]:
    """The columns that the second person's word sets."""
    return {
        "decided_by": person.id,
        "decided_name": person.name,
        "decided_at": now,
        "decision": clean(note),
        "changed_at": now,
    }


async def send_back(
    session: AsyncSession, row: Wish, person: Person, version: int, note: str, now: datetime, **values: Any
) -> None:
    """The second person wants it otherwise, and says how; it is a draft again.

    Args:
        values: further columns to be set.

    Raises:
        Forbidden: the person is its author.
        Conflict: ``edited_elsewhere``.
        PieturaError: ``reason_needed``.
    """
    if not note:
        raise PieturaError("reason_needed")
    by_second(row, person)
    await put(session, row, version, {"state": "draft", **decided(person, note, now), **values})


async def drop(session: AsyncSession, row: Wish, person: Person, version: int, now: datetime) -> None:
    """Gives it up: its author may, and whoever supervises.

    Raises:
        Forbidden: it is another's, and the person does not supervise.
        Conflict: ``edited_elsewhere``.
    """
    if not _may_drop(row, person):
        raise Forbidden()
    await put(session, row, version, {"state": "dropped", "changed_at": now})


def may(person: Person, row: Wish) -> list[str]:
    """What the person may do with a wish now."""
    own = row.author_id == person.id
    found = []
    if own and row.state in ("draft", "proposed"):
        found.append("rewrite")
    if own and row.state == "draft":
        found.append("propose")
    if not own and row.state == "proposed":
        found.append("approve")
    if not own and row.state in ("proposed", "approved"):
        found.append("send_back")
    if row.state in OPEN and _may_drop(row, person):
        found.append("drop")
    return found


def _may_drop(row: Wish, person: Person) -> bool:
    return row.author_id == person.id or person.role != "editor"
