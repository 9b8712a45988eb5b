"""What the board is computed from: conversations, waits and ends, as plain values.

Two readers make the same picture: :mod:`handoff.board.repository` from the tables, :mod:`handoff.board.replay` from the event
log alone. That they agree at every step of a random day is tested; so no figure of the board rests on a counter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from handoff.state_machine import WAITING, State

#: ``ended``: what was asked is gone, a deleted comment.
How = Literal["taken", "left", "ended"]
_SERVED: Final = frozenset({State.OFFERED, State.ACTIVE, State.ON_HOLD, State.LEVEL2})


@dataclass(frozen=True)
class Talk:
    """A conversation that has not ended, as it stands.

    Attributes:
        lang, institution_id: None with the assistant, where they are guesses that change with each message.
        waiting_since: since when it waits; None when it does not.
        level2_since, level2_due_at: the specialists' clock; None when it is not at level 2, or has no clock.
        level2_answered: whether the specialist has answered.
    """

    id: str
    state: str
    channel: str
    lang: str | None
    institution_id: str | None
    centre_id: str | None
    holder_id: str | None
    waiting_since: datetime | None = None
    level2_since: datetime | None = None
    level2_due_at: datetime | None = None
    level2_answered: bool = False
    queue_id: str | None = None

    @property
    def waits(self) -> bool:
        """Whether the citizen waits for a person. What the router offers is nobody's yet and goes on waiting."""
        return self.state == State.QUEUED or (self.state == State.OFFERED and self.holder_id is None)

    @property
    def served(self) -> bool:
        """Whether a person is at work on it; what a colleague is offered stays with its holder."""
        return self.state in _SERVED and not self.waits


@dataclass(frozen=True)
class Ended:
    """A conversation that has ended.

    Attributes:
        queued: whether a person was ever asked for.
        level: 0 assistant, 1 operator, 2 specialist.
    """

    id: str
    at: datetime
    channel: str
    level: int
    outcome: str | None
    queued: bool


@dataclass(frozen=True)
class Wait:
    """A wait for a person, from entering the queue to the end; the router's offers do not interrupt it.

    Attributes:
        promised: whether it began with a promise to the citizen; False when the operator's console was gone.
        ended_at, how, taker_id: when and how it ended; None while he waits.
        transferred: whether it began with an operator who handed him on to another queue.
    """

    id: str
    channel: str
    began_at: datetime
    promised: bool
    ended_at: datetime | None = None
    how: How | None = None
    taker_id: str | None = None
    transferred: bool = False


@dataclass(frozen=True)
class Breach:
    """A level-2 target that passed without an answer."""

    id: str
    at: datetime


@dataclass(frozen=True)
class Picture:
    """Everything at one instant. ``ended``, ``waits`` and ``breaches`` reach back to ``since``; each is in order of its id."""

    at: datetime
    since: datetime
    talks: tuple[Talk, ...]
    ended: tuple[Ended, ...]
    waits: tuple[Wait, ...]
    breaches: tuple[Breach, ...]


def begins_wait(from_state: str | None, to_state: str | None) -> bool:
    """Whether a change of state begins a wait."""
    return to_state == State.QUEUED and from_state not in WAITING


def ends_wait(from_state: str | None, to_state: str | None) -> bool:
    """Whether a change of state ends the wait, if there is one: a colleague's offer has none."""
    return from_state in WAITING and to_state not in WAITING


def ended_how(to_state: str | None) -> How:
    """How a stay in the queue ended, by the state it led to."""
    return "taken" if to_state == "active" else "left" if to_state == "abandoned" else "ended"


def ordered(
    at: datetime, since: datetime, talks: list[Talk], ended: list[Ended], waits: list[Wait], breaches: list[Breach]
) -> Picture:
    """The picture, in the order that makes two of them comparable."""
    return Picture(
        at,
        since,
        tuple(sorted(talks, key=lambda one: one.id)),
        tuple(sorted(ended, key=lambda one: (one.id, one.at))),
        tuple(sorted(waits, key=lambda one: (one.id, one.began_at))),
        tuple(sorted(breaches, key=lambda one: (one.id, one.at))),
    )
