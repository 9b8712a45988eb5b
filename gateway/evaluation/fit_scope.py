"""Fits ``actions/data/scope.json`` to the tuning questions: ``python -m gateway.evaluation.fit_scope [--write]``.

Both opinions that :mod:`actions.scope` weighs are taken from the assistant's own trace, so they are those of service.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from actions.scope import log_odds
from gateway.evaluation import dialogue, services
from gateway.evaluation.commands import progress
from gateway.evaluation.questions import DialogueLine, ServiceQuestion, read
from gateway.evaluation.trial import Answered, begin
from gateway.run import say
from gateway.settings import ROOT

_TUNING = ROOT / "knowledge_base" / "data" / "tuning"
_FILE = ROOT / "actions" / "data" / "scope.json"
#: Of service questions, so many may be refused, and of off-topic messages, so many answered as if certain.
REFUSED = 0.02
ANSWERED_OFF_TOPIC = 0.01
#: Log-odds beyond that: unseen messages are a little worse than those fitted to, and a wrong answer costs more than a question.
MARGIN = 0.4


def opinions(answered: Answered) -> tuple[float, float] | None:
    """Log-odds of form and matter; None when the assistant did not come to search."""
    trace = answered.reply.trace if answered.reply else {}
    candidates = trace.get("candidates")
    if not candidates or "form" not in trace:
        return None
    return log_odds(trace["form"]), log_odds(candidates[0][1])


async def gather(questions: list[ServiceQuestion], lines: list[DialogueLine]) -> tuple[list[Answered], list[Answered]]:
    """What came of service questions and of off-topic messages."""
    async with begin() as trial:
        asked = await services.ask_all(trial, questions, progress)
        said = await dialogue.ask_all(trial, lines, progress)
    return [r.answered for r in asked], [r.answered for r in said]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--folder", type=Path, default=_TUNING)
    given = parser.parse_args()
    lines = [x for x in read(DialogueLine, [given.folder / "dialogue.jsonl"]) if x.kind == "out_of_scope"]
    questions = read(ServiceQuestion, [given.folder / "services.jsonl", given.folder / "short.jsonl"])
    ours, others = asyncio.run(gather(questions, lines))
    inside = np.array([o for a in ours if (o := opinions(a))])
    outside = np.array([o for a in others if (o := opinions(a))])
    truth = np.repeat([1, 0], [len(inside), len(outside)])
    model = LogisticRegression(class_weight="balanced", max_iter=2000).fit(np.vstack([inside, outside]), truth)
    inner, outer = model.decision_function(inside), model.decision_function(outside)
    offer_from = float(np.quantile(inner, REFUSED))
    allowed = math.ceil(ANSWERED_OFF_TOPIC * len(lines))
    answer_from = max(offer_from, float(np.sort(outer)[-allowed - 1]) + MARGIN)
    found = {
        "form": round(float(model.coef_[0][0]), 3),
        "matter": round(float(model.coef_[0][1]), 3),
        "bias": round(float(model.intercept_[0]), 3),
        "offer_from": round(offer_from, 2),
        "answer_from": round(answer_from, 2),
    }
    say(json.dumps(found))
    say(f"off-topic refused: {np.mean(outer < offer_from):.3f} of the {len(outer)} of {len(lines)} that came to search")
    say(f"service questions that may be answered without asking back: {np.mean(inner >= answer_from):.3f}")
    if given.write:
        _FILE.write_text(json.dumps(found) + "\n", "utf-8")


if __name__ == "__main__":
    main()
