"""Targets of the service and the quality part with real clicks: set, refused, taken back; figures, their rows, a formula."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from .accounts import assert_fits
from .conftest import NewCitizen, NewStaff


def _narrow(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_targets_and_the_quality_part(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    anna, admin = new_staff("anna"), new_staff("admin")
    citizen = new_citizen().visit().open_chat()
    citizen.ask_for_person()
    # In the list: how long he waits, and in words how far his time has gone.
    expect(anna.cards().first.locator(".wait")).to_contain_text(re.compile(r"gaida \d\d:\d\d"))
    anna.take_next()
    anna.say("Labdien!")
    expect(anna.page.locator(".clock-list li", has_text="Gaida operatoru")).to_contain_text("pārņemta pēc")
    expect(anna.page.locator(".clock-list li", has_text="Pirmā atbilde")).to_contain_text("atbildēts pēc")

    page = admin.page
    page.goto(f"{admin.url}/console#/targets")
    handling = page.locator(".target-list > li", has_text="Apkalpošanas laiks")
    expect(handling).to_contain_text("laiku tikai mēra")
    assert_fits(page, "targets")
    handling.get_by_role("button", name="Mainīt").click()
    dialog = admin.dialog
    expect(dialog.get_by_label("stundas")).to_be_focused()
    dialog.get_by_label("minūtes").fill("desmit")
    dialog.get_by_role("button", name="Saglabāt mērķi").click()
    expect(dialog.locator(".field__error")).to_have_count(2)
    expect(dialog.get_by_label("stundas")).to_be_focused()
    dialog.get_by_label("minūtes").fill("10")
    dialog.get_by_label("Spēkā no").fill(page.evaluate("new Date(Date.now() + 36e5 * 72).toISOString().slice(0, 10)"))
    dialog.get_by_label("Kāpēc").fill("Izmēģinājums")
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page, "a target on a phone")
    dialog.get_by_role("button", name="Saglabāt mērķi").click()
    handling.get_by_text("Izmaiņas (1)").click()
    expect(handling).to_contain_text("laiks: 10 minūšu. Izmēģinājums")
    _narrow(page)
    handling.get_by_role("button", name="Atsaukt").click()
    admin.dialog.get_by_role("button", name="Atsaukt").click()
    expect(handling.locator("details")).to_have_count(0)
    page.set_viewport_size({"width": 1440, "height": 900})

    page.get_by_role("button", name=re.compile("Vēl")).first.click()
    page.locator("#more-pages").get_by_role("link", name="Kvalitātes daļa").click()
    expect(page.get_by_role("heading", name="Kvalitātes daļa", level=1)).to_be_visible()
    riga = page.locator(".quality__table tr", has_text="Rīgas VPVKAC")
    expect(riga.locator("td").first).to_contain_text(re.compile(r"\d+ no \d+"))
    assert_fits(page, "quality")
    riga.locator("td").first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Tērzēšana sākta laikā", level=1)).to_be_focused()
    expect(page.locator(".quality__rows tbody tr").first).to_contain_text("pārņemta")
    assert_fits(page, "rows of quality")
    page.get_by_role("link", name="Atpakaļ uz kvalitātes daļu").click()

    page.get_by_role("link", name="Jauna formula").click()
    form = page.locator(".quality-form")
    form.get_by_role("button", name="Izmēģināt").click()
    expect(form.get_by_label("Summa, EUR")).to_be_focused()
    form.get_by_label("Summa, EUR").fill("1000")
    form.get_by_label("Pamatojums").fill("Līgums")
    with page.expect_response("**/quality/preview") as tried:
        form.get_by_role("button", name="Izmēģināt").click()
    # What Rīga's part comes to depends on what was judged by then; what is shown is what was reckoned.
    (after,) = [one["after"] for one in tried.value.json()["centres"] if one["id"] == "riga"]
    euros, cents = after["amount"].split(".")
    shown = re.compile(rf"{r'\s?'.join(euros)},{cents}\s€")
    expect(form.locator("table tr", has_text="Rīgas VPVKAC")).to_contain_text(shown)
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page, "a formula on a phone")
    form.get_by_role("button", name="Saglabāt melnrakstu").click()
    draft = page.locator(".quality__formulas > li", has_text="Melnraksts")
    expect(draft).to_contain_text("to apstiprina cits cilvēks")
    expect(draft.get_by_role("button", name="Apstiprināt")).to_have_count(0)
    _narrow(page)
    draft.get_by_role("button", name="Atmest").click()
    admin.dialog.get_by_role("button", name="Atmest").click()
    expect(draft).to_have_count(0)
