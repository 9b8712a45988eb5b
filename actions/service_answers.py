"""Answers about services: which one is meant, is it sure, does the municipality matter, and what is said."""

from __future__ import annotations

import re
from typing import Any

from actions.safety import fold
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
#: A follow-up is short: "un cik tas maksā?", "а какие документы нужны?".
_FOLLOW_UP_WORDS = 8
#: Words with which people go on about the same thing.
_CONNECTED = re.compile(
    r"^\s*(un|bet|a|ja|vai tad|tad|и|а|но|тогда|and|but|so|then|what about|how about)\b", re.IGNORECASE
)
#: Another service with this probability is hinted at.
_HINT = 0.25


#: "Cik maksā pase?" names its service in one word. The calibration, learnt from whole stories, gives such scraps little;
#: that nothing else comes near says more.
_NAMED_WORDS = 6
_NAMED_AT_LEAST = 0.35
_NAMED_NEXT_AT_MOST = 0.06


def _names_just_one(text: str, candidates: list[Candidate]) -> bool:
    """Whether a short question, understood as one about a service, leaves no other service in question."""
    following = candidates[1].probability if len(candidates) > 1 else 0.0
    return (
        len(text.split()) <= _NAMED_WORDS
        and candidates[0].probability >= _NAMED_AT_LEAST
        and following <= _NAMED_NEXT_AT_MOST
    )


class ServiceAnswers:
    """From a question to an answer of the knowledge base, or an honest question back."""

    def __init__(self, knowledge: KnowledgeBase, texts: Catalogue) -> None:
        self._knowledge = knowledge
        self._texts = texts

    # --- which service ----------------------------------------------------------------------------------------------

    def search(self, turn: Turn, aspect: str, *, follow_up: bool = True) -> Reply | None:
        """Answers, offers choices, or gives None when nothing is sure enough to be said."""
        text = turn.request.text
        self._remember_place(turn)
        candidates = self._knowledge.search(text, turn.lang, limit=5)
        both = self._two_questions(turn, aspect, candidates)
        if both is not None:
            return both
        sure, likely = self._knowledge.thresholds(turn.lang)
        best = candidates[0] if candidates else None
        turn.trace["candidates"] = [(c.service_id, round(c.probability, 3)) for c in candidates[:3]]
        current = turn.context.get("service_id")
        if follow_up and current and self._is_follow_up(text, candidates, sure, current):
            return self.give(turn, current, aspect)
        if best is None:
            return None
        if best.probability >= sure or (follow_up and _names_just_one(text, candidates)):
            return self.give(turn, best.service_id, aspect)
        choices = [c for c in candidates[:_MAX_CHOICES] if c.probability >= likely]
        if sum(c.probability for c in candidates[:_MAX_CHOICES]) >= sure and best.probability >= likely:
            choices = candidates[:_MAX_CHOICES]
        if choices:
            return self._offer(turn, choices, aspect)
        return None

    def _is_follow_up(self, text: str, candidates: list[Candidate], sure: float, current: str) -> bool:
        """A short message that names no other service belongs to the one just spoken of.

        "Un cik tas maksā?" says so itself. Without such a word a hint at another service is enough to ask back: an answer
        about the wrong service is worse than a question.
        """
        if candidates and candidates[0].service_id == current:
            return True
        if len(text.split()) > _FOLLOW_UP_WORDS:
            return False
        other = candidates[0].probability if candidates else 0.0
        return other < (sure if _CONNECTED.match(text) else _HINT)

    def _two_questions(self, turn: Turn, aspect: str, whole: list[Candidate]) -> Reply | None:
        """Two sentences that are each sure of a different service get two answers."""
        parts = [part.strip() for part in _SENTENCE.split(turn.request.text) if len(part.split()) >= 3]
        if len(parts) < 2 or not whole:
            return None
        sure, _ = self._knowledge.thresholds(turn.lang)
        found: list[str] = []
        for part in parts:
            candidates = self._knowledge.search(part, turn.lang, limit=1)
            if candidates and candidates[0].probability >= sure and candidates[0].service_id not in found:
                found.append(candidates[0].service_id)
        if len(found) != 2 or whole[0].service_id not in found:
            return None
        views = [self._view(turn, service_id, aspect) for service_id in found]
        turn.context |= {"service_id": found[-1], "aspect": aspect, "failures": 0, "answers": self._count(turn)}
        turn.trace["two_questions"] = found
        return self._reply(turn, views[-1], *(self._utterance(turn, view, last=view is views[-1]) for view in views))

    def _offer(self, turn: Turn, choices: list[Candidate], aspect: str) -> Reply:
        buttons = [
            Button(self._knowledge.title(c.service_id, turn.lang), f"service:{c.service_id}:{aspect}") for c in choices
        ]
        turn.context["pending"] = {"kind": "choices", "ids": [c.service_id for c in choices], "aspect": aspect}
        key = "choices" if len(choices) > 1 else "choices.one"
        said = Utterance(turn.text(key), turn.lang, (*buttons, turn.person_button()))
        return turn.reply("choices", said)

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
            return turn.reply("asked_back", said, **about)
        turn.context["answers"] = self._count(turn)
        return self._reply(turn, view, self._utterance(turn, view))

    def _reply(self, turn: Turn, view: ServiceAnswerView, *said: Utterance) -> Reply:
        turn.context["pending"] = {"kind": "helped"}
        return turn.reply(
            "answered",
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
        if last:
            parts.append(turn.text("helped.question"))
        buttons: tuple[Button, ...] = ()
        if last:
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
