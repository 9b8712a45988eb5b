"""The console's doors, the settings' refusals, the catalogues' completeness."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import websockets
from pydantic import ValidationError
from sqlalchemy import select
from websockets.asyncio.client import connect

from gateway.run import simulator_process
from gateway.settings import ROOT, Settings
from handoff.staff.models import Audit, StaffSession
from kit.i18n import Catalogue
from kit.vault import fresh_key
from knowledge_base.service import KnowledgeBase
from tests.stage import Desk, Stage, raise_stage


async def test_nothing_without_a_session(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=stage.url) as client:
        for path in ("me", "snapshot", "conversations/x", "cases", "cases.csv", "cases/1"):
            assert (await client.get(f"/console/api/{path}")).status_code == 401, path
        for path in ("logout", "conversations/x/take", "cases/1/correct"):
            assert (await client.post(f"/console/api/{path}", json={"version": 1})).status_code in (401, 422), path
    with pytest.raises(websockets.InvalidStatus):
        await connect(stage.url.replace("http", "ws") + "/console/ws", origin=websockets.Origin("https://evil.example"))
    async with connect(stage.url.replace("http", "ws") + "/console/ws", origin=websockets.Origin(stage.url)) as socket:
        await socket.wait_closed()
        assert socket.close_code == 4401


async def test_changes_need_the_csrf_token(stage: Stage) -> None:
    anna = await stage.staff("anna")
    anna.http.headers["x-csrf-token"] = "wrong"
    refused = await anna.http.put("/me", json={"availability": "away"})
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    del anna.http.headers["x-csrf-token"]
    assert (await anna.http.put("/me", json={"availability": "away"})).status_code == 403
    await anna.close()


async def test_session_cookie_is_closed_to_scripts_and_ends_at_log_out(stage: Stage) -> None:
    anna = Desk(stage.url)
    response = await anna.sign_in("anna@demo.lv")
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    async with stage.gateway.db.read() as session:
        stored = (await session.scalars(select(StaffSession.digest))).all()
    assert anna.http.cookies["pietura_session"] not in stored
    assert (await anna.http.post("/logout")).status_code == 204
    assert (await anna.http.get("/me")).status_code == 401
    await anna.close()


async def test_wrong_password_and_too_many_of_them(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> None:
    stage = await raise_stage(sqlite_url, tmp_path, knowledge=knowledge, login_attempts_account="3/minute")
    desk = Desk(stage.url)
    known = await desk.sign_in("anna@demo.lv", "nepareiza")
    unknown = await desk.sign_in("nav@demo.lv", "nepareiza")
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json()) == (401, unknown.json())
    for _ in range(2):
        await desk.sign_in("anna@demo.lv", "nepareiza")
    locked = await desk.sign_in("anna@demo.lv")
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 0
    await desk.close()
    await stage.stop()


async def test_reading_a_conversation_is_on_record(stage: Stage) -> None:
    anna, citizen = await stage.staff("anna"), await stage.citizen()
    await citizen.ask("operators")
    await anna.http.get(f"/conversations/{citizen.conversation}")
    async with stage.gateway.db.read() as session:
        rows = (await session.scalars(select(Audit).where(Audit.action == "read_conversation"))).all()
    assert [(row.staff_id, row.object_id) for row in rows] == [(anna.me["id"], citizen.conversation)]
    await anna.close()
    await citizen.close()


async def test_operator_cannot_see_what_a_colleague_holds(stage: Stage) -> None:
    anna, janis, citizen = await stage.staff("anna"), await stage.staff("janis"), await stage.citizen()
    await citizen.ask("operators")
    conversation = str(citizen.conversation)
    await anna.act(conversation, "take")
    assert (await janis.http.get(f"/conversations/{conversation}")).status_code == 404
    for act, body in (
        ("messages", {"id": "8f14e45f-ceea-467f-a5d2-3f1a6b8f2c11", "text": "es arī"}),
        ("hold", {"version": 3}),
        ("close", {"version": 3, "topic": "other", "outcome": "resolved"}),
    ):
        answer = await janis.http.post(f"/conversations/{conversation}/{act}", json=body)
        assert answer.status_code in (404, 409), act
    for person in (anna, janis):
        await person.close()
    await citizen.close()


async def test_headers_and_traversal(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=stage.url) as client:
        for path in ("/console", "/demo", "/health"):
            response = await client.get(path, headers={"accept": "text/html"})
            policy = response.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert response.headers["x-content-type-options"] == "nosniff"
        for path in (
            "/widget/../endpoints.py",
            "/widget/%2e%2e/endpoints.py",
            "/console/static/..%2f..%2fdesk.py",
            "/widget/demo/index.html",
            "/demo/%2e%2e/%2e%2e/tokens.py",
        ):
            assert (await client.get(path)).status_code == 404, path


def test_production_refuses_default_secrets_and_the_demo() -> None:
    strong, key = "k" * 40, fresh_key()
    proper = {"secret_key": strong, "bot_token": strong, "credentials_key": key, "demo": False}
    for options in (
        {},
        {**proper, "secret_key": "changeme"},
        {**proper, "bot_token": "short"},
        {**proper, "credentials_key": ""},
        {**proper, "credentials_key": strong},
        {**proper, "credentials_key": f"{key},{strong}"},
        {**proper, "demo": True},
    ):
        with pytest.raises(ValidationError) as refused:
            Settings(environment="production", **options)
        assert key not in str(refused.value)
    with pytest.raises(ValidationError, match="no stand-ins of platforms"):
        Settings(environment="production", **proper, simulator_port=8090)
    assert Settings(environment="production", **proper).simulator_url is None
    assert simulator_process(Settings(environment="production", **proper)) is None
    assert Settings(environment="production", **{**proper, "credentials_key": f"{fresh_key()},{key}"})
    with pytest.raises(ValidationError, match="PostgreSQL"):
        Settings(workers=2)


def test_catalogues_are_complete() -> None:
    """The constructor refuses missing keys and differing placeholders; empty texts are refused here."""
    folders = sorted({file.parent for file in ROOT.glob("*/**/locales/**/lv.json") if ".venv" not in file.parts})
    assert len(folders) >= 5
    for folder in folders:
        catalogue = Catalogue(folder)
        for lang in ("lv", "ru", "en"):
            for key, entry in catalogue.all(lang).items():
                forms = [entry] if isinstance(entry, str) else list(entry.values())
                assert all(form.strip() for form in forms), (folder, lang, key)
