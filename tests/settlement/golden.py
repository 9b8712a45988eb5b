"""A year of cases written straight into the tables, seeded: the same year each time. Knows nothing of how months are settled.

``Ledger`` is for years by hand too: cases, corrections and reversals are said one by one, each with its time and its price.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, insert, select

from handoff.cases.models import Case, CaseEntry, PriceList, Tariff
from handoff.channels.models import ChannelAccount, ChannelThread
from handoff.conversations.models import Conversation, Event
from handoff.settlement.models import PriceListFee
from handoff.staff.models import Centre, Institution, Staff
from kit.clock import RIGA
from kit.db import Database

CENTRES = ("riga", "valmiera", "daugavpils")
#: id, channel, owner: three owners, two accounts of one of them.
ACCOUNTS = (
    ("acc-vsaa-fb", "facebook", "vsaa"),
    ("acc-vid-x", "x", "vid"),
    ("acc-vid-fb", "facebook", "vid"),
    ("acc-pmlp-tg", "telegram", "pmlp"),
)
#: Cheaper from July: what a case of (kind, channel, level) costs, the special before the general. None stands for any.
FIRST = {(None, None, 1): "1.00", (None, None, 2): "1.00", (None, None, 0): "0.00"}
SECOND = {
    ("comment", None, 1): "0.85",
    ("comment", "x", 2): "2.1550",
    ("social_conversation", None, 1): "1.10",
    (None, "webchat", 1): "1.05",
    ("chat_session", None, 0): "0.05",
    (None, None, 1): "1.00",
    (None, None, 2): "2.40",
    (None, None, 0): "0.00",
}
SECOND_FROM = date(2026, 7, 1)
#: A month's fixed part from July on: of any account, of those of X, of one.
FEES = ((None, None, "40.00"), ("x", None, "25.50"), (None, "acc-vsaa-fb", "75.25"))


def riga(year: int, month: int, day: int, hour: int = 12, minute: int = 0) -> datetime:
    """An instant by the clock of Riga."""
    return datetime(year, month, day, hour, minute, tzinfo=RIGA).astimezone(UTC)


def price_of(kind: str, channel: str, level: int, opened_at: datetime) -> tuple[str, Decimal]:
    """The tariff's id and the price, by the tables above."""
    second = opened_at.astimezone(RIGA).date() >= SECOND_FROM
    for key in ((kind, channel, level), (kind, None, level), (None, channel, level), (None, None, level)):
        found = (SECOND if second else FIRST).get(key)
        if found is not None:
            return tariff_id("second" if second else "first", key), Decimal(found).quantize(Decimal("0.0001"))
    raise KeyError((kind, channel, level))


def tariff_id(prices: str, key: tuple[str | None, str | None, int | None]) -> str:
    """A line's id."""
    short = {"chat_session": "chat", "social_conversation": "talk", "comment": "comment", None: "any"}
    return f"{prices}-{short[key[0]]}-{key[1] or 'any'}-{'any' if key[2] is None else key[2]}"


@dataclass
class Ledger:
    """Cases and their entries, as rows to be inserted."""

    conversations: list[dict[str, Any]] = field(default_factory=list)
    cases: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    threads: list[dict[str, Any]] = field(default_factory=list)
    _in_force: dict[int, dict[str, Any]] = field(default_factory=dict)

    def case(
        self,
        kind: str,
        channel: str,
        level: int,
        centre: str | None,
        closed_at: datetime,
        *,
        account: str | None = None,
        opened_at: datetime | None = None,
        institution: str | None = "vsaa",
        service: str | None = None,
    ) -> int:
        """A conversation that ended, and its entry; the case's number."""
        no = len(self.cases) + 1
        opened_at = opened_at or closed_at - timedelta(minutes=7)
        conversation = str(uuid.UUID(int=no))
        site = account or "demo"
        outcome = "resolved" if level else "answered"
        self.conversations.append(
            {
                "id": conversation,
                "version": 3,
                "state": "closed",
                "channel": channel,
                "site": site,
                "lang": "lv",
                "context": {},
                "level": level,
                "centre_id": centre,
                "institution_id": institution,
                "opened_at": opened_at,
                "closed_at": closed_at,
                "last_at": closed_at,
                "outcome": outcome,
            }
        )
        if kind != "chat_session":
            self.threads.append(
                {
                    "conversation_id": conversation,
                    "account_id": site,
                    "kind": "comment" if kind == "comment" else "direct",
                    "thread": str(no),
                    "summoned": True,
                    "created_at": opened_at,
                    "received_at": opened_at,
                    "last_inbound_at": opened_at,
                    "hide_proposed": False,
                    "edits": [],
                }
            )
        self.cases.append(
            {"no": no, "conversation_id": conversation, "channel": channel, "site": site, "opened_at": opened_at}
        )
        said = {"channel": channel, "level": level, "centre_id": centre, "closed_at": closed_at.isoformat()}
        for at, to_state, data in ((opened_at, "bot", {}), (closed_at, "closed", {"as": said})):
            self.events.append(
                {
                    "conversation_id": conversation,
                    "kind": "state",
                    "actor_kind": "system",
                    "to_state": to_state,
                    "data": data,
                    "at": at,
                }
            )
        tariff, price = price_of(kind, channel, level, opened_at)
        self._enter(
            {
                "case_no": no,
                "revision": 0,
                "kind": "settled",
                "sign": 1,
                "reverses_id": None,
                "recorded_at": closed_at,
                "why": None,
                "conversation_id": conversation,
                "channel": channel,
                "site": site,
                "lang": "lv",
                "level": level,
                "case_kind": kind,
                "institution_id": institution,
                "service_id": service,
                "centre_id": centre,
                "outcome": outcome,
                "opened_at": opened_at,
                "closed_at": closed_at,
                "tariff_id": tariff,
                "amount": price,
            }
        )
        return no

    def reverse(self, no: int, at: datetime, why: str = "nebija gadījums") -> None:
        """Takes the entry in force back."""
        old = self._in_force[no]
        self._enter(
            {
                **old,
                "kind": "reversal",
                "sign": -1,
                "reverses_id": old["id"],
                "recorded_at": at,
                "why": why,
                "revision": old["revision"] + 1,
            }
        )

    def correct(self, no: int, at: datetime, why: str = "laboja", **changes: Any) -> None:
        """Takes it back and enters another; a new level has the price of its time."""
        old = self._in_force[no]
        self.reverse(no, at, why)
        fresh = {**old, **changes, "kind": "correction", "recorded_at": at, "why": why, "revision": old["revision"] + 1}
        tariff, price = price_of(fresh["case_kind"], fresh["channel"], fresh["level"], fresh["opened_at"])
        self._enter({**fresh, "tariff_id": tariff, "amount": price})

    def _enter(self, entry: dict[str, Any]) -> None:
        made = {**entry, "id": len(self.entries) + 1}
        self.entries.append(made)
        if made["sign"] > 0:
            self._in_force[made["case_no"]] = made
        else:
            self._in_force.pop(made["case_no"])

    async def write(self, db: Database, *, world: bool = True) -> None:
        """Puts everything into an empty database; ``world``: centres, owners, accounts and prices too."""
        if world:
            await write_world(db)
        for model, rows in (
            (Conversation, self.conversations),
            (ChannelThread, self.threads),
            (Case, self.cases),
            (CaseEntry, self.entries),
            (Event, self.events),
        ):
            for start in range(0, len(rows), 5000):
                async with db.unit() as unit:
                    await unit.session.execute(insert(model), rows[start : start + 5000])
        if db.dialect == "postgresql":
            # Numbers were given here; the sequences do not know.
            async with db.unit() as unit:
                for model, column in ((Case, "no"), (CaseEntry, "id")):
                    highest = await unit.session.scalar(select(func.max(getattr(model, column)))) or 1
                    name = func.pg_get_serial_sequence(f'"{model.__tablename__}"', column)
                    await unit.session.execute(select(func.setval(name, highest)))


async def write_world(db: Database) -> None:
    """Who and what a year is about: three centres, owners with accounts, two price lists. Beside a seeded database or alone."""
    made = riga(2026, 1, 1, 0)
    async with db.unit() as unit:
        session = unit.session
        for centre in CENTRES:
            if await session.get(Centre, centre) is None:
                session.add(Centre(id=centre, name=f"Centrs {centre}"))
        for owner in ("vsaa", "vid", "pmlp"):
            if await session.get(Institution, owner) is None:
                session.add(Institution(id=owner, name_lv=owner.upper(), kind="state"))
        await session.flush()
        for account, channel, owner in ACCOUNTS:
            session.add(
                ChannelAccount(
                    id=account,
                    channel=channel,
                    platform_id=account,
                    name=f"{owner.upper()} {channel}",
                    institution_id=owner,
                    credentials="",
                    enabled=True,
                    created_at=made,
                )
            )
        if await session.scalar(select(Staff.id).limit(1)) is None:
            session.add(
                Staff(id="gramatvede", email="g@demo.lv", name="Gunta Zariņa", role="accountant", password_hash="-")
            )
        await session.flush()
        for name, prices, fees, begins in (
            ("first", FIRST, (), date(2025, 12, 1)),
            ("second", SECOND, FEES, SECOND_FROM),
        ):
            row = PriceList(id=name, name=name, valid_from=begins, state="draft", version=1, created_at=made)
            session.add(row)
            await session.flush()
            for key, price in prices.items():
                session.add(
                    Tariff(
                        id=tariff_id(name, key),
                        list_id=name,
                        case_kind=key[0],
                        channel=key[1],
                        level=key[2],
                        price=Decimal(price),
                        currency="EUR",
                        valid_from=begins,
                        source=name,
                    )
                )
            for channel, account_id, monthly in fees:
                session.add(
                    PriceListFee(
                        id=str(uuid.uuid4()),
                        list_id=name,
                        channel=channel,
                        account_id=account_id,
                        monthly=Decimal(monthly),
                        pays=True,
                    )
                )
            await session.flush()
            row.state = "approved"


def year(seed: int, cases: int, days: int = 364) -> Ledger:
    """A year of ``cases`` cases, or ``days`` of one, in the shape that is expected: chats most, a half answered by the assistant
    alone; one in twenty corrected, one in two hundred taken back, many of those months after their own was closed."""
    chance = random.Random(seed)
    ledger = Ledger()
    begin = riga(2026, 1, 1, 8)
    late: list[tuple[datetime, int]] = []
    moments = sorted(chance.uniform(0, days * 86400) for _ in range(cases))
    for moment in moments:
        closed = begin + timedelta(seconds=round(moment))
        pick = chance.random()
        if pick < 0.7:
            kind, channel, account = "chat_session", "webchat", None
        else:
            account, channel, _ = ACCOUNTS[min(int(chance.expovariate(1.1)), len(ACCOUNTS) - 1)]
            kind = "comment" if channel != "telegram" and chance.random() < 0.6 else "social_conversation"
        level = chance.choices((0, 1, 2), (5, 4, 1))[0]
        centre = chance.choices(CENTRES, (5, 3, 2))[0] if level else None
        if level and chance.random() < 0.01:
            centre = None  # somebody of no centre
        length = timedelta(minutes=chance.randint(1, 40)) + timedelta(days=chance.randint(0, 40) if level == 2 else 0)
        no = ledger.case(kind, channel, level, centre, closed, account=account, opened_at=closed - length)
        if level and chance.random() < 0.055:
            late.append((closed + timedelta(days=chance.expovariate(1 / 25)), no))
    end = begin + timedelta(days=days)
    for at, no in sorted(late):
        if at > end:
            continue
        at = at.replace(microsecond=0)
        pick = chance.random()
        if pick < 0.1:
            ledger.reverse(no, at)
        elif pick < 0.5:
            ledger.correct(no, at, level=chance.choice((0, 1, 2)))
        else:
            ledger.correct(no, at, centre_id=chance.choice(CENTRES))
    return ledger
