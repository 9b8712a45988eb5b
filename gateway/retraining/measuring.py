"""Measures two models on our kept-aside questions, one after the other in the same run: the same code, the same database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gateway import run as runner
from gateway.evaluation import baseline, dialogue, services
from gateway.evaluation.dialogue import DialogueResult
from gateway.evaluation.questions import DialogueLine, ServiceQuestion, read
from gateway.evaluation.services import ServiceResult
from gateway.evaluation.trial import begin
from gateway.retraining.figures import Judged, compared


async def measure(present: Path | None, candidate: Path, told: Callable[[float], None]) -> dict[str, Any]:
    """See :func:`gateway.retraining.figures.compared`.

    Args:
        present: the model that serves; None: the product's own.
        told: called with how much is done, 0–1.

    Raises:
        RuntimeError: a Rasa did not start.
    """
    questions = read(ServiceQuestion, [baseline.SERVICES, baseline.SHORT])
    lines = read(DialogueLine, [baseline.DIALOGUE])
    total, begun = 2 * (len(questions) + len(lines)), 0

    def progress(done: int, _of: int) -> None:
        told((begun + done) / total)

    async with begin(present) as trial:
        found = []
        second = runner.rasa_process(trial.settings, candidate, runner.free_address())
        try:
            for rasa in (None, second):
                if rasa is not None:
                    await rasa.start()
                    await rasa.wait_ready()
                    trial.turn_to(rasa.ready_url)
                about_services = await services.ask_all(trial, questions, progress)
                begun += len(questions)
                in_dialogue = await dialogue.ask_all(trial, lines, progress)
                begun += len(lines)
                found.append([*judged_services(about_services), *judged_dialogue(in_dialogue)])
        finally:
            await second.stop()
    return compared(*found)


def judged_services(results: Sequence[ServiceResult]) -> list[Judged]:
    """Whether the answer was right or at least offered, and whether the aspect was."""
    found = []
    for one in results:
        asked, key = one.question, f"{one.question.lang}:{one.question.text}"
        found.append(Judged("answers", asked.lang, key, one.said in ("right", "choices")))
        if asked.aspect:
            found.append(Judged("aspects", asked.lang, key, one.aspect == asked.aspect))
    return found


def judged_dialogue(results: Sequence[DialogueResult]) -> list[Judged]:
    """Whether the kind of turn was right; the wish for a person and danger once more by themselves."""
    found = []
    for one in results:
        asked, key = one.line, f"{one.line.lang}:{one.line.text}"
        found.append(Judged("kinds", asked.lang, key, one.right))
        if asked.kind == "handoff":
            found.append(Judged("handoffs", asked.lang, key, one.right))
        if asked.kind == "emergency":
            found.append(Judged("emergencies", asked.lang, key, dialogue.right_number(one)))
    return found
