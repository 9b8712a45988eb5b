"""A worker that dies at any statement, and two workers at once: everything is done once, or is visibly unknown."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from handoff.channels.inbox import InboxPolicy
from handoff.channels.ports import InboundEvent, SendResult
from handoff.conversations.models import Message
from kit.db import Database, UnitOfWork
from tests.handoff.channels.saboteur import Crash, Saboteur
from tests.handoff.channels.world import Worker, World
from tests.size import sized


async def _to_its_end(worker: Worker) -> None:
    """Works as a process does, until it dies or there is nothing to do."""
    with contextlib.suppress(Crash):
        for _ in range(20):
            worked = await worker.inbox.once()
            await worker.turns.drain(5)
            worked += await worker.delivery.once()
            await worker.delivery.drain(5)
            if not worked:
                return


async def _die(world: World) -> None:
    """Everything that was in the process is gone, its connections too; a new one begins."""
    await world.worker.turns.drain(5)
    db = world.worker.db
    await db.close()
    # The engine is kept for its compiled statements only.
    world.worker = world.new_worker(db=db)


async def _restart(world: World) -> None:
    """A new process on the same database, once every lease of the dead one has run out."""
    await _die(world)
    for _ in range(3):
        world.pass_time(seconds=95)
        await world.worker.sweep.once()
        await world.worker.turns.drain(5)
        await world.worker.settle()


async def _crash_everywhere(world: World, prepare: Callable[[int], Awaitable[None]], step: int = 1) -> int:
    """Dies at the first statement, then ``step`` further, and so on, until a run survives; how often it died."""
    saboteur = Saboteur(world.worker.db)
    for number in range(1, 200):
        await prepare(number)
        saboteur.arm(1 + (number - 1) * step)
        await _to_its_end(world.worker)
        saboteur.disarm()
        if not saboteur.died:
            return number - 1
        await _restart(world)
    raise AssertionError("it dies for ever")


@pytest.mark.slow
async def test_a_message_survives_a_death_at_every_step(world: World) -> None:
    async def say(number: int) -> None:
        await world.tell(world.message(f"p{number}", f"pabalsts {number}"))

    deaths = await _crash_everywhere(world, say)
    assert deaths > 25
    said = await world.messages(author="citizen")
    assert sorted(m.text for m in said) == sorted(f"pabalsts {n}" for n in range(1, deaths + 2))
    assert len({m.conversation_id for m in said}) == len(said) == len(await world.cases())
    assert {row.state for row in await world.inbound()} == {"done"}
    for number in range(1, deaths + 2):
        arrived = Counter(world.platform.texts(f"p{number}"))
        assert set(arrived.values()) <= {1}, arrived
    # Every answer has arrived, or it is visible that nobody knows; nothing is left over in between.
    rows = await world.rows()
    assert {row.state for row in rows} <= {"sent", "unknown"}
    for row in rows:
        if row.state == "sent":
            assert row.payload["text"] in world.platform.texts(row.thread)
    assert 0 < sum(row.state == "unknown" for row in rows) < deaths / 2


@pytest.mark.slow
async def test_a_comment_survives_a_death_at_any_step(world: World) -> None:
    async def say(number: int) -> None:
        await world.tell(world.comment(f"p{number}", f"pabalsts {number}"))

    deaths = await _crash_everywhere(world, say, step=2)
    said = await world.messages(author="citizen")
    assert len(said) == len(await world.cases()) == len(await world.threads()) == deaths + 1
    assert set(Counter(message.thread for _, message in world.platform.sent).values()) == {1}


@pytest.mark.slow
async def test_edits_deletions_and_answers_from_outside_survive_it_too(world: World) -> None:
    edited: dict[int, InboundEvent] = {}

    async def happen(number: int) -> None:
        person = f"p{number}"
        event = edited[number] = world.message(person, f"kaut kas {number}")
        gone = world.message(person, f"dzēšams {number}")
        await world.happen(event, gone)
        world.platform.sent.clear()
        await world.tell(
            world.about(event, "edited", text=f"labots {number}"),
            world.about(gone, "deleted"),
            world.echo(person, f"no ārpuses {number}"),
        )

    deaths = await _crash_everywhere(world, happen, step=2)
    assert deaths > 12
    by_person: dict[str, list[Message]] = {}
    threads = await world.threads()
    for message in await world.messages():
        by_person.setdefault(threads[message.conversation_id].thread, []).append(message)
    for number in range(1, deaths + 2):
        messages = by_person[f"p{number}"]
        assert [m.text for m in messages if m.author_kind == "citizen"] == [f"labots {number}", "[autors izdzēsa]"]
        assert [m.text for m in messages if m.author_name == "outside"] == [f"no ārpuses {number}"]
        (first, _) = [m for m in messages if m.author_kind == "citizen"]
        assert [edit["text"] for edit in first.extras["edits"]] == [f"kaut kas {number}"]
        assert len(threads[messages[0].conversation_id].edits) == 2


async def test_an_operators_answer_is_owed_in_the_transaction_that_stores_it(world: World) -> None:
    await world.happen(world.message("p1", "operators"))
    conversation = await world.the_conversation()
    anna = await world.take(conversation.id)
    await world.worker.settle()
    before = len(await world.rows())
    client_id = str(uuid4())
    saboteur = Saboteur(world.worker.db)
    for number in range(1, 60):
        saboteur.arm(number)
        try:
            await world.worker.desk.reply(anna, conversation.id, client_id, "Labdien!")
        except Crash:
            saboteur.disarm()
            await _die(world)
            stored = len(await world.messages(conversation.id, "operator"))
            # Both or neither.
            assert len(await world.rows()) - before == stored
            continue
        saboteur.disarm()
        break
    assert number > 8
    await world.worker.desk.reply(anna, conversation.id, client_id, "Labdien!")
    await world.worker.settle()
    assert world.platform.texts("p1").count("Labdien!") == 1


async def test_what_fails_again_and_again_is_given_up_visibly_and_its_thread_goes_on(world: World) -> None:
    poison = world.message("p1", "indīgs")
    store = world.worker.inbox._meaning._store

    async def poisoned(told: object, *more: object) -> None:
        if told.event.text == "indīgs":  # type: ignore[attr-defined]
            raise ValueError("a citizen's words: indīgs")
        await store(told, *more)  # type: ignore[arg-type]

    world.worker.inbox._meaning._store = poisoned  # type: ignore[method-assign]
    await world.tell(poison, world.message("p1", "pabalsts"), world.message("p2", "pabalsts"))
    await world.worker.settle()
    # Others are not held up; its own thread waits, in order.
    assert [m.text for m in await world.messages(author="citizen")] == ["pabalsts"]
    for _ in range(8):
        world.pass_time(minutes=6)
        await world.worker.settle()
    states = {row.key: (row.state, row.attempts) for row in await world.inbound()}
    assert states[poison.key] == ("dead", 8)
    assert len(await world.messages(author="citizen")) == 2
    (dead,) = [row for row in await world.inbound() if row.state == "dead"]
    assert (dead.error or "").startswith("ValueError (test_crash.py:")
    assert "words" not in (dead.error or "")
    assert (await world.reload_account()).last_error == f"dead_event {dead.error}"
    # Mended and taken up again by a person, it is done like any other.
    world.worker.inbox._meaning._store = store  # type: ignore[method-assign]
    async with world.worker.db.unit() as unit:
        row = await unit.session.get(type(dead), dead.id)
        assert row is not None
        row.state, row.attempts, row.next_at = "new", 0, world.clock.now()
    await world.worker.settle()
    assert len(await world.messages(author="citizen")) == 3


async def test_an_event_that_kills_whoever_takes_it_up_is_given_up_too(world: World) -> None:
    deadly = world.message("p1", "nāvējošs")

    async def die(*_arguments: object) -> None:
        raise Crash

    await world.tell(deadly)
    for _ in range(9):
        worker = world.new_worker(InboxPolicy(attempts=4))
        world.workers.append(worker)
        worker.inbox._meaning._store = die  # type: ignore[method-assign]
        with contextlib.suppress(Crash):
            await worker.inbox.once()
        world.pass_time(minutes=6)
    (row,) = await world.inbound()
    assert (row.state, row.attempts) == ("dead", 5)


async def test_a_worker_that_comes_back_late_does_nothing_twice(world: World) -> None:
    """Its lease ran out while it worked, and another one has done the event."""
    receive = world.worker.broker.receive
    other = world.new_worker()
    world.workers.append(other)

    async def slowly(inbound: object, inside: object = None) -> object:
        world.pass_time(seconds=31)
        await other.settle()
        return await receive(inbound, inside)  # type: ignore[arg-type]

    world.worker.broker.receive = slowly  # type: ignore[method-assign, assignment]
    await world.tell(world.message("p1", "pabalsts"))
    await world.worker.inbox.once()
    await world.worker.settle()
    assert len(await world.messages(author="citizen")) == 1
    assert len(await world.cases()) == 1
    assert Counter(world.platform.texts()).most_common(1)[0][1] == 1


async def _at_work(workers: list[Worker], until: Callable[[], Awaitable[bool]]) -> None:
    loops = [asyncio.create_task(part.run()) for worker in workers for part in (worker.inbox, worker.delivery)]
    try:
        async with asyncio.timeout(100):
            while not await until():
                await asyncio.sleep(0.1)
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        for worker in workers:
            await worker.turns.drain(5)
            await worker.delivery.drain(5)


@pytest.mark.slow
async def test_two_workers_on_postgresql_do_everything_once_and_in_order(pg_world: World) -> None:
    world = pg_world
    chooser = random.Random(11)
    other = world.new_worker()
    world.workers.append(other)
    workers = [world.worker, other]

    async def slowly(_message: object) -> None:
        await asyncio.sleep(chooser.random() * 0.005)

    world.platform.before = slowly
    start = world.clock.now() - timedelta(minutes=10)
    people, each, placed = sized(8, 12), sized(6, 10), sized(20, 40)
    events = [
        world.message(f"p{person}", f"pabalsts {number}", occurred_at=start + timedelta(seconds=number))
        for number in range(each)
        for person in range(people)
    ]
    events += [world.comment(f"c{number}", "pabalsts", occurred_at=start) for number in range(placed)]
    # A fifth twice, a tenth in disorder; told to both workers at once.
    told = events + chooser.sample(events, len(events) // 5)
    for _ in range(len(told) // 10):
        one, two = chooser.randrange(len(told)), chooser.randrange(len(told))
        told[one], told[two] = told[two], told[one]
    batches = [told[at : at + 7] for at in range(0, len(told), 7)]
    counts = await asyncio.gather(
        *(workers[number % 2].inbox.store(world.account, batch) for number, batch in enumerate(batches))
    )
    assert sum(counts) == len(events)

    async def finished() -> bool:
        inbound, rows = await world.inbound(), await world.rows()
        # Direct: a greeting and an answer to each message; comments: an answer.
        owed = people * (each + 1) + placed
        done = all(row.state == "done" for row in inbound)
        return done and len(rows) == owed and all(row.state == "sent" for row in rows)

    await _at_work(workers, finished)
    assert world.platform.together == 1
    threads = await world.threads()
    assert len(threads) == len(await world.cases()) == people + placed
    by_thread: dict[str, list[str]] = {}
    for message in await world.messages(author="citizen"):
        by_thread.setdefault(threads[message.conversation_id].thread, []).append(message.text)
    for person in range(people):
        assert by_thread[f"p{person}"] == [f"pabalsts {number}" for number in range(each)]
        assert len(world.platform.texts(f"p{person}")) == each + 1
    assert set(Counter(m.thread for _, m in world.platform.sent if m.kind == "public_reply").values()) == {1}


@pytest.mark.slow
async def test_a_storm_of_comments_on_one_post_is_taken_in_its_stride(world: World) -> None:
    count = sized(150, 500)
    comments = [world.comment(f"p{n}", "pabalsts" if n % 5 == 0 else "Kāpēc?") for n in range(count)]
    assert await world.tell(*comments) == count
    await world.worker.settle(rounds=1000)
    assert len(await world.cases()) == count
    assert len(world.platform.sent) == count // 5
    waiting = [c for c in await world.conversations() if c.state == "queued"]
    assert len(waiting) == count - count // 5
    assert {c.due_at is not None for c in waiting} == {True}
    # The same storm once more is no storm.
    assert await world.tell(*(replace(one, raw={"again": True}) for one in comments)) == 0


async def test_failures_of_every_kind_leave_nothing_in_between(world: World) -> None:
    chooser = random.Random(5)
    results = [
        SendResult("sent"),
        SendResult("retry", reason="platform_error"),
        SendResult("retry", reason="rate_limited", retry_after_s=1),
        SendResult("failed", reason="refused"),
        SendResult("unknown", reason="timeout"),
    ]
    world.platform.script = [chooser.choice(results) for _ in range(120)]
    await world.tell(*(world.message(f"p{n % 15}", f"pabalsts {n}") for n in range(45)))
    for _ in range(80):
        await world.worker.settle()
        world.pass_time(seconds=40)
    rows = await world.rows()
    assert {row.state for row in rows} == {"sent", "failed", "unknown"}
    arrived = Counter((message.thread, message.text) for _, message in world.platform.sent)
    owed = Counter((row.thread, row.payload["text"]) for row in rows)
    assert all(arrived[key] <= owed[key] for key in arrived)
    assert {m.delivery for m in await world.messages(author="assistant")} == {"sent", "failed", "unknown"}


async def test_calls_that_tell_the_same_in_another_order_do_not_block_each_other(pg_world: World) -> None:
    """On PostgreSQL an insertion waits for one that is under way with the same key: two could wait for each other."""
    world = pg_world
    second = await world.add_account("2002")
    other = world.new_worker()
    world.workers.append(other)
    for round_ in range(15):
        events = [world.message(f"p{n}", f"{round_} {n}") for n in range(12)]
        events += [world.message(f"q{n}", f"{round_} {n}", page_id="2002") for n in range(4)]
        counts = await asyncio.gather(
            world.worker.inbox.store(world.account, events, lambda _row: True),
            other.inbox.store(world.account, events[::-1], lambda _row: True),
            other.inbox.store(second, [replace(event, page_id="2002") for event in events[12:][::-1]]),
        )
        assert sum(counts) == len(events)
    assert len(await world.inbound()) == 15 * 16


async def test_calls_that_come_at_once_are_stored_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await _stored_together(world, monkeypatch)


async def test_on_postgresql_too(pg_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await _stored_together(pg_world, monkeypatch)


async def _stored_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.add_account("2002")
    units: list[int] = []
    unit = Database.unit

    def counted(db: Database) -> AbstractAsyncContextManager[UnitOfWork]:
        units.append(1)
        return unit(db)

    def broken(_row: object) -> bool:
        raise ValueError("a signature that cannot even be compared")

    monkeypatch.setattr(Database, "unit", counted)
    store = world.worker.inbox.store
    counts = await asyncio.gather(*(store(world.account, [world.message(f"p{n}", "pabalsts")]) for n in range(40)))
    assert counts == [1] * 40
    assert len(units) == 1
    twice = world.message("r", "pabalsts")
    results = await asyncio.gather(
        store(world.account, [world.message("s", "pabalsts")]),
        store(world.account, [world.message("q", "pabalsts", page_id="2002")], broken),
        store(world.account, [twice]),
        store(world.account, [twice]),
        return_exceptions=True,
    )
    # The bad one alone fails.
    assert isinstance(results[1], ValueError)
    assert [results[0], *results[2:]] == [1, 1, 0]
    assert len(await world.inbound()) == 42
