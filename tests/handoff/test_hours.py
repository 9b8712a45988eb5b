"""Working time set in the console: in force at once, refused where it makes no sense, never written over unseen."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from sqlalchemy import select

from handoff.queue.service import Wait, wording
from handoff.service_clock.service import WorkingCalendar
from handoff.staff.models import Audit
from tests.stage import WORKING, Stage

_WEEK: list[Any] = [["09:00", "17:00"]] * 5 + [None, None]


async def _open(stage: Stage) -> bool:
    await stage.gateway.calendar.once()
    return stage.gateway.broker.calendar().is_open(stage.clock.now())


async def test_the_week_is_set_by_an_administrator_and_in_force(stage: Stage) -> None:
    admin, liga, anna = await stage.staff("admin"), await stage.staff("liga"), await stage.staff("anna")
    assert (await anna.http.get("/hours")).status_code == 403
    seen = (await liga.http.get("/hours")).json()
    assert seen["week"] == [["08:00", "18:00"]] * 5 + [None, None]
    assert not seen["may_set_week"]
    assert "2027-11-18" in [one["day"] for one in seen["holidays"] if one["name"]]
    assert await _open(stage)
    body = {"week": [["12:00", "17:00"], *([["12:00", "17:00"]] * 4), None, None], "version": seen["version"]}
    assert (await liga.http.put("/hours/week", json=body)).status_code == 403
    preview = (await admin.http.post("/hours/preview", json={"week": body["week"]})).json()
    assert preview["days"][0] == {"day": "2026-11-24", "hours": ["12:00", "17:00"]}
    assert await _open(stage), "a preview changes nothing"
    set_ = await admin.http.put("/hours/week", json=body)
    assert set_.status_code == 200, set_.text
    assert not await _open(stage), "it is ten in the morning"
    late = await admin.http.put("/hours/week", json={"week": _WEEK, "version": seen["version"]})
    assert (late.status_code, late.json()["code"]) == (409, "calendar_changed")
    assert late.json()["who"] == "Māris Vītols"
    assert not await _open(stage)
    async with stage.gateway.db.read() as session:
        (line,) = (await session.scalars(select(Audit).where(Audit.action == "hours_changed"))).all()
    assert line.detail["before"]["week"] is None
    assert line.detail["after"]["week"] == body["week"]


async def test_a_day_that_differs(stage: Stage) -> None:
    liga = await stage.staff("liga")
    version = (await liga.http.get("/hours")).json()["version"]
    body = {"day": "2026-11-24", "working": False, "note": "Mācības", "version": version}
    marked = await liga.http.post("/hours/exceptions", json=body)
    assert marked.status_code == 200, marked.text
    assert marked.json()["exceptions"] == [{"day": "2026-11-24", "working": False, "note": "Mācības"}]
    assert marked.json()["days"][0]["hours"] is None
    assert not await _open(stage)
    assert (await liga.http.post("/hours/exceptions", json=body)).json()["code"] == "calendar_changed"
    past = {**body, "day": "2026-11-23", "version": version + 1}
    assert (await liga.http.post("/hours/exceptions", json=past)).json()["code"] == "day_passed"
    gone = await liga.http.delete(f"/hours/exceptions/2026-11-24?version={version + 1}")
    assert gone.json()["exceptions"] == []
    assert await _open(stage)
    assert (await liga.http.delete(f"/hours/exceptions/2026-11-24?version={version + 2}")).status_code == 404


async def test_hours_that_make_no_sense_are_refused(stage: Stage) -> None:
    admin = await stage.staff("admin")
    seen = (await admin.http.get("/hours")).json()
    for week, code in (
        ([["18:00", "08:00"], *_WEEK[1:]], "closes_before_opens"),
        ([["08:00", "08:00"], *_WEEK[1:]], "closes_before_opens"),
        ([None] * 7, "never_open"),
    ):
        refused = await admin.http.put("/hours/week", json={"week": week, "version": seen["version"]})
        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert "{" not in refused.json()["detail"]
    for week in (_WEEK[:6], [["8:00", "18:00"], *_WEEK[1:]]):
        assert (await admin.http.put("/hours/week", json={"week": week, "version": 1})).status_code == 422
    assert (await admin.http.get("/hours")).json()["version"] == seen["version"], "what was refused left nothing"


async def test_no_single_span_is_told_where_there_is_none(stage: Stage) -> None:
    nine, six = time(9), time(18)
    uneven = WorkingCalendar(
        nine, six, {}, ((nine, six), (nine, six), (nine, six), (nine, six), (nine, time(15)), None, None)
    )
    wait = Wait(False, timedelta(), WORKING, 0, 0)
    assert "9.00" in wording(stage.gateway.texts, "lv", wait, WORKING, WorkingCalendar(nine, six))
    assert "18.00" not in wording(stage.gateway.texts, "lv", wait, WORKING, uneven)
    friday = WORKING.replace(day=27, hour=14)
    assert (uneven.is_open(friday), WorkingCalendar(nine, six).is_open(friday)) == (False, True)
