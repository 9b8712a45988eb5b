"""Fits ``actions/data/aspects.json`` to the tuning questions: ``python -m gateway.evaluation.fit_aspects [--write]``.

Rasa's opinions are taken from the assistant's own trace, so they are those of service.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from actions.aspects import FILE, LEAST
from gateway.evaluation import services
from gateway.evaluation.commands import progress
from gateway.evaluation.questions import ServiceQuestion, read
from gateway.evaluation.trial import begin
from gateway.run import say
from gateway.settings import ROOT

_TUNING = ROOT / "knowledge_base" / "data" / "tuning" / "services.jsonl"
_FOLDS = 5

Floats = NDArray[np.float64]


async def gather(questions: Sequence[ServiceQuestion]) -> list[tuple[dict[str, float], frozenset[str], str]]:
    """For every question with an aspect that Rasa was asked about: its opinion, what the right service has, the truth."""
    async with begin() as trial:
        asked = await services.ask_all(trial, questions, progress)
        return [
            (result.answered.reply.trace["aspects"], trial.knowledge.aspects(result.question.service_id), truth)
            for result in asked
            if (truth := result.question.aspect)
            and result.answered.reply is not None
            and result.answered.reply.trace.get("aspects")
        ]


def fit(opinions: Floats, has: Floats, truth: NDArray[np.intp]) -> Floats:
    """Trust in Rasa's log-probabilities, weight of a known answer, then one tilt an aspect, by regularised likelihood."""

    def loss(weights: Floats) -> float:
        scores = weights[0] * opinions + weights[1] * has + weights[2:]
        scores -= scores.max(axis=1, keepdims=True)
        chances = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        # Without the pull to zero the aspect that nobody asked for would go to minus infinity.
        return -float(chances[np.arange(len(truth)), truth].sum()) + float((weights[1:] ** 2).sum())

    found: Any = minimize(loss, np.r_[1.0, np.zeros(1 + opinions.shape[1])])
    return np.asarray(found.x, np.float64)


def chosen(weights: Floats, opinions: Floats, has: Floats) -> NDArray[np.intp]:
    """The aspect that the weights choose for each question."""
    return np.asarray((weights[0] * opinions + weights[1] * has + weights[2:]).argmax(axis=1), np.intp)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--also", type=Path, nargs="*", default=[], help="more question files to fit to")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    rows = asyncio.run(gather(read(ServiceQuestion, [_TUNING, *given.also])))
    names = sorted({name for chances, _, _ in rows for name in chances})
    opinions = np.log(np.array([[chances.get(name, 0.0) for name in names] for chances, _, _ in rows]) + LEAST)
    has = np.array([[float(name in known) for name in names] for _, known, _ in rows])
    truth = np.array([names.index(aspect) for _, _, aspect in rows], np.intp)
    folds = np.random.default_rng(0).permutation(len(truth)) % _FOLDS
    right = np.zeros(len(truth), bool)
    for fold in range(_FOLDS):
        own = folds == fold
        weights = fit(opinions[~own], has[~own], truth[~own])
        right[own] = chosen(weights, opinions[own], has[own]) == truth[own]
    plain = float((opinions.argmax(axis=1) == truth).mean())
    say(f"{len(truth)} questions: right by words alone {plain:.3f}, tilted {right.mean():.3f} ({_FOLDS}-fold)")
    weights = fit(opinions, has, truth)
    trust = weights[0]
    found = {
        "asked": {name: round(float(tilt / trust), 2) for name, tilt in zip(names, weights[2:], strict=True)},
        "known": round(float(weights[1] / trust), 2),
    }
    say(json.dumps(found))
    if given.write:
        FILE.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
