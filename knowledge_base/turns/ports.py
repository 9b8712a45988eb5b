"""What examples of kinds of turn ask of others. The adapter lives in ``gateway``."""

from __future__ import annotations

from typing import Protocol


class Guard(Protocol):
    """What may not be learnt, or not as what somebody says it is."""

    def measured(self, text: str) -> bool:
        """Whether it is among the questions by which we tune or measure: what is measured must not be learnt."""
        ...

    def rule(self, text: str) -> str | None:
        """The kind of turn that the rules take it for before anything learnt is asked: ``emergency``, ``handoff`` or None."""
        ...
