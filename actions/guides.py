"""The guides of the knowledge base for whoever talks with a citizen; see :class:`handoff.guides.ports.GuideBook`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from actions.plans import RUN, STOP, PlanTalk
from actions.turn import Turn
from handoff.assistant.ports import Reply, TurnRequest
from handoff.conversations.schemas import Utterance
from handoff.guides.ports import Guide, Said
from kit.i18n import LANGUAGES, Catalogue
from knowledge_base.plans.engine import Run
from knowledge_base.plans.ports import Plans
from knowledge_base.service import KnowledgeBase

#: What ends or changes a guide is for the citizen to say to the person; his buttons only move it.
_MOVES: Final = ("plan:a:", "plan:b", "plan:go")
#: Buttons that mean nothing while a person is there.
_WITHOUT_PERSON: Final = ("handoff", STOP)


class GuidesOfPlans:
    """Plans of the kind ``guide``, moved by the same engine as in the assistant's hands."""

    def __init__(self, plans: Plans, knowledge: KnowledgeBase, texts: Catalogue) -> None:
        """``texts``: the assistant's catalogue."""
        self._plans = plans
        self._knowledge = knowledge
        self._texts = texts
        self._talk = PlanTalk(plans, knowledge, texts)

    def all(self, lang: str) -> list[Guide]:
        """See :meth:`handoff.guides.ports.GuideBook.all`."""
        found = []
        for one in self._plans.guides():
            service_id = one.plan.service_id
            known = service_id is not None and self._knowledge.known(service_id)
            steps = tuple(step.text.said(lang) for step in one.plan.steps if step.kind == "do")
            service = self._knowledge.title(str(service_id), lang) if known else None
            found.append(Guide(one.id, one.plan.name.said(lang), service, steps))
        return sorted(found, key=lambda guide: guide.name)

    def offered(self, rule_id: str) -> dict[str, Any] | None:
        """The plan that a rule of invitation offers: ``title`` by language, and what its button means."""
        found = self._plans.triggered("proactive", rule_id)
        if not found:
            return None
        one = found[0][0]
        texts = {
            lang: self._texts.text(lang, "plan.button.guide") if one.plan.kind == "guide" else one.plan.name.said(lang)
            for lang in LANGUAGES
        }
        return {"title": texts, "payload": f"plan:s:{one.id}"}

    def begin(self, guide_id: str, lang: str, context: dict[str, Any]) -> Said | None:
        """See :meth:`handoff.guides.ports.GuideBook.begin`."""
        one = self._plans.current(guide_id)
        if one is None or one.plan.kind != "guide":
            return None
        turn = self._turn("", lang, {name: value for name, value in context.items() if name != RUN})
        reply = self._talk.begin(turn, one)
        return self._said(reply, reply.utterances[0])

    async def press(self, payload: str, lang: str, context: dict[str, Any]) -> Said | None:
        """See :meth:`handoff.guides.ports.GuideBook.press`."""
        run = Run.read(context.get(RUN))
        if run is None or not payload.startswith(_MOVES):
            return None
        turn = self._turn(payload, lang, context)
        reply = await self._talk.pressed(turn, payload)
        if reply is None or not reply.utterances:
            return None
        said = reply.utterances[0]
        if reply.handoff is not None:
            # A person is here already, or will be.
            said = replace(said, text=self._texts.text(lang, "plan.stuck_here"), buttons=())
        return self._said(reply, said)

    def _turn(self, payload: str, lang: str, context: dict[str, Any]) -> Turn:
        return Turn(TurnRequest("guide", "", payload, lang, "", context), self._texts)

    @staticmethod
    def _said(reply: Reply, said: Utterance) -> Said:
        return Said(
            replace(said, buttons=tuple(one for one in said.buttons if one.payload not in _WITHOUT_PERSON)),
            reply.context,
        )
