"""Doubtful duplicates with real keys: decided without the mouse, taken back, looked at by another person."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from .accounts import assert_fits
from .conftest import NewStaff


def _open(page: Page) -> int:
    text = page.get_by_role("link", name=re.compile("^Neizlemtie")).inner_text()
    return int(re.sub(r"\D", "", text))


def test_doubts_are_decided_by_keyboard(new_staff: NewStaff) -> None:
    liga, admin = new_staff("liga"), new_staff("admin")
    page = liga.page
    page.goto(f"{liga.url}/console#/knowledge")
    page.get_by_role("link", name="Dublikāti", exact=True).click()
    question = page.get_by_role("heading", name="Vai tas ir viens pakalpojums?")
    expect(question).to_be_visible()
    expect(page.locator("#unify-right")).to_be_visible(timeout=60_000)
    count = _open(page)
    assert count > 50
    assert_fits(page, "a doubtful pair")

    first = page.locator("#unify-left").inner_text()
    question.focus()
    page.keyboard.press("2")
    reason = page.get_by_label("Pamatojums")
    expect(reason).to_be_focused()
    expect(reason).to_have_accessible_description(re.compile("ar ko šis variants atšķiras"))
    reason.fill("Tikai šim novadam 3")
    # A digit that one types decides nothing.
    expect(reason).to_have_value("Tikai šim novadam 3")
    page.get_by_label("Lai apskata arī otrs cilvēks").check()
    page.get_by_role("button", name="Pašvaldības variants").click()
    expect(page.locator(".toast--ok").last).to_contain_text("pašvaldības variants")
    expect(page.locator("#unify-left")).not_to_have_text(first)
    expect(question).to_be_focused()
    assert _open(page) == count - 1

    second = page.locator("#unify-left").inner_text()
    page.keyboard.press("3")
    expect(page.locator("#unify-left")).not_to_have_text(second)
    expect(page.locator(".unify__progress")).to_contain_text("Izlemti 1 no")
    page.keyboard.press("u")
    expect(page.locator("#unify-left")).to_have_text(second)
    expect(page.locator(".unify__progress")).to_contain_text("Izlemti 0 no")
    expect(question).to_be_focused()

    # The other person finds it, and may decide; whoever asked for the look sees that it waits.
    admin.page.goto(f"{admin.url}/console#/unify?show=second_look")
    expect(admin.page.locator(".unify__decision")).to_contain_text("apskatiet un izlemiet")
    expect(admin.page.get_by_label("Pamatojums")).to_have_value("Tikai šim novadam 3")
    page.get_by_role("link", name=re.compile("^Otrai apskatei")).click()
    expect(page.locator(".unify__decision")).to_contain_text("gaida citu cilvēku")
    admin.page.get_by_role("button", name="Tas pats pakalpojums").click()
    expect(admin.page.get_by_text("Te pagaidām nav neviena pāra.")).to_be_visible()
    # What was seen is no longer so: the decision is shown, and what is typed stays.
    page.get_by_label("Pamatojums").fill("Mans pamatojums")
    page.get_by_role("button", name="Cits pakalpojums").click()
    expect(page.locator(".alert")).to_contain_text("Māris Vītols")
    expect(page.locator(".unify__decision .chip")).to_have_text("Tas pats pakalpojums")
    expect(page.get_by_label("Pamatojums")).to_have_value("Mans pamatojums")
    page.get_by_role("button", name="Atsaukt lēmumu").click()
    expect(page.locator(".unify__decision")).to_have_count(0)

    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("link", name=re.compile("^Visi")).click()
    expect(page.locator("#unify-right")).to_be_visible()
    page.get_by_text("Visi šīs kopas pāri").click()
    assert_fits(page, "a doubtful pair on a phone")
    with page.expect_download() as download:
        page.get_by_role("link", name="Lejupielādēt lēmumus").click()
    saved = json.loads(Path(download.value.path()).read_text("utf-8"))["decisions"]
    assert [one["verdict"] for one in saved] == ["variant", "different", "open", "same", "open"]
