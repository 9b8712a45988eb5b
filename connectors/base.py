"""The seam for channels. A new channel is one package and one registration in the gateway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter


@dataclass(frozen=True)
class Capabilities:
    """What a channel can carry.

    Attributes:
        text_limit: characters in one message.
        buttons: whether buttons are shown; without them they are written out as a numbered list.
        edits, read_receipts, typing: whether the platform tells of them.
        reply_window_h: hours after the citizen's last message in which we may write; None without limit.
    """

    text_limit: int
    buttons: bool
    edits: bool
    read_receipts: bool
    typing: bool
    reply_window_h: int | None


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
