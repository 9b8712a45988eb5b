"""The life of a publication, as data: its states and the only ways from one to another (R9).

``draft → proposed → approved → scheduled → publishing → published``, with ``rejected`` back to ``draft``, ``cancelled``, and
``partly_failed`` or ``failed`` where a platform did not take it. The service applies these rows with compare-and-set; nothing
else changes a publication's state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from handoff.staff.schemas import Viewer


class State(StrEnum):
    """Where a publication stands."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    PARTLY_FAILED = "partly_failed"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Trigger(StrEnum):
    """What happened."""

    REVISE = "revise"
    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    SCHEDULE = "schedule"
    BEGIN = "begin"
    CANCEL = "cancel"
    RETRY = "retry"
    # What became of the sends, all of them together.
    ALL_SENT = "all_sent"
    SOME_SENT = "some_sent"
    NONE_SENT = "none_sent"
    CALLED_OFF = "called_off"


class Actor(StrEnum):
    """Who causes a change: whoever composes, whoever approves, or time and the platforms."""

    COMPOSER = "composer"
    APPROVER = "approver"
    SYSTEM = "system"


@dataclass(frozen=True)
class Rule:
    """One allowed change.

    Attributes:
        to: the state it leads to.
        second_person: it must be somebody who neither wrote nor proposed what stands there.
    """

    to: State
    actor: Actor
    second_person: bool = False


_S, _T = State, Trigger
_COMPOSER = Actor.COMPOSER


def _approver(to: State) -> Rule:
    return Rule(to, Actor.APPROVER, second_person=True)


def _system(to: State) -> Rule:
    return Rule(to, Actor.SYSTEM)


RULES: Final[dict[tuple[State, Trigger], Rule]] = {
    (_S.DRAFT, _T.REVISE): Rule(_S.DRAFT, _COMPOSER),
    (_S.DRAFT, _T.PROPOSE): Rule(_S.PROPOSED, _COMPOSER),
    (_S.DRAFT, _T.CANCEL): Rule(_S.CANCELLED, _COMPOSER),
    (_S.REJECTED, _T.REVISE): Rule(_S.DRAFT, _COMPOSER),
    (_S.REJECTED, _T.CANCEL): Rule(_S.CANCELLED, _COMPOSER),
    # What is changed is not what somebody has approved or is about to approve: it is a draft again.
    (_S.PROPOSED, _T.REVISE): Rule(_S.DRAFT, _COMPOSER),
    (_S.PROPOSED, _T.APPROVE): _approver(_S.APPROVED),
    (_S.PROPOSED, _T.REJECT): _approver(_S.REJECTED),
    (_S.PROPOSED, _T.CANCEL): Rule(_S.CANCELLED, _COMPOSER),
    (_S.APPROVED, _T.SCHEDULE): _system(_S.SCHEDULED),
    (_S.APPROVED, _T.BEGIN): _system(_S.PUBLISHING),
    (_S.APPROVED, _T.CANCEL): Rule(_S.CANCELLED, _COMPOSER),
    (_S.SCHEDULED, _T.REVISE): Rule(_S.DRAFT, _COMPOSER),
    (_S.SCHEDULED, _T.BEGIN): _system(_S.PUBLISHING),
    (_S.SCHEDULED, _T.CANCEL): Rule(_S.CANCELLED, _COMPOSER),
    # What has not gone out yet does not go out any more; what became of it all is seen then.
    (_S.PUBLISHING, _T.CANCEL): Rule(_S.PUBLISHING, _COMPOSER),
    (_S.PUBLISHING, _T.RETRY): Rule(_S.PUBLISHING, Actor.APPROVER),
    (_S.PUBLISHING, _T.ALL_SENT): _system(_S.PUBLISHED),
    (_S.PUBLISHING, _T.SOME_SENT): _system(_S.PARTLY_FAILED),
    (_S.PUBLISHING, _T.NONE_SENT): _system(_S.FAILED),
    (_S.PUBLISHING, _T.CALLED_OFF): _system(_S.CANCELLED),
    # Somebody found out that it had arrived after all, or has it sent again.
    (_S.PARTLY_FAILED, _T.ALL_SENT): _system(_S.PUBLISHED),
    (_S.PARTLY_FAILED, _T.RETRY): Rule(_S.PUBLISHING, Actor.APPROVER),
    (_S.FAILED, _T.ALL_SENT): _system(_S.PUBLISHED),
    (_S.FAILED, _T.SOME_SENT): _system(_S.PARTLY_FAILED),
    (_S.FAILED, _T.RETRY): Rule(_S.PUBLISHING, Actor.APPROVER),
}

#: Nothing happens to it any more.
ENDED: Final = frozenset({State.PUBLISHED, State.CANCELLED})


def allowed(state: State, trigger: Trigger) -> Rule | None:
    """The rule for ``trigger`` in ``state``, or None when it is not allowed."""
    return RULES.get((state, trigger))


def composes(viewer: Viewer) -> bool:
    """Whether he may write, propose and call off publications."""
    return viewer.role in ("editor", "supervisor", "admin")


def approves(viewer: Viewer) -> bool:
    """Whether he may approve what others wrote."""
    return viewer.supervises


def may_cause(viewer: Viewer, rule: Rule, stands_behind: frozenset[str]) -> bool:
    """Whether ``viewer`` may cause the change.

    Args:
        stands_behind: who wrote or proposed what is to be decided about.
    """
    if rule.second_person and viewer.id in stands_behind:
        return False
    match rule.actor:
        case Actor.COMPOSER:
            return composes(viewer)
        case Actor.APPROVER:
            return approves(viewer)
        case Actor.SYSTEM:
            return False
