"""What reports are computed from: one row for each contact of a period, with all that its metrics ask for.

A contact is a case (R15) and belongs to the time of its opening, whatever is asked of it. Where the ledger has been corrected,
the corrected entry counts. Of contacts that are over the facts are kept as they were gathered (handoff/reports/tasks.py), until a
source of theirs changes; of all others they are gathered when somebody asks. Both go through the same statement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import aliased

from handoff.cases.models import Case, CaseEntry
from handoff.citizens.models import IdentityConversation, IdentityLink
from handoff.conversations.models import Conversation, Event, Message, Turn
from handoff.reports.models import ContactDue, ContactFact
from handoff.service_clock.service import WorkingCalendar
from kit.clock import RIGA, midnight
from kit.sql import days_of, later, micros, micros_of, riga_date, riga_day, riga_hour, riga_month, riga_weekday

#: Within this time after the end the same citizen has asked again.
AGAIN: Final = timedelta(hours=24)
#: What a turn came to when nothing was understood.
NOT_UNDERSTOOD: Final = ("clarify", "out_of_scope")
#: Turns on which the assistant decided nothing.
NOT_DECIDED: Final = ("dropped", "unavailable")
#: What "this did not help" is pressed as.
NOT_HELPED: Final = "helped:no"

#: By what contacts can be grouped, and how a group reads out of a contact; all are text.
GROUPS: Final[Mapping[str, str]] = {
    "service": "service_id",
    "institution": "institution_id",
    "municipality": "municipality_id",
    "centre": "centre_id",
    "channel": "channel",
    "language": "lang",
    "reason": "reason",
    "hour": "hour",
    "weekday": "weekday",
    "day": "day",
    "month": "month",
}
#: By what a report can be narrowed down.
FILTERS: Final = ("service", "institution", "municipality", "centre", "channel", "language")


@dataclass(frozen=True)
class Wanted:
    """Which contacts: opened on Riga days from ``from_day`` to ``to_day``, both inclusive. ``only``: group → value."""

    from_day: date
    to_day: date
    only: Mapping[str, str] = field(default_factory=dict)

    @property
    def begins(self) -> datetime:
        """The first instant."""
        return midnight(self.from_day)

    @property
    def ends(self) -> datetime:
        """The first instant after it."""
        return midnight(self.to_day + timedelta(days=1))

    def before(self) -> Wanted:
        """The period of the same length before it; for whole months, as many whole months."""
        first, last = self.from_day, self.to_day
        if first.day == 1 and (last + timedelta(days=1)).day == 1:
            months = (last.year - first.year) * 12 + last.month - first.month + 1
            at = first.year * 12 + first.month - 1 - months
            return Wanted(date(at // 12, at % 12 + 1, 1), first - timedelta(days=1), self.only)
        length = last - first + timedelta(days=1)
        return Wanted(first - length, first - timedelta(days=1), self.only)


#: Groups that are computed of the instant of opening.
_IN_TIME: Final[Mapping[str, Callable[[Any], ColumnElement[str]]]] = {
    "hour": lambda at: cast(riga_hour(at), String),
    "weekday": lambda at: cast(riga_weekday(at), String),
    "day": riga_date,
    "month": riga_month,
}


def contacts(
    dialect: str,
    wanted: Wanted,
    calendar: WorkingCalendar,
    promised: Callable[[date], timedelta],
    now: datetime,
    groups: Collection[str] = tuple(GROUPS),
    *,
    numbered: bool = True,
) -> CTE:
    """The contacts.

    ``calendar``: as it was on days gone by; ``promised``: working time in which a chat was to begin, by day (R13);
    ``groups``: which of them will be asked for; ``numbered``: with the numbers of their cases. Columns:

    ``no``, ``id``, ``opened_at``, ``closed_at``, the groups of :data:`GROUPS`, ``level``, ``outcome``, ``rating``;
    ``queued``, ``taken``, ``judged`` (ended at least 24 hours ago), ``again`` (the same citizen came again within 24 hours);
    ``wait_us`` (working time from the wish for a person until one began, the citizen left, or now), ``promised_us`` (how much
    of it was promised at most on the day of the wish), ``handle_us`` (from the beginning to the end); ``typed``,
    ``not_understood``, ``answered``, ``not_helped``: the assistant's turns of each kind.
    """
    fact, c = ContactFact, Conversation
    due = select(ContactDue.conversation_id)
    asked = select(c.id.label("id")).where(c.id.in_(due), *_within(c.opened_at, wanted)).cte("asked")
    kept = select(*(getattr(fact, name) for name in FACTS)).where(
        ~due.where(ContactDue.conversation_id == fact.id).exists(), *_within(fact.opened_at, wanted)
    )
    f = union_all(kept, gathered(asked)).subquery("fact")
    days = _days(dialect, wanted.from_day, now, calendar, promised)
    queued_day, until_day = days.alias("queued_day"), days.alias("until_day")
    # Of whom nobody was asked for there is no wait, and nothing to compute.
    until = case((f.c.queued_at.is_not(None), func.coalesce(f.c.begun_at, f.c.closed_at, now)))
    in_time = [f.c[name] for name in _IN_TIME if name in groups]
    query = (
        select(
            *([f.c.no] if numbered else []),
            *(f.c[name] for name in _AS_THEY_ARE),
            *in_time,
            f.c.queued_at.is_not(None).label("queued"),
            f.c.begun_at.is_not(None).label("taken"),
            func.coalesce(f.c.closed_at <= now - AGAIN, False).label("judged"),
            (_worked(until_day, until) - _worked(queued_day, f.c.queued_at)).label("wait_us"),
            queued_day.c.promised.label("promised_us"),
            case((f.c.begun_at.is_not(None), micros(f.c.closed_at) - micros(f.c.begun_at))).label("handle_us"),
        )
        .select_from(f)
        .outerjoin(queued_day, queued_day.c.day == riga_day(f.c.queued_at))
        .outerjoin(until_day, until_day.c.day == riga_day(until))
    )
    found = query.cte("contact")
    if not wanted.only:
        return found
    chosen = [found.c[GROUPS[name]] == value for name, value in wanted.only.items()]
    return select(found).where(*chosen).cte("chosen")


def _within(opened_at: Any, wanted: Wanted) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return opened_at >= wanted.begins, opened_at < wanted.ends


#: What is gathered of a contact, in the order of :func:`gathered`.
FACTS: Final = tuple(column.name for column in ContactFact.__table__.c)
#: What contacts tell as it was gathered.
_AS_THEY_ARE: Final = tuple(
    name for name in FACTS if name not in ("no", "queued_at", "begun_at", "hour", "weekday", "day", "month")
)


def gathered(asked: CTE) -> Select[Any]:
    """The :data:`FACTS` of the conversations whose ``id`` is asked for, out of their sources.

    What is read here and may change after the end must have a trigger that says so (migration 0029).
    """
    c, entry, reversal = Conversation, aliased(CaseEntry), aliased(CaseEntry)
    turns, begun, after, linked = _turns(asked), _begun(asked), _next_of_person(asked), _next_by_link(asked)

    def fact(name: str) -> ColumnElement[Any]:
        """As the ledger has it; while there is no entry, as the conversation has it."""
        return case((entry.id.is_not(None), getattr(entry, name)), else_=getattr(c, name))

    too_soon = later(c.closed_at, AGAIN)
    found: dict[str, Any] = {
        "id": c.id,
        "no": Case.no,
        "opened_at": c.opened_at,
        "closed_at": c.closed_at,
        "queued_at": c.queued_at,
        "begun_at": begun.c.at,
        **{name: fact(name) for name in ("service_id", "institution_id", "municipality_id", "centre_id")},
        **{name: fact(name) for name in ("channel", "lang", "level")},
        # Empty while it goes on: so that "none of these" can be asked of all.
        "outcome": func.coalesce(fact("outcome"), ""),
        "reason": case((c.queued_at.is_not(None), c.reason)),
        "rating": c.rating,
        "again": func.coalesce(or_(after.c.next_at <= too_soon, linked.c.next_at <= too_soon), False),
        **{name: func.coalesce(turns.c[name], 0) for name in ("typed", "not_understood", "answered", "not_helped")},
        **{name: of(c.opened_at) for name, of in _IN_TIME.items()},
    }
    return (
        select(*(found[name].label(name) for name in FACTS))
        .select_from(c)
        .join(asked, asked.c.id == c.id)
        .outerjoin(Case, Case.conversation_id == c.id)
        .outerjoin(
            entry,
            and_(
                entry.conversation_id == c.id,
                entry.sign == 1,
                ~select(reversal.id).where(reversal.reverses_id == entry.id).exists(),
            ),
        )
        .outerjoin(begun, begun.c.conversation_id == c.id)
        .outerjoin(turns, turns.c.conversation_id == c.id)
        .outerjoin(after, after.c.id == c.id)
        .outerjoin(linked, linked.c.previous_id == c.id)
    )


def _turns(asked: CTE) -> CTE:
    """The assistant's turns by conversation. A pressed button is understood without any understanding: only what was typed
    tells how well that works."""
    typed = and_(Message.payload.is_(None), Turn.outcome.not_in(NOT_DECIDED))
    return (
        select(
            Turn.conversation_id.label("conversation_id"),
            func.count().filter(typed).label("typed"),
            func.count().filter(and_(typed, Turn.outcome.in_(NOT_UNDERSTOOD))).label("not_understood"),
            func.count().filter(Turn.outcome == "answered").label("answered"),
            func.count().filter(Message.payload == NOT_HELPED).label("not_helped"),
        )
        .join(asked, asked.c.id == Turn.conversation_id)
        .outerjoin(Message, and_(Message.id == Turn.message_id, Message.payload.is_not(None)))
        .group_by(Turn.conversation_id)
        .cte("turns")
    )


def _begun(asked: CTE) -> CTE:
    """When a person first began after one was asked for. The conversation tells when its last holder did; only the log knows
    who came before."""
    queued_at = Conversation.queued_at
    return (
        select(Event.conversation_id.label("conversation_id"), func.min(Event.at).label("at"))
        .join(asked, asked.c.id == Event.conversation_id)
        .join(Conversation, Conversation.id == Event.conversation_id)
        # Written out, so that a plan made once for all values may use the index of just these rows.
        .where(
            Event.kind == literal_column("'state'"),
            Event.to_state == literal_column("'active'"),
            or_(queued_at.is_(None), Event.at >= queued_at),
        )
        .group_by(Event.conversation_id)
        .cte("begun")
    )


def _next_of_person(asked: CTE) -> CTE:
    """When the same citizen came next: on any of his channels where they are linked, else as the same identity."""
    link, own = IdentityLink, IdentityConversation
    who = func.coalesce(link.citizen_id, own.identity_id)
    persons = (
        select(own.identity_id.label("identity_id"), link.citizen_id.label("citizen_id"), who.label("who"))
        .join(asked, asked.c.id == own.conversation_id)
        .outerjoin(link, and_(link.identity_id == own.identity_id, link.undone_at.is_(None)))
        .distinct()
        .cte("person")
    )
    linked = select(link.identity_id.label("identity_id"), link.citizen_id.label("who")).where(
        link.undone_at.is_(None), link.citizen_id.in_(select(persons.c.citizen_id))
    )
    alone = select(persons.c.identity_id, persons.c.who).where(persons.c.citizen_id.is_(None))
    theirs = union_all(linked, alone).cte("theirs")
    after = func.lead(Conversation.opened_at).over(
        partition_by=theirs.c.who, order_by=(Conversation.opened_at, Conversation.id)
    )
    return (
        select(Conversation.id.label("id"), after.label("next_at"))
        .select_from(theirs)
        .join(own, own.identity_id == theirs.c.identity_id)
        .join(Conversation, Conversation.id == own.conversation_id)
        .cte("after")
    )


def _next_by_link(asked: CTE) -> CTE:
    """When a conversation was followed by another that says so: the web chat's, begun in the same browser."""
    return (
        select(Conversation.previous_id.label("previous_id"), func.min(Conversation.opened_at).label("next_at"))
        .join(asked, asked.c.id == Conversation.previous_id)
        .where(Conversation.previous_id.is_not(None))
        .group_by(Conversation.previous_id)
        .cte("linked")
    )


def _days(
    dialect: str, first: date, now: datetime, calendar: WorkingCalendar, promised: Callable[[date], timedelta]
) -> CTE:
    """The working calendar as a table: by day, working microseconds before it, when it opens, for how long it is open, and in how
    many of them a chat was to begin."""
    rows, so_far, day = [], 0, first
    # A little further than the present: platforms have clocks of their own.
    while day <= (now + timedelta(days=7)).astimezone(RIGA).date():
        opens, closes = calendar.hours(day)
        begins = micros_of(datetime.combine(day, opens, RIGA))
        length = micros_of(datetime.combine(day, closes, RIGA)) - begins if calendar.is_working_day(day) else 0
        rows.append((days_of(day), so_far, begins, length, promised(day) // timedelta(microseconds=1)))
        so_far += length
        day += timedelta(days=1)
    if dialect == "postgresql":
        statement = (
            "SELECT CAST(value->>0 AS INTEGER) AS day, CAST(value->>1 AS BIGINT) AS so_far,"
            " CAST(value->>2 AS BIGINT) AS opens, CAST(value->>3 AS BIGINT) AS length,"
            " CAST(value->>4 AS BIGINT) AS promised"
            " FROM json_array_elements(CAST(:days AS JSON)) AS value"
        )
    else:
        statement = (
            "SELECT json_extract(value, '$[0]') AS day, json_extract(value, '$[1]') AS so_far,"
            " json_extract(value, '$[2]') AS opens, json_extract(value, '$[3]') AS length,"
            " json_extract(value, '$[4]') AS promised FROM json_each(:days)"
        )
    return (
        text(statement)
        .bindparams(bindparam("days", json.dumps(rows)))
        .columns(
            column("day", Integer),
            column("so_far", BigInteger),
            column("opens", BigInteger),
            column("length", BigInteger),
            column("promised", BigInteger),
        )
        .cte("days")
    )


def _worked(days: Any, moment: Any) -> ColumnElement[int]:
    """Working microseconds from the first day of the table to an instant of the day joined."""
    gone = micros(moment) - days.c.opens
    today = case((gone < 0, 0), (gone > days.c.length, days.c.length), else_=gone)
    worked: ColumnElement[int] = days.c.so_far + today
    return worked
