"""From a webhook's body to events. Pure: no clock but the instant handed in, no call.

Shapes: Messenger Platform, *Webhook Events*; Graph API, *Webhooks Reference, Page*. What is not understood becomes an event
of kind ``other`` with all that came, so nothing a platform sends is lost, and nothing it invents stops the rest of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.facebook import feed, messaging
from connectors.facebook.values import Json, digest, identifier, items, loaded, mapping, moment, text
from handoff.channels.ports import BadPayload, InboundEvent


def webhook(page_id: str, app_id: str, raw: bytes, now: datetime, *, direct: bool = True) -> list[InboundEvent]:
    """Everything that a webhook tells, in its order.

    Args:
        page_id: the page whose address it came to; entries of other pages carry theirs in ``page_id``.
        app_id: our application's id.
        now: the time of what carries none.
        direct: whether direct messages are served; if not they are kept as ``other``.

    Raises:
        BadPayload: it is not JSON, or not an object with a list ``entry``.
    """
    try:
        body = loaded(raw)
    except (ValueError, RecursionError) as error:
        raise BadPayload("body is not JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get("entry"), list):
        raise BadPayload("no list of entries")
    if body.get("object") != "page":
        return [_other("body", body, now)]
    found: list[InboundEvent] = []
    for entry in body["entry"]:
        whose = identifier(mapping(entry).get("id")) or page_id
        told = _entry(whose, app_id, entry, now, direct=direct)
        found.extend(event if whose == page_id else replace(event, page_id=whose) for event in told)
    return found


def _entry(page_id: str, app_id: str, entry: Any, now: datetime, *, direct: bool) -> Iterator[InboundEvent]:
    """The events of one entry; there is always at least one."""
    told = mapping(entry)
    sent_at = moment(told.get("time")) or now
    empty = True
    # ``standby``: the same events while another application of the page's has the conversation. They count as any:
    # whether we may answer is the platform's to say, and an answer from there comes as an echo.
    for value in [*items(told.get("messaging")), *items(told.get("standby"))]:
        empty = False
        event = _read(lambda one: messaging.event(page_id, app_id, one, sent_at), value, sent_at)
        yield event if direct or event.kind == "other" else _other("direct", value, sent_at)
    for value in items(told.get("changes")):
        empty = False
        yield _read(
            lambda one: (
                feed.change(page_id, text(one.get("field")), mapping(one.get("value")), sent_at)
                if one.get("field") in ("feed", "mention")
                else None
            ),
            value,
            sent_at,
        )
    if empty:
        yield _other("entry", entry, sent_at)


def _read(reader: Callable[[Json], InboundEvent | None], value: Any, sent_at: datetime) -> InboundEvent:
    event = reader(value) if isinstance(value, dict) else None
    return _other("event", value, sent_at) if event is None else replace(event, raw=value)


def _other(where: str, value: Any, at: datetime) -> InboundEvent:
    """Something of no consequence, kept. Its key stands for the whole of it, so a repeat is a repeat."""
    told = mapping(value)
    person = identifier(mapping(told.get("sender")).get("id"))
    at = moment(told.get("timestamp")) or at
    return InboundEvent(
        key=f"o:{digest(value)}",
        kind="other",
        occurred_at=at,
        thread=person or f"other:{where}",
        raw=told if told else {where: value},
    )
