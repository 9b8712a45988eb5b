"""The channel's contract, served by a small Sanic app with a scripted agent."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from sanic import Sanic

from components.broker_channel import BadRequest, BrokerChannel, read_message

TOKEN = "0123456789abcdef-test"


class Processor:
    async def parse_message(self, message: UserMessage) -> dict[str, Any]:
        if message.text == "break":
            raise ZeroDivisionError
        language = [{"entity": "language", "value": "ru"}] if message.text == "po russki" else []
        return {
            "intent": {"name": "greet", "confidence": 0.91234567},
            "intent_ranking": [{"name": "greet", "confidence": 0.91234567}],
            "service_confidence": 0.01,
            "entities": language,
        }


class Agent:
    processor = Processor()

    def is_ready(self) -> bool:
        return True


async def plan(message: UserMessage) -> None:
    if message.text != "no plan":
        await message.output_channel.send_response(message.sender_id, {"custom": {"plan": "smalltalk", "key": "greet"}})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    import asyncio

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = Sanic("broker_channel_test", configure_logging=False)
    app.ctx.agent = Agent()
    app.blueprint(BrokerChannel(TOKEN).blueprint(plan), url_prefix="/webhooks/broker")
    loop = asyncio.new_event_loop()
    started = threading.Event()

    def serve() -> None:
        asyncio.set_event_loop(loop)

        async def start() -> None:
            server = await app.create_server(host="127.0.0.1", port=port, return_asyncio_server=True, access_log=False)
            assert server is not None
            await server.startup()
            await server.start_serving()
            started.set()

        loop.run_until_complete(start())
        loop.run_forever()

    threading.Thread(target=serve, daemon=True).start()
    assert started.wait(10)
    yield f"http://127.0.0.1:{port}/webhooks/broker"
    loop.call_soon_threadsafe(loop.stop)


def post(url: str, body: bytes, token: str | None = TOKEN) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    request = urllib.request.Request(url + "/webhook", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def message(text: str) -> bytes:
    return json.dumps({"sender": "c1", "message": text, "metadata": {"lang": "lv"}}).encode()


def test_answers_with_plan_and_parse(url: str) -> None:
    status, answer = post(url, message("sveiki"))
    assert status == 200
    assert answer["plans"] == [{"plan": "smalltalk", "key": "greet"}]
    assert answer["intent"] == {"name": "greet", "confidence": 0.9123}
    assert answer["ranking"] == [{"name": "greet", "confidence": 0.9123}]
    assert answer["entities"] == [] and answer["ms"] >= 0


def test_language_is_part_of_the_plan(url: str) -> None:
    assert post(url, message("po russki"))[1]["plans"][0]["language"] == "ru"


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", "ključ"])
def test_strangers_are_refused(url: str, token: str | None) -> None:
    sent = None if token is None else token.encode().decode("latin-1")
    assert post(url, message("sveiki"), sent)[0] == 401


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"{}", b'{"sender":"a"}', b'{"sender":"a","message":""}',
        b'{"sender":"a","message":"  "}', b'{"sender":1,"message":"x"}', b'{"sender":"a","message":["x"]}',
        b'{"sender":"a","message":"x","metadata":1}', json.dumps({"sender": "a", "message": "x" * 9000}).encode(),
    ],
)  # fmt: skip
def test_bad_bodies_are_named(url: str, body: bytes) -> None:
    status, answer = post(url, body)
    assert status == 400 and answer["error"]


@pytest.mark.parametrize("text", ["break", "no plan"])
def test_failures_are_not_silence(url: str, text: str) -> None:
    status, answer = post(url, message(text))
    assert status == 500 and answer["error"]


def test_citizens_give_no_commands() -> None:
    assert read_message(message("/restart"))[1] == "restart"
    assert read_message(message(' //handoff{"a": 1}'))[1] == 'handoff{"a": 1}'
    assert read_message(message("/"))[1] == "?"


def test_token_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIETURA_BOT_TOKEN", "short")
    with pytest.raises(RuntimeError, match="PIETURA_BOT_TOKEN"):
        BrokerChannel.from_credentials(None)
    with pytest.raises(BadRequest):
        read_message(b"x")
