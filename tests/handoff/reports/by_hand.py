"""The same figures once more, by hand: one contact after another from the event log, in plain Python, with nothing of the
report's code. Slow, and so simple that it can be read through."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from handoff.cases.models import Case, CaseEntry
from handoff.citizens.models import IdentityConversation, IdentityLink
from handoff.conversations.models import Conversation, Event, Message, Turn
from handoff.presence.models import WorkedDay
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level.models import ServiceTarget
from kit.clock import RIGA
from kit.db import Database

_DAY = timedelta(hours=24)
#: From when until when people answered on a day; None when it was closed.
Hours = Callable[[date], tuple[time, time] | None]


async def gather(db: Database) -> list[dict[str, Any]]:
    """Every contact there is, with what happened to it."""
    async with db.read() as session:
        events = (await session.scalars(select(Event).order_by(Event.seq))).all()
        conversations = {one.id: one for one in await session.scalars(select(Conversation))}
        numbers = {one.conversation_id: one.no for one in await session.scalars(select(Case))}
        entries = (await session.scalars(select(CaseEntry).order_by(CaseEntry.id))).all()
        identities = {
            one.conversation_id: one.identity_id for one in await session.scalars(select(IdentityConversation))
        }
        links = {
            one.identity_id: one.citizen_id
            for one in await session.scalars(select(IdentityLink))
            if one.undone_at is None
        }
        messages = {one.id: one for one in await session.scalars(select(Message))}
        turns = (await session.scalars(select(Turn))).all()
    found: dict[str, dict[str, Any]] = {}
    for key, one in conversations.items():
        found[key] = {
            **{"id": key, "no": numbers[key], "opened": one.opened_at, "queued": None, "taken": None, "closed": None},
            **{"outcome": "", "level": one.level, "rating": None, "reason": one.reason, "turns": []},
            **{"channel": one.channel, "language": one.lang, "service": one.service_id, "centre": one.centre_id},
            **{"institution": one.institution_id, "municipality": one.municipality_id, "previous": one.previous_id},
            "who": links.get(identities.get(key, ""), identities.get(key)),
        }
    for event in events:
        contact = found.get(event.conversation_id or "")
        if contact is None:
            continue
        if event.kind == "rated":
            contact["rating"] = event.data["score"]
        if event.kind != "state":
            continue
        if event.to_state == "queued" and contact["queued"] is None:
            contact["queued"] = event.at
            # Whoever looked in before anybody was asked for has not begun what was asked for.
            contact["taken"] = None
        if event.to_state == "active" and contact["taken"] is None:
            contact["taken"] = event.at
        if event.to_state in ("closed", "abandoned"):
            contact["closed"] = event.at
            contact["outcome"] = event.data["as"]["outcome"]
            contact["level"] = event.data["as"].get("level", 0)
    gone = {one.reverses_id for one in entries}
    for entry in entries:
        if entry.sign == 1 and entry.id not in gone:
            found[entry.conversation_id] |= {
                **{"service": entry.service_id, "institution": entry.institution_id, "outcome": entry.outcome},
                **{"municipality": entry.municipality_id, "centre": entry.centre_id, "level": entry.level},
                **{"channel": entry.channel, "language": entry.lang},
            }
    for turn in turns:
        found[turn.conversation_id]["turns"].append((turn.outcome, messages[turn.message_id].payload))
    return list(found.values())


def again(contact: dict[str, Any], everybody: list[dict[str, Any]]) -> bool:
    """Whether the same citizen came again within 24 hours of the end."""
    for other in everybody:
        if other is contact or contact["closed"] is None:
            continue
        later = (other["opened"], other["id"]) > (contact["opened"], contact["id"])
        same = contact["who"] is not None and other["who"] == contact["who"] and later
        if (same or other["previous"] == contact["id"]) and other["opened"] <= contact["closed"] + _DAY:
            return True
    return False


def group_of(contact: dict[str, Any], by: str) -> str | None:
    """The group that a contact belongs to."""
    at = contact["opened"].astimezone(RIGA)
    match by:
        case "hour":
            return str(at.hour)
        case "weekday":
            return str(at.isoweekday())
        case "day":
            return str(at.date().isoformat())
        case "month":
            return str(at.strftime("%Y-%m"))
        case "reason":
            return contact["reason"] if contact["queued"] else None
        case _:
            found: str | None = contact[by]
            return found


async def promises(
    db: Database, calendar: WorkingCalendar, first: timedelta
) -> tuple[Hours, Callable[[date], timedelta]]:
    """The hours and the target of a day: as they were kept and set; else as the calendar has it now, and the first target."""
    async with db.read() as session:
        kept = {one.day: one for one in await session.scalars(select(WorkedDay))}
        rows = await session.scalars(select(ServiceTarget).where(ServiceTarget.measure == "chat_begun"))
        targets = [(one.valid_from, timedelta(seconds=one.seconds or 0)) for one in rows]

    def hours(day: date) -> tuple[time, time] | None:
        if (row := kept.get(day)) is not None:
            return (time.fromisoformat(row.opens), time.fromisoformat(row.closes or "")) if row.opens else None
        return calendar.hours(day) if calendar.is_working_day(day) else None

    def target(day: date) -> timedelta:
        return max([(date.min, first), *(one for one in targets if one[0] <= day)])[1]

    return hours, target


def worked(begins: datetime, ends: datetime, hours: Hours) -> timedelta:
    """Working time between two instants, day after day."""
    total, day = timedelta(), begins.astimezone(RIGA).date()
    while day <= ends.astimezone(RIGA).date():
        open_ = hours(day)
        if open_ is not None:
            opens, closes = (datetime.combine(day, one, RIGA).astimezone(UTC) for one in open_)
            total += max(timedelta(), min(ends, closes) - max(begins, opens))
        day += timedelta(days=1)
    return total


def figures(
    contacts: list[dict[str, Any]],
    comers: set[str],
    hours: Hours,
    target: Callable[[date], timedelta],
    now: datetime,
) -> dict[str, tuple[Any, int]]:
    """All metrics of some contacts as (part or value, whole). ``comers``: who came again; ``target``: by the day of the wish."""
    part: dict[str, Any] = defaultdict(int)
    whole: dict[str, int] = defaultdict(int)
    waits, handled, stars = [], [], []

    def count(name: str, of: bool, yes: bool) -> None:
        whole[name] += of
        part[name] += of and yes

    for one in contacts:
        outcome, queued, taken, closed = one["outcome"], one["queued"], one["taken"], one["closed"]
        request = closed is not None and outcome not in ("spam", "duplicate", "no_reply")
        judged = request and closed <= now - _DAY
        contained = queued is None and one["level"] == 0 and outcome in ("resolved", "answered")
        came = one["id"] in comers
        count("contacts", True, True)
        count("contained", judged, contained and not came)
        count("asked_again", judged, came)
        answered = any(what == "answered" for what, _ in one["turns"])
        count("not_helped", answered, any(payload == "helped:no" for _, payload in one["turns"]))
        count("unanswered", closed is not None, queued is None and outcome == "unanswered")
        count("handed_over", True, queued is not None)
        count("abandoned", queued is not None, outcome == "abandoned")
        count("level2", True, one["level"] >= 2)
        solved = one["level"] < 2 and outcome in ("resolved", "answered", "referred")
        count("solved", request and outcome != "abandoned", solved)
        count("rated", True, one["rating"] is not None)
        for what, payload in one["turns"]:
            if payload is None and what not in (None, "dropped", "unavailable"):
                count("understood", True, what not in ("clarify", "out_of_scope"))
        if queued is not None:
            wait = worked(queued, taken or closed or now, hours)
            if one["channel"] == "webchat":
                late = wait > target(queued.astimezone(RIGA).date())
                count("begun_in_time", taken is not None or late, taken is not None and not late)
            if taken is not None:
                waits.append(wait // timedelta(seconds=1))
        if taken is not None and closed is not None:
            handled.append((closed - taken) // timedelta(seconds=1))
        if one["rating"] is not None:
            stars.append(one["rating"])
    found = {name: (part[name], whole[name]) for name in whole}
    for name, values in (("wait", waits), ("handle", handled)):
        for rank, percent in (("median", 50), ("p95", 95)):
            at = math.ceil(len(values) * percent / 100) - 1
            found[f"{name}_{rank}"] = (sorted(values)[at] if values else None, len(values))
    found["rating_mean"] = (sum(stars), len(stars))
    for number in (1, 2, 3, 4, 5):
        found[f"rating_{number}"] = (stars.count(number),) * 2
    return found
