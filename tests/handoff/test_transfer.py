"""A conversation handed on to a queue: who is asked there, what its citizen hears, what is refused, and that nothing is lost."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

from sqlalchemy import select, update

from handoff.board import repository as board
from handoff.conversations.models import Conversation
from handoff.conversations.schemas import Inbound
from handoff.desk import Desk as DeskService
from handoff.desk import may
from handoff.queue import repository as queues
from handoff.queue.models import Queue
from handoff.queue.transfer import serving
from handoff.service_level.models import LevelClock
from handoff.staff.models import Audit, Staff
from handoff.staff.schemas import Viewer
from handoff.staff.service import viewer_of
from tests.handoff.test_queues import _person, _queue
from tests.stage import SUNDAY, WORKING, Stage

_NOTE = "Vajag pensiju speciālistu; personu apliecinošs dokuments pārbaudīts."


def test_who_could_serve_a_queue_at_all() -> None:
    near, far = _person("near", skills={"tax": 2}), _person("far", centre_id="valmiera", skills={"tax": 5})
    russian = _person("russian", languages=["ru"], skills={"tax": 5}, present=False, available=False)
    taxes = _queue(mode="offers", skills={"tax": 2}, centres=["riga"], overflow_after_s=None)
    team = [near, far, russian]
    assert serving(taxes, "lv", team) == [near], "other centres never help here"
    assert serving(taxes, "ru", team) == [russian], "who is not there now could still serve it"
    assert serving(taxes, "en", team) == []
    taxes.overflow_after_s = 30
    assert serving(taxes, "lv", team) == [near, far]
    assert serving(_queue(mode="pull", skills={"tax": 5}), "lv", team) == [near, far], "taken from by hand"


async def _people(stage: Stage) -> dict[str, Viewer]:
    async with stage.gateway.db.read() as session:
        return {one.email.split("@")[0]: viewer_of(one, "") for one in (await session.scalars(select(Staff))).all()}


async def _set(stage: Stage, table: type[Staff | Queue], where: object, **values: object) -> None:
    async with stage.gateway.db.unit() as unit:
        await unit.session.execute(update(table).where(where).values(**values))  # type: ignore[arg-type]


async def _row(stage: Stage, key: str) -> Conversation:
    async with stage.gateway.db.read() as session:
        found = await session.get(Conversation, key)
    assert found is not None
    return found


async def _pensions(stage: Stage) -> str:
    async with stage.gateway.db.unit() as unit:
        names = dict.fromkeys(("name_lv", "name_ru", "name_en"), "Pensijas")
        rules = {name: [] for name in ("institutions", "services", "topics", "channels", "centres", "overflow_centres")}
        # Its rules take nothing that is asked here: who is in it was put there.
        row = Queue(id="pensions", position=9, mode="offers", languages=["en"], skills={"pension": 1}, **names, **rules)
        unit.session.add(row)
    return row.id


async def test_handed_on_offered_there_and_taken(stage: Stage) -> None:
    queue, people, desk = await _pensions(stage), await _people(stage), DeskService(stage.gateway.broker)
    for name, skills in (("anna", {"pension": 3}), ("janis", {"pension": 1}), ("olga", {})):
        await _set(stage, Staff, Staff.email == f"{name}@demo.lv", seen_at=stage.clock.now(), skills=skills)
    anna, janis = await stage.staff("anna"), await stage.staff("janis")
    citizen = await stage.citizen()
    await citizen.ask("operators")
    key = str(citizen.conversation)
    await anna.act(key, "take")
    await anna.say(key, "Labdien!")
    first = (await _row(stage, key)).first_reply_at
    stage.clock.push(timedelta(minutes=2))
    await _set(stage, Staff, Staff.email == "anna@demo.lv", seen_at=stage.clock.now())
    # The router is quick: Jānis is away until what it finds has been looked at.
    await _set(stage, Staff, Staff.email == "janis@demo.lv", seen_at=stage.clock.now(), availability="away")

    told = (await anna.http.get("/queues/choices", params={"conversation": key})).json()
    assert told["closed"] is None
    assert {one["id"]: (one["able"], one["ready"], one["own"]) for one in told["queues"]}[queue] == (1, 0, False)

    # Two windows at once: one of them does it, the other learns that it is done.
    version = (await _row(stage, key)).version
    body = {"version": version, "queue_id": queue, "note": _NOTE}
    answers = await asyncio.gather(*(anna.http.post(f"/conversations/{key}/to_queue", json=body) for _ in range(2)))
    assert sorted(one.status_code for one in answers) == [200, 409]

    row = await _row(stage, key)
    assert (row.state, row.holder_id, row.queue_id, row.first_reply_at) == ("queued", None, queue, first)
    assert row.waiting_since is not None
    assert row.due_at is not None
    assert row.waiting_since > WORKING + timedelta(minutes=2)
    assert row.due_at - row.waiting_since == stage.gateway.broker.policy.chat_target
    assert row.summary is not None
    assert row.summary.startswith(f"Nodeva Anna Bērziņa: {_NOTE}")
    async with stage.gateway.db.read() as session:
        assert await queues.loads(session) == {}, "what he carried he carries no more"
        clocks = (await session.scalars(select(LevelClock).where(LevelClock.conversation_id == key))).all()
        waits = (await board.picture(session, stage.clock.now(), WORKING)).waits
    assert {one.kind for one in clocks if one.stopped_at is None} == {"waiting", "resolution"}
    assert [one.cause for one in clocks if one.kind == "first_response"] == ["answered"]
    assert [(one.promised, one.transferred, one.how) for one in waits] == [(True, False, "taken"), (False, True, None)]
    await citizen.wait(lambda frame: "nododam citam operatoram" in str(frame))

    # Anna knows more of pensions than Jānis, but she has just given it away.
    await stage.gateway.router.once()
    assert (await _row(stage, key)).waits_for == {"code": "passed"}
    await _set(stage, Staff, Staff.email == "janis@demo.lv", seen_at=stage.clock.now(), availability="available")
    await stage.gateway.router.once()
    offered = await _row(stage, key)
    assert (offered.state, offered.offered_to_id) == ("offered", people["janis"].id)
    await desk.decline(people["janis"], key, offered.version)
    row = await _row(stage, key)
    assert (row.state, row.queue_id) == ("queued", queue), "it stays where a person put it"
    stage.clock.push(timedelta(seconds=61))
    for name in ("anna", "janis"):
        await _set(stage, Staff, Staff.email == f"{name}@demo.lv", seen_at=stage.clock.now())
    await stage.gateway.router.once()
    row = await _row(stage, key)
    assert row.offered_to_id == people["anna"].id, "when nobody else is left she is asked again"
    await desk.accept(people["anna"], key, row.version)
    lines = [one["text"] for one in (await anna.http.get(f"/conversations/{key}")).json()["timeline"]]
    assert f"Nodeva citai rindai → Pensijas: {_NOTE}" in lines
    found = (await anna.http.get("/search", params={"queue": queue})).json()["rows"]
    assert [one["card"]["id"] for one in found] == [key]
    assert (await anna.http.get("/search", params={"queue": "common"})).json()["rows"] == []

    # Her console is gone for good: the next one is asked in the same queue, and once that is off the rules decide.
    await _set(stage, Staff, Staff.role == "operator", availability="away")
    async with stage.gateway.db.unit() as unit:
        conversation = await unit.session.get(Conversation, key)
        assert conversation is not None
        await stage.gateway.broker.requeue(unit, conversation, "operator_gone")
    assert (await _row(stage, key)).queue_id == queue
    liga = await stage.staff("liga")
    one = next(found for found in (await liga.http.get("/queues")).json()["queues"] if found["id"] == queue)
    kept = ("name", "mode", "languages", "skills", "version")
    off = await liga.http.put(f"/queues/{queue}", json={"enabled": False, **{name: one[name] for name in kept}})
    assert off.status_code == 200, off.text
    row = await _row(stage, key)
    assert (row.queue_id, row.queue_chosen) == ("common", False)
    for desk_of in (anna, janis, liga):
        await desk_of.close()
    await citizen.close()


async def test_what_is_refused_and_what_supervisors_move(stage: Stage) -> None:
    queue = await _pensions(stage)
    anna, janis, liga = await stage.staff("anna"), await stage.staff("janis"), await stage.staff("liga")
    key = str(uuid.uuid4())
    await stage.gateway.broker.receive(Inbound(key, str(uuid.uuid4()), "operators", None, "lv", "webchat", "demo"))
    await stage.gateway.turns.drain(5)
    since = (await _row(stage, key)).waiting_since

    async def code(desk: object, queue_id: str, **body: object) -> str:
        wanted = {"queue_id": queue_id, "note": _NOTE, **body}
        answer = await desk.act(key, "to_queue", **wanted)  # type: ignore[attr-defined]
        return "ok" if answer.status_code == 200 else str(answer.json()["code"])

    assert await code(anna, queue) == "forbidden", "an operator takes it before he hands it on"
    assert await code(liga, queue) == "queue_nobody", "nobody has the skill, so nobody would ever be asked"
    await _set(stage, Staff, Staff.email == "janis@demo.lv", skills={"pension": 1})
    assert await code(liga, "common") == "queue_same"
    assert await code(liga, queue) == "ok"
    row = await _row(stage, key)
    assert (row.queue_id, row.waiting_since, row.passed) == (queue, since, {}), "it goes on waiting as it did"
    assert row.summary is not None
    assert row.summary.startswith(f"Nodeva {liga.me['name']}: {_NOTE}")

    await anna.act(key, "take")
    assert await code(anna, "gone") == "queue_off"
    await _set(stage, Queue, Queue.id == queue, enabled=False)
    assert await code(anna, queue) == "queue_off"
    assert await code(anna, "common", note=" ") != "ok"
    # On hold too; and to where it came from: whoever goes home gives back what he has.
    await anna.act(key, "hold")
    assert "to_queue" in (await anna.card(key))["may"]
    assert "transfer" not in (await anna.card(key))["may"]
    assert await code(anna, "common") == "ok"
    row = await _row(stage, key)
    assert (row.state, list(row.passed)) == ("queued", [anna.me["id"]])
    # At level 2 the specialist's part is ended first; a supervisor takes it out of somebody's hands.
    await janis.act(key, "take")
    people = await _people(stage)
    assert "to_queue" in may(people["liga"], await _row(stage, key))
    assert "to_queue" not in may(people["anna"], await _row(stage, key))
    await janis.act(key, "level2", institution_id="vsaa", note="jautājums")
    assert "to_queue" not in (await janis.card(key))["may"]
    await janis.act(key, "level2_done")
    assert await code(liga, "common") == "ok"
    row = await _row(stage, key)
    assert (row.state, row.holder_id, set(row.passed)) == ("queued", None, {janis.me["id"], liga.me["id"]})
    async with stage.gateway.db.read() as session:
        moved = (await session.scalars(select(Audit).where(Audit.action == "conversation_moved"))).all()
    assert [one.detail["before"]["holder"] for one in moved] == [None, janis.me["name"]]

    # Closed: told before, and the citizen, who is still there, may leave where he can be reached.
    sunday = SUNDAY + timedelta(days=7)
    async with stage.gateway.db.unit() as unit:
        here = update(Conversation).where(Conversation.id == key).values(citizen_seen_at=sunday, last_at=sunday)
        await unit.session.execute(here)
    stage.clock.push(SUNDAY + timedelta(days=7) - WORKING)
    await anna.sign_in("anna@demo.lv")
    told = (await anna.http.get("/queues/choices")).json()
    assert told["closed"].startswith("Ārpus darba laika.")
    assert told["closed"].endswith(".")
    assert "pēc plkst." not in told["closed"]
    assert [one["id"] for one in told["queues"]][-1] == "common"
    assert queue not in {one["id"] for one in told["queues"]}
    await anna.act(key, "take")
    card = await anna.card(key)
    said = await anna.http.post(
        "/search/bulk",
        json={
            "act": "to_queue",
            "items": [{"id": key, "version": card["version"], "seq": card["seq"]}],
            "queue_id": "common",
            "note": _NOTE,
        },
    )
    assert said.json()["results"][0]["ok"], said.text
    words = (await anna.http.get(f"/conversations/{key}")).json()["messages"][-1]["text"]
    assert "nododam citam operatoram" in words
    assert stage.gateway.texts.text("lv", "broker.ask_contact") in words
    for desk in (anna, janis, liga):
        await desk.close()
