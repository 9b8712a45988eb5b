"""The figures of a run, as plain data."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.load.costs import Breakdown


@dataclass(frozen=True)
class Facts:
    """Under which conditions was measured.

    Attributes:
        busy_before_percent: load of all cores before anything was started, 0…100.
        lengths: how long each part took, seconds.
    """

    at: datetime
    machine: dict[str, Any]
    versions: dict[str, str]
    quick: bool
    busy_before_percent: float
    lengths: dict[str, float]
    seed: int


@dataclass
class Phase:
    """One phase as it was met.

    Attributes:
        cpu_ms: processor milliseconds for each answered message, by part.
        others_cores: cores' worth of work that neither the system nor the generator did: a machine that is not ours alone.
        served_percent: messages that were due in the window and got their answer; None in a closed loop, where nothing is due.
        turns: how the assistant's turns ended in this phase, the warm-up included, from the product's books.
    """

    citizens: int
    gap_s: float
    window_s: float
    sent: int
    answered: int
    per_s: float
    left: int
    unanswered: int
    errors: int
    empty: int
    details: dict[str, int]
    conversations: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    served_percent: float | None
    cpu_ms: dict[str, float]
    generator_cpu_ms: float
    generator_cores: float
    others_cores: float
    turns: dict[str, int]

    @property
    def failed(self) -> int:
        """Messages that were not answered as they should, with answers that only said that the assistant was down."""
        return self.unanswered + self.errors + self.turns.get("unavailable", 0)


@dataclass
class Measured:
    """All that was measured of one system."""

    title: str
    ready_after_s: float = 0.0
    idle_mb: dict[str, float] = field(default_factory=dict)
    peak_mb: float = 0.0
    peak_parts_mb: dict[str, float] = field(default_factory=dict)
    throughput: Phase | None = None
    levels: dict[int, Phase] = field(default_factory=dict)
    cpu_total_s: dict[str, float] = field(default_factory=dict)
    profiles: dict[str, Breakdown] = field(default_factory=dict)


def percentile(ordered: list[float], share: float) -> float | None:
    """The nearest-rank percentile; None where too few values were taken to have one (fifty messages have no p99)."""
    if round(len(ordered) * (1 - share), 6) < 1:
        return None
    return ordered[math.ceil(round(len(ordered) * share, 6)) - 1]
