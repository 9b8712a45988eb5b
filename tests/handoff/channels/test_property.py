"""Any interleaving of what platforms tell, staff do and machines suffer: every message is in exactly one conversation, once."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.channels.ports import InboundEvent, SendResult
from handoff.state_machine import ENDED
from kit.errors import PieturaError
from tests.handoff.channels.saboteur import Crash, Saboteur
from tests.handoff.channels.world import World
from tests.size import sized

_RUNS = itertools.count(1)
_RESULTS = {
    "sent": SendResult("sent"),
    "retry": SendResult("retry", reason="platform_error"),
    "failed": SendResult("failed", reason="refused"),
    "unknown": SendResult("unknown", reason="timeout"),
    "blocked": SendResult("failed", reason="blocked"),
}
_ACT = st.one_of(
    st.tuples(st.just("message"), st.integers(0, 2), st.sampled_from(["pabalsts", "operators", "kas?", "avārija"])),
    st.tuples(st.just("comment"), st.integers(0, 2), st.sampled_from(["pabalsts", "kas?", "kods 010190-12345"])),
    st.tuples(st.just("again"), st.integers(0, 9), st.just("")),
    st.tuples(st.just("edited"), st.integers(0, 9), st.sampled_from(["pabalsts", "cits"])),
    st.tuples(st.just("deleted"), st.integers(0, 9), st.just("")),
    st.tuples(st.just("echo"), st.integers(0, 2), st.sampled_from(["no ārpuses", "Nesapratu."])),
    st.tuples(st.just("receipt"), st.integers(0, 2), st.sampled_from(["delivered", "read"])),
    st.tuples(st.just("blocked"), st.integers(0, 2), st.just("")),
    st.tuples(st.just("work"), st.integers(1, 3), st.just("")),
    st.tuples(st.just("crash"), st.integers(1, 40), st.just("")),
    st.tuples(st.just("result"), st.integers(0, 0), st.sampled_from(sorted(_RESULTS))),
    st.tuples(st.just("time"), st.sampled_from([3, 40, 700, 2000]), st.just("")),
    st.tuples(st.just("take and close"), st.integers(0, 9), st.just("")),
    st.tuples(st.just("answer"), st.integers(0, 9), st.just("")),
)


class _Play:
    """One example: people with names of their own in a world that goes on."""

    def __init__(self, world: World, saboteur: Saboteur) -> None:
        self.world = world
        self.saboteur = saboteur
        self.run = next(_RUNS)
        self.told: list[InboundEvent] = []

    def person(self, number: int) -> str:
        return f"r{self.run}p{number}"

    async def act(self, what: str, number: int, text: str) -> None:
        world = self.world
        match what:
            case "message":
                await self._tell(world.message(self.person(number), text))
            case "comment":
                await self._tell(world.comment(self.person(number), text))
            case "again" if self.told:
                await world.tell(self.told[number % len(self.told)])
            case "edited" | "deleted" if self.told:
                event = self.told[number % len(self.told)]
                await world.tell(world.about(event, what, text=text))
            case "echo":
                await world.tell(world.echo(self.person(number), text))
            case "receipt":
                receipt = world.about(world.message(self.person(number)), text, ref=None, watermark=world.clock.now())
                await world.tell(receipt)
            case "blocked":
                await world.tell(world.about(world.message(self.person(number)), "blocked", ref=None))
            case "work":
                for _ in range(number):
                    await world.worker.inbox.once()
                    await world.worker.turns.drain(5)
                    await world.worker.delivery.once()
                    await world.worker.delivery.drain(5)
            case "crash":
                await self._crash(number)
            case "result":
                world.platform.script.append(_RESULTS[text])
            case "time":
                world.pass_time(seconds=number)
                await world.worker.sweep.once()
                await world.worker.turns.drain(5)
            case "take and close" | "answer":
                await self._staff(what, number)

    async def _tell(self, event: InboundEvent) -> None:
        self.told.append(event)
        await self.world.tell(event)

    async def _crash(self, statements: int) -> None:
        world = self.world
        saboteur = self.saboteur
        saboteur.arm(statements)
        with contextlib.suppress(Crash):
            await world.worker.inbox.once()
            await world.worker.turns.drain(5)
            await world.worker.delivery.once()
            await world.worker.delivery.drain(5)
        saboteur.disarm()
        await world.worker.turns.drain(5)
        db = world.worker.db
        await db.close()
        world.worker = world.new_worker(db=db)

    async def _staff(self, what: str, number: int) -> None:
        world = self.world
        anna = await world.viewer("anna")
        found = [c for c in await world.conversations() if c.state in ("queued", "active")]
        if not found:
            return
        chosen = found[number % len(found)]
        # Refusals are part of the game.
        with contextlib.suppress(PieturaError):
            if chosen.state == "queued":
                await world.worker.desk.take(anna, chosen.id, chosen.version)
                chosen = await world.conversation(chosen.id)
            if what == "answer":
                thread = (await world.threads())[chosen.id]
                mode: Any = "direct" if thread.kind == "direct" else "public"
                await world.worker.desk.reply(anna, chosen.id, str(uuid4()), f"Atbilde {uuid4()}", mode)
            else:
                await world.worker.desk.close(anna, chosen.id, chosen.version, "other", "resolved", None)

    async def heal(self) -> None:
        """Time passes, nothing breaks any more: every lease runs out, every wait ends."""
        self.world.platform.script.clear()
        for _ in range(14):
            self.world.pass_time(seconds=100)
            await self.world.worker.sweep.once()
            await self.world.worker.turns.drain(5)
            await self.world.worker.settle()

    async def check(self) -> None:
        world = self.world
        threads = {
            key: row
            for key, row in (await world.threads()).items()
            if (row.author_id or "").startswith(f"r{self.run}p")
        }
        messages = [m for m in await world.messages() if m.conversation_id in threads]
        citizens = [m for m in messages if m.author_kind == "citizen"]
        unique = {event.key: event for event in self.told}
        # Each message once, in one conversation; in the right one, and every comment in one of its own.
        assert len(citizens) == len(unique)
        per_thread = Counter(event.thread for event in unique.values())
        assert Counter(threads[m.conversation_id].thread for m in citizens) == per_thread
        comments = {event.thread for event in unique.values() if event.kind == "comment"}
        by_kind = Counter(row.thread for row in threads.values() if row.kind == "comment")
        assert by_kind == Counter(comments)
        # One case a conversation, settled if and only if it has ended.
        cases = Counter(case.conversation_id for case in await world.cases())
        signs: Counter[str] = Counter()
        for entry in await world.entries():
            signs[entry.conversation_id] += entry.sign
        for conversation in await world.conversations():
            if conversation.id in threads:
                assert cases[conversation.id] == 1
                assert signs[conversation.id] == (1 if conversation.state in ENDED else 0)
        for conversation_id in threads:
            seqs = [m.seq for m in messages if m.conversation_id == conversation_id]
            assert seqs == list(range(1, len(seqs) + 1))
        # Nothing waits for ever, nothing is given up, nothing is said twice.
        assert {row.state for row in await world.inbound() if f"r{self.run}p" in str(row.thread)} <= {"done"}
        rows = [row for row in await world.rows() if row.conversation_id in threads]
        assert {row.state for row in rows} <= {"sent", "delivered", "read", "failed", "unknown", "cancelled"}
        arrived = Counter((message.thread, message.text) for _, message in world.platform.sent)
        owed = Counter((row.thread, row.payload.get("text")) for row in rows)
        for row in rows:
            assert arrived[row.thread, str(row.payload.get("text"))] <= owed[row.thread, row.payload.get("text")]
            if row.state in ("sent", "delivered", "read"):
                assert arrived[row.thread, str(row.payload.get("text"))] >= 1
        assert world.platform.together <= 1


async def _play(world: World, saboteur: Saboteur, acts: list[tuple[str, int, str]]) -> None:
    play = _Play(world, saboteur)
    for act in acts:
        await play.act(*act)
    await play.heal()
    await play.check()


async def _search(world: World, examples: int) -> None:
    loop = asyncio.get_running_loop()
    saboteur = Saboteur(world.worker.db)

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(st.lists(_ACT, min_size=3, max_size=16))
    def search(acts: list[tuple[str, int, str]]) -> None:
        asyncio.run_coroutine_threadsafe(_play(world, saboteur, acts), loop).result(100)

    await asyncio.to_thread(search)


@pytest.mark.slow
async def test_any_interleaving_on_sqlite(world: World) -> None:
    await _search(world, sized(20, 40))


@pytest.mark.slow
async def test_any_interleaving_on_postgresql(pg_world: World) -> None:
    await _search(pg_world, 15)
