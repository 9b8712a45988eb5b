"""How well kinds of turn are told apart, and what must never be missed is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.evaluation.questions import DialogueLine
from gateway.evaluation.services import STATES_SERVICE, Progress, share
from gateway.evaluation.trial import Answered, Trial, fresh, tried
from handoff.assistant.ports import Reply
from knowledge_base.plans.content import TURNS


@dataclass(frozen=True)
class DialogueResult:
    """A message, the kind it was taken for, and what else is measured of it."""

    line: DialogueLine
    answered: Answered
    kind: str
    services: tuple[str, ...]
    aspect: str | None

    @property
    def right(self) -> bool:
        """Whether it was taken for what it is, or for the second acceptable kind."""
        return self.kind == self.line.kind or self.kind in self.line.notes.get("also", [])


async def ask_all(trial: Trial, lines: Sequence[DialogueLine], progress: Progress) -> list[DialogueResult]:
    """Says every line in a conversation of its own; a follow-up after a question about its service."""
    found: list[DialogueResult] = []
    for number, line in enumerate(lines, 1):
        found.append(judge(line, await tried(_say(trial, line), number, line.text, line.lang)))
        progress(number, len(lines))
    return found


async def _say(trial: Trial, line: DialogueLine) -> Answered:
    spoken_of = line.noted("service") if line.kind == "followup" else None
    if spoken_of is None:
        return await trial.ask(line.text)
    conversation = await _speaking_of(trial, spoken_of, line.lang)
    return await trial.ask(line.text, conversation=conversation, lang=line.lang)


async def _speaking_of(trial: Trial, service_id: str, lang: str) -> str:
    """A conversation that speaks of a service: asked for by its name, else by the button of that name.

    The button is pressed in a conversation of its own: the name may have called a person, and nobody answers there then.

    Raises:
        ValueError: there is no such service.
    """
    if not trial.knowledge.known(service_id):
        raise ValueError(f"there is no service {service_id!r}")
    title = trial.knowledge.title(service_id, lang)
    conversation = fresh()
    reply = (await trial.ask(title, conversation=conversation, lang=lang)).reply
    if reply is None or reply.handoff is not None or reply.context.get("service_id") != service_id:
        conversation = fresh()
        payload = f"service:{service_id}:general"
        reply = (await trial.ask(title, conversation=conversation, payload=payload, lang=lang)).reply
    if reply is not None and reply.outcome == "asked_back":
        await trial.ask("–", conversation=conversation, payload="municipality:any", lang=lang)
    return conversation


def judge(line: DialogueLine, answered: Answered) -> DialogueResult:
    """What a message was taken for."""
    reply = answered.reply
    services: tuple[str, ...] = ()
    if reply is not None and reply.outcome in STATES_SERVICE and reply.trace.get("service"):
        services = tuple(reply.trace.get("two_questions") or [reply.trace["service"]])
    aspect = reply.trace.get("asked_aspect") if reply else None
    return DialogueResult(line, answered, _kind(line, answered, services), services, aspect)


def _kind(line: DialogueLine, answered: Answered, services: tuple[str, ...]) -> str:
    reply = answered.reply
    if reply is None:
        return "failed" if answered.failed else "unavailable"
    if answered.masked and line.kind == "personal_data":
        return "personal_data"
    if len(services) > 1:
        return "multi"
    if line.kind == "followup" and services and reply.trace.get("follow_up"):
        return "followup"
    return kind_of(reply)


def kind_of(reply: Reply) -> str:
    """The kind of turn that a reply treats its message as."""
    match reply.outcome:
        case "handoff" if reply.handoff is not None:
            return "handoff" if reply.handoff.reason == "asked" else reply.handoff.reason
        case "smalltalk":
            return str(reply.trace.get("key") or "smalltalk")
        case "clarify":
            return "unclear"
        case "answered" if reply.trace.get("intent") == "tech_problem":
            return "tech_problem"
        case "asked_back" if reply.trace.get("plan") and reply.trace.get("intent") in TURNS:
            # A plan has begun for what it was taken for.
            return str(reply.trace["intent"])
        case "answered" | "asked_back" | "choices":
            return "service"
        case outcome:
            return outcome


def figures(results: Sequence[DialogueResult]) -> dict[str, Any]:
    """The figures; all but ``n`` are fractions, None where no line says anything of it."""
    kinds: dict[str, list[DialogueResult]] = defaultdict(list)
    for result in results:
        kinds[result.line.kind].append(result)
    off_topic = kinds.get("out_of_scope", [])
    private = [(r, value) for r in results for value in r.line.personal_data]
    followups = kinds.get("followup", [])
    double = [(r, both) for r in results if (both := r.line.listed("services", ","))]
    return {
        "n": len(results),
        "kinds": {
            kind: {"n": len(own), "recall": share([r.right for r in own])} for kind, own in sorted(kinds.items())
        },
        "accuracy": share([r.right for r in results]),
        "handoff_recall": share([r.right for r in kinds.get("handoff", [])]),
        "emergency_recall": share([right_number(r) for r in kinds.get("emergency", [])]),
        "oos_recall_at_5": share([refused(r) for r in off_topic]),
        "oos_said_wrong": share([bool(r.services) for r in off_topic]),
        "pii_masked": share([value not in r.answered.stored for r, value in private]),
        "followup_service": share([r.line.noted("service") in r.services for r in followups]),
        "followup_aspect": share([r.aspect == r.line.noted("aspect") for r in followups]),
        "multi_both": share([set(r.services) == both for r, both in double]),
    }


def refused(result: DialogueResult) -> bool:
    """Whether a message was not treated as a service question; one that came to nothing was not treated at all.

    The gate through which the assistant lets messages to services stands where at most one service question in twenty is
    refused; it was set on tuning questions, so what counts here is its verdict and not a threshold chosen afterwards.
    """
    return not result.answered.failed and result.kind != "service" and not result.services


def right_number(result: DialogueResult) -> bool:
    """Whether an emergency was answered with a number that helps in it."""
    reply = result.answered.reply
    if reply is None or reply.outcome != "emergency":
        return False
    said = {link.url.removeprefix("tel:") for utterance in reply.utterances for link in utterance.links}
    return not said.isdisjoint(result.line.listed("expect", "|") or {"112"})
