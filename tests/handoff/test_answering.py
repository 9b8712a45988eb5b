"""What helps whoever answers: suggested answers, the knowledge base beside the conversation, canned answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from handoff.answering.variables import check, fill
from handoff.staff.models import Audit
from kit.errors import PieturaError
from tests.citizen import Citizen
from tests.stage import Desk, Stage

_SICKNESS = "vsaa-slimibas-pabalsts"


async def _taken(stage: Stage, who: Desk, *asked: str, lang: str = "lv") -> tuple[Citizen, str]:
    """A conversation that ``who`` has taken, with what the citizen asked before and after he wanted a person."""
    citizen = await stage.citizen(lang=lang)
    for text in asked[:-1]:
        await citizen.ask(text)
    await citizen.ask("Gribu runāt ar cilvēku")
    await citizen.wait_phase("waiting")
    assert citizen.conversation is not None
    assert (await who.act(citizen.conversation, "take")).status_code == 200
    await citizen.wait_phase("operator")
    if asked:
        sent = await citizen.send(asked[-1])
        await citizen.wait(lambda f: f["t"] == "ack" and f["id"] == sent)
        await who.listen()
    return citizen, citizen.conversation


async def _get(desk: Desk, path: str, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = (await desk.http.get(path, params=query)).raise_for_status().json()
    return found


# --- suggested answers ------------------------------------------------------------------------------------------------------


async def test_the_last_question_gets_three_answers_to_choose_from(stage: Stage) -> None:
    anna = await stage.staff("anna")
    _, conversation = await _taken(stage, anna, "Cik maksā pase?", "Kādi dokumenti vajadzīgi slimības pabalstam?")
    found = await _get(anna, f"/conversations/{conversation}/suggested_answers")
    assert found["question"]["text"] == "Kādi dokumenti vajadzīgi slimības pabalstam?"
    answers = found["answers"]
    assert len(answers) == 3
    assert answers[0]["service"]["id"] == _SICKNESS
    chances = [one["probability"] for one in answers]
    assert chances == sorted(chances, reverse=True)
    assert 0 < sum(chances) <= 1.001
    assert len({(one["service"]["id"], one["aspect"]) for one in answers}) == 3
    # Ready to be sent: the answer with its e-service, in the citizen's language; where it comes from is told beside it.
    assert all(one["text"] and one["lang"] == "lv" for one in answers)
    assert answers[0]["source"]["url"].startswith("https://")


async def test_thanks_are_no_question_and_a_short_one_goes_on_about_the_same(stage: Stage) -> None:
    anna = await stage.staff("anna")
    citizen, conversation = await _taken(stage, anna, "Kā pieteikties slimības pabalstam?", "Un cik ilgi jāgaida?")
    found = await _get(anna, f"/conversations/{conversation}/suggested_answers")
    assert found["question"]["text"] == "Un cik ilgi jāgaida?"
    assert found["answers"][0]["service"]["id"] == _SICKNESS
    await citizen.send("labi, gaidu")
    await anna.wait(lambda f: f["kind"] == "message" and f["message"]["text"] == "labi, gaidu")
    again = await _get(anna, f"/conversations/{conversation}/suggested_answers")
    assert again["answers"][0]["service"]["id"] == _SICKNESS


async def test_what_was_answered_is_no_longer_asked(stage: Stage) -> None:
    anna = await stage.staff("anna")
    _, conversation = await _taken(stage, anna, "Kā pieteikties slimības pabalstam?", "Cik maksā pase?")
    assert (await anna.say(conversation, "Pases cena ir atkarīga no termiņa.")).status_code == 200
    assert await _get(anna, f"/conversations/{conversation}/suggested_answers") == {"question": None, "answers": []}


async def test_without_understanding_the_services_are_found_all_the_same(stage: Stage) -> None:
    anna = await stage.staff("anna")
    _, conversation = await _taken(stage, anna, "Kā pieteikties slimības pabalstam?", "Cik maksā pase?")
    stage.understander.mode = "down"
    found = await _get(anna, f"/conversations/{conversation}/suggested_answers")
    assert "pase" in found["answers"][0]["service"]["title"].lower()


async def test_suggestions_are_for_those_who_see_the_conversation(stage: Stage) -> None:
    anna, janis = await stage.staff("anna"), await stage.staff("janis")
    _, conversation = await _taken(stage, anna, "Cik maksā pase?")
    for path in ("suggested_answers", "canned"):
        assert (await janis.http.get(f"/conversations/{conversation}/{path}")).status_code == 404
        assert (await anna.http.get(f"/conversations/{conversation}/{path}")).status_code == 200


# --- the knowledge base -----------------------------------------------------------------------------------------------------


async def test_the_knowledge_base_is_searched_and_opened(stage: Stage) -> None:
    anna = await stage.staff("anna")
    found = await _get(anna, "/knowledge", q="slimibas pabalsts", lang="ru")
    assert found["services"][0]["id"] == _SICKNESS
    assert found["services"][0]["title"] == "Пособие по болезни"
    answers = (await _get(anna, f"/knowledge/{_SICKNESS}", lang="ru"))["answers"]
    aspects = [one["aspect"] for one in answers]
    assert len(aspects) == len(set(aspects)) >= 5
    assert all(one["lang"] == "ru" and one["probability"] is None for one in answers)
    assert await _get(anna, "/knowledge", q="  ") == {"services": []}
    assert (await anna.http.get("/knowledge/nav-tada")).status_code == 404
    assert (await anna.http.get("/knowledge", params={"q": "x" * 301})).status_code in (400, 422)


# --- canned answers ---------------------------------------------------------------------------------------------------------

_WANTED = {"shortcut": "Rinda", "title": "Rinda", "texts": {"lv": "Labdien, {citizen}! Jūs apkalpo {operator}."}}


async def test_canned_answers_are_filled_in_and_gaps_stay_visible(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    made = await liga.http.post("/canned", json={**_WANTED, "shortcut": "filled"})
    assert made.status_code == 201, made.text
    citizen, conversation = await _taken(stage, anna, "Cik maksā pase?")
    rows = {one["shortcut"]: one for one in (await _get(anna, f"/conversations/{conversation}/canned"))["canned"]}
    assert rows["filled"]["text"] == "Labdien, [vārds]! Jūs apkalpo Anna Bērziņa."
    await citizen.raw(
        {"t": "contact", "name": "Juris Priede", "email": "juris@example.lv", "phone": "", "consent": True}
    )
    await anna.wait(lambda f: f["kind"] == "card" and f["card"]["contact"] is not None)
    rows = {one["shortcut"]: one for one in (await _get(anna, f"/conversations/{conversation}/canned"))["canned"]}
    assert rows["filled"]["text"] == "Labdien, Juris Priede! Jūs apkalpo Anna Bērziņa."
    # The first set that every installation has.
    assert {"sveiki", "paldies", "dati"} <= rows.keys()
    assert str((await anna.card(conversation))["case_no"]) in rows["paldies"]["text"]


async def test_a_canned_answer_of_an_institution_is_for_its_conversations(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    wanted = {**_WANTED, "shortcut": "vsaa-only", "institution_id": "vsaa", "texts": {"lv": "Lv", "ru": "Ру"}}
    assert (await liga.http.post("/canned", json=wanted)).status_code == 201
    _, about_passports = await _taken(stage, anna, "Cik maksā pase?", "Paldies")
    _, about_benefits = await _taken(stage, anna, "Kā pieteikties slimības pabalstam?", "Paldies")
    shown = {
        conversation: {one["shortcut"] for one in (await _get(anna, f"/conversations/{conversation}/canned"))["canned"]}
        for conversation in (about_passports, about_benefits)
    }
    assert "vsaa-only" not in shown[about_passports]
    assert "vsaa-only" in shown[about_benefits]


async def test_two_editors_do_not_overwrite_each_other(stage: Stage) -> None:
    liga, admin = await stage.staff("liga"), await stage.staff("admin")
    row = (await liga.http.post("/canned", json={**_WANTED, "shortcut": "twice"})).json()
    assert (row["shortcut"], row["version"], row["changed_by"]) == ("twice", 1, "Līga Krūmiņa")
    path, wanted = f"/canned/{row['id']}", {**_WANTED, "shortcut": "twice", "version": 1}
    first = await admin.http.put(path, json={**wanted, "title": "Pirmais"})
    assert (first.status_code, first.json()["version"]) == (200, 2)
    second = await liga.http.put(path, json={**wanted, "title": "Otrais"})
    assert (second.status_code, second.json()["code"], second.json()["who"]) == (
        409,
        "edited_meanwhile",
        "Māris Vītols",
    )
    assert (await liga.http.delete(path, params={"version": 1})).status_code == 409
    assert (await liga.http.delete(path, params={"version": 2})).status_code == 204
    assert (await liga.http.put(path, json={**wanted, "version": 2})).status_code == 404
    async with stage.gateway.db.read() as session:
        trail = (await session.scalars(select(Audit).where(Audit.object_id == row["id"]).order_by(Audit.id))).all()
    assert [line.action for line in trail] == ["canned_added", "canned_changed", "canned_deleted"]
    assert (trail[1].detail["before"]["title"], trail[1].detail["after"]["title"]) == ("Rinda", "Pirmais")
    assert (trail[1].detail["before"]["version"], trail[1].detail["after"]["version"]) == (1, 2)
    assert all(text not in str(line.detail) for line in trail for text in _WANTED["texts"].values()), "only their marks"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"texts": {"lv": "Sveiki, {vards}!"}}, 400, "unknown_variable"),
        ({"texts": {"lv": "Sveiki, {operator!"}}, 400, "stray_brace"),
        ({"texts": {"lv": "\u200b"}}, 400, "text_empty"),
        ({"shortcut": "sveiki"}, 400, "shortcut_taken"),
        ({"institution_id": "nav-tadas"}, 400, "bad_institution"),
        ({"shortcut": "divi vardi"}, 422, None),
        ({"texts": {"ru": "Только"}}, 422, None),
        ({"texts": {"lv": "x" * 4001}}, 422, None),
    ],
)
async def test_bad_canned_answers_are_refused_with_reason(
    stage: Stage, change: dict[str, Any], status: int, code: str | None
) -> None:
    liga = await stage.staff("liga")
    refused = await liga.http.post("/canned", json={**_WANTED, "shortcut": "refused", **change})
    assert refused.status_code == status, refused.text
    assert code is None or refused.json()["code"] == code
    assert refused.json()["title"]
    assert "refused" not in {one["shortcut"] for one in (await _get(liga, "/canned"))["canned"]}


async def test_only_editors_and_supervisors_write_them(stage: Stage) -> None:
    anna = await stage.staff("anna")
    assert (await anna.http.get("/canned")).status_code == 403
    assert (await anna.http.post("/canned", json=_WANTED)).status_code == 403
    liga = await stage.staff("liga")
    del liga.http.headers["x-csrf-token"]
    assert (await liga.http.post("/canned", json=_WANTED)).status_code >= 400


def test_variables() -> None:
    check("Labdien, {citizen}! Numurs {case_no}.")
    for wrong in ("{}", "{Operator}", "}{", "{operator} {"):
        with pytest.raises(PieturaError):
            check(wrong)
    # What a citizen calls himself is text, also when it looks like a variable.
    assert fill("Sveiki, {citizen}!", {"citizen": "{operator}", "operator": "Anna"}, {}) == "Sveiki, {operator}!"
    assert fill("Sveiki, {citizen}!", {"citizen": ""}, {"citizen": "vārds"}) == "Sveiki, [vārds]!"


# --- the Latvian beside another language, and the phrase book -----------------------------------------------------------


async def test_what_is_sent_in_another_language_has_the_latvian_beside_it(stage: Stage) -> None:
    liga, anna = await stage.staff("liga"), await stage.staff("anna")
    texts = {"lv": "Labdien, te {operator}.", "ru": "Добрый день, это {operator}."}
    assert (
        await liga.http.post("/canned", json={"shortcut": "beside", "title": "Sveiki", "texts": texts})
    ).status_code == 201
    citizen = await stage.citizen(lang="ru")
    await citizen.ask("Мне нужен оператор")
    await citizen.wait_phase("waiting")
    conversation = citizen.conversation
    assert conversation is not None
    assert (await anna.act(conversation, "take")).status_code == 200
    rows = {one["shortcut"]: one for one in (await _get(anna, f"/conversations/{conversation}/canned"))["canned"]}
    assert rows["beside"]["text"] == "Добрый день, это Anna Bērziņa."
    assert rows["beside"]["latvian"] == "Labdien, te Anna Bērziņa."
    answers = (await _get(anna, f"/knowledge/{_SICKNESS}", lang="ru"))["answers"]
    latvian = {one["aspect"]: one for one in (await _get(anna, f"/knowledge/{_SICKNESS}", lang="lv"))["answers"]}
    assert [one["latvian"] for one in answers] == [latvian[one["aspect"]]["text"] for one in answers]
    assert {one["latvian"] for one in latvian.values()} == {None}


async def test_the_phrase_book_speaks_three_languages(stage: Stage) -> None:
    anna, baiba = await stage.staff("anna"), await stage.staff("baiba")
    book = (await _get(anna, "/phrases"))["phrases"]
    assert len(book) >= 40
    for one in book:
        lv, ru, en = (one["texts"][lang] for lang in ("lv", "ru", "en"))
        assert re.search("[а-яё]", ru), one
        assert not re.search("[а-яё]", lv + en), one
        # What ends as a question in one language is a question in the others: none was swapped.
        assert lv.endswith("?") == ru.endswith("?") == en.endswith("?"), one
        assert one["group_name"]
    assert (await baiba.http.get("/phrases")).status_code == 403
