"""Clocks of conversations: deadlines computed ahead, warnings and breaches on record, and a random day counted again slowly."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from handoff.conversations.facts import AS
from handoff.conversations.models import Conversation, Event, Message
from handoff.conversations.schemas import Inbound
from handoff.desk import Desk, may
from handoff.notes.service import Notes
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level.models import LevelClock, ServiceTarget
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.staff.service import viewer_of
from kit.errors import PieturaError
from tests.stage import Stage

_QUIET = ("Router", "Sweep", "Level2Watch", "ClockWatch", "Rounds.run")


async def _people(stage: Stage) -> dict[str, Viewer]:
    async with stage.gateway.db.read() as session:
        return {one.email.split("@")[0]: viewer_of(one, "") for one in await session.scalars(select(Staff))}


async def _clocks(stage: Stage, conversation_id: str | None = None) -> list[LevelClock]:
    async with stage.gateway.db.read() as session:
        rows = select(LevelClock).order_by(LevelClock.id)
        if conversation_id is not None:
            rows = rows.where(LevelClock.conversation_id == conversation_id)
        return list(await session.scalars(rows))


async def _told(stage: Stage, conversation_id: str) -> list[tuple[str, str | None, Any]]:
    async with stage.gateway.db.read() as session:
        rows = await session.scalars(
            select(Event)
            .where(Event.conversation_id == conversation_id, Event.kind.startswith("clock_"))
            .order_by(Event.seq)
        )
        return [(one.kind, one.cause, one.data.get("share")) for one in rows]


def _still(stage: Stage) -> None:
    """What goes on by itself would come between the test's own steps."""
    for task in stage.gateway._tasks:
        if any(name in repr(task.get_coro()) for name in _QUIET):
            task.cancel()


class _Case:
    """One conversation that people of the desk move."""

    def __init__(self, stage: Stage, people: dict[str, Viewer]) -> None:
        self.stage, self.people = stage, people
        self.desk = Desk(stage.gateway.broker)
        self.id = str(uuid.uuid4())

    async def says(self, text: str = "operators", lang: str = "lv") -> None:
        inbound = Inbound(self.id, str(uuid.uuid4()), text, None, lang, "webchat", "demo")
        await self.stage.gateway.broker.receive(inbound)
        await self.stage.gateway.turns.drain(5)

    async def act(self, who: str, name: str, *more: Any) -> None:
        async with self.stage.gateway.db.read() as session:
            row = await session.get(Conversation, self.id)
        assert row is not None
        await getattr(self.desk, name)(self.people[who], self.id, row.version, *more)

    async def reply(self, who: str) -> None:
        await self.desk.reply(self.people[who], self.id, str(uuid.uuid4()), "Labdien!")

    def after(self, **span: float) -> None:
        self.stage.clock.push(timedelta(**span))

    async def clock(self, kind: str) -> LevelClock:
        return [one for one in await _clocks(self.stage, self.id) if one.kind == kind][-1]


@pytest.fixture
async def case(stage: Stage) -> _Case:
    _still(stage)
    return _Case(stage, await _people(stage))


async def test_warned_at_half_and_at_four_fifths_and_breached_once(case: _Case) -> None:
    watch = case.stage.gateway.clock_watch
    await case.says()
    row = await case.clock("waiting")
    assert row.target_s == 30
    spans = [(at - row.started_at).total_seconds() for at in (row.warn_50_at, row.warn_80_at, row.due_at) if at]
    assert spans == [15, 24, 30]
    await watch.once()
    assert await _told(case.stage, case.id) == []
    case.after(seconds=16)
    await watch.once()
    await watch.once()
    assert await _told(case.stage, case.id) == [("clock_warning", "waiting", 50)]
    case.after(seconds=9)
    await watch.once()
    case.after(seconds=7)
    await watch.once()
    await watch.once()
    told = [
        ("clock_warning", "waiting", 50),
        ("clock_warning", "waiting", 80),
        ("clock_breached", "waiting", None),
    ]
    assert await _told(case.stage, case.id) == told
    await case.act("anna", "take")
    row = await case.clock("waiting")
    assert (row.breached_at, row.cause, row.centre_id) == (row.due_at, "taken", "riga")
    assert await _told(case.stage, case.id) == told, "once"


async def test_a_breach_is_on_record_though_answered_a_second_later_and_nobody_watched(case: _Case) -> None:
    await case.says()
    case.after(seconds=31)
    await case.act("anna", "take")
    row = await case.clock("waiting")
    assert row.breached_at == row.due_at
    assert await _told(case.stage, case.id) == [("clock_breached", "waiting", None)]
    other = _Case(case.stage, case.people)
    await other.says()
    case.after(seconds=28)
    await other.act("anna", "take")
    case.after(seconds=60)
    await case.stage.gateway.clock_watch.once()
    assert (await other.clock("waiting")).breached_at is None
    assert await _told(case.stage, other.id) == []


async def test_what_stands_still_is_not_due_and_goes_on_with_what_is_left(case: _Case) -> None:
    targets = case.stage.gateway.broker.targets
    async with case.stage.gateway.db.unit() as unit:
        for measure, seconds in (("handling", 600), ("resolution", 1200), ("first_response", 120)):
            day = case.stage.clock.now().date()
            unit.session.add(
                ServiceTarget(
                    measure=measure,
                    valid_from=day,
                    seconds=seconds,
                    reason="-",
                    set_by="-",
                    set_at=case.stage.clock.now(),
                )
            )
    await targets.once()
    await case.says()
    await case.act("anna", "take")
    case.after(seconds=100)
    await case.act("anna", "hold", None)
    handling, resolution = await case.clock("handling"), await case.clock("resolution")
    assert (handling.due_at, handling.runs_from) == (None, None)
    assert resolution.due_at is not None, "on hold we look for something: the citizen waits"
    case.after(seconds=3600)
    await case.act("anna", "resume")
    handling = await case.clock("handling")
    assert handling.due_at is not None
    assert 498 < (handling.due_at - case.stage.clock.now()).total_seconds() <= 500
    await case.reply("anna")
    resolution, first = await case.clock("resolution"), await case.clock("first_response")
    assert resolution.runs_from is None, "a person spoke last: it is the citizen's turn"
    assert (resolution.breached_at, first.breached_at) == (resolution.due_at, first.due_at)
    assert resolution.due_at is not None
    assert (first.cause, first.centre_id) == ("answered", "riga")
    await case.says("Paldies!")
    assert (await case.clock("resolution")).runs_from is not None
    await case.act("anna", "close", "other", "resolved", None)
    assert {(one.kind, one.cause) for one in await _clocks(case.stage, case.id)} == {
        ("waiting", "taken"),
        ("first_response", "answered"),
        ("handling", "ended"),
        ("resolution", "ended"),
    }
    assert (await case.clock("handling")).breached_at is None


async def test_the_specialists_clock_is_read_and_not_a_second_truth(case: _Case) -> None:
    await case.says()
    await case.act("anna", "take")
    await case.act("anna", "level2", "vsaa", "jautājums")
    row = await case.clock("level2")
    async with case.stage.gateway.db.read() as session:
        conversation = await session.get(Conversation, case.id)
    assert conversation is not None
    assert (row.started_at, row.due_at) == (conversation.level2_at, conversation.level2_due_at)
    case.after(hours=30)
    await case.stage.gateway.clock_watch.once()
    await case.stage.gateway.level2_watch.once()
    assert ("clock_breached", "level2", None) not in await _told(case.stage, case.id), "level2_overdue tells it"
    await case.act("ieva", "take")
    await case.reply("ieva")
    row = await case.clock("level2")
    async with case.stage.gateway.db.read() as session:
        conversation = await session.get(Conversation, case.id)
    assert conversation is not None
    assert (row.stopped_at, row.cause) == (conversation.level2_answered_at, "answered")
    assert (row.breached_at is not None) == (conversation.level2_breached_at is not None) is True


async def test_a_specialists_note_to_the_operator_is_the_institutions_answer(case: _Case) -> None:
    notes, stage = Notes(case.stage.gateway.broker), case.stage
    await case.says("оператор", "ru")
    await case.act("anna", "take")
    await case.act("anna", "level2", "vsaa", "jautājums")
    told = select(Message.text).where(Message.conversation_id == case.id, Message.author_kind == "system")
    async with stage.gateway.db.read() as session:
        last = await session.scalar(told.order_by(Message.seq.desc()).limit(1))
    assert "Государственное агентство социального страхования" in str(last), "named in the citizen's language"
    case.after(hours=1)
    await notes.add(case.people["anna"], case.id, str(uuid.uuid4()), "Gaidām iestādi", [])
    assert (await case.clock("level2")).stopped_at is None, "the operator's own note is no answer"
    await notes.add(case.people["ieva"], case.id, str(uuid.uuid4()), "Iemaksas ir saņemtas", [])
    row = await case.clock("level2")
    case.after(hours=1)
    await notes.add(case.people["ieva"], case.id, str(uuid.uuid4()), "Arī par oktobri", [])
    case.after(hours=30)
    await stage.gateway.clock_watch.once()
    await stage.gateway.level2_watch.once()
    async with stage.gateway.db.read() as session:
        conversation = await session.get(Conversation, case.id)
        events = list(await session.scalars(select(Event).where(Event.conversation_id == case.id).order_by(Event.seq)))
    assert conversation is not None
    assert conversation.level2_answered_at is not None
    assert (row.stopped_at, row.cause) == (conversation.level2_answered_at, "answered")
    assert (conversation.state, conversation.specialist_id) == ("level2", None), "he need not join for it"
    assert "level2_overdue" not in [one.kind for one in events]
    assert [one.stopped_at for one in _slow_clocks(events) if one.kind == "level2"] == [row.stopped_at]


# --- a random day, counted again -------------------------------------------------------------------------------------------


@dataclass
class _Slow:
    """A clock told by the log alone, its working time counted second by second: nothing of the module is used."""

    kind: str
    started_at: datetime
    stopped_at: datetime | None = None
    runs: list[tuple[datetime, datetime | None]] = field(default_factory=list)

    def close(self, at: datetime) -> None:
        if self.runs and self.runs[-1][1] is None:
            self.runs[-1] = (self.runs[-1][0], at)


def _slow_clocks(events: Iterable[Event]) -> list[_Slow]:
    """Written for itself, as a reader of the table in docs/service-level.md would: one conversation's events in order."""
    rows: list[_Slow] = []
    answered = False
    state = "bot"

    def of(kind: str) -> _Slow | None:
        return next((one for one in rows if one.kind == kind and one.stopped_at is None), None)

    def start(kind: str, at: datetime) -> None:
        rows.append(_Slow(kind, at, runs=[(at, None)]))

    def stop(kind: str, at: datetime) -> None:
        if (row := of(kind)) is not None:
            row.close(at)
            row.stopped_at = at

    def still(kind: str, at: datetime) -> None:
        if (row := of(kind)) is not None:
            row.close(at)

    def on(kind: str, at: datetime) -> None:
        if (row := of(kind)) is not None and row.runs[-1][1] is not None:
            row.runs.append((at, None))

    for event in events:
        at = event.at
        if event.kind == "message":
            if event.actor_kind in ("operator", "specialist"):
                answered = True
                stop("first_response", at)
                if event.actor_kind == "specialist":
                    stop("level2", at)
                if state in ("active", "offered"):
                    still("resolution", at)
            if event.actor_kind == "citizen" and state in ("active", "offered"):
                on("resolution", at)
        if event.kind == "note" and event.data.get("level2_answered"):
            stop("level2", at)
        if event.kind != "state":
            continue
        before, state = state, str(event.to_state)
        held = "holder_id" in event.data[AS]
        gone = state in ("closed", "abandoned", "wrap_up", "bot")
        if state == "queued" and before != "offered":
            start("waiting", at)
            if before == "bot":
                if not answered:
                    start("first_response", at)
                start("resolution", at)
        if before in ("queued", "offered") and state not in ("queued", "offered"):
            stop("waiting", at)
        if gone:
            for kind in ("first_response", "resolution", "handling"):
                stop(kind, at)
        if state == "queued":
            stop("handling", at)
        if state == "active" and of("handling") is None:
            start("handling", at)
        if state in ("on_hold", "level2"):
            still("handling", at)
        if state == "active" or (state == "offered" and held):
            on("handling", at)
        if not gone and not (state == "active" or (state == "offered" and held)):
            on("resolution", at)
        if state == "level2" and before != "level2":
            # Theirs began with the wish to bring it, an instant before.
            start("level2", datetime.fromisoformat(event.data[AS]["level2_at"]))
        if before == "level2" and state != "level2":
            stop("level2", at)
    return rows


def _slow_working(start: datetime, end: datetime, calendar: WorkingCalendar) -> float:
    """Seconds of working time, looked at one by one at their middle; a whole second more or less at either end."""
    total, at = 0, start
    while at < end:
        total += calendar.is_open(at + timedelta(seconds=5))
        at += timedelta(seconds=10)
    return total * 10


async def test_a_random_day_counted_again_from_the_log_is_what_the_clocks_say(case: _Case) -> None:
    chance, stage = random.Random(7), case.stage
    gateway, desk = stage.gateway, case.desk
    ids: list[str] = []
    done: dict[str, int] = {}
    for _ in range(130):
        stage.clock.push(timedelta(seconds=chance.choice((1, 5, 20, 40, 90, 400, 2400))))
        async with gateway.db.unit() as unit:
            await unit.session.execute(update(Staff).values(seen_at=stage.clock.now()))
            if chance.random() < 0.05:
                away = stage.clock.now() - timedelta(minutes=10)
                await unit.session.execute(update(Staff).where(Staff.email == "anna@demo.lv").values(seen_at=away))
        async with gateway.db.read() as session:
            there = sorted(
                await session.scalars(select(Conversation).where(Conversation.closed_at.is_(None))),
                key=lambda one: ids.index(one.id),
            )
        try:
            if not there or chance.random() < 0.2:
                one = _Case(stage, case.people)
                one.id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
                ids.append(one.id)
                await one.says(chance.choice(("operators", "operators", "Paldies!")))
            else:
                await _act(case, desk, chance, chance.choice(there), done)
        except PieturaError:
            pass
        if chance.random() < 0.3:
            await gateway.sweep.once()
            await gateway.clock_watch.once()
    now, calendar = stage.clock.now(), gateway.broker.calendar()
    compared = breached = 0
    for conversation_id in ids:
        async with gateway.db.read() as session:
            events = list(
                await session.scalars(select(Event).where(Event.conversation_id == conversation_id).order_by(Event.seq))
            )
        slow = sorted(_slow_clocks(events), key=lambda one: (one.kind, one.started_at))
        rows = sorted(await _clocks(stage, conversation_id), key=lambda one: (one.kind, one.started_at))
        assert [(one.kind, one.started_at, one.stopped_at) for one in slow] == [
            (one.kind, one.started_at, one.stopped_at) for one in rows
        ]
        for told, row in zip(slow, rows, strict=True):
            spent = row.spent_us / 1e6
            if row.stopped_at is None and row.runs_from is not None:
                spent += calendar.working_between(row.runs_from, now).total_seconds()
            counted = sum(_slow_working(begin, end or now, calendar) for begin, end in told.runs)
            assert abs(counted - spent) <= 10 * len(told.runs), (row.kind, conversation_id)
            compared += 1
            if row.target_s is not None and abs(counted - row.target_s) > 10 * len(told.runs):
                late = counted > row.target_s
                breached += late
                if row.stopped_at is not None:
                    assert (row.breached_at is not None) == late, (row.kind, conversation_id)
    # The day was a day.
    assert compared > 60
    assert breached > 5
    assert {"take", "hold", "resume", "reply", "level2", "close", "return"} <= done.keys()


async def _act(case: _Case, desk: Desk, chance: random.Random, row: Conversation, done: dict[str, int]) -> None:
    acts = {(act, who) for who in ("anna", "janis", "liga", "ieva") for act in may(case.people[who], row)}
    # What handing on to a queue does to the clocks is looked at by itself (test_transfer).
    acts = {one for one in acts if one[0] != "to_queue"}
    act, who = chance.choice([*sorted(acts), ("says", "")] + [("leaves", "")] * (chance.random() < 0.2))
    done[act] = done.get(act, 0) + 1
    viewer = case.people.get(who, case.people["anna"])
    other = case.people["janis" if who != "janis" else "anna"]
    key, version = row.id, row.version
    match act:
        case "says":
            one = _Case(case.stage, case.people)
            one.id = key
            await one.says(chance.choice(("operators", "Paldies!")))
        case "leaves":
            await case.stage.gateway.broker.end_by_citizen(key)
        case "reply":
            await desk.reply(viewer, key, str(uuid.uuid4()), "Labdien!")
        case "transfer":
            await desk.transfer(viewer, key, version, other.id, None)
        case "assign":
            await desk.assign(viewer, key, version, other.id, "Labāk pazīst lietu")
        case "return":
            await desk.return_to_bot(viewer, key, version, None)
        case "level2":
            await desk.level2(viewer, key, version, "vsaa", "jautājums")
        case "close":
            await desk.close(viewer, key, version, "other", chance.choice(("resolved", "spam", "unresolved")), None)
        case "hold" | "level2_done":
            await getattr(desk, act)(viewer, key, version, None)
        case _:
            await getattr(desk, act)(viewer, key, version)
