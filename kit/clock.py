"""The one clock. Everything inside is UTC; Europe/Riga appears only at the edges."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

RIGA = ZoneInfo("Europe/Riga")


class Clock(Protocol):
    """Where the time comes from; tests pass one they can move."""

    def now(self) -> datetime:
        """The present instant, timezone-aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, timezone-aware, UTC."""
        return datetime.now(UTC)


def midnight(day: date) -> datetime:
    """The instant at which a day begins in Riga, UTC."""
    return datetime.combine(day, time(), RIGA).astimezone(UTC)


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 with milliseconds and ``Z``; None stays None. A naive value is taken as UTC (SQLite drops the zone)."""
    if moment is None:
        return None
    return as_utc(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_utc(moment: datetime) -> datetime:
    """The same instant, timezone-aware UTC; naive values are UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
