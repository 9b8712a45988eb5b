"""What the year by hand does not meet: accounts nobody pays for, amounts from elsewhere, a level that is corrected later."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from handoff.cases import service as cases
from handoff.channels.models import ChannelAccount
from handoff.settlement.schemas import NewPriceList, WritePriceList
from handoff.settlement.statement import Adjustment
from kit.db import Database
from kit.errors import Conflict
from tests.settlement.golden import Ledger, riga
from tests.settlement.stand import Books

_JANUARY = date(2027, 1, 1)


async def test_an_account_nobody_pays_for_and_amounts_from_elsewhere(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    books = Books(db, riga(2026, 11, 24))
    ledger = Ledger()
    ledger.case("comment", "x", 1, "riga", riga(2027, 1, 4), account="acc-vid-x")
    chat = ledger.case("chat_session", "webchat", 1, "riga", riga(2027, 1, 5))
    await ledger.write(db)
    accountant, admin = await books.viewer("accountant"), await books.viewer("admin")

    # From January on VID pays nothing for its account on X.
    made = await books.lists.create(accountant, NewPriceList(name="2027", valid_from=_JANUARY))
    lines = [{name: line[name] for name in ("case_kind", "channel", "level", "price")} for line in made["lines"]]
    free = {"channel": None, "account_id": "acc-vid-x", "monthly": "0", "pays": False}
    wanted = WritePriceList.model_validate(
        {"version": 1, "name": "2027", "valid_from": _JANUARY, "lines": lines, "fees": [free]}
    )
    written = await books.lists.write(accountant, made["id"], wanted)
    compared = await books.lists.compare(accountant, made["id"], written["version"])
    await books.lists.approve(admin, made["id"], compared["version"])

    # A level that is corrected has the price of its day: 1.05 becomes 2.40.
    books.clock.at = riga(2027, 1, 20)
    async with db.unit() as unit:
        fresh = await cases.correct(unit.session, chat, {"level": 2}, "bija speciālists", admin, books.clock.at)
        assert (fresh.amount, fresh.centre_id) == (Decimal("2.4000"), "riga")
        assert fresh.tariff_id is not None
    books.given = [
        ("riga", Adjustment("quality", "Kvalitātes kritēriji", "quality:2027-01", Decimal("-1.10"))),
        ("riga", Adjustment("fixed", "Pastāvīgā daļa", "fixed:2027", Decimal("100.00"))),
    ]
    closed = await books.close(_JANUARY, riga(2027, 2, 2))
    found = {(one["kind"], one["party_id"]): one for one in closed["statements"]}
    # The comment 0.85, the chat 1.05 − 1.05 + 2.40; adjustments −1.10 + 100.00; no fee was owed by anybody.
    assert found["centre", "riga"]["variable"] == "3.25"
    assert found["centre", "riga"]["adjustments"] == "98.90"
    assert found["centre", "riga"]["total"] == "102.15"
    assert {one["fee"] for one in closed["statements"]} == {"0.00"}
    assert (closed["adjustments"], closed["total"]) == ("98.90", "102.15")
    # VID has its account on Facebook still, and owes nothing for it.
    vid = await books.settlement.statement(accountant, found["institution", "vid"]["number"])
    assert [(fee["account_id"], fee["amount"]) for fee in vid["fees"]] == [("acc-vid-fb", "0.00")]
    riga_now = await books.settlement.statement(accountant, found["centre", "riga"]["number"])
    assert [one["kind"] for one in riga_now["adjustments"]] == ["fixed", "quality"]
    await db.close()


async def test_what_is_approved_is_what_was_compared(sqlite_url: str) -> None:
    """An account that is switched off costs in the comparison what the closings would find; and a comparison that no longer holds
    is made again."""
    db = Database(sqlite_url)
    books = Books(db, riga(2026, 11, 24))
    ledger = Ledger()
    ledger.case("social_conversation", "telegram", 1, "riga", riga(2026, 10, 5), account="acc-pmlp-tg")
    await ledger.write(db)
    accountant, admin = await books.viewer("accountant"), await books.viewer("admin")
    made = await books.lists.create(accountant, NewPriceList(name="2027", valid_from=_JANUARY))
    compared = await books.lists.compare(accountant, made["id"], made["version"])

    def fixed(one: dict[str, Any]) -> dict[str, str]:
        return {owner["id"]: owner["fixed_new"] for owner in one["comparison"]["institutions"]}

    # Ten months since the accounts were opened: 75.25, 25.50 and 40.00, 40.00.
    assert fixed(compared) == {"vsaa": "752.50", "vid": "655.00", "pmlp": "400.00"}
    async with db.unit() as unit:
        off = ("acc-pmlp-tg", "acc-vid-x")
        await unit.session.execute(update(ChannelAccount).where(ChannelAccount.id.in_(off)).values(enabled=False))
    with pytest.raises(Conflict) as refused:
        await books.lists.approve(admin, made["id"], compared["version"])
    assert refused.value.code == "price_list_comparison_old"
    compared = await books.lists.compare(admin, made["id"], compared["version"])
    # Of the one that was switched off October is due, in which it was used; of the other nothing.
    assert fixed(compared) == {"vsaa": "752.50", "vid": "400.00", "pmlp": "40.00"}

    # Another list that begins before it is what it must be compared with.
    sooner = await books.lists.create(accountant, NewPriceList(name="decembris", valid_from=date(2026, 12, 1)))
    seen = await books.lists.compare(accountant, sooner["id"], sooner["version"])
    await books.lists.approve(admin, sooner["id"], seen["version"])
    with pytest.raises(Conflict) as refused:
        await books.lists.approve(admin, made["id"], compared["version"])
    assert refused.value.code == "price_list_comparison_old"
    compared = await books.lists.compare(admin, made["id"], compared["version"])
    assert compared["comparison"]["with"]["name"] == "decembris"
    assert (await books.lists.approve(admin, made["id"], compared["version"]))["state"] == "approved"
    await db.close()
