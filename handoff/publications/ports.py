"""What publications may ask of a connector besides :mod:`handoff.channels.ports`; each is asked for only where it is there."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from handoff.channels.ports import Account, OutboundMessage


@runtime_checkable
class Measures(Protocol):
    """A connector whose platform counts texts in its own way (X: a link is 23 characters, whatever its length), or has
    another limit for posts than for messages."""

    def post_size(self, account: Account, message: OutboundMessage) -> tuple[int, int]:
        """How much ``message``, a ``post`` or a ``comment``, takes of what is allowed; and how much that is."""
        ...
