"""Under any interleaving of what people may do: at most one holder, exactly one case, an unbroken chain of versions."""

from __future__ import annotations

import asyncio
import random
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from handoff.cases.models import Case, CaseEntry
from handoff.conversations.models import Conversation, Event, Message
from handoff.conversations.schemas import Inbound
from handoff.conversations.scope import scope, sees
from handoff.desk import Desk, may
from handoff.queue.models import Queue
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.staff.service import viewer_of
from handoff.state_machine import ENDED, HELD, RULES, Actor, State, Trigger
from kit.errors import PieturaError
from knowledge_base.service import KnowledgeBase
from tests.size import sized
from tests.stage import Stage, raise_stage

_ACTS = (
    "citizen asks person",
    "citizen says",
    "citizen ends",
    "take",
    "reply",
    "hold",
    "resume",
    "transfer",
    "accept",
    "decline",
    "level2",
    "join",
    "level2_done",
    "return",
    "close",
    "assign",
    "route",
    "sweep",
    "to queue",
)


def test_every_state_can_be_left_and_reached() -> None:
    reachable = {State.BOT} | {rule.to for rule in RULES.values()}
    assert reachable == set(State)
    left = {state for state, _ in RULES}
    assert left == set(State) - ENDED


def test_assistant_and_citizen_cannot_take_a_held_conversation_from_its_holder() -> None:
    for (state, trigger), rule in RULES.items():
        if state in HELD and rule.to in (State.BOT, State.QUEUED):
            assert Actor.CITIZEN not in rule.actors, trigger
            assert Actor.ASSISTANT not in rule.actors, trigger


async def _viewers(stage: Stage) -> dict[str, Viewer]:
    async with stage.gateway.db.read() as session:
        return {one.email.split("@")[0]: viewer_of(one, "") for one in (await session.scalars(select(Staff))).all()}


async def _inbound(stage: Stage, conversation_id: str, text: str) -> None:
    await stage.gateway.broker.receive(Inbound(conversation_id, str(uuid.uuid4()), text, None, "lv", "webchat", "demo"))


async def _do(stage: Stage, act: str, who: Viewer, others: dict[str, Viewer], conversation_id: str) -> None:
    """One act, by somebody who may or may not be allowed to; refusals are part of the game."""
    desk, broker = Desk(stage.gateway.broker), stage.gateway.broker
    async with broker.db.read() as session:
        row = await session.get(Conversation, conversation_id)
    assert row is not None
    version = row.version
    match act:
        case "citizen asks person":
            await _inbound(stage, conversation_id, "operators")
        case "citizen says":
            await _inbound(stage, conversation_id, "Kā pieteikties slimības pabalstam?")
        case "citizen ends":
            await broker.end_by_citizen(conversation_id)
        case "take":
            await desk.take(who, conversation_id, version)
        case "join":
            await desk.take(others["ieva"], conversation_id, version)
        case "reply":
            await desk.reply(who, conversation_id, str(uuid.uuid4()), "Labdien!")
        case "hold":
            await desk.hold(who, conversation_id, version, None)
        case "resume":
            await desk.resume(who, conversation_id, version)
        case "transfer":
            await desk.transfer(who, conversation_id, version, random.choice(list(others.values())).id, None)
        case "accept":
            await desk.accept(who, conversation_id, version)
        case "decline":
            await desk.decline(who, conversation_id, version)
        case "level2":
            await desk.level2(who, conversation_id, version, "vsaa", "jautājums")
        case "level2_done":
            await desk.level2_done(random.choice([who, others["ieva"]]), conversation_id, version, None)
        case "return":
            await desk.return_to_bot(who, conversation_id, version, None)
        case "close":
            await desk.close(who, conversation_id, version, "other", "resolved", None)
        case "assign":
            await desk.assign(others["liga"], conversation_id, version, who.id, "vajag palīdzēt")
        case "route":
            await stage.gateway.router.once()
        case "sweep":
            await stage.gateway.sweep.once()
        case "to queue":
            await desk.to_queue(
                random.choice([who, others["liga"]]), conversation_id, version, "common", "vajag kolēģi"
            )


async def _check(stage: Stage, conversation_id: str) -> None:
    async with stage.gateway.db.read() as session:
        if stage.gateway.db.dialect == "postgresql":
            # One picture of it all: the router goes on meanwhile.
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        row = await session.get(Conversation, conversation_id)
        assert row is not None
        cases = await session.scalar(
            select(func.count()).select_from(Case).where(Case.conversation_id == conversation_id)
        )
        assert cases == 1
        signs = (
            await session.scalars(select(CaseEntry.sign).where(CaseEntry.conversation_id == conversation_id))
        ).all()
        assert sum(signs) == (1 if row.state in ENDED else 0)
        if row.state in HELD:
            assert row.holder_id is not None
        if row.state == State.OFFERED:
            assert row.offered_to_id is not None
        if row.state in (State.BOT, State.QUEUED):
            assert row.holder_id is None
        changes = (
            await session.scalars(
                select(Event).where(Event.conversation_id == conversation_id, Event.kind == "state").order_by(Event.seq)
            )
        ).all()
        # Each change starts where the one before ended, and versions count without gaps: nobody changed it unseen.
        state, version = State.BOT.value, 1
        for change in changes:
            assert (change.from_state, change.version) == (state, version + 1)
            assert (State(state), _trigger(change)) in RULES
            state, version = str(change.to_state), version + 1
        assert (row.state, row.version) == (state, version)
        seqs = (
            await session.scalars(
                select(Message.seq).where(Message.conversation_id == conversation_id).order_by(Message.seq)
            )
        ).all()
        assert list(seqs) == list(range(1, len(seqs) + 1))


def _trigger(change: Event) -> Trigger:
    for (state, trigger), rule in RULES.items():
        if state == change.from_state and rule.to == change.to_state:
            return trigger
    raise AssertionError(f"no rule from {change.from_state} to {change.to_state}")


async def _play(stage: Stage, waves: list[list[tuple[str, str]]]) -> None:
    people = await _viewers(stage)
    conversation_id = str(uuid.uuid4())
    await _inbound(stage, conversation_id, "operators")
    await stage.gateway.turns.drain(5)
    # The router works on it too, as it does in service: all are there, and what waits is offered.
    async with stage.gateway.db.unit() as unit:
        await unit.session.execute(update(Staff).values(seen_at=stage.clock.now(), availability="available"))
        await unit.session.execute(update(Queue).values(mode="offers"))
    for wave in waves:
        # The acts of one wave happen at the same time.
        results = await asyncio.gather(
            *(_do(stage, act, people[who], people, conversation_id) for act, who in wave), return_exceptions=True
        )
        for result in results:
            assert result is None or isinstance(result, PieturaError), repr(result)
        await stage.gateway.turns.drain(5)
        await _check(stage, conversation_id)


_WAVES = st.lists(
    st.lists(
        st.tuples(st.sampled_from(_ACTS), st.sampled_from(["anna", "janis", "olga", "liga", "ieva", "peteris"])),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=8,
)


async def test_random_interleavings_on_sqlite(stage: Stage) -> None:
    await _run_property(stage, examples=sized(20, 40))


@pytest.mark.slow
async def test_random_interleavings_on_postgresql(postgres_url: str, tmp_path: Path, knowledge: KnowledgeBase) -> None:
    stage = await raise_stage(postgres_url, tmp_path, knowledge=knowledge)
    try:
        await _run_property(stage, examples=sized(20, 40))
    finally:
        await stage.stop()


async def _run_property(stage: Stage, examples: int) -> None:
    """Lets hypothesis choose the waves (in a thread of its own) and plays them on the running loop."""
    loop = asyncio.get_running_loop()

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(_WAVES)
    def search(waves: list[list[tuple[str, str]]]) -> None:
        asyncio.run_coroutine_threadsafe(_play(stage, waves), loop).result(60)

    await asyncio.to_thread(search)
    async with stage.gateway.db.read() as session:
        causes = set((await session.scalars(select(Event.cause).distinct())).all())
    assert {"route", "assign"} <= causes  # the router and the supervisors took part


async def test_the_two_forms_of_the_rule_of_sight_agree(stage: Stage) -> None:
    """``scope`` (SQL) and ``sees`` (a row in hand) pick the same conversations for everybody."""
    people = await _viewers(stage)
    chooser = random.Random(7)
    for _ in range(25):
        conversation_id = str(uuid.uuid4())
        await _inbound(stage, conversation_id, "operators")
        await stage.gateway.turns.drain(5)
        for _ in range(chooser.randrange(6)):
            act, who = chooser.choice(_ACTS), chooser.choice(list(people.values()))
            await asyncio.gather(_do(stage, act, who, people, conversation_id), return_exceptions=True)
    async with stage.gateway.db.read() as session:
        rows = (await session.scalars(select(Conversation))).all()
        assert len({row.state for row in rows}) >= 3
        for viewer in people.values():
            by_sql = set((await session.scalars(select(Conversation.id).where(scope(viewer)))).all())
            assert by_sql == {row.id for row in rows if sees(viewer, row)}
            for row in rows:
                if row.id not in by_sql:
                    continue
                allowed: list[Any] = may(viewer, row)
                assert row.state not in ENDED or allowed == []
