"""The platforms' connectors, each made once for a worker."""

from __future__ import annotations

from connectors.facebook.connector import FacebookConnector
from connectors.telegram.connector import TelegramConnector
from connectors.x.connector import XConnector
from handoff.channels.ports import PlatformConnector
from kit.clock import Clock


def connectors(clock: Clock) -> dict[str, PlatformConnector]:
    """Every connector by its channel. A new one is a line here."""
    made: list[PlatformConnector] = [FacebookConnector(clock), XConnector(clock), TelegramConnector(clock)]
    return {connector.name: connector for connector in made}
