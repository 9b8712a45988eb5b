"""Accounts kept in the console: who may, what ends sessions, what keeps an administrator in, and the trail of it all."""

from __future__ import annotations

import ast
import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from handoff.staff.models import Staff
from handoff.staff.passwords import check_password
from kit.errors import PieturaError
from tests.stage import Desk, Stage

_NEW = {
    "name": "Zane Ābola",
    "email": "Zane.Abola@Example.LV",
    "role": "operator",
    "centre_id": "riga",
    "languages": ["lv", "ru"],
}
_OWN = "trīs nesaistīti vārdi"


async def _open(admin: Desk, **changes: Any) -> tuple[dict[str, Any], str]:
    made = await admin.http.post("/people", json={**_NEW, **changes})
    assert made.status_code == 201, made.text
    return made.json()["person"], made.json()["password"]


async def _enter(stage: Stage, email: str, password: str) -> Desk:
    desk = Desk(stage.url)
    assert (await desk.sign_in(email, password)).status_code == 200
    return desk


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_an_account_opens_only_after_its_own_password_is_set(stage: Stage) -> None:
    admin, liga = await stage.staff("admin"), await stage.staff("liga")
    assert (await liga.http.get("/people")).status_code == 403
    assert (await liga.http.post("/people", json=_NEW)).status_code == 403
    person, password = await _open(admin)
    assert person["email"] == "zane.abola@example.lv"
    assert "password" not in json.dumps((await admin.http.get(f"/people/{person['id']}")).json())
    taken = await admin.http.post("/people", json={**_NEW, "name": "Cita", "email": "zane.abola@example.lv"})
    assert _code(taken) == (409, "email_taken")
    assert "Zane Ābola" in taken.json()["detail"]

    zane, elsewhere = await _enter(stage, person["email"], password), await _enter(stage, person["email"], password)
    assert zane.me["must_change_password"]
    for path in ("/snapshot", "/queues", "/search?q=a"):
        assert _code(await zane.http.get(path)) == (403, "password_change_required"), path
    for new, code in (
        ("īsa", "password_short"),
        ("zane.abola.2026", "password_personal"),
        ("Parole2026!!", "password_common"),
        (password, "password_same"),
    ):
        assert _code(await zane.http.post("/me/password", json={"current": password, "new": new})) == (400, code)
    assert _code(await zane.http.post("/me/password", json={"current": "cita", "new": _OWN})) == (403, "wrong_password")
    changed = await zane.http.post("/me/password", json={"current": password, "new": _OWN})
    assert changed.status_code == 204, changed.text
    assert (await zane.http.get("/snapshot")).status_code == 200, "the session in which it was changed goes on"
    assert (await elsewhere.http.get("/me")).status_code == 401
    assert (await Desk(stage.url).sign_in(person["email"], password)).status_code == 401
    assert not (await _enter(stage, person["email"], _OWN)).me["must_change_password"]


async def test_an_initial_password_runs_out_and_is_given_anew(stage: Stage) -> None:
    admin = await stage.staff("admin")
    person, password = await _open(admin, email="initial@example.lv")
    stage.clock.push(timedelta(days=8))
    admin = await stage.staff("admin")
    assert _code(await Desk(stage.url).sign_in(person["email"], password)) == (401, "initial_password_expired")
    assert _code(await Desk(stage.url).sign_in(person["email"], "cita")) == (401, "bad_credentials")
    again = await admin.http.post(f"/people/{person['id']}/reset_password", json={"version": person["version"]})
    assert (await Desk(stage.url).sign_in(person["email"], password)).status_code == 401
    await _enter(stage, person["email"], again.json()["password"])


async def test_disabling_ends_sessions_at_once_and_loses_no_conversation(stage: Stage) -> None:
    admin, anna = await stage.staff("admin"), await stage.staff("anna")
    await anna.listen()
    citizen = await stage.citizen()
    await citizen.ask("Gribu runāt ar cilvēku")
    await citizen.wait_phase("waiting")
    assert citizen.conversation is not None
    assert (await anna.act(citizen.conversation, "take")).status_code == 200
    person = (await admin.http.get(f"/people/{anna.me['id']}")).json()
    assert person["sessions"] == 1
    closed = await admin.http.post(f"/people/{person['id']}/disable", json={"version": person["version"]})
    assert closed.status_code == 200, closed.text
    assert anna._socket is not None
    await asyncio.wait_for(anna._socket.wait_closed(), 5)
    assert anna._socket.close_code == 4401
    assert (await anna.http.get("/me")).status_code == 401
    assert (await admin.card(citizen.conversation))["state"] == "queued"
    late = await admin.http.post(f"/people/{person['id']}/enable", json={"version": person["version"]})
    assert _code(late) == (409, "account_changed")
    opened = await admin.http.post(f"/people/{person['id']}/enable", json={"version": closed.json()["version"]})
    assert not opened.json()["disabled"]
    await stage.staff("anna")


async def test_what_a_specialist_had_taken_is_his_colleagues_again(stage: Stage) -> None:
    admin, anna, ieva = await stage.staff("admin"), await stage.staff("anna"), await stage.staff("ieva")
    citizen = await stage.citizen()
    await citizen.ask("Gribu runāt ar operatoru")
    talk = citizen.conversation
    assert talk is not None
    (await anna.act(talk, "take")).raise_for_status()
    (await anna.act(talk, "level2", institution_id="vsaa", note="Lūdzu")).raise_for_status()
    (await ieva.act(talk, "take")).raise_for_status()
    person = (await admin.http.get(f"/people/{ieva.me['id']}")).json()
    (await admin.http.post(f"/people/{person['id']}/disable", json={"version": person["version"]})).raise_for_status()
    card = await anna.card(talk)
    assert (card["state"], card["specialist"]) == ("level2", None)


async def test_at_level_2_another_operator_takes_the_place_of_one_who_is_gone(stage: Stage) -> None:
    admin, anna, janis, ieva = [await stage.staff(one) for one in ("admin", "anna", "janis", "ieva")]
    citizen = await stage.citizen()
    await citizen.ask("Gribu runāt ar operatoru")
    talk = str(citizen.conversation)
    (await anna.act(talk, "take")).raise_for_status()
    (await anna.act(talk, "level2", institution_id="vsaa", note="Vai iemaksas pietiek?")).raise_for_status()
    before = await anna.card(talk)
    # What is asked of the institution stands where its specialist looks first.
    assert before["summary"].startswith("Anna Bērziņa jautā iestādei: Vai iemaksas pietiek?")

    async def leaves(who: str) -> None:
        stage.clock.push(timedelta(minutes=2))
        async with stage.gateway.db.unit() as unit:
            gone = stage.clock.now() - timedelta(seconds=106)
            await unit.session.execute(update(Staff).where(Staff.id == who).values(seen_at=gone))
        await stage.gateway.sweep.once()

    assert (await anna.say(talk, "Gaidām iestādi.")).status_code == 200
    await leaves(anna.me["id"])
    assert (await anna.card(talk))["holder"] is not None, "while there is nothing to read she keeps it overnight"
    sent = await citizen.send("Vai vēl kāds ir?")
    await citizen.wait(lambda frame: frame["t"] == "ack" and frame["id"] == sent)
    await stage.gateway.sweep.once()
    card = await janis.card(talk)
    assert (card["state"], card["holder"], card["reason"]) == ("level2", None, "operator_gone")
    assert card["level2_clock"] == before["level2_clock"], "the institution's time goes on"
    assert "take" in card["may"]
    assert "take" in (await ieva.card(talk))["may"], "the specialist's part goes on"
    await citizen.wait_phase("waiting")
    taken = (await janis.act(talk, "take")).json()
    assert (taken["state"], taken["holder"]["name"], taken["specialist"]) == ("level2", "Jānis Kalniņš", None)
    late = await anna.http.post(f"/conversations/{talk}/take", json={"version": card["version"]})
    assert _code(late) == (409, "taken")
    # An account that is closed does not come back: what it held is nobody's at once, also when the specialist is done first.
    (await ieva.act(talk, "take")).raise_for_status()
    person = (await admin.http.get(f"/people/{janis.me['id']}")).json()
    (await admin.http.post(f"/people/{person['id']}/disable", json={"version": person["version"]})).raise_for_status()
    card = await ieva.card(talk)
    assert (card["state"], card["holder"], card["specialist"]["name"]) == ("level2", None, "Ieva Liepiņa")
    assert (await ieva.say(talk, "Pietiek.")).status_code == 200
    (await ieva.act(talk, "level2_done")).raise_for_status()
    card = await admin.card(talk)
    assert (card["state"], card["holder"]) == ("queued", None)
    for one in (admin, anna, ieva, citizen):
        await one.close()


async def test_no_administrator_shuts_the_last_door(stage: Stage) -> None:
    admin = await stage.staff("admin")
    me = (await admin.http.get(f"/people/{admin.me['id']}")).json()
    mine = {"name": me["name"], "email": me["email"], "centre_id": "riga", "version": me["version"]}
    assert _code(await admin.http.put(f"/people/{me['id']}", json={**mine, "role": "operator"})) == (400, "own_role")
    for act in ("disable", "reset_password"):
        refused = await admin.http.post(f"/people/{me['id']}/{act}", json={"version": me["version"]})
        assert _code(refused) == (400, "own_account")
    second, password = await _open(admin, role="admin", email="second@example.lv", name="Otrais")
    other = await _enter(stage, second["email"], password)
    assert (await other.http.post("/me/password", json={"current": password, "new": _OWN})).status_code == 204
    # Each closes the other at the same moment: one of them stays.
    answers = await asyncio.gather(
        admin.http.post(f"/people/{second['id']}/disable", json={"version": second["version"]}),
        other.http.post(f"/people/{me['id']}/disable", json={"version": me["version"]}),
    )
    assert sorted(one.status_code for one in answers)[0] == 200
    assert sorted(one.status_code for one in answers)[1] in (401, 409)


async def test_another_role_ends_sessions_and_asks_for_what_it_needs(stage: Stage) -> None:
    admin, olga = await stage.staff("admin"), await stage.staff("olga")
    person = (await admin.http.get(f"/people/{olga.me['id']}")).json()
    body = {"name": "Olga Ivanova", "email": person["email"], "centre_id": "daugavpils", "version": person["version"]}
    path = f"/people/{person['id']}"
    assert _code(await admin.http.put(path, json={**body, "role": "specialist"})) == (400, "institution_missing")
    no_centre = {**body, "role": "operator", "centre_id": None}
    assert _code(await admin.http.put(path, json=no_centre)) == (400, "centre_missing")
    unknown = await admin.http.put(path, json={**body, "role": "operator", "centre_id": "nowhere"})
    assert _code(unknown) == (400, "bad_value")
    renamed = await admin.http.put(path, json={**body, "role": "operator", "name": "Olga Kalna"})
    assert renamed.json()["name"] == "Olga Kalna"
    assert (await olga.http.get("/me")).json()["name"] == "Olga Kalna", "a new name ends nothing"
    stale = await admin.http.put(path, json={**body, "role": "operator"})
    assert _code(stale) == (409, "account_changed")
    body = {
        **body,
        "role": "specialist",
        "name": "Olga Kalna",
        "institution_id": "vsaa",
        "version": renamed.json()["version"],
    }
    moved = (await admin.http.put(path, json=body)).json()
    assert (moved["role"], moved["institution_id"], moved["centre"]) == ("specialist", "vsaa", None)
    assert (await olga.http.get("/me")).status_code == 401
    found = (await admin.http.get("/people", params={"q": "OLGA kalna", "role": "specialist", "state": "open"})).json()
    assert [one["id"] for one in found["rows"]] == [person["id"]]


async def test_the_trail_is_found_taken_along_and_on_record(stage: Stage) -> None:
    admin, liga = await stage.staff("admin"), await stage.staff("liga")
    assert (await liga.http.get("/audit")).status_code == 403
    assert (await liga.http.get("/audit.csv")).status_code == 403
    person, _ = await _open(admin, email="trail@example.lv", name="=Taka")
    asked = {"person": admin.me["id"], "object": person["id"], "from": "2026-11-24", "to": "2026-11-24"}
    found = (await admin.http.get("/audit", params={**asked, "action": "account_created"})).json()
    (line,) = found["rows"]
    assert line["person"]["name"] == "Māris Vītols"
    assert line["object"] == {"id": person["id"], "name": "=Taka", "kind": "person"}
    assert line["detail"]["after"]["email"] == "trail@example.lv"
    assert "account_created" in found["actions"]
    empty = await admin.http.get("/audit", params={**asked, "from": "2026-11-25", "to": "2026-11-25"})
    assert empty.json()["rows"] == []
    wrong = await admin.http.get("/audit", params={"from": "2026-11-25", "to": "2026-11-24"})
    assert _code(wrong) == (400, "trail_period")
    first = (await admin.http.get("/audit")).json()
    again = (await admin.http.get("/audit", params={"up_to": first["up_to"]})).json()
    assert again["rows"] == first["rows"], "what reading adds to the trail does not shift its pages"
    assert first["total"] > 2
    csv = (await admin.http.get("/audit.csv", params=asked)).text
    assert csv.startswith("\ufeffno;recorded_at;")
    assert "Konts izveidots" in csv
    assert "'=Taka" in csv
    assert csv.count("\n") == 2
    reads = (await admin.http.get("/audit", params={"action": "audit_read"})).json()["rows"]
    assert reads[-1]["detail"]["filter"]["object"] == person["id"]
    assert (await admin.http.get("/audit", params={"action": "audit_exported"})).json()["total"] == 1


@pytest.mark.parametrize("password", ["123456789012", "aaaaaaaaaaaa", "qwerty123456", "Latvija-2026", "1q2w3e4r5t6y"])
def test_common_passwords_are_refused(password: str) -> None:
    with pytest.raises(PieturaError, match="password_common"):
        check_password(password, email="x@y.lv", name="Z", current="")


#: Calls that put a line into the trail.
_NOTED = (".audit", "._audit", "._record", "._trail.note", "._trail.note_with")


def test_every_act_has_a_name() -> None:
    texts = json.loads(Path("handoff/console/locales/lv.json").read_text("utf-8"))
    acts = set()
    for file in [*Path("handoff").rglob("*.py"), *Path("knowledge_base").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(_NOTED):
                for value in node.args[1:4]:
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        acts.add(value.value)
    assert len(acts) > 30
    assert sorted(act for act in acts if f"console.audit.action.{act}" not in texts) == []
