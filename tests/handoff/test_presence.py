"""Presence as it was: one span for whatever number of tabs, ended by silence at the last sign of life."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from handoff.presence.models import PresenceRecord, PresenceSpan, WorkedDay
from handoff.presence.service import Presence, changed, sign_of_life
from handoff.presence.tasks import KEPT, PresenceWatch
from handoff.queue.repository import PRESENT
from handoff.service_clock.service import WorkingCalendar
from handoff.staff.models import Staff
from handoff.staff.service import viewer_of
from kit.db import Database
from tests.load.day import MovedClock
from tests.stage import Stage

#: 10:00 in Riga on a Tuesday.
START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
Spans = list[tuple[str, int, int | None]]


class _Desk:
    """Signs of life of Anna's, at seconds after ``START``."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = MovedClock(START)
        self.watch = PresenceWatch(db, self.clock, WorkingCalendar)

    def at(self, second: float) -> datetime:
        self.clock.at = START + timedelta(seconds=second)
        return self.clock.at

    async def sign(self, *seconds: float, who: str = "anna@demo.lv") -> None:
        for second in seconds:
            async with self.db.unit() as unit:
                staff = (await unit.session.scalars(select(Staff).where(Staff.email == who))).one()
                await sign_of_life(unit.session, staff.id, self.at(second))

    async def choose(self, second: float, availability: str) -> None:
        async with self.db.unit() as unit:
            staff = (await unit.session.scalars(select(Staff).where(Staff.email == "anna@demo.lv"))).one()
            staff.availability = availability
            await changed(unit.session, staff, self.at(second))

    async def look(self, second: float) -> None:
        self.at(second)
        await self.watch.once()

    async def spans(self) -> Spans:
        async with self.db.read() as session:
            rows = (
                await session.scalars(select(PresenceSpan).order_by(PresenceSpan.began_at, PresenceSpan.ended_at))
            ).all()
        return [(one.kind, _after(one.began_at), _after(one.ended_at) if one.ended_at else None) for one in rows]


def _after(moment: datetime) -> int:
    return round((moment - START).total_seconds())


@pytest.fixture
async def desk(sqlite_url: str) -> _Desk:
    return _Desk(Database(sqlite_url))


async def test_silence_ends_a_span_where_it_was_last_heard_of(desk: _Desk) -> None:
    await desk.sign(0, 20, 40, 40, 60)
    await desk.look(100)
    assert await desk.spans() == [("available", 0, None)], "forty seconds may be a page that is loaded anew"
    await desk.look(106)
    assert await desk.spans() == [("available", 0, 60)]
    await desk.sign(600)
    assert await desk.spans() == [("available", 0, 60), ("available", 600, None)]
    # The gateway was killed: nobody looked meanwhile, and the restart claims nothing.
    await desk.sign(4200)
    assert (await desk.spans())[1] == ("available", 600, 600)


async def test_choices_begin_another_span_only_for_who_is_there(desk: _Desk) -> None:
    await desk.choose(0, "away")
    assert await desk.spans() == []
    await desk.sign(10, 30)
    await desk.choose(40, "available")
    await desk.choose(41, "available")
    await desk.sign(60)
    await desk.choose(300, "away")
    assert await desk.spans() == [("away", 10, 40), ("available", 40, 60)]
    # Set in the table by whoever else: the next sign of life tells.
    await desk.sign(310)
    async with desk.db.unit() as unit:
        await unit.session.execute(update(Staff).values(centre_id="valmiera"))
    await desk.sign(330)
    assert (await desk.spans())[2:] == [("away", 310, 330), ("away", 330, None)]


async def test_a_clock_that_is_put_back_takes_back_what_has_not_happened(desk: _Desk) -> None:
    await desk.sign(3600, 3620)
    await desk.sign(3610)
    assert await desk.spans() == [("available", 3600, None)], "a little is nothing"
    await desk.look(3620)
    await desk.sign(20, 40)
    spans = await desk.spans()
    assert sorted(spans, key=str) == [("available", 20, None), ("available", 3600, 3600)]
    await desk.look(60)
    await desk.look(80)
    async with desk.db.read() as session:
        records = (await session.scalars(select(PresenceRecord))).all()
    assert [(_after(one.began_at), _after(one.last_seen_at)) for one in records] == [(60, 80)]


async def test_of_others_than_operators_nothing_is_kept(desk: _Desk) -> None:
    await desk.sign(0, who="liga@demo.lv")
    await desk.sign(0, who="ieva@demo.lv")
    assert await desk.spans() == []


async def test_the_service_keeps_when_it_ran_which_hours_held_and_nothing_too_old(desk: _Desk) -> None:
    await desk.sign(0)
    for second in (0, 20, 40, 200, 220):
        await desk.look(second)
    async with desk.db.read() as session:
        records = (await session.scalars(select(PresenceRecord).order_by(PresenceRecord.began_at))).all()
        day = await session.get(WorkedDay, START.date())
    assert [(_after(one.began_at), _after(one.last_seen_at)) for one in records] == [(0, 40), (200, 220)]
    assert day is not None
    assert (day.opens, day.closes) == ("08:00", "18:00")
    await desk.look(KEPT.total_seconds())
    assert len(await desk.spans()) == 1
    await desk.look(KEPT.total_seconds() + 1)
    assert await desk.spans() == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_workers_and_tabs_at_once_are_one_span(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url")
    desk = _Desk(Database(url))
    await asyncio.gather(*(desk.sign(0) for _ in range(6)))
    await asyncio.gather(*(desk.sign(20) for _ in range(3)), desk.choose(20, "away"))
    watches = [PresenceWatch(desk.db, desk.clock, WorkingCalendar) for _ in range(3)]
    await asyncio.gather(*(watch.once() for watch in watches))
    spans = await desk.spans()
    assert [one for one in spans if one[2] is None] == [("away", 20, None)]
    assert sum((end or 20) - begins for _, begins, end in spans) == 20, "nothing is counted twice"
    await desk.db.close()


async def test_a_heartbeat_writes_once_a_period_however_many_tabs(desk: _Desk) -> None:
    presence = Presence(desk.db, desk.clock)
    async with desk.db.read() as session:
        staff = (await session.scalars(select(Staff).where(Staff.email == "anna@demo.lv"))).one()
    viewer = viewer_of(staff, "")
    units = 0
    opened = desk.db.unit

    def counted():  # type: ignore[no-untyped-def]
        nonlocal units
        units += 1
        return opened()

    desk.db.unit = counted  # type: ignore[method-assign]
    for second in (0, 3, 6, 20, 23, 26):
        desk.at(second)
        await presence.heard(viewer)
    desk.db.unit = opened  # type: ignore[method-assign]
    assert units == 2
    assert await desk.spans() == [("available", 0, None)]
    assert await _seen(desk, staff.id) == 20
    # The line is lost without a word, which shows a minute later: he has been gone since the last sign, and that is not moved on.
    for second in (80, 85):
        async with desk.db.unit() as unit:
            await presence.went(unit, viewer, desk.at(second), silent=True)
        assert await _seen(desk, staff.id) <= 20 - PRESENT.total_seconds()
    await desk.look(90)
    assert await desk.spans() == [("available", 0, 20)]
    # A page that is closed says so, and he was there until then.
    async with desk.db.unit() as unit:
        await presence.came(unit, viewer, desk.at(200))
    async with desk.db.unit() as unit:
        await presence.went(unit, viewer, desk.at(230))
    assert await _seen(desk, staff.id) == 230 - PRESENT.total_seconds()
    assert (await desk.spans())[1:] == [("available", 200, None)]


async def _seen(desk: _Desk, staff_id: str) -> int:
    async with desk.db.read() as session:
        return _after((await session.get_one(Staff, staff_id, populate_existing=True)).seen_at or START)


async def test_a_real_console_is_one_span_through_choices_and_a_second_window(stage: Stage) -> None:
    anna = await stage.staff("anna")
    await anna.listen()
    second = await stage.staff("anna")
    await second.listen()
    await anna.http.put("/me", json={"availability": "away"})
    await second.close()
    async with asyncio.timeout(10):
        while True:
            async with stage.gateway.db.read() as session:
                rows = (await session.execute(text("SELECT kind, ended_at FROM presence_span ORDER BY began_at"))).all()
            if len(rows) == 2:
                break
            await asyncio.sleep(0.05)
    assert [(kind, end is None) for kind, end in rows] == [("available", False), ("away", True)]
    await anna.close()
    stage.clock.push(timedelta(minutes=5))
    await stage.gateway.presence_watch.once()
    async with stage.gateway.db.read() as session:
        spans = (await session.scalars(select(PresenceSpan))).all()
    assert all(one.ended_at is not None and one.ended_at < stage.clock.now() - timedelta(minutes=4) for one in spans)
