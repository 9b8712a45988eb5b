"""Forecasts and shifts: Erlang C by published figures, ways judged on weeks they have not seen, nothing invented."""

from __future__ import annotations

import itertools
import json
import math
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert, select, update
from structlog.testing import CapturingLogger

from handoff.cases.models import Case, CaseEntry
from handoff.conversations.models import Conversation
from handoff.forecast import model, repository
from handoff.forecast.erlang import blocked, in_time, operators, waits
from handoff.forecast.model import Slot, forecast
from handoff.forecast.models import Forecast
from handoff.forecast.service import open_hours, when_people_were_there
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level.models import ServiceTarget
from handoff.shifts.models import Shift
from handoff.staff.models import Audit
from kit.clock import RIGA
from kit.db import Database
from tests.load.forecast import given
from tests.load.history import contacts
from tests.stage import Desk, Stage

# --- how many operators ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("places", "load"), [(1, 0.0101), (2, 0.1526), (5, 1.361), (10, 4.461), (20, 12.03), (100, 84.06)]
)
def test_blocking_by_the_published_table(places: int, load: float) -> None:
    """The Erlang B table for one per cent, as it stands in every handbook of telephone traffic."""
    assert blocked(places, load) == pytest.approx(0.01, rel=0.002)


def test_waiting_by_published_figures() -> None:
    # M/M/1 and M/M/2 in closed form.
    assert waits(1, 0.6) == pytest.approx(0.6)
    assert waits(2, 1.0) == pytest.approx(1 / 3)
    # The worked example of handbooks on contact centres: 200 contacts an hour of 180 s (ten erlangs), within 20 s.
    for agents, waiting, served in ((11, 0.682, 0.390), (12, 0.449, 0.640), (13, 0.285, 0.796), (14, 0.174, 0.888)):
        assert waits(agents, 10) == pytest.approx(waiting, abs=0.001)
        assert in_time(agents, 10, 180, 20) == pytest.approx(served, abs=0.001)
    assert operators(200, 180, 1, 0.80, 20) == 14
    assert (waits(10, 10), in_time(10, 10, 180, 30)) == (1.0, 0.0), "with no time to spare the queue has no end"


def test_operators_are_the_least_that_reach_the_target() -> None:
    for contacts_, handle, at_once in itertools.product((0.2, 3, 17.5, 60, 240), (60.0, 180.0, 700.0), (1, 2, 4)):
        number, load = operators(contacts_, handle, at_once, 0.95, 30), contacts_ * handle / 3600
        assert in_time(number * at_once, load, handle, 30) >= 0.95
        if number > 1:
            assert in_time((number - 1) * at_once, load, handle, 30) < 0.95
    assert operators(0, 180, 1, 0.95, 30) == 0
    assert operators(60, 180, 4, 0.95, 30) < operators(60, 180, 1, 0.95, 30)
    # All of them in time cannot be promised to the last; it is more than nineteen of twenty, and no absurd number.
    assert operators(60, 180, 1, 0.95, 30) < operators(60, 180, 1, 1, 30) < 20


def _by_states(places: int, load: float) -> float:
    """The chain of states summed one by one, without the recursion."""
    weights = [load**n / math.factorial(n) for n in range(places)]
    waiting = load**places / math.factorial(places) * places / (places - load)
    return waiting / (sum(weights) + waiting)


def test_the_recursion_is_the_sum_over_states() -> None:
    for places, share in itertools.product(range(1, 40, 3), (0.1, 0.55, 0.95)):
        assert waits(places, places * share) == pytest.approx(_by_states(places, places * share), rel=1e-9)


# --- contacts -------------------------------------------------------------------------------------------------------------


def test_what_comes_at_night_stands_with_the_morning() -> None:
    calendar = WorkingCalendar(exceptions={date(2026, 3, 27): False})

    def hours(day: date) -> Any:
        return calendar.hours(day) if calendar.is_working_day(day) else None

    # A Thursday, a Friday that is closed, the night of the change of clocks, a Monday.
    slots = open_hours(date(2026, 3, 26), date(2026, 3, 30), date(2026, 3, 26), hours)
    assert [slot.day for slot in slots] == [0] * 10 + [4] * 10
    assert (slots[0].at, slots[10].at) == ("2026-03-26T06:00:00+00:00", "2026-03-30T05:00:00+00:00")
    assert (slots[0].after, slots[10].after) == (False, True)
    at = {
        datetime(2026, 3, *when, tzinfo=UTC): n
        for n, when in enumerate(((26, 3), (26, 6), (26, 15), (26, 16), (29, 2), (30, 5)), 1)
    }
    counts = when_people_were_there([datetime.fromisoformat(slot.at) for slot in slots], at)
    assert (counts[0], counts[9], counts[10]) == (1 + 2, 3, 4 + 5 + 6)
    assert sum(counts) == sum(at.values()), "nobody is forgotten"


def _history(days: int) -> tuple[list[Slot], list[float], list[Slot]]:
    whole = given(days)
    return ([Slot(**one) for one in whole["known"]], whole["counts"], [Slot(**one) for one in whole["asked"]])  # type: ignore[attr-defined,return-value]


def test_a_way_is_chosen_by_weeks_that_it_has_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    known, counts, asked = _history(26 * 7)
    seen: list[tuple[int, int]] = []

    def cheat(train: Any, values: Any, test: Any) -> Any:
        seen.append((train[-1].day, test[0].day))
        return model.mean_of_weeks(train, values, test)

    monkeypatch.setattr(
        model, "WAYS", {"last_week": model.same_hour_last_week, "mean": cheat, "poisson": model.poisson}
    )
    stages: list[str] = []
    found = forecast(known, counts, asked, stages.append)
    assert stages == ["trying", "computing"]
    assert all(last < first for last, first in seen[:3]), "it never saw what it was judged by"
    tried = {name: error["wape"] for name, error in found["tried"].items()}
    assert found["model"] == min(tried, key=lambda name: tried[name])
    assert tried["poisson"] < 0.9 * tried["last_week"], "it beats the naive way, or it is not worth its library"
    assert 0.75 <= found["coverage"] <= 1, "nine of ten hours are meant to lie within"
    assert [one["at"] for one in found["hours"]] == [one.at for one in asked]
    assert all(one["low"] <= one["mean"] <= one["high"] for one in found["hours"])
    # Independent: the error of the naive way, computed here.
    last = {}
    off = whole = 0.0
    edges = [known[-1].day + 1 - 28 * back for back in (3, 2, 1, 0)]
    for begins, ends in itertools.pairwise(edges):
        last = {(slot.weekday, slot.hour): n for slot, n in zip(known, counts, strict=True) if slot.day < begins}
        for slot, n in zip(known, counts, strict=True):
            if begins <= slot.day < ends:
                off += abs(n - last[slot.weekday, slot.hour])
                whole += n
    assert tried["last_week"] == pytest.approx(off / whole, abs=1e-4)


def test_hours_that_were_never_open_get_no_number() -> None:
    known, counts, asked = _history(6 * 7)
    saturday = Slot("2026-12-05T08:00:00+00:00", asked[-1].day, 5, 10, False)
    found = forecast(known, counts, [*asked[:10], saturday], lambda _stage: None)
    assert len(found["hours"]) == 10
    # A dull week: no contact at all is forecast as none, and does not break anything.
    nothing = forecast(known, [0.0] * len(known), asked[:10], lambda _stage: None)
    assert np.allclose([one["mean"] for one in nothing["hours"]], 0, atol=0.01)


# --- in service -----------------------------------------------------------------------------------------------------------


async def _ledger(db: Database, today: date, days: int) -> int:
    """Cases of ``days`` before today, each taken after ten seconds and closed after five minutes; nine thousand a year."""
    rows = sorted(contacts(today - timedelta(days=days), days, 9000).items())
    conversations, cases, entries = [], [], []
    for at, many in rows:
        for number in range(many):
            key, opened = str(uuid.uuid4()), at + timedelta(minutes=number % 60)
            common = {"channel": "webchat", "site": "demo", "opened_at": opened}
            conversations.append({"id": key, "state": "closed", "lang": "lv", "last_at": opened, **common})
            cases.append({"no": len(cases) + 1, "conversation_id": key, **common})
            entries.append(
                {
                    **common,
                    "case_no": len(cases),
                    "revision": 1,
                    "kind": "settled",
                    "sign": 1,
                    "recorded_at": opened,
                    "conversation_id": key,
                    "lang": "lv",
                    "level": 1,
                    "outcome": "resolved",
                    "queued_at": opened,
                    "taken_at": opened + timedelta(seconds=10),
                    "closed_at": opened + timedelta(seconds=310),
                }
            )
    async with db.unit() as unit:
        for table, values in ((Conversation, conversations), (Case, cases), (CaseEntry, entries)):
            await unit.session.execute(insert(table), values)
    return len(cases)


def _today(stage: Stage) -> date:
    return stage.clock.now().astimezone(RIGA).date()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_hours_are_counted_alike_on_both_databases(kind: str, request: pytest.FixtureRequest) -> None:
    db = Database(request.getfixturevalue("sqlite_url" if kind == "sqlite" else "postgres_url"))
    # Over the night in which clocks are put back, when Riga's three o'clock comes twice.
    today = date(2026, 10, 27)
    await _ledger(db, today, 4)
    made = contacts(today - timedelta(days=4), 4, 9000)
    begins, ends = datetime(2026, 10, 23, 6, tzinfo=UTC), datetime(2026, 10, 26, 12, tzinfo=UTC)
    async with db.read() as session:
        found = await repository.contacts_by_hour(session, begins, ends, db.dialect)
        spans = await repository.handled(session, begins)
    assert found == {at: count for at, count in made.items() if begins <= at < ends}
    assert {closed - taken for taken, closed in spans} == {timedelta(seconds=300)}
    await db.close()


async def _shift(desk: Desk, code: int = 201, **body: Any) -> Any:
    answer = await desk.http.post(
        "/shifts", json={"centre_id": "riga", "day": "2026-11-25", "begins": "08:00", "ends": "16:30", **body}
    )
    assert answer.status_code == code, answer.text
    return answer.json()


async def test_from_the_ledger_to_the_week(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    assert (await anna.http.get("/shifts")).status_code == 403
    assert (await anna.http.post("/forecast")).status_code == 403
    nothing = (await liga.http.get("/shifts")).json()
    assert (nothing["forecast"]["state"], nothing["forecast"]["history_days"]) == ("none", 0)
    assert {one["needed"] for one in nothing["hours"]} == {None}, "no number is invented"
    early = await liga.http.post("/forecast")
    assert (early.status_code, early.json()["code"]) == (400, "forecast_history")

    many = await _ledger(stage.gateway.db, _today(stage), 36)
    forecasts = stage.gateway.forecasts
    begun = await liga.http.post("/forecast")
    assert (begun.status_code, begun.json()["state"], begun.json()["stage"]) == (202, "running", "reading")
    again = await liga.http.post("/forecast")
    assert again.json()["state"] == "running"
    await forecasts.wait()
    await forecasts.once()
    async with stage.gateway.db.read() as session:
        (row,) = (await session.scalars(select(Forecast))).all()
    assert row.state == "done", "one was asked for, and one is enough for a day"
    assert row.result is not None
    week = (await liga.http.get("/shifts?week=2026-12-03")).json()
    quality = week["forecast"]["quality"]
    # The first day is not counted, for it may have begun in the middle.
    assert 0.9 * many < quality["contacts"] <= many
    assert quality["handle_s"] == pytest.approx(300, abs=3)
    assert set(quality["tried"]) == {"last_week", "mean", "poisson", "smoothing"}
    hours = {(one["day"], one["hour"]): one for one in week["hours"]}
    assert len(hours) == 50
    ten = hours["2026-12-03", 10]
    assert ten["needed"] == operators(ten["contacts"], quality["handle_s"], 1, 0.95, 30)
    assert ten["needed"] <= ten["needed_high"]
    assert 1 < ten["contacts"] < 12, "nine thousand a year are about five in a busy hour"
    set_ = await liga.http.put(
        "/forecast/setting", json={"at_once": 3, "version": week["forecast"]["setting"]["version"]}
    )
    assert set_.json()["setting"]["at_once"] == 3
    late = await liga.http.put("/forecast/setting", json={"at_once": 1, "version": 1})
    assert (late.status_code, late.json()["code"], late.json()["who"]) == (
        409,
        "forecast_setting_changed",
        "Līga Krūmiņa",
    )
    after = {(one["day"], one["hour"]): one for one in (await liga.http.get("/shifts?week=2026-12-03")).json()["hours"]}
    assert after["2026-12-03", 10]["needed"] < ten["needed"]
    # Each day is reckoned by what is promised on it.
    targets = stage.gateway.broker.targets
    async with stage.gateway.db.unit() as unit:
        about = {"reason": "x", "set_by": "x", "set_at": stage.clock.now(), "valid_from": date(2026, 12, 3)}
        unit.session.add(ServiceTarget(measure="chat_begun", seconds=3600, percent=Decimal(50), **about))
    await targets.once()
    week = (await liga.http.get("/shifts?week=2026-12-03")).json()
    assert week["forecast"]["target"] == {"share": 0.95, "within_s": 30}, "it is not in force today"
    asked = {"2026-12-02": (3, 0.95, 30), "2026-12-03": (3, 0.5, 3600)}
    for one in week["hours"]:
        if one["day"] in asked:
            assert one["needed"] == operators(one["contacts"], quality["handle_s"], *asked[one["day"]])


async def test_a_process_that_fails_is_told_and_the_last_forecast_stays(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    liga = await stage.staff("liga")
    await _ledger(stage.gateway.db, _today(stage), 31)
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 'no room for numpy' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr("handoff.forecast.service.sys.executable", str(broken))
    said = CapturingLogger()
    monkeypatch.setattr("handoff.forecast.service.log", said)
    await liga.http.post("/forecast")
    await stage.gateway.forecasts.wait()
    assert {"code": 3, "said": "no room for numpy"} in [one.kwargs for one in said.calls]
    told = (await liga.http.get("/forecast")).json()
    assert (told["state"], told["quality"], told["made_at"]) == ("failed", None, None)
    json.dumps(told)


async def test_shifts_are_planned_changed_copied_and_compared(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    week = (await liga.http.get("/shifts")).json()
    people = {one["name"]: one["id"] for one in week["people"]}
    assert "Līga Krūmiņa" not in people, "only operators are planned"
    anna = people["Anna Bērziņa"]
    one = (await _shift(liga, staff_id=anna))["shifts"][0]
    week = await _shift(liga, people=3, begins="09:15", ends="10:00")
    planned = {(hour["day"], hour["hour"]): hour["planned"] for hour in week["hours"]}
    assert [planned["2026-11-25", hour] for hour in (8, 9, 15, 16, 17)] == [1, 1 + 3 * 0.75, 1, 0.5, 0]
    for body, code in (
        ({"staff_id": anna, "begins": "16:00", "ends": "18:00"}, "shift_overlaps"),
        ({"staff_id": people["Jānis Kalniņš"]}, "shift_person"),
        ({"staff_id": anna, "people": 2, "day": "2026-11-26"}, "shift_person"),
        ({"ends": "08:00"}, "shift_ends_first"),
        ({"day": "2026-11-23"}, "shift_passed"),
        ({"day": "2029-01-01"}, "shift_too_far"),
        ({"centre_id": "nowhere"}, "shift_centre"),
    ):
        refused = await _shift(liga, 400, **body)
        assert refused["code"] == code
        assert "{" not in refused["title"]
    next_door = await _shift(liga, staff_id=anna, begins="16:30", ends="18:00")
    assert len(next_door["shifts"]) == 3, "one that begins when the other ends is no overlap"
    body = {"centre_id": "riga", "staff_id": anna, "day": "2026-11-25", "begins": "08:30", "ends": "16:30"}
    changed = await admin.http.put(f"/shifts/{one['id']}", json={**body, "version": 1})
    assert changed.status_code == 200, changed.text
    late = await liga.http.put(f"/shifts/{one['id']}", json={**body, "version": 1})
    assert (late.status_code, late.json()["code"], late.json()["who"]) == (409, "shift_changed", "Māris Vītols")

    copy = {"from_week": "2026-11-25", "to_week": "2026-12-02"}
    copied = (await liga.http.post("/shifts/copy", json=copy)).json()
    assert (copied["week"], copied["copied"], copied["left_out"]) == ("2026-11-30", 3, 0)
    assert {shift["day"] for shift in copied["shifts"]} == {"2026-12-02"}
    again = (await liga.http.post("/shifts/copy", json=copy)).json()
    assert (again["copied"], again["left_out"], len(again["shifts"])) == (0, 3, 3)
    christmas = (await liga.http.post("/shifts/copy", json={**copy, "to_week": "2026-12-25"})).json()
    assert (christmas["copied"], christmas["left_out"]) == (3, 0) if christmas["days"][2]["hours"] else (0, 3)
    assert (await liga.http.post("/shifts/copy", json={**copy, "from_week": "2026-10-01"})).json()[
        "code"
    ] == "shift_nothing"
    # What she was planned for at a former centre stands in the way too: nobody works in two places at once.
    async with stage.gateway.db.unit() as unit:
        where = Shift.staff_id == anna, Shift.day == date(2026, 12, 2)
        await unit.session.execute(update(Shift).where(*where).values(centre_id="valmiera"))
    elsewhere = (await liga.http.post("/shifts/copy", json=copy)).json()
    assert (elsewhere["copied"], elsewhere["left_out"]) == (0, 3)
    gone = (await liga.http.delete(f"/shifts/{one['id']}?version=2")).json()
    assert one["id"] not in [shift["id"] for shift in gone["shifts"]]
    assert (await liga.http.delete(f"/shifts/{one['id']}?version=2")).status_code == 404
    async with stage.gateway.db.read() as session:
        trail = [row.action for row in (await session.scalars(select(Audit).order_by(Audit.id))).all()]
    assert [action for action in trail if action.startswith("shift")] == [
        *["shift_planned"] * 3,
        "shift_changed",
        *["shifts_copied"] * 4,
        "shift_removed",
    ]
