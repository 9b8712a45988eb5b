"""What the assistant makes of double questions, life events and corrections, with the real knowledge base."""

from __future__ import annotations

from typing import Any

import pytest

import actions
from actions.assistant import PieturaAssistant
from actions.safety import SafetyRules
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
