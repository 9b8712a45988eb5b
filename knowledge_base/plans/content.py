"""What a plan consists of, and what is wrong with one.

A plan is a list of steps. One leads to the next in the list unless it names another. It stops where it waits for the citizen
(``ask``, ``do``) and ends at a step of :data:`TERMINAL`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kit.i18n import LANGUAGES

Lang = Literal["lv", "ru", "en"]
Kind = Literal["say", "ask", "do", "branch", "link", "services", "hand_over", "call_back", "end"]
#: Here a plan waits for the citizen.
WAITS: Final = ("ask", "do")
#: Here it is over.
TERMINAL: Final = ("services", "hand_over", "call_back", "end")
YES, NO = "yes", "no"
#: What passes a question over; no answer is kept of it.
SKIPPED: Final = "skip"
MOST_STEPS: Final = 60
_MOST_OPTIONS = 8
_MOST_SERVICES = 6
_TITLE = 80
#: What a button of ours means already; a plan that took it over would take away the way to a person.
_RESERVED: Final = ("handoff", "helped:", "lang:", "plan:", "municipality:")

StepId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
PlanId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
_Key = Annotated[str, StringConstraints(max_length=120, strip_whitespace=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Part):
    """A text in every language."""

    lv: Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)] = ""
    ru: Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)] = ""
    en: Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)] = ""

    def said(self, lang: str) -> str:
        """The text in ``lang``, in Latvian where there is none."""
        return str(getattr(self, lang, "")) or self.lv

    def missing(self) -> list[str]:
        """Languages without a text."""
        return [lang for lang in LANGUAGES if not getattr(self, lang)]

    def __bool__(self) -> bool:
        return bool(self.lv or self.ru or self.en)


class Option(_Part):
    """An answer to choose. ``label`` is not needed for yes and no. ``next``: where it leads; None: on in the list."""

    id: StepId
    label: Words = Words()
    next: StepId | None = None


class Case(_Part):
    """Where an answer leads: when it *is* this value, or is *less* or *more* (numbers, and days as ``YYYY-MM-DD``)."""

    op: Literal["is", "less", "more"] = "is"
    value: _Key
    next: StepId


class LinkTo(_Part):
    """A page to go on to."""

    title: Words
    url: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]


class Step(_Part):
    """One step.

    Attributes:
        text: what is said; of a ``branch`` nothing is.
        name: what the answer of an ``ask`` is called in a summary („Bērna dzimšanas datums”); the question itself without one.
        help: of a ``do``: what is said the first time that it does not work out.
        next: where it leads; None: on in the list.
        answer: what an ``ask`` takes.
        optional: of words, a day or a number: he may pass it over, and nothing is told of it then.
        least, most: bounds of a number.
        when: whether a day must be in the past (or today), or in the future (or today).
        on, cases: of a ``branch``: the ``ask`` whose answer decides, and where to.
        topic, institution_id: of a ``hand_over`` or ``call_back``: which queue it goes to.
        visit: a ``call_back`` is for a visit in person.
    """

    id: StepId
    kind: Kind
    text: Words = Words()
    name: Words = Words()
    help: Words = Words()
    next: StepId | None = None
    answer: Literal["choice", "text", "date", "yes_no", "number"] | None = None
    options: Annotated[list[Option], Field(max_length=20)] = []
    optional: bool = False
    least: float | None = None
    most: float | None = None
    when: Literal["any", "past", "future"] = "any"
    on: StepId | None = None
    cases: Annotated[list[Case], Field(max_length=20)] = []
    links: Annotated[list[LinkTo], Field(max_length=6)] = []
    service_ids: Annotated[list[_Key], Field(max_length=20)] = []
    topic: Annotated[str, StringConstraints(max_length=64)] | None = None
    institution_id: Annotated[str, StringConstraints(max_length=64)] | None = None
    visit: bool = False


class Trigger(_Part):
    """When a plan begins: at once (``start``), or offered by a button beside what is answered (``offer``).

    ``kind``: ``life_event`` or ``service`` by id, ``turn`` by the kind that Rasa understands, ``payload`` by a button's exact
    meaning, ``proactive`` by the id of a site's rule.
    """

    kind: Literal["life_event", "service", "turn", "payload", "proactive"]
    value: _Key
    how: Literal["start", "offer"] = "start"


class Origin(_Part):
    """Where what it says comes from, and of which day that is."""

    title: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
    url: Annotated[str, StringConstraints(max_length=500, strip_whitespace=True)]
    date: date


class Plan(_Part):
    """A plan as it is written.

    Attributes:
        kind: ``guide``: numbered steps through an e-service, which operators can send as well; ``plan``: everything else.
        service_id: the service that a guide is for; a hand-over is then about it.
        review: the day from which an editor must look at it again.
    """

    kind: Literal["plan", "guide"] = "plan"
    name: Words
    service_id: _Key | None = None
    triggers: Annotated[list[Trigger], Field(max_length=20)] = []
    source: Origin | None = None
    review: date | None = None
    steps: Annotated[list[Step], Field(max_length=MOST_STEPS)]

    def find(self, step_id: str | None) -> Step | None:
        """The step with this id."""
        return next((step for step in self.steps if step.id == step_id), None)

    def after(self, step: Step) -> Step | None:
        """The step that follows when nothing else is said."""
        if step.next is not None:
            return self.find(step.next)
        at = next(place for place, one in enumerate(self.steps) if one.id == step.id)
        return self.steps[at + 1] if at + 1 < len(self.steps) else None

    def numbered(self, step_id: str) -> tuple[int, int]:
        """(which of the steps that are to be done it is, how many there are); (0, n) of any other."""
        done = [step.id for step in self.steps if step.kind == "do"]
        return (done.index(step_id) + 1 if step_id in done else 0), len(done)

    def leads(self, step: Step) -> list[Step | None]:
        """Where a step can lead; None where the list ends."""
        if step.kind in TERMINAL:
            return []
        # A branch whose cases do not fit goes on in the list; so does an answer that names no step of its own.
        chosen = [option.next for option in step.options] if step.answer in ("choice", "yes_no") else []
        named = {YES, NO} <= {option.id for option in step.options} if step.answer == "yes_no" else bool(chosen)
        covered = named and all(chosen)
        targets = [*chosen, *(case.next for case in step.cases if step.kind == "branch")]
        found = [self.find(target) for target in targets if target is not None]
        return found if covered else [*found, self.after(step)]


@dataclass(frozen=True)
class Problem:
    """What is wrong: ``error.plan.<code>`` of the catalogue says it.

    Attributes:
        step: id of the step; None: of the plan as a whole.
        values: for the sentence.
    """

    code: str
    step: str | None = None
    values: dict[str, Any] = field(default_factory=dict)


def problems(
    plan: Plan,
    *,
    services: Collection[str],
    events: Collection[str],
    institutions: Collection[str],
    invitations: Collection[str] | None = None,
) -> list[Problem]:
    """Everything that would make a plan fail while a citizen is in it; none: it may be published.

    Args:
        plan: as it is written.
        services, events, institutions: the ids that there are.
        invitations: the ids of the sites' rules; None: the sites are not known here.
    """
    found = [Problem("name_missing", None, {"lang": lang}) for lang in plan.name.missing()]
    if any(len(text) > _TITLE for text in (plan.name.lv, plan.name.ru, plan.name.en)):
        found.append(Problem("name_long", None, {"most": _TITLE}))
    if plan.service_id is not None and plan.service_id not in services:
        found.append(Problem("service_unknown", None, {"id": plan.service_id}))
    if plan.kind == "guide" and plan.source is None:
        found.append(Problem("source_missing"))
    if plan.source is not None and not is_https(plan.source.url):
        found.append(Problem("link_not_https", None, {"url": plan.source.url}))
    found += _of_triggers(plan, services, events, invitations)
    if not plan.steps:
        return [*found, Problem("no_steps")]
    ids = [step.id for step in plan.steps]
    found += [Problem("id_twice", one, {"id": one}) for one in sorted({one for one in ids if ids.count(one) > 1})]
    if plan.kind == "guide" and not any(step.kind == "do" for step in plan.steps):
        found.append(Problem("guide_without_steps"))
    for step in plan.steps:
        found += _of_step(plan, step, services, institutions)
    if any(one.code in ("id_twice", "next_unknown") for one in found):
        # Where it leads is not known yet: what follows from that would only be noise.
        return found
    return [*found, *_of_ways(plan)]


def _of_triggers(
    plan: Plan, services: Collection[str], events: Collection[str], invitations: Collection[str] | None
) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for trigger in plan.triggers:
        key = (trigger.kind, trigger.value)
        if not trigger.value or key in seen:
            yield Problem("trigger_twice" if trigger.value else "trigger_empty", None, {"value": trigger.value})
        seen.add(key)
        known = {"service": services, "life_event": events}.get(trigger.kind)
        if trigger.value and known is not None and trigger.value not in known:
            yield Problem("trigger_unknown", None, {"value": trigger.value})
        if trigger.kind == "turn" and trigger.value not in TURNS:
            yield Problem("trigger_unknown", None, {"value": trigger.value})
        if trigger.kind == "payload" and trigger.value.startswith(_RESERVED):
            yield Problem("trigger_reserved", None, {"value": trigger.value})
        invited = trigger.kind == "proactive" and trigger.value
        if invited and invitations is not None and trigger.value not in invitations:
            yield Problem("invitation_unknown", None, {"id": trigger.value})
        if trigger.how == "offer" and (
            trigger.kind == "payload" or (trigger.kind == "turn" and trigger.value not in OFFERED)
        ):
            yield Problem("trigger_not_offered", None, {"value": trigger.value})


#: Kinds of turn that a plan may answer. Danger, the wish for a person and questions about services are never taken over.
TURNS: Final = ("complaint", "suggestion", "tech_problem", "capabilities")
#: Those that have an answer of their own, beside which a plan can be offered.
OFFERED: Final = ("tech_problem", "capabilities")


def _of_step(plan: Plan, step: Step, services: Collection[str], institutions: Collection[str]) -> Iterator[Problem]:
    if step.kind != "branch":
        for lang in step.text.missing():
            yield Problem("text_missing", step.id, {"lang": lang})
    for words in (step.name, step.help):
        if words:
            for lang in words.missing():
                yield Problem("text_missing", step.id, {"lang": lang})
    for target in (step.next, *(option.next for option in step.options), *(case.next for case in step.cases)):
        if target is not None and plan.find(target) is None:
            yield Problem("next_unknown", step.id, {"id": target})
    if step.kind == "ask":
        yield from _of_question(step)
    if step.kind == "branch":
        asked = plan.find(step.on)
        if asked is None or asked.kind != "ask":
            yield Problem("branch_without_question", step.id)
        elif not step.cases:
            yield Problem("branch_without_cases", step.id)
        else:
            yield from _of_cases(step, asked)
    if step.kind == "link" and not step.links:
        yield Problem("link_missing", step.id)
    for link in step.links:
        if not is_https(link.url):
            yield Problem("link_not_https", step.id, {"url": link.url})
        for lang in link.title.missing():
            yield Problem("text_missing", step.id, {"lang": lang})
    if step.kind == "services":
        if not 1 <= len(step.service_ids) <= _MOST_SERVICES:
            yield Problem("services_number", step.id, {"most": _MOST_SERVICES})
        for service_id in step.service_ids:
            if service_id not in services:
                yield Problem("service_unknown", step.id, {"id": service_id})
    if step.institution_id is not None and step.institution_id not in institutions:
        yield Problem("institution_unknown", step.id, {"id": step.institution_id})


def _of_question(step: Step) -> Iterator[Problem]:
    if step.answer is None:
        yield Problem("answer_missing", step.id)
    if step.answer == "choice":
        ids = [option.id for option in step.options]
        if not 2 <= len(ids) <= _MOST_OPTIONS:
            yield Problem("options_number", step.id, {"most": _MOST_OPTIONS})
        if len(set(ids)) < len(ids):
            yield Problem("options_twice", step.id)
        for option in step.options:
            for lang in option.label.missing():
                yield Problem("option_missing", step.id, {"lang": lang})
        for lang in LANGUAGES:
            labels = [option.label.said(lang).casefold() for option in step.options if getattr(option.label, lang)]
            if len(set(labels)) < len(labels):
                yield Problem("options_twice", step.id)
                break
    if step.answer == "yes_no" and any(option.id not in (YES, NO) for option in step.options):
        yield Problem("options_twice", step.id)
    if step.optional and step.answer in ("choice", "yes_no"):
        # There a choice of its own says so.
        yield Problem("optional_choice", step.id)
    if step.least is not None and step.most is not None and step.least > step.most:
        yield Problem("bounds", step.id)


def _of_cases(step: Step, asked: Step) -> Iterator[Problem]:
    ids = {YES, NO} if asked.answer == "yes_no" else {option.id for option in asked.options}
    for case in step.cases:
        if asked.answer in ("choice", "yes_no") and (case.op != "is" or case.value not in ids):
            yield Problem("case_unknown", step.id, {"value": case.value})
        if asked.answer == "number":
            try:
                float(case.value)
            except ValueError:
                yield Problem("case_unknown", step.id, {"value": case.value})
        if asked.answer == "date":
            try:
                date.fromisoformat(case.value)
            except ValueError:
                yield Problem("case_unknown", step.id, {"value": case.value})


def _of_ways(plan: Plan) -> Iterator[Problem]:
    """Steps that nobody comes to, lists that just stop, rounds without a question, rounds without an end."""
    leads = {step.id: plan.leads(step) for step in plan.steps}
    reached = {plan.steps[0].id}
    todo = [plan.steps[0]]
    while todo:
        for target in leads[todo.pop().id]:
            if target is not None and target.id not in reached:
                reached.add(target.id)
                todo.append(target)
    ends = {step.id for step in plan.steps if step.kind in TERMINAL}
    grown = True
    while grown:
        before = len(ends)
        ends |= {one for one, targets in leads.items() if any(t is not None and t.id in ends for t in targets)}
        grown = len(ends) > before
    looping = _looping(plan, leads)
    for step in plan.steps:
        if step.id not in reached:
            yield Problem("unreachable", step.id)
        elif step.id in looping:
            yield Problem("loop", step.id)
        elif None in leads[step.id] or step.id not in ends:
            yield Problem("dead_end", step.id)


def _looping(plan: Plan, leads: dict[str, list[Step | None]]) -> set[str]:
    """Steps from which one comes back to them without having been asked anything."""
    found: set[str] = set()
    for start in plan.steps:
        if start.kind in WAITS:
            continue
        seen: set[str] = set()
        todo: list[Step] = [start]
        while todo:
            for target in leads[todo.pop().id]:
                if target is None or target.kind in WAITS or target.id in seen:
                    continue
                seen.add(target.id)
                todo.append(target)
        if start.id in seen:
            found.add(start.id)
    return found


def is_https(url: str) -> bool:
    """Whether an address is a whole one of a page that cannot be read or changed on its way."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "." in str(parts.hostname) and " " not in url


def whole(step: dict[str, Any]) -> dict[str, Any]:
    """A stored step; versions from before a question could be passed over do not say that theirs cannot."""
    return {"optional": False, **step}


def steps_changed(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What has become of each step: ``added``, ``changed`` (with both), ``gone``; those that stand as they stood are left out.

    Args:
        before, after: steps as they are stored.
    """
    before, after = [whole(step) for step in before], [whole(step) for step in after]
    old = {step["id"]: (place, step) for place, step in enumerate(before)}
    now = {step["id"] for step in after}
    kept = [step["id"] for step in before if step["id"] in now]
    order = [step["id"] for step in after if step["id"] in old]
    found: list[dict[str, Any]] = []
    for step in after:
        was = old.get(step["id"])
        if was is None:
            found.append({"what": "added", "id": step["id"], "before": None, "after": step})
        elif was[1] != step:
            found.append({"what": "changed", "id": step["id"], "before": was[1], "after": step})
        elif kept.index(step["id"]) != order.index(step["id"]):
            found.append({"what": "moved", "id": step["id"], "before": was[1], "after": step})
    found += [{"what": "gone", "id": s["id"], "before": s, "after": None} for s in before if s["id"] not in now]
    return found
