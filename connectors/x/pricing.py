"""What X charges. The prices are data with their source and the day they were read; X changes them several times a year."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.x.text import links
from handoff.channels.ports import InboundEvent, OutboundMessage


@dataclass(frozen=True)
class Prices:
    """A price list in ``currency``.

    Attributes:
        read_on: the day on which the sources were read, ISO 8601.
        sent: of what we send: ``post``, ``post_with_link``, ``summoned_reply``, ``direct_message``, ``manage``.
        received: of an event delivered to us, by X's name of it.
        read: of what we fetch ourselves: ``mention``, ``direct_message``.
    """

    currency: str
    read_on: str
    sources: tuple[str, ...]
    sent: Mapping[str, float]
    received: Mapping[str, float]
    read: Mapping[str, float]


def _load() -> Prices:
    data = json.loads((Path(__file__).parent / "prices.json").read_text(encoding="utf-8"))
    return Prices(
        data["currency"], data["read_on"], tuple(data["sources"]), data["sent"], data["received"], data["read"]
    )  # fmt: skip


PRICES = _load()


def full_text(message: OutboundMessage) -> str:
    """The text as it goes out: X has no field for a link, it stands in the text."""
    if message.link and message.link not in message.text:
        return f"{message.text}\n{message.link}".strip()
    return message.text


def cost_of(message: OutboundMessage) -> float:
    """What X will charge for sending this, in the currency of :data:`PRICES`.

    A summoned reply has one price, with a link or without (X's changelog of 20 April 2026).
    """
    match message.kind:
        case "direct":
            return PRICES.sent["direct_message"]
        case "hide" | "unhide":
            return PRICES.sent["manage"]
        case "public_reply" | "comment" if message.summoned:
            return PRICES.sent["summoned_reply"]
        case "public_reply" | "comment" | "post":
            return PRICES.sent["post_with_link" if links(full_text(message)) else "post"]
        case "private_reply":
            return 0.0


def cost_of_event(event: InboundEvent) -> float:
    """What X charged for telling us this, in the currency of :data:`PRICES`; 0 for what is not on the list."""
    name = event.raw.get("event_type")
    if name in PRICES.received:
        return PRICES.received[str(name)]
    if name == "MessageCreate":
        return PRICES.read["direct_message"]
    return PRICES.read["mention"] if event.kind in ("comment", "edited") and name is None else 0.0
