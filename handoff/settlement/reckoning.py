"""What a month comes to (R16, R17): pure arithmetic over entries of the ledger. Exact decimals and fractions, rounded once.

A centre is paid the variable part (its cases at their prices), its shares of the fees, and adjustments. The owner of social
accounts pays a fee: a fixed part for each account and that account's cases at their prices. Cases of accounts that pay stand
in the fee and so in no centre's variable part: they are paid once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Literal

from handoff.cases.schemas import euros
from handoff.settlement.statement import (
    Adjustment,
    CaseLine,
    Fee,
    ServedLine,
    Share,
    Statement,
    StatementKind,
    TariffLine,
    cents,
)

#: Who a line is paid by. ``nobody``: no centre served it, as everything that the assistant did alone.
Payer = Literal["centre", "institution", "nobody"]
_NOTHING: Final = Decimal("0.00")
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Booked:
    """A line of the month, and in whose account it stands: a centre's (``party_id``) or an owner's (and ``account_id``)."""

    line: CaseLine
    payer: Payer
    party_id: str | None
    account_id: str | None


@dataclass(frozen=True)
class Account:
    """A social account that is paid for; ``fixed`` a month, in the month's currency."""

    id: str
    name: str
    channel: str
    owner_id: str
    fixed: Decimal


@dataclass(frozen=True)
class Month:
    """All that a month's statements depend on. ``closed_at``: what was entered later is not in it."""

    month: date
    closed_at: datetime
    closed_by: str
    currency: str
    centres: Mapping[str, str]
    owners: Mapping[str, str]
    accounts: Sequence[Account]
    booked: Sequence[Booked]
    adjustments: Sequence[tuple[str, Adjustment]] = ()


@dataclass(frozen=True)
class Part:
    """What one centre gets of something divided. ``exact`` is the unrounded amount in euros; ``cents_added`` 0 or 1 (−1 of a
    negative amount)."""

    centre_id: str
    weight: int
    exact: Fraction
    cents_added: int
    amount: Decimal


def fixed_due(enabled: bool, created_at: datetime, ends: datetime, *, used: bool) -> bool:
    """Whether an account's fixed part is due for a month: it is switched on and was there before the month ended, or it was used.

    Args:
        enabled: as it is when the month is reckoned.
        ends: when the month is over.
        used: a case on it ended in the month.
    """
    return (enabled and created_at < ends) or used


@dataclass
class Figures:
    """Totals of a month. ``lines_amount`` is exact; what parties pay and are paid is rounded to the cent."""

    entries: int = 0
    cases: int = 0
    late: int = 0
    unpriced: int = 0
    lines_amount: Decimal = Decimal("0.0000")
    unassigned_cases: int = 0
    unassigned_amount: Decimal = Decimal("0.0000")
    variable: Decimal = _NOTHING
    fee: Decimal = _NOTHING
    shares: Decimal = _NOTHING
    adjustments: Decimal = _NOTHING
    undivided: Decimal = _NOTHING

    @property
    def total(self) -> Decimal:
        """What the centres are paid."""
        return self.variable + self.shares + self.adjustments


@dataclass(frozen=True)
class Settled:
    """A month's statements, centres first, each kind by the party's id; and its totals."""

    statements: tuple[Statement, ...]
    figures: Figures


def divide(amount: Decimal, weights: Mapping[str, int]) -> list[Part]:
    """Divides whole cents in proportion to ``weights``, by largest remainder; of equal remainders the smaller id is first.

    Weights that are not positive take no part. With none that is, nobody gets anything: the list is empty.

    Raises:
        ValueError: ``amount`` is not whole cents.
    """
    if amount != cents(amount):
        raise ValueError(f"{amount} is not whole cents")
    taking = {centre: weight for centre, weight in sorted(weights.items()) if weight > 0}
    whole = sum(taking.values())
    if not whole:
        return []
    sign = -1 if amount < 0 else 1
    total = int(abs(amount) * 100)
    floors = {centre: total * weight // whole for centre, weight in taking.items()}
    remainders = {centre: total * weight % whole for centre, weight in taking.items()}
    left = total - sum(floors.values())
    first = sorted(taking, key=lambda centre: (-remainders[centre], centre))[:left]
    parts = []
    for centre, weight in taking.items():
        added = 1 if centre in first else 0
        parts.append(
            Part(
                centre,
                weight,
                Fraction(sign * total * weight, whole * 100),
                sign * added,
                (sign * (floors[centre] + added) * _CENT).quantize(_CENT),
            )
        )
    return parts


def basis_of(
    amount: Decimal, served: Mapping[str, int], month: Mapping[str, int], centres: Iterable[str]
) -> tuple[str, dict[str, int]]:
    """By what a fee is divided, and the weights.

    By the cases of this institution that each centre served. If reversals outweigh them, a centre takes no part: it is not asked
    for a share of what others earn. A negative fee (only reversals, no fixed part) is taken back from those whose cases were
    reversed. If so nobody is left: by all cases that each centre served in the month, for they stood ready; if there is none
    either, in equal parts.
    """
    sign = -1 if amount < 0 else 1
    for name, counts in (("served", {one: sign * count for one, count in served.items()}), ("month", dict(month))):
        if any(count > 0 for count in counts.values()):
            return name, {centre: count for centre, count in counts.items() if count > 0}
    return "equal", dict.fromkeys(centres, 1)


def settle_month(facts: Month) -> Settled:
    """Every statement of a month. The same facts in any order give the same statements, to the byte."""
    ordered = sorted(facts.booked, key=lambda one: (one.line.case_no, one.line.entry_id))
    own: dict[tuple[Payer, str], list[Booked]] = defaultdict(list)
    served: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    told: dict[str, list[ServedLine]] = defaultdict(list)
    month: dict[str, int] = defaultdict(int)
    figures = Figures(entries=len(ordered))
    for one in ordered:
        line = one.line
        figures.cases += line.sign
        figures.late += line.late
        figures.unpriced += line.tariff_id is None
        figures.lines_amount += line.amount
        if one.payer == "nobody" or one.party_id is None:
            figures.unassigned_cases += line.sign
            figures.unassigned_amount += line.amount
            continue
        own[one.payer, one.party_id].append(one)
        if line.level >= 1 and line.centre_id is not None:
            month[line.centre_id] += line.sign
            if one.payer == "institution":
                served[one.party_id][line.centre_id] += line.sign
                name = facts.owners.get(one.party_id, one.party_id)
                told[line.centre_id].append(ServedLine(**vars(line), payer_id=one.party_id, payer=name))

    paying: dict[str, list[Account]] = defaultdict(list)
    for account in facts.accounts:
        paying[account.owner_id].append(account)
    adjusted: dict[str, list[Adjustment]] = defaultdict(list)
    for centre_id, adjustment in facts.adjustments:
        adjusted[centre_id].append(adjustment)
    centres = sorted({*facts.centres, *adjusted, *month, *(party for payer, party in own if payer == "centre")})
    owners = sorted({*paying, *(party for payer, party in own if payer == "institution")})

    shares: dict[str, list[Share]] = defaultdict(list)
    institutions = []
    for number, owner in enumerate(owners, 1):
        lines = own["institution", owner]
        fees = _fees(paying[owner], lines)
        fee = sum((one.amount for one in fees), _NOTHING)
        basis, weights = basis_of(fee, served[owner], month, centres)
        name = facts.owners.get(owner, owner)
        divided = [
            Share(
                institution_id=owner,
                institution=name,
                centre_id=part.centre_id,
                centre=facts.centres.get(part.centre_id, part.centre_id),
                fee=fee,
                served=part.weight,
                served_by_all=sum(weights.values()),
                exact=f"{part.exact.numerator}/{part.exact.denominator}",
                cents_added=part.cents_added,
                amount=part.amount,
                basis=basis,
            )
            for part in (divide(fee, weights) if fee else [])
        ]
        for share in divided:
            shares[share.centre_id].append(share)
        figures.fee += fee
        if fee and not divided:
            figures.undivided += fee
        institutions.append(
            _statement(facts, "institution", number, owner, name, lines, fees=fees, shares=divided, fee=fee)
        )

    paid = []
    for number, centre_id in enumerate(centres, 1):
        lines = own["centre", centre_id]
        variable = cents(sum((one.line.amount for one in lines), _NOTHING))
        given = sorted(adjusted[centre_id], key=lambda one: (one.kind, one.source, one.text, one.amount))
        name = facts.centres.get(centre_id, centre_id)
        fee = sum((share.amount for share in shares[centre_id]), _NOTHING)
        made = _statement(
            facts,
            "centre",
            number,
            centre_id,
            name,
            lines,
            shares=shares[centre_id],
            adjustments=given,
            # By payer; of each as lines are, since they came in that order.
            served_lines=sorted(told[centre_id], key=lambda one: one.payer_id),
            variable=variable,
            fee=fee,
        )
        figures.variable += variable
        figures.shares += fee
        figures.adjustments += sum((one.amount for one in given), _NOTHING)
        paid.append(made)
    return Settled((*paid, *institutions), figures)


def agree(settled: Settled, entries: int, cases: int, amount: Decimal) -> bool:
    """Whether a month's statements are what was taken in, and its fees what is divided, to the cent.

    ``entries``, ``cases``, ``amount``: the month's lines as the database adds them up.
    """
    figures = settled.figures
    of_kind: dict[str, list[Statement]] = {"centre": [], "institution": []}
    for one in settled.statements:
        of_kind[one.kind].append(one)
    listed = sum((line.amount for one in settled.statements for line in one.lines), _NOTHING)
    signs = sum(line.sign for one in settled.statements for line in one.lines)
    given = sum((one.fee for one in of_kind["centre"]), _NOTHING)
    owed = sum((one.fee for one in of_kind["institution"]), _NOTHING)
    return (
        (figures.entries, figures.cases, figures.lines_amount) == (entries, cases, amount)
        and (signs + figures.unassigned_cases, listed + figures.unassigned_amount) == (cases, amount)
        and (owed, given + figures.undivided) == (figures.fee, figures.fee)
        and all(
            one.fee == sum((share.amount for share in one.shares), _NOTHING)
            for one in (*of_kind["institution"], *of_kind["centre"])
            if one.shares
        )
        and sum((one.total for one in of_kind["centre"]), _NOTHING) == figures.total
        and all(_counted(one) for one in of_kind["centre"])
    )


def _counted(statement: Statement) -> bool:
    """Whether a centre's shares are those of the cases that its statement tells."""
    counts: dict[str, int] = defaultdict(int)
    for line in statement.served_lines:
        counts[line.payer_id] += line.sign
    return all(
        share.served == (-counts[share.institution_id] if share.fee < 0 else counts[share.institution_id])
        for share in statement.shares
        if share.basis == "served"
    )


def _fees(accounts: Sequence[Account], lines: Sequence[Booked]) -> list[Fee]:
    """Each account's part of the fee, by the account's id."""
    counts: dict[str, int] = defaultdict(int)
    amounts: dict[str, Decimal] = defaultdict(lambda: _NOTHING)
    seen: dict[str, CaseLine] = {}
    for one in lines:
        key = one.account_id or ""
        counts[key] += one.line.sign
        amounts[key] += one.line.amount
        seen[key] = one.line
    known = {account.id: account for account in accounts}
    fees = []
    for key in sorted({*known, *counts}):
        account = known.get(key)
        fixed = cents(account.fixed) if account else _NOTHING
        variable = cents(amounts[key])
        fees.append(
            Fee(
                account_id=key,
                account=account.name if account else seen[key].account or key,
                channel=account.channel if account else seen[key].channel,
                fixed=fixed,
                cases=counts[key],
                cases_amount=variable,
                amount=fixed + variable,
            )
        )
    return fees


def _statement(
    facts: Month,
    kind: StatementKind,
    number: int,
    party_id: str,
    party: str,
    booked: Sequence[Booked],
    *,
    fees: Sequence[Fee] = (),
    shares: Sequence[Share] = (),
    adjustments: Sequence[Adjustment] = (),
    served_lines: Sequence[ServedLine] = (),
    variable: Decimal = _NOTHING,
    fee: Decimal = _NOTHING,
) -> Statement:
    lines = tuple(one.line for one in booked)
    return Statement(
        number=f"{facts.month:%Y-%m}-{'C' if kind == 'centre' else 'I'}{number:02}",
        kind=kind,
        party_id=party_id,
        party=party,
        month=facts.month,
        closed_at=facts.closed_at,
        closed_by=facts.closed_by,
        currency=facts.currency,
        tariffs=tariff_lines(lines),
        fees=tuple(fees),
        shares=tuple(sorted(shares, key=lambda one: (one.institution_id, one.centre_id))),
        adjustments=tuple(adjustments),
        lines=lines,
        served_lines=tuple(served_lines),
        variable=variable,
        fee=fee,
        total=variable + fee + sum((one.amount for one in adjustments), _NOTHING),
    )


def tariff_lines(lines: Iterable[CaseLine]) -> tuple[TariffLine, ...]:
    """Cases by kind, channel, level, tariff and price."""
    groups: dict[tuple[str, str, int, str, Decimal], int] = defaultdict(int)
    for line in lines:
        groups[line.case_kind, line.channel, line.level, line.tariff_id or "", line.price] += line.sign
    return tuple(
        TariffLine(tariff or None, kind, channel, level, price, count, count * price)
        for (kind, channel, level, tariff, price), count in sorted(groups.items())
    )


@dataclass(frozen=True)
class Tally:
    """How many cases, and what they come to at two lists' prices."""

    cases: int = 0
    old: Decimal = Decimal("0.0000")
    new: Decimal = Decimal("0.0000")

    def plus(self, cases: int, old: Decimal, new: Decimal) -> Tally:
        """With more."""
        return Tally(self.cases + cases, self.old + cases * old, self.new + cases * new)


@dataclass(frozen=True)
class Price:
    """A line of a price list. None stands for any; as a level for 1 and 2."""

    id: str
    case_kind: str | None
    channel: str | None
    level: int | None
    price: Decimal


@dataclass(frozen=True)
class FeePrice:
    """A line of a price list about accounts."""

    channel: str | None
    account_id: str | None
    monthly: Decimal
    pays: bool


def _rank(one: Price) -> tuple[bool, bool, bool]:
    return one.case_kind is None, one.channel is None, one.level is None


@dataclass(frozen=True)
class Prices:
    """A price list in hand."""

    lines: Sequence[Price]
    fees: Sequence[FeePrice] = ()
    kept: dict[tuple[str, str, int], Price | None] = field(default_factory=dict, compare=False)

    def of(self, kind: str, channel: str, level: int) -> Price | None:
        """The most specific line: kind before channel before level. The rule of ``handoff.cases.service.tariff_in_force``."""
        key = (kind, channel, level)
        if key not in self.kept:
            fitting = [
                one
                for one in self.lines
                if one.case_kind in (None, kind)
                and one.channel in (None, channel)
                and (one.level == level or (one.level is None and level > 0))
            ]
            self.kept[key] = min(fitting, key=_rank, default=None)
        return self.kept[key]

    def fee_of(self, account_id: str, channel: str) -> FeePrice:
        """What an account costs a month: its own line, else its channel's, else the one for any; without any its owner pays
        for the cases only."""
        for wanted in ((None, account_id), (channel, None), (None, None)):
            for one in self.fees:
                if (one.channel, one.account_id) == wanted:
                    return one
        return FeePrice(None, None, _NOTHING, True)


def money(amount: Decimal) -> str:
    """As decimal text, to the cent."""
    return format(cents(amount), "f")


def priced(price: Decimal) -> str:
    """A price as decimal text: to the cent at least, to four places where they say something."""
    return euros(price)


def figures_view(figures: Figures) -> dict[str, Any]:
    """Totals as the console reads them (``Period`` of docs/protocol.md)."""
    return {
        "entries": figures.entries,
        "cases": figures.cases,
        "late": figures.late,
        "unpriced": figures.unpriced,
        "variable": money(figures.variable),
        "fee": money(figures.fee),
        "adjustments": money(figures.adjustments),
        "total": money(figures.total),
        "to_centres": {
            "variable": money(figures.variable),
            "shares": money(figures.shares),
            "adjustments": money(figures.adjustments),
        },
        "ledger": {"entries": figures.entries, "cases": figures.cases, "amount": priced(figures.lines_amount)},
        "unassigned": {"cases": figures.unassigned_cases, "amount": priced(figures.unassigned_amount)},
        "undivided": money(figures.undivided),
    }
