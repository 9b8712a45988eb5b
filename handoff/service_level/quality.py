"""The quality part (R13, R16): the criteria of twelve months by centre, and the formula that makes an amount of them.

The formula is written by one and approved by another; approved it is not changed, only followed by the next. What it comes to
goes into the settlement of one month of the year (:meth:`Quality.quality_adjustments`).
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.service_level import repository, year
from handoff.service_level.administration import decimal_text
from handoff.service_level.formula import CRITERIA, BaseKind, Formula, Level, Result, Rule, packed, unpacked, work
from handoff.service_level.models import QualityFormula
from handoff.service_level.schemas import ChangeFormula, PreviewFormula, WriteFormula
from handoff.service_level.targets import MEASURES, LiveTargets, Target, in_force
from handoff.service_level.year import Count, Figures, Picked, Year
from handoff.settlement.statement import Adjustment
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.clock import RIGA, Clock, iso
from kit.db import Database, UnitOfWork, set_if_version
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.i18n import Catalogue
from kit.textual import clean

_PAGE: Final = 50
_READ: Final = ("supervisor", "accountant", "admin")
#: Supervisors belong to centres, whose money this is: they neither write nor approve.
_WRITE: Final = ("accountant", "admin")
#: What the cases of each centre came to in twelve months: the ledger's sums, unless the settlement gives its own.
VariablePart = Callable[[AsyncSession, Year], Awaitable[Mapping[str, Decimal]]]


class Quality:
    """Figures, formulas, amounts; permission is checked here, from the session's viewer."""

    def __init__(self, db: Database, clock: Clock, targets: LiveTargets, texts: Catalogue) -> None:
        self._db = db
        self._clock = clock
        self._targets = targets
        self._texts = texts
        self.variable_part: VariablePart = year.variable_part

    # --- what is shown ------------------------------------------------------------------------------------------------------

    async def view(self, viewer: Viewer, month: date | None) -> dict[str, Any]:
        """The figures of the twelve months that end with ``month`` (None: with this one), and the formulas.

        Raises:
            Forbidden: the viewer is neither supervisor, accountant nor administrator.
            PieturaError: ``bad_value``: a month that has not begun.
        """
        _only(viewer, _READ)
        async with self._db.read() as session:
            return await self._view(session, viewer, self._year(month))

    async def rows(self, viewer: Viewer, month: date | None, wanted: Picked, page: int) -> dict[str, Any]:
        """The rows behind a figure.

        Raises:
            Forbidden: as for :meth:`view`.
            PieturaError: ``bad_value``.
        """
        _only(viewer, _READ)
        if wanted.criterion not in CRITERIA:
            raise PieturaError("bad_value", field="criterion")
        chosen, at = self._year(month), self._clock.now()
        async with self._db.read() as session:
            total, found = await year.rows_behind(session, chosen, at, wanted, (page - 1) * _PAGE, _PAGE)
            centres = await self._centres(session)
        return {
            "rows": [
                {
                    "case_no": row.no,
                    "channel": row.channel,
                    "level": row.level,
                    "centre": centres.get(row.centre_id),
                    "at": iso(row.at),
                    "due_at": iso(row.due_at),
                    "ended_at": iso(row.ended_at),
                    "worked_s": None if row.spent_us is None or row.ended_at is None else row.spent_us // 1_000_000,
                    "how": row.how,
                    "met": bool(row.met),
                }
                for row in found
            ],
            "total": total,
            "page": page,
            "pages": max(1, -(-total // _PAGE)),
        }

    async def preview(self, viewer: Viewer, wanted: PreviewFormula) -> dict[str, Any]:
        """What a formula would come to on the twelve months up to a month, beside the one in force.

        Raises:
            Forbidden: the viewer is neither accountant nor administrator.
            PieturaError: as for :meth:`write`.
        """
        _only(viewer, _WRITE)
        tried = self._checked(wanted)
        chosen = self._year(wanted.until)
        async with self._db.read() as session:
            row = await self._row_of(session, chosen.month)
            found = await year.figures(session, chosen, self._clock.now())
            old = await self._results(session, chosen, _formula_of_row(row), found) if row is not None else {}
            new = await self._results(session, chosen, tried, found)
            centres = await self._centres(session)
        return {
            "month": _month_text(chosen.month),
            "centres": [
                {
                    "id": key,
                    "name": name,
                    "before": _money(old[key].amount) if key in old else None,
                    "after": _result(new[key]) if key in new else None,
                }
                for key, name in centres.items()
            ],
        }

    # --- formulas -----------------------------------------------------------------------------------------------------------

    async def write(self, viewer: Viewer, wanted: WriteFormula) -> dict[str, Any]:
        """Keeps a draft.

        Raises:
            Forbidden: the viewer is neither accountant nor administrator.
            PieturaError: ``formula_reason_missing``, ``formula_day``, ``formula_passed``, ``formula_twice``,
                ``formula_steps``, ``formula_no_points``, ``formula_bounds``.
        """
        _only(viewer, _WRITE)
        self._checked(wanted)
        self._ahead(wanted.valid_from)
        now = self._clock.now()
        async with self._db.unit() as unit:
            row = QualityFormula(
                id=str(uuid.uuid4()),
                version=1,
                state="draft",
                written_by=viewer.id,
                written_at=now,
                **_columns(wanted),
            )
            unit.session.add(row)
            await unit.session.flush()
            self._audit(unit, viewer, "formula_written", row, None)
            return await self._view(unit.session, viewer, self._year(None))

    async def change(self, viewer: Viewer, formula_id: str, wanted: ChangeFormula) -> dict[str, Any]:
        """Changes a draft; whoever does it has written in it and does not approve it.

        Raises:
            Forbidden, PieturaError: as for :meth:`write`.
            NotFound: no such draft.
            Conflict: ``formula_changed`` with ``who``.
        """
        _only(viewer, _WRITE)
        self._checked(wanted)
        self._ahead(wanted.valid_from)
        now = self._clock.now()
        values = {**_columns(wanted), "written_by": viewer.id, "written_at": now}
        async with self._db.unit() as unit:
            row, before = await self._moved(unit, formula_id, wanted.version, values)
            self._audit(unit, viewer, "formula_changed", row, before)
            return await self._view(unit.session, viewer, self._year(None))

    async def approve(self, viewer: Viewer, formula_id: str, version: int) -> dict[str, Any]:
        """Puts a draft in force from its month on; a second person does it.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`change`.
            PieturaError: ``formula_own``: he has written in it, be it before others; ``formula_passed``: its month has gone by.
        """
        _only(viewer, _WRITE)
        async with self._db.unit() as unit:
            # Locked: it must not be rewritten by the one who approves it between the look and the approval.
            draft = await unit.session.get(QualityFormula, formula_id, with_for_update=True)
            if draft is None or draft.state != "draft":
                raise NotFound()
            if viewer.id in (await _writers(unit.session, [draft]))[draft.id]:
                raise PieturaError("formula_own")
            self._ahead(draft.valid_from)
            values = {"state": "approved", "decided_by": viewer.id, "decided_at": self._clock.now()}
            row, before = await self._moved(unit, formula_id, version, values)
            self._audit(unit, viewer, "formula_approved", row, before)
            return await self._view(unit.session, viewer, self._year(None))

    async def withdraw(self, viewer: Viewer, formula_id: str, version: int) -> dict[str, Any]:
        """Lets a draft go.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`change`.
        """
        _only(viewer, _WRITE)
        async with self._db.unit() as unit:
            values = {"state": "withdrawn", "decided_by": viewer.id, "decided_at": self._clock.now()}
            row, before = await self._moved(unit, formula_id, version, values)
            self._audit(unit, viewer, "formula_withdrawn", row, before)
            return await self._view(unit.session, viewer, self._year(None))

    async def _moved(
        self, unit: UnitOfWork, formula_id: str, version: int, values: dict[str, Any]
    ) -> tuple[QualityFormula, dict[str, Any]]:
        session = unit.session
        row = await session.get(QualityFormula, formula_id)
        if row is None:
            raise NotFound()
        before = _kept(row)
        draft = QualityFormula.state == "draft"
        if not await set_if_version(session, QualityFormula, formula_id, version, values, draft):
            await session.refresh(row)
            who = await session.get(Staff, row.decided_by or row.written_by)
            raise Conflict("formula_changed", who=who.name if who is not None else "–")
        await session.refresh(row)
        return row, before

    def _audit(self, unit: UnitOfWork, viewer: Viewer, action: str, row: QualityFormula, before: Any) -> None:
        people.audit(unit.session, self._clock.now(), viewer.id, action, row.id, before=before, after=_kept(row))

    def _checked(self, wanted: WriteFormula) -> Formula:
        if not clean(wanted.reason):
            raise PieturaError("formula_reason_missing")
        if wanted.valid_from.day != 1:
            raise PieturaError("formula_day")
        names = [one.measure for one in wanted.criteria]
        if len(set(names)) != len(names):
            raise PieturaError("formula_twice")
        for one in wanted.criteria:
            percents = [step.percent for step in one.steps]
            if percents != sorted(set(percents)):
                raise PieturaError("formula_steps")
        found = _formula(wanted)
        if any(rule.most <= 0 for rule in found.rules):
            raise PieturaError("formula_no_points")
        if (found.floor is not None and found.cap is not None and found.floor > found.cap) or (
            found.base_kind == "share" and found.base > 100
        ):
            raise PieturaError("formula_bounds")
        return found

    def _ahead(self, valid_from: date) -> None:
        # What has been paid is not paid anew by another rule.
        if valid_from < self._today().replace(day=1):
            raise PieturaError("formula_passed")

    # --- amounts ------------------------------------------------------------------------------------------------------------

    async def quality_adjustments(self, session: AsyncSession, month: date) -> list[tuple[str, Adjustment]]:
        """The amounts that belong into the settlement of ``month`` (its first day), by centre; none in other months of the year,
        and none where nothing was judged."""
        row = await self._row_of(session, month)
        if row is None or row.month != month.month:
            return []
        chosen = Year(month)
        # By the present, as the page has it: of a month that goes on nothing is missed that may still be kept.
        figures = await year.figures(session, chosen, self._clock.now())
        results = await self._results(session, chosen, _formula_of_row(row), figures)
        first, last = chosen.months[0], chosen.months[-1]
        found = []
        for centre_id, result in sorted(results.items()):
            if result.coefficient is None:
                continue
            counted = [one for one in result.judged if one.points is not None]
            text = self._texts.text(
                "lv",
                "quality.adjustment",
                first=f"{first:%m.%Y}",
                last=f"{last:%m.%Y}",
                points=_comma(sum((one.points or Decimal(0) for one in counted), Decimal(0))),
                most=_comma(sum((one.most for one in counted), Decimal(0))),
            )
            source = f"#/quality?month={_month_text(month)}&centre={centre_id}"
            found.append((centre_id, Adjustment("quality", text, source, result.amount)))
        return found

    async def _results(
        self, session: AsyncSession, chosen: Year, formula: Formula, found: Figures
    ) -> dict[str, Result]:
        variable = await self.variable_part(session, chosen)
        return {
            centre: work(formula, _whole_year(found, centre), variable.get(centre, Decimal(0)))
            for centre in await self._centres(session)
        }

    async def _row_of(self, session: AsyncSession, month: date) -> QualityFormula | None:
        """The formula of a month: of those approved the last that has begun."""
        found: QualityFormula | None = await session.scalar(
            select(QualityFormula)
            .where(QualityFormula.state == "approved", QualityFormula.valid_from <= month)
            .order_by(QualityFormula.valid_from.desc(), QualityFormula.decided_at.desc())
            .limit(1)
        )
        return found

    # --- the page -----------------------------------------------------------------------------------------------------------

    async def _view(self, session: AsyncSession, viewer: Viewer, chosen: Year) -> dict[str, Any]:
        at = self._clock.now()
        found = await year.figures(session, chosen, at)
        centres = await self._centres(session)
        names = {one.id: one.name for one in await people.everybody(session)}
        last_day = min(self._today(), chosen.bounds[-1].astimezone(RIGA).date() - timedelta(days=1))
        targets = in_force(await repository.targets(session), self._targets.first, last_day)
        row = await self._row_of(session, chosen.month)
        results = await self._results(session, chosen, _formula_of_row(row), found) if row is not None else {}
        shown_formulas = (
            select(QualityFormula)
            .where(QualityFormula.state.in_(["draft", "approved"]))
            .order_by(QualityFormula.valid_from.desc(), QualityFormula.written_at.desc())
        )
        formulas = (await session.scalars(shown_formulas)).all()
        writers = await _writers(session, formulas)
        shown: list[tuple[str | None, str | None]] = list(centres.items())
        if any(None in by_centre for by_centre in found.values()):
            shown.append((None, None))
        return {
            "month": _month_text(chosen.month),
            "months": [_month_text(one) for one in chosen.months],
            "at": iso(at),
            "complete": at >= chosen.bounds[-1],
            "targets": {
                name: {
                    "percent": decimal_text(targets[name].percent),
                    "seconds": targets[name].seconds,
                    "more_than": MEASURES[name].more_than,
                }
                for name in CRITERIA
            },
            "total": self._criteria(found, None, targets, everybody=True),
            "centres": [
                {
                    "id": key,
                    "name": name,
                    "criteria": self._criteria(found, key, targets),
                    "result": _result(results[key]) if key is not None and key in results else None,
                }
                for key, name in shown
            ],
            "formula": _shown(row, names, viewer, writers[row.id]) if row is not None else None,
            "formulas": [_shown(one, names, viewer, writers[one.id]) for one in formulas],
            "may_write": viewer.role in _WRITE,
            "this_month": _month_text(self._today()),
        }

    def _criteria(
        self, found: Figures, centre: str | None, targets: Mapping[str, Target], *, everybody: bool = False
    ) -> dict[str, Any]:
        view = {}
        for name in CRITERIA:
            by_centre = found[name]
            lines = list(by_centre.values()) if everybody else [by_centre.get(centre, [Count()] * year.MONTHS)]
            months = [sum(column, Count()) for column in zip(*lines, strict=True)] or [Count()] * year.MONTHS
            whole = sum(months, Count())
            more_than = MEASURES[name].more_than
            view[name] = {
                "part": whole.part,
                "whole": whole.whole,
                "met": targets[name].met(whole.part, whole.whole, more_than=more_than),
                "months": [{"part": one.part, "whole": one.whole} for one in months],
            }
        return view

    async def _centres(self, session: AsyncSession) -> dict[str, str]:
        return {one.id: one.name for one in sorted(await people.centres(session), key=lambda one: one.name)}

    def _year(self, month: date | None) -> Year:
        this = self._today().replace(day=1)
        chosen = (month or this).replace(day=1)
        if chosen > this or chosen.year < this.year - 20:
            raise PieturaError("bad_value", field="month")
        return Year(chosen)

    def _today(self) -> date:
        return self._clock.now().astimezone(RIGA).date()


def _only(viewer: Viewer, roles: Sequence[str]) -> None:
    if viewer.role not in roles:
        raise Forbidden()


def _whole_year(found: Figures, centre: str) -> dict[str, tuple[int, int]]:
    counted = {name: sum(by_centre.get(centre, []), Count()) for name, by_centre in found.items()}
    return {name: (one.part, one.whole) for name, one in counted.items()}


def _columns(wanted: WriteFormula) -> dict[str, Any]:
    found = _formula(wanted)
    return {
        "valid_from": wanted.valid_from,
        "month": wanted.month,
        "base_kind": wanted.base_kind,
        "base": wanted.base,
        "floor": wanted.floor,
        "cap": wanted.cap,
        "criteria": packed(found.rules),
        "reason": clean(wanted.reason),
    }


def _formula(wanted: WriteFormula) -> Formula:
    rules = tuple(
        Rule(one.measure, tuple(Level(step.percent, step.points) for step in one.steps)) for one in wanted.criteria
    )
    return Formula(wanted.base_kind, wanted.base, rules, wanted.floor, wanted.cap)


def _formula_of_row(row: QualityFormula) -> Formula:
    kind: BaseKind = "share" if row.base_kind == "share" else "amount"
    return Formula(kind, row.base, unpacked(row.criteria), row.floor, row.cap)


def _kept(row: QualityFormula) -> dict[str, Any]:
    return {
        "state": row.state,
        "valid_from": row.valid_from.isoformat(),
        "month": row.month,
        "base_kind": row.base_kind,
        "base": decimal_text(row.base),
        "floor": decimal_text(row.floor),
        "cap": decimal_text(row.cap),
        "criteria": row.criteria,
        "reason": row.reason,
    }


async def _writers(session: AsyncSession, rows: Sequence[QualityFormula]) -> dict[str, set[str]]:
    """Everybody who has written in each of some formulas: of several hands none approves his own work."""
    by_trail = await people.writers(session, [one.id for one in rows], ("formula_written", "formula_changed"))
    return {one.id: by_trail[one.id] | {one.written_by} for one in rows}


def _shown(row: QualityFormula, names: Mapping[str, str], viewer: Viewer, writers: set[str]) -> dict[str, Any]:
    draft = row.state == "draft"
    return {
        "id": row.id,
        "version": row.version,
        **_kept(row),
        "written_by": names.get(row.written_by),
        "written_at": iso(row.written_at),
        "decided_by": names.get(row.decided_by or ""),
        "decided_at": iso(row.decided_at),
        "may_approve": draft and viewer.role in _WRITE and viewer.id not in writers,
        "own": viewer.id in writers,
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "amount": _money(result.amount),
        "base": _exact(result.base),
        "coefficient": None if result.coefficient is None else _exact(result.coefficient),
        "exact": _exact(result.exact),
        "bounded": result.bounded,
        "judged": [
            {
                "measure": one.measure,
                "part": one.part,
                "whole": one.whole,
                "points": decimal_text(one.points),
                "most": decimal_text(one.most),
            }
            for one in result.judged
        ],
    }


def _money(amount: Decimal) -> str:
    return format(amount, ".2f")


def _exact(value: Fraction) -> str:
    """A decimal where it is one to a ten-thousandth, else the fraction itself: nothing is shown rounder than it is."""
    if (value * 10_000).denominator == 1:
        return decimal_text(Decimal(value.numerator) / Decimal(value.denominator)) or "0"
    return f"{value.numerator}/{value.denominator}"


def _comma(value: Decimal) -> str:
    return (decimal_text(value) or "0").replace(".", ",")


def _month_text(month: date) -> str:
    return f"{month:%Y-%m}"
