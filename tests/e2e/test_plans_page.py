"""A plan from the editor's form to the citizen who goes through it, and a guide that an operator sends, with real clicks."""

from __future__ import annotations

import re
from datetime import datetime

import httpx
from playwright.sync_api import Locator, Page, expect

from kit.clock import RIGA

from .accounts import assert_fits
from .conftest import NewCitizen, NewStaff

_SERVICE = "Eiropas veselības apdrošināšanas karte un aizvietojošais sertifikāts"
_LANGS = ("latviešu", "krievu", "angļu")


def _words(within: Page | Locator, legend: str, text: str) -> None:
    """Fills a text in every language."""
    group = within.get_by_role("group", name=legend, exact=True)
    for lang in _LANGS:
        group.get_by_label(lang, exact=True).fill(text)


def _step(page: Page, number: int) -> Locator:
    return page.get_by_role("group", name=f"{number}. solis", exact=True)


def _written(page: Page) -> None:
    """The form filled in: it says, asks, and hands over."""
    _words(page, "Nosaukums", "EVAK palīgs")
    page.get_by_role("button", name="Pievienot sākumu").click()
    page.get_by_label("Kurš pakalpojums", exact=True).select_option(label=_SERVICE)
    first = _step(page, 1)
    first.get_by_role("button", expanded=False).click()
    _words(first, "Ko pasaka", "Palīdzēšu ar karti.")
    page.get_by_label("Pievienot soli").select_option("ask")
    asks = _step(page, 2)
    asks.get_by_label("Kādu atbildi gaida").select_option("yes_no")
    _words(asks, "Jautājums", "Vai jums jau ir karte?")
    last = _step(page, 3)
    last.get_by_role("button", expanded=False).click()
    _words(last, "Ko pasaka, nododot cilvēkam", "Nodošu jūs operatoram.")
    last.get_by_label("Temats", exact=True).select_option("health")


def test_a_plan_is_written_approved_and_gone_through(
    new_citizen: NewCitizen, new_staff: NewStaff, desks: list[httpx.Client]
) -> None:
    liga, admin = new_staff("liga"), new_staff("admin")
    page = liga.page
    page.goto(f"{liga.url}/console#/plans")
    expect(page.get_by_role("link", name=re.compile("Kā portālā deklarēt dzīvesvietu"))).to_be_visible()
    assert_fits(page, "the list of plans")
    page.get_by_role("link", name="Jauns plāns").click()
    # What is wrong is told while nothing is lost.
    page.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(page.locator(".alert")).to_contain_text("nosaukumu latviski")
    _written(page)
    expect(page.locator(".plan-problems")).to_have_count(0)
    # An invitation is chosen by its name, for nobody knows its code.
    page.get_by_role("button", name="Pievienot sākumu").click()
    page.get_by_label("Kas", exact=True).last.select_option("proactive")
    expect(page.locator(".plan-problems")).to_be_visible()
    page.get_by_label("Kurš aicinājums", exact=True).select_option(label="„slimiba” – Pietura")
    expect(page.locator(".plan-problems")).to_have_count(0)
    page.get_by_role("button", name="Noņemt 2. sākumu").click()
    # The day of what it says begins as today's, in Riga.
    page.get_by_label("Avota nosaukums", exact=True).fill("vmnvd.gov.lv")
    expect(page.get_by_label("Ziņu datums", exact=True)).to_have_value(f"{datetime.now(RIGA):%Y-%m-%d}")
    page.get_by_label("Avota nosaukums", exact=True).fill("")
    # By the keyboard alone a step changes its place, and the focus goes with it.
    page.get_by_role("button", name="Pārvietot 2. soli augstāk").press("Enter")
    expect(_step(page, 1).locator("select").first).to_have_value("ask")
    page.get_by_role("button", name="Pārvietot 1. soli zemāk").press("Enter")
    page.get_by_role("button", name="Sākt", exact=True).click()
    talk = page.get_by_role("log", name="Izmēģināt")
    expect(talk).to_contain_text("Vai jums jau ir karte?")
    talk.get_by_role("button", name="Nē").click()
    expect(talk).to_contain_text("Vai jums jau ir karte: Nē")
    assert_fits(page, "the form of a plan")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(page.locator(".toast--ok")).to_contain_text("apstiprinās cits cilvēks")
    expect(page).to_have_url(re.compile("#/plans/evak-paligs"))

    admin.page.goto(f"{admin.url}/console#/plans/evak-paligs")
    expect(admin.page.locator(".change")).to_contain_text("Līga Krūmiņa")
    admin.page.get_by_role("button", name="Apstiprināt").click()
    expect(admin.page.get_by_role("heading", name="Spēkā: 1. versija")).to_be_visible()
    assert_fits(admin.page, "a plan in force")

    citizen = new_citizen().visit().open_chat()
    citizen.ask(_SERVICE)
    citizen.page.get_by_role("button", name="EVAK palīgs").click()
    expect(citizen.messages("assistant").last).to_contain_text("Vai jums jau ir karte?")
    citizen.say("nē")
    expect(citizen.status).to_have_text("Gaidām operatoru")
    card = next(one for one in desks[0].get("/snapshot").json()["conversations"] if one["reason"] == "plan")
    assert "Vai jums jau ir karte: Nē" in card["summary"]

    anna = new_staff("anna")
    anna.page.goto(f"{anna.url}/console#/inbox/{card['id']}")
    anna.page.locator(".actions").get_by_role("button", name="Pārņemt").click()
    anna.page.get_by_role("button", name="Ceļvedis").click()
    dialog = anna.page.get_by_role("dialog", name="Sūtīt ceļvedi")
    dialog.get_by_role("radio", name=re.compile("deklarēt dzīvesvietu")).check()
    dialog.get_by_role("button", name="Sūtīt pirmo soli").click()
    citizen.page.get_by_role("button", name="Izdarīju").click()
    expect(citizen.messages("assistant").last).to_contain_text("2. solis no 3")
    expect(anna.page.locator(".plan-progress")).to_contain_text("2. solis no 3")
