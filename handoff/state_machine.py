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
    ROUTE = "route"
    PASS = "pass"  # noqa: S105 - a word of the queue
    ASSIGN = "assign"
    OFFER = "offer"
    ACCEPT = "accept"
    DECLINE = "decline"
    REQUEUE = "requeue"
    TO_QUEUE = "to_queue"
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
        holder_only: staff must hold the conversation (or be the one it is offered to, for ``accept``, ``decline`` and
            ``pass``).
        held: whether somebody must hold it (a colleague's offer), or nobody may (the router's); None where either will do.
    """

    to: State
    actors: frozenset[Actor]
    holder_only: bool = False
    held: bool | None = None

    def fits(self, holder_id: str | None) -> bool:
        """Whether it holds for a conversation that ``holder_id`` holds; None: nobody does."""
        return self.held is None or (holder_id is not None) == self.held


def _rule(to: State, *actors: Actor, holder_only: bool = False, held: bool | None = None) -> Rule:
    return Rule(to, frozenset(actors), holder_only, held)


_S, _T, _A = State, Trigger, Actor

RULES: Final[dict[tuple[State, Trigger], Rule]] = {
    (_S.BOT, _T.REQUEST_PERSON): _rule(_S.QUEUED, _A.CITIZEN, _A.ASSISTANT, _A.SYSTEM),
    (_S.BOT, _T.CLOSE): _rule(_S.CLOSED, _A.CITIZEN, _A.SYSTEM),
    (_S.QUEUED, _T.TAKE): _rule(_S.ACTIVE, _A.STAFF),
    (_S.QUEUED, _T.ROUTE): _rule(_S.OFFERED, _A.SYSTEM),
    (_S.QUEUED, _T.ASSIGN): _rule(_S.ACTIVE, _A.STAFF),
    (_S.QUEUED, _T.ABANDON): _rule(_S.ABANDONED, _A.CITIZEN, _A.SYSTEM),
    # What was asked is gone (a deleted comment): there is nothing left to take.
    (_S.QUEUED, _T.CLOSE): _rule(_S.CLOSED, _A.SYSTEM),
    (_S.OFFERED, _T.ACCEPT): _rule(_S.ACTIVE, _A.STAFF, holder_only=True),
    (_S.OFFERED, _T.DECLINE): _rule(_S.ACTIVE, _A.STAFF, _A.SYSTEM, holder_only=True, held=True),
    # What the router offered is nobody's yet: it goes on waiting, and ends as what waits does.
    (_S.OFFERED, _T.PASS): _rule(_S.QUEUED, _A.STAFF, _A.SYSTEM, holder_only=True, held=False),
    (_S.OFFERED, _T.ABANDON): _rule(_S.ABANDONED, _A.CITIZEN, _A.SYSTEM, held=False),
    (_S.OFFERED, _T.CLOSE): _rule(_S.CLOSED, _A.SYSTEM, held=False),
    (_S.OFFERED, _T.ASSIGN): _rule(_S.ACTIVE, _A.STAFF),
    (_S.OFFERED, _T.CITIZEN_LEFT): _rule(_S.WRAP_UP, _A.CITIZEN, _A.SYSTEM, held=True),
    # A supervisor puts it into somebody's hands; whether he is one, the desk knows.
    (_S.ACTIVE, _T.ASSIGN): _rule(_S.ACTIVE, _A.STAFF),
    (_S.ON_HOLD, _T.ASSIGN): _rule(_S.ACTIVE, _A.STAFF),
    (_S.LEVEL2, _T.ASSIGN): _rule(_S.LEVEL2, _A.STAFF),
    # Handed on to another queue by whoever holds it; of what waits, and of others' work, a supervisor decides: the desk knows.
    (_S.QUEUED, _T.TO_QUEUE): _rule(_S.QUEUED, _A.STAFF),
    (_S.OFFERED, _T.TO_QUEUE): _rule(_S.QUEUED, _A.STAFF, held=False),
    (_S.ACTIVE, _T.TO_QUEUE): _rule(_S.QUEUED, _A.STAFF),
    (_S.ON_HOLD, _T.TO_QUEUE): _rule(_S.QUEUED, _A.STAFF),
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
    # Its operator is gone: the specialist's part and his clock go on, and any operator may take it toward the citizen.
    (_S.LEVEL2, _T.REQUEUE): _rule(_S.LEVEL2, _A.SYSTEM, held=True),
    (_S.LEVEL2, _T.TAKE): _rule(_S.LEVEL2, _A.STAFF, held=False),
    (_S.LEVEL2, _T.JOIN): _rule(_S.LEVEL2, _A.STAFF),
    (_S.LEVEL2, _T.LEVEL2_DONE): _rule(_S.ACTIVE, _A.STAFF, holder_only=True),
    (_S.LEVEL2, _T.CITIZEN_LEFT): _rule(_S.WRAP_UP, _A.CITIZEN, _A.SYSTEM),
    (_S.LEVEL2, _T.CLOSE): _rule(_S.CLOSED, _A.STAFF, holder_only=True),
    (_S.WRAP_UP, _T.CLOSE): _rule(_S.CLOSED, _A.STAFF, _A.SYSTEM, holder_only=True),
}

#: A person holds the conversation in these; at level 2 nobody while its operator is gone (:func:`lacks_operator`).
HELD: Final = frozenset({State.ACTIVE, State.ON_HOLD, State.LEVEL2, State.WRAP_UP})
#: The citizen waits for a person in these.
WAITING: Final = frozenset({State.QUEUED, State.OFFERED})
#: Nothing is said any more.
ENDED: Final = frozenset({State.CLOSED, State.ABANDONED})
#: The holder may write to the citizen in these.
STAFF_SPEAKS: Final = frozenset({State.ACTIVE, State.LEVEL2})


def lacks_operator(state: str, holder_id: str | None) -> bool:
    """Whether a conversation at level 2 has lost its operator: toward the citizen it is anybody's to take."""
    return state == State.LEVEL2 and holder_id is None


def allowed(state: State, trigger: Trigger) -> Rule | None:
    """The rule for ``trigger`` in ``state``, or None when it is not allowed."""
    return RULES.get((state, trigger))
