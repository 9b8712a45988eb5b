"""Contacts by hour for the weeks to come: several ways are tried on the weeks that were, and the one that erred least is used.

Runs in a process of its own (:mod:`handoff.forecast.child`): statsmodels is large, and nobody's message may wait for it. Hours
are those in which people answer; what comes outside of them stands with the hour in which they begin.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Of the forecast, and of what a way is tried on, if there is so much history.
HORIZON_DAYS: Final = 28
#: Below this nothing is said.
LEAST_DAYS: Final = 28
_FOLDS: Final = 3
_YEAR_DAYS: Final = 365.25
#: An hour that many days ago counts half as much.
_HALF_LIFE_DAYS: Final = 182.0
#: The interval that nine of ten hours fall into.
_TAIL: Final = 0.05


@dataclass(frozen=True)
class Slot:
    """An open hour. ``day``: counted from the first one known; ``after``: whether the last day before it that is usually worked
    was closed."""

    at: str
    day: int
    weekday: int
    hour: int
    after: bool


@dataclass(frozen=True)
class Error:
    """How far a way was off: contacts an hour on average, and the sum of errors by the sum of contacts."""

    mae: float
    wape: float


Way = Callable[[Sequence[Slot], Floats, Sequence[Slot]], Floats]


def same_hour_last_week(known: Sequence[Slot], counts: Floats, asked: Sequence[Slot]) -> Floats:
    """The naive way, which any other has to beat: as many as in the same hour of the week when it was last open."""
    last = {(slot.weekday, slot.hour): count for slot, count in zip(known, counts, strict=True)}
    return _looked_up(last, known, counts, asked)


def mean_of_weeks(known: Sequence[Slot], counts: Floats, asked: Sequence[Slot], weeks: int = 6) -> Floats:
    """The mean of the same hour of the week over the last ``weeks`` times that it was open."""
    kept: dict[tuple[int, int], list[float]] = defaultdict(list)
    for slot, count in zip(known, counts, strict=True):
        kept[slot.weekday, slot.hour].append(float(count))
    means = {key: float(np.mean(values[-weeks:])) for key, values in kept.items()}
    return _looked_up(means, known, counts, asked)


def poisson(known: Sequence[Slot], counts: Floats, asked: Sequence[Slot]) -> Floats:
    """A Poisson regression: hour, weekday, the day after a holiday; season and growth once there is a year to learn them from."""
    from statsmodels.genmod import families  # type: ignore[import-untyped]
    from statsmodels.genmod.generalized_linear_model import GLM  # type: ignore[import-untyped]

    columns = list(_columns(known))
    design = _design(known, columns, known)
    age = known[-1].day - np.array([slot.day for slot in known], dtype=float)
    # A part without a single contact would have no maximum: each hour counts a twentieth more, which is taken off again.
    fitted = GLM(counts + 0.05, design, family=families.Poisson(), freq_weights=0.5 ** (age / _HALF_LIFE_DAYS)).fit()
    return np.maximum(np.asarray(fitted.predict(_design(asked, columns, known)), dtype=float) - 0.05, 0.0)


def smoothing(known: Sequence[Slot], counts: Floats, asked: Sequence[Slot]) -> Floats:
    """Exponential smoothing of whole days with a week's season (ETS), divided among hours as the last eight weeks were."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing  # type: ignore[import-untyped]

    totals: dict[int, float] = defaultdict(float)
    for slot, count in zip(known, counts, strict=True):
        totals[slot.day] += float(count)
    first, last = known[0].day, known[-1].day
    weekday_of = {slot.day: slot.weekday for slot in known}
    by_weekday: dict[int, list[float]] = defaultdict(list)
    for day, total in totals.items():
        by_weekday[weekday_of[day]].append(total)
    weekday_at_first = known[0].weekday
    series = []
    for day in range(first, last + 1):
        weekday = (weekday_at_first + day - first) % 7
        # A closed day says nothing of its weekday: what the weekday is like stands in, so that weeks stay weeks.
        usual = float(np.mean(by_weekday[weekday][-8:])) if by_weekday[weekday] else 0.0
        series.append(totals.get(day, usual))
    steps = max(slot.day for slot in asked) - last
    fitted = ExponentialSmoothing(
        np.array(series), trend="add", damped_trend=True, seasonal="add", seasonal_periods=7
    ).fit()
    ahead = np.maximum(np.asarray(fitted.forecast(steps), dtype=float), 0.0)
    recent = [(slot, count) for slot, count in zip(known, counts, strict=True) if slot.day > last - 56]
    parts: dict[tuple[int, int], float] = defaultdict(float)
    sums: dict[int, float] = defaultdict(float)
    for slot, count in recent:
        parts[slot.weekday, slot.hour] += float(count)
        sums[slot.weekday] += float(count)
    return np.array(
        [
            ahead[slot.day - last - 1] * parts[slot.weekday, slot.hour] / sums[slot.weekday]
            if sums[slot.weekday]
            else 0.0
            for slot in asked
        ]
    )


#: In the order in which the simpler is preferred when two err alike. The first is the measure of the others.
WAYS: Final[dict[str, Way]] = {
    "last_week": same_hour_last_week,
    "mean": mean_of_weeks,
    "poisson": poisson,
    "smoothing": smoothing,
}


def forecast(
    known: Sequence[Slot], counts: Sequence[float], asked: Sequence[Slot], told: Callable[[str], None]
) -> dict[str, Any]:
    """What to expect in the hours ``asked``, by the way that erred least on the last weeks of ``known``.

    ``told``: hears how far it is: ``trying``, ``computing``. The result: ``model``; ``tried``: of each way its error on the same
    hours; ``window_days`` and ``folds`` of the trial; ``uneven`` (variance beyond chance); ``coverage``: the part of the hours of
    the last trial that fell into an interval made without it (None where there was only one); ``hours``: ``at``, ``mean``,
    ``low``, ``high``. Hours of a kind that was never open before are left out: nothing is known of them.
    """
    values = np.array(counts, dtype=float)
    told("trying")
    folds = list(_folds(known))
    errors, expected = _try(known, values, folds)
    best = min(WAYS, key=lambda name: errors[name].wape)
    uneven = [_unevenness(values[test], expected[best][number]) for number, (_, test) in enumerate(folds)]
    coverage = None
    if len(folds) > 1:
        newest = folds[-1][1]
        low, high = _interval(expected[best][-1], float(np.mean(uneven[:-1])))
        coverage = float(np.mean((values[newest] >= low) & (values[newest] <= high)))
    told("computing")
    seen = {(slot.weekday, slot.hour) for slot in known}
    ahead = [slot for slot in asked if (slot.weekday, slot.hour) in seen]
    mean = WAYS[best](known, values, ahead) if ahead else np.array([])
    low, high = _interval(mean, float(np.mean(uneven)))
    return {
        "model": best,
        "tried": {name: asdict(error) for name, error in errors.items()},
        "folds": len(folds),
        "window_days": _window(known),
        "uneven": round(float(np.mean(uneven)), 4),
        "coverage": coverage,
        "hours": [
            {"at": slot.at, "mean": round(float(m), 3), "low": int(a), "high": int(b)}
            for slot, m, a, b in zip(ahead, mean, low, high, strict=True)
        ],
    }


def _window(known: Sequence[Slot]) -> int:
    days = known[-1].day - known[0].day + 1
    # With little history less is tried, so that enough is left to learn from.
    return min(HORIZON_DAYS, max(7, days // 4 // 7 * 7))


def _folds(known: Sequence[Slot]) -> Iterator[tuple[slice, slice]]:
    """Trials, the oldest first: what is known before, and the days after it; three where half of all is left to learn from."""
    window, first, last = _window(known), known[0].day, known[-1].day
    possible = max(1, min(_FOLDS, (last - first + 1) // 2 // window))
    days = np.array([slot.day for slot in known])
    for back in range(possible, 0, -1):
        begins = int(np.searchsorted(days, last + 1 - back * window))
        ends = int(np.searchsorted(days, last + 1 - (back - 1) * window))
        if 0 < begins < ends:
            yield slice(0, begins), slice(begins, ends)


def _try(
    known: Sequence[Slot], values: Floats, folds: Sequence[tuple[slice, slice]]
) -> tuple[dict[str, Error], dict[str, list[Floats]]]:
    errors: dict[str, Error] = {}
    expected: dict[str, list[Floats]] = {}
    for name, way in WAYS.items():
        expected[name] = [way(known[train], values[train], known[test]) for train, test in folds]
        off = np.concatenate([np.abs(values[test] - got) for (_, test), got in zip(folds, expected[name], strict=True)])
        whole = float(sum(values[test].sum() for _, test in folds))
        errors[name] = Error(round(float(off.mean()), 4), round(float(off.sum()) / whole, 4) if whole else 0.0)
    return errors, expected


def _unevenness(values: Floats, expected: Floats) -> float:
    """How much more uneven hours are than chance: ``a`` in variance = mean + a × mean²."""
    return max(0.0, float(((values - expected) ** 2 - expected).sum() / max(float((expected**2).sum()), 1e-9)))


def _interval(mean: Floats, uneven: float) -> tuple[Floats, Floats]:
    """What nine of ten hours lie between: Poisson, or negative binomial with the variance that was seen."""
    from scipy.stats import nbinom, poisson

    if len(mean) == 0:
        return mean, mean
    safe = np.maximum(mean, 1e-6)
    if uneven < 1e-6:
        return poisson.ppf(_TAIL, safe), poisson.ppf(1 - _TAIL, safe)
    size = 1 / uneven
    return nbinom.ppf(_TAIL, size, size / (size + safe)), nbinom.ppf(1 - _TAIL, size, size / (size + safe))


def _looked_up(
    found: dict[tuple[int, int], float], known: Sequence[Slot], counts: Floats, asked: Sequence[Slot]
) -> Floats:
    by_hour: dict[int, list[float]] = defaultdict(list)
    for slot, count in zip(known, counts, strict=True):
        by_hour[slot.hour].append(float(count))

    def of(slot: Slot) -> float:
        if (slot.weekday, slot.hour) in found:
            return float(found[slot.weekday, slot.hour])
        return float(np.mean(by_hour[slot.hour])) if slot.hour in by_hour else float(counts.mean())

    return np.array([of(slot) for slot in asked])


def _columns(known: Sequence[Slot]) -> Iterator[tuple[str, int]]:
    yield "one", 0
    for weekday in sorted({slot.weekday for slot in known})[1:]:
        yield "weekday", weekday
    for hour in sorted({slot.hour for slot in known})[1:]:
        yield "hour", hour
    # The first hour has what came while nobody was there; after a closed day that is more, and the day is another.
    if len({slot.after for slot in known}) > 1:
        yield "after", 0
        yield "after_hour", min(slot.hour for slot in known)
    days = known[-1].day - known[0].day + 1
    if days >= _YEAR_DAYS:
        yield from (("sine", 1), ("cosine", 1), ("sine", 2), ("cosine", 2), ("growth", 0))


def _design(slots: Sequence[Slot], columns: Sequence[tuple[str, int]], known: Sequence[Slot]) -> Floats:
    last = known[-1].day
    of: dict[str, Callable[[Slot, int], float]] = {
        "one": lambda _slot, _: 1.0,
        "weekday": lambda slot, number: float(slot.weekday == number),
        "hour": lambda slot, number: float(slot.hour == number),
        "after": lambda slot, _: float(slot.after),
        "after_hour": lambda slot, number: float(slot.after and slot.hour == number),
        "sine": lambda slot, number: math.sin(2 * math.pi * number * slot.day / _YEAR_DAYS),
        "cosine": lambda slot, number: math.cos(2 * math.pi * number * slot.day / _YEAR_DAYS),
        "growth": lambda slot, _: (slot.day - last) / _YEAR_DAYS,
    }
    return np.array([[of[kind](slot, number) for kind, number in columns] for slot in slots])
