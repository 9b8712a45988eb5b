"""What becomes of cases after their month was closed: owners change, accounts are switched off, two correct at once."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text as sql
from sqlalchemy import update

from handoff.cases.models import PriceList
from handoff.cases.schemas import euros
from handoff.cases.service import correct
from handoff.channels.models import ChannelAccount
from handoff.settlement.models import PriceListFee
from handoff.settlement.service import LineFilter
from kit.db import Database
from kit.errors import Conflict
from tests.settlement.golden import Ledger, riga
from tests.settlement.stand import Books

_WAITING = sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
_JULY, _AUGUST, _SEPTEMBER = date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)


def _ledger() -> Ledger:
    made = Ledger()
    made.case("chat_session", "webchat", 1, "riga", riga(2026, 7, 2))  # 1: 1.05
    made.case("comment", "x", 1, "riga", riga(2026, 7, 8), account="acc-vid-x")  # 2: 0.85
    made.case("comment", "facebook", 1, "valmiera", riga(2026, 7, 9), account="acc-vsaa-fb")  # 3: 0.85
    made.case("comment", "facebook", 1, "riga", riga(2026, 8, 10), account="acc-vid-fb")  # 4: 0.85
    made.case("chat_session", "webchat", 1, "riga", riga(2026, 8, 31, 23))  # 5: 1.05
    made.case("chat_session", "webchat", 1, "riga", riga(2026, 9, 1, 9))  # 6: 1.05
    # Once July was closed: dearer, and then Valmiera's after all; and one that was no case.
    made.correct(2, riga(2026, 8, 11), level=2)
    made.correct(2, riga(2026, 8, 12), centre_id="valmiera")
    made.reverse(3, riga(2026, 8, 13))
    return made


async def _other_owners(db: Database) -> None:
    """From August on VID's X is PMLP's and switched off, and VSAA pays nothing for its Facebook."""
    async with db.unit() as unit:
        session = unit.session
        await session.execute(
            update(ChannelAccount).where(ChannelAccount.id == "acc-vid-x").values(institution_id="pmlp", enabled=False)
        )
        third = PriceList(
            id="third", name="third", valid_from=_AUGUST, state="draft", version=1, created_at=riga(2026, 7, 1)
        )
        session.add(third)
        await session.flush()
        for number, (account, monthly, pays) in enumerate(((None, "40.00", True), ("acc-vsaa-fb", "0", False))):
            session.add(
                PriceListFee(
                    id=f"third-{number}", list_id="third", account_id=account, monthly=Decimal(monthly), pays=pays
                )
            )
        await session.flush()
        third.state = "approved"


async def _what_is_late(url: str) -> dict[str, str]:
    db = Database(url)
    books = Books(db, riga(2026, 8, 3))
    await _ledger().write(db)
    accountant = await books.viewer("accountant")
    july = await books.close(_JULY, riga(2026, 8, 3))
    paid = {one["party_id"]: one["fee"] for one in july["statements"] if one["kind"] == "institution"}
    # VID: X 25.50 + 0.85, Facebook 40.00; VSAA: 75.25 + 0.85
    assert paid == {"pmlp": "40.00", "vid": "66.35", "vsaa": "76.10"}
    await _other_owners(db)

    # September looked at while August is open: the last evening of August is August's and not late in September.
    books.clock.at = riga(2026, 9, 2)
    ahead = await books.settlement.preview(accountant, _SEPTEMBER)
    assert (ahead["entries"], ahead["late"]) == (1, 0)
    at_once = await books.settlement.preview(accountant, _AUGUST)
    assert (at_once["entries"], at_once["late"]) == (7, 5)
    months = [_JULY, _AUGUST, _SEPTEMBER]
    async with db.read() as session:
        before = await books.settlement.variable_part(session, months)
    await books.settlement.close(accountant, _AUGUST)
    with pytest.raises(Conflict) as refused:
        await books.settlement.preview(accountant, _AUGUST)
    assert refused.value.code == "month_closing"
    await books.settlement.work()
    august = await books.settlement.month(accountant, _AUGUST)
    paid = {one["party_id"]: one["fee"] for one in august["statements"] if one["kind"] == "institution"}
    # VID: Facebook 40.00 + 0.85, and its X of July: −0.85 + 2.155 − 2.155 + 2.155 = 1.305 → 1.31, with no fixed part any longer.
    # VSAA gets back what it paid for 3. PMLP: Telegram 40.00, and nothing for an X that has done nothing for it.
    assert paid == {"pmlp": "40.00", "vid": "42.16", "vsaa": "-0.85"}
    number = next(one["number"] for one in august["statements"] if one["party_id"] == "vid")
    statement = await books.settlement.statement(accountant, number)
    fees = {one["account_id"]: (one["fixed"], one["cases_amount"]) for one in statement["fees"]}
    assert fees == {"acc-vid-fb": ("40.00", "0.85"), "acc-vid-x": ("0.00", "1.31")}
    # An account's figure opens to its rows.
    for one in statement["fees"]:
        rows = await books.settlement.lines(accountant, number, LineFilter(account=one["account_id"]), 1)
        assert rows["cases"] == one["cases"]
        assert rows["total"] == {"acc-vid-fb": 1, "acc-vid-x": 4}[one["account_id"]]

    async with db.read() as session:
        after = await books.settlement.variable_part(session, months)
        assert await books.settlement.variable_part(session, [_JULY]) == {"riga": Decimal("1.05")}
    # The three chats; comments are in fees and so in nobody's variable part, corrected or not.
    assert before == after == {"riga": Decimal("3.15")}
    found = await books.contents()
    await db.close()
    return found


async def test_who_paid_gets_it_back(sqlite_url: str, postgres_url: str) -> None:
    """Whoever owns the account by then, and the same on either database."""
    assert await _what_is_late(sqlite_url) == await _what_is_late(postgres_url)


async def _waits(db: Database) -> bool:
    # In a session of its own: within one transaction this view does not change.
    async with db.read() as session:
        return bool(await session.scalar(_WAITING))


async def test_two_who_correct_at_once(postgres_url: str) -> None:
    """The second waits for the first, and is told instead of failing."""
    db = Database(postgres_url)
    books = Books(db, riga(2026, 9, 2))
    await _ledger().write(db)
    viewer, now = await books.viewer("accountant"), books.clock.now()

    async def second() -> None:
        async with db.unit() as unit:
            await correct(unit.session, 1, {"level": 2}, "otrais", viewer, now)

    async with db.unit() as unit:
        await correct(unit.session, 1, {"level": 0}, "pirmais", viewer, now)
        waiting = asyncio.create_task(second())
        async with asyncio.timeout(20):
            while not await _waits(db):
                await asyncio.sleep(0.02)
    with pytest.raises(Conflict) as refused:
        await waiting
    assert refused.value.code == "corrected_meanwhile"
    await db.close()


@pytest.mark.parametrize(
    ("amount", "text"),
    [("1.0000", "1.00"), ("2.1550", "2.155"), ("0.0050", "0.005"), ("0.0001", "0.0001"), ("100.0000", "100.00")],
)
def test_amounts_are_written_whole(amount: str, text: str) -> None:
    assert euros(Decimal(amount)) == text
