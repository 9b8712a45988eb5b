"""Routes of the live board: figures, and the rows behind each. For supervisors and administrators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.board import repository
from handoff.board.figures import GROUPS, WINDOWS, longest, oldest, shares
from handoff.board.picture import Talk
from handoff.board.service import Board, Standing
from handoff.console.doors import Doors, supervisors_only
from handoff.conversations.models import Conversation
from handoff.level2 import repository as mails
from handoff.level2.tasks import Level2Watch
from handoff.queue import repository as queues
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.clock import iso
from kit.errors import PieturaError

_PAGE = 50
_SERVING = ("operator", "specialist", "supervisor")


class BoardNames(Protocol):
    """Names that the board shows."""

    def service(self, service_id: str, lang: str) -> str:
        """The service's title."""
        ...

    def institution(self, institution_id: str, lang: str) -> str:
        """The institution's name."""
        ...


class BoardApi:
    """``board`` and ``board/rows``."""

    def __init__(self, board: Board, mail: Level2Watch, doors: Doors, names: BoardNames) -> None:
        self._board = board
        self._mail = mail
        self._doors = doors
        self._names = names

    def router(self) -> APIRouter:
        """The routes."""
        api = APIRouter(prefix="/console/api")
        looking = Depends(self._doors.viewer)

        async def board(viewer: Viewer = looking) -> dict[str, Any]:
            supervisors_only(viewer)
            return await self._view(viewer)

        async def rows(
            figure: str,
            window: str = "now",
            by: str | None = None,
            group: str | None = None,
            page: Annotated[int, Query(ge=1, le=100_000)] = 1,
            viewer: Viewer = looking,
        ) -> dict[str, Any]:
            supervisors_only(viewer)
            return await self._rows(viewer, figure, window, (by, group), page)

        api.add_api_route("/board", board, methods=["GET"])
        api.add_api_route("/board/rows", rows, methods=["GET"])
        return api

    async def _view(self, viewer: Viewer) -> dict[str, Any]:
        found = await self._board.current()
        picture = found.picture
        async with self._board.read() as session:
            staff = await people.everybody(session)
            centres = {one.id: one.name for one in await people.centres(session)}
            named = {one.id: one.name(viewer.lang) for one in await queues.queues(session)}
            carried = await queues.loads(session)
            counts = await mails.counts(session)
            longest_wait = await self._longest(session, found, {one.id: one.name for one in staff})
        calendar = found.rules.calendar
        return {
            "at": iso(picture.at),
            "is_open": calendar.is_open(picture.at),
            "targets": {name: float(share * 100) for name, share in found.rules.targets.items()},
            "now": {name: len(talks) for name, talks in found.now.items()},
            "oldest_since": iso(_since(oldest(found.now["waiting"]))),
            "windows": {name: self._window(found, name) for name in WINDOWS},
            "longest": longest_wait,
            "groups": {by: self._groups(found, by, self._namer(by, viewer.lang, centres, named)) for by in GROUPS},
            "people": self._people(found, staff, carried, centres, viewer.lang),
            "mail": {"on": self._mail.sends, "queued": counts["queued"], "failed": counts["failed"]},
        }

    def _window(self, found: Standing, name: str) -> dict[str, Any]:
        rows = found.windows[name]
        judged = shares(rows, found.rules.targets)
        return {
            "since": iso(found.begins[name]),
            "counts": {figure: len(ids) for figure, ids in rows.items()},
            "shares": {share: {"part": one.part, "whole": one.whole, "met": one.met} for share, one in judged.items()},
        }

    async def _longest(self, session: AsyncSession, found: Standing, staff: dict[str, str]) -> dict[str, Any] | None:
        """The longest wait today: how long, of whose conversation, and what explains it."""
        one = longest(found.picture, found.rules, found.begins["today"])
        if one is None:
            return None
        wait = one.wait
        row = (await repository.rows_of(session, [wait.id])).get(wait.id)
        return {
            "id": wait.id,
            "case_no": row[1] if row else None,
            "channel": wait.channel,
            "began_at": iso(wait.began_at),
            "ended_at": iso(wait.ended_at),
            "how": wait.how,
            "taker": staff.get(wait.taker_id or ""),
            "working_s": int(one.working.total_seconds()),
            "whole_s": int(one.whole.total_seconds()),
            # Put back because the operator's console was gone: then it is not the queue that was slow.
            "requeued": not wait.promised and not wait.transferred,
            "transferred": wait.transferred,
            "reason": row[0].reason if row else None,
        }

    def _groups(self, found: Standing, by: str, name: Callable[[str], str]) -> list[dict[str, Any]]:
        key = GROUPS[by]
        rows: dict[str | None, dict[str, list[Talk]]] = {}
        for figure in ("waiting", "in_service", "level2", "level2_over"):
            for talk in found.now[figure]:
                rows.setdefault(key(talk), {}).setdefault(figure, []).append(talk)
        view = [
            {
                "id": group,
                "name": name(group) if group is not None else None,
                **{figure: len(parts.get(figure, ())) for figure in ("waiting", "in_service", "level2", "level2_over")},
                "oldest_since": iso(_since(oldest(parts.get("waiting", ())))),
            }
            for group, parts in rows.items()
        ]
        return sorted(view, key=lambda one: (-one["waiting"], -one["in_service"], one["name"] or ""))

    def _namer(self, by: str, lang: str, centres: dict[str, str], named: dict[str, str]) -> Callable[[str], str]:
        match by:
            case "institution":
                return lambda key: self._names.institution(key, lang)
            case "centre":
                return lambda key: centres.get(key, key)
            case "queue":
                return lambda key: named.get(key, key)
            case _:
                # Channels and languages have their names in the console.
                return lambda key: key

    def _people(
        self, found: Standing, staff: Sequence[Staff], carried: dict[str, int], centres: dict[str, str], lang: str
    ) -> list[dict[str, Any]]:
        """Presence (a console is open), availability (his own choice) and load: three facts, none of which tells another."""
        held: dict[str, int] = {}
        for talk in found.picture.talks:
            if talk.holder_id is not None and (talk.served or talk.state == "wrap_up"):
                held[talk.holder_id] = held.get(talk.holder_id, 0) + 1
        at = found.picture.at
        return [
            {
                "id": one.id,
                "name": one.name,
                "role": one.role,
                "place": (
                    self._names.institution(one.institution_id, lang)
                    if one.institution_id
                    else centres.get(one.centre_id or "")
                ),
                "online": queues.is_present(one, at),
                "availability": one.availability,
                "load": held.get(one.id, 0),
                # As the router counts it: in hundredths of a unit, with what he is being offered.
                "carries": carried.get(one.id, 0),
                "capacity": one.capacity if one.role == "operator" else None,
            }
            for one in staff
            if one.role in _SERVING or one.id in held
        ]

    async def _rows(
        self, viewer: Viewer, figure: str, window: str, group: tuple[str | None, str | None], page: int
    ) -> dict[str, Any]:
        found, ids = await self._board.ids_behind(figure, window)
        by, value = group
        if by:
            if by not in GROUPS or window != "now":
                raise PieturaError("bad_value", field="by")
            wanted = {talk.id for talk in found.picture.talks if (GROUPS[by](talk) or "") == (value or "")}
            ids = [one for one in ids if one in wanted]
        # Nobody twice: a conversation that waited twice has two waits and one row.
        ids = list(dict.fromkeys(ids))
        async with self._board.read() as session:
            rows = await repository.rows_of(session, ids)
            staff = {one.id: one.name for one in await people.everybody(session)}
            centres = {one.id: one.name for one in await people.centres(session)}
        shown = sorted(
            (rows[one] for one in ids if one in rows), key=lambda row: row[0].waiting_since or row[0].opened_at
        )
        view = [
            self._row(conversation, no, viewer.lang, staff, centres)
            for conversation, no in shown[(page - 1) * _PAGE : page * _PAGE]
        ]
        return {
            "at": iso(found.picture.at),
            "rows": view,
            "total": len(shown),
            "page": page,
            "pages": max(1, -(-len(shown) // _PAGE)),
        }

    def _row(
        self, c: Conversation, no: int, lang: str, staff: dict[str, str], centres: dict[str, str]
    ) -> dict[str, Any]:
        return {
            "id": c.id,
            "case_no": no,
            "state": c.state,
            "channel": c.channel,
            "lang": c.lang,
            "institution": self._names.institution(c.institution_id, lang) if c.institution_id else None,
            "service": self._names.service(c.service_id, lang) if c.service_id else None,
            "holder": staff.get(c.holder_id or ""),
            "centre": centres.get(c.centre_id or ""),
            "opened_at": iso(c.opened_at),
            "queued_at": iso(c.queued_at),
            "waiting_since": iso(c.waiting_since),
            "taken_at": iso(c.taken_at),
            "level2_due_at": iso(c.level2_due_at) if c.state == "level2" else None,
            "closed_at": iso(c.closed_at),
            "outcome": c.outcome,
        }


def _since(talk: Talk | None) -> datetime | None:
    return talk.waiting_since if talk is not None else None
