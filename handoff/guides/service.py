"""Guides in the hands of a person: one sends the first step, the citizen's buttons bring the next, both see where he is."""

from __future__ import annotations

from typing import Any

import structlog

from handoff.broker import Broker
from handoff.conversations import repository
from handoff.conversations.events import EventLog
from handoff.conversations.models import Conversation, Message
from handoff.conversations.schemas import Utterance, message_view
from handoff.desk import Desk, may
from handoff.guides.ports import GuideBook
from handoff.guides.schemas import guide_view, progress
from handoff.staff.schemas import Viewer
from kit.db import UnitOfWork
from kit.errors import NotFound

log = structlog.get_logger(__name__)


class Guides:
    """Sending a guide, and going on with it; permission is checked here and by the desk, from the session's viewer."""

    def __init__(self, broker: Broker, desk: Desk, book: GuideBook) -> None:
        self._broker = broker
        self._desk = desk
        self._book = book

    async def shown(self, viewer: Viewer, conversation_id: str) -> dict[str, Any]:
        """The guides that can be sent, and where the citizen is in one.

        Raises:
            NotFound: there is no such conversation for the viewer.
        """
        async with self._broker.db.read() as session:
            conversation = await repository.visible(session, viewer, conversation_id)
        if conversation is None:
            raise NotFound()
        can_send = "reply" in may(viewer, conversation)
        return {
            "guides": [guide_view(one) for one in self._book.all(viewer.lang)] if can_send else [],
            "running": progress(conversation.context),
        }

    async def send(self, viewer: Viewer, conversation_id: str, client_id: str, guide_id: str) -> dict[str, Any]:
        """Sends the first step; a repeated ``client_id`` sends none. One that was under way is left for this one.

        Raises:
            NotFound: there is no such conversation for the viewer, or no such guide.
            Conflict: the viewer does not hold the conversation.
            PieturaError: a refusal of the platform's; ``mode_not_allowed`` under a comment.
        """

        def composed(conversation: Conversation) -> tuple[Utterance, dict[str, Any]]:
            said = self._book.begin(guide_id, conversation.lang, conversation.context)
            if said is None:
                raise NotFound()
            return said.utterance, {"context": said.context}

        return message_view(await self._desk.reply_with(viewer, conversation_id, client_id, composed))

    async def pressed(
        self, unit: UnitOfWork, events: EventLog, message: Message, standing: repository.Standing
    ) -> None:
        """The citizen has pressed a guide's button while a person holds the conversation, or he waits for one: the next step
        is said in the transaction that stores his message."""
        try:
            said = await self._book.press(message.payload or "", message.lang, standing.context)
        except Exception:
            # His message is stored whatever becomes of the guide; the person sees it.
            log.exception("a guide could not go on", conversation=standing.id)
            return
        if said is not None:
            await self._broker.say(
                unit, events, standing.id, said.utterance, author_kind="assistant", values={"context": said.context}
            )
