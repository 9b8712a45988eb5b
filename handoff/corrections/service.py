"""Correcting one's own last message in the web chat.

Only the last thing that was said, by whoever said it, for five minutes, and as long as he may still answer: once the citizen has
answered, another question would stand over his answer. What it said before is kept and shown to staff on record; the citizen sees
that it was corrected. Platforms have rules of their own and are left out.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from handoff.broker import Broker
from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation, Message
from handoff.conversations.schemas import WEBCHAT
from handoff.corrections import repository
from handoff.desk import may
from handoff.search import index as search_index
from handoff.staff.schemas import Viewer
from handoff.state_machine import Actor
from kit.clock import iso
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.textual import clean, shorten

#: How long after it was said a message may be corrected. The console offers it for as long (static/correcting.js).
CORRECTABLE: Final = timedelta(minutes=5)


class Corrections:
    """Corrected messages."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def correct(self, viewer: Viewer, conversation_id: str, seq: int, text: str, before: str) -> Message:
        """Lets a message say ``text`` from now on. When it says that already, nothing happens: so a retry does no harm.

        Raises:
            NotFound: no such message, or none that the viewer may see.
            Forbidden: it is somebody else's.
            PieturaError: ``text_empty``, ``text_too_long``, ``corrections_not_here``: it went out on a platform.
            Conflict: ``correction_too_late``: the five minutes are over, or something was said since; ``not_holder``;
                ``changed``: it does not say ``before`` any longer.
        """
        broker = self._broker
        text = clean(text)
        if len(text) > broker.policy.text_limit:
            raise PieturaError("text_too_long", limit=broker.policy.text_limit)
        async with broker.db.unit() as unit:
            session = unit.session
            conversation = await conversations.visible(session, viewer, conversation_id)
            message = None
            if conversation is not None:
                message = await repository.message(session, conversation_id, seq, hold=True)
                # What whoever was faster has left there.
                await session.refresh(conversation)
            if conversation is None or message is None:
                raise NotFound()
            mark = message.extras.get("placeholder") or ""
            wanted = "\n".join(part for part in (text, mark) if part)
            if not wanted:
                raise PieturaError("text_empty")
            last = await repository.last_said(session, conversation_id)
            self._check(viewer, conversation, message, last)
            if wanted == message.text:
                return message
            if clean(message.text.removesuffix(mark)) != clean(before):
                raise Conflict("changed", state=conversation.state, version=conversation.version)
            old, now = message.text, broker.clock.now()
            values: dict[str, Any] = {"last_at": now}
            if conversation.last_text == shorten(old, 200):
                values["last_text"] = shorten(wanted, 200)
            # Nothing may be said between the look and the write: so the last number is part of it.
            still = (Conversation.last_seq == conversation.last_seq) & (Conversation.version == conversation.version)
            if await conversations.set_where(session, conversation_id, still, values) is None:
                raise Conflict("correction_too_late")
            message.text = wanted
            message.extras = {
                **message.extras,
                "edits": [*message.extras.get("edits", []), {"at": iso(now), "text": old.removesuffix(mark).strip()}],
            }
            await session.flush()
            # What was corrected away must not be found any more.
            await search_index.replace(session, "message", message.id, conversation_id, wanted, message.lang)
            broker.events(unit).add(
                "edited",
                conversation_id,
                actor_kind=Actor.STAFF,
                actor_id=viewer.id,
                cause="corrected",
                data={"seq": seq, "at": iso(now)},
                message=message,
            )
            return message

    def _check(self, viewer: Viewer, conversation: Conversation, message: Message, last: Message | None) -> None:
        if message.author_id != viewer.id or message.author_kind not in ("operator", "specialist"):
            raise Forbidden()
        if conversation.channel != WEBCHAT:
            raise PieturaError("corrections_not_here")
        if "reply" not in may(viewer, conversation):
            raise Conflict("not_holder", state=conversation.state, version=conversation.version)
        late = self._broker.clock.now() - message.at > CORRECTABLE
        if late or last is None or last.id != message.id:
            raise Conflict("correction_too_late")
