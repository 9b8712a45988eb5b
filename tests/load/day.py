"""``make bench-day``: a whole day of the real broker and router on a clock that is moved from event to event.

Eight operators of three centres, two thousand citizens in the shape of a working day, on the web chat and on a platform, with an
hour of comments and an outage; breaks, consoles that go away, offers that are passed on or left to run out, transfers,
specialists, call-backs; two gateways, of which one dies in the middle of a statement and is back a quarter of an hour later.
Nothing is modelled but people and the platform: every step is the service's own code on a database. It is looked at each minute
(:mod:`tests.load.day_log`), and what is found at the end is read from the event log alone.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import itertools
import logging
import random
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select, update

from gateway.migrate import migrate
from gateway.settings import ROOT
from handoff.callbacks.models import Callback
from handoff.callbacks.schemas import Finish
from handoff.channels.models import ChannelAccount
from handoff.channels.ports import InboundEvent, Person
from handoff.channels.schemas import DIRECT, Mode
from handoff.conversations.models import Conversation, Message, Site
from handoff.conversations.schemas import WEBCHAT, Contact, Inbound
from handoff.notices.schemas import Texts, WriteNotice
from handoff.notices.service import Notices
from handoff.queue import repository as queues
from handoff.queue.models import COMMON, Queue
from handoff.staff.models import Centre, Institution, Staff
from handoff.staff.schemas import Viewer
from handoff.staff.service import viewer_of
from handoff.state_machine import ENDED, WAITING, State
from kit.db import Database
from kit.errors import PieturaError
from kit.vault import Vault, fresh_key
from tests.handoff.channels.world import PAGE, SECRETS, ScriptedConnector
from tests.load.day_log import TICK_S, Outcome, Watch, read
from tests.load.day_parts import Crash, Gateway, MovedClock, Parts, asked
from tests.load.day_report import as_markdown, as_svg
from tests.load.social import database

__all__ = ["MovedClock"]
_DOCUMENT = ROOT / "docs" / "queues.md"
_PICTURE = ROOT / "docs" / "pictures" / "day.svg"
_MARK = "<!-- measured by `make bench-day`; what stands below is written by it -->"
#: 08:00 in Riga on a Tuesday.
OPENS = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
#: Of a hundred citizens, how many write in each hour from eight o'clock.
_SHAPE = (6, 12, 13, 13, 11, 8, 10, 11, 10, 6)
_LANGUAGES = (("lv", 64), ("ru", 31), ("en", 5))
_ABOUT = (("vsaa", 40), ("vid", 25), ("pmlp", 35))
_PLACES = (("web", 76), ("direct", 14), ("comment", 10))
#: Of the comments, how many come within an hour after something was posted.
_COMMENT_HOUR = 0.6
#: Of what an operator takes: handed to a colleague, or a specialist is brought in.
_HANDED, _BROUGHT = 0.06, 0.05
_OVERTIME = timedelta(hours=2)
_PING_S = 20
_DEAD_FOR = timedelta(minutes=15)
_PHONE = "26123456"
#: name, centre, languages, skills, capacity
_TEAM: tuple[tuple[str, str, list[str], dict[str, int], int], ...] = (
    ("Anna", "riga", ["lv", "ru", "en"], {"pabalsti": 5, "nodokļi": 3}, 4),
    ("Juris", "riga", ["lv", "en"], {"pabalsti": 3}, 4),
    ("Dace", "riga", ["lv", "ru"], {"pabalsti": 4, "nodokļi": 2}, 3),
    ("Jānis", "valmiera", ["lv", "en"], {"nodokļi": 5, "pabalsti": 2}, 4),
    ("Inese", "valmiera", ["lv", "ru"], {"nodokļi": 4}, 4),
    ("Olga", "daugavpils", ["lv", "ru"], {"pabalsti": 4}, 4),
    ("Sergejs", "daugavpils", ["lv", "ru"], {"nodokļi": 3, "pabalsti": 3}, 4),
    ("Elita", "daugavpils", ["lv", "ru", "en"], {"pabalsti": 2}, 3),
)


@dataclass(frozen=True)
class Plan:
    """How large a day.

    Attributes:
        citizens: how many write, spread over ``minutes`` by the shape of a day.
        people: how many of the operators are at work.
        minutes: how much of the day is played, from its beginning.
        deaths: how often a gateway dies.
    """

    citizens: int = 2000
    people: int = 8
    minutes: int = 600
    seed: int = 20261124
    deaths: int = 3


class Day:
    """Plays a plan on a database that is set up."""

    def __init__(self, plan: Plan, url: str) -> None:
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._clock = MovedClock(OPENS)
        self._parts = Parts(url, self._clock, ScriptedConnector(), Vault(fresh_key()))
        #: For looking; it has no part in the work and does not die.
        self._db = Database(url)
        self._alive: list[Gateway] = [self._parts.gateway("A"), self._parts.gateway("B")]
        self._watch = Watch(self._db)
        self._team: dict[str, Viewer] = {}
        self._specialists: dict[str, Viewer] = {}
        self._supervisor: Viewer
        self._account: ChannelAccount
        self._here: set[str] = set()
        self._on_break: set[str] = set()
        self._agenda: list[tuple[datetime, int, Callable[[], Awaitable[None]]]] = []
        self._number = itertools.count()
        self._answered: set[tuple[str, int]] = set()
        self._written: list[str] = []
        self._told: list[str] = []
        self._phones = 0
        self._deaths: list[tuple[datetime, datetime]] = []
        self._notice: tuple[datetime, datetime] | None = None
        self._ends = OPENS

    def _at(self, moment: datetime, what: Callable[[], Awaitable[None]]) -> None:
        heapq.heappush(self._agenda, (moment, next(self._number), what))

    def _in(self, seconds: float, what: Callable[[], Awaitable[None]]) -> None:
        self._at(self._clock.at + timedelta(seconds=seconds), what)

    async def play(self) -> Outcome:
        """The whole day, and what it came to."""
        started = time.monotonic()
        try:
            await self._prepare()
            self._plan_the_day()
            while self._agenda:
                moment, _, what = heapq.heappop(self._agenda)
                self._clock.at = max(self._clock.at, moment)
                await what()
            outcome = Outcome(self._plan.citizens, self._plan.minutes, people=self._plan.people)
            outcome.wrong, outcome.minutes, outcome.deaths = self._watch.wrong, self._watch.minutes, self._deaths
            outcome.callbacks = (self._phones, 0, 0)
            await read(self._db, outcome, self._written, self._told)
            outcome.notice = await self._who_heard_the_notice()
        finally:
            for gateway in self._alive:
                await gateway.drain()
                await gateway.db.close()
            await self._db.close()
        outcome.took_s = time.monotonic() - started
        outcome.dialect = self._db.dialect
        return outcome

    # --- the day's beginning ----------------------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        async with self._db.unit() as unit:
            session = unit.session
            # Of a database with demo accounts nobody else is at work.
            await session.execute(update(Staff).values(disabled=True))
            await session.execute(update(Queue).where(Queue.id != COMMON).values(enabled=False))
            await session.execute(update(Queue).where(Queue.id == COMMON).values(mode="offers", offer_timeout_s=20))
            for centre in ("riga", "valmiera", "daugavpils"):
                await session.merge(Centre(id=centre, name=centre))
            for body, _ in _ABOUT:
                await session.merge(Institution(id=body, name_lv=body))
            await session.merge(Site(key="demo", name="demo"))
            await session.flush()
            for name, centre, languages, skills, capacity in _TEAM[: self._plan.people]:
                staff = self._person(name, "operator", centre_id=centre, languages=languages, skills=skills)
                staff.capacity = capacity
                session.add(staff)
                self._team[staff.id] = viewer_of(staff, "")
            for body, _ in _ABOUT:
                staff = self._person(f"Speciālists {body}", "specialist", institution_id=body)
                session.add(staff)
                self._specialists[body] = viewer_of(staff, "")
            staff = self._person("Līga", "supervisor")
            session.add(staff)
            self._supervisor = viewer_of(staff, "")
            session.add(_queue("day-vid", 1, "vid", {"nodokļi": 3}, ["valmiera"]))
            session.add(_queue("day-vsaa", 2, "vsaa", {"pabalsti": 2}, ["riga", "daugavpils"]))
            self._account = ChannelAccount(
                id=str(uuid.UUID(int=self._random.getrandbits(128))),
                channel=self._parts.platform.name,
                platform_id=PAGE,
                name="Lapa",
                institution_id="vsaa",
                credentials=self._parts.vault.seal(SECRETS),
                settings={},
                enabled=True,
                created_at=OPENS,
            )
            session.add(self._account)
        self._here = set(self._team)

    def _person(self, name: str, role: str, **more: Any) -> Staff:
        return Staff(
            **{
                "id": str(uuid.UUID(int=self._random.getrandbits(128))),
                "email": f"{name.lower().replace(' ', '.')}@day.lv",
                "name": name,
                "role": role,
                "password_hash": "-",
                "languages": ["lv"],
                "skills": {},
                "availability": "available",
                "settings": {},
                "disabled": False,
                **more,
            }
        )

    def _plan_the_day(self) -> None:
        chosen, whole = self._random, timedelta(minutes=self._plan.minutes)
        shape = _SHAPE[: -(-self._plan.minutes // 60)]
        slot_s = whole.total_seconds() / len(shape)
        for _ in range(self._plan.citizens):
            within = chosen.choices(range(len(shape)), shape)[0] * slot_s + chosen.uniform(0, slot_s)
            place = _any(chosen, _PLACES)
            if place == "comment" and chosen.random() < _COMMENT_HOUR:
                within = whole.total_seconds() * chosen.uniform(0.4, 0.5)
            self._at(OPENS + timedelta(seconds=within), lambda one=place: self._somebody_writes(one))  # type: ignore[misc]
        for staff_id in self._team:
            for length_min in (15, 30, 15)[: self._plan.minutes // 200]:
                begins = OPENS + whole * chosen.uniform(0.15, 0.85)
                self._at(begins, lambda one=staff_id: self._break(one, True))  # type: ignore[misc]
                self._at(begins + timedelta(minutes=length_min), lambda one=staff_id: self._break(one, False))  # type: ignore[misc]
            for length_s in (20, 240, 70)[: 2 + self._plan.minutes // 300]:
                begins = OPENS + whole * chosen.uniform(0.05, 0.95)
                self._at(begins, lambda one=staff_id: self._console(one, False))  # type: ignore[misc]
                self._at(begins + timedelta(seconds=length_s), lambda one=staff_id: self._console(one, True))  # type: ignore[misc]
        for number in range(self._plan.deaths):
            # While it is busiest, and not twice at once: somebody is always there.
            self._at(OPENS + whole * (0.2 + 0.6 * (number + 0.5) / self._plan.deaths), self._mortal)
        self._at(OPENS + whole * 0.25, self._outage)
        self._ends = OPENS + whole
        self._at(OPENS, self._look)
        self._at(OPENS, self._minute)

    # --- gateways, and what time brings -----------------------------------------------------------------------------------

    async def _mortal(self) -> None:
        """From now on a gateway dies at one of its next statements, whatever it is at then."""
        if len(self._alive) > 1:
            self._random.choice(self._alive).saboteur.arm(self._random.randint(5, 120))

    async def _bury(self) -> None:
        for gateway in [one for one in self._alive if one.saboteur.died]:
            self._alive.remove(gateway)
            await gateway.drain()
            await gateway.db.close()
            back = self._clock.at + min(_DEAD_FOR, timedelta(minutes=self._plan.minutes / 8))
            self._deaths.append((self._clock.at, back))
            self._at(back, lambda name=gateway.name: self._returns(name))  # type: ignore[misc]

    async def _returns(self, name: str) -> None:
        gateway = self._parts.gateway(name)
        await gateway.notices.once()
        self._alive.append(gateway)

    async def _through(self, work: Callable[[Gateway], Awaitable[Any]]) -> Any:
        return await asked(self._alive, self._random, work, self._bury)

    async def _each(self, work: Callable[[Gateway], Awaitable[Any]]) -> None:
        """What every gateway does by itself: on PostgreSQL at the same time, so that they meet; on SQLite one or the other."""
        if self._db.dialect != "postgresql":
            await self._through(work)
            return
        found = await asyncio.gather(*(work(one) for one in self._alive), return_exceptions=True)
        errors = [one for one in found if isinstance(one, BaseException) and not isinstance(one, Crash)]
        if errors:
            raise errors[0]
        await self._bury()

    async def _look(self) -> None:
        """What time brings, every few seconds; nobody goes home before the last citizen has been served."""
        now = self._clock.now()
        if (now - OPENS).seconds % _PING_S < TICK_S:
            await self._ping()
        if self._db.dialect == "postgresql" or (now - OPENS).seconds % (2 * TICK_S) < TICK_S:
            await self._each(lambda one: one.look())
        await self._route()
        if await self._goes_on():
            self._in(TICK_S, self._look)

    async def _goes_on(self) -> bool:
        now = self._clock.now()
        if now < self._ends:
            return True
        async with self._db.read() as session:
            left = await session.scalar(select(Conversation.id).where(Conversation.state.not_in([*ENDED])).limit(1))
        return left is not None and now < self._ends + _OVERTIME

    async def _minute(self) -> None:
        await self._watch.look(self._clock.now())
        if (self._clock.now() - OPENS).seconds % 600 < 60:
            await self._calls_back()
        if await self._goes_on():
            self._in(60, self._minute)

    async def _ping(self) -> None:
        now = self._clock.now()
        async with self._db.unit() as unit:
            of = update(Staff).where(Staff.id.in_(sorted(self._here)))
            await unit.session.execute(of.values(seen_at=now).execution_options(synchronize_session=False))
            still = update(Conversation).where(Conversation.state.not_in([*ENDED]), Conversation.channel == WEBCHAT)
            await unit.session.execute(still.values(citizen_seen_at=now).execution_options(synchronize_session=False))
            set_away = Staff.away_reason.is_not(None) & Staff.id.in_(sorted(self._here - self._on_break))
            for who in (await unit.session.scalars(select(Staff.id).where(set_away))).all():
                # He sees on his page that he was set to away, and says that he is here.
                self._in(self._random.uniform(20, 90), lambda one=who: self._break(one, False))  # type: ignore[misc]

    async def _route(self) -> None:
        """The router looks whenever something has happened; whoever is asked answers after a moment, or not at all."""
        await self._each(lambda one: one.router.once())
        async with self._db.read() as session:
            offered = (await session.scalars(select(Conversation).where(Conversation.state == State.OFFERED))).all()
        for row in offered:
            if (row.id, row.version) in self._answered or row.offered_to_id is None:
                continue
            self._answered.add((row.id, row.version))
            # A colleague's request is passed on more often than the router's.
            weights = (93, 4, 3) if row.holder_id is None else (75, 12, 13)
            what = self._random.choices(("accept", "pass", "nothing"), weights)[0]
            if what != "nothing":
                key, version, who, accepts = row.id, row.version, row.offered_to_id, what == "accept"
                self._in(self._random.uniform(2, 12), lambda: self._answer(key, version, who, accepts))  # noqa: B023

    # --- citizens ---------------------------------------------------------------------------------------------------------

    async def _somebody_writes(self, place: str) -> None:
        chosen = self._random
        key = str(uuid.UUID(int=chosen.getrandbits(128), version=4))
        text = f"operators {_any(chosen, _ABOUT)}"
        if place == "web":
            sent = str(uuid.UUID(int=chosen.getrandbits(128), version=4))
            inbound = Inbound(key, sent, text, None, _any(chosen, _LANGUAGES), WEBCHAT, "demo", greets=self._greets())
            self._written.append(sent)
            await self._through(lambda one: one.broker.receive(inbound))
            if chosen.random() < 0.3:
                self._in(chosen.uniform(180, 600), lambda: self._loses_patience(key))
        else:
            await self._platform_tells(place, key, text)
        await self._route()

    async def _platform_tells(self, place: str, key: str, text: str) -> None:
        """As a webhook does: what is stored is acknowledged; what is not, or was cut off, is told again."""
        direct = place == "direct"
        event = InboundEvent(
            key=f"e:{key}",
            kind="message" if direct else "comment",
            occurred_at=self._clock.now(),
            thread=f"person-{key}" if direct else f"comment-{key}",
            ref=f"ref-{key}",
            text=text,
            author=Person(f"person-{key}", "Persona"),
            post_ref=None if direct else "post-1",
        )
        self._told.append(event.key)
        await self._through(lambda one: one.inbox.store(self._account, [event]))
        if self._random.random() < 0.2:
            await self._through(lambda one: one.inbox.store(self._account, [event]))
        await self._through(lambda one: one.inbox.once())

    def _greets(self) -> bool:
        """Around the notice everybody is greeted; else it would only be more of the same."""
        around = timedelta(minutes=10)
        return self._notice is not None and self._notice[0] - around < self._clock.now() < self._notice[1] + around

    async def _loses_patience(self, key: str) -> None:
        async with self._db.read() as session:
            row = await session.get(Conversation, key)
        if row is None or row.state not in WAITING or row.holder_id is not None or row.contact is not None:
            return
        if self._random.random() < 0.3:
            self._phones += 1
            await self._through(lambda one: one.broker.leave_contact(key, Contact("Ilze", None, _PHONE)))
        else:
            await self._through(lambda one: one.broker.end_by_citizen(key))
        await self._route()

    async def _outage(self) -> None:
        """A supervisor says what is down; for as long as it is, more people ask about it."""
        now, lasts = self._clock.now(), timedelta(minutes=self._plan.minutes / 10)
        self._notice = (now, now + lasts)
        text = "E-pakalpojumi šobrīd nedarbojas."
        wanted = WriteNotice(
            kind="outage",
            text=Texts(lv=text, ru=text, en=text),
            banner=True,
            greeting=True,
            ends_at=now + lasts,
        )
        await self._through(
            lambda one: Notices(one.db, self._clock, self._told_of_notices).create(self._supervisor, wanted)
        )
        for _ in range(self._plan.citizens // 25):
            self._in(self._random.uniform(0, lasts.total_seconds()), lambda: self._somebody_writes("web"))

    async def _told_of_notices(self) -> None:
        for gateway in self._alive:
            await gateway.notices.once()

    async def _who_heard_the_notice(self) -> tuple[int, int, int]:
        if self._notice is None:
            return (0, 0, 0)
        greeting = (Message.author_kind == "assistant") & (Message.seq == 1)
        async with self._db.read() as session:
            said = (await session.execute(select(Message.at, Message.text).where(greeting))).tuples().all()
        within = [text for at, text in said if self._notice[0] <= at < self._notice[1]]
        others = [text for at, text in said if not self._notice[0] <= at < self._notice[1]]
        return len(within), sum("nedarbojas" in one for one in within), sum("nedarbojas" in one for one in others)

    # --- operators --------------------------------------------------------------------------------------------------------

    async def _row(self, key: str) -> Conversation | None:
        async with self._db.read() as session:
            return await session.get(Conversation, key)

    async def _mode(self, row: Conversation) -> Mode:
        if row.channel == WEBCHAT:
            return DIRECT
        async with self._db.read() as session:
            place = await self._alive[0].broker.place(session, row)
        return "public" if place is not None and place.is_comment else DIRECT

    async def _answer(self, key: str, version: int, who: str, accepts: bool) -> None:
        if who not in self._here:
            return
        viewer = self._team[who]
        row = await self._row(key)
        if row is not None and row.holder_id is not None:
            # A colleague's request may go over his capacity; he says yes only if he has a place.
            async with self._db.read() as session:
                carried = (await queues.loads(session, [who])).get(who, 0)
                capacity = await session.scalar(select(Staff.capacity).where(Staff.id == who)) or 0
            accepts = accepts and carried + row.weight <= capacity * 100
        try:
            if accepts:
                await self._through(lambda one: one.desk.accept(viewer, key, version))
            else:
                await self._through(lambda one: one.desk.decline(viewer, key, version))
        except PieturaError:
            # Taken back a moment before; or it was done when the gateway died, and nobody was told.
            pass
        row = await self._row(key)
        if row is not None and row.holder_id == who and row.state == State.ACTIVE:
            await self._serves(row, who)
        await self._route()

    async def _serves(self, row: Conversation, who: str) -> None:
        """He says something, and goes on in one way or another."""
        viewer, key, chosen = self._team[who], row.id, self._random
        mode, said = await self._mode(row), str(uuid.UUID(int=chosen.getrandbits(128), version=4))
        try:
            await self._through(lambda one: one.desk.reply(viewer, key, said, "Labdien! Palīdzēšu.", mode))
        except PieturaError:
            return
        way = chosen.random()
        if way < _HANDED:
            self._in(chosen.uniform(30, 90), lambda: self._hands_over(key, who))
        elif way < _HANDED + _BROUGHT and mode == DIRECT:
            self._in(chosen.uniform(30, 90), lambda: self._brings_specialist(key, who))
        self._in(chosen.lognormvariate(5.5, 0.45), lambda: self._done(key, who))

    async def _hands_over(self, key: str, who: str) -> None:
        row = await self._row(key)
        others = sorted(self._here - self._on_break - {who})
        if row is None or row.holder_id != who or row.state != State.ACTIVE or who not in self._here or not others:
            return
        to = self._random.choice(others)
        try:
            await self._through(lambda one: one.desk.transfer(self._team[who], key, row.version, to, "Lūdzu"))
        except PieturaError:
            return
        await self._route()

    async def _brings_specialist(self, key: str, who: str) -> None:
        row = await self._row(key)
        if row is None or row.holder_id != who or row.state != State.ACTIVE or who not in self._here:
            return
        body = row.institution_id or "vsaa"
        try:
            await self._through(lambda one: one.desk.level2(self._team[who], key, row.version, body, "Jautājums"))
        except PieturaError:
            return
        self._in(self._random.uniform(120, 900), lambda: self._specialist_answers(key, body))

    async def _specialist_answers(self, key: str, body: str) -> None:
        viewer, said = self._specialists[body], str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        row = await self._row(key)
        if row is None or row.state != State.LEVEL2:
            return
        try:
            await self._through(lambda one: one.desk.take(viewer, key, row.version))
        except PieturaError:
            pass
        try:
            await self._through(lambda one: one.desk.reply(viewer, key, said, "Tā ir pareizi."))
            now = await self._row(key)
            assert now is not None
            await self._through(lambda one: one.desk.level2_done(viewer, key, now.version, None))
        except PieturaError:
            return
        await self._route()

    async def _done(self, key: str, who: str) -> None:
        row = await self._row(key)
        if row is None or row.holder_id != who or row.state in ENDED:
            return
        if who not in self._here or row.state in (State.OFFERED, State.LEVEL2):
            # His console is gone: he goes on when it is back, if the conversation is still his; or others are at it.
            self._in(TICK_S * 2, lambda: self._done(key, who))
            return
        try:
            await self._through(
                lambda one: one.desk.close(self._team[who], key, row.version, "other", "resolved", None)
            )
        except PieturaError:
            self._in(TICK_S, lambda: self._done(key, who))
        await self._route()

    async def _calls_back(self) -> None:
        """Whoever is there calls those who left a number."""
        async with self._db.read() as session:
            waiting = (await session.scalars(select(Callback).where(Callback.state == "open"))).all()
        for row in waiting:
            if not self._here:
                return
            viewer = self._team[self._random.choice(sorted(self._here))]
            try:
                taken = await self._through(lambda one: one.callbacks.take(viewer, row.id, row.version))  # noqa: B023
                done = Finish(version=taken["version"], outcome="reached")
                await self._through(lambda one: one.callbacks.finish(viewer, row.id, done))  # noqa: B023
            except PieturaError:
                continue

    async def _break(self, who: str, begins: bool) -> None:
        async with self._db.unit() as unit:
            staff = await unit.session.get(Staff, who)
            assert staff is not None
            staff.availability = "away" if begins else "available"
            staff.away_reason, staff.missed_offers = None, 0
        (self._on_break.add if begins else self._on_break.discard)(who)
        await self._route()

    async def _console(self, who: str, there: bool) -> None:
        (self._here.add if there else self._here.discard)(who)
        if there:
            async with self._db.unit() as unit:
                staff = await unit.session.get(Staff, who)
                assert staff is not None
                staff.seen_at = self._clock.now()
                if who not in self._on_break:
                    # Whoever was set to away meanwhile sees it, and says that he is back.
                    staff.availability, staff.away_reason, staff.missed_offers = "available", None, 0
        await self._route()


def _queue(key: str, position: int, body: str, skills: dict[str, int], centres: list[str]) -> Queue:
    return Queue(
        id=key,
        name_lv=key,
        name_ru=key,
        name_en=key,
        position=position,
        mode="offers",
        enabled=True,
        institutions=[body],
        skills=skills,
        centres=centres,
        overflow_after_s=30,
        offer_timeout_s=20,
    )


def _any(chosen: random.Random, shares: Sequence[tuple[str, int]]) -> str:
    return chosen.choices([name for name, _ in shares], [share for _, share in shares])[0]


async def play(plan: Plan, url: str) -> Outcome:
    """Plays a plan on a database of its own."""
    await migrate(url)
    return await Day(plan, url).play()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench-day", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--citizens", type=int, default=Plan.citizens)
    parser.add_argument("--minutes", type=int, default=Plan.minutes)
    parser.add_argument("--database", nargs="+", choices=("postgres", "sqlite"), default=["postgres", "sqlite"])
    parser.add_argument("--write", action="store_true", help="write figures and picture into docs/, too")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    outcomes = []
    for kind in given.database:
        with tempfile.TemporaryDirectory() as folder, database(kind, Path(folder)) as url:
            outcomes.append(asyncio.run(play(Plan(citizens=given.citizens, minutes=given.minutes), url)))
        print(as_markdown(outcomes[-1]), flush=True)
    if given.write:
        before = _DOCUMENT.read_text("utf-8").split(_MARK)[0]
        told = "\n".join(as_markdown(one) for one in outcomes)
        _DOCUMENT.write_text(f"{before}{_MARK}\n\n![A day, minute by minute](pictures/day.svg)\n\n{told}", "utf-8")
        _PICTURE.write_text(as_svg(outcomes[0]), "utf-8")
    broken = [one for outcome in outcomes for one in outcome.broken]
    for one in broken[:50]:
        print(f"BROKEN: {one}")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
