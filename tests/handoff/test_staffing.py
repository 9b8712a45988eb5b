"""The fixed part: figures equal a slow count minute by minute, amounts are exact, agreements need a second person."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from handoff.presence.models import PresenceRecord, PresenceSpan
from handoff.settlement.models import SettlementPeriod
from handoff.staff.models import Audit, Staff
from handoff.staff.service import hash_password
from handoff.staffing.figures import Stay, Terms, days_of, part
from handoff.staffing.rules import Rule, cents_of, rule_of
from kit.clock import RIGA
from tests.stage import DEMO_PASSWORD, Desk, Stage

_DAY = (time(8), time(18))
_SHORT = (time(9, 30), time(12, 15))


def _worked(day: date) -> tuple[time, time] | None:
    return _DAY if day.weekday() < 5 and day.day != 18 else None


def _slow(
    terms: Terms, month: date, stays: list[Stay], records: list[tuple[datetime, datetime]], until: datetime
) -> Any:
    """Every minute of the month by the wall clock in Riga, each asked anew who is there."""
    total, cells = [0, 0, 0], {}
    local = datetime(month.year, month.month, 1, tzinfo=RIGA)
    moment = local.astimezone(UTC)
    while moment.astimezone(RIGA).month == month.month:
        here = moment.astimezone(RIGA)
        day = here.date()
        hours = _worked(day)
        if hours is not None and terms.week is not None:
            hours = terms.week[day.weekday()]
        holds = day >= terms.first and (terms.last is None or day <= terms.last)
        if holds and hours is not None and hours[0] <= here.time() < hours[1] and moment < until:
            there = len({one.person for one in stays if one.begins <= moment < one.ends})
            if any(a <= moment < b for a, b in records):
                filled = min(there, terms.workplaces)
                total[0] += terms.workplaces
                total[1] += filled
                cell = cells.setdefault((here.weekday(), here.hour), [0, 0])
                cell[0] += terms.workplaces
                cell[1] += filled
            else:
                total[2] += terms.workplaces
        moment += timedelta(minutes=1)
    return total, {key: one for key, one in cells.items() if one[0]}


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from([(2026, 3), (2026, 10), (2026, 11), (2028, 2)]), st.booleans())
@example(1, (2026, 3), True)
@example(2, (2026, 10), False)
def test_the_figure_is_the_slow_count(seed: int, month: tuple[int, int], own_week: bool) -> None:
    """Months in which clocks change, spans over midnight, twins of a person, gaps of the service, seconds that are no minutes."""
    chosen = random.Random(seed)
    first = date(*month, 1)
    days = days_of(first)
    start = datetime(*month, 1, tzinfo=UTC) - timedelta(hours=5)

    def some(longest: float) -> tuple[datetime, datetime]:
        begins = start + timedelta(seconds=chosen.uniform(0, len(days) * 86_400))
        if chosen.random() < 0.3:
            begins = begins.replace(second=0, microsecond=0)
        return begins, begins + timedelta(seconds=chosen.choice([0, 60, chosen.uniform(0, longest)]))

    stays = [Stay(chosen.choice("abcd"), *some(16 * 3600)) for _ in range(60)]
    records = [some(9 * 86_400) for _ in range(7)]
    week = (_SHORT, None, _DAY, _SHORT, _DAY, _DAY, None) if own_week else None
    last = chosen.choice([None, days[chosen.randrange(len(days))]])
    terms = Terms("x", "riga", first + timedelta(days=chosen.randrange(4)), last, 2, week, Decimal(1000), "EUR", Rule())
    until = start + timedelta(days=chosen.choice([40, chosen.uniform(5, 30)]))
    found = part(terms, first, stays, records, _worked, until)
    total, cells = _slow(terms, first, stays, records, until)
    assert [found.total.agreed, found.total.filled, found.total.unrecorded] == total
    assert {key: [one.agreed, one.filled] for key, one in found.cells.items() if one.agreed} == cells
    assert sum(one.filled for one in found.days.values()) == total[1]


def test_what_is_paid_is_exact_and_follows_the_rule() -> None:
    proportional = rule_of({"kind": "proportional", "full_from": "95", "least": "50"})
    steps = rule_of({"kind": "steps", "full_from": "95", "steps": [["90", "10"], ["80", "25"], ["0", "50"]]})
    assert proportional.share(Fraction(95, 100)) == steps.share(Fraction(95, 100)) == 1
    assert proportional.share(Fraction(94999, 100000)) == Fraction(94999, 95000)
    assert proportional.share(Fraction(1, 100)) == Fraction(1, 2)
    assert steps.share(Fraction(94999, 100000)) == Fraction(9, 10)
    assert (steps.share(Fraction(8, 10)), steps.share(Fraction(0))) == (Fraction(3, 4), Fraction(1, 2))
    assert Rule().share(Fraction(0)) == 1
    for rule in (proportional, steps, Rule()):
        assert rule_of(rule.plain()) == rule
    assert [cents_of(Fraction(n, 1000)) for n in (4, 5, 14, 15)] == [
        Decimal(d) for d in ("0.00", "0.01", "0.01", "0.02")
    ]
    # November 2026: twenty working days of ten hours (the 18th is none); the agreement holds from the 16th, on ten of them.
    terms = Terms("x", "riga", date(2026, 11, 16), None, 2, None, Decimal("21600.01"), "EUR", proportional)
    all_day = [(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))]
    found = part(
        terms, date(2026, 11, 1), [Stay("a", *all_day[0])], all_day, _worked, datetime(2026, 12, 5, tzinfo=UTC)
    )
    assert (found.total.filled, found.total.agreed) == (10 * 600, 2 * 10 * 600)
    assert (found.base, found.pays) == (Decimal("10800.01"), Fraction(10, 19))
    # 21600.01 × 1/2 × 10/19 = 5684.2131…, rounded once.
    assert found.due == Decimal("5684.21")
    nobody_saw = part(terms, date(2026, 11, 1), [], [], _worked, datetime(2026, 12, 5, tzinfo=UTC))
    assert (nobody_saw.due, nobody_saw.total.unrecorded) == (None, 12_000)


_BODY = {
    "centre_id": "riga",
    "valid_from": "2026-10-01",
    "workplaces": 2,
    "amount": "7200.00",
    "rule": {"kind": "proportional", "full_from": "90"},
}


async def _second_administrator(stage: Stage) -> Desk:
    async with stage.gateway.db.unit() as unit:
        unit.session.add(
            Staff(
                id=str(uuid.uuid4()),
                email="gatis@demo.lv",
                name="Gatis Priede",
                role="admin",
                password_hash=hash_password(DEMO_PASSWORD),
                languages=["lv"],
            )
        )
    return await stage.staff("gatis")


async def _october(stage: Stage) -> None:
    """In October 2026 the service ran, Anna was there each day from eight till six in Riga, Līga's colleague for the mornings."""
    async with stage.gateway.db.unit() as unit:
        await unit.session.execute(delete(PresenceRecord))
        unit.session.add(
            PresenceRecord(
                id="r", began_at=datetime(2026, 9, 30, tzinfo=UTC), last_seen_at=datetime(2026, 11, 1, tzinfo=UTC)
            )
        )
        staff = {one.email: one.id for one in (await unit.session.scalars(select(Staff))).all()}
        for day in days_of(date(2026, 10, 1)):
            for email, closes in (("anna@demo.lv", 18), ("olga@demo.lv", 13)):
                begins, ends = (datetime.combine(day, time(hour), RIGA) for hour in (8, closes))
                unit.session.add(
                    PresenceSpan(
                        id=str(uuid.uuid4()),
                        staff_id=staff[email],
                        centre_id="riga",
                        kind="available",
                        began_at=begins,
                        ended_at=ends,
                        last_seen_at=ends,
                    )
                )


async def test_an_agreement_from_the_proposal_to_the_statement(stage: Stage) -> None:
    await _october(stage)
    liga, admin, anna, gatis = [
        *[await stage.staff(who) for who in ("liga", "admin", "anna")],
        await _second_administrator(stage),
    ]
    assert (await anna.http.get("/staffing?month=2026-10")).status_code == 403
    assert (await anna.http.post("/staffing/agreements", json=_BODY)).status_code == 403
    preview = (await liga.http.post("/staffing/agreements/preview", json={**_BODY, "month": "2026-10-01"})).json()
    # Twenty-two working days: 2 × 600 minutes agreed, 600 + 300 staffed: 75 % of which 90 % would be the whole.
    assert (preview["agreed"], preview["filled"]) == (22 * 1200, 22 * 900)
    assert (preview["base"], preview["pays"], preview["due"]) == ("7200.00", [5, 6], "6000.00")
    assert (await liga.http.get("/staffing?month=2026-10")).json()["figures"] == [], "a preview changes nothing"
    seen = (await admin.http.post("/staffing/agreements", json=_BODY)).json()["agreements"][0]
    assert seen["state"] == "proposed"
    path, version = f"/staffing/agreements/{seen['id']}", {"version": seen["version"]}
    assert (await liga.http.post(f"{path}/approve", json=version)).status_code == 403
    own = await admin.http.post(f"{path}/approve", json=version)
    assert (own.status_code, own.json()["code"]) == (403, "agreement_own")
    refused = await gatis.http.post(f"{path}/refuse", json={**version, "reason": "Par maz darbvietu"})
    assert refused.json()["agreements"][0]["reason"] == "Par maz darbvietu"
    late = await liga.http.put(path, json={**_BODY, "version": 1})
    assert (late.status_code, late.json()["code"]) == (409, "agreement_changed")
    changed = (await admin.http.put(path, json={**_BODY, "version": 2})).json()["agreements"][0]
    approved = await gatis.http.post(f"{path}/approve", json={"version": changed["version"]})
    assert approved.json()["agreements"][0]["decided_by"] == "Gatis Priede"
    assert (await admin.http.put(path, json={**_BODY, "version": 4})).json()["code"] == "agreement_approved"

    month = (await liga.http.get("/staffing?month=2026-10")).json()
    (centre,) = month["figures"]
    assert (centre["due"], month["over"]) == ("6000.00", True)
    assert {(one["weekday"], one["hour"]): one["filled"] for one in centre["cells"]}[(0, 9)] == 4 * 2 * 60
    assert {(one["weekday"], one["hour"]): one["filled"] for one in centre["cells"]}[(0, 13)] == 4 * 60
    day = (await liga.http.get("/staffing/day?centre=riga&day=2026-10-26")).json()
    assert [(one["present"], one["minutes"]) for one in day["segments"]] == [(2, 60)] * 5 + [(1, 60)] * 5
    assert {(one["number"], one["name"]) for one in day["stays"]} == {(1, None), (2, None)}
    async with stage.gateway.db.read() as session:
        (line,) = await stage.gateway.fixed_part.fixed_adjustments(session, date(2026, 10, 1))
        assert await stage.gateway.fixed_part.fixed_adjustments(session, date(2026, 11, 1)) == [], "it is not over"
        assert await stage.gateway.fixed_part.fixed_adjustments(session, date(2026, 9, 1)) == []
        audit = {one.action: one for one in (await session.scalars(select(Audit))).all()}
    assert (line[0], line[1].amount, line[1].source) == ("riga", Decimal("6000.00"), "#/staffing/riga?month=2026-10")
    assert "2026. gada oktobris: darbvietas" in line[1].text
    assert "19\u00a0800 no 26\u00a0400" in line[1].text
    assert "75,0 %" in line[1].text
    assert audit["agreement_approved"].detail["before"]["state"] == "proposed"
    assert audit["presence_read"].detail["day"] == "2026-10-26"


async def test_one_agreement_at_a_time_and_endings_by_two(stage: Stage) -> None:
    liga, admin, gatis = await stage.staff("liga"), await stage.staff("admin"), await _second_administrator(stage)

    async def proposed(**changes: Any) -> dict[str, Any]:
        answer = await liga.http.post("/staffing/agreements", json={**_BODY, **changes})
        assert answer.status_code == 201, answer.text
        return next(one for one in answer.json()["agreements"] if one["state"] == "proposed")

    async def decided(desk: Desk, one: dict[str, Any], act: str, version: int = 1, **more: Any) -> Any:
        return await desk.http.post(f"/staffing/agreements/{one['id']}/{act}", json={"version": version, **more})

    old = await proposed()
    await decided(admin, old, "approve")
    new = await proposed(valid_from="2026-12-01", valid_to="2027-05-31", workplaces=3)
    after = {one["id"]: one for one in (await decided(admin, new, "approve")).json()["agreements"]}
    assert after[old["id"]]["valid_to"] == "2026-11-30", "what held until further notice ends before it"
    overlapping = await proposed(valid_from="2027-05-31")
    refused = await decided(admin, overlapping, "approve")
    assert (refused.status_code, refused.json()["code"]) == (409, "agreement_overlaps")
    assert "01.12.2026–31.05.2027" in refused.json()["title"]
    gone = await liga.http.delete(f"/staffing/agreements/{overlapping['id']}?version=1")
    assert len(gone.json()["agreements"]) == 2

    assert (await decided(admin, new, "end", 2, last_day="2027-06-01")).json()["code"] == "agreement_end"
    asked = await decided(admin, new, "end", 2, last_day="2027-01-31")
    assert next(one for one in asked.json()["agreements"] if one["id"] == new["id"])["valid_to"] == "2027-05-31"
    assert (await decided(admin, new, "end/approve", 3)).json()["code"] == "agreement_own"
    ended = await decided(gatis, new, "end/approve", 3)
    assert next(one for one in ended.json()["agreements"] if one["id"] == new["id"])["valid_to"] == "2027-01-31"
    assert (await decided(gatis, new, "end/refuse", 4)).json()["code"] == "agreement_no_end"

    # Who wrote in it does not decide on it, though another wrote after him.
    body = {**_BODY, "valid_from": "2028-01-01"}
    listed = (await admin.http.post("/staffing/agreements", json=body)).json()["agreements"]
    shared = next(one for one in listed if one["state"] == "proposed")
    await gatis.http.put(f"/staffing/agreements/{shared['id']}", json={**body, "workplaces": 4, "version": 1})
    seen = (await admin.http.get("/staffing?month=2026-10")).json()["agreements"]
    assert not {"approve", "refuse"} & set(next(one for one in seen if one["id"] == shared["id"])["may"])
    for act, more in (("approve", {}), ("refuse", {"reason": "nē"})):
        assert (await decided(admin, shared, act, 2, **more)).json()["code"] == "agreement_own"


async def test_nothing_begins_in_a_month_that_is_closed(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    proposed = (await liga.http.post("/staffing/agreements", json=_BODY)).json()["agreements"][0]
    now = stage.gateway.clock.now()
    async with stage.gateway.db.unit() as unit:
        unit.session.add(
            SettlementPeriod(
                month=date(2026, 10, 1),
                state="closing",
                started_by=admin.me["id"],
                started_at=now,
                cutoff_at=now,
                step="waiting",
            )
        )
    # Neither what was proposed before nor what is proposed now or changed into it.
    path = f"/staffing/agreements/{proposed['id']}"
    for answer in (
        await admin.http.post(f"{path}/approve", json={"version": 1}),
        await liga.http.post("/staffing/agreements", json={**_BODY, "valid_from": "2026-10-31"}),
        await liga.http.put(path, json={**_BODY, "version": 1}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "agreement_settled")
        assert "01.11.2026" in answer.json()["title"]
    moved = await liga.http.put(path, json={**_BODY, "valid_from": "2026-11-01", "version": 1})
    assert moved.status_code == 200, moved.text
    assert (await admin.http.post(f"{path}/approve", json={"version": 2})).status_code == 200


async def test_what_makes_no_sense_is_refused(stage: Stage) -> None:
    liga = await stage.staff("liga")
    steps = {"kind": "steps", "full_from": "90"}
    for changes, code in (
        ({"centre_id": "nowhere"}, "agreement_centre"),
        ({"valid_to": "2026-09-30"}, "agreement_period"),
        ({"week": [["18:00", "08:00"], *[None] * 6]}, "agreement_week"),
        ({"week": [None] * 7}, "agreement_week"),
        ({"rule": {**steps, "steps": [["80", "10"]]}}, "agreement_rule"),
        ({"rule": {**steps, "steps": [["90", "10"], ["0", "20"]]}}, "agreement_rule"),
        ({"rule": {**steps, "steps": [["80", "30"], ["0", "20"]]}}, "agreement_rule"),
    ):
        refused = await liga.http.post("/staffing/agreements", json={**_BODY, **changes})
        assert (refused.status_code, refused.json()["code"]) == (400, code), changes
        assert "{" not in refused.json()["title"]
    for changes in ({"workplaces": 0}, {"amount": "-1"}, {"amount": "1.005"}, {"week": [None] * 6}, {"extra": 1}):
        assert (await liga.http.post("/staffing/agreements", json={**_BODY, **changes})).status_code == 422, changes
    for month in ("2019-12", "2026-12", "2026-13"):
        assert (await liga.http.get(f"/staffing?month={month}")).status_code == 400
