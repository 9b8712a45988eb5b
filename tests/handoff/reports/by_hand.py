"""The same figures once more, by hand: one contact after another from the event log, in plain Python, with nothing of the
report's code. Slow, and so simple that it can be read through."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from handoff.cases.models import Case, CaseEntry
from handoff.citizens.models import IdentityConversation, IdentityLink
from handoff.conversations.models import Conversation, Event, Message, Turn
from handoff.service_clock.service import WorkingCalendar
from kit.clock import RIGA
from kit.db import Database

_DAY = timedelta(hours=24)


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


def figures(
    contacts: list[dict[str, Any]],
    comers: set[str],
    calendar: WorkingCalendar,
    target: timedelta,
    now: datetime,
) -> dict[str, tuple[Any, int]]:
    """All metrics of some contacts as (part or value, whole). ``comers``: who came again."""
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
            wait = calendar.working_between(queued, taken or closed or now)
            if one["channel"] == "webchat":
                count("begun_in_time", taken is not None or wait > target, taken is not None and wait <= target)
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
