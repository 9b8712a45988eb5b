"""A page's account: signatures, the platform's challenge, what it can carry, its health, its webhook, what was missed."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI, Request, Response

from connectors.facebook import health
from connectors.facebook.client import Timeouts
from connectors.facebook.connector import FacebookConnector
from connectors.facebook.failures import GraphFailure
from handoff.channels.ports import (
    Account,
    BadSignature,
    LooksUp,
    Measures,
    NotNow,
    OutboundMessage,
    PlatformConnector,
)
from kit.clock import iso
from tests.fakes import graph_events as events
from tests.fakes.control import Attached, Modes, Outside, Say
from tests.fakes.faults import Fault, serving
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_world import PAGE_IDS, VERIFY_TOKEN, Post
from tests.stage import MovableClock

PAGE, OTHER_PAGE = PAGE_IDS
ANNA = "7014523698521477"
SECRET = "0123456789abcdef0123456789abcdef"
BODY = '{"object":"page","entry":[{"id":"1","time":1,"messaging":[]}],"ā":"\\u0101"}'.encode()


def _account(**credentials: str) -> Account:
    return Account("acc-1", "facebook", PAGE, "VSAA", credentials, {})


def _signed(secret: str, raw: bytes = BODY, digest: str = "sha256") -> str:
    return f"{digest}=" + hmac.new(secret.encode(), raw, getattr(hashlib, digest)).hexdigest()


@pytest.mark.parametrize("header", ["X-Hub-Signature-256", "x-hub-signature-256"])
def test_a_right_signature_passes(header: str) -> None:
    FacebookConnector().verify(_account(app_secret=SECRET), {"content-type": "x", header: _signed(SECRET)}, BODY)


@pytest.mark.parametrize(
    ("secret", "headers", "raw"),
    [
        (SECRET, {}, BODY),
        (SECRET, {"x-hub-signature-256": ""}, BODY),
        (SECRET, {"x-hub-signature-256": _signed("another secret")}, BODY),
        (SECRET, {"x-hub-signature-256": _signed(SECRET)}, BODY + b" "),
        (SECRET, {"x-hub-signature-256": _signed(SECRET).removeprefix("sha256=")}, BODY),
        (SECRET, {"x-hub-signature-256": _signed(SECRET)[:-1]}, BODY),
        (SECRET, {"x-hub-signature-256": "sha256="}, BODY),
        (SECRET, {"x-hub-signature-256": "sha256=ā€\udc80"}, BODY),
        (SECRET, {"x-hub-signature-256": _signed(SECRET, digest="sha1")}, BODY),
        (SECRET, {"x-hub-signature": _signed(SECRET, digest="sha1")}, BODY),
        (SECRET, {"x-hub-signature-256": _signed(SECRET, digest="md5")}, BODY),
        ("", {"x-hub-signature-256": _signed("")}, BODY),
    ],
)
def test_anything_else_is_refused(secret: str, headers: dict[str, str], raw: bytes) -> None:
    with pytest.raises(BadSignature) as caught:
        FacebookConnector().verify(_account(app_secret=secret), headers, raw)
    assert str(caught.value) == "", "nothing that helps to forge one"


def test_a_signature_is_over_the_body_as_it_came() -> None:
    """Meta signs escaped Unicode; the same JSON written anew has another signature."""
    raw = b'{"object":"page","entry":[],"text":"\\u0101\\/"}'
    connector, account = FacebookConnector(), _account(app_secret=SECRET)
    connector.verify(account, {"x-hub-signature-256": _signed(SECRET, raw)}, raw)
    with pytest.raises(BadSignature):
        connector.verify(account, {"x-hub-signature-256": _signed(SECRET, raw)}, raw.replace(b"\\/", b"/"))


@pytest.mark.parametrize(
    ("token", "mode", "told", "challenge", "answer"),
    [
        ("word", "subscribe", "word", "1158201444", ("1158201444", "text/plain")),
        ("word", "subscribe", "other", "1158201444", None),
        ("word", "subscribe", "wörd", "1158201444", None),
        ("word", "unsubscribe", "word", "1158201444", None),
        ("word", "subscribe", "word", "", None),
        ("", "subscribe", "", "1158201444", None),
    ],
)
def test_the_challenge(token: str, mode: str, told: str, challenge: str, answer: tuple[str, str] | None) -> None:
    query = {"hub.mode": mode, "hub.verify_token": told, "hub.challenge": challenge}
    assert FacebookConnector().challenge(_account(verify_token=token), query) == answer
    assert FacebookConnector().challenge(_account(verify_token=token), {}) is None


def test_how_long_a_post_may_be_and_how_long_an_answer() -> None:
    connector = FacebookConnector()
    assert isinstance(connector, Measures)
    post = OutboundMessage("post", "1001", "x" * 5000)
    assert connector.post_size(_account(), post) == (5000, 63_206)
    assert connector.post_size(_account(), replace(post, kind="public_reply")) == (5000, 2000)


def test_capabilities() -> None:
    connector: PlatformConnector = FacebookConnector()
    plain = connector.capabilities(_account())
    assert (plain.text_limit, plain.reply_window_h, plain.human_window_h, plain.direct) == (2000, 24, None, True)
    assert (plain.comments, plain.private_reply, plain.private_reply_window_h) == (True, True, 168)
    assert (plain.buttons, plain.edits, plain.read_receipts, plain.typing) == (True, True, True, False)
    assert (plain.hide, plain.posts) == (True, True)
    reviewed = connector.capabilities(replace(_account(), settings={"human_agent": True, "direct": False}))
    assert (reviewed.human_window_h, reviewed.direct) == (168, False)
    assert connector.name == "facebook"


@dataclass
class Scene:
    """The fake, a page's account, the connector, and a gateway's door for webhooks."""

    fake: FakeGraph
    connector: FacebookConnector
    account: Account
    clock: MovableClock
    door: str


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    clock = MovableClock()
    connector = FacebookConnector(clock=clock, timeouts=Timeouts(connect_s=1, read_s=1))
    gateway = FastAPI()
    async with FakeGraph.serve(clock=clock) as fake, serving(gateway) as url:
        account = Account("acc-1", "facebook", PAGE, "VSAA", fake.credentials(PAGE), {"base_url": fake.url})
        # The world's first posts are an hour old.
        clock.push(timedelta(hours=1))

        @gateway.get("/hooks/facebook/{account_id}")
        async def door(request: Request) -> Response:
            answer = connector.challenge(account, request.query_params)
            return Response(status_code=403) if answer is None else Response(answer[0], media_type=answer[1])

        yield Scene(fake, connector, account, clock, f"{url}/hooks/facebook/acc-1")
        await connector.close()


async def test_a_healthy_page(scene: Scene) -> None:
    told = await scene.connector.subscribe(scene.account, scene.door)
    assert (told.ok, told.problems, told.detail) == (True, (), None)
    assert told.name == "Valsts sociālās apdrošināšanas aģentūra (demo)"
    assert told.webhook == scene.door
    assert told.token_expires_at is None
    assert scene.fake.state.page(PAGE).fields == set(health.FIELDS) == events.ALL_FIELDS
    assert await scene.connector.check(scene.account) == told


async def test_a_page_that_is_not_connected_yet(scene: Scene) -> None:
    told = await scene.connector.check(scene.account)
    assert (told.ok, told.problems) == (False, ("webhook_missing",))
    assert "messages" in (told.detail or "")


async def test_one_webhook_serves_all_pages_of_the_application(scene: Scene) -> None:
    await scene.connector.subscribe(scene.account, scene.door)
    other = replace(scene.account, id="acc-2", platform_id=OTHER_PAGE, credentials=scene.fake.credentials(OTHER_PAGE))
    told = await scene.connector.subscribe(other, scene.door.replace("acc-1", "acc-2"))
    assert told.ok
    assert told.webhook == scene.door, "it led here already"
    elsewhere = await scene.connector.subscribe(other, scene.door.replace("127.0.0.1", "localhost"))
    assert elsewhere.webhook == scene.door.replace("127.0.0.1", "localhost"), "another address is taken over"


async def test_a_webhook_that_does_not_answer_the_challenge_is_not_set(scene: Scene) -> None:
    wrong = replace(scene.account, credentials={**scene.account.credentials, "verify_token": "wrong"})
    told = await scene.connector.subscribe(wrong, scene.door)
    assert (told.ok, told.problems) == (False, ("webhook_missing",))
    assert "verification failed" in (told.detail or "")
    assert VERIFY_TOKEN not in (told.detail or "")
    assert scene.fake.webhooks.callback is None


async def test_without_the_application_only_the_page_is_subscribed(scene: Scene) -> None:
    scene.fake.api.require_proof = False
    bare = replace(scene.account, credentials={"page_token": scene.account.credentials["page_token"]})
    told = await scene.connector.subscribe(bare, scene.door)
    assert told.ok
    assert scene.fake.state.page(PAGE).fields == events.ALL_FIELDS
    assert scene.fake.webhooks.callback is None


async def test_a_webhook_that_graph_has_switched_off(scene: Scene) -> None:
    await scene.connector.subscribe(scene.account, scene.door)
    scene.fake.webhooks.active = False
    told = await scene.connector.check(scene.account)
    assert told.problems == ("webhook_failing",)
    assert (await scene.connector.subscribe(scene.account, scene.door)).ok, "subscribing again switches it on"


@pytest.mark.parametrize("state", ["expired", "revoked"])
async def test_a_dead_token_is_seen(scene: Scene, state: str) -> None:
    scene.fake.state.page(PAGE).token_state = state  # type: ignore[assignment]
    told = await scene.connector.check(scene.account)
    assert (told.ok, told.problems) == (False, ("token_invalid",))
    assert (await scene.connector.subscribe(scene.account, scene.door)).problems[0] == "token_invalid"


async def test_another_page_s_token_is_not_taken_for_this_one_s(scene: Scene) -> None:
    wrong = replace(scene.account, credentials=scene.fake.credentials(OTHER_PAGE))
    told = await scene.connector.check(wrong)
    assert told.problems == ("token_invalid",)
    assert OTHER_PAGE in (told.detail or "")


@pytest.mark.parametrize(("days", "problems"), [(60, ()), (13, ("token_expires",))])
async def test_the_token_s_end_is_known(scene: Scene, days: int, problems: tuple[str, ...]) -> None:
    await scene.connector.subscribe(scene.account, scene.door)
    ends = (scene.clock.now() + timedelta(days=days)).replace(microsecond=0)
    scene.fake.state.page(PAGE).token_expires_at = int(ends.timestamp())
    told = await scene.connector.check(scene.account)
    assert (told.token_expires_at, told.problems) == (ends, problems)


async def test_a_missing_permission_for_direct_messages(scene: Scene) -> None:
    await scene.connector.subscribe(scene.account, scene.door)
    scene.fake.state.page(PAGE).scopes.remove("pages_messaging")
    assert (await scene.connector.check(scene.account)).problems == ("direct_unavailable",)
    closed = replace(scene.account, settings={**scene.account.settings, "direct": False})
    assert (await scene.connector.check(closed)).ok, "nobody misses what is not served"


async def test_comments_alone_need_no_subscription_to_messages(scene: Scene) -> None:
    await scene.connector.subscribe(scene.account, scene.door)
    scene.fake.state.page(PAGE).fields = {"feed"}
    closed = replace(scene.account, settings={**scene.account.settings, "direct": False})
    assert (await scene.connector.check(closed)).ok
    assert (await scene.connector.check(scene.account)).problems == ("webhook_missing",)


@pytest.mark.parametrize(
    ("version", "ends", "problems"),
    [
        ("v26.0", None, ()),
        ("v25.0", "2028-07-29", ()),
        ("v21.0", "2027-01-21", ("api_version_ends",)),
        ("v20.0", "2026-09-24", ("api_version_ends",)),
        ("v3.1", None, ("api_version_ends",)),
    ],
)
async def test_the_version_s_end_is_known(
    scene: Scene, version: str, ends: str | None, problems: tuple[str, ...]
) -> None:
    """Asked on 24 November 2026: v21 has 58 days left, v20 and v3.1 are answered as v21."""
    await scene.connector.subscribe(scene.account, scene.door)
    account = replace(scene.account, settings={**scene.account.settings, "api_version": version})
    told = await scene.connector.check(account)
    assert (told.api_version_ends, told.problems) == (ends, problems)


@pytest.mark.parametrize(
    ("operation", "fault", "problem"),
    [
        ("read", Fault.UNAVAILABLE, "unreachable"),
        ("read", Fault.TIMEOUT_BEFORE, "unreachable"),
        ("read", Fault.RESET, "unreachable"),
        ("read", Fault.MALFORMED, "unreachable"),
        ("read", Fault.TOKEN_REVOKED, "token_invalid"),
        ("debug_token", Fault.UNAVAILABLE, "unreachable"),
        ("debug_token", Fault.MALFORMED, "unreachable"),
        ("subscribe", Fault.UNAVAILABLE, "webhook_missing"),
        ("subscribe", Fault.PERMISSION, "webhook_missing"),
    ],
)
async def test_asking_never_raises(scene: Scene, operation: str, fault: Fault, problem: str) -> None:
    scene.fake.script.add(operation, fault, times=9)
    if operation == "subscribe":
        told = await scene.connector.subscribe(scene.account, scene.door)
    else:
        told = await scene.connector.check(scene.account)
    assert not told.ok
    assert problem in told.problems
    assert len(told.detail or "") <= 300


async def test_nobody_there_and_closed(scene: Scene) -> None:
    away = replace(scene.account, settings={"base_url": "http://127.0.0.1:9"})
    assert (await scene.connector.check(away)).problems == ("unreachable",)
    await scene.connector.close()
    assert (await scene.connector.check(scene.account)).problems == ("unreachable",)
    with pytest.raises(GraphFailure):
        await scene.connector.poll(scene.account, "2026-11-24T08:00:00Z")


async def test_changed_credentials_are_used_at_once(scene: Scene) -> None:
    await scene.connector.check(scene.account)
    wrong = replace(scene.account, credentials={**scene.account.credentials, "page_token": "stolen-and-revoked"})
    assert (await scene.connector.check(wrong)).problems == ("token_invalid",)
    assert "token_invalid" not in (await scene.connector.check(scene.account)).problems


async def test_the_first_look_begins_now(scene: Scene) -> None:
    await scene.fake.say(Say(account=PAGE, person=ANNA, text="Pirms mums"))
    found, place = await scene.connector.poll(scene.account, None)
    assert found == []
    assert place is not None
    assert abs(datetime.fromisoformat(place) - scene.clock.now()) < timedelta(seconds=5)


async def test_what_webhooks_missed_is_found_with_the_same_keys(scene: Scene) -> None:
    _, place = await scene.connector.poll(scene.account, None)
    scene.clock.push(timedelta(minutes=10))
    silent = Modes(silent=True)
    told = [
        await scene.fake.say(Say(account=PAGE, person=ANNA, name="Anna Bērziņa", modes=silent, **fields))
        for fields in (
            {"text": "Vai ir kāds?"},
            {"attachment": Attached(kind="sticker")},
            {"attachment": Attached(kind="image", url="https://scontent.example/1.jpg")},
            {"text": "Komentārs", "kind": "comment"},
            {"text": "", "kind": "comment", "attachment": Attached(kind="image", url="https://scontent.example/2.jpg")},
        )
    ]
    parent = events.id_of(told[3])
    told.append(
        await scene.fake.say(
            Say(account=PAGE, person=ANNA, text="Atbilde", kind="comment", parent=parent, modes=silent, anonymous=True)
        )
    )
    told.append(await scene.fake.outside(Outside(account=PAGE, text="Atbildam ar roku", person=ANNA)))
    told.append(await scene.fake.outside(Outside(account=PAGE, text="Arī te", ref=parent)))
    found, place = await scene.connector.poll(scene.account, place)
    expected = scene.connector.parse(scene.account, events.pack(PAGE, told))
    assert {event.key for event in found} == {event.key for event in expected}
    by_key = {event.key: event for event in expected}
    for event in found:
        hooked = by_key[event.key]
        assert (event.kind, event.thread, event.ref, event.text) == (
            hooked.kind,
            hooked.thread,
            hooked.ref,
            hooked.text,
        )
        assert (event.post_ref, event.parent_ref) == (hooked.post_ref, hooked.parent_ref)
        assert [a.kind for a in event.attachments] == [a.kind for a in hooked.attachments]
        assert (event.author and event.author.id) == (hooked.author and hooked.author.id)
        assert abs(event.occurred_at - hooked.occurred_at) < timedelta(seconds=1), "lists know no fractions"
        assert event.raw
    assert [event.occurred_at for event in found] == sorted(event.occurred_at for event in found)
    names = {event.author.name for event in found if event.author and event.author.id == ANNA}
    assert names == {"Anna Bērziņa"}, "asked for, Facebook tells names of writers as well"
    scene.clock.push(timedelta(minutes=10))
    again, place = await scene.connector.poll(scene.account, place)
    assert {event.key for event in again} == {event.key for event in found}, "looks overlap; keys do not"
    assert (await scene.connector.poll(scene.account, place))[0] == []


async def test_long_lists_are_read_page_by_page(scene: Scene) -> None:
    _, place = await scene.connector.poll(scene.account, None)
    for number in range(130):
        await scene.fake.say(
            Say(account=PAGE, person=ANNA, text=f"nr. {number}", kind=("direct", "comment")[number % 2])
        )
        await scene.fake.say(Say(account=PAGE, person=f"80{number}", text="a"))
    found, _ = await scene.connector.poll(scene.account, place)
    texts = [event.text for event in found if event.text.startswith("nr.")]
    assert sorted(texts) == sorted(f"nr. {number}" for number in range(130))
    for kind, first in (("message", 0), ("comment", 1)):
        numbers = [event.text for event in found if event.kind == kind and event.text.startswith("nr.")]
        assert numbers == [f"nr. {number}" for number in range(first, 130, 2)], "in order, even within a second"
    assert len({event.thread for event in found if event.kind == "message"}) == 131
    assert len({event.key for event in found}) == len(found)


async def test_own_posts_are_found_and_old_ones_are_not(scene: Scene) -> None:
    _, place = await scene.connector.poll(scene.account, None)
    page = scene.fake.state.page(PAGE)
    post = Post(f"{PAGE}_1", PAGE, "Jauns", scene.clock.now())
    scene.fake.state.add_post(page, post)
    [event], _ = await scene.connector.poll(scene.account, place)
    assert (event.kind, event.key, event.text) == ("post", f"p:{PAGE}_1:add", "Jauns")


async def test_direct_messages_are_not_asked_for_where_they_are_not_served(scene: Scene) -> None:
    closed = replace(scene.account, settings={**scene.account.settings, "direct": False})
    _, place = await scene.connector.poll(closed, None)
    await scene.fake.say(Say(account=PAGE, person=ANNA, text="a"))
    await scene.fake.say(Say(account=PAGE, person=ANNA, text="b", kind="comment"))
    found, _ = await scene.connector.poll(closed, place)
    assert [event.text for event in found if event.kind != "post"] == ["b"]


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.TIMEOUT_BEFORE, Fault.TOKEN_REVOKED, Fault.MALFORMED])
async def test_a_look_that_fails_is_heard_of_and_can_be_made_again(scene: Scene, fault: Fault) -> None:
    place = iso(scene.clock.now() - timedelta(hours=1))
    await scene.fake.say(Say(account=PAGE, person=ANNA, text="Vai ir kāds?"))
    scene.fake.script.add("read", fault)
    with pytest.raises(GraphFailure):
        await scene.connector.poll(scene.account, place)
    found, further = await scene.connector.poll(scene.account, place)
    assert "Vai ir kāds?" in [event.text for event in found]
    assert further != place


async def test_threads_are_let_go() -> None:
    others = set(threading.enumerate())
    async with FakeGraph.serve() as fake:
        connector = FacebookConnector(timeouts=Timeouts(1, 1))
        account = Account("a", "facebook", PAGE, "VSAA", fake.credentials(PAGE), {"base_url": fake.url})
        await connector.check(account)
        own = [thread for thread in set(threading.enumerate()) - others if thread.name.startswith("facebook")]
        assert own
        await connector.close()
    for thread in own:
        thread.join(2)
        assert not thread.is_alive()


async def test_what_webhooks_leave_out_is_told_when_asked(scene: Scene) -> None:
    connector, account = scene.connector, scene.account
    assert isinstance(connector, LooksUp)
    scene.fake.state.person(ANNA)
    assert await connector.name_of(account, ANNA) == scene.fake.state.person(ANNA).name
    post = scene.fake.state.page(PAGE).posts[0]
    found = await connector.post_of(account, post.id)
    assert found is not None
    assert (found.text, found.link) == (post.text, f"https://www.facebook.com/{post.id}")
    # Nobody of that id, a post that is gone, and a page that may not ask: nothing is told, and that is no failure.
    assert await connector.name_of(account, "1") is None
    assert await connector.post_of(account, f"{PAGE}_1") is None
    scene.fake.script.add("read", Fault.PERMISSION, times=1)
    assert await connector.name_of(account, ANNA) is None


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.RATE_LIMITED, Fault.RESET, Fault.TIMEOUT_BEFORE])
async def test_a_platform_that_cannot_tell_now_is_no_answer(scene: Scene, fault: Fault) -> None:
    scene.fake.state.person(ANNA)
    scene.fake.script.add("read", fault, times=1)
    with pytest.raises(NotNow):
        await scene.connector.name_of(scene.account, ANNA)
    assert await scene.connector.name_of(scene.account, ANNA) is not None
