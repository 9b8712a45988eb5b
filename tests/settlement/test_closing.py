"""A closing that fails: what is told of it, when it is tried again, and the way back to an open month."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from handoff.cases import service as cases
from handoff.settlement import repository, service
from handoff.settlement.causes import ClosingFault, cause_of, pause_after
from handoff.settlement.models import SettlementLine, SettlementPeriod, SettlementStatement
from handoff.staff.models import Audit
from kit.clock import iso
from kit.db import Database
from kit.errors import Conflict, Forbidden
from tests.settlement.golden import Ledger, riga, year
from tests.settlement.stand import Books, as_application
from tests.stage import Stage

_JANUARY, _FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
_AT = riga(2026, 2, 3)


class _Gone(Exception):
    """As a driver says it."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("SELECT what somebody wrote")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OperationalError("", {}, _Gone("08006")), "database_away"),
        (DBAPIError("", {}, _Gone("40P01")), "database_away"),
        (DBAPIError("", {}, _Gone("53100")), "disk_full"),
        (OperationalError("", {}, Exception("database or disk is full")), "disk_full"),
        (OSError(28, "No space left on device"), "disk_full"),
        (ConnectionResetError(), "database_away"),
        (DBAPIError("", {}, _Gone("53200")), "no_memory"),
        (MemoryError(), "no_memory"),
        (IntegrityError("", {}, _Gone("23505")), "refused"),
        (DBAPIError("", {}, _Gone("P0001")), "refused"),
        (KeyError("riga"), "unknown"),
    ],
)
def test_causes(error: Exception, cause: str) -> None:
    assert cause_of(error) == cause
    # In a step that has a name of its own only what the machine did says more.
    fault = ClosingFault("adjustments")
    fault.__cause__ = error
    assert cause_of(fault) == (cause if cause in ("database_away", "disk_full", "no_memory") else "adjustments")


def test_pauses_grow_to_an_hour() -> None:
    waited = [pause_after(attempt, "unknown").total_seconds() for attempt in range(1, 9)]
    assert waited == [10, 30, 120, 600, 1800, 3600, 3600, 3600]
    assert [pause_after(attempt, "interrupted").total_seconds() for attempt in (1, 2, 3)] == [0, 10, 30]


async def _nothing_left(db: Database) -> None:
    async with db.read() as session:
        for model in (SettlementPeriod, SettlementLine, SettlementStatement):
            assert (await session.scalars(select(model))).all() == []


async def _contents(db: Database) -> dict[str, str]:
    async with db.read() as session:
        rows = await session.execute(select(SettlementStatement.number, SettlementStatement.content))
    return dict(rows.tuples().all())


async def test_fails_at_every_step_and_comes_to_the_same(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(sqlite_url)
    await year(7, 250, 40).write(db)
    await db.close()
    twin = tmp_path / "twin.db"
    shutil.copy(sqlite_url.split("///", 1)[1], twin)

    straight = Books(Database(f"sqlite+aiosqlite:///{twin}"), _AT)
    await straight.close(_JANUARY, _AT)
    wanted = await _contents(straight.db)
    await straight.db.close()

    db = Database(sqlite_url)
    books = Books(db, _AT)
    accountant, supervisor = await books.viewer("accountant"), await books.viewer("supervisor")
    settlement = books.settlement
    monkeypatch.setattr(service, "_TOGETHER", 40)

    def fails(error: Exception, after: int = 0) -> Any:
        calls = iter(range(after))

        async def broken(*given: Any, **named: Any) -> Any:
            if next(calls, None) is None:
                raise error
            return await kept(*given, **named)

        return broken

    def wrong(*_: Any) -> Any:
        raise ValueError("0.005 is not whole cents")

    async def other(*_: Any) -> Any:
        return 1, 1, 1

    kept = repository.collect
    for place, name, broken, told in (
        (
            repository,
            "collect",
            fails(OperationalError("", {}, Exception("locked")), 2),
            ("database_away", "collecting"),
        ),
        (settlement, "_adjustments", fails(KeyError("riga")), ("adjustments", "reckoning")),
        (service, "settle_month", wrong, ("sums", "reckoning")),
        (repository, "taken", other, ("sums", "storing")),
        (service, "figures_view", wrong, ("unknown", "storing")),
    ):
        await settlement.close(accountant, _JANUARY)
        with monkeypatch.context() as now:
            now.setattr(place, name, broken)
            with pytest.raises((OperationalError, ClosingFault, ValueError)):
                await settlement.work()
        month = await settlement.month(accountant, _JANUARY)
        assert (month["error"], month["step"]) == told
        assert (month["state"], month["attempts"], month["trying"]) == ("closing", 1, False)
        assert month["next_try_at"] == iso(_AT + timedelta(seconds=10))
        assert len(month["fault"]) == 8
        assert month["may"] == ["try_again", "give_back"]
        assert (await settlement.month(supervisor, _JANUARY))["may"] == []
        # Before its time nobody tries.
        await settlement.work()
        assert (await settlement.month(accountant, _JANUARY))["attempts"] == 1
        given = await settlement.give_back(accountant, _JANUARY, f"pārtrūka: {told}")
        assert (given["state"], given["error"], given["attempts"]) == ("open", None, 0)
        await _nothing_left(db)

    # Again and again: the pauses grow, one is cut short, and one that is killed is noted by the next.
    await settlement.close(accountant, _JANUARY)
    with monkeypatch.context() as now:
        now.setattr(repository, "booked", fails(OperationalError("", {}, Exception("gone"))))
        for pause in (10, 30, 120):
            with pytest.raises(OperationalError):
                await settlement.work()
            month = await settlement.month(accountant, _JANUARY)
            assert month["next_try_at"] == iso(books.clock.at + timedelta(seconds=pause))
            books.clock.at += timedelta(seconds=pause)
        books.clock.at -= timedelta(seconds=60)
        await settlement.try_again(accountant, _JANUARY)
        with pytest.raises(OperationalError):
            await settlement.work()
    month = await settlement.month(accountant, _JANUARY)
    assert (month["attempts"], month["error"]) == (4, "database_away")
    async with db.unit() as unit:
        now_at = books.clock.at + timedelta(seconds=600)
        assert await repository.claim(unit.session, _JANUARY, "gone-away", now_at, now_at + timedelta(seconds=60))
    books.clock.at = now_at
    month = await settlement.month(accountant, _JANUARY)
    assert (month["trying"], month["may"]) == (True, ["give_back"])
    # His lease is respected by whoever is in a hurry.
    await settlement.try_again(accountant, _JANUARY)
    books.clock.at += timedelta(seconds=61)
    await settlement.work()
    month = await settlement.month(accountant, _JANUARY)
    assert (month["error"], month["fault"], month["attempts"]) == ("interrupted", "gone-awa", 5)
    assert month["next_try_at"] == iso(books.clock.at + timedelta(seconds=600))

    # Closed on the hour as the twin was: the same bytes.
    await settlement.give_back(accountant, _JANUARY, "no jauna")
    closed = await books.close(_JANUARY, _AT)
    assert (closed["state"], closed["error"], closed["attempts"], closed["may"]) == ("closed", None, 1, [])
    assert await _contents(db) == wanted
    for act in (settlement.try_again(accountant, _JANUARY), settlement.give_back(accountant, _JANUARY, "?")):
        with pytest.raises(Conflict, match="month_closed"):
            await act
    with pytest.raises(Conflict, match="month_not_closing"):
        await settlement.give_back(accountant, _FEBRUARY, "?")
    with pytest.raises(Forbidden):
        await settlement.give_back(supervisor, _FEBRUARY, "?")
    assert await _contents(db) == wanted
    async with db.read() as session:
        trail = (await session.scalars(select(Audit).where(Audit.action == "month_given_back"))).all()
    assert len(trail) == 6
    assert trail[0].detail["before"]["error"] == "database_away"
    assert trail[0].detail["before"]["entries"] == 80
    assert trail[0].detail["reason"].startswith("pārtrūka")
    await db.close()


async def test_the_month_after_one_that_is_being_closed(sqlite_url: str) -> None:
    """What came too late for the month that is being closed stands in the preview of the next; what it has yet to take in does
    not."""
    db = Database(sqlite_url)
    books = Books(db, _AT)
    ledger = Ledger()
    first = ledger.case("chat_session", "webchat", 1, "riga", riga(2026, 1, 10))
    ledger.case("chat_session", "webchat", 1, "riga", riga(2026, 1, 11))
    ledger.case("chat_session", "webchat", 1, "valmiera", riga(2026, 2, 2))
    await ledger.write(db)
    accountant = await books.viewer("accountant")
    settlement = books.settlement

    async def corrected(level: int) -> None:
        async with db.unit() as unit:
            await cases.correct(unit.session, first, {"level": level}, "vēlāk", accountant, books.clock.at)

    await corrected(2)
    ahead = await settlement.preview(accountant, _FEBRUARY)
    assert (ahead["entries"], ahead["late"]) == (1, 0)
    assert "before_open" in [one["code"] for one in ahead["problems"]]

    await settlement.close(accountant, _JANUARY)
    books.clock.at += timedelta(minutes=1)
    await corrected(0)
    ahead = await settlement.preview(accountant, _FEBRUARY)
    assert (ahead["entries"], ahead["late"]) == (3, 2)
    assert "before_closing" in [one["code"] for one in ahead["problems"]]
    async with db.read() as session:
        variable = await settlement.variable_part(session, [_FEBRUARY])
    await settlement.work()
    january = await settlement.month(accountant, _JANUARY)
    assert (january["state"], january["entries"]) == ("closed", 4)
    # Once it is closed, the preview says what it said.
    after = await settlement.preview(accountant, _FEBRUARY)
    names = ("entries", "late", "total", "variable", "fee", "ledger")
    assert {name: after[name] for name in names} == {name: ahead[name] for name in names}
    assert not {"before_open", "before_closing"} & {one["code"] for one in after["problems"]}
    async with db.read() as session:
        assert await settlement.variable_part(session, [_FEBRUARY]) == variable
    await db.close()


_OPENED = "UPDATE settlement_period SET state = 'opening'"
_TEMPORARY = (
    "CREATE TEMPORARY TABLE settlement_period (month date, state text)",
    "INSERT INTO pg_temp.settlement_period SELECT month, 'opening' FROM public.settlement_period",
)


async def _together(db: Database, statements: Sequence[str]) -> None:
    async with db.unit() as unit:
        for statement in statements:
            await unit.session.execute(text(statement))


async def _refused(db: Database, *statements: str) -> None:
    with pytest.raises(
        DBAPIError, match=r"only grows|does not change|not being closed|permission denied|must be owner"
    ):
        await _together(db, statements)


async def test_given_back_on_postgresql(postgres_url: str) -> None:
    """As somebody who may only read and write rows; while a worker is in the middle of it; and by no other way."""
    db = Database(await as_application(postgres_url))
    books = Books(db, _AT)
    await year(7, 120, 40).write(Database(postgres_url))
    accountant = await books.viewer("accountant")
    settlement = books.settlement
    await settlement.close(accountant, _JANUARY)

    begun, go_on, plain = asyncio.Event(), asyncio.Event(), repository.collect

    async def slow(session: Any, span: Any, limit: int) -> int:
        taken = await plain(session, span, limit)
        begun.set()
        await go_on.wait()
        return taken

    repository.collect = slow  # type: ignore[assignment]
    try:
        worker = asyncio.create_task(settlement.work())
        await asyncio.wait_for(begun.wait(), 20)
        giving = asyncio.create_task(settlement.give_back(accountant, _JANUARY, "pa vidu"))
        # Its transaction is not stored yet: giving back waits for it, and takes what it stored away.
        await asyncio.sleep(0.3)
        assert not giving.done()
        go_on.set()
        given = await asyncio.wait_for(giving, 20)
    finally:
        repository.collect = plain
    assert given["state"] == "open"
    await asyncio.wait_for(worker, 20)  # the month is not his any longer; he says so and stores nothing
    await _nothing_left(db)

    # Of a month that is being closed: lines go in one state only, and that is not come by from elsewhere.
    await settlement.close(accountant, _JANUARY)
    async with db.unit() as unit:
        span = repository.Span(_JANUARY, _AT, {})
        assert await repository.collect(unit.session, span, 10) == 10
    for statements in (
        ("DELETE FROM settlement_line",),
        ("UPDATE settlement_line SET amount = 0",),
        ("DELETE FROM settlement_period",),
        ("UPDATE settlement_period SET cutoff_at = now()",),
        (_OPENED, "UPDATE settlement_line SET amount = 0"),
        (_OPENED, "UPDATE settlement_period SET state = 'closed'"),
        (_OPENED, "INSERT INTO settlement_line SELECT * FROM settlement_line LIMIT 1"),
        ("INSERT INTO settlement_period SELECT '2026-02-01', 'closed', started_by, started_at, cutoff_at, 0, 'done', NULL,"
         " NULL, NULL, NULL, 'EUR', NULL FROM settlement_period",),
        (*_TEMPORARY, "DELETE FROM public.settlement_line"),
    ):  # fmt: skip
        await _refused(db, *statements)
    await settlement.work()
    assert (await settlement.month(accountant, _JANUARY))["state"] == "closed"
    before = await _contents(db)
    for statements in (
        (_OPENED,),
        ("DELETE FROM settlement_line",),
        (*_TEMPORARY, "DELETE FROM public.settlement_line"),
        ("ALTER TABLE settlement_line DISABLE TRIGGER ALL",),
        ("SET session_replication_role = replica", "DELETE FROM settlement_line"),
        ("TRUNCATE settlement_line",),
        ("UPDATE settlement_statement SET total = 0",),
        ("UPDATE case_entry SET amount = 0",),
    ):
        await _refused(db, *statements)
    assert await _contents(db) == before
    await db.close()


def _code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "")


async def test_over_http(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    gunta, liga = await stage.staff("gunta"), await stage.staff("liga")
    ledger = Ledger()
    ledger.case("chat_session", "webchat", 1, "riga", riga(2026, 10, 5))
    await ledger.write(stage.gateway.db)
    path = "/settlement/periods/2026-10"

    async def broken(_: date) -> Sequence[Any]:
        raise RuntimeError("Zigfrīds")

    plain = stage.gateway.settlement._adjustments
    stage.gateway.settlement._adjustments = broken
    assert (await gunta.http.post(f"{path}/close")).status_code == 202
    async with asyncio.timeout(20):
        while not (month := (await gunta.http.get(path)).json())["error"]:
            await asyncio.sleep(0.02)
    assert (month["error"], month["may"]) == ("adjustments", ["try_again", "give_back"])
    assert "Zigfr" not in (await gunta.http.get(path)).text
    for act, body in (("try_again", {}), ("give_back", {"reason": "x"})):
        assert _code(await liga.http.post(f"{path}/{act}", json=body)) == (403, "forbidden")
    assert (await gunta.http.post(f"{path}/give_back", json={"reason": " "})).status_code == 422
    assert _code(await gunta.http.post("/settlement/periods/2026-11/try_again")) == (409, "month_not_closing")
    assert (await gunta.http.post("/settlement/periods/2026-09/give_back", json={"reason": "x"})).status_code == 404
    given = (await gunta.http.post(f"{path}/give_back", json={"reason": "kļūme"})).json()
    assert (given["state"], given["may"]) == ("open", ["close", "preview"])
    assert _code(await liga.http.get(f"{path}/preview")) == (409, "month_adjustments")
    stage.gateway.settlement._adjustments = plain
    assert (await gunta.http.post(f"{path}/close")).status_code == 202
    async with asyncio.timeout(20):
        while (month := (await gunta.http.get(path)).json())["state"] != "closed":
            await asyncio.sleep(0.02)
    assert _code(await gunta.http.post(f"{path}/give_back", json={"reason": "x"})) == (409, "month_closed")
    assert _code(await gunta.http.post(f"{path}/try_again")) == (409, "month_closed")
    await gunta.close()
    await liga.close()
