"""Writing private notes and calling colleagues by them. Permission is checked here, from the session's viewer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.broker import Broker
from handoff.conversations import repository as conversations
from handoff.conversations.events import EventLog
from handoff.conversations.models import Conversation
from handoff.conversations.scope import sees
from handoff.notes import repository
from handoff.notes.models import Note, NoteMention
from handoff.search import index as search_index
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.staff.service import viewer_of
from handoff.state_machine import State
from kit.db import UnitOfWork
from kit.errors import Forbidden, NotFound, PieturaError
from kit.textual import clean


class Notes:
    """Private notes beside conversations."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def add(
        self, viewer: Viewer, conversation_id: str, note_id: str, text: str, mentions: list[str]
    ) -> list[dict[str, Any]]:
        """Adds a note and calls the colleagues in it; all notes of the conversation. A repeated ``note_id`` changes nothing.

        Raises:
            NotFound: there is no such conversation for the viewer.
            Forbidden: the id is another person's note.
            PieturaError: ``text_empty``; ``bad_mention``: somebody is called who may not see the conversation.
        """
        text = clean(text)
        if not text:
            raise PieturaError("text_empty")
        try:
            return await self._add(viewer, conversation_id, note_id, text, mentions)
        except IntegrityError:
            # Two retries at once: the second finds the first one's note.
            return await self._add(viewer, conversation_id, note_id, text, mentions)

    async def _add(
        self, viewer: Viewer, conversation_id: str, note_id: str, text: str, mentions: list[str]
    ) -> list[dict[str, Any]]:
        async with self._broker.db.unit() as unit:
            session = unit.session
            conversation = await conversations.visible(session, viewer, conversation_id)
            if conversation is None:
                raise NotFound()
            there = await repository.one(session, note_id)
            if there is not None:
                if (there.author_id, there.conversation_id) != (viewer.id, conversation_id):
                    raise Forbidden()
                return await repository.of(session, conversation_id)
            may_be_called = {one["id"] for one in await self.mentionable(session, viewer, conversation)}
            wanted = set(mentions) - {viewer.id}
            if not wanted <= may_be_called:
                raise PieturaError("bad_mention")
            now = self._broker.clock.now()
            session.add(Note(id=note_id, conversation_id=conversation_id, author_id=viewer.id, text=text, at=now))
            await session.flush()
            await search_index.add(session, "note", note_id, conversation_id, text, "lv")
            session.add_all(
                NoteMention(note_id=note_id, staff_id=called, conversation_id=conversation_id) for called in wanted
            )
            await session.flush()
            events = self._broker.events(unit)
            answered = await self._answers_level2(unit, events, viewer, conversation, now)
            # The event tells that there is one, never what it says: events lead to citizens as well.
            events.add(
                "note",
                conversation_id,
                actor_kind="staff",
                actor_id=viewer.id,
                data={"note_id": note_id, **({"level2_answered": True} if answered else {})},
                at=now,
            )
            return await repository.of(session, conversation_id)

    async def _answers_level2(
        self, unit: UnitOfWork, events: EventLog, viewer: Viewer, conversation: Conversation, now: datetime
    ) -> bool:
        """Whether the note is what the institution was asked for: a specialist may answer through the operator, and need not
        join for it. Only his first answer stops the clock, whomever he gives it."""
        if viewer.role != "specialist":
            return False
        waits = (Conversation.state == State.LEVEL2) & Conversation.level2_answered_at.is_(None)
        ours = Conversation.level2_institution_id == viewer.institution_id
        answered = await conversations.set_where(
            unit.session, conversation.id, waits & ours, {"level2_answered_at": now}
        )
        if answered is None:
            return False
        await self._broker.service_level.level2_answered(unit, events, answered, now)
        return True

    async def seen(self, viewer: Viewer, conversation_id: str) -> None:
        """The viewer has looked at the notes that call him; his other windows hear of it.

        Raises:
            NotFound: there is no such conversation for the viewer.
        """
        async with self._broker.db.unit() as unit:
            if await conversations.visible(unit.session, viewer, conversation_id) is None:
                raise NotFound()
            if await repository.seen(unit.session, conversation_id, viewer.id, self._broker.clock.now()):
                self._broker.events(unit).add("note_seen", conversation_id, actor_kind="staff", actor_id=viewer.id)

    async def mentionable(
        self, session: AsyncSession, viewer: Viewer, conversation: Conversation
    ) -> list[dict[str, str]]:
        """Colleagues who may see the conversation, and so may be called to it; by name."""
        staff = (await session.scalars(select(Staff).where(Staff.disabled.is_(False)).order_by(Staff.name))).all()
        return [
            {"id": one.id, "name": one.name}
            for one in staff
            if one.id != viewer.id and sees(viewer_of(one, ""), conversation)
        ]
