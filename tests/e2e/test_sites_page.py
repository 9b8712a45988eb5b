"""Sites with real clicks: words and an invitation made in the console reach a page, and leave the citizen alone when told to."""

from __future__ import annotations

import os

from playwright.sync_api import Page, expect

from .accounts import assert_fits
from .conftest import NewCitizen, NewStaff
from .people import assert_accessible


def _shot(page: Page, name: str) -> None:
    if folder := os.environ.get("PEOPLE_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_an_invitation_made_in_the_console_reaches_a_page(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    admin = new_staff("admin")
    page = admin.page
    page.locator(".nav__more").click()
    page.get_by_role("link", name="Vietnes").click()
    page.locator(".site-row").get_by_role("link", name="Pietura").click()
    title = page.get_by_role("group", name="Loga virsraksts").get_by_label("latviešu")
    title.fill("Novada palīgs")
    preview = page.frame_locator(".site-preview__frame")
    expect(preview.locator(".title")).to_have_text("Novada palīgs")
    expect(title).to_be_focused()
    page.locator("input[type=color]").fill("#ff9900")
    page.get_by_role("button", name="Saglabāt").click()
    expect(page.locator("input[type=color]")).to_be_focused()
    expect(page.locator(".site-form .field__error")).to_contain_text("tumšāku")
    page.locator("input[type=color]").fill("#00594c")
    page.get_by_role("button", name="Pievienot aicinājumu").click()
    name = page.get_by_label("Nosaukums").last
    expect(name).to_be_focused()
    name.fill("Pase")
    page.get_by_label("Lapas adrese", exact=False).last.fill("/pase")
    page.get_by_label("Pēc cik sekundēm").fill("0")
    page.get_by_label("Pirmie vārdi latviski").fill("Vai palīdzēt ar pasi?")
    page.get_by_label("Pirmie vārdi krieviski").fill("Помочь с паспортом?")
    page.get_by_role("button", name="Saglabāt").click()
    expect(page.get_by_label("Pirmie vārdi angliski")).to_be_focused()
    page.get_by_label("Pirmie vārdi angliski").fill("Help with the passport?")
    page.get_by_label("Pārbaudīt lapas adresi").fill("https://novads.lv/demo#/pase")
    expect(page.locator(".rule", has_text="Pase").locator(".chip--active")).to_have_text("Der šai lapai")
    assert_accessible(page, "a site")
    page.emulate_media(color_scheme="light")
    _shot(page, "site")
    page.get_by_label("Ko rādīt").select_option(label="Pogu un aicinājumu")
    expect(preview.locator(".invite")).to_contain_text("Vai palīdzēt ar pasi?")
    page.get_by_role("button", name="Saglabāt").click()
    expect(page.locator(".toast")).to_contain_text("Saglabāts")

    citizen = new_citizen().visit("/demo#/pase")
    invitation = citizen.page.locator(".invite")
    expect(invitation).to_contain_text("Vai palīdzēt ar pasi?")
    expect(invitation.locator("strong")).to_have_text("Novada palīgs")
    assert_accessible(citizen.page, "an invitation")
    invitation.locator(".round").click()
    citizen.page.goto(f"{citizen.url}/demo#/")
    citizen.page.reload()
    citizen.page.goto(f"{citizen.url}/demo#/pase")
    citizen.page.reload()
    citizen.page.locator(".launcher").wait_for()
    citizen.page.wait_for_timeout(600)
    expect(invitation).to_have_count(0)
    citizen.open_chat()
    expect(citizen.panel.locator(".title")).to_have_text("Novada palīgs")

    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page, "a site on a phone")
    _shot(page, "site-phone")
    page.get_by_role("link", name="Uz vietņu sarakstu").click()
    expect(page.locator(".site-row")).to_have_count(1)
    assert_fits(page, "sites on a phone")
    page.emulate_media(color_scheme="dark")
    _shot(page, "sites-phone")
    supervisor = new_staff("liga").page
    supervisor.goto(f"{admin.url}/console#/sites/demo")
    expect(supervisor.get_by_label("Atļautās adreses")).to_be_disabled()
    expect(supervisor.get_by_role("button", name="Saglabāt")).to_have_count(0)
