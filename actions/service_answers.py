"""Answers about services: which one is meant, is it sure, does the municipality matter, and what is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from actions.safety import fold
from actions.scope import Scope
from actions.turn import Turn
from handoff.assistant.ports import Reply
from handoff.conversations.schemas import Button, Link, Source, Utterance
from kit.i18n import Catalogue
from knowledge_base.search import Candidate
from knowledge_base.service import KnowledgeBase, ServiceAnswerView

_MAX_CHOICES = 3
_ASPECT_BUTTONS = 3
_SENTENCE = re.compile(r"(?<=[?!.])\s+|\n+")
_ORDINALS = (
    re.compile(r"^(1|1\.|pirm\w+|pirmo|перв\w+|first|the first( one)?)$"),
    re.compile(r"^(2|2\.|otr\w+|втор\w+|second|the second( one)?)$"),
    re.compile(r"^(3|3\.|tres\w+|treš\w+|трет\w+|third|the third( one)?)$"),
)
_ANY_PLACE = re.compile(
    r"\b(nezinu|vienalga|jebkura|visas?|nav svarigi)\b|не знаю|все равно|любая|\b(don'?t know|any|doesn'?t matter)\b"
)
#: Where one question may end and another begin, besides the end of a sentence.
_CONNECTOR = re.compile(
    r"\s*[,;]?\s+(?:"
    r"un(?: tad)?\b|kā (?=arī)|(?=vēl arī)|"
    r"и(?: потом)?\b|а (?=также|ещё|еще)|"
    r"and(?: then)?\b|(?=plus\b)"
    r")\s*|\s*[,;]\s+",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(kā|ka|kur|cik|kad|vai|ko|kād\w+|kad[iu]s?|gribu|vajag|vajadz\w+|jā\w{4,}|how|where|what|when|which|can|do|does|need|want"
    r"|как|где|куда|сколько|когда|можно|нужн\w*|надо|хочу|какие|kak|gde|skolko|kogda|nado)\b",
    re.IGNORECASE,
)
_BESIDES = re.compile(r"\b(vēl|vel|arī|ari|ещё|еще|также|also|plus)\b", re.IGNORECASE)
_MOST_CUTS = 6
_LEAST_WORDS = 2
#: Longer messages are stories.
_DOUBLE_WORDS = 45
#: How sure both of two sentences must be, and both halves of one.
_SURE_SENTENCE = 0.6
_SURE_HALF = 0.35
#: A follow-up is short: "un cik tas maksā?", "а какие документы нужны?".
_FOLLOW_UP_WORDS = 8
#: … or a little longer, when no other service comes near.
_FOLLOW_UP_WORDS_MORE = 14
_FAINT = 0.1
#: Words with which people go on about the same thing.
_CONNECTED = re.compile(
    r"^\s*(un|bet|a|ja|vai tad|tad|и|а|но|тогда|and|but|so|then|what about|how about)\b", re.IGNORECASE
)
#: Another service with this probability is hinted at.
_HINT = 0.25


def _both_ask(first: str, second: str) -> bool:
    """Whether each part of a message asks for something; "un vēl …" goes on asking."""
    if min(len(first.split()), len(second.split())) < _LEAST_WORDS or not _ASKS.search(first):
        return False
    opening = " ".join(second.split()[:2])
    return _ASKS.search(second) is not None or _BESIDES.search(opening) is not None


class ServiceAnswers:
    """From a question to an answer of the knowledge base, or an honest question back."""

    def __init__(self, knowledge: KnowledgeBase, texts: Catalogue) -> None:
        self._knowledge = knowledge
        self._texts = texts
        self._scope = Scope.load()

    # --- which service ----------------------------------------------------------------------------------------------

    def search(self, turn: Turn, aspect: str, service: float, *, follow_up: bool = True) -> Reply | None:
        """Answers, offers choices, or gives None when nothing is sure enough to be said.

        Args:
            turn: the message.
            aspect: what is asked.
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
        if follow_up and current and self._is_follow_up(text, candidates, sure, current):
            turn.trace["follow_up"] = True
            return self.give(turn, current, aspect)
        if best is None:
            return None
        score = self._scope.score(service, best.probability)
        turn.trace["scope"] = round(score, 2)
        if score < self._scope.offer_from:
            return None
        if best.probability >= sure and score >= self._scope.answer_from:
            return self.give(turn, best.service_id, aspect)
        near = candidates[:_MAX_CHOICES]
        choices = [c for c in near if c.probability >= likely]
        if sum(c.probability for c in near) >= sure and best.probability >= likely:
            choices = near
        return self._offer(turn, choices, aspect) if choices else None

    def _candidates(self, turn: Turn) -> list[Candidate]:
        """What the whole message may mean; searched for once a turn."""
        if turn.candidates is None:
            turn.candidates = self._knowledge.search(turn.request.text, turn.lang, limit=5)
        return turn.candidates

    def _is_follow_up(self, text: str, candidates: list[Candidate], sure: float, current: str) -> bool:
        """A short message that names no other service belongs to the one just spoken of.

        "Un cik tas maksā?" says so itself. Without such a word a hint at another service is enough to ask back: an answer
        about the wrong service is worse than a question.
        """
        if candidates and candidates[0].service_id == current:
            return True
        other = candidates[0].probability if candidates else 0.0
        if len(text.split()) > (_FOLLOW_UP_WORDS if other >= _FAINT else _FOLLOW_UP_WORDS_MORE):
            return False
        return other < (sure if _CONNECTED.match(text) else _HINT)

    def two_questions(self, turn: Turn) -> tuple[tuple[str, str], ...]:
        """The two services of a double question, each with its part of the message; empty when it is a single one.

        Both parts must ask, each must be sure of a service of its own, and the whole message must have both in mind: "Piedzima
        bērns un gribu deklarēt dzīvesvietu" tells a story and asks once. Two sentences are more often a story and a question
        than two halves of a sentence are, so they must be surer.
        """
        lang, text = turn.lang, turn.request.text
        if len(text.split()) > _DOUBLE_WORDS:
            return ()
        cuts = [(cut, _SURE_SENTENCE) for cut in _SENTENCE.finditer(text)]
        cuts += [(cut, _SURE_HALF) for cut in _CONNECTOR.finditer(text)]
        halves = [((text[: cut.start()].strip(), text[cut.end() :].strip()), needed) for cut, needed in cuts]
        halves = [(pair, needed) for pair, needed in halves if _both_ask(*pair)][:_MOST_CUTS]
        if not halves:
            return ()
        meant = {c.service_id for c in self._candidates(turn)}
        best: tuple[float, tuple[tuple[str, str], ...]] = (0.0, ())
        for pair, needed in halves:
            found = [c for part in pair for c in self._knowledge.search(part, lang, limit=1)]
            services = {c.service_id for c in found} & meant
            chances = [c.probability for c in found]
            if len(found) == 2 and len(services) == 2 and min(chances) >= needed and sum(chances) > best[0]:
                best = (sum(chances), tuple((c.service_id, part) for c, part in zip(found, pair, strict=True)))
        return best[1]

    def give_both(self, turn: Turn, wanted: Sequence[tuple[str, str]]) -> Reply:
        """Two answers, by (service, aspect), in the order in which they were asked."""
        self._remember_place(turn)
        views = [self._view(turn, service_id, aspect) for service_id, aspect in wanted]
        last = views[-1]
        turn.context |= {"service_id": last.service_id, "aspect": last.aspect, "failures": 0}
        turn.context["answers"] = self._count(turn)
        turn.trace["two_questions"] = [view.service_id for view in views]
        return self._reply(turn, last, *(self._utterance(turn, view, last=view is last) for view in views))

    def life_event(self, turn: Turn) -> Reply | None:
        """Offers what belongs to a life event or a social group, if the message tells one and asks nothing else (R22)."""
        event = self._knowledge.life_event(turn.request.text, turn.lang)
        if event is None:
            return None
        self._remember_place(turn)
        known = [service_id for service_id in event.services if self._knowledge.known(service_id)]
        turn.trace["life_event"] = event.id
        return self._choices(turn, known, "general", event.said(turn.lang))

    def _offer(self, turn: Turn, choices: list[Candidate], aspect: str) -> Reply:
        key = "choices" if len(choices) > 1 else "choices.one"
        return self._choices(turn, [c.service_id for c in choices], aspect, turn.text(key))

    def _choices(self, turn: Turn, service_ids: Sequence[str], aspect: str, said: str) -> Reply:
        buttons = [
            Button(self._knowledge.title(service_id, turn.lang), f"service:{service_id}:{aspect}")
            for service_id in service_ids
        ]
        turn.context["pending"] = {"kind": "choices", "ids": list(service_ids), "aspect": aspect}
        return turn.reply("choices", Utterance(said, turn.lang, (*buttons, turn.person_button())))

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
                    return self.give(turn, asked["ids"][place], asked["aspect"])
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
        asks = last and not turn.request.public
        if asks:
            parts.append(turn.text("helped.question"))
        buttons: tuple[Button, ...] = ()
        if asks:
            buttons = (
                Button(turn.text("helped.button_yes"), "helped:yes"),
                Button(turn.text("helped.button_no"), "helped:no"),
                *self._aspects(turn, view),
            )
        return Utterance(
            "\n\n".join(parts),
            turn.lang,
            buttons,
            tuple(Link(link.title, link.url, link.kind) for link in view.links),
            Source(view.source.title, view.source.url, view.source.date) if view.source else None,
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
