"""Months: what they would come to, closing them, and the statements that stay (R16).

A month is closed once it is over, and months in their order. From the moment of closing on what is entered in the ledger
belongs to the next month: so nothing of a closed one ever changes, and nothing is lost.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import orjson
import structlog
from sqlalchemy import ColumnElement, Select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases.service import list_in_force
from handoff.console.doors import money_only
from handoff.settlement import repository
from handoff.settlement.causes import ClosingFault, cause_of, pause_after
from handoff.settlement.models import SettlementPeriod, SettlementStatement
from handoff.settlement.ports import AdjustmentSource, ServiceNames, no_adjustments
from handoff.settlement.reckoning import (
    Account,
    Month,
    Prices,
    Settled,
    agree,
    figures_view,
    fixed_due,
    money,
    priced,
    settle_month,
)
from handoff.settlement.repository import Names, Span, month_of, next_month
from handoff.settlement.statement import Adjustment, Statement
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.clock import RIGA, Clock, iso, midnight
from kit.db import Database
from kit.errors import Conflict, Forbidden, NotFound, PieturaError

log = structlog.get_logger(__name__)

#: Statements are in the language of the state.
_LANG: Final = "lv"
_PAGE: Final = 50
#: Entries taken in together: others who want to write wait no longer than that takes.
_TOGETHER: Final = 5000
#: A worker that has not been heard of for so long is taken to be gone.
_LEASE: Final = timedelta(seconds=60)
#: A closing that is not done after so long is out of the ordinary.
_STUCK: Final = timedelta(seconds=30)
#: Statements in hand, of which lines are read page by page.
_IN_HAND: Final = 4


def writers_only(viewer: Viewer) -> None:
    """Refuses whoever may not change prices, close months or decide disputes.

    Raises:
        Forbidden: he is neither accountant nor administrator.
    """
    if viewer.role not in ("accountant", "admin"):
        raise Forbidden()


class Settlement:
    """Months and their statements."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        names: ServiceNames,
        begun: Callable[[], Awaitable[None]],
        adjustments: AdjustmentSource = no_adjustments,
    ) -> None:
        """``begun``: tells the workers that a month is to be closed."""
        self._db = db
        self._clock = clock
        self._names = names
        self._begun = begun
        self._adjustments = adjustments
        self._in_hand: OrderedDict[str, dict[str, Any]] = OrderedDict()

    # --- looking ------------------------------------------------------------------------------------------------------

    async def months(self, viewer: Viewer) -> dict[str, Any]:
        """Every month since the first case, the latest first.

        Raises:
            Forbidden: the viewer sees no money.
        """
        money_only(viewer)
        now = self._clock.now()
        async with self._db.read() as session:
            rows = {one.month: one for one in await repository.periods(session)}
            first = await self._first(session, rows)
            names = await repository.people(session)
        months: list[date] = []
        month = first
        while month is not None and month <= month_of(now):
            months.append(month)
            month = next_month(month)
        following = _next(first, rows)
        may_close = viewer.role in ("accountant", "admin")
        return {
            "months": [
                _period_view(
                    one,
                    rows.get(one),
                    names,
                    now,
                    may_close=may_close and _may_close(one, following, rows, now),
                    writes=may_close,
                )
                for one in reversed(months)
            ],
            "may_close": may_close,
            "next": (
                f"{following:%Y-%m}" if following is not None and _may_close(following, following, rows, now) else None
            ),
        }

    async def month(self, viewer: Viewer, month: date) -> dict[str, Any]:
        """A month, with its statements once it is closed.

        Raises:
            Forbidden: as for :meth:`months`.
            NotFound: no case was counted as early as that, or it has not begun.
        """
        money_only(viewer)
        return await self._month(viewer, month)

    async def _month(self, viewer: Viewer, month: date) -> dict[str, Any]:
        now = self._clock.now()
        async with self._db.read() as session:
            rows = {one.month: one for one in await repository.periods(session)}
            first = await self._first(session, rows)
            names = await repository.people(session)
            heads = await repository.statements(session, SettlementStatement.month == month)
        if first is None or month < first or month > month_of(now):
            raise NotFound()
        writes = viewer.role in ("accountant", "admin")
        may_close = writes and _may_close(month, _next(first, rows), rows, now)
        return {
            **_period_view(month, rows.get(month), names, now, may_close=may_close, writes=writes),
            "statements": [_head_view(one) for one in heads],
        }

    async def preview(self, viewer: Viewer, month: date) -> dict[str, Any]:
        """What an open month would come to if it were closed now: the same reckoning, and nothing is stored.

        Raises:
            Forbidden: as for :meth:`months`.
            PieturaError: ``month_not_begun``.
            Conflict: ``month_closed``, ``month_closing``; ``month_adjustments``: the quality part or the fixed part cannot be
                worked out.
        """
        money_only(viewer)
        settled, at, span = await self._previewed(month)
        seen = await self._month(viewer, month)
        problems = [
            {"code": code, "count": count}
            for code, count in (
                ("unpriced", settled.figures.unpriced),
                ("unassigned", settled.figures.unassigned_cases if settled.figures.unassigned_amount else 0),
                ("undivided", int(bool(settled.figures.undivided))),
                ("not_over", int(next_month(month) > self._today())),
                ("before_open", int(span.own)),
                ("before_closing", int(span.before is not None)),
            )
            if count
        ]
        return {
            **seen,
            **figures_view(settled.figures),
            "statements": [_previewed_head(one) for one in settled.statements],
            "problems": problems,
            "at": iso(at),
        }

    async def preview_statement(self, viewer: Viewer, month: date, kind: str, party_id: str) -> dict[str, Any]:
        """One statement of an open month.

        Raises:
            Forbidden, PieturaError, Conflict: as for :meth:`preview`.
            NotFound: it would have no such statement.
        """
        made = await self._preview_of(viewer, month, kind, party_id)
        return _view(await asyncio.to_thread(_kept, made), None, 0) | {"number": ""}

    async def preview_lines(
        self, viewer: Viewer, month: date, kind: str, party_id: str, wanted: LineFilter, page: int
    ) -> dict[str, Any]:
        """The lines of one.

        Raises:
            Forbidden, PieturaError, Conflict, NotFound: as for :meth:`preview_statement`.
        """
        made = await self._preview_of(viewer, month, kind, party_id)
        return await self._page_of(await asyncio.to_thread(_kept, made), wanted, page)

    async def _preview_of(self, viewer: Viewer, month: date, kind: str, party_id: str) -> Statement:
        money_only(viewer)
        settled, _, _ = await self._previewed(month)
        for one in settled.statements:
            if (one.kind, one.party_id) == (kind, party_id):
                return one
        raise NotFound()

    async def statements(
        self, viewer: Viewer, month: date | None, kind: str | None, party_id: str | None
    ) -> dict[str, Any]:
        """Heads of stored statements.

        Raises:
            Forbidden: as for :meth:`months`.
        """
        money_only(viewer)
        conditions: list[ColumnElement[bool]] = [
            column == value
            for column, value in (
                (SettlementStatement.month, month),
                (SettlementStatement.kind, kind),
                (SettlementStatement.party_id, party_id),
            )
            if value is not None
        ]
        async with self._db.read() as session:
            heads = await repository.statements(session, *conditions)
        return {"statements": [_head_view(one) for one in heads]}

    async def statement(self, viewer: Viewer, number: str) -> dict[str, Any]:
        """A stored statement, without its lines.

        Raises:
            Forbidden: as for :meth:`months`.
            NotFound: no such statement.
        """
        money_only(viewer)
        kept = await self._stored(number)
        async with self._db.read() as session:
            asked = await repository.disputes_open(session, number)
        return _view(kept, kept["digest"], asked)

    async def lines(self, viewer: Viewer, number: str, wanted: LineFilter, page: int) -> dict[str, Any]:
        """The rows behind a stored statement's figures.

        Raises:
            Forbidden, NotFound: as for :meth:`statement`.
        """
        money_only(viewer)
        return await self._page_of(await self._stored(number), wanted, page)

    async def document(self, viewer: Viewer, number: str) -> tuple[Statement, str]:
        """A stored statement whole, with its digest: what documents are made of.

        Raises:
            Forbidden, NotFound: as for :meth:`statement`.
        """
        money_only(viewer)
        async with self._db.read() as session:
            row = await repository.statement_row(session, number)
        if row is None:
            raise NotFound()
        return await asyncio.to_thread(Statement.read, row.content), row.digest

    async def _stored(self, number: str) -> dict[str, Any]:
        found = self._in_hand.pop(number, None)
        if found is None:
            async with self._db.read() as session:
                row = await repository.statement_row(session, number)
            if row is None:
                raise NotFound()
            found = {**await asyncio.to_thread(orjson.loads, row.content), "digest": row.digest}
        # What is stored never changes, so it may be kept.
        self._in_hand[number] = found
        while len(self._in_hand) > _IN_HAND:
            self._in_hand.popitem(last=False)
        return found

    async def _page_of(self, kept: dict[str, Any], wanted: LineFilter, page: int) -> dict[str, Any]:
        found = [one for one in _lines_of(kept, wanted) if wanted.fits(one)]
        shown = found[(page - 1) * _PAGE : page * _PAGE]
        async with self._db.read() as session:
            asked = await repository.latest_disputes(session, [one["entry_id"] for one in shown])
        return {
            "rows": [
                {
                    **one,
                    "dispute": (
                        {"id": asked[one["entry_id"]].id, "state": asked[one["entry_id"]].state}
                        if one["entry_id"] in asked
                        else None
                    ),
                }
                for one in shown
            ],
            "total": len(found),
            "cases": sum(one["sign"] for one in found),
            "amount": priced(sum((Decimal(one["amount"]) for one in found), Decimal(0))),
            "page": page,
            "pages": max(1, -(-len(found) // _PAGE)),
        }

    # --- closing ------------------------------------------------------------------------------------------------------

    async def close(self, viewer: Viewer, month: date) -> dict[str, Any]:
        """Begins the closing of a month; a worker does it.

        Raises:
            Forbidden: the viewer is neither accountant nor administrator.
            NotFound: there is no such month.
            PieturaError: ``month_not_over``; ``month_before_open``: an earlier one comes first (``month``).
            Conflict: ``month_closed``, ``month_closing``; ``month_closing_other`` (``month``).
        """
        writers_only(viewer)
        now = self._clock.now()
        try:
            async with self._db.unit() as unit:
                session = unit.session
                rows = {one.month: one for one in await repository.periods(session)}
                first = await self._first(session, rows)
                if first is None or month < first or month > month_of(now):
                    raise NotFound()
                if month in rows:
                    raise Conflict("month_closed" if rows[month].state == "closed" else "month_closing")
                busy = next((one.month for one in rows.values() if one.state == "closing"), None)
                if busy is not None:
                    raise Conflict("month_closing_other", month=f"{busy:%Y-%m}")
                following = _next(first, rows)
                if following != month:
                    raise PieturaError("month_before_open", month=f"{following:%Y-%m}")
                if midnight(next_month(month)) > now:
                    raise PieturaError("month_not_over", month=f"{month:%Y-%m}")
                session.add(
                    SettlementPeriod(
                        month=month,
                        state="closing",
                        started_by=viewer.id,
                        started_at=now,
                        cutoff_at=now,
                        step="waiting",
                    )
                )
                people.audit(session, now, viewer.id, "month_closing", f"{month:%Y-%m}", before="open", after="closing")
                unit.after_commit(self._begun)
        except IntegrityError as error:
            raise Conflict("month_closing") from error
        return await self._month(viewer, month)

    async def try_again(self, viewer: Viewer, month: date) -> dict[str, Any]:
        """Does not wait for the next attempt at a closing that failed. One that is under way goes on undisturbed.

        Raises:
            Forbidden, NotFound: as for :meth:`close`.
            Conflict: ``month_closed``; ``month_not_closing``: nobody is closing it.
        """
        writers_only(viewer)
        now = self._clock.now()
        async with self._db.unit() as unit:
            session = unit.session
            row = await self._unfinished(session, month)
            if await repository.hurry(session, month):
                before = {"attempts": row.attempts, "error": row.error}
                people.audit(session, now, viewer.id, "month_try_again", f"{month:%Y-%m}", before=before)
                unit.after_commit(self._begun)
        return await self._month(viewer, month)

    async def give_back(self, viewer: Viewer, month: date, reason: str) -> dict[str, Any]:
        """Makes a month that is being closed an open one again, as if its closing had never been begun. The worker that has it in
        hand, if one has, stores nothing any more. Who did it and why is on record.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`try_again`.
        """
        writers_only(viewer)
        now = self._clock.now()
        async with self._db.unit() as unit:
            session = unit.session
            row = await self._unfinished(session, month)
            before = {
                "state": "closing",
                "started_at": iso(row.started_at),
                "attempts": row.attempts,
                "error": row.error,
                "entries": await repository.give_back(session, month),
            }
            name = f"{month:%Y-%m}"
            people.audit(session, now, viewer.id, "month_given_back", name, before=before, after="open", reason=reason)
        log.info("month given back", month=name, entries=before["entries"])
        return await self._month(viewer, month)

    async def _unfinished(self, session: AsyncSession, month: date) -> SettlementPeriod:
        row = await repository.held(session, month)
        if row is None:
            first = await self._first(session, {one.month: one for one in await repository.periods(session)})
            if first is None or month < first or month > month_of(self._clock.now()):
                raise NotFound()
            raise Conflict("month_not_closing")
        if row.state == "closed":
            raise Conflict("month_closed")
        return row

    async def work(self) -> None:
        """Closes the month that is to be closed, unless another worker has it in hand; goes on where one was killed.

        Raises:
            Exception: whatever went wrong; its code stands in the month's ``error``, and it is tried again after a pause that
                grows.
        """
        worker = str(uuid.uuid4())
        now = self._clock.now()
        async with self._db.read() as session:
            month = await repository.to_close(session, now)
        if month is None or not await self._claimed(month, worker, now):
            return
        try:
            await self._close(month, worker)
        except LostMonth:
            log.warning("the month is not in this worker's hands any longer", month=f"{month:%Y-%m}")
        except Exception as error:
            if await self._failed(month, worker, error):
                raise
            # Given back or taken over while it was at it: what went wrong came of that.
            log.warning("the month is not in this worker's hands any longer", month=f"{month:%Y-%m}")

    async def _claimed(self, month: date, worker: str, now: datetime) -> bool:
        """Takes a month in hand. Of one whose worker is heard of no more it is noted first."""
        async with self._db.unit() as unit:
            session = unit.session
            row = await repository.period(session, month)
            if row is None or row.state != "closing":
                return False
            attempt, gone = row.attempts, row.worker
            if gone is not None:
                due = now + pause_after(attempt, "interrupted")
                if not await repository.failed(session, month, gone, now, due, "interrupted"):
                    return False
                log.warning("closing a month was interrupted", month=f"{month:%Y-%m}", fault=gone[:8], attempt=attempt)
                if due > now:
                    return False
            claimed = await repository.claim(session, month, worker, now, now + _LEASE)
        if claimed:
            log.info("closing a month", month=f"{month:%Y-%m}", fault=worker[:8], attempt=attempt + 1)
        return claimed

    async def _failed(self, month: date, worker: str, error: Exception) -> bool:
        """Notes a failed attempt; False when the month is another's by now."""
        now, cause = self._clock.now(), cause_of(error)
        async with self._db.unit() as unit:
            row = await repository.period(unit.session, month)
            attempts = row.attempts if row else 0
            due = now + pause_after(attempts, cause)
            noted = await repository.failed(unit.session, month, worker, now, due, cause)
        if noted:
            log.error("a month was not closed", month=f"{month:%Y-%m}", cause=cause, fault=worker[:8], attempt=attempts)
        return noted

    async def _close(self, month: date, worker: str) -> None:
        async with self._db.read() as session:
            period = await repository.period(session, month)
            if period is None:
                raise LostMonth()
            closed_by = (await repository.people(session)).get(period.started_by, "")
            span = await self._span(session, month, period.cutoff_at)
            left = await repository.count_unsettled(session, span)
        done = 0
        await self._tell(month, worker, 2, "collecting")
        while True:
            async with self._db.unit() as unit:
                taken = await repository.collect(unit.session, span, _TOGETHER)
                done += taken
                await self._advance(unit.session, month, worker, 2 + 48 * done // max(left, done, 1), "collecting")
            if taken < _TOGETHER:
                break
        await self._tell(month, worker, 50, "reckoning")
        async with self._db.read() as session:
            facts = await self._facts(session, span, month, closed_by)
        await self._tell(month, worker, 65, "reckoning")
        settled = await self._reckoned(settle_month, facts)
        await self._tell(month, worker, 80, "reckoning")
        rows = await self._reckoned(lambda: [_row(one) for one in settled.statements])
        await self._tell(month, worker, 90, "storing")
        async with self._db.unit() as unit:
            await repository.held(unit.session, month)
            if not agree(settled, *await repository.taken(unit.session, month)):
                raise ClosingFault("sums")
            # The statements before the period: the database takes none of a closed month.
            unit.session.add_all(rows)
            await unit.session.flush()
            now = self._clock.now()
            if not await repository.advance(
                unit.session,
                month,
                worker,
                state="closed",
                progress=100,
                step="done",
                closed_at=now,
                figures=figures_view(settled.figures),
                currency=facts.currency,
                worker=None,
                lease_until=None,
                error=None,
                fault=None,
                failed_at=None,
            ):
                raise LostMonth()
            people.audit(
                unit.session,
                now,
                period.started_by,
                "month_closed",
                f"{month:%Y-%m}",
                before="closing",
                after=figures_view(settled.figures),
                digests={row.number: row.digest for row in rows},
                attempts=period.attempts,
            )
        log.info("month closed", month=f"{month:%Y-%m}", statements=len(rows), entries=settled.figures.entries)

    async def _reckoned[Made](self, reckon: Callable[..., Made], *facts: Month) -> Made:
        """Reckons beside the loop. What fails here is in the figures, not around them."""
        try:
            return await asyncio.to_thread(reckon, *facts)
        except Exception as error:
            raise ClosingFault("sums") from error

    async def _tell(self, month: date, worker: str, progress: int, step: str, **more: Any) -> None:
        async with self._db.unit() as unit:
            await self._advance(unit.session, month, worker, progress, step, **more)

    async def _advance(
        self, session: AsyncSession, month: date, worker: str, progress: int, step: str, **more: Any
    ) -> None:
        until = self._clock.now() + _LEASE
        values = {"progress": progress, "step": step, "lease_until": until, **more}
        if not await repository.advance(session, month, worker, **values):
            raise LostMonth()

    async def variable_part(self, session: AsyncSession, months: Sequence[date]) -> dict[str, Decimal]:
        """What the cases that the state pays for came to for each centre in some months (their first days): as they were settled,
        and for open ones as they would be now."""
        rows = {one.month: one for one in await repository.periods(session)}
        first = await self._first(session, rows)
        now = self._clock.now()
        found = await repository.variable_of(session, months)
        for month in months:
            row = rows.get(month)
            if first is None or not first <= month <= month_of(now) or (row is not None and row.state == "closed"):
                continue
            span = await self._open_span(session, month, first, rows, now)
            for centre, amount in (await repository.variable_of(session, repository.unsettled(span))).items():
                found[centre] = found.get(centre, Decimal(0)) + amount
        return found

    # --- the facts of a month -----------------------------------------------------------------------------------------

    async def _previewed(self, month: date) -> tuple[Settled, datetime, Span]:
        now = self._clock.now()
        if month > month_of(now):
            raise PieturaError("month_not_begun", month=f"{month:%Y-%m}")
        async with self._db.read() as session:
            rows = {one.month: one for one in await repository.periods(session)}
            first = await self._first(session, rows)
            if first is None or month < first:
                raise NotFound()
            if month in rows:
                raise Conflict("month_closed" if rows[month].state == "closed" else "month_closing")
            span = await self._open_span(session, month, first, rows, now)
            try:
                facts = await self._facts(session, span, repository.unsettled(span), "")
            except ClosingFault as fault:
                log.exception("a month's adjustments were not reckoned", month=f"{month:%Y-%m}")
                raise Conflict("month_adjustments") from fault
        return await asyncio.to_thread(settle_month, facts), now, span

    async def _open_span(
        self, session: AsyncSession, month: date, first: date, rows: Mapping[date, SettlementPeriod], now: datetime
    ) -> Span:
        """What a month that is not closed takes in if it is closed ``now``, after those before it; of one that is being closed,
        what it has yet to take in."""
        row, following = rows.get(month), _next(first, rows)
        span = await self._span(session, month, now if row is None else row.cutoff_at)
        closing = rows.get(following) if following is not None else None
        if month == following:
            return span
        if closing is not None and month == next_month(closing.month):
            # It will be closed by then, with what was entered by its cutoff; what came later is this one's.
            return replace(span, before=(closing.month, closing.cutoff_at))
        # Cases of the open months before it will have been taken in by them.
        return replace(span, own=True)

    async def _span(self, session: AsyncSession, month: date, cutoff: datetime) -> Span:
        prices = await self._prices(session, month)
        return Span(
            month,
            cutoff,
            {
                one.id: one.institution_id or one.municipality_id or ""
                for one in await repository.accounts(session)
                if prices.fee_of(one.id, one.channel).pays
            },
        )

    async def _prices(self, session: AsyncSession, month: date) -> Prices:
        # Lists begin on the first of a month: a month has one.
        found = await list_in_force(session, month)
        return await repository.prices_of(session, found.id) if found else Prices([])

    async def _facts(self, session: AsyncSession, span: Span, lines: Select[Any] | date, closed_by: str) -> Month:
        month = span.month
        prices = await self._prices(session, month)
        every = await repository.accounts(session)
        institutions = await repository.institutions(session)
        centres = await repository.centres(session)
        names = Names(
            centres,
            institutions,
            {one: self._names.service(one, _LANG) for one in await repository.services_named(session, lines)},
            {one.id: one.name for one in every},
        )
        booked = await repository.booked(session, lines, names)
        # What is late was another month's use: it makes no month's fixed part due again.
        used = {one.account_id for one in booked if not one.line.late}
        end = midnight(span.end)
        return Month(
            month=month,
            closed_at=span.cutoff,
            closed_by=closed_by,
            currency="EUR",
            centres=centres,
            owners=institutions,
            accounts=[
                Account(one.id, one.name, one.channel, span.paying[one.id], prices.fee_of(one.id, one.channel).monthly)
                for one in every
                if one.id in span.paying and fixed_due(one.enabled, one.created_at, end, used=one.id in used)
            ],
            booked=booked,
            adjustments=await self._adjusted(month),
        )

    async def _adjusted(self, month: date) -> Sequence[tuple[str, Adjustment]]:
        try:
            return await self._adjustments(month)
        except Exception as error:
            raise ClosingFault("adjustments") from error

    async def _first(self, session: AsyncSession, rows: Mapping[date, SettlementPeriod]) -> date | None:
        if rows:
            return min(rows)
        began = await repository.first_entry(session)
        return month_of(began) if began is not None else None

    def _today(self) -> date:
        return self._clock.now().astimezone(RIGA).date()


class LostMonth(Exception):
    """Another worker has the month in hand."""


@dataclass(frozen=True)
class LineFilter:
    """Which lines of a statement; each value is one of the line's own. ``payer``: of those that a centre served and he pays."""

    tariff: str | None = None
    case_kind: str | None = None
    channel: str | None = None
    level: int | None = None
    price: Decimal | None = None
    centre: str | None = None
    account: str | None = None
    late: bool | None = None
    case_no: int | None = None
    payer: str | None = None

    def fits(self, line: Mapping[str, Any]) -> bool:
        """Whether a line is one of those."""
        return all(
            wanted is None or line[name] == wanted
            for name, wanted in (
                ("tariff_id", self.tariff),
                ("case_kind", self.case_kind),
                ("channel", self.channel),
                ("level", self.level),
                ("centre_id", self.centre),
                ("account_id", self.account),
                ("late", self.late),
                ("case_no", self.case_no),
                ("payer_id", self.payer),
            )
        ) and (self.price is None or Decimal(line["price"]) == self.price)


def _next(first: date | None, rows: Mapping[date, SettlementPeriod]) -> date | None:
    """The month whose turn it is."""
    closed = [month for month, row in rows.items() if row.state == "closed"]
    return next_month(max(closed)) if closed else first


def _may_close(month: date, following: date | None, rows: Mapping[date, SettlementPeriod], now: datetime) -> bool:
    busy = any(row.state == "closing" for row in rows.values())
    return month == following and not busy and midnight(next_month(month)) <= now


def _row(made: Statement) -> SettlementStatement:
    content = made.canonical()
    return SettlementStatement(
        number=made.number,
        month=made.month,
        kind=made.kind,
        party_id=made.party_id,
        party=made.party,
        currency=made.currency,
        cases=sum(one.sign for one in made.lines),
        late=sum(one.late for one in made.lines),
        variable=made.variable,
        fee=made.fee,
        adjustments=sum((one.amount for one in made.adjustments), Decimal(0)),
        total=made.total,
        digest=hashlib.sha256(content).hexdigest(),
        content=content.decode(),
    )


def _kept(made: Statement) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(made.canonical())
    return found


def _lines_of(kept: Mapping[str, Any], wanted: LineFilter) -> Sequence[dict[str, Any]]:
    # Nothing is told of what others pay in statements of before that was kept.
    found: Sequence[dict[str, Any]] = kept["lines"] if wanted.payer is None else kept.get("served_lines", ())
    return found


def _head_view(row: Any) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "party_id": row.party_id,
        "party": row.party,
        "month": f"{row.month:%Y-%m}",
        "currency": row.currency,
        "cases": row.cases,
        "late": row.late,
        "variable": money(row.variable),
        "fee": money(row.fee),
        "adjustments": money(row.adjustments),
        "total": money(row.total),
        "digest": row.digest,
    }


def _previewed_head(made: Statement) -> dict[str, Any]:
    return {
        "number": None,
        "kind": made.kind,
        "party_id": made.party_id,
        "party": made.party,
        "month": f"{made.month:%Y-%m}",
        "currency": made.currency,
        "cases": sum(one.sign for one in made.lines),
        "late": sum(one.late for one in made.lines),
        "variable": money(made.variable),
        "fee": money(made.fee),
        "adjustments": money(sum((one.amount for one in made.adjustments), Decimal(0))),
        "total": money(made.total),
        "digest": None,
    }


def _view(kept: Mapping[str, Any], digest: str | None, asked: int) -> dict[str, Any]:
    return {
        **{name: value for name, value in kept.items() if name not in ("lines", "served_lines")},
        "month": kept["month"][:7],
        "digest": digest,
        "entries": len(kept["lines"]),
        "served_entries": len(kept.get("served_lines", ())),
        "disputes": {"open": asked},
    }


_NO_FIGURES: Final[dict[str, Any]] = dict.fromkeys(
    (
        "entries",
        "cases",
        "late",
        "unpriced",
        "variable",
        "fee",
        "adjustments",
        "total",
        "to_centres",
        "ledger",
        "unassigned",
        "undivided",
    )
)


def _period_view(
    month: date,
    row: SettlementPeriod | None,
    names: Mapping[str, str],
    now: datetime,
    *,
    may_close: bool,
    writes: bool,
) -> dict[str, Any]:
    """``writes``: whether the viewer closes months at all."""
    state = row.state if row else "open"
    trying = row is not None and row.lease_until is not None and row.lease_until > now
    # An unfinished closing may always be given back. It is offered once there is reason to: one that goes well takes seconds.
    stuck = row is not None and state == "closing" and (row.error is not None or now - row.started_at > _STUCK)
    may: Sequence[str] = [
        act
        for act, yes in (
            ("close", may_close),
            ("preview", state == "open"),
            ("try_again", writes and stuck and row is not None and row.next_try_at is not None and not trying),
            ("give_back", writes and stuck),
        )
        if yes
    ]
    return {
        "month": f"{month:%Y-%m}",
        "state": state,
        "progress": row.progress if row else 0,
        "step": row.step if row else None,
        "error": row.error if row else None,
        "fault": row.fault if row else None,
        "attempts": row.attempts if row else 0,
        "trying": trying,
        "failed_at": iso(row.failed_at) if row and row.failed_at else None,
        "next_try_at": iso(row.next_try_at) if row and row.next_try_at else None,
        "started_by": names.get(row.started_by) if row else None,
        "started_at": iso(row.started_at) if row else None,
        "cutoff_at": iso(row.cutoff_at) if row else None,
        "closed_by": names.get(row.started_by) if row and row.closed_at else None,
        "closed_at": iso(row.closed_at) if row else None,
        "currency": row.currency if row else "EUR",
        **(row.figures if row and row.figures else _NO_FIGURES),
        "may": may,
    }
