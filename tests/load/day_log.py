"""What came of a played day: looked at each minute while it is played, and read from the event log alone at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select

from handoff.board import repository as board
from handoff.board.replay import Replay
from handoff.board.service import window_begins
from handoff.callbacks.models import Callback
from handoff.cases.models import Case
from handoff.channels.models import ChannelThread, InboundEventRow, OutboxRow
from handoff.channels.repository import PENDING
from handoff.conversations.facts import AS
from handoff.conversations.models import Conversation, Event, Message, Turn
from handoff.queue import repository as queues
from handoff.queue.models import COMMON, Queue
from handoff.staff.models import Staff
from handoff.state_machine import ENDED, HELD, WAITING, State
from kit.db import Database

TICK_S: Final = 5
#: After so long without any of the worker's looks having taken it up, something is forgotten.
_FORGOTTEN: Final = timedelta(seconds=6 * TICK_S)


@dataclass(frozen=True)
class Stretch:
    """A part of a wait, and why nobody had it then."""

    since: datetime
    until: datetime
    cause: str

    @property
    def seconds(self) -> float:
        """How long it was."""
        return (self.until - self.since).total_seconds()


@dataclass
class Spell:
    """One wait for a person, from the queue to whoever took it (or to the citizen's leaving)."""

    conversation: str
    since: datetime
    until: datetime
    ended_by: str
    stretches: list[Stretch] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it was."""
        return (self.until - self.since).total_seconds()

    @property
    def because(self) -> dict[str, float]:
        """Seconds by cause."""
        found: Counter[str] = Counter()
        for one in self.stretches:
            found[one.cause] += one.seconds  # type: ignore[assignment]
        return dict(found)


@dataclass(frozen=True)
class Minute:
    """How things stood at a minute: who waits, who is served, how many are there and available, their places, and how many of
    these are taken."""

    at: datetime
    waiting: int
    served: int
    there: int
    places: float
    taken: float


@dataclass
class Outcome:
    """What a day came to.

    Attributes:
        over: moments at which the router had put more to somebody than he can carry; none, or the router is wrong.
        forgotten: conversations that were not ended when everybody had gone home.
        unexplained: waits that hold a stretch of which the log does not tell the cause.
        wrong: what was not as it should be at a minute: the board and the log, loads, what nobody took up.
        lost: what citizens wrote and is not stored, or is stored twice.
        causes: events by cause.
        busiest: the greatest load of each person, in hundredths, and his capacity.
        deaths: when a gateway died, and when it was back.
        notice: citizens greeted while a notice was in force, of these with it; and others with it.
    """

    citizens: int
    minutes_played: int
    conversations: int = 0
    cases: int = 0
    channels: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    spells: list[Spell] = field(default_factory=list)
    over: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    unexplained: list[Spell] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)
    busiest: dict[str, tuple[int, int]] = field(default_factory=dict)
    served: Counter[str] = field(default_factory=Counter)
    takers: dict[str, str] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    minutes: list[Minute] = field(default_factory=list)
    deaths: list[tuple[datetime, datetime]] = field(default_factory=list)
    notice: tuple[int, int, int] = (0, 0, 0)
    callbacks: tuple[int, int, int] = (0, 0, 0)
    took_s: float = 0.0
    dialect: str = ""
    people: int = 0

    @property
    def served_spells(self) -> list[Spell]:
        """Waits that ended with a person."""
        return [spell for spell in self.spells if spell.ended_by == "accept_offer"]

    @property
    def broken(self) -> list[str]:
        """Promises that did not hold."""
        found = [f"over capacity: {one}" for one in self.over]
        found += [f"forgotten: {one}" for one in self.forgotten]
        found += [f"unexplained: {one.conversation}" for one in self.unexplained]
        return [*found, *self.wrong, *self.lost]


class Watch:
    """Looks at a day each minute: the board by the tables is the one by the log, nobody carries too much, nothing lies about."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._replay = Replay()
        self._after = 0
        self.wrong: list[str] = []
        self.minutes: list[Minute] = []

    async def look(self, now: datetime, *, capacities_hold: bool = True) -> None:
        """One minute. ``capacities_hold``: nobody's capacity was lowered under his hands, and nothing taken beyond it."""
        since = min(window_begins(now).values())
        async with self._db.read() as session:
            picture = await board.picture(session, now, since)
            for event in await board.log_until(session, now, self._after, 100_000):
                self._replay.take(event)
                self._after = event.seq
            loads = await queues.loads(session)
            staff = (await session.scalars(select(Staff).where(Staff.disabled.is_(False)))).all()
            left = await self._left_lying(session, now)
        if self._replay.picture(now, since) != picture:
            self.wrong.append(f"{now}: the board is not what the log says")
        operators = [one for one in staff if one.role == "operator"]
        for one in operators:
            if capacities_hold and loads.get(one.id, 0) > one.capacity * 100:
                self.wrong.append(f"{now}: {one.name} carries {loads[one.id]} of {one.capacity * 100}")
        self.wrong += [f"{now}: {what}" for what in left]
        there = [one for one in operators if queues.is_present(one, now) and one.availability == "available"]
        self.minutes.append(
            Minute(
                now,
                sum(talk.waits for talk in picture.talks),
                sum(talk.served for talk in picture.talks),
                len(there),
                sum(one.capacity for one in there),
                sum(loads.get(one.id, 0) for one in there) / 100,
            )
        )

    async def _left_lying(self, session: Any, now: datetime) -> list[str]:
        """What a look of some gateway should have taken up before."""
        c, before = Conversation, now - _FORGOTTEN
        asked: tuple[tuple[str, Any], ...] = (
            (
                "waits, and nobody knows why",
                select(c.id)
                .join(Queue, Queue.id == func.coalesce(c.queue_id, COMMON))
                .where(
                    c.state == State.QUEUED, c.waiting_since < before, c.waits_for.is_(None), Queue.mode == "offers"
                ),
            ),
            (
                "an offer that ran out stands",
                select(c.id).where(c.state == State.OFFERED, c.holder_id.is_(None), c.offer_until < before),
            ),
            (
                "an answer is owed",
                select(Turn.conversation_id).where(Turn.done_at.is_(None), Turn.lease_until < before),
            ),
            (
                "a platform's event is not worked off",
                select(InboundEventRow.key).where(
                    InboundEventRow.state == "new",
                    func.coalesce(InboundEventRow.lease_until, InboundEventRow.received_at) < before,
                ),
            ),
            (
                "a platform is owed an answer",
                select(OutboxRow.conversation_id).where(
                    OutboxRow.state.in_(PENDING), func.coalesce(OutboxRow.lease_until, OutboxRow.created_at) < before
                ),
            ),
        )
        found = []
        for what, query in asked:
            # What was passed on a moment ago has no reason again until the next look.
            found += [f"{what}: {key}" for key in (await session.scalars(query)).all()]
        return found


async def read(db: Database, outcome: Outcome, written: Sequence[str], told: Sequence[str]) -> None:
    """What the event log tells of a day: every load at every moment, and where the time of each wait went.

    ``written``: ids that citizens' widgets gave their messages; ``told``: the platform's ids of what was written there.
    """
    async with db.read() as session:
        rows = {row.id: row for row in (await session.scalars(select(Conversation))).all()}
        people = {one.id: one for one in (await session.scalars(select(Staff))).all()}
        outcome.cases = await session.scalar(select(func.count()).select_from(Case)) or 0
        events = (await session.scalars(select(Event).order_by(Event.seq))).all()
        by_citizens = select(Message.client_id).where(Message.author_kind == "citizen")
        stored = Counter((await session.scalars(by_citizens)).all())
        refs = Counter(
            (await session.scalars(select(InboundEventRow.key).where(InboundEventRow.state == "done"))).all()
        )
        on_platform = await session.scalar(select(func.count()).select_from(ChannelThread)) or 0
        calls = Counter((await session.scalars(select(Callback.state))).all())
    outcome.callbacks = (outcome.callbacks[0], sum(calls.values()), calls["done"])
    outcome.conversations = len(rows)
    outcome.channels = Counter("webchat" if row.channel == "webchat" else "platform" for row in rows.values())
    outcome.states = Counter(row.state for row in rows.values())
    outcome.forgotten = [row.id for row in rows.values() if row.state not in ENDED]
    outcome.lost += [f"{stored[one]} times stored: {one}" for one in written if stored[one] != 1]
    outcome.lost += [f"not worked off: {one}" for one in told if refs[one] != 1]
    if on_platform != outcome.channels["platform"]:
        outcome.lost.append(f"{on_platform} threads of {outcome.channels['platform']} conversations on the platform")
    outcome.about = {
        key: f"{row.lang}, {'the web chat' if row.channel == 'webchat' else row.channel}, {row.institution_id}"
        for key, row in rows.items()
    }
    _waits_and_loads(outcome, events, rows, people)


def _waits_and_loads(
    outcome: Outcome, events: Sequence[Event], rows: dict[str, Conversation], people: dict[str, Staff]
) -> None:
    carrier: dict[str, str] = {}
    load: Counter[str] = Counter()
    waits: dict[str, _Wait] = {}
    for event in events:
        key = event.conversation_id
        if key is None or event.kind not in ("state", "waits"):
            continue
        if event.kind == "waits":
            if key in waits:
                waits[key].turn(event.at, str(event.cause))
            continue
        outcome.causes[str(event.cause)] += 1
        _carry(event, rows[key].weight, carrier, load)
        who = carrier.get(key)
        if who is not None:
            capacity = people[who].capacity * 100
            most = max(load[who], outcome.busiest.get(people[who].name, (0, 0))[0])
            outcome.busiest[people[who].name] = (most, capacity)
            if load[who] > capacity:
                outcome.over.append(f"{people[who].name}: {load[who]} of {capacity} at {event.at}")
        if event.to_state == State.QUEUED and event.from_state not in WAITING:
            waits[key] = _Wait(event.at)
        elif key in waits and event.to_state in WAITING:
            waits[key].turn(event.at, "offered" if event.to_state == State.OFFERED else "")
        elif key in waits and event.from_state in WAITING:
            spell = waits.pop(key).end(key, event)
            outcome.spells.append(spell)
            if event.cause == "accept_offer":
                outcome.served[people[str(event.actor_id)].name] += 1
                outcome.takers[key] = people[str(event.actor_id)].name
    outcome.unexplained = [spell for spell in outcome.spells if spell.because.get("", 0) > 2 * TICK_S]


class _Wait:
    """Where the time of one wait goes, by what the log says at each turn of it."""

    def __init__(self, since: datetime) -> None:
        self._since = self._last = since
        self._cause = ""
        self._stretches: list[Stretch] = []

    def turn(self, at: datetime, cause: str) -> None:
        if at > self._last:
            self._stretches.append(Stretch(self._last, at, self._cause))
        self._last, self._cause = at, cause

    def end(self, key: str, event: Event) -> Spell:
        self.turn(event.at, "")
        return Spell(key, self._since, event.at, str(event.cause), self._stretches)


def _carry(event: Event, weight: int, carrier: dict[str, str], load: Counter[str]) -> None:
    """Who carries a conversation after an event: who holds it, or whom the router has put it to."""
    key = str(event.conversation_id)
    before = carrier.pop(key, None)
    if before is not None:
        load[before] -= weight
    after: str | None = None
    if event.to_state in (*HELD, State.OFFERED):
        after = event.data[AS].get("holder_id") or event.data.get("to_id")
    if after is not None:
        carrier[key] = after
        load[after] += weight
