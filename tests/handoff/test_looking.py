"""Who else has a conversation open: told to those who see it, kept nowhere."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from handoff.console.schemas import looking_at
from tests.stage import Desk, Stage


async def _waiting(stage: Stage) -> str:
    citizen = await stage.citizen()
    await citizen.ask("Gribu runāt ar cilvēku")
    await citizen.wait_phase("waiting")
    assert citizen.conversation is not None
    return citizen.conversation


async def _look(desk: Desk, conversation: Any) -> None:
    assert desk._socket is not None
    await desk._socket.send(json.dumps({"kind": "ping", "looking": conversation}))


async def test_colleagues_hear_who_looks_and_who_has_left(stage: Stage) -> None:
    anna, janis = await stage.staff("anna"), await stage.staff("janis")
    first, second = await _waiting(stage), await _waiting(stage)
    await anna.listen()
    await janis.listen()
    await _look(janis, first)
    frame = await anna.wait(lambda f: f["kind"] == "looking" and f["on"])
    assert (frame["conversation"], frame["name"]) == (first, "Jānis Kalniņš")
    await _look(janis, second)
    await anna.wait(lambda f: f["kind"] == "looking" and not f["on"] and f["conversation"] == first)
    await anna.wait(lambda f: f["kind"] == "looking" and f["on"] and f["conversation"] == second)
    # A console that closes looks no longer.
    await janis.close()
    await anna.wait(lambda f: f["kind"] == "looking" and not f["on"] and f["conversation"] == second)


async def test_it_is_told_to_nobody_who_may_not_see_it_nor_by_one(stage: Stage) -> None:
    anna, janis, liga = await stage.staff("anna"), await stage.staff("janis"), await stage.staff("liga")
    conversation = await _waiting(stage)
    assert (await anna.act(conversation, "take")).status_code == 200
    for desk in (anna, janis, liga):
        await desk.listen()
    await _look(janis, conversation)  # he does not see it
    await _look(liga, conversation)
    await anna.wait(lambda f: f["kind"] == "looking" and f["name"] == "Līga Krūmiņa")
    await asyncio.sleep(0.3)
    assert not [f for f in anna.frames + liga.frames + janis.frames if f["kind"] == "looking"]


@pytest.mark.parametrize(
    "frame", [None, "", "ping", "[]", "{", '{"looking": 7}', '{"looking": ""}', json.dumps({"looking": "x" * 37})]
)
def test_anything_else_looks_at_nothing(frame: str | None) -> None:
    assert looking_at(frame) is None
