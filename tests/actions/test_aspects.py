"""Which aspect is asked: the words, how often people ask it, and what there is to ask of the service."""

from __future__ import annotations

import pytest

from actions.aspects import GENERAL, AspectPrior
from knowledge_base.records import ASPECTS


def test_what_the_service_can_answer_tips_a_close_choice() -> None:
    prior = AspectPrior(asked={}, known=1.0)
    chances = {"cost": 0.5, "amount": 0.45, "how": 0.05}
    assert prior.choose(chances, frozenset({"how", "cost"})) == "cost"
    assert prior.choose(chances, frozenset({"how", "amount"})) == "amount"


def test_clear_words_win_over_what_the_service_has() -> None:
    prior = AspectPrior(asked={}, known=1.0)
    assert prior.choose({"cost": 0.95, "how": 0.05}, frozenset({"how"})) == "cost"


def test_what_nobody_asks_needs_clearer_words() -> None:
    prior = AspectPrior(asked={"result": -1.5}, known=0.0)
    assert prior.choose({"result": 0.5, "how": 0.4}, frozenset()) == "how"
    assert prior.choose({"result": 0.9, "how": 0.1}, frozenset()) == "result"


def test_without_any_opinion_it_is_the_service_as_a_whole() -> None:
    assert AspectPrior.load().choose({}, frozenset({"how"})) == GENERAL


@pytest.mark.parametrize("aspect", [*ASPECTS, "status"])
def test_the_fitted_prior_knows_every_aspect(aspect: str) -> None:
    assert aspect in AspectPrior.load().asked
