"""Dividing and reckoning: laws that hold for every month, tried on many."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.settlement.reckoning import Account, Booked, Month, Price, Prices, basis_of, divide, settle_month
from handoff.settlement.statement import Adjustment, CaseLine, Statement, cents
from tests.settlement.golden import riga

_CENTRES = ("a", "b", "c", "d")
_AMOUNTS = st.integers(-1_000_000, 1_000_000).map(lambda number: Decimal(number) / 100)
_WEIGHTS = st.dictionaries(st.sampled_from(_CENTRES), st.integers(-5, 400))


@given(_AMOUNTS, _WEIGHTS)
@settings(max_examples=300, deadline=None)
def test_a_division_adds_up_and_nobody_is_off_by_a_cent(amount: Decimal, weights: dict[str, int]) -> None:
    parts = divide(amount, weights)
    whole = sum(weight for weight in weights.values() if weight > 0)
    if not whole:
        assert parts == []
        return
    assert sum(part.amount for part in parts) == amount
    assert {part.centre_id for part in parts} == {one for one, weight in weights.items() if weight > 0}
    for part in parts:
        assert part.exact == Fraction(amount) * part.weight / whole
        assert abs(Fraction(part.amount) - part.exact) < Fraction(1, 100)
    # Whoever got a cent more had no smaller remainder than any who did not; of equal ones the smaller id.
    left = {part.centre_id: abs(part.exact) * 100 - (abs(part.exact) * 100).__floor__() for part in parts}
    got = [part.centre_id for part in parts if part.cents_added]
    for more in got:
        for less in left.keys() - set(got):
            assert (left[more], less) > (left[less], more)
    # Neither the order in which centres are named nor doing it again changes anything.
    assert divide(amount, dict(reversed(weights.items()))) == parts


def test_ten_euros_in_three() -> None:
    # 10.00 / 3 = 3.33⅓: one cent is left, and of equal remainders the first id has it.
    assert [part.amount for part in divide(Decimal("10.00"), {"c": 1, "a": 1, "b": 1})] == [
        Decimal("3.34"), Decimal("3.33"), Decimal("3.33"),
    ]  # fmt: skip
    # −0.05 by 1 : 2: −0.01⅔ and −0.03⅓; the larger remainder is the first's.
    assert [part.amount for part in divide(Decimal("-0.05"), {"a": 1, "b": 2})] == [Decimal("-0.02"), Decimal("-0.03")]


def test_no_half_cents_are_divided() -> None:
    with pytest.raises(ValueError, match="whole cents"):
        divide(Decimal("1.005"), {"a": 1})


def test_who_a_fee_is_divided_by() -> None:
    fee = Decimal("9.00")
    # A centre whose cases were taken back takes no part; it is not asked for a share either.
    assert basis_of(fee, {"a": -2, "b": 3}, {"a": 5}, _CENTRES) == ("served", {"b": 3})
    # Nobody served this one: by everything of the month.
    assert basis_of(fee, {"a": -2}, {"a": 5, "b": 0}, _CENTRES) == ("month", {"a": 5})
    # Nobody served anything: in equal parts.
    assert basis_of(fee, {}, {"a": -1}, ("a", "b")) == ("equal", {"a": 1, "b": 1})
    # A fee that is given back is taken from those whose cases were taken back.
    assert basis_of(-fee, {"a": -2, "b": 3}, {"a": 5}, _CENTRES) == ("served", {"a": 2})
    # No centre at all: nobody can be given it, and the month says so.
    assert basis_of(fee, {}, {}, ()) == ("equal", {})


def _line(no: int, entry: int, **values: object) -> CaseLine:
    price = Decimal(str(values.pop("price", "1.0000")))
    sign = int(str(values.pop("sign", 1)))
    facts = {
        "kind": "settled",
        "late": False,
        "case_kind": "chat_session",
        "channel": "webchat",
        "level": 1,
        "account": None,
        "institution_id": None,
        "institution": None,
        "service": None,
        "centre_id": "a",
        "centre": "A",
        "opened_at": riga(2026, 3, 1),
        "closed_at": riga(2026, 3, 2),
        "outcome": "resolved",
        "tariff_id": "t",
    } | values
    return CaseLine(case_no=no, entry_id=entry, sign=sign, price=price, amount=price * sign, **facts)  # type: ignore[arg-type]


@st.composite
def _months(draw: st.DrawFn) -> Month:
    booked = []
    for number in range(draw(st.integers(0, 60))):
        centre = draw(st.sampled_from((*_CENTRES[:3], None)))
        account = draw(st.sampled_from((None, "p", "q")))
        line = _line(
            number // 2 + 1,
            number + 1,
            price=Decimal(draw(st.integers(0, 30_000))) / 10_000,
            sign=draw(st.sampled_from((1, 1, 1, -1))),
            level=draw(st.integers(0, 2)),
            case_kind="comment" if account else "chat_session",
            centre_id=centre,
            account=account,
            late=draw(st.booleans()),
        )
        payer, party = ("institution", "i" if account == "p" else "j") if account else ("centre", centre)
        booked.append(Booked(line, payer if party else "nobody", party, account))  # type: ignore[arg-type]
    fixed = [Decimal(draw(st.integers(0, 20_000))) / 100 for _ in range(2)]
    return Month(
        month=date(2026, 3, 1),
        closed_at=riga(2026, 4, 3),
        closed_by="Gunta Zariņa",
        currency="EUR",
        centres={one: one.upper() for one in _CENTRES},
        owners={"i": "I", "j": "J"},
        accounts=[Account("p", "P", "x", "i", fixed[0]), Account("q", "Q", "x", "j", fixed[1])],
        booked=booked,
        adjustments=[(draw(st.sampled_from(_CENTRES)), Adjustment("quality", "Kvalitāte", "q", Decimal("-3.10")))],
    )


@given(_months(), st.randoms(use_true_random=False))
@settings(max_examples=120, deadline=None)
def test_every_month_adds_up(month: Month, chance: random.Random) -> None:
    settled = settle_month(month)
    figures = settled.figures
    centres = [one for one in settled.statements if one.kind == "centre"]
    institutions = [one for one in settled.statements if one.kind == "institution"]
    # Every entry stands in one statement, or was served by nobody's centre.
    stated = [line.entry_id for one in settled.statements for line in one.lines]
    assert len(stated) == len(set(stated))
    nobody = sum((one.line.amount for one in month.booked if one.payer == "nobody"), Decimal(0))
    ledger = sum((one.line.amount for one in month.booked), Decimal(0))
    assert sum((line.amount for one in settled.statements for line in one.lines), Decimal(0)) + nobody == ledger
    assert (figures.lines_amount, figures.unassigned_amount) == (ledger, nobody)
    for one in settled.statements:
        # What the tariff lines say is what the rows say.
        assert sum((line.amount for line in one.tariffs), Decimal(0)) == sum(
            (line.amount for line in one.lines), Decimal(0)
        )
        assert sum(line.cases for line in one.tariffs) == sum(line.sign for line in one.lines)
        assert one.total == one.variable + one.fee + sum((a.amount for a in one.adjustments), Decimal(0))
    for one in institutions:
        assert one.fee == sum((fee.amount for fee in one.fees), Decimal(0))
        assert sum((share.amount for share in one.shares), Decimal(0)) == one.fee
        assert {share.served_by_all for share in one.shares} <= {sum(share.served for share in one.shares)}
    for one in centres:
        # Behind each share stand its cases, with who pays for them: told for information, and in none of the centre's sums.
        for share in one.shares:
            rows = [line for line in one.served_lines if line.payer_id == share.institution_id]
            assert share.basis != "served" or abs(sum(line.sign for line in rows)) == share.served
        assert {line.entry_id for line in one.served_lines}.isdisjoint(line.entry_id for line in one.lines)
        assert one.variable == cents(sum((line.amount for line in one.lines), Decimal(0)))
        assert one.fee == sum((share.amount for share in one.shares), Decimal(0))
    # What the institutions pay for accounts is what the centres are given of it.
    assert sum((one.fee for one in centres), Decimal(0)) == sum((one.fee for one in institutions), Decimal(0))
    assert figures.total == sum((one.total for one in centres), Decimal(0))
    # In whatever order the facts come, the bytes are the same; and what is read back says the same.
    shuffled = list(month.booked)
    chance.shuffle(shuffled)
    again = settle_month(Month(**{**month.__dict__, "booked": shuffled, "accounts": list(reversed(month.accounts))}))
    assert [one.canonical() for one in again.statements] == [one.canonical() for one in settled.statements]
    assert [Statement.read(one.canonical()) for one in settled.statements] == list(settled.statements)


def test_without_a_centre_the_fee_is_nobodys_and_said() -> None:
    month = Month(
        month=date(2026, 3, 1),
        closed_at=riga(2026, 4, 3),
        closed_by="",
        currency="EUR",
        centres={},
        owners={},
        accounts=[Account("p", "P", "x", "i", Decimal("5.00"))],
        booked=[],
    )
    settled = settle_month(month)
    assert [(one.kind, one.fee, one.shares) for one in settled.statements] == [("institution", Decimal("5.00"), ())]
    assert settled.figures.undivided == Decimal("5.00")


def test_the_most_specific_price() -> None:
    prices = Prices(
        [
            Price("rest", None, None, None, Decimal(1)),
            Price("assistant", None, None, 0, Decimal(0)),
            Price("second", None, None, 2, Decimal(2)),
            Price("x", None, "x", None, Decimal(3)),
            Price("comments", "comment", None, None, Decimal(4)),
            Price("comments-x-2", "comment", "x", 2, Decimal(5)),
        ]
    )

    def found(kind: str, channel: str, level: int) -> str:
        line = prices.of(kind, channel, level)
        return line.id if line else "-"

    assert found("chat_session", "webchat", 1) == "rest"
    assert found("chat_session", "webchat", 2) == "second"
    # A line for any level is about people's work: what the assistant did alone has its own.
    assert found("comment", "x", 0) == "assistant"
    assert found("social_conversation", "x", 2) == "x"  # channel before level
    assert found("comment", "x", 1) == "comments"  # kind before channel
    assert found("comment", "x", 2) == "comments-x-2"
    assert Prices([]).of("comment", "x", 1) is None


def test_months_go_on() -> None:
    from handoff.settlement.repository import month_of, next_month

    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert next_month(date(2028, 1, 31)) == date(2028, 2, 1)
    # A month begins at midnight in Riga: in summer three hours before UTC's.
    assert month_of(riga(2026, 7, 1, 0, 0)) == date(2026, 7, 1)
    assert month_of(riga(2026, 7, 1, 0, 0) - timedelta(seconds=1)) == date(2026, 6, 1)
