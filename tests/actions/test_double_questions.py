"""Where a message may be cut into two questions, and where it must not."""

from __future__ import annotations

import pytest

from actions.double_questions import MOST_WORDS, cuts


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("Kā nomainīt pasi un kur piedeklarēties?", "Kā nomainīt pasi", "kur piedeklarēties?"),
        ("kur var nomainīt pasi un vadītāja apliecību", "kur var nomainīt pasi", "vadītāja apliecību"),
        (
            "1) kā nomainīt ģimenes ārstu 2) kur dabūt Eiropas karti",
            "kā nomainīt ģimenes ārstu",
            "kur dabūt Eiropas karti",
        ),
        ("Сколько стоит паспорт? И как поменять права?", "Сколько стоит паспорт?", "И как поменять права?"),
        ("skolko stoit pasport i gde pomenjat prava", "skolko stoit pasport", "gde pomenjat prava"),
        ("надо поменять права и ещё встать на учёт", "надо поменять права", "встать на учёт"),
        ("How much is a passport & where do I vote?", "How much is a passport", "where do I vote?"),
        ("can i renew my passport and by the way who gets free school lunch?", None, "who gets free school lunch?"),
    ],
)
def test_a_message_that_asks_twice_may_be_cut(text: str, first: str | None, second: str) -> None:
    found = [(cut.first, cut.second) for cut in cuts(text)]
    assert any((first is None or a == first) and b == second for a, b in found), found


@pytest.mark.parametrize(
    "text",
    [
        "Kā dabūt eParaksts mobile, ja man jau ir eID karte?",
        "Ar ko pase atšķiras no eID kartes un kura labāka?",
        "Как узнать, кто хозяин квартиры?",
        "Как узнать стоимость участка, который мне не принадлежит?",
        "How much is a new ID card, and is it cheaper for students?",
        "How do I find out who owns the flat",
        # What is told before the question is no question.
        "Esam audžuģimene, no novembra pie mums dzīvo puika. Cik pašvaldība maksā par viņa uzturu?",
        "Esmu pensijā, bet trīs gadus vēl strādāju skolā. Kā dabūt pensiju pārrēķinātu?",
        "Cik liela ir pensija 2. grupai, ja stāžs ir 14 gadi?",
        "у меня третья группа и больные суставы, полагается ли пособие на транспорт",
        "хочу открыть SIA, можно всё сделать онлайн, без нотариуса?",
        "I'm self-employed and will be working in Sweden for two months, how do I get an A1?",
        "My adult son uses a wheelchair and has a group I disability. How does he get an assistant?",
        "паспорт или удостоверение, что лучше?",
        "vecuma pensija",
        # A number that some service knows asks nothing by itself.
        "Cik maksā pase? (500)",
        "Kur pieteikt slimības pabalstu? 171",
        "",
    ],
)
def test_one_question_is_left_whole(text: str) -> None:
    assert cuts(text) == []


def test_a_long_story_is_never_cut() -> None:
    assert cuts("kā nomainīt pasi un " + "vārds " * MOST_WORDS) == []


def test_a_statement_before_a_question_must_be_surer_than_two_questions() -> None:
    story = cuts("Gribu pabalstu par bērnu. Kur ir tuvākā nodaļa?")
    asked = cuts("Kā saņemt pabalstu par bērnu? Kur ir tuvākā nodaļa?")
    assert story[0].sure > asked[0].sure
