"""A walk at random over everything that touches money; after each step nothing of a closed month has moved.

Short in the suite, long and on PostgreSQL too in ``make soak``. A step that fails says its seed and number: the walk is the same
each time.
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from handoff.cases import service as cases
from handoff.cases.models import Case, CaseEntry
from handoff.channels.models import ChannelAccount, ChannelThread
from handoff.conversations.models import Conversation
from handoff.settlement import repository, service
from handoff.settlement.models import SettlementLine, SettlementPeriod
from handoff.settlement.repository import next_month
from handoff.settlement.schemas import Accept, Changes, NewDispute, NewPriceList, WritePriceList
from kit.clock import RIGA, midnight
from kit.db import Database
from kit.errors import PieturaError
from tests.settlement.golden import ACCOUNTS, CENTRES, SECOND_FROM, Ledger, riga, write_world
from tests.settlement.stand import Books, as_application
from tests.size import LONG, sized

_DIALECTS = ("sqlite", "postgresql") if LONG else ("sqlite",)
#: How often each act is tried, beside the others.
_ACTS = {
    "case": 24,
    "correct": 10,
    "late_fact": 5,
    "reverse": 3,
    "dispute": 6,
    "prices": 4,
    "owner": 2,
    "close": 7,
    "fail": 10,
    "kill": 10,
    "go_on": 7,
    "try_again": 4,
    "give_back": 7,
    "attack": 6,
}
_ATTACKS = (
    "UPDATE case_entry SET amount = amount + 1",
    "DELETE FROM case_entry WHERE id = (SELECT max(id) FROM case_entry)",
    "UPDATE settlement_line SET amount = 0",
    "DELETE FROM settlement_line",
    "DELETE FROM settlement_line WHERE month = (SELECT max(month) FROM settlement_period)",
    "UPDATE settlement_statement SET content = '', digest = ''",
    "DELETE FROM settlement_statement",
    "DELETE FROM settlement_period",
    "UPDATE settlement_period SET cutoff_at = started_at WHERE state = 'closed'",
    "UPDATE settlement_period SET state = 'opening' WHERE state = 'closed'",
    "UPDATE settlement_period SET state = 'closing' WHERE state = 'closed'",
    "UPDATE price_list SET state = 'withdrawn' WHERE id = 'first'",
)
_REPLACING = (
    "INSERT OR REPLACE INTO settlement_line SELECT entry_id, month, late, payer, party_id, account_id, sign, 0"
    " FROM settlement_line",
    "INSERT OR REPLACE INTO settlement_period SELECT * FROM settlement_period",
    "INSERT OR REPLACE INTO settlement_statement SELECT * FROM settlement_statement",
    "INSERT OR REPLACE INTO case_entry SELECT * FROM case_entry",
    "REPLACE INTO settlement_period (month, state, started_by, started_at, cutoff_at, progress, step, currency)"
    " SELECT month, 'closing', started_by, started_at, cutoff_at, 0, 'waiting', currency FROM settlement_period",
)
_REFUSED = r"only grows|does not change|do not change|not being closed|permission denied"
#: Everything that must stay, by what it is asked with.
_KEPT = {
    "statement": "SELECT number, month, kind, party_id, party, currency, cases, late, variable, fee, adjustments, total, digest,"
    " content FROM settlement_statement",
    "period": "SELECT month, state, started_by, cutoff_at, closed_at, figures FROM settlement_period WHERE state = 'closed'",
    "line": "SELECT entry_id, month, late, payer, party_id, account_id, sign, amount FROM settlement_line"
    " WHERE month IN (SELECT month FROM settlement_period WHERE state = 'closed')",
    "entry": "SELECT id, case_no, revision, kind, sign, recorded_at, level, centre_id, closed_at, tariff_id, amount"
    " FROM case_entry",
}


class Killed(BaseException):
    """Nobody catches it: what is not stored by now never will be."""


class Walk:
    """A world, its people, and what is remembered of what must not move."""

    def __init__(self, books: Books, seed: int) -> None:
        self.books = books
        self.chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.kept: dict[str, dict[Any, tuple[Any, ...]]] = {name: {} for name in _KEPT}
        self.cases = 0
        self.lists = {SECOND_FROM}

    async def begin(self) -> None:
        """The world; people."""
        await write_world(self.books.db)
        self.accountant, self.admin = await self.books.viewer("accountant"), await self.books.viewer("admin")
        self.supervisor = await self.books.viewer("supervisor")
        await self.case()

    async def step(self) -> None:
        """Time passes, something happens, and everything is looked at."""
        self.books.clock.at += timedelta(seconds=self.chance.choice((1, 70, 4000, 90_000, 400_000)))
        name = self.chance.choices(list(_ACTS), list(_ACTS.values()))[0]
        act: Callable[[], Awaitable[bool | None]] = getattr(self, name)
        if await act() is not False:
            self.done[name] += 1
        await self.look()

    # --- acts: False when there was nothing to do it with ---------------------------------------------------------------------

    async def case(self) -> None:
        """A conversation ends: now, or (it took the assistant a while to store it) a moment ago."""
        chance, now, ledger = self.chance, self.books.clock.at, Ledger()
        kind, channel, account = "chat_session", "webchat", None
        if chance.random() < 0.5:
            account, channel, _ = chance.choice(ACCOUNTS)
            kind = chance.choice(("comment", "social_conversation"))
        level = chance.choice((0, 1, 1, 1, 2))
        opened = now - timedelta(minutes=chance.choice((3, 50, 5000, 60_000)))
        centre = chance.choice((*CENTRES, None)) if level else None
        ledger.case(kind, channel, level, centre, now, account=account, opened_at=opened)
        self.cases += 1
        conversation = str(uuid.UUID(int=self.cases))
        async with self.books.db.unit() as unit:
            tariff = await cases.tariff_in_force(unit.session, kind, channel, level, opened.astimezone(RIGA).date())
            for model, rows in (
                (Conversation, ledger.conversations),
                (ChannelThread, ledger.threads),
                (Case, ledger.cases),
            ):
                for row in rows:
                    own = {"id": conversation} if model is Conversation else {"conversation_id": conversation}
                    numbered = {"no": self.cases} if model is Case else {}
                    await unit.session.execute(insert(model).values({**row, **own, **numbered}))
            entry = {name: value for name, value in ledger.entries[0].items() if name != "id"}
            entry |= {"case_no": self.cases, "conversation_id": conversation}
            entry |= {"tariff_id": tariff.id if tariff else None, "amount": tariff.price if tariff else None}
            await unit.session.execute(insert(CaseEntry).values(entry))

    async def correct(self, at: datetime | None = None) -> bool:
        """A case is counted otherwise."""
        changes = self.chance.choice(
            (
                {"level": 1},
                {"level": 2},
                {"level": 0},
                {"centre_id": "riga"},
                {"centre_id": "valmiera"},
                {"institution_id": "vid"},
            )
        )
        return await self._ledger(lambda session, no, now: cases.correct(
            session, no, changes, "pārbaude", self.admin, at or now, cases.DISPUTABLE
        ))  # fmt: skip

    async def late_fact(self) -> bool:
        """Stamped just before the last closing was begun, stored after it."""
        async with self.books.db.read() as session:
            cutoffs = [one.cutoff_at for one in await repository.periods(session)]
        return bool(cutoffs) and await self.correct(max(cutoffs) - timedelta(seconds=1))

    async def reverse(self) -> bool:
        """It was no case."""
        return await self._ledger(lambda session, no, now: cases.reverse(session, no, "nebija", self.admin, now))

    async def _ledger(self, act: Callable[[Any, int, datetime], Awaitable[Any]]) -> bool:
        try:
            async with self.books.db.unit() as unit:
                await act(unit.session, self.chance.randint(1, self.cases), self.books.clock.at)
        except PieturaError:
            return False
        return True

    async def dispute(self) -> bool:
        """A line of a closed statement is questioned, and decided by another."""
        async with self.books.db.read() as session:
            numbers = [row.number for row in await repository.statements(session)]
        if not numbers:
            return False
        number = self.chance.choice(sorted(numbers))
        rows = (await self.books.settlement.lines(self.accountant, number, service.LineFilter(), 1))["rows"]
        if not rows:
            return False
        entry = self.chance.choice(rows)["entry_id"]
        act = self.chance.choice(("reverse", "correct", "refuse"))
        try:
            made = await self.books.disputes.create(
                self.supervisor, NewDispute(number=number, entry_id=entry, reason="?")
            )
            decision = {"version": made["version"], "reason": "tā ir"}
            if act == "refuse":
                await self.books.disputes.refuse(self.accountant, made["id"], Accept(**decision, act="reverse"))
            else:
                changes = Changes(centre_id="daugavpils") if act == "correct" else None
                body = Accept(**decision, act=act, changes=changes)
                await self.books.disputes.accept(self.accountant, made["id"], body)
        except PieturaError:
            return False
        return True

    async def prices(self) -> bool:
        """From the next month on other prices and fees, by two people."""
        begins = next_month(self.books.clock.at.astimezone(RIGA).date())
        if begins in self.lists:
            return False
        self.lists.add(begins)
        lists = self.books.lists
        made = await lists.create(self.accountant, NewPriceList(name=f"{begins}", valid_from=begins))
        lines = [{name: line[name] for name in ("case_kind", "channel", "level", "price")} for line in made["lines"]]
        for line in lines:
            line["price"] = str(Decimal(self.chance.randint(0, 30_000)) / 10_000)
        monthly = str(Decimal(self.chance.randint(0, 9_999)) / 100)
        fees = [
            {"channel": None, "account_id": None, "monthly": monthly, "pays": True},
            {"channel": "x", "account_id": None, "monthly": "3.33", "pays": self.chance.random() < 0.7},
        ]
        body = {"version": made["version"], "name": made["name"], "valid_from": begins, "lines": lines, "fees": fees}
        written = await lists.write(self.accountant, made["id"], WritePriceList.model_validate(body))
        compared = await lists.compare(self.accountant, made["id"], written["version"])
        await lists.approve(self.admin, made["id"], compared["version"])
        return True

    async def owner(self) -> None:
        """An account changes hands, or is switched off or on."""
        account = self.chance.choice(ACCOUNTS)[0]
        values = {"institution_id": self.chance.choice(("vsaa", "vid", "pmlp")), "enabled": self.chance.random() < 0.7}
        async with self.books.db.unit() as unit:
            await unit.session.execute(update(ChannelAccount).where(ChannelAccount.id == account).values(values))

    async def _due(self) -> date | None:
        following = (await self.books.settlement.months(self.accountant))["next"]
        return date.fromisoformat(f"{following}-01") if following else None

    async def _closing(self) -> date | None:
        async with self.books.db.read() as session:
            found: date | None = await session.scalar(
                select(SettlementPeriod.month).where(SettlementPeriod.state == "closing")
            )
        return found

    async def close(self) -> bool:
        """A month, if one is due."""
        month = await self._due()
        if month is None:
            return False
        await self.books.settlement.close(self.accountant, month)
        await self.books.settlement.work()
        assert await self._closing() is None
        return True

    async def fail(self) -> bool:
        """The database goes away in the middle."""
        return await self._broken(OperationalError("", {}, Exception("gone")))

    async def kill(self) -> bool:
        """The process dies in the middle."""
        return await self._broken(Killed())

    async def _broken(self, error: BaseException) -> bool:
        month = await self._closing()
        if month is None:
            month = await self._due()
            if month is None:
                return False
            await self.books.settlement.close(self.accountant, month)
        elif await self._noted():
            self.books.clock.at += timedelta(hours=2)
        with _at_the_moment(self.chance.randint(0, 9), error), pytest.raises(type(error)):
            await self.books.settlement.work()
        assert await self._closing() == month
        return True

    async def _noted(self) -> bool:
        """Pauses and leases run out. Who was killed more than once is noted first, and waited for."""
        self.books.clock.at += timedelta(hours=2)
        async with self.books.db.read() as session:
            row = await session.scalar(select(SettlementPeriod).where(SettlementPeriod.state == "closing"))
        if row is None or row.worker is None or row.attempts < 2:
            return False
        await self.books.settlement.work()
        async with self.books.db.read() as session:
            row = await repository.period(session, row.month)
        assert row is not None
        assert (row.error, row.worker) == ("interrupted", None)
        return True

    async def go_on(self) -> bool:
        """Pauses and leases run out, and the next worker goes on to the end."""
        if await self._closing() is None:
            return False
        if await self._noted():
            self.books.clock.at += timedelta(hours=2)
        await self.books.settlement.work()
        assert await self._closing() is None
        return True

    async def try_again(self) -> bool:
        """At once; unless the dead worker's lease still holds, that closes it."""
        month = await self._closing()
        if month is None:
            return False
        await self.books.settlement.try_again(self.accountant, month)
        await self.books.settlement.work()
        return True

    async def give_back(self) -> bool:
        """As if it had never been begun."""
        month = await self._closing()
        if month is None:
            return False
        await self.books.settlement.give_back(self.accountant, month, "pārbaude")
        async with self.books.db.read() as session:
            assert await session.get(SettlementPeriod, month) is None
            assert (await repository.taken(session, month))[0] == 0
        return True

    async def attack(self) -> bool:
        """What is there is changed by SQL: refused, whatever it is."""
        said = self.chance.choice(self.attacks())
        if not self.kept["statement"] or (said.startswith("DELETE") and "max(month)" in said and await self._closing()):
            return False  # a month that has taken in nothing yet has nothing to refuse
        await self.refused(said)
        return True

    def attacks(self) -> tuple[str, ...]:
        """Ways to change what is there that this database knows."""
        return (*_ATTACKS, *(_REPLACING if self.books.db.dialect == "sqlite" else ()))

    async def refused(self, said: str) -> None:
        """The database does not do it."""
        with pytest.raises(DBAPIError, match=_REFUSED):
            async with self.books.db.unit() as unit:
                await unit.session.execute(text(said))

    # --- what must hold -------------------------------------------------------------------------------------------------------

    async def look(self) -> None:
        """What was kept is as it was; what is new is kept, and a month that is new is proved."""
        async with self.books.db.read() as session:
            now = {
                name: {row[0]: tuple(row) for row in await session.execute(text(sql))} for name, sql in _KEPT.items()
            }
        for name, rows in self.kept.items():
            for key, row in rows.items():
                assert now[name].get(key) == row, (name, key)
        fresh = [row for key, row in now["period"].items() if key not in self.kept["period"]]
        for month, *_ in fresh:
            await self._prove(month if isinstance(month, date) else date.fromisoformat(month))
        # Statements and lines come with the month that is closed, and in no other way.
        for name in ("statement", "line"):
            months = {row[1] for key, row in now[name].items() if key not in self.kept[name]}
            assert months <= {row[0] for row in fresh}, name
        self.kept = now

    async def _prove(self, month: date) -> None:
        """A month just closed, reckoned anew from the ledger and from the statements' bytes."""
        async with self.books.db.read() as session:
            period = await repository.period(session, month)
            assert period is not None
            assert (period.error, period.worker, period.next_try_at) == (None, None, None)
            entries = {one.id: one for one in (await session.scalars(select(CaseEntry))).all()}
            lines = (await session.scalars(select(SettlementLine))).all()
            statements = [
                (row, json.loads(row.content))
                for row in [
                    await repository.statement_row(session, one.number) for one in await repository.statements(session)
                ]
                if row is not None and row.month == month
            ]
        earlier = {line.entry_id for line in lines if line.month < month}
        own = {line.entry_id: line for line in lines if line.month == month}
        end = midnight(next_month(month))
        due = {
            one.id
            for one in entries.values()
            if one.id not in earlier and one.recorded_at <= period.cutoff_at and one.closed_at < end
        }
        assert own.keys() == due
        for entry_id, line in own.items():
            entry = entries[entry_id]
            assert (line.sign, line.amount) == (entry.sign, entry.sign * (entry.amount or Decimal(0)))
        # Each line stands in one statement, or is nobody's.
        listed = [(one["entry_id"], Decimal(one["amount"])) for _, said in statements for one in said["lines"]]
        listed += [
            (line.entry_id, line.amount) for line in own.values() if line.payer == "nobody" or line.party_id is None
        ]
        assert Counter(entry_id for entry_id, _ in listed) == Counter(own.keys())
        ledger = sum((line.amount for line in own.values()), Decimal(0))
        assert sum((amount for _, amount in listed), Decimal(0)) == ledger
        given: Counter[str] = Counter()
        for row, said in statements:
            assert row.digest == hashlib.sha256(row.content.encode()).hexdigest()
            assert (row.total, row.fee, row.variable) == tuple(
                Decimal(said[one]) for one in ("total", "fee", "variable")
            )
            cents = {one["centre_id"]: int(Decimal(one["amount"]) * 100) for one in said["shares"]}
            if row.kind == "institution":
                assert sum(cents.values()) == int(row.fee * 100)
                given.update(cents)
        for row, said in statements:
            if row.kind == "centre":
                assert given[row.party_id] == int(row.fee * 100)
                assert sum(int(Decimal(one["amount"]) * 100) for one in said["shares"]) == int(row.fee * 100)


@contextmanager
def _at_the_moment(number: int, error: BaseException) -> Any:
    """The ``number``-th thing that a closing asks of the database goes wrong, before or after it was done."""
    left = [number]
    asked = ("collect", "advance", "booked", "taken", "accounts", "centres")
    plain = {name: getattr(repository, name) for name in asked}

    def breaking(work: Any) -> Any:
        async def broken(*given: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] < 0 and number % 2:
                raise error
            found = await work(*given, **named)
            if left[0] < 0:
                raise error
            return found

        return broken

    try:
        for name, work in plain.items():
            setattr(repository, name, breaking(work))
        yield
    finally:
        for name, work in plain.items():
            setattr(repository, name, work)


@pytest.mark.parametrize("seed", range(sized(1, 10)))
@pytest.mark.parametrize("dialect", _DIALECTS)
async def test_nothing_moves_what_is_closed(dialect: str, seed: int, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{'sqlite' if dialect == 'sqlite' else 'postgres'}_url")
    if dialect == "postgresql":
        url = await as_application(url)
    books = Books(Database(url), riga(2026, 1, 5))
    walk = Walk(books, seed)
    await walk.begin()
    steps = sized(160, 1500)
    for number in range(3 * steps):
        # What is rare may take a little longer to come up.
        if number >= steps and walk.done.keys() == _ACTS.keys():
            break
        try:
            await walk.step()
        except BaseException as error:
            error.add_note(f"seed {seed}, step {number}, {dict(walk.done)}")
            raise
    await walk.go_on()
    for said in walk.attacks():
        await walk.refused(said)
    await walk.look()
    # Or nothing here was tried.
    assert len(walk.kept["period"]) >= 4
    assert walk.done.keys() == _ACTS.keys(), walk.done
    assert sum(bool(row[2]) for row in walk.kept["line"].values()) > 5
    await books.db.close()
