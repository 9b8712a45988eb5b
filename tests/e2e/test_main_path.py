"""The main job in real browsers: ask, be handed to a person, be answered, rate; and the case that is counted from it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from playwright.sync_api import expect

from .conftest import NewCitizen, NewStaff
from .people import between_people

QUESTION = "Kā pieteikties slimības pabalstam?"


def test_from_question_to_counted_case(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    citizen = new_citizen().visit().open_chat()
    answer = citizen.ask(QUESTION)
    expect(answer).to_contain_text("Slimības pabalst")
    expect(answer.locator(".source a")).to_have_attribute("href", re.compile(r"^https://"))
    expect(answer.locator(".source a")).to_contain_text(re.compile(r"Avots: .+\d{4}"))
    expect(answer.locator("a.go")).to_have_attribute("href", re.compile(r"^https://([\w.]+\.)?(latvija|vsaa)\.gov\.lv"))
    citizen.ask_for_person()

    anna = new_staff("anna")
    expect(anna.page).to_have_title(re.compile(r"^\(1\)"))
    expect(anna.cards()).to_have_count(1)
    expect(anna.cards()).to_contain_text("Slimības pabalst")
    expect(anna.cards().locator(".card__why")).to_contain_text("Lūdz sarunu ar cilvēku")
    conversation = anna.take_next()
    expect(anna.page).to_have_title(re.compile(r"^(?!\()"))
    expect(citizen.status).to_have_text("Ar jums sarunājas Anna Bērziņa")

    # Everything said before she came is there, and the same on both pages.
    expect(anna.messages("citizen")).to_have_count(2)
    expect(anna.messages("assistant").filter(has_text="Slimības pabalst").first).to_be_visible()
    assert [words for kind, words in between_people(anna.transcript())] == [QUESTION, "Gribu runāt ar operatoru"]

    anna.say("Labdien! Kurā datumā slēgta darbnespējas lapa?")
    reply = citizen.messages("person").last
    expect(reply).to_contain_text("Kurā datumā slēgta darbnespējas lapa?")
    expect(reply.locator(".by")).to_contain_text("Anna Bērziņa")
    citizen.say("10. novembrī")
    expect(anna.messages("citizen").last).to_contain_text("10. novembrī")
    expect(anna.messages("operator").last).to_contain_text("Izlasīts")
    assert between_people(citizen.transcript()) == between_people(anna.transcript())
    anna.close_conversation("Pabalsti", "Atrisināts")

    expect(citizen.status).to_have_text("Saruna ir beigusies")
    citizen.page.get_by_label("Ļoti labi").check()
    citizen.page.get_by_label(re.compile("Ko varam uzlabot")).fill("Ātri un saprotami")
    citizen.page.get_by_role("button", name="Iesniegt vērtējumu").click()
    expect(citizen.page.get_by_text("Paldies par vērtējumu!")).to_be_visible()

    liga = new_staff("liga", accept_downloads=True)
    liga.page.get_by_role("link", name="Gadījumi").click()
    row = liga.page.locator("tbody tr").first
    expect(row).to_contain_text("1. līmenis")
    expect(row).to_contain_text("Atrisināts")
    expect(row).to_contain_text("5/5")
    expect(row).to_contain_text("Anna Bērziņa")
    with liga.page.expect_download() as download:
        liga.page.locator("a[download]").click()
    text = Path(download.value.path()).read_bytes().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    number = row.locator("th a").inner_text()
    counted = next(one for one in rows if number in one.values())
    assert conversation in counted.values()
    assert {"1", "resolved", "5", "Anna Bērziņa"} <= set(counted.values()), counted

    row.locator("th a").click()
    expect(liga.page.locator(".case")).to_contain_text("Anna Bērziņa")
    liga.page.get_by_role("link", name="Atvērt sarunu").click()
    expect(liga.page.locator(".details")).to_contain_text("Ātri un saprotami")
