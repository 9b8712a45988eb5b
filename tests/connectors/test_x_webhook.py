"""X's check of us, and ours of X."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

import pytest

from connectors.base import Account, BadSignature
from connectors.x.connector import XConnector

BODY = json.dumps(
    {"data": {"event_type": "dm.received", "payload": {"text": "Kā pieteikties?"}}}, ensure_ascii=False
).encode()
SECRET, CLIENT_SECRET = "consumer-secret", "client-secret"
HEADER, HEADER_OAUTH2 = "x-twitter-webhooks-signature", "x-twitter-webhooks-signature-oauth2"


def account(**credentials: str) -> Account:
    """Ours, with these keys."""
    return Account("acc-1", "x", "1410000000000000001", "Aģentūra", credentials, {})


def signature(secret: str, data: bytes = BODY) -> str:
    """As X makes it."""
    return "sha256=" + base64.b64encode(hmac.new(secret.encode(), data, hashlib.sha256).digest()).decode()


def test_the_check_is_answered_with_the_consumer_secret() -> None:
    answer = XConnector().challenge(account(consumer_secret=SECRET), {"crc_token": "2d5ae22f-3e9c"})
    assert answer is not None
    body, kind = answer
    assert json.loads(body) == {"response_token": signature(SECRET, b"2d5ae22f-3e9c")}
    assert kind == "application/json"


def test_the_check_is_answered_with_the_newer_secret_where_there_is_one() -> None:
    keys = account(consumer_secret=SECRET, client_secret=CLIENT_SECRET)
    answer = XConnector().challenge(keys, {"crc_token": "ž"})
    assert answer is not None
    assert json.loads(answer[0])["response_token"] == signature(CLIENT_SECRET, "ž".encode())


def test_a_known_answer() -> None:
    """Worked out with openssl: ``printf challenge_string | openssl dgst -sha256 -hmac consumer-secret -binary | base64``."""
    answer = XConnector().challenge(account(consumer_secret=SECRET), {"crc_token": "challenge_string"})
    assert answer is not None
    assert json.loads(answer[0])["response_token"] == "sha256=S/mG8E9n5SjoGuCqHguvP8K8uuu5ogCPF0dOpIdyZlk="


@pytest.mark.parametrize(
    ("keys", "query"),
    [
        ({}, {"crc_token": "x"}),
        ({"consumer_secret": ""}, {"crc_token": "x"}),
        ({"consumer_secret": SECRET}, {}),
        ({"consumer_secret": SECRET}, {"crc_token": ""}),
        ({"consumer_secret": SECRET}, {"hub.challenge": "1", "hub.mode": "subscribe"}),
    ],
)
def test_without_a_secret_or_a_token_there_is_no_answer(keys: dict[str, str], query: dict[str, str]) -> None:
    assert XConnector().challenge(account(**keys), query) is None


@pytest.mark.parametrize(
    ("keys", "headers"),
    [
        ({"consumer_secret": SECRET}, {HEADER: signature(SECRET)}),
        ({"consumer_secret": SECRET}, {"X-Twitter-Webhooks-Signature": signature(SECRET)}),
        ({"consumer_secret": SECRET, "client_secret": CLIENT_SECRET}, {HEADER_OAUTH2: signature(CLIENT_SECRET)}),
        ({"client_secret": CLIENT_SECRET}, {HEADER_OAUTH2: signature(CLIENT_SECRET)}),
        # While an application moves from one to the other, X signs with both.
        (
            {"consumer_secret": SECRET},
            {HEADER: signature(SECRET), HEADER_OAUTH2: signature("a secret we were not given")},
        ),
    ],
)
def test_what_x_signed_is_taken(keys: dict[str, str], headers: Mapping[str, str]) -> None:
    XConnector().verify(account(**keys), headers, BODY)


@pytest.mark.parametrize(
    ("keys", "headers"),
    [
        ({"consumer_secret": SECRET}, {}),
        ({"consumer_secret": SECRET}, {HEADER: ""}),
        ({"consumer_secret": SECRET}, {HEADER: signature("another")}),
        ({"consumer_secret": SECRET}, {HEADER: signature(SECRET, BODY + b" ")}),
        ({"consumer_secret": SECRET}, {HEADER: signature(SECRET).removeprefix("sha256=")}),
        ({"consumer_secret": SECRET}, {HEADER: "sha256="}),
        ({"consumer_secret": SECRET}, {HEADER: "sha256=āž"}),
        # The weaker digests that others let the sender choose.
        ({"consumer_secret": SECRET}, {HEADER: "sha1=" + hmac.new(SECRET.encode(), BODY, "sha1").hexdigest()}),
        ({"consumer_secret": SECRET}, {"x-hub-signature-256": signature(SECRET)}),
        # A secret must fit the header it is for.
        ({"consumer_secret": SECRET}, {HEADER_OAUTH2: signature(SECRET)}),
        # No secret configured is no licence: not even for what an empty one would sign.
        ({}, {HEADER: signature("")}),
        ({"consumer_secret": ""}, {HEADER: signature("")}),
    ],
)
def test_anything_else_is_refused_and_tells_nothing(keys: dict[str, str], headers: Mapping[str, str]) -> None:
    with pytest.raises(BadSignature) as caught:
        XConnector().verify(account(**keys), headers, BODY)
    assert str(caught.value) == ""


def test_the_body_counts_as_it_came_not_as_it_reads() -> None:
    same = json.dumps(json.loads(BODY)).encode()
    assert json.loads(same) == json.loads(BODY)
    with pytest.raises(BadSignature):
        XConnector().verify(account(consumer_secret=SECRET), {HEADER: signature(SECRET)}, same)
