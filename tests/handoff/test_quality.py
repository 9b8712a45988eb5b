"""The quality part: exact points and amounts, figures that are counts of rows, targets and formulas on record."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.seed import DEMO_PASSWORD
from handoff.cases.models import Case, CaseEntry
from handoff.conversations.models import Conversation
from handoff.service_level.formula import Formula, Level, Rule, judge, packed, rounded, unpacked, work
from handoff.service_level.models import LevelClock
from handoff.service_level.repository import standing
from handoff.service_level.targets import Target
from handoff.service_level.year import Count, Picked, Year, figures, rows_behind, variable_part
from handoff.staff.models import Audit, Staff
from handoff.staff.service import hash_password
from kit.db import Database
from tests.stage import Desk, Stage

_D = Decimal


def _rule(measure: str, *steps: tuple[str, str]) -> Rule:
    return Rule(measure, tuple(Level(_D(percent), _D(points)) for percent, points in steps))


_CHATS = _rule("chat_begun", ("90", "20"), ("95", "40"))
_SOLVED = _rule("solved", ("80", "10"))


@pytest.mark.parametrize(
    ("rule", "part", "whole", "points"),
    [
        (_CHATS, 95, 100, "40"),
        # 94.99 % is not 95 %.
        (_CHATS, 9499, 10000, "20"),
        (_CHATS, 9, 10, "20"),
        (_CHATS, 899, 1000, "0"),
        (_CHATS, 0, 0, None),
        # "More than 80 %" is more than 80 %.
        (_SOLVED, 8, 10, "0"),
        (_SOLVED, 81, 100, "10"),
    ],
)
def test_points(rule: Rule, part: int, whole: int, points: str | None) -> None:
    assert judge(rule, part, whole).points == (None if points is None else _D(points))


def test_an_amount_worked_out_by_hand() -> None:
    formula = Formula("amount", _D("1000"), (_CHATS, _SOLVED))
    # 20 of 40 and 10 of 10: 30 of 50 points, three fifths of 1000.
    found = work(formula, {"chat_begun": (92, 100), "solved": (9, 10)}, _D(0))
    assert (found.coefficient, found.amount) == (Fraction(3, 5), _D("600.00"))
    # Nothing to judge in the second: it counts neither way, 20 of 40.
    assert work(formula, {"chat_begun": (92, 100)}, _D(0)).amount == _D("500.00")
    nothing = work(formula, {}, _D(0))
    assert (nothing.coefficient, nothing.amount) == (None, _D("0.00"))
    # 2.5 % of 1234.5678 is 30.864195; 20 of 40 points: 15.4320975, 15.43.
    part = work(Formula("share", _D("2.5"), (_CHATS,)), {"chat_begun": (92, 100)}, _D("1234.5678"))
    assert (part.exact, part.amount) == (Fraction("15.4320975"), _D("15.43"))
    bounded = Formula("amount", _D("1000"), (_CHATS,), floor=_D("600"), cap=_D("900"))
    low, high = work(bounded, {"chat_begun": (92, 100)}, _D(0)), work(bounded, {"chat_begun": (99, 100)}, _D(0))
    assert (low.bounded, low.amount, high.bounded, high.amount) == ("floor", _D("600.00"), "cap", _D("900.00"))


@pytest.mark.parametrize(
    ("amount", "cents"),
    [("0.005", "0.01"), ("0.0049999", "0.00"), ("-0.005", "-0.01"), ("1.115", "1.12"), ("-7", "-7")],
)
def test_half_a_cent_goes_up_as_in_accounts(amount: str, cents: str) -> None:
    assert rounded(Fraction(amount)) == _D(cents)


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=2),
    base=st.decimals(0, 100_000, places=2),
)
def test_more_in_time_is_never_paid_less(counts: list[tuple[int, int]], base: Decimal) -> None:
    formula = Formula("amount", base, (_CHATS, _SOLVED))
    assert unpacked(packed(formula.rules)) == formula.rules
    figures = {"chat_begun": (min(counts[0]), max(counts[0])), "solved": (min(counts[1]), max(counts[1]))}
    amount = work(formula, figures, _D(0)).amount
    assert 0 <= amount <= base
    if figures["chat_begun"][0] < figures["chat_begun"][1]:
        better = {**figures, "chat_begun": (figures["chat_begun"][0] + 1, figures["chat_begun"][1])}
        assert work(formula, better, _D(0)).amount >= amount


def test_twelve_months_begin_at_midnight_in_riga() -> None:
    year = Year(date(2026, 11, 1))
    assert (year.months[0], year.months[-1]) == (date(2025, 12, 1), date(2026, 11, 1))
    # Summer time from the end of March to the end of October.
    assert year.bounds[0] == datetime(2025, 11, 30, 22, tzinfo=UTC)
    assert year.bounds[5] == datetime(2026, 4, 30, 21, tzinfo=UTC)
    assert year.bounds[-1] == datetime(2026, 11, 30, 22, tzinfo=UTC)


def test_a_share_is_met_exactly() -> None:
    target = Target(None, _D("80"))
    assert target.met(8, 10, more_than=True) is False
    assert target.met(8, 10, more_than=False) is True
    assert target.met(0, 0, more_than=False) is None


# --- with the platform ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def money(stage: Stage) -> AsyncIterator[tuple[Desk, Desk]]:
    """An administrator, and an accountant as a second person."""
    async with stage.gateway.db.unit() as unit:
        row = Staff(id=str(uuid.uuid4()), email="gita@demo.lv", name="Gita Rozīte", role="accountant")
        row.password_hash, row.languages = hash_password(DEMO_PASSWORD), ["lv"]
        unit.session.add(row)
    admin, gita = await stage.staff("admin"), await stage.staff("gita")
    yield admin, gita
    await admin.close()
    await gita.close()


class _Years:
    """Rows as conversations leave them."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.no = 0
        self.rows: list[list[Any]] = [[], [], []]

    def chat(
        self, at: datetime, centre: str | None, seconds: int | None, cause: str | None = "taken", promised: int = 30
    ) -> str:
        key = self._conversation(at, "webchat", centre)
        due, stopped = at + timedelta(seconds=promised), None if seconds is None else at + timedelta(seconds=seconds)
        self.rows[2].append(
            LevelClock(
                conversation_id=key,
                kind="waiting",
                channel="webchat",
                centre_id=centre,
                started_at=at,
                target_s=promised,
                due_at=due,
                told=0,
                spent_us=0,
                stopped_at=stopped,
                cause=cause,
            )
        )
        return key

    def case(
        self, at: datetime, centre: str | None, level: int, outcome: str, amount: str = "1", **more: Any
    ) -> CaseEntry:
        key = self._conversation(at, "webchat", centre)
        entry = CaseEntry(
            case_no=self.no,
            revision=0,
            kind="settled",
            sign=1,
            recorded_at=at,
            conversation_id=key,
            channel="webchat",
            site="demo",
            lang="lv",
            level=level,
            centre_id=centre,
            outcome=outcome,
            opened_at=at,
            closed_at=at,
            amount=_D(amount),
            **more,
        )
        self.rows[2].append(entry)
        return entry

    async def store(self) -> None:
        """In the order in which they need each other."""
        for rows in self.rows:
            self.session.add_all(rows)
            await self.session.flush()

    def _conversation(self, at: datetime, channel: str, centre: str | None) -> str:
        key = str(uuid.uuid4())
        self.no += 1
        self.rows[0].append(
            Conversation(
                id=key,
                state="closed",
                channel=channel,
                site="demo",
                lang="lv",
                context={},
                opened_at=at,
                last_at=at,
                closed_at=at,
                centre_id=centre,
            )
        )
        self.rows[1].append(Case(no=self.no, conversation_id=key, channel=channel, site="demo", opened_at=at))
        return key


async def _a_year(db: Database) -> None:
    """November 2026 at Riga: 19 of 20 chats begun in time, 9 of 10 cases solved; at Valmiera one late chat in December 2025."""
    november = datetime(2026, 11, 10, 8, 0, tzinfo=UTC)
    async with db.unit() as unit:
        years = _Years(unit.session)
        for number in range(20):
            years.chat(november, "riga", 30 if number else 31)
        # Nothing to judge: he left in time. To be judged, though nobody took him: he left late.
        years.chat(november, None, 20, "left")
        years.chat(november, None, 40, "left")
        # Nor of whom somebody may still begin with in time, before the month is over.
        years.chat(november, "riga", None, None, promised=18 * 24 * 3600)
        # The first instant of the twelve months, and the one before it.
        years.chat(datetime(2025, 11, 30, 22, 0, tzinfo=UTC), "valmiera", 99)
        years.chat(datetime(2025, 11, 30, 21, 59, tzinfo=UTC), "valmiera", 99)
        for number in range(9):
            years.case(november, "riga", 1, "resolved", "1.1000" if number else "1")
        wrong = years.case(november, "riga", 1, "resolved")
        years.case(november, "riga", 1, "spam")
        await years.store()
        # As the ledger has it now: it was level 2 after all.
        facts = {
            "case_no": wrong.case_no,
            "revision": 1,
            "recorded_at": november,
            "conversation_id": wrong.conversation_id,
        }
        common = {"channel": "webchat", "site": "demo", "lang": "lv", "centre_id": "riga", "opened_at": november}
        for kind, sign, level, reverses in (("reversal", -1, 1, wrong.id), ("correction", 1, 2, None)):
            unit.session.add(
                CaseEntry(
                    **facts,
                    **common,
                    kind=kind,
                    sign=sign,
                    level=level,
                    reverses_id=reverses,
                    outcome="resolved_level2",
                    closed_at=november,
                    amount=_D("1"),
                )
            )


_FORMULA = {
    "valid_from": "2026-11-01",
    "month": 11,
    "base_kind": "amount",
    "base": "1000",
    "floor": "0",
    "cap": None,
    "criteria": [
        {"measure": "chat_begun", "steps": [{"percent": "90", "points": "20"}, {"percent": "95", "points": "40"}]},
        {"measure": "solved", "steps": [{"percent": "95", "points": "10"}]},
    ],
    "reason": "Līgums 2026",
}


async def test_figures_rows_and_the_amount_for_the_settlement(stage: Stage, money: tuple[Desk, Desk]) -> None:
    admin, gita = money
    await _a_year(stage.gateway.db)
    anna = await stage.staff("anna")
    assert (await anna.http.get("/quality")).status_code == 403
    seen = (await gita.http.get("/quality")).raise_for_status().json()
    centres = {one["id"]: one["criteria"] for one in seen["centres"]}
    chats = centres["riga"]["chat_begun"]
    assert (chats["part"], chats["whole"], chats["met"]) == (19, 20, True)
    assert chats["months"][-1] == {"part": 19, "whole": 20}
    valmiera = centres["valmiera"]["chat_begun"]
    assert (valmiera["part"], valmiera["whole"], valmiera["met"], valmiera["months"][0]["whole"]) == (0, 1, False, 1)
    assert (centres[None]["chat_begun"]["part"], centres[None]["chat_begun"]["whole"]) == (0, 1)
    assert (seen["total"]["chat_begun"]["part"], seen["total"]["chat_begun"]["whole"]) == (19, 22)
    solved = centres["riga"]["solved"]
    assert (solved["part"], solved["whole"], solved["met"]) == (9, 10, True)
    assert centres["riga"]["mail_answered"]["met"] is None
    # The rows behind each are as many as it says.
    for centre, criterion, of, count in (
        ("riga", "chat_begun", None, 20),
        ("riga", "chat_begun", "missed", 1),
        ("", "chat_begun", None, 1),
        (None, "chat_begun", "met", 19),
        ("riga", "solved", "missed", 1),
        ("daugavpils", "solved", None, 0),
    ):
        asked = {"criterion": criterion, "centre": centre, "standing": of}
        params = {name: value for name, value in asked.items() if value is not None}
        found = (await gita.http.get("/quality/rows", params=params)).raise_for_status().json()
        assert (found["total"], len(found["rows"])) == (count, count), params
    of_month = await gita.http.get("/quality/rows", params={"criterion": "chat_begun", "of": "2025-12"})
    assert of_month.json()["total"] == 1
    for params in ({"criterion": "mood"}, {"criterion": "solved", "month": "2026-13"}):
        assert (await gita.http.get("/quality/rows", params=params)).json()["code"] == "bad_value"
    assert (await gita.http.get("/quality", params={"month": "2026-12"})).json()["code"] == "bad_value"

    # Written by one, tried, approved by another.
    tried = (await admin.http.post("/quality/preview", json={**_FORMULA, "until": "2026-11-01"})).json()
    assert [(one["id"], one["before"], one["after"]["amount"]) for one in tried["centres"] if one["id"] == "riga"] == [
        ("riga", None, "800.00")
    ]
    written = (await admin.http.post("/quality/formulas", json=_FORMULA)).json()
    (draft,) = written["formulas"]
    own = await admin.http.post(f"/quality/formulas/{draft['id']}/approve", json={"version": 1})
    assert own.json()["code"] == "formula_own"
    quality = stage.gateway.quality
    assert list(await stage.gateway.adjustments(date(2026, 11, 1))) == [], "a draft pays nobody"
    liga = await stage.staff("liga")
    assert (await liga.http.post(f"/quality/formulas/{draft['id']}/approve", json={"version": 1})).status_code == 403
    changed = {**_FORMULA, "base": "2000", "version": 1}
    await admin.http.put(f"/quality/formulas/{draft['id']}", json=changed)
    stale = await gita.http.post(f"/quality/formulas/{draft['id']}/approve", json={"version": 1})
    assert (stale.json()["code"], stale.json()["who"]) == ("formula_changed", "Māris Vītols")
    approved = (await gita.http.post(f"/quality/formulas/{draft['id']}/approve", json={"version": 2})).json()
    assert approved["formula"]["decided_by"] == "Gita Rozīte"
    again = await admin.http.put(f"/quality/formulas/{draft['id']}", json={**changed, "version": 3})
    assert again.status_code in (404, 409), "what is approved is not changed"
    # Who wrote in it does not approve it, though another wrote after him.
    later = {**_FORMULA, "valid_from": "2027-01-01"}
    (shared,) = [
        one
        for one in (await gita.http.post("/quality/formulas", json=later)).json()["formulas"]
        if one["state"] == "draft"
    ]
    await admin.http.put(f"/quality/formulas/{shared['id']}", json={**later, "base": "3000", "version": 1})
    seen = (await gita.http.get("/quality")).json()["formulas"]
    assert [(one["may_approve"], one["own"]) for one in seen if one["id"] == shared["id"]] == [(False, True)]
    own = await gita.http.post(f"/quality/formulas/{shared['id']}/approve", json={"version": 2})
    assert own.json()["code"] == "formula_own"

    # 40 of 40 and 0 of 10: four fifths of 2000; at Valmiera none of 40 points.
    found = list(await stage.gateway.adjustments(date(2026, 11, 1)))
    assert [(centre, one.amount) for centre, one in found] == [("riga", _D("1600.00")), ("valmiera", _D("0.00"))]
    assert found[0][1].text == "Kvalitātes daļa par 12.2025–11.2026: 40 no 50 punktiem"
    assert found[0][1].source == "#/quality?month=2026-11&centre=riga"
    assert list(await stage.gateway.adjustments(date(2026, 12, 1))) == [], "once a year"
    async with stage.gateway.db.read() as session:
        actions = list(await session.scalars(select(Audit.action).where(Audit.object_id == draft["id"])))
        variable = await quality.variable_part(session, Year(date(2026, 11, 1)))
    assert actions == ["formula_written", "formula_changed", "formula_approved"]
    # Nine cases, eight of them at 1.10, spam at 1, one reversed and entered anew.
    assert variable == {"riga": _D("11.8000")}


async def test_the_same_on_postgresql(postgres_url: str) -> None:
    db, year, at = Database(postgres_url), Year(date(2026, 11, 1)), datetime(2026, 11, 24, tzinfo=UTC)
    await _a_year(db)
    async with db.read() as session:
        found = await figures(session, year, at)
        total, rows = await rows_behind(session, year, at, Picked("solved", "riga", met=False), 0, 50)
        variable = await variable_part(session, year)
        running = await standing(session, at)
    assert found["chat_begun"]["riga"][-1] == Count(19, 20)
    assert found["chat_begun"][None][-1] == Count(0, 1)
    assert found["solved"]["riga"][-1] == Count(9, 10)
    assert (total, rows[0].how, rows[0].level) == (1, "resolved_level2", 2)
    assert (variable, running) == ({"riga": _D("11.8000")}, {("waiting", 0): 1})
    await db.close()


async def test_formulas_that_make_no_sense_are_refused(stage: Stage, money: tuple[Desk, Desk]) -> None:
    admin, _ = money
    steps = [{"percent": "95", "points": "1"}, {"percent": "90", "points": "2"}]
    chats = {"measure": "chat_begun", "steps": [{"percent": "95", "points": "1"}]}
    for change, code in (
        ({"reason": " "}, "formula_reason_missing"),
        ({"valid_from": "2026-11-02"}, "formula_day"),
        ({"valid_from": "2026-10-01"}, "formula_passed"),
        ({"criteria": [chats, chats]}, "formula_twice"),
        ({"criteria": [{"measure": "chat_begun", "steps": steps}]}, "formula_steps"),
        ({"criteria": [{"measure": "solved", "steps": [{"percent": "1", "points": "0"}]}]}, "formula_no_points"),
        ({"floor": "10", "cap": "9"}, "formula_bounds"),
        ({"base_kind": "share", "base": "101"}, "formula_bounds"),
    ):
        refused = await admin.http.post("/quality/formulas", json={**_FORMULA, **change})
        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert refused.json()["detail"] != code
        assert "{" not in refused.json()["detail"]
    for wrong in ({"base": "NaN"}, {"base": "1e9999"}, {"month": 13}, {"criteria": []}):
        assert (await admin.http.post("/quality/formulas", json={**_FORMULA, **wrong})).status_code == 422
    assert (await admin.http.get("/quality")).json()["formulas"] == []


async def test_a_target_is_set_from_a_day_on_and_holds_for_what_starts_then(stage: Stage) -> None:
    admin, liga, anna = await stage.staff("admin"), await stage.staff("liga"), await stage.staff("anna")
    assert (await anna.http.get("/service_level/targets")).status_code == 403
    seen = {one["measure"]: one for one in (await liga.http.get("/service_level/targets")).json()["measures"]}
    assert (seen["chat_begun"]["seconds"], seen["chat_begun"]["percent"]) == (30, "95")
    assert (seen["solved"]["percent"], seen["solved"]["more_than"]) == ("80", True)
    first = await stage.citizen()
    await first.ask("Gribu runāt ar cilvēku")
    body = {"valid_from": "2026-11-24", "seconds": 60, "percent": "97.5", "reason": "Jauns līgums", "seen": 0}
    path = "/service_level/targets/chat_begun"
    assert (await liga.http.put(path, json=body)).status_code == 403
    for change, code in (
        ({"valid_from": "2026-11-23"}, "target_day_passed"),
        ({"valid_from": "2029-01-01"}, "day_too_far"),
        ({"reason": " "}, "target_reason_missing"),
        ({"seconds": None}, "target_incomplete"),
        ({"percent": None}, "target_incomplete"),
        ({"seconds": 30, "percent": "95.00"}, "target_unchanged"),
    ):
        refused = await admin.http.put(path, json={**body, **change})
        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert "{" not in refused.json()["detail"]
    set_ = (await admin.http.put(path, json=body)).raise_for_status().json()
    now = next(one for one in set_["measures"] if one["measure"] == "chat_begun")
    assert (now["seconds"], now["percent"], now["since"]) == (60, "97.5", "2026-11-24")
    lost = await admin.http.put(path, json={**body, "seconds": 90})
    assert (lost.status_code, lost.json()["code"], lost.json()["who"]) == (409, "target_changed", "Māris Vītols")
    second = await stage.citizen()
    await second.ask("Gribu runāt ar cilvēku")
    card = await liga.card(str(second.conversation))
    kept = await liga.card(str(first.conversation))
    assert (card["service_clock"]["target_s"], kept["service_clock"]["target_s"]) == (60, 30)
    assert card["due_at"] == card["service_clock"]["due_at"], "one truth"
    board = (await liga.http.get("/board")).json()
    assert board["targets"]["chats"] == 97.5
    # Planned, and taken back.
    later = {**body, "valid_from": "2027-01-01", "seconds": 20, "seen": now["seen"]}
    planned = (await admin.http.put(path, json=later)).raise_for_status().json()
    rows = next(one for one in planned["measures"] if one["measure"] == "chat_begun")
    assert (rows["seconds"], [one["planned"] for one in rows["history"]]) == (60, [True, False])
    in_force = await admin.http.delete(f"/service_level/targets/{rows['history'][1]['id']}")
    assert in_force.json()["code"] == "target_in_force"
    gone = (await admin.http.delete(f"/service_level/targets/{rows['history'][0]['id']}")).raise_for_status().json()
    assert len(next(one for one in gone["measures"] if one["measure"] == "chat_begun")["history"]) == 1
    async with stage.gateway.db.read() as session:
        lines = list(await session.scalars(select(Audit).where(Audit.object_id == "chat_begun").order_by(Audit.id)))
    assert [line.action for line in lines] == ["target_set", "target_set", "target_withdrawn"]
    assert (lines[0].detail["before"]["seconds"], lines[0].detail["after"]["seconds"]) == (30, 60)

    # What runs now is counted by how far it has got, and each count leads to its rows.
    stage.clock.push(timedelta(seconds=40))
    counts = (await liga.http.get("/service_level/now")).json()["kinds"]
    waiting = next(one["levels"] for one in counts if one["kind"] == "waiting")
    assert waiting == {"0": 0, "50": 1, "80": 0, "100": 1}
    for level, whose in (("100", first), ("50", second)):
        found = (await liga.http.get("/service_level/rows", params={"kind": "waiting", "level": level})).json()
        assert [row["id"] for row in found["rows"]] == [whose.conversation]
    assert (await liga.http.get("/service_level/rows", params={"kind": "mood"})).json()["code"] == "bad_value"
    assert (await anna.http.get("/service_level/now")).status_code == 403
    clocks = (await anna.http.get(f"/service_level/conversations/{first.conversation}")).json()["clocks"]
    assert {one["kind"] for one in clocks} == {"waiting", "first_response", "resolution"}
    ieva = await stage.staff("ieva")
    assert (await ieva.http.get(f"/service_level/conversations/{first.conversation}")).status_code == 404
