"""How long a citizen will wait, honestly (R10): from the queue as it is, never a constant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from handoff.conversations import repository
from handoff.conversations.models import Conversation
from handoff.queue.matching import UNIT
from handoff.queue.repository import PRESENT, loads, weights
from handoff.service_clock.service import WorkingCalendar
from handoff.staff.models import Staff
from kit.clock import RIGA
from kit.i18n import Catalogue

#: A contact takes about three minutes (reference price list, R17). Used as five observations until there are real ones.
PRIOR_HANDLE = timedelta(minutes=3)
PRIOR_WEIGHT = 5
_OBSERVED = 50

__all__ = ["PRESENT", "Wait", "clock_wording", "estimate", "moment_wording", "wording"]


@dataclass(frozen=True)
class Wait:
    """An estimate.

    Attributes:
        is_open: whether people work now.
        expected: time until a person begins; from now when open, else from the next opening.
        opens_at: the next opening (the present instant when open), UTC.
        ahead: how many wait before this one.
        operators: how many operators are there and available.
    """

    is_open: bool
    expected: timedelta
    opens_at: datetime
    ahead: int
    operators: int


async def estimate(
    session: AsyncSession, calendar: WorkingCalendar, now: datetime, waiting_since: datetime, *, chat: bool = True
) -> Wait:
    """The expected wait of a conversation that waits since ``waiting_since``; ``chat``: in the web chat.

    Places in the queue are served one after another by the operators who are there: with ``a`` ahead, ``f`` free places
    and ``n`` operators, the wait is the time until ``a + 1 - f`` conversations have ended at ``n`` ends per handling time.
    """
    ahead = await repository.waiting_ahead(session, waiting_since, chat=chat)
    present = (
        await session.scalars(
            select(Staff).where(
                Staff.role == "operator", Staff.availability == "available", Staff.seen_at >= now - PRESENT
            )
        )
    ).all()
    load = await loads(session, [one.id for one in present])
    place = max(1, (await weights(session)).webchat)
    free = sum(max(0, one.capacity * UNIT - load.get(one.id, 0)) // place for one in present)
    handle = await _handling_time(session)
    to_end = max(0, ahead + 1 - free)
    # Somebody who is free still needs to notice and open it: a tenth of a handling time.
    expected = handle * (0.1 + to_end / max(1, len(present)))
    is_open = calendar.is_open(now)
    return Wait(is_open, expected, calendar.next_opening(now), ahead, len(present))


async def _handling_time(session: AsyncSession) -> timedelta:
    """Mean time from taking to closing over the last conversations, mixed with the prior while they are few."""
    rows = (
        await session.execute(
            select(Conversation.taken_at, Conversation.closed_at)
            .where(Conversation.taken_at.is_not(None), Conversation.closed_at.is_not(None))
            .order_by(Conversation.closed_at.desc())
            .limit(_OBSERVED)
        )
    ).all()
    # One forgotten conversation must not make everybody's estimate an hour.
    spans = [min(closed - taken, timedelta(minutes=30)) for taken, closed in rows if taken and closed]
    return (PRIOR_HANDLE * PRIOR_WEIGHT + sum(spans, timedelta())) / (PRIOR_WEIGHT + len(spans))


def wording(texts: Catalogue, lang: str, wait: Wait, now: datetime, calendar: WorkingCalendar) -> str:
    """The estimate as a sentence for the citizen."""
    if not wait.is_open:
        return texts.text(
            lang,
            "wait.closed" if calendar.even else "wait.closed_now",
            opens=clock_wording(lang, calendar.opens),
            closes=clock_wording(lang, calendar.closes),
            when=moment_wording(texts, lang, wait.opens_at, now),
        )
    minutes = max(1, math.ceil(wait.expected.total_seconds() / 60))
    if wait.operators == 0:
        return texts.text(lang, "wait.nobody", n=minutes)
    if wait.ahead:
        return texts.text(lang, "wait.ahead", n=minutes, ahead=wait.ahead)
    return texts.text(lang, "wait.minutes", n=minutes)


def moment_wording(texts: Catalogue, lang: str, moment: datetime, now: datetime, key: str = "day.at") -> str:
    """When something will be, in words: today, tomorrow, or the weekday and date, with the hour.

    ``key``: ``day.at`` for what will be after that hour (an answer), ``day.starts`` for what begins at it (working time).
    """
    local, today = moment.astimezone(RIGA), now.astimezone(RIGA).date()
    days = (local.date() - today).days
    if days == 0:
        day = texts.text(lang, "day.today")
    elif days == 1:
        day = texts.text(lang, "day.tomorrow")
    else:
        day = texts.text(
            lang,
            "day.on",
            weekday=texts.text(lang, f"weekday.{local.isoweekday()}"),
            day=local.day,
            month=texts.text(lang, f"month.{local.month}"),
        )
    return texts.text(lang, key, day=day, time=clock_wording(lang, local.time()))


def clock_wording(lang: str, moment: time) -> str:
    """A time of day as it is written in the language: 8.00 in Latvian, 8:00 in Russian and English."""
    return f"{moment.hour}{'.' if lang == 'lv' else ':'}{moment.minute:02d}"
