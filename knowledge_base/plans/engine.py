"""How a plan runs: pure functions from (plan, where it stands, what was given) to what follows. No text, no clock, no database.

A run is a small object of JSON that lives with the conversation, so it survives a restart and moves between workers. It names
the version it began with: whoever is in the middle of a plan finishes the one he began.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final

from knowledge_base.plans.content import NO, SKIPPED, TERMINAL, WAITS, YES, Plan, Step
from knowledge_base.plans.reading import Given

#: A published plan has no round without a question; one that was broken by hand ends with a person.
_MOST_AT_ONCE: Final = 100
#: After so many answers to one question that are none a person takes over (R3).
MISSES_ALLOWED: Final = 2

Value = str | float | int


@dataclass(frozen=True)
class Run:
    """Where a conversation stands in a plan.

    Attributes:
        plan, version: which one.
        step: the step that waits for an answer.
        answers: step → answer, in the order in which they were given.
        trail: the steps that have waited before, the latest last: the way back.
        misses: answers in a row that were none.
        helped: the step at which help was shown already.
        paused: something else was asked in between; the question waits.
        at: when it was last moved (ISO 8601).
    """

    plan: str
    version: int
    step: str
    answers: Mapping[str, Value] = field(default_factory=dict)
    trail: tuple[str, ...] = ()
    misses: int = 0
    helped: str | None = None
    paused: bool = False
    at: str = ""

    def stored(self) -> dict[str, Any]:
        """As it is kept with the conversation."""
        return {
            "id": self.plan,
            "version": self.version,
            "step": self.step,
            "answers": dict(self.answers),
            "trail": list(self.trail),
            "misses": self.misses,
            "helped": self.helped,
            "paused": self.paused,
            "at": self.at,
        }

    @classmethod
    def read(cls, raw: Any) -> Run | None:
        """The run that was kept; None for what is none."""
        if not isinstance(raw, dict) or not raw.get("id") or not raw.get("step"):
            return None
        try:
            return cls(
                plan=str(raw["id"]),
                version=int(raw.get("version", 0)),
                step=str(raw["step"]),
                answers=dict(raw.get("answers") or {}),
                trail=tuple(raw.get("trail") or ()),
                misses=int(raw.get("misses", 0)),
                helped=raw.get("helped"),
                paused=bool(raw.get("paused")),
                at=str(raw.get("at", "")),
            )
        except (TypeError, ValueError):
            return None


@dataclass(frozen=True)
class Outcome:
    """What follows.

    Attributes:
        run: where it stands now; None: it is over.
        said: the steps to be said, in order.
        end: the step at which it ended, or None.
        stuck: the step at which the citizen could not go on.
        help: it is not the step that is said but its help.
        answers: what was answered by the time it was over.
    """

    run: Run | None
    said: tuple[Step, ...] = ()
    end: Step | None = None
    stuck: Step | None = None
    help: Step | None = None
    answers: Mapping[str, Value] = field(default_factory=dict)


def begin(plan: Plan, plan_id: str, version: int) -> Outcome:
    """The first steps of a plan."""
    return _on(plan, Run(plan_id, version, step=""), plan.steps[0])


def given(plan: Plan, run: Run, answer: Given) -> Outcome:
    """The answer to the step that waits."""
    step = plan.find(run.step)
    if step is None:
        return Outcome(None, end=None)
    if step.kind == "do" and answer.value == "stuck":
        if step.help and run.helped != step.id:
            return Outcome(replace(run, helped=step.id, misses=0, paused=False), help=step)
        return Outcome(None, stuck=step)
    answers = {key: value for key, value in run.answers.items() if key != step.id}
    if step.kind == "ask" and not (step.optional and answer.value == SKIPPED):
        answers[step.id] = answer.value
    trail = (*(one for one in run.trail if one != step.id), step.id)
    moved = replace(run, answers=answers, trail=trail, misses=0, helped=None, paused=False)
    return _on(plan, moved, _led(plan, step, answer))


def back(plan: Plan, run: Run) -> Outcome | None:
    """The step before; None: there is none."""
    for place in range(len(run.trail) - 1, -1, -1):
        step = plan.find(run.trail[place])
        if step is not None and step.id != run.step:
            return correct(plan, run, step.id)
    return None


def correct(plan: Plan, run: Run, step_id: str) -> Outcome | None:
    """Back to a step that was answered; what was given after it is asked again, for it may depend on it. None: it was not."""
    if step_id not in run.trail:
        return None
    step = plan.find(step_id)
    if step is None:
        return None
    place = run.trail.index(step_id)
    kept = run.trail[:place]
    answers = {key: value for key, value in run.answers.items() if key in kept}
    moved = replace(run, step=step.id, answers=answers, trail=kept, misses=0, helped=None, paused=False)
    return Outcome(moved, (step,))


def again(plan: Plan, run: Run) -> Outcome:
    """The step that waits, said once more."""
    step = plan.find(run.step)
    return Outcome(replace(run, paused=False), (step,) if step is not None else ())


def _led(plan: Plan, step: Step, answer: Given) -> Step | None:
    """Where an answer leads."""
    if step.answer in ("choice", "yes_no"):
        chosen = next((option for option in step.options if option.id == answer.value), None)
        if chosen is not None and chosen.next is not None:
            return plan.find(chosen.next)
    return plan.after(step)


def _on(plan: Plan, run: Run, step: Step | None) -> Outcome:
    """Goes on from ``step`` until the plan waits or is over."""
    said: list[Step] = []
    for _ in range(_MOST_AT_ONCE):
        if step is None:
            break
        if step.kind == "branch":
            step = _branch(plan, run, step)
            continue
        said.append(step)
        if step.kind in WAITS:
            return Outcome(replace(run, step=step.id), tuple(said))
        if step.kind in TERMINAL:
            return Outcome(None, tuple(said), end=step, answers=run.answers)
        step = plan.after(step)
    return Outcome(None, tuple(said), answers=run.answers)


def _branch(plan: Plan, run: Run, step: Step) -> Step | None:
    value = run.answers.get(step.on or "")
    for case in step.cases:
        if value is not None and _fits(value, case.op, case.value):
            return plan.find(case.next)
    return plan.after(step)


def _fits(value: Value, op: str, wanted: str) -> bool:
    try:
        left: Any = float(value)
        right: Any = float(wanted)
    except ValueError:
        # Days in ISO form stand in the order of the calendar.
        left, right = str(value), wanted
    if op == "is":
        return bool(left == right)
    return bool(left < right if op == "less" else left > right)


def spoken(step: Step, value: Value, lang: str, yes_no: tuple[str, str]) -> str:
    """An answer in words. ``yes_no``: the words for yes and for no."""
    if step.answer == "yes_no":
        return {YES: yes_no[0], NO: yes_no[1]}.get(str(value), str(value))
    if step.answer == "choice":
        return next((one.label.said(lang) for one in step.options if one.id == value), str(value))
    if step.answer == "date":
        try:
            return date.fromisoformat(str(value)).strftime("%d.%m.%Y")
        except ValueError:
            return str(value)
    return str(value)
