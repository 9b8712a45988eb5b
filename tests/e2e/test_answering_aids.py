"""Macros and call-backs with real clicks and keys, at a desk and on a phone."""

from __future__ import annotations

from playwright.sync_api import expect

from .accounts import assert_fits
from .conftest import NewCitizen, NewStaff


def test_a_macro_is_written_shown_and_run(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    liga = new_staff("liga")
    page = liga.page
    page.goto(f"{liga.url}/console#/macros")
    page.get_by_role("link", name="Jauns makro").click()
    page.get_by_role("button", name="Saglabāt makro").click()
    expect(page.locator(".canned-form .alert")).to_contain_text("vismaz vienu soli")
    page.get_by_label("Nosaukums").fill("Noslēgt ar paldies")
    page.get_by_role("button", name="Pievienot soli").click()
    page.get_by_label("Sagatave", exact=True).select_option(label="Atvadīšanās")
    page.get_by_role("button", name="Pievienot soli").click()
    second = page.get_by_role("group", name="2. solis")
    second.get_by_label("2. solis: darbība").select_option("close")
    second.get_by_label("Tēma").select_option(label="Pabalsti")
    second.get_by_label("Rezultāts").select_option(label="Atrisināts")
    assert_fits(page, "form of a macro")
    page.get_by_role("button", name="Saglabāt makro").click()
    # The text would lie unsent when the conversation is closed: said beside the step, nothing typed is lost.
    expect(second.locator(".field__error")).to_contain_text("vēl nav nosūtīts")
    page.get_by_label("Nosūtīt uzreiz").check()
    page.get_by_role("button", name="Saglabāt makro").click()
    expect(page.locator(".canned-row", has_text="Noslēgt ar paldies")).to_contain_text("Noslēgt: Pabalsti")
    assert_fits(page, "list of macros")

    anna, citizen = new_staff("anna"), new_citizen().visit().open_chat()
    citizen.ask_for_person()
    anna.take_next()
    anna.composer.press("Control+k")
    expect(anna.page.locator("#macro-search")).to_be_focused()
    anna.page.keyboard.type("paldies")
    expect(anna.dialog.locator(".macro-one").first).to_contain_text("Noslēgt ar paldies")
    anna.page.keyboard.press("Enter")
    expect(anna.dialog.locator(".macro-step")).to_have_count(2)
    assert_fits(anna.page, "preview of a macro")
    anna.page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(anna.page, "preview of a macro on a phone")
    # Enter chose it and Enter runs it: no hand leaves the keyboard.
    expect(anna.dialog.get_by_role("button", name="Izpildīt")).to_be_focused()
    anna.page.keyboard.press("Enter")
    expect(anna.page.locator(".composer--locked")).to_contain_text("noslēgta")
    expect(citizen.messages("person").last).to_contain_text("numur")


def test_a_call_back_is_asked_for_taken_and_ended(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    anna, citizen = new_staff("anna"), new_citizen().visit().open_chat()
    citizen.ask_for_person()
    anna.take_next()
    page = anna.page
    page.get_by_role("button", name="Pieteikt atzvanu vai vizīti").click()
    phone = anna.dialog.get_by_label("Tālruņa numurs")
    expect(phone).to_be_focused()
    phone.fill("12")
    anna.dialog.get_by_label("Par ko").fill("Par deklarēšanos")
    anna.dialog.get_by_role("button", name="Pieteikt", exact=True).click()
    expect(anna.dialog.locator(".field__error")).to_contain_text("8 ciparus")
    expect(phone).to_be_focused()
    expect(anna.dialog.get_by_label("Par ko")).to_have_value("Par deklarēšanos")
    assert_fits(page, "form of a call-back")
    phone.fill("20000123")
    page.keyboard.press("Enter")
    expect(anna.dialog).to_have_count(0)
    expect(page.locator(".nav-count")).to_contain_text("1")
    expect(page.locator(".callbacks-here")).to_contain_text("neviens vēl nav uzņēmies")

    janis = new_staff("janis")
    page = janis.page
    page.get_by_role("link", name="Atzvani").click()
    row = page.locator(".callback-row", has_text="Par deklarēšanos")
    expect(row).to_contain_text("••• 123")
    assert_fits(page, "list of call-backs")
    row.click()
    page.get_by_role("button", name="Uzņemties").click()
    expect(page.locator(".callback__phone")).to_have_text("+37120000123")
    page.get_by_label("Piezīme").fill("Nepaceļ")
    page.get_by_role("button", name="Mēģināt vēlāk").click()
    expect(page.locator(".callback .facts")).to_contain_text("Nepaceļ")
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page, "call-back on a phone")
    page.get_by_label("Izdevās sazināties", exact=True).check()
    page.get_by_role("button", name="Pabeigt").click()
    expect(page.locator(".callback-list").last).to_contain_text("Izdevās sazināties")
    assert_fits(page, "list of call-backs on a phone")
