"""A world with a page, a bot and the web chat, and the desk that says who is who."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from handoff.channels.models import ChannelAccount, ChannelThread
from handoff.channels.ports import Account, Capabilities, Person
from handoff.citizens import repository
from handoff.citizens.desk import CitizenDesk
from handoff.citizens.endpoints import CitizenApi
from handoff.citizens.models import ChannelIdentity, CodeTry, IdentityLink, LinkProof
from handoff.citizens.service import Citizens, Heard
from handoff.citizens.views import CitizenCards
from handoff.conversations import repository as conversations
from handoff.conversations.models import Conversation, Event
from handoff.conversations.schemas import Contact, Inbound
from handoff.staff.models import Audit
from handoff.staff.schemas import Viewer
from tests.handoff.channels.world import FACEBOOK, ScriptedConnector, Worker, World

SECRET = "a-secret-of-the-installation"


@dataclass
class ScriptedBot(ScriptedConnector):
    """Telegram: links bring tokens."""

    name: str = "telegram"
    carries: Capabilities = field(
        default_factory=lambda: replace(FACEBOOK, text_limit=4096, posts=False, comments=False, reply_window_h=None)
    )

    def deep_link(self, account: Account, token: str) -> str:
        username = account.settings.get("username")
        if not username:
            raise ValueError("the bot's username is not known")
        return f"https://t.me/{username}?start={token}"


class Stand(World):
    """Three channels and their citizens."""

    def __init__(self, url: str) -> None:
        self.telegram = ScriptedBot()
        super().__init__(url)
        self.citizens = self.citizens_of(self.worker)
        self.people = CitizenDesk(self.worker.broker, self.citizens)
        self.cards = CitizenCards(self.people, self.worker.broker.texts)

    def new_worker(self, *args: Any, **options: Any) -> Worker:
        """A worker that serves the bot as well."""
        worker = super().new_worker(*args, **options)
        worker.outbox.channels._connectors.update(telegram=self.telegram)
        worker.broker.citizens = self.citizens_of(worker)
        return worker

    def citizens_of(self, worker: Worker) -> Citizens:
        """A worker's citizens."""
        return Citizens(self.clock, worker.broker.texts, worker.outbox.channels, SECRET)

    async def raise_up(self) -> Stand:
        """Adds the bot and people."""
        await self.open()
        self.bot = await self.add_bot("3001", "vsaa", username="vsaa_bots")
        self.liga, self.anna, self.janis = [await self.viewer(who) for who in ("liga", "anna", "janis")]
        self.ieva = await self.viewer("ieva")
        return self

    async def add_bot(self, platform_id: str, institution_id: str, **settings: Any) -> ChannelAccount:
        """A bot."""
        row = ChannelAccount(
            id=str(uuid.uuid4()),
            channel="telegram",
            platform_id=platform_id,
            name=f"Bots {platform_id}",
            institution_id=institution_id,
            credentials=self.vault.seal({"token": "t"}),
            settings=settings,
            enabled=True,
            created_at=self.clock.now(),
        )
        async with self.worker.db.unit() as unit:
            unit.session.add(row)
        return row

    # --- citizens write -------------------------------------------------------------------------------------------------

    async def web(
        self,
        text: str = "operators",
        *,
        contact: Contact | None = None,
        conversation_id: str | None = None,
        **more: Any,
    ) -> str:
        """Somebody writes in the web chat, or goes on there; the conversation's id."""
        conversation_id = conversation_id or str(uuid.uuid4())
        await self.worker.broker.receive(
            Inbound(conversation_id, str(uuid.uuid4()), text, None, "lv", "webchat", "demo", **more)
        )
        await self.worker.turns.drain(5)
        if contact is not None:
            await self.worker.broker.leave_contact(conversation_id, contact)
        return conversation_id

    async def on_page(self, person: str, text: str = "operators", name: str | None = None) -> str:
        """Somebody writes to the page; the conversation's id."""
        return await self._on(self.account, person, text, name)

    async def on_bot(
        self, person: str, text: str = "operators", name: str | None = None, token: str | None = None
    ) -> str:
        """Somebody writes to the bot, or follows a link with ``token``; the conversation's id."""
        return await self._on(self.bot, person, text, name, token)

    async def _on(
        self, account: ChannelAccount, person: str, text: str, name: str | None, token: str | None = None
    ) -> str:
        author = Person(person, name if name is not None else f"Persona {person}")
        await self.tell(self.message(person, text, author=author, token=token), account=account)
        await self.worker.settle()
        return await self._latest(account, person)

    async def _latest(self, account: ChannelAccount, person: str) -> str:
        async with self.worker.db.read() as session:
            found = await session.scalar(
                select(ChannelThread.conversation_id)
                .where(ChannelThread.account_id == account.id, ChannelThread.thread == person)
                .order_by(ChannelThread.received_at.desc(), ChannelThread.conversation_id)
                .limit(1)
            )
        assert found is not None
        return str(found)

    async def hears(
        self,
        conversation_id: str,
        text: str = "",
        token: str | None = None,
        *,
        public: bool = False,
        worker: Worker | None = None,
    ) -> Heard | None:
        """What is made of a code or a token by whoever stores the message."""
        worker = worker or self.worker
        citizens = worker.broker.citizens
        assert citizens is not None
        async with worker.db.unit() as unit:
            conversation = await conversations.get(unit.session, conversation_id)
            assert conversation is not None
            thread = await unit.session.get(ChannelThread, conversation_id)
            return await citizens.heard(
                unit.session,
                worker.broker.events(unit),
                conversation_id,
                channel=conversation.channel,
                account_id=conversation.site,
                external_id=thread.author_id if thread is not None else None,
                name=None,
                text=text,
                token=token,
                public=public,
            )

    # --- what came of it ------------------------------------------------------------------------------------------------

    async def card(self, viewer: Viewer, conversation_id: str) -> dict[str, Any]:
        """The card as somebody sees it."""
        async with self.worker.db.unit() as unit:
            conversation = await conversations.get(unit.session, conversation_id)
            assert conversation is not None
            return await self.cards.card(unit.session, viewer, conversation)

    async def readable(self, viewer: Viewer, conversation_id: str) -> Conversation | None:
        """The conversation, if somebody may read it."""
        async with self.worker.db.read() as session:
            return await repository.readable(session, viewer, conversation_id)

    async def history(self, viewer: Viewer, conversation_id: str) -> set[str]:
        """Other conversations of the same citizen, by the card."""
        return {one["conversation"] for one in (await self.card(viewer, conversation_id))["history"]}

    async def identity(self, conversation_id: str) -> ChannelIdentity:
        """Whose conversation it is."""
        async with self.worker.db.unit() as unit:
            conversation = await unit.session.get_one(Conversation, conversation_id)
            found = await self.citizens.identity_of(unit.session, conversation)
        assert found is not None
        return found

    async def links(self, *, in_force: bool = True) -> list[IdentityLink]:
        """Lines of links."""
        async with self.worker.db.read() as session:
            rows = await session.scalars(select(IdentityLink).order_by(IdentityLink.id))
            return [row for row in rows if row.undone_at is None or not in_force]

    async def all_of(self, table: type[LinkProof] | type[CodeTry] | type[ChannelIdentity]) -> list[Any]:
        """Rows of a table."""
        async with self.worker.db.read() as session:
            return list(await session.scalars(select(table)))

    async def citizen_of(self, conversation_id: str) -> str | None:
        """Whose number an identity has."""
        found = (await self.card(self.liga, conversation_id))["citizen"]
        return str(found) if found is not None else None

    async def trail(self, action: str) -> list[Audit]:
        """Lines of the trail."""
        async with self.worker.db.read() as session:
            return list(await session.scalars(select(Audit).where(Audit.action == action).order_by(Audit.id)))

    async def told(self, kind: str) -> list[Event]:
        """Events of a kind."""
        return await self.events(kind)

    async def served_by(self, viewer: Viewer, conversation_id: str) -> None:
        """Somebody takes a conversation."""
        row = await self.conversation(conversation_id)
        await self.worker.desk.take(viewer, conversation_id, row.version)

    async def version(self, conversation_id: str) -> int:
        """A conversation's version now."""
        return (await self.conversation(conversation_id)).version

    async def set(self, conversation_id: str, **values: Any) -> None:
        """A conversation as if it had gone so."""
        async with self.worker.db.unit() as unit:
            row = await unit.session.get_one(Conversation, conversation_id)
            for name, value in values.items():
                setattr(row, name, value)


def citizen_api(stand: Stand) -> Any:
    """For ``browser`` of the publications' stand."""
    return lambda doors, texts: CitizenApi(stand.people, doors, texts).router()


__all__ = ["SECRET", "Stand", "citizen_api"]
