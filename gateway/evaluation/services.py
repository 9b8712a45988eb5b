"""How well service questions are understood and what would have been said to them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.evaluation.questions import ServiceQuestion
from gateway.evaluation.trial import Answered, Trial, tried
from kit.i18n import LANGUAGES

Progress = Callable[[int, int], None]

#: What is said to a question, at best first: the right answer; choices with the right one among them; choices without it;
#: a hand-over, a question back or small talk; a wrong answer as if it were certain.
SAID = ("right", "choices", "choices_without", "honest", "wrong")
#: Outcomes that speak of one service as the one meant.
STATES_SERVICE = ("answered", "asked_back")


@dataclass(frozen=True)
class ServiceResult:
    """A question and what came of it.

    Attributes:
        ranking: the best services, best first.
        probability: the calibrated probability of the first.
        said: one of :data:`SAID`.
    """

    question: ServiceQuestion
    answered: Answered
    ranking: tuple[str, ...]
    probability: float
    said: str
    aspect: str | None
    municipality: str | None

    @property
    def first(self) -> bool:
        """Whether the right service stands first."""
        return bool(self.ranking) and self.ranking[0] in self.question.accepted

    @property
    def among_three(self) -> bool:
        """Whether the right service is among the first three."""
        return not self.question.accepted.isdisjoint(self.ranking[:3])


async def ask_all(trial: Trial, questions: Sequence[ServiceQuestion], progress: Progress) -> list[ServiceResult]:
    """Asks every question in a conversation of its own."""
    found: list[ServiceResult] = []
    for number, question in enumerate(questions, 1):
        answered = await tried(trial.ask(question.text), number, question.text, question.lang)
        found.append(judge(trial, question, answered))
        progress(number, len(questions))
    return found


def judge(trial: Trial, question: ServiceQuestion, answered: Answered) -> ServiceResult:
    """What came of a question. Where the assistant did not search (it handed over, say), the search is asked afterwards, so
    that the ranking is about the search alone and ``said`` about the whole. Of what came to nothing nothing is found."""
    reply = answered.reply
    trace = reply.trace if reply else {}
    candidates = [] if answered.failed else trace.get("candidates")
    if candidates is None:
        candidates = [(c.service_id, c.probability) for c in trial.ranked(answered.stored, answered.lang)]
    ranking = tuple(service_id for service_id, _ in candidates)
    context = reply.context if reply else {}
    return ServiceResult(
        question,
        answered,
        ranking,
        candidates[0][1] if candidates else 0.0,
        _said(question, answered),
        trace.get("asked_aspect"),
        context.get("municipality_id"),
    )


def _said(question: ServiceQuestion, answered: Answered) -> str:
    reply = answered.reply
    if reply is None:
        return "honest"
    if reply.outcome in STATES_SERVICE and (reply.service_id or "service_id" in reply.context):
        stated = set(reply.trace.get("two_questions") or [reply.service_id or reply.context["service_id"]])
        return "wrong" if stated.isdisjoint(question.accepted) else "right"
    if reply.outcome == "choices":
        offered = reply.context["pending"]["ids"]
        return "choices_without" if question.accepted.isdisjoint(offered) else "choices"
    return "wrong" if reply.outcome == "emergency" else "honest"


def figures(results: Sequence[ServiceResult]) -> dict[str, Any]:
    """The figures by language and, over all languages, by style; all but ``n`` are fractions, None of a language in which
    nothing was asked.

    ``municipality`` is over the questions that name one; None when none does.
    """
    found: dict[str, Any] = {lang: _figures_of([r for r in results if r.question.lang == lang]) for lang in LANGUAGES}
    by_style: dict[str, list[ServiceResult]] = defaultdict(list)
    for result in results:
        by_style[result.question.style].append(result)
    found["styles"] = {
        style: {"n": len(own), "top1": share([r.first for r in own])} for style, own in sorted(by_style.items())
    }
    return found


def _figures_of(results: Sequence[ServiceResult]) -> dict[str, Any]:
    labelled = [r for r in results if r.question.aspect]
    placed = [r for r in results if r.question.municipality]
    return {
        "n": len(results),
        "top1": share([r.first for r in results]),
        "top3": share([r.among_three for r in results]),
        "said_right": share([r.said == "right" for r in results]),
        "choices_right": share([r.said == "choices" for r in results]),
        "honest": share([r.said in ("honest", "choices_without") for r in results]),
        "said_wrong": share([r.said == "wrong" for r in results]),
        "aspect": share([r.aspect == r.question.aspect for r in labelled]),
        "municipality": share([r.municipality == r.question.municipality for r in placed]),
    }


def share(values: Sequence[bool]) -> float | None:
    """How many of ``values`` are true, as a fraction; None of none."""
    return round(sum(values) / len(values), 4) if values else None


def calibration_error(results: Sequence[ServiceResult], bins: int = 8) -> float:
    """Expected calibration error over bins of equal size: mean distance of the promised probability and the kept one."""
    ordered = sorted(results, key=lambda r: r.probability)
    error = 0.0
    for at in range(bins):
        part = ordered[at * len(ordered) // bins : (at + 1) * len(ordered) // bins]
        if part:
            promised = sum(r.probability for r in part) / len(part)
            error += len(part) / len(ordered) * abs(promised - sum(r.first for r in part) / len(part))
    return error


def confusions(results: Sequence[ServiceResult], limit: int = 15) -> list[tuple[str, str, int]]:
    """(meant, found first, how often), the most frequent first."""
    pairs = Counter((r.question.service_id, r.ranking[0] if r.ranking else "–") for r in results if not r.first)
    return [(meant, taken, count) for (meant, taken), count in pairs.most_common(limit)]
