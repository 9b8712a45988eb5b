"""Agreed workplaces and shifts with real clicks: written by one, approved by another; a week planned by keys and on a phone."""

from __future__ import annotations

import re
from datetime import date, timedelta

from playwright.sync_api import Page, expect

from handoff.service_clock.service import WorkingCalendar

from .accounts import assert_fits
from .conftest import NewStaff


def test_an_agreement_is_written_by_one_and_approved_by_another(new_staff: NewStaff) -> None:
    liga = new_staff("liga").page
    liga.get_by_role("button", name="Vēl", exact=True).click()
    liga.get_by_role("link", name="Darbvietu nodrošinājums").click()
    liga.get_by_role("link", name="Jauna vienošanās").click()
    expect(liga.get_by_role("heading", name="Jauna vienošanās")).to_be_focused()
    liga.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(liga.locator(".field__error")).to_have_count(4)
    expect(liga.locator("#agreement-centre")).to_be_focused()
    assert_fits(liga, "form of an agreement")
    liga.locator("#agreement-centre").select_option(label="Valmieras VPVKAC")
    # Until further notice from the first of this month: the page has a figure at once.
    liga.get_by_label("Spēkā no").fill(liga.evaluate("new Date().toISOString().slice(0, 8) + '01'"))
    liga.get_by_label("Vienlaikus nodrošināmās darbvietas").fill("2")
    liga.get_by_label("Summa mēnesī, EUR").fill("7200,50")
    liga.get_by_text("Pa pakāpēm", exact=True).click()
    expect(liga.locator(".agreements__preview")).to_contain_text(re.compile("pienāktos|nevar aprēķināt"))
    liga.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    row = liga.locator(".agreements .notice-row", has_text="Valmieras VPVKAC")
    expect(row).to_contain_text("Gaida apstiprinājumu")
    expect(row).to_contain_text("2 darbvietas, 7200,50")
    expect(row.get_by_role("button", name="Apstiprināt")).to_have_count(0)

    admin = new_staff("admin")
    page = admin.page
    page.goto(f"{admin.url}/console#/staffing")
    row = page.locator(".agreements .notice-row", has_text="Valmieras VPVKAC")
    row.get_by_role("button", name="Apstiprināt").click()
    expect(admin.dialog).to_contain_text("stāsies spēkā")
    admin.dialog.get_by_role("button", name="Apstiprināt").click()
    expect(row).to_contain_text("Apstiprināja Māris Vītols")
    assert_fits(page, "workplaces")
    page.reload()
    page.get_by_role("rowheader").get_by_role("link", name="Valmieras VPVKAC").click()
    expect(page.get_by_role("heading", name="Valmieras VPVKAC")).to_be_focused()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".tile", has_text="Pienākas")).to_contain_text("pēc vienošanās")
    assert_fits(page, "a centre's month on a phone")


def _plain_week() -> date:
    """The Monday of the next week in which, as in the one after it, no weekday is closed."""
    calendar, monday = WorkingCalendar(), date.today() + timedelta(days=7 - date.today().weekday())  # noqa: DTZ011
    while not all(
        calendar.is_working_day(monday + timedelta(days=day)) for week in (0, 7) for day in range(week, week + 5)
    ):
        monday += timedelta(days=7)
    return monday


def _turn(page: Page, name: str, monday: date) -> None:
    """Goes to another week, until it is there: what is shown meanwhile takes nothing."""
    page.get_by_role("link", name=name).click()
    expect(page.locator(".staffing__months strong")).to_contain_text(f"{monday:%d.%m.%Y} –")


def test_a_week_is_planned_copied_and_cleared(new_staff: NewStaff) -> None:
    liga = new_staff("liga")
    page = liga.page
    page.goto(f"{liga.url}/console#/shifts?week={_plain_week() - timedelta(days=7)}&centre=valmiera")
    expect(page.locator(".shifts__forecast")).to_contain_text("Prognozei vajag vismaz 28")
    _turn(page, "Nākamā nedēļa", _plain_week())
    grid = page.locator(".shifts__grid")
    add = grid.get_by_role("button", name=re.compile(r"Pievienot maiņu: Jānis Kalniņš, otrdiena"))
    add.focus()
    page.keyboard.press("Enter")
    expect(liga.dialog.get_by_label("No", exact=True)).to_be_focused()
    liga.dialog.get_by_label("No", exact=True).fill("08:00")
    liga.dialog.get_by_label("Līdz", exact=True).fill("07:00")
    page.keyboard.press("Control+Enter")
    expect(liga.dialog.locator(".field__error")).to_be_visible()
    expect(liga.dialog.get_by_label("Līdz", exact=True)).to_be_focused()
    liga.dialog.get_by_label("Līdz", exact=True).fill("12:30")
    page.keyboard.press("Control+Enter")
    shift = grid.get_by_role("button", name=re.compile("Labot maiņu 08:00–12:30: Jānis Kalniņš, otrdiena"))
    expect(shift).to_be_visible()
    add.click()
    liga.dialog.get_by_label("No", exact=True).fill("12:00")
    liga.dialog.locator("button[type=submit]").click()
    expect(liga.dialog.get_by_role("alert")).to_contain_text("jau strādā 08:00–12:30")
    liga.dialog.get_by_role("button", name="Atcelt").click()
    expect(page.locator(".shifts .heat")).to_contain_text("0,5")
    assert_fits(page, "shifts")

    _turn(page, "Nākamā nedēļa", _plain_week() + timedelta(days=7))
    expect(shift).to_have_count(0)
    page.get_by_role("button", name="Kopēt iepriekšējo nedēļu").click()
    liga.dialog.locator("button[type=submit]").click()
    expect(shift).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page, "shifts on a phone")
    for back in (False, True):
        if back:
            _turn(page, "Iepriekšējā nedēļa", _plain_week())
        shift.click()
        liga.dialog.get_by_role("button", name="Dzēst maiņu").click()
        expect(shift).to_have_count(0)
