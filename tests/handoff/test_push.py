"""Notices by push: who is told and who is not, what a notice holds, and what becomes of a browser that is gone."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from handoff.conversations.schemas import Inbound
from handoff.push.keys import fresh_private_key
from handoff.push.models import PushSubscription
from handoff.push.sender import PushSender
from kit.clock import SystemClock
from knowledge_base.service import KnowledgeBase
from tests.fakes.push_service import Browser, PushService, push_service
from tests.stage import Desk, Stage, raise_stage

_WORDS = "Mans suns ēd kurpes, gribu runāt ar cilvēku"


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    async with push_service() as service:
        yield service


@pytest.fixture
async def pushing(
    service: PushService, sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase
) -> AsyncIterator[Stage]:
    stage = await raise_stage(sqlite_url, tmp_path, knowledge=knowledge, push_stand_in=service.url)
    yield stage
    await stage.stop()


async def _told(stage: Stage, who: str, service: PushService) -> tuple[Desk, Browser]:
    desk = await stage.staff(who)
    await desk.http.put("/me", json={"availability": "available"})
    browser = Browser(f"{service.url}/{who}")
    answer = await desk.http.post("/push", json=browser.subscription)
    assert answer.status_code == 200, answer.text
    return desk, browser


async def _waits(stage: Stage) -> str:
    citizen = await stage.citizen()
    await citizen.ask(_WORDS)
    await citizen.wait_phase("waiting")
    assert citizen.conversation is not None
    return citizen.conversation


async def test_who_has_no_console_before_his_eyes_is_told(pushing: Stage, service: PushService) -> None:
    anna, hers = await _told(pushing, "anna", service)
    janis, _ = await _told(pushing, "janis", service)
    olga, _ = await _told(pushing, "olga", service)
    ieva, ievas = await _told(pushing, "ieva", service)
    await janis.http.put("/me", json={"settings": {"push_waiting": False}})
    await olga.listen()
    assert olga._socket is not None
    await olga._socket.send(json.dumps({"kind": "ping", "focused": True}))
    await olga.wait(lambda frame: frame["kind"] == "pong")
    conversation = await _waits(pushing)
    await service.wait(1)
    await asyncio.sleep(1.5)
    ((path, headers, body),) = service.taken
    assert path == "/anna", "not who wants none, nor who looks at the console, nor a specialist"
    assert headers["ttl"] == "60"
    assert (headers["content-encoding"], headers["topic"]) == ("aes128gcm", "waiting")
    told = hers.read(body)
    assert (told["title"], told["conversation"]) == ("Gaida iedzīvotājs", conversation)
    assert "suns" not in json.dumps(told, ensure_ascii=False)
    claims = json.loads(base64.urlsafe_b64decode(headers["authorization"].split("t=")[1].split(".")[1] + "=="))
    assert claims["aud"] == service.url

    # The console loses the focus; a colleague calls her in a note.
    service.taken.clear()
    await olga._socket.send(json.dumps({"kind": "ping", "focused": False}))
    await olga.wait(lambda frame: frame["kind"] == "pong")
    assert (await anna.act(conversation, "take")).status_code == 200
    liga, lasts = await _told(pushing, "liga", service)
    note = {"id": "5b8f3c1e-2f0a-4f0e-9d1c-3f0f6f4f7a11", "text": "Lūdzu, palīdzi", "mentions": [liga.me["id"]]}
    assert (await anna.http.post(f"/conversations/{conversation}/notes", json=note)).status_code == 200
    await service.wait(1)
    assert [one[0] for one in service.taken] == ["/liga"]
    assert lasts.read(service.taken[0][2])["title"] == "Jūs aicina kolēģis"

    # The citizen writes in what she serves; then an institution is brought in, of whose specialists none was told so far.
    service.taken.clear()
    more = Inbound(conversation, str(uuid.uuid4()), _WORDS, None, "lv", "webchat", "demo")
    await pushing.gateway.broker.receive(more)
    await service.wait(1)
    assert [one[0] for one in service.taken] == ["/anna"]
    told = hers.read(service.taken[0][2])
    assert (told["title"], "suns" in json.dumps(told)) == ("Jauna ziņa jūsu sarunā", False)
    assert (await ieva.http.get("/push")).json()["browsers"][0]["delivered_at"] is None
    service.taken.clear()
    (await anna.act(conversation, "level2", institution_id="vsaa", note="Lūdzu, palīdziet")).raise_for_status()
    await service.wait(1)
    assert [one[0] for one in service.taken] == ["/ieva"]
    assert ievas.read(service.taken[0][2])["title"] == "Sarunā pieaicināta jūsu iestāde"

    # Nothing is told in a browser where nobody is signed in any more.
    service.taken.clear()
    for desk in (anna, liga, olga):
        await desk.http.post("/logout")
    await _waits(pushing)
    await asyncio.sleep(2.5)
    assert service.taken == []


async def test_busy_services_are_asked_again_and_gone_browsers_forgotten(pushing: Stage, service: PushService) -> None:
    anna, browser = await _told(pushing, "anna", service)
    (row,) = (await anna.http.get("/push")).json()["browsers"]
    service.answers = [(503, "retry-after: 1\r\n")]
    tried = await anna.http.post(f"/push/{row['id']}/test")
    assert tried.status_code == 200, tried.text
    assert len(service.taken) == 2
    assert browser.read(service.taken[1][2])["title"] == "Izmēģinājuma paziņojums"
    assert tried.json()["browsers"][0]["delivered_at"] is not None
    service.answers = [(403, "")]
    refused = await anna.http.post(f"/push/{row['id']}/test")
    assert (refused.status_code, refused.json()["code"]) == (400, "push_refused")
    assert (await anna.http.get("/push")).json()["browsers"][0]["problem"] == "status_403"
    # The same browser again is the same row, and whoever uses it now has it.
    again = (await anna.http.post("/push", json=browser.subscription)).json()["browsers"]
    assert [(one["id"], one["problem"]) for one in again] == [(row["id"], None)]
    janis = await pushing.staff("janis")
    (his,) = (await janis.http.post("/push", json=browser.subscription)).json()["browsers"]
    assert (await anna.http.get("/push")).json()["browsers"] == []
    assert (await anna.http.delete(f"/push/{his['id']}")).status_code == 404
    service.answers = [(410, "")]
    assert (await janis.http.post(f"/push/{his['id']}/test")).json()["code"] == "push_refused"
    assert (await janis.http.get("/push")).json()["browsers"] == []


async def test_no_other_address_is_written_to_and_none_lies_open(pushing: Stage, service: PushService) -> None:
    anna, browser = await _told(pushing, "anna", service)
    for endpoint in (
        "http://127.0.0.1:1/x",
        "https://169.254.169.254/latest",
        "https://fcm.googleapis.com.evil.example/x",
    ):
        refused = await anna.http.post("/push", json={**browser.subscription, "endpoint": endpoint})
        assert (refused.status_code, refused.json()["code"]) == (400, "push_service"), endpoint
    keys = {"p256dh": "A" * 87, "auth": "A" * 22}
    bad = await anna.http.post("/push", json={**browser.subscription, "keys": keys})
    assert (bad.status_code, bad.json()["code"]) == (400, "push_keys")
    async with pushing.gateway.db.read() as session:
        (row,) = (await session.scalars(select(PushSubscription))).all()
    assert service.url not in row.sealed
    assert "anna" not in row.sealed


def test_addresses_of_push_services() -> None:
    sender = PushSender(fresh_private_key(), "mailto:a@example.lv", SystemClock())
    for endpoint, right in (
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", True),
        ("https://web.push.apple.com/abc", True),
        ("https://wns2-par02p.notify.windows.com/w/?token=abc", True),
        ("http://fcm.googleapis.com/fcm/send/abc", False),
        ("https://fcm.googleapis.com:8443/abc", False),
        ("https://fcm.googleapis.com@10.0.0.1/abc", False),
        ("https://x.evil.notify.windows.com/", False),
        ("https://localhost/", False),
        ("https://[::1", False),
    ):
        assert sender.serves(endpoint) is right, endpoint
    with pytest.raises(ValueError, match="P-256"):
        PushSender("no key", "mailto:a@example.lv", SystemClock())
