"""What a statement says: plain values, the same for the page, the PDF and the XLSX, and the digest that signs them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal

#: ``centre``: what a centre is paid. ``institution``: what an institution or municipality pays for its social accounts.
StatementKind = Literal["centre", "institution"]
#: The words of ``CaseKind``: what is counted (R15).
CASE_KINDS: Final = ("chat_session", "social_conversation", "comment", "email", "form")
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class CaseLine:
    """An entry of the ledger as it stands in a statement. ``amount`` is ``sign`` × ``price``, in ``Statement.currency``.

    ``late``: it belongs to a case of an earlier, closed month, and came as a correction (``why`` says it in words).
    """

    case_no: int
    entry_id: int
    kind: str
    sign: int
    late: bool
    case_kind: str
    channel: str
    level: int
    account: str | None
    institution_id: str | None
    institution: str | None
    service: str | None
    centre_id: str | None
    centre: str | None
    opened_at: datetime
    closed_at: datetime
    outcome: str
    tariff_id: str | None
    price: Decimal
    amount: Decimal
    why: str | None = None
    account_id: str | None = None


@dataclass(frozen=True)
class ServedLine(CaseLine):
    """A case that a centre served and an institution pays for: told in the centre's statement so that its shares can be counted.

    It is paid in ``payer_id``'s fee and so in none of the centre's sums.
    """

    payer_id: str = ""
    payer: str = ""


@dataclass(frozen=True)
class TariffLine:
    """Cases of one tariff: how many (reversals taken off), at which price, what it comes to."""

    tariff_id: str | None
    case_kind: str
    channel: str
    level: int
    price: Decimal
    cases: int
    amount: Decimal


@dataclass(frozen=True)
class Share:
    """A centre's part of one institution's fee. ``exact`` is the unrounded part as a fraction, ``17/3``; ``cents_added`` (0 or 1)
    what the largest remainder gave it. The shares of a fee add up to the fee, to the cent. ``basis`` says what ``served`` counts:
    cases of this institution (``served``); all cases of the month, as nobody served one of it (``month``); ``equal`` parts."""

    institution_id: str
    institution: str
    centre_id: str
    centre: str
    fee: Decimal
    served: int
    served_by_all: int
    exact: str
    cents_added: int
    amount: Decimal
    basis: str = "served"


@dataclass(frozen=True)
class Fee:
    """One account's part of an institution's fee: the fixed monthly part and the cases at their prices."""

    account_id: str
    account: str
    channel: str
    fixed: Decimal
    cases: int
    cases_amount: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Adjustment:
    """An amount from elsewhere, with its reason in words and where it can be followed: quality part, fixed part."""

    kind: str
    text: str
    source: str
    amount: Decimal


@dataclass(frozen=True)
class Statement:
    """One party's month. Lines are ordered by ``case_no``, then ``entry_id``; names are those at the closing.

    ``served_lines`` (of a centre): the cases of levels 1 and 2 that it served and others pay for, by payer; for information.
    """

    number: str
    kind: StatementKind
    party_id: str
    party: str
    month: date
    closed_at: datetime
    closed_by: str
    currency: str
    tariffs: tuple[TariffLine, ...]
    fees: tuple[Fee, ...]
    shares: tuple[Share, ...]
    adjustments: tuple[Adjustment, ...]
    lines: tuple[CaseLine, ...]
    variable: Decimal
    fee: Decimal
    total: Decimal
    served_lines: tuple[ServedLine, ...] = ()

    def canonical(self) -> bytes:
        """The content as JSON that is the same for the same content, whoever computes it and when."""
        said = vars(self)
        if not self.served_lines:
            # Statements that were closed before there were any keep their bytes, and so their digest.
            said = {name: value for name, value in said.items() if name != "served_lines"}
        return json.dumps(said, default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def digest(self) -> str:
        """SHA-256 of ``canonical``, hexadecimal: stands on every page of the PDF and in the XLSX."""
        return hashlib.sha256(self.canonical()).hexdigest()

    @classmethod
    def read(cls, content: str | bytes) -> Statement:
        """The statement that ``canonical`` was made of."""
        kept = json.loads(content)
        parts = {name: tuple(_part(kind, one) for one in kept.get(name, ())) for name, kind in _PARTS.items()}
        return cls(**{**_typed(cls, kept), **parts})


_PARTS: Final[dict[str, type[Any]]] = {
    "tariffs": TariffLine,
    "fees": Fee,
    "shares": Share,
    "adjustments": Adjustment,
    "lines": CaseLine,
    "served_lines": ServedLine,
}
_READ: Final[dict[str, Callable[[str], Any]]] = {
    "Decimal": Decimal,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}


def _part(kind: type[Any], kept: dict[str, Any]) -> Any:
    return kind(**_typed(kind, kept))


def _typed(kind: type[Any], kept: dict[str, Any]) -> dict[str, Any]:
    reading = {one.name: _READ[one.type] for one in fields(kind) if one.type in _READ}  # annotations are text here
    return {name: reading[name](value) if name in reading else value for name, value in kept.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):  # datetime is a date
        return value.isoformat()
    if is_dataclass(value):
        return vars(value)  # a part of a statement: copying ten thousand of them takes longer than writing them
    raise TypeError(f"{type(value).__name__} in a statement")


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to the cent, as accounts do."""
    return amount.quantize(_CENT, ROUND_HALF_UP)
