"""The live board, the wallboard and the specialists' clock in a real browser."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from .conftest import NewCitizen, NewStaff
from .people import assert_accessible


def _fits(page: Page, where: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert_accessible(page, where)


def test_the_board_follows_a_conversation_to_level_2(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    liga, anna = new_staff("liga"), new_staff("anna")
    page = liga.page
    page.get_by_role("navigation", name="Galvenā izvēlne").get_by_role("link", name="Situācija").click()
    expect(page.get_by_role("heading", name="Situācija", level=1)).to_be_visible()
    waiting = page.locator(".tile", has_text="Gaida operatoru")
    expect(waiting.locator(".tile__big")).to_have_text("0")
    citizen = new_citizen().visit().open_chat()
    citizen.ask_for_person()
    # Live, without the page being fetched.
    expect(waiting.locator(".tile__big")).to_have_text(re.compile("^1"))
    expect(waiting).to_contain_text(re.compile(r"Ilgākā gaidīšana \d\d:\d\d"))
    _fits(page, "board")
    waiting.get_by_role("link", name=re.compile("Gaida operatoru")).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Gaida operatoru", level=1)).to_be_focused()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr").get_by_role("link", name=re.compile("Gadījums Nr."))).to_be_visible()
    _fits(page, "rows")
    page.get_by_role("link", name="Atpakaļ uz situāciju").click()

    identity = anna.take_next()
    expect(waiting.locator(".tile__big")).to_have_text("0")
    expect(page.locator(".tile", has_text="Apkalpo").locator(".tile__big")).to_have_text(re.compile("^1"))
    chats = page.get_by_role("row", name=re.compile("Tērzēšana, ko operators sācis laikā"))
    expect(chats).to_contain_text(re.compile(r"\d+ no \d+"))
    expect(page.locator(".situation__longest")).to_contain_text("pārņēma Anna Bērziņa")
    row = page.get_by_role("row", name=re.compile("Anna Bērziņa"))
    expect(row).to_contain_text("1 no 4")
    page.get_by_role("button", name="Rinda", exact=True).click()
    expect(page.get_by_role("row", name=re.compile("Kopējā rinda"))).to_be_visible()

    ieva = new_staff("ieva")
    card = anna.api("GET", f"conversations/{identity}")["card"]
    brought = {"version": card["version"], "institution_id": "vsaa", "note": "Lūdzu, palīdziet"}
    anna.api("POST", f"conversations/{identity}/level2", brought)
    # The specialist's list and both cards show until when; she is called as for anybody who waits.
    expect(ieva.page.locator(".card").first).to_contain_text("Iestādei jāatbild")
    expect(ieva.page).to_have_title(re.compile(r"^\(1\)"))
    expect(anna.page.locator(".conversation__marks")).to_contain_text("Iestādei jāatbild")
    expect(page.locator(".tile", has_text="Pie iestāžu speciālistiem").locator(".tile__big")).to_have_text(
        re.compile("^1")
    )


def test_the_wall_on_a_screen_and_after_the_line_was_lost(new_staff: NewStaff) -> None:
    liga = new_staff("liga", color_scheme="dark")
    page = liga.page
    page.clock.install()
    page.goto(f"{liga.url}/console#/wall")
    page.reload()
    expect(page.locator(".wall__field")).to_have_count(6)
    expect(page.locator(".wall__field").first).to_contain_text("neviens negaida")
    expect(page.get_by_role("button", name="Pa visu ekrānu")).to_be_visible()
    expect(page.locator(".top")).to_have_count(0)
    _fits(page, "wall")
    liga.context.set_offline(True)
    page.clock.fast_forward(60_000)
    expect(page.get_by_role("alert")).to_contain_text("Skaitļi ir novecojuši")
    liga.context.set_offline(False)
    page.clock.fast_forward(15_000)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_board_and_wall_on_a_phone(new_staff: NewStaff) -> None:
    liga = new_staff("liga", viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    for where in ("board", "wall"):
        liga.page.goto(f"{liga.url}/console#/{where}")
        expect(liga.page.locator(".tile, .wall__field").first).to_be_visible()
        _fits(liga.page, where)


def test_operators_do_not_see_the_board(new_staff: NewStaff) -> None:
    anna = new_staff("anna")
    anna.page.goto(f"{anna.url}/console#/board")
    expect(anna.page.locator(".inbox")).to_be_visible()
    expect(anna.page.get_by_role("link", name="Situācija")).to_have_count(0)
