"""Three months of 32 cases, each reckoned by hand: two price lists, levels, channels, ties, late facts, nobody who served."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from handoff.settlement.service import LineFilter
from handoff.settlement.statement import cents
from kit.db import Database
from tests.settlement.golden import Ledger, riga
from tests.settlement.stand import Books

_JUNE, _JULY, _AUGUST = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)


def ledger() -> Ledger:
    """Case numbers are those of the comments; ``at`` runs through each month."""
    made = Ledger()

    def chat(no: int, level: int, centre: str | None, month: int, day: int) -> None:
        assert made.case("chat_session", "webchat", level, centre, riga(2026, month, day)) == no

    def social(no: int, kind: str, account: str, level: int, centre: str | None, month: int, day: int) -> None:
        channel = {"fb": "facebook", "x": "x", "tg": "telegram"}[account.rsplit("-", 1)[1]]
        found = made.case(kind, channel, level, centre, riga(2026, month, day), account=f"acc-{account}")
        assert found == no

    talk, comment = "social_conversation", "comment"
    # June: each case of levels 1 and 2 costs 1.00, level 0 nothing; accounts have no fixed part.
    chat(1, 1, "riga", 6, 3)
    chat(2, 1, "riga", 6, 3)
    chat(3, 2, "riga", 6, 4)
    chat(4, 1, "valmiera", 6, 5)
    chat(5, 2, "valmiera", 6, 5)
    chat(6, 1, "daugavpils", 6, 8)
    chat(7, 0, None, 6, 8)
    chat(8, 0, None, 6, 9)
    chat(9, 1, None, 6, 9)  # somebody of no centre
    social(10, comment, "vsaa-fb", 1, "riga", 6, 10)
    social(11, comment, "vsaa-fb", 1, "riga", 6, 10)
    social(12, comment, "vsaa-fb", 1, "valmiera", 6, 11)
    social(13, talk, "vsaa-fb", 2, "daugavpils", 6, 11)
    social(14, comment, "vsaa-fb", 0, None, 6, 12)
    social(15, comment, "vid-x", 1, "valmiera", 6, 15)
    social(16, talk, "vid-fb", 1, "valmiera", 6, 15)
    chat(17, 1, "riga", 6, 16)
    made.correct(17, riga(2026, 6, 20), level=2)  # before June is closed: +1.00 −1.00 +1.00
    # Ended five minutes after June in Riga, opened in June: a case of July at June's price.
    made.case("chat_session", "webchat", 1, "riga", riga(2026, 7, 1, 0, 5), opened_at=riga(2026, 6, 30, 23, 50))
    made.case("chat_session", "webchat", 1, "riga", riga(2026, 6, 30, 23, 59))  # 19: June's last minute
    # July: prices by kind, channel and level; fixed parts 75.25 (VSAA), 25.50 (X), 40.00 (others).
    chat(20, 1, "riga", 7, 2)
    chat(21, 1, "riga", 7, 2)
    chat(22, 2, "riga", 7, 3)
    chat(23, 1, "valmiera", 7, 6)
    chat(24, 0, None, 7, 6)
    chat(25, 2, "daugavpils", 7, 7)
    social(26, comment, "vsaa-fb", 1, "riga", 7, 8)
    social(27, comment, "vsaa-fb", 1, "valmiera", 7, 8)
    social(28, talk, "vsaa-fb", 1, "daugavpils", 7, 9)
    social(29, comment, "vid-x", 2, "valmiera", 7, 9)
    social(30, comment, "vid-x", 1, "riga", 7, 10)
    social(31, comment, "vid-x", 1, "daugavpils", 7, 10)
    social(32, talk, "vid-fb", 1, "riga", 7, 13)
    # Known only after June was closed on 3 July: they are July's.
    made.reverse(4, riga(2026, 7, 10))
    made.correct(10, riga(2026, 7, 12), level=2)
    made.correct(12, riga(2026, 7, 15), centre_id="daugavpils")
    made.correct(1, riga(2026, 8, 2), centre_id="valmiera")  # in August, and July is not closed yet: July's
    made.reverse(32, riga(2026, 8, 20))  # August's
    return made


#: number: variable, fee, total, cases
JUNE = {
    # daugavpils: 6 → 1.00; a quarter of VSAA's 4.00
    "2026-06-C01": ("1.00", "1.00", "2.00", 1),
    # riga: 1, 2, 3, 17, 19 → 5 × 1.00; two of VSAA's four
    "2026-06-C02": ("5.00", "2.00", "7.00", 5),
    # valmiera: 4, 5 → 2.00; one of VSAA's four (1.00), all of VID's 2.00
    "2026-06-C03": ("2.00", "3.00", "5.00", 2),
    # PMLP: nothing
    "2026-06-I01": ("0.00", "0.00", "0.00", 0),
    # VID: 15 (X), 16 (Facebook) → 2 × 1.00
    "2026-06-I02": ("0.00", "2.00", "2.00", 2),
    # VSAA: 10, 11, 12, 13 → 4 × 1.00; 14 by the assistant is counted and free
    "2026-06-I03": ("0.00", "4.00", "4.00", 5),
}
JULY = {
    # daugavpils: 25 → 2.40; 52.03 + 17.62 + 13.33 = 82.98
    "2026-07-C01": ("2.40", "82.98", "85.38", 1),
    # riga: 18 at June's 1.00, 20 and 21 → 2 × 1.05, 22 → 2.40, 1 went to valmiera −1.00: 4.50; 26.02 + 35.23 + 20.00 = 81.25
    "2026-07-C02": ("4.50", "81.25", "85.75", 3),
    # valmiera: 23 → 1.05, 1 came +1.00, 4 taken back −1.00: 1.05; 17.61 + 6.67 = 24.28
    "2026-07-C03": ("1.05", "24.28", "25.33", 1),
    # PMLP: fixed 40.00
    "2026-07-I01": ("0.00", "40.00", "40.00", 0),
    # VID: X 25.50 + (29: 2.155 + 30: 0.85 + 31: 0.85 = 3.855 → 3.86); Facebook 40.00 + 32: 1.10 → 70.46
    "2026-07-I02": ("0.00", "70.46", "70.46", 4),
    # VSAA: 75.25 + 26: 0.85 + 27: 0.85 + 28: 1.10 = 78.05; 10 and 12 were corrected: ±0.00
    "2026-07-I03": ("0.00", "78.05", "78.05", 3),
}
#: institution, centre: served, of all, exact, cents added, amount, basis
JULY_SHARES = {
    # VSAA 78.05: riga 26 (and 10: −1 +1) = 1; valmiera 27, less 12 = 0; daugavpils 28 and 12 = 2. 26.01⅔ and 52.03⅓
    ("vsaa", "riga"): (1, 3, "1561/60", 1, "26.02", "served"),
    ("vsaa", "daugavpils"): (2, 3, "1561/30", 0, "52.03", "served"),
    # VID 70.46: riga 30 and 32 = 2 → 35.23; valmiera and daugavpils 1 each → 17.615: a tie, the smaller id gets the cent
    ("vid", "riga"): (2, 4, "3523/100", 0, "35.23", "served"),
    ("vid", "valmiera"): (1, 4, "3523/200", 0, "17.61", "served"),
    ("vid", "daugavpils"): (1, 4, "3523/200", 1, "17.62", "served"),
    # PMLP 40.00, nobody served it: by all cases of July. riga 18 20 21 22 −1 26 30 32 = 6 (10: ±0);
    # valmiera 23 +1 −4 27 −12 29 = 2; daugavpils 25 28 31 +12 = 4. 20.00, 6.66⅔, 13.33⅓
    ("pmlp", "riga"): (6, 12, "20/1", 0, "20.00", "month"),
    ("pmlp", "valmiera"): (2, 12, "20/3", 1, "6.67", "month"),
    ("pmlp", "daugavpils"): (4, 12, "40/3", 0, "13.33", "month"),
}
AUGUST = {
    # Nobody served anything: equal parts. VSAA 75.25 = 25.09 + 25.08 + 25.08, PMLP 40.00 = 13.34 + 13.33 + 13.33,
    # VID 25.50 + 40.00 − 1.10 (32 taken back) = 64.40 = 21.47 + 21.47 + 21.46
    "2026-08-C01": ("0.00", "59.90", "59.90", 0),
    "2026-08-C02": ("0.00", "59.88", "59.88", 0),
    "2026-08-C03": ("0.00", "59.87", "59.87", 0),
    "2026-08-I01": ("0.00", "40.00", "40.00", 0),
    "2026-08-I02": ("0.00", "64.40", "64.40", -1),
    "2026-08-I03": ("0.00", "75.25", "75.25", 0),
}


def _figures(period: dict[str, Any]) -> dict[str, tuple[str, str, str, int]]:
    return {one["number"]: (one["variable"], one["fee"], one["total"], one["cases"]) for one in period["statements"]}


async def _three_months(url: str) -> dict[str, str]:
    db = Database(url)
    books = Books(db, riga(2026, 7, 3))
    await ledger().write(db)
    accountant = await books.viewer("accountant")

    june = await books.close(_JUNE, riga(2026, 7, 3))
    assert _figures(june) == JUNE
    # 19 entries of June and the correction's two, less the case that ended in July; 9 served by nobody's centre, 7 and 8 free.
    assert (june["entries"], june["cases"], june["late"], june["unassigned"]) == (
        20,
        18,
        0,
        {"cases": 3, "amount": "1.00"},
    )
    assert june["ledger"]["amount"] == "15.00"  # 8.00 of centres, 6.00 of institutions, 1.00 of nobody

    july = await books.close(_JULY, riga(2026, 8, 4))
    assert _figures(july) == JULY
    # 18, 20–32; late: 4 once, 10, 12 and 1 twice each
    assert (july["entries"], july["cases"], july["late"]) == (21, 13, 7)
    assert july["unassigned"] == {"cases": 1, "amount": "0.05"}  # 24
    # 4.50 + 1.05 + 2.40, VSAA 2.80, VID 3.855 + 1.10, nobody 0.05: what VID's X is rounded by is not in it
    assert july["ledger"]["amount"] == "15.755"
    assert (july["variable"], july["fee"], july["total"]) == ("7.95", "188.51", "196.46")
    shares = {}
    for number in ("2026-07-I01", "2026-07-I02", "2026-07-I03"):
        for one in (await books.settlement.statement(accountant, number))["shares"]:
            shares[one["institution_id"], one["centre_id"]] = (
                one["served"], one["served_by_all"], one["exact"], one["cents_added"], one["amount"], one["basis"],
            )  # fmt: skip
    assert shares == JULY_SHARES

    august = await books.close(_AUGUST, riga(2026, 9, 2))
    assert _figures(august) == AUGUST
    vid = await books.settlement.statement(accountant, "2026-08-I02")
    assert [(one["basis"], one["amount"]) for one in vid["shares"]] == [
        ("equal", "21.47"), ("equal", "21.47"), ("equal", "21.46"),
    ]  # fmt: skip

    # Every figure opens to its rows: what a tariff line says is what its rows say.
    for number in (*JUNE, *JULY, *AUGUST):
        view = await books.settlement.statement(accountant, number)
        for line in view["tariffs"]:
            wanted = LineFilter(
                tariff=line["tariff_id"],
                case_kind=line["case_kind"],
                channel=line["channel"],
                level=line["level"],
                price=Decimal(line["price"]),
            )
            rows = await books.settlement.lines(accountant, number, wanted, 1)
            assert rows["cases"] == line["cases"]
            assert Decimal(rows["amount"]) == Decimal(line["amount"])
    # The document that is printed is the one that was signed.
    statement, digest = await books.settlement.document(accountant, "2026-07-I02")
    assert statement.digest() == digest
    found = await books.contents()
    await db.close()
    return found


async def test_by_hand(sqlite_url: str, postgres_url: str) -> None:
    """The same cases come to the same, to the byte, on either database."""
    assert await _three_months(sqlite_url) == await _three_months(postgres_url)


@pytest.mark.parametrize("price", [Decimal("2.155"), Decimal("0.005")])
def test_half_a_cent_goes_up(price: Decimal) -> None:
    assert cents(price) == price + Decimal("0.005")
    assert cents(-price) == -(price + Decimal("0.005"))
