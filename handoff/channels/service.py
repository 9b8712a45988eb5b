"""The platforms that are served: their connectors, and accounts opened for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.channels import repository
from handoff.channels.models import ChannelAccount, ChannelThread
from handoff.channels.ports import (
    Account,
    Capabilities,
    Measures,
    OutboundKind,
    OutboundMessage,
    PlatformConnector,
    Priced,
)
from handoff.channels.rules import Place
from handoff.channels.schemas import Mode
from kit.vault import Vault, VaultError

log = structlog.get_logger(__name__)
#: The kind of send by which an answer of each mode goes out.
KINDS: Mapping[Mode, OutboundKind] = {"direct": "direct", "public": "public_reply", "private": "private_reply"}


class Channels:
    """Connectors by channel, and the key to their accounts."""

    def __init__(self, connectors: Mapping[str, PlatformConnector], vault: Vault) -> None:
        self._connectors = dict(connectors)
        self.vault = vault

    @property
    def names(self) -> Sequence[str]:
        """The channels that are served."""
        return sorted(self._connectors)

    def connector(self, channel: str) -> PlatformConnector | None:
        """The connector of a channel; None when there is none."""
        return self._connectors.get(channel)

    def opened(self, row: ChannelAccount) -> Account:
        """The account as its connector sees it.

        Raises:
            VaultError: its credentials cannot be decrypted with the keys that are set.
        """
        return Account(
            id=row.id,
            channel=row.channel,
            platform_id=row.platform_id,
            name=row.name,
            credentials=self.vault.open(row.credentials),
            settings=row.settings,
        )

    def carries(self, row: ChannelAccount) -> Capabilities | None:
        """What the account can carry; None when it cannot be served (no connector, credentials unreadable)."""
        connector = self.connector(row.channel)
        if connector is None:
            return None
        try:
            return connector.capabilities(self.opened(row))
        except VaultError:
            log.error("credentials of a channel account cannot be decrypted", account=row.id)
            return None

    async def place(self, session: AsyncSession, conversation_id: str) -> Place | None:
        """Where a conversation lives; None for the web chat."""
        thread = await repository.thread(session, conversation_id)
        account = await repository.account(session, thread.account_id) if thread is not None else None
        return self.place_of(account, thread) if account is not None and thread is not None else None

    def place_of(self, account: ChannelAccount, thread: ChannelThread) -> Place:
        """The same from rows in hand."""
        return Place(account, thread, self.carries(account), self._measure(account, thread))

    def _measure(self, row: ChannelAccount, thread: ChannelThread) -> Callable[[str], tuple[int, int]] | None:
        connector = self.connector(row.channel)
        if not isinstance(connector, Measures):
            return None
        try:
            account = self.opened(row)
        except VaultError:
            return None
        return lambda text: connector.post_size(account, OutboundMessage("public_reply", thread.thread, text))

    def prices(self, place: Place) -> dict[str, float] | None:
        """What an answer costs, by mode; None where the platform charges nothing."""
        connector = self.connector(place.account.channel)
        if not isinstance(connector, Priced) or place.carries is None:
            return None
        try:
            account = self.opened(place.account)
        except VaultError:
            return None
        return {
            mode: connector.price(
                account,
                # A character, since an empty message is none; what is charged does not depend on its length.
                OutboundMessage(kind=KINDS[mode], thread=place.thread.thread, text=".", summoned=place.thread.summoned),
            )
            for mode in place.modes()
        }

    async def close(self) -> None:
        """Lets go of every connection to the platforms."""
        for connector in self._connectors.values():
            try:
                await connector.close()
            except Exception as error:
                log.warning("a connector did not close", channel=connector.name, error=type(error).__name__)
