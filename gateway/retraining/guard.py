"""What may not be learnt: the questions by which we tune and measure, and what the rules know better."""

from __future__ import annotations

import json
from functools import cache

from actions.safety import SafetyRules
from gateway.evaluation import baseline
from gateway.settings import ROOT
from knowledge_base.turns.base import folded

_TUNING = ROOT / "knowledge_base" / "data" / "tuning"


class TrainingGuard:
    """See :class:`knowledge_base.turns.ports.Guard`."""

    def __init__(self, rules: SafetyRules) -> None:
        self._rules = rules

    def measured(self, text: str) -> bool:
        """See :meth:`knowledge_base.turns.ports.Guard.measured`."""
        return folded(text) in _measured()

    def rule(self, text: str) -> str | None:
        """See :meth:`knowledge_base.turns.ports.Guard.rule`."""
        if self._rules.emergency(text) is not None:
            return "emergency"
        return "handoff" if self._rules.wants_person(text) else None


@cache
def _measured() -> frozenset[str]:
    files = (*sorted(baseline.FOLDER.glob("*.jsonl")), *sorted(_TUNING.glob("*.jsonl")))
    return frozenset(
        folded(json.loads(line)["text"])
        for file in files
        for line in file.read_text("utf-8").splitlines()
        if line.strip()
    )
