"""Reports in a real browser: a figure, its formula, its rows; another period and grouping; the chart by keyboard; on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from kit.clock import RIGA
from tests.handoff.reports.year import Year, fill

from . import accounts
from .accounts import AccountsStage, OpenConsole, assert_fits

# The stage of the social pages, in place of the whole product.
browser, open_console, _empty_queue = accounts.browser, accounts.open_console, accounts._empty_queue


@pytest.fixture(scope="module")
def social(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountsStage]:
    """The stage, and two months of contacts."""
    social = AccountsStage(tmp_path_factory.mktemp("social"), template)
    social.start()
    gateway = social.stage.gateway
    today = social.stage.clock.now().astimezone(RIGA).date()
    services = gateway.knowledge.service_ids()[:30]
    social.run(fill(gateway.db, Year(4, 500, today - timedelta(days=59), 59, services)), 60)
    yield social
    social.stop()


def test_a_figure_opens_to_its_formula_and_its_rows(open_console: OpenConsole) -> None:
    liga = open_console("liga", "reports")
    page = liga.page
    expect(page.get_by_role("heading", name="Pārskati", level=1)).to_be_visible()
    tile = page.locator(".tile", has_text="Atbildēja asistents viens pats")
    expect(tile).to_contain_text(re.compile(r"\d+ no \d+"))
    assert_fits(page, "reports")
    first = page.get_by_label("No datuma").input_value()
    tile.get_by_role("button").click()
    expect(liga.dialog).to_contain_text("24 stundu laikā")
    missing = liga.dialog.get_by_role("link", name=re.compile("Rindas, kas nav skaitītas"))
    count = re.search(r"\((\d+)\)", missing.inner_text())
    assert count is not None
    assert_fits(page, "a figure's formula")
    missing.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("neskaitītie gadījumi"), level=1)).to_be_focused()
    expect(page.locator("main")).to_contain_text(re.compile(rf"\b{count[1]} gadījum"))
    assert_fits(page, "rows")
    page.locator("tbody").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile("#/(cases|inbox)/"))
    page.go_back()
    page.go_back()
    # Another grouping, another metric drawn; both stay in the address.
    page.get_by_label("Sadalījums", exact=True).select_option("weekday")
    page.get_by_role("button", name="Atlasīt").click()
    expect(page.get_by_role("heading", name="Sadalījums: Nedēļas diena", level=2)).to_be_visible()
    page.get_by_label("Ko rādīt").select_option("wait_p95")
    expect(page.locator(".chart")).to_have_count(2)
    chart = page.get_by_role("img", name=re.compile("Gaidīšana, 95 no 100")).first
    chart.focus()
    page.keyboard.press("End")
    expect(page.locator(".chart__said").first).to_contain_text("iepriekš")
    # The numbers under the picture open as the others do: a step's to that day's rows.
    page.locator(".chart__table summary").first.click()
    page.locator(".chart__table").first.get_by_role("button").first.click()
    expect(liga.dialog).to_contain_text("95 no 100 gaidīja ne ilgāk")
    liga.dialog.get_by_role("link", name=re.compile("Rindas, kas skaitītas")).click()
    expect(page).to_have_url(re.compile(r"#/reports/rows\?.*group=\d{4}-\d\d-\d\d"))
    page.go_back()
    page.reload()
    expect(page.get_by_label("Ko rādīt")).to_have_value("wait_p95")
    expect(page.get_by_label("Sadalījums", exact=True)).to_have_value("weekday")
    page.get_by_label("Līdz datumam").fill("2020-01-01")
    page.get_by_role("button", name="Atlasīt").click()
    expect(page.get_by_label("Līdz datumam")).to_be_focused()
    expect(page.get_by_label("Līdz datumam")).to_have_attribute("aria-invalid", "true")
    # Of an empty period it is said that it is empty, and where there is something.
    page.goto(re.sub("#.*", "#/reports?from=2099-01-01&to=2099-12-31", page.url))
    expect(page.locator("main")).to_contain_text("Izvēlieties citu periodu")
    expect(page.locator(".tile")).to_have_count(0)
    assert_fits(page, "an empty year")
    today = date.fromisoformat(first)
    page.goto(re.sub("#.*", f"#/reports?from={today + timedelta(days=31)}&to={today + timedelta(days=60)}", page.url))
    page.get_by_role("link", name=re.compile("Iepriekšējā periodā")).click()
    expect(page.locator(".tile").first).to_be_visible()


def test_narrowed_down_on_a_phone_in_the_dark(open_console: OpenConsole) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    liga = open_console("liga", "reports?by=channel", color_scheme="dark", **phone)
    page = liga.page
    page.locator(".reports__table").get_by_role("link", name=re.compile("Facebook")).click()
    expect(page.locator(".reports__only")).to_contain_text("Facebook")
    assert_fits(page, "reports on a phone")
    # Editors come for what was asked in vain, and see no figures.
    zane = open_console("zane", "reports")
    expect(zane.page.get_by_role("heading", name="Uz ko nebija atbildes")).to_be_visible()
    expect(zane.page.locator(".tile")).to_have_count(0)
    assert_fits(zane.page, "what was asked in vain")
