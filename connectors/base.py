"""The seam for channels. A new channel is one package and one registration in the gateway.

Two kinds of channel stand behind it. The web chat holds its citizens on sockets of its own (:class:`Channel`). A platform
(Facebook, X, Telegram) is a :class:`PlatformConnector`; what is common to platforms is done once, in
:mod:`handoff.channels`, whose ports are named here for those who write connectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter

from handoff.channels.ports import (
    Account,
    AccountHealth,
    Attachment,
    BadPayload,
    BadSignature,
    Capabilities,
    InboundEvent,
    OutboundMessage,
    Person,
    PlatformConnector,
    SendResult,
)

__all__ = [
    "Account",
    "AccountHealth",
    "Attachment",
    "BadPayload",
    "BadSignature",
    "Capabilities",
    "Channel",
    "ChannelHealth",
    "InboundEvent",
    "OutboundMessage",
    "Person",
    "PlatformConnector",
    "SendResult",
]


@dataclass(frozen=True)
class ChannelHealth:
    """How a channel is doing: ``ok`` and the figures the health page shows."""

    ok: bool
    figures: dict[str, int | str]


class Channel(Protocol):
    """A channel as the gateway registers it."""

    name: str

    def router(self) -> APIRouter:
        """The channel's public routes."""
        ...

    def capabilities(self) -> Capabilities:
        """What the channel can carry."""
        ...

    def health(self) -> ChannelHealth:
        """How it is doing now."""
        ...

    async def stop(self) -> None:
        """Lets go of every connection in good order."""
        ...
