"""What is said on Facebook, and what becomes of it: every rule of sending, and every way to fail, against the fake."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.facebook.client import Timeouts
from connectors.facebook.connector import FacebookConnector
from connectors.facebook.failures import GraphFailure, send_result
from connectors.facebook.usage import Usage
from handoff.channels.ports import Account, OutboundKind, OutboundMessage, SendResult
from tests.fakes.control import Block, Call, Delete, Say
from tests.fakes.faults import Fault
from tests.fakes.graph import FakeGraph
from tests.fakes.graph_api import GraphRefusal
from tests.fakes.graph_events import id_of
from tests.fakes.graph_world import PAGE_IDS, STRANGER_ID
from tests.stage import MovableClock

PAGE = PAGE_IDS[0]
ANNA = "7014523698521477"
#: Long enough for a busy machine, short enough for the tests that wait for it to pass.
_QUICK = Timeouts(connect_s=1, read_s=0.8)


@dataclass
class Line:
    """A page, its follower Anna, and the connector between us."""

    fake: FakeGraph
    connector: FacebookConnector
    account: Account
    clock: MovableClock
    comment: str

    async def say(self, text: str = "Labdien!", **fields: Any) -> SendResult:
        """Sends a direct message to Anna, who wrote just now."""
        message = OutboundMessage("direct", ANNA, text, last_inbound_at=self.clock.now())
        return await self.connector.send(self.account, replace(message, **fields))

    async def do(
        self, kind: OutboundKind, thread: str | None = None, text: str = "Labdien!", **fields: Any
    ) -> SendResult:
        """Does something else, about Anna's comment if nothing else is named."""
        message = OutboundMessage(kind, thread or self.comment, text, last_inbound_at=self.clock.now())
        return await self.connector.send(self.account, replace(message, **fields))

    def seen(self) -> list[str]:
        """What Anna sees of us in her chat."""
        chats = self.fake.state.page(PAGE).chats
        return [message.text for message in chats[ANNA].messages if message.by == "us"] if ANNA in chats else []

    def calls(self, *operations: str) -> list[Call]:
        """Calls of these operations, in order."""
        return [call for call in self.fake.calls if call.operation in operations]


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    clock = MovableClock()
    async with FakeGraph.serve(clock=clock) as fake:
        await fake.say(Say(account=PAGE, person=ANNA, text="Sveiki", name="Anna Bērziņa"))
        comment = await fake.say(Say(account=PAGE, person=ANNA, text="Cik ilgi jāgaida?", kind="comment"))
        account = Account("acc-1", "facebook", PAGE, "VSAA", fake.credentials(PAGE), {"base_url": fake.url})
        connector = FacebookConnector(clock=clock, timeouts=_QUICK)
        yield Line(fake, connector, account, clock, id_of(comment))
        await connector.close()


async def test_a_direct_message(line: Line) -> None:
    result = await line.say("Labdien! Ko vēlaties zināt? 🙂")
    assert result.status == "sent"
    assert result.ref is not None
    assert result.ref.startswith("m_")
    assert line.seen() == ["Labdien! Ko vēlaties zināt? 🙂"]
    [call] = line.calls("send")
    assert (call.method, call.path) == ("POST", f"/{PAGE}/messages")
    assert json.loads(call.body["recipient"]) == {"id": ANNA}
    assert call.body["messaging_type"] == "RESPONSE"
    assert "tag" not in call.body


async def test_tokens_stand_in_no_address_and_every_call_is_proved(line: Line) -> None:
    await line.say()
    await line.connector.check(line.account)
    assert len(line.fake.calls) >= 4
    for call in line.fake.calls:
        assert "access_token" not in call.query
        assert "input_token" not in call.query
        assert call.headers["authorization"] == "…", "the token goes in the header"
        assert line.account.credentials["page_token"] not in json.dumps([call.query, call.body, call.path])
    assert line.calls("send")[0].body["appsecret_proof"] == "…"


async def test_without_the_application_s_secret_there_is_no_proof_and_graph_may_refuse(line: Line) -> None:
    bare = {"page_token": line.account.credentials["page_token"]}
    line.account = replace(line.account, credentials=bare)
    assert (await line.say()).reason == "refused"
    line.fake.api.require_proof = False
    assert (await line.say()).status == "sent"


async def test_the_version_is_the_account_s(line: Line) -> None:
    asked: list[str] = []
    original = line.fake.api.answer

    async def answer(method: str, parts: list[str], token: str, fields: Any) -> Any:
        asked.append(token)
        return await original(method, parts, token, fields)

    line.fake.api.answer = answer  # type: ignore[method-assign]
    for wanted in ("v26.0", "v24.0", "23.0"):
        account = replace(line.account, settings={**line.account.settings, "api_version": wanted})
        message = OutboundMessage("direct", ANNA, "a", last_inbound_at=line.clock.now())
        assert (await line.connector.send(account, message)).status == "sent"
    assert len(asked) == 3
    odd = replace(line.account, settings={**line.account.settings, "api_version": "newest"})
    refused = await line.connector.send(odd, OutboundMessage("direct", ANNA, "a", last_inbound_at=line.clock.now()))
    assert (refused.status, refused.reason) == ("failed", "refused")


@pytest.mark.parametrize(
    ("age", "by_person", "human_agent", "tag"),
    [
        (timedelta(0), False, False, ""),
        (timedelta(hours=24) - timedelta(seconds=30), False, False, ""),
        (timedelta(hours=24) - timedelta(seconds=30), True, True, ""),
        (timedelta(hours=24), True, True, "HUMAN_AGENT"),
        (timedelta(days=7) - timedelta(seconds=30), True, True, "HUMAN_AGENT"),
    ],
)
async def test_open_windows(line: Line, age: timedelta, by_person: bool, human_agent: bool, tag: str) -> None:
    line.account = replace(line.account, settings={**line.account.settings, "human_agent": human_agent})
    wrote = line.clock.now()
    line.clock.push(age)
    assert (await line.say(last_inbound_at=wrote, by_person=by_person)).status == "sent"
    body = line.calls("send")[0].body
    assert body.get("tag", "") == tag
    assert body["messaging_type"] == ("MESSAGE_TAG" if tag else "RESPONSE")


@pytest.mark.parametrize(
    ("age", "by_person", "human_agent"),
    [
        (timedelta(hours=24), False, False),
        (timedelta(hours=24), False, True),
        (timedelta(hours=24), True, False),
        (timedelta(days=7), True, True),
        (None, True, True),
    ],
)
async def test_closed_windows_are_not_tried(
    line: Line, age: timedelta | None, by_person: bool, human_agent: bool
) -> None:
    line.account = replace(line.account, settings={**line.account.settings, "human_agent": human_agent})
    wrote = None if age is None else line.clock.now() - age
    result = await line.say(last_inbound_at=wrote, by_person=by_person)
    assert (result.status, result.reason) == ("failed", "window_closed")
    assert line.calls("send") == []


@pytest.mark.parametrize(
    ("kind", "limit"),
    [("direct", 2000), ("private_reply", 2000), ("public_reply", 8000), ("comment", 8000), ("post", 63206)],
)
async def test_too_long_is_not_tried(line: Line, kind: OutboundKind, limit: int) -> None:
    threads = {"direct": ANNA, "post": PAGE}
    longest = await line.do(kind, threads.get(kind), "ā" * limit)
    too_long = await line.do(kind, threads.get(kind), "ā" * (limit + 1))
    assert longest.status == "sent"
    assert (too_long.status, too_long.reason) == ("failed", "too_long")
    assert len(line.calls("send", "private_reply", "comment", "post")) == 1


async def test_buttons_are_quick_replies_and_long_ones_stand_in_the_text(line: Line) -> None:
    await line.say("Vai tas palīdzēja?", buttons=(("Jā", "yes"), ("Nē", "no")))
    await line.say("Kuru?", buttons=(("Slimības pabalsts un darbnespēja", "svc:1"), ("Cits", "other")))
    short, long = (json.loads(call.body["message"]) for call in line.calls("send"))
    assert short["text"] == "Vai tas palīdzēja?"
    assert [(reply["title"], reply["payload"]) for reply in short["quick_replies"]] == [("Jā", "yes"), ("Nē", "no")]
    assert long["text"] == "Kuru?\n\n1. Slimības pabalsts un darbnespēja\n2. Cits"
    assert [(reply["title"], reply["payload"]) for reply in long["quick_replies"]] == [("1", "svc:1"), ("2", "other")]
    crowded = await line.say(
        "a" * 1990, buttons=tuple((f"Pakalpojums ar garu nosaukumu {n}", str(n)) for n in range(20))
    )
    assert crowded.status == "sent", "no more than 13, shortened where there is no room for a list"


async def test_a_public_reply_stands_under_the_comment(line: Line) -> None:
    result = await line.do("public_reply", text="Desmit darba dienas.")
    [call] = line.calls("comment")
    assert (call.path, call.body["message"]) == (f"/{line.comment}/comments", "Desmit darba dienas.")
    found = line.fake.state.comment(result.ref or "")
    assert found is not None
    assert (found[1].parent, found[1].by, found[1].author.id) == (line.comment, "us", PAGE)


async def test_a_private_reply_goes_once(line: Line) -> None:
    first = await line.do("private_reply", text="Rakstu jums privāti.")
    second = await line.do("private_reply", text="Un vēlreiz.")
    assert (first.status, second.status, second.reason) == ("sent", "failed", "private_reply_used")
    assert json.loads(line.calls("private_reply")[0].body["recipient"]) == {"comment_id": line.comment}
    assert line.seen() == ["Rakstu jums privāti."]


async def test_a_private_reply_to_a_visitor_s_post_names_the_post(line: Line) -> None:
    await line.do("private_reply", thread=f"{PAGE}_4711")
    assert json.loads(line.fake.calls[-1].body["recipient"]) == {"post_id": f"{PAGE}_4711"}


async def test_a_private_reply_after_seven_days_is_not_tried(line: Line) -> None:
    late = line.clock.now() - timedelta(days=7)
    result = await line.do("private_reply", last_inbound_at=late)
    assert (result.status, result.reason) == ("failed", "window_closed")
    assert line.calls("private_reply") == []
    line.clock.push(timedelta(days=7))
    unsure = await line.do("private_reply", last_inbound_at=None)
    assert (unsure.status, unsure.reason) == ("failed", "window_closed"), "where the age is not told, Graph decides"
    assert len(line.calls("private_reply")) == 1


async def test_hiding_and_showing(line: Line) -> None:
    def is_hidden() -> bool:
        found = line.fake.state.comment(line.comment)
        return found is not None and found[1].hidden

    hidden = await line.do("hide", text="")
    assert (hidden.status, hidden.ref) == ("sent", line.comment)
    assert is_hidden()
    await line.do("unhide", text="")
    assert not is_hidden()
    assert [call.body["is_hidden"] for call in line.calls("hide")] == ["true", "false"]


async def test_posts(line: Line) -> None:
    plain = await line.do("post", PAGE, "Jauns pakalpojums", link="https://latvija.gov.lv/")
    picture = await line.do(
        "post", PAGE, "Ar bildi", picture_url="https://example.lv/b.jpg", link="https://latvija.gov.lv/"
    )
    posts = {post.id: post for post in line.fake.state.page(PAGE).posts}
    assert posts[plain.ref or ""].link == "https://latvija.gov.lv/"
    assert posts[picture.ref or ""].picture == "https://example.lv/b.jpg"
    assert posts[picture.ref or ""].text == "Ar bildi\n\nhttps://latvija.gov.lv/", "a photo has no field for a link"
    assert [call.path for call in line.calls("post")] == [f"/{PAGE}/feed", f"/{PAGE}/photos"]


async def test_scheduled_posts(line: Line) -> None:
    at = line.clock.now() + timedelta(hours=2)
    planned = await line.do("post", PAGE, "Rīt strādājam līdz 14:00", publish_at=at)
    body = line.calls("post")[0].body
    assert (body["published"], body["scheduled_publish_time"]) == ("false", str(int(at.timestamp())))
    post = next(post for post in line.fake.state.page(PAGE).posts if post.id == planned.ref)
    assert post.due is not None
    line.clock.push(timedelta(hours=2, seconds=1))
    await asyncio.sleep(0.3)
    assert post.due is None
    past = await line.do("post", PAGE, "Tūlīt", publish_at=line.clock.now() - timedelta(minutes=1))
    assert past.status == "sent"
    assert "published" not in line.calls("post")[1].body
    for ahead in (timedelta(minutes=9), timedelta(days=31)):
        result = await line.do("post", PAGE, "a", publish_at=line.clock.now() + ahead)
        assert (result.status, result.reason) == ("failed", "refused")
    assert len(line.calls("post")) == 2


async def test_comments_on_others_posts_where_they_allow_it(line: Line) -> None:
    opened, closed = line.fake.state.page(STRANGER_ID).posts
    there = await line.do("comment", opened.id, "Palīdzam visos VPVKAC.")
    assert there.status == "sent"
    assert [comment.text for comment in opened.comments] == ["Palīdzam visos VPVKAC."]
    refused = await line.do("comment", closed.id, "Palīdzam visos VPVKAC.")
    assert (refused.status, refused.reason, refused.pause_account) == ("failed", "permission", False)


async def test_what_the_world_refuses(line: Line) -> None:
    nobody = await line.say(thread="7999")
    assert (nobody.status, nobody.reason) == ("failed", "blocked")
    await line.fake.block(Block(account=PAGE, person=ANNA))
    blocked = await line.say()
    assert (blocked.status, blocked.reason) == ("failed", "blocked")
    await line.fake.delete(Delete(account=PAGE, ref=line.comment))
    kinds: tuple[OutboundKind, ...] = ("public_reply", "private_reply", "hide")
    for kind in kinds:
        gone = await line.do(kind)
        assert (gone.status, gone.reason) == ("failed", "deleted")
    line.fake.state.page(PAGE).token_state = "revoked"
    dead = await line.say()
    assert (dead.status, dead.reason, dead.pause_account) == ("failed", "token", True)
    assert "validating access token" in (dead.detail or "")


#: Fault → status, reason, whether the follower sees the message all the same.
FAULTS: dict[Fault, tuple[str, str | None, bool]] = {
    Fault.TIMEOUT_BEFORE: ("unknown", "timeout", False),
    Fault.TIMEOUT_AFTER: ("unknown", "timeout", True),
    Fault.RESET: ("unknown", "timeout", False),
    Fault.RESET_AFTER: ("unknown", "timeout", True),
    Fault.MALFORMED: ("unknown", "timeout", True),
    Fault.SLOW: ("unknown", "timeout", True),
    Fault.BAD_GATEWAY: ("retry", "platform_error", False),
    Fault.RATE_LIMITED: ("retry", "rate_limited", False),
    Fault.SERVER_ERROR: ("retry", "platform_error", False),
    Fault.UNAVAILABLE: ("retry", "platform_error", False),
    Fault.TOKEN_EXPIRED: ("failed", "token", False),
    Fault.TOKEN_REVOKED: ("failed", "token", False),
    Fault.WINDOW_CLOSED: ("failed", "window_closed", False),
    Fault.BLOCKED: ("failed", "blocked", False),
    Fault.DELETED: ("failed", "deleted", False),
    Fault.PRIVATE_REPLY_USED: ("failed", "private_reply_used", False),
    Fault.PERMISSION: ("failed", "permission", False),
}


@pytest.mark.parametrize("fault", list(Fault))
async def test_every_fault_of_a_direct_message(line: Line, fault: Fault) -> None:
    line.fake.script.add("send", fault, delay_s=1.1)
    status, reason, seen = FAULTS[fault]
    result = await line.say("Labdien!")
    assert (result.status, result.reason) == (status, reason)
    assert result.pause_account == (reason == "token")
    for _ in range(100):
        if fault is not Fault.SLOW or line.seen():
            break
        await asyncio.sleep(0.05)
    assert line.seen() == (["Labdien!"] if seen else [])
    assert (await line.say("Vēlreiz")).status == "sent", "the next one goes, on a new connection if need be"


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ("private_reply", "private_reply"),
        ("public_reply", "comment"),
        ("hide", "hide"),
        ("post", "post"),
        ("comment", "comment"),
    ],
)
@pytest.mark.parametrize(
    "fault",
    [Fault.TIMEOUT_AFTER, Fault.RESET, Fault.RATE_LIMITED, Fault.UNAVAILABLE, Fault.TOKEN_EXPIRED, Fault.PERMISSION],
)
async def test_other_sends_fail_alike(line: Line, kind: OutboundKind, operation: str, fault: Fault) -> None:
    line.fake.script.add(operation, fault)
    thread = {"post": PAGE, "comment": line.fake.state.page(STRANGER_ID).posts[0].id}.get(kind)
    result = await line.do(kind, thread)
    assert (result.status, result.reason) == FAULTS[fault][:2]


async def test_a_slow_answer_is_waited_for(line: Line) -> None:
    line.fake.script.add("send", Fault.SLOW, delay_s=0.2)
    assert (await line.say()).status == "sent"


@pytest.mark.parametrize(("asked_s", "told_s"), [(7, 7.0), (90, 120.0), (600, 600.0)])
async def test_rate_limits_tell_how_long_to_wait(line: Line, asked_s: float, told_s: float) -> None:
    line.fake.script.add("send", Fault.RATE_LIMITED, retry_after_s=asked_s)
    result = await line.say()
    assert (result.retry_after_s, result.slow_down) == (told_s, 1.0), "Meta tells minutes"


async def test_usage_is_told_with_every_answer(line: Line) -> None:
    line.fake.used = 85
    assert (await line.say()).slow_down == 0.85
    refused = await line.do("public_reply", "1_2")
    assert (refused.status, refused.slow_down) == ("failed", 0.85)


async def test_nobody_at_the_door_is_tried_again(line: Line) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    away = replace(line.account, settings={"base_url": f"http://127.0.0.1:{port}"})
    message = OutboundMessage("direct", ANNA, "a", last_inbound_at=line.clock.now())
    for address in (f"http://127.0.0.1:{port}", "http://no-such-host.invalid", "nonsense"):
        away = replace(line.account, settings={"base_url": address})
        result = await line.connector.send(away, message)
        assert (result.status, result.reason) == ("retry", "platform_error"), address


async def test_many_at_once_share_few_threads_and_all_arrive(line: Line) -> None:
    results = await asyncio.gather(*(line.say(f"nr. {n}") for n in range(60)))
    assert {result.status for result in results} == {"sent"}
    assert sorted(line.seen()) == sorted(f"nr. {n}" for n in range(60))
    assert len({result.ref for result in results}) == 60


async def test_texts_that_cannot_be_written_fail_and_harm_nothing(line: Line) -> None:
    half = await line.say("half of a pair \ud83d")
    assert (half.status, half.reason) == ("failed", "refused")
    assert (await line.say("Labdien!")).status == "sent"
    odd = await line.do("public_reply", "../me?x=1#y", "a")
    assert (odd.status, odd.reason) == ("failed", "deleted"), "an id is one part of a path, whatever it is"


async def test_a_closed_connector_sends_nothing_and_says_so(line: Line) -> None:
    await line.connector.close()
    result = await line.say()
    assert (result.status, result.reason) == ("retry", "platform_error")
    assert line.calls("send") == []


async def test_no_secret_is_repeated_in_details(line: Line) -> None:
    token = line.account.credentials["page_token"]

    async def leak(*_: Any) -> Any:
        raise GraphRefusal(100, f"(#100) Bad token {token} " + "x" * 500)

    line.fake.api.answer = leak  # type: ignore[method-assign, assignment]
    detail = (await line.say()).detail or ""
    assert detail.startswith("(#100) Bad token … ")
    assert len(detail) <= 300
    assert token not in repr(line.account)


#: code, subcode, status → status, reason. Meta's pages of error codes, row by row.
CODES: list[tuple[int | None, int | None, int, str, str | None]] = [
    (1, 99, 500, "retry", "platform_error"),
    (1, 1357046, 400, "unknown", "timeout"),
    (2, None, 500, "retry", "platform_error"),
    (4, None, 403, "retry", "rate_limited"),
    (17, None, 400, "retry", "rate_limited"),
    (32, None, 400, "retry", "rate_limited"),
    (341, None, 400, "retry", "rate_limited"),
    (613, None, 400, "retry", "rate_limited"),
    (80001, 2446079, 400, "retry", "rate_limited"),
    (None, None, 429, "retry", "rate_limited"),
    (None, None, 502, "retry", "platform_error"),
    (102, None, 400, "failed", "token"),
    (190, 460, 400, "failed", "token"),
    (190, 463, 401, "failed", "token"),
    (None, None, 401, "failed", "token"),
    (10, 2018278, 400, "failed", "window_closed"),
    (10, 2018065, 400, "failed", "window_closed"),
    (10, 1893063, 400, "failed", "permission"),
    (10, None, 403, "failed", "permission"),
    (200, None, 403, "failed", "permission"),
    (230, None, 403, "failed", "permission"),
    (551, 1545041, 400, "failed", "blocked"),
    (100, 2018001, 400, "failed", "blocked"),
    (100, 33, 400, "failed", "deleted"),
    (803, None, 404, "failed", "deleted"),
    (100, 1893061, 400, "failed", "refused"),
    (100, None, 400, "failed", "refused"),
    (368, None, 400, "failed", "refused"),
    (506, None, 400, "failed", "refused"),
    (10900, None, 400, "failed", "private_reply_used"),
    (10903, None, 400, "failed", "refused"),
    (None, None, 404, "failed", "refused"),
]


@pytest.mark.parametrize(("code", "subcode", "status", "result", "reason"), CODES)
def test_codes(code: int | None, subcode: int | None, status: int, result: str, reason: str | None) -> None:
    failure = GraphFailure("refused", "words", status=status, code=code, subcode=subcode)
    mapped = send_result(failure)
    assert (mapped.status, mapped.reason, mapped.pause_account) == (result, reason, reason == "token")


def test_a_transient_error_of_any_code_is_tried_again() -> None:
    assert send_result(GraphFailure("refused", "", status=400, code=9999, transient=True)).status == "retry"


def test_too_long_as_graph_says_it() -> None:
    words = "(#100) Length of param message[text] must be less than or equal to 2000"
    assert send_result(GraphFailure("refused", words, status=400, code=100)).reason == "too_long"


@pytest.mark.parametrize(
    ("headers", "share", "wait"),
    [
        ({}, 0.0, None),
        ({"x-app-usage": '{"call_count":28,"total_time":25,"total_cputime":90}'}, 0.9, None),
        ({"x-page-usage": '{"call_count":10}', "x-app-usage": '{"call_count":40}'}, 0.4, None),
        (
            {
                "x-business-use-case-usage": '{"1":[{"type":"pages","call_count":100,"total_cputime":20,"total_time":20,'
                '"estimated_time_to_regain_access":19}],"2":[{"call_count":3}]}'
            },
            1.0,
            1140.0,
        ),
        ({"x-app-usage": "not json", "x-business-use-case-usage": "[]", "retry-after": "soon"}, 0.0, None),
        ({"x-app-usage": '"text"', "x-business-use-case-usage": '{"1": {}}', "retry-after": "-3"}, 0.0, None),
        ({"x-app-usage": '{"call_count":170}', "retry-after": "2.5"}, 1.0, 2.5),
    ],
)
def test_headers_of_usage(headers: dict[str, str], share: float, wait: float | None) -> None:
    assert Usage.of(headers) == Usage(share, wait)
