"""Agreements on workplaces: written by one person, approved or refused by a second. Every change is on record."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.staffing import repository
from handoff.staffing import schemas as body
from handoff.staffing.figures import Terms, Week
from handoff.staffing.models import Agreement
from handoff.staffing.rules import rule_of
from kit.clock import RIGA, Clock, iso
from kit.db import Database, UnitOfWork, set_if_version
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.textual import clean

#: Who sees the fixed part and writes agreements; who decides about what another has written.
SEES: Final = frozenset({"supervisor", "accountant", "admin"})
DECIDES: Final = frozenset({"accountant", "admin"})
_FIELDS: Final = ("centre_id", "valid_from", "valid_to", "workplaces", "week", "amount", "rule", "note")
_EARLIEST: Final = date(2020, 1, 1)
_AHEAD: Final = timedelta(days=5 * 366)


class Agreements:
    """What people do with agreements; permission is checked here, from the session's viewer."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def listing(self, viewer: Viewer) -> dict[str, Any]:
        """All agreements.

        Raises:
            Forbidden: the viewer is neither supervisor, accountant nor administrator.
        """
        sees(viewer)
        async with self._db.read() as session:
            return await self.view(session, viewer)

    async def propose(self, viewer: Viewer, wanted: body.WriteAgreement) -> dict[str, Any]:
        """Writes an agreement, for a second person to approve.

        Raises:
            Forbidden: as for :meth:`listing`.
            PieturaError: ``agreement_centre``, ``agreement_period``, ``agreement_week``, ``agreement_rule``;
                ``agreement_settled`` with ``first``: it would begin in a month that is closed.
        """
        sees(viewer)
        async with self._db.unit() as unit:
            columns = await self.columns(unit.session, wanted)
            await self._ahead_of_closings(unit.session, wanted.valid_from)
            row = Agreement(
                id=str(uuid.uuid4()),
                **columns,
                currency="EUR",
                state="proposed",
                version=1,
                written_by=viewer.id,
                written_at=self._clock.now(),
            )
            unit.session.add(row)
            await unit.session.flush()
            self._record(unit, viewer, "agreement_proposed", row.id, None, _kept(row))
            return await self.view(unit.session, viewer)

    async def change(self, viewer: Viewer, agreement_id: str, wanted: body.ChangeAgreement) -> dict[str, Any]:
        """Changes what is not approved; whoever does it has written in it and does not decide on it.

        Raises:
            Forbidden, PieturaError: as for :meth:`propose`; ``agreement_approved``: what holds is not changed.
            NotFound: no such agreement.
            Conflict: ``agreement_changed`` with ``who``.
        """
        sees(viewer)
        async with self._db.unit() as unit:
            columns = await self.columns(unit.session, wanted)
            await self._ahead_of_closings(unit.session, wanted.valid_from)
            row, before = await self._open(unit, agreement_id, ("proposed", "refused"))
            columns |= {"state": "proposed", "written_by": viewer.id, "written_at": self._clock.now()}
            columns |= {"decided_by": None, "decided_at": None, "reason": None}
            await self._set(unit, row, wanted.version, columns)
            self._record(unit, viewer, "agreement_changed", row.id, before, _kept(row))
            return await self.view(unit.session, viewer)

    async def withdraw(self, viewer: Viewer, agreement_id: str, version: int) -> dict[str, Any]:
        """Deletes what was never approved; it stays on record.

        Raises:
            Forbidden, NotFound, Conflict, PieturaError: as for :meth:`change`.
        """
        sees(viewer)
        async with self._db.unit() as unit:
            row, before = await self._open(unit, agreement_id, ("proposed", "refused"))
            await self._set(unit, row, version, {})
            await unit.session.delete(row)
            await unit.session.flush()
            self._record(unit, viewer, "agreement_withdrawn", agreement_id, before, None)
            return await self.view(unit.session, viewer)

    async def approve(self, viewer: Viewer, agreement_id: str, version: int) -> dict[str, Any]:
        """Lets it hold. One until further notice that held before ends on the day before it.

        Raises:
            Forbidden: ``agreement_own``: he has written in it, be it before others; he is neither accountant nor administrator.
            NotFound: as for :meth:`change`.
            PieturaError: ``agreement_approved``; ``agreement_settled``: its first month was closed meanwhile.
            Conflict: ``agreement_changed``; ``agreement_overlaps``: another holds in the same time.
        """
        _decides(viewer)
        async with self._db.unit() as unit:
            row, before = await self._open(unit, agreement_id, ("proposed",))
            self._not_own(viewer, (await _writers(unit.session, [row]))[row.id])
            await self._ahead_of_closings(unit.session, row.valid_from)
            for other in await repository.approved_of(unit.session, row.centre_id):
                if other.valid_to is None and other.valid_from < row.valid_from:
                    was = _kept(other)
                    values = {"valid_to": row.valid_from - timedelta(days=1), "ending_on": None, "ending_by": None}
                    await self._set(unit, other, other.version, values)
                    self._record(unit, viewer, "agreement_ended", other.id, was, _kept(other))
                elif _overlap(other, row):
                    raise Conflict(
                        "agreement_overlaps",
                        begins=f"{other.valid_from:%d.%m.%Y}",
                        ends=f"{other.valid_to:%d.%m.%Y}" if other.valid_to else "…",
                    )
            decided = {"state": "approved", "decided_by": viewer.id, "decided_at": self._clock.now()}
            await self._set(unit, row, version, decided)
            self._record(unit, viewer, "agreement_approved", row.id, before, _kept(row))
            return await self.view(unit.session, viewer)

    async def refuse(self, viewer: Viewer, agreement_id: str, wanted: body.Refuse) -> dict[str, Any]:
        """Sends it back with a reason.

        Raises:
            Forbidden, NotFound, PieturaError, Conflict: as for :meth:`approve`.
        """
        _decides(viewer)
        async with self._db.unit() as unit:
            row, before = await self._open(unit, agreement_id, ("proposed",))
            self._not_own(viewer, (await _writers(unit.session, [row]))[row.id])
            values = {"state": "refused", "decided_by": viewer.id, "decided_at": self._clock.now()}
            await self._set(unit, row, wanted.version, values | {"reason": clean(wanted.reason)})
            self._record(unit, viewer, "agreement_refused", row.id, before, _kept(row))
            return await self.view(unit.session, viewer)

    async def end(self, viewer: Viewer, agreement_id: str, wanted: body.End) -> dict[str, Any]:
        """Asks that an agreement ends; it holds on until a second person has approved that.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`change`.
            PieturaError: ``agreement_end``: not a day that is ahead and within it.
        """
        sees(viewer)
        async with self._db.unit() as unit:
            row, before = await self._open(unit, agreement_id, ("approved",))
            earliest = max(self._today(), row.valid_from)
            if wanted.last_day < earliest or (row.valid_to is not None and wanted.last_day > row.valid_to):
                raise PieturaError("agreement_end", day=f"{earliest:%d.%m.%Y}")
            await self._set(unit, row, wanted.version, {"ending_on": wanted.last_day, "ending_by": viewer.id})
            self._record(unit, viewer, "agreement_end_proposed", row.id, before, _kept(row))
            return await self.view(unit.session, viewer)

    async def decide_end(self, viewer: Viewer, agreement_id: str, version: int, *, approved: bool) -> dict[str, Any]:
        """A second person says whether it ends.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`approve`.
            PieturaError: ``agreement_no_end``: nobody asked for it, or the day has passed meanwhile.
        """
        _decides(viewer)
        async with self._db.unit() as unit:
            row, before = await self._open(unit, agreement_id, ("approved",))
            if row.ending_on is None or (approved and row.ending_on < self._today()):
                raise PieturaError("agreement_no_end")
            if approved:
                self._not_own(viewer, {row.ending_by})
            values = {"ending_on": None, "ending_by": None} | ({"valid_to": row.ending_on} if approved else {})
            await self._set(unit, row, version, values)
            action = "agreement_ended" if approved else "agreement_end_refused"
            self._record(unit, viewer, action, row.id, before, _kept(row))
            return await self.view(unit.session, viewer)

    async def columns(self, session: AsyncSession, wanted: body.WriteAgreement) -> dict[str, Any]:
        """What is wanted, as columns; refused where it makes no sense.

        Raises:
            PieturaError: as for :meth:`propose`.
        """
        if await people.centre(session, wanted.centre_id) is None:
            raise PieturaError("agreement_centre")
        latest = self._today() + _AHEAD
        if not _EARLIEST <= wanted.valid_from <= latest or (wanted.valid_to or latest) < wanted.valid_from:
            raise PieturaError("agreement_period", latest=latest.year)
        if wanted.week is not None and not (
            any(wanted.week) and all(day is None or day[0] < day[1] for day in wanted.week)
        ):
            raise PieturaError("agreement_week")
        rule = wanted.rule
        if rule.kind == "steps":
            begins = [rule.full_from, *(one for one, _ in rule.steps)]
            off = [one for _, one in rule.steps]
            falling = all(a > b for a, b in pairwise(begins))
            if not rule.steps or begins[-1] != 0 or not falling or off != sorted(off):
                raise PieturaError("agreement_rule")
        return {
            "centre_id": wanted.centre_id,
            "valid_from": wanted.valid_from,
            "valid_to": wanted.valid_to,
            "workplaces": wanted.workplaces,
            "week": [list(day) if day else None for day in wanted.week] if wanted.week else None,
            "amount": wanted.amount,
            "rule": rule.rule().plain(),
            "note": clean(wanted.note),
        }

    async def _ahead_of_closings(self, session: AsyncSession, valid_from: date) -> None:
        # A closed month is never reckoned anew: what would begin in it would be lost without a word.
        closed = await repository.last_closing(session)
        if closed is not None and valid_from < (first := (closed + timedelta(days=32)).replace(day=1)):
            raise PieturaError("agreement_settled", first=f"{first:%d.%m.%Y}")

    async def view(self, session: AsyncSession, viewer: Viewer) -> dict[str, Any]:
        """All agreements, as the page shows them."""
        rows = await repository.everything(session)
        writers = await _writers(session, rows)
        centres = {one.id: one.name for one in await people.centres(session)}
        named = {one.id: one.name for one in await people.everybody(session)}
        return {
            "agreements": [self._one(row, viewer, centres, named, writers[row.id]) for row in rows],
            "centres": [{"id": key, "name": name} for key, name in sorted(centres.items(), key=lambda one: one[1])],
        }

    def _one(
        self, row: Agreement, viewer: Viewer, centres: dict[str, str], named: dict[str, str], writers: set[str]
    ) -> dict[str, Any]:
        decides = viewer.role in DECIDES
        second = viewer.id not in writers
        may = {
            "change": row.state != "approved",
            "withdraw": row.state != "approved",
            "approve": row.state == "proposed" and decides and second,
            "refuse": row.state == "proposed" and decides and second,
            "end": row.state == "approved" and (row.valid_to is None or row.valid_to >= self._today()),
            "approve_end": row.ending_on is not None and decides and row.ending_by != viewer.id,
            "refuse_end": row.ending_on is not None and decides,
        }
        return {
            "id": row.id,
            "version": row.version,
            "state": row.state,
            "centre": {"id": row.centre_id, "name": centres.get(row.centre_id, row.centre_id)},
            "valid_from": row.valid_from.isoformat(),
            "valid_to": row.valid_to.isoformat() if row.valid_to else None,
            "workplaces": row.workplaces,
            "week": row.week,
            "amount": f"{row.amount:.2f}",
            "currency": row.currency,
            "rule": row.rule,
            "note": row.note,
            "written_by": named.get(row.written_by, "–"),
            "written_at": iso(row.written_at),
            "decided_by": named.get(row.decided_by, "–") if row.decided_by else None,
            "decided_at": iso(row.decided_at),
            "reason": row.reason,
            "ending_on": row.ending_on.isoformat() if row.ending_on else None,
            "ending_by": named.get(row.ending_by, "–") if row.ending_by else None,
            "may": [name for name, yes in may.items() if yes],
        }

    async def _open(
        self, unit: UnitOfWork, agreement_id: str, states: Sequence[str]
    ) -> tuple[Agreement, dict[str, Any]]:
        row = await repository.get(unit.session, agreement_id)
        if row is None:
            raise NotFound()
        if row.state not in states:
            raise Conflict("agreement_approved" if row.state == "approved" else "agreement_decided")
        return row, _kept(row)

    async def _set(self, unit: UnitOfWork, row: Agreement, version: int, values: dict[str, Any]) -> None:
        if not await set_if_version(unit.session, Agreement, row.id, version, values):
            named = await unit.session.get(Staff, row.decided_by or row.written_by)
            raise Conflict("agreement_changed", who=named.name if named else "–")
        await unit.session.refresh(row)

    def _record(
        self, unit: UnitOfWork, viewer: Viewer, action: str, agreement_id: str, before: Any, after: Any
    ) -> None:
        people.audit(unit.session, self._clock.now(), viewer.id, action, agreement_id, before=before, after=after)

    def _not_own(self, viewer: Viewer, writers: Collection[str | None]) -> None:
        if viewer.id in writers:
            raise Forbidden("agreement_own")

    def _today(self) -> date:
        return self._clock.now().astimezone(RIGA).date()


async def _writers(session: AsyncSession, rows: Sequence[Agreement]) -> dict[str, set[str]]:
    """Everybody who has written in each of some agreements: of several hands none decides on his own work."""
    by_trail = await people.writers(session, [one.id for one in rows], ("agreement_proposed", "agreement_changed"))
    return {one.id: by_trail[one.id] | {one.written_by} for one in rows}


def terms_of(row: Agreement) -> Terms:
    """An agreement as figures are computed by it."""
    return Terms(
        row.id,
        row.centre_id,
        row.valid_from,
        row.valid_to,
        row.workplaces,
        week_of(row.week),
        row.amount,
        row.currency,
        rule_of(row.rule),
    )


def week_of(kept: Sequence[Sequence[str] | None] | None) -> Week | None:
    """Hours by weekday from their written form."""
    if kept is None:
        return None
    return tuple((time.fromisoformat(day[0]), time.fromisoformat(day[1])) if day else None for day in kept)


def sees(viewer: Viewer) -> None:
    """Refuses whoever has nothing to do with the money of centres.

    Raises:
        Forbidden: he is neither supervisor, accountant nor administrator.
    """
    if viewer.role not in SEES:
        raise Forbidden()


def _decides(viewer: Viewer) -> None:
    if viewer.role not in DECIDES:
        raise Forbidden()


def _overlap(one: Agreement, other: Agreement) -> bool:
    far = date.max
    return one.valid_from <= (other.valid_to or far) and other.valid_from <= (one.valid_to or far)


def _kept(row: Agreement) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in (*_FIELDS, "state", "ending_on")}
    return {
        name: value.isoformat() if isinstance(value, date) else f"{value:.2f}" if name == "amount" else value
        for name, value in found.items()
    }
