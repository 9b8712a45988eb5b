"""Correcting one's own last message: who may, until when, and that everybody sees it and nobody's words are written over."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import httpx

from tests.citizen import Citizen
from tests.handoff.files import PDF
from tests.handoff.test_attachments import taken
from tests.stage import Desk, Stage


async def correct(desk: Desk, conversation: Any, message: dict[str, Any], text: str, **more: Any) -> httpx.Response:
    body = {"text": text, "before": message["text"], **more}
    return await desk.http.put(f"/conversations/{conversation}/messages/{message['seq']}", json=body)


async def said(desk: Desk, citizen: Citizen, text: str) -> dict[str, Any]:
    message: dict[str, Any] = (await desk.say(str(citizen.conversation), text)).raise_for_status().json()
    return message


async def test_the_citizen_sees_the_new_text_and_colleagues_the_old_one(stage: Stage) -> None:
    citizen, desk = await taken(stage)
    await desk.listen()
    message = await said(desk, citizen, "Pabalsts ir 50 eiro.")
    fixed = await correct(desk, citizen.conversation, message, "Pabalsts ir 60 eiro.")
    assert fixed.status_code == 200
    assert (fixed.json()["text"], fixed.json()["edited"]) == ("Pabalsts ir 60 eiro.", True)
    got = await citizen.wait(lambda f: f["t"] == "message" and f["message"]["edited"])
    assert got["message"]["text"] == "Pabalsts ir 60 eiro."
    assert got["message"]["seq"] == message["seq"], "no message more, none less"
    await desk.wait(lambda f: f["kind"] == "message" and f["message"]["edited"])
    assert (await desk.card(str(citizen.conversation)))["last"]["text"] == "Pabalsts ir 60 eiro."
    # A retry changes nothing, and does not stand in the history.
    assert (await correct(desk, citizen.conversation, message, "Pabalsts ir 60 eiro.")).status_code == 200
    history = await desk.http.get(f"/conversations/{citizen.conversation}/messages/{message['seq']}/history")
    assert [(one["what"], one["text"]) for one in history.json()["versions"]] == [("edited", "Pabalsts ir 50 eiro.")]
    moments = (await desk.http.get(f"/conversations/{citizen.conversation}")).json()["timeline"]
    assert ("Ziņa labota", "Anna Bērziņa") in [(one["text"], one["actor"]) for one in moments]

    # Whoever was away meanwhile has the old text, and gets the new one.
    await citizen.cut()
    await correct(desk, citizen.conversation, fixed.json(), "Pabalsts ir 70 eiro.")
    citizen.frames.clear()
    await citizen.connect()
    await citizen.wait(lambda f: f["t"] == "message" and f["message"]["text"] == "Pabalsts ir 70 eiro.")
    await citizen.close()
    await desk.close()


async def test_what_was_changed_in_another_window_is_not_written_over(stage: Stage) -> None:
    citizen, desk = await taken(stage)
    message = await said(desk, citizen, "Viens")
    await correct(desk, citizen.conversation, message, "Divi")
    conflict = await correct(desk, citizen.conversation, message, "Trīs")
    assert (conflict.status_code, conflict.json()["code"]) == (409, "changed")
    await citizen.close()
    await desk.close()


async def test_not_after_an_answer_nor_after_five_minutes_nor_another_ones(stage: Stage) -> None:
    citizen, desk = await taken(stage)
    conversation = citizen.conversation
    message = await said(desk, citizen, "Vai jums ir eID?")
    other = await stage.staff("liga")
    assert (await correct(other, conversation, message, "x")).status_code == 403
    stranger = await stage.staff("janis")
    assert (await correct(stranger, conversation, message, "x")).status_code == 404
    assert (await correct(desk, conversation, message, "   ")).json()["code"] == "text_empty"
    assert (await correct(desk, conversation, message, "x" * 4001)).json()["code"] == "text_too_long"
    client_id = await citizen.send("Jā")
    await citizen.wait(lambda f: f["t"] == "ack" and f["id"] == client_id)
    late = await correct(desk, conversation, message, "Vai jums nav eID?")
    assert (late.status_code, late.json()["code"]) == (409, "correction_too_late")
    second = await said(desk, citizen, "Labi")
    stage.clock.push(timedelta(minutes=5, seconds=2))
    assert (await correct(desk, conversation, second, "Ļoti labi")).json()["code"] == "correction_too_late"
    for each in (desk, other, stranger):
        await each.close()
    await citizen.close()


async def test_a_correction_and_an_answer_at_once_never_both_count_as_first(stage: Stage) -> None:
    citizen, desk = await taken(stage)
    for number in range(5):
        message = await said(desk, citizen, f"Vai {number}?")
        fixed, client_id = await asyncio.gather(
            correct(desk, citizen.conversation, message, f"Vai nav {number}?"), citizen.send("Jā")
        )
        await citizen.wait(lambda f, wanted=client_id: f["t"] == "ack" and f["id"] == wanted)
        events = (await desk.http.get(f"/conversations/{citizen.conversation}")).json()["messages"]
        text = next(one["text"] for one in events if one["seq"] == message["seq"])
        assert text == (f"Vai nav {number}?" if fixed.status_code == 200 else f"Vai {number}?")
    await citizen.close()
    await desk.close()


async def test_a_message_with_a_file_keeps_it(stage: Stage) -> None:
    citizen, desk = await taken(stage)
    one = str(uuid.uuid4())
    await desk.http.put(f"/conversations/{citizen.conversation}/attachments/{one}", content=PDF)
    sent = await desk.http.post(
        f"/conversations/{citizen.conversation}/messages",
        json={"id": str(uuid.uuid4()), "text": "Veidlpa", "attachments": [one]},
    )
    message = sent.json()
    assert message["text"] == "Veidlpa\n[fails]"
    fixed = (await correct(desk, citizen.conversation, message, "Veidlapa", before="Veidlpa")).json()
    assert fixed["text"] == "Veidlapa\n[fails]"
    assert [each["id"] for each in fixed["attachments"]] == [one]
    assert (await correct(desk, citizen.conversation, fixed, "", before="Veidlapa")).json()["text"] == "[fails]"
    await citizen.close()
    await desk.close()
