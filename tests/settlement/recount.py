"""Closed months proved: against the independent reckoning, and in themselves. For the year of the tests and that of the bench."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select

from handoff.settlement.models import SettlementLine
from handoff.settlement.repository import next_month
from handoff.settlement.service import LineFilter
from tests.settlement import slow
from tests.settlement.golden import riga
from tests.settlement.stand import Books

_NOTHING = Decimal(0)
_KINDS = ("centre", "institution")


def cutoffs(months: int) -> dict[date, datetime]:
    """The months of 2026 from January on, each closed on the third of the next, at noon."""
    found = {}
    month = date(2026, 1, 1)
    for _ in range(months):
        following = next_month(month)
        found[month] = riga(following.year, following.month, 3)
        month = following
    return found


async def compare(books: Books, moments: Mapping[date, datetime]) -> None:
    """What was closed (months by their first day, with the moment of closing) against :mod:`tests.settlement.slow`.

    Raises:
        AssertionError: a fee, a variable part or a share is another.
    """
    async with books.db.read() as session:
        told = slow.months(await slow.facts(session), {f"{month:%Y-%m}": at for month, at in moments.items()})
    accountant = await books.viewer("accountant")
    for month, wanted in told.items():
        heads = await books.settlement.statements(accountant, date.fromisoformat(f"{month}-01"), None, None)
        found = {(one["kind"], one["party_id"]): one for one in heads["statements"]}
        fees = {party: Fraction(one["fee"]) for (kind, party), one in found.items() if kind == "institution"}
        assert fees == wanted.fees, month
        variable = {p: Fraction(o["variable"]) for (k, p), o in found.items() if k == "centre" and o["cases"]}
        assert variable == {c: a for c, a in wanted.variable.items() if c in variable}, month
        for (kind, party), one in found.items():
            if kind == "centre":
                assert Fraction(one["fee"]) == Fraction(sum(c.get(party, 0) for c in wanted.cents.values()), 100), month


async def add_up(books: Books) -> None:
    """All statements of a month and what nobody's centre served are the ledger's lines of that month; each fee is its shares.

    Raises:
        AssertionError: something is lost, or told twice.
    """
    async with books.db.read() as session:
        months = (
            await session.execute(select(SettlementLine.month, func.sum(SettlementLine.amount)).group_by("month"))
        ).all()
    accountant = await books.viewer("accountant")
    for month, amount in months:
        period = await books.settlement.month(accountant, month)
        statements = [await books.settlement.statement(accountant, one["number"]) for one in period["statements"]]
        listed = sum((Decimal(row["amount"]) for one in statements for row in one["tariffs"]), _NOTHING)
        total = Decimal(period["unassigned"]["amount"]) + listed
        assert total == Decimal(period["ledger"]["amount"]) == Decimal(str(amount)).quantize(Decimal("0.0001")), month
        assert period["undivided"] == "0.00", month
        for one in statements:
            shares = sum((Decimal(share["amount"]) for share in one["shares"]), _NOTHING)
            assert shares == Decimal(one["fee"]), one["number"]
            for share in one["shares"] if one["kind"] == "centre" else ():
                await _told(books, one, share)
        fees = {kind: sum((Decimal(o["fee"]) for o in statements if o["kind"] == kind), _NOTHING) for kind in _KINDS}
        assert fees["centre"] == fees["institution"], month


async def _told(books: Books, one: dict[str, Any], share: dict[str, Any]) -> None:
    """The rows behind a share, in the centre's statement, are as many as the share says."""
    if share["basis"] != "served":
        return
    accountant = await books.viewer("accountant")
    sign = -1 if Decimal(share["fee"]) < 0 else 1
    rows = await books.settlement.lines(accountant, one["number"], LineFilter(payer=share["institution_id"]), 1)
    assert sign * rows["cases"] == share["served"], one["number"]
