"""The assistant on trial for an editor: one message in a conversation that does not exist, with everything it thought."""

from __future__ import annotations

import uuid
from typing import Any

from actions.scope import Scope
from handoff.assistant.ports import Assistant, AssistantUnavailable, Reply, TurnRequest
from kit.i18n import Catalogue
from kit.language import detect
from kit.masking import mask
from kit.textual import clean
from knowledge_base.service import KnowledgeBase

_SHOWN = 3


class AssistantTryout:
    """See :class:`knowledge_base.editor.ports.Tryout`."""

    def __init__(self, assistant: Assistant, knowledge: KnowledgeBase, texts: Catalogue) -> None:
        """``texts``: the assistant's catalogue; it has the names of aspects."""
        self._assistant = assistant
        self._knowledge = knowledge
        self._texts = texts
        self._scope = Scope.load()

    async def ask(self, text: str, lang: str, viewer_lang: str) -> dict[str, Any]:
        """As the broker does with a citizen's message: cleaned, masked, its language found, then answered."""
        masked = mask(clean(text))
        taken_for = detect(masked.text, lang)
        request = TurnRequest(f"try-{uuid.uuid4()}", masked.text, None, taken_for, "demo", {}, masked.kinds)
        try:
            reply: Reply | None = await self._assistant.answer(request)
        except AssistantUnavailable:
            reply = None
        trace = reply.trace if reply is not None else {}
        found = trace.get("candidates")
        if found is None:
            # It was not searched for, since something came before; what would have been found is worth knowing.
            await self._knowledge.vector(masked.text)
            found = [
                (c.service_id, c.probability) for c in self._knowledge.search(masked.text, taken_for, limit=_SHOWN)
            ]
        answer_from, choices_from = self._knowledge.thresholds(taken_for)
        aspects = sorted(trace.get("aspects", {}).items(), key=lambda one: -one[1])[:_SHOWN]
        return {
            "lang": taken_for,
            "masked": list(masked.kinds),
            "outcome": reply.outcome if reply is not None else "unavailable",
            "handoff_reason": reply.handoff.reason if reply is not None and reply.handoff is not None else None,
            "said": [
                {
                    "text": one.text,
                    "buttons": [button.title for button in one.buttons],
                    "source": {"title": one.source.title, "url": one.source.url} if one.source else None,
                }
                for one in (reply.utterances if reply is not None else ())
            ],
            "intent": trace.get("intent"),
            "confidence": trace.get("confidence"),
            "searched": "candidates" in trace,
            "candidates": [
                {"id": one, "title": self._knowledge.title(one, viewer_lang), "probability": round(chance, 3)}
                for one, chance in found[:_SHOWN]
            ],
            "aspects": [
                {"aspect": one, "name": self._texts.text(viewer_lang, f"aspect.{one}"), "probability": round(chance, 3)}
                for one, chance in aspects
            ],
            "asked_aspect": trace.get("asked_aspect"),
            "thresholds": {"answer": round(answer_from, 3), "choices": round(choices_from, 3)},
            "scope": (
                {
                    "score": trace["scope"],
                    "offer_from": round(self._scope.offer_from, 2),
                    "answer_from": round(self._scope.answer_from, 2),
                }
                if "scope" in trace
                else None
            ),
        }
