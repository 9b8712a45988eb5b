"""The made-up past: as the service itself would have left it, made once, and never beside anything real."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gateway.demo.history import ACCOUNTS, make_history
from gateway.settings import Settings
from handoff.board.replay import Replay
from handoff.cases import service as cases
from handoff.cases.models import Case, CaseEntry
from handoff.conversations.models import Conversation, Event
from handoff.service_level.models import LevelClock
from handoff.settlement.models import SettlementDispute, SettlementPeriod
from handoff.state_machine import ENDED, State, Trigger, allowed
from kit.clock import RIGA
from kit.db import Database
from tests.fakes.simulator.people import ACCOUNTS as PLAYED
from tests.stage import WORKING, MovableClock

#: Triggers by the cause that events tell; of the others the trigger is the cause.
_TRIGGERS = {
    "citizen_ended": (Trigger.CLOSE, Trigger.CITIZEN_LEFT),
    "idle": (Trigger.CLOSE,),
    "gone": (Trigger.ABANDON,),
    "accept_offer": (Trigger.ACCEPT,),
}


async def test_a_past_as_the_service_would_have_left_it(sqlite_url: str, tmp_path: Path) -> None:
    settings = Settings(database_url=sqlite_url, data_dir=tmp_path)
    told: list[str] = []
    assert await make_history(settings, told.append, contacts=420, clock=MovableClock(WORKING))
    assert not await make_history(settings, told.append, contacts=420, clock=MovableClock(WORKING))
    db = Database(sqlite_url)
    async with db.read() as session:
        conversations = (await session.scalars(select(Conversation))).all()
        assert 330 < len(conversations) < 520
        assert {one.state for one in conversations} == {State.CLOSED, State.ABANDONED}
        assert all(one.opened_at <= one.closed_at < WORKING for one in conversations if one.closed_at)
        # Nothing runs and nothing is owed.
        assert not await session.scalar(select(func.count()).where(LevelClock.stopped_at.is_(None)))
        # One case each, which counts once, or not at all where it was taken back; priced by the list of its day.
        assert await session.scalar(select(func.count()).select_from(Case)) == len(conversations)
        signs = (
            await session.execute(select(CaseEntry.case_no, func.sum(CaseEntry.sign)).group_by(CaseEntry.case_no))
        ).tuples()
        assert {total for _, total in signs} <= {0, 1}
        for entry in (await session.scalars(select(CaseEntry).where(CaseEntry.kind == "settled").limit(60))).all():
            day = entry.opened_at.astimezone(RIGA).date()
            tariff = await cases.tariff_in_force(session, entry.case_kind, entry.channel, entry.level, day)
            assert tariff is not None
            assert (entry.tariff_id, entry.amount) == (tariff.id, tariff.price)
        # The log alone tells the same; and only changes that the state machine knows are in it.
        events = (await session.scalars(select(Event).order_by(Event.seq))).all()
        replay = Replay()
        for event in events:
            replay.take(event)
            if event.kind == "state":
                triggers = _TRIGGERS.get(str(event.cause)) or _of(str(event.cause))
                rules = [allowed(State(str(event.from_state)), one) for one in triggers]
                assert any(one is not None and one.to == event.to_state for one in rules), (event.cause, event.data)
        assert replay.talks == {}
        assert {one.id for one in replay.ended} == {one.id for one in conversations}
        # Months but the last whole one are closed, one line is still questioned.
        months = (await session.scalars(select(SettlementPeriod).order_by(SettlementPeriod.month))).all()
        assert [f"{one.month:%Y-%m}" for one in months][0::10] == ["2025-11", "2026-09"]
        assert {one.state for one in months} == {"closed"}
        states = (await session.scalars(select(SettlementDispute.state))).all()
        assert len(states) <= 3
        assert all(State(one.state) in ENDED for one in conversations)
    await db.close()


def _of(cause: str) -> tuple[Trigger, ...]:
    known = [one for one in Trigger if one.value == cause]
    return tuple(known) or (Trigger.REQUEST_PERSON,)


async def test_never_in_production_nor_beside_something_real(sqlite_url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="demo only"):
        await make_history(Settings(demo=False, database_url=sqlite_url, data_dir=tmp_path), print)
    db = Database(sqlite_url)
    async with db.unit() as unit:
        at = datetime(2026, 11, 1, tzinfo=UTC)
        unit.session.add(
            Conversation(id="real", state="bot", channel="webchat", site="demo", lang="lv", opened_at=at, last_at=at)
        )
        await unit.session.flush()
        unit.session.add(Case(conversation_id="real", channel="webchat", site="demo", opened_at=at))
    assert not await make_history(Settings(database_url=sqlite_url, data_dir=tmp_path), print)
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Case)) == 1
    await db.close()


def test_its_accounts_are_those_that_the_simulator_plays() -> None:
    made = [
        (channel, key, name, ("institution_id", owner) if owner else ("municipality_id", place), kept)
        for channel, key, name, owner, place, kept in ACCOUNTS
    ]
    played = [(one.channel, one.platform_id, one.name, one.owner, dict(one.settings)) for one in PLAYED]
    assert made == played
