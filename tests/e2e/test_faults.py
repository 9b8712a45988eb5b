"""What fails in service, in real browsers: the network, the gateway, Rasa. Nothing is lost, nothing doubled, all comes back."""

from __future__ import annotations

import re
from collections import Counter

from playwright.sync_api import expect

from .conftest import NewCitizen, NewStaff
from .people import Citizen, Staff, between_people
from .product import Product, until

QUESTION = "Kā pieteikties slimības pabalstam?"
#: Both pages try again after growing pauses of at most 15 seconds.
BACK_MS = 30_000
LOST = "Savienojums zudis. Atjauno…"


def _same_everywhere(product: Product, citizen: Citizen, staff: Staff, conversation: str, messages: int) -> None:
    """Both pages show what the database holds, in its order, each message once."""
    stored = product.query(
        "SELECT author_kind, text FROM message WHERE conversation_id = ? ORDER BY seq",
        conversation,
    )
    people = [("citizen" if kind == "citizen" else "person", text) for kind, text in stored if kind in _PEOPLE]
    assert len(people) == messages, people
    assert max(Counter(people).values()) == 1, people
    assert between_people(citizen.transcript()) == people
    assert between_people(staff.transcript()) == people


_PEOPLE = ("citizen", "operator", "specialist")


def test_network_cut_while_both_write(new_citizen: NewCitizen, new_staff: NewStaff, product: Product) -> None:
    citizen, anna = new_citizen().visit().open_chat(), new_staff("anna")
    citizen.ask_for_person()
    conversation = anna.take_next()
    anna.say("Labdien! Ar ko varu palīdzēt?")
    citizen.say("Labdien! Man ir jautājums par pabalstu.")

    citizen.context.set_offline(True)
    expect(citizen.page.get_by_text(LOST)).to_be_visible()
    citizen.write("Vai jūs mani dzirdat?")
    citizen.write("Rakstu otrreiz, jo tīkla nav.")
    anna.say("Klausos jūs.")
    anna.context.set_offline(True)
    expect(anna.page.locator(".status--lost")).to_be_visible()
    anna.write("Pirmā ziņa bez tīkla")
    anna.write("Otrā ziņa bez tīkla")
    expect(anna.messages("failed")).to_have_count(2)

    citizen.context.set_offline(False)
    expect(citizen.messages("person")).to_have_count(2, timeout=BACK_MS)
    expect(citizen.page.get_by_text("Nav nosūtīts")).to_have_count(0)
    citizen.say("Tagad tīkls ir.")
    anna.context.set_offline(False)
    expect(anna.messages("failed")).to_have_count(0, timeout=BACK_MS)
    expect(anna.messages("operator")).to_have_count(4, timeout=BACK_MS)
    expect(anna.messages("citizen")).to_have_count(5)
    expect(citizen.messages("person")).to_have_count(4)
    expect(citizen.messages("own")).to_have_count(5)
    _same_everywhere(product, citizen, anna, conversation, 9)


def test_gateway_killed_and_restarted(new_citizen: NewCitizen, new_staff: NewStaff, product: Product) -> None:
    anna = new_staff("anna")
    served, asking = new_citizen().visit().open_chat(), new_citizen().visit().open_chat()
    served.ask_for_person()
    conversation = anna.take_next()
    anna.say("Labdien! Klausos.")

    # The question is stored, its answer is not there yet, and then there is no gateway.
    with product.rasa.frozen():
        asking.say(QUESTION)
        product.gateway.kill()

    for citizen in (served, asking):
        expect(citizen.page.get_by_text(LOST)).to_be_visible()
    expect(anna.page.locator(".status--lost")).to_be_visible()
    served.write("Rakstīts, kamēr serveris nedarbojās")
    anna.write("Arī šī rakstīta, kamēr serveris nedarbojās")
    expect(anna.messages("failed")).to_have_count(1)

    product.gateway.start()
    product.gateway.wait_ready()
    expect(served.messages("own").last).to_contain_text(re.compile("Nosūtīts|Redzēts"), timeout=BACK_MS)
    expect(anna.messages("citizen").last).to_contain_text("kamēr serveris nedarbojās", timeout=BACK_MS)
    expect(anna.messages("failed")).to_have_count(0, timeout=BACK_MS)
    expect(served.messages("person")).to_have_count(2, timeout=BACK_MS)
    expect(anna.page.locator(".status--lost")).to_have_count(0)
    _same_everywhere(product, served, anna, conversation, 4)

    answers = asking.messages("assistant").filter(has_text="Slimības pabalst")
    expect(answers.first).to_be_visible(timeout=BACK_MS)
    expect(asking.status).to_have_text("Atbild virtuālais asistents")
    seen = [words for kind, words in asking.transcript() if kind == "assistant"]
    assert max(Counter(seen).values()) == 1, seen
    assert [words for kind, words in asking.transcript() if kind == "citizen"] == [QUESTION]


def test_rasa_killed_and_restarted(new_citizen: NewCitizen, new_staff: NewStaff, product: Product) -> None:
    anna = new_staff("anna")
    before = new_citizen().visit().open_chat()
    expect(before.ask(QUESTION)).to_contain_text("Slimības pabalst")
    product.rasa.kill()
    try:
        before.say("Vai var pieteikties internetā?")
        expect(before.messages("system").last).to_contain_text("Atvainojiet")
        expect(before.messages("system").last).to_contain_text(re.compile(r"aptuveni \d+ minū"))
        expect(before.status).to_have_text("Gaidām operatoru")
        expect(before.page.locator(".wait")).to_contain_text(re.compile(r"aptuveni \d+ minū"))
        expect(anna.cards().locator(".card__why")).to_contain_text("Palīgs neatbildēja")
        health = before.context.request.get(f"{product.url}/health")
        assert health.status == 503
        assert not health.json()["parts"]["rasa"]["ok"]
    finally:
        product.rasa.start()
    anna.take_next()
    expect(anna.messages("citizen").last).to_contain_text("Vai var pieteikties internetā?")
    anna.say("Jā, portālā latvija.gov.lv.")
    expect(before.messages("person").last).to_contain_text("latvija.gov.lv")

    product.rasa.wait_ready()
    until(lambda: before.context.request.get(f"{product.url}/health").ok, 60, "health after Rasa's restart")
    after = new_citizen().visit().open_chat()
    expect(after.ask(QUESTION)).to_contain_text("Slimības pabalst")
    expect(after.status).to_have_text("Atbild virtuālais asistents")
