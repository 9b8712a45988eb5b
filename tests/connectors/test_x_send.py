"""What becomes of a send: every fault against the fake, and what followers see in the end."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Account, OutboundMessage, SendResult
from connectors.x.answers import refusal, share_used, wait, words
from connectors.x.client import Refused, Timeouts
from connectors.x.connector import XConnector
from handoff.channels.ports import Measures, OutboundKind
from kit.clock import SystemClock
from tests.fakes.control import Block, Delete, Say
from tests.fakes.faults import Fault
from tests.fakes.x import DEMO_ACCOUNTS, FakeX

US = DEMO_ACCOUNTS[0][0]
ANNA = "512345678"
DIRECT = OutboundMessage("direct", ANNA, "Labdien! Ko vēlaties noskaidrot?")
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64

#: (fault, what the connector makes of it, whether the citizen has the message)
FAULTS = [
    (Fault.RATE_LIMITED, SendResult("retry", reason="rate_limited", detail="Too Many Requests", slow_down=1.0), False),
    (
        Fault.SERVER_ERROR,
        SendResult(
            "retry",
            reason="platform_error",
            detail="Internal Server Error: Something is broken. This is usually a temporary error.",
        ),
        False,
    ),
    (Fault.UNAVAILABLE, SendResult("retry", reason="platform_error", detail="Service Unavailable"), False),
    (Fault.BAD_GATEWAY, SendResult("retry", reason="platform_error", detail="status 502"), False),
    (Fault.TIMEOUT_BEFORE, SendResult("unknown", reason="timeout", detail="time-out"), False),
    (Fault.TIMEOUT_AFTER, SendResult("unknown", reason="timeout", detail="time-out"), True),
    (Fault.SLOW, SendResult("unknown", reason="timeout", detail="time-out"), True),
    (Fault.RESET, SendResult("unknown", reason="platform_error", detail="ConnectionError"), False),
    (Fault.RESET_AFTER, SendResult("unknown", reason="platform_error", detail="ConnectionError"), True),
    (Fault.MALFORMED, SendResult("unknown", reason="platform_error", detail="the answer cannot be read"), True),
    (Fault.TOKEN_EXPIRED, SendResult("failed", reason="token", detail="Unauthorized", pause_account=True), False),
    (Fault.TOKEN_REVOKED, SendResult("failed", reason="token", detail="Unauthorized", pause_account=True), False),
    (
        Fault.PERMISSION,
        SendResult(
            "failed",
            reason="permission",
            detail="Forbidden: Your client app is not configured with the appropriate oauth1 app permissions for this"
            " endpoint.",
        ),
        False,
    ),
    (
        Fault.WINDOW_CLOSED,
        SendResult(
            "failed",
            reason="not_summoned",
            detail="Forbidden: Reply to this conversation is not allowed because you have not been mentioned or otherwise"
            " engaged by the author of the post you are replying to.",
        ),
        False,
    ),
    (
        Fault.DELETED,
        SendResult(
            "failed",
            reason="deleted",
            detail="Forbidden: You attempted to reply to a Tweet that is deleted or not visible to you.",
        ),
        False,
    ),
    (
        Fault.PRIVATE_REPLY_USED,
        SendResult(
            "failed",
            reason="refused",
            detail="Invalid Request: One or more parameters to your request was invalid.: The request is invalid.",
        ),
        False,
    ),
]


@pytest.fixture
async def fake() -> AsyncIterator[FakeX]:
    """X, where Anna has written to the account."""
    async with FakeX.serve() as served:
        await served.say(Say(account=US, person=ANNA, name="Anna Bērziņa", text="Labdien!"))
        yield served


@pytest.fixture
async def connector() -> AsyncIterator[XConnector]:
    """Ours, impatient."""
    made = XConnector(timeouts=Timeouts(connect_s=2, answer_s=0.8))
    yield made
    await made.close()


def account(fake: FakeX, credentials: dict[str, str] | None = None, **settings: Any) -> Account:
    """The fake's first account as one of ours."""
    keys = fake.credentials(US) | (credentials or {})
    return Account("acc-1", "x", US, "Aģentūra", keys, {"base_url": fake.url, **settings})


def heard(fake: FakeX) -> list[str]:
    """What Anna has from the account."""
    (chat,) = fake.world().accounts[0].direct
    return [message.text for message in chat.messages if message.by == "us"]


async def mention(fake: FakeX, text: str = "Cik maksā pase?") -> str:
    """Anna names the account; the id of her post."""
    event = await fake.say(Say(account=US, person=ANNA, text=text, kind="comment"))
    return str(event["payload"]["id"])


def answers(fake: FakeX, ref: str) -> list[str]:
    """What the account answered to a post, as everybody sees it."""
    posts = fake.world().accounts[0].posts
    return [one.text for post in posts for one in post.comments if one.parent == ref and one.by == "us"]


# --- what arrives -------------------------------------------------------------------------------------------------------


async def test_a_direct_message_arrives(fake: FakeX, connector: XConnector) -> None:
    result = await connector.send(account(fake), DIRECT)
    assert (result.status, result.cost) == ("sent", 0.015)
    assert heard(fake) == [DIRECT.text]
    assert result.ref in fake.state.messages
    (call,) = fake.calls
    assert (call.method, call.path, call.body) == (
        "POST",
        f"/2/dm_conversations/with/{ANNA}/messages",
        {"text": DIRECT.text},
    )


async def test_a_summoned_answer_stands_under_the_post(fake: FakeX, connector: XConnector) -> None:
    ref = await mention(fake)
    result = await connector.send(
        account(fake), OutboundMessage("public_reply", ref, "Pase maksā… skat. https://pmlp.lv")
    )
    assert (result.status, result.cost) == ("sent", 0.01)
    assert answers(fake, ref) == ["Pase maksā… skat. https://pmlp.lv"]


async def test_a_post_with_a_link_costs_what_was_shown_before(fake: FakeX, connector: XConnector) -> None:
    message = OutboundMessage("post", "", "Jauns e-pakalpojums", link="https://latvija.lv")
    shown = connector.price(account(fake), message)
    result = await connector.send(account(fake), message)
    assert (result.status, result.cost, shown) == ("sent", 0.2, 0.2)
    (_, newest, *_) = fake.world().accounts[0].posts
    assert (newest.id, newest.text, newest.link) == (
        result.ref,
        "Jauns e-pakalpojums\nhttps://latvija.lv",
        "https://latvija.lv",
    )


async def test_an_answer_is_hidden_and_shown_again(fake: FakeX, connector: XConnector) -> None:
    (post,) = (post.id for post in fake.state.posts.values() if post.author.id == US)
    ref = (await fake.say(Say(account=US, person=ANNA, text="Mans personas kods…", kind="comment", post=post)))[
        "payload"
    ]["id"]
    for kind, hidden in (("hide", True), ("unhide", False)):
        which: OutboundKind = "hide" if kind == "hide" else "unhide"
        result = await connector.send(account(fake), OutboundMessage(which, ref))
        assert (result.status, result.ref, result.cost) == ("sent", ref, 0.005)
        assert fake.state.posts[ref].hidden is hidden


async def test_hiding_under_another_s_post_is_not_ours_to_do(fake: FakeX, connector: XConnector) -> None:
    result = await connector.send(account(fake), OutboundMessage("hide", await mention(fake)))
    assert (result.status, result.reason) == ("failed", "permission")
    gone = await connector.send(account(fake), OutboundMessage("hide", "42"))
    assert (gone.status, gone.reason) == ("failed", "deleted")


async def test_a_hiding_that_changed_nothing_is_no_success(
    fake: FakeX, connector: XConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """X answers 200 and says what the post is now."""
    ref = await mention(fake)

    def unchanged(*_: object) -> dict[str, object]:
        return {"data": {"hidden": False}}

    monkeypatch.setattr(fake, "_hide", unchanged)
    result = await connector.send(account(fake), OutboundMessage("hide", ref))
    assert result.status == "unknown"


async def test_an_answer_that_lists_errors_is_no_success(
    fake: FakeX, connector: XConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def errors(*_: object) -> dict[str, object]:
        return {"errors": [{"title": "Forbidden", "detail": "You cannot send messages to this user."}]}

    monkeypatch.setattr(fake, "_create_message", errors)
    result = await connector.send(account(fake), DIRECT)
    assert (result.status, result.reason) == ("failed", "blocked")


# --- faults -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "expected", "arrives"), FAULTS)
async def test_every_fault_of_a_direct_message(
    fake: FakeX, connector: XConnector, fault: Fault, expected: SendResult, arrives: bool
) -> None:
    fake.script.add("send", fault, retry_after_s=900, delay_s=0.8)
    result = await connector.send(account(fake), DIRECT)
    # What may have gone out may have been charged.
    cost = 0.015 if expected.status == "unknown" else 0.0
    assert replace(result, retry_after_s=None) == replace(expected, cost=cost)
    if fault is Fault.RATE_LIMITED:
        assert result.retry_after_s == pytest.approx(900, abs=2)
    else:
        assert result.retry_after_s is None
    await asyncio.sleep(0.6 if fault is Fault.SLOW else 0)
    assert heard(fake) == ([DIRECT.text] if arrives else [])
    if result.status == "retry":
        assert (await connector.send(account(fake), DIRECT)).status == "sent"
        assert heard(fake) == [DIRECT.text]


@pytest.mark.parametrize(("operation", "kind"), [("comment", "public_reply"), ("post", "post"), ("hide", "hide")])
@pytest.mark.parametrize(
    "fault", [Fault.RATE_LIMITED, Fault.SERVER_ERROR, Fault.TIMEOUT_AFTER, Fault.TOKEN_REVOKED, Fault.RESET]
)
async def test_faults_of_everything_else(
    fake: FakeX, connector: XConnector, operation: str, kind: OutboundKind, fault: Fault
) -> None:
    expected = next(result for one, result, _ in FAULTS if one is fault)
    fake.script.add(operation, fault)
    result = await connector.send(account(fake), OutboundMessage(kind, await mention(fake), "Atbilde"))
    assert (result.status, result.reason, result.pause_account) == (
        expected.status,
        expected.reason,
        expected.pause_account,
    )
    assert fake.script.played[operation, fault] == 1


async def test_blocked_is_told_of_both_ways(fake: FakeX, connector: XConnector) -> None:
    fake.script.add("send", Fault.BLOCKED)
    fake.script.add("comment", Fault.BLOCKED)
    direct = await connector.send(account(fake), DIRECT)
    answer = await connector.send(account(fake), OutboundMessage("public_reply", await mention(fake), "Atbilde"))
    assert [(one.status, one.reason) for one in (direct, answer)] == [("failed", "blocked")] * 2


async def test_nobody_listening_is_a_retry_and_not_a_mystery(fake: FakeX, connector: XConnector) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = await connector.send(account(fake, base_url=url), DIRECT)
    assert (result.status, result.reason) == ("retry", "platform_error")
    unknown = await connector.send(account(fake, base_url="http://no-such-host.invalid"), DIRECT)
    assert (unknown.status, unknown.reason) == ("retry", "platform_error")
    nonsense = await connector.send(account(fake, base_url="ftp://x"), DIRECT)
    assert nonsense.status == "retry"


async def test_a_redirect_is_not_followed_with_our_tokens(fake: FakeX, connector: XConnector) -> None:
    from fastapi import Request
    from fastapi.responses import RedirectResponse, Response

    async def elsewhere(_: Request) -> Response:
        return RedirectResponse(fake.url + "/2/tweets", 307)

    fake.app.router.routes.insert(0, fake.app.router.route_class("/elsewhere/2/tweets", elsewhere, methods=["POST"]))
    result = await connector.send(account(fake, base_url=fake.url + "/elsewhere"), OutboundMessage("post", "", "Ziņa"))
    assert (result.status, result.reason) == ("failed", "refused")
    assert fake.calls == []


# --- the platform's rules, known before -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "settings", "reason"),
    [
        (OutboundMessage("public_reply", "1", "Atbilde", summoned=False), {}, "not_summoned"),
        (OutboundMessage("comment", "1", "Atbilde", summoned=False), {}, "not_summoned"),
        (OutboundMessage("private_reply", "1", "Atbilde"), {}, "refused"),
        (DIRECT, {"direct": False}, "refused"),
        (replace(DIRECT, text="ā" * 10_001), {}, "too_long"),
        (OutboundMessage("public_reply", "1", "ā" * 281), {}, "too_long"),
        (OutboundMessage("post", "", "ā" * 257, link="https://latvija.lv"), {}, "too_long"),
        (OutboundMessage("post", "", "ā" * 600), {"post_limit": 500}, "too_long"),
        (OutboundMessage("post", "", " \n"), {}, "refused"),
        (replace(DIRECT, text=""), {}, "refused"),
        (replace(DIRECT, thread="../../users/me"), {}, "refused"),
        (OutboundMessage("hide", "1/../2"), {}, "refused"),
        (OutboundMessage("public_reply", "", "Atbilde"), {}, "refused"),
    ],
)
async def test_what_x_would_refuse_is_not_sent(
    fake: FakeX, connector: XConnector, message: OutboundMessage, settings: dict[str, Any], reason: str
) -> None:
    result = await connector.send(account(fake, **settings), message)
    assert (result.status, result.reason, result.cost) == ("failed", reason, 0.0)
    assert fake.calls == []


async def test_a_post_is_measured_as_x_counts_it(connector: XConnector, fake: FakeX) -> None:
    us = account(fake)
    link = "https://www.vsaa.gov.lv/lv/slimibas-pabalsts-un-viss-par-to"
    plain = OutboundMessage("post", US, "Ā" * 280)
    assert connector.post_size(us, plain) == (280, 280)
    # The link's own length says nothing; a line's end stands before it.
    assert connector.post_size(us, replace(plain, text="Lasiet", link=link)) == (6 + 1 + 23, 280)
    assert connector.post_size(us, replace(plain, text=f"Lasiet {link}", link=link)) == (6 + 1 + 23, 280)
    assert connector.post_size(us, replace(plain, text="👍")) == (2, 280)
    longer = replace(us, settings={**us.settings, "post_limit": 4000})
    assert connector.post_size(longer, plain) == (280, 4000)
    assert isinstance(connector, Measures)


@pytest.mark.parametrize(
    ("message", "settings"),
    [
        (replace(DIRECT, text="ā" * 10_000), {}),
        (OutboundMessage("post", "", "ā" * 256, link="https://latvija.lv/" + "x" * 200), {}),
        (OutboundMessage("post", "", "ā" * 280), {"post_limit": "many"}),
    ],
)
async def test_what_just_fits_is_sent(
    fake: FakeX, connector: XConnector, message: OutboundMessage, settings: dict[str, Any]
) -> None:
    assert (await connector.send(account(fake, **settings), message)).status == "sent"


@pytest.mark.parametrize("missing", ["consumer_key", "consumer_secret", "access_token", "access_token_secret"])
@pytest.mark.parametrize("value", ["", " ", "ā", "a b"])
async def test_without_keys_nothing_is_tried(fake: FakeX, connector: XConnector, missing: str, value: str) -> None:
    result = await connector.send(account(fake, {missing: value}), DIRECT)
    assert (result.status, result.reason, result.pause_account) == ("failed", "token", True)
    assert fake.calls == []


async def test_x_s_own_rules_are_told_in_our_words(fake: FakeX, connector: XConnector) -> None:
    (post,) = (post.id for post in fake.state.posts.values() if post.author.id == US)
    unnamed = await fake.say(Say(account=US, person=ANNA, text="Nē", kind="comment", post=post), names_us=False)
    gone = await mention(fake, "Aizmirstiet")
    await fake.delete(Delete(account=US, ref=gone))
    asked = await mention(fake)
    first = await connector.send(account(fake), OutboundMessage("public_reply", asked, "Atbilde"))
    results = [
        first,
        await connector.send(account(fake), OutboundMessage("public_reply", asked, "Atbilde")),
        await connector.send(account(fake), OutboundMessage("public_reply", unnamed["payload"]["id"], "Atbilde")),
        await connector.send(account(fake), OutboundMessage("public_reply", gone, "Atbilde")),
        await connector.send(account(fake), replace(DIRECT, thread="99")),
    ]
    await fake.block(Block(account=US, person=ANNA))
    results.append(await connector.send(account(fake), DIRECT))
    results.append(await connector.send(account(fake), OutboundMessage("public_reply", asked, "Vēl")))
    assert [(one.status, one.reason) for one in results] == [
        ("sent", None),
        ("failed", "refused"),
        ("failed", "not_summoned"),
        ("failed", "deleted"),
        ("failed", "blocked"),
        ("failed", "blocked"),
        ("failed", "blocked"),
    ]
    assert answers(fake, asked) == ["Atbilde"]


async def test_a_post_for_later_is_kept_until_then(fake: FakeX, connector: XConnector) -> None:
    later = SystemClock().now() + timedelta(hours=2)
    result = await connector.send(account(fake), OutboundMessage("post", "", "Ziņa", publish_at=later))
    assert result.status == "retry"
    assert result.retry_after_s == pytest.approx(7200, abs=5)
    assert fake.calls == []
    due = SystemClock().now() - timedelta(seconds=1)
    assert (await connector.send(account(fake), OutboundMessage("post", "", "Ziņa", publish_at=due))).status == "sent"


# --- limits -------------------------------------------------------------------------------------------------------------


async def test_the_used_up_share_is_told_and_the_limit_waited_for(fake: FakeX, connector: XConnector) -> None:
    fake.limits["send"] = (5, 900)
    shares = [(await connector.send(account(fake), replace(DIRECT, text=str(n)))).slow_down for n in range(5)]
    assert shares == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    result = await connector.send(account(fake), DIRECT)
    assert (result.status, result.reason, result.slow_down) == ("retry", "rate_limited", 1.0)
    assert result.retry_after_s == pytest.approx(900, abs=3)
    assert heard(fake) == ["0", "1", "2", "3", "4"]


AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
LIMITED = {
    "x-rate-limit-limit": "15",
    "x-rate-limit-remaining": "0",
    "x-rate-limit-reset": str(int(AT.timestamp()) + 600),
}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (LIMITED, 600),
        ({**LIMITED, "x-rate-limit-reset": str(int(AT.timestamp()) - 5)}, 1),
        ({**LIMITED, "x-rate-limit-reset": "soon"}, None),
        ({}, None),
        # By X's clock, which may be another than ours.
        ({**LIMITED, "date": "Mon, 30 Nov 2026 08:58:00 GMT"}, 720),
        ({**LIMITED, "date": "yesterday"}, 600),
        # The day's limit is reached, the quarter of an hour's is not.
        (
            {
                **LIMITED,
                "x-rate-limit-remaining": "9",
                "x-user-limit-24hour-limit": "1440",
                "x-user-limit-24hour-remaining": "0",
                "x-user-limit-24hour-reset": str(int(AT.timestamp()) + 40_000),
            },
            40_000,
        ),
        ({"retry-after": "30"}, 30),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert wait(Refused(429, {}, headers), AT) == seconds


@pytest.mark.parametrize(
    ("headers", "share"),
    [
        ({}, 0.0),
        ({"x-rate-limit-limit": "100", "x-rate-limit-remaining": "20"}, 0.8),
        (
            {
                "x-rate-limit-limit": "100",
                "x-rate-limit-remaining": "99",
                "x-app-limit-24hour-limit": "10000",
                "x-app-limit-24hour-remaining": "500",
            },
            0.95,
        ),
        ({"x-rate-limit-limit": "0", "x-rate-limit-remaining": "0"}, 0.0),
        ({"x-rate-limit-limit": "10", "x-rate-limit-remaining": "-3"}, 1.0),
    ],
)
def test_how_much_is_used_up(headers: dict[str, str], share: float) -> None:
    assert share_used(headers) == pytest.approx(share)


PAUSED = ("failed", "permission", True)


@pytest.mark.parametrize(
    ("status", "body", "kind", "expected"),
    [
        (402, {"title": "CreditsDepleted", "detail": "no credits"}, "post", ("failed", "refused", True)),
        (
            429,
            {"type": "https://api.twitter.com/2/problems/usage-capped", "detail": "Usage cap exceeded: Monthly"},
            "post",
            ("failed", "refused", True),
        ),
        (403, {"detail": "Your account is suspended and is not permitted to access this feature"}, "post", PAUSED),
        (403, {"detail": "User has been suspended: [1]."}, "direct", ("failed", "blocked", False)),
        (
            403,
            {"errors": [{"code": 326, "message": "this account is temporarily locked"}]},
            "post",
            ("failed", "permission", True),
        ),
        (403, {"detail": "Your Tweet text is too long."}, "post", ("failed", "too_long", False)),
        (403, {}, "direct", ("failed", "permission", False)),
        (404, {"detail": "Could not find user with id: [1]."}, "direct", ("failed", "blocked", False)),
        (404, {}, "public_reply", ("failed", "deleted", False)),
        (413, {}, "post", ("failed", "refused", False)),
        (400, {"errors": ["text is missing"]}, "post", ("failed", "refused", False)),
        (504, {}, "post", ("retry", "platform_error", False)),
    ],
)
def test_refusals(status: int, body: dict[str, object], kind: OutboundKind, expected: tuple[str, str, bool]) -> None:
    result = refusal(Refused(status, body, {}), kind, AT)
    assert (result.status, result.reason, result.pause_account) == expected


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "status 403"),
        ({"title": "Forbidden", "detail": "No."}, "Forbidden: No."),
        ({"error": "nothing here"}, "nothing here"),
        ({"errors": "x"}, "status 403"),
        ({"errors": [None, {}, {"message": "a"}, {"detail": "b"}, "c", {"message": "a"}]}, "a: b: c"),
        ({"detail": "x" * 400}, "x" * 299 + "…"),
    ],
)
def test_x_s_words(body: dict[str, object], said: str) -> None:
    assert words(Refused(403, body, {})) == said


# --- pictures -----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def gallery(fake: FakeX) -> str:
    """Where pictures are, on the fake's own server."""
    from fastapi.responses import Response

    files = {"a.png": PNG, "big.png": PNG + b"0" * 5 * 1024 * 1024, "page.html": b"<html>"}

    async def file(name: str) -> Response:
        return Response(files[name]) if name in files else Response(status_code=503 if name == "busy" else 404)

    fake.app.add_api_route("/gallery/{name}", file)
    return fake.url + "/gallery/"


async def test_a_picture_goes_with_the_post(fake: FakeX, connector: XConnector, gallery: str) -> None:
    post = OutboundMessage("post", "", "Ar bildi", picture_url=gallery + "a.png")
    result = await connector.send(account(fake), post)
    assert result.status == "sent"
    (media,) = fake.state.media
    assert fake.state.media[media] == "image/png"
    assert fake.state.posts[str(result.ref)].picture == f"https://pbs.twimg.com/media/{media}"


@pytest.mark.parametrize(
    ("name", "status"),
    [("none.png", "failed"), ("busy", "retry"), ("big.png", "failed"), ("page.html", "failed")],
)
async def test_without_its_picture_a_post_does_not_go_out(
    fake: FakeX, connector: XConnector, gallery: str, name: str, status: str
) -> None:
    result = await connector.send(account(fake), OutboundMessage("post", "", "Ziņa", picture_url=gallery + name))
    assert result.status == status
    assert result.detail is not None
    assert result.detail.startswith("picture: ")
    assert fake.calls == []


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "http://169.254.169.254/latest", "http://10.0.0.1/a.png", "nowhere", "http://[::1]:1/"],
)
async def test_pictures_behind_our_own_walls_are_not_fetched(fake: FakeX, connector: XConnector, url: str) -> None:
    result = await connector.send(
        account(fake, base_url="https://api.x.invalid"), OutboundMessage("post", "", "Ziņa", picture_url=url)
    )
    assert (result.status, result.reason) == ("failed", "refused")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.TIMEOUT_AFTER, "retry"),
        (Fault.RATE_LIMITED, "retry"),
        (Fault.TOKEN_REVOKED, "failed"),
        (Fault.MALFORMED, "retry"),
    ],
)
async def test_a_picture_that_may_have_arrived_is_no_mystery(
    fake: FakeX, connector: XConnector, gallery: str, fault: Fault, status: str
) -> None:
    fake.script.add("media", fault)
    result = await connector.send(account(fake), OutboundMessage("post", "", "Ziņa", picture_url=gallery + "a.png"))
    assert result.status == status
    assert [call.operation for call in fake.calls] == ["media"]


# --- keys ---------------------------------------------------------------------------------------------------------------


async def test_another_account_s_token_does_not_fit(fake: FakeX, connector: XConnector) -> None:
    theirs = fake.credentials(DEMO_ACCOUNTS[1][0])
    mixed = account(fake, {"access_token": theirs["access_token"]})
    result = await connector.send(mixed, DIRECT)
    assert (result.status, result.reason) == ("failed", "token"), "the secret is the other account's"


async def test_new_keys_are_used_at_once(fake: FakeX, connector: XConnector) -> None:
    assert (await connector.send(account(fake, {"access_token_secret": "old"}), DIRECT)).reason == "token"
    assert (await connector.send(account(fake), DIRECT)).status == "sent"


async def test_no_secret_in_any_log_or_result(
    fake: FakeX, connector: XConnector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ours = account(fake)
    results: list[object] = [ours]
    for fault in (None, Fault.TOKEN_REVOKED, Fault.RESET, Fault.SERVER_ERROR, Fault.MALFORMED):
        if fault is not None:
            fake.script.add("send", fault)
        results.append(await connector.send(ours, replace(DIRECT, text=f"Personas kods 010190-12345 {fault}")))
    results += [await connector.check(ours), await connector.poll(ours, None)]
    said = caplog.text + "".join(map(repr, results)) + repr(fake.calls)
    for secret in ours.credentials.values():
        assert secret not in said
    assert "010190-12345" not in caplog.text


async def test_many_at_once_are_bounded_and_all_arrive(fake: FakeX) -> None:
    connector = XConnector(timeouts=Timeouts(connect_s=2, answer_s=5), workers=4)
    fake.script.add("send", Fault.SLOW, ratio=0.5, delay_s=0.05)
    sends = [connector.send(account(fake), replace(DIRECT, text=str(number))) for number in range(40)]
    assert {result.status for result in await asyncio.gather(*sends)} == {"sent"}
    assert sorted(heard(fake), key=int) == [str(number) for number in range(40)]
    await connector.close()
