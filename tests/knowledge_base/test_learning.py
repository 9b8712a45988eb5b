"""Questions from life: which come to nothing, grouped by likeness, masked; what editors make of them."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from handoff.conversations.models import Message
from handoff.staff.models import Audit
from knowledge_base.learning.models import LifeGroup
from knowledge_base.learning.ports import Asked
from knowledge_base.learning.service import KEPT
from knowledge_base.service import KnowledgeBase
from tests.stage import Desk, Stage, raise_stage

_QUESTION = "Kur var saņemt zilo krumpumpuru manam suņukam?"
_ALIKE = "kur dabut zilo krumpumpuru sunim"
_ANSWER = "Krumpumpuru izsniedz veterinārārsts, zvaniet Annai pa tālruni 29123456."


@pytest.fixture
async def stage(request: pytest.FixtureRequest, tmp_path: Path, knowledge: KnowledgeBase) -> AsyncIterator[Stage]:
    """A gateway whose knowledge base is its own; tests look for questions themselves."""
    url = request.getfixturevalue(getattr(request, "param", "sqlite_url"))
    stage = await raise_stage(url, tmp_path, knowledge=copy.copy(knowledge))
    for task in stage.gateway._tasks:
        if "LearningWatch" in repr(task.get_coro()):
            task.cancel()
    yield stage
    await stage.stop()


async def _told_a_person(stage: Stage, desk: Desk, question: str) -> None:
    """A citizen asks in vain, asks for a person, is answered by one, and it is over."""
    citizen = await stage.citizen()
    await citizen.ask(question)
    await citizen.send("Gribu runāt ar cilvēku")
    await citizen.wait_phase("waiting")
    cards = (await desk.snapshot())["conversations"]
    (card,) = [one for one in cards if one["state"] in ("queued", "offered")]
    (await desk.act(card["id"], "take")).raise_for_status()
    (await desk.say(card["id"], _ANSWER)).raise_for_status()
    (await desk.act(card["id"], "close", topic="other", outcome="resolved")).raise_for_status()
    await citizen.close()


async def _groups(desk: Desk, state: str = "open") -> list[dict[str, Any]]:
    # There is one page: of a later one the last is shown.
    found = (await desk.http.get("/editor/life", params={"state": state, "page": 9})).raise_for_status().json()
    assert (found["page"], found["pages"]) == (1, 1)
    rows: list[dict[str, Any]] = found["groups"]
    return rows


async def _audited(stage: Stage, action: str) -> list[Audit]:
    async with stage.gateway.db.read() as session:
        return list((await session.scalars(select(Audit).where(Audit.action == action))).all())


@pytest.mark.parametrize("stage", ["sqlite_url", "postgres_url"], indirect=True)
async def test_from_a_question_to_an_example(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    await _told_a_person(stage, anna, _QUESTION)
    await _told_a_person(stage, anna, _ALIKE)
    stage.clock.push(timedelta(seconds=10))
    assert await stage.gateway.learning.gather() == 2
    # A second look finds nothing twice.
    stage.clock.push(timedelta(seconds=10))
    assert await stage.gateway.learning.gather() == 0
    (group,) = await _groups(liga)
    assert (group["size"], group["week"], set(group["texts"])) == (2, 2, {_QUESTION, _ALIKE})
    page = (await liga.http.get(f"/editor/life/{group['id']}")).raise_for_status().json()
    # What the operator wrote is offered, without the number.
    answer = page["questions"][0]["answers"][0]
    assert answer.startswith("Krumpumpuru izsniedz veterinārārsts")
    assert "29123456" not in answer
    assert [row.detail["questions"] for row in await _audited(stage, "life_read")] == [2]
    body = {"version": group["version"], "service_id": "pmlp-pase", "lang": "lv", "texts": [_QUESTION]}
    draft = (await liga.http.post(f"/editor/life/{group['id']}/examples", json=body)).raise_for_status().json()
    assert (draft["state"], draft["after"]["texts"][-1]) == ("draft", _QUESTION)
    assert await _groups(liga) == []
    assert (await liga.http.post(f"/editor/life/{group['id']}/examples", json=body)).json()[
        "code"
    ] == "edited_elsewhere"
    (taken,) = await _groups(liga, "taken")
    assert taken["change"]["id"] == draft["id"]
    # Given up, it waits for a decision again.
    await liga.http.delete(f"/editor/wording/{draft['id']}", params={"version": draft["version"]})
    (group,) = await _groups(liga)
    assert group["id"] == taken["id"]
    # As an example of a kind of turn likewise.
    body = {"version": group["version"], "intent": "complaint", "lang": "lv", "texts": [_QUESTION]}
    turn = (await liga.http.post(f"/editor/life/{group['id']}/turn", json=body)).raise_for_status().json()
    assert (turn["state"], turn["texts"], turn["from_life"]) == ("draft", [_QUESTION], True)
    assert await _groups(liga) == []
    await liga.http.delete(f"/editor/turns/{turn['id']}", params={"version": turn["version"]})
    (group,) = await _groups(liga)
    assert group["id"] == taken["id"]
    # Or what a person answered becomes the beginning of an answer.
    body = {"version": group["version"], "state": "taken"}
    assert (await liga.http.post(f"/editor/life/{group['id']}/decide", json=body)).status_code == 204
    assert [one["change"] for one in await _groups(liga, "taken")] == [None]


async def test_not_for_us_does_not_come_back_and_deleted_words_are_gone(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    await _told_a_person(stage, anna, _QUESTION)
    stage.clock.push(timedelta(seconds=10))
    await stage.gateway.learning.gather()
    (group,) = await _groups(liga)
    body = {"version": group["version"], "state": "not_ours"}
    assert (await liga.http.post(f"/editor/life/{group['id']}/decide", json=body)).status_code == 204
    await _told_a_person(stage, anna, _ALIKE)
    stage.clock.push(timedelta(seconds=10))
    assert await stage.gateway.learning.gather() == 1
    assert await _groups(liga) == []
    (kept,) = await _groups(liga, "not_ours")
    assert (kept["size"], kept["since"]) == (2, 1)
    assert [row.detail["after"] for row in await _audited(stage, "life_decided")] == ["not_ours"]
    async with stage.gateway.db.unit() as unit:
        await unit.session.execute(
            update(Message).where(Message.text.in_((_QUESTION, _ALIKE))).values(extras={"deleted": "x"})
        )
    assert await _groups(liga, "not_ours") == []
    assert (await liga.http.get(f"/editor/life/{kept['id']}")).status_code == 404


async def test_a_draft_and_its_group_are_stored_together(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    await _told_a_person(stage, anna, _QUESTION)
    stage.clock.push(timedelta(seconds=10))
    await stage.gateway.learning.gather()
    (group,) = await _groups(liga)

    async def overtaken(*_: Any) -> bool:
        return False

    monkeypatch.setattr("knowledge_base.learning.repository.set_group", overtaken)
    body = {"version": group["version"], "service_id": "pmlp-pase", "lang": "lv", "texts": [_QUESTION]}
    refused = await liga.http.post(f"/editor/life/{group['id']}/examples", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "edited_elsewhere")
    assert (await liga.http.get("/editor/wording")).json()["changes"] == []


async def test_half_a_year_is_looked_through_day_by_day_and_forgotten(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    await _told_a_person(stage, anna, _QUESTION)
    stage.clock.push(timedelta(seconds=10))
    life, spans = stage.gateway.learning._life, []
    asked = life.asked

    async def noted(after: datetime, until: datetime) -> list[Asked]:
        spans.append(until - after)
        return await asked(after, until)

    monkeypatch.setattr(life, "asked", noted)
    assert await stage.gateway.learning.gather() == 1
    assert max(spans) <= timedelta(days=1)
    assert sum(spans, timedelta()) == KEPT
    (group,) = await _groups(liga)
    await liga.http.post(f"/editor/life/{group['id']}/decide", json={"version": group["version"], "state": "not_ours"})
    # What is no question of ours goes with its words, too.
    stage.clock.push(KEPT + timedelta(days=1))
    await stage.gateway.learning.gather()
    async with stage.gateway.db.read() as session:
        assert (await session.scalars(select(LifeGroup))).all() == []
