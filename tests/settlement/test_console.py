"""Prices, months and disputes as the console does them: over HTTP, with their people, refusals and records."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from sqlalchemy import select

from handoff.staff.models import Audit
from tests.settlement.golden import Ledger, riga
from tests.stage import Desk, Stage

_BASE = "/settlement"


def _code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "")


async def _ok(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code < 300, response.text
    found: dict[str, Any] = response.json() if response.content else {}
    return found


def _october() -> Ledger:
    ledger = Ledger()
    for day, level, centre in ((1, 1, "riga"), (2, 1, "valmiera"), (3, 2, "riga"), (4, 0, None)):
        ledger.case("chat_session", "webchat", level, centre, riga(2026, 10, day), service="s1")
    ledger.case("comment", "facebook", 1, "riga", riga(2026, 10, 5), account="acc-vsaa-fb")
    ledger.case("comment", "facebook", 1, "valmiera", riga(2026, 10, 6), account="acc-vsaa-fb")
    ledger.case("chat_session", "webchat", 1, "riga", riga(2026, 11, 2))
    return ledger


async def _closed(desk: Desk, month: str) -> dict[str, Any]:
    for _ in range(100):
        period = await _ok(await desk.http.get(f"{_BASE}/periods/{month}"))
        if period["state"] == "closed":
            return period
        await asyncio.sleep(0.05)
    raise AssertionError(period)


async def test_prices_months_and_disputes(stage: Stage) -> None:
    gunta, maris, liga, anna = [await stage.staff(who) for who in ("gunta", "admin", "liga", "anna")]
    baiba = await stage.staff("baiba")
    db = stage.gateway.db
    await _october().write(db)

    # Nobody else; and who reads does not write.
    for desk in (anna, baiba):
        for path in ("price_lists", "periods", "disputes", "statements", "periods/2026-10/preview"):
            assert _code(await desk.http.get(f"{_BASE}/{path}")) == (403, "forbidden")
    new = {"name": "2027. gada cenrādis", "valid_from": "2027-01-01"}
    assert _code(await liga.http.post(f"{_BASE}/price_lists", json=new)) == (403, "forbidden")
    assert _code(await liga.http.post(f"{_BASE}/periods/2026-10/close")) == (403, "forbidden")
    without = httpx.AsyncClient(base_url=gunta.http.base_url, cookies=gunta.http.cookies)
    assert _code(await without.post(f"{_BASE}/price_lists", json=new)) == (403, "csrf")
    await without.aclose()

    await _prices(gunta, maris, liga, new)
    await _months(gunta, liga)
    await _disputes(gunta, maris, liga, anna)

    async with db.read() as session:
        told = (await session.scalars(select(Audit.action).order_by(Audit.id))).all()
    for action in (
        "price_list_created", "price_list_changed", "price_list_compared", "price_list_approved", "price_list_withdrawn",
        "price_list_deleted", "month_closing", "month_closed", "dispute_raised", "dispute_accepted", "dispute_refused",
        "dispute_withdrawn",
    ):  # fmt: skip
        assert action in told
    for desk in (gunta, maris, liga, anna, baiba):
        await desk.close()


async def _prices(gunta: Desk, maris: Desk, liga: Desk, new: dict[str, Any]) -> None:
    path = f"{_BASE}/price_lists"
    for day, code in (("2027-01-15", "price_list_first_of_month"), ("2026-11-01", "price_list_past")):
        assert _code(await gunta.http.post(path, json={**new, "valid_from": day})) == (400, code)
    made = await _ok(await gunta.http.post(path, json=new))
    # A copy of the list that would hold the day before: the one from July, with its special lines.
    assert made["state"] == "draft"
    assert made["copied_from"]["name"] == "second"
    assert {"case_kind": "comment", "channel": "x", "level": 2, "price": "2.155"}.items() <= made["lines"][
        -2
    ].items() or any(line["price"] == "2.155" for line in made["lines"])
    one = f"{path}/{made['id']}"
    lines = [{name: line[name] for name in ("case_kind", "channel", "level", "price")} for line in made["lines"]]
    fees = [{name: fee[name] for name in ("channel", "account_id", "monthly", "pays")} for fee in made["fees"]]
    body = {"version": made["version"], "name": made["name"], "valid_from": "2027-01-01", "lines": lines, "fees": fees}
    # What cannot be is refused with its line, and the draft stays as it was.
    second_level = (None, None, 2)
    less = [line for line in lines if (line["case_kind"], line["channel"], line["level"]) != second_level]
    for change, code in (
        ({"lines": [*lines, lines[0]]}, "price_list_line_twice"),
        ({"lines": [line for line in lines if line["level"] != 0 or line["case_kind"]]}, "price_list_no_rest"),
        ({"lines": less}, "price_list_no_rest"),
        ({"lines": [*lines, {"case_kind": None, "channel": "fax", "level": 1, "price": "1"}]}, "price_list_bad_channel"),
        ({"fees": [*fees, {"channel": None, "account_id": "acc-none", "monthly": "1", "pays": True}]}, "price_list_bad_account"),
        ({"fees": [*fees, fees[0]]}, "price_list_fee_twice"),
    ):  # fmt: skip
        assert _code(await gunta.http.put(one, json={**body, **change})) == (400, code)
    for price in ("-1", "1.23456", "NaN", "1e9"):
        bad = [{**lines[0], "price": price}, *lines[1:]]
        assert (await gunta.http.put(one, json={**body, "lines": bad})).status_code == 422
    # A chat costs ten cents more.
    dearer = [
        {**line, "price": "1.15"} if line["channel"] == "webchat" and line["level"] == 1 else line for line in lines
    ]
    written = await _ok(await gunta.http.put(one, json={**body, "lines": dearer}))
    stale = await gunta.http.put(one, json=body)
    assert _code(stale) == (409, "price_list_changed")
    assert stale.json()["who"] == "Gunta Zariņa"
    assert _code(await maris.http.post(f"{one}/approve", json={"version": written["version"]})) == (
        400,
        "price_list_not_compared",
    )

    compared = await _ok(await gunta.http.post(f"{one}/compare", json={"version": written["version"]}))
    comparison = compared["comparison"]
    assert (comparison["from"], comparison["to"], comparison["with"]["name"]) == ("2025-11-01", "2026-10-31", "second")
    # October's six: chats of level 1 riga and valmiera 2 × 1.05 → 1.15, level 2 2.40, level 0 0.05, two comments 0.85 each.
    kinds = {
        (o["case_kind"], o["level"]): (o["cases"], o["old"], o["new"], o["difference"]) for o in comparison["kinds"]
    }
    assert kinds == {
        ("chat_session", 0): (1, "0.05", "0.05", "0.00"),
        ("chat_session", 1): (2, "2.10", "2.30", "0.20"),
        ("chat_session", 2): (1, "2.40", "2.40", "0.00"),
        ("comment", 1): (2, "1.70", "1.70", "0.00"),
    }
    # Ten months of each account: VSAA 752.50, VID 255.00 + 400.00, PMLP 400.00.
    owners = {o["id"]: (o["cases"], o["fixed_old"], o["old"], o["new"]) for o in comparison["institutions"]}
    assert owners == {
        "vsaa": (2, "752.50", "754.20", "754.20"),
        "vid": (0, "655.00", "655.00", "655.00"),
        "pmlp": (0, "400.00", "400.00", "400.00"),
    }
    centres = {o["id"]: o["difference"] for o in comparison["centres"]}
    assert centres == {"riga": "0.10", "valmiera": "0.10", "daugavpils": "0.00"}
    assert comparison["difference"] == "0.20"

    assert "approve" not in compared["may"]
    assert _code(await gunta.http.post(f"{one}/approve", json={"version": compared["version"]})) == (
        400,
        "price_list_second_person",
    )
    seen = await _ok(await maris.http.get(one))
    assert "approve" in seen["may"]
    approved = await _ok(await maris.http.post(f"{one}/approve", json={"version": seen["version"]}))
    assert approved["state"] == "approved"
    assert _code(await gunta.http.put(one, json={**body, "version": approved["version"]})) == (400, "price_list_fixed")
    assert (await gunta.http.delete(f"{one}?version={approved['version']}")).status_code == 400
    # The list before it holds until the day before; a second one of the day is refused.
    every = {row["name"]: row for row in (await _ok(await liga.http.get(path)))["lists"]}
    assert (every["second"]["state"], every["second"]["valid_to"]) == ("in_force", "2026-12-31")
    assert every["first"]["state"] == "over"
    twin = await _ok(await maris.http.post(path, json={**new, "name": "Otrs"}))
    assert _code(await maris.http.post(f"{path}/{twin['id']}/compare", json={"version": 1})) == (
        400,
        "price_list_overlaps",
    )
    assert _code(await gunta.http.delete(f"{path}/{twin['id']}?version=7")) == (409, "price_list_changed")
    assert (await gunta.http.delete(f"{path}/{twin['id']}?version=1")).status_code == 204

    withdrawn = await _ok(
        await gunta.http.post(f"{one}/withdraw", json={"version": approved["version"], "reason": "vienošanās mainījās"})
    )
    assert (withdrawn["state"], withdrawn["withdrawn_why"]) == ("withdrawn", "vienošanās mainījās")
    begun = await gunta.http.post(f"{path}/second/withdraw", json={"version": 1, "reason": "nē"})
    assert _code(begun) == (400, "price_list_begun")

    # Who wrote in between does not approve either, though another wrote after him.
    shared = await _ok(await gunta.http.post(path, json={**new, "name": "Kopīgs"}))
    one, text = f"{path}/{shared['id']}", {**body, "name": "Kopīgs"}
    await _ok(await maris.http.put(one, json={**text, "version": 1}))
    await _ok(await gunta.http.put(one, json={**text, "version": 2}))
    compared = await _ok(await gunta.http.post(f"{one}/compare", json={"version": 3}))
    assert "approve" not in (await _ok(await maris.http.get(one)))["may"]
    assert _code(await maris.http.post(f"{one}/approve", json={"version": compared["version"]})) == (
        400,
        "price_list_second_person",
    )
    assert (await gunta.http.delete(f"{one}?version={compared['version']}")).status_code == 204


async def _months(gunta: Desk, liga: Desk) -> None:
    path = f"{_BASE}/periods"
    listed = await _ok(await liga.http.get(path))
    assert [(one["month"], one["state"]) for one in listed["months"]] == [("2026-11", "open"), ("2026-10", "open")]
    assert (listed["next"], listed["may_close"]) == ("2026-10", False)
    assert _code(await gunta.http.get(f"{path}/2026-12/preview")) == (400, "month_not_begun")
    assert (await gunta.http.get(f"{path}/2026-09")).status_code == 404
    assert (await gunta.http.get(f"{path}/2026-13")).status_code == 422
    refused = await gunta.http.post(f"{path}/2026-11/close")
    assert _code(refused) == (400, "month_before_open")
    # The sentence names the month, programs get it as it is.
    assert refused.json()["month"] == "2026-10"
    assert "2026. gada oktobris" in refused.json()["detail"]

    preview = await _ok(await liga.http.get(f"{path}/2026-10/preview"))
    heads = {(one["kind"], one["party_id"]): one for one in preview["statements"]}
    # riga 1.05 + 2.40; VSAA 75.25 + 2 × 0.85 = 76.95, by half: 38.48 for riga (the smaller id of equal remainders)
    assert heads["centre", "riga"]["variable"] == "3.45"
    assert heads["institution", "vsaa"]["fee"] == "76.95"
    assert preview["problems"] == [{"code": "unassigned", "count": 1}]  # the chat of level 0 at 0.05
    riga_now = await _ok(await liga.http.get(f"{path}/2026-10/preview/centre/riga"))
    assert riga_now["digest"] is None
    rows = await _ok(await liga.http.get(f"{path}/2026-10/preview/centre/riga/lines?level=2"))
    assert (rows["total"], rows["amount"], rows["rows"][0]["service"]) == (1, "2.40", "s1")
    assert (await liga.http.get(f"{path}/2026-10/preview/centre/nekas")).status_code == 404
    # The rows behind a share: what the centre served and VSAA pays.
    assert [(one["institution_id"], one["served"]) for one in riga_now["shares"] if one["basis"] == "served"] == [
        ("vsaa", 1)
    ]
    assert riga_now["served_entries"] == 1
    rows = await _ok(await liga.http.get(f"{path}/2026-10/preview/centre/riga/lines?payer=vsaa"))
    assert [(row["case_kind"], row["centre_id"], row["payer"]) for row in rows["rows"]] == [
        ("comment", "riga", "Valsts sociālās apdrošināšanas aģentūra")
    ]
    assert (await _ok(await liga.http.get(f"{path}/2026-10/preview/centre/riga/lines?payer=vid")))["total"] == 0

    begun = await gunta.http.post(f"{path}/2026-10/close")
    assert begun.status_code == 202
    assert begun.json()["state"] in ("closing", "closed")
    october = await _closed(gunta, "2026-10")
    assert (october["progress"], october["step"], october["closed_by"]) == (100, "done", "Gunta Zariņa")
    assert {(one["kind"], one["party_id"]): one["total"] for one in october["statements"]} == {
        key: one["total"] for key, one in heads.items()
    }
    assert _code(await gunta.http.post(f"{path}/2026-10/close")) == (409, "month_closed")
    assert _code(await gunta.http.get(f"{path}/2026-10/preview")) == (409, "month_closed")
    assert _code(await gunta.http.post(f"{path}/2026-11/close")) == (400, "month_not_over")


async def _disputes(gunta: Desk, maris: Desk, liga: Desk, anna: Desk) -> None:
    number = next(
        one["number"]
        for one in (await _ok(await liga.http.get(f"{_BASE}/statements?month=2026-10&kind=institution&party=vsaa")))[
            "statements"
        ]
    )
    lines = await _ok(await liga.http.get(f"{_BASE}/statements/{number}/lines"))
    first, second = lines["rows"]
    path = f"{_BASE}/disputes"
    wanted = {
        "number": number,
        "entry_id": first["entry_id"],
        "reason": "tas pats komentārs",
        "asked_by": "VSAA, J. Ozols",
    }
    assert _code(await anna.http.post(path, json=wanted)) == (403, "forbidden")
    assert _code(await liga.http.post(path, json={**wanted, "entry_id": 1})) == (400, "dispute_not_there")
    # Beyond what the database counts to.
    assert (await liga.http.post(path, json={**wanted, "entry_id": 2**31})).status_code == 422
    assert (await liga.http.get(f"{path}?case_no={2**31}")).status_code == 422
    assert (await liga.http.get(f"{_BASE}/statements/{number}/lines?case_no={2**31}")).status_code == 422
    assert (await _ok(await liga.http.get(f"{_BASE}/statements/{number}/lines?account=acc-vsaa-fb")))["total"] == 2
    made = await _ok(await liga.http.post(path, json=wanted))
    assert (made["state"], made["asked_by"], made["may"]) == ("open", "VSAA, J. Ozols", ["withdraw"])
    twice = await gunta.http.post(path, json=wanted)
    assert _code(twice) == (409, "dispute_open")
    assert twice.json()["who"] == "Līga Krūmiņa"
    one = f"{path}/{made['id']}"
    decision = {"version": 1, "reason": "pārbaudīts", "act": "correct", "changes": {"centre_id": "valmiera"}}
    assert _code(await liga.http.post(f"{one}/accept", json=decision)) == (403, "forbidden")
    for changes, code in (
        ({}, "nothing_changed"),
        ({"centre_id": "nekur"}, "bad_value"),
        ({"outcome": "?"}, "bad_value"),
    ):
        assert _code(await gunta.http.post(f"{one}/accept", json={**decision, "changes": changes})) == (400, code)
    accepted = await _ok(await gunta.http.post(f"{one}/accept", json=decision))
    assert (accepted["state"], accepted["decided_by"], accepted["settled_in"]) == ("accepted", "Gunta Zariņa", None)
    assert _code(await maris.http.post(f"{one}/refuse", json={"version": 2, "reason": "nē"})) == (
        400,
        "dispute_decided",
    )

    # The second line: its own accountant may not decide it, the administrator refuses; then it is taken back out of the count.
    again = {"number": number, "entry_id": second["entry_id"], "reason": "nav mūsu"}
    mine = await _ok(await gunta.http.post(path, json=again))
    assert _code(await gunta.http.post(f"{path}/{mine['id']}/refuse", json={"version": 1, "reason": "nē"})) == (
        400,
        "dispute_second_person",
    )
    await _ok(await maris.http.post(f"{path}/{mine['id']}/refuse", json={"version": 1, "reason": "ir"}))
    taken = await _ok(await liga.http.post(path, json=again))
    await _ok(await liga.http.post(f"{path}/{taken['id']}/withdraw", json={"version": 1, "reason": "kļūdījos"}))
    last = await _ok(await liga.http.post(path, json=again))
    reverse = {"version": 1, "reason": "dubults", "act": "reverse"}
    await _ok(await gunta.http.post(f"{path}/{last['id']}/accept", json=reverse))
    # The case is counted no more, and can still be read.
    case = await _ok(await gunta.http.get(f"/cases/{second['case_no']}"))
    assert [entry["sign"] for entry in case["entries"]] == [1, -1]
    assert case["timeline"] == []
    assert (await _ok(await liga.http.get(f"/cases/{second['case_no']}")))["timeline"] != []

    # The list, filtered; and what the statement says is what it said.
    listed = await _ok(await gunta.http.get(f"{path}?number={number}"))
    assert listed["counts"] == {"open": 0, "accepted": 2, "refused": 1, "withdrawn": 1}
    assert {row["state"] for row in listed["rows"]} == {"accepted", "refused", "withdrawn"}
    assert (await _ok(await gunta.http.get(f"{path}?state=refused")))["total"] == 1
    assert (await _ok(await gunta.http.get(f"{path}?institution=vid")))["total"] == 0
    assert (await _ok(await gunta.http.get(f"{path}?institution=vsaa&centre=riga")))["total"] >= 1
    now = await _ok(await liga.http.get(f"{_BASE}/statements/{number}/lines"))
    assert [{**row, "dispute": None} for row in now["rows"]] == [{**row, "dispute": None} for row in lines["rows"]]
    assert [row["dispute"]["state"] for row in now["rows"]] == ["accepted", "accepted"]


async def test_an_accountant_sees_cases_and_no_words(stage: Stage) -> None:
    citizen = await stage.citizen()
    await citizen.ask("Kur saņemt slimības pabalstu? Mans vārds ir Zigfrīds.")
    gunta = await stage.staff("gunta")
    snapshot = await gunta.snapshot()
    assert snapshot["conversations"] == []
    for path in ("/search?q=pabalsts", "/board", f"/conversations/{citizen.conversation}"):
        assert (await gunta.http.get(path)).status_code in (403, 404)
    found = await _ok(await gunta.http.get("/cases?q=Zigfr%C4%ABds"))
    assert found["total"] == 0
    # What the assistant did alone is a case with a tariff, and free.
    await citizen.raw({"t": "end"})
    await citizen.wait_phase("ended")
    [row] = (await _ok(await gunta.http.get("/cases?q=1")))["rows"]
    assert (row["level"], row["tariff"], row["amount_eur"]) == (0, "assistant-2026", "0.00")
    correction = {"reason": "x", "changes": {"level": 1}}
    assert (await gunta.http.post("/cases/1/correct", json=correction)).status_code == 403
    await gunta.close()
