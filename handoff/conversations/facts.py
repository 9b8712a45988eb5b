"""What a change of a conversation leaves it as, for the event log: so the log alone tells how things stood at any minute."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from handoff.conversations.models import Conversation

#: Under this name the facts are kept in an event's ``data``.
AS: Final = "as"
_KEPT: Final = (
    "channel",
    "lang",
    "institution_id",
    "centre_id",
    "queue_id",
    "holder_id",
    "waiting_since",
    "queued_at",
    "level",
    "level2_institution_id",
    "level2_at",
    "level2_due_at",
    "closed_at",
    "outcome",
)


def facts(conversation: Conversation) -> dict[str, Any]:
    """The part of an event's ``data`` that says how the conversation stands after it; nothing of what was said in it."""
    kept = {name: getattr(conversation, name) for name in _KEPT}
    return {AS: {name: _plain(value) for name, value in kept.items() if value is not None}}


def moment(kept: dict[str, Any], name: str) -> datetime | None:
    """An instant out of the facts, to the microsecond as the row holds it."""
    return datetime.fromisoformat(kept[name]) if name in kept else None


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
