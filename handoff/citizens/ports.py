"""What linking citizens asks of a connector besides :mod:`handoff.channels.ports`; asked for only where it is there."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from handoff.channels.ports import Account


@runtime_checkable
class DeepLinks(Protocol):
    """A connector whose platform has links that bring a token into a conversation (Telegram: ``t.me/<bot>?start=<token>``)."""

    def deep_link(self, account: Account, token: str) -> str:
        """The link.

        Raises:
            ValueError: the account has no such links (a bot's username is not known).
        """
        ...
