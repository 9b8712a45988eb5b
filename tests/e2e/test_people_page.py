"""Accounts and the audit trail with real clicks: an account from its opening to its closing, on a desk and on a phone."""

from __future__ import annotations

import os

from playwright.sync_api import Page, expect

from .accounts import assert_fits
from .conftest import NewContext, NewStaff
from .people import assert_accessible
from .product import Product

_OWN = "trīs nesaistīti vārdi"


def _shot(page: Page, name: str) -> None:
    if folder := os.environ.get("PEOPLE_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_an_account_from_opening_to_closing(new_staff: NewStaff, new_context: NewContext, product: Product) -> None:
    admin = new_staff("admin")
    page = admin.page
    page.locator(".nav__more").click()
    page.get_by_role("link", name="Konti").click()
    expect(page.get_by_role("row", name="Anna Bērziņa")).to_be_visible()
    assert_accessible(page, "accounts")
    _shot(page, "list-dark")
    page.emulate_media(color_scheme="light")
    _shot(page, "list")
    page.get_by_role("link", name="Jauns konts").click()
    page.get_by_role("button", name="Izveidot kontu").click()
    expect(page.get_by_label("Vārds un uzvārds")).to_be_focused()
    expect(page.locator(".field__error")).to_have_count(3)
    page.get_by_label("Vārds un uzvārds").fill("Zane Ābola")
    page.get_by_label("E-pasta adrese").fill("anna@demo.lv")
    page.get_by_label("Centrs").select_option(label="Rīgas VPVKAC")
    page.get_by_role("button", name="Izveidot kontu").click()
    expect(page.locator(".field__error")).to_contain_text("Anna Bērziņa")
    page.get_by_label("E-pasta adrese").fill("zane.abola@example.lv")
    page.get_by_role("button", name="Izveidot kontu").click()
    box = page.locator(".people__password")
    expect(box.get_by_role("heading")).to_be_focused()
    password = box.locator("input").input_value()
    assert_accessible(page, "an account")
    page.emulate_media(color_scheme="light")
    _shot(page, "account")

    zane = new_context().new_page()
    zane.goto(f"{product.url}/console")
    zane.locator("#email").fill("zane.abola@example.lv")
    zane.locator("#password").fill(password)
    zane.keyboard.press("Enter")
    expect(zane.get_by_role("heading", name="Izvēlieties savu paroli")).to_be_visible()
    assert_accessible(zane, "the first password")
    zane.locator("#password-current").fill(password)
    zane.locator("#password-new").fill("Parole2026!!")
    zane.locator("#password-repeat").fill("Parole2026!!")
    zane.keyboard.press("Enter")
    expect(zane.locator("#password-new-error")).to_contain_text("biežāk")
    expect(zane.locator("#password-new")).to_be_focused()
    _shot(zane, "first-password")
    zane.locator("#password-new").fill(_OWN)
    zane.locator("#password-repeat").fill(_OWN)
    zane.keyboard.press("Enter")
    expect(zane.locator(".status__line")).to_contain_text("Savienots")
    zane.locator(".me").click()
    zane.get_by_role("button", name="Mainīt paroli").click()
    expect(zane.locator("dialog[open] #password-current")).to_be_visible()

    page.reload()
    expect(box).to_have_count(0)
    page.get_by_role("button", name="Slēgt kontu").click()
    admin.dialog.get_by_role("button", name="Slēgt kontu").click()
    expect(page.locator(".page__head")).to_contain_text("Slēgts")
    expect(zane.locator("#email")).to_be_visible()

    page.get_by_role("link", name="Kas darīts ar šo kontu").click()
    rows = page.locator("tbody tr")
    expect(rows.first).to_contain_text("Konts slēgts")
    expect(rows.last).to_contain_text("Konts izveidots")
    expect(rows.last).to_contain_text("zane.abola@example.lv")
    expect(rows.last).to_contain_text("loma: ir Operators")
    assert_accessible(page, "the audit trail")
    page.emulate_media(color_scheme="light")
    _shot(page, "audit")
    page.get_by_label("Darbība").select_option(label="Konts slēgts")
    page.get_by_role("button", name="Atlasīt", exact=True).click()
    expect(rows).to_have_count(1)
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page, "the audit trail on a phone")
    _shot(page, "audit-phone")
    rows.locator("a").click()
    expect(page.get_by_role("button", name="Atvērt kontu")).to_be_visible()
    assert_fits(page, "an account on a phone")
    _shot(page, "account-phone")
    page.get_by_role("link", name="Uz kontu sarakstu").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    assert_fits(page, "accounts on a phone")
    _shot(page, "list-phone")
