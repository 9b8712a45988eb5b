"""A notice with real clicks: written by a supervisor, seen by a citizen whose page is open, put away, ended."""

from __future__ import annotations

from playwright.sync_api import expect

from .accounts import assert_fits
from .conftest import NewCitizen, NewStaff


def test_an_outage_is_told_and_ended(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    citizen = new_citizen().visit().open_chat()
    liga = new_staff("liga")
    page = liga.page
    page.goto(f"{liga.url}/console#/notices/new")
    page.get_by_role("button", name="Paziņot").click()
    expect(page.locator(".notice-form .field__error")).to_have_count(4)
    expect(page.get_by_label("Teksts latviski")).to_be_focused()
    page.get_by_text("Traucējumi", exact=True).click()
    page.get_by_label("Teksts latviski").fill("Latvija.lv šobrīd nedarbojas.")
    page.get_by_label("Teksts krieviski").fill("Latvija.lv сейчас не работает.")
    page.get_by_label("Teksts angliski").fill("Latvija.lv is down at the moment.")
    tomorrow = page.evaluate(
        "new Date(Date.now() + 864e5).toLocaleString('sv', {timeZone: 'Europe/Riga'}).slice(0, 16).replace(' ', 'T')"
    )
    page.locator("input[type=datetime-local]").nth(1).fill(tomorrow)
    expect(page.locator(".notice-preview")).to_contain_text("is down")
    assert_fits(page, "form of a notice")
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page, "form of a notice on a phone")
    page.get_by_role("button", name="Paziņot").click()
    row = page.locator(".notice-row", has_text="nedarbojas")
    expect(row).to_contain_text("Redzams")
    assert_fits(page, "notices on a phone")

    banner = citizen.panel.locator(".public-notice")
    expect(banner).to_have_text("Latvija.lv šobrīd nedarbojas.")
    citizen.panel.locator("button.lang[lang='en']").click()
    expect(banner).to_have_text("Latvija.lv is down at the moment.")
    assert_fits(citizen.page, "a notice in the chat")
    banner.get_by_role("button").click()
    expect(banner).to_have_count(0)
    other = new_citizen().visit()
    expect(other.page.locator(".outages .public-notice")).to_be_visible()
    assert_fits(other.page, "a notice beside the launcher")
    other.open_chat()
    expect(other.messages("assistant").first).to_contain_text("Paziņojums: Latvija.lv šobrīd nedarbojas.")
    row.get_by_role("button", name="Beigt tūlīt").click()
    liga.dialog.get_by_role("button", name="Beigt tūlīt").click()
    expect(row).to_contain_text("Beidzies")
    expect(other.panel.locator(".public-notice")).to_have_count(0)
