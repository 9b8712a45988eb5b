"""Working time with real clicks: the week, a special day, what is refused, on a desk and on a phone."""

from __future__ import annotations

from playwright.sync_api import expect

from .accounts import assert_fits
from .conftest import NewStaff


def test_working_time_is_set_and_put_back(new_staff: NewStaff) -> None:
    admin = new_staff("admin")
    admin.page.get_by_role("button", name="Vēl", exact=True).click()
    admin.page.get_by_role("link", name="Darba laiks").click()
    page = admin.page
    friday = page.locator("fieldset.hours-day").nth(4)
    expect(friday.get_by_label("Līdz")).to_be_visible()
    was = friday.get_by_label("Līdz").input_value()
    assert_fits(page, "working time")
    friday.get_by_label("Līdz").fill("00:00")
    page.get_by_role("button", name="Saglabāt darba laiku").click()
    expect(friday.locator(".field__error")).to_be_visible()
    expect(friday.get_by_label("No")).to_be_focused()
    friday.get_by_label("Līdz").fill("23:30")
    expect(page.get_by_role("heading", name="ar nesaglabātajām izmaiņām")).to_be_visible()
    page.get_by_role("button", name="Saglabāt darba laiku").click()
    expect(page.locator(".hours-page")).to_contain_text("mainīja Māris Vītols")
    page.reload()
    expect(friday.get_by_label("Līdz")).to_have_value("23:30")
    friday.get_by_label("Līdz").fill(was)
    page.get_by_role("button", name="Saglabāt darba laiku").click()
    expect(page.get_by_role("heading", name="ar nesaglabātajām izmaiņām")).to_have_count(0)

    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Pievienot dienu").click()
    expect(page.locator(".hours-exception .field__error")).to_have_count(2)
    expect(page.locator("#hours-day")).to_be_focused()
    year = page.evaluate("new Date().getFullYear() + 1")
    page.locator("#hours-day").fill(f"{year}-07-15")
    page.get_by_label("Piezīme").fill("Inventarizācija")
    page.get_by_role("button", name="Pievienot dienu").click()
    row = page.locator(".hours-list li", has_text="Inventarizācija")
    expect(row).to_contain_text("Slēgts")
    assert_fits(page, "working time on a phone")
    row.get_by_role("button").click()
    admin.dialog.get_by_role("button", name="Noņemt").click()
    expect(row).to_have_count(0)
