"""The citizens' gate: all that a channel's connector may ask of the broker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from handoff.attachments.repository import changed_messages
from handoff.attachments.schemas import Upload
from handoff.attachments.service import Attachments, Outgoing
from handoff.broker import Broker, greeting_id
from handoff.conversations import repository
from handoff.conversations.models import Message, Site
from handoff.conversations.schemas import Contact, Inbound, Receipt, message_view
from handoff.live import Feed, Listener
from handoff.sites import rules, wording
from handoff.state_machine import ENDED
from kit.errors import NotFound


class CitizenGate:
    """What citizens can do and see, by conversation; connectors prove first that the conversation is theirs."""

    def __init__(self, broker: Broker, feed: Feed) -> None:
        self._broker = broker
        self._feed = feed
        self.limit = broker.policy.text_limit

    @property
    def attachments(self) -> Attachments | None:
        """Files of the web chat; None where none are taken."""
        return self._broker.attachments

    async def upload(self, upload: Upload, chunks: AsyncIterator[bytes]) -> dict[str, Any]:
        """See :meth:`handoff.attachments.service.Attachments.receive`."""
        return await self._files().receive(upload, chunks)

    async def withdraw(self, attachment_id: str, conversation_id: str) -> None:
        """See :meth:`handoff.attachments.service.Attachments.withdraw`."""
        await self._files().withdraw(attachment_id, conversation_id, None)

    async def attachment(self, attachment_id: str, conversation_ids: Sequence[str]) -> Outgoing:
        """See :meth:`handoff.attachments.service.Attachments.open`."""
        files = self._files()
        async with self._broker.db.read() as session:
            return await files.open(session, attachment_id, conversation_ids)

    def _files(self) -> Attachments:
        if self._broker.attachments is None:
            raise NotFound()
        return self._broker.attachments

    def listen(self, listener: Listener) -> None:
        """Calls ``listener`` with every event and ephemeral notice of this worker."""
        self._feed.listen(listener)

    async def site(self, key: str) -> Site | None:
        """A web-chat account."""
        async with self._broker.db.read() as session:
            return await repository.site(session, key)

    def banners(self, site: str) -> list[dict[str, Any]]:
        """Notices to the citizens of a site; see :meth:`handoff.notices.live.LiveNotices.banners`."""
        return self._broker.notices.banners(site) if self._broker.notices is not None else []

    def invitations(self, site: Site) -> list[dict[str, Any]]:
        """When the chat invites now; see :func:`handoff.sites.rules.in_force`."""
        return rules.in_force(site.proactive, self._broker.clock.now())

    def wording(self, site: Site) -> dict[str, dict[str, str]]:
        """The site's own words by language; see :func:`handoff.sites.wording.widget_texts`."""
        return wording.widget_texts(site.name, site.texts or {})

    async def receive(self, inbound: Inbound) -> Receipt:
        """See :meth:`handoff.broker.Broker.receive`."""
        return await self._broker.receive(inbound)

    async def state(self, conversation_id: str) -> dict[str, Any]:
        """The conversation as the citizen may see it: language, state, how far staff has read; ``exists`` tells whether it
        was begun at all."""
        async with self._broker.db.read() as session:
            conversation = await repository.get(session, conversation_id)
            if conversation is None:
                return {"exists": False, "lang": None, "ended": False, "seen": 0, "state": _FRESH}
            return {
                "exists": True,
                "lang": conversation.lang,
                "ended": conversation.state in ENDED or conversation.state == "wrap_up",
                "seen": conversation.staff_read_seq,
                "state": await self._broker.view_for_citizen(session, conversation),
            }

    async def messages_after(self, conversation_id: str, cursor: int) -> list[dict[str, Any]]:
        """What was said after ``cursor``, as it goes over the wire."""
        async with self._broker.db.read() as session:
            return [message_view(m) for m in await repository.messages_after(session, conversation_id, cursor)]

    async def changed_messages(self, conversation_id: str, cursor: int) -> list[dict[str, Any]]:
        """What was said up to ``cursor`` and has changed since: whoever was away has the old form of it."""
        async with self._broker.db.read() as session:
            return [message_view(m) for m in await changed_messages(session, conversation_id, cursor)]

    def greeting(self, conversation_id: str, lang: str, site: str) -> dict[str, Any]:
        """The first words, before there is anything to store; they keep their id when they are."""
        utterance = self._broker.first_words(lang, site)
        # Without a time: nothing has been said yet.
        return message_view(
            Message(
                id=greeting_id(conversation_id),
                seq=1,
                author_kind="assistant",
                text=utterance.text,
                lang=utterance.lang,
                extras=utterance.extras(),
            )
        )

    async def rate(self, conversation_id: str, score: int, comment: str | None) -> None:
        """See :meth:`handoff.broker.Broker.rate`."""
        await self._broker.rate(conversation_id, score, comment)

    async def leave_contact(self, conversation_id: str, contact: Contact) -> None:
        """See :meth:`handoff.broker.Broker.leave_contact`."""
        await self._broker.leave_contact(conversation_id, contact)

    async def set_language(self, conversation_id: str, lang: str) -> None:
        """See :meth:`handoff.broker.Broker.set_language`."""
        await self._broker.set_language(conversation_id, lang)

    async def read_up_to(self, conversation_id: str, seq: int) -> None:
        """See :meth:`handoff.broker.Broker.citizen_read`."""
        await self._broker.citizen_read(conversation_id, seq)

    async def seen(self, conversation_id: str) -> None:
        """See :meth:`handoff.broker.Broker.citizen_seen`."""
        await self._broker.citizen_seen(conversation_id)

    async def end(self, conversation_id: str) -> None:
        """See :meth:`handoff.broker.Broker.end_by_citizen`."""
        await self._broker.end_by_citizen(conversation_id)

    async def typing(self, conversation_id: str, on: bool) -> None:
        """The citizen types; nothing of it is stored."""
        await self._broker.bus.publish(
            {"kind": "typing", "conversation": conversation_id, "author": {"kind": "citizen", "name": None}, "on": on}
        )

    def text(self, lang: str, key: str, **values: object) -> str:
        """A sentence from the broker's catalogue."""
        return self._broker.texts.text(lang, key, **values)


_FRESH = {
    "phase": "assistant",
    "name": None,
    "wait_text": None,
    "asks_contact": False,
    "may_rate": False,
    "rated": None,
}
