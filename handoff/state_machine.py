"""Who may speak, as data: the states of a conversation and the only ways from one to another.

``bot → queued → offered → active ⇄ on_hold → level2 → wrap_up → closed``, with ``abandoned`` and back to the assistant.
The broker applies these rows with compare-and-set; nothing else changes a conversation's state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a conversation stands."""

    BOT = "bot"
    QUEUED = "queued"
    OFFERED = "offered"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    LEVEL2 = "level2"
    WRAP_UP = "wrap_up"
    CLOSED = "closed"
    ABANDONED = "abandoned"


class Trigger(StrEnum):
    """What happened."""

    REQUEST_PERSON = "request_person"
    TAKE = "take"
    OFFER = "offer"
    ACCEPT = "accept"
    DECLINE = "decline"
    REQUEUE = "requeue"
    HOLD = "hold"
    RESUME = "resume"
    RETURN_TO_BOT = "return_to_bot"
    LEVEL2 = "level2"
    JOIN = "join"
    LEVEL2_DONE = "level2_done"
    CITIZEN_LEFT = "citizen_left"
    CLOSE = "close"
    ABANDON = "abandon"


class Actor(StrEnum):
    """Who causes a change."""

    CITIZEN = "citizen"
    ASSISTANT = "assistant"
    STAFF = "staff"
    SYSTEM = "system"


@dataclass(frozen=True)
class Rule:
    """One allowed change.

    Attributes:
        to: the state it leads to.
        actors: who may cause it.
        holder_only: staff must hold the conversation (or be the one it is offered to, for ``accept`` and ``decline``).
    """

    to: State
    actors: frozenset[Actor]
    holder_only: bool = False


def _rule(to: State, *actors: Actor, holder_only: bool = False) -> Rule:
    return Rule(to, frozenset(actors), holder_only)


_S, _T, _A = State, Trigger, Actor

RULES: Final[dict[tuple[State, Trigger], Rule]] = {
    (_S.BOT, _T.REQUEST_PERSON): _rule(_S.QUEUED, _A.CITIZEN, _A.ASSISTANT, _A.SYSTEM),
    (_S.BOT, _T.CLOSE): _rule(_S.CLOSED, _A.CITIZEN, _A.SYSTEM),
    (_S.QUEUED, _T.TAKE): _rule(_S.ACTIVE, _A.STAFF),
    (_S.QUEUED, _T.ABANDON): _rule(_S.ABANDONED, _A.CITIZEN, _A.SYSTEM),
    # What was asked is gone (a deleted comment): there is nothing left to take.
    (_S.QUEUED, _T.CLOSE): _rule(_S.CLOSED, _A.SYSTEM),
    (_S.OFFERED, _T.ACCEPT): _rule(_S.ACTIVE, _A.STAFF, holder_only=True),
    (_S.OFFERED, _T.DECLINE): _rule(_S.ACTIVE, _A.STAFF, _A.SYSTEM, holder_only=True),
    (_S.OFFERED, _T.CITIZEN_LEFT): _rule(_S.WRAP_UP, _A.CITIZEN, _A.SYSTEM),
    (_S.ACTIVE, _T.HOLD): _rule(_S.ON_HOLD, _A.STAFF, holder_only=True),
    (_S.ACTIVE, _T.OFFER): _rule(_S.OFFERED, _A.STAFF, holder_only=True),
    (_S.ACTIVE, _T.REQUEUE): _rule(_S.QUEUED, _A.SYSTEM),
    (_S.ACTIVE, _T.RETURN_TO_BOT): _rule(_S.BOT, _A.STAFF, holder_only=True),
    (_S.ACTIVE, _T.LEVEL2): _rule(_S.LEVEL2, _A.STAFF, holder_only=True),
    (_S.ACTIVE, _T.CITIZEN_LEFT): _rule(_S.WRAP_UP, _A.CITIZEN, _A.SYSTEM),
    (_S.ACTIVE, _T.CLOSE): _rule(_S.CLOSED, _A.STAFF, holder_only=True),
    (_S.ON_HOLD, _T.RESUME): _rule(_S.ACTIVE, _A.STAFF, holder_only=True),
    (_S.ON_HOLD, _T.REQUEUE): _rule(_S.QUEUED, _A.SYSTEM),
    (_S.ON_HOLD, _T.CITIZEN_LEFT): _rule(_S.WRAP_UP, _A.CITIZEN, _A.SYSTEM),
    (_S.ON_HOLD, _T.CLOSE): _rule(_S.CLOSED, _A.STAFF, holder_only=True),
    (_S.LEVEL2, _T.JOIN): _rule(_S.LEVEL2, _A.STAFF),
    (_S.LEVEL2, _T.LEVEL2_DONE): _rule(_S.ACTIVE, _A.STAFF, holder_only=True),
    (_S.LEVEL2, _T.CITIZEN_LEFT): _rule(_S.WRAP_UP, _A.CITIZEN, _A.SYSTEM),
    (_S.LEVEL2, _T.CLOSE): _rule(_S.CLOSED, _A.STAFF, holder_only=True),
    (_S.WRAP_UP, _T.CLOSE): _rule(_S.CLOSED, _A.STAFF, _A.SYSTEM, holder_only=True),
}

#: A person holds the conversation in these.
HELD: Final = frozenset({State.ACTIVE, State.ON_HOLD, State.LEVEL2, State.WRAP_UP})
#: The citizen waits for a person in these.
WAITING: Final = frozenset({State.QUEUED, State.OFFERED})
#: Nothing is said any more.
ENDED: Final = frozenset({State.CLOSED, State.ABANDONED})
#: The holder may write to the citizen in these.
STAFF_SPEAKS: Final = frozenset({State.ACTIVE, State.LEVEL2})


def allowed(state: State, trigger: Trigger) -> Rule | None:
    """The rule for ``trigger`` in ``state``, or None when it is not allowed."""
    return RULES.get((state, trigger))
