"""All SQL on price lists, months, statements and disputes. What concerns a whole month is one statement of SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Date,
    Integer,
    Numeric,
    Row,
    Select,
    String,
    Subquery,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    update,
)
from sqlalchemy import cast as as_type
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from handoff.cases.models import CaseEntry, PriceList, Tariff
from handoff.channels.models import ChannelAccount
from handoff.settlement.models import (
    PriceListFee,
    SettlementDispute,
    SettlementLine,
    SettlementPeriod,
    SettlementStatement,
)
from handoff.settlement.reckoning import Booked, FeePrice, Price, Prices
from handoff.settlement.statement import CaseLine
from handoff.staff import repository as staff
from handoff.staff.models import Centre, Institution, Staff
from kit.clock import RIGA, midnight

#: What was stamped before a closing and stored after it is looked for this far back.
_STORED_LATE: Final = timedelta(days=1)
_COLUMNS: Final = ("entry_id", "month", "late", "payer", "party_id", "account_id", "sign", "amount")


# --- price lists ------------------------------------------------------------------------------------------------------


async def price_lists(session: AsyncSession) -> Sequence[PriceList]:
    """All, the latest to begin first."""
    order = (PriceList.valid_from.desc(), PriceList.created_at.desc(), PriceList.id)
    return (await session.scalars(select(PriceList).order_by(*order))).all()


async def price_list(session: AsyncSession, list_id: str) -> PriceList | None:
    """One."""
    return await session.get(PriceList, list_id, populate_existing=True)


async def prices_of(session: AsyncSession, list_id: str) -> Prices:
    """A list in hand, its lines from the general to the special."""
    lines = (await session.scalars(select(Tariff).where(Tariff.list_id == list_id))).all()
    fees = (await session.scalars(select(PriceListFee).where(PriceListFee.list_id == list_id))).all()
    return Prices(
        [
            Price(one.id, one.case_kind, one.channel, one.level, one.price)
            for one in sorted(
                lines, key=lambda one: (one.case_kind or "", one.channel or "", -1 if one.level is None else one.level)
            )
        ],
        [
            FeePrice(one.channel, one.account_id, one.monthly, one.pays)
            for one in sorted(fees, key=lambda one: (one.channel or "", one.account_id or ""))
        ],
    )


async def writers(session: AsyncSession, lists: Sequence[PriceList]) -> dict[str, set[str]]:
    """Everybody who has written in each of some lists: of several hands none approves his own work."""
    by_trail = await staff.writers(session, [one.id for one in lists], ("price_list_created", "price_list_changed"))
    return {
        one.id: by_trail[one.id] | {who for who in (one.created_by, one.changed_by) if who is not None} for one in lists
    }


async def forget_prices(session: AsyncSession, list_id: str) -> None:
    """Drops the lines of a draft."""
    await session.execute(delete(Tariff).where(Tariff.list_id == list_id))
    await session.execute(delete(PriceListFee).where(PriceListFee.list_id == list_id))


async def forget_list(session: AsyncSession, list_id: str) -> None:
    """Drops a draft."""
    await forget_prices(session, list_id)
    await session.execute(update(PriceList).where(PriceList.copied_from == list_id).values(copied_from=None))
    await session.execute(delete(PriceList).where(PriceList.id == list_id))


async def approved_of(session: AsyncSession, day: date, but: str) -> PriceList | None:
    """The approved list that begins on ``day``."""
    found: PriceList | None = await session.scalar(
        select(PriceList).where(PriceList.state == "approved", PriceList.valid_from == day, PriceList.id != but)
    )
    return found


async def counts(
    session: AsyncSession, start: datetime, end: datetime
) -> Sequence[Row[str, str, int, str | None, str, int]]:
    """Cases that ended in a time, as they count now: by kind, channel, level, centre and account, reversals taken off."""
    by = (CaseEntry.case_kind, CaseEntry.channel, CaseEntry.level, CaseEntry.centre_id, CaseEntry.site)
    rows = await session.execute(
        select(*by, func.sum(CaseEntry.sign).label("cases"))
        .where(CaseEntry.closed_at >= start, CaseEntry.closed_at < end)
        .group_by(*by)
        .having(func.sum(CaseEntry.sign) != 0)
    )
    return rows.all()


async def used(session: AsyncSession, months: Sequence[date]) -> set[tuple[str, date]]:
    """Accounts on which a case ended, with the month of it (its first day), of months that follow each other."""
    bounds = [midnight(one) for one in (*months, next_month(months[-1]))]
    number = case(*((CaseEntry.closed_at < end, at) for at, end in enumerate(bounds[1:])))
    rows = await session.execute(
        select(CaseEntry.site, number)
        .where(
            CaseEntry.closed_at >= bounds[0], CaseEntry.closed_at < bounds[-1], CaseEntry.case_kind != "chat_session"
        )
        .distinct()
    )
    return {(site, months[at]) for site, at in rows.tuples()}


# --- whom it is about -------------------------------------------------------------------------------------------------


async def accounts(session: AsyncSession) -> Sequence[ChannelAccount]:
    """All social accounts, by name."""
    return (await session.scalars(select(ChannelAccount).order_by(ChannelAccount.name, ChannelAccount.id))).all()


async def centres(session: AsyncSession) -> dict[str, str]:
    """Names of centres by id."""
    return dict((await session.execute(select(Centre.id, Centre.name).order_by(Centre.id))).tuples().all())


async def institutions(session: AsyncSession) -> dict[str, str]:
    """Latvian names of institutions and municipalities by id."""
    return dict((await session.execute(select(Institution.id, Institution.name_lv))).tuples().all())


async def people(session: AsyncSession) -> dict[str, str]:
    """Names of staff by id, of those too who have left."""
    return dict((await session.execute(select(Staff.id, Staff.name))).tuples().all())


# --- months -----------------------------------------------------------------------------------------------------------


async def first_entry(session: AsyncSession) -> datetime | None:
    """When the first line of the ledger was entered."""
    found: datetime | None = await session.scalar(
        select(CaseEntry.recorded_at).order_by(CaseEntry.recorded_at).limit(1)
    )
    return found


async def periods(session: AsyncSession) -> Sequence[SettlementPeriod]:
    """Months of which the closing was begun, the latest first."""
    return (await session.scalars(select(SettlementPeriod).order_by(SettlementPeriod.month.desc()))).all()


async def period(session: AsyncSession, month: date) -> SettlementPeriod | None:
    """One."""
    return await session.get(SettlementPeriod, month, populate_existing=True)


async def held(session: AsyncSession, month: date) -> SettlementPeriod | None:
    """One, with nobody else writing in it: a worker's transaction that is under way comes to its end first."""
    return await session.get(SettlementPeriod, month, populate_existing=True, with_for_update=True)


def _free(now: datetime) -> ColumnElement[bool]:
    """No living worker has the month in hand, and it need not wait any longer."""
    return or_(SettlementPeriod.lease_until.is_(None), SettlementPeriod.lease_until <= now) & or_(
        SettlementPeriod.next_try_at.is_(None), SettlementPeriod.next_try_at <= now
    )


async def to_close(session: AsyncSession, now: datetime) -> date | None:
    """A month that is being closed, that no living worker has in hand, and that is due."""
    found: date | None = await session.scalar(
        select(SettlementPeriod.month)
        .where(SettlementPeriod.state == "closing", _free(now))
        .order_by(SettlementPeriod.month)
        .limit(1)
    )
    return found


async def claim(session: AsyncSession, month: date, worker: str, now: datetime, until: datetime) -> bool:
    """Takes a month in hand if nobody has it: one more attempt."""
    return await _set_period(
        session,
        month,
        _free(now),
        worker=worker,
        lease_until=until,
        next_try_at=None,
        attempts=SettlementPeriod.attempts + 1,
    )


async def failed(session: AsyncSession, month: date, worker: str, now: datetime, due: datetime, cause: str) -> bool:
    """Notes that a worker's attempt came to nothing; False when the month is not his any longer, or (``interrupted``) his lease
    has not run out."""
    his = SettlementPeriod.worker == worker
    return await _set_period(
        session,
        month,
        his & (SettlementPeriod.lease_until <= now) if cause == "interrupted" else his,
        error=cause,
        fault=worker[:8],
        failed_at=now,
        next_try_at=due,
        worker=None,
        lease_until=None,
    )


async def hurry(session: AsyncSession, month: date) -> bool:
    """The next attempt is due now; False when one is under way or none is waited for."""
    return await _set_period(
        session,
        month,
        SettlementPeriod.worker.is_(None) & SettlementPeriod.next_try_at.is_not(None),
        next_try_at=None,
    )


async def give_back(session: AsyncSession, month: date) -> int:
    """Forgets an unfinished closing with all it took in; how many lines. The month must be :func:`held`.

    The triggers let lines and the month go only while it is ``opening``.
    """
    await _set_period(session, month, true(), state="opening")
    gone = await session.execute(delete(SettlementLine).where(SettlementLine.month == month))
    await session.execute(delete(SettlementPeriod).where(SettlementPeriod.month == month))
    session.expire_all()
    return cast("CursorResult[Any]", gone).rowcount


async def taken(session: AsyncSession, month: date) -> tuple[int, int, Decimal]:
    """What a month has taken in, as the database adds it up: entries, signs, amount."""
    row = (
        await session.execute(
            select(func.count(), func.sum(SettlementLine.sign), func.sum(SettlementLine.amount)).where(
                SettlementLine.month == month
            )
        )
    ).one()
    # SQLite adds decimals as floats: to a ten-thousandth they are what they were.
    return row[0], row[1] or 0, Decimal(str(row[2] or 0)).quantize(_NO_PRICE)


async def advance(session: AsyncSession, month: date, worker: str, /, **values: Any) -> bool:
    """Notes how far the worker is; False when the month is not his any longer."""
    return await _set_period(session, month, SettlementPeriod.worker == worker, **values)


async def _set_period(session: AsyncSession, month: date, condition: ColumnElement[bool], /, **values: Any) -> bool:
    statement = (
        update(SettlementPeriod)
        .where(SettlementPeriod.month == month, SettlementPeriod.state == "closing", condition)
        .values(**values)
    )
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)


@dataclass(frozen=True)
class Span:
    """Which entries a month takes in: of cases that ended in it or before, entered by ``cutoff``, and not taken in yet.

    ``paying``: accounts that are paid for, with their owners. ``own``: only of cases that ended in it. ``before``: the month
    before it and its cutoff, while that is being closed: what it has yet to take in is its own.
    """

    month: date
    cutoff: datetime
    paying: Mapping[str, str]
    own: bool = False
    before: tuple[date, datetime] | None = None

    @property
    def end(self) -> date:
        """The first day of the next month."""
        return next_month(self.month)


def next_month(month: date) -> date:
    """The first day of the month after ``month``'s."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_of(moment: datetime) -> date:
    """The first day of the month in which a moment lies, in Riga."""
    return moment.astimezone(RIGA).date().replace(day=1)


def unsettled(span: Span) -> Select[Any]:
    """The entries of a span as lines: columns as in ``settlement_line``.

    Who paid for a case goes on paying: what is corrected later is given back to him, whoever owns the account by then.
    """
    first = aliased(CaseEntry)
    before = aliased(SettlementLine)
    paid = before.payer == "institution"
    pays = case(
        (before.entry_id.is_not(None), paid),
        else_=CaseEntry.site.in_(list(span.paying)) & (CaseEntry.case_kind != "chat_session"),
    )
    owner = case(span.paying, value=CaseEntry.site) if span.paying else null()
    owner = case((paid, before.party_id), else_=owner)
    taken = select(SettlementLine.entry_id).where(SettlementLine.entry_id == CaseEntry.id).exists()
    amount = CaseEntry.sign * func.coalesce(CaseEntry.amount, literal(Decimal(0), Numeric(12, 4)))
    return (
        select(
            CaseEntry.id.label("entry_id"),
            literal(span.month, Date).label("month"),
            (CaseEntry.closed_at < midnight(span.month)).label("late"),
            case((pays, "institution"), (CaseEntry.centre_id.is_not(None), "centre"), else_="nobody").label("payer"),
            as_type(case((pays, owner), else_=CaseEntry.centre_id), String(64)).label("party_id"),
            as_type(case((pays, CaseEntry.site), else_=null()), String(36)).label("account_id"),
            as_type(CaseEntry.sign, Integer).label("sign"),
            as_type(amount, Numeric(14, 4)).label("amount"),
        )
        .outerjoin(first, (first.case_no == CaseEntry.case_no) & (first.revision == 0) & (first.kind == "settled"))
        .outerjoin(before, before.entry_id == first.id)
        .where(
            ~taken,
            CaseEntry.recorded_at >= midnight(span.month) - _STORED_LATE,
            CaseEntry.recorded_at <= span.cutoff,
            CaseEntry.closed_at < midnight(span.end),
            *([CaseEntry.closed_at >= midnight(span.month)] if span.own else []),
            *([~_of_before(*span.before)] if span.before else []),
        )
        .order_by(CaseEntry.id)
    )


def _of_before(month: date, cutoff: datetime) -> ColumnElement[bool]:
    return (CaseEntry.closed_at < midnight(next_month(month))) & (CaseEntry.recorded_at <= cutoff)


async def count_unsettled(session: AsyncSession, span: Span) -> int:
    """How many entries a span has."""
    found = unsettled(span).order_by(None).with_only_columns(func.count())
    return await session.scalar(found) or 0


async def collect(session: AsyncSession, span: Span, limit: int) -> int:
    """Takes the next entries of a span in, ``limit`` at most; how many."""
    statement = insert(SettlementLine).from_select(_COLUMNS, unsettled(span).limit(limit))
    return cast("CursorResult[Any]", await session.execute(statement)).rowcount


async def variable_of(session: AsyncSession, lines: Select[Any] | Sequence[date]) -> dict[str, Decimal]:
    """What lines that the state pays come to for each centre: those of months that were taken in, or of a span that would be."""
    source = (
        lines.order_by(None).subquery()
        if isinstance(lines, Select)
        else select(SettlementLine).where(SettlementLine.month.in_(list(lines))).subquery()
    )
    rows = await session.execute(
        select(source.c.party_id, func.sum(source.c.amount))
        .where(source.c.payer == "centre")
        .group_by(source.c.party_id)
    )
    # SQLite adds decimals as floats: to a ten-thousandth they are what they were.
    return {centre: Decimal(str(amount)).quantize(_NO_PRICE) for centre, amount in rows.tuples()}


async def booked(session: AsyncSession, lines: Select[Any] | date, names: Names) -> list[Booked]:
    """Lines with what their entries say: those of a month that were taken in, or those of a span that would be."""
    source: Subquery = (
        select(*(getattr(SettlementLine, name) for name in _COLUMNS)).where(SettlementLine.month == lines).subquery()
        if isinstance(lines, date)
        else lines.order_by(None).subquery()
    )
    rows = await session.execute(
        select(
            source.c.late,
            source.c.payer,
            source.c.party_id,
            source.c.account_id,
            CaseEntry.id,
            CaseEntry.case_no,
            CaseEntry.kind,
            CaseEntry.sign,
            CaseEntry.case_kind,
            CaseEntry.channel,
            CaseEntry.level,
            CaseEntry.site,
            CaseEntry.institution_id,
            CaseEntry.service_id,
            CaseEntry.centre_id,
            CaseEntry.opened_at,
            CaseEntry.closed_at,
            CaseEntry.outcome,
            CaseEntry.tariff_id,
            CaseEntry.amount,
            CaseEntry.why,
        ).join(CaseEntry, CaseEntry.id == source.c.entry_id)
    )
    return [_booked(row, names) for row in rows]


@dataclass(frozen=True)
class Names:
    """Names at the time of the closing, by id."""

    centres: Mapping[str, str]
    institutions: Mapping[str, str]
    services: Mapping[str, str]
    accounts: Mapping[str, str]


_NO_PRICE: Final = Decimal("0.0000")


def _booked(row: Row[Any], names: Names) -> Booked:
    price = row.amount if row.amount is not None else _NO_PRICE
    social = row.case_kind != "chat_session"
    return Booked(
        CaseLine(
            case_no=row.case_no,
            entry_id=row.id,
            kind=row.kind,
            sign=row.sign,
            late=bool(row.late),
            case_kind=row.case_kind,
            channel=row.channel,
            level=row.level,
            account=names.accounts.get(row.site) if social else None,
            institution_id=row.institution_id,
            institution=names.institutions.get(row.institution_id, row.institution_id),
            service=names.services.get(row.service_id, row.service_id),
            centre_id=row.centre_id,
            centre=names.centres.get(row.centre_id, row.centre_id),
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            outcome=row.outcome,
            tariff_id=row.tariff_id,
            price=price,
            amount=price * row.sign,
            why=row.why,
            account_id=row.site if social and row.site in names.accounts else None,
        ),
        row.payer,
        row.party_id,
        row.account_id,
    )


async def services_named(session: AsyncSession, lines: Select[Any] | date) -> Sequence[str]:
    """The services that lines are about."""
    source = (
        select(SettlementLine.entry_id).where(SettlementLine.month == lines).subquery()
        if isinstance(lines, date)
        else lines.order_by(None).subquery()
    )
    found = await session.scalars(
        select(CaseEntry.service_id)
        .join(source, source.c.entry_id == CaseEntry.id)
        .where(CaseEntry.service_id.is_not(None))
        .distinct()
    )
    return [one for one in found if one is not None]


async def line(session: AsyncSession, entry_id: int) -> SettlementLine | None:
    """The line of an entry."""
    return await session.get(SettlementLine, entry_id)


# --- statements -------------------------------------------------------------------------------------------------------

#: Without the content, which is megabytes.
_HEAD: Final = tuple(column for column in SettlementStatement.__table__.columns if column.name != "content")


async def statements(session: AsyncSession, *conditions: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Heads of statements: the latest month first, in it by number."""
    rows = await session.execute(
        select(*_HEAD).where(*conditions).order_by(SettlementStatement.month.desc(), SettlementStatement.number)
    )
    return rows.all()


async def statement_row(session: AsyncSession, number: str) -> SettlementStatement | None:
    """One, with its content."""
    return await session.get(SettlementStatement, number)


# --- disputes ---------------------------------------------------------------------------------------------------------


async def dispute(session: AsyncSession, dispute_id: str) -> SettlementDispute | None:
    """One."""
    return await session.get(SettlementDispute, dispute_id, populate_existing=True)


async def open_of(session: AsyncSession, entry_id: int) -> SettlementDispute | None:
    """The open dispute about an entry."""
    found: SettlementDispute | None = await session.scalar(
        select(SettlementDispute).where(SettlementDispute.entry_id == entry_id, SettlementDispute.state == "open")
    )
    return found


async def latest_disputes(session: AsyncSession, entry_ids: Sequence[int]) -> dict[int, SettlementDispute]:
    """The last dispute about each of some entries."""
    rows = await session.scalars(
        select(SettlementDispute)
        .where(SettlementDispute.entry_id.in_(list(entry_ids)))
        .order_by(SettlementDispute.raised_at)
    )
    return {row.entry_id: row for row in rows}


def disputes(*conditions: ColumnElement[bool]) -> Select[SettlementDispute, date, str, str, str, date]:
    """Disputes with their statement's head and the month in which the correction was counted."""
    return (
        select(
            SettlementDispute,
            SettlementStatement.month,
            SettlementStatement.kind,
            SettlementStatement.party_id,
            SettlementStatement.party,
            SettlementLine.month.label("settled_in"),
        )
        .join(SettlementStatement, SettlementStatement.number == SettlementDispute.number)
        .outerjoin(SettlementLine, SettlementLine.entry_id == SettlementDispute.reversal_id)
        .where(*conditions)
    )


async def count_disputes(session: AsyncSession) -> dict[str, int]:
    """How many of each state."""
    rows = await session.execute(select(SettlementDispute.state, func.count()).group_by(SettlementDispute.state))
    return dict(rows.tuples().all())


async def disputes_open(session: AsyncSession, number: str) -> int:
    """How many open disputes a statement has."""
    found = select(func.count()).where(SettlementDispute.number == number, SettlementDispute.state == "open")
    return await session.scalar(found) or 0


def of_institution(party_id: str) -> list[ColumnElement[bool]]:
    """Disputes about an institution's statements."""
    return [SettlementStatement.kind == "institution", SettlementStatement.party_id == party_id]
