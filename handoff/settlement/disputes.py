"""Lines of closed statements that are questioned: said by one person, decided by a second.

What is closed stays as it is. An accepted dispute reverses or corrects the entry in the ledger, and that falls into the next
month that is closed.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases import service as cases
from handoff.cases.models import CaseEntry
from handoff.console.doors import money_only
from handoff.desk import CASE_OUTCOMES
from handoff.settlement import repository
from handoff.settlement.models import SettlementDispute
from handoff.settlement.ports import ServiceNames
from handoff.settlement.reckoning import priced
from handoff.settlement.schemas import Accept, NewDispute, Reasoned
from handoff.settlement.service import writers_only
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.clock import Clock, iso
from kit.db import Database, UnitOfWork, set_if_version
from kit.errors import Conflict, Forbidden, NotFound, PieturaError

_PAGE: Final = 50
STATES: Final = ("open", "accepted", "refused", "withdrawn")


class Disputes:
    """What accountants and supervisors do about questioned lines."""

    def __init__(self, db: Database, clock: Clock, names: ServiceNames) -> None:
        self._db = db
        self._clock = clock
        self._names = names

    async def listing(
        self,
        viewer: Viewer,
        page: int,
        *,
        state: str | None = None,
        number: str | None = None,
        centre: str | None = None,
        institution: str | None = None,
        case_no: int | None = None,
    ) -> dict[str, Any]:
        """Disputes, the open ones first, then the latest. ``institution``: the party of an institution's statement.

        Raises:
            Forbidden: the viewer sees no money.
        """
        money_only(viewer)
        conditions: list[ColumnElement[bool]] = [
            column == value
            for column, value in (
                (SettlementDispute.state, state),
                (SettlementDispute.number, number),
                (SettlementDispute.centre_id, centre),
                (SettlementDispute.case_no, case_no),
            )
            if value is not None
        ]
        if institution is not None:
            conditions += repository.of_institution(institution)
        order = (SettlementDispute.state != "open", SettlementDispute.raised_at.desc(), SettlementDispute.id)
        async with self._db.read() as session:
            wanted = repository.disputes(*conditions)
            total = await session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
            rows = (await session.execute(wanted.order_by(*order).offset((page - 1) * _PAGE).limit(_PAGE))).all()
            counts = await repository.count_disputes(session)
            names = await repository.people(session)
            centres = await repository.centres(session)
        return {
            "rows": [_view(viewer, row, names, centres) for row in rows],
            "total": total,
            "page": page,
            "pages": max(1, -(-total // _PAGE)),
            "counts": {one: counts.get(one, 0) for one in STATES},
            "may": ["raise", *(["decide"] if viewer.role in ("accountant", "admin") else [])],
        }

    async def create(self, viewer: Viewer, wanted: NewDispute) -> dict[str, Any]:
        """Questions a line.

        Raises:
            Forbidden: as for :meth:`listing`.
            NotFound: no such statement.
            PieturaError: ``dispute_not_there``: it has no such line; ``dispute_no_case``: the line is a reversal.
            Conflict: ``dispute_open`` with ``who``.
        """
        money_only(viewer)
        now = self._clock.now()
        try:
            async with self._db.unit() as unit:
                session = unit.session
                statement = await repository.statement_row(session, wanted.number)
                if statement is None:
                    raise NotFound()
                line = await repository.line(session, wanted.entry_id)
                place = (statement.month, statement.kind, statement.party_id)
                if line is None or (line.month, line.payer, line.party_id) != place:
                    raise PieturaError("dispute_not_there")
                if line.sign < 0:
                    raise PieturaError("dispute_no_case")
                other = await repository.open_of(session, wanted.entry_id)
                if other is not None:
                    names = await repository.people(session)
                    raise Conflict("dispute_open", who=names.get(other.raised_by, "–"))
                entry = await session.get(CaseEntry, wanted.entry_id)
                row = SettlementDispute(
                    id=str(uuid.uuid4()),
                    version=1,
                    state="open",
                    number=wanted.number,
                    entry_id=wanted.entry_id,
                    case_no=entry.case_no if entry else 0,
                    amount=line.amount,
                    centre_id=entry.centre_id if entry else None,
                    reason=wanted.reason,
                    asked_by=wanted.asked_by or viewer.name,
                    raised_by=viewer.id,
                    raised_at=now,
                )
                session.add(row)
                await session.flush()
                self._record(unit, viewer, "dispute_raised", row, None)
                return await self._one(session, viewer, row.id)
        except IntegrityError as error:
            raise Conflict("dispute_open", who="–") from error

    async def accept(self, viewer: Viewer, dispute_id: str, wanted: Accept) -> dict[str, Any]:
        """Agrees: the entry is reversed or corrected.

        Raises:
            Forbidden: the viewer is neither accountant nor administrator.
            NotFound: no such dispute.
            PieturaError: ``dispute_second_person``, ``dispute_decided``, ``bad_value`` (``field``), ``nothing_changed``.
            Conflict: ``dispute_changed`` with ``who``; ``dispute_case_changed``: the case was corrected meanwhile.
        """
        writers_only(viewer)
        now = self._clock.now()
        async with self._db.unit() as unit:
            session = unit.session
            row = await self._open(unit, dispute_id)
            if row.raised_by == viewer.id:
                raise PieturaError("dispute_second_person")
            entry = await cases.in_force(session, row.case_no)
            if entry is None or entry.id != row.entry_id:
                raise Conflict("dispute_case_changed")
            changes: dict[str, Any] | None = None
            if wanted.act == "correct":
                changes = wanted.changes.model_dump(exclude_unset=True) if wanted.changes else {}
                await self._check(session, changes)
                await cases.correct(
                    session, row.case_no, changes, wanted.reason, viewer, now, correctable=cases.DISPUTABLE
                )
            else:
                await cases.reverse(session, row.case_no, wanted.reason, viewer, now)
            reversal = await session.scalar(select(CaseEntry.id).where(CaseEntry.reverses_id == entry.id))
            await self._decide(
                unit,
                viewer,
                row,
                wanted,
                "accepted",
                act=wanted.act,
                changes=changes,
                reversal_id=reversal,
            )
            return await self._one(session, viewer, dispute_id)

    async def refuse(self, viewer: Viewer, dispute_id: str, wanted: Reasoned) -> dict[str, Any]:
        """Does not agree.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`accept`.
            PieturaError: ``dispute_second_person``, ``dispute_decided``.
        """
        writers_only(viewer)
        async with self._db.unit() as unit:
            row = await self._open(unit, dispute_id)
            if row.raised_by == viewer.id:
                raise PieturaError("dispute_second_person")
            await self._decide(unit, viewer, row, wanted, "refused")
            return await self._one(unit.session, viewer, dispute_id)

    async def withdraw(self, viewer: Viewer, dispute_id: str, wanted: Reasoned) -> dict[str, Any]:
        """Takes back what one has questioned oneself.

        Raises:
            Forbidden: somebody else questioned it.
            NotFound, Conflict: as for :meth:`accept`.
            PieturaError: ``dispute_decided``.
        """
        money_only(viewer)
        async with self._db.unit() as unit:
            row = await self._open(unit, dispute_id)
            if row.raised_by != viewer.id:
                raise Forbidden()
            await self._decide(unit, viewer, row, wanted, "withdrawn")
            return await self._one(unit.session, viewer, dispute_id)

    async def _open(self, unit: UnitOfWork, dispute_id: str) -> SettlementDispute:
        row = await repository.dispute(unit.session, dispute_id)
        if row is None:
            raise NotFound()
        if row.state != "open":
            raise PieturaError("dispute_decided")
        return row

    async def _decide(
        self, unit: UnitOfWork, viewer: Viewer, row: SettlementDispute, wanted: Reasoned, state: str, **more: Any
    ) -> None:
        values = {
            "state": state,
            "decided_by": viewer.id,
            "decided_at": self._clock.now(),
            "decision": wanted.reason,
            **more,
        }
        if not await set_if_version(
            unit.session, SettlementDispute, row.id, wanted.version, values, SettlementDispute.state == "open"
        ):
            names = await repository.people(unit.session)
            raise Conflict("dispute_changed", who=names.get(row.decided_by or row.raised_by, "–"))
        await unit.session.refresh(row)
        self._record(unit, viewer, f"dispute_{state}", row, {"state": "open"})

    async def _check(self, session: AsyncSession, changes: dict[str, Any]) -> None:
        for name, value in changes.items():
            match name:
                case "level":
                    right = value is not None
                case "centre_id":
                    right = value is not None and await people.centre(session, str(value)) is not None
                case "institution_id":
                    right = value is None or await people.institution(session, str(value)) is not None
                case "service_id":
                    right = value is None or self._names.knows_service(str(value))
                case _:
                    right = value in CASE_OUTCOMES
            if not right:
                raise PieturaError("bad_value", field=name)

    def _record(
        self, unit: UnitOfWork, viewer: Viewer, action: str, row: SettlementDispute, before: dict[str, Any] | None
    ) -> None:
        after = {
            "state": row.state,
            "number": row.number,
            "case": row.case_no,
            "reason": row.reason,
            "decision": row.decision,
            "act": row.act,
            "changes": row.changes,
        }
        people.audit(unit.session, self._clock.now(), viewer.id, action, row.id, before=before, after=after)

    async def _one(self, session: AsyncSession, viewer: Viewer, dispute_id: str) -> dict[str, Any]:
        found = (await session.execute(repository.disputes(SettlementDispute.id == dispute_id))).one()
        return _view(viewer, found, await repository.people(session), await repository.centres(session))


def _view(viewer: Viewer, found: Any, names: dict[str, str], centres: dict[str, str]) -> dict[str, Any]:
    row: SettlementDispute = found[0]
    may: list[str] = []
    if row.state == "open":
        if row.raised_by == viewer.id:
            may = ["withdraw"]
        elif viewer.role in ("accountant", "admin"):
            may = ["accept", "refuse"]
    return {
        "id": row.id,
        "state": row.state,
        "version": row.version,
        "number": row.number,
        "entry_id": row.entry_id,
        "case_no": row.case_no,
        "month": f"{found.month:%Y-%m}",
        "kind": found.kind,
        "party": found.party,
        "party_id": found.party_id,
        "centre": centres.get(row.centre_id, row.centre_id) if row.centre_id else None,
        "centre_id": row.centre_id,
        "amount": priced(row.amount),
        "reason": row.reason,
        "asked_by": row.asked_by,
        "raised_by": names.get(row.raised_by),
        "raised_at": iso(row.raised_at),
        "decided_by": names.get(row.decided_by) if row.decided_by else None,
        "decided_at": iso(row.decided_at),
        "decision": row.decision,
        "act": row.act,
        "changes": row.changes,
        "settled_in": f"{found.settled_in:%Y-%m}" if found.settled_in else None,
        "may": may,
    }
