"""The knowledge base for whoever answers in person: the same search and the same answers as the assistant's, unhurried by
what it dares to say by itself. The operator sees how likely each is, and decides."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from actions.aspects import AspectPrior
from actions.understanding import Understander
from handoff.answering.ports import FoundService, KnownAnswer
from handoff.assistant.ports import AssistantUnavailable
from kit.i18n import Catalogue
from knowledge_base.service import GENERAL, STATUS, KnowledgeBase

#: A short question that names no service goes on about the one spoken of; the search is not asked to guess another.
_GOES_ON_BELOW = 0.35
#: … which then is as likely as this.
_GOES_ON = 0.6
#: So many services are looked at for three answers.
_SERVICES = 3
#: The order in which all answers about a service are listed.
_ORDER = ("general", "how", "documents", "cost", "amount", "deadline", "eligibility", "where", "result")
#: However sure Rasa is of one aspect, what people ask next is worth a place as well: so much is shared out among the others.
_NEXT = 0.1


class OperatorKnowledge:
    """See :class:`handoff.answering.ports.Knowledge`."""

    def __init__(self, knowledge: KnowledgeBase, understander: Understander, texts: Catalogue) -> None:
        """``texts``: the assistant's catalogue; it has the names of aspects."""
        self._knowledge = knowledge
        self._understander = understander
        self._texts = texts
        self._prior = AspectPrior.load()

    async def suggest(
        self, text: str, lang: str, viewer_lang: str, *, about: str | None, place: str | None, limit: int
    ) -> list[KnownAnswer]:
        """Pairs of service and aspect by the product of their probabilities: so a question that surely is about one service
        gets its answers by the likeliest aspects, an open one the answers of several services."""
        vector = await self._knowledge.vector(text)
        try:
            # A name of its own: what an operator looks up is no turn of the citizen's conversation.
            understood = await self._understander.understand(f"desk-{uuid.uuid4()}", text, lang, vector)
            chances: Mapping[str, float] = understood.aspects
        except AssistantUnavailable:
            # Without Rasa nobody knows which aspect is asked; which service it is, the search still tells.
            chances = {}
        services = {one.service_id: one.probability for one in self._knowledge.search(text, lang, limit=_SERVICES)}
        if about is not None and self._knowledge.known(about) and max(services.values(), default=0) < _GOES_ON_BELOW:
            services = {one: chance * (1 - _GOES_ON) for one, chance in services.items()}
            services[about] = max(services.get(about, 0.0), _GOES_ON)
        pairs = [
            (chance * share, service_id, aspect)
            for service_id, chance in services.items()
            for aspect, share in self._shares(service_id, chances).items()
        ]
        pairs.sort(reverse=True)
        return _once(
            self._answer(service_id, aspect, lang, viewer_lang, place, likely) for likely, service_id, aspect in pairs
        )[:limit]

    def _shares(self, service_id: str, chances: Mapping[str, float]) -> dict[str, float]:
        """How likely each answer about a service is wanted, were it the one meant."""
        has = self._knowledge.aspects(service_id)
        shares = self._prior.shares({aspect: chance for aspect, chance in chances.items() if aspect in has}, has)
        known = [aspect for aspect in _ORDER if aspect in has] or [GENERAL]
        shares = shares or {known[0]: 1.0}
        next_asked = {aspect: 1.0 / place for place, aspect in enumerate(known, start=1)}
        total = sum(next_asked.values())
        return {
            aspect: (1 - _NEXT) * shares.get(aspect, 0.0) + _NEXT * next_asked.get(aspect, 0.0) / total
            for aspect in {*shares, *known}
        }

    async def find(self, text: str, lang: str, limit: int) -> list[FoundService]:
        """Services for a search's words."""
        await self._knowledge.vector(text)
        return [
            FoundService(
                one.service_id,
                self._knowledge.title(one.service_id, lang),
                self._knowledge.answer(one.service_id, GENERAL, lang).institution_name,
                one.probability,
            )
            for one in self._knowledge.search(text, lang, limit=limit)
        ]

    def answers(self, service_id: str, lang: str, viewer_lang: str, *, place: str | None) -> list[KnownAnswer]:
        """All that is known about a service."""
        if not self._knowledge.known(service_id):
            return []
        has = self._knowledge.aspects(service_id)
        known = [aspect for aspect in _ORDER if aspect in has] or [GENERAL]
        return _once(self._answer(service_id, one, lang, viewer_lang, place, None) for one in [*known, STATUS])

    def _answer(
        self, service_id: str, aspect: str, lang: str, viewer_lang: str, place: str | None, probability: float | None
    ) -> KnownAnswer:
        view = self._knowledge.answer(service_id, aspect, lang, place)
        link = next((one for one in view.links if one.kind == "eservice"), None)
        source = view.source
        return KnownAnswer(
            service_id=service_id,
            title=self._knowledge.title(service_id, viewer_lang),
            institution=self._knowledge.answer(service_id, aspect, viewer_lang).institution_name,
            aspect=view.aspect,
            aspect_name=self._texts.text(viewer_lang, f"aspect.{view.aspect}"),
            text=f"{view.text}\n{link.title}: {link.url}" if link else view.text,
            lang=view.lang_of_text,
            source=(source.title, source.url, source.date, source.seen) if source else None,
            probability=probability,
        )


def _once(answers: Iterable[KnownAnswer]) -> list[KnownAnswer]:
    """Each answer once: what is not translated is answered by what the service is in general, for one aspect as for another."""
    found: dict[tuple[str, str], KnownAnswer] = {}
    for answer in answers:
        found.setdefault((answer.service_id, answer.aspect), answer)
    return list(found.values())
