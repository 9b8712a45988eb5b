"""Plans in a conversation: when one begins, what an answer does, and what happens when something else is said meanwhile.

Nothing a citizen says is lost on a plan. Danger and the wish for a person are heard before it, a question is answered and then
asked whether to go on, and whatever brings a person brings along what was told.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from actions.double_questions import asks
from actions.turn import Turn
from handoff.assistant.ports import HandoffWish, Reply
from handoff.conversations.schemas import Button, Link, Source, Utterance
from kit.clock import RIGA
from kit.i18n import DEFAULT_LANGUAGE, Catalogue
from kit.textual import shorten
from knowledge_base.plans import engine
from knowledge_base.plans.content import SKIPPED, Plan, Step
from knowledge_base.plans.engine import MISSES_ALLOWED, Outcome, Run
from knowledge_base.plans.ports import Plans, Published
from knowledge_base.plans.reading import Given, Miss, accepts, read, wish, yes_or_no
from knowledge_base.service import KnowledgeBase

#: After so long a silence what comes next is not taken for the answer: he is asked whether to go on.
SILENCE: Final = timedelta(hours=2)
#: Where a run is kept in what the assistant remembers.
RUN: Final = "plan"
#: The button that ends a plan.
STOP: Final = "plan:x"
_NAME: Final = 60
#: Topics that are a reason of their own for a person to come.
_REASONS: Final = ("complaint", "suggestion")
#: Kinds of what was asked back that come before the plan's own question.
_ASKED_BACK: Final = ("municipality", "choices")
#: What the assistant says when it has not understood; in a plan its question is asked again instead.
_NOT_UNDERSTOOD: Final = ("clarify", "out_of_scope")

#: What is surely something else than the answer to a plan's question.
_SURE: Final = ("answered", "asked_back", "emergency")


class PlanTalk:
    """Runs plans; the assistant asks it before and after everything else."""

    def __init__(self, plans: Plans, knowledge: KnowledgeBase, texts: Catalogue) -> None:
        self._plans = plans
        self._knowledge = knowledge
        self._texts = texts

    # --- beginning ------------------------------------------------------------------------------------------------------

    def begins(self, turn: Turn, kind: str, value: str) -> Reply | None:
        """The first words of the plan that this begins at once, if there is one and none is under way."""
        if turn.request.public or Run.read(turn.context.get(RUN)) is not None:
            return None
        for one, how in self._plans.triggered(kind, value):
            if how == "start":
                return self.begin(turn, one)
        return None

    def offers(self, turn: Turn, kind: str, value: str) -> tuple[Button, ...]:
        """Buttons of the plans that are offered beside an answer."""
        if turn.request.public or Run.read(turn.context.get(RUN)) is not None:
            return ()
        found = [one for one, how in self._plans.triggered(kind, value) if how == "offer"]
        return tuple(Button(self._offer(turn, one.plan), f"plan:s:{one.id}") for one in found)

    def _offer(self, turn: Turn, plan: Plan) -> str:
        return turn.text("plan.button.guide") if plan.kind == "guide" else plan.name.said(turn.lang)

    def begin(self, turn: Turn, one: Published) -> Reply:
        """The first words of a plan."""
        turn.context.pop("pending", None)
        return self._reply(turn, one, engine.begin(one.plan, one.id, one.number), first=True)

    # --- going on -------------------------------------------------------------------------------------------------------

    async def pressed(self, turn: Turn, payload: str) -> Reply | None:
        """What a plan's button means; None for a payload of another kind."""
        if turn.request.public:
            return None
        if not payload.startswith("plan:"):
            return self.begins(turn, "payload", payload)
        verb, _, rest = payload.removeprefix("plan:").partition(":")
        if verb == "s":
            wanted = self._plans.current(rest)
            if wanted is None:
                return self._over(turn)
            turn.context.pop(RUN, None)
            return self.begin(turn, wanted)
        one, run = await self._under_way(turn)
        if one is None or run is None:
            return self._over(turn)
        match verb:
            case "a":
                return self._answered_by_button(turn, one, run, rest)
            case "b":
                return self._back(turn, one, run)
            case "x":
                return self._cancel(turn, one)
            case "fix":
                outcome = engine.correct(one.plan, run, rest) if rest else None
                return self._reply(turn, one, outcome) if outcome is not None else self._which_to_mend(turn, one, run)
            case _:
                return self._reply(turn, one, engine.again(one.plan, run))

    def _answered_by_button(self, turn: Turn, one: Published, run: Run, rest: str) -> Reply:
        plan_id, _, said = rest.partition(":")
        step_id, _, value = said.partition(":")
        step = one.plan.find(step_id)
        given = accepts(step, value) if step is not None else None
        if plan_id != run.plan or given is None:
            return self._reply(turn, one, engine.again(one.plan, run))
        if step_id == run.step:
            return self._reply(turn, one, engine.given(one.plan, run, given))
        # A button further up: the answer that he gave there is corrected. One of a step that is gone asks again.
        mended = engine.correct(one.plan, run, step_id)
        if mended is None or mended.run is None:
            return self._reply(turn, one, engine.again(one.plan, run))
        return self._reply(turn, one, engine.given(one.plan, mended.run, given))

    async def heard(self, turn: Turn, *, perhaps_danger: bool = False) -> Reply | None:
        """Takes a message as something said to the plan under way; None: it is something else, or there is none.

        ``perhaps_danger``: its words would be those of somebody in danger, if they are not of papers or of what is past.
        """
        if turn.request.public:
            return None
        one, run = await self._under_way(turn)
        if one is None or run is None:
            return None
        text = turn.request.text
        match wish(text):
            case "cancel":
                return self._cancel(turn, one)
            case "back":
                return self._back(turn, one, run)
            case "correct":
                return self._which_to_mend(turn, one, run)
            case "go_on" if run.paused:
                return self._reply(turn, one, engine.again(one.plan, run))
        step = one.plan.find(run.step)
        if step is None:
            return None
        if self._silent(run) and not run.paused:
            run = self._pause(turn, run)
        if run.paused and (turn.context.get("pending") or {}).get("kind") in _ASKED_BACK:
            return None
        found = self._read(step, text)
        if run.paused:
            return self._after_a_pause(turn, one, run, step, found)
        if isinstance(found, Given):
            if step.answer == "text" and found.value != SKIPPED:
                # It may be a question as well as what was asked for: the assistant tries, and else it is the answer. And a person
                # may be wished for in words that no rule knows: of that too the assistant makes sure.
                turn.or_else = found
                turn.freely = not ("?" in text or asks(text) or perhaps_danger)
                return None
            return self._reply(turn, one, engine.given(one.plan, run, found))
        return None if found.unlike else self._again(turn, one, run, found)

    def _after_a_pause(self, turn: Turn, one: Published, run: Run, step: Step, found: Given | Miss) -> Reply | None:
        said = yes_or_no(turn.request.text)
        if said is not None:
            # To the question whether to go on, not to the plan's own.
            return self._reply(turn, one, engine.again(one.plan, run)) if said == "yes" else self._cancel(turn, one)
        # An answer that can be nothing else is one, though he was only asked whether to go on.
        if isinstance(found, Given) and (
            step.kind == "do" or step.answer in ("choice", "date", "number") or found.value == SKIPPED
        ):
            return self._reply(turn, one, engine.given(one.plan, run, found))
        return None

    async def taken(self, turn: Turn) -> Reply | None:
        """Takes free words as the answer that they are; None: no plan is under way."""
        one, run = await self._under_way(turn)
        if one is None or run is None or turn.or_else is None:
            return None
        return self._reply(turn, one, engine.given(one.plan, run, turn.or_else))

    async def beside(self, turn: Turn, reply: Reply) -> Reply:
        """What the assistant has said meanwhile, with the plan's question after it, or with what was told for the person."""
        if turn.by_plan or turn.request.public:
            return reply
        one, run = await self._under_way(turn)
        if one is None or run is None:
            return reply
        # A complaint is what a complaint's question is answered with: only who asks for a person gets one in its middle.
        for_person = reply.handoff is not None and (turn.or_else is None or reply.handoff.reason == "asked")
        if for_person:
            if turn.or_else is not None:
                # What he has written with it is not lost.
                after = engine.given(one.plan, run, turn.or_else)
                run = after.run or replace(run, answers=dict(after.answers))
            return self._with_person(turn, one, run, reply)
        if turn.or_else is not None and reply.outcome not in _SURE:
            turn.context.pop("pending", None)
            return self._reply(turn, one, engine.given(one.plan, run, turn.or_else))
        if reply.outcome == "emergency":
            self._pause(turn, run)
            return replace(reply, context=turn.context)
        if reply.outcome in _NOT_UNDERSTOOD:
            step = one.plan.find(run.step)
            found = self._read(step, turn.request.text) if step is not None else None
            return self._again(turn, one, run, found if isinstance(found, Miss) else Miss("text"))
        if reply.lang != turn.request.lang:
            # He wanted another language: the question is said in it.
            return self._reply(turn, one, engine.again(one.plan, run))
        self._pause(turn, run)
        if reply.outcome in ("choices", "asked_back"):
            return replace(reply, context=turn.context)
        turn.context.pop("pending", None)
        ask = Utterance(
            turn.text("plan.go_on", name=one.plan.name.said(turn.lang)),
            turn.lang,
            (Button(turn.text("plan.button.go_on"), "plan:go"), Button(turn.text("plan.button.cancel"), STOP)),
        )
        return replace(reply, utterances=(*reply.utterances, ask), context=turn.context)

    async def unheard(self, turn: Turn) -> Reply | None:
        """Understanding is down in the middle of a plan: a person comes, with what was told. None: no plan is under way."""
        one, run = await self._under_way(turn)
        if one is None or run is None or turn.request.public:
            return None
        if turn.or_else is not None:
            return self._reply(turn, one, engine.given(one.plan, run, turn.or_else))
        return self._with_person(turn, one, run, turn.hand_over("assistant_down"))

    # --- what the ways come to ------------------------------------------------------------------------------------------

    async def _under_way(self, turn: Turn) -> tuple[Published | None, Run | None]:
        run = Run.read(turn.context.get(RUN))
        if run is None:
            return None, None
        one = await self._plans.version(run.plan, run.version)
        if one is None or one.plan.find(run.step) is None:
            # It cannot be gone on with: better to forget it than to hold the citizen in it.
            turn.context.pop(RUN, None)
            return None, None
        return one, run

    def _read(self, step: Step, text: str) -> Given | Miss:
        return read(step, text, self._plans.now().astimezone(RIGA).date())

    def _silent(self, run: Run) -> bool:
        try:
            since = datetime.fromisoformat(run.at)
        except ValueError:
            return False
        return self._plans.now() - since > SILENCE

    def _pause(self, turn: Turn, run: Run) -> Run:
        paused = replace(run, paused=True)
        self._keep(turn, paused)
        return paused

    def _keep(self, turn: Turn, run: Run) -> None:
        turn.context[RUN] = {**(turn.context.get(RUN) or {}), **replace(run, at=self._plans.now().isoformat()).stored()}

    def _back(self, turn: Turn, one: Published, run: Run) -> Reply:
        outcome = engine.back(one.plan, run)
        if outcome is not None:
            return self._reply(turn, one, outcome)
        return self._reply(turn, one, engine.again(one.plan, run), before=turn.text("plan.first"))

    def _cancel(self, turn: Turn, one: Published) -> Reply:
        turn.context.pop(RUN, None)
        turn.by_plan = True
        said = Utterance(
            turn.text("plan.cancelled", name=one.plan.name.said(turn.lang)), turn.lang, (turn.person_button(),)
        )
        return turn.reply("smalltalk", said, trace={"plan": one.id})

    def _over(self, turn: Turn) -> Reply:
        turn.by_plan = True
        return turn.reply("smalltalk", Utterance(turn.text("plan.over"), turn.lang, (turn.person_button(),)))

    def _which_to_mend(self, turn: Turn, one: Published, run: Run) -> Reply:
        """His answers as buttons, each to be asked again."""
        words = (turn.text("plan.yes"), turn.text("plan.no"))
        buttons = []
        for step_id, value in run.answers.items():
            step = one.plan.find(step_id)
            if step is not None:
                said = engine.spoken(step, value, turn.lang, words)
                buttons.append(Button(shorten(f"{_name(step, turn.lang)}: {said}", _NAME), f"plan:fix:{step_id}"))
        if not buttons:
            return self._back(turn, one, run)
        turn.by_plan = True
        self._keep(turn, run)
        go_on = Button(turn.text("plan.button.go_on"), "plan:go")
        return turn.reply("asked_back", Utterance(turn.text("plan.mend"), turn.lang, (*buttons, go_on)))

    def _again(self, turn: Turn, one: Published, run: Run, miss: Miss) -> Reply:
        """Asks once more and says what is expected; after some tries a person takes over."""
        missed = replace(run, misses=run.misses + 1, paused=False)
        turn.context["failures"] = 0
        if missed.misses >= MISSES_ALLOWED:
            return self._with_person(turn, one, missed, turn.hand_over("failed_twice"))
        before = turn.text(f"plan.miss.{miss.why}", **(miss.values or {}))
        return self._reply(turn, one, engine.again(one.plan, missed), before=before)

    def _with_person(self, turn: Turn, one: Published, run: Run, reply: Reply) -> Reply:
        """A person comes: he is told what was told. In a guide the citizen can go on meanwhile; a plan's questions are over."""
        turn.by_plan = True
        turn.context.pop("pending", None)
        if one.plan.kind == "guide":
            self._keep(turn, replace(run, misses=0))
        else:
            turn.context.pop(RUN, None)
        step = one.plan.find(run.step)
        told = self.told(one.plan, run, at=step)
        wanted = reply.handoff or HandoffWish("asked")
        about: dict[str, Any] = (
            {"service_id": one.plan.service_id} if one.plan.service_id and reply.service_id is None else {}
        )
        wanted = replace(wanted, topic=wanted.topic or _topic(one.plan), told=told)
        return replace(reply, context=turn.context, handoff=wanted, **about)

    def _reply(
        self, turn: Turn, one: Published, outcome: Outcome, *, before: str | None = None, first: bool = False
    ) -> Reply:
        """An outcome as a reply; what was remembered of the run is replaced."""
        turn.by_plan = True
        plan = one.plan
        ran = Run.read(turn.context.get(RUN))
        turn.context["failures"] = 0
        turn.trace |= {"plan": one.id, "plan_version": one.number}
        about: dict[str, Any] = {"service_id": plan.service_id} if plan.service_id else {}
        if outcome.run is not None:
            self._keep(turn, outcome.run)
            turn.context[RUN] |= self._place(plan, outcome.run)
            turn.trace["plan_step"] = outcome.run.step
            said = say(plan, outcome, turn.lang, self._texts, before=before, source=first)
            return turn.reply("asked_back", said, topic=_topic(plan), **about)
        if outcome.stuck is not None:
            stuck = replace(ran, misses=0) if ran is not None else Run(one.id, one.number, outcome.stuck.id)
            self._keep(turn, stuck)
            turn.context[RUN] |= {**self._place(plan, stuck), "stuck": True}
            told = self.told(plan, stuck, at=outcome.stuck, stuck=True)
            return turn.reply(
                "handoff",
                Utterance(turn.text("plan.stuck"), turn.lang),
                handoff=HandoffWish("plan_stuck", outcome.stuck.topic or "eservices", told),
                **about,
            )
        turn.context.pop(RUN, None)
        said = say(plan, outcome, turn.lang, self._texts, before=before, source=True)
        end = outcome.end
        if end is None:
            # A plan that was broken by hand: a person goes on with what there is.
            return turn.reply("handoff", said, handoff=HandoffWish("failed_twice"), **about)
        if end.kind == "services":
            return self._services(turn, said, end, about)
        if end.kind in ("hand_over", "call_back"):
            reason = end.topic if end.topic in _REASONS else "plan"
            if end.kind == "call_back":
                reason = "visit" if end.visit else "call_back"
            told = self.told(plan, replace(ran, answers=outcome.answers) if ran else None)
            about |= {"institution_id": end.institution_id} if end.institution_id else {}
            return turn.reply("handoff", said, handoff=HandoffWish(reason, end.topic, told), topic=end.topic, **about)
        return turn.reply("answered", said, **about)

    def _services(self, turn: Turn, said: Utterance, end: Step, about: dict[str, Any]) -> Reply:
        known = [one for one in end.service_ids if self._knowledge.offered(one)]
        buttons = [Button(self._knowledge.title(one, turn.lang), f"service:{one}:general") for one in known]
        turn.context["pending"] = {"kind": "choices", "ids": known, "aspects": ["general"] * len(known)}
        return turn.reply("choices", replace(said, buttons=(*buttons, turn.person_button())), **about)

    def _place(self, plan: Plan, run: Run) -> dict[str, Any]:
        """Where the citizen is, for whoever looks at the conversation."""
        at, of = plan.numbered(run.step)
        step = plan.find(run.step)
        title = shorten(step.text.lv, _NAME) if step is not None else ""
        return {
            "name": plan.name.lv,
            "number": at,
            "of": of,
            "title": title,
            "guide": plan.kind == "guide",
            "stuck": False,
        }

    def told(self, plan: Plan, run: Run | None, *, at: Step | None = None, stuck: bool = False) -> str | None:
        """What was told in a plan and where it stopped, in Latvian; None: nothing was."""
        lang, text = DEFAULT_LANGUAGE, self._texts.text
        words = (text(lang, "plan.yes"), text(lang, "plan.no"))
        answers = run.answers if run is not None else {}
        parts = [
            f"{_name(step, lang)}: {engine.spoken(step, value, lang, words)}"
            for key, value in answers.items()
            if (step := plan.find(key)) is not None
        ]
        if at is not None:
            number, of = plan.numbered(at.id)
            title = shorten(at.text.lv, _NAME)
            key = "plan.told.stuck" if stuck else "plan.told.step" if number else "plan.told.question"
            parts.append(text(lang, key, at=number, of=of, step=title))
        if not parts:
            return None
        return text(lang, "plan.told", name=plan.name.lv, told="; ".join(parts))


def say(
    plan: Plan, outcome: Outcome, lang: str, texts: Catalogue, *, before: str | None = None, source: bool = False
) -> Utterance:
    """What an outcome says, in one message: the texts of its steps, the links, and the buttons of the last.

    Args:
        plan: the plan.
        outcome: what follows.
        lang: the language.
        texts: the assistant's catalogue.
        before: a sentence that comes first.
        source: whether where it comes from is named.
    """
    parts = [before] if before else []
    shown = outcome.said if outcome.help is None else (outcome.help,)
    links: list[Link] = []
    for step in shown:
        words = step.help.said(lang) if outcome.help is not None else step.text.said(lang)
        at, of = plan.numbered(step.id)
        parts.append(
            f"{texts.text(lang, 'plan.step', at=at, of=of)}\n{words}" if at and outcome.help is None else words
        )
        links += [
            Link(link.title.said(lang), link.url, "eservice" if step.kind == "do" else "info") for link in step.links
        ]
    named = None
    if source and plan.source is not None:
        named = Source(plan.source.title, plan.source.url, plan.source.date.isoformat())
    waits = plan.find(outcome.run.step) if outcome.run is not None else None
    buttons = _buttons(plan, outcome.run, waits, lang, texts) if waits is not None and outcome.run is not None else ()
    return Utterance("\n\n".join(part for part in parts if part), lang, buttons, tuple(links), named)


def _buttons(plan: Plan, run: Run, step: Step, lang: str, texts: Catalogue) -> tuple[Button, ...]:
    def answer(title: str, value: str) -> Button:
        return Button(title, f"plan:a:{run.plan}:{step.id}:{value}")

    found: list[Button] = []
    if step.kind == "do":
        found = [answer(texts.text(lang, f"plan.button.{one}"), one) for one in ("done", "stuck")]
    elif step.answer == "choice":
        found = [answer(option.label.said(lang), option.id) for option in step.options]
    elif step.answer == "yes_no":
        found = [answer(texts.text(lang, f"plan.{one}"), one) for one in ("yes", "no")]
    elif step.optional:
        found = [answer(texts.text(lang, "plan.button.skip"), SKIPPED)]
    if engine.back(plan, run) is not None:
        found.append(Button(texts.text(lang, "plan.button.back"), "plan:b"))
    if step.kind == "ask":
        # At every question he sees that he may leave, or have a person instead.
        found.append(Button(texts.text(lang, "plan.button.cancel"), STOP))
    found.append(Button(texts.text(lang, "button.person"), "handoff"))
    return tuple(found)


def _topic(plan: Plan) -> str | None:
    """The topic of a plan whose ways all lead to it: whoever leaves a complaint, or asks for a person in it, has complained."""
    topics = {end.topic for end in plan.steps if end.kind in ("hand_over", "call_back")}
    return topics.pop() if len(topics) == 1 else None


def _name(step: Step, lang: str) -> str:
    return step.name.said(lang) or shorten(step.text.said(lang).rstrip("?:. "), _NAME)
