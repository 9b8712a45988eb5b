"""Where a conversation waits: the first queue whose rules take it, and what it will weigh."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from handoff.channels.rules import Place
from handoff.conversations import repository as conversations
from handoff.conversations.events import EventLog
from handoff.conversations.models import Conversation
from handoff.queue import repository
from handoff.queue.matching import Asked, first
from handoff.queue.models import COMMON, Queue
from handoff.state_machine import Actor, State


async def placement(
    session: AsyncSession, conversation: Conversation, place: Place | None, topic: str | None, *, anew: bool = True
) -> dict[str, Any]:
    """Columns to set when a conversation is queued; whoever passed on it before may be asked again.

    ``place``: where it lives on its platform, None in the web chat; ``topic``: the one it will have. ``anew``: a person is asked
    for anew, so the rules decide; else a queue that a person chose for it holds.
    """
    weights = await repository.weights(session)
    of_place = weights.comment if place is not None and place.is_comment else weights.direct
    queues = await repository.queues(session)
    where = (
        {"queue_id": by_rules(queues, conversation, topic), "queue_chosen": False}
        if anew
        else where_now(queues, conversation, topic)
    )
    return {
        **where,
        "weight": weights.webchat if place is None else of_place,
        "passed": {},
        "waits_for": None,
        "offer_until": None,
    }


def by_rules(queues: Iterable[Queue], conversation: Conversation, topic: str | None = None) -> str:
    """The id of the queue that the rules put a conversation into."""
    return first(queues, asked_of(conversation, topic)) or COMMON


def where_now(queues: Sequence[Queue], conversation: Conversation, topic: str | None = None) -> dict[str, Any]:
    """Columns that say where a conversation waits as the queues are now: where a person put it, while that queue is on."""
    if conversation.queue_chosen and any(one.enabled and one.id == conversation.queue_id for one in queues):
        return {"queue_id": conversation.queue_id, "queue_chosen": True}
    return {"queue_id": by_rules(queues, conversation, topic), "queue_chosen": False}


async def place_anew(
    session: AsyncSession,
    events: EventLog,
    queues: Sequence[Queue],
    conversation: Conversation,
    actor: Actor,
    actor_id: str | None = None,
) -> None:
    """Moves a conversation that waits to where it belongs now, and tells of it; one that has changed meanwhile stays."""
    where = where_now(queues, conversation)
    if where["queue_id"] == (conversation.queue_id or COMMON):
        return
    still = (Conversation.version == conversation.version) & (Conversation.state == State.QUEUED.value)
    values = {**where, "waits_for": None}
    if await conversations.set_where(session, conversation.id, still, values) is not None:
        data = {"queue": where["queue_id"]}
        events.add("queue", conversation.id, actor_kind=actor, actor_id=actor_id, data=data)


def asked_of(conversation: Conversation, topic: str | None) -> Asked:
    """What of a conversation decides its queue."""
    return Asked(
        conversation.channel,
        conversation.lang,
        conversation.institution_id,
        conversation.service_id,
        topic or conversation.topic,
    )
