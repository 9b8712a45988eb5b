"""A year of contacts out of a seed: what the tables hold after each, and the events that led to it.

Everything that a report asks about occurs: corrections of the ledger, citizens who come again on the same or another channel,
answers that do not help, waits over a night, ratings, what nobody answered.
"""

from __future__ import annotations

import json
import random
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.engine import make_url

from handoff.cases.models import Case, CaseEntry
from handoff.citizens.models import ChannelIdentity, Citizen, IdentityConversation, IdentityLink
from handoff.conversations.models import Conversation, Event, Message, Turn
from kit.clock import RIGA
from kit.db import Database

TABLES: tuple[Any, ...] = (
    Conversation,
    Case,
    CaseEntry,
    Citizen,
    ChannelIdentity,
    IdentityConversation,
    IdentityLink,
    Message,
    Turn,
    Event,
)
Rows = dict[Any, list[dict[str, Any]]]
_CHANNELS = ("webchat", "webchat", "webchat", "webchat", "facebook", "facebook", "x", "telegram")
_INSTITUTIONS = ("vsaa", "pmlp", "vid", "csdd", None)
_CENTRES = ("c-riga", "c-liepaja", None)
_TURNS = (
    "answered",
    "answered",
    "answered",
    "choices",
    "asked_back",
    "clarify",
    "out_of_scope",
    "smalltalk",
    "dropped",
)
_HOURS = (2, 1, 1, 1, 1, 2, 4, 8, 14, 18, 18, 16, 14, 15, 15, 14, 12, 9, 8, 7, 6, 5, 4, 3)


class Year:
    """Makes contacts one after another."""

    def __init__(self, seed: int, contacts: int, first: date, days: int, services: Sequence[str] = ()) -> None:
        """``services``: ids to draw from, where their names matter."""
        self._chance = random.Random(seed)
        self._contacts = contacts
        self._first = first
        self._days = days
        self._no = 0
        self._entry = 0
        self._event = 0
        self._link = 0
        self._known: list[tuple[str, str]] = []
        self._browser: str | None = None
        owners = random.Random(1)
        named = services or [f"service-{one}" for one in range(150)]
        self._services = [(one, owners.choice(_INSTITUTIONS)) for one in named]

    def _id(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))

    def _some(self, seconds: float) -> timedelta:
        return timedelta(microseconds=round(self._chance.expovariate(1 / seconds) * 1_000_000) + 1)

    def portions(self, size: int) -> Iterator[Rows]:
        """The rows of all tables, so many contacts at a time."""
        opened = sorted(self._opening() for _ in range(self._contacts))
        for at in range(0, len(opened), size):
            rows: Rows = defaultdict(list)
            for moment in opened[at : at + size]:
                self._contact(rows, moment)
            yield rows

    def _opening(self) -> datetime:
        day = self._first + timedelta(days=self._chance.randrange(self._days))
        hour = self._chance.choices(range(24), _HOURS)[0]
        second = self._chance.randrange(3_600_000_000)
        return datetime(day.year, day.month, day.day, hour, tzinfo=RIGA).astimezone(UTC) + timedelta(
            microseconds=second
        )

    def _contact(self, rows: Rows, opened_at: datetime) -> None:
        chance, key = self._chance, self._id()
        channel = chance.choice(_CHANNELS)
        service, institution = chance.choice(self._services) if chance.random() < 0.8 else (None, None)
        about = {
            "channel": channel,
            "lang": chance.choices(("lv", "ru", "en"), (70, 24, 6))[0],
            "service_id": service,
            "institution_id": institution,
            "municipality_id": chance.choice(("riga", "liepaja", None, None)),
        }
        previous = self._browser if channel == "webchat" and chance.random() < 0.1 else None
        now = opened_at
        outcomes = [chance.choice(_TURNS) for _ in range(chance.randrange(1, 4))]
        seq = 0
        self._log(rows, key, "opened", now, None, "bot", about)
        for outcome in outcomes:
            now += self._some(20)
            seq += 1
            self._said(rows, key, seq, now, None, about["lang"], outcome)
            if outcome == "answered":
                seq += 1
                self._answered(rows, key, seq, now + timedelta(milliseconds=300), about["lang"])
                if chance.random() < 0.12:
                    now += self._some(15)
                    seq += 1
                    self._said(rows, key, seq, now, "helped:no", about["lang"], "smalltalk")
        person = chance.random() < 0.35
        queued = taken = closed = rated = None
        reason, outcome, level = None, "answered" if "answered" in outcomes else "unanswered", 0
        centre = None
        if chance.random() < 0.1 and outcome == "answered":
            outcome = "resolved"
        if person:
            queued = now = now + self._some(5)
            reason = chance.choice(("asked", "failed_twice", "not_helped", "no_answer", "complaint"))
            self._log(rows, key, "state", now, "bot", "queued", about, queued_at=queued)
            wait = self._some(25) if chance.random() < 0.8 else self._some(30_000)
            if chance.random() < 0.1:
                now += wait
                outcome = "abandoned"
                if channel != "webchat" and chance.random() < 0.5:
                    outcome = "no_reply"
            else:
                taken = now = now + wait
                centre, level = chance.choice(_CENTRES), 1
                self._log(rows, key, "state", now, "queued", "active", about, queued_at=queued, centre_id=centre)
                if chance.random() < 0.1:
                    # A colleague goes on: of the conversation alone it would seem that he began.
                    now += self._some(60)
                    self._log(rows, key, "state", now, "active", "offered", about, queued_at=queued)
                    now += self._some(10)
                    self._log(rows, key, "state", now, "offered", "active", about, queued_at=queued)
                    taken = now
                outcome = chance.choice(
                    ("resolved", "resolved", "resolved", "referred", "unresolved", "spam", "no_reply")
                )
                if chance.random() < 0.12:
                    level, outcome = 2, "resolved_level2"
                now += self._some(240)
        if chance.random() < 0.99:
            closed = now = now + (timedelta() if person else self._some(900))
            ended = "abandoned" if outcome == "abandoned" else "closed"
            kept = {"queued_at": queued, "closed_at": closed, "outcome": outcome, "level": level, "centre_id": centre}
            self._log(
                rows, key, "state", now, "active" if taken else "queued" if queued else "bot", ended, about, **kept
            )
        rating = chance.choice((1, 2, 3, 4, 5, 5)) if closed and chance.random() < 0.25 else None
        if rating is not None:
            rated = now = now + self._some(30)
            self._log(rows, key, "rated", now, None, None, about, data={"score": rating})
        rows[Conversation].append(
            {
                **about,
                "id": key,
                "version": 3,
                "state": "closed" if closed else "bot",
                "site": "demo",
                "previous_id": previous,
                "reason": reason,
                "context": {},
                "centre_id": centre,
                "weight": 100,
                "passed": {},
                "level": level,
                "opened_at": opened_at,
                "queued_at": queued,
                "taken_at": taken,
                "closed_at": closed,
                "last_at": now,
                "last_seq": seq,
                "unread": 0,
                "staff_read_seq": 0,
                "citizen_read_seq": 0,
                "outcome": outcome if closed else None,
                "rating": rating,
                "rated_at": rated,
            }
        )
        self._ledger(rows, key, about, opened_at, queued, taken, closed, centre, level, outcome)
        if channel == "webchat":
            self._browser = key
        else:
            self._identity(rows, key, channel, opened_at)

    def _ledger(
        self, rows: Rows, key: str, about: dict[str, Any], opened: Any, queued: Any, taken: Any, closed: Any,
        centre: str | None, level: int, outcome: str,
    ) -> None:  # fmt: skip
        self._no += 1
        rows[Case].append(
            {"no": self._no, "conversation_id": key, "channel": about["channel"], "site": "demo", "opened_at": opened}
        )
        if closed is None:
            return
        facts = {
            "case_no": self._no,
            "recorded_at": closed,
            "conversation_id": key,
            **about,
            "site": "demo",
            "level": level,
            "centre_id": centre,
            "outcome": outcome,
            "opened_at": opened,
            "queued_at": queued,
            "taken_at": taken,
            "closed_at": closed,
        }
        self._entry += 1
        first = self._entry
        rows[CaseEntry].append(
            {**facts, "id": first, "revision": 0, "kind": "settled", "sign": 1, "reverses_id": None, "why": None}
        )
        if self._chance.random() < 0.04:
            again = {**facts, "revision": 1, "why": "Cits pakalpojums"}
            other, institution = self._chance.choice(self._services)
            changed = {"service_id": other, "institution_id": institution, "outcome": "resolved"}
            self._entry += 2
            rows[CaseEntry] += [
                {**again, "id": self._entry - 1, "kind": "reversal", "sign": -1, "reverses_id": first},
                {**again, **changed, "id": self._entry, "kind": "correction", "sign": 1, "reverses_id": None},
            ]

    def _identity(self, rows: Rows, key: str, channel: str, at: datetime) -> None:
        """Somebody new, or one of those who have written before; some of them are known to be one citizen on two channels."""
        chance = self._chance
        known = [one for one in self._known[-60:] if one[1] == channel]
        if known and chance.random() < 0.3:
            identity = chance.choice(known)[0]
        else:
            identity = self._id()
            rows[ChannelIdentity].append(
                {
                    "id": identity,
                    "channel": channel,
                    "scope": "page",
                    "external_id": identity,
                    "display_name": None,
                    "name_key": None,
                    "first_seen_at": at,
                }
            )
            if self._known and chance.random() < 0.15:
                citizen = self._id()
                other = chance.choice(self._known[-60:])[0]
                rows[Citizen].append({"id": citizen, "created_at": at})
                for linked, undone in ((identity, None), (other, None if chance.random() < 0.7 else at)):
                    self._link += 1
                    rows[IdentityLink].append(
                        {
                            "id": self._link,
                            "identity_id": linked,
                            "citizen_id": citizen,
                            "act_id": citizen,
                            "evidence": "code_word",
                            "reason": None,
                            "linked_at": at,
                            "undone_at": undone,
                        }
                    )
                # Nobody is linked twice.
                self._known = [one for one in self._known if one[0] != other]
            else:
                self._known.append((identity, channel))
        rows[IdentityConversation].append({"conversation_id": key, "identity_id": identity})

    def _said(self, rows: Rows, key: str, seq: int, at: datetime, payload: str | None, lang: str, outcome: str) -> None:
        message = self._id()
        rows[Message].append(
            {
                "id": message,
                "conversation_id": key,
                "seq": seq,
                "client_id": message,
                "author_kind": "citizen",
                "lang": lang,
                "text": "Kā pieteikties?",
                "payload": payload,
                "extras": {},
                "at": at,
            }
        )
        rows[Turn].append(
            {
                "message_id": message,
                "conversation_id": key,
                "seq": seq,
                "lease_until": at,
                "attempts": 1,
                "done_at": at,
                "outcome": outcome,
                "took_ms": 40,
            }
        )
        self._log(rows, key, "message", at, None, None, {}, data={"seq": seq})

    def _answered(self, rows: Rows, key: str, seq: int, at: datetime, lang: str) -> None:
        message = self._id()
        rows[Message].append(
            {
                "id": message,
                "conversation_id": key,
                "seq": seq,
                "client_id": None,
                "author_kind": "assistant",
                "lang": lang,
                "text": "Piesakieties portālā.",
                "payload": None,
                "extras": {},
                "at": at,
            }
        )
        self._log(rows, key, "message", at, None, None, {}, data={"seq": seq})

    def _log(
        self, rows: Rows, key: str, kind: str, at: datetime, before: str | None, after: str | None,
        about: dict[str, Any], *, data: dict[str, Any] | None = None, **kept: Any,
    ) -> None:  # fmt: skip
        self._event += 1
        told = {name: value for name, value in {**about, **kept}.items() if value is not None}
        plain = {name: one.isoformat() if isinstance(one, datetime) else one for name, one in told.items()}
        rows[Event].append(
            {
                "seq": self._event,
                "conversation_id": key,
                "kind": kind,
                "actor_kind": "citizen",
                "from_state": before,
                "to_state": after,
                "version": 1,
                "data": data or {"as": plain},
                "at": at,
            }
        )


async def fill(db: Database, year: Year, portion: int = 2000) -> None:
    """Puts a year into a database; PostgreSQL takes it as a stream."""
    for rows in year.portions(portion):
        if db.dialect == "postgresql":
            await _copy(db, rows)
        else:
            async with db.unit() as unit:
                for table in TABLES:
                    if rows[table]:
                        await unit.session.execute(insert(table), rows[table])


async def _copy(db: Database, rows: Rows) -> None:
    import asyncpg

    url = make_url(db.url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    try:
        for table in TABLES:
            if rows[table]:
                names = list(rows[table][0])
                await connection.copy_records_to_table(
                    table.__tablename__, records=[_record(one, names) for one in rows[table]], columns=names
                )
    finally:
        await connection.close()


def _record(row: dict[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(json.dumps(row[one]) if isinstance(row[one], dict) else row[one] for one in names)
