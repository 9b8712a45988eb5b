"""Private notes: colleagues read them and are called by them; no citizen ever gets one."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import httpx
from sqlalchemy import func, select

from handoff.conversations.models import Event, Message
from handoff.notes.models import Note
from tests.citizen import Citizen
from tests.stage import Desk, Stage

_SECRET = "Iedzīvotājs zvanīja arī vakar, esiet pacietīgi"


async def _taken(stage: Stage, who: Desk) -> tuple[Citizen, str]:
    citizen = await stage.citizen()
    await citizen.ask("Gribu runāt ar cilvēku")
    await citizen.wait_phase("waiting")
    assert citizen.conversation is not None
    assert (await who.act(citizen.conversation, "take")).status_code == 200
    await citizen.wait_phase("operator")
    return citizen, citizen.conversation


async def _note(
    desk: Desk, conversation: str, text: str = _SECRET, note_id: str | None = None, mentions: tuple[str, ...] = ()
) -> httpx.Response:
    body = {"id": note_id or str(uuid.uuid4()), "text": text, "mentions": list(mentions)}
    return await desk.http.post(f"/conversations/{conversation}/notes", json=body)


async def _whole(desk: Desk, conversation: str) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.http.get(f"/conversations/{conversation}")).raise_for_status().json()
    return found


async def test_a_note_reaches_colleagues_and_never_the_citizen(stage: Stage) -> None:
    anna, liga = await stage.staff("anna"), await stage.staff("liga")
    await liga.listen()
    citizen, conversation = await _taken(stage, anna)
    added = await _note(anna, conversation)
    assert added.status_code == 200, added.text
    (note,) = added.json()["notes"]
    assert (note["author"]["name"], note["text"], note["mentions"]) == ("Anna Bērziņa", _SECRET, [])
    await liga.wait(lambda f: f["kind"] == "card" and f["card"]["id"] == conversation and f["card"]["notes"] == 1)
    assert (await _whole(liga, conversation))["notes"] == [note]
    # What comes after the note has reached the citizen; the note has not, by no way.
    await anna.say(conversation, "Labdien!")
    await citizen.said_after(0, kind="operator")
    await citizen.close()
    again = await Citizen(stage.url, token=citizen.token).connect(cursor=0)
    await again.said_after(0, kind="operator")
    for widget in (citizen, again):
        assert _SECRET not in str(widget.frames) + str(widget.messages) + str(widget.state)
    async with stage.gateway.db.read() as session:
        texts = (await session.scalars(select(Message.text))).all()
        told = (await session.scalars(select(Event.data).where(Event.kind == "note"))).all()
    assert _SECRET not in texts
    assert _SECRET not in str(told)


async def test_a_mention_calls_until_it_is_looked_at(stage: Stage) -> None:
    anna, liga = await stage.staff("anna"), await stage.staff("liga")
    await liga.listen()
    _, conversation = await _taken(stage, anna)
    mentionable = (await _whole(anna, conversation))["mentionable"]
    # Who sees a conversation that Anna holds: those who supervise. An operator does not, so he is not called to it.
    assert {one["name"] for one in mentionable} == {"Līga Krūmiņa", "Māris Vītols"}
    wanted = next(one["id"] for one in mentionable if one["name"] == "Līga Krūmiņa")
    assert (await _note(anna, conversation, "@Līga Krūmiņa, kā šeit rīkoties?", mentions=(wanted,))).status_code == 200
    frame = await liga.wait(lambda f: f["kind"] == "card" and f["card"]["mentioned"])
    assert frame["card"]["id"] == conversation
    snapshot = await liga.snapshot()
    assert [one["id"] for one in snapshot["conversations"] if one["mentioned"]] == [conversation]
    whole = await _whole(liga, conversation)
    # Fetched is not looked at: her window may be hidden.
    assert whole["card"]["mentioned"]
    assert (await liga.http.post(f"/conversations/{conversation}/notes/seen")).status_code == 204
    assert not (await _whole(liga, conversation))["card"]["mentioned"]
    assert [one["name"] for one in whole["notes"][0]["mentions"]] == ["Līga Krūmiņa"]
    # Her other windows hear that she has looked.
    await liga.wait(lambda f: f["kind"] == "card" and f["card"]["id"] == conversation and not f["card"]["mentioned"])
    # That she looked is nothing that happened to the conversation.
    assert [one["kind"] for one in whole["timeline"]].count("note") == 1
    assert "note_seen" not in [one["kind"] for one in (await _whole(liga, conversation))["timeline"]]


async def test_a_repeated_note_is_one_note(stage: Stage) -> None:
    anna, liga = await stage.staff("anna"), await stage.staff("liga")
    _, conversation = await _taken(stage, anna)
    note_id = str(uuid.uuid4())
    answers = await asyncio.gather(*(_note(anna, conversation, note_id=note_id) for _ in range(5)))
    assert {one.status_code for one in answers} == {200}
    assert all(len(one.json()["notes"]) == 1 for one in answers)
    async with stage.gateway.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Note)) == 1
    # The same id is no way to another person's note, nor into another conversation.
    assert (await _note(liga, conversation, note_id=note_id)).status_code == 403
    _, other = await _taken(stage, anna)
    assert (await _note(anna, other, note_id=note_id)).status_code == 403


async def test_what_is_refused(stage: Stage) -> None:
    anna, janis = await stage.staff("anna"), await stage.staff("janis")
    _, conversation = await _taken(stage, anna)
    assert (await _note(janis, conversation)).status_code == 404
    me = janis.me["id"]
    refused = await _note(anna, conversation, mentions=(me,))
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_mention")
    assert (await _note(anna, conversation, "\u200b\u200b")).json()["code"] == "text_empty"
    for body in ({"id": "x", "text": "a"}, {"id": str(uuid.uuid4())}, {"id": str(uuid.uuid4()), "text": "a" * 4001}):
        assert (await anna.http.post(f"/conversations/{conversation}/notes", json=body)).status_code in (400, 422)
    del anna.http.headers["x-csrf-token"]
    assert (await _note(anna, conversation)).status_code == 403
    async with stage.gateway.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Note)) == 0


async def test_a_supervisor_whispers_into_a_conversation_of_another(stage: Stage) -> None:
    anna, liga = await stage.staff("anna"), await stage.staff("liga")
    await anna.listen()
    _, conversation = await _taken(stage, anna)
    assert (await _whole(liga, conversation))["may_note"]
    assert (await _note(liga, conversation, "Pajautā, kurā novadā viņš dzīvo")).status_code == 200
    await anna.wait(lambda f: f["kind"] == "card" and f["card"]["id"] == conversation and f["card"]["notes"] == 1)
    # The holder can be called by whoever sees the conversation.
    assert "Anna Bērziņa" in {one["name"] for one in (await _whole(liga, conversation))["mentionable"]}
