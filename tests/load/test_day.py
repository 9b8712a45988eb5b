"""A short day: less than half an hour of it, with everything that happens in one. The whole is ``make bench-day``."""

from __future__ import annotations

from tests.load.day import Plan, play
from tests.load.day_report import as_markdown, as_svg

SHORT = Plan(citizens=32, people=2, minutes=15, deaths=1)


async def test_nobody_over_capacity_and_nobody_forgotten(sqlite_url: str) -> None:
    outcome = await play(SHORT, sqlite_url)
    print(as_markdown(outcome))
    assert outcome.broken == []
    assert outcome.conversations == outcome.cases >= SHORT.citizens
    # It is a test only if people were at their limit, and things went wrong.
    assert any(most == capacity for most, capacity in outcome.busiest.values())
    wanted = {"pass_decline", "offer_timeout", "accept_offer", "operator_gone", "transfer", "level2_done"}
    assert wanted <= outcome.causes.keys()
    assert sum("busy" in spell.because for spell in outcome.spells) > 5
    assert outcome.deaths
    assert outcome.channels["platform"] > 5
    greeted, heard, outside = outcome.notice
    assert (greeted > 2, heard, outside) == (True, greeted, 0)
    assert len(outcome.minutes) >= SHORT.minutes
    assert "</svg>" in as_svg(outcome)
