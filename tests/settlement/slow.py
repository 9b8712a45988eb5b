"""The same months by other means, slowly: from the event log, a case at a time, with fractions, by rules written down anew.

Nothing of ``handoff.settlement`` is used; of the ledger only what people corrected, which is nowhere else.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import RIGA
from tests.settlement import golden


@dataclass
class Fact:
    """One plus or minus."""

    month: str  # of the case's end
    known: datetime
    sign: int
    kind: str
    channel: str
    level: int
    centre: str | None
    account: str | None
    opened: datetime


@dataclass
class SlowMonth:
    """What a month comes to."""

    variable: dict[str, Fraction] = field(default_factory=dict)
    fees: dict[str, Fraction] = field(default_factory=dict)
    cents: dict[str, dict[str, int]] = field(default_factory=dict)


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def facts(session: AsyncSession) -> list[Fact]:
    """Ends from the event log, corrections from the ledger."""
    comments = dict((await session.execute(text("SELECT conversation_id, kind FROM channel_thread"))).tuples().all())
    opened: dict[str, datetime] = {}
    found: list[Fact] = []
    sites = dict((await session.execute(text("SELECT id, site FROM conversation"))).tuples().all())
    rows = await session.execute(text("SELECT conversation_id, to_state, data, at FROM event ORDER BY seq"))
    for conversation, to_state, data, at in rows:
        if conversation not in opened:
            opened[conversation] = _moment(at)
        if to_state != "closed":
            continue
        said = (json.loads(data) if isinstance(data, str) else data)["as"]
        place = comments.get(conversation)
        kind = "chat_session" if place is None else "comment" if place == "comment" else "social_conversation"
        found.append(
            Fact(
                _moment(said["closed_at"]).astimezone(RIGA).strftime("%Y-%m"),
                _moment(at),
                1,
                kind,
                said["channel"],
                said["level"],
                said.get("centre_id"),
                None if place is None else sites[conversation],
                opened[conversation],
            )
        )
    rows = await session.execute(
        text(
            "SELECT recorded_at, sign, case_kind, channel, level, centre_id, site, opened_at, closed_at FROM case_entry"
            " WHERE kind <> 'settled'"
        )
    )
    for recorded, sign, kind, channel, level, centre, site, opened_at, closed_at in rows:
        month = _moment(closed_at).astimezone(RIGA).strftime("%Y-%m")
        account = None if kind == "chat_session" else site
        found.append(Fact(month, _moment(recorded), sign, kind, channel, level, centre, account, _moment(opened_at)))
    return found


def months(found: list[Fact], cutoffs: dict[str, datetime]) -> dict[str, SlowMonth]:
    """Puts every fact into the first month whose closing knew it and whose cases it may be of; reckons each."""
    order = sorted(cutoffs)
    sorted_in: dict[str, list[Fact]] = {month: [] for month in order}
    for fact in found:
        for month in order:
            if fact.month <= month and fact.known <= cutoffs[month]:
                sorted_in[month].append(fact)
                break
    return {month: _reckon(month, sorted_in[month]) for month in order}


def _reckon(month: str, found: list[Fact]) -> SlowMonth:
    made = SlowMonth()
    owners = {account: owner for account, _, owner in golden.ACCOUNTS}
    served: dict[str, Counter[str]] = {owner: Counter() for owner in owners.values()}
    every: Counter[str] = Counter()
    per_account: dict[str, Fraction] = dict.fromkeys(owners, Fraction(0))
    exact: dict[str, Fraction] = {}
    for fact in found:
        price = Fraction(golden.price_of(fact.kind, fact.channel, fact.level, fact.opened)[1])
        if fact.level and fact.centre:
            every[fact.centre] += fact.sign
        if fact.account:
            per_account[fact.account] += fact.sign * price
            if fact.level and fact.centre:
                served[owners[fact.account]][fact.centre] += fact.sign
        elif fact.centre:
            exact[fact.centre] = exact.get(fact.centre, Fraction(0)) + fact.sign * price
    made.variable = {centre: _rounded(amount) for centre, amount in exact.items()}
    for account, channel, owner in golden.ACCOUNTS:
        fixed = Fraction(0)
        if month >= f"{golden.SECOND_FROM:%Y-%m}":
            fixed = Fraction(
                next(
                    monthly
                    for one_channel, one, monthly in reversed(golden.FEES)
                    if one == account or (one is None and one_channel in (channel, None))
                )
            )
        made.fees[owner] = made.fees.get(owner, Fraction(0)) + fixed + _rounded(per_account[account])
    for owner, fee in made.fees.items():
        sign = -1 if fee < 0 else 1
        weights = {c: sign * n for c, n in served[owner].items() if sign * n > 0}
        weights = weights or {c: n for c, n in every.items() if n > 0} or dict.fromkeys(golden.CENTRES, 1)
        made.cents[owner] = _hand_out(int(abs(fee) * 100), sign, weights)
    return made


def _hand_out(cents: int, sign: int, weights: dict[str, int]) -> dict[str, int]:
    """A cent at a time, to whom most is still wanting: what largest remainder comes to, by another way."""
    whole = sum(weights.values())
    got = {centre: Fraction(cents * weight, whole).__floor__() for centre, weight in weights.items()}
    while sum(got.values()) < cents:
        wanting = max(sorted(weights), key=lambda c: Fraction(cents * weights[c], whole) - got[c])
        got[wanting] += 1
    return {centre: sign * amount for centre, amount in got.items()}


def _rounded(amount: Fraction) -> Fraction:
    """Half up, away from nothing."""
    hundredfold = abs(amount) * 100
    whole = (hundredfold + Fraction(1, 2)).__floor__()
    return Fraction(whole if amount >= 0 else -whole, 100)
