"""The web chat when things go wrong: lost connections, killed gateways, rubbish, strangers, floods."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import websockets
from sqlalchemy import func, select

from handoff.conversations.models import Conversation, Message
from knowledge_base.service import KnowledgeBase
from tests.citizen import Citizen
from tests.stage import Stage, free_port, raise_stage

_QUESTION = "Kā pieteikties slimības pabalstam?"


async def _stored(stage: Stage, conversation: str | None) -> list[str]:
    async with stage.gateway.db.read() as session:
        result = await session.scalars(
            select(Message.text)
            .where(Message.conversation_id == conversation, Message.author_kind == "citizen")
            .order_by(Message.seq)
        )
        return list(result.all())


async def test_reconnects_lose_and_double_nothing(stage: Stage) -> None:
    citizen = await stage.citizen()
    await citizen.ask("Sveiki")
    sent: dict[str, str] = {}
    for number in range(12):
        text = f"jautājums par slimības pabalstu {number}"
        sent[await citizen.send(text)] = text
        if number % 3 == 0:
            await citizen.cut()
            await citizen.connect()
            # Not knowing what has arrived, the widget sends all that is not acknowledged again, under the same ids.
            acknowledged = {frame["id"] for frame in citizen.frames if frame["t"] == "ack"}
            for client_id, unsure in sent.items():
                if client_id not in acknowledged:
                    await citizen.send(unsure, client_id=client_id)
    await asyncio.sleep(1.5)
    assert await _stored(stage, citizen.conversation) == ["Sveiki", *sent.values()]
    fresh = Citizen(stage.url, token=citizen.token)
    await fresh.connect(cursor=0)
    await asyncio.sleep(0.5)
    assert fresh.texts() == citizen.texts()
    assert citizen.doubled == []
    await citizen.close()
    await fresh.close()


async def test_repeated_message_is_acknowledged_once_and_stored_once(stage: Stage) -> None:
    citizen = await stage.citizen()
    client_id = str(uuid.uuid4())
    for _ in range(5):
        await citizen.send("Sveiki", client_id=client_id)
    acks = [await citizen.wait(lambda f: f["t"] == "ack") for _ in range(5)]
    assert {ack["seq"] for ack in acks} == {2}
    assert await _stored(stage, citizen.conversation) == ["Sveiki"]
    await citizen.close()


async def test_two_tabs_open_the_conversation_in_the_same_instant(stage: Stage) -> None:
    first = await stage.citizen()
    second = Citizen(stage.url, token=first.token)
    await second.connect()
    assert second.conversation == first.conversation
    await asyncio.gather(first.send("no pirmās cilnes"), second.send("no otrās cilnes"))
    await asyncio.sleep(1)
    assert sorted(await _stored(stage, first.conversation)) == ["no otrās cilnes", "no pirmās cilnes"]
    assert first.texts() == second.texts()
    await first.close()
    await second.close()


async def test_gateway_killed_in_the_middle(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> None:
    """The message is stored and acknowledged, the gateway dies before the answer: after the restart it is answered."""
    port = free_port()
    stage = await raise_stage(sqlite_url, tmp_path, port=port, knowledge=knowledge)
    stage.understander.delay = 3
    citizen = await stage.citizen()
    client_id = await citizen.send(_QUESTION)
    await citizen.wait(lambda f: f["t"] == "ack" and f["id"] == client_id)
    await stage.stop(abruptly=True)
    await citizen.cut()

    stage = await raise_stage(
        sqlite_url, tmp_path, port=port, clock=stage.clock, knowledge=knowledge, understander=None
    )
    stage.clock.push(timedelta(seconds=11))
    await citizen.connect()
    answer = await citizen.said_after(2, kind="assistant")
    assert "Slimības pabalsts" in answer["text"]
    assert await _stored(stage, citizen.conversation) == [_QUESTION]
    await asyncio.sleep(0.5)
    assert len([text for text in citizen.texts() if "Slimības pabalsts\n" in text]) == 1
    await citizen.close()
    await stage.stop()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("{ne json", "bad_json"),
        (b"\xff\xfe\x00", "bad_json"),
        ("[]", "bad_frame"),
        ('"teksts"', "bad_frame"),
        ('{"t":"nav tāda"}', "bad_frame"),
        ('{"t":"send","id":"nav-uuid","text":"a"}', "bad_frame"),
        ('{"t":"send","id":"8f14e45f-ceea-467f-a5d2-3f1a6b8f2c11","text":7}', "bad_frame"),
        ('{"t":"send","id":"8f14e45f-ceea-467f-a5d2-3f1a6b8f2c11","text":"  \\u0000\\u200b "}', "text_empty"),
        (json.dumps({"t": "send", "id": "8f14e45f-ceea-467f-a5d2-3f1a6b8f2c11", "text": "a" * 4001}), "text_too_long"),
        ('{"t":"rate","score":9}', "bad_frame"),
        ('{"t":"rate","score":5}', "not_ended"),
        ('{"t":"contact","name":"A","email":"nav epasts","phone":"","consent":true}', "bad_contact"),
        ('{"t":"contact","name":"A","email":"a@example.lv","phone":"","consent":false}', "bad_contact"),
        ('{"t":"hello","v":1}', "bad_frame"),
    ],
)
async def test_rubbish_gets_a_clear_answer_in_the_citizens_language(stage: Stage, raw: Any, code: str) -> None:
    citizen = await stage.citizen(lang="ru")
    await citizen.raw(raw)
    error = await citizen.wait(lambda f: f["t"] == "error")
    assert error["code"] == code
    assert any("а" <= letter <= "я" for letter in error["text"])
    # And the connection still works.
    assert (await citizen.ask("привет"))["author"]["kind"] == "assistant"
    assert await _stored(stage, citizen.conversation) == ["привет"]
    await citizen.close()


async def test_a_megabyte_closes_the_socket_and_only_that(stage: Stage) -> None:
    loud, quiet = await stage.citizen(), await stage.citizen()
    await loud.raw(json.dumps({"t": "send", "id": str(uuid.uuid4()), "text": "x" * 1_000_000}))
    assert await loud.close_code() == 1009
    assert (await quiet.ask("Sveiki"))["author"]["kind"] == "assistant"
    assert await _stored(stage, loud.conversation) == []
    await loud.close()
    await quiet.close()


async def test_markup_is_text_and_direction_marks_are_gone(stage: Stage) -> None:
    citizen = await stage.citizen()
    await citizen.ask('<script>alert("x")</script><img src=x onerror=alert(1)> sveiki')
    await citizen.ask("labdien \u202etxet desrever\u202c\x07")
    stored = await _stored(stage, citizen.conversation)
    assert stored[0].startswith("<script>")
    assert stored[1] == "labdien txet desrever"
    await citizen.close()


async def test_two_hundred_messages_in_a_second(sqlite_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> None:
    stage = await raise_stage(sqlite_url, tmp_path, knowledge=knowledge, chat_messages_per_s=2.0, chat_burst=10)
    loud, quiet = await stage.citizen(), await stage.citizen()
    await asyncio.gather(*(loud.send(f"ziņa {number}") for number in range(200)))
    answer = await asyncio.wait_for(quiet.ask("Sveiki"), 5)
    assert answer["author"]["kind"] == "assistant"
    refusals = [await loud.wait(lambda f: f["t"] == "error" and f["code"] == "too_fast") for _ in range(180)]
    assert all(refusal["retry"] and refusal["id"] for refusal in refusals)
    assert 10 <= len(await _stored(stage, loud.conversation)) <= 20
    await loud.close()
    await quiet.close()
    await stage.stop()


async def test_unknown_origin_and_unknown_site_are_refused(stage: Stage) -> None:
    for options in ({"origin": "https://evil.example"}, {"site": "nav-tādas"}):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await Citizen(stage.url, **options).connect()
        assert refused.value.response.status_code == 403
    async with httpx.AsyncClient(base_url=stage.url) as client:
        assert (
            await client.get("/chat/config?site=demo", headers={"origin": "https://evil.example"})
        ).status_code == 403
        assert (await client.get("/chat/config?site=nav")).status_code == 404
        own = await client.get("/chat/config?site=demo", headers={"origin": stage.url})
        assert own.headers["access-control-allow-origin"] == stage.url


async def test_forged_expired_and_foreign_tokens_open_nothing(stage: Stage) -> None:
    victim = await stage.citizen()
    await victim.ask("mana slepenā saruna")
    key = stage.gateway.settings.secret_key.get_secret_value()
    claims = jwt.decode(
        str(victim.token),
        key,
        algorithms=["HS256"],
        audience="pietura-webchat",
        options={"verify_exp": False, "verify_iat": False},
    )
    forged = jwt.encode(claims, "x" * 40, algorithm="HS256")
    unsigned = jwt.encode(claims, None, algorithm="none")
    expired = jwt.encode({**claims, "exp": stage.clock.now() - timedelta(seconds=1)}, key, algorithm="HS256")
    other_site = jwt.encode({**claims, "site": "cita"}, key, algorithm="HS256")
    for token in (forged, unsigned, expired, other_site, "rubbish", victim.conversation):
        thief = Citizen(stage.url, token=token)
        await thief.connect(cursor=0)
        error = await thief.wait(lambda f: f["t"] == "error")
        assert error["code"] == "token_invalid"
        assert thief.conversation != victim.conversation
        await asyncio.sleep(0.05)
        assert not [text for text in thief.texts() if "slepen" in text]
        await thief.close()
    # The conversation's id in a frame's body means nothing.
    stranger = await stage.citizen()
    await stranger.raw({"t": "send", "id": str(uuid.uuid4()), "text": "sveiki", "conversation": victim.conversation})
    await stranger.wait(lambda f: f["t"] == "ack")
    assert await _stored(stage, victim.conversation) == ["mana slepenā saruna"]
    await stranger.close()
    await victim.close()


async def test_opening_the_widget_makes_no_case(stage: Stage) -> None:
    for _ in range(3):
        await (await stage.citizen()).close()
    async with stage.gateway.db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Conversation)) == 0


async def test_what_the_sockets_say_equals_what_a_fresh_one_fetches(stage: Stage) -> None:
    """State after events equals state fetched afresh, for the widget and for the console."""
    citizen, anna = await stage.citizen(), await stage.staff("anna")
    cards: dict[str, Any] = {card["id"]: card for card in (await anna.snapshot())["conversations"]}
    await anna.listen()
    await citizen.ask("Sveiki")
    await citizen.ask("operators")
    conversation = str(citizen.conversation)
    await anna.act(conversation, "take")
    await anna.say(conversation, "Labdien!")
    await citizen.send("Labdien, man jautājums")
    await anna.act(conversation, "hold")
    await anna.act(conversation, "resume")
    await asyncio.sleep(0.8)
    for frame in anna.frames:
        if frame["kind"] == "card":
            cards[frame["card"]["id"]] = frame["card"]
        elif frame["kind"] == "gone":
            cards.pop(frame["id"], None)
    assert cards == {card["id"]: card for card in (await anna.snapshot())["conversations"]}
    fresh = Citizen(stage.url, token=citizen.token)
    await fresh.connect(cursor=0)
    await asyncio.sleep(0.3)
    # Only the greeting had no time yet when it was shown before it was stored.
    citizen.messages[1]["ts"] = fresh.messages[1]["ts"]
    assert fresh.messages == citizen.messages
    assert fresh.state == citizen.state
    for one in (citizen, fresh):
        await one.close()
    await anna.close()


async def test_console_that_comes_back_is_told_what_it_missed(stage: Stage) -> None:
    anna, citizen = await stage.staff("anna"), await stage.citizen()
    cursor = (await anna.snapshot())["cursor"]
    await citizen.ask("operators")
    await anna.listen(cursor)
    card = await anna.wait(lambda f: f["kind"] == "card")
    assert card["card"]["id"] == citizen.conversation
    await anna.close()
    await citizen.close()
