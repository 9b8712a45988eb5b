"""What accountants and supervisors have done in the made-up past: by the services' own ways, each with the clock of its day."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import insert, select

from gateway.demo.days import days
from gateway.demo.words import line
from handoff.cases import service as cases
from handoff.cases.models import CaseEntry, PriceList, Tariff
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level.quality import Quality
from handoff.service_level.schemas import CriterionRule, Step, WriteFormula
from handoff.service_level.targets import LiveTargets
from handoff.settlement import repository as settlements
from handoff.settlement.disputes import Disputes
from handoff.settlement.models import SettlementLine
from handoff.settlement.prices import PriceLists
from handoff.settlement.repository import month_of, next_month
from handoff.settlement.schemas import Accept, FeeLine, NewDispute, NewPriceList, PriceLine, Reasoned, WritePriceList
from handoff.settlement.service import Settlement
from handoff.settlement.statement import Adjustment
from handoff.shifts.models import Shift
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from handoff.staffing import repository as agreements
from handoff.staffing.schemas import WriteAgreement, WriteRule
from handoff.staffing.service import FixedPart
from kit.clock import RIGA, midnight
from kit.db import Database
from kit.i18n import Catalogue

#: Euros a month for a workplace, by centre.
_WORKPLACES: Final = {"riga": "1450.00", "valmiera": "1180.00", "daugavpils": "1180.00"}
_LINES: Final = (
    (None, None, None, "1.0000"),
    (None, None, 2, "2.4000"),
    ("comment", None, None, "0.8500"),
    (None, "webchat", 1, "1.0500"),
    (None, None, 0, "0.0000"),
)
_FEES: Final = (("facebook", "48.00"), ("x", "36.00"), (None, "40.00"))
_CORRECTED: Final = 0.012
_REVERSED: Final = 0.003


@dataclass
class StillClock:
    """Stands until it is set."""

    at: datetime

    def now(self) -> datetime:
        """The present, as it was then."""
        return self.at


class Titles:
    """Services by their Latvian titles, as statements name them."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._titles = titles

    def service(self, service_id: str, lang: str) -> str:  # noqa: ARG002 - statements are in Latvian
        """The title; the id where there is none."""
        return self._titles.get(service_id, service_id)

    def knows_service(self, service_id: str) -> bool:
        """Whether there is such a service."""
        return service_id in self._titles


class Books:
    """Prices, agreements, corrections, closed months, disputes and shifts."""

    def __init__(
        self,
        db: Database,
        calendar: WorkingCalendar,
        targets: LiveTargets,
        texts: Catalogue,
        names: Titles,
        staff: Mapping[str, Viewer],
        first: date,
        now: datetime,
    ) -> None:
        """``staff``: by the part of the e-mail before the at sign; ``first``: the first day of the history."""
        self._db = db
        self._calendar = calendar
        self._clock = still = StillClock(now)
        self._accountant, self._admin, self._supervisor = staff["gunta"], staff["admin"], staff["liga"]
        self._operators = [staff[one] for one in ("anna", "janis", "olga")]
        self._first, self._now = first, now
        self._quality = Quality(db, still, targets, texts)
        self._fixed = FixedPart(db, still, lambda: calendar, texts)
        self._settlement = Settlement(db, still, names, _nobody_waits, self._adjustments)
        self._quality.variable_part = lambda session, year: self._settlement.variable_part(session, year.months)
        self._lists, self._disputes = PriceLists(db, still), Disputes(db, still, names)

    async def _adjustments(self, month: date) -> Sequence[tuple[str, Adjustment]]:
        async with self._db.read() as session:
            quality = await self._quality.quality_adjustments(session, month)
            return [*quality, *await self._fixed.fixed_adjustments(session, month)]

    async def first_prices(self, like: str) -> None:
        """Prices from the first day on, as the list ``like`` has them, should there be none for that day yet."""
        async with self._db.unit() as unit:
            session = unit.session
            if await cases.list_in_force(session, self._first) is not None:
                return
            made = midnight(self._first) - timedelta(days=20)
            begins = self._first.replace(day=1)
            row = PriceList(
                id="demo-prices",
                name=line("first_prices", "lv", year=str(begins.year)),
                valid_from=begins,
                state="draft",
                created_at=made,
            )
            session.add(row)
            await session.flush()
            for old in (await session.scalars(select(Tariff).where(Tariff.list_id == like))).all():
                session.add(
                    Tariff(
                        id=f"demo-{old.id}",
                        list_id=row.id,
                        case_kind=old.case_kind,
                        channel=old.channel,
                        level=old.level,
                        price=old.price,
                        currency=old.currency,
                        valid_from=begins,
                        source=old.source,
                    )
                )
            await session.flush()
            row.state, row.approved_at = "approved", made

    async def agree(self) -> None:
        """Each centre's workplaces, and the formula of the quality part."""
        begins = midnight(self._first)
        self._clock.at = begins + timedelta(hours=9)
        made = self._fixed.agreements
        for centre, amount in _WORKPLACES.items():
            wanted = WriteAgreement(
                centre_id=centre,
                valid_from=self._first,
                workplaces=1,
                amount=Decimal(amount),
                rule=WriteRule(kind="proportional", full_from=Decimal(95), least=Decimal(50)),
            )
            await made.propose(self._supervisor, wanted)
            async with self._db.read() as session:
                rows = await agreements.everything(session)
            for row in rows:
                if row.state == "proposed":
                    await made.approve(self._accountant, row.id, row.version)
        steps = {
            "chat_begun": ((95, 10), (90, 6)),
            "social_answered": ((95, 10), (90, 6)),
            "solved": ((80, 10), (75, 5)),
        }
        formula = WriteFormula(
            valid_from=self._first.replace(day=1),
            month=_month_before(month_of(self._now)).month,
            base_kind="amount",
            base=Decimal("900.00"),
            floor=Decimal(0),
            cap=Decimal("900.00"),
            criteria=[
                CriterionRule(
                    measure=measure,
                    steps=[Step(percent=Decimal(a), points=Decimal(b)) for a, b in sorted(levels)],
                )
                for measure, levels in steps.items()
            ],
            reason=line("formula", "lv"),
        )
        seen = await self._quality.write(self._accountant, formula)
        self._clock.at += timedelta(hours=2)
        draft = next(one for one in seen["formulas"] if one["state"] == "draft")
        await self._quality.approve(self._admin, draft["id"], draft["version"])

    async def dearer(self, begins: date) -> None:
        """A second price list, with a price of its own for level 2 and fees of accounts; compared, and approved by another."""
        self._clock.at = midnight(begins) - timedelta(days=17, hours=-10)
        name = line("prices", "lv", day=f"{begins:%d.%m.%Y}")
        made = await self._lists.create(self._accountant, NewPriceList(name=name, valid_from=begins))
        lines = [
            PriceLine(case_kind=kind, channel=channel, level=level, price=Decimal(price))
            for kind, channel, level, price in _LINES
        ]
        fees = [FeeLine(channel=channel, monthly=Decimal(monthly)) for channel, monthly in _FEES]
        wanted = WritePriceList(version=made["version"], name=made["name"], valid_from=begins, lines=lines, fees=fees)
        made = await self._lists.write(self._accountant, made["id"], wanted)
        self._clock.at += timedelta(hours=1)
        made = await self._lists.compare(self._accountant, made["id"], made["version"])
        self._clock.at += timedelta(days=2)
        await self._lists.approve(self._admin, made["id"], made["version"])

    async def correct(self, chance: random.Random) -> None:
        """Some cases were entered wrongly; some were none at all."""
        async with self._db.read() as session:
            rows = await session.execute(
                select(CaseEntry.case_no, CaseEntry.closed_at, CaseEntry.outcome)
                .where(CaseEntry.level > 0)
                .order_by(CaseEntry.case_no)
            )
            found = rows.tuples().all()
        async with self._db.unit() as unit:
            session = unit.session
            for no, closed_at, outcome in found:
                pick = chance.random()
                at = closed_at + timedelta(days=chance.expovariate(1 / 9), hours=2)
                if pick > _CORRECTED + _REVERSED or at >= self._now:
                    continue
                if pick < _REVERSED:
                    await cases.reverse(session, no, line("reversed", "lv"), self._supervisor, at)
                    people.audit(session, at, self._supervisor.id, "case_corrected", str(no), changes=["sign"])
                    continue
                changes = {"outcome": "referred" if outcome != "referred" else "resolved"}
                await cases.correct(session, no, changes, line("corrected", "lv"), self._supervisor, at)
                people.audit(session, at, self._supervisor.id, "case_corrected", str(no), changes=sorted(changes))

    async def close_months(self) -> None:
        """Every month that is over, but the last: that one is for whoever tries it out."""
        month, last = self._first.replace(day=1), _month_before(month_of(self._now))
        number = 0
        while month < last:
            following = next_month(month)
            self._clock.at = midnight(following) + timedelta(days=2 + number % 3, hours=10)
            await self._settlement.close(self._accountant, month)
            await self._settlement.work()
            month, number = following, number + 1

    async def dispute(self) -> None:
        """Three lines of closed statements are questioned: one in vain, one rightly, one is still open."""
        closed = _month_before(_month_before(month_of(self._now)))
        wanted = (
            (_month_before(closed), "riga", "doubt_two", "refused"),
            (closed, "daugavpils", "doubt_trial", "accepted"),
            (closed, "valmiera", "doubt_level", "open"),
        )
        for number, (month, centre, reason, becomes) in enumerate(wanted):
            if month < self._first.replace(day=1):
                continue
            found = await self._line(month, centre, 3 + number)
            if found is None:
                continue
            at = self._now - timedelta(days=14 - 5 * number, hours=3)
            self._clock.at = at
            made = await self._disputes.create(
                self._supervisor, NewDispute(number=found[0], entry_id=found[1], reason=line(reason, "lv"))
            )
            self._clock.at = at + timedelta(days=1)
            if becomes == "refused":
                answer = Reasoned(version=made["version"], reason=line("dispute_refused", "lv"))
                await self._disputes.refuse(self._accountant, made["id"], answer)
            elif becomes == "accepted":
                accepted = Accept(version=made["version"], reason=line("dispute_accepted", "lv"), act="reverse")
                await self._disputes.accept(self._accountant, made["id"], accepted)

    async def _line(self, month: date, centre: str, place: int) -> tuple[str, int] | None:
        async with self._db.read() as session:
            heads = await settlements.statements(session)
            number = next((one.number for one in heads if one.month == month and one.party_id == centre), None)
            found = await session.scalar(
                select(SettlementLine.entry_id)
                .join(CaseEntry, CaseEntry.id == SettlementLine.entry_id)
                .where(
                    SettlementLine.month == month,
                    SettlementLine.payer == "centre",
                    SettlementLine.party_id == centre,
                    SettlementLine.sign > 0,
                    CaseEntry.id.not_in(select(CaseEntry.reverses_id).where(CaseEntry.reverses_id.is_not(None))),
                )
                .order_by(SettlementLine.entry_id.desc())
                .offset(place)
                .limit(1)
            )
        return (number, found) if number is not None and found is not None else None

    async def plan(self) -> None:
        """Shifts from four weeks ago until three weeks ahead."""
        today = self._now.astimezone(RIGA).date()
        monday = today - timedelta(days=today.weekday())
        rows = []
        for day in days(monday - timedelta(days=28), monday + timedelta(days=27)):
            if not self._calendar.is_working_day(day):
                continue
            late = day.isocalendar().week % len(self._operators)
            for number, one in enumerate(self._operators):
                begins, ends = ("09:00", "18:00") if number == late else ("08:00", "17:00")
                rows.append(self._shift(one.centre_id or "", one.id, day, begins, ends))
            if day.weekday() == 0:
                rows.append(self._shift("riga", None, day, "09:00", "13:00"))
        async with self._db.unit() as unit:
            await unit.session.execute(insert(Shift), rows)

    def _shift(self, centre: str, staff_id: str | None, day: date, begins: str, ends: str) -> dict[str, object]:
        key = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{centre} {staff_id} {day} {begins}"))
        written = {"version": 1, "changed_by": self._supervisor.id, "changed_at": self._now - timedelta(days=21)}
        place = {"id": key, "centre_id": centre, "staff_id": staff_id, "people": 1}
        return {**place, "day": day, "begins": begins, "ends": ends, **written}


def _month_before(month: date) -> date:
    return (month - timedelta(days=1)).replace(day=1)


async def _nobody_waits() -> None:
    """There is no worker yet that would have to be told."""
