"""Notices to everybody: told from one second to another, where they should be and nowhere else, never written over unseen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import select

from handoff.conversations.models import Site
from handoff.staff.models import Audit
from kit.clock import iso
from tests.stage import Stage

_TEXT = {"lv": "e-klase nedarbojas.", "ru": "e-klase не работает.", "en": "e-klase is down."}


def _body(stage: Stage, **values: Any) -> dict[str, Any]:
    now = stage.clock.now()
    return {
        "kind": "outage",
        "text": _TEXT,
        "site": None,
        "banner": True,
        "greeting": True,
        "starts_at": iso(now + timedelta(seconds=90)),
        "ends_at": iso(now + timedelta(hours=1)),
        **values,
    }


async def _banners(stage: Stage, site: str = "demo") -> list[dict[str, Any]]:
    async with httpx.AsyncClient() as http:
        answer = (await http.get(f"{stage.url}/chat/notices", params={"site": site})).raise_for_status()
    found: list[dict[str, Any]] = answer.json()["notices"]
    return found


async def _greeting(stage: Stage, lang: str = "ru") -> str:
    citizen = await stage.citizen(lang=lang)
    text: str = (await citizen.said_after(0))["text"]
    await citizen.close()
    return text


async def test_a_notice_is_told_in_its_time(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    assert (await anna.http.get("/notices")).status_code == 403
    assert (await anna.http.post("/notices", json=_body(stage))).status_code == 403
    there = await stage.citizen()
    made = await liga.http.post("/notices", json=_body(stage))
    assert made.status_code == 201, made.text
    (row,) = made.json()["notices"]
    assert row["state"] == "planned"
    await there.wait(lambda frame: frame["t"] == "notices")
    # A widget knows it before, so that it appears to the second; the assistant does not speak of it yet.
    (banner,) = await _banners(stage)
    assert 80 < banner["starts_in_s"] <= 90
    assert banner["text"] == _TEXT
    assert _TEXT["ru"] not in await _greeting(stage)
    stage.clock.push(timedelta(seconds=90))
    assert (await _banners(stage))[0]["starts_in_s"] == 0
    assert await _greeting(stage) == "Объявление: e-klase не работает.\n\n" + _first(stage)
    # What was shown is what is stored.
    citizen = await stage.citizen(lang="ru")
    await citizen.ask("Привет")
    detail = await liga.http.get(f"/conversations/{citizen.conversation}")
    assert _TEXT["ru"] in detail.text
    ended = await liga.http.post(f"/notices/{row['id']}/end", json={"version": row["version"]})
    assert ended.json()["notices"][0]["state"] == "over"
    assert await _banners(stage) == []
    assert _TEXT["ru"] not in await _greeting(stage)
    again = await liga.http.post(f"/notices/{row['id']}/end", json={"version": row["version"] + 1})
    assert again.json()["code"] == "notice_over"
    async with stage.gateway.db.read() as session:
        lines = (await session.scalars(select(Audit).where(Audit.object_id == row["id"]).order_by(Audit.id))).all()
    assert [line.action for line in lines] == ["notice_created", "notice_ended"]
    assert lines[1].detail["before"]["ended_at"] is None
    assert lines[1].detail["after"]["ended_at"] is not None


def _first(stage: Stage) -> str:
    return stage.gateway.broker.assistant.greeting("ru").text


async def test_a_notice_ends_by_itself_and_stays_on_its_site(stage: Stage) -> None:
    liga = await stage.staff("liga")
    async with stage.gateway.db.unit() as unit:
        unit.session.add(Site(key="riga", name="Rīga", origins=["https://riga.example"]))
    body = _body(stage, site="riga", starts_at=None, banner=True, greeting=True)
    assert (await liga.http.post("/notices", json=body)).status_code == 201
    assert await _banners(stage) == []
    assert len(await _banners(stage, "riga")) == 1
    assert _TEXT["ru"] not in await _greeting(stage)
    stage.clock.push(timedelta(hours=1, seconds=1))
    assert await _banners(stage, "riga") == []
    assert (await liga.http.get("/notices")).json()["notices"][0]["state"] == "over"


async def test_what_makes_no_sense_and_who_was_first(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    past = iso(stage.clock.now() - timedelta(hours=1))
    for change, code in (
        ({"banner": False, "greeting": False}, "notice_nowhere"),
        ({"site": "nav"}, "notice_site"),
        ({"ends_at": past}, "notice_ends_first"),
        ({"starts_at": iso(stage.clock.now() - timedelta(hours=2)), "ends_at": past}, "notice_over"),
        ({"ends_at": iso(stage.clock.now() + timedelta(days=500))}, "notice_too_long"),
    ):
        refused = await liga.http.post("/notices", json=_body(stage, **change))
        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert "{" not in refused.json()["detail"]
    for change in ({"text": {"lv": "Tikai latviski"}}, {"kind": "joke"}, {"ends_at": "2026-11-24T10:00:00"}):
        assert (await liga.http.post("/notices", json=_body(stage, **change))).status_code == 422
    assert (await liga.http.get("/notices")).json()["notices"] == []
    (row,) = (await liga.http.post("/notices", json=_body(stage))).json()["notices"]
    change = {**_body(stage), "kind": "information", "version": row["version"]}
    changed = await admin.http.put(f"/notices/{row['id']}", json=change)
    assert changed.json()["notices"][0]["kind"] == "information"
    late = await liga.http.put(f"/notices/{row['id']}", json=change)
    assert (late.status_code, late.json()["code"], late.json()["who"]) == (409, "notice_changed", "Māris Vītols")
    # Whoever has put it away sees what it says now.
    assert (await _banners(stage))[0]["id"] == f"{row['id']}.{row['version'] + 1}"
