"""A plan on trial: the assistant as it is, with one plan that is not published, in a conversation that does not exist."""

from __future__ import annotations

import uuid
from typing import Any

from actions.assistant import PieturaAssistant
from actions.plans import RUN
from handoff.assistant.ports import AssistantUnavailable, TurnRequest
from kit.clock import Clock
from kit.language import detect
from kit.masking import mask
from kit.textual import clean
from knowledge_base.plans.content import Plan
from knowledge_base.plans.live import FixedPlans
from knowledge_base.plans.ports import Published

_BEGIN = "begin"


class PlanPreview:
    """See :class:`knowledge_base.plans.ports.Preview`."""

    def __init__(self, assistant: PieturaAssistant, clock: Clock) -> None:
        self._assistant = assistant
        self._clock = clock

    async def talk(
        self, plan_id: str, plan: Plan, text: str, payload: str | None, lang: str, context: dict[str, Any]
    ) -> dict[str, Any]:
        """As the broker does with a citizen's message: cleaned, masked, its language found, then answered."""
        if not plan.steps:
            return _told([], "empty", lang, {}, None)
        if payload == _BEGIN:
            payload, context = f"plan:s:{plan_id}", {}
        masked = mask(clean(text))
        taken_for = detect(masked.text, lang) if masked.text and not payload else lang
        assistant = self._assistant.with_plans(FixedPlans([Published(plan_id, 1, plan)], self._clock))
        request = TurnRequest(f"try-{uuid.uuid4()}", masked.text, payload, taken_for, "demo", context, masked.kinds)
        try:
            reply = await assistant.answer(request)
        except AssistantUnavailable:
            return _told([], "unavailable", taken_for, context, None)
        said = [
            {
                "text": one.text,
                "buttons": [{"title": button.title, "payload": button.payload} for button in one.buttons],
                "links": [{"title": link.title, "url": link.url} for link in one.links],
                "source": {"title": one.source.title, "url": one.source.url} if one.source else None,
            }
            for one in reply.utterances
        ]
        wanted = reply.handoff
        handed = {"reason": wanted.reason, "topic": wanted.topic, "told": wanted.told} if wanted is not None else None
        return _told(said, reply.outcome, reply.lang, reply.context, handed)


def _told(
    said: list[dict[str, Any]], outcome: str, lang: str, context: dict[str, Any], handed: dict[str, Any] | None
) -> dict[str, Any]:
    at = (context.get(RUN) or {}).get("step") if isinstance(context.get(RUN), dict) else None
    return {"said": said, "outcome": outcome, "lang": lang, "context": context, "handoff": handed, "step": at}
