"""From a follower's words through the fake's webhooks to events: signed, batched, twice, late, forged, refused, edited."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from connectors.facebook.client import Timeouts
from connectors.facebook.connector import FacebookConnector
from handoff.channels.ports import Account, BadSignature, InboundEvent, OutboundMessage
from tests.fakes.control import Attached, Delete, Edit, Flood, Hook, Modes, Outside, Say, Weather
from tests.fakes.faults import serving
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_events import id_of
from tests.fakes.graph_world import APP_SECRET, PAGE_IDS
from tests.stage import MovableClock

PAGE, OTHER_PAGE = PAGE_IDS
ANNA, JANIS = "7014523698521477", "7014523698521478"


@dataclass
class Door:
    """Where webhooks arrive: verified, read, and answered as the gateway would.

    Attributes:
        calls: the events of each call, in order.
        refused: how many calls were not the platform's.
        down: how many calls are still answered 503.
    """

    fake: FakeGraph
    connector: FacebookConnector
    account: Account
    clock: MovableClock
    url: str = ""
    calls: list[list[InboundEvent]] = field(default_factory=list)
    refused: int = 0
    down: int = 0

    @property
    def events(self) -> list[InboundEvent]:
        """Everything that arrived, in order."""
        return [event for call in self.calls for event in call]

    async def settle(self) -> list[InboundEvent]:
        """Waits for everything, and gives it."""
        assert await self.fake.settled(20)
        return self.events


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    clock = MovableClock()
    connector = FacebookConnector(clock=clock, timeouts=Timeouts(1, 1))
    gateway = FastAPI()
    async with FakeGraph.serve(clock=clock) as fake, serving(gateway) as url:
        account = Account("acc-1", "facebook", PAGE, "VSAA", fake.credentials(PAGE), {"base_url": fake.url})
        door = Door(fake, connector, account, clock, f"{url}/hooks/facebook/acc-1")

        @gateway.get("/hooks/facebook/acc-1")
        async def challenge(request: Request) -> Response:
            answer = connector.challenge(account, request.query_params)
            return Response(status_code=403) if answer is None else Response(answer[0], media_type=answer[1])

        @gateway.post("/hooks/facebook/acc-1")
        async def hook(request: Request) -> Response:
            raw = await request.body()
            try:
                connector.verify(account, request.headers, raw)
            except BadSignature:
                door.refused += 1
                return Response(status_code=401)
            if door.down:
                door.down -= 1
                return Response(status_code=503)
            door.calls.append(connector.parse(account, raw))
            return Response()

        told = await fake.webhook(Hook(account=PAGE, url=door.url, secret=APP_SECRET))
        assert told == {"verified": True}
        yield door
        await connector.close()


async def test_a_follower_writes_comments_edits_and_deletes(door: Door) -> None:
    said = await door.fake.say(Say(account=PAGE, person=ANNA, text="Labdien — kā pieteikt?"))
    mid = id_of(said)
    await door.fake.edit(Edit(account=PAGE, ref=mid, text="Labdien! Kā pieteikt pabalstu?"))
    comment = id_of(await door.fake.say(Say(account=PAGE, person=JANIS, text="Cik?", kind="comment", name="Jānis")))
    await door.fake.edit(Edit(account=PAGE, ref=comment, text="Cik ilgi?"))
    answer = await door.fake.say(Say(account=PAGE, person=ANNA, text="Man 10", kind="comment", parent=comment))
    await door.fake.delete(Delete(account=PAGE, ref=comment))
    await door.fake.delete(Delete(account=PAGE, ref=mid))
    await door.fake.say(Say(account=PAGE, person=ANNA, payload="GET_STARTED"))
    told = {(event.kind, event.ref): event for event in await door.settle()}
    assert told["message", mid].text == "Labdien — kā pieteikt?"
    assert told["edited", mid].text == "Labdien! Kā pieteikt pabalstu?"
    assert told["comment", comment].text == "Cik?"
    assert told["edited", comment].text == "Cik ilgi?"
    assert told["comment", id_of(answer)].parent_ref == comment
    assert {("deleted", comment), ("deleted", mid)} <= set(told)
    assert [event.payload for event in door.events if event.payload] == ["GET_STARTED"]
    assert len(door.events) == 8
    assert door.refused == 0


@pytest.mark.parametrize("kind", ["image", "video", "audio", "file", "sticker", "location", "share"])
async def test_attachments_arrive_as_what_they_are(door: Door, kind: str) -> None:
    await door.fake.say(Say(account=PAGE, person=ANNA, attachment=Attached(kind=kind)))
    [event] = await door.settle()
    assert (event.kind, event.text, [one.kind for one in event.attachments]) == ("message", "", [kind])


async def test_what_we_say_comes_back_as_our_own_and_what_others_say_does_not(door: Door) -> None:
    await door.fake.say(Say(account=PAGE, person=ANNA, text="Labdien!"))
    comment = id_of(await door.fake.say(Say(account=PAGE, person=ANNA, text="Cik?", kind="comment")))
    now = door.clock.now()
    direct = await door.connector.send(door.account, OutboundMessage("direct", ANNA, "Sveiki!", last_inbound_at=now))
    public = await door.connector.send(door.account, OutboundMessage("public_reply", comment, "Desmit dienas."))
    hidden = await door.connector.send(door.account, OutboundMessage("hide", comment))
    post = await door.connector.send(door.account, OutboundMessage("post", PAGE, "Jauns"))
    await door.fake.outside(Outside(account=PAGE, text="No Page Inbox", person=ANNA))
    await door.fake.outside(Outside(account=PAGE, text="Ar roku", ref=comment))
    told = await door.settle()
    echoes = {event.text: event for event in told if event.kind == "echo"}
    assert (echoes["Sveiki!"].ref, echoes["Sveiki!"].by_us, echoes["Sveiki!"].thread) == (direct.ref, True, ANNA)
    assert (echoes["No Page Inbox"].by_us, echoes["No Page Inbox"].thread) == (False, ANNA)
    assert (echoes["Desmit dienas."].ref, echoes["Desmit dienas."].thread) == (public.ref, comment)
    assert echoes["Ar roku"].thread == comment
    assert [event.ref for event in told if event.kind == "hidden"] == [hidden.ref]
    assert [event.ref for event in told if event.kind == "post"] == [post.ref]
    assert [event.text for event in told if event.kind in ("message", "comment")] == ["Labdien!", "Cik?"]


async def test_deliveries_and_reads(door: Door) -> None:
    await door.fake.say(Say(account=PAGE, person=ANNA, text="Labdien!"))
    await door.connector.send(
        door.account, OutboundMessage("direct", ANNA, "Sveiki!", last_inbound_at=door.clock.now())
    )
    await door.fake.say(Say(account=PAGE, person=ANNA, text="Paldies"))
    told = await door.settle()
    assert [event.kind for event in told] == ["message", "echo", "delivered", "read", "message"]
    delivered, read = told[2], told[3]
    assert delivered.watermark is not None
    assert read.watermark is not None
    assert told[1].occurred_at <= delivered.watermark <= read.watermark


async def test_batches_repeats_and_disorder(door: Door) -> None:
    for number in range(4):
        await door.fake.say(Say(account=PAGE, person=f"70{number}", text=f"nr. {number}", modes=Modes(hold=True)))
    await door.fake.say(Say(account=PAGE, person="704", text="nr. 4"))
    assert [event.text for event in await door.settle()] == [f"nr. {number}" for number in range(5)]
    assert len(door.calls) == 1, "five entries in one call"
    door.calls.clear()
    await door.fake.say(Say(account=PAGE, person=ANNA, text="divreiz", modes=Modes(duplicates=2)))
    assert len({event.key for event in await door.settle()}) == 1
    assert len(door.events) == 3
    door.calls.clear()
    await door.fake.say(Say(account=PAGE, person=ANNA, text="pirmais", modes=Modes(delay_s=0.3)))
    door.clock.push(timedelta(seconds=1))
    await door.fake.say(Say(account=PAGE, person=ANNA, text="otrais"))
    told = await door.settle()
    assert [event.text for event in told] == ["otrais", "pirmais"]
    assert told[0].occurred_at > told[1].occurred_at


async def test_forged_and_lost_ones(door: Door) -> None:
    await door.fake.say(Say(account=PAGE, person=ANNA, text="viltots", modes=Modes(wrong_signature=True)))
    await door.fake.say(Say(account=PAGE, person=ANNA, text="pazudis", modes=Modes(silent=True)))
    await door.fake.say(Say(account=PAGE, person=ANNA, text="īsts"))
    assert [event.text for event in await door.settle()] == ["īsts"]
    assert door.refused == 1


async def test_a_receiver_that_fails_is_told_again(door: Door) -> None:
    door.down = 2
    await door.fake.say(Say(account=PAGE, person=ANNA, text="Labdien!"))
    assert [event.text for event in await door.settle()] == ["Labdien!"]
    assert [delivery.status for delivery in door.fake.emitter.deliveries] == [503, 503, 200]
    assert [delivery.attempt for delivery in door.fake.emitter.deliveries] == [1, 2, 3]


async def test_bad_weather_loses_nothing_and_invents_nothing(door: Door) -> None:
    weather = Weather(duplicates=0.2, out_of_order=0.1, unknown=0.1, wrong_signature=0.1, batch=7, seed=4)
    await door.fake.weather(weather)
    told = await door.fake.flood(Flood(n=300, people=20, seed=4))
    await door.settle()
    arrived = Counter(event.ref for event in door.events if event.kind in ("message", "comment"))
    assert set(arrived) == set(told["keys"])
    assert len(told["keys"]) == told["sent"] == 300
    assert max(arrived.values()) >= 2
    assert max(len(call) for call in door.calls) > 1
    assert door.refused > 0
    assert sum(event.kind == "other" for event in door.events) > 0
    keys = {event.key for event in door.events if event.kind in ("message", "comment")}
    assert len(keys) == 300


async def test_pages_of_one_application_come_by_one_door(door: Door) -> None:
    told = await door.connector.subscribe(door.account, door.url)
    assert told.ok
    other = Account(
        "acc-2", "facebook", OTHER_PAGE, "Sigulda", door.fake.credentials(OTHER_PAGE), {"base_url": door.fake.url}
    )
    await door.connector.subscribe(other, door.url.replace("acc-1", "acc-2"))
    await door.fake.say(Say(account=OTHER_PAGE, person=ANNA, text="Siguldai"))
    await door.fake.say(Say(account=PAGE, person=ANNA, text="Aģentūrai"))
    assert {(event.text, event.page_id) for event in await door.settle()} == {
        ("Siguldai", OTHER_PAGE),
        ("Aģentūrai", None),
    }


async def test_the_control_api_over_http(door: Door) -> None:
    """As the simulator page and the load driver use it."""
    async with httpx.AsyncClient(base_url=door.fake.url, timeout=10) as http:
        body = {"account": PAGE, "person": ANNA, "text": "Cik ilgi?", "kind": "comment", "name": "Anna Bērziņa"}
        event = (await http.post("/_control/say", json=body)).json()
        comment = event["changes"][0]["value"]["comment_id"]
        await http.post("/_control/say", json={"account": PAGE, "person": ANNA, "text": "Labdien!"})
        await http.post("/_control/edit", json={"account": PAGE, "ref": comment, "text": "Cik ilgi jāgaida?"})
        await door.connector.send(door.account, OutboundMessage("public_reply", comment, "Desmit dienas."))
        await door.connector.send(door.account, OutboundMessage("hide", comment))
        assert (await http.get("/_control/settled")).json() == {"settled": True}
        world = (await http.get("/_control/world")).json()
        assert world["platform"] == "facebook"
        [account] = [account for account in world["accounts"] if account["id"] == PAGE]
        assert account["webhook"] == door.url
        asked, answered = account["posts"][0]["comments"]
        assert (asked["text"], asked["edited"], asked["hidden"], asked["by"]) == (
            "Cik ilgi jāgaida?",
            True,
            True,
            "person",
        )
        assert asked["author"] == {"id": ANNA, "name": "Anna Bērziņa"}
        assert (answered["by"], answered["parent"], answered["text"]) == ("us", comment, "Desmit dienas.")
        [chat] = account["direct"]
        assert ([message["text"] for message in chat["messages"]], chat["blocked"]) == (["Labdien!"], False)
        await http.post("/_control/block", json={"account": PAGE, "person": ANNA})
        await http.post("/_control/faults", json={"operation": "send", "fault": "server_error", "times": 2})
        assert (await http.get("/_control/faults")).json()[0]["left"] == 2
        calls = (await http.get("/_control/calls")).json()
        assert [call["operation"] for call in calls] == ["comment", "hide"]
        assert (await http.get("/_control/calls", params={"since": 1})).json() == calls[1:]
        assert (await http.post("/_control/flood", json={"n": 5, "duplicates": 0.2})).json()["sent"] == 5
        assert (await http.post("/_control/weather", json={"late": 0.5})).json()["late"] == 0.5
        for path, order in (
            ("say", {"account": "1", "person": ANNA}),
            ("say", {"account": PAGE, "person": ANNA, "kind": "comment", "post": "1_2"}),
            ("say", {"account": PAGE, "person": ANNA, "kind": "comment", "parent": "1_2"}),
            ("edit", {"account": PAGE, "ref": "m_none", "text": "a"}),
            ("delete", {"account": PAGE, "ref": "1_2"}),
            ("webhook", {"account": "1", "url": door.url, "secret": "s"}),
        ):
            assert (await http.post(f"/_control/{path}", json=order)).status_code == 404, (path, order)
        unset = {"account": PAGE, "url": door.url + "/nowhere", "secret": "s"}
        assert (await http.post("/_control/webhook", json=unset)).json() == {"verified": False}


async def test_a_page_that_is_not_subscribed_hears_nothing(door: Door) -> None:
    door.fake.state.page(PAGE).fields = {"messages"}
    await door.fake.say(Say(account=PAGE, person=ANNA, text="a"))
    await door.fake.say(Say(account=PAGE, person=ANNA, text="b", kind="comment"))
    assert [event.text for event in await door.settle()] == ["a"]
