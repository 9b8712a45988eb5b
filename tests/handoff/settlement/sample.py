"""A statement to be printed: every kind of line, share, fee and adjustment, and sums that were reckoned by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from handoff.settlement.statement import Adjustment, CaseLine, Fee, ServedLine, Share, Statement, TariffLine

_OPENED = datetime(2026, 10, 5, 6, 15, tzinfo=UTC)
CHAT = CaseLine(
    case_no=1001,
    entry_id=501,
    kind="settled",
    sign=1,
    late=False,
    case_kind="chat_session",
    channel="webchat",
    level=1,
    account=None,
    institution_id="pmlp",
    institution="Pilsonības un migrācijas lietu pārvalde",
    service="Pases un personas apliecības saņemšana",
    centre_id="vpppd",
    centre="Valsts pakalpojumu centrs",
    opened_at=_OPENED,
    closed_at=_OPENED + timedelta(minutes=4),
    outcome="resolved",
    tariff_id="chat-2026",
    price=Decimal("1.00"),
    amount=Decimal("1.00"),
)
COMMENT = replace(
    CHAT,
    case_no=1002,
    entry_id=502,
    case_kind="comment",
    channel="facebook",
    account="Jūrmalas valstspilsēta & „Tava pašvaldība”",
    tariff_id="comment-2026",
    price=Decimal("1.25"),
    amount=Decimal("1.25"),
    service=None,
)
#: 3 × 1,00 + 2 × 1,25 − 1 × 1,00 (a case of September taken back) = 4,50.
LINES = (
    replace(
        CHAT,
        case_no=870,
        entry_id=504,
        kind="reversal",
        sign=-1,
        late=True,
        amount=Decimal("-1.00"),
        why="Skaitīts divreiz",
    ),
    CHAT,
    COMMENT,
    replace(COMMENT, case_no=1003, entry_id=503, outcome="resolved_level2", level=1),
    replace(CHAT, case_no=1004, entry_id=505, service="=2+2"),
    replace(CHAT, case_no=1005, entry_id=506, institution=None, institution_id=None, service=None, outcome="spam"),
)


#: What the centre served and Jūrmala pays: two comments and one taken back are the 1 of its share.
SERVED = tuple(
    ServedLine(**vars(line), payer_id="jurmala", payer="Jūrmalas valstspilsēta")
    for line in (
        replace(
            COMMENT,
            case_no=871,
            entry_id=509,
            kind="reversal",
            sign=-1,
            late=True,
            amount=Decimal("-1.25"),
            why="Dubults",
        ),
        replace(COMMENT, case_no=1011, entry_id=507),
        replace(COMMENT, case_no=1012, entry_id=508, level=2),
    )
)


def centre(lines: tuple[CaseLine, ...] = LINES) -> Statement:
    """A centre's October: cases at 4,50; 5,67 + 50,00 of fees; 120,00 − 20,50 of adjustments: 159,67."""
    chat = [line for line in lines if line.case_kind == "chat_session"]
    comments = [line for line in lines if line.case_kind == "comment"]
    variable = sum((line.amount for line in lines), Decimal(0))
    return Statement(
        number="2026-10-C01",
        kind="centre",
        party_id="vpppd",
        party="Valsts pakalpojumu centrs",
        month=date(2026, 10, 1),
        closed_at=datetime(2026, 11, 2, 7, 14, 9, tzinfo=UTC),
        closed_by="Gunta Zariņa",
        currency="EUR",
        tariffs=tuple(
            TariffLine(
                tariff_id=some[0].tariff_id,
                case_kind=some[0].case_kind,
                channel=some[0].channel,
                level=1,
                price=some[0].price,
                cases=sum(line.sign for line in some),
                amount=sum((line.amount for line in some), Decimal(0)),
            )
            for some in (chat, comments)
            if some
        ),
        fees=(),
        shares=(
            Share(
                institution_id="jurmala",
                institution="Jūrmalas valstspilsēta",
                centre_id="vpppd",
                centre="Valsts pakalpojumu centrs",
                fee=Decimal("17.00"),
                served=1,
                served_by_all=3,
                exact="17/3",
                cents_added=1,
                amount=Decimal("5.67"),
            ),
            Share(
                institution_id="ogre",
                institution="Ogres novads",
                centre_id="vpppd",
                centre="Valsts pakalpojumu centrs",
                fee=Decimal("100.00"),
                served=40,
                served_by_all=80,
                exact="50",
                cents_added=0,
                amount=Decimal("50.00"),
                basis="month",
            ),
        ),
        adjustments=(
            Adjustment(
                "quality",
                "Par 11.2025–10.2026: 95,2 % sarunu sāktas laikā (mērķis 95 %), 40 no 50 punktiem",
                "#/quality?month=2026-10&centre=vpppd",
                Decimal("120.00"),
            ),
            Adjustment("fixed", "Pārcelts no septembra", "L-17", Decimal("-20.50")),
        ),
        lines=lines,
        variable=variable,
        fee=Decimal("55.67"),
        total=variable + Decimal("55.67") + Decimal("99.50"),
        served_lines=SERVED,
    )


def institution() -> Statement:
    """Jūrmala's October: 12,00 + 2,50 for Facebook, 2,50 for X without a case: 17,00, divided among three centres."""
    shares = [
        Share("jurmala", "Jūrmalas valstspilsēta", centre_id, name, Decimal("17.00"), 1, 3, "17/3", cent, amount)
        for centre_id, name, cent, amount in (
            ("a", "Liepājas centrs", 1, Decimal("5.67")),
            ("vpppd", "Valsts pakalpojumu centrs", 1, Decimal("5.67")),
            ("z", "Ventspils centrs", 0, Decimal("5.66")),
        )
    ]
    return replace(
        centre(),
        number="2026-10-I07",
        kind="institution",
        party_id="jurmala",
        party="Jūrmalas valstspilsēta",
        tariffs=(TariffLine("comment-2026", "comment", "facebook", 1, Decimal("1.25"), 2, Decimal("2.50")),),
        fees=(
            Fee(
                "acc-1",
                "Jūrmalas valstspilsēta & „Tava pašvaldība”",
                "facebook",
                Decimal("12.00"),
                2,
                Decimal("2.50"),
                Decimal("14.50"),
            ),
            Fee("acc-2", "@jurmala", "x", Decimal("2.50"), 0, Decimal("0.00"), Decimal("2.50")),
        ),
        shares=tuple(shares),
        adjustments=(),
        lines=tuple(line for line in LINES if line.case_kind == "comment"),
        variable=Decimal(0),
        fee=Decimal("17.00"),
        total=Decimal("17.00"),
        served_lines=(),
    )


def long(cases: int) -> Statement:
    """A centre's month of ``cases`` lines, most of them alike, as months are."""
    services = ("Deklarētā dzīvesvieta", "Pases un personas apliecības saņemšana", "Bērna kopšanas pabalsts", None)
    lines = tuple(
        replace(
            COMMENT if number % 5 == 0 else CHAT,
            case_no=20_000 + number,
            entry_id=number + 1,
            service=services[number % 4],
            closed_at=_OPENED + timedelta(minutes=3 * number),
        )
        for number in range(cases)
    )
    return replace(centre(lines), served_lines=())
