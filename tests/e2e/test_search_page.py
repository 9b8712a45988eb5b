"""Finding conversations, views, the same done to many; and what a citizen may ask of us, with real clicks and keys."""

from __future__ import annotations

import re
import zipfile

from playwright.sync_api import Page, expect

from .accounts import assert_fits
from .conftest import NewCitizen, NewStaff
from .people import Staff, assert_accessible


def _asked(new_citizen: NewCitizen, text: str) -> None:
    citizen = new_citizen().visit().open_chat()
    citizen.say(text)
    citizen.ask_for_person()


def _search(staff: Staff, query: str) -> Page:
    page = staff.page
    page.goto(f"{staff.url}/console#/search")
    page.locator("#search-q").fill(query)
    page.keyboard.press("Enter")
    expect(page.locator(".page__total")).to_contain_text(re.compile("Atrast"))
    return page


def test_found_kept_as_a_view_and_worked_on_together(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    for number in range(2):
        _asked(new_citizen, f"Mana pīlādžu ābolkūka numur {number} <b>nav</b> pabalsts")
    liga = new_staff("liga")
    page = _search(liga, "piladza")
    expect(page.locator(".found")).to_have_count(2)
    expect(page.locator(".found mark").first).to_have_text("pīlādžu")
    # What citizens write is text.
    expect(page.locator(".found__text b")).to_have_count(0)
    assert_fits(page, "search")
    # With the keyboard: down, and in.
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".found__link").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".msg--citizen").first).to_contain_text("pīlādžu")
    page.go_back()
    expect(page.locator(".found")).to_have_count(2)
    # Kept as a view: beside the inbox, too, with its count, and its address is enough for a colleague.
    page.get_by_role("button", name="Saglabāt kā skatu").click()
    liga.dialog.locator("button[type=submit]").click()
    expect(liga.dialog.locator(".field__error")).to_be_visible()
    liga.dialog.get_by_label("Skata nosaukums").fill("Pīlādži")
    liga.dialog.get_by_label("Kopīgs visiem").check()
    assert_accessible(page, "saving a view")
    liga.dialog.locator("button[type=submit]").click()
    tab = page.locator(".views .view", has_text="Pīlādži")
    expect(tab).to_have_attribute("aria-current", "page")
    expect(tab.locator(".count")).to_have_text("2")
    anna = new_staff("anna")
    anna.page.goto(f"{anna.url}/console{page.evaluate('location.hash')}")
    expect(anna.page.locator(".found")).to_have_count(2)
    anna.page.goto(f"{anna.url}/console#/inbox")
    expect(anna.page.locator(".list .view", has_text="Pīlādži")).to_contain_text("2")
    # Done to both at once; of one somebody else was faster.
    page.locator("#search-all").check()
    expect(page.locator(".bulk__count")).to_have_text("Atlasītas 2 sarunas")
    first = page.locator(".found__link").first.get_attribute("id")
    assert first
    key = first.removeprefix("found-")
    version = anna.api("GET", f"conversations/{key}")["card"]["version"]
    anna.api("POST", f"conversations/{key}/take", {"version": version})
    page.get_by_role("button", name="Atzīmēt kā surogātpastu").click()
    assert_fits(page, "bulk")
    liga.dialog.locator("button[type=submit]").click()
    expect(liga.dialog.locator("#bulk-result")).to_contain_text("1 no 2")
    expect(liga.dialog.locator(".bulk__failed li")).to_have_count(1)
    assert_accessible(page, "what came of it")
    liga.dialog.get_by_role("button", name="Gatavs").click()
    expect(page.locator(".found", has_text="Noslēgta")).to_have_count(1)
    # The view goes.
    page.get_by_role("button", name="Pārvaldīt skatus").click()
    assert_accessible(page, "managing views")
    page.get_by_role("button", name="Dzēst skatu: Pīlādži").click()
    page.locator("dialog").last.locator("button[type=submit]").click()
    expect(page.locator(".views .view", has_text="Pīlādži")).to_have_count(0)


def test_filters_on_a_phone(new_staff: NewStaff) -> None:
    liga = new_staff("liga", viewport={"width": 390, "height": 844})
    page = _search(liga, "pabalsts")
    page.locator(".search-filters summary").click()
    page.locator("#search-from").fill("2026-12-01")
    page.locator("#search-to").fill("2026-01-01")
    page.locator(".search-filters button[type=submit]").click()
    expect(page.locator("#search-to")).to_be_focused()
    expect(page.locator("#search-to-error")).to_be_visible()
    assert_fits(page, "filters on a phone")
    page.locator("#search-to").fill("")
    page.locator("#search-from").fill("")
    page.locator("#search-state").select_option("abandoned")
    page.locator(".search-filters button[type=submit]").click()
    expect(page).to_have_url(re.compile("state=abandoned"))
    expect(page.locator(".search-filters summary .count")).to_have_text("1")


def test_a_citizen_gets_his_data_and_is_forgotten(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    _asked(new_citizen, "Mana vizbulīte nav atrasta")
    liga = new_staff("liga")
    page = _search(liga, "vizbulītes")
    page.locator(".found__link").first.click()
    liga.press("t")
    expect(liga.composer).to_be_visible()
    page.get_by_label("Jauna piezīme").fill("Vizbulīte slikti dzird")
    page.get_by_role("button", name="Pievienot piezīmi").click()
    expect(page.locator(".citizen-note")).to_contain_text("Līga Krūmiņa")
    page.get_by_role("button", name="Izsniegt datus").click()
    liga.dialog.locator("textarea").fill("Iesniegums Nr. 5")
    with page.expect_download() as download:
        liga.dialog.locator("button[type=submit]").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert "vizbulīte" in archive.read("data.html").decode()
    # Not while it goes on.
    page.get_by_role("button", name="Dzēst datus").click()
    expect(liga.dialog.get_by_role("alert")).to_contain_text("nav pabeigta")
    liga.dialog.get_by_role("button", name="Atcelt").click()
    liga.close_conversation()
    page.get_by_role("button", name="Dzēst datus").click()
    expect(liga.dialog.locator(".erase__parts li").first).to_be_visible()
    assert_fits(page, "before erasing")
    liga.dialog.locator("button[type=submit]").click()
    liga.dialog.locator("textarea").fill("Iesniegums Nr. 6")
    liga.dialog.locator("button[type=submit]").click()
    expect(liga.dialog.locator(".field__error")).to_have_text("Numurs nesakrīt.")
    label = liga.dialog.locator("label", has_text="Lai apstiprinātu").inner_text()
    liga.dialog.get_by_label("Lai apstiprinātu").fill(label.rsplit(" ", 1)[1])
    assert_accessible(page, "before erasing for good")
    liga.dialog.locator("button[type=submit]").click()
    expect(liga.dialog).to_contain_text("Dati izdzēsti.")
    liga.dialog.get_by_role("button", name="Gatavs").click()
    expect(page.locator(".msg--citizen").first).to_contain_text("dzēsts pēc iedzīvotāja lūguma")
    expect(page.locator(".citizen-note")).to_have_count(0)
    page = _search(liga, "vizbulīte")
    expect(page.locator(".found")).to_have_count(0)
