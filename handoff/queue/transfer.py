"""Handing a conversation on to a queue: what is known of the queues beforehand, and what it does to the conversation.

It waits anew there, for its citizen is told a new wait, but before those whom nobody has served yet; that he has been answered
once stays true. The rules leave it where a person put it, as long as that queue is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from handoff.broker import Broker, Change
from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation
from handoff.conversations.schemas import WEBCHAT
from handoff.queue import repository, service
from handoff.queue.matching import Operator, place_of
from handoff.queue.models import COMMON, Queue
from handoff.queue.placing import placement
from handoff.staff.schemas import Viewer
from handoff.state_machine import HELD, Actor, Trigger
from kit.clock import iso
from kit.db import UnitOfWork
from kit.errors import Forbidden, NotFound, PieturaError
from kit.i18n import Catalogue
from kit.textual import shorten

#: A summary that was handed on several times must not grow without end.
_SUMMARY = 3000
#: The catalogue's key for what whoever hands on leaves to the next one.
HANDED_ON = "summary.handed_on"


def noted_first(texts: Catalogue, key: str, name: str, note: str, summary: str | None) -> str:
    """The summary with what ``name`` has noted for whoever goes on with it before it, in Latvian, the working language."""
    noted = texts.text("lv", key, name=name, note=note)
    return shorten(" ".join(filter(None, (noted, summary))), _SUMMARY)


def serving(queue: Queue, lang: str | None, team: Sequence[Operator]) -> list[Operator]:
    """Who could ever serve a queue: speaks the language (None: whichever), has the skills, is of a centre that helps. Presence,
    availability and load are left out. In a queue that people take from, skills and centres bind nobody."""
    speaking = [one for one in team if lang is None or lang in one.languages]
    if queue.mode == "pull":
        return speaking
    return [
        one
        for one in speaking
        if place_of(queue, one.centre_id, timedelta.max) is not None
        and all(one.skills.get(skill, 0) >= least for skill, least in queue.skills.items())
    ]


async def choices(broker: Broker, viewer: Viewer, conversation_id: str) -> dict[str, Any]:
    """The queues that are on, with what whoever hands on must know before he does (docs/protocol.md).

    ``conversation_id``: of which conversation; empty: of none in particular.

    Raises:
        Forbidden: he serves nobody.
        NotFound: no such conversation for him.
    """
    if not viewer.serves:
        raise Forbidden()
    now = broker.clock.now()
    async with broker.db.read() as session:
        conversation = None
        if conversation_id:
            conversation = await conversations.visible(session, viewer, conversation_id)
            if conversation is None:
                raise NotFound()
        rows = await repository.queues(session)
        waiting = await repository.waiting_numbers(session)
        team = await repository.team(session, now)
    lang = conversation.lang if conversation is not None else None
    own = (conversation.queue_id or COMMON) if conversation is not None else None
    calendar = broker.calendar()
    opens = service.moment_wording(broker.texts, viewer.lang, calendar.next_opening(now), now, "day.starts")
    closed = not calendar.is_open(now)
    return {
        "closed": broker.texts.text(viewer.lang, "wait.now_closed", when=opens) if closed else None,
        "queues": [
            _choice(one, viewer, serving(one, lang, team), waiting.get(one.id, 0), own=one.id == own)
            for one in rows
            if one.enabled
        ],
    }


def _choice(queue: Queue, viewer: Viewer, able: Sequence[Operator], waiting: int, *, own: bool) -> dict[str, Any]:
    others = [one for one in able if one.id != viewer.id]
    return {
        "id": queue.id,
        "name": queue.name(viewer.lang),
        "mode": queue.mode,
        "waiting": waiting,
        "own": own,
        "able": len(others),
        "ready": sum(one.present and one.available for one in others),
    }


async def hand_on(
    broker: Broker,
    unit: UnitOfWork,
    viewer: Viewer,
    conversation: Conversation,
    queue: Queue | None,
    version: int,
    note: str,
) -> Conversation:
    """Puts a conversation into ``queue``, whose row is held, so that it is on when this is written.

    Whoever held it and whoever moves it are asked last. What waits already goes on waiting as long as it has.

    Raises:
        PieturaError, Conflict: as for :meth:`handoff.desk.Desk.to_queue`.
    """
    session, now = unit.session, broker.clock.now()
    if queue is None or not queue.enabled:
        raise PieturaError("queue_off")
    served = conversation.state in HELD
    if not served and queue.id == (conversation.queue_id or COMMON):
        raise PieturaError("queue_same", queue=queue.name(viewer.lang))
    if not serving(queue, conversation.lang, await repository.team(session, now)):
        raise PieturaError("queue_nobody", queue=queue.name(viewer.lang))
    place = await broker.place(session, conversation)
    values: dict[str, Any] = {
        **await placement(session, conversation, place, conversation.topic),
        "queue_id": queue.id,
        "queue_chosen": True,
        "holder_id": None,
        "offered_to_id": None,
        "offered_at": None,
        "summary": noted_first(broker.texts, HANDED_ON, viewer.name, note, conversation.summary),
    }
    if served:
        before = {conversation.holder_id, viewer.id} - {None}
        values |= {"passed": {str(one): str(iso(now)) for one in before}, "waiting_since": now}
        if conversation.channel == WEBCHAT:
            # On a platform the answer is due, not its beginning: who owes it changes nothing.
            values["due_at"] = broker.calendar().add_working(now, broker.policy.chat_target)
    events = broker.events(unit)
    holder = await conversations.staff_name(session, conversation.holder_id)
    data = {
        "to": queue.name("lv"),
        "to_queue": queue.id,
        "note": note,
        **({"from": holder} if holder is not None and holder != viewer.name else {}),
    }
    changed = await broker.change(
        unit,
        events,
        conversation,
        Change(
            Trigger.TO_QUEUE,
            Actor.STAFF,
            viewer.id,
            cause="to_queue" if served else "moved",
            version=version,
            values=values,
            data=data,
            at=now,
        ),
    )
    if served:
        await broker.tell_wait(unit, events, changed, "broker.to_queue", now)
    return changed
