"""A generated year: the months add up to the ledger, an independent reckoning agrees, and nothing moves what is closed."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from handoff.cases import service as cases
from handoff.cases.models import CaseEntry, PriceList
from handoff.settlement import repository
from handoff.settlement.models import SettlementLine
from handoff.settlement.repository import next_month
from handoff.settlement.service import LostMonth
from kit.clock import midnight
from kit.db import Database
from kit.errors import Conflict
from tests.settlement.golden import riga, year
from tests.settlement.recount import add_up, compare, cutoffs
from tests.settlement.stand import Books
from tests.size import LONG, sized

_CASES = sized(6_000, 100_000)
_DIALECTS = ("sqlite", "postgresql") if LONG else ("sqlite",)


@pytest.mark.parametrize("dialect", _DIALECTS)
async def test_a_year(dialect: str, request: pytest.FixtureRequest) -> None:
    db = Database(request.getfixturevalue(f"{'sqlite' if dialect == 'sqlite' else 'postgres'}_url"))
    books = Books(db, riga(2026, 1, 1))
    ledger = year(20261130, _CASES)
    await ledger.write(db)
    moments = cutoffs(11)
    for month, at in moments.items():
        period = await books.close(month, at)
        assert period["state"] == "closed"
        assert period["unpriced"] == 0
    await compare(books, moments)

    async with db.read() as session:
        # Each entry in one month; what is in none came after the last closing, or ended after it.
        taken = {row.entry_id: row for row in (await session.scalars(select(SettlementLine))).all()}
        entries = (await session.scalars(select(CaseEntry))).all()
        last = midnight(next_month(max(moments)))
        for entry in entries:
            line = taken.get(entry.id)
            assert (line is None) == (entry.closed_at >= last or entry.recorded_at > moments[date(2026, 11, 1)])
            if line is not None:
                assert line.amount == entry.sign * (entry.amount or 0)
                own = repository.month_of(entry.closed_at)
                assert line.late == (own < line.month)
                assert line.late == (entry.recorded_at > moments[own])
        late = sum(1 for line in taken.values() if line.late)
    assert late > 40  # or nothing here was tried

    # Facts that come now, about months long closed, change none of them: they are December's.
    before = await books.contents()
    admin = await books.viewer("admin")
    books.clock.at = riga(2026, 12, 20)
    async with db.unit() as unit:
        wanted = [entry for entry in entries if entry.kind == "settled" and entry.level == 1][:9]
        for number, entry in enumerate(wanted):
            now = await cases.in_force(unit.session, entry.case_no)
            if now is None:
                continue
            if number % 3:
                level = 2 if now.level != 2 else 1
                await cases.correct(unit.session, entry.case_no, {"level": level}, "vēlāk", admin, books.clock.at)
            else:
                await cases.reverse(unit.session, entry.case_no, "nav", admin, books.clock.at)
    assert await books.contents() == before
    december = await books.close(date(2026, 12, 1), riga(2027, 1, 4))
    assert december["late"] >= 9
    after = await books.contents()
    assert {number: after[number] for number in before} == before
    await compare(books, moments | {date(2026, 12, 1): riga(2027, 1, 4)})
    await add_up(books)
    await db.close()


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
async def test_killed_and_gone_on(dialect: str, request: pytest.FixtureRequest) -> None:
    """A worker that dies half-way: the next one goes on when its lease has run out, as if nothing had been."""
    url = request.getfixturevalue(f"{'sqlite' if dialect == 'sqlite' else 'postgres'}_url")
    db = Database(url)
    at = riga(2026, 2, 3)
    books = Books(db, at)
    ledger = year(7, 400)
    await ledger.write(db)
    accountant = await books.viewer("accountant")
    preview = await books.settlement.preview(accountant, date(2026, 1, 1))
    await books.settlement.close(accountant, date(2026, 1, 1))

    # It has taken in a part, and is heard of no more.
    async with db.unit() as unit:
        assert await repository.claim(unit.session, date(2026, 1, 1), "gone", at, at + timedelta(seconds=60))
    span = repository.Span(
        date(2026, 1, 1), at, {"acc-vid-x": "vid", "acc-vsaa-fb": "vsaa", "acc-vid-fb": "vid", "acc-pmlp-tg": "pmlp"}
    )
    async with db.unit() as unit:
        assert await repository.collect(unit.session, span, 10) == 10
    await books.settlement.work()
    assert (await books.settlement.month(accountant, date(2026, 1, 1)))["state"] == "closing"

    # What is entered meanwhile is not January's.
    books.clock.at = at + timedelta(seconds=61)
    case_no = next(one["no"] for one in ledger.cases if ledger.entries[one["no"] - 1]["level"])
    async with db.unit() as unit:
        if await cases.in_force(unit.session, case_no):
            await cases.reverse(unit.session, case_no, "pēc sākuma", accountant, books.clock.at)
    await books.settlement.work()
    closed = await books.settlement.month(accountant, date(2026, 1, 1))
    assert closed["state"] == "closed"
    assert closed["cutoff_at"] == "2026-02-03T10:00:00.000Z"

    # The preview said the same a minute before, by the same code; so would the dead worker have.
    names = ("party_id", "cases", "variable", "fee", "total")
    assert [[one[name] for name in names] for one in closed["statements"]] == [
        [one[name] for name in names] for one in preview["statements"]
    ]
    # The worker that was thought dead comes back: the month is not his any longer.
    with pytest.raises(LostMonth):
        await books.settlement._tell(date(2026, 1, 1), "gone", 50, "reckoning")
    for head in closed["statements"]:
        statement, digest = await books.settlement.document(accountant, head["number"])
        assert statement.digest() == digest == head["digest"]
    await db.close()


async def test_of_many_one_closes(postgres_url: str) -> None:
    """Two people ask at once, and four workers look: one closing is begun, one worker does it, nothing is stored twice."""
    at = riga(2026, 2, 3)
    books = [Books(Database(postgres_url), at) for _ in range(4)]
    ledger = year(11, 300)
    await ledger.write(books[0].db)
    people = [await books[0].viewer("accountant"), await books[0].viewer("admin")]
    month = date(2026, 1, 1)
    asked = await asyncio.gather(
        *(one.settlement.close(who, month) for one, who in zip(books, people, strict=False)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in asked) == ["Conflict", "dict"]
    # A second month cannot be begun meanwhile, whoever asks.
    books[2].clock.at = riga(2026, 3, 3)
    with pytest.raises(Conflict, match="month_closing_other"):
        await books[2].settlement.close(people[0], date(2026, 2, 1))
    books[2].clock.at = at
    await asyncio.gather(*(one.settlement.work() for one in books))
    closed = await books[3].settlement.month(people[0], month)
    assert closed["state"] == "closed"
    async with books[0].db.read() as session:
        taken = await session.scalar(select(func.count()).select_from(SettlementLine))
    assert taken == closed["entries"] > 10
    for one in books:
        await one.db.close()


_FORBIDDEN = (
    "UPDATE settlement_line SET amount = 0",
    "DELETE FROM settlement_line",
    "UPDATE settlement_statement SET total = 0",
    "DELETE FROM settlement_statement",
    "UPDATE settlement_period SET figures = NULL",
    "UPDATE settlement_period SET state = 'closing'",
    "DELETE FROM settlement_period",
    "INSERT INTO settlement_line (entry_id, month, late, payer, sign, amount)"
    " SELECT max(id), '2026-01-01', {no}, 'nobody', 1, 0 FROM case_entry",
    "UPDATE case_entry SET amount = 0",
    "DELETE FROM case_entry",
    "UPDATE tariff SET price = 9 WHERE list_id = 'second'",
    "DELETE FROM tariff WHERE list_id = 'first'",
    "UPDATE price_list_fee SET monthly = 0",
    "UPDATE price_list SET valid_from = '2027-01-01' WHERE id = 'second'",
    "DELETE FROM price_list WHERE id = 'second'",
    "UPDATE price_list SET state = 'withdrawn' WHERE id = 'first'",
    "UPDATE price_list SET state = 'withdrawn', withdrawn_at = created_at WHERE id = 'second'",
    # What was withdrawn before its day does not come back, as itself or as a draft.
    "UPDATE price_list SET state = 'approved' WHERE id = 'third'",
    "UPDATE price_list SET state = 'draft' WHERE id = 'third'",
    "DELETE FROM price_list WHERE id = 'third'",
)
_FORBIDDEN_SQLITE = (
    "INSERT OR REPLACE INTO price_list SELECT * FROM price_list WHERE id = 'second'",
    "REPLACE INTO price_list (id, name, currency, valid_from, state, version, created_at)"
    " SELECT 'other', name, currency, valid_from, state, 1, created_at FROM price_list WHERE id = 'second'",
    "UPDATE OR REPLACE price_list SET id = 'second' WHERE id = 'fourth'",
    "UPDATE OR REPLACE price_list SET state = 'approved', valid_from = (SELECT valid_from FROM price_list WHERE id = 'second')"
    " WHERE id = 'fourth'",
    "REPLACE INTO tariff (id, list_id, price, currency, valid_from, source)"
    " SELECT id, 'fourth', 9, currency, valid_from, source FROM tariff WHERE list_id = 'second'",
)
_FORBIDDEN_POSTGRESQL = (
    "TRUNCATE settlement_line",
    "TRUNCATE case_entry CASCADE",
    "TRUNCATE settlement_period CASCADE",
)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
async def test_what_is_closed_cannot_be_changed_by_sql(dialect: str, request: pytest.FixtureRequest) -> None:
    db = Database(request.getfixturevalue(f"{'sqlite' if dialect == 'sqlite' else 'postgres'}_url"))
    books = Books(db, riga(2026, 2, 3))
    ledger = year(3, 120)
    await ledger.write(db)
    await books.close(date(2026, 1, 1), riga(2026, 2, 3))
    async with db.unit() as unit:
        for name in ("third", "fourth"):
            row = PriceList(id=name, name=name, valid_from=date(2027, 6, 1), state="draft", version=1)
            row.created_at = riga(2026, 1, 1)
            unit.session.add(row)
        await unit.session.flush()
        for state in ("approved", "withdrawn"):
            await unit.session.execute(text(f"UPDATE price_list SET state = '{state}' WHERE id = 'third'"))
    for statement in (*_FORBIDDEN, *(_FORBIDDEN_POSTGRESQL if dialect == "postgresql" else _FORBIDDEN_SQLITE)):
        said = statement.format(no="FALSE" if dialect == "postgresql" else "0")
        if dialect == "postgresql":
            said = said.replace("'2026-01-01'", "DATE '2026-01-01'").replace("'2027-01-01'", "DATE '2027-01-01'")
        with pytest.raises(DBAPIError, match=r"only grows|does not change|do not change|not being closed"):
            async with db.unit() as unit:
                await unit.session.execute(text(said))
    await db.close()
