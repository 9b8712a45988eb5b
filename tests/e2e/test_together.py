"""Several people at work on one conversation: specialists, transfer, and two who reach for it at the same moment."""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from .conftest import NewCitizen, NewStaff
from .people import Staff

QUESTION = "Kā pieteikties slimības pabalstam?"


def test_specialist_sees_a_conversation_only_when_brought_in(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    anna, ieva, peteris = (new_staff(name) for name in ("anna", "ieva", "peteris"))
    for specialist in (ieva, peteris):
        specialist.page.locator("#tab-all").click()
    citizen = new_citizen().visit().open_chat()
    citizen.ask(QUESTION)
    citizen.ask_for_person()
    conversation = anna.take_next()
    anna.say("Labdien! Pieaicināšu VSAA speciālisti.")
    # Others may have been brought in before, but not to this one.
    here = f'.list [data-card="{conversation}"]'
    for specialist in (ieva, peteris):
        expect(specialist.page.locator(here)).to_have_count(0)

    anna.press("s")
    # The institution that the service belongs to is chosen already.
    expect(anna.dialog.locator("input[type=radio]:checked")).to_have_value("vsaa")
    anna.dialog.locator("textarea").fill("Vai iemaksas par oktobri ir saņemtas?")
    anna.page.keyboard.press("Control+Enter")
    expect(anna.dialog).to_have_count(0)
    expect(anna.page.locator(".conversation__marks")).to_contain_text("Pie speciālista")

    expect(ieva.page).to_have_title(re.compile(r"^\(1\)"))
    ieva.open_card(conversation)
    expect(ieva.messages("citizen").first).to_contain_text(QUESTION)
    ieva.page.keyboard.press("t")
    expect(ieva.composer).to_be_focused()
    expect(citizen.status).to_have_text("Ar jums sarunājas Ieva Liepiņa no iestādes")
    ieva.write("Iemaksas ir saņemtas.")
    expect(citizen.messages("person").last).to_contain_text("Iemaksas ir saņemtas.")
    expect(citizen.messages("person").last.locator(".by")).to_contain_text("Ieva Liepiņa")

    expect(peteris.page.locator(here)).to_have_count(0)
    peteris.page.goto(f"{peteris.url}/console#/inbox/{conversation}")
    expect(peteris.page.locator(".conversation")).to_contain_text("Šī saruna jums nav pieejama")
    assert peteris.context.request.get(f"{peteris.url}/console/api/conversations/{conversation}").status == 404

    ieva.page.locator(".actions").get_by_role("button", name="Speciālists pabeidza").click()
    ieva.dialog.locator("button[type=submit]").click()
    expect(citizen.status).to_have_text("Ar jums sarunājas Anna Bērziņa")
    # Her page must know it too, else it would be refused as a change meanwhile.
    expect(anna.page.locator(".conversation__marks", has_text=re.compile("speciālist", re.I))).to_have_count(0)
    anna.close_conversation("Pabalsti", "Atrisināja iestādes speciālists")

    liga = new_staff("liga")
    liga.page.goto(f"{liga.url}/console#/cases")
    expect(liga.page.locator("tbody tr").first).to_contain_text("2. līmenis")


def test_transfer_is_accepted(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    anna, janis, citizen = new_staff("anna"), new_staff("janis"), new_citizen().visit().open_chat()
    citizen.ask_for_person()
    conversation = anna.take_next()
    anna.say("Labdien! Nodošu jūs kolēģim, kurš zina vairāk.")
    anna.press("o")
    anna.dialog.get_by_text("Jānis Kalniņš").click()
    anna.dialog.locator("textarea").fill("Tu par to zini vairāk")
    anna.page.keyboard.press("Control+Enter")
    expect(anna.page.locator(".composer--locked")).to_contain_text("Saruna piedāvāta: Jānis Kalniņš")
    # Until he accepts, the citizen is still Anna's.
    expect(citizen.status).to_have_text("Ar jums sarunājas Anna Bērziņa")

    expect(janis.page).to_have_title(re.compile(r"^\(1\)"))
    janis.open_card(conversation)
    expect(janis.page.locator(".actions").get_by_role("button", name="Pieņemt")).to_be_enabled()
    janis.page.keyboard.press("t")
    expect(janis.composer).to_be_focused()
    expect(citizen.status).to_have_text("Ar jums sarunājas Jānis Kalniņš")
    expect(janis.messages("operator").first).to_contain_text("Nodošu jūs kolēģim")
    janis.say("Labdien! Esmu iepazinies ar sarunu.")
    expect(citizen.messages("person").last.locator(".by")).to_contain_text("Jānis Kalniņš")
    expect(anna.composer).to_have_count(0)


def test_two_take_at_the_same_moment(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    both = [new_staff("anna"), new_staff("janis")]
    citizen = new_citizen().visit().open_chat()
    citizen.ask_for_person()
    held: list[Route] = []

    def hold(route: Route) -> None:
        # Both have pressed before either is told: only then do the requests go out, together.
        held.append(route)
        if len(held) == 2:
            for each in held:
                each.continue_()

    for staff in both:
        staff.page.route("**/take", hold)
        expect(staff.cards()).to_have_count(1)
        staff.page.keyboard.press("n")
        expect(staff.page.locator(".actions").get_by_role("button", name="Pārņemt")).to_be_enabled()
    for staff in both:
        staff.page.keyboard.press("t")

    names = {"anna": "Anna Bērziņa", "janis": "Jānis Kalniņš"}
    expect(citizen.status).to_have_text(re.compile("Ar jums sarunājas (Anna Bērziņa|Jānis Kalniņš)"))
    winner: Staff = next(one for one in both if names[one.email] in citizen.status.inner_text())
    loser: Staff = next(one for one in both if one is not winner)
    expect(loser.page.locator(".toast--error")).to_contain_text(f"Sarunu jau pārņēma {names[winner.email]}")
    expect(winner.composer).to_be_focused()
    expect(winner.page.locator(".toast--error")).to_have_count(0)
    expect(loser.composer).to_have_count(0)
    expect(citizen.messages("system").filter(has_text="pievienojas")).to_have_count(1)


def test_what_was_filled_in_survives_a_change_meanwhile(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    anna, ieva, citizen = new_staff("anna"), new_staff("ieva"), new_citizen().visit().open_chat()
    citizen.ask(QUESTION)
    citizen.ask_for_person()
    conversation = anna.take_next()
    anna.press("s")
    anna.dialog.locator("textarea").fill("Vai iemaksas par oktobri ir saņemtas?")
    anna.page.keyboard.press("Control+Enter")
    expect(anna.dialog).to_have_count(0)
    ieva.open_card(conversation)
    expect(ieva.messages("citizen").first).to_contain_text(QUESTION)
    ieva.page.keyboard.press("t")
    expect(citizen.status).to_have_text("Ar jums sarunājas Ieva Liepiņa no iestādes")
    met: list[Route] = []

    def meanwhile(route: Route) -> None:
        # The specialist finishes after the operator has pressed and before her request is there.
        met.append(route)
        if len(met) == 1:
            ieva.page.locator(".actions").get_by_role("button", name="Speciālists pabeidza").click()
            ieva.dialog.locator("button[type=submit]").click()
            expect(citizen.status).to_have_text("Ar jums sarunājas Anna Bērziņa")
        route.continue_()

    anna.page.route("**/close", meanwhile)
    expect(anna.page.locator(".conversation__marks")).to_contain_text("Speciālists: Ieva Liepiņa")
    anna.press("e")
    anna.dialog.get_by_text("Pabalsti", exact=True).click()
    anna.dialog.get_by_text("Atrisināts", exact=True).click()
    anna.dialog.locator("textarea").fill("Atbilde sniegta kopā ar speciālisti")
    anna.dialog.locator("button[type=submit]").click()
    expect(anna.dialog.get_by_role("alert")).to_contain_text("tikmēr mainījās")
    expect(anna.dialog.locator("textarea")).to_have_value("Atbilde sniegta kopā ar speciālisti")
    expect(citizen.status).to_have_text("Ar jums sarunājas Anna Bērziņa")
    # And what the citizen writes behind the dialog is read first.
    citizen.say("Un par novembri?")
    anna.dialog.locator("button[type=submit]").click()
    expect(anna.dialog.get_by_role("alert")).to_contain_text("Vispirms izlasiet viņa ziņu")
    expect(anna.messages("citizen").last).to_contain_text("Un par novembri?")
    anna.dialog.locator("button[type=submit]").click()
    expect(anna.dialog).to_have_count(0)
    expect(anna.page.locator(".composer--locked")).to_contain_text("noslēgta")
    assert len(met) == 3
