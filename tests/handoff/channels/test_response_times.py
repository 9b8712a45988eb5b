"""The report of response times: every way a comment's hour may end, and that each figure agrees with the event log."""

from __future__ import annotations

import csv
import heapq
import io
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select

from handoff.cases import repository as ledger
from handoff.channels.models import ChannelAccount
from handoff.channels.ports import InboundEvent, SendResult
from handoff.channels.repository import CommentFilter, PlacedComment
from handoff.channels.response_times import FIGURES, Judged, ResponseTimes, Summary, Times, judge
from handoff.console.cards import Cards
from handoff.conversations.models import Conversation, Event
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level import year as service_year
from handoff.service_level.models import LevelClock, ServiceTarget
from handoff.staff.models import Audit
from handoff.staff.repository import seen
from handoff.staff.schemas import Viewer
from kit.clock import iso
from kit.errors import PieturaError
from tests.handoff.channels.hooked import Hooked, add_account
from tests.handoff.channels.world import PAGE, World
from tests.size import LONG, sized
from tests.stage import WORKING, MovableClock

_HOUR = timedelta(hours=1)


class StandingClock(MovableClock):
    """Stands still until it is pushed, so that seconds can be compared."""

    def __init__(self, start: datetime = WORKING) -> None:
        self._now = start

    def now(self) -> datetime:
        """The stage's present."""
        return self._now

    def push(self, span: timedelta) -> None:
        """Moves the present forward."""
        self._now += span


async def _world(url: str, start: datetime = WORKING) -> World:
    return await World(url, StandingClock(start)).open(comment_policy="public")


@pytest.fixture(params=["sqlite_url", "postgres_url"])
async def still(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """A world whose clock stands still, on each database: Tuesday, 24 November 2026, 10:00 in Riga."""
    made = await _world(request.getfixturevalue(request.param))
    yield made
    await made.close()


def _wanted(from_day: str = "2026-11-24", to_day: str = "2026-11-24", **more: Any) -> CommentFilter:
    return CommentFilter(date.fromisoformat(from_day), date.fromisoformat(to_day), **more)


async def _rows(world: World, figure: str = "placed", **more: Any) -> list[Judged]:
    return await ResponseTimes(world.worker.broker).rows(_wanted(**more), figure)


async def _total(world: World, **more: Any) -> Summary:
    return (await ResponseTimes(world.worker.broker).report(_wanted(**more))).total


async def _place(world: World, text: str = "Kāpēc tā?", **more: Any) -> tuple[InboundEvent, str]:
    """Somebody comments; what the platform told, and the conversation it became."""
    event = world.comment(f"p-{uuid4()}", text, **more)
    await world.happen(event)
    found = next(key for key, one in (await world.threads()).items() if one.comment_ref == event.ref)
    return event, found


async def _answer(world: World, conversation_id: str, mode: Any = "public") -> None:
    """Anna takes it if nobody has, and answers now."""
    row = await world.conversation(conversation_id)
    if row.state == "queued":
        await world.take(conversation_id)
    anna = await world.viewer("anna")
    await world.worker.desk.reply(anna, conversation_id, str(uuid4()), f"Atbilde {uuid4()}", mode)
    await world.worker.settle()


async def _seen(world: World, viewer: Viewer) -> None:
    """The person's console is heard of now, and no more."""
    async with world.worker.db.unit() as unit:
        await seen(unit.session, viewer.id, world.clock.now())


async def _close(world: World, conversation_id: str) -> None:
    anna = await world.viewer("anna")
    row = await world.conversation(conversation_id)
    if row.state == "queued":
        await world.take(conversation_id)
        row = await world.conversation(conversation_id)
    await world.worker.desk.close(anna, conversation_id, row.version, "other", "no_reply", None)


# --- every state --------------------------------------------------------------------------------------------------------


async def test_every_state_has_its_figure_and_every_figure_its_rows(still: World) -> None:
    _, by_assistant = await _place(still, "pabalsts")
    _, quick = await _place(still)
    _, slow = await _place(still)
    _, forgotten = await _place(still)
    _, closed = await _place(still)
    gone_event, gone = await _place(still)
    gone_late_event, gone_late = await _place(still)
    outside_event, outside = await _place(still)
    await still.happen(still.message("direct", "operators"))
    still.pass_time(minutes=20)
    await _answer(still, quick)
    await _close(still, closed)
    await still.happen(still.about(gone_event, "deleted"))
    still.pass_time(minutes=10)
    await still.happen(
        still.echo(outside_event.thread, "Atbilde no lapas", post_ref="post-1", parent_ref=outside_event.ref)
    )
    still.pass_time(minutes=40)
    await _answer(still, slow, "private")
    await still.happen(still.about(gone_late_event, "deleted"))
    _, fresh = await _place(still)

    found = {row.comment.conversation_id: row for row in await _rows(still)}
    assert {key: row.standing for key, row in found.items()} == {
        by_assistant: "in_time",
        quick: "in_time",
        outside: "in_time",
        slow: "late",
        forgotten: "open_late",
        fresh: "open_in_time",
        closed: "closed_unanswered",
        gone: "withdrawn",
        gone_late: "withdrawn",
    }
    answered = {key: (row.by, row.working_s, row.plain_s) for key, row in found.items() if row.answered_at is not None}
    assert answered == {
        by_assistant: ("assistant", 0, 0),
        quick: ("operator", 1200, 1200),
        outside: ("outside", 1800, 1800),
        slow: ("operator", 4200, 4200),
    }
    assert all(row.due_at == WORKING + _HOUR for key, row in found.items() if key != fresh)
    assert found[closed].comment.outcome == "no_reply"
    assert next(iter(found)) == fresh, "newest first"

    total = await _total(still)
    assert total.counts == {
        "placed": 9,
        "counted": 6,
        "answered": 4,
        "in_time": 3,
        "late": 1,
        "open_in_time": 1,
        "open_late": 1,
        "closed_unanswered": 1,
        "withdrawn": 2,
        "withdrawn_late": 1,
        "by_assistant": 1,
        "by_operator": 2,
        "by_outside": 1,
    }
    assert (total.share, total.met) == (Fraction(1, 2), False)
    assert (total.working, total.plain) == (Times(1200, 4200), Times(1200, 4200))
    for figure, count in total.counts.items():
        assert len(await _rows(still, figure)) == count, figure
    assert [row.comment.conversation_id for row in await _rows(still, "withdrawn_late")] == [gone_late]


async def test_taking_is_no_answer_and_losing_it_again_changes_nothing(still: World) -> None:
    _, taken = await _place(still)
    await _seen(still, await still.take(taken))
    still.pass_time(minutes=30)
    # The operator's console is gone: the conversation waits again.
    await still.worker.sweep.once()
    assert (await still.conversation(taken)).state == "queued"
    (row,) = await _rows(still)
    assert (row.standing, row.due_at, row.answered_at) == ("open_in_time", WORKING + _HOUR, None)
    await still.take(taken, "janis")
    still.pass_time(minutes=31)
    (row,) = await _rows(still)
    assert (row.standing, row.due_at) == ("open_late", WORKING + _HOUR)


async def test_a_comment_that_reached_us_late_is_judged_by_the_platforms_time(still: World) -> None:
    placed = still.clock.now() - timedelta(minutes=50)
    _, late = await _place(still, occurred_at=placed)
    still.pass_time(minutes=15)
    await _answer(still, late)
    (row,) = await _rows(still)
    assert (row.standing, row.plain_s, row.due_at) == ("late", 65 * 60, placed + _HOUR)
    assert (row.comment.created_at, row.comment.received_at) == (placed, WORKING)


async def test_what_was_answered_outside_first_counts_though_we_heard_of_it_last(still: World) -> None:
    event, told_late = await _place(still)
    other_event, after_the_end = await _place(still)
    still.pass_time(minutes=10)
    at = still.clock.now()
    still.pass_time(minutes=55)
    await _answer(still, told_late)
    await _close(still, after_the_end)
    assert {row.standing for row in await _rows(still)} == {"late", "closed_unanswered"}
    for one in (event, other_event):
        words = still.echo(one.thread, "No lapas", occurred_at=at, post_ref="post-1", parent_ref=one.ref)
        await still.happen(words)
    found = await _rows(still)
    assert {(row.standing, row.by, row.answered_at, row.working_s) for row in found} == {
        ("in_time", "outside", at, 600)
    }
    # The ledger's list tells the same.
    anything = ledger.CaseFilter()
    async with still.worker.db.read() as session:
        ((entry, late),) = await ledger.page(session, anything, 0, 10)
    assert (entry.first_reply_at, late.first_reply_at) == (None, at)
    assert [event.data["at"] for event in await still.events("answered_outside")] == [iso(at), iso(at)]


async def test_deleted_before_an_answer_is_withdrawn_and_after_it_is_not(still: World) -> None:
    before_event, before = await _place(still)
    after_event, after = await _place(still)
    still.pass_time(minutes=5)
    await _answer(still, after)
    still.pass_time(minutes=5)
    await still.happen(still.about(before_event, "deleted"), still.about(after_event, "deleted"))
    found = {row.comment.conversation_id: row for row in await _rows(still)}
    assert (found[before].standing, found[after].standing) == ("withdrawn", "in_time")
    total = await _total(still)
    assert (total.counts["placed"], total.counts["counted"], total.met) == (2, 1, True)


async def test_a_send_that_failed_or_is_unknown_is_no_answer_until_it_has_gone_out(still: World) -> None:
    desk = still.worker.desk
    _, failed = await _place(still)
    _, unknown = await _place(still)
    still.platform.script = [SendResult("failed", reason="refused"), SendResult("unknown", reason="timeout")]
    still.pass_time(minutes=10)
    for one in (failed, unknown):
        await _answer(still, one)
    assert {row.standing for row in await _rows(still)} == {"open_in_time"}
    still.pass_time(minutes=60)
    assert {row.standing for row in await _rows(still)} == {"open_late"}
    anna = await still.viewer("anna")
    await desk.send_again(anna, failed, 2)
    await still.worker.settle()
    # Seen on the platform: it has been there since it was sent.
    await desk.mark_sent(anna, unknown, 2)
    found = {row.comment.conversation_id: row for row in await _rows(still)}
    assert (found[failed].standing, found[failed].working_s, found[failed].by) == ("late", 70 * 60, "operator")
    assert (found[unknown].standing, found[unknown].working_s, found[unknown].by) == ("in_time", 10 * 60, "operator")


async def test_an_unknown_answer_that_was_there_first_is_the_first(still: World) -> None:
    _, twice = await _place(still)
    still.platform.script = [SendResult("unknown", reason="timeout")]
    still.pass_time(minutes=10)
    await _answer(still, twice)
    still.pass_time(minutes=60)
    await _answer(still, twice)
    (row,) = await _rows(still)
    assert (row.standing, row.working_s) == ("late", 70 * 60)
    await still.worker.desk.mark_sent(await still.viewer("anna"), twice, 2)
    (row,) = await _rows(still)
    assert (row.standing, row.working_s, row.by) == ("in_time", 10 * 60, "operator")


async def test_what_is_picked_by_day_account_channel_and_owner(still: World) -> None:
    other = await still.add_account("2002", comment_policy="never")
    # 23:59:59 in Riga is the same day, a second later it is not.
    still.clock.push(datetime(2026, 11, 24, 21, 59, 59, tzinfo=UTC) - still.clock.now())
    await _place(still)
    still.pass_time(seconds=1)
    await _place(still)
    await still.tell(still.comment("p9", "Un šeit?"), account=other)
    await still.worker.settle()
    assert len(await _rows(still)) == 1
    assert len(await _rows(still, from_day="2026-11-25", to_day="2026-11-25")) == 2
    both: dict[str, Any] = {"from_day": "2026-11-24", "to_day": "2026-11-25"}
    assert len(await _rows(still, **both, account_id=other.id)) == 1
    assert len(await _rows(still, **both, channel="facebook", institution_id="vsaa")) == 3
    assert await _rows(still, **both, channel="x") == []
    assert await _rows(still, **both, institution_id="pmlp") == []
    report = await ResponseTimes(still.worker.broker).report(_wanted(**both))
    assert [(account.id, figures.counts["placed"]) for account, figures in report.accounts] == [
        (still.account.id, 2),
        (other.id, 1),
    ]
    assert (report.total.share, report.total.met, report.total.working) == (None, None, Times(None, None))
    # What is promised from the next day on changes nothing that was promised: a comment keeps its hour.
    promised = {row.comment.conversation_id: row.due_at for row in await _rows(still, **both)}
    broker = still.worker.broker
    async with still.worker.db.unit() as unit:
        about = {"reason": "x", "set_by": "x", "set_at": still.clock.now(), "valid_from": date(2026, 11, 25)}
        unit.session.add(ServiceTarget(measure="social_answered", seconds=60, percent=Decimal(90), **about))
    await broker.targets.once()
    assert {row.comment.conversation_id: row.due_at for row in await _rows(still, **both)} == promised
    told = [await ResponseTimes(broker).report(_wanted(to_day=to_day)) for to_day in ("2026-11-24", "2026-11-25")]
    assert [(one.target, one.total.wanted) for one in told] == [
        (_HOUR, Fraction(95, 100)),
        (timedelta(minutes=1), Fraction(90, 100)),
    ]


async def test_a_period_must_be_one_and_a_figure_too(still: World) -> None:
    for wrong, code in (
        ({"from_day": "2026-11-25"}, "bad_period"),
        ({"from_day": "2025-11-23"}, "period_too_long"),
        ({"figure": "best"}, "bad_value"),
    ):
        with pytest.raises(PieturaError) as refused:
            await _rows(still, **wrong)
        assert refused.value.code == code
    assert await _rows(still, from_day="2025-11-24") == []


# --- the rules, without a database --------------------------------------------------------------------------------------


def _comment(written: str, answered: str | None = None, **more: Any) -> PlacedComment:
    """A comment by Riga's clock."""
    values: dict[str, Any] = {
        "conversation_id": "c",
        "case_no": 1,
        "account_id": "a",
        "created_at": _riga(written),
        "received_at": _riga(written),
        "deleted_at": None,
        "first_reply_at": _riga(answered) if answered else None,
        "sent_by": "operator" if answered else None,
        "closed_at": None,
        "outcome": None,
    }
    return PlacedComment(**{**values, **more})


def _riga(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Riga")).astimezone(UTC)


@pytest.mark.parametrize(
    ("written", "answered", "due", "standing", "working_s", "plain_s"),
    [
        pytest.param("2026-11-24 10:00", "2026-11-24 11:00", "2026-11-24 11:00", "in_time", 3600, 3600, id="just"),
        pytest.param(
            "2026-11-24 10:00", "2026-11-24 11:00:01", "2026-11-24 11:00", "late", 3601, 3601, id="a second late"
        ),
        pytest.param("2026-11-24 22:00", "2026-11-25 08:30", "2026-11-25 09:00", "in_time", 1800, 37800, id="night"),
        pytest.param("2026-11-24 22:00", "2026-11-24 22:01", "2026-11-25 09:00", "in_time", 0, 60, id="at night too"),
        pytest.param(
            "2026-11-27 17:40", "2026-11-30 08:41", "2026-11-30 08:40", "late", 3660, 226860, id="over the weekend"
        ),
        # The day of the proclamation, a Wednesday.
        pytest.param(
            "2026-11-17 17:30", "2026-11-19 08:10", "2026-11-19 08:30", "in_time", 2400, 139200, id="over a holiday"
        ),
        pytest.param(
            "2026-11-18 12:00", "2026-11-19 09:30", "2026-11-19 09:00", "late", 5400, 77400, id="on a holiday"
        ),
        # Christmas Eve to Boxing Day, then a Sunday.
        pytest.param(
            "2026-12-23 17:59", "2026-12-28 08:58", "2026-12-28 08:59", "in_time", 3540, 399540, id="over Christmas"
        ),
        # That night the clock is put back: one hour more than it shows.
        pytest.param(
            "2026-10-24 12:00", "2026-10-26 08:00", "2026-10-26 09:00", "in_time", 0, 45 * 3600, id="winter time"
        ),
    ],
)
def test_an_hour_of_working_time(
    written: str, answered: str, due: str, standing: str, working_s: int, plain_s: int
) -> None:
    row = judge(_comment(written, answered), WorkingCalendar(), _HOUR, _riga("2026-12-31 12:00"))
    assert (row.due_at, row.standing, row.working_s, row.plain_s) == (_riga(due), standing, working_s, plain_s)


def test_a_day_on_which_the_centre_is_closed_is_no_working_time() -> None:
    calendar = WorkingCalendar(exceptions={date(2026, 11, 24): False, date(2026, 11, 28): True})
    now = _riga("2026-12-31 12:00")
    assert judge(_comment("2026-11-24 10:00"), calendar, _HOUR, now).due_at == _riga("2026-11-25 09:00")
    assert judge(_comment("2026-11-27 17:30"), calendar, _HOUR, now).due_at == _riga("2026-11-28 08:30")


def test_a_promise_once_made_stays() -> None:
    now = _riga("2026-12-31 12:00")
    # The hours were set anew since: by them it would have been due at ten.
    row = _comment("2026-11-27 17:30", "2026-11-30 08:31", due_at=_riga("2026-11-30 08:30"))
    judged = judge(row, WorkingCalendar(time(9, 30), time(18)), _HOUR, now)
    assert (judged.due_at, judged.standing) == (row.due_at, "late")


def test_begun_seconds_count_and_none_is_negative() -> None:
    now, calendar = _riga("2026-12-31 12:00"), WorkingCalendar()
    late = judge(_comment("2026-11-24 10:00", "2026-11-24 11:00:00.001"), calendar, _HOUR, now)
    assert (late.standing, late.working_s) == ("late", 3601)
    # Platforms tell whole seconds: an answer of the same second may seem older.
    early = judge(_comment("2026-11-24 10:00:00.700", "2026-11-24 10:00:00"), calendar, _HOUR, now)
    assert (early.standing, early.working_s, early.plain_s) == ("in_time", 0, 0)


def test_who_answered_is_told_apart() -> None:
    now, calendar = _riga("2026-12-31 12:00"), WorkingCalendar()
    for sent_by, by in (
        ("assistant", "assistant"),
        ("operator", "operator"),
        ("specialist", "operator"),
        (None, "outside"),
    ):
        row = judge(_comment("2026-11-24 10:00", "2026-11-24 10:30", sent_by=sent_by), calendar, _HOUR, now)
        assert row.by == by


@pytest.mark.parametrize(("in_time", "met"), [(18_999, False), (19_000, True), (20_000, True)])
def test_the_target_is_exact(in_time: int, met: bool) -> None:
    soon = judge(_comment("2026-11-24 10:00", "2026-11-24 10:30"), WorkingCalendar(), _HOUR, _riga("2026-12-31 12:00"))
    late = judge(_comment("2026-11-24 10:00", "2026-11-24 11:30"), WorkingCalendar(), _HOUR, _riga("2026-12-31 12:00"))
    found = Summary.of([soon] * in_time + [late] * (20_000 - in_time))
    assert (found.share, found.met) == (Fraction(in_time, 20_000), met)


def test_times_are_those_of_rows() -> None:
    assert Times.of([]) == Times(None, None)
    assert Times.of([7]) == Times(7, 7)
    assert Times.of([4, 1, 3, 2]) == Times(2, 4)
    assert Times.of(range(1, 101)) == Times(50, 95)


# --- a day at random ----------------------------------------------------------------------------------------------------

#: Tuesday. The next day is a holiday: what is written in the evening is due on Thursday.
_DAY = "2026-11-17"
_COMMENTS = sized(90, 200)
_Act = Callable[[], Coroutine[Any, Any, None]]


@dataclass
class RandomDay:
    """Comments, operators, a platform that fails and tells late; in the order of a clock of its own.

    Attributes:
        looks: how often the report was compared with the event log, and the console's clocks with both.
    """

    world: World
    chance: random.Random
    looks: Counter[str] = field(default_factory=Counter)
    accounts: list[ChannelAccount] = field(default_factory=list)
    _plan: list[tuple[datetime, int, _Act]] = field(default_factory=list)
    _order: Any = field(default_factory=itertools.count)

    def at(self, moment: datetime, act: _Act) -> None:
        """Plans something."""
        heapq.heappush(self._plan, (max(moment, self.world.clock.now()), next(self._order), act))

    def soon(self, act: _Act, minutes: float) -> None:
        """Plans something within so many minutes from now, in whole seconds."""
        self.at(self.world.clock.now() + self.span(minutes), act)

    def span(self, minutes: float) -> timedelta:
        """A span of at most so many minutes."""
        return timedelta(seconds=self.chance.randint(0, int(minutes * 60)))

    async def run(self) -> None:
        """Lives through the day and the next working one."""
        morning = _riga(f"{_DAY} 06:30")
        for _ in range(_COMMENTS):
            self._plan_comment(morning + self.span(13 * 60))
        for minutes in range(0, 54 * 60, 15):
            self.at(morning + timedelta(minutes=minutes), self._sweep)
        for minutes in (100, 300, 500, 700, 900, 50 * 60):
            self.at(morning + timedelta(minutes=minutes), self.compare)
        while self._plan:
            moment, _, act = heapq.heappop(self._plan)
            self.world.clock.push(moment - self.world.clock.now())
            await act()
            await self.world.worker.settle()

    async def _sweep(self) -> None:
        await self.world.worker.sweep.once()
        await self.world.worker.turns.drain(5)

    def _plan_comment(self, written: datetime) -> None:
        chance = self.chance
        text = "pabalsts" if chance.random() < 0.2 else "Kāpēc tā?"
        account = chance.choice(self.accounts)
        event = self.world.comment(f"p{next(self._order)}", text, occurred_at=written)
        # Some webhooks come late.
        told = written + (self.span(90) if chance.random() < 0.1 else self.span(0.1))

        async def tell() -> None:
            await self.world.tell(event, account=account)
            if chance.random() < 0.15:
                self.world.platform.script.append(chance.choice(_RESULTS))
            if chance.random() < 0.9:
                self.soon(lambda: self._take(event), 20)

        self.at(told, tell)
        if chance.random() < 0.1:
            gone = written + self.span(120)
            deleted = self.world.about(event, "deleted", occurred_at=gone)
            self.at(max(gone, told) + self.span(5), lambda: self._tell(deleted, account))
        if chance.random() < 0.08:
            said = written + self.span(90)
            words = self.world.echo(
                event.thread, f"No lapas {said}", occurred_at=said, post_ref="post-1", parent_ref=event.ref
            )
            self.at(max(said, told) + self.span(80), lambda: self._tell(words, account))

    async def open(self) -> RandomDay:
        """A second account, under whose posts the assistant says nothing."""
        self.accounts = [self.world.account, await self.world.add_account("2002", comment_policy="never")]
        return self

    async def _tell(self, event: InboundEvent, account: ChannelAccount) -> None:
        await self.world.tell(event, account=account)

    async def _found(self, event: InboundEvent) -> Conversation | None:
        for key, one in (await self.world.threads()).items():
            if one.comment_ref == event.ref:
                return await self.world.conversation(key)
        return None

    async def _take(self, event: InboundEvent) -> None:
        row = await self._found(event)
        if row is None or row.state != "queued":
            return
        viewer = await self.world.take(row.id, self.chance.choice(["anna", "janis"]))
        if self.chance.random() < 0.2:
            # His console is closed soon after: he loses what he holds.
            await _seen(self.world, viewer)
        act = self._close if self.chance.random() < 0.07 else self._answer
        self.soon(lambda: act(event), self.chance.choice([15, 30, 45, 90, 100]))

    async def _answer(self, event: InboundEvent) -> None:
        row = await self._found(event)
        if row is None or row.state not in ("queued", "active"):
            return
        if row.state == "queued":
            # He lost it meanwhile; somebody else answers.
            await self.world.take(row.id, "anna")
            row = await self.world.conversation(row.id)
        if self.chance.random() < 0.2:
            self.world.platform.script = [self.chance.choice(_RESULTS)]
            self.soon(lambda: self._decide(event), 60)
        try:
            viewer = await self._holder(row)
            await self.world.worker.desk.reply(
                viewer, row.id, str(uuid4()), f"Atbilde {uuid4()}", self.chance.choice(["public", "private"])
            )
        except PieturaError:
            # Deleted, or answered privately before: refusals are part of the day.
            return

    async def _holder(self, row: Conversation) -> Any:
        for who in ("anna", "janis"):
            viewer = await self.world.viewer(who)
            if viewer.id == row.holder_id:
                return viewer
        raise AssertionError("nobody holds it")

    async def _decide(self, event: InboundEvent) -> None:
        """Somebody looks on the platform what became of what failed or is unknown; or sends it again; or lets it be."""
        row = await self._found(event)
        liga = await self.world.viewer("liga")
        if row is None:
            return
        for message in await self.world.messages(row.id):
            if message.delivery in ("failed", "unknown"):
                act = self.chance.choice([self.world.worker.desk.send_again, self.world.worker.desk.mark_sent, None])
                if act is not None:
                    try:
                        await act(liga, row.id, message.seq)
                    except PieturaError:
                        continue

    async def _close(self, event: InboundEvent) -> None:
        row = await self._found(event)
        if row is not None and row.state == "active":
            viewer = await self._holder(row)
            await self.world.worker.desk.close(viewer, row.id, row.version, "other", "spam", None)

    # --- the same, from the event log alone -----------------------------------------------------------------------------

    async def compare(self) -> None:
        """The report agrees with the event log, row by row and figure by figure, and the console's clocks with both."""
        now = self.world.clock.now()
        async with self.world.worker.db.read() as session:
            told = Told(list(await session.scalars(select(Event).order_by(Event.seq))), now)
        wanted = _wanted(_DAY, _DAY)
        service = ResponseTimes(self.world.worker.broker)
        rows = await service.rows(wanted, "placed")
        assert {row.comment.conversation_id: _as_told(row) for row in rows} == told.rows
        self.looks["rows"] += len(rows)
        report = await service.report(wanted)
        told.check(report.total, told.rows)
        for account, figures in report.accounts:
            told.check(figures, {key: row for key, row in told.rows.items() if row["account"] == account.id})
        assert sum(figures.counts["placed"] for _, figures in report.accounts) == report.total.counts["placed"]
        self.looks["figures"] += (1 + len(report.accounts)) * len(report.total.counts)
        for figure in FIGURES:
            listed = await service.rows(wanted, figure)
            assert len(listed) == report.total.counts[figure]
        await self._compare_clocks({row.comment.conversation_id: row for row in rows})

    async def _compare_clocks(self, rows: dict[str, Judged]) -> None:
        broker = self.world.worker.broker
        cards = Cards(
            broker.names,
            lambda key, _lang: key,
            broker.texts,
            self.world.clock,
            self.world.worker.outbox.channels,
            broker.marks_on_platform,
        )
        liga = await self.world.viewer("liga")
        found = [one for one in await self.world.conversations() if one.id in rows]
        async with self.world.worker.db.read() as session:
            facts = await cards.facts(session, found)
        for one in found:
            card, row = cards.card(liga, one, facts), rows[one.id]
            if row.standing in ("open_in_time", "open_late"):
                written = row.comment.created_at
                assert card["due_at"] == iso(row.due_at) == iso(_due(written, 3600))
                assert card["clock"] == {
                    "since": iso(written),
                    "soon_at": iso(_due(written, 1800)),
                    "late_at": iso(_due(written, 2880)),
                }
                self.looks["clocks"] += 1
            elif row.standing == "closed_unanswered" or row.by in ("operator", "outside"):
                assert (card["due_at"], card["clock"]) == (None, None)
                self.looks["clocks stopped"] += 1


def _as_told(row: Judged) -> dict[str, Any]:
    one = row.comment
    return {
        "case_no": one.case_no,
        "account": one.account_id,
        "written_at": iso(one.created_at),
        "received_at": iso(one.received_at),
        "due_at": iso(row.due_at),
        "answered_at": iso(row.answered_at),
        "by": row.by,
        "state": row.standing,
        "working_s": row.working_s,
        "plain_s": row.plain_s,
        "gone_late": row.standing == "withdrawn" and one.deleted_at is not None and one.deleted_at > row.due_at,
    }


class Told:
    """The report's rows, from nothing but events, with working time counted in a way of its own."""

    def __init__(self, events: list[Event], now: datetime) -> None:
        placed = {
            e.conversation_id: e.data
            for e in events
            if e.kind == "opened" and e.data.get("kind") == "comment" and e.conversation_id
        }
        self.rows: dict[str, dict[str, Any]] = {}
        for key, opened in placed.items():
            self.rows[key] = self._row(opened, [e for e in events if e.conversation_id == key], now)

    def _row(self, opened: dict[str, Any], events: list[Event], now: datetime) -> dict[str, Any]:
        written = datetime.fromisoformat(opened["written_at"])
        due = _due(written, 3600)
        # What was promised when it came is what it is judged by.
        assert opened["due_at"] == iso(due)
        authors = {e.data["seq"]: e.actor_kind for e in events if e.kind == "message"}
        went_out = [
            (datetime.fromisoformat(e.data["at"]), authors[e.data["seq"]])
            for e in events
            if e.kind == "delivery" and e.data["delivery"] in ("sent", "delivered", "read")
        ]
        went_out += [(datetime.fromisoformat(e.data["at"]), "outside") for e in events if e.kind == "answered_outside"]
        # Told by the platform; or found out when an answer was to be sent.
        gone = [
            datetime.fromisoformat(e.data["at"]) for e in events if e.kind == "deleted" and e.actor_kind == "citizen"
        ] or [
            datetime.fromisoformat(e.data["at"])
            for e in events
            if e.kind == "delivery" and (e.data["delivery"], e.data["reason"]) == ("failed", "deleted")
        ]
        closed = any(e.kind == "state" and e.to_state in ("closed", "abandoned") for e in events)
        at, by = min(went_out, default=(None, None), key=lambda one: one[0])
        if gone and (at is None or gone[0] < at):
            state, at, by = "withdrawn", None, None
        elif at is not None:
            state = "in_time" if at <= due else "late"
        elif closed:
            state = "closed_unanswered"
        else:
            state = "open_in_time" if now <= due else "open_late"
        return {
            "case_no": opened["case_no"],
            "account": opened["account"],
            "written_at": opened["written_at"],
            "received_at": opened["received_at"],
            "due_at": iso(due),
            "answered_at": iso(at),
            "by": by,
            "state": state,
            "working_s": None if at is None else _worked(written, at),
            "plain_s": None if at is None else int((at - written).total_seconds()),
            "gone_late": state == "withdrawn" and gone[0] > due,
        }

    def check(self, found: Summary, rows: dict[str, dict[str, Any]]) -> None:
        """Every figure, counted anew."""
        states = Counter(row["state"] for row in rows.values())
        by = Counter(row["by"] for row in rows.values())
        counted = sum(states[state] for state in ("in_time", "late", "open_late", "closed_unanswered"))
        assert found.counts == {
            "placed": len(rows),
            "counted": counted,
            "answered": states["in_time"] + states["late"],
            **{
                state: states[state]
                for state in ("in_time", "late", "open_in_time", "open_late", "closed_unanswered", "withdrawn")
            },
            "withdrawn_late": sum(row["gone_late"] for row in rows.values()),
            **{f"by_{who}": by[who] for who in ("assistant", "operator", "outside")},
        }
        assert found.share == (Fraction(states["in_time"], counted) if counted else None)
        assert found.met == (100 * states["in_time"] >= 95 * counted if counted else None)
        for times, name in ((found.working, "working_s"), (found.plain, "plain_s")):
            values = [row[name] for row in rows.values() if row[name] is not None]
            assert (times.median_s, times.p95_s) == (_least(values, 50), _least(values, 95))


def _least(values: list[int], percent: int) -> int | None:
    """The least of the values that so many percent do not exceed."""
    return min((v for v in values if 100 * sum(x <= v for x in values) >= percent * len(values)), default=None)


def _windows() -> list[tuple[datetime, datetime]]:
    """When people worked around that day, written out."""
    days = ["2026-11-16", "2026-11-17", "2026-11-19", "2026-11-20"]
    return [(_riga(f"{day} 08:00"), _riga(f"{day} 18:00")) for day in days]


def _due(written: datetime, seconds: int) -> datetime:
    for opens, closes in _windows():
        begins = max(opens, written)
        there = int((closes - begins).total_seconds())
        if there >= seconds:
            return begins + timedelta(seconds=seconds)
        seconds -= max(0, there)
    raise AssertionError("the days written out do not reach so far")


def _worked(written: datetime, at: datetime) -> int:
    return sum(max(0, int((min(closes, at) - max(opens, written)).total_seconds())) for opens, closes in _windows())


_RESULTS = [
    SendResult("failed", reason="refused"),
    SendResult("failed", reason="deleted"),
    SendResult("unknown", reason="timeout"),
    SendResult("unknown", reason="timeout"),
    SendResult("retry", reason="platform_error"),
]


async def _live_through(url: str, seed: int) -> None:
    world = await _world(url, _riga(f"{_DAY} 06:30"))
    day = await RandomDay(world, random.Random(seed)).open()
    await day.run()
    total = (await ResponseTimes(world.worker.broker).report(_wanted(_DAY, _DAY))).total
    assert total.counts["placed"] == _COMMENTS
    # The day was a day: nothing is left untried.
    assert [name for name, count in total.counts.items() if not count and name != "open_in_time"] == []
    assert day.looks["clocks"] > 20
    await _clocks_agree(world)
    await world.close()


async def _clocks_agree(world: World) -> None:
    """The clock of each comment stopped when the report says, whoever told it late; and the quality part counts the same."""
    broker, now = world.worker.broker, world.clock.now()
    judged = await ResponseTimes(broker).judged(_wanted(_DAY, _DAY))
    async with broker.db.read() as session:
        found = await session.scalars(select(LevelClock).where(LevelClock.kind == "comment"))
        rows = {row.conversation_id: row for row in found}
        november = service_year.Year(date(2026, 11, 1))
        counted = (await service_year.figures(session, november, now))["social_answered"]
    causes = {"in_time": "answered", "late": "answered", "closed_unanswered": "ended", "withdrawn": "withdrawn"}
    for one in judged:
        row = rows.pop(one.comment.conversation_id)
        assert (row.due_at, row.cause) == (one.due_at, causes.get(one.standing))
        if one.standing in ("in_time", "late"):
            assert row.stopped_at == one.answered_at
            assert row.breached_at == (row.due_at if one.standing == "late" else None)
            assert -(-row.spent_us // 1_000_000) == one.working_s
    assert rows == {}
    standings = Counter(one.standing for one in judged)
    total = sum((month for months in counted.values() for month in months), service_year.Count())
    whole = sum(standings[name] for name in ("in_time", "late", "open_late", "closed_unanswered"))
    assert (total.part, total.whole) == (standings["in_time"], whole)


@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="SQLite lives through the day in the long tests only (make soak)")
async def test_a_day_at_random_agrees_with_the_event_log(sqlite_url: str) -> None:
    await _live_through(sqlite_url, 1)


@pytest.mark.slow
async def test_a_day_at_random_agrees_with_the_event_log_on_postgresql(postgres_url: str) -> None:
    await _live_through(postgres_url, 2)


# --- the calls ----------------------------------------------------------------------------------------------------------

_PATHS = ("response_times", "response_times/rows", "response_times.csv")


async def test_only_supervisors_and_administrators(hooked: Hooked) -> None:
    async with httpx.AsyncClient(base_url=hooked.stage.url) as stranger:
        for path in _PATHS:
            assert (await stranger.get(f"/console/api/{path}")).status_code == 401, path
    for who, status in (("anna", 403), ("liga", 200), ("admin", 200)):
        person = await hooked.stage.staff(who)
        for path in _PATHS:
            assert (await person.http.get(f"/{path}")).status_code == status, (who, path)
        await person.close()


async def test_the_calls_tell_figures_rows_and_csv(hooked: Hooked, people: World) -> None:
    other = await add_account(hooked.stage, "2002", name="=Otrā lapa")
    liga = await hooked.stage.staff("liga")
    written = hooked.stage.clock.now() - timedelta(minutes=70)
    late = people.comment("p1", "Kāpēc tā?", occurred_at=written)
    fresh = people.comment("p2", "Un kāpēc tā?", occurred_at=hooked.stage.clock.now())
    await hooked.call(late)
    await hooked.call(fresh, path=f"/hooks/facebook/{other.id}")
    await hooked.quiet()
    nothing = (await liga.http.get("/response_times", params={"from": "2026-10-01", "to": "2026-10-31"})).json()
    assert (nothing["total"]["placed"], nothing["total"]["share"], nothing["accounts"]) == (0, None, [])
    (open_late,) = (await liga.http.get("/response_times/rows", params={"figure": "open_late"})).json()["rows"]
    await liga.act(open_late["conversation_id"], "take")
    said = {"id": str(uuid4()), "text": "Labdien!", "mode": "public"}
    assert (await liga.act(open_late["conversation_id"], "messages", **said)).status_code == 200
    await hooked.quiet()

    found = (await liga.http.get("/response_times")).json()
    today = hooked.stage.clock.now().astimezone(ZoneInfo("Europe/Riga")).date()
    assert (found["from"], found["to"]) == (today.replace(day=1).isoformat(), today.isoformat())
    assert found["target"] == {"percent": 95, "working_s": 3600}
    total = found["total"]
    assert (total["placed"], total["late"], total["open_in_time"], total["by_operator"]) == (2, 1, 1, 1)
    assert (total["share"], total["met"]) == ({"in_time": 0, "counted": 1}, False)
    assert 70 * 60 <= total["plain"]["median_s"] == total["plain"]["p95_s"] < 80 * 60
    by_account = {one["account"]["name"]: one for one in found["accounts"]}
    assert (by_account["=Otrā lapa"]["placed"], by_account["=Otrā lapa"]["met"]) == (1, None)
    assert {one["id"] for one in found["choices"]["accounts"]} == {hooked.account.id, other.id}
    assert [one["id"] for one in found["choices"]["institutions"]] == ["vsaa"]

    listed = (await liga.http.get("/response_times/rows", params={"figure": "late", "page": 1})).json()
    assert (listed["total"], listed["page"], listed["pages"]) == (1, 1, 1)
    (row,) = listed["rows"]
    assert row.keys() == {
        *("conversation_id", "case_no", "account", "state", "by", "written_at", "received_at", "due_at", "answered_at"),
        *("withdrawn_at", "closed_at", "working_s", "plain_s", "outcome"),
    }, "nothing that tells who wrote"
    assert (row["state"], row["by"], row["written_at"]) == ("late", "operator", iso(written))
    assert (row["account"]["name"], row["account"]["owner"]) == (
        f"Lapa {PAGE}",
        "Valsts sociālās apdrošināšanas aģentūra",
    )
    past = (await liga.http.get("/response_times/rows", params={"page": 9})).json()
    assert (past["rows"], past["total"]) == ([], 2)

    answer = await liga.http.get("/response_times.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    # Newest first; what a spreadsheet would take for a formula is not one; Riga's time.
    assert [line["account"] for line in lines] == ["'=Otrā lapa", f"Lapa {PAGE}"]
    assert lines[1]["written_at"] == f"{written.astimezone(ZoneInfo('Europe/Riga')):%Y-%m-%d %H:%M:%S}"
    assert (lines[1]["state"], lines[0]["state"], lines[0]["answered_at"]) == ("late", "open_in_time", "")
    one = await liga.http.get("/response_times.csv", params={"account": other.id, "figure": "open_in_time"})
    assert len(one.text.splitlines()) == 2
    async with hooked.stage.gateway.db.read() as session:
        audited = await session.scalars(select(Audit).where(Audit.action == "response_times_exported"))
        assert {line.staff_id for line in audited} == {liga.me["id"]}
    await liga.close()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"from": "2026-13-01"}, "bad_date"),
        ({"to": "24.11.2026"}, "bad_date"),
        ({"to": "9999-12-31"}, "bad_date"),
        ({"from": "0001-01-01"}, "bad_date"),
        ({"from": "2026-11-25", "to": "2026-11-24"}, "bad_period"),
        ({"from": "2024-01-01", "to": "2026-11-24"}, "period_too_long"),
    ],
)
async def test_bad_dates_are_refused_in_words(hooked: Hooked, asked: dict[str, str], code: str) -> None:
    liga = await hooked.stage.staff("liga")
    for path in _PATHS:
        refused = await liga.http.get(f"/{path}", params=asked)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert "{" not in refused.json()["title"]
    wrong = await liga.http.get("/response_times/rows", params={"figure": "best"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_value")
    if code == "bad_date":
        # The ledger's dates are read by the same rule.
        assert (await liga.http.get("/cases", params=asked)).json()["code"] == "bad_date"
    await liga.close()
