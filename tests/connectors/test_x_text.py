"""What X counts and what it charges."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from connectors.base import Account, OutboundMessage
from connectors.x.connector import XConnector
from connectors.x.pricing import PRICES, cost_of, full_text
from connectors.x.text import links, weighted_length
from handoff.channels.ports import OutboundKind, Priced


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bez adreses. Plkst. 9.00, u.c., utt., u.tml., Nr.5", []),
        ("Skat. https://latvija.lv/lv/Epakalpojumi?x=1.", ["https://latvija.lv/lv/Epakalpojumi?x=1"]),
        ("(latvija.lv), vsaa.gov.lv/pabalsti!", ["latvija.lv", "vsaa.gov.lv/pabalsti"]),
        ("Rakstiet: info@latvija.lv vai janis.berzins@inbox.lv", []),
        ("ķekava.lv un e-klase.lv", ["ķekava.lv", "e-klase.lv"]),
        ("HTTP://LATVIJA.LV", ["HTTP://LATVIJA.LV"]),
        # X knows the country of every pair of letters, and no Latvian abbreviations.
        ("Bērni t.sk. pusaudži", ["t.sk"]),
        ("Beigas.Nākamais teikums", []),
        ("@latvija.lv #latvija.lv", []),
    ],
)
def test_links(text: str, found: list[str]) -> None:
    assert links(text) == found


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("ā" * 280, 280),
        ("a\u0304", 1),
        ("Привет", 6),
        ("漢字", 4),
        ("—–“”", 4),
        ("…", 2),
        ("🇱🇻", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("👍🏽", 2),
        ("5️⃣", 2),
        ("©", 1),
        ("https://latvija.lv/" + "x" * 400, 23),
        ("Skat. https://latvija.lv/lv.", 6 + 23 + 1),
        ("latvija.lv latvija.lv", 47),
    ],
)
def test_lengths(text: str, length: int) -> None:
    assert weighted_length(text) == length


@pytest.mark.parametrize(
    ("message", "cost"),
    [
        (OutboundMessage("post", "", "Ziņa visiem"), 0.015),
        (OutboundMessage("post", "", "Ziņa: latvija.lv"), 0.2),
        (OutboundMessage("post", "", "Ziņa", link="https://latvija.lv"), 0.2),
        (OutboundMessage("public_reply", "1", "Atbilde"), 0.01),
        (OutboundMessage("public_reply", "1", "Atbilde: https://latvija.lv"), 0.01),
        (OutboundMessage("comment", "1", "Atbilde: https://latvija.lv"), 0.01),
        (OutboundMessage("comment", "1", "Atbilde", summoned=False), 0.015),
        (OutboundMessage("comment", "1", "latvija.lv", summoned=False), 0.2),
        (OutboundMessage("direct", "1", "Sveiki! https://latvija.lv"), 0.015),
        (OutboundMessage("hide", "1"), 0.005),
        (OutboundMessage("unhide", "1"), 0.005),
        (OutboundMessage("private_reply", "1", "Sveiki!"), 0.0),
    ],
)
def test_prices(message: OutboundMessage, cost: float) -> None:
    assert cost_of(message) == cost
    connector = XConnector()
    assert isinstance(connector, Priced)
    assert connector.price(Account("a", "x", "1", "A", {}, {}), message) == cost


def test_the_price_list_says_where_it_is_from_and_when_it_was_read() -> None:
    assert PRICES.currency == "USD"
    assert date.fromisoformat(PRICES.read_on) <= date(2026, 12, 1)
    assert all(source.startswith("https://docs.x.com/") for source in PRICES.sources)
    raw = json.loads((Path("connectors") / "x" / "prices.json").read_text(encoding="utf-8"))
    assert raw["sent"] == PRICES.sent
    assert all(price >= 0 for part in (PRICES.sent, PRICES.received, PRICES.read) for price in part.values())


@pytest.mark.parametrize(
    ("text", "link", "whole"),
    [
        ("Ziņa", None, "Ziņa"),
        ("Ziņa", "https://a.lv", "Ziņa\nhttps://a.lv"),
        ("Ziņa https://a.lv te", "https://a.lv", "Ziņa https://a.lv te"),
        ("", "https://a.lv", "https://a.lv"),
    ],
)
def test_a_link_stands_in_the_text_once(text: str, link: str | None, whole: str) -> None:
    kind: OutboundKind = "post"
    assert full_text(OutboundMessage(kind, "", text, link=link)) == whole
