"""The load of the social channels, reduced: some three hundred events and two deaths, on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.load.social import Plan, Run, as_text, say

#: The settling waits for leases of a minute and a half, whatever the size.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
REDUCED = Plan(events=80, per_second=10, kills=2, storm=40, answers=8, settle_s=600)


async def test_nothing_is_lost_and_nothing_said_twice(postgres_url: str, tmp_path: Path) -> None:
    outcome = await Run(REDUCED, postgres_url, tmp_path, say).play()
    print(as_text(outcome))
    assert outcome.broken == []
    assert len(outcome.restarts_s) == REDUCED.kills
    figures = [one.figures for one in outcome.findings.values()]
    assert sum(one["written"] for one in figures) == 3 * REDUCED.events + REDUCED.storm
    # It is a test only if something went wrong.
    assert sum(one["unknown"] + one["failed"] for one in figures) > 0
    assert sum(sum(faults.values()) for faults in outcome.faults.values()) > 10
    assert all(number >= 1 for number in outcome.mended.values()), outcome.mended
    assert sum(one["by_operator"] for one in figures) == REDUCED.answers
