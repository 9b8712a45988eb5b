"""Races and the grown form, on real PostgreSQL and Valkey: one winner, no event skipped, two workers like one."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import select

from handoff.conversations.models import Event
from handoff.staff.models import Staff
from handoff.staff.passwords import hash_password
from knowledge_base.service import KnowledgeBase
from tests.citizen import Citizen
from tests.stage import Desk, Stage, raise_stage

_PASSWORD = "twenty-operators-2026"


async def _twenty(stage: Stage) -> list[Desk]:
    hashed = hash_password(_PASSWORD)
    async with stage.gateway.db.unit() as unit:
        for number in range(20):
            unit.session.add(
                Staff(
                    id=str(uuid.uuid4()),
                    email=f"op{number}@race.lv",
                    name=f"Operators {number}",
                    role="operator",
                    password_hash=hashed,
                    centre_id="riga",
                    languages=["lv"],
                )
            )
    desks = [Desk(stage.url) for _ in range(20)]
    for number, desk in enumerate(desks):
        assert (await desk.sign_in(f"op{number}@race.lv", _PASSWORD)).status_code == 200
    return desks


async def test_twenty_operators_take_the_same_conversation(
    postgres_url: str, valkey_url: str, tmp_path: Path, knowledge: KnowledgeBase
) -> None:
    stage = await raise_stage(postgres_url, tmp_path, knowledge=knowledge, redis_url=valkey_url)
    desks = await _twenty(stage)
    citizen = await stage.citizen()
    await citizen.ask("operators")
    conversation = str(citizen.conversation)
    version = (await desks[0].card(conversation))["version"]
    answers: list[httpx.Response] = await asyncio.gather(
        *(desk.http.post(f"/conversations/{conversation}/take", json={"version": version}) for desk in desks)
    )
    won = [answer for answer in answers if answer.status_code == 200]
    lost = [answer for answer in answers if answer.status_code == 409]
    assert (len(won), len(lost)) == (1, 19)
    winner = won[0].json()["holder"]["name"]
    for answer in lost:
        assert answer.json()["code"] == "taken"
        assert answer.json()["winner"] == winner
        assert winner in answer.json()["title"]
    joined = [text for text in citizen.texts() if "pievienojas" in text]
    await asyncio.sleep(0.3)
    assert len([text for text in citizen.texts() if "pievienojas" in text]) == 1, joined
    for desk in desks:
        await desk.close()
    await citizen.close()
    await stage.stop()


async def test_two_workers_serve_the_same_conversation(
    postgres_url: str, valkey_url: str, tmp_path: Path, knowledge: KnowledgeBase
) -> None:
    one = await raise_stage(postgres_url, tmp_path, knowledge=knowledge, redis_url=valkey_url)
    two = await raise_stage(postgres_url, tmp_path, knowledge=knowledge, redis_url=valkey_url)
    citizen = await one.citizen()
    anna = await two.staff("anna")
    await anna.listen()
    await citizen.ask("operators")
    conversation = str(citizen.conversation)
    # The console on the other worker hears of it, takes it, and the widget hears of that.
    await anna.wait(lambda f: f["kind"] == "card" and f["card"]["id"] == conversation)
    assert (await anna.act(conversation, "take")).status_code == 200
    await citizen.wait_phase("operator")
    for number in range(20):
        await anna.say(conversation, f"no konsoles {number}")
        await citizen.send(f"no logrīka {number}")
    await citizen.wait(lambda f: f["t"] == "message" and f["message"]["text"] == "no konsoles 19")
    await anna.wait(lambda f: f["kind"] == "message" and f["message"]["text"] == "no logrīka 19")
    await _a_window_at_each_worker(one, two, anna)
    await _a_week_is_copied_once(one, two)
    # The first worker goes away: the widget goes on at the second, from where it was.
    await one.stop(abruptly=True)
    await citizen.cut()
    citizen.url = two.url
    await citizen.connect()
    await anna.say(conversation, "vēl esmu te")
    await citizen.wait(lambda f: f["t"] == "message" and f["message"]["text"] == "vēl esmu te")
    whole = (await anna.http.get(f"/conversations/{conversation}")).json()["messages"]
    assert [m["text"] for m in whole] == citizen.texts()
    assert citizen.doubled == []
    await anna.close()
    await citizen.close()
    await two.stop()


async def _a_window_at_each_worker(one: Stage, two: Stage, anna: Desk) -> None:
    """Which window closes, and at which worker, says nothing as long as another is open."""

    async def seen(focused: bool = False) -> datetime | None:
        async with one.gateway.db.read() as session:
            staff = (await session.scalars(select(Staff).where(Staff.id == anna.me["id"]))).one()
        return staff.focused_at if focused else staff.seen_at

    second = await one.staff("anna")
    await second.listen()
    for desk, focused in ((anna, True), (second, True), (second, False)):
        assert desk._socket is not None
        await desk._socket.send(json.dumps({"kind": "ping", "focused": focused}))
        await desk.wait(lambda frame: frame["kind"] == "pong")
    assert await seen(focused=True) is not None, "the window at the other worker has the focus still"
    before = await seen()
    assert second._socket is not None
    await second._socket.close()
    while one.gateway.console_feed.of(second.me["id"]):
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    after = await seen()
    assert before is not None
    assert after is not None
    assert after >= before, "she is there, at the other worker"
    await second.close()


async def _a_week_is_copied_once(one: Stage, two: Stage) -> None:
    """Two supervisors copy the same week at once, each at a worker of his own."""
    liga, admin = await one.staff("liga"), await two.staff("admin")
    today = one.clock.now().date()
    shift = {"centre_id": "riga", "people": 2, "day": today.isoformat(), "begins": "08:00", "ends": "17:00"}
    assert (await liga.http.post("/shifts", json=shift)).status_code == 201
    copy = {"from_week": today.isoformat(), "to_week": (today + timedelta(days=7)).isoformat()}
    answers = await asyncio.gather(*(desk.http.post("/shifts/copy", json=copy) for desk in (liga, admin)))
    assert sorted((found.json()["copied"], len(found.json()["shifts"])) for found in answers) == [(0, 1), (1, 1)]
    await liga.close()
    await admin.close()


async def test_no_event_is_skipped_while_many_write(
    postgres_url: str, valkey_url: str, tmp_path: Path, knowledge: KnowledgeBase
) -> None:
    """A reader that goes on from its cursor sees every event of concurrent writers, in order, on the other worker."""
    one = await raise_stage(postgres_url, tmp_path, knowledge=knowledge, redis_url=valkey_url)
    two = await raise_stage(postgres_url, tmp_path, knowledge=knowledge, redis_url=valkey_url)
    heard: list[int] = []

    async def note(notice: dict[str, object]) -> None:
        if notice["kind"] == "event":
            heard.append(int(str(notice["seq"])))

    start = two.gateway.feed.cursor
    two.gateway.feed.listen(note)
    citizens = [await Citizen(one.url).connect() for _ in range(12)]
    await asyncio.gather(*(citizen.ask("Sveiki") for citizen in citizens for _ in range(3)))
    await asyncio.sleep(2.5)
    async with two.gateway.db.read() as session:
        written = list((await session.scalars(select(Event.seq).where(Event.seq > start).order_by(Event.seq))).all())
    assert len(written) > 80
    assert heard == written
    for citizen in citizens:
        await citizen.close()
    await one.stop()
    await two.stop()
