"""The fixed part of a month (R16): for each centre how far its agreed workplaces were staffed, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.presence import repository as presence
from handoff.presence.models import PresenceSpan
from handoff.presence.tasks import GAP
from handoff.queue.repository import PRESENT
from handoff.service_clock.service import WorkingCalendar
from handoff.settlement.documents import texts as document_words
from handoff.settlement.documents.wording import Wording
from handoff.settlement.statement import Adjustment
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from handoff.staffing import repository
from handoff.staffing import schemas as body
from handoff.staffing.agreements import DECIDES, Agreements, sees, terms_of, week_of
from handoff.staffing.figures import Part, Stay, Sum, Terms, days_of, part, segments
from kit.clock import RIGA, Clock, iso, midnight
from kit.db import Database
from kit.errors import NotFound, PieturaError
from kit.i18n import Catalogue

_FIRST: Final = date(2020, 1, 1)
_KIND: Final = "fixed"


class FixedPart:
    """Figures of months, from spans of presence; nothing of them is kept, so none can differ from what it is made of."""

    def __init__(self, db: Database, clock: Clock, calendar: Callable[[], WorkingCalendar], texts: Catalogue) -> None:
        self._db = db
        self._clock = clock
        self._calendar = calendar
        self._texts = texts
        self.agreements = Agreements(db, clock)

    async def fixed_adjustments(self, session: AsyncSession, month: date) -> list[tuple[str, Adjustment]]:
        """What settlement adds to a centre's statement for the month that ``month`` is in: one line an agreement.

        A month of which nothing was recorded, or that has not ended, has no line: nothing is known of it.
        """
        days = days_of(month)
        if self._today() <= days[-1]:
            return []
        # Numbers and months as the statement around the line has them.
        words = Wording(document_words(), "lv")
        found = []
        for one in await self._parts(session, month, await self._in_force(session, days)):
            if one.due is None or one.pays is None:
                continue
            text = self._texts.text(
                "lv",
                "fixed.adjustment",
                month=words.month(month),
                workplaces=one.terms.workplaces,
                filled=words.count(one.total.filled),
                agreed=words.count(one.total.agreed),
                share=_percent(one.total.availability),
                base=words.decimal(one.base),
                pays=_percent(one.pays),
            )
            if one.total.unrecorded:
                text += " " + self._texts.text("lv", "fixed.unrecorded", minutes=words.count(one.total.unrecorded))
            source = f"#/staffing/{one.terms.centre_id}?month={month:%Y-%m}"
            found.append((one.terms.centre_id, Adjustment(_KIND, text, source, one.due)))
        return found

    async def month(self, viewer: Viewer, month: date) -> dict[str, Any]:
        """All that the page shows of a month.

        Raises:
            Forbidden: the viewer is neither supervisor, accountant nor administrator.
            PieturaError: ``month_out``: before 2020 or ahead.
        """
        sees(viewer)
        days = days_of(month)
        if not _FIRST <= days[0] <= self._today():
            raise PieturaError("month_out")
        now = self._clock.now()
        async with self._db.read() as session:
            parts = await self._parts(session, month, await self._in_force(session, days))
            listed = await self.agreements.view(session, viewer)
            there = await self._there(session, now)
            recorded = await presence.first_record(session)
        named = {one["id"]: one["name"] for one in listed["centres"]}
        by_centre: dict[str, list[Part]] = {}
        for one in parts:
            by_centre.setdefault(one.terms.centre_id, []).append(one)
        return {
            "month": f"{days[0]:%Y-%m}",
            "over": self._today() > days[-1],
            "until": iso(min(now, midnight(days[-1] + timedelta(days=1)))),
            "recorded_since": iso(recorded),
            "open": self._calendar().is_open(now),
            "figures": [
                self._centre(key, named.get(key, key), own)
                for key, own in sorted(by_centre.items(), key=lambda one: named.get(one[0], one[0]))
            ],
            "there": [{"id": key, "name": name, "present": there.get(key, 0)} for key, name in named.items()],
            "may_decide": viewer.role in DECIDES,
            **listed,
        }

    async def day(self, viewer: Viewer, centre_id: str, day: date) -> dict[str, Any]:
        """The minutes behind a day's figure, and the spans behind the minutes; who looks is on record.

        Names are told to supervisors, of today only: people of earlier days are numbered within their day, so that a figure can
        be checked and nobody's days be followed.

        Raises:
            Forbidden: as for :meth:`month`.
            NotFound: no such centre.
            PieturaError: ``month_out``.
        """
        sees(viewer)
        if not _FIRST <= day <= self._today():
            raise PieturaError("month_out")
        now = self._clock.now()
        begins, ends = midnight(day), midnight(day + timedelta(days=1))
        async with self._db.unit() as unit:
            session = unit.session
            if await people.centre(session, centre_id) is None:
                raise NotFound()
            people.audit(session, now, viewer.id, "presence_read", centre_id, day=day.isoformat())
            rows = await presence.spans(session, begins, ends, centre_id=centre_id)
            records = await self._records(session, begins, ends, now)
            calendar = await presence.as_it_was(session, self._calendar(), day, day)
            agreed = [one for one in await self._in_force(session, [day]) if one.centre_id == centre_id]
            named = {one.id: one.name for one in await people.everybody(session)}
        tells_names = day == self._today() and viewer.supervises
        numbers: dict[str, int] = {}
        for row in rows:
            numbers.setdefault(row.staff_id, len(numbers) + 1)
        stays = [_stay(row, now) for row in rows if row.kind == "available"]
        return {
            "day": day.isoformat(),
            "centre_id": centre_id,
            "named": tells_names,
            "segments": [
                {
                    "begins": iso(one.begins),
                    "ends": iso(one.begins + timedelta(minutes=one.minutes)),
                    "minutes": one.minutes,
                    "present": one.present,
                    "workplaces": one.workplaces,
                    "recorded": one.recorded,
                }
                for terms in agreed
                for one in segments(terms, day, stays, records, calendar.worked, now)
            ],
            "stays": [
                {
                    "number": numbers[row.staff_id],
                    "name": named.get(row.staff_id) if tells_names else None,
                    "kind": row.kind,
                    "begins": iso(max(row.began_at, begins)),
                    "ends": None if _goes_on(row, now) else iso(min(_stay(row, now).ends, ends)),
                }
                for row in rows
            ],
        }

    async def preview(self, viewer: Viewer, wanted: body.PreviewAgreement) -> dict[str, Any]:
        """What an agreement would come to in a month, with the presence that there was; nothing is kept.

        Raises:
            Forbidden, PieturaError: as for :meth:`Agreements.propose` and :meth:`month`.
        """
        sees(viewer)
        days = days_of(wanted.month)
        if not _FIRST <= days[0] <= self._today():
            raise PieturaError("month_out")
        async with self._db.read() as session:
            await self.agreements.columns(session, wanted)
            # As if it held all month: that is what one wants to know before it holds.
            terms = Terms(
                "",
                wanted.centre_id,
                days[0],
                None,
                wanted.workplaces,
                week_of(wanted.week),
                wanted.amount,
                "EUR",
                wanted.rule.rule(),
            )
            (found,) = await self._parts(session, wanted.month, [terms])
        return {"month": f"{days[0]:%Y-%m}", "over": self._today() > days[-1], **_part(found)}

    async def _in_force(self, session: AsyncSession, days: Sequence[date]) -> list[Terms]:
        return [terms_of(row) for row in await repository.in_force(session, days[0], days[-1])]

    async def _parts(self, session: AsyncSession, month: date, agreed: Sequence[Terms]) -> list[Part]:
        now = self._clock.now()
        days = days_of(month)
        begins, ends = midnight(days[0]), midnight(days[-1] + timedelta(days=1))
        rows = await presence.spans(session, begins, ends, kind="available")
        records = await self._records(session, begins, ends, now)
        calendar = await presence.as_it_was(session, self._calendar(), days[0], days[-1])
        stays: dict[str, list[Stay]] = {}
        for row in rows:
            stays.setdefault(row.centre_id or "", []).append(_stay(row, now))
        return [part(one, month, stays.get(one.centre_id, ()), records, calendar.worked, now) for one in agreed]

    async def _records(
        self, session: AsyncSession, begins: datetime, ends: datetime, now: datetime
    ) -> list[tuple[datetime, datetime]]:
        rows = await presence.records(session, begins, ends)
        return [(row.began_at, now if now - row.last_seen_at <= GAP else row.last_seen_at) for row in rows]

    async def _there(self, session: AsyncSession, now: datetime) -> dict[str, int]:
        found: dict[str, int] = {}
        for row in await presence.spans(session, now - PRESENT, now, kind="available"):
            if row.centre_id and _goes_on(row, now):
                found[row.centre_id] = found.get(row.centre_id, 0) + 1
        return found

    def _centre(self, key: str, name: str, parts: Sequence[Part]) -> dict[str, Any]:
        cells: dict[tuple[int, int], Sum] = {}
        days: dict[date, Sum] = {}
        total = Sum()
        for one in parts:
            _merge(total, one.total)
            for cell, there in one.cells.items():
                _merge(cells.setdefault(cell, Sum()), there)
            for day, there in one.days.items():
                _merge(days.setdefault(day, Sum()), there)
        known = [one.due for one in parts if one.due is not None]
        return {
            "centre": {"id": key, "name": name},
            **_sum(total),
            "base": f"{sum(one.base for one in parts):.2f}",
            "due": f"{sum(known):.2f}" if len(known) == len(parts) else None,
            "currency": parts[0].terms.currency,
            "parts": [_part(one) for one in parts],
            "cells": [
                {"weekday": weekday, "hour": hour, **_sum(one)} for (weekday, hour), one in sorted(cells.items())
            ],
            "days": [{"day": day.isoformat(), **_sum(one)} for day, one in sorted(days.items())],
        }

    def _today(self) -> date:
        return self._clock.now().astimezone(RIGA).date()


def _goes_on(row: PresenceSpan, now: datetime) -> bool:
    return row.ended_at is None and now - row.last_seen_at <= PRESENT


def _stay(row: PresenceSpan, now: datetime) -> Stay:
    ends = now if _goes_on(row, now) else row.ended_at or row.last_seen_at
    return Stay(row.staff_id, row.began_at, ends)


def _merge(into: Sum, other: Sum) -> None:
    into.agreed += other.agreed
    into.filled += other.filled
    into.unrecorded += other.unrecorded


def _sum(one: Sum) -> dict[str, int]:
    return {"agreed": one.agreed, "filled": one.filled, "unrecorded": one.unrecorded}


def _part(one: Part) -> dict[str, Any]:
    return {
        "agreement_id": one.terms.id or None,
        "valid_from": one.terms.first.isoformat(),
        "valid_to": one.terms.last.isoformat() if one.terms.last else None,
        "workplaces": one.terms.workplaces,
        "amount": f"{one.terms.amount:.2f}",
        "base": f"{one.base:.2f}",
        "pays": [one.pays.numerator, one.pays.denominator] if one.pays is not None else None,
        "due": f"{one.due:.2f}" if one.due is not None else None,
        **_sum(one.total),
    }


def _percent(share: Fraction | None) -> str:
    """With one decimal, rounded down, as Latvian writes it: what misses a whole by a hair must not look whole."""
    tenths = int(share * 1000) if share is not None else 0
    return f"{tenths // 10},{tenths % 10}"
