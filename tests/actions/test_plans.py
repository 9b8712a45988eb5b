"""Plans in a conversation with the real knowledge base: begun, answered, left for a question, mended, handed over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import actions
from actions.assistant import PieturaAssistant
from actions.plans import RUN
from actions.safety import SafetyRules
from actions.understanding import Understanding
from gateway.app import _folder
from handoff.assistant.ports import Reply, TurnRequest
from kit.i18n import Catalogue
from knowledge_base.plans.content import Plan
from knowledge_base.plans.live import FixedPlans
from knowledge_base.plans.ports import Published
from knowledge_base.service import KnowledgeBase
from tests.stage import ToldUnderstander


def w(lv: str, ru: str = "", en: str = "") -> dict[str, str]:
    return {"lv": lv, "ru": ru or lv, "en": en or lv}


FORM = Plan.model_validate(
    {
        "name": w("Pieteikums", "Заявка", "Request"),
        "triggers": [
            {"kind": "payload", "value": "form:1"},
            {"kind": "life_event", "value": "job-loss"},
            {"kind": "turn", "value": "complaint"},
            {"kind": "service", "value": "pmlp-pase", "how": "offer"},
        ],
        "steps": [
            {
                "id": "how",
                "kind": "ask",
                "answer": "choice",
                "name": w("Veids"),
                "text": w("Kā jums ērtāk?", "Как вам удобнее?", "Which way?"),
                "options": [
                    {"id": "online", "label": w("Internetā", "В интернете", "Online")},
                    {"id": "person", "label": w("Klātienē", "Лично", "In person")},
                ],
            },
            {
                "id": "day",
                "kind": "ask",
                "answer": "date",
                "when": "past",
                "name": w("Diena"),
                "text": w("Kad tas notika?", "Когда это было?", "When was it?"),
            },
            {
                "id": "what",
                "kind": "ask",
                "answer": "text",
                "optional": True,
                "name": w("Kas noticis"),
                "text": w("Kas notika?"),
            },
            {"id": "fin", "kind": "hand_over", "text": w("Nododu."), "topic": "family", "institution_id": "vsaa"},
        ],
    }
)
GUIDE = Plan.model_validate(
    {
        "kind": "guide",
        "name": w("Ceļvedis"),
        "service_id": "pmlp-pase",
        "source": {"title": "pmlp.gov.lv", "url": "https://www.pmlp.gov.lv/lv/pase", "date": "2026-11-23"},
        "steps": [
            {"id": "a", "kind": "do", "text": w("Atveriet."), "help": w("Mēģiniet citu pārlūku.")},
            {"id": "b", "kind": "do", "text": w("Aizpildiet.")},
            {"id": "fin", "kind": "end", "text": w("Gatavs.")},
        ],
    }
)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class Talk:
    """A citizen and the assistant; what is remembered goes from turn to turn, as it does in the database."""

    def __init__(self, knowledge: KnowledgeBase) -> None:
        self.clock = Clock()
        self.understander = ToldUnderstander()
        self.plans = {"form": Published("form", 3, FORM), "guide": Published("guide", 1, GUIDE)}
        fixed = FixedPlans(self.plans.values(), self.clock)
        texts = Catalogue(_folder(actions) / "locales")
        self.assistant = PieturaAssistant(knowledge, self.understander, SafetyRules(), texts, fixed)
        self.context: dict[str, Any] = {}
        self.last: Reply | None = None

    async def says(self, text: str, payload: str | None = None, lang: str = "lv", **more: Any) -> Reply:
        reply = await self.assistant.answer(TurnRequest("c", text, payload, lang, "demo", self.context, **more))
        self.context, self.last = reply.context, reply
        return reply

    async def presses(self, title: str, lang: str = "lv") -> Reply:
        assert self.last is not None
        buttons = [button for one in self.last.utterances for button in one.buttons]
        found = next(button for button in buttons if button.title == title)
        return await self.says(found.title, found.payload, lang)

    @property
    def step(self) -> str | None:
        return (self.context.get(RUN) or {}).get("step")


@pytest.fixture
def talk(knowledge: KnowledgeBase) -> Talk:
    return Talk(knowledge)


def said(reply: Reply) -> str:
    return "\n".join(one.text for one in reply.utterances)


async def test_from_the_first_question_to_a_person_with_all_that_was_told(talk: Talk) -> None:
    first = await talk.says("Sākt", "form:1")
    titles = [b.title for b in first.utterances[0].buttons]
    assert titles == ["Internetā", "Klātienē", "Pārtraukt", "Runāt ar operatoru"]
    await talk.presses("Klātienē")
    assert talk.step == "day"
    await talk.says("12.05.2026")
    end = await talk.says("Man neatnāca vēstule, un es biju tur divas reizes")
    assert end.handoff is not None
    assert (end.outcome, end.handoff.reason, end.handoff.topic) == ("handoff", "plan", "family")
    assert end.institution_id == "vsaa"
    assert end.handoff.told == (
        "Plānā „Pieteikums” pateica: Veids: Klātienē; Diena: 12.05.2026; "
        "Kas noticis: Man neatnāca vēstule, un es biju tur divas reizes."
    )
    assert RUN not in talk.context


async def test_a_question_meanwhile_is_answered_and_then_asked_whether_to_go_on(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    reply = await talk.says("Cik maksā pase?")
    assert reply.service_id == "pmlp-pase"
    assert "Vai tas palīdzēja" not in said(reply)
    assert reply.utterances[-1].text == "Vai turpinām „Pieteikums”?"
    back = await talk.says("jā")
    assert "Kā jums ērtāk?" in said(back)
    await talk.says("internetā")
    assert talk.step == "day"


async def test_after_a_question_an_answer_that_can_be_nothing_else_is_one(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Cik maksā pase?")
    await talk.says("Klātienē")
    assert talk.step == "day"


async def test_no_to_going_on_ends_it(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Cik maksā pase?")
    reply = await talk.says("nē")
    assert "pārtraucām" in said(reply)
    assert RUN not in talk.context


@pytest.mark.parametrize("text", ["Gribu runāt ar operatoru", "хочу поговорить с человеком"])
async def test_a_person_comes_with_what_was_told_so_far(talk: Talk, text: str) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Klātienē")
    reply = await talk.says(text, lang="ru" if text[0] == "х" else "lv")
    assert reply.handoff is not None
    # Where all its ways lead to one queue, the person comes from there.
    assert (reply.handoff.reason, reply.handoff.topic) == ("asked", "family")
    assert "Veids: Klātienē; bija pie jautājuma „Kad tas notika?”" in (reply.handoff.told or "")


async def test_danger_comes_first_and_nothing_is_asked_after_it(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    reply = await talk.says("Palīgā, deg māja!")
    assert reply.outcome == "emergency"
    assert len(reply.utterances) == 1
    assert talk.step == "how"


async def test_what_is_not_understood_is_asked_again_and_then_a_person_comes(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    again = await talk.says("qwzx vvv")
    assert "izvēlieties vienu no pogām" in said(again)
    assert "Kā jums ērtāk?" in said(again)
    reply = await talk.says("qwzx vvv")
    assert reply.handoff is not None
    assert reply.handoff.reason == "failed_twice"
    assert "Pieteikums" in (reply.handoff.told or "")


async def test_a_wrong_day_says_what_is_wrong(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("otrais")
    reply = await talk.says("31.02.2026")
    assert said(reply).startswith("Tāda datuma nav.")
    assert talk.step == "day"


async def test_back_and_a_correction(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Klātienē")
    assert "Kā jums ērtāk?" in said(await talk.says("atpakaļ"))
    assert "pats sākums" in said(await talk.says("atpakaļ"))
    await talk.says("Klātienē")
    await talk.says("12.05.2026")
    which = await talk.says("kļūdījos")
    assert [b.title for b in which.utterances[0].buttons] == ["Veids: Klātienē", "Diena: 12.05.2026", "Turpināt"]
    await talk.presses("Diena: 12.05.2026")
    assert talk.step == "day"
    await talk.says("13.05.2026")
    assert talk.context[RUN]["answers"]["day"] == "2026-05-13"


async def test_a_button_further_up_corrects_its_answer(talk: Talk) -> None:
    first = await talk.says("Sākt", "form:1")
    await talk.says("Klātienē")
    await talk.says("12.05.2026")
    online = first.utterances[0].buttons[0]
    await talk.says(online.title, online.payload)
    assert talk.context[RUN]["answers"] == {"how": "online"}
    assert talk.step == "day"


async def test_a_free_answer_that_is_a_question_is_answered_as_one(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Klātienē")
    await talk.says("12.05.2026")
    reply = await talk.says("Cik maksā pase?")
    assert reply.service_id == "pmlp-pase"
    assert talk.step == "what"
    assert "what" not in talk.context[RUN]["answers"]


async def test_a_free_answer_with_a_question_mark_that_nobody_can_answer_is_the_answer(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Klātienē")
    await talk.says("12.05.2026")
    reply = await talk.says("qwzx vvv?")
    assert reply.outcome == "handoff"
    assert reply.handoff is not None
    assert "Kas noticis: qwzx vvv?" in (reply.handoff.told or "")


@pytest.mark.parametrize("pressed", [True, False])
async def test_an_optional_question_may_be_passed_over_and_nothing_is_told_of_it(talk: Talk, *, pressed: bool) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Klātienē")
    await talk.says("12.05.2026")
    reply = await talk.presses("Izlaist") if pressed else await talk.says("izlaist")
    assert reply.handoff is not None
    assert reply.handoff.told == "Plānā „Pieteikums” pateica: Veids: Klātienē; Diena: 12.05.2026."


async def test_a_complaint_in_an_answer_is_the_answer_and_a_wish_for_a_person_loses_nothing_of_it(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Klātienē")
    await talk.says("12.05.2026")
    reply = await talk.says("Gribu sūdzēties, kāpēc tik ilgi?")
    assert reply.handoff is not None
    assert reply.handoff.reason == "plan"
    assert "Kas noticis: Gribu sūdzēties, kāpēc tik ilgi?" in (reply.handoff.told or "")


async def test_a_wish_for_a_person_that_only_rasa_understands_is_no_answer(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Klātienē")
    await talk.says("12.05.2026")
    before = dict(talk.context)
    wish = "Labāk lai man palīdz no jūsu puses"
    telling = f"{wish}, jo iepriekš zvanīju trīs reizes un katru reizi solīja atbildēt nākamajā dienā"

    chances: list[float] = []

    async def understand(*_: Any) -> Understanding:
        return Understanding("handoff", None, None, "handoff", chances.pop(), ())

    monkeypatch.setattr(talk.understander, "understand", understand)
    for text, chance, reason in ((wish, 0.97, "asked"), (wish, 0.6, "plan"), (telling, 0.97, "plan")):
        talk.context = dict(before)
        chances.append(chance)
        reply = await talk.says(text)
        assert reply.handoff is not None
        assert reply.handoff.reason == reason, (text, chance)
        assert f"Kas noticis: {text}" in (reply.handoff.told or ""), "nothing of it is lost"


async def test_words_that_may_be_danger_are_looked_at_before_they_are_an_answer(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Klātienē")
    await talk.says("12.05.2026")
    talk.understander.asked.clear()
    await talk.says("Pirms gada mani piekāva vīrs")
    assert talk.understander.asked == ["Pirms gada mani piekāva vīrs"]


async def test_another_language_in_the_middle(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    reply = await talk.says("лично", lang="ru")
    assert "Когда это было?" in said(reply)
    assert talk.step == "day"


async def test_who_runs_it_finishes_his_version(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    assert talk.context[RUN]["version"] == 3
    assert (await talk.says("Klātienē")).trace["plan_version"] == 3


async def test_after_a_long_silence_free_words_are_no_answer(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Klātienē")
    await talk.says("12.05.2026")
    talk.clock.at += timedelta(hours=3)
    reply = await talk.says("paldies")
    assert "what" not in talk.context[RUN]["answers"]
    assert reply.utterances[-1].text == "Vai turpinām „Pieteikums”?"


async def test_understanding_that_is_down_brings_a_person_with_what_was_told(talk: Talk) -> None:
    await talk.says("Sākt", "form:1")
    await talk.says("Klātienē")
    talk.understander.mode = "down"
    await talk.says("13.05.2026")
    assert talk.step == "what"
    await talk.says("atpakaļ")
    reply = await talk.says("kaut kad pavasarī laikam")
    assert reply.handoff is not None
    assert reply.handoff.reason == "assistant_down"
    assert "Veids: Klātienē" in (reply.handoff.told or "")


async def test_a_guide_goes_step_by_step_and_a_stuck_step_is_named(talk: Talk) -> None:
    answer = await talk.says("Pase", "plan:s:guide")
    assert said(answer).startswith("1. solis no 2\nAtveriet.")
    assert [b.title for b in answer.utterances[0].buttons] == ["Izdarīju", "Nesanāk", "Runāt ar operatoru"]
    assert answer.utterances[0].source is not None
    await talk.says("izdarīju")
    assert talk.context[RUN]["number"] == 2
    await talk.presses("Atpakaļ")
    helped = await talk.presses("Nesanāk")
    assert said(helped) == "Mēģiniet citu pārlūku."
    await talk.presses("Izdarīju")
    reply = await talk.says("nesanāk")
    assert reply.handoff is not None
    assert reply.handoff.reason == "plan_stuck"
    assert reply.handoff.told == "Plānā „Ceļvedis” pateica: netiek tālāk 2. solī no 2 („Aizpildiet.”)."
    assert talk.context[RUN]["stuck"]


async def test_what_begins_a_plan(talk: Talk, knowledge: KnowledgeBase) -> None:
    assert "Kā jums ērtāk?" in said(await talk.says("zaudēju darbu"))
    fresh = Talk(knowledge)
    offered = await fresh.says("Pase", "service:pmlp-pase:cost")
    assert "plan:s:form" in [b.payload for b in offered.utterances[0].buttons]
    assert "Kā jums ērtāk?" in said(await fresh.presses("Pieteikums"))


async def test_nothing_begins_in_public(talk: Talk) -> None:
    reply = await talk.says("zaudēju darbu", public=True)
    assert RUN not in talk.context
    assert "Kā jums ērtāk?" not in said(reply)


async def test_a_button_of_a_plan_that_is_over_says_so(talk: Talk) -> None:
    reply = await talk.says("Klātienē", "plan:a:form:how:person")
    assert "vairs nedarbojas" in said(reply)
    assert (await talk.says("x", "plan:s:nothing")).outcome == "smalltalk"
