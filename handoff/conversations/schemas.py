"""What goes in and out of the broker, independent of channel and of tables."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from handoff.conversations.models import Message
from kit.clock import iso

AuthorKind = Literal["citizen", "assistant", "operator", "specialist", "system"]

#: The one channel whose citizens hold a socket of ours; all others are platforms, reached through the outbox.
WEBCHAT: Final = "webchat"
#: Events that tell of a message: said, changed, or on its way.
TELLS_MESSAGE: Final = frozenset({"message", "edited", "deleted", "delivery", "attachment"})


@dataclass(frozen=True)
class Button:
    """An answer the citizen can give with one press. ``payload`` is what it means to the assistant."""

    title: str
    payload: str


@dataclass(frozen=True)
class Link:
    """Somewhere to go. ``kind``: ``eservice`` or ``info``."""

    title: str
    url: str
    kind: str = "info"


@dataclass(frozen=True)
class Source:
    """Where an answer comes from, and of which day (ISO date or its beginning) it is.

    ``seen``: the page shows no date; ``date`` is the day on which it was looked at.
    """

    title: str
    url: str
    date: str | None
    seen: bool = False


@dataclass(frozen=True)
class Utterance:
    """Something to be said, before it is stored."""

    text: str
    lang: str
    buttons: tuple[Button, ...] = ()
    links: tuple[Link, ...] = ()
    source: Source | None = None
    #: Files, as :mod:`handoff.attachments` keeps them with a message, and the mark at the end of ``text`` that stands for them.
    attachments: tuple[dict[str, Any], ...] = ()
    placeholder: str | None = None

    def extras(self) -> dict[str, Any]:
        """Buttons, links and source as stored beside the text; empty parts are left out."""
        found: dict[str, Any] = {}
        if self.buttons:
            found["buttons"] = [{"title": b.title, "payload": b.payload} for b in self.buttons]
        if self.links:
            found["links"] = [{"title": link.title, "url": link.url, "kind": link.kind} for link in self.links]
        if self.source:
            found["source"] = asdict(self.source)
        if self.attachments:
            found["attachments"] = list(self.attachments)
            found["placeholder"] = self.placeholder
        return found


@dataclass(frozen=True)
class Inbound:
    """A citizen's message as a connector hands it to the broker.

    Attributes:
        conversation_id: UUID text, from the citizen's token, never from the body.
        client_id: made once per message by the client, repeated on every retry.
        text: as typed; the broker cleans and masks it.
        payload: of the button pressed, if one was.
        at: when it was written, by the platform's clock; None is now.
        extras: what else is to be kept with the message (attachments, the mark that stands for them).
        greets: whether a new conversation begins with the assistant's first words.
        attachments: ids of files that were uploaded before, in the web chat.
    """

    conversation_id: str
    client_id: str
    text: str
    payload: str | None
    lang: str
    channel: str
    site: str
    page: str | None = None
    previous_id: str | None = None
    at: datetime | None = None
    extras: dict[str, Any] = field(default_factory=dict)
    greets: bool = True
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Receipt:
    """What became of an inbound message. ``repeated`` tells that it was stored before."""

    seq: int
    at: datetime
    repeated: bool
    opened: bool


@dataclass(frozen=True)
class Contact:
    """Where a person may answer later."""

    name: str
    email: str | None
    phone: str | None


def message_view(message: Message) -> dict[str, Any]:
    """A message as it goes over the wire (docs/protocol.md)."""
    extras = message.extras or {}
    return {
        "seq": message.seq,
        "id": message.id,
        "client_id": message.client_id,
        "ts": iso(message.at),
        "author": {"kind": message.author_kind, "name": message.author_name},
        "text": message.text,
        "lang": message.lang,
        "buttons": extras.get("buttons", []),
        "links": extras.get("links", []),
        "source": extras.get("source"),
        "attachments": extras.get("attachments", []),
        "placeholder": extras.get("placeholder"),
        "edited": bool(extras.get("edits")),
        "deleted": "deleted" in extras,
        "mode": extras.get("mode"),
        "delivery": message.delivery,
        "delivery_reason": message.delivery_reason,
    }
