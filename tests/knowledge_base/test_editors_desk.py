"""The editors' desk over a real gateway: two persons change an answer, and the next citizen is answered by it."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from handoff.staff.models import Audit
from kit.errors import PieturaError
from knowledge_base.editor.service import check
from knowledge_base.importer import import_all
from knowledge_base.models import Service
from knowledge_base.service import KnowledgeBase
from knowledge_base.wording import question_set
from tests.stage import Desk, Stage, raise_stage

_SERVICE = "vsaa-slimibas-pabalsts"
_PLACE: dict[str, Any] = {"service_id": _SERVICE, "lang": "lv", "aspect": "how"}
_QUESTION = "Kā pieteikties slimības pabalstam?"
_TEXT = "Piesakieties portālā Latvija.lv: tas aizņem piecas minūtes."
pytestmark = pytest.mark.usefixtures("small_set")


@pytest.fixture
async def stage(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> AsyncIterator[Stage]:
    """A gateway whose knowledge base is its own: what is published here is not for other tests."""
    stage = await raise_stage(sqlite_url, tmp_path, knowledge=copy.copy(knowledge))
    yield stage
    await stage.stop()


async def _get(desk: Desk, path: str, **query: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.http.get(f"/editor/{path}", params=query)).raise_for_status().json()
    return found


async def _shown(desk: Desk, place: dict[str, Any] | None = None) -> dict[str, Any]:
    place = place or _PLACE
    answers = (await _get(desk, f"services/{place['service_id']}"))["answers"][place["lang"]]
    found: dict[str, Any] = next(one for one in answers if one["aspect"] == place["aspect"])
    return found


async def _draft(desk: Desk, text: str | None = _TEXT, **more: Any) -> httpx.Response:
    base = (await _shown(desk, {**_PLACE, **{k: v for k, v in more.items() if k in _PLACE}}))["version"]
    return await desk.http.post("/editor/changes", json={**_PLACE, "text": text, "base_version": base, **more})


async def _proposed(desk: Desk, text: str | None = _TEXT, **more: Any) -> dict[str, Any]:
    row = (await _draft(desk, text, **more)).raise_for_status().json()
    return await _judged(desk, (await _do(desk, row, "propose")).raise_for_status().json())


async def _judged(desk: Desk, row: dict[str, Any], limit: float = 60) -> dict[str, Any]:
    """Until the question set has been run over the change."""
    async with asyncio.timeout(limit):
        while row["check"]["needed"] and not row["check"]["fresh"]:
            await asyncio.sleep(0.1)
            row = await _get(desk, f"changes/{row['id']}")
            assert row["check"]["state"] != "failed"
    return row


async def _do(desk: Desk, row: dict[str, Any], act: str, **more: Any) -> httpx.Response:
    return await desk.http.post(f"/editor/changes/{row['id']}/{act}", json={"version": row["version"], **more})


async def _said(stage: Stage, wanted: str, limit: float = 30) -> None:
    """Until a new citizen is told ``wanted``. How soon that is, ``make bench-publishing`` tells."""
    began = time.monotonic()
    while time.monotonic() - began < limit:
        citizen = await stage.citizen()
        answer = await citizen.ask(_QUESTION)
        await citizen.close()
        if wanted in answer["text"]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"nobody was told {wanted!r} in {limit} s")


async def test_two_persons_and_the_next_citizen_is_told(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    before = await _shown(liga)
    row = (await _draft(liga, note="Portālā cits solis")).raise_for_status().json()
    assert (row["state"], row["shown"], row["may"]) == ("draft", before["text"], ["rewrite", "propose", "drop"])
    row = (await _do(liga, row, "propose")).raise_for_status().json()
    # Nobody approves his own.
    refused = await _do(liga, row, "approve")
    assert (refused.status_code, refused.json()["code"]) == (403, "own_change")
    (waiting,) = (await _get(admin, "changes", state="proposed"))["changes"]
    assert (waiting["id"], waiting["author"]["name"], "approve" in waiting["may"]) == (row["id"], "Līga Krūmiņa", True)
    # Those questions of the set are run that have a word which comes or goes, and no others.
    waiting = await _judged(admin, waiting)
    found = waiting["check"]["result"]
    assert 0 < found["total"] < len(question_set.shipped()) / 2
    assert not found["is_worse"]
    published = (await _do(admin, waiting, "approve", note="Pārbaudīju")).raise_for_status().json()
    assert (published["state"], published["decided_by"]["name"]) == ("published", "Māris Vītols")
    await _said(stage, _TEXT)
    versions = (await _get(liga, f"services/{_SERVICE}/history", lang="lv", aspect="how"))["versions"]
    assert [one["current"] for one in versions] == [True, *[False] * (len(versions) - 1)]
    assert (versions[0]["text"], versions[0]["author"], versions[0]["decided_by"], versions[0]["origin"]) == (
        _TEXT,
        "Līga Krūmiņa",
        "Māris Vītols",
        "editor",
    )
    assert versions[1]["text"] == before["text"]
    async with stage.gateway.db.read() as session:
        line = (await session.scalars(select(Audit).where(Audit.action == "answer_approved"))).one()
    assert (line.object_id, line.detail["aspect"], line.detail["change"]) == (_SERVICE, "how", row["id"])
    assert line.detail["after"] == {"version": versions[0]["version"]}


async def test_one_click_back(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    before = await _shown(liga)
    (await _do(admin, await _proposed(liga), "approve")).raise_for_status()
    wanted = {**_PLACE, "to_version": before["version"], "base_version": (await _shown(liga))["version"]}
    back = await liga.http.post("/editor/restore", json=wanted)
    assert back.status_code == 200, back.text
    after = await _shown(liga)
    assert (after["text"], after["version"]) == (before["text"], before["version"] + 2)
    # A mere fix of what no question has a word of is approved at once.
    fixed = f"{after['text']} Krumpumpurs."
    quick = (await _draft(liga, fixed)).raise_for_status().json()
    quick = (await _do(liga, quick, "propose")).raise_for_status().json()
    assert (quick["check"]["needed"], quick["check"]["state"]) == (False, "none")
    (await _do(admin, quick, "approve")).raise_for_status()
    # What was seen is no longer what is shown: nothing is put back over it.
    assert (await admin.http.post("/editor/restore", json=wanted)).json()["code"] == "answer_changed"
    wanted["base_version"] = wanted["to_version"] = after["version"] + 1
    assert (await admin.http.post("/editor/restore", json=wanted)).json()["code"] == "shown_already"
    wanted["to_version"] = 99
    assert (await admin.http.post("/editor/restore", json=wanted)).status_code == 404


async def test_its_day_comes_and_goes(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    before, now = await _shown(liga), stage.clock.now()
    span = {
        "valid_from": (now + timedelta(days=1)).isoformat(),
        "valid_to": (now + timedelta(days=3)).isoformat(),
    }
    row = (await _do(admin, await _proposed(liga, **span), "approve")).raise_for_status().json()
    assert row["state"] == "approved"
    assert await _shown(liga) == before
    stage.clock.push(timedelta(days=1, minutes=1))
    await _said(stage, _TEXT)
    stage.clock.push(timedelta(days=2))
    await _said(stage, before["text"].splitlines()[0])
    (ended,) = (await _get(await stage.staff("liga"), "changes", state="ended"))["changes"]
    assert ended["id"] == row["id"]


async def _until(desk: Desk, state: str, number: int) -> None:
    async with asyncio.timeout(10):
        while len((await _get(desk, "changes", state=state))["changes"]) < number:
            await asyncio.sleep(0.05)


async def test_one_temporary_answer_after_another(stage: Stage) -> None:
    """What follows takes the place of what ends; at the end there is what there was before both."""
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    before, now = await _shown(liga), stage.clock.now()
    days = [(now + timedelta(days=day)).isoformat() for day in (1, 2, 4)]
    await _do(admin, await _proposed(liga, "Pirmais pagaidu teksts.", valid_to=days[1]), "approve")
    # It begins after the first one has ended: it builds on what is shown then.
    gap = (now + timedelta(days=2, hours=5)).isoformat()
    await _do(admin, await _proposed(liga, "Otrais pagaidu teksts.", valid_from=gap, valid_to=days[2]), "approve")
    stage.clock.push(timedelta(days=2, minutes=1))
    liga = await stage.staff("liga")
    await _until(liga, "ended", 1)
    assert (await _shown(liga))["text"] == before["text"]
    stage.clock.push(timedelta(hours=6))
    liga = await stage.staff("liga")
    await _until(liga, "published", 1)
    assert (await _shown(liga))["text"] == "Otrais pagaidu teksts."
    stage.clock.push(timedelta(days=3))
    liga = await stage.staff("liga")
    await _until(liga, "ended", 2)
    after = await _shown(liga)
    # Not the first temporary text, which has had its day; and the files may change it again, as before.
    assert (after["text"], after["origin"]) == (before["text"], before["origin"])


async def test_its_successor_begins_in_the_moment_it_ends(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    turn = (stage.clock.now() + timedelta(days=1)).isoformat()
    await _do(admin, await _proposed(liga, "Līdz pusnaktij.", valid_to=turn), "approve")
    await _do(admin, await _proposed(liga, "No pusnakts.", valid_from=turn), "approve")
    stage.clock.push(timedelta(days=1, minutes=1))
    liga = await stage.staff("liga")
    await _until(liga, "ended", 1)
    assert (await _shown(liga))["text"] == "No pusnakts."
    assert (await _get(liga, "changes", state="overtaken"))["changes"] == []


async def test_what_was_nothing_before_is_nothing_again(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    place = {"service_id": "pasv-nin", "lang": "lv", "aspect": "documents"}
    assert (await _shown(liga, place))["version"] is None
    until = (stage.clock.now() + timedelta(days=1)).isoformat()
    await _do(admin, await _proposed(liga, "Pagaidu teksts.", **place, valid_to=until), "approve")
    assert (await _shown(liga, place))["text"] == "Pagaidu teksts."
    stage.clock.push(timedelta(days=1, minutes=1))
    liga = await stage.staff("liga")
    await _until(liga, "ended", 1)
    assert ((await _shown(liga, place))["text"], (await _shown(liga, place))["version"]) == (None, None)


async def test_the_same_text_for_another_year_is_a_change(stage: Stage) -> None:
    liga = await stage.staff("liga")
    text = (await _shown(liga))["text"]
    assert (await _draft(liga, text, source_date="2027")).status_code == 201


async def test_an_answer_that_came_in_between_is_not_written_over(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    soon = (stage.clock.now() + timedelta(hours=1)).isoformat()
    waits = (await _do(admin, await _proposed(liga, valid_from=soon), "approve")).raise_for_status().json()
    # The only way past an open wish is time and the database itself: as another worker's publication would.
    async with stage.gateway.db.unit() as unit:
        from knowledge_base.editor import repository

        shown = await repository.current(unit.session, _SERVICE, "lv", "how")
        assert shown is not None
        shown.version += 1
    stage.clock.push(timedelta(hours=2))
    async with asyncio.timeout(10):
        while True:
            found = (await _get(liga, "changes", state="overtaken"))["changes"]
            if found:
                break
            await asyncio.sleep(0.1)
    assert found[0]["id"] == waits["id"]
    assert (await _shown(liga))["text"] != _TEXT


async def test_two_editors_on_one_answer(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    both = await asyncio.gather(_draft(liga, "Pirmais teksts."), _draft(admin, "Otrais teksts."))
    assert sorted(one.status_code for one in both) == [201, 409]
    lost = next(one for one in both if one.status_code == 409)
    assert lost.json()["code"] == "open_already"
    won = next(one for one in both if one.status_code == 201).json()
    owner, other = (liga, admin) if won["author"]["name"] == "Līga Krūmiņa" else (admin, liga)
    body = {"text": "Labots teksts.", "base_version": won["base_version"], "version": won["version"]}
    assert (await other.http.put(f"/editor/changes/{won['id']}", json=body)).status_code == 403
    changed = (await owner.http.put(f"/editor/changes/{won['id']}", json=body)).raise_for_status().json()
    assert (changed["text"], changed["version"]) == ("Labots teksts.", won["version"] + 1)
    # The same from an older window: refused, and nothing is lost of what is stored.
    assert (await owner.http.put(f"/editor/changes/{won['id']}", json=body)).json()["code"] == "edited_elsewhere"


async def test_sent_back_with_a_reason_and_dropped(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    row = await _proposed(liga)
    assert (await _do(admin, row, "send_back")).json()["code"] == "reason_needed"
    row = (await _do(admin, row, "send_back", note="Vajag garāk")).raise_for_status().json()
    assert (row["state"], row["decision"]) == ("draft", "Vajag garāk")
    assert (await _do(admin, row, "approve")).json()["code"] == "decided_already"
    path = f"/editor/changes/{row['id']}"
    assert (await liga.http.delete(path, params={"version": row["version"]})).status_code == 204
    # It stays on record, and the answer is free again.
    assert (await _get(admin, "changes", state="dropped"))["changes"][0]["id"] == row["id"]
    assert (await _draft(admin)).status_code == 201


async def test_a_withdrawn_answer_stays_withdrawn_whatever_is_imported(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    before = {one["id"]: one for one in (await _get(liga, "services"))["services"]}
    (await _do(admin, await _proposed(liga, None), "approve")).raise_for_status()
    assert (await _shown(liga))["text"] is None
    async with stage.gateway.db.unit() as unit:
        await import_all(unit.session)
    assert (await _shown(liga))["text"] is None
    after = {one["id"]: one for one in (await _get(liga, "services"))["services"]}
    assert after[_SERVICE]["aspects"] == before[_SERVICE]["aspects"] - 1


async def test_a_question_on_trial(stage: Stage) -> None:
    baiba, anna = await stage.staff("baiba"), await stage.staff("anna")

    async def ask(text: str, lang: str = "lv") -> dict[str, Any]:
        answer = await baiba.http.post("/editor/try", json={"text": text, "lang": lang})
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    sure = await ask(_QUESTION)
    assert (sure["outcome"], sure["lang"], sure["asked_aspect"]) == ("answered", "lv", "how")
    assert "Slimības pabalsts" in sure["said"][0]["text"]
    best = sure["candidates"][0]
    assert (best["id"], best["probability"] >= sure["thresholds"]["answer"]) == (_SERVICE, True)
    assert sure["scope"]["score"] >= sure["scope"]["answer_from"]
    # A rule decides before anybody is asked; what would have been found is told all the same.
    person = await ask("Gribu runāt ar cilvēku")
    assert (person["outcome"], person["handoff_reason"], person["intent"], person["searched"]) == (
        "handoff",
        "asked",
        None,
        False,
    )
    assert (await ask("Как получить пособие по болезни? Мой код 010190-12345"))["masked"]
    stage.understander.mode = "down"
    assert (await ask(_QUESTION))["outcome"] == "unavailable"
    # Nothing of it is a conversation or a case.
    assert (await stage.staff("liga")).me
    assert (await (await stage.staff("liga")).snapshot())["conversations"] == []
    assert (await anna.http.post("/editor/try", json={"text": "x"})).status_code == 403
    assert (await baiba.http.post("/editor/try", json={"text": "  "})).status_code == 422


async def test_what_is_due_is_looked_at_and_is_due_no_more(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    due = [one for one in (await _get(liga, "services"))["services"] if one["due"]]
    assert due
    path = f"/editor/services/{due[0]['id']}/reviewed"
    assert (await anna.http.post(path)).status_code == 403
    page = (await liga.http.post(path)).raise_for_status().json()
    assert (page["checked_on"], page["review_due"][:4]) == ("2026-11-24", "2027")
    after = {one["id"]: one for one in (await _get(liga, "services"))["services"]}
    assert not after[due[0]["id"]]["due"]
    # The files do not take it back, were their record another by now.
    async with stage.gateway.db.unit() as unit:
        service = await unit.session.get(Service, due[0]["id"])
        assert service is not None
        service.content_hash = "of a former file"
        await import_all(unit.session)
    again = await _get(liga, f"services/{due[0]['id']}")
    assert (again["checked_on"], again["review_due"]) == (page["checked_on"], page["review_due"])
    async with stage.gateway.db.read() as session:
        line = (await session.scalars(select(Audit).where(Audit.action == "service_reviewed"))).one()
    assert (line.object_id, line.detail["after"]) == (due[0]["id"], page["review_due"])


async def test_only_editors_edit(stage: Stage) -> None:
    anna, liga = await stage.staff("anna"), await stage.staff("liga")
    for path in ("services", f"services/{_SERVICE}", "changes", f"services/{_SERVICE}/history?lang=lv&aspect=how"):
        assert (await anna.http.get(f"/editor/{path}")).status_code == 403
    body = {**_PLACE, "text": "x", "base_version": 1}
    assert (await anna.http.post("/editor/changes", json=body)).status_code == 403
    del liga.http.headers["x-csrf-token"]
    assert (await liga.http.post("/editor/changes", json=body)).status_code == 403
    assert (await liga.http.get("/editor/services/nav-tada")).status_code == 404
    assert (await liga.http.get("/editor/changes", params={"state": "nav-tada"})).status_code == 422


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"text": "Pabalsts ir 250 eiro mēnesī."}, "money_needs_date"),
        ({"text": "[red.] vēl jāpārbauda"}, "editors_note"),
        ({"aspect": "general", "text": None}, "general_needed"),
        ({"valid_to": "2020-01-01T00:00:00Z"}, "ends_before_it_begins"),
        ({"service_id": "nav-tada"}, "not_found"),
        ({"base_version": 77}, "answer_changed"),
        ({"base_version": 2**40}, "bad_request"),
        ({"valid_from": "0001-01-01T00:00:00+02:00"}, "bad_request"),
    ],
)
async def test_what_is_refused(stage: Stage, change: dict[str, Any], code: str) -> None:
    liga = await stage.staff("liga")
    base = (await _shown(liga, {**_PLACE, "aspect": change.get("aspect", "how")}))["version"]
    body = {**_PLACE, "text": _TEXT, "base_version": base, **change}
    refused = await liga.http.post("/editor/changes", json=body)
    assert (refused.status_code >= 400, refused.json()["code"]) == (True, code)
    assert refused.json()["title"]
    assert (await _get(liga, "changes"))["changes"] == []


async def test_nothing_changed_is_no_change(stage: Stage) -> None:
    liga = await stage.staff("liga")
    assert (await _draft(liga, (await _shown(liga))["text"])).json()["code"] == "nothing_changed"


def test_money_needs_its_year() -> None:
    assert check("Maksā 12,50 €.", "cost", "2026") == "Maksā 12,50 €."
    assert check("Jāgaida 30 dienas.", "deadline", None) == "Jāgaida 30 dienas."
    for text in (
        "Maksā €12.",
        "Maksā 12 EUR.",
        "Maksā 3 eiro.",
        "Стоит 5 евро.",
        "The fee is EUR 35.00",
        "Līdz 5 tūkst. eiro.",
        "До 5 тыс. евро",
    ):
        with pytest.raises(PieturaError):
            check(text, "cost", None)
