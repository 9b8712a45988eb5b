"""Answers about services: which one is meant, is it sure, does the municipality matter, and what is said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

from actions.aspects import GENERAL, AspectPrior
from actions.deciding import choices_of
from actions.double_questions import ANYWHERE, Cut, cuts
from actions.plans import RUN, PlanTalk
from actions.safety import fold
from actions.scope import Scope
from actions.turn import Turn
from handoff.assistant.ports import Reply
from handoff.conversations.schemas import Button, Link, Source, Utterance
from kit.i18n import Catalogue
from knowledge_base.search import Candidate
from knowledge_base.service import KnowledgeBase, ServiceAnswerView

#: Both services of a double question are among so many of the whole message's, and so many cuts are searched.
_MEANT, _MOST_SEARCHED = 3, 2
#: Of a part that is sure of its service, stems explain so much at least: of two that ask, and of any other (of 66 right cuts of
#: tuning questions none had less; of the wrong ones more than half have).
_EXPLAINED, _EXPLAINED_ELSEWHERE = 0.28, 0.35
_ASPECT_BUTTONS = 3
_ORDINALS = (
    re.compile(r"^(1|1\.|pirm\w+|pirmo|перв\w+|first|the first( one)?)$"),
    re.compile(r"^(2|2\.|otr\w+|втор\w+|second|the second( one)?)$"),
    re.compile(r"^(3|3\.|tres\w+|treš\w+|трет\w+|third|the third( one)?)$"),
)
_ANY_PLACE = re.compile(
    r"\b(nezinu|vienalga|jebkura|visas?|nav svarigi)\b|не знаю|все равно|любая|\b(don'?t know|any|doesn'?t matter)\b"
)
#: A follow-up is short: "un cik tas maksā?", "а какие документы нужны?".
_FOLLOW_UP_WORDS = 8
#: … or a little longer, when no other service comes near.
_FOLLOW_UP_WORDS_MORE = 14
_FAINT = 0.25
#: Words with which people go on about the same thing.
_CONNECTED = re.compile(
    r"^\s*(un|bet|a|ja|vai tad|tad|и|а|но|тогда|and|but|so|then|what about|how about)\b", re.IGNORECASE
)
#: From this probability on another service is hinted at, and named beyond doubt of a mere "and …".
_HINT, _NAMED = 0.35, 0.7


class ServiceAnswers:
    """From a question to an answer of the knowledge base, or an honest question back."""

    def __init__(self, knowledge: KnowledgeBase, texts: Catalogue, plans: PlanTalk) -> None:
        self._knowledge = knowledge
        self._plans = plans
        self._texts = texts
        self._scope = Scope.load()
        self._prior = AspectPrior.load()

    # --- which service ----------------------------------------------------------------------------------------------

    def aspect(self, service_id: str, chances: Mapping[str, float]) -> str:
        """What is asked of a service, by the words' ``chances`` and by what there is to ask."""
        return self._prior.choose(chances, self._knowledge.aspects(service_id))

    def search(self, turn: Turn, service: float, *, follow_up: bool = True) -> Reply | None:
        """Answers, offers choices, or gives None when nothing is sure enough to be said.

        Args:
            turn: the message.
            service: how likely, by its form, the message is a question about a service.
            follow_up: whether it may go on about the service spoken of.
        """
        text = turn.request.text
        self._remember_place(turn)
        candidates = self._candidates(turn)
        sure, likely = self._knowledge.thresholds(turn.lang)
        best = candidates[0] if candidates else None
        turn.trace["candidates"] = [(c.service_id, round(c.probability, 4)) for c in candidates[:3]]
        current = turn.context.get("service_id")
        about = best.service_id if best else current or ""
        turn.trace["asked_aspect"] = self.aspect(about, turn.aspects)
        if follow_up and current and self._is_follow_up(text, candidates, current):
            turn.trace |= {"follow_up": True, "asked_aspect": self.aspect(current, turn.aspects)}
            return self.give(turn, current, turn.trace["asked_aspect"])
        if best is None:
            return None
        score = self._scope.score(service, best.probability)
        turn.trace["scope"] = round(score, 2)
        if score < self._scope.offer_from:
            return None
        if best.probability >= sure and score >= self._scope.answer_from:
            return self.give(turn, best.service_id, turn.trace["asked_aspect"])
        choices = choices_of(candidates, sure, likely)
        return self._offer(turn, choices) if choices else None

    def _candidates(self, turn: Turn) -> list[Candidate]:
        """What the whole message may mean; searched for once a turn."""
        if turn.candidates is None:
            turn.candidates = self._knowledge.search(turn.request.text, turn.lang, limit=5)
        return turn.candidates

    def _is_follow_up(self, text: str, candidates: list[Candidate], current: str) -> bool:
        """A short message that names no other service belongs to the one just spoken of.

        "Un cik tas maksā?" says so itself. Without such a word a hint at another service is enough to ask back: an answer
        about the wrong service is worse than a question.
        """
        if candidates and candidates[0].service_id == current:
            return True
        other = candidates[0].probability if candidates else 0.0
        if len(text.split()) > (_FOLLOW_UP_WORDS if other >= _FAINT else _FOLLOW_UP_WORDS_MORE):
            return False
        return other < (_NAMED if _CONNECTED.match(text) else _HINT)

    async def two_questions(self, turn: Turn) -> tuple[tuple[str, str], ...]:
        """The two services of a double question, each with its part of the message; empty when it is a single one.

        The whole message must have both in mind, and each part must be sure of its own.
        """
        for cut, meant in self._promising(turn):
            found: dict[str, str] = {}
            for part in (cut.first, cut.second):
                # The encoder remembers it for the search, which would otherwise hold up everybody else's messages.
                await self._knowledge.vector(part)
                likeliest = self._knowledge.search(part, turn.lang, limit=1)
                if not likeliest or likeliest[0].probability < cut.sure or likeliest[0].service_id not in meant:
                    break
                found[likeliest[0].service_id] = part
            else:
                # The likeliest cut comes first: to search the other as well would only cost its two sentence vectors.
                if len(found) == 2:
                    return tuple(found.items())
        return ()

    def _promising(self, turn: Turn) -> list[tuple[Cut, tuple[str, ...]]]:
        """The cuts that are worth a search, best first, with the services that the whole message has in mind.

        A search of a part costs a sentence vector. Words alone tell cheaply whether the parts lean towards different services.
        """
        places = cuts(turn.request.text)
        meant = tuple(c.service_id for c in self._candidates(turn)[:_MEANT]) if places else ()
        leaning: list[tuple[float, int, Cut]] = []
        for at, cut in enumerate(places):
            first = self._knowledge.evidence(cut.first, turn.lang, meant)
            second = self._knowledge.evidence(cut.second, turn.lang, meant)
            least = _EXPLAINED if cut.sure < ANYWHERE else _EXPLAINED_ELSEWHERE
            if min(max(first, default=0.0), max(second, default=0.0)) < least:
                continue
            apart = max(
                (min(first[i] - first[j], second[j] - second[i]) for i, j in permutations(range(len(meant)), 2)),
                default=0.0,
            )
            if apart > 0:
                leaning.append((-apart, at, cut))
        return [(cut, meant) for _, _, cut in sorted(leaning, key=lambda one: one[:2])[:_MOST_SEARCHED]]

    def give_both(self, turn: Turn, wanted: Mapping[str, str]) -> Reply:
        """Two answers, aspect by service, in the order in which they were asked."""
        self._remember_place(turn)
        views = [self._view(turn, service_id, aspect) for service_id, aspect in wanted.items()]
        likeliest = next((c.service_id for c in self._candidates(turn) if c.service_id in wanted), "")
        turn.trace["asked_aspect"] = wanted.get(likeliest)
        last = views[-1]
        turn.context |= {"service_id": last.service_id, "aspect": last.aspect, "failures": 0}
        turn.context["answers"] = self._count(turn)
        turn.trace["two_questions"] = [view.service_id for view in views]
        return self._reply(turn, last, *(self._utterance(turn, view, last=view is last) for view in views))

    def named(self, turn: Turn) -> Reply | None:
        """Answers a message that is a service's title and nothing else: by its form, "Sūdzība par darba devēju" alone would be
        taken for a complaint."""
        service_id = self._knowledge.named(turn.request.text)
        return self.give(turn, service_id, GENERAL) if service_id is not None else None

    def life_event(self, turn: Turn) -> Reply | None:
        """Offers what belongs to a life event or a social group, if the message tells one and asks nothing else (R22)."""
        event = self._knowledge.life_event(turn.request.text, turn.lang)
        if event is None:
            return None
        self._remember_place(turn)
        known = [service_id for service_id in event.services if self._knowledge.offered(service_id)]
        turn.trace |= {"life_event": event.id, "asked_aspect": GENERAL}
        begun = self._plans.begins(turn, "life_event", event.id)
        offered = self._plans.offers(turn, "life_event", event.id)
        return begun or self._choices(turn, known, event.said(turn.lang), offered)

    def _offer(self, turn: Turn, choices: list[Candidate]) -> Reply:
        key = "choices" if len(choices) > 1 else "choices.one"
        return self._choices(turn, [c.service_id for c in choices], turn.text(key))

    def _choices(self, turn: Turn, service_ids: Sequence[str], said: str, offered: tuple[Button, ...] = ()) -> Reply:
        aspects = [self.aspect(service_id, turn.aspects) for service_id in service_ids]
        buttons = [
            Button(self._knowledge.title(service_id, turn.lang), f"service:{service_id}:{aspect}")
            for service_id, aspect in zip(service_ids, aspects, strict=True)
        ]
        turn.context["pending"] = {"kind": "choices", "ids": list(service_ids), "aspects": aspects}
        return turn.reply("choices", Utterance(said, turn.lang, (*buttons, *offered, turn.person_button())))

    # --- what was asked back ----------------------------------------------------------------------------------------

    def pending(self, turn: Turn) -> Reply | None:
        """Takes the message as the answer to what was asked back, if it is one."""
        asked: dict[str, Any] = turn.context.get("pending") or {}
        folded = fold(turn.request.text).strip(" .!")
        if asked.get("kind") == "municipality":
            match = self._knowledge.find_municipality(turn.request.text)
            if match is not None and len(folded.split()) <= 8:
                return self.with_municipality(turn, match.municipality_id)
            if _ANY_PLACE.search(folded) and len(folded.split()) <= 4:
                return self.with_municipality(turn, None)
        if asked.get("kind") == "choices":
            for place, pattern in enumerate(_ORDINALS):
                if place < len(asked["ids"]) and pattern.match(folded):
                    return self.give(turn, asked["ids"][place], asked["aspects"][place])
        return None

    def with_municipality(self, turn: Turn, municipality_id: str | None) -> Reply | None:
        """Goes on with the question that waited for the municipality; None stands for "any"."""
        asked: dict[str, Any] = turn.context.pop("pending", None) or {}
        if municipality_id is not None:
            turn.context["municipality_id"] = municipality_id
        service_id = asked.get("service_id") or turn.context.get("service_id")
        if service_id is None:
            return None
        aspect = asked.get("aspect") or turn.context.get("aspect") or "general"
        return self.give(turn, service_id, aspect, ask_place=False)

    def _remember_place(self, turn: Turn) -> None:
        """Keeps the municipality that the message names; looked for once a turn."""
        if turn.place_looked_for:
            return
        turn.place_looked_for = True
        match = self._knowledge.find_municipality(turn.request.text)
        if match is not None:
            turn.context["municipality_id"] = match.municipality_id

    # --- what is said -----------------------------------------------------------------------------------------------

    def give(self, turn: Turn, service_id: str, aspect: str, *, ask_place: bool = True) -> Reply:
        """Answers about a service; asks for the municipality first if the answer depends on it."""
        turn.trace.setdefault("asked_aspect", aspect)
        self._remember_place(turn)
        view = self._view(turn, service_id, aspect)
        turn.context |= {"service_id": service_id, "aspect": view.aspect, "failures": 0}
        about: dict[str, Any] = {"service_id": service_id, "institution_id": view.institution_id, "topic": view.topic}
        if view.needs_municipality and ask_place:
            turn.context["pending"] = {"kind": "municipality", "service_id": service_id, "aspect": aspect}
            said = Utterance(
                turn.text("municipality.which", service=view.title),
                turn.lang,
                (Button(turn.text("municipality.any"), "municipality:any"),),
            )
            return turn.reply("asked_back", said, trace={"service": service_id}, **about)
        turn.context["answers"] = self._count(turn)
        return self._reply(turn, view, self._utterance(turn, view))

    def _reply(self, turn: Turn, view: ServiceAnswerView, *said: Utterance) -> Reply:
        turn.context["pending"] = {"kind": "helped"}
        # In public only what was asked is an answer: what else is known of the service is not.
        unsure = turn.request.public and not view.aspect_known
        return turn.reply(
            "aspect_unknown" if unsure else "answered",
            *said,
            service_id=view.service_id,
            institution_id=view.institution_id,
            municipality_id=turn.context.get("municipality_id"),
            topic=view.topic,
            trace={"service": view.service_id, "aspect": view.aspect, "aspect_known": view.aspect_known},
        )

    def _view(self, turn: Turn, service_id: str, aspect: str) -> ServiceAnswerView:
        return self._knowledge.answer(service_id, aspect, turn.lang, turn.context.get("municipality_id"))

    def _utterance(self, turn: Turn, view: ServiceAnswerView, *, last: bool = True) -> Utterance:
        parts = [view.title]
        if view.lang_of_text != turn.lang:
            parts.append(turn.text("only_latvian"))
        if not view.aspect_known:
            parts.append(turn.text("aspect_unknown"))
        parts.append(view.text)
        # Under a comment nobody is asked back: his next comment is a case of its own.
        # Nor in the middle of a plan, where its own question comes next.
        asks = last and not turn.request.public and turn.context.get(RUN) is None
        if asks:
            parts.append(turn.text("helped.question"))
        buttons: tuple[Button, ...] = ()
        if asks:
            buttons = (
                Button(turn.text("helped.button_yes"), "helped:yes"),
                Button(turn.text("helped.button_no"), "helped:no"),
                *(
                    self._plans.offers(turn, "service", view.service_id)
                    if self._knowledge.offered(view.service_id)
                    else ()
                ),
                *self._aspects(turn, view),
            )
        return Utterance(
            "\n\n".join(parts),
            turn.lang,
            buttons,
            tuple(Link(link.title, link.url, link.kind) for link in view.links),
            Source(view.source.title, view.source.url, view.source.date, view.source.seen) if view.source else None,
        )

    def _aspects(self, turn: Turn, view: ServiceAnswerView) -> tuple[Button, ...]:
        return tuple(
            Button(turn.text(f"aspect.{aspect}"), f"service:{view.service_id}:{aspect}")
            for aspect in view.other_aspects[:_ASPECT_BUTTONS]
        )

    def aspect_buttons(self, turn: Turn) -> tuple[Button, ...]:
        """What else may be asked of the service spoken of."""
        service_id = turn.context.get("service_id")
        if not service_id or not self._knowledge.known(service_id):
            return ()
        return self._aspects(turn, self._view(turn, service_id, turn.context.get("aspect", "general")))

    def _count(self, turn: Turn) -> int:
        return int(turn.context.get("answers", 0)) + 1
