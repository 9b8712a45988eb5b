"""Axe finds nothing on any page, in light and dark, at a desk and on a phone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import NewCitizen, NewContext, NewStaff
from .people import assert_accessible
from .product import Product

QUESTION = "Kā pieteikties slimības pabalstam?"
_SIZES = [
    pytest.param({"viewport": {"width": 1440, "height": 900}}, id="desktop"),
    pytest.param({"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}, id="phone"),
]
sizes = pytest.mark.parametrize("size", _SIZES)


def _check(page: Page, where: str) -> None:
    assert_accessible(page, where)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{where}: {wide} px wider than the screen"


@sizes
def test_demo_page_and_chat(new_citizen: NewCitizen, size: dict[str, Any]) -> None:
    citizen = new_citizen(**size).visit()
    page = citizen.page
    _check(page, "demo page")
    citizen.open_chat()
    _check(page, "greeting")
    citizen.ask(QUESTION)
    _check(page, "answer")
    citizen.ask_for_person()
    expect(page.get_by_role("heading", name="Kā ar jums sazināties?")).to_be_visible()
    _check(page, "contact form")
    page.get_by_role("button", name="Iesniegt", exact=True).click()
    expect(page.get_by_label("Vārds, uzvārds")).to_be_focused()
    _check(page, "contact form with errors")
    page.get_by_role("button", name="Sarunas izvēlne").click()
    _check(page, "menu")
    page.get_by_role("button", name="Beigt sarunu").first.click()
    _check(page, "question before the end")
    page.locator(".ask button.primary").click()
    expect(page.get_by_role("button", name="Iesniegt vērtējumu")).to_be_visible()
    _check(page, "rating form")


@sizes
def test_console(
    new_context: NewContext, new_citizen: NewCitizen, new_staff: NewStaff, product: Product, size: dict[str, Any]
) -> None:
    stranger = new_context(**size).new_page()
    held: list[Route] = []
    stranger.route("**/console/api/me", lambda route: held.append(route))
    stranger.goto(f"{product.url}/console")
    expect(stranger.get_by_role("status")).to_have_text("Ielādē…")
    _check(stranger, "before anything has come")
    held[0].continue_()
    expect(stranger.locator("#email")).to_be_visible()
    _check(stranger, "log-in")

    first, second = new_citizen().visit().open_chat(), new_citizen().visit().open_chat()
    first.ask(QUESTION)
    first.ask_for_person()
    second.ask_for_person()
    anna = new_staff("anna", **size)
    expect(anna.cards()).to_have_count(2)
    _check(anna.page, "inbox")
    anna.take_next()
    anna.say("Labdien!")
    _check(anna.page, "open conversation")
    anna.press("e")
    expect(anna.dialog).to_be_visible()
    _check(anna.page, "close dialog")
    anna.dialog.locator("button[type=submit]").click()
    expect(anna.dialog.locator("[aria-invalid=true]").first).to_be_focused()
    _check(anna.page, "close dialog with errors")
    anna.page.keyboard.press("Escape")
    expect(anna.dialog).to_have_count(0)
    anna.close_conversation()

    liga = new_staff("liga", **size)
    liga.page.goto(f"{product.url}/console#/cases")
    expect(liga.page.locator("tbody tr").first).to_be_visible()
    _check(liga.page, "cases")
    liga.page.locator("tbody th a").first.click()
    expect(liga.page.get_by_role("heading", level=1, name=re.compile("Gadījums"))).to_be_visible()
    expect(liga.page.locator(".case")).to_be_visible()
    _check(liga.page, "one case")

    admin = new_staff("admin", **size)
    admin.page.goto(f"{product.url}/console#/open-data")
    expect(admin.page.get_by_role("heading", name="Dati ir publicēti")).to_be_visible()
    _check(admin.page, "open data")
    admin.page.get_by_role("button", name="Pārtraukt publicēšanu").click()
    expect(admin.dialog).to_be_visible()
    _check(admin.page, "question before publication ends")
    admin.page.keyboard.press("Escape")
    expect(admin.dialog).to_have_count(0)


@sizes
def test_health_page(new_context: NewContext, product: Product, size: dict[str, Any]) -> None:
    page = new_context(**size).new_page()
    page.goto(f"{product.url}/health")
    expect(page.get_by_role("heading", name="Viss darbojas")).to_be_visible()
    _check(page, "health")
