"""One turn of the assistant: what came in, what is remembered, and how a reply is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handoff.assistant.ports import HandoffWish, Reply, TurnRequest
from handoff.conversations.schemas import Button, Utterance
from kit.i18n import Catalogue
from knowledge_base.plans.reading import Given
from knowledge_base.search import Candidate


class Turn:
    """A message being answered.

    Attributes:
        context: what is remembered, changed in place: ``service_id``, ``aspect``, ``municipality_id``, ``pending``,
            ``failures``, ``answers``, ``helped``.
        lang: the language to answer in.
        trace: what was understood and why, for editors.
        candidates: what the search found for the whole message, once it was asked.
        aspects: how likely each aspect is asked, by the words alone.
        by_plan: the reply is a plan's own.
        or_else: the answer to a plan's question that the message is, unless it turns out to be a question.
        freely: it is that answer, unless it is surely the wish for a person.
    """

    def __init__(
        self,
        request: TurnRequest,
        texts: Catalogue,
        context: dict[str, Any] | None = None,
        trace: dict[str, Any] | None = None,
    ) -> None:
        self.request = request
        self.lang = request.lang
        self.context = dict(request.context) if context is None else context
        self.trace: dict[str, Any] = {} if trace is None else trace
        self.place_looked_for = False
        self.candidates: list[Candidate] | None = None
        self.aspects: Mapping[str, float] = {}
        self.by_plan = False
        self.or_else: Given | None = None
        self.freely = False
        self._texts = texts

    @property
    def failures(self) -> int:
        """Turns in a row that ended without an answer."""
        return int(self.context.get("failures", 0))

    def text(self, key: str, **values: object) -> str:
        """A sentence of the catalogue in the turn's language."""
        return self._texts.text(self.lang, key, **values)

    def person_button(self) -> Button:
        """The way to a person; offered wherever the assistant may have failed."""
        return Button(self.text("button.person"), "handoff")

    def reply(self, outcome: str, *utterances: Utterance, trace: dict[str, Any] | None = None, **about: Any) -> Reply:
        """A reply that says ``utterances``; ``about`` are the fields of :class:`Reply` for service, institution and so on."""
        return Reply(
            outcome=outcome,
            lang=self.lang,
            utterances=utterances,
            context=self.context,
            trace={**self.trace, **(trace or {})},
            **about,
        )

    def hand_over(self, reason: str, *, say: str | None = None, topic: str | None = None) -> Reply:
        """A reply that asks for a person; the broker says when one will answer."""
        self.context.pop("pending", None)
        self.context["failures"] = 0
        utterances = (Utterance(say, self.lang),) if say else ()
        return self.reply("handoff", *utterances, handoff=HandoffWish(reason, topic))
