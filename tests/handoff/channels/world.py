"""A platform in memory and all that stands between it and the broker, without HTTP, Rasa or a knowledge base.

The connector is scripted; everything else is what runs in service: broker, turns, inbox, outbox, delivery, desk.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

import handoff
from handoff.assistant.ports import AssistantUnavailable, HandoffWish, Reply, TurnRequest
from handoff.assistant.turns import Turns
from handoff.broker import Broker, Policy
from handoff.cases.models import Case, CaseEntry
from handoff.channels.delivery import Delivery, DeliveryPolicy
from handoff.channels.inbox import Inbox, InboxPolicy
from handoff.channels.models import ChannelAccount, ChannelThread, InboundEventRow, OutboxRow
from handoff.channels.outbox import Outbox
from handoff.channels.ports import (
    Account,
    AccountHealth,
    Attachment,
    BadPayload,
    BadSignature,
    Capabilities,
    InboundEvent,
    OutboundMessage,
    Person,
    SendResult,
)
from handoff.channels.schemas import pack, unpack
from handoff.channels.service import Channels
from handoff.conversations.models import Conversation, Event, Message
from handoff.conversations.schemas import Button, Link, Utterance
from handoff.desk import Desk
from handoff.service_clock.service import WorkingCalendar
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.staff.service import viewer_of
from handoff.tasks import Sweep
from kit.bus import Bus
from kit.clock import iso
from kit.db import Database
from kit.i18n import Catalogue
from kit.vault import Vault, fresh_key
from tests.stage import MovableClock

PAGE = "1001"
FACEBOOK = Capabilities(
    text_limit=200,
    buttons=True,
    edits=True,
    read_receipts=True,
    typing=True,
    reply_window_h=24,
    human_window_h=168,
    comments=True,
    private_reply=True,
    private_reply_window_h=168,
    hide=True,
    posts=True,
)
SECRETS = {"page_token": "page-token-secret", "app_secret": "app-secret", "verify_token": "verify", "app_id": "77"}


@dataclass
class ScriptedConnector:
    """A platform that does what it is told to.

    Attributes:
        sent: what arrived at the platform, in order: (account, thread, kind, text).
        script: results for the sends to come; when it is empty, sends arrive.
        before: called with each message before it arrives; may wait, raise or cancel.
    """

    name: str = "facebook"
    carries: Capabilities = FACEBOOK
    sent: list[tuple[str, OutboundMessage]] = field(default_factory=list)
    script: list[SendResult | Exception] = field(default_factory=list)
    before: Callable[[OutboundMessage], Any] | None = None
    health: AccountHealth = field(default_factory=lambda: AccountHealth(ok=True, name="Lapa", webhook="ok"))
    to_poll: list[InboundEvent] = field(default_factory=list)
    polled: list[str | None] = field(default_factory=list)
    subscribed: list[str] = field(default_factory=list)
    under_way: dict[str, int] = field(default_factory=dict)
    together: int = 0
    costs: float = 0.0
    _refs: Any = field(default_factory=lambda: itertools.count(1))

    def capabilities(self, account: Account) -> Capabilities:
        return self.carries

    def challenge(self, account: Account, query: Mapping[str, str]) -> tuple[str, str] | None:
        right = query.get("hub.verify_token") == account.credentials.get("verify_token")
        return (query["hub.challenge"], "text/plain") if right and "hub.challenge" in query else None

    def verify(self, account: Account, headers: Mapping[str, str], raw: bytes) -> None:
        secret = account.credentials.get("app_secret")
        if not secret or not hmac.compare_digest(sign(secret, raw), headers.get("x-signature", "")):
            raise BadSignature

    def parse(self, account: Account, raw: bytes) -> list[InboundEvent]:
        try:
            told = json.loads(raw)
            return [from_wire(one) for one in told["events"]]
        except (ValueError, KeyError, TypeError) as error:
            raise BadPayload("events") from error

    async def send(self, account: Account, message: OutboundMessage) -> SendResult:
        where = f"{account.id} {message.thread}"
        self.under_way[where] = self.under_way.get(where, 0) + 1
        self.together = max(self.together, self.under_way[where])
        try:
            if self.before is not None:
                await self.before(message)
            result = self.script.pop(0) if self.script else SendResult("sent")
            if isinstance(result, Exception):
                raise result
            if result.status in ("sent", "unknown"):
                # What is unknown to us has arrived here: the worst of the two cases.
                self.sent.append((account.id, message))
            if result.status == "sent" and result.ref is None:
                result = replace(result, ref=f"out-{next(self._refs)}", cost=result.cost or self.costs)
            await asyncio.sleep(0)
            return result
        finally:
            self.under_way[where] -= 1

    async def check(self, account: Account) -> AccountHealth:
        return self.health

    async def subscribe(self, account: Account, webhook_url: str) -> AccountHealth:
        self.subscribed.append(webhook_url)
        return self.health

    async def poll(self, account: Account, since: str | None) -> tuple[list[InboundEvent], str | None]:
        self.polled.append(since)
        found, self.to_poll = self.to_poll, []
        return found, str(int(since or 0) + 1)

    def price(self, account: Account, message: OutboundMessage) -> float:
        return self.costs

    async def close(self) -> None:
        return

    def texts(self, thread: str | None = None, kind: str | None = None) -> list[str]:
        """What arrived, by thread and kind."""
        return [
            message.text
            for _, message in self.sent
            if (thread is None or message.thread == thread) and (kind is None or message.kind == kind)
        ]


def sign(secret: str, raw: bytes) -> str:
    """The signature that the scripted platform puts on its calls."""
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def to_wire(event: InboundEvent) -> dict[str, Any]:
    """An event in the scripted platform's JSON."""
    return {
        "key": event.key,
        "kind": event.kind,
        "at": iso(event.occurred_at),
        "thread": event.thread,
        "page_id": event.page_id,
        "packed": pack(event),
    }


def from_wire(told: dict[str, Any]) -> InboundEvent:
    """The scripted platform's JSON as an event."""
    at = datetime.fromisoformat(told["at"])
    return replace(unpack(told["key"], told["kind"], at, told["thread"], told["packed"]), page_id=told["page_id"])


class ScriptedAssistant:
    """Answers by what is in the text; ``seen`` are the questions it was asked."""

    def __init__(self) -> None:
        self.seen: list[TurnRequest] = []
        self.before: Callable[[TurnRequest], Any] | None = None

    async def answer(self, request: TurnRequest) -> Reply:
        self.seen.append(request)
        if self.before is not None:
            await self.before(request)
        text, context = request.text.lower(), {**request.context}
        if "avārija" in text:
            raise AssistantUnavailable("down")
        if "operators" in text:
            return Reply("handoff", request.lang, (), context, handoff=HandoffWish("asked"))
        if "deg" in text:
            return Reply("emergency", request.lang, (Utterance("Zvaniet 112!", request.lang),), context)
        if "pabalst" in text:
            said = Utterance(
                "Slimības pabalsts. Piesakieties portālā.",
                request.lang,
                (Button("Cik?", "aspect:amount"), Button("Kā?", "aspect:how")),
                (Link("Pieteikties", "https://latvija.example/pabalsts"),),
            )
            context["answers"] = int(context.get("answers", 0)) + 1
            return Reply("answered", request.lang, (said,), context, service_id="vsaa-slimibas-pabalsts")
        if request.payload:
            return Reply("answered", request.lang, (Utterance(f"Poga {request.payload}", request.lang),), context)
        return Reply("clarify", request.lang, (Utterance("Nesapratu.", request.lang),), context)

    def greeting(self, lang: str) -> Utterance:
        return Utterance("Labdien! Es esmu Pieturas asistents.", lang)


class _Names:
    def service(self, service_id: str, lang: str) -> str:
        return service_id

    def institution(self, institution_id: str, lang: str) -> str:
        return institution_id


@dataclass
class Worker:
    """One gateway worker's share of the work, on a database that others may share."""

    db: Database
    clock: MovableClock
    broker: Broker
    turns: Turns
    inbox: Inbox
    outbox: Outbox
    delivery: Delivery
    sweep: Sweep
    desk: Desk

    async def settle(self, rounds: int = 200) -> None:
        """Works until there is nothing to do now."""
        for _ in range(rounds):
            worked = await self.inbox.once()
            await self.turns.drain(5)
            worked += await self.delivery.once()
            await self.delivery.drain(5)
            if not worked:
                return
        raise AssertionError("the work does not come to an end")


class World:
    """A worker, a platform and its people."""

    def __init__(self, url: str, clock: MovableClock | None = None) -> None:
        self.url = url
        self.clock = clock or MovableClock()
        self.platform = ScriptedConnector()
        self.assistant = ScriptedAssistant()
        self.vault = Vault(fresh_key())
        self._numbers = itertools.count(1)
        self.account: ChannelAccount
        self.worker: Worker = self.new_worker()
        self.workers = [self.worker]

    def new_worker(
        self,
        inbox_policy: InboxPolicy | None = None,
        delivery_policy: DeliveryPolicy | None = None,
        db: Database | None = None,
    ) -> Worker:
        """Another worker on the same database; ``db`` when it may have the connections of one that is dead."""
        db = db or Database(self.url)
        texts = Catalogue(Path(str(handoff.__file__)).parent / "locales")
        channels = Channels({self.platform.name: self.platform}, self.vault)
        outbox = Outbox(channels, texts, self.clock)
        calendar = WorkingCalendar()
        broker = Broker(
            db, Bus(), self.clock, self.assistant, lambda: calendar, texts, _Names(), Policy(), outbox=outbox
        )
        turns = Turns(broker)
        return Worker(
            db,
            self.clock,
            broker,
            turns,
            Inbox(broker, outbox, policy=inbox_policy),
            outbox,
            Delivery(broker, outbox, policy=delivery_policy),
            Sweep(broker, turns),
            Desk(broker),
        )

    async def open(self, **settings: Any) -> World:
        """Adds the page's account."""
        self.account = await self.add_account(PAGE, **settings)
        return self

    async def add_account(self, platform_id: str, **settings: Any) -> ChannelAccount:
        """Another account of the platform."""
        row = ChannelAccount(
            id=str(uuid.uuid4()),
            channel=self.platform.name,
            platform_id=platform_id,
            name=f"Lapa {platform_id}",
            institution_id="vsaa",
            credentials=self.vault.seal(SECRETS),
            settings=settings,
            enabled=True,
            created_at=self.clock.now(),
        )
        async with self.worker.db.unit() as unit:
            unit.session.add(row)
        return row

    async def close(self) -> None:
        """Lets go of the databases."""
        for worker in {id(one): one for one in [self.worker, *self.workers]}.values():
            await worker.turns.drain(5)
            await worker.db.close()

    # --- what people do on the platform ---------------------------------------------------------------------------------

    def message(self, person: str, text: str = "", **more: Any) -> InboundEvent:
        """A direct message."""
        number = next(self._numbers)
        return InboundEvent(
            **{
                "key": f"m:{number}",
                "kind": "message",
                "occurred_at": self.clock.now(),
                "thread": person,
                "ref": f"mid-{number}",
                "text": text,
                "author": Person(person, f"Persona {person}"),
                **more,
            }
        )

    def comment(self, person: str, text: str = "", **more: Any) -> InboundEvent:
        """A comment under a post."""
        number = next(self._numbers)
        ref = more.pop("ref", f"comment-{number}")
        return InboundEvent(
            **{
                "key": f"c:{ref}",
                "kind": "comment",
                "occurred_at": self.clock.now(),
                "thread": ref,
                "ref": ref,
                "text": text,
                "author": Person(person, f"Persona {person}"),
                "post_ref": "post-1",
                **more,
            }
        )

    def about(self, event: InboundEvent, kind: str, **more: Any) -> InboundEvent:
        """Something that happens to a message or comment: edited, deleted, hidden …"""
        changed: dict[str, Any] = {
            "text": "",
            "attachments": (),
            "payload": None,
            "occurred_at": self.clock.now(),
            **more,
        }
        return replace(event, key=f"{event.key}:{kind}:{next(self._numbers)}", kind=kind, **changed)

    def echo(self, thread: str, text: str, **more: Any) -> InboundEvent:
        """Something the account itself wrote."""
        number = next(self._numbers)
        return InboundEvent(
            **{
                "key": f"e:{number}",
                "kind": "echo",
                "occurred_at": self.clock.now(),
                "thread": thread,
                "ref": f"echo-{number}",
                "text": text,
                **more,
            }
        )

    async def tell(self, *events: InboundEvent, account: ChannelAccount | None = None) -> int:
        """The platform tells, and nothing more happens yet; how many were new."""
        return await self.worker.inbox.store(account or self.account, events)

    async def happen(self, *events: InboundEvent) -> None:
        """The platform tells, and everything that follows is done."""
        await self.tell(*events)
        await self.worker.settle()

    # --- what staff do --------------------------------------------------------------------------------------------------

    async def viewer(self, who: str) -> Viewer:
        """A member of staff."""
        async with self.worker.db.read() as session:
            found = await session.scalar(select(Staff).where(Staff.email == f"{who}@demo.lv"))
        assert found is not None
        return viewer_of(found, "")

    async def take(self, conversation_id: str, who: str = "anna") -> Viewer:
        """Somebody takes a waiting conversation."""
        viewer = await self.viewer(who)
        row = await self.conversation(conversation_id)
        await self.worker.desk.take(viewer, conversation_id, row.version)
        return viewer

    # --- what came of it ------------------------------------------------------------------------------------------------

    async def conversation(self, conversation_id: str) -> Conversation:
        """A conversation by its id."""
        async with self.worker.db.read() as session:
            found = await session.get(Conversation, conversation_id)
        assert found is not None
        return found

    async def conversations(self) -> list[Conversation]:
        """All conversations on the platform, oldest first."""
        async with self.worker.db.read() as session:
            rows = await session.scalars(
                select(Conversation).where(Conversation.channel == self.platform.name).order_by(Conversation.opened_at)
            )
            return list(rows)

    async def the_conversation(self) -> Conversation:
        """The only one."""
        (found,) = await self.conversations()
        return found

    async def messages(self, conversation_id: str | None = None, author: str | None = None) -> list[Message]:
        """Messages in order; of all conversations, or of one."""
        query = select(Message).order_by(Message.conversation_id, Message.seq)
        if conversation_id is not None:
            query = query.where(Message.conversation_id == conversation_id)
        if author is not None:
            query = query.where(Message.author_kind == author)
        async with self.worker.db.read() as session:
            return list(await session.scalars(query))

    async def rows(self) -> list[OutboxRow]:
        """The outbox, in order."""
        async with self.worker.db.read() as session:
            return list(await session.scalars(select(OutboxRow).order_by(OutboxRow.id)))

    async def inbound(self) -> list[InboundEventRow]:
        """The inbox, in order."""
        async with self.worker.db.read() as session:
            return list(await session.scalars(select(InboundEventRow).order_by(InboundEventRow.id)))

    async def threads(self) -> dict[str, ChannelThread]:
        """Where conversations live."""
        async with self.worker.db.read() as session:
            return {row.conversation_id: row for row in await session.scalars(select(ChannelThread))}

    async def events(self, kind: str) -> list[Event]:
        """Events of a kind."""
        async with self.worker.db.read() as session:
            return list(await session.scalars(select(Event).where(Event.kind == kind).order_by(Event.seq)))

    async def cases(self) -> list[Case]:
        """All cases."""
        async with self.worker.db.read() as session:
            return list(await session.scalars(select(Case).order_by(Case.no)))

    async def entries(self) -> list[CaseEntry]:
        """All ledger entries."""
        async with self.worker.db.read() as session:
            return list(await session.scalars(select(CaseEntry).order_by(CaseEntry.id)))

    async def reload_account(self) -> ChannelAccount:
        """The account as it is now."""
        async with self.worker.db.read() as session:
            found = await session.get(ChannelAccount, self.account.id)
        assert found is not None
        return found

    def pass_time(self, **span: float) -> None:
        """Moves the clock."""
        self.clock.push(timedelta(**span))


def picture() -> Attachment:
    """A picture as platforms tell of it."""
    return Attachment("image", url="https://cdn.example/1.jpg")
