"""Which conversations a member of staff may see: the one rule, for SQL and for a row in hand.

Operators see what waits, what is offered to them, and what they hold or held; of what is at level 2 also what has lost its
operator. Specialists see only what was brought to
their own institution (R4). Supervisors and administrators see all; editors and accountants none. A property test keeps the two
forms equal.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, or_, true

from handoff.conversations.models import Conversation
from handoff.staff.schemas import Viewer
from handoff.state_machine import State, lacks_operator


def scope(viewer: Viewer) -> ColumnElement[bool]:
    """The rule as a condition; every query that serves staff carries it."""
    match viewer.role:
        case "supervisor" | "admin":
            return true()
        case "operator":
            return or_(
                Conversation.state == State.QUEUED,
                and_(Conversation.state == State.LEVEL2, Conversation.holder_id.is_(None)),
                Conversation.holder_id == viewer.id,
                and_(Conversation.state == State.OFFERED, Conversation.offered_to_id == viewer.id),
            )
        case "specialist" if viewer.institution_id:
            return Conversation.level2_institution_id == viewer.institution_id
        case _:
            return false()


def sees(viewer: Viewer, conversation: Conversation) -> bool:
    """The rule for a row in hand; live feeds ask it at the moment of delivery."""
    match viewer.role:
        case "supervisor" | "admin":
            return True
        case "operator":
            return (
                conversation.state == State.QUEUED
                or lacks_operator(conversation.state, conversation.holder_id)
                or conversation.holder_id == viewer.id
                or (conversation.state == State.OFFERED and conversation.offered_to_id == viewer.id)
            )
        case "specialist":
            return viewer.institution_id is not None and conversation.level2_institution_id == viewer.institution_id
        case _:
            return False
