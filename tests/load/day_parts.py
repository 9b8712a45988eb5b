"""What a played day is put together of: a clock that is moved, gateways that can die, and citizens' and operators' habits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from gateway.settings import ROOT
from handoff.assistant.ports import HandoffWish, Reply, TurnRequest
from handoff.assistant.turns import Turns
from handoff.broker import Broker, Policy
from handoff.callbacks.service import Callbacks
from handoff.channels.delivery import Delivery
from handoff.channels.inbox import Inbox
from handoff.channels.outbox import Outbox
from handoff.channels.service import Channels
from handoff.conversations.schemas import Utterance
from handoff.desk import Desk
from handoff.level2.mailer import Writer
from handoff.level2.tasks import Level2Watch
from handoff.notices.live import LiveNotices
from handoff.queue.router import Router
from handoff.service_clock.service import WorkingCalendar
from handoff.tasks import Sweep
from kit.bus import Bus
from kit.db import Database
from kit.i18n import Catalogue
from kit.vault import Vault
from tests.handoff.channels.saboteur import Crash, Saboteur
from tests.handoff.channels.world import ScriptedConnector

__all__ = ["Crash", "Gateway", "MovedClock", "Parts", "asked"]


class MovedClock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """The day's present."""
        return self.at


class HandsOver:
    """The assistant, as far as a day needs one: knows whose the question is, and that a person is wanted."""

    async def answer(self, request: TurnRequest) -> Reply:
        """A wish for a person, about the institution that the text names."""
        wish = HandoffWish("asked")
        return Reply("handoff", request.lang, (), {}, wish, institution_id=request.text.split()[-1])

    def greeting(self, lang: str) -> Utterance:
        """The first words."""
        return Utterance("Labdien!", lang)


class Names:
    """Ids are names enough."""

    def service(self, service_id: str, lang: str) -> str:
        """The id."""
        return service_id

    def institution(self, institution_id: str, lang: str) -> str:
        """The id."""
        return institution_id


@dataclass(frozen=True)
class Parts:
    """What all gateways of a day share: the database's address, the clock, the platform."""

    url: str
    clock: MovedClock
    platform: ScriptedConnector
    vault: Vault

    def gateway(self, name: str) -> Gateway:
        """A gateway that has just started."""
        return Gateway(name, self)


class Gateway:
    """One gateway's share of the work, on a database that others share; it can die at any statement."""

    def __init__(self, name: str, parts: Parts) -> None:
        self.name = name
        self.db = db = Database(parts.url)
        self.saboteur = Saboteur(db)
        texts, clock, names = Catalogue(ROOT / "handoff" / "locales"), parts.clock, Names()
        calendar = WorkingCalendar(time(8), time(18), {})
        outbox = Outbox(Channels({parts.platform.name: parts.platform}, parts.vault), texts, clock)
        policy = Policy(holder_gone=timedelta(seconds=60))
        self.broker = broker = Broker(
            db, Bus(), clock, HandsOver(), lambda: calendar, texts, names, policy, outbox=outbox
        )
        self.callbacks = Callbacks(broker, parts.vault)
        broker.on_contact = self.callbacks.wanted_by_citizen
        self.notices = broker.notices = LiveNotices(db, clock)
        self.turns = Turns(broker)
        self.inbox = Inbox(broker, outbox)
        self.delivery = Delivery(broker, outbox)
        self.sweep = Sweep(broker, self.turns)
        self.router = Router(broker)
        self.desk = Desk(broker)
        self.level2 = Level2Watch(broker, None, Writer(texts, names, broker.level2, "https://pietura.lv", ""))

    async def drain(self) -> None:
        """Until nothing of this gateway's is under way."""
        await self.turns.drain(5)
        await self.delivery.drain(5)

    async def look(self) -> None:
        """What each of its tasks does once a second, but the routing."""
        await self.notices.once()
        await self.inbox.once()
        await self.turns.drain(5)
        await self.sweep.once()
        await self.level2.look()
        await self.turns.drain(5)
        while await self.delivery.once():
            # One after the other in each thread.
            await self.delivery.drain(5)


async def asked(
    alive: Sequence[Gateway],
    chance: Random,
    work: Callable[[Gateway], Awaitable[Any]],
    bury: Callable[[], Awaitable[None]],
) -> Any:
    """What a page does: asks a gateway, and when it dies, another, with the same ids. ``bury``: takes out those that have died,
    and is called after each try."""
    while True:
        gateway = chance.choice(alive)
        try:
            found = await work(gateway)
            await gateway.turns.drain(5)
        except Crash:
            await bury()
            continue
        await bury()
        return found
