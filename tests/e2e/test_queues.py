"""Queues in a browser: a supervisor keeps them, an operator is offered what waits and answers with one key."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from .accounts import assert_fits
from .conftest import NewCitizen, NewStaff
from .people import Staff, assert_accessible


@pytest.fixture
def liga(new_staff: NewStaff) -> Iterator[Staff]:
    """A supervisor; the common queue is taken from by hand again afterwards."""
    liga = new_staff("liga")
    yield liga
    _common(liga, mode="pull")


def _common(liga: Staff, **values: object) -> None:
    common = liga.api("GET", "queues")["queues"][-1]
    body = {"name": common["name"], "version": common["version"], "mode": common["mode"], **values}
    liga.api("PUT", "queues/common", body)


def test_an_offer_is_answered_with_one_key(liga: Staff, new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    anna = new_staff("anna")
    liga.page.goto(f"{liga.url}/console#/queues/common")
    liga.page.get_by_label("Piedāvā", exact=True).check()
    liga.page.get_by_role("button", name="Saglabāt").click()
    expect(liga.page.locator(".queue-row").last).to_contain_text("Piedāvā")

    citizen = new_citizen().visit().open_chat()
    citizen.ask_for_person("Vai varu runāt ar operatoru?")
    offer = anna.page.locator(".offer")
    expect(offer).to_contain_text("Jums piedāvā sarunu")
    expect(offer.get_by_role("timer")).to_contain_text(re.compile(r"Atlikušais laiks: 00:\d\d"))
    expect(anna.page.locator("[aria-live=polite].vh")).to_contain_text("Pieņemt: A")
    expect(anna.page.locator(".load")).to_contain_text("1/4")
    anna.page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(anna.page, "an offer")
    anna.page.set_viewport_size({"width": 1440, "height": 900})

    # Passed: nobody else is there, so it waits and says why; the supervisor gives it to Anna after all.
    anna.page.keyboard.press("d")
    expect(offer).to_have_count(0)
    expect(anna.cards().first.locator(".card__waits")).to_contain_text("palaida garām")
    expect(anna.page.locator(".load")).to_contain_text("0/4")
    liga.page.goto(f"{liga.url}/console#/inbox")
    liga.cards().first.click()
    liga.page.locator(".actions").get_by_role("button", name="Piešķirt").click()
    expect(liga.dialog.get_by_text("Ir klāt · pieejams · slodze 0 no 4")).to_be_visible()
    assert_accessible(liga.page, "assigning")
    liga.dialog.get_by_text("Anna Bērziņa").click()
    liga.dialog.get_by_role("button", name="Piešķirt").click()
    expect(liga.dialog.get_by_text("Uzrakstiet iemeslu.")).to_be_visible()
    liga.dialog.get_by_label("Iemesls").fill("Anna šo lietu pazīst")
    liga.dialog.get_by_role("button", name="Piešķirt").click()
    expect(citizen.status).to_contain_text("Anna")
    expect(liga.dialog).to_have_count(0)

    # The next one is offered while she writes; the key is a letter there, and an answer elsewhere.
    anna.page.locator("#tab-mine").click()
    anna.cards().first.click()
    anna.composer.fill("Labdien")
    second = new_citizen().visit().open_chat()
    second.ask_for_person()
    expect(offer).to_be_visible()
    expect(anna.composer).to_be_focused()
    anna.composer.press("a")
    expect(anna.composer).to_have_value("Labdiena")
    anna.press("a")
    expect(second.status).to_contain_text("Anna")
    expect(offer).to_have_count(0)
    expect(anna.page.locator(".load")).to_contain_text("2/4")

    # Handed on to a queue by the keyboard: it is hers no longer, and its citizen hears of it.
    anna.page.locator("#conversation-title").focus()
    anna.press("o")
    anna.dialog.get_by_label("Rindai").check()
    queue = anna.dialog.get_by_role("radio", name="Kopējā rinda")
    expect(queue).to_be_visible()
    assert_accessible(anna.page, "handing on")
    anna.page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(anna.page, "handing on")
    anna.page.set_viewport_size({"width": 1440, "height": 900})
    anna.page.keyboard.press("Control+Enter")
    expect(anna.dialog.get_by_text("Izvēlieties rindu.")).to_be_visible()
    queue.check()
    anna.dialog.get_by_label("Kopsavilkums nākamajam operatoram").fill(
        "Dokumenti pārbaudīti; vajag pensiju speciālistu."
    )
    anna.page.keyboard.press("Control+Enter")
    expect(anna.dialog).to_have_count(0)
    expect(second.messages("system").last).to_contain_text("nododam citam operatoram")
    expect(anna.page.locator(".load")).to_contain_text("1/4")


def test_a_supervisor_keeps_queues_and_people(liga: Staff) -> None:
    page = liga.page
    page.goto(f"{liga.url}/console#/queues")
    expect(page.get_by_role("heading", name="Rindas", level=1)).to_be_visible()
    page.get_by_role("link", name="Jauna rinda").click()
    page.get_by_role("button", name="Saglabāt").click()
    expect(page.get_by_label("Nosaukums latviski")).to_be_focused()
    expect(page.get_by_text("Ierakstiet nosaukumu latviski.")).to_be_visible()
    page.get_by_label("Nosaukums latviski").fill("Krievu valodā")
    page.get_by_role("group", name="Valodas").get_by_label("krievu").check()
    page.get_by_role("button", name="Pievienot prasmi").click()
    page.get_by_label("1. prasme", exact=True).fill("nodokļi")
    page.get_by_label("Pievienot: Rindas centri").select_option("daugavpils")
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page, "a queue")
    page.get_by_role("button", name="Saglabāt").click()
    expect(page.locator(".queue-row")).to_have_count(4)
    assert_fits(page, "queues")
    row = page.locator(".queue-row").filter(has_text="Krievu valodā")
    expect(row).to_contain_text("nodokļi (no 3. līmeņa) · Daugavpils VPVKAC · citi centri pēc 30 sekundēm")
    page.set_viewport_size({"width": 1440, "height": 900})
    row.get_by_role("button", name="Augstāk: Krievu valodā").click()
    expect(page.locator(".queue-row").nth(1)).to_contain_text("Krievu valodā")

    # Somebody else changes it while the form is open: nothing typed is lost, what is stored is shown, and it is saved anew.
    row.get_by_role("link").click()
    page.get_by_label("Nosaukums angliski").fill("In Russian")
    stored = next(one for one in liga.api("GET", "queues")["queues"] if one["title"] == "Krievu valodā")
    other = {**stored, "enabled": False, "version": stored["version"]}
    liga.api("PUT", f"queues/{stored['id']}", {k: v for k, v in other.items() if k not in _NOT_SENT})
    page.get_by_role("button", name="Saglabāt").click()
    expect(page.locator(".notice")).to_contain_text("Tagad saglabāts: Krievu valodā")
    expect(page.get_by_label("Nosaukums angliski")).to_have_value("In Russian")
    page.get_by_label("Rinda ir ieslēgta").uncheck()
    page.get_by_role("button", name="Saglabāt").click()
    expect(row).to_contain_text("Izslēgta")

    page.get_by_role("link", name="Olga Ivanova").click()
    page.get_by_label("Lielākā slodze (vienības)").fill("3,5")
    page.get_by_role("button", name="Saglabāt").click()
    expect(page.get_by_text("Ierakstiet veselu skaitli no 0 līdz 50.")).to_be_visible()
    page.get_by_label("Lielākā slodze (vienības)").fill("3")
    assert_accessible(page, "a person")
    page.get_by_role("button", name="Saglabāt").click()
    expect(page.get_by_role("row").filter(has_text="Olga Ivanova")).to_contain_text("0 / 3")


_NOT_SENT = {"id", "common", "title", "waiting"}
