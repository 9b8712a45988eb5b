"""A tracker store that keeps nothing between two messages.

Why: the broker owns the conversation (who speaks, which service is meant, what was said). Rasa is asked about one turn at a time
and its rules look at one turn only, so a history here would be a second truth, a copy of citizens' words to protect, and memory
that grows without end. Rasa's own in-memory store keeps every event of every conversation, and serialises the whole history
after each message.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted
from rasa.shared.core.trackers import DialogueStateTracker


class ForgetfulTrackerStore(TrackerStore):
    """Every message meets a fresh tracker that is already listening."""

    def __init__(self, domain: Domain | None = None, event_broker: EventBroker | None = None, **kwargs: Any) -> None:
        super().__init__(domain, event_broker)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """A fresh tracker. That it is listening already spares the session start, a whole action, on every message."""
        tracker = self.init_tracker(sender_id)
        tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep nothing."""

    async def keys(self) -> Iterable[str]:
        """No conversation is stored."""
        return []
