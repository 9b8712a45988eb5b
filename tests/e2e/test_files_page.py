"""Files of services with real clicks: looked at, approved by another person, taken back; and what an export holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from .accounts import assert_fits
from .conftest import NewStaff
from .people import assert_accessible

_SERVICE = "pasv-nin"
_COST = "Par velti visiem, kas jautā"
_PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def _csv(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode("cp1257")}


def test_a_file_is_loaded_by_two_persons_and_taken_back(new_staff: NewStaff) -> None:
    liga, admin = new_staff("liga"), new_staff("admin")
    page = liga.page
    page.goto(f"{liga.url}/console#/knowledge")
    page.get_by_role("link", name="Faili", exact=True).click()
    page.get_by_role("button", name="Apskatīt izmaiņas").click()
    expect(page.get_by_label("Fails", exact=True)).to_be_focused()
    expect(page.get_by_label("Fails", exact=True)).to_have_accessible_description("CSV, JSON vai CPSV-AP (JSON-LD), "
        "līdz 10 MB. Tukša šūna neko nemaina; [dzēst] lauku iztukšo. Vispirms izvēlieties failu.")  # fmt: skip
    assert_accessible(page, "files")
    page.get_by_label("Fails", exact=True).set_input_files([_csv("katalogs.csv", "name;cost\nx;1\n")])
    page.get_by_role("button", name="Apskatīt izmaiņas").click()
    expect(page.locator("#import-error")).to_contain_text("nav kolonnas „id”")

    text = f"id;cost\n{_SERVICE};{_COST}\nNav Id;1\n"
    page.get_by_label("Fails", exact=True).set_input_files([_csv("katalogs.csv", text)])
    page.get_by_role("button", name="Apskatīt izmaiņas").click()
    expect(page.locator("h1")).to_have_text("katalogs.csv")
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator(".exchange__fields ins").first).to_contain_text("velti")
    expect(page.locator(".table tbody tr")).to_contain_text("„Nav Id” nav identifikators")
    assert_fits(page, "a file's changes")
    assert_accessible(page, "a file's changes")
    page.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(page.locator(".alert")).to_contain_text("Failā ir kļūdas (1)")
    page.get_by_label("Ielādēt pareizās rindas").check()
    page.get_by_label("Kam tas vajadzīgs").fill("Jaunā cena")
    page.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(page.locator(".chip")).to_have_text("Gaida apstiprinājumu")
    expect(page.get_by_role("button", name="Apstiprināt un ielādēt")).to_have_count(0)

    admin.page.goto(page.url)
    expect(admin.page.locator(".desk__text")).to_contain_text("Jaunā cena")
    # A price moves nothing in search: there is nothing to wait for.
    expect(admin.page.get_by_text("jautājumu kopa nav jāpārbauda")).to_be_visible()
    admin.page.get_by_role("button", name="Apstiprināt un ielādēt").click()
    expect(admin.page.locator(".chip")).to_have_text("Ielādēts")
    assert liga.api("GET", f"editor/services/{_SERVICE}")["facts"]["cost"] == _COST
    admin.page.get_by_role("button", name="Atcelt ielādi").click()
    admin.dialog.get_by_role("button", name="Atcelt ielādi").click()
    expect(admin.page.locator(".chip")).to_have_text("Atcelts")
    assert liga.api("GET", f"editor/services/{_SERVICE}")["facts"].get("cost") != _COST


def test_on_a_phone_everything_is_saved_to_a_file(new_staff: NewStaff) -> None:
    liga = new_staff("liga", **_PHONE)
    page = liga.page
    page.goto(f"{liga.url}/console#/import")
    expect(page.get_by_role("heading", name="Ielādētie faili")).to_be_visible()
    assert_fits(page, "files on a phone")
    with page.expect_download() as download:
        page.get_by_role("link", name="Viss (JSON)").click()
    saved = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert len(saved["services"]) > 150
    assert saved["services"][0]["titles"]["lv"]
    assert download.value.suggested_filename.endswith(f"-r{saved['revision']}.json")
