"""Reports: every figure once more by hand, on both databases; its rows; who may see what; files."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

import openpyxl
import pytest
from sqlalchemy import delete, func, select, true

from handoff.broker import Broker
from handoff.conversations.models import Conversation
from handoff.presence.repository import keep_day
from handoff.reports import repository
from handoff.reports.contacts import Wanted
from handoff.reports.endpoints import _seen
from handoff.reports.metrics import METRICS
from handoff.reports.models import ContactDue, ContactFact
from handoff.reports.service import as_promised
from handoff.reports.tasks import ContactWatch
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level.models import ServiceTarget
from handoff.service_level.targets import LiveTargets, usual
from handoff.staff.models import Staff
from handoff.staff.service import viewer_of
from kit.clock import RIGA
from kit.db import Database
from kit.errors import PieturaError
from tests.handoff.reports import by_hand
from tests.handoff.reports.late import LATE, comes
from tests.handoff.reports.year import Year, fill
from tests.handoff.test_board import _Day
from tests.stage import Stage

_TARGET = timedelta(seconds=30)
_CALENDAR = WorkingCalendar(exceptions={date(2026, 3, 30): False})
#: Over the change to summer time, and so late that the last contacts are not judged yet.
_FIRST, _LAST, _NOW = date(2026, 3, 20), date(2026, 4, 3), datetime(2026, 4, 4, 5, 0, tzinfo=UTC)


class _Broker:
    """As much of the broker as reports ask of it."""

    def __init__(self, db: Database, calendar: WorkingCalendar, now: datetime) -> None:
        self.db = db
        self.calendar = lambda: calendar
        first = usual(_TARGET, timedelta(hours=1), timedelta(hours=10))
        self.targets = LiveTargets(db, _At(now), first, lambda _targets: None)


async def _broker(db: Database, calendar: WorkingCalendar, now: datetime) -> Broker:
    made = _Broker(db, calendar, now)
    await made.targets.once()
    return cast("Broker", made)


async def _compare(
    db: Database, wanted: Wanted, calendar: WorkingCalendar, now: datetime, groupings: Iterable[str]
) -> dict[str, Any]:
    """The report's figures, each the same as by hand, in all and by every grouping."""
    everybody = await by_hand.gather(db)
    comers = {one["id"] for one in everybody if by_hand.again(one, everybody)}
    chosen = [
        one
        for one in everybody
        if wanted.begins <= one["opened"] < wanted.ends
        and all(by_hand.group_of(one, name) == value for name, value in wanted.only.items())
    ]
    hours, target = await by_hand.promises(db, calendar, _TARGET)
    broker = await _broker(db, calendar, now)
    total: dict[str, Any] = {}
    for by in groupings:
        async with db.read() as session:
            contacts_found = await as_promised(session, broker, wanted, now, {by, "day"}, numbered=False)
            found = await repository.aggregates(session, contacts_found, METRICS, by, "day")
        groups: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
        for one in chosen:
            groups[by_hand.group_of(one, by)].append(one)
        assert found.groups.keys() == groups.keys(), by
        for key, told in [(None, found.total), *found.groups.items()]:
            own = chosen if told is found.total else groups[key]
            right = by_hand.figures(own, comers, hours, target, now)
            for name, seen in _seen(METRICS, told).items():
                part, whole = right.get(name, (0, 0))
                value = seen["value"] if "value" in seen else seen["part"]
                assert (name, by, key, value, seen["whole"]) == (name, by, key, part, whole)
        total = _seen(METRICS, found.total)
    return total


@pytest.mark.parametrize("kind", ["sqlite_url", "postgres_url"])
async def test_a_year_cut_out_is_what_it_is_by_hand(kind: str, request: pytest.FixtureRequest) -> None:
    db = Database(request.getfixturevalue(kind))
    await fill(db, Year(3, 400, date(2026, 3, 18), 17))
    groupings = ("service", "centre", "reason", "hour", "weekday", "month")
    total = await _compare(db, Wanted(_FIRST, _LAST), _CALENDAR, _NOW, groupings)
    await _compare(db, Wanted(_FIRST, _LAST, {"channel": "facebook"}), _CALENDAR, _NOW, ["institution"])
    # A comparison of nothing with nothing proves nothing.
    assert all(one["whole"] > 5 for one in total.values()), total
    assert 0 < total["contained"]["part"] < total["contained"]["whole"] < total["contacts"]["whole"]
    assert total["asked_again"]["part"] > 3
    # Half of them come when nobody is there, and wait for no working time at all.
    assert total["wait_p95"]["value"] > 600
    # The rows behind a figure are as many as it says.
    broker = await _broker(db, _CALENDAR, _NOW)
    async with db.read() as session:
        found = await as_promised(session, broker, Wanted(_FIRST, _LAST), _NOW)
        for name in ("contained", "begun_in_time", "wait_p95", "rating_mean", "rating_3"):
            one, told = METRICS[name], total[name]
            part, rest, whole = [
                await repository.count(session, found, one.rows(found, which)) for which in ("part", "rest", "whole")
            ]
            assert part == (told["part"] if one.how in ("count", "share") else told["whole"]), name
            assert whole == told["whole"], name
            assert rest + part == whole, name
    # What is gathered is what it was; and whatever comes later counts at once, before anybody gathers it anew.
    watch = ContactWatch(db, _At(_NOW), portion=150)
    await watch.once()
    assert (await _number(db, ContactFact), await _left(db)) == await _over_and_not(db)
    assert await _compare(db, Wanted(_FIRST, _LAST), _CALENDAR, _NOW, ("service", "month")) == total
    for late in LATE:
        async with db.unit() as unit:
            await late(unit.session)
        was, total = total, await _compare(db, Wanted(_FIRST, _LAST), _CALENDAR, _NOW, ["channel"])
        assert total != was, late.__name__
        assert await _left(db) > 0
    await watch.once()
    assert (await _number(db, ContactFact), await _left(db)) == await _over_and_not(db)
    assert await _compare(db, Wanted(_FIRST, _LAST), _CALENDAR, _NOW, ["institution"]) == total
    # Nobody is lost, whatever became of the lists.
    async with db.unit() as unit:
        await unit.session.execute(delete(ContactFact).where(ContactFact.rating.is_not(None)))
    await ContactWatch(db, _At(_NOW)).once()
    assert (await _number(db, ContactFact), await _left(db)) == await _over_and_not(db)
    # The calendar is nothing that is gathered.
    shut = WorkingCalendar(exceptions={**_CALENDAR.exceptions, date(2026, 3, 25): False})
    assert await _compare(db, Wanted(_FIRST, _LAST), shut, _NOW, ["channel"]) != total
    # Which hours held is kept by day: then nothing that is set later changes what was.
    days = [_FIRST + timedelta(days=number) for number in range((_LAST - _FIRST).days + 1)]
    await _hours_held(db, {day: _CALENDAR.worked(day) for day in days})
    assert await _compare(db, Wanted(_FIRST, _LAST), shut, _NOW, ["channel"]) == total
    await _hours_held(db, {date(2026, 3, 20): None, date(2026, 3, 27): (time(9, 30), time(15, 0))})
    held = await _compare(db, Wanted(_FIRST, _LAST), shut, _NOW, ["channel"])
    assert {name for name in total if held[name] != total[name]} >= {"wait_p95", "begun_in_time"}
    # A target holds for the waits of its days: those before are judged as before, day by day.
    async with db.unit() as unit:
        about = {"measure": "chat_begun", "percent": 95, "reason": "x", "set_by": "x", "set_at": _NOW}
        unit.session.add(ServiceTarget(valid_from=date(2026, 3, 25), seconds=7200, **about))
        unit.session.add(ServiceTarget(valid_from=date(2026, 3, 31), seconds=5, **about))
    later = await _compare(db, Wanted(_FIRST, _LAST), shut, _NOW, ["day"])
    assert {name for name in total if later[name] != held[name]} == {"begun_in_time"}
    # A file is of one moment: who comes while it is read neither doubles a row nor takes one away.
    numbers = []
    async with db.read() as session:
        found = await as_promised(session, broker, Wanted(_FIRST, _LAST), _NOW)
        async for row in repository.every_row(session, found, true(), [], 20):
            numbers.append(row.no)
            if len(numbers) == 5:
                async with db.unit() as unit:
                    await comes(unit.session, datetime(2026, 4, 3, 20, 0, tzinfo=UTC))
    assert len(numbers) == len(set(numbers)) == total["contacts"]["part"]
    await db.close()


async def _hours_held(db: Database, hours: dict[date, tuple[time, time] | None]) -> None:
    async with db.unit() as unit:
        for day, one in hours.items():
            await keep_day(unit.session, unit.dialect, day, one)


class _At:
    """A clock that stands."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at


async def _number(db: Database, table: Any) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def _left(db: Database) -> int:
    async with db.read() as session:
        return await session.scalar(select(func.count(ContactDue.conversation_id.distinct()))) or 0


async def _over_and_not(db: Database) -> tuple[int, int]:
    """How many contacts are over for so long that they may be gathered, and how many are not."""
    over = func.count().filter(Conversation.closed_at <= _NOW - timedelta(hours=24))
    async with db.read() as session:
        gone, everybody = (await session.execute(select(over, func.count()).select_from(Conversation))).one().tuple()
    assert 0 < gone < everybody
    return gone, everybody - gone


async def test_a_random_day_through_the_broker_is_what_its_log_says(stage: Stage) -> None:
    async with stage.gateway.db.read() as session:
        people = {one.email.split("@")[0]: viewer_of(one, "") for one in await session.scalars(select(Staff))}
    day = _Day(stage, people, 5)
    for task in stage.gateway._tasks:
        if any(name in repr(task.get_coro()) for name in ("Router", "Sweep", "Level2Watch")):
            task.cancel()
    russian = await day.begin()
    for _ in range(110):
        try:
            await day.step(russian)
        except PieturaError:
            continue
    broker = stage.gateway.broker
    async with stage.gateway.db.read() as session:
        ended = [
            row.id for row in await session.scalars(select(Conversation).where(Conversation.closed_at.is_not(None)))
        ]
    for at, one in enumerate(sorted(ended)):
        await broker.rate(one, at % 5 + 1, None)
    now = stage.clock.now()
    today = now.astimezone(RIGA).date()
    wanted = Wanted(today - timedelta(days=30), today)
    groupings = ("institution", "channel", "language", "reason", "day")
    total = await _compare(stage.gateway.db, wanted, stage.gateway.calendar(), now, groupings)
    assert total["contacts"]["whole"] > 15
    assert total["handed_over"]["part"] > 5
    assert total["rated"]["part"] == len(ended) > 5


def test_the_period_before_is_as_long() -> None:
    def before(first: str, last: str) -> tuple[str, str]:
        found = Wanted(date.fromisoformat(first), date.fromisoformat(last)).before()
        return found.from_day.isoformat(), found.to_day.isoformat()

    assert before("2026-11-10", "2026-11-16") == ("2026-11-03", "2026-11-09")
    assert before("2026-03-01", "2026-03-31") == ("2026-02-01", "2026-02-28")
    assert before("2026-01-01", "2026-12-31") == ("2025-01-01", "2025-12-31")
    assert before("2026-01-01", "2026-02-28") == ("2025-11-01", "2025-12-31")


async def test_calls_files_and_who_may(stage: Stage) -> None:
    db = stage.gateway.db
    await fill(db, Year(9, 120, date(2026, 11, 10), 14))
    liga, anna, baiba = await stage.staff("liga"), await stage.staff("anna"), await stage.staff("baiba")
    period = {"from": "2026-11-10", "to": "2026-11-23"}
    report = (await liga.http.get("/reports", params={**period, "by": "institution"})).raise_for_status().json()
    assert report["total"]["contacts"] == {"part": 120, "whole": 120}
    assert [one["id"] for one in report["groups"]][-1] is None
    assert (
        next(one["name"] for one in report["groups"] if one["id"] == "pmlp")
        == "Pilsonības un migrācijas lietu pārvalde"
    )
    assert len(report["trend"]) == len(report["trend_before"]) == 14
    assert sum(one["figures"]["contacts"]["part"] for one in report["trend"]) == 120
    # A day of the course opens to as many rows as it says.
    step = report["trend"][7]
    on_day = {**period, "metric": "contacts", "by": "day", "group": step["id"]}
    opened = (await liga.http.get("/reports/rows", params=on_day)).raise_for_status().json()
    assert opened["total"] == step["figures"]["contacts"]["part"]
    assert report["total_before"]["contacts"]["whole"] == 0
    assert sum(one["count"] for one in report["reasons"]) == report["total"]["handed_over"]["part"]
    narrowed = (await liga.http.get("/reports", params={**period, "channel": "x", "by": "weekday"})).json()
    assert [one["name"] for one in narrowed["only"]] == ["x"]
    assert 0 < narrowed["total"]["contacts"]["whole"] < 60
    assert [one["id"] for one in narrowed["groups"]] == sorted(one["id"] for one in narrowed["groups"])
    # From a figure of a group to its rows, the longest waits first; and to all of them in a file.
    asked = {**period, "metric": "wait_p95", "by": "channel", "group": "webchat"}
    rows = (await liga.http.get("/reports/rows", params=asked)).raise_for_status().json()
    waits = [one["wait_s"] for one in rows["rows"]]
    assert waits == sorted(waits, reverse=True)
    assert all(one["conversation_id"] and one["channel"] == "webchat" for one in rows["rows"])
    lines = (await liga.http.get("/reports/rows.csv", params=asked)).text.splitlines()
    assert len(lines) == rows["total"] + 1
    # In words, as on the page.
    assert lines[0].startswith("\ufeffNumurs;Sākts;")
    assert all(";Tīmekļa tērzēšana;" in line for line in lines[1:])
    table = (await liga.http.get("/reports.csv", params={**period, "by": "month"})).text.splitlines()
    assert [line.split(";")[:2] for line in table[1:]] == [["2026-11", "120"], ["Kopā", "120"]]
    # Decimals as a spreadsheet here reads them.
    assert re.search(r";\d+,\d+;", table[-1])
    assert "." not in table[-1]
    made = await liga.http.get("/reports.xlsx", params={**period, "by": "service"})
    book = openpyxl.load_workbook(io.BytesIO(made.content))
    assert len(book.sheetnames) == 3
    assert book.worksheets[0].cell(book.worksheets[0].max_row, 2).value == 120
    # Who may not is told so, whatever he asks for; editors see what was asked, and no figures.
    for path in (
        "/reports",
        "/reports/rows?metric=contacts",
        "/reports.csv",
        "/reports.xlsx",
        "/reports/rows.csv?metric=contacts",
    ):
        assert (await anna.http.get(path)).status_code == 403, path
        assert (await baiba.http.get(path)).status_code == 403, path
    assert (await anna.http.get("/reports/demand")).status_code == 403
    assert (await baiba.http.get("/reports/demand")).json()["total"] == 0
    for bad, code in (
        ({"by": "mood"}, "bad_value"),
        ({"from": "2026-11-10", "to": "2026-11-01"}, "bad_period"),
        ({"from": "2024-01-01", "to": "2026-11-01"}, "period_too_long"),
        ({"from": "yesterday"}, "bad_date"),
    ):
        assert (await liga.http.get("/reports", params=bad)).json()["code"] == code
    assert (await liga.http.get("/reports/rows", params={"metric": "joy"})).json()["code"] == "bad_value"
    assert (await liga.http.get("/reports/rows", params={"metric": "contacts", "which": "x"})).json()[
        "code"
    ] == "bad_value"


async def test_what_was_asked_in_vain(stage: Stage) -> None:
    liga = await stage.staff("liga")
    for text in (
        "Vai drīkst turēt vistas dzīvoklī?",
        "Vai dzīvoklī drīkst turēt vistas?",
        "Mans tālrunis ir 29123456, vai man pienākas?",
    ):
        citizen = await stage.citizen()
        stage.understander.mode = "works"
        await citizen.ask(text)
        await stage.gateway.broker.end_by_citizen(str(citizen.conversation))
    stage.clock.push(timedelta(minutes=1))
    await stage.gateway.learning.gather()
    found = (await liga.http.get("/reports/demand")).raise_for_status().json()
    assert found["total"] == sum(one["count"] for one in found["groups"]) > 0
    assert all("29123456" not in text for one in found["groups"] for text in one["texts"])
    assert (await liga.http.get("/reports/demand", params={"from": "2026-10-01", "to": "2026-10-02"})).json()[
        "groups"
    ] == []
