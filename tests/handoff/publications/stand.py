"""A world with three platforms, people who compose and approve, and the worker that publishes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
from fastapi import FastAPI
from sqlalchemy import select

import handoff
from gateway.app import Gateway, _add_errors
from handoff.channels.models import ChannelAccount, OutboxRow, SocialPost
from handoff.channels.ports import Account, Capabilities, OutboundMessage
from handoff.console.doors import COOKIE, Doors
from handoff.conversations.models import Event
from handoff.publications.endpoints import PublicationApi
from handoff.publications.models import Publication, PublicationTarget
from handoff.publications.schemas import Composed
from handoff.publications.service import Publications
from handoff.publications.tasks import Publisher
from handoff.staff.models import Audit, Staff
from handoff.staff.passwords import hash_password
from handoff.staff.schemas import Viewer
from handoff.staff.service import Accounts, viewer_of
from kit.i18n import Catalogue
from tests.handoff.channels.world import FACEBOOK, ScriptedConnector, Worker, World

PASSWORD = "publicet-2026"
_HASH = hash_password(PASSWORD)
LINK = "https://latvija.example/pabalsts"


@dataclass
class ScriptedX(ScriptedConnector):
    """X: counts a link as 23, charges more for it."""

    name: str = "x"
    carries: Capabilities = field(default_factory=lambda: replace(FACEBOOK, text_limit=10_000, public_limit=280))

    def post_size(self, account: Account, message: OutboundMessage) -> tuple[int, int]:
        return len(message.text) + (24 if message.link else 0), 280

    def price(self, account: Account, message: OutboundMessage) -> float:
        return 0.2 if message.link or "http" in message.text else 0.015


@dataclass
class ScriptedTelegram(ScriptedConnector):
    """Telegram: bots publish nothing."""

    name: str = "telegram"
    carries: Capabilities = field(default_factory=lambda: replace(FACEBOOK, posts=False, comments=False))


class Stand(World):
    """Three platforms and a publisher."""

    def __init__(self, url: str) -> None:
        self.x = ScriptedX()
        self.telegram = ScriptedTelegram()
        super().__init__(url)
        self.publications = self.publications_of(self.worker)
        self.publisher = Publisher(self.publications)

    def new_worker(self, *args: Any, **options: Any) -> Worker:
        """A worker that serves the other two platforms as well."""
        worker = super().new_worker(*args, **options)
        worker.outbox.channels._connectors.update(x=self.x, telegram=self.telegram)
        return worker

    def publications_of(self, worker: Worker) -> Publications:
        """A worker's publications."""
        return Publications(worker.db, worker.broker.bus, self.clock, worker.outbox)

    async def raise_up(self) -> Stand:
        """Adds accounts and people."""
        await self.open()
        self.x_account = await self.add("x", "2001", "Vestnieks")
        self.bot = await self.add("telegram", "3001", "Bots")
        self.foreign = await self.add("facebook", "1002", "Cita lapa", institution_id="pmlp")
        self.liga = await self.viewer("liga")
        self.second = await self.hire("maris", "supervisor")
        self.admin = await self.hire("zane", "admin")
        self.editor = await self.hire("rita", "editor")
        self.own_editor = await self.hire("inga", "editor", institution_id="vsaa")
        self.operator = await self.viewer("anna")
        self.specialist = await self.viewer("ieva")
        return self

    async def add(self, channel: str, platform_id: str, name: str, institution_id: str = "vsaa") -> ChannelAccount:
        """An account on any of the platforms."""
        row = ChannelAccount(
            id=str(uuid.uuid4()),
            channel=channel,
            platform_id=platform_id,
            name=name,
            institution_id=institution_id,
            credentials=self.vault.seal({"token": "t"}),
            settings={},
            enabled=True,
            created_at=self.clock.now(),
        )
        async with self.worker.db.unit() as unit:
            unit.session.add(row)
        return row

    async def hire(self, name: str, role: str, institution_id: str | None = None) -> Viewer:
        """Somebody new."""
        row = Staff(
            id=str(uuid.uuid4()),
            email=f"{name}@demo.lv",
            name=name.title(),
            role=role,
            password_hash=_HASH,
            institution_id=institution_id,
            languages=["lv"],
            lang="lv",
            availability="available",
            settings={},
        )
        async with self.worker.db.unit() as unit:
            unit.session.add(row)
        return viewer_of(row, "")

    def wanted(self, *accounts: ChannelAccount, **more: Any) -> Composed:
        """A post that is in order."""
        ids = [one.id for one in accounts or (self.account,)]
        return Composed(**{"text": "No 1. marta pabalstu var pieteikt portālā.", "accounts": ids, **more})

    async def proposed(self, *accounts: ChannelAccount, by: Viewer | None = None, **more: Any) -> str:
        """A publication that waits for a second person."""
        by = by or self.editor
        publication_id = await self.publications.create(by, self.wanted(*accounts, **more))
        await self.publications.propose(by, publication_id, 1)
        return publication_id

    async def approved(self, *accounts: ChannelAccount, **more: Any) -> str:
        """One that a second person has approved."""
        publication_id = await self.proposed(*accounts, **more)
        await self.publications.approve(self.liga, publication_id, 2)
        return publication_id

    async def work(self) -> None:
        """Everything that is to be done now is done."""
        await self.publisher.once()
        for _ in range(5):
            await self.worker.settle()
            if not await self.publisher.once():
                return

    async def one(self, publication_id: str) -> Publication:
        """A publication as it is."""
        async with self.worker.db.read() as session:
            found = await session.get(Publication, publication_id)
        assert found is not None
        return found

    async def version(self, publication_id: str) -> int:
        """Its version now."""
        return (await self.one(publication_id)).version

    async def targets(self, publication_id: str) -> dict[str, PublicationTarget]:
        """Where it goes, by account."""
        async with self.worker.db.read() as session:
            rows = await session.scalars(
                select(PublicationTarget).where(PublicationTarget.publication_id == publication_id)
            )
            return {row.account_id: row for row in rows}

    async def posts(self) -> list[SocialPost]:
        """Posts that are known."""
        async with self.worker.db.read() as session:
            return list(await session.scalars(select(SocialPost).order_by(SocialPost.ref)))

    async def trail(self, publication_id: str) -> list[tuple[str | None, str]]:
        """Who did what, by the trail."""
        async with self.worker.db.read() as session:
            rows = await session.scalars(select(Audit).where(Audit.object_id == publication_id).order_by(Audit.id))
            return [(row.staff_id, row.action) for row in rows]

    async def told(self, publication_id: str) -> list[Event]:
        """Its events, in order."""
        async with self.worker.db.read() as session:
            rows = await session.scalars(
                select(Event).where(Event.kind.in_(["publication", "publication_result"])).order_by(Event.seq)
            )
            return [row for row in rows if row.data["publication"] == publication_id]

    async def set_row(self, row_id: int, **values: Any) -> None:
        """A send as if a worker had left it so."""
        async with self.worker.db.unit() as unit:
            row = await unit.session.get(OutboxRow, row_id)
            assert row is not None
            for name, value in values.items():
                setattr(row, name, value)


async def browser(world: World, api: Any, *, who: str, password: str = PASSWORD) -> httpx.AsyncClient:
    """The API behind the console's doors, signed in; ``api``: function from (doors, texts) to a router."""
    db = world.worker.db
    texts = Catalogue(Path(str(handoff.__file__)).parent / "locales")
    accounts = Accounts(db, world.clock)
    app = FastAPI()
    _add_errors(app, cast("Gateway", SimpleNamespace(texts=texts)))
    app.include_router(api(Doors(accounts), texts))
    signed_in = await accounts.sign_in(f"{who}@demo.lv", password)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test/console/api")
    client.headers["cookie"] = f"{COOKIE}={signed_in.cookie}"
    client.headers["x-csrf-token"] = signed_in.viewer.csrf
    return client


def publication_api(publications: Publications) -> Any:
    """For :func:`browser`."""
    return lambda doors, texts: PublicationApi(publications, doors, texts).router()


__all__ = ["LINK", "PASSWORD", "Stand", "browser", "publication_api"]
