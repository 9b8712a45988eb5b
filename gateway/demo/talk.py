"""One made-up conversation, step by step, as the broker would have kept it: rows, events, clocks, and its entry in the ledger.

The rules are the service's own: what a change of state means for the clocks, what an event tells of how things stand, which
queue takes it. Only storing is done otherwise, all at once (:mod:`gateway.demo.history`).
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final, cast

from gateway.demo.days import Roster
from gateway.demo.words import Stock, Subject
from handoff.broker import TOLD_ON_PLATFORMS, Policy, greeting_id
from handoff.conversations.facts import facts
from handoff.conversations.models import Conversation
from handoff.conversations.schemas import WEBCHAT
from handoff.queue.matching import first
from handoff.queue.models import COMMON, Queue
from handoff.queue.placing import asked_of
from handoff.search.words import terms
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level import rules
from handoff.service_level.models import LevelClock
from handoff.state_machine import Actor, State
from kit.clock import RIGA, iso
from kit.i18n import Catalogue
from kit.textual import shorten

_SECOND: Final = timedelta(seconds=1)
#: A platform takes what it is sent a moment later.
_SENDING: Final = timedelta(milliseconds=900)

#: Columns with a default, or of JSON, that no story sets: None would be written there.
_UNSET: Final = frozenset({"contact", "waits_for", "queue_chosen"})

Rows = dict[str, list[dict[str, Any]]]
#: (kind of case, channel, level, Riga day) → the tariff's id and the price.
PriceOf = Callable[[str, str, int, date], tuple[str | None, Decimal | None]]


@dataclass(frozen=True)
class Colleague:
    """Somebody of the staff."""

    id: str
    name: str
    centre_id: str | None
    languages: Sequence[str]

    @property
    def first_name(self) -> str:
        """As he gives it to citizens."""
        return self.name.split()[0]


@dataclass(frozen=True)
class Account:
    """An account on a platform."""

    id: str
    channel: str
    institution_id: str | None
    municipality_id: str | None
    answers_comments: bool


@dataclass
class World:
    """What a conversation can come upon."""

    chance: random.Random
    calendar: WorkingCalendar
    stock: Stock
    texts: Catalogue
    policy: Policy
    targets: Mapping[str, timedelta | None]
    queues: Sequence[Queue]
    operators: Sequence[Colleague]
    specialists: Mapping[str, Colleague]
    accounts: Sequence[Account]
    roster: Roster
    price_of: PriceOf
    stems: dict[tuple[str, str], str] = field(default_factory=dict)

    def id(self) -> str:
        """A fresh id; the same in every history of a seed."""
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def some(self, seconds: float, least: float = 1) -> timedelta:
        """A span that is about so long."""
        return timedelta(microseconds=round((least + self.chance.expovariate(1 / seconds)) * 1_000_000))

    def terms(self, text: str, lang: str) -> str:
        """Stems for the search; the same sentences occur again and again."""
        key = (text, lang)
        if key not in self.stems:
            self.stems[key] = terms(text, lang)
        return self.stems[key]


class Talk:
    """A conversation that goes on until it is ended."""

    def __init__(
        self, world: World, opened_at: datetime, lang: str, subject: Subject, account: Account | None, *, comment: bool
    ) -> None:
        self._world = world
        self.account = account
        self.comment = comment
        self.subject = subject
        self.at = opened_at
        self.rows: Rows = {
            name: [] for name in ("message", "event", "turn", "search_document", "outbox", "clock", "channel_thread")
        }
        self._clocks: list[LevelClock] = []
        self._running: dict[str, LevelClock] = {}
        channel = account.channel if account is not None else WEBCHAT
        place = account.municipality_id if account is not None else None
        # Not a row of the database yet: plain attributes are set and read ten times as fast.
        self.row = _plain_row(
            id=world.id(),
            version=1,
            state=State.BOT.value,
            channel=channel,
            site=account.id if account is not None else "demo",
            lang=lang,
            institution_id=account.institution_id if account is not None else None,
            municipality_id=place,
            context={},
            weight=100,
            passed={},
            level=0,
            opened_at=opened_at,
            last_at=opened_at,
            last_seq=0,
            unread=0,
            staff_read_seq=0,
            citizen_read_seq=0,
        )
        self._event("opened", Actor.CITIZEN, to_state=State.BOT, version=1, data=facts(self.row))
        if comment:
            self._start("comment", opened_at)

    # --- what is said -------------------------------------------------------------------------------------------------

    def greet(self) -> None:
        """The assistant's first words."""
        self.say("assistant", self._world.texts.text(self.row.lang, "greeting"), greeting=True)

    def ask(self, text: str, outcome: str, payload: str | None = None) -> None:
        """The citizen writes to the assistant; ``outcome``: what comes of it."""
        self.say("citizen", text, payload=payload)
        said = self.rows["message"][-1]
        took = self._world.chance.randrange(35, 180)
        self.rows["turn"].append(
            {
                "message_id": said["id"],
                "conversation_id": self.row.id,
                "seq": said["seq"],
                "lease_until": self.at + self._world.policy.turn_lease,
                "attempts": 1,
                "done_at": self.at + timedelta(milliseconds=took),
                "outcome": outcome,
                "took_ms": took,
            }
        )
        self.at += timedelta(milliseconds=took)
        if outcome == "answered":
            self.row.context = {**self.row.context, "answers": self.row.context.get("answers", 0) + 1}

    def say(
        self,
        author: str,
        text: str,
        by: Colleague | None = None,
        *,
        payload: str | None = None,
        extras: dict[str, Any] | None = None,
        greeting: bool = False,
    ) -> None:
        """Somebody says something now."""
        row, world = self.row, self._world
        row.last_seq += 1
        row.last_at, row.last_author, row.last_text = self.at, author, shorten(text, 200)
        out = self.account is not None and author != "citizen"
        key = greeting_id(row.id) if greeting else world.id()
        mode = {"mode": "public"} if out and self.comment else {}
        self.rows["message"].append(
            {
                "id": key,
                "conversation_id": row.id,
                "seq": row.last_seq,
                "client_id": world.id() if author == "citizen" or by is not None else None,
                "author_kind": author,
                "author_id": by.id if by is not None else None,
                "author_name": by.name if by is not None else None,
                "lang": row.lang,
                "text": text,
                "payload": payload,
                "extras": {**(extras or {}), **mode},
                "at": self.at,
                "delivery": "delivered" if out else None,
                "delivery_reason": None,
            }
        )
        if author == "specialist":
            # The other messages' events are for live feeds, which begin at the present: a third of all rows, for nobody.
            self._event("message", author, by, data={"seq": row.last_seq})
        # Of the service's own sentences there are thousands alike: nobody looks for them, and taking them in costs seconds.
        if author != "system" and not greeting:
            stems = {"conversation_id": row.id, "kind": "message", "ref": key, "terms": world.terms(text, row.lang)}
            self.rows["search_document"].append(stems)
        if self.account is not None and out:
            self._send(self.account, key, text, author)
        if author == "citizen":
            row.unread += 1
            if rules.citizens_turn(State(row.state)) and (clock := self._running.get("resolution")) is not None:
                rules.resume(clock, world.calendar, self.at)
        elif by is not None:
            self._answered(author)

    def note(self, key: str, **values: object) -> None:
        """One of the service's sentences, where it is told."""
        if self.comment or (self.account is not None and key not in TOLD_ON_PLATFORMS):
            return
        self.say("system", self._world.texts.text(self.row.lang, key, **values))

    def _answered(self, author: str) -> None:
        """A person has spoken: of him the beginning, or the answer, was due."""
        row, calendar = self.row, self._world.calendar
        row.unread, row.staff_read_seq = 0, row.last_seq
        went_out = self.at if self.account is None else self.at + _SENDING
        if author == "operator" and row.first_reply_at is None:
            row.first_reply_at = went_out
        if author == "specialist":
            row.level2_answered_at = row.level2_answered_at or self.at
            self._stop("level2", self.at, "answered")
        self._stop("first_response", went_out, "answered")
        self._stop("comment", went_out, "answered")
        if rules.citizens_turn(State(row.state)) and (clock := self._running.get("resolution")) is not None:
            rules.pause(clock, calendar, self.at)

    def answered_in_public(self) -> None:
        """The assistant has answered a comment: from then on it has its answer."""
        self.row.first_reply_at = self.at + _SENDING
        self._stop("comment", self.row.first_reply_at, "answered")

    def _send(self, account: Account, message_id: str, text: str, author: str) -> None:
        by_person = author in ("operator", "specialist")
        self.rows["outbox"].append(
            {
                "account_id": account.id,
                "thread": self.rows["channel_thread"][0]["thread"],
                "kind": "public_reply" if self.comment else "direct",
                "conversation_id": self.row.id,
                "message_id": message_id,
                "payload": {"text": text, "by_person": by_person, "answers": author != "system"},
                "state": "delivered",
                "attempts": 1,
                "next_at": self.at,
                "lease_until": None,
                "claimed_at": self.at,
                "ref": f"made-up-{message_id}",
                "reason": None,
                "detail": None,
                "cost": Decimal(0),
                "created_at": self.at,
                "sent_at": self.at + _SENDING,
            }
        )

    def live_on(self, account: Account, thread: str, author_id: str, author_name: str) -> None:
        """Where it lives on its platform; said before anything is."""
        self.rows["channel_thread"].append(
            {
                "conversation_id": self.row.id,
                "account_id": account.id,
                "kind": "comment" if self.comment else "direct",
                "thread": thread,
                "author_id": author_id,
                "author_name": author_name,
                "author_handle": None,
                "post_ref": None,
                "comment_ref": thread if self.comment else None,
                "parent_ref": None,
                "summoned": True,
                "created_at": self.at,
                "received_at": self.at,
                "last_inbound_at": self.at,
                "hide_proposed": False,
                "edits": [],
            }
        )
        self.rows["search_document"].append(
            {
                "conversation_id": self.row.id,
                "kind": "name",
                "ref": f"{self.row.id}:author",
                "terms": self._world.terms(author_name, "lv"),
            }
        )

    # --- what becomes of it -------------------------------------------------------------------------------------------

    def understood(self) -> None:
        """It is known which service it is about."""
        row, subject = self.row, self.subject
        row.service_id, row.institution_id = subject.service_id, subject.institution_id
        if subject.municipal and row.municipality_id is None:
            row.municipality_id = self._world.stock.place()

    def queue(self, reason: str) -> None:
        """A person is asked for."""
        row, world = self.row, self._world
        row.reason, row.waiting_since, row.queued_at = reason, self.at, self.at
        chat = self.account is None
        row.due_at = world.calendar.add_working(
            self.at if chat else row.opened_at, world.policy.chat_target if chat else world.policy.comment_target
        )
        row.weight = 100 if chat else 50
        row.queue_id = first(world.queues, asked_of(row, None)) or COMMON
        told = world.texts.text("lv", f"summary.{reason}")
        if row.service_id:
            told += " " + world.texts.text("lv", "summary.about", service=self.subject.titles["lv"])
        row.summary = told
        self.move(State.QUEUED, Actor.ASSISTANT if reason != "asked" else Actor.CITIZEN, reason)
        self.note("broker.queued")

    def offer(self, to: Colleague) -> None:
        """The router offers it."""
        row = self.row
        row.offered_to_id, row.offered_at = to.id, self.at
        row.offer_until = self.at + timedelta(seconds=30)
        self.move(State.OFFERED, Actor.SYSTEM, "route", data={"to": to.name})

    def take(self, by: Colleague) -> None:
        """Somebody takes it, or accepts what he was offered."""
        row = self.row
        offered = row.state == State.OFFERED
        row.holder_id, row.centre_id, row.taken_at = by.id, by.centre_id, self.at
        row.offered_to_id = row.offer_until = row.waiting_since = None
        row.level = max(1, row.level)
        if self.account is None:
            row.due_at = None
        self.move(State.ACTIVE, Actor.STAFF, "accept_offer" if offered else "take", by)
        self.note("broker.joined", name=by.name)

    def bring_in(self, by: Colleague, institution_id: str, name: str) -> None:
        """A specialist of the institution is asked (R4)."""
        row, world = self.row, self._world
        row.level2_institution_id, row.institution_id, row.level = institution_id, institution_id, 2
        row.level2_at = self.at
        row.level2_due_at = world.calendar.add_working(self.at, world.policy.level2_target)
        self.move(State.LEVEL2, Actor.STAFF, "level2", by, data={"institution": name})
        self.note("broker.level2", institution=name)

    def join(self, by: Colleague, institution: str) -> None:
        """The specialist comes in."""
        self.row.specialist_id = by.id
        self.move(State.LEVEL2, Actor.STAFF, "join", by)
        self.note("broker.specialist_joined", name=by.name, institution=institution)

    def level2_over(self, by: Colleague) -> None:
        """The operator goes on."""
        row = self.row
        due, answered = row.level2_due_at, row.level2_answered_at
        if due is not None and answered is not None and answered > due:
            row.level2_breached_at = due
            data = {"due_at": iso(due), "institution_id": row.level2_institution_id}
            self._event("level2_overdue", Actor.SYSTEM, data=data, at=due)
        self.move(State.ACTIVE, Actor.STAFF, "level2_done", by)
        self.note("broker.level2_done")

    def leave(self) -> None:
        """The citizen goes; who holds it finishes without him."""
        self.note("broker.closed")
        self.row.wrap_up_at = self.at
        self.move(State.WRAP_UP, Actor.CITIZEN, "citizen_ended")

    def end(
        self, outcome: str, actor: Actor, cause: str, by: Colleague | None = None, state: State = State.CLOSED
    ) -> None:
        """It is over; what it came to is entered."""
        row = self.row
        row.outcome, row.closed_at = outcome, self.at
        row.waiting_since = row.offered_to_id = row.due_at = None
        row.citizen_read_seq = row.last_seq
        if self.account is None:
            row.citizen_seen_at = row.last_at
        self.move(state, actor, cause, by)
        if self.comment:
            self._stop("comment", self.at, "ended")
        self.rows["clock"] = [_plain(one) for one in self._clocks]

    def rate(self, score: int, comment: str | None) -> None:
        """The citizen says how it was (R23)."""
        self.row.rating, self.row.rating_comment, self.row.rated_at = score, comment, self.at
        self._event("rated", Actor.CITIZEN, data={"score": score})

    def move(
        self, state: State, actor: Actor, cause: str, by: Colleague | None = None, data: dict[str, Any] | None = None
    ) -> None:
        """A change of state with its event, and what it means for the clocks."""
        row, before = self.row, State(self.row.state)
        row.state, row.version = state.value, row.version + 1
        self._event(
            "state",
            actor,
            by,
            cause=cause,
            from_state=before,
            to_state=state,
            version=row.version,
            data={**(data or {}), **facts(row)},
        )
        if row.channel == WEBCHAT and before == State.BOT and state != State.QUEUED:
            return
        for step in rules.steps(before, state, held=row.holder_id is not None):
            self._step(step, before)

    def entry(self, no: int) -> dict[str, Any]:
        """The line of the ledger that its end makes."""
        row = self.row
        kind = "chat_session" if self.account is None else "comment" if self.comment else "social_conversation"
        tariff, amount = self._world.price_of(kind, row.channel, row.level, row.opened_at.astimezone(RIGA).date())
        copied = ("channel", "site", "lang", "level", "institution_id", "service_id", "municipality_id", "centre_id")
        times = ("topic", "opened_at", "queued_at", "taken_at", "first_reply_at", "level2_at", "closed_at")
        return {
            "case_no": no,
            "revision": 0,
            "kind": "settled",
            "sign": 1,
            "reverses_id": None,
            "recorded_at": row.closed_at,
            "recorded_by": None,
            "why": None,
            "conversation_id": row.id,
            "case_kind": kind,
            "operator_id": row.holder_id,
            "specialist_id": row.specialist_id,
            "outcome": row.outcome,
            "tariff_id": tariff,
            "amount": amount,
            **{name: getattr(row, name) for name in (*copied, *times)},
        }

    # --- clocks -------------------------------------------------------------------------------------------------------

    def _step(self, step: rules.Step, before: State) -> None:
        clock, calendar = self._running.get(step.kind), self._world.calendar
        if clock is None:
            if step.act != "start":
                return
            if step.kind == "first_response" and (self.comment or self.row.first_reply_at is not None):
                return
            on_platform = step.kind == "first_response" and self.account is not None
            self._start(step.kind, self.row.opened_at if on_platform else self.at, before)
        elif step.act == "resume":
            rules.resume(clock, calendar, self.at)
        elif step.act == "pause":
            self._tell(clock, self.at)
            rules.pause(clock, calendar, self.at)
        elif step.act == "stop":
            self._stop(step.kind, self.at, step.cause)

    def _start(self, kind: rules.Kind, at: datetime, before: State = State.BOT) -> None:
        world = self._world
        measure = rules.measure_of(kind, self.row.channel, promised=kind != "waiting" or before == State.BOT)
        target = world.targets.get(measure) if measure else None
        clock = rules.started(world.calendar, self.row.id, kind, self.row.channel, at, target)
        self._clocks.append(clock)
        self._running[kind] = clock

    def _stop(self, kind: rules.Kind, at: datetime, cause: str) -> None:
        clock = self._running.pop(kind, None)
        if clock is None:
            return
        self._tell(clock, at)
        rules.stop(clock, self._world.calendar, at, cause)
        clock.centre_id = None if kind == "waiting" and cause != "taken" else self.row.centre_id

    def _tell(self, clock: LevelClock, at: datetime) -> None:
        """What the watch would have told of it by ``at``."""
        for share, mark in ((50, clock.warn_50_at), (80, clock.warn_80_at)):
            if mark is not None and mark <= at and clock.told < share:
                clock.told = share
                data = {"share": share, "due_at": iso(clock.due_at)}
                self._event("clock_warning", Actor.SYSTEM, cause=clock.kind, data=data, at=mark)
        if rules.breaks(clock, at) and clock.due_at is not None:
            clock.breached_at, clock.told = clock.due_at, 100
            if clock.kind != "level2":
                data = {"due_at": iso(clock.due_at)}
                self._event("clock_breached", Actor.SYSTEM, cause=clock.kind, data=data, at=clock.due_at)

    def _event(
        self,
        kind: str,
        actor: str,
        by: Colleague | None = None,
        *,
        cause: str | None = None,
        from_state: State | None = None,
        to_state: State | None = None,
        version: int | None = None,
        data: dict[str, Any],
        at: datetime | None = None,
    ) -> None:
        self.rows["event"].append(
            {
                "conversation_id": self.row.id,
                "kind": kind,
                "actor_kind": str(actor),
                "actor_id": by.id if by is not None else None,
                "cause": cause,
                "from_state": from_state,
                "to_state": to_state,
                "version": version,
                "data": data,
                "at": at or self.at,
            }
        )


def _plain(row: LevelClock) -> dict[str, Any]:
    names = (column.key for column in LevelClock.__mapper__.column_attrs)
    return {name: getattr(row, name) for name in names if name != "id"}


def _plain_row(**values: Any) -> Conversation:
    names = (column.key for column in Conversation.__mapper__.column_attrs)
    return cast("Conversation", SimpleNamespace(**{**dict.fromkeys(names), **values}))


def columns_of(row: Conversation) -> dict[str, Any]:
    """The conversation as a row to be inserted. What no story sets gets its column's default."""
    return {name: value for name, value in vars(row).items() if name not in _UNSET}
