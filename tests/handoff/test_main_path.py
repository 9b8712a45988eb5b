"""The main job over the real sockets and API, without a browser: ask, hand over, answer, close, count."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from handoff.cases.models import CaseEntry
from handoff.conversations.models import Turn
from knowledge_base.service import KnowledgeBase
from tests.citizen import Citizen
from tests.stage import SUNDAY, MovableClock, Stage, raise_stage


async def _waiting(stage: Stage, citizen: Citizen, text: str = "Gribu runāt ar cilvēku") -> str:
    await citizen.ask(text)
    await citizen.wait_phase("waiting")
    assert citizen.conversation is not None
    return citizen.conversation


async def test_answer_names_its_source(stage: Stage) -> None:
    citizen = await stage.citizen()
    answer = await citizen.ask("Kā pieteikties slimības pabalstam?")
    assert answer["author"]["kind"] == "assistant"
    assert "Slimības pabalsts" in answer["text"]
    assert answer["source"]["url"].startswith("https://")
    assert any(button["payload"] == "helped:no" for button in answer["buttons"])
    await citizen.close()


async def test_from_question_to_settled_case(stage: Stage) -> None:
    anna, citizen = await stage.staff("anna"), await stage.citizen()
    await anna.listen()
    await citizen.ask("Kā pieteikties slimības pabalstam?")
    conversation = await _waiting(stage, citizen)
    assert "minū" in citizen.state["wait_text"]

    frame = await anna.wait(lambda f: f["kind"] == "card" and f["card"]["state"] == "queued")
    card = frame["card"]
    assert card["id"] == conversation
    assert card["service"]["id"] == "vsaa-slimibas-pabalsts"
    assert "slimības pabalstam" in card["summary"]
    assert card["reason"] == "asked"
    assert card["due_at"] is not None

    taken = await anna.act(conversation, "take", version=card["version"])
    assert taken.status_code == 200, taken.text
    await citizen.wait_phase("operator")
    assert citizen.state["name"] == "Anna Bērziņa"

    # Everything said before is there to read.
    whole = (await anna.http.get(f"/conversations/{conversation}")).json()
    said = [message["text"] for message in whole["messages"]]
    assert "Kā pieteikties slimības pabalstam?" in said
    assert said == citizen.texts()

    assert (await anna.say(conversation, "Labdien! Palīdzēšu ar iesniegumu.")).status_code == 200
    heard = await citizen.said_after(0, kind="operator")
    assert heard["author"]["name"] == "Anna Bērziņa"
    await citizen.send("Paldies, viss skaidrs!")
    await anna.wait(lambda f: f["kind"] == "message" and f["message"]["text"] == "Paldies, viss skaidrs!")

    seq = (await anna.http.get(f"/conversations/{conversation}")).json()["messages"][-1]["seq"]
    await anna.act(conversation, "read", seq=seq)
    await citizen.wait(lambda f: f["t"] == "seen" and f["seq"] == seq)

    closed = await anna.act(conversation, "close", topic="benefits", outcome="resolved", comment="")
    assert closed.status_code == 200, closed.text
    await citizen.wait_phase("ended")
    assert citizen.state["may_rate"]
    await citizen.raw({"t": "rate", "score": 5, "comment": "Ļoti labi"})
    await citizen.wait(lambda f: f["t"] == "rated")

    liga = await stage.staff("liga")
    listing = (await liga.http.get("/cases")).json()
    assert listing["total"] == 1
    row = listing["rows"][0]
    assert (
        row
        | {
            "level": 1,
            "outcome": "resolved",
            "operator": "Anna Bērziņa",
            "centre": "Rīgas VPVKAC",
            "rating": 5,
            "tariff": "webchat-2026",
            "amount_eur": "1.00",
            "topic": "benefits",
        }
        == row
    )
    times = [row[name] for name in ("opened_at", "queued_at", "taken_at", "first_reply_at", "closed_at")]
    assert times == sorted(times)
    for person in (anna, liga):
        await person.close()
    await citizen.close()


async def test_level2_specialist_sees_only_his_institution(stage: Stage) -> None:
    anna, ieva, peteris = [await stage.staff(who) for who in ("anna", "ieva", "peteris")]
    citizen = await stage.citizen()
    conversation = await _waiting(stage, citizen)
    assert (await ieva.http.get(f"/conversations/{conversation}")).status_code == 404
    await anna.act(conversation, "take")
    brought = await anna.act(conversation, "level2", institution_id="vsaa", note="Vai iemaksas pietiek?")
    assert brought.status_code == 200, brought.text

    assert (await peteris.http.get(f"/conversations/{conversation}")).status_code == 404
    assert [c["id"] for c in (await peteris.snapshot())["conversations"]] == []
    refused = await peteris.http.post(f"/conversations/{conversation}/take", json={"version": 1})
    assert refused.status_code == 404

    assert [c["id"] for c in (await ieva.snapshot())["conversations"]] == [conversation]
    assert (await ieva.act(conversation, "take")).status_code == 200
    await citizen.wait_phase("specialist")
    assert citizen.state["name"] == "Ieva Liepiņa"
    assert (await ieva.say(conversation, "Iemaksas ir pietiekamas.")).status_code == 200
    assert (await citizen.said_after(0, kind="specialist"))["author"]["name"] == "Ieva Liepiņa"
    assert (await ieva.act(conversation, "level2_done")).status_code == 200
    assert (await ieva.say(conversation, "vēl kaut kas")).status_code == 409
    assert (await anna.act(conversation, "close", topic="benefits", outcome="resolved_level2")).status_code == 200
    liga = await stage.staff("liga")
    assert (await liga.http.get("/cases")).json()["rows"][0]["level"] == 2
    for person in (anna, ieva, peteris, liga):
        await person.close()
    await citizen.close()


async def test_transfer_hold_and_return(stage: Stage) -> None:
    anna, janis = await stage.staff("anna"), await stage.staff("janis")
    citizen = await stage.citizen()
    conversation = await _waiting(stage, citizen)
    await anna.act(conversation, "take")
    assert (await anna.act(conversation, "hold", note="zvanu VSAA")).status_code == 200
    await citizen.wait_phase("on_hold")
    assert (await anna.act(conversation, "resume")).status_code == 200
    await citizen.wait_phase("operator")

    offered = await anna.act(conversation, "transfer", to_user=janis.me["id"], note="tu zini labāk")
    assert offered.json()["state"] == "offered"
    assert (await janis.card(conversation))["summary"].startswith("Nodeva Anna Bērziņa: tu zini labāk")
    declined = await janis.act(conversation, "decline")
    # What he has passed is no longer his to see.
    assert (declined.status_code, declined.json()) == (200, None)
    assert (await anna.card(conversation))["holder"]["name"] == "Anna Bērziņa"
    await anna.act(conversation, "transfer", to_user=janis.me["id"])
    assert (await janis.act(conversation, "accept")).json()["holder"]["name"] == "Jānis Kalniņš"
    assert (await anna.say(conversation, "es vēl te")).status_code in (404, 409)

    assert (await janis.act(conversation, "return")).status_code == 200
    await citizen.wait_phase("assistant")
    answer = await citizen.ask("Kā pieteikties slimības pabalstam?")
    assert answer["author"]["kind"] == "assistant"
    for person in (anna, janis):
        await person.close()
    await citizen.close()


async def test_second_failure_in_a_row_hands_over(stage: Stage) -> None:
    citizen = await stage.citizen()
    first = await citizen.ask("asdf ghjk")
    assert any(button["payload"] == "handoff" for button in first["buttons"])
    await citizen.ask("qwer zxcv")
    await citizen.wait_phase("waiting")
    liga = await stage.staff("liga")
    assert (await liga.snapshot())["conversations"][0]["reason"] == "failed_twice"
    await liga.close()
    await citizen.close()


@pytest.mark.parametrize("why", ["silent", "empty", "down"])
async def test_rasa_failing_is_a_handoff_with_an_apology(stage: Stage, why: str) -> None:
    stage.understander.mode = why
    citizen = await stage.citizen()
    note = await citizen.ask("Kā pieteikties slimības pabalstam?")
    assert note["author"]["kind"] == "system"
    assert note["text"].startswith("Atvainojiet")
    assert citizen.state["phase"] == "waiting"
    await citizen.close()


async def test_buttons_and_safety_work_while_rasa_is_down(stage: Stage) -> None:
    stage.understander.mode = "down"
    citizen = await stage.citizen()
    answer = await citizen.ask("Slimības pabalsts", payload="service:vsaa-slimibas-pabalsts:cost")
    assert answer["author"]["kind"] == "assistant"
    danger = await citizen.ask("palīgā, deg māja!")
    assert "112" in danger["text"]
    assert danger["links"][0]["url"] == "tel:112"
    await citizen.close()


async def test_late_answer_of_the_assistant_is_dropped_after_takeover(stage: Stage) -> None:
    stage.understander.delay = 1.0
    citizen = await stage.citizen()
    await citizen.send("Kā pieteikties slimības pabalstam?")
    await citizen.send("operators")
    anna = await stage.staff("anna")
    await citizen.wait_phase("waiting")
    assert citizen.conversation is not None
    stage.understander.delay = 0.0
    await anna.act(citizen.conversation, "take")
    await asyncio.sleep(0.5)
    # Whatever the assistant still had to say, it did not say it after the operator came.
    whole = (await anna.http.get(f"/conversations/{citizen.conversation}")).json()["messages"]
    joined = next(m["seq"] for m in whole if "pievienojas" in m["text"])
    assert not [m for m in whole if m["author"]["kind"] == "assistant" and m["seq"] > joined]
    await anna.close()
    await citizen.close()


async def test_assistant_never_talks_over_an_operator(stage: Stage) -> None:
    """The assistant is still thinking when the conversation changes hands: what it found is thrown away."""
    citizen = await stage.citizen()
    await citizen.ask("Sveiki")
    stage.understander.delay = 1.5
    await citizen.send("Kā pieteikties slimības pabalstam?")
    await asyncio.sleep(0.3)
    assert citizen.conversation is not None
    broker = stage.gateway.broker
    from handoff.conversations import repository
    from handoff.state_machine import Actor

    async with broker.db.unit() as unit:
        row = await repository.get(unit.session, citizen.conversation)
        assert row is not None
        await broker.queue_for_person(unit, broker.events(unit), row, actor=Actor.SYSTEM, reason="asked")
    await citizen.wait_phase("waiting")
    await asyncio.sleep(2)
    assert [m["author"]["kind"] for _, m in sorted(citizen.messages.items())][-1] == "system"
    async with broker.db.read() as session:
        outcomes = (await session.scalars(select(Turn.outcome).order_by(Turn.seq))).all()
    assert outcomes[-1] == "dropped"
    await citizen.close()


async def test_outside_working_time(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> None:
    stage = await raise_stage(sqlite_url, tmp_path, clock=MovableClock(SUNDAY), knowledge=knowledge)
    citizen = await stage.citizen()
    answer = await citizen.ask("Kā pieteikties slimības pabalstam?")
    assert answer["author"]["kind"] == "assistant"
    note = await citizen.ask("operators")
    assert "8.00" in note["text"]
    assert "rīt" in note["text"]
    assert citizen.state["asks_contact"]
    await citizen.raw({"t": "contact", "name": "Zane", "email": "", "phone": "", "consent": True})
    refused = await citizen.wait(lambda f: f["t"] == "error")
    assert refused["code"] == "bad_contact"
    await citizen.raw({"t": "contact", "name": "Zane", "email": "zane@example.lv", "phone": "", "consent": True})
    await citizen.wait(lambda f: f["t"] == "contact_ok")
    # Gone for an hour, with details left: the case goes on waiting.
    await citizen.close()
    stage.clock.push(timedelta(hours=1))
    await stage.gateway.sweep.once()
    liga = await stage.staff("liga")
    card = (await liga.snapshot())["conversations"][0]
    assert card["state"] == "queued"
    assert card["contact"]["email"] == "zane@example.lv"
    await liga.close()
    await stage.stop()


async def test_what_time_brings(stage: Stage) -> None:
    idle, gone = await stage.citizen(), await stage.citizen()
    await idle.ask("Sveiki")
    await _waiting(stage, gone)
    await gone.close()
    await asyncio.sleep(0.3)
    stage.clock.push(timedelta(minutes=31))
    await stage.gateway.sweep.once()
    await idle.wait_phase("ended")
    liga = await stage.staff("liga")
    rows = {row["conversation_id"]: row for row in (await liga.http.get("/cases")).json()["rows"]}
    assert rows[str(idle.conversation)]["outcome"] == "unanswered"
    assert rows[str(gone.conversation)]["outcome"] == "abandoned"

    # Writing on after the end begins a new conversation that knows the old one.
    old = idle.conversation
    await idle.ask("Kā pieteikties slimības pabalstam?")
    assert idle.conversation != old
    await liga.close()
    await idle.close()


async def test_correction_is_a_reversing_entry(stage: Stage) -> None:
    citizen, liga, anna = await stage.citizen(), await stage.staff("liga"), await stage.staff("anna")
    await citizen.ask("Kā pieteikties slimības pabalstam?")
    await citizen.raw({"t": "end"})
    await citizen.wait_phase("ended")
    no = (await liga.http.get("/cases")).json()["rows"][0]["no"]
    assert (await anna.http.get("/cases")).status_code == 403
    body = {"reason": "Nepareizs pakalpojums", "changes": {"outcome": "referred"}}
    assert (await liga.http.post(f"/cases/{no}/correct", json={**body, "reason": " "})).status_code == 400
    assert (
        await liga.http.post(f"/cases/{no}/correct", json={**body, "changes": {"opened_at": "x"}})
    ).status_code == 422
    fixed = (await liga.http.post(f"/cases/{no}/correct", json=body)).json()
    assert [(entry["kind"], entry["sign"]) for entry in fixed["entries"]] == [
        ("settled", 1),
        ("reversal", -1),
        ("correction", 1),
    ]
    assert fixed["row"]["outcome"] == "referred"
    assert fixed["row"]["corrections"] == 1
    listing = (await liga.http.get("/cases", params={"outcome": "referred"})).json()
    assert listing["total"] == 1
    async with stage.gateway.db.read() as session:
        assert sum((await session.scalars(select(CaseEntry.sign))).all()) == 1
    for statement in ("UPDATE case_entry SET outcome = 'x'", "DELETE FROM case_entry", "DELETE FROM event"):
        with pytest.raises(DBAPIError, match="only grows"):
            async with stage.gateway.db.unit() as unit:
                await unit.session.execute(text(statement))
    export = await liga.http.get("/cases.csv")
    rows: list[Any] = list(csv.DictReader(io.StringIO(export.text.lstrip("\ufeff")), delimiter=";"))
    assert rows[0]["outcome"] == "referred"
    for person in (liga, anna):
        await person.close()
    await citizen.close()


async def test_russian_and_english(stage: Stage) -> None:
    citizen = await stage.citizen(lang="ru")
    answer = await citizen.ask("Как получить пособие по болезни?")
    assert answer["lang"] == "ru"
    assert "пособи" in answer["text"].lower()
    other = await citizen.ask("How do I apply for sickness benefit?")
    assert other["lang"] == "en"
    await citizen.close()


async def test_municipality_is_asked_for_and_remembered(stage: Stage) -> None:
    citizen = await stage.citizen()
    question = await citizen.ask("Cik liels ir mājokļa pabalsts?")
    assert any(button["payload"] == "municipality:any" for button in question["buttons"])
    answer = await citizen.ask("Cēsīs")
    assert "Cēsu novads" in answer["text"]
    again = await citizen.ask("cik maksā?")
    assert "Cēsu novads" in again["text"] or "Mājokļa" in again["text"]
    await citizen.close()


async def test_personal_data_is_masked_before_it_is_stored(stage: Stage) -> None:
    citizen = await stage.citizen()
    note = await citizen.ask("mans kods 010190-12345, kā pieteikties slimības pabalstam?")
    assert "personas datus" in note["text"]
    file = Path(str(stage.gateway.settings.database_url).split("///", 1)[1])
    async with stage.gateway.db.unit() as unit:
        found = (await unit.session.execute(text("SELECT text FROM message"))).scalars().all()
    assert not [t for t in found if "12345" in t]
    assert b"010190-12345" not in file.read_bytes()
    await citizen.close()


async def test_operator_who_disappears_loses_his_conversation_to_the_queue(stage: Stage) -> None:
    anna, citizen = await stage.staff("anna"), await stage.citizen()
    await anna.listen()
    conversation = await _waiting(stage, citizen)
    await anna.act(conversation, "take")
    await anna.close()
    await asyncio.sleep(0.3)
    await stage.gateway.sweep.once()
    # For a minute it is kept for him.
    assert citizen.state["phase"] == "operator"
    stage.clock.push(timedelta(seconds=70))
    await stage.gateway.sweep.once()
    await citizen.wait_phase("waiting")
    assert "nākamajam operatoram" in citizen.texts()[-1]
    janis = await stage.staff("janis")
    assert (await janis.act(conversation, "take")).status_code == 200
    await janis.close()
    await citizen.close()


async def test_a_short_question_about_another_service_is_no_follow_up(stage: Stage) -> None:
    citizen = await stage.citizen()
    assert "Pases izsniegšana" in (await citizen.ask("Cik maksā pase?"))["text"]
    assert "Pases izsniegšana" in (await citizen.ask("un cik ilgi jāgaida?"))["text"]
    other = await citizen.ask("Kā deklarēt dzīvesvietu?")
    assert not other["text"].startswith("Pases izsniegšana")
    said = other["text"] + " ".join(button["title"] for button in other["buttons"])
    assert "Dzīvesvietas deklarēšana" in said
    await citizen.close()
