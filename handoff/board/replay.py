"""The picture of any minute from the event log alone: the proof that the board's figures are what happened."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from handoff.board.picture import Breach, Ended, Picture, Talk, Wait, begins_wait, ended_how, ends_wait, ordered
from handoff.conversations.facts import AS, moment
from handoff.conversations.models import Event
from handoff.state_machine import ENDED, State


@dataclass
class Replay:
    """Takes in events in order of their ``seq``. Only what the events hold is used; no other table is asked."""

    talks: dict[str, Talk] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    _waiting: dict[str, Wait] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """One event. Those from before events told how things stood are passed over."""
        key = event.conversation_id
        if key is None:
            return
        match event.kind:
            case "opened" | "state" if AS in event.data:
                self._changed(key, event, event.data[AS])
            case "language" if key in self.talks and self.talks[key].state != State.BOT:
                self.talks[key] = replace(self.talks[key], lang=event.data["lang"])
            case "queue" if key in self.talks:
                self.talks[key] = replace(self.talks[key], queue_id=event.data["queue"])
            case "message" if event.actor_kind == "specialist" and key in self.talks:
                at_level2 = self.talks[key].state == State.LEVEL2
                self.talks[key] = replace(self.talks[key], level2_answered=at_level2)
            case "note" if "level2_answered" in event.data and key in self.talks:
                self.talks[key] = replace(self.talks[key], level2_answered=True)
            case "level2_overdue":
                self.breaches.append(Breach(key, event.at))

    def _changed(self, key: str, event: Event, kept: dict[str, Any]) -> None:
        state, before = str(event.to_state), self.talks.get(key)
        self._queue(key, event, kept)
        if state in ENDED:
            self.talks.pop(key, None)
            closed_at = moment(kept, "closed_at")
            if closed_at is not None:
                queued = "queued_at" in kept
                self.ended.append(
                    Ended(key, closed_at, kept["channel"], kept.get("level", 0), kept.get("outcome"), queued)
                )
            return
        at_level2 = state == State.LEVEL2
        brought_anew = event.from_state != State.LEVEL2
        self.talks[key] = Talk(
            key,
            state,
            kept["channel"],
            kept["lang"] if state != State.BOT else None,
            kept.get("institution_id") if state != State.BOT else None,
            kept.get("centre_id"),
            kept.get("holder_id"),
            moment(kept, "waiting_since"),
            moment(kept, "level2_at") if at_level2 else None,
            moment(kept, "level2_due_at") if at_level2 else None,
            at_level2 and not brought_anew and before is not None and before.level2_answered,
            kept.get("queue_id"),
        )

    def _queue(self, key: str, event: Event, kept: dict[str, Any]) -> None:
        if begins_wait(event.from_state, event.to_state):
            self._waiting[key] = Wait(
                key, kept["channel"], event.at, event.from_state == State.BOT, transferred=event.cause == "to_queue"
            )
        elif ends_wait(event.from_state, event.to_state) and (wait := self._waiting.pop(key, None)) is not None:
            how = ended_how(event.to_state)
            self.waits.append(
                replace(
                    wait,
                    ended_at=event.at,
                    how=how,
                    taker_id=kept.get("holder_id") if how == "taken" else None,
                )
            )

    def picture(self, at: datetime, since: datetime) -> Picture:
        """How things stood at ``at``, the instant up to which events were taken in."""
        return ordered(
            at,
            since,
            list(self.talks.values()),
            [one for one in self.ended if one.at >= since],
            [
                *(one for one in self.waits if one.ended_at is not None and one.ended_at >= since),
                *self._waiting.values(),
            ],
            [one for one in self.breaches if one.at >= since],
        )
