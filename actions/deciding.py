"""When what search found is answered, when choices are offered, and when neither."""

from __future__ import annotations

from collections.abc import Sequence

from actions.scope import Scope
from knowledge_base.search import Candidate
from knowledge_base.service import KnowledgeBase
from knowledge_base.wording.ports import Decided

MAX_CHOICES = 3
#: A question of the set has the form of a question about a service: it was chosen for its matter.
_HAS_THE_FORM = 0.99


def choices_of(candidates: Sequence[Candidate], sure: float, likely: float) -> list[Candidate]:
    """Which services are offered where none is sure enough to be answered; none: nothing is.

    Args:
        candidates: the best first.
        sure, likely: from which probability on one is answered, and offered.
    """
    near = list(candidates[:MAX_CHOICES])
    if near and sum(c.probability for c in near) >= sure and near[0].probability >= likely:
        return near
    return [c for c in near if c.probability >= likely]


class SetDecision:
    """See :class:`knowledge_base.wording.ports.Deciding`."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self._knowledge = knowledge
        self._scope = Scope.load()

    def decide(self, found: Sequence[Candidate], lang: str) -> Decided:
        """See :meth:`knowledge_base.wording.ports.Deciding.decide`."""
        if not found:
            return Decided("nothing")
        sure, likely = self._knowledge.thresholds(lang)
        best = found[0]
        score = self._scope.score(_HAS_THE_FORM, best.probability)
        if score < self._scope.offer_from:
            return Decided("nothing")
        if best.probability >= sure and score >= self._scope.answer_from:
            return Decided("answered", (best.service_id,))
        choices = choices_of(found, sure, likely)
        return Decided("choices", tuple(c.service_id for c in choices)) if choices else Decided("nothing")
