"""Answers: every service and aspect, honest about what is not known, the municipality only where it matters."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kit.i18n import LANGUAGES
from kit.masking import mask
from knowledge_base.importer import Importer
from knowledge_base.models import ServiceAnswer
from knowledge_base.records import ASPECTS, EDITORS_NOTE
from knowledge_base.service import KnowledgeBase, read_content


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_service_answers_every_aspect(knowledge: KnowledgeBase, lang: str) -> None:
    for service_id in knowledge.service_ids():
        for aspect in (*ASPECTS, "status"):
            view = knowledge.answer(service_id, aspect, lang)
            assert view.text.strip()
            assert view.title
            assert view.lang_of_text == lang
            assert EDITORS_NOTE not in view.text
            assert view.aspect_known == (view.aspect == aspect)
            assert view.aspect not in view.other_aspects
            assert view.institution_name != view.institution_id
            assert view.source is not None
            # How old it is, or at least when it was looked at, is said of each.
            assert view.source.date
            assert all(link.url.startswith("https://") or link.url.startswith("http://") for link in view.links)


def test_unknown_aspect_is_said_to_be_unknown_with_the_general_text_and_a_contact(knowledge: KnowledgeBase) -> None:
    view = knowledge.answer("pasv-nin", "documents", "lv")
    assert not view.aspect_known
    assert view.aspect == "general"
    assert view.text.startswith(knowledge.answer("pasv-nin", "general", "lv").text)
    assert "Pašvaldība" in view.text.splitlines()[-1]


def test_municipality_is_asked_only_where_the_answer_depends_on_it(knowledge: KnowledgeBase) -> None:
    assert knowledge.answer("pasv-pirmsskolas-rinda", "where", "lv").needs_municipality
    assert not knowledge.answer("pasv-pirmsskolas-rinda", "general", "lv").needs_municipality
    assert not knowledge.answer("pasv-nin", "deadline", "lv").needs_municipality
    assert not knowledge.answer("vsaa-slimibas-pabalsts", "where", "lv").needs_municipality


def test_known_municipality_is_named_and_linked(knowledge: KnowledgeBase) -> None:
    view = knowledge.answer("pasv-pirmsskolas-rinda", "where", "ru", "ogres-novads")
    assert not view.needs_municipality
    assert "Огрский край" in view.text
    assert any(link.url == "https://www.ogresnovads.lv" for link in view.links)
    state = knowledge.answer("vsaa-slimibas-pabalsts", "where", "lv", "ogres-novads")
    assert all("ogre" not in link.url for link in state.links)


def test_unknown_municipality_counts_as_none(knowledge: KnowledgeBase) -> None:
    assert knowledge.answer("pasv-pirmsskolas-rinda", "where", "lv", "atlantis").needs_municipality


def test_status_tells_where_to_look(knowledge: KnowledgeBase) -> None:
    benefit = knowledge.answer("vsaa-slimibas-pabalsts", "status", "en")
    assert benefit.aspect_known
    assert "latvija.gov.lv" in benefit.text
    assert "64507020" in benefit.text
    # Who quotes our answer is not warned of his own data.
    assert mask("zvanīju uz +371 64507020 un 8000 1234").kinds == ()
    assert "EDS" in knowledge.answer("vid-gada-ienakumu-deklaracija", "status", "en").text


def test_front_page_of_a_portal_is_not_called_an_e_service(knowledge: KnowledgeBase) -> None:
    titles = {
        link.url: link.title
        for service_id in ("vsaa-slimibas-pabalsts", "vsaa-maternitates-pabalsts")
        for link in knowledge.answer(service_id, "how", "en").links
        if link.kind == "eservice"
    }
    assert titles["https://latvija.gov.lv"] == "Open latvija.gov.lv"
    assert titles["https://latvija.gov.lv/Services/11599"] == "Open the e-service"


def test_names_fall_back_to_ids(knowledge: KnowledgeBase) -> None:
    assert knowledge.institution_name("vsaa", "en") == "State Social Insurance Agency"
    assert knowledge.institution_name("riga", "ru") == "Рига"
    assert knowledge.institution_name("nobody", "lv") == "nobody"
    assert knowledge.municipality_name("nowhere", "en") == "nowhere"
    assert not knowledge.known("nothing")
    with pytest.raises(KeyError):
        knowledge.title("nothing", "lv")


def test_institutions_for_the_table(knowledge: KnowledgeBase) -> None:
    rows = knowledge.institutions()
    assert len({row.id for row in rows}) == len(rows)
    assert {row.id for row in rows} >= {"vsaa", "mt_pasvaldiba", "riga"}
    assert all(len(row.id) <= 64 and len(row.kind) <= 16 for row in rows)
    assert all(0 < len(name) <= 200 for row in rows for name in row[1:4])
    known = {row.id for row in rows}
    assert all(knowledge.answer(one, "general", "lv").institution_id in known for one in knowledge.service_ids())


async def test_without_a_translation_latvian_is_given_and_marked(session: AsyncSession, small_data: Path) -> None:
    (small_data / "answers" / "pasv-nin.json").unlink()
    await Importer(session).load(small_data)
    knowledge = await KnowledgeBase.load(session)
    view = knowledge.answer("pasv-nin", "how", "ru")
    assert view.lang_of_text == "lv"
    assert view.title == "Налог на недвижимость"
    assert view.institution_name == "Самоуправление"
    assert knowledge.answer("pasv-nin", "status", "ru").lang_of_text == "ru"


async def test_reload_takes_over_an_editors_change(session: AsyncSession, small_data: Path) -> None:
    await Importer(session).load(small_data)
    knowledge = await KnowledgeBase.load(session)
    query = select(ServiceAnswer).where(ServiceAnswer.aspect == "cost", ServiceAnswer.lang == "lv")
    row = next(row for row in await session.scalars(query) if row.service_id == "pasv-nin")
    row.text = "Redaktors izlaboja."
    await session.flush()
    assert knowledge.answer("pasv-nin", "cost", "lv").text != "Redaktors izlaboja."
    knowledge.show(await read_content(session))
    assert knowledge.answer("pasv-nin", "cost", "lv").text == "Redaktors izlaboja."
