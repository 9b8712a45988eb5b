"""``make bench-forecast``: the ways of forecasting, tried on a made-up history, and how long that takes in its own process."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time as clock
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

from gateway.settings import ROOT
from handoff.forecast.service import open_hours, when_people_were_there
from handoff.service_clock.service import WorkingCalendar
from tests.load.bench import machine
from tests.load.history import contacts

_DOCUMENT = ROOT / "docs" / "forecast.md"
_MARK = "<!-- measured by `make bench-forecast`; what stands below is written by it -->"
_TODAY = date(2026, 11, 30)
_NAMES = {
    "last_week": "the same hour last week (naive)",
    "mean": "mean of six weeks",
    "poisson": "Poisson regression",
    "smoothing": "exponential smoothing of days",
}


def given(days: int) -> dict[str, object]:
    """What the process is given: ``days`` of history up to ``_TODAY``, and four weeks to look into."""
    calendar = WorkingCalendar()
    first = _TODAY - timedelta(days=days)

    def hours(day: date):  # type: ignore[no-untyped-def]
        return calendar.hours(day) if calendar.is_working_day(day) else None

    known = open_hours(first, _TODAY - timedelta(days=1), first, hours)
    asked = open_hours(_TODAY, _TODAY + timedelta(days=27), first, hours)
    counts = when_people_were_there([datetime.fromisoformat(one.at) for one in known], contacts(first, days))
    return {"known": [asdict(one) for one in known], "counts": counts, "asked": [asdict(one) for one in asked]}


def _covered(share: float | None) -> str:
    return (
        "too few trials to tell how good the interval is"
        if share is None
        else f"{share:.0%} of hours within the interval (90 % wanted)"
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench-forecast")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/forecast.md, too")
    wanted = parser.parse_args()
    lines = [f"Made-up history (`tests/load/history.py`), {datetime.now(UTC):%Y-%m-%d}, {machine()['cpu']}."]
    for weeks in (4, 8, 26, 78):
        began = clock.monotonic()
        child = subprocess.run(
            [sys.executable, "-m", "handoff.forecast.child"],
            input=json.dumps(given(weeks * 7)).encode(),
            capture_output=True,
            check=True,
            cwd=ROOT,
        )
        took = clock.monotonic() - began
        found = json.loads(child.stdout.splitlines()[-1])["result"]
        tried = found["tried"]
        lines += [
            "",
            f"{weeks} weeks of history, trials: {found['folds']} of {found['window_days']} days; used: {_NAMES[found['model']]};"
            f" {_covered(found['coverage'])}; {took:.0f} s.",
            "",
            "| way | MAE, contacts an hour | WAPE | against the naive |",
            "|---|---:|---:|---:|",
            *(
                f"| {_NAMES[name]} | {error['mae']:.2f} | {error['wape']:.1%} |"
                f" {error['wape'] / tried['last_week']['wape'] - 1:+.0%} |"
                for name, error in tried.items()
            ),
        ]
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    lines += ["", f"The process took {most:.0f} MB at most, and gave them back.", ""]
    text = "\n".join(lines)
    print(text)
    if wanted.write:
        before = _DOCUMENT.read_text("utf-8").split(_MARK)[0]
        _DOCUMENT.write_text(before + _MARK + "\n\n" + text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
