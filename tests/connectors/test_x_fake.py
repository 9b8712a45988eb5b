"""The stand-in for X itself: what it tells, to whom, how often, and what it lets nobody do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from tests.fakes import x_wire
from tests.fakes.control import Attached, Block, Delete, Edit, Flood, Hook, Modes, NoSuchThing, Outside, Say, Weather
from tests.fakes.faults import serving
from tests.fakes.x import DEMO_ACCOUNTS, FakeX

US, THEM = DEMO_ACCOUNTS[0][0], DEMO_ACCOUNTS[1][0]
ANNA = "512345678"
SECRET = "a secret"


class Receiver:
    """Takes webhooks; whether it answers 200, and to X's check, can be changed."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[tuple[str, bytes]] = []
        self.status = 200
        self.secret = SECRET
        self.app = FastAPI()
        self.app.add_api_route("/hook", self._check, methods=["GET"])
        self.app.add_api_route("/hook", self._take, methods=["POST"])

    async def _check(self, crc_token: str) -> dict[str, str]:
        return {"response_token": x_wire.sign(self.secret, crc_token.encode())}

    async def _take(self, request: Request) -> Response:
        self.bodies.append((request.headers["x-twitter-webhooks-signature"], await request.body()))
        return Response(status_code=self.status)

    def events(self) -> list[dict[str, Any]]:
        """What was sent, rightly signed."""
        found: list[dict[str, Any]] = []
        for signature, raw in self.bodies:
            if signature == x_wire.sign(self.secret, raw):
                data = json.loads(raw)["data"]
                found += data if isinstance(data, list) else [data]
        return found

    def names(self) -> list[str]:
        """The types of the events, sorted."""
        return sorted(event["event_type"] for event in self.events())


@pytest.fixture
async def fake() -> AsyncIterator[FakeX]:
    async with FakeX.serve() as served:
        yield served


@pytest.fixture
async def receiver(fake: FakeX) -> AsyncIterator[Receiver]:
    made = Receiver()
    async with serving(made.app) as url:
        made.url = url + "/hook"
        assert (await fake.webhook(Hook(account=US, url=made.url, secret=SECRET)))["valid"]
        yield made


async def test_events_are_signed_and_told_as_often_as_they_match(fake: FakeX, receiver: Receiver) -> None:
    (post,) = (post.id for post in fake.state.posts.values() if post.author.id == US)
    await fake.say(Say(account=US, person=ANNA, text="Jautājums", kind="comment"))
    await fake.say(Say(account=US, person=ANNA, text="Atbilde", kind="comment", post=post))
    await fake.say(Say(account=US, person=ANNA, text="@agentura_demo abi", kind="comment", post=post))
    assert await fake.settled(5)
    assert receiver.names() == ["post.mention.create"] * 2 + ["post.reply.create"] * 2
    both = [event["payload"]["id"] for event in receiver.events()]
    assert len(set(both)) == 3
    assert len({event["event_uuid"] for event in receiver.events()}) == 4


async def test_what_the_account_does_is_told_to_it_as_well(fake: FakeX, receiver: Receiver) -> None:
    ref = (await fake.say(Say(account=US, person=ANNA, text="Jautājums", kind="comment")))["payload"]["id"]
    await fake.say(Say(account=US, person=ANNA, text="Labdien"))
    await fake.outside(Outside(account=US, person=ANNA, text="No telefona"))
    await fake.outside(Outside(account=US, ref=ref, text="Publiski"))
    own = await fake.outside(Outside(account=US, text="Jauns ieraksts"))
    await fake.read(US, ANNA)
    await fake.delete(Delete(account=US, ref=own["payload"]["id"]))
    assert await fake.settled(5)
    assert receiver.names() == [
        "dm.read",
        "dm.received",
        "dm.sent",
        "post.create",
        "post.create",
        "post.delete",
        "post.mention.create",
    ]
    view = fake.world().accounts[0]
    (place, newest, *_) = view.posts
    assert [(one.by, one.text, one.parent) for one in place.comments] == [
        ("person", "@agentura_demo Jautājums", None),
        ("outside", "Publiski", ref),
    ]
    assert newest.text != "Jauns ieraksts"
    assert [(one.by, one.text) for one in view.direct[0].messages] == [
        ("person", "Labdien"),
        ("outside", "No telefona"),
    ]


async def test_of_some_things_x_tells_nobody(fake: FakeX, receiver: Receiver) -> None:
    ref = (await fake.say(Say(account=US, person=ANNA, text="Jautājums", kind="comment")))["payload"]["id"]
    assert await fake.delete(Delete(account=US, ref=ref)) == {}
    assert await fake.block(Block(account=US, person=ANNA)) == {}
    assert await fake.settled(5)
    assert receiver.names() == ["post.mention.create"]
    assert fake.world().accounts[0].posts[0].comments[0].deleted


async def test_an_edit_is_a_new_post_that_knows_the_old(fake: FakeX, receiver: Receiver) -> None:
    first = await fake.say(Say(account=US, person=ANNA, text="@agentura_demo vai", kind="comment"))
    second = await fake.edit(Edit(account=US, ref=first["payload"]["id"], text="@agentura_demo vai?"))
    assert second["payload"]["edit_history_tweet_ids"] == [first["payload"]["id"], second["payload"]["id"]]
    assert await fake.settled(5)
    assert receiver.names() == ["post.mention.create"] * 2


async def test_modes_and_weather(fake: FakeX, receiver: Receiver) -> None:
    async def say(text: str, **modes: Any) -> None:
        await fake.say(Say(account=US, person=ANNA, text=text, modes=Modes(**modes)))

    await say("zudis", silent=True)
    await say("trīsreiz", duplicates=2)
    await say("viltots", wrong_signature=True)
    await say("aizturēts", hold=True)
    await say("kopā")
    assert await fake.settled(5)
    texts = [
        event["payload"]["direct_message_events"][0]["message_create"]["message_data"]["text"]
        for event in receiver.events()
    ]
    assert sorted(texts) == ["aizturēts", "kopā", "trīsreiz", "trīsreiz", "trīsreiz"]
    assert len(receiver.bodies) == 5, "the one that was held came in one call with the next"
    await fake.weather(Weather(unknown=1, wrong_signature=1, batch=50))
    await say("ar visu")
    assert await fake.settled(5)
    assert "hologram.create" in receiver.names()
    assert len(receiver.bodies) == 8


async def test_a_receiver_that_fails_is_sent_it_again(fake: FakeX, receiver: Receiver) -> None:
    receiver.status = 500
    await fake.say(Say(account=US, person=ANNA, text="Labdien"))
    await asyncio.sleep(0.3)
    receiver.status = 200
    assert await fake.settled(5)
    assert len(receiver.bodies) >= 2
    assert len({raw for _, raw in receiver.bodies}) == 1


async def test_a_receiver_that_fails_the_check_gets_nothing(fake: FakeX, receiver: Receiver) -> None:
    receiver.secret = "another"
    assert not (await fake.webhook(Hook(account=US, url=receiver.url, secret=SECRET)))["valid"]
    await fake.say(Say(account=US, person=ANNA, text="Labdien"))
    assert await fake.settled(5)
    assert receiver.bodies == []


async def test_a_flood_is_each_thing_once_however_often_it_is_told(fake: FakeX, receiver: Receiver) -> None:
    said = await fake.flood(Flood(n=120, people=10, duplicates=0.2, out_of_order=0.1, seed=3))
    assert await fake.settled(20)
    assert said["sent"] == len(set(said["keys"])) == 120
    assert len(receiver.bodies) > 120
    told = set()
    for event in receiver.events():
        payload = event["payload"]
        told.add(payload["direct_message_events"][0]["id"] if "direct_message_events" in payload else payload["id"])
    assert told == set(said["keys"])
    again = await FakeX().flood(Flood(n=3, seed=3))
    assert again["sent"] == 3, "also without anybody who listens"


async def test_the_control_api_is_the_same_over_http(fake: FakeX, receiver: Receiver) -> None:
    async with httpx.AsyncClient(base_url=fake.url) as client:
        say = {"account": US, "person": ANNA, "name": "Anna", "text": "Labdien", "kind": "comment"}
        event = (await client.post("/_control/say", json=say)).json()
        assert event["event_type"] == "post.mention.create"
        world = (await client.get("/_control/world")).json()
        assert world["platform"] == "x"
        (place, _) = world["accounts"][0]["posts"]
        assert place["id"] == f"mentions:{US}"
        # What a page shows is what it may write to.
        under = await client.post("/_control/say", json={**say, "text": "Vēl", "post": place["id"]})
        assert under.json()["payload"]["conversation_id"] != event["payload"]["id"]
        answer = await client.post("/_control/say", json={**say, "text": "Un?", "parent": event["payload"]["id"]})
        assert answer.json()["payload"]["conversation_id"] == event["payload"]["id"]
        assert (await client.post("/_control/say", json={**say, "account": "1"})).status_code == 404
        assert (await client.post("/_control/delete", json={"account": US, "ref": "1"})).status_code == 404
        assert (await client.get("/_control/settled")).json() == {"settled": True}
        flood = (await client.post("/_control/flood", json={"n": 2, "kind": "direct"})).json()
        assert flood["sent"] == 2
        hook = await client.post("/_control/webhook", json={"account": THEM, "url": receiver.url, "secret": SECRET})
        assert hook.json()["valid"]
        await client.get("/2/users/me")
        (call,) = (await client.get("/_control/calls")).json()
        assert (call["operation"], call["status"]) == ("me", 401)


async def test_everything_a_follower_can_attach_has_a_shape(fake: FakeX) -> None:
    for kind in ("image", "video", "audio", "sticker", "location", "share", "file"):
        direct = await fake.say(Say(account=US, person=ANNA, attachment=Attached(kind=kind)))
        data = direct["payload"]["direct_message_events"][0]["message_create"]["message_data"]
        assert ("attachment" in data) is (kind != "share")
        post = await fake.say(Say(account=US, person=ANNA, kind="comment", attachment=Attached(kind=kind)))
        assert ("geo" in post["payload"]) is (kind == "location")


async def test_what_is_not_there_is_said(fake: FakeX) -> None:
    for work in (
        fake.say(Say(account="1", person=ANNA)),
        fake.say(Say(account=US, person="anna")),
        fake.say(Say(account=US, person=ANNA, kind="comment", parent="1")),
        fake.edit(Edit(account=US, ref="1", text="x")),
        fake.read(US, ANNA),
    ):
        with pytest.raises(NoSuchThing):
            await work


async def test_nobody_is_let_in_without_a_signature(fake: FakeX) -> None:
    async with httpx.AsyncClient(base_url=fake.url) as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": 'OAuth oauth_token="x"'}):
            for path in ("/2/users/me", "/2/dm_events", "/2/webhooks", "/2/activity/subscriptions"):
                answer = await client.get(path, headers=headers)
                assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized")
        assert all("authorization" not in call.headers for call in fake.calls)
