"""Routing attacked at random: whoever comes, goes, passes, hands on or is given less to do, the same must hold after each act.

Two gateways on one database, of which one may die at any statement. At full length with ``make soak``.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from handoff.conversations.models import Conversation, Event, Site
from handoff.conversations.schemas import WEBCHAT, Inbound
from handoff.desk import may
from handoff.queue import schemas as body
from handoff.queue.administration import QueueAdministration
from handoff.queue.models import COMMON, Queue
from handoff.staff.models import Centre, Institution, Staff
from handoff.staff.schemas import Viewer
from handoff.staff.service import viewer_of
from handoff.state_machine import ENDED, State, lacks_operator
from kit.db import Database
from kit.errors import PieturaError
from kit.vault import Vault, fresh_key
from tests.handoff.channels.world import ScriptedConnector
from tests.load.day_log import Watch
from tests.load.day_parts import Crash, Gateway, MovedClock, Parts, asked
from tests.size import sized

_BEGINS = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
_LANGUAGES = ("lv", "ru", "en")
_SKILLS = ("pabalsti", "nodokļi")
_CENTRES = ("riga", "valmiera")
_BODIES = ("vsaa", "vid")


class _Attack:
    """One game: random acts of everybody on a database that is set up."""

    def __init__(self, url: str, seed: int) -> None:
        self.chance = random.Random(seed)
        self.clock = MovedClock(_BEGINS)
        self._parts = Parts(url, self.clock, ScriptedConnector(), Vault(fresh_key()))
        self.db = Database(url)
        self.alive: list[Gateway] = [self._parts.gateway("A"), self._parts.gateway("B")]
        self.watch = Watch(self.db)
        self.people: dict[str, Viewer] = {}
        self.here: set[str] = set()
        self.done: Counter[str] = Counter()
        self.deaths = self.seen = 0

    async def begin(self) -> None:
        async with self.db.unit() as unit:
            session, draw = unit.session, self.chance
            await session.execute(update(Staff).values(disabled=True))
            await session.execute(update(Queue).where(Queue.id == COMMON).values(mode="offers", offer_timeout_s=20))
            await session.execute(update(Queue).where(Queue.id != COMMON).values(enabled=False))
            for centre in _CENTRES:
                await session.merge(Centre(id=centre, name=centre))
            for institution in _BODIES:
                await session.merge(Institution(id=institution, name_lv=institution))
            await session.merge(Site(key="demo", name="demo"))
            await session.flush()
            for number in range(5):
                staff = Staff(
                    id=str(uuid.UUID(int=draw.getrandbits(128))),
                    email=f"o{number}@random.lv",
                    name=f"Operators {number}",
                    role="operator" if number else "supervisor",
                    password_hash="-",
                    centre_id=draw.choice(_CENTRES),
                    languages=["lv", *draw.sample(("ru", "en"), draw.randint(0, 2))],
                    skills={skill: draw.randint(1, 5) for skill in draw.sample(_SKILLS, draw.randint(0, 2))},
                    capacity=draw.randint(1, 4),
                    availability="available",
                    settings={},
                )
                session.add(staff)
                self.people[staff.id] = viewer_of(staff, "")
        self.here = set(self.people)
        boss = next(one for one in self.people.values() if one.supervises)
        rules = QueueAdministration(self.alive[0].broker)
        for institution, skill in zip(_BODIES, _SKILLS, strict=True):
            wanted = body.NewQueue(
                name=body.Names(lv=institution),
                mode="offers",
                institutions=[institution],
                skills={skill: 2},
                centres=[self.chance.choice(_CENTRES)],
            )
            await rules.create(boss, wanted)

    async def through(self, work: Any) -> Any:
        return await asked(self.alive, self.chance, work, self._bury)

    async def _bury(self) -> None:
        for gateway in [one for one in self.alive if one.saboteur.died]:
            self.alive.remove(gateway)
            await gateway.drain()
            await gateway.db.close()
            self.alive.append(self._parts.gateway(gateway.name))
            self.deaths += 1

    async def everybody_looks(self) -> None:
        """At the same time on PostgreSQL, so that they meet."""
        if self.db.dialect == "postgresql":
            work = [one.sweep.once() for one in self.alive] + [one.router.once() for one in self.alive]
            for found in await asyncio.gather(*work, return_exceptions=True):
                if isinstance(found, BaseException) and not isinstance(found, Crash):
                    raise found
            await self._bury()
        for gateway in list(self.alive):
            try:
                await gateway.look()
                await gateway.router.once()
            except Crash:
                pass
        await self._bury()

    async def step(self) -> None:
        draw = self.chance
        self.clock.at += timedelta(seconds=draw.choice((1, 2, 5, 12, 25, 70)))
        what = draw.choices(
            ("writes", "serves", "comes or goes", "break", "changes", "queue", "mortal", "time"),
            (28, 40, 9, 5, 4, 3, 3, 8),
        )[0]
        await self._signs_of_life()
        try:
            match what:
                case "writes":
                    await self._writes()
                case "serves":
                    await self._serves()
                case "comes or goes":
                    self.here ^= {draw.choice(sorted(self.people))}
                case "break" | "changes":
                    await self._person(what)
                case "queue":
                    await self._queue()
                case "mortal":
                    draw.choice(self.alive).saboteur.arm(draw.randint(1, 60))
                case _:
                    self.clock.at += timedelta(seconds=draw.choice((40, 130, 700)))
                    await self._signs_of_life()
            self.done[what] += 1
        except PieturaError as error:
            self.done[f"refused: {error.code}"] += 1
        if draw.random() < 0.8:
            await self.everybody_looks()

    async def _signs_of_life(self) -> None:
        now = self.clock.now()
        async with self.db.unit() as unit:
            await unit.session.execute(update(Staff).where(Staff.id.in_(sorted(self.here))).values(seen_at=now))
            open_ = update(Conversation).where(Conversation.state.not_in([*ENDED]))
            if self.chance.random() < 0.9:
                await unit.session.execute(open_.values(citizen_seen_at=now))

    async def _writes(self) -> None:
        draw = self.chance
        key, sent = (str(uuid.UUID(int=draw.getrandbits(128), version=4)) for _ in range(2))
        text = f"operators {draw.choice((*_BODIES, 'pmlp'))}"
        inbound = Inbound(key, sent, text, None, draw.choice(_LANGUAGES), WEBCHAT, "demo", greets=False)
        await self.through(lambda one: one.broker.receive(inbound))

    async def _serves(self) -> None:
        draw = self.chance
        async with self.db.read() as session:
            rows = (await session.scalars(select(Conversation).where(Conversation.closed_at.is_(None)))).all()
        acts = sorted(
            (row.id, act, who)
            for row in rows
            for who in self.here
            for act in may(self.people[who], row)
            if act != "return"
        )
        if not acts:
            return
        # Supervisors can do much, and would do nothing else: what is offered is answered first.
        wanted = [one for one in acts if one[1] in ("accept", "decline")] or acts
        key, act, who = draw.choice(wanted if draw.random() < 0.6 else acts)
        row = next(one for one in rows if one.id == key)
        version, viewer = row.version, self.people[who]
        other = draw.choice(sorted(set(self.people) - {who}))
        said = str(uuid.UUID(int=draw.getrandbits(128), version=4))
        self.done[act] += 1
        calls: dict[str, Any] = {
            "take": lambda desk: desk.take(viewer, key, version),
            "accept": lambda desk: desk.accept(viewer, key, version),
            "decline": lambda desk: desk.decline(viewer, key, version),
            "transfer": lambda desk: desk.transfer(viewer, key, version, other, None),
            "assign": lambda desk: desk.assign(viewer, key, version, other, "Vajag"),
            "level2": lambda desk: desk.level2(viewer, key, version, draw.choice(_BODIES), "Jautājums"),
            "level2_done": lambda desk: desk.level2_done(viewer, key, version, None),
            "hold": lambda desk: desk.hold(viewer, key, version, None),
            "resume": lambda desk: desk.resume(viewer, key, version),
            "reply": lambda desk: desk.reply(viewer, key, said, "Labdien!"),
            "close": lambda desk: desk.close(viewer, key, version, "other", "resolved", None),
            "to_queue": lambda desk: desk.to_queue(viewer, key, version, COMMON, "Vajag kolēģi"),
        }
        await self.through(lambda one: calls[act](one.desk))

    async def _person(self, what: str) -> None:
        draw = self.chance
        async with self.db.unit() as unit:
            staff = await unit.session.get(Staff, draw.choice(sorted(self.people)))
            assert staff is not None
            if what == "break":
                staff.availability = "available" if staff.availability == "away" else "away"
                staff.away_reason, staff.missed_offers = None, 0
            else:
                staff.capacity = draw.randint(1, 4)
                staff.languages = ["lv", *draw.sample(("ru", "en"), draw.randint(0, 2))]

    async def _queue(self) -> None:
        draw = self.chance
        boss = next(one for one in self.people.values() if one.supervises)
        async with self.db.read() as session:
            rows = (await session.scalars(select(Queue).order_by(Queue.position, Queue.id))).all()
        row = draw.choice(rows)
        changed = body.ChangedQueue(
            name=body.Names(lv=row.name_lv),
            version=row.version,
            mode=draw.choice(("offers", "offers", "offers", "pull")),
            enabled=row.id == COMMON or draw.random() < 0.7,
            institutions=row.institutions,
            skills=row.skills,
            centres=row.centres,
        )
        await self.through(lambda one: QueueAdministration(one.broker).change(boss, row.id, changed))

    async def check(self) -> None:
        """What must hold at any moment, once everybody has looked."""
        for _ in range(2):
            await self.everybody_looks()
        await self.watch.look(self.clock.now(), capacities_hold=False)
        assert not self.watch.wrong, self.watch.wrong[:3]
        async with self.db.read() as session:
            rows = (await session.scalars(select(Conversation).where(Conversation.closed_at.is_(None)))).all()
            made = (await session.scalars(select(Event).where(Event.cause == "route", Event.seq > self.seen))).all()
        for event in made:
            self.seen = max(self.seen, event.seq)
            why = event.data["why"]
            assert why["load"] + 100 <= why["capacity"], f"put to {event.data['to']} beyond his capacity: {why}"
        for row in rows:
            held = row.state in (State.ACTIVE, State.ON_HOLD, State.LEVEL2, State.WRAP_UP)
            left = lacks_operator(row.state, row.holder_id)
            waits = row.state == State.QUEUED or (row.state == State.OFFERED and row.holder_id is None) or left
            assert not held or row.holder_id is not None or left or row.state == State.WRAP_UP, row.state
            assert (row.waiting_since is not None) == waits, row.state
            assert (row.offered_to_id is not None) == (row.state == State.OFFERED), row.state

    async def heal(self) -> None:
        """Everybody is back and answers what he is offered: in the end nobody waits."""
        for gateway in self.alive:
            gateway.saboteur.disarm()
        self.here = set(self.people)
        async with self.db.unit() as unit:
            able = {"capacity": 4, "languages": list(_LANGUAGES), "skills": dict.fromkeys(_SKILLS, 5)}
            await unit.session.execute(
                update(Staff).where(Staff.id.in_(sorted(self.people))).values(availability="available", **able)
            )
            await unit.session.execute(update(Queue).values(mode="offers"))
        for _ in range(200):
            self.clock.at += timedelta(seconds=65)
            await self._signs_of_life()
            await self.everybody_looks()
            async with self.db.read() as session:
                rows = (await session.scalars(select(Conversation).where(Conversation.closed_at.is_(None)))).all()
            if not rows:
                return
            for row in rows:
                who = row.offered_to_id or row.holder_id
                if lacks_operator(row.state, who):
                    who = next(key for key, one in self.people.items() if "take" in may(one, row))
                if who is None:
                    continue
                viewer, desk = self.people[who], self.alive[0].desk
                acts = may(viewer, row)
                if "take" in acts:
                    await desk.take(viewer, row.id, row.version)
                elif "accept" in acts:
                    await desk.accept(viewer, row.id, row.version)
                elif "resume" in acts:
                    await desk.resume(viewer, row.id, row.version)
                elif "close" in acts:
                    await desk.close(viewer, row.id, row.version, "other", "resolved", None)
        raise AssertionError(f"{[(row.state, row.waits_for) for row in rows]} are never served")

    async def close(self) -> None:
        for gateway in self.alive:
            await gateway.drain()
            await gateway.db.close()
        await self.db.close()


async def _play(url: str, seed: int, steps: int) -> Counter[str]:
    attack = _Attack(url, seed)
    try:
        await attack.begin()
        for number in range(steps):
            await attack.step()
            if number % 4 == 3:
                await attack.check()
        await attack.heal()
        await attack.check()
        attack.done["deaths"] = attack.deaths
        return attack.done
    finally:
        await attack.close()


async def test_routing_holds_whatever_happens(sqlite_url: str) -> None:
    done = await _play(sqlite_url, 5, sized(60, 3000))
    # It was a game only if what can go wrong was played.
    assert {"writes", "accept", "decline", "comes or goes", "queue", "deaths"} <= done.keys()


@pytest.mark.slow
async def test_the_same_where_gateways_meet(postgres_url: str) -> None:
    await _play(postgres_url, 6, sized(25, 3000))
