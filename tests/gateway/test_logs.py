"""What is logged of a conversation can be found by its id, in the gateway and in Rasa, and holds nothing of what was said."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from aiohttp import web

from actions.understanding import RasaClient
from gateway import logs
from kit import tracing
from tests.stage import Stage


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Lines as production writes them."""
    kept, handlers = structlog.get_config(), logging.root.handlers[:]
    stream = io.StringIO()
    logs.set_up(production=True, stream=stream)
    structlog.configure(cache_logger_on_first_use=False)
    yield stream
    structlog.configure(**kept)
    logging.root.handlers = handlers


async def test_a_turn_is_logged_with_its_conversation_and_without_its_words(stage: Stage, written: io.StringIO) -> None:
    citizen = await stage.citizen()
    await citizen.ask("Kā pieteikties slimības pabalstam? Mans kods ir 010190-12345")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    (turn,) = [one for one in lines if one["event"] == "turn"]
    assert turn["conversation"] == str(citizen.conversation)
    assert turn["outcome"]
    assert "slimības" not in written.getvalue()
    assert "010190" not in written.getvalue()


async def test_a_request_is_told_its_id_and_its_faults_carry_it(
    stage: Stage, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    liga = await stage.staff("liga")
    identity = "0e2b4a58-3f7d-4c0a-9c1e-5a6b7c8d9e0f"

    async def breaks(*_arguments: object, **_options: object) -> None:
        logging.getLogger("a.library").warning("29123456 does not answer")
        raise OSError("disk")

    monkeypatch.setattr("handoff.console.endpoints.Console._conversation", breaks)
    answer = await liga.http.get(f"/conversations/{identity}", headers={"x-request-id": "from-the-proxy-1"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "from-the-proxy-1")
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    for event in ("request failed", "******** does not answer"):
        found = [one for one in lines if one["event"] == event or event in one["event"]]
        if event == "request failed":
            (one,) = found
            assert (one["request"], one["conversation"]) == ("from-the-proxy-1", identity)
    assert "29123456" not in written.getvalue()
    # What could be more than an id is not taken.
    told = await liga.http.get("/me", headers={"x-request-id": "x" * 200})
    assert len(told.headers["x-request-id"]) == 32


async def test_rasa_is_told_of_the_conversation() -> None:
    seen: list[dict[str, str]] = []

    async def webhook(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        plan = {"plans": [{"plan": "smalltalk"}], "intent": {"name": "greet", "confidence": 1.0}}
        return web.json_response(plan)

    app = web.Application()
    app.router.add_post("/webhooks/broker/webhook", webhook)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    rasa = RasaClient(f"http://127.0.0.1:{port}", "t" * 32)
    with tracing.bound(conversation="conversation-1", request="request-12345"):
        await rasa.understand("conversation-1", "labdien", "lv")
    await rasa.understand("health-check", "labdien", "lv")
    await rasa.close()
    await runner.cleanup()
    lower = [{name.lower(): value for name, value in one.items()} for one in seen]
    assert (lower[0]["x-conversation-id"], lower[0]["x-request-id"]) == ("conversation-1", "request-12345")
    assert "x-conversation-id" not in lower[1]
