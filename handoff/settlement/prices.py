"""Price lists, reviewed yearly (R16): prepared, compared on last year's cases, approved by a second person.

A list holds until the next approved one begins. So there is never a day without prices or with two, and what a case costs is
known from the day on which it was opened: a list begins on a day to come.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.cases.models import PriceList, Tariff
from handoff.cases.service import list_in_force
from handoff.channels.models import ChannelAccount
from handoff.console.doors import money_only
from handoff.settlement import repository
from handoff.settlement.models import PriceListFee
from handoff.settlement.reckoning import Prices, Tally, basis_of, divide, fixed_due, money, priced
from handoff.settlement.repository import month_of, next_month
from handoff.settlement.schemas import FeeLine, NewPriceList, PriceLine, WritePriceList
from handoff.settlement.service import writers_only
from handoff.settlement.statement import CASE_KINDS, cents
from handoff.staff import repository as people
from handoff.staff.schemas import Viewer
from kit.clock import RIGA, Clock, iso, midnight
from kit.db import Database, UnitOfWork, set_if_version
from kit.errors import Conflict, NotFound, PieturaError

#: The ways by which a case comes, also those that are not served yet: a price may be agreed before.
CHANNELS: Final = ("webchat", "facebook", "x", "telegram", "email", "form")
_OPEN: Final = ("draft", "compared")


class PriceLists:
    """What accountants do with price lists."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def lists(self, viewer: Viewer) -> dict[str, Any]:
        """All lists, the latest to begin first, and what lines may name.

        Raises:
            Forbidden: the viewer sees no money.
        """
        money_only(viewer)
        async with self._db.read() as session:
            rows = await repository.price_lists(session)
            names = await repository.people(session)
            owners = await repository.institutions(session)
            accounts = await repository.accounts(session)
            writers = await repository.writers(session, rows)
        return {
            "lists": [self._head(viewer, row, rows, names, writers[row.id]) for row in rows],
            "may_write": viewer.role in ("accountant", "admin"),
            "known": {
                "kinds": list(CASE_KINDS),
                "channels": list(CHANNELS),
                "levels": [0, 1, 2],
                "accounts": [
                    {
                        "id": one.id,
                        "name": one.name,
                        "channel": one.channel,
                        "owner": owners.get(_owner(one), _owner(one)),
                    }
                    for one in accounts
                ],
            },
        }

    async def get(self, viewer: Viewer, list_id: str) -> dict[str, Any]:
        """One list, with its lines and its comparison.

        Raises:
            Forbidden: as for :meth:`lists`.
            NotFound: no such list.
        """
        money_only(viewer)
        async with self._db.read() as session:
            return await self._view(session, viewer, list_id)

    async def create(self, viewer: Viewer, wanted: NewPriceList) -> dict[str, Any]:
        """A draft with the lines of another list.

        Raises:
            Forbidden: the viewer is neither accountant nor administrator.
            NotFound: there is no list to copy.
            PieturaError: ``price_list_first_of_month``, ``price_list_past``.
        """
        writers_only(viewer)
        self._check_day(wanted.valid_from)
        now = self._clock.now()
        async with self._db.unit() as unit:
            session = unit.session
            source = (
                await repository.price_list(session, wanted.copy_of)
                if wanted.copy_of
                else await list_in_force(session, wanted.valid_from - timedelta(days=1))
            )
            if wanted.copy_of and source is None:
                raise NotFound()
            row = PriceList(
                id=str(uuid.uuid4()),
                name=wanted.name,
                valid_from=wanted.valid_from,
                state="draft",
                version=1,
                copied_from=source.id if source else None,
                created_by=viewer.id,
                created_at=now,
                changed_by=viewer.id,
            )
            session.add(row)
            await session.flush()
            prices = await repository.prices_of(session, source.id) if source else _BARE
            self._add(
                session,
                row,
                [
                    PriceLine(case_kind=o.case_kind, channel=o.channel, level=o.level, price=o.price)
                    for o in prices.lines
                ],
                [
                    FeeLine(channel=o.channel, account_id=o.account_id, monthly=o.monthly, pays=o.pays)
                    for o in prices.fees
                ],
            )
            await session.flush()
            await self._record(unit, viewer, "price_list_created", row, None)
            return await self._view(session, viewer, row.id)

    async def write(self, viewer: Viewer, list_id: str, wanted: WritePriceList) -> dict[str, Any]:
        """Changes a draft; one that was compared is a draft again.

        Raises:
            Forbidden: as for :meth:`create`.
            NotFound: no such list.
            Conflict: ``price_list_changed`` with ``who``.
            PieturaError: ``price_list_fixed``, ``price_list_first_of_month``, ``price_list_past``, ``price_list_line_twice``,
                ``price_list_fee_twice``, ``price_list_no_rest``, ``price_list_bad_channel``, ``price_list_bad_account``.
        """
        writers_only(viewer)
        self._check_day(wanted.valid_from)
        async with self._db.unit() as unit:
            session = unit.session
            _check_lines(wanted, {one.id for one in await repository.accounts(session)})
            before = await self._kept(session, list_id)
            row = await self._open(
                unit,
                list_id,
                wanted.version,
                state="draft",
                name=wanted.name,
                valid_from=wanted.valid_from,
                changed_by=viewer.id,
                compared_by=None,
                compared_at=None,
                comparison=None,
            )
            await repository.forget_prices(session, list_id)
            self._add(session, row, wanted.lines, wanted.fees)
            await session.flush()
            await self._record(unit, viewer, "price_list_changed", row, before)
            return await self._view(session, viewer, list_id)

    async def delete(self, viewer: Viewer, list_id: str, version: int) -> None:
        """Drops a draft.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`write`.
            PieturaError: ``price_list_fixed``.
        """
        writers_only(viewer)
        async with self._db.unit() as unit:
            before = await self._kept(unit.session, list_id)
            await self._open(unit, list_id, version)
            await repository.forget_list(unit.session, list_id)
            people.audit(
                unit.session, self._clock.now(), viewer.id, "price_list_deleted", list_id, before=before, after=None
            )

    async def compare(self, viewer: Viewer, list_id: str, version: int) -> dict[str, Any]:
        """Says what last year's cases would have come to, and keeps it for who approves.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`write`.
            PieturaError: ``price_list_fixed``, ``price_list_past``, ``price_list_overlaps``.
        """
        writers_only(viewer)
        now = self._clock.now()
        async with self._db.unit() as unit:
            session = unit.session
            row = await self._open(unit, list_id, version, state="compared", compared_by=viewer.id, compared_at=now)
            self._check_day(row.valid_from)
            await self._check_free(session, row)
            row.comparison = await self._comparison(session, row)
            await session.flush()
            await self._record(unit, viewer, "price_list_compared", row, None)
            return await self._view(session, viewer, list_id)

    async def approve(self, viewer: Viewer, list_id: str, version: int) -> dict[str, Any]:
        """Lets a compared list come into force on its day.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`write`.
            PieturaError: ``price_list_not_compared``, ``price_list_second_person``, ``price_list_past``, ``price_list_overlaps``.
            Conflict: ``price_list_comparison_old``: compared now it would say something else than what was seen.
        """
        writers_only(viewer)
        try:
            async with self._db.unit() as unit:
                session = unit.session
                before = await repository.price_list(session, list_id)
                if before is None:
                    raise NotFound()
                if before.state == "draft":
                    raise PieturaError("price_list_not_compared")
                if viewer.id in (await repository.writers(session, [before]))[before.id]:
                    raise PieturaError("price_list_second_person")
                self._check_day(before.valid_from)
                await self._check_free(session, before)
                seen = before.state == "compared" and before.version == version
                if seen and await self._comparison(session, before) != before.comparison:
                    raise Conflict("price_list_comparison_old")
                row = await self._open(
                    unit, list_id, version, state="approved", approved_by=viewer.id, approved_at=self._clock.now()
                )
                await self._record(unit, viewer, "price_list_approved", row, {"state": "compared"})
                return await self._view(session, viewer, list_id)
        except IntegrityError as error:
            raise Conflict("price_list_changed", who="–") from error

    async def withdraw(self, viewer: Viewer, list_id: str, version: int, reason: str) -> dict[str, Any]:
        """Takes an approved list back before its day.

        Raises:
            Forbidden, NotFound, Conflict: as for :meth:`write`.
            PieturaError: ``price_list_begun``; ``price_list_not_approved``.
        """
        writers_only(viewer)
        now = self._clock.now()
        async with self._db.unit() as unit:
            row = await repository.price_list(unit.session, list_id)
            if row is None:
                raise NotFound()
            if row.state != "approved":
                raise PieturaError("price_list_not_approved")
            if row.valid_from <= self._today():
                raise PieturaError("price_list_begun")
            row = await self._advance(
                unit,
                row,
                version,
                state="withdrawn",
                withdrawn_by=viewer.id,
                withdrawn_at=now,
                withdrawn_why=reason,
            )
            await self._record(unit, viewer, "price_list_withdrawn", row, {"state": "approved"})
            return await self._view(unit.session, viewer, list_id)

    # --- within -------------------------------------------------------------------------------------------------------

    def _today(self) -> date:
        return self._clock.now().astimezone(RIGA).date()

    def _check_day(self, day: date) -> None:
        if day.day != 1:
            raise PieturaError("price_list_first_of_month")
        if day <= self._today():
            raise PieturaError("price_list_past")

    async def _check_free(self, session: AsyncSession, row: PriceList) -> None:
        other = await repository.approved_of(session, row.valid_from, row.id)
        if other is not None:
            raise PieturaError("price_list_overlaps", name=other.name)

    async def _open(self, unit: UnitOfWork, list_id: str, version: int, **values: Any) -> PriceList:
        row = await repository.price_list(unit.session, list_id)
        if row is None:
            raise NotFound()
        if row.state not in _OPEN:
            raise PieturaError("price_list_fixed")
        return await self._advance(unit, row, version, **values)

    async def _advance(self, unit: UnitOfWork, row: PriceList, version: int, **values: Any) -> PriceList:
        if not await set_if_version(unit.session, PriceList, row.id, version, values):
            names = await repository.people(unit.session)
            raise Conflict("price_list_changed", who=names.get(row.changed_by or "", "–"))
        await unit.session.refresh(row)
        return row

    def _add(self, session: AsyncSession, row: PriceList, lines: Sequence[PriceLine], fees: Sequence[FeeLine]) -> None:
        for line in lines:
            session.add(
                Tariff(
                    id=f"{line.channel or 'any'}-{row.valid_from:%Y}-{uuid.uuid4().hex[:8]}",
                    list_id=row.id,
                    case_kind=line.case_kind,
                    channel=line.channel,
                    level=line.level,
                    price=line.price,
                    currency=row.currency,
                    valid_from=row.valid_from,
                    valid_to=None,
                    source=row.name,
                )
            )
        for fee in fees:
            session.add(
                PriceListFee(
                    id=str(uuid.uuid4()),
                    list_id=row.id,
                    channel=None if fee.account_id else fee.channel,
                    account_id=fee.account_id,
                    monthly=fee.monthly,
                    pays=fee.pays,
                )
            )

    async def _kept(self, session: AsyncSession, list_id: str) -> dict[str, Any]:
        row = await repository.price_list(session, list_id)
        if row is None:
            raise NotFound()
        prices = await repository.prices_of(session, list_id)
        return {
            "name": row.name,
            "valid_from": row.valid_from.isoformat(),
            "state": row.state,
            **_lines_view(prices, {}),
        }

    async def _record(
        self, unit: UnitOfWork, viewer: Viewer, action: str, row: PriceList, before: dict[str, Any] | None
    ) -> None:
        after = await self._kept(unit.session, row.id)
        people.audit(unit.session, self._clock.now(), viewer.id, action, row.id, before=before, after=after)

    async def _view(self, session: AsyncSession, viewer: Viewer, list_id: str) -> dict[str, Any]:
        rows = await repository.price_lists(session)
        row = next((one for one in rows if one.id == list_id), None)
        if row is None:
            raise NotFound()
        names = await repository.people(session)
        accounts = {one.id: one.name for one in await repository.accounts(session)}
        return {
            **self._head(viewer, row, rows, names, (await repository.writers(session, [row]))[row.id]),
            **_lines_view(await repository.prices_of(session, list_id), accounts),
            "comparison": row.comparison,
        }

    def _head(
        self, viewer: Viewer, row: PriceList, rows: Sequence[PriceList], names: Mapping[str, str], writers: set[str]
    ) -> dict[str, Any]:
        today = self._today()
        following = min(
            (one.valid_from for one in rows if one.state == "approved" and one.valid_from > row.valid_from),
            default=None,
        )
        valid_to = following - timedelta(days=1) if following else None
        state = row.state
        if state == "approved" and row.valid_from <= today:
            state = "over" if valid_to is not None and valid_to < today else "in_force"
        source = next((one for one in rows if one.id == row.copied_from), None)

        def name(staff_id: str | None) -> str | None:
            return names.get(staff_id) if staff_id else None

        return {
            "id": row.id,
            "name": row.name,
            "currency": row.currency,
            "valid_from": row.valid_from.isoformat(),
            "valid_to": valid_to.isoformat() if valid_to and row.state == "approved" else None,
            "state": state,
            "version": row.version,
            "created_by": name(row.created_by),
            "created_at": iso(row.created_at),
            "changed_by": name(row.changed_by),
            "compared_by": name(row.compared_by),
            "compared_at": iso(row.compared_at),
            "approved_by": name(row.approved_by),
            "approved_at": iso(row.approved_at),
            "withdrawn_by": name(row.withdrawn_by),
            "withdrawn_at": iso(row.withdrawn_at),
            "withdrawn_why": row.withdrawn_why,
            "copied_from": {"id": source.id, "name": source.name} if source else None,
            "may": _may(viewer, state, writers),
        }

    async def _comparison(self, session: AsyncSession, row: PriceList) -> dict[str, Any]:
        """The twelve months that are over, at the prices that would hold without this list and at its own.

        The fees are reckoned and divided over the year as a whole: a month's cents are not what a price is judged by. Fixed parts
        are those that closing the months now would find due.
        """
        this_month = month_of(self._clock.now())
        start = this_month.replace(year=this_month.year - 1)
        base = await list_in_force(session, row.valid_from - timedelta(days=1))
        old = await repository.prices_of(session, base.id) if base else Prices([])
        new = await repository.prices_of(session, row.id)
        counts = await repository.counts(session, midnight(start), midnight(this_month))
        accounts = {one.id: one for one in await repository.accounts(session)}
        centres = await repository.centres(session)
        owners = await repository.institutions(session)
        used = await repository.used(session, _months(start, this_month))
        months = {
            one.id: sum(
                fixed_due(one.enabled, one.created_at, midnight(next_month(month)), used=(one.id, month) in used)
                for month in _months(start, this_month)
            )
            for one in accounts.values()
        }
        kinds: dict[tuple[str, str, int], Tally] = defaultdict(Tally)
        for group in counts:
            key = (group.case_kind, group.channel, group.level)
            price = [Decimal(0) if one is None else one.price for one in (old.of(*key), new.of(*key))]
            kinds[key] = kinds[key].plus(group.cases, *price)
        sides = [_year(prices, counts, accounts, months, centres) for prices in (old, new)]
        served = _by_centre(counts)
        by_owner: dict[str, int] = defaultdict(int)
        for group in counts:
            if group.site in accounts and group.case_kind != "chat_session":
                by_owner[_owner(accounts[group.site])] += group.cases
        totals = [sum(side.variable.values(), Decimal(0)) + sum(side.fees.values(), Decimal(0)) for side in sides]
        return {
            "from": start.isoformat(),
            "to": (this_month - timedelta(days=1)).isoformat(),
            "with": {"id": base.id, "name": base.name} if base else None,
            "cases": sum(group.cases for group in counts),
            "months": len(_months(start, this_month)),
            **_both(totals[0], totals[1]),
            "kinds": [
                {
                    "case_kind": kind,
                    "channel": channel,
                    "level": level,
                    "cases": tally.cases,
                    **_both(tally.old, tally.new),
                }
                for (kind, channel, level), tally in sorted(kinds.items())
            ],
            "centres": [
                {
                    "id": one,
                    "name": centres.get(one, one),
                    "cases": served.get(one, 0),
                    **_both(*(side.variable.get(one, Decimal(0)) + side.shares.get(one, Decimal(0)) for side in sides)),
                }
                for one in sorted({*centres, *served})
            ],
            "institutions": [
                {
                    "id": one,
                    "name": owners.get(one, one),
                    "cases": by_owner.get(one, 0),
                    "fixed_old": money(sides[0].fixed.get(one, Decimal(0))),
                    "fixed_new": money(sides[1].fixed.get(one, Decimal(0))),
                    **_both(*(side.fees.get(one, Decimal(0)) for side in sides)),
                }
                for one in sorted({*sides[0].fees, *sides[1].fees})
            ],
        }


_BARE: Final = Prices([])


class _Side:
    """What parties would have come to in a year with one list."""

    def __init__(self) -> None:
        self.variable: dict[str, Decimal] = {}
        self.fixed: dict[str, Decimal] = {}
        self.fees: dict[str, Decimal] = {}
        self.shares: dict[str, Decimal] = defaultdict(Decimal)


def _year(
    prices: Prices,
    counts: Sequence[Any],
    accounts: Mapping[str, ChannelAccount],
    months: Mapping[str, int],
    centres: Mapping[str, str],
) -> _Side:
    side = _Side()
    variable: dict[str, Decimal] = defaultdict(Decimal)
    fees: dict[str, Decimal] = defaultdict(Decimal)
    served: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    paying = {
        one.id: fee for one in accounts.values() if (fee := prices.fee_of(one.id, one.channel)).pays and months[one.id]
    }
    for account_id, fee in paying.items():
        owner = _owner(accounts[account_id])
        side.fixed[owner] = side.fixed.get(owner, Decimal(0)) + fee.monthly * months[account_id]
        fees[owner] += Decimal(0)
    for group in counts:
        line = prices.of(group.case_kind, group.channel, group.level)
        amount = group.cases * (line.price if line else Decimal(0))
        if group.site in paying and group.case_kind != "chat_session":
            owner = _owner(accounts[group.site])
            fees[owner] += amount
            if group.centre_id and group.level:
                served[owner][group.centre_id] += group.cases
        elif group.centre_id:
            variable[group.centre_id] += amount
    every = _by_centre(counts)
    side.variable = {one: cents(amount) for one, amount in variable.items()}
    for owner, amount in fees.items():
        side.fees[owner] = cents(amount + side.fixed.get(owner, Decimal(0)))
        _, weights = basis_of(side.fees[owner], served[owner], every, sorted(centres))
        for part in divide(side.fees[owner], weights):
            side.shares[part.centre_id] += part.amount
    return side


def _by_centre(counts: Sequence[Any]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for group in counts:
        if group.centre_id and group.level:
            found[group.centre_id] += group.cases
    return dict(found)


def _months(start: date, end: date) -> list[date]:
    found = []
    while start < end:
        found.append(start)
        start = next_month(start)
    return found


def _both(old: Decimal, new: Decimal) -> dict[str, str]:
    return {"old": money(old), "new": money(new), "difference": money(cents(new) - cents(old))}


def _owner(account: ChannelAccount) -> str:
    return account.institution_id or account.municipality_id or ""


def _may(viewer: Viewer, state: str, writers: set[str]) -> list[str]:
    if viewer.role not in ("accountant", "admin"):
        return []
    if state in _OPEN:
        second = viewer.id not in writers
        return ["change", "delete", "compare", *(["approve"] if state == "compared" and second else [])]
    return ["withdraw"] if state == "approved" else []


def _lines_view(prices: Prices, accounts: Mapping[str, str]) -> dict[str, Any]:
    return {
        "lines": [
            {
                "id": one.id,
                "case_kind": one.case_kind,
                "channel": one.channel,
                "level": one.level,
                "price": priced(one.price),
            }
            for one in prices.lines
        ],
        "fees": [
            {
                "channel": one.channel,
                "account_id": one.account_id,
                "account": accounts.get(one.account_id) if one.account_id else None,
                "monthly": money(one.monthly),
                "pays": one.pays,
            }
            for one in prices.fees
        ],
    }


def _check_lines(wanted: WritePriceList, accounts: set[str]) -> None:
    seen: set[tuple[str | None, str | None, int | None]] = set()
    for number, line in enumerate(wanted.lines, 1):
        if line.channel is not None and line.channel not in CHANNELS:
            raise PieturaError("price_list_bad_channel", number=number)
        key = (line.case_kind, line.channel, line.level)
        if key in seen:
            raise PieturaError("price_list_line_twice", number=number)
        seen.add(key)
    # Without these a case could come for which there is no price.
    if (None, None, 0) not in seen:
        raise PieturaError("price_list_no_rest", level="0")
    if (None, None, None) not in seen and not {(None, None, 1), (None, None, 2)} <= seen:
        raise PieturaError("price_list_no_rest", level="1, 2")
    fees: set[tuple[str | None, str | None]] = set()
    for number, fee in enumerate(wanted.fees, 1):
        if fee.account_id is not None and fee.account_id not in accounts:
            raise PieturaError("price_list_bad_account", number=number)
        if fee.channel is not None and fee.channel not in CHANNELS:
            raise PieturaError("price_list_bad_channel", number=number)
        place = (None, fee.account_id) if fee.account_id else (fee.channel, None)
        if place in fees:
            raise PieturaError("price_list_fee_twice", number=number)
        fees.add(place)
