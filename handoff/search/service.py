"""Searching, and keeping searches as views. Permission comes from the session's viewer; the rule of sight is in the SQL."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Broker
from handoff.console.cards import Cards
from handoff.console.schemas import day
from handoff.queue import repository as queues
from handoff.search import repository
from handoff.search.models import SavedView
from handoff.search.repository import COUNTED, Cursor, Found, Wanted
from handoff.search.schemas import ChangeView, NewView, Query, view_of
from handoff.search.words import case_number, parse, snippet
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.db import set_if_version
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.metrics import SEARCH_SECONDS, timed

PAGE = 25
#: Views that one person can have, and that can be shared.
MOST_VIEWS = 12


class Search:
    """Finding conversations."""

    def __init__(self, broker: Broker, cards: Cards) -> None:
        self._broker = broker
        self._cards = cards

    async def _wanted(self, session: AsyncSession, query: Query) -> Wanted:
        first, last = day(query.from_), day(query.to)
        if first is not None and last is not None and first > last:
            raise PieturaError("bad_period")
        terms = parse(query.q)
        if query.q and not terms:
            raise PieturaError("search_no_words")
        return Wanted(
            repository.filters(query, first, last),
            terms,
            await repository.numbered(session, case_number(query.q)),
            await repository.holders(session, terms),
        )

    async def _found(self, session: AsyncSession, viewer: Viewer, wanted: Wanted) -> Found:
        made = repository.found((await session.connection()).dialect.name, viewer, wanted)
        await made.look(session)
        return made

    @timed(SEARCH_SECONDS, "conversations")
    async def find(self, viewer: Viewer, query: Query, cursor: str | None) -> dict[str, Any]:
        """One page of what was found, newest or most fitting first. Who searched for what is on record.

        Raises:
            Forbidden: he has no conversations.
            PieturaError: ``bad_date``, ``bad_period``, ``search_no_words``; ``bad_cursor``.
        """
        _conversations_only(viewer)
        relevant = query.sort == "relevant"
        after = _read(cursor)
        async with self._broker.db.read() as session:
            wanted = await self._wanted(session, query)
            found = await self._found(session, viewer, wanted)
            rows = (await session.execute(found.page(relevant, after, PAGE + 1))).all()
            more, rows = len(rows) > PAGE, rows[:PAGE]
            conversations = [row[0] for row in rows]
            total = await session.scalar(found.count()) if after is None else None
            facts = await self._cards.facts(session, conversations)
            pieces = await self._pieces(session, found, wanted, [one.id for one in conversations])
            left = await repository.backlog(session) if after is None else 0
        if after is None:
            asked = _without_words(query.asked())
            # Apart from the search, which may take a while: nobody waits with what he wants to store.
            async with self._broker.db.unit() as unit:
                people.audit(
                    unit.session, self._broker.clock.now(), viewer.id, "searched", None, asked=asked, found=total
                )
        return {
            "rows": [
                {"card": self._cards.card(viewer, one, facts), "outcome": one.outcome, "places": pieces.get(one.id, [])}
                for one in conversations
            ],
            "total": None if total is None else min(total, COUNTED),
            "more_than": total is not None and total > COUNTED,
            "next": _write(rows[-1][1], conversations[-1].last_at, conversations[-1].id) if more else None,
            "indexing": left,
        }

    async def _pieces(
        self, session: AsyncSession, found: Found, wanted: Wanted, ids: list[str]
    ) -> dict[str, list[dict[str, Any]]]:
        """Up to two places in each conversation where the words stand."""
        if not ids or not wanted.included:
            return {}
        refs: dict[str, list[tuple[str, str]]] = {}
        for conversation_id, kind, ref in (await session.execute(found.places(ids))).tuples():
            taken = refs.setdefault(conversation_id, [])
            # Of a name the card shows already that it fits.
            if kind != "name" and len(taken) < 2:
                taken.append((kind, ref))
        texts: dict[tuple[str, str], Any] = {}
        for kind in ("message", "note"):
            wanted_refs = [ref for each in refs.values() for one, ref in each if one == kind]
            if wanted_refs:
                texts |= {(kind, key): row for key, row in (await repository.said(session, kind, wanted_refs)).items()}
        staff = {one.id: one.name for one in await people.everybody(session)} if texts else {}
        pieces: dict[str, list[dict[str, Any]]] = {}
        for conversation_id, each in refs.items():
            for kind, ref in each:
                row = texts.get((kind, ref))
                if row is None:
                    continue
                note = kind == "note"
                pieces.setdefault(conversation_id, []).append(
                    {
                        "kind": kind,
                        "seq": None if note else row.seq,
                        "author": "note" if note else row.author_kind,
                        "name": staff.get(row.author_id) if note else row.author_name,
                        "at": row.at.isoformat().replace("+00:00", "Z"),
                        "parts": snippet(row.text, wanted.included),
                    }
                )
        return pieces

    async def choices(self, viewer: Viewer) -> dict[str, Any]:
        """What can be chosen in the filters besides what the console knows already: queues, centres, staff."""
        _conversations_only(viewer)
        async with self._broker.db.read() as session:
            centres = await people.centres(session)
            staff = await people.everybody(session)
            lines = await queues.queues(session)
        return {
            "queues": [{"id": one.id, "name": one.name(viewer.lang)} for one in lines],
            "centres": [{"id": one.id, "name": one.name} for one in centres],
            "staff": [
                {"id": one.id, "name": one.name} for one in staff if one.role in ("operator", "supervisor", "admin")
            ],
        }

    # --- saved views ----------------------------------------------------------------------------------------------------

    async def views(self, viewer: Viewer, *, counted: bool = True) -> list[dict[str, Any]]:
        """His views and the shared ones, with the number of conversations in each that he may see (``COUNTED`` at most and
        one: then there are more)."""
        _conversations_only(viewer)
        async with self._broker.db.read() as session:
            found = []
            for row in await repository.views(session, viewer):
                count = None
                if counted:
                    wanted = await self._wanted(session, Query.model_validate(row.query))
                    count = await session.scalar((await self._found(session, viewer, wanted)).count())
                    # SQLite counts on the spot: others get their turn in between.
                    await asyncio.sleep(0)
                found.append(view_of(row, viewer.id, count, may=_may_change(viewer, row)))
        return found

    async def keep(self, viewer: Viewer, wanted: NewView) -> list[dict[str, Any]]:
        """Keeps a search as a view, at the end of his others.

        Raises:
            Forbidden: only supervisors share.
            PieturaError: ``view_name_taken``, ``too_many_views``; as :meth:`find` for a query that is wrong.
        """
        _conversations_only(viewer)
        if wanted.shared and not viewer.supervises:
            raise Forbidden()
        async with self._broker.db.unit() as unit:
            session = unit.session
            await self._wanted(session, wanted.query)
            there = [row for row in await repository.views(session, viewer) if row.shared == wanted.shared]
            if len(there) >= MOST_VIEWS:
                raise PieturaError("too_many_views", limit=MOST_VIEWS)
            _name_free(there, wanted.name, None)
            row = SavedView(
                id=str(uuid.uuid4()),
                version=1,
                owner_id=viewer.id,
                shared=wanted.shared,
                name=wanted.name,
                query=wanted.query.asked(),
                position=max((one.position for one in there), default=-1) + 1,
                changed_at=self._broker.clock.now(),
            )
            session.add(row)
            if row.shared:
                self._audit(session, viewer, "view_shared", row, before=None, after=_facts(row))
        return await self.views(viewer)

    async def change(self, viewer: Viewer, view_id: str, wanted: ChangeView) -> list[dict[str, Any]]:
        """Another name or another search.

        Raises:
            NotFound: he has no such view.
            Forbidden: it is shared, and he is no supervisor.
            Conflict: ``view_changed``: somebody changed it meanwhile.
        """
        async with self._broker.db.unit() as unit:
            session = unit.session
            row = await self._own(session, viewer, view_id)
            if wanted.shared and not viewer.supervises:
                raise Forbidden()
            await self._wanted(session, wanted.query)
            there = [one for one in await repository.views(session, viewer) if one.shared == wanted.shared]
            _name_free(there, wanted.name, row.id)
            before = _facts(row)
            was_shared = row.shared
            values: dict[str, Any] = {
                "name": wanted.name,
                "query": wanted.query.asked(),
                "shared": wanted.shared,
                "changed_at": self._broker.clock.now(),
            }
            if was_shared != wanted.shared:
                values["owner_id"] = viewer.id
                values["position"] = max((one.position for one in there), default=-1) + 1
            if not await set_if_version(session, SavedView, row.id, wanted.version, values):
                raise Conflict("view_changed", version=row.version)
            await session.refresh(row)
            if row.shared or was_shared:
                self._audit(session, viewer, "view_changed", row, before=before, after=_facts(row))
        return await self.views(viewer)

    async def drop(self, viewer: Viewer, view_id: str, version: int) -> None:
        """Deletes a view.

        Raises:
            NotFound, Forbidden, Conflict: as for :meth:`change`.
        """
        async with self._broker.db.unit() as unit:
            row = await self._own(unit.session, viewer, view_id)
            # Whoever changes it in this instant waits, and then finds none.
            if not await set_if_version(unit.session, SavedView, row.id, version, {}):
                raise Conflict("view_changed", version=row.version)
            if row.shared:
                self._audit(unit.session, viewer, "view_dropped", row, before=_facts(row), after=None)
            await unit.session.refresh(row)
            await unit.session.delete(row)

    async def order(self, viewer: Viewer, ids: list[str]) -> list[dict[str, Any]]:
        """Puts his views (or, a supervisor, the shared ones) into this order; those not named stay behind them.

        Raises:
            NotFound: one of them is not there.
            Forbidden: one of them is shared, and he is no supervisor.
        """
        async with self._broker.db.unit() as unit:
            rows = {row.id: row for row in await repository.views(unit.session, viewer)}
            if not set(ids) <= rows.keys():
                raise NotFound()
            if any(not _may_change(viewer, rows[one]) for one in ids):
                raise Forbidden()
            for place, one in enumerate(dict.fromkeys(ids)):
                rows[one].position = place
            for place, one in enumerate(key for key in rows if key not in ids and _may_change(viewer, rows[key])):
                rows[one].position = len(ids) + place
        return await self.views(viewer)

    async def _own(self, session: AsyncSession, viewer: Viewer, view_id: str) -> SavedView:
        _conversations_only(viewer)
        row = await repository.view(session, viewer, view_id)
        if row is None:
            raise NotFound()
        if not _may_change(viewer, row):
            raise Forbidden()
        return row

    def _audit(self, session: AsyncSession, viewer: Viewer, what: str, row: SavedView, **detail: Any) -> None:
        people.audit(session, self._broker.clock.now(), viewer.id, what, row.id, **detail)


def _facts(row: SavedView) -> dict[str, Any]:
    return {"name": row.name, "query": _without_words(row.query), "shared": row.shared}


def _without_words(asked: dict[str, str]) -> dict[str, Any]:
    """A search as the trail keeps it. It may name somebody, and the trail outlives what he may ask to be forgotten: of the words
    there is their length, and a mark by which two searches for the same are known."""
    words = asked.get("q", "")
    if not words:
        return dict(asked)
    mark = hashlib.blake2b(words.casefold().encode(), digest_size=6).hexdigest()
    return {**asked, "q": {"length": len(words), "mark": mark}}


def _may_change(viewer: Viewer, row: SavedView) -> bool:
    return viewer.supervises if row.shared else row.owner_id == viewer.id


def _name_free(there: list[SavedView], name: str, but: str | None) -> None:
    if any(row.name.casefold() == name.casefold() and row.id != but for row in there):
        raise PieturaError("view_name_taken", name=name)


def _conversations_only(viewer: Viewer) -> None:
    if viewer.role in ("editor", "accountant"):
        raise Forbidden()


def _write(hits: int, at: datetime, conversation_id: str) -> str:
    raw = json.dumps([int(hits), at.isoformat(), conversation_id])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _read(cursor: str | None) -> Cursor | None:
    if not cursor:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        hits, at, conversation_id = json.loads(raw)
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or not isinstance(hits, int) or not isinstance(conversation_id, str):
            raise ValueError("cursor")
    except (binascii.Error, ValueError, TypeError) as error:
        raise PieturaError("bad_cursor") from error
    return Cursor(hits, moment, conversation_id)
