"""An account at X: its health, its webhook and subscriptions, and what is found by asking."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from connectors.base import Account, BadSignature, InboundEvent, OutboundMessage
from connectors.x.client import Refused, Timeouts, Unreached
from connectors.x.connector import XConnector
from kit.clock import SystemClock
from tests.fakes.control import Attached, Delete, Edit, Modes, Outside, Say
from tests.fakes.faults import Fault, serving
from tests.fakes.x import DEMO_ACCOUNTS, DIRECT_EVENTS, PRIVATE_EVENTS, PUBLIC_EVENTS, FakeX

US, THEM = DEMO_ACCOUNTS[0][0], DEMO_ACCOUNTS[1][0]
ANNA, JANIS = "512345678", "512345679"
ALL_EVENTS = {*PUBLIC_EVENTS, *PRIVATE_EVENTS, *DIRECT_EVENTS} - {"dm.indicate_typing"}


class Receiver:
    """Our end: answers X's check and takes what it sends, as the gateway does."""

    def __init__(self, connector: XConnector, account: Account) -> None:
        self.url = ""
        self.account = account
        self.connector = connector
        self.events: list[InboundEvent] = []
        self.refused = 0
        self.answers_check = True
        self.app = FastAPI()
        self.app.add_api_route("/hooks/x/{account_id}", self._hook, methods=["GET", "POST"])

    async def _hook(self, account_id: str, request: Request) -> Response:
        if request.method == "GET":
            answer = self.connector.challenge(self.account, dict(request.query_params)) if self.answers_check else None
            return Response(status_code=403) if answer is None else Response(answer[0], media_type=answer[1])
        raw = await request.body()
        try:
            self.connector.verify(self.account, request.headers, raw)
        except BadSignature:
            self.refused += 1
            return Response(status_code=401)
        self.events += self.connector.parse(self.account, raw)
        return Response()

    def hook(self, account_id: str = "acc-1") -> str:
        """The address of an account's webhook."""
        return f"{self.url}/hooks/x/{account_id}"


@pytest.fixture
async def fake() -> AsyncIterator[FakeX]:
    async with FakeX.serve() as served:
        yield served


@pytest.fixture
async def connector() -> AsyncIterator[XConnector]:
    made = XConnector(timeouts=Timeouts(connect_s=1, answer_s=2))
    yield made
    await made.close()


@pytest.fixture
async def receiver(fake: FakeX, connector: XConnector) -> AsyncIterator[Receiver]:
    made = Receiver(connector, account(fake))
    async with serving(made.app) as made.url:
        yield made


def account(fake: FakeX, credentials: dict[str, str] | None = None, **settings: Any) -> Account:
    """The fake's first account as one of ours."""
    keys = fake.credentials(US) | (credentials or {})
    return Account("acc-1", "x", US, "Aģentūra", keys, {"base_url": fake.url, **settings})


def subscribed(fake: FakeX, user_id: str = US) -> set[str]:
    """The events that an account is subscribed to."""
    return {one.event_type for one in fake.subscriptions.values() if one.user_id == user_id}


async def comment(fake: FakeX, text: str, **more: Any) -> str:
    """Anna names the account; the id of the post."""
    event = await fake.say(Say(account=US, person=ANNA, text=text, kind="comment", **more))
    return str(event["payload"]["id"])


# --- webhook and subscriptions ------------------------------------------------------------------------------------------


async def test_an_account_is_connected_and_told_everything(
    fake: FakeX, connector: XConnector, receiver: Receiver
) -> None:
    health = await connector.subscribe(receiver.account, receiver.hook())
    assert (health.ok, health.name, health.webhook, health.problems) == (True, "Aģentūra (demo)", receiver.hook(), ())
    assert subscribed(fake) == ALL_EVENTS
    ref = await comment(fake, "Cik maksā pase?")
    await fake.say(Say(account=US, person=ANNA, text="", attachment=Attached(kind="image")))
    assert await fake.settled(5)
    assert sorted((event.kind, event.ref == ref) for event in receiver.events) == [
        ("comment", True),
        ("message", False),
    ]


async def test_connecting_twice_changes_nothing(fake: FakeX, connector: XConnector, receiver: Receiver) -> None:
    await connector.subscribe(receiver.account, receiver.hook())
    before = (dict(fake.webhooks), dict(fake.subscriptions))
    assert (await connector.subscribe(receiver.account, receiver.hook())).ok
    assert (fake.webhooks, fake.subscriptions) == before


async def test_a_new_address_gets_the_old_subscriptions(fake: FakeX, connector: XConnector, receiver: Receiver) -> None:
    await connector.subscribe(receiver.account, receiver.hook("old"))
    health = await connector.subscribe(receiver.account, receiver.hook("new"))
    assert (health.ok, health.webhook) == (True, receiver.hook("new"))
    assert subscribed(fake) == ALL_EVENTS
    assert len(fake.subscriptions) == len(ALL_EVENTS)


async def test_without_direct_messages_nothing_is_paid_for_them(
    fake: FakeX, connector: XConnector, receiver: Receiver
) -> None:
    await connector.subscribe(receiver.account, receiver.hook())
    health = await connector.subscribe(account(fake, direct=False), receiver.hook())
    assert health.ok
    assert subscribed(fake) == {*PUBLIC_EVENTS, *PRIVATE_EVENTS}


async def test_an_address_that_does_not_answer_the_check_is_told_of(
    fake: FakeX, connector: XConnector, receiver: Receiver
) -> None:
    receiver.answers_check = False
    health = await connector.subscribe(receiver.account, receiver.hook())
    assert not health.ok
    assert health.problems == ("webhook_failing", "webhook_missing")
    assert "CrcValidationFailed" in (health.detail or "")
    assert fake.webhooks == {}


async def test_a_webhook_that_failed_is_checked_again(fake: FakeX, connector: XConnector, receiver: Receiver) -> None:
    await connector.subscribe(receiver.account, receiver.hook())
    receiver.answers_check = False
    await fake.check_webhooks()
    assert (await connector.check(receiver.account)).problems == ("webhook_failing",)
    await comment(fake, "Kāds te ir?")
    assert await fake.settled(5)
    assert receiver.events == [], "X sends nothing to an address that fails its check"
    receiver.answers_check = True
    assert (await connector.subscribe(receiver.account, receiver.hook())).ok
    await comment(fake, "Un tagad?")
    assert await fake.settled(5)
    assert [event.text for event in receiver.events] == ["Un tagad?"]


async def test_where_no_more_webhooks_may_be_made_a_neighbour_s_is_shared(
    fake: FakeX, connector: XConnector, receiver: Receiver
) -> None:
    fake.webhook_limit = 1
    await connector.subscribe(receiver.account, receiver.hook())
    theirs = Account("acc-2", "x", THEM, "Novads", fake.credentials(THEM), {"base_url": fake.url})
    health = await connector.subscribe(theirs, receiver.hook("acc-2"))
    assert (health.ok, health.webhook) == (True, receiver.hook())
    await fake.say(Say(account=THEM, person=ANNA, text="Labdien, novads!"))
    assert await fake.settled(5)
    assert [(event.kind, event.page_id) for event in receiver.events] == [("message", THEM)]


async def test_a_stranger_s_webhook_is_not_shared(fake: FakeX, connector: XConnector, receiver: Receiver) -> None:
    fake.webhook_limit = 1
    await connector.subscribe(receiver.account, receiver.hook())
    health = await connector.subscribe(receiver.account, receiver.url + "/other/place/acc-1")
    assert "webhook_missing" in health.problems
    assert "WebhookLimitExceeded" in (health.detail or "")


async def test_an_account_whose_messages_are_encrypted(fake: FakeX, connector: XConnector, receiver: Receiver) -> None:
    fake.state.account(US).direct = False
    health = await connector.subscribe(receiver.account, receiver.hook())
    assert not health.ok
    assert "direct_unavailable" in health.problems
    assert subscribed(fake) >= {*PUBLIC_EVENTS, *PRIVATE_EVENTS, "chat.received"}
    await fake.say(Say(account=US, person=ANNA, text="Slepeni"))
    assert await fake.settled(5)
    (event,) = receiver.events
    assert (event.kind, event.thread, event.text) == ("message", ANNA, ""), "that he wrote is known all the same"


# --- health -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "fault", "problem"),
    [
        ("me", Fault.TOKEN_REVOKED, "token_invalid"),
        ("me", Fault.SERVER_ERROR, "unreachable"),
        ("me", Fault.TIMEOUT_BEFORE, "unreachable"),
        ("me", Fault.RESET, "unreachable"),
        ("me", Fault.MALFORMED, "unreachable"),
        ("dm_events", Fault.PERMISSION, "direct_unavailable"),
        ("webhooks", Fault.TOKEN_REVOKED, "token_invalid"),
        ("subscriptions", Fault.UNAVAILABLE, "unreachable"),
    ],
)
async def test_what_is_wrong_is_named(
    fake: FakeX, connector: XConnector, receiver: Receiver, operation: str, fault: Fault, problem: str
) -> None:
    await connector.subscribe(receiver.account, receiver.hook())
    fake.script.add(operation, fault)
    health = await connector.check(receiver.account)
    assert (health.ok, problem in health.problems, bool(health.detail)) == (False, True, True)
    assert (await connector.check(receiver.account)).ok


async def test_a_limit_says_nothing_against_direct_messages(
    fake: FakeX, connector: XConnector, receiver: Receiver
) -> None:
    await connector.subscribe(receiver.account, receiver.hook())
    fake.script.add("dm_events", Fault.RATE_LIMITED)
    assert (await connector.check(receiver.account)).ok


async def test_a_lost_subscription_is_noticed(fake: FakeX, connector: XConnector, receiver: Receiver) -> None:
    await connector.subscribe(receiver.account, receiver.hook())
    lost = next(one for one in fake.subscriptions.values() if one.event_type == "post.reply.create")
    del fake.subscriptions[lost.id]
    health = await connector.check(receiver.account)
    assert (health.problems, health.detail) == (("webhook_missing",), "not subscribed: post.reply.create")


@pytest.mark.parametrize(
    ("credentials", "problem"),
    [
        ({"bearer_token": ""}, "webhook_missing"),
        ({"bearer_token": "wrong"}, "token_invalid"),
        ({"access_token": ""}, "token_invalid"),
        ({"access_token_secret": "wrong"}, "token_invalid"),
    ],
)
async def test_missing_and_wrong_keys(
    fake: FakeX, connector: XConnector, receiver: Receiver, credentials: dict[str, str], problem: str
) -> None:
    ours = account(fake, credentials)
    for health in (await connector.check(ours), await connector.subscribe(ours, receiver.hook())):
        assert not health.ok
        assert problem in health.problems


async def test_the_token_of_another_account_is_found_out(fake: FakeX, connector: XConnector) -> None:
    health = await connector.check(account(fake, fake.credentials(THEM)))
    assert "token_invalid" in health.problems
    assert "@novads_demo" in (health.detail or "")


async def test_x_that_is_not_there(fake: FakeX, connector: XConnector, receiver: Receiver) -> None:
    ours = account(fake, base_url="http://127.0.0.1:9")
    assert (await connector.check(ours)).problems == ("unreachable",)
    assert (await connector.subscribe(ours, receiver.hook())).problems == ("unreachable",)


def test_what_an_account_can_carry(fake: FakeX, connector: XConnector) -> None:
    carries = connector.capabilities(account(fake))
    may = (carries.direct, carries.comments, carries.hide, carries.posts, carries.edits, carries.read_receipts)
    assert all(may)
    assert not any((carries.private_reply, carries.buttons, carries.typing))
    assert (carries.text_limit, carries.public_limit) == (10_000, 280)
    assert connector.capabilities(account(fake, post_limit=25_000)).public_limit == 25_000
    assert carries.reply_window_h is None
    assert not connector.capabilities(account(fake, direct=False)).direct


# --- what webhooks missed -----------------------------------------------------------------------------------------------


async def test_what_was_there_before_the_account_was_connected_is_nobody_s_case(
    fake: FakeX, connector: XConnector
) -> None:
    await comment(fake, "Sen")
    await fake.say(Say(account=US, person=ANNA, text="Sen"))
    events, place = await connector.poll(account(fake), None)
    assert events == []
    assert await connector.poll(account(fake), place) == ([], place)


async def test_what_the_webhook_missed_is_found_once_and_in_order(
    fake: FakeX, connector: XConnector, receiver: Receiver
) -> None:
    await connector.subscribe(receiver.account, receiver.hook())
    _, place = await connector.poll(receiver.account, None)
    silent = Modes(silent=True)
    first = await comment(fake, "Pirmais", modes=silent)
    await asyncio.sleep(0.002)
    await fake.say(Say(account=US, person=ANNA, text="Otrais &", modes=silent))
    await asyncio.sleep(0.002)
    await fake.outside(Outside(account=US, person=ANNA, text="Atbilde no telefona"))
    await asyncio.sleep(0.002)
    await fake.edit(Edit(account=US, ref=first, text="@agentura_demo Pirmais, labots", modes=silent))
    told = await comment(fake, "Par šo pateica")
    assert await fake.settled(5)
    events, place = await connector.poll(receiver.account, place)
    assert [(event.kind, event.text) for event in events] == [
        ("edited", "Pirmais, labots"),
        ("message", "Otrais &"),
        ("echo", "Atbilde no telefona"),
        ("comment", "Par šo pateica"),
    ]
    assert {event.key for event in receiver.events} <= {event.key for event in events}, (
        "the same key, however it is told"
    )
    assert events[-1].ref == told
    assert await connector.poll(receiver.account, place) == ([], place)


async def test_what_we_wrote_comes_back_as_we_wrote_it(fake: FakeX, connector: XConnector, receiver: Receiver) -> None:
    """By its words a send whose answer never came is found again."""
    await connector.subscribe(receiver.account, receiver.hook())
    ref = await comment(fake, "Kur?")
    await fake.say(Say(account=US, person=ANNA, text="Kur?"))
    texts = (
        "Šeit: latvija.lv, vai https://www.latvija.lv/lv/epakalpojumi/kategorijas.",
        "1 < 2 & <b>3</b> @novads_demo",
    )
    for text in texts:
        for message in (OutboundMessage("direct", ANNA, text), OutboundMessage("public_reply", ref, text)):
            fake.script.add("*", Fault.RESET_AFTER)
            assert (await connector.send(receiver.account, message)).status == "unknown"
    assert await fake.settled(5)
    echoes = [event for event in receiver.events if event.kind == "echo"]
    assert sorted((event.thread, event.text) for event in echoes) == sorted(
        (thread, text) for thread in (ANNA, ref) for text in texts
    )


async def test_from_nothing_everything_that_comes_is_found(fake: FakeX, connector: XConnector) -> None:
    _, place = await connector.poll(account(fake), None)
    assert json.loads(place or "") == {"post": "", "dm": ""}
    await comment(fake, "Pirmais vispār")
    events, _ = await connector.poll(account(fake), place)
    assert [event.text for event in events] == ["Pirmais vispār"]


async def test_many_pages(fake: FakeX, connector: XConnector) -> None:
    _, place = await connector.poll(account(fake), None)
    for number in range(230):
        person = ANNA if number % 2 else JANIS
        await fake.say(Say(account=US, person=person, text=str(number), kind="comment" if number % 3 else "direct"))
    events, place = await connector.poll(account(fake), place)
    assert sorted(int(event.text) for event in events) == list(range(230))
    assert await connector.poll(account(fake), place) == ([], place)
    assert len([call for call in fake.calls if call.operation == "mentions"]) == 1 + 2 + 1


@pytest.mark.parametrize(
    "fault",
    [Fault.RATE_LIMITED, Fault.SERVER_ERROR, Fault.TIMEOUT_BEFORE, Fault.RESET, Fault.MALFORMED, Fault.TOKEN_REVOKED],
)
async def test_when_x_does_not_answer_nothing_is_skipped(fake: FakeX, connector: XConnector, fault: Fault) -> None:
    ours = account(fake)
    _, place = await connector.poll(ours, None)
    await comment(fake, "Jautājums")
    await fake.say(Say(account=US, person=ANNA, text="Ziņa"))
    fake.script.add("mentions", fault)
    events, place = await connector.poll(ours, place)
    assert [event.text for event in events] == ["Ziņa"], "what can be had is had"
    events, place = await connector.poll(ours, place)
    assert [event.text for event in events] == ["Jautājums"]


async def test_when_x_does_not_answer_at_all_that_is_no_silence(fake: FakeX, connector: XConnector) -> None:
    ours = account(fake)
    _, place = await connector.poll(ours, None)
    fake.script.add("*", Fault.TOKEN_REVOKED, times=2)
    with pytest.raises(Refused):
        await connector.poll(ours, place)
    fake.script.add("*", Fault.RATE_LIMITED, times=2)
    assert await connector.poll(ours, place) == ([], place), "a limit is no fault"
    with pytest.raises(Unreached):
        await connector.poll(account(fake, base_url="http://127.0.0.1:9"), place)


async def test_when_x_stops_answering_half_way_the_next_time_begins_again(fake: FakeX, connector: XConnector) -> None:
    ours = account(fake)
    _, place = await connector.poll(ours, None)
    for number in range(150):
        await comment(fake, str(number))
    fake.limits["mentions"] = (2, 900)  # one is used up
    half, same = await connector.poll(ours, place)
    assert len(half) == 100
    assert same == place
    fake.limits.clear()
    events, _ = await connector.poll(ours, same)
    assert len(events) == 150


async def test_old_messages_are_not_paid_for_again_and_again(fake: FakeX, connector: XConnector) -> None:
    ours = account(fake)
    for number in range(50):
        await fake.say(Say(account=US, person=ANNA, text=str(number)))
    _, place = await connector.poll(ours, None)
    await fake.say(Say(account=US, person=ANNA, text="jauna"))
    events, place = await connector.poll(ours, place)
    assert [event.text for event in events] == ["jauna"]
    assert [call.query["max_results"] for call in fake.calls if call.operation == "dm_events"] == ["1", "20"]
    for number in range(130):
        await fake.say(Say(account=US, person=ANNA, text=str(number)))
    events, _ = await connector.poll(ours, place)
    assert [event.text for event in events] == [str(number) for number in range(130)]


async def test_deleted_posts_and_switched_off_messages_are_not_asked_for(fake: FakeX, connector: XConnector) -> None:
    ours = account(fake, direct=False)
    _, place = await connector.poll(ours, None)
    await fake.delete(Delete(account=US, ref=await comment(fake, "Nē, nekas")))
    await fake.say(Say(account=US, person=ANNA, text="Ziņa"))
    assert (await connector.poll(ours, place))[0] == []
    assert {call.operation for call in fake.calls} == {"mentions"}


@pytest.mark.parametrize("since", ["", "{", "[]", "7", '{"post": 5}'])
async def test_a_place_that_cannot_be_read_is_a_beginning(fake: FakeX, connector: XConnector, since: str) -> None:
    await comment(fake, "Sen")
    events, place = await connector.poll(account(fake), since)
    assert events == []
    assert json.loads(place or "")["post"]


async def test_without_keys_nobody_is_asked(fake: FakeX, connector: XConnector) -> None:
    assert await connector.poll(account(fake, {"access_token": ""}), "x") == ([], "x")
    assert fake.calls == []


async def test_clocks_of_citizens_posts_are_x_s(fake: FakeX, connector: XConnector) -> None:
    _, place = await connector.poll(account(fake), None)
    at = SystemClock().now() - timedelta(minutes=50)
    await fake.say(Say(account=US, person=ANNA, text="Pirms stundas", at=None))
    ref = await comment(fake, "Tagad")
    fake.state.posts[ref].at = at
    events, _ = await connector.poll(account(fake), place)
    (late,) = [event for event in events if event.ref == ref]
    assert abs(late.occurred_at - at) < timedelta(milliseconds=1)
