"""The editors' desk with real clicks: one writes, another approves, the next citizen is told; and the way back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from .accounts import assert_fits
from .conftest import NewCitizen, NewStaff
from .people import Staff

_HASH = "#/knowledge/vsaa-slimibas-pabalsts"
_QUESTION = "Kā pieteikties slimības pabalstam?"
_NEW = "Piesakieties portālā Latvija.lv; tas aizņem piecas minūtes."
_PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def _answer(staff: Staff, aspect: str = "Kā pieteikties") -> Locator:
    return staff.page.get_by_role("region", name=aspect, exact=True)


def test_two_persons_change_an_answer_and_bring_it_back(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    liga, admin = new_staff("liga"), new_staff("admin")
    page = liga.page
    page.get_by_role("button", name="Vēl", exact=True).click()
    page.get_by_role("navigation", name="Galvenā izvēlne").get_by_role("link", name="Zināšanu bāze").click()
    expect(page.locator(".table tbody tr")).not_to_have_count(0)
    assert_fits(page, "list of services")
    page.get_by_label("Meklēt pakalpojumu").fill("slimibas pabalsts")
    page.get_by_role("link", name="Slimības pabalsts", exact=True).click()
    box = _answer(liga)
    before = box.locator(".desk__text").inner_text()
    assert_fits(page, "a service")
    # Looked at: due again after the usual term.
    page.get_by_role("button", name="Pārskatīts").click()
    liga.dialog.get_by_role("button", name="Pārskatīts").click()
    expect(page.locator(".toast--ok")).to_contain_text("atzīmēts kā pārskatīts")
    page.get_by_role("button", name="Izņemt pakalpojumu").click()
    liga.dialog.get_by_label("Kāpēc").fill("Likums mainīts")
    liga.dialog.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    wished = page.get_by_role("region", name="Pakalpojuma izņemšana")
    expect(wished).to_contain_text("Pakalpojums tiks izņemts.")
    assert_fits(page, "a service that shall be withdrawn")
    wished.get_by_role("button", name="Atmest labojumu").click()
    liga.dialog.get_by_role("button", name="Atmest labojumu").click()
    expect(wished).to_have_count(0)

    box.get_by_role("button", name="Labot").click()
    field = box.get_by_label("Atbilde", exact=True)
    expect(field).to_be_focused()
    # Money without its year: told at its field, nothing is lost.
    field.fill("Pabalsts ir 300 eiro.")
    box.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    dated = box.get_by_label("Informācijas gads vai diena")
    expect(dated).to_be_focused()
    expect(dated).to_have_accessible_description(re.compile("naudas summa"))
    expect(field).to_have_value("Pabalsts ir 300 eiro.")
    assert_fits(page, "an answer being changed")
    field.fill(_NEW)
    box.get_by_label("Kāpēc").fill("Portālā jauna forma")
    box.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(box.locator(".change")).to_contain_text("Gaida apstiprinājumu")
    # One's own is not one's to approve, and nobody begins a second change beside it.
    expect(box.get_by_role("button", name="Apstiprināt")).to_have_count(0)
    expect(box.locator(".desk__head").get_by_role("button", name="Labot")).to_have_count(0)

    admin.page.goto(f"{admin.url}/console#/knowledge/changes")
    waiting = admin.page.locator(".desk__changes li")
    expect(waiting).to_have_count(1)
    expect(waiting.locator("ins").first).to_be_visible()
    expect(waiting.locator("del").first).to_be_visible()
    expect(waiting.locator(".wording__verdict")).to_be_visible(timeout=180_000)
    assert_fits(admin.page, "changes that wait")
    waiting.get_by_role("button", name="Apstiprināt").click()
    expect(admin.page.locator(".toast--ok")).to_contain_text("Nākamais iedzīvotājs")
    expect(waiting).to_have_count(0)

    expect(new_citizen().visit().open_chat().ask(_QUESTION)).to_contain_text("piecas minūtes", timeout=5_000)

    page.reload()
    expect(box.locator(".desk__text")).to_have_text(_NEW)
    box.get_by_role("button", name="Versijas").click()
    versions = box.locator(".versions li")
    expect(versions.first).to_contain_text("Līga Krūmiņa, Māris Vītols")
    assert_fits(page, "versions of an answer")
    versions.nth(1).get_by_role("button", name="Atgriezt šo versiju").click()
    liga.dialog.get_by_role("button", name="Atgriezt šo versiju").click()
    expect(box.locator(".desk__text")).to_have_text(before)
    expect(new_citizen().visit().open_chat().ask(_QUESTION)).to_contain_text(before.splitlines()[0][:60])


@pytest.mark.parametrize("lang", ["ru"])
def test_on_a_phone_a_change_is_sent_back(new_staff: NewStaff, lang: str) -> None:
    liga, admin = new_staff("liga", **_PHONE), new_staff("admin", **_PHONE)
    liga.page.goto(f"{liga.url}/console#/knowledge")
    expect(liga.page.locator(".table tbody tr")).not_to_have_count(0)
    assert_fits(liga.page, "list of services on a phone")
    liga.page.goto(f"{liga.url}/console{_HASH}")
    liga.page.locator(f"main .segments button[lang={lang}]").click()
    box = _answer(liga)
    box.get_by_role("button", name="Labot").click()
    box.get_by_label("Atbilde", exact=True).fill("Подайте заявление на портале Latvija.lv.")
    box.get_by_role("button", name="Saglabāt melnrakstu").click()
    expect(box.locator(".change")).to_contain_text("Melnraksts")
    assert_fits(liga.page, "a draft on a phone")
    box.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(box.locator(".change")).to_contain_text("Gaida apstiprinājumu")

    admin.page.goto(f"{admin.url}/console#/knowledge/changes")
    waiting = admin.page.locator(".desk__changes li", has_text="RU")
    waiting.get_by_role("button", name="Atdot labošanai").click()
    admin.dialog.get_by_role("button", name="Atdot labošanai").click()
    expect(admin.dialog.locator("textarea")).to_be_focused()
    admin.dialog.locator("textarea").fill("Pieminiet EDS")
    admin.dialog.get_by_role("button", name="Atdot labošanai").click()
    expect(waiting).to_have_count(0)

    liga.page.reload()
    liga.page.locator(f"main .segments button[lang={lang}]").click()
    expect(box.locator(".change")).to_contain_text("Pieminiet EDS")
    box.get_by_role("button", name="Atmest labojumu").click()
    liga.dialog.get_by_role("button", name="Atmest labojumu").click()
    expect(box.locator(".change")).to_have_count(0)


def test_a_question_on_trial(new_staff: NewStaff) -> None:
    baiba = new_staff("baiba")
    baiba.page.goto(f"{baiba.url}/console#/knowledge/try")
    baiba.page.get_by_label("Jautājums").fill(_QUESTION)
    baiba.page.keyboard.press("Enter")
    expect(baiba.page.locator("#trial-title")).to_have_text("Atbild")
    expect(baiba.page.locator("#trial-title")).to_be_focused()
    expect(baiba.page.locator(".chance").first).to_contain_text("Slimības pabalsts")
    expect(baiba.page.locator(".trial__why")).to_contain_text("jautājums par pakalpojumu")
    expect(baiba.page.locator(".trial__why")).to_contain_text("sasniedz atbildes slieksni")
    assert_fits(baiba.page, "a question on trial")
    baiba.page.get_by_label("Jautājums").fill("Gribu runāt ar cilvēku")
    baiba.page.keyboard.press("Enter")
    expect(baiba.page.locator("#trial-title")).to_have_text("Nodod operatoram")
    expect(baiba.page.locator(".trial__why")).to_contain_text("Izlēma noteikums")
    baiba.page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(baiba.page, "a question on trial on a phone")
