"""The plans' desk over a real gateway: two persons change a plan, citizens run it, operators send guides."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from handoff.staff.models import Audit
from knowledge_base.service import KnowledgeBase
from tests.citizen import Citizen
from tests.stage import Desk, Stage, raise_stage


@pytest.fixture
async def stage(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> AsyncIterator[Stage]:
    """A gateway with the plans that come with the product."""
    stage = await raise_stage(sqlite_url, tmp_path, knowledge=copy.copy(knowledge))
    yield stage
    await stage.stop()


def w(text: str) -> dict[str, str]:
    return {"lv": text, "ru": text, "en": text}


def content(*texts: str, value: str = "check:1") -> dict[str, Any]:
    """A plan that asks and then calls a person."""
    asks = [
        {"id": f"q{at}", "kind": "ask", "answer": "text", "name": w(f"Atbilde {at}"), "text": w(text)}
        for at, text in enumerate(texts, 1)
    ]
    return {
        "kind": "plan",
        "name": w("Pārbaudes plāns"),
        "triggers": [{"kind": "payload", "value": value, "how": "start"}],
        "steps": [*asks, {"id": "fin", "kind": "hand_over", "text": w("Nododu operatoram."), "topic": "family"}],
    }


async def _post(desk: Desk, path: str, **body: Any) -> httpx.Response:
    return await desk.http.post(f"/plans/{path}", json=body)


async def _ok(desk: Desk, path: str, **body: Any) -> dict[str, Any]:
    found = await _post(desk, path, **body)
    assert found.status_code < 300, found.text
    return found.json()  # type: ignore[no-any-return]


async def _published(liga: Desk, admin: Desk, plan: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    row = await _ok(liga, "changes", content=plan, **more)
    row = await _ok(liga, f"changes/{row['id']}/propose", version=row["version"])
    return await _ok(admin, f"changes/{row['id']}/approve", version=row["version"])


async def _press(citizen: Citizen, title: str) -> dict[str, Any]:
    """Presses a button of the newest message that has it; what is said then."""
    for message in sorted(citizen.messages.values(), key=lambda one: -one["seq"]):
        for button in message["buttons"]:
            if button["title"] == title:
                return await citizen.ask(title, payload=button["payload"])
    raise AssertionError(f"no button {title!r}")


async def test_two_persons_and_who_runs_it_finishes_his_version(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    row = await _ok(liga, "changes", content=content("Kas noticis?"), note="Jauns")
    assert (row["state"], row["plan_id"], row["may"]) == ("draft", "parbaudes-plans", ["rewrite", "propose", "drop"])
    row = await _ok(liga, f"changes/{row['id']}/propose", version=row["version"])
    own = await _post(liga, f"changes/{row['id']}/approve", version=row["version"])
    assert (own.status_code, own.json()["code"]) == (403, "own_change")
    row = await _ok(admin, f"changes/{row['id']}/approve", version=row["version"], note="Labi")
    assert (row["state"], row["published"]) == ("published", 1)

    citizen = await stage.citizen()
    assert "Kas noticis?" in (await citizen.ask("Sākt", payload="check:1"))["text"]
    # Changed meanwhile: he who runs it finishes the one he began, the next begins the new one.
    changed = content("Kas noticis?", "Kur tas bija?")
    await _published(liga, admin, changed, plan_id="parbaudes-plans", base=1)
    said = await citizen.ask("Nesaņēmu vēstuli")
    assert "Nododu operatoram." in said["text"]
    card = next(c for c in (await (await stage.staff("anna")).snapshot())["conversations"] if c["state"] == "queued")
    assert (card["reason"], card["topic"]) == ("plan", "family")
    assert "Plānā „Pārbaudes plāns” pateica: Atbilde 1: Nesaņēmu vēstuli." in card["summary"]
    second = await stage.citizen()
    await second.ask("Sākt", payload="check:1")
    assert "Kur tas bija?" in (await second.ask("Nesaņēmu vēstuli"))["text"]

    shown = (await liga.http.get("/plans/parbaudes-plans")).json()
    assert [(v["number"], v["current"]) for v in shown["versions"]] == [(2, True), (1, False)]
    assert [(s["what"], s["id"]) for s in shown["versions"][0]["differences"]["steps"]] == [("added", "q2")]
    back = await _ok(liga, "parbaudes-plans/restore", to=1, base=2)
    assert (back["versions"][0]["number"], back["versions"][0]["content"]) == (3, shown["versions"][1]["content"])
    stale = await _post(liga, "parbaudes-plans/restore", to=2, base=2)
    assert stale.json()["code"] == "plan_changed"
    async with stage.gateway.db.read() as session:
        trail = set(await session.scalars(select(Audit.action).where(Audit.object_id == "parbaudes-plans")))
    assert trail == {"plan_approved", "plan_restored"}


async def test_what_is_wrong_is_told_and_two_editors_meet(stage: Stage) -> None:
    liga, admin, anna = await stage.staff("liga"), await stage.staff("admin"), await stage.staff("anna")
    assert (await anna.http.get("/plans")).status_code == 403
    assert (await _post(anna, "changes", content=content("A"))).status_code == 403
    broken = content("Kas?")
    broken["steps"][0]["next"] = "nowhere"
    row = await _ok(liga, "changes", content=broken)
    refused = await _post(liga, f"changes/{row['id']}/propose", version=row["version"])
    assert (refused.status_code, refused.json()["code"]) == (400, "plan_wrong")
    assert refused.json()["problems"] == [{"code": "next_unknown", "step": "q1", "values": {"id": "nowhere"}}]
    assert (await _ok(liga, "check", content=broken))["problems"] == refused.json()["problems"]
    stranger = await admin.http.put(
        f"/plans/changes/{row['id']}", json={"content": content("B"), "version": row["version"]}
    )
    assert stranger.status_code == 403
    kept = await liga.http.put(f"/plans/changes/{row['id']}", json={"content": content("B"), "version": row["version"]})
    assert kept.status_code == 200
    old = await liga.http.put(f"/plans/changes/{row['id']}", json={"content": content("C"), "version": row["version"]})
    assert (old.status_code, old.json()["code"]) == (409, "edited_elsewhere")
    # One wish at a time for one plan.
    first = await _ok(liga, "changes", content=content("X"), plan_id="sudziba", base=1)
    meets = await _post(admin, "changes", content=content("Y"), plan_id="sudziba", base=1)
    assert (meets.status_code, meets.json()["code"]) == (409, "plan_open")
    dropped = await admin.http.delete(f"/plans/changes/{first['id']}", params={"version": first["version"]})
    assert dropped.status_code == 204
    # An invitation is chosen by name; one that no site has is refused.
    choices = (await liga.http.get("/plans/choices")).json()
    assert {"id": "slimiba", "name": "slimiba", "site": "Pietura", "enabled": True} in choices["invitations"]
    invited = {**content("Z"), "triggers": [{"kind": "proactive", "value": "slimiba", "how": "offer"}]}
    assert (await _ok(liga, "check", content=invited))["problems"] == []
    invited["triggers"][0]["value"] = "izdomats"
    unknown = {"code": "invitation_unknown", "step": None, "values": {"id": "izdomats"}}
    assert (await _ok(liga, "check", content=invited))["problems"] == [unknown]
    assert (await _post(liga, "changes", content={"name": w(""), "steps": []})).json()["code"] == "plan_name_needed"
    assert (await _post(liga, "changes", content={"name": w("x"), "steps": [{"id": "A B"}]})).status_code == 422
    assert (await liga.http.get("/plans/nothing")).status_code == 404


async def test_its_day_comes_and_goes(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    await _published(liga, admin, content("Vienmēr?"))
    now = stage.clock.now()
    span = {
        "valid_from": (now + timedelta(hours=1)).isoformat(),
        "valid_to": (now + timedelta(hours=2)).isoformat(),
    }
    row = await _published(liga, admin, content("Svētkos?"), plan_id="parbaudes-plans", base=1, **span)
    assert row["state"] == "approved"

    async def first_words() -> str:
        await stage.gateway.plans.once()
        citizen = await stage.citizen()
        said: str = (await citizen.ask("Sākt", payload="check:1"))["text"]
        await citizen.close()
        return said

    assert "Vienmēr?" in await first_words()
    stage.clock.push(timedelta(hours=1, minutes=1))
    assert "Svētkos?" in await first_words()
    stage.clock.push(timedelta(hours=1))
    assert "Vienmēr?" in await first_words()
    # Withdrawn by a second person's word as well: the button then begins nothing.
    number = (await liga.http.get("/plans/parbaudes-plans")).json()["versions"][0]["number"]
    await _published(liga, admin, None, plan_id="parbaudes-plans", base=number)
    assert "Vienmēr?" not in await first_words()


async def test_the_preview_is_the_real_thing(stage: Stage) -> None:
    liga = await stage.staff("liga")
    plan = content("Kas noticis?")
    begun = await _ok(liga, "talk", content=plan, payload="begin")
    assert (begun["said"][0]["text"], begun["step"]) == ("Kas noticis?", "q1")
    aside = await _ok(liga, "talk", content=plan, text="Cik maksā pase?", context=begun["context"])
    assert "Vai turpinām „Pārbaudes plāns”?" in aside["said"][-1]["text"]
    end = await _ok(liga, "talk", content=plan, text="Pazuda vēstule", context=begun["context"])
    assert (end["handoff"]["reason"], end["handoff"]["topic"], end["step"]) == ("plan", "family", None)
    assert "Pazuda vēstule" in end["handoff"]["told"]
    nonsense = await _post(
        liga, "talk", content=plan, text="x", context={"plan": {"id": "a", "step": "b", "version": "c"}}
    )
    assert nonsense.status_code == 200


async def test_a_complaint_is_a_short_form_and_goes_to_a_person_even_without_it(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    first = await stage.citizen()
    assert "Par ko ir sūdzība?" in (await first.ask("Inspektore nolika klausuli, gribu iesniegt sūdzību"))["text"]
    assert "kad un kur" in (await _press(first, "Darbinieku attieksme"))["text"]
    await first.ask("Vakar Siguldas centrā")
    assert "Kā vēlaties saņemt atbildi?" in (await _press(first, "Izlaist"))["text"]
    assert "Jūsu sūdzību nodošu operatoram" in (await _press(first, "Šeit, sarunā"))["text"]
    card = next(c for c in (await (await stage.staff("anna")).snapshot())["conversations"] if c["state"] == "queued")
    # What he wrote himself, and what he told in the form; what was passed over is not there.
    assert "Sūdzība. " in card["summary"]
    assert "„Inspektore nolika klausuli, gribu iesniegt sūdzību” / „Vakar Siguldas centrā”" in card["summary"]
    assert (
        "Par ko: Darbinieku attieksme; Kas, kad un kur notika: Vakar Siguldas centrā; Atbilde: Šeit, sarunā."
        in card["summary"]
    )
    await _published(liga, admin, None, plan_id="sudziba", base=1)
    await stage.gateway.plans.once()
    second = await stage.citizen()
    assert "Jūsu sūdzību nodošu operatoram" in (await second.ask("gribu iesniegt sūdzību"))["text"]
    cards = (await (await stage.staff("anna")).snapshot())["conversations"]
    assert {(c["reason"], c["topic"]) for c in cards if c["state"] == "queued"} == {("complaint", "complaint")}


async def test_a_call_back_is_offered_beside_what_we_can_do_and_asks_what_about_and_when(stage: Stage) -> None:
    citizen = await stage.citizen()
    shown = await citizen.ask("Ko tu vari?")
    assert [b["title"] for b in shown["buttons"]] == ["Lūgums atzvanīt"]
    await _press(citizen, "Lūgums atzvanīt")
    # A question is answered, and the call-back waits.
    assert "eiro" in (await citizen.ask("Cik maksā pase?"))["text"]
    await citizen.ask("jā")
    await citizen.ask("Par bērna pabalstu")
    assert "kontaktinformācijas laukā" in (await _press(citizen, "No rīta"))["text"]
    card = next(c for c in (await (await stage.staff("anna")).snapshot())["conversations"] if c["state"] == "queued")
    assert card["reason"] == "call_back"
    assert "Par ko vēlas parunāt: Par bērna pabalstu; Kad zvanīt: No rīta." in card["summary"]


async def test_a_guide_sent_by_an_operator_goes_on_by_the_citizens_buttons(stage: Stage) -> None:
    anna = await stage.staff("anna")
    citizen = await stage.citizen()
    await citizen.ask("Gribu runāt ar operatoru")
    conversation = citizen.conversation
    assert conversation is not None
    (await anna.act(conversation, "take")).raise_for_status()
    shown = (await anna.http.get(f"/conversations/{conversation}/guides")).json()
    assert "celvedis-dzivesvieta" in [one["id"] for one in shown["guides"]]
    assert shown["running"] is None
    body = {"id": "11111111-1111-4111-8111-111111111111", "guide_id": "celvedis-dzivesvieta"}
    path = f"/conversations/{conversation}/guides"
    first = (await anna.http.post(path, json=body)).raise_for_status().json()
    again = (await anna.http.post(path, json=body)).raise_for_status().json()
    assert first["seq"] == again["seq"]
    await citizen.wait(lambda frame: frame["t"] == "message" and frame["message"]["seq"] == first["seq"])
    assert citizen.messages[first["seq"]]["author"]["kind"] == "operator"
    assert [b["title"] for b in citizen.messages[first["seq"]]["buttons"]] == ["Izdarīju", "Nesanāk"]
    second = await _press(citizen, "Izdarīju")
    assert second["text"].startswith("2. solis no 3")
    card = await anna.card(conversation)
    assert (card["plan"]["number"], card["plan"]["of"], card["plan"]["stuck"]) == (2, 3, False)
    helped = await _press(citizen, "Nesanāk")
    assert "Smart-ID Basic" in helped["text"]
    stuck = await _press(citizen, "Nesanāk")
    assert "Operators redz, kurā solī esat" in stuck["text"]
    card = await anna.card(conversation)
    assert (card["state"], card["plan"]["number"], card["plan"]["stuck"]) == ("active", 2, True)
    # Back in the assistant's hands the guide goes on.
    (await anna.act(conversation, "return")).raise_for_status()
    third = await _press(citizen, "Izdarīju")
    assert third["text"].startswith("3. solis no 3")
    # Nobody sends one into a talk that is not his.
    for who, key in (
        (anna, "31111111-1111-4111-8111-111111111111"),
        (await stage.staff("janis"), "2" * 8 + body["id"][8:]),
    ):
        refused = await who.http.post(path, json={**body, "id": key})
        assert refused.status_code in (403, 404, 409), refused.text


async def test_a_stuck_step_brings_a_person_who_sees_which(stage: Stage) -> None:
    anna, citizen = await stage.staff("anna"), await stage.citizen()
    offered = await citizen.ask("Dzīvesvieta", payload="service:pmlp-dzivesvietas-deklaresana:how")
    assert "Palīdzēt soli pa solim" in [b["title"] for b in offered["buttons"]]
    await _press(citizen, "Palīdzēt soli pa solim")
    await _press(citizen, "Nesanāk")
    card = None
    async with asyncio.timeout(5):
        while card is None:
            cards = (await anna.snapshot())["conversations"]
            card = next((c for c in cards if c["state"] == "queued"), None)
            await asyncio.sleep(0.05)
    assert (card["reason"], card["service"]["id"]) == ("plan_stuck", "pmlp-dzivesvietas-deklaresana")
    assert "netiek tālāk 1. solī no 3" in card["summary"]
    assert card["plan"]["stuck"]
