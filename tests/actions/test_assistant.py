"""What the assistant makes of double questions, life events and corrections, with the real knowledge base."""

from __future__ import annotations

from typing import Any

import pytest

import actions
from actions.assistant import PieturaAssistant
from actions.safety import SafetyRules
from actions.understanding import FloatArray, Understanding
from gateway.app import _folder
from handoff.assistant.ports import Reply, TurnRequest
from kit.i18n import Catalogue
from knowledge_base.service import KnowledgeBase
from tests.stage import ToldUnderstander


@pytest.fixture
def assistant(knowledge: KnowledgeBase) -> PieturaAssistant:
    """An assistant whose kinds of turn are told by key words."""
    return PieturaAssistant(knowledge, ToldUnderstander(), SafetyRules(), Catalogue(_folder(actions) / "locales"))


async def answer(assistant: PieturaAssistant, text: str, lang: str, context: dict[str, Any] | None = None) -> Reply:
    """The reply to a message in a fresh conversation, or in one that remembers ``context``."""
    return await assistant.answer(TurnRequest("c", text, None, lang, "demo", context or {}))


@pytest.mark.parametrize(
    ("text", "lang", "services"),
    [
        (
            "Divi jautājumi: kā bērnam uztaisīt ID karti un cik maksā mašīnas tehniskā apskate?",
            "lv",
            ["pmlp-eid", "csdd-tehniska-apskate"],
        ),
        (
            "Kā man pieteikties bezdarbnieka statusam? Un kur var nomainīt vadītāja apliecību?",
            "lv",
            ["nva-bezdarbnieka-statuss", "csdd-vaditaja-aplieciba"],
        ),
        (
            "How do I register my company and how do I get a criminal record certificate?",
            "en",
            ["ur-sia-registracija", "iem-ic-sodamibas-izzina"],
        ),
    ],
)
async def test_two_questions_get_two_answers(
    assistant: PieturaAssistant, text: str, lang: str, services: list[str]
) -> None:
    reply = await answer(assistant, text, lang)
    assert reply.trace.get("two_questions") == services
    assert len(reply.utterances) == 2
    assert not reply.utterances[0].buttons
    assert reply.utterances[1].buttons


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Piedzima dēls, un gribu zināt, kā saņemt bērna piedzimšanas pabalstu", "lv"),
        ("Kā un kur var deklarēt dzīvesvietu?", "lv"),
        ("Мне 65 лет, и я хочу узнать, как оформить пенсию по старости", "ru"),
    ],
)
async def test_a_story_and_a_question_are_one_question(assistant: PieturaAssistant, text: str, lang: str) -> None:
    reply = await answer(assistant, text, lang)
    assert "two_questions" not in reply.trace


@pytest.mark.parametrize(
    ("text", "lang"), [("piedzima bērns", "lv"), ("Man piedzima meita!", "lv"), ("у нас родился сын", "ru")]
)
async def test_a_life_event_opens_its_services(assistant: PieturaAssistant, text: str, lang: str) -> None:
    reply = await answer(assistant, text, lang)
    offered = [button.payload for button in reply.utterances[0].buttons]
    assert reply.trace["life_event"]
    assert "service:vsaa-berna-piedzimsanas-pabalsts:general" in offered
    assert 5 <= len(offered) <= 7
    assert offered[-1] == "handoff"


async def test_a_question_beside_the_event_is_answered_and_not_diverted(assistant: PieturaAssistant) -> None:
    reply = await answer(assistant, "piedzima bērns, cik liels ir bērna piedzimšanas pabalsts", "lv")
    assert "life_event" not in reply.trace
    assert reply.service_id == "vsaa-berna-piedzimsanas-pabalsts"


@pytest.mark.parametrize("lang", ["lv", "ru", "en"])
async def test_a_services_title_is_never_taken_for_anything_else(
    assistant: PieturaAssistant, knowledge: KnowledgeBase, lang: str
) -> None:
    # Many sound like complaints, dangers or a wish for a person; only what the rules of safety hear comes before them.
    for service_id in knowledge.service_ids():
        title = knowledge.title(service_id, lang)
        reply = await answer(assistant, title.upper() + ".", lang)
        twins = {other for other in knowledge.service_ids() if knowledge.title(other, lang) == title}
        assert reply.service_id in twins or len(twins) > 1, (title, reply.trace)


class _SuspectsDanger(ToldUnderstander):
    def __init__(self, service: float) -> None:
        super().__init__()
        self.service = service

    async def understand(
        self, conversation_id: str, text: str, lang: str, vector: FloatArray | None = None
    ) -> Understanding:
        return Understanding("emergency", None, None, "emergency", 0.3, (), service=self.service)


@pytest.mark.parametrize(
    ("text", "service", "said"),
    [("тут такое творится, мне жутко", 0.3, True), ("Kā man pieteikties bezdarbnieka statusam?", 0.99, False)],
)
async def test_where_danger_is_suspected_the_number_is_said_unless_a_service_is_meant(
    knowledge: KnowledgeBase, text: str, service: float, said: bool
) -> None:
    texts = Catalogue(_folder(actions) / "locales")
    suspicious = PieturaAssistant(knowledge, _SuspectsDanger(service), SafetyRules(), texts)
    reply = await answer(suspicious, text, "lv")
    assert (reply.outcome == "emergency") is said
