"""Level 0: from a citizen's message to what is said, step by step.

Order matters. First what a button means, then danger to life and the wish for a person, by rules that need nobody. Only then
Rasa is asked what kind of turn it is, and the knowledge base which service. What neither is sure of is never said.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace

import structlog

from actions.aspects import GENERAL
from actions.double_questions import asks
from actions.plans import RUN, PlanTalk
from actions.safety import Emergency, SafetyRules, fold
from actions.service_answers import ServiceAnswers
from actions.turn import Turn
from actions.understanding import Understander, Understanding
from handoff.assistant.ports import AssistantUnavailable, Reply, TurnRequest
from handoff.conversations.schemas import Button, Link, Utterance
from kit.i18n import LANGUAGES, Catalogue
from knowledge_base.plans.live import FixedPlans
from knowledge_base.plans.ports import Plans
from knowledge_base.service import KnowledgeBase

log = structlog.get_logger(__name__)

#: After so many turns without an answer a person takes over (R3).
FAILURES_ALLOWED = 2
#: Below this the assistant is not sure what kind of turn it is; the knowledge base may still be sure of the service.
SURE = 0.5
#: From here on a free answer to a plan's question is taken for the wish for a person. Asked of the model: wishes that no
#: rule knows are at 0.98 and more, what is told of operators stays below 0.94.
SURELY = 0.95
#: Whoever wishes for a person says it in few words; whoever tells of an operator in more is telling.
_FEW_WORDS = 12
#: What is assumed of a correction: as likely a question about a service as one can be.
_CORRECTED = 0.99
_LANGUAGE_WORDS = {
    "ru": re.compile(r"русск|по-русски|rus+k|krievu|krieviski|russian"),
    "en": re.compile(r"english|anglisk|angļ|англ|inglish"),
    "lv": re.compile(r"latvie?[šs]u|latviski|latvian|латыш"),
}
_CORRECTION = re.compile(
    r"^\s*(nē|ne|nee|нет|не то|no|nope)?[,.\s]*(es|я|i)?\s*(domāju|gribēju teikt|domaju|имел[аи]? в виду|имею в виду|mean[t]?)"
    r"[,:\s]*(par|про|о|about)?\s+",
    re.IGNORECASE,
)
_STARTERS = ("pmlp-dzivesvietas-deklaresana", "vsaa-slimibas-pabalsts", "pmlp-pase", "vid-gada-ienakumu-deklaracija")


class PieturaAssistant:
    """The assistant that the broker asks."""

    def __init__(
        self,
        knowledge: KnowledgeBase,
        understander: Understander,
        rules: SafetyRules,
        texts: Catalogue,
        plans: Plans | None = None,
    ) -> None:
        """``plans``: conversation plans as data; without them none begins."""
        self._plans = PlanTalk(plans or FixedPlans(), knowledge, texts)
        self._knowledge = knowledge
        self._understander = understander
        self._rules = rules
        self._texts = texts
        self._answers = ServiceAnswers(knowledge, texts, self._plans)

    def with_plans(self, plans: Plans) -> PieturaAssistant:
        """The same assistant with other plans, for a trial."""
        return PieturaAssistant(self._knowledge, self._understander, self._rules, self._texts, plans)

    def greeting(self, lang: str) -> Utterance:
        """The first words: who this is, that it is a machine, what it can do, and a few most asked services as buttons."""
        buttons = tuple(
            Button(self._knowledge.title(service_id, lang), f"service:{service_id}:general") for service_id in _STARTERS
        )
        return Utterance(self._texts.text(lang, "greeting"), lang, buttons)

    async def answer(self, request: TurnRequest) -> Reply:
        """Answers one message; see :class:`handoff.assistant.ports.Assistant`."""
        turn = Turn(request, self._texts)
        try:
            reply = await self._answer(turn)
        except AssistantUnavailable:
            unheard = await self._plans.unheard(turn)
            if unheard is None:
                raise
            return unheard
        return await self._plans.beside(turn, reply)

    async def _answer(self, turn: Turn) -> Reply:
        request = turn.request
        if request.payload:
            reply = await self._plans.pressed(turn, request.payload) or self._pressed(turn, request.payload)
            if reply is not None:
                return reply
        danger = self._rules.emergency(request.text)
        if danger is not None:
            return self._emergency(turn, danger)
        if self._rules.wants_person(request.text):
            return turn.hand_over("asked")
        # Only a step of a plan asks what the loose rules say, and they cost as much as the strict ones.
        loosely = turn.context.get(RUN) is not None and self._rules.emergency(request.text, strict=False) is not None
        reply = await self._plans.heard(turn, perhaps_danger=loosely)
        if reply is not None:
            return reply
        if turn.freely:
            understanding = await self._understood(turn)
            if understanding.plan == "handoff" and understanding.confidence >= SURELY and _is_short(request.text):
                return turn.hand_over("asked")
            taken = await self._plans.taken(turn)
            if taken is not None:
                return taken
        reply = self._answers.pending(turn) or self._answers.named(turn) or self._answers.life_event(turn)
        if reply is not None:
            return reply
        # Rasa thinks in a process of its own: what may be two questions is looked at meanwhile.
        looking = asyncio.create_task(self._answers.two_questions(turn))
        try:
            understanding = await self._understood(turn)
            both = await looking
        finally:
            looking.cancel()
        turn.aspects = understanding.aspects
        if both and understanding.plan == "answer_service":
            return await self._answer_both(turn, both)
        return self._carry_out(turn, understanding)

    async def _understood(self, turn: Turn) -> Understanding:
        """What kind of turn Rasa takes the message for; noted in the turn's trace."""
        request = turn.request
        vector = await self._knowledge.vector(request.text)
        understanding = await self._understander.understand(request.conversation_id, request.text, request.lang, vector)
        turn.trace |= {
            "intent": understanding.intent,
            "confidence": round(understanding.confidence, 3),
            "form": round(understanding.service, 4),
            "aspects": {name: round(chance, 4) for name, chance in understanding.aspects.items()},
        }
        return understanding

    async def _answer_both(self, turn: Turn, parts: Sequence[tuple[str, str]]) -> Reply:
        """Two questions in one message; a part that asks says itself which aspect it is about, else the whole message does."""
        wanted: dict[str, str] = {}
        for service_id, text in parts:
            chances = turn.aspects
            if asks(text):
                vector = await self._knowledge.vector(text)
                part = await self._understander.understand(turn.request.conversation_id, text, turn.lang, vector)
                chances = part.aspects
            wanted[service_id] = self._answers.aspect(service_id, chances)
        return self._answers.give_both(turn, wanted)

    # --- buttons ----------------------------------------------------------------------------------------------------

    def _pressed(self, turn: Turn, payload: str) -> Reply | None:
        """What a button means; None for a payload that is not ours, whose title is then read as a message."""
        kind, _, rest = payload.partition(":")
        match kind:
            case "service":
                service_id, _, aspect = rest.partition(":")
                if self._knowledge.known(service_id):
                    return self._answers.give(turn, service_id, aspect or "general")
            case "aspect":
                spoken_of = turn.context.get("service_id")
                if spoken_of and self._knowledge.known(spoken_of):
                    return self._answers.give(turn, spoken_of, rest)
            case "municipality":
                return self._answers.with_municipality(turn, None if rest == "any" else rest)
            case "handoff":
                return turn.hand_over("asked")
            case "helped":
                return self._helped(turn, rest == "yes")
            case "lang" if rest in LANGUAGES:
                return self._language(turn, rest)
        return None

    # --- plans ------------------------------------------------------------------------------------------------------

    def _carry_out(self, turn: Turn, understanding: Understanding) -> Reply:
        plan = understanding.plan
        unsure = understanding.confidence < SURE
        match plan:
            case "emergency":
                # Understanding says danger; the loose rules say which. Without a match, the number that is right for all, also
                # where it is unsure and no service is meant either: rather a number too many than a life.
                danger = self._rules.emergency(turn.request.text, strict=False)
                if danger is None and unsure:
                    found = self._answers.search(turn, understanding.service)
                    if found is not None:
                        return found
                return self._emergency(turn, danger or Emergency("general", ("112",)))
            case "handoff":
                return turn.hand_over("asked")
            case "answer_service":
                return self._service_or_not(turn, understanding, follow_up=True)
            case "correction":
                text = _CORRECTION.sub("", turn.request.text)
                fresh = replace(turn.request, text=text)
                turn.context.pop("service_id", None)
                corrected = Turn(fresh, self._texts, turn.context, turn.trace)
                # What was asked before is asked of the right service now.
                corrected.aspects = {turn.context.get("aspect", GENERAL): 1.0}
                # Whoever corrects us speaks of a service, whatever the form of the words.
                return self._answers.search(corrected, _CORRECTED) or self._unclear(turn)
            case "choose_language":
                return self._choose_language(turn)
            case "complaint" | "suggestion":
                # The plan that editors have written; were it withdrawn, a person is called all the same.
                begun = self._plans.begins(turn, "turn", plan)
                return begun or turn.hand_over(plan, say=turn.text(f"{plan}.taken"), topic=plan)
            case "tech_problem":
                return self._plans.begins(turn, "turn", plan) or self._tech_problem(turn)
            case "smalltalk":
                return self._small_talk(turn, understanding, unsure)
            case _:
                # Off-topic, unclear, gibberish: the knowledge base may still know the service by its name.
                return self._service_or_not(turn, understanding)

    def _service_or_not(self, turn: Turn, understanding: Understanding, *, follow_up: bool = False) -> Reply:
        found = self._answers.search(turn, understanding.service, follow_up=follow_up)
        if found is not None:
            return found
        ranking = dict(understanding.ranking)
        unclear = ranking.get("unclear", 0.0) + ranking.get("gibberish", 0.0)
        return self._out_of_scope(turn) if ranking.get("out_of_scope", 0.0) > unclear else self._unclear(turn)

    def _emergency(self, turn: Turn, danger: Emergency) -> Reply:
        links = tuple(Link(turn.text("emergency.call", number=number), f"tel:{number}") for number in danger.numbers)
        said = Utterance(turn.text(f"emergency.{danger.kind}"), turn.lang, (turn.person_button(),), links)
        return turn.reply("emergency", said, topic="other", trace={"emergency": danger.kind})

    def _helped(self, turn: Turn, yes: bool) -> Reply:
        turn.context.pop("pending", None)
        if yes:
            turn.context["helped"] = True
            turn.context["failures"] = 0
            return turn.reply("smalltalk", Utterance(turn.text("helped.yes"), turn.lang), trace={"key": "affirm"})
        turn.context["helped"] = False
        others = self._answers.aspect_buttons(turn)
        said = Utterance(turn.text("helped.no"), turn.lang, (turn.person_button(), *others))
        return turn.reply("smalltalk", said, trace={"key": "deny"})

    def _small_talk(self, turn: Turn, understanding: Understanding, unsure: bool) -> Reply:
        key = understanding.key or "greet"
        begun = self._plans.begins(turn, "turn", key)
        if begun is not None:
            return begun
        waits_for_helped = (turn.context.get("pending") or {}).get("kind") == "helped"
        if key in ("affirm", "deny") and waits_for_helped:
            return self._helped(turn, key == "affirm")
        if unsure or key in ("affirm", "deny"):
            turn.aspects = {GENERAL: 1.0}
            found = self._answers.search(turn, understanding.service, follow_up=False)
            if found is not None and found.outcome == "answered":
                return found
        buttons = (turn.person_button(),) if key in ("abuse", "deny") else ()
        buttons = (*self._plans.offers(turn, "turn", key), *buttons)
        said = Utterance(turn.text(f"smalltalk.{key}"), turn.lang, buttons)
        return turn.reply("smalltalk", said, trace={"key": key})

    def _choose_language(self, turn: Turn) -> Reply:
        folded = turn.request.text.lower()
        for lang, words in _LANGUAGE_WORDS.items():
            if words.search(folded) or words.search(fold(folded)):
                return self._language(turn, lang)
        buttons = tuple(Button(self._texts.text(lang, "language.name"), f"lang:{lang}") for lang in LANGUAGES)
        return turn.reply("smalltalk", Utterance(turn.text("language.which"), turn.lang, buttons))

    def _language(self, turn: Turn, lang: str) -> Reply:
        turn.lang = lang
        return turn.reply("smalltalk", Utterance(turn.text("language.switched"), lang))

    def _tech_problem(self, turn: Turn) -> Reply:
        if turn.context.get("tech_told"):
            return turn.hand_over("tech_problem", topic="eservices")
        turn.context["tech_told"] = True
        offered = self._plans.offers(turn, "turn", "tech_problem")
        said = Utterance(turn.text("tech.steps"), turn.lang, (*offered, turn.person_button()))
        return turn.reply("answered", said, topic="eservices")

    def _out_of_scope(self, turn: Turn) -> Reply:
        turn.context["failures"] = turn.failures + 1
        if turn.failures >= FAILURES_ALLOWED:
            return turn.hand_over("failed_twice")
        return turn.reply("out_of_scope", Utterance(turn.text("out_of_scope"), turn.lang, (turn.person_button(),)))

    def _unclear(self, turn: Turn) -> Reply:
        turn.context["failures"] = turn.failures + 1
        if turn.failures >= FAILURES_ALLOWED:
            return turn.hand_over("failed_twice")
        return turn.reply("clarify", Utterance(turn.text("clarify"), turn.lang, (turn.person_button(),)))


def _is_short(text: str) -> bool:
    return len(text.split()) <= _FEW_WORDS
