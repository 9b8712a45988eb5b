"""What helps the answer, with real clicks and keys: suggestions, canned answers, the knowledge base; and their editor's page."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from .accounts import assert_fits
from .conftest import NewCitizen, NewStaff
from .people import Staff

QUESTION = "Kādi dokumenti vajadzīgi slimības pabalstam?"


def _serves(citizen_of: NewCitizen, staff_of: NewStaff, who: str = "anna") -> Staff:
    """Somebody who has taken a conversation in which a question stands open."""
    staff, citizen = staff_of(who), citizen_of().visit().open_chat()
    citizen.ask_for_person()
    staff.take_next()
    citizen.say(QUESTION)
    expect(staff.messages("citizen").last).to_contain_text(QUESTION)
    expect(staff.page.locator(".aid")).to_have_count(3)
    return staff


def test_a_suggested_answer_is_one_key_away(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    anna = _serves(new_citizen, new_staff)
    first = anna.page.locator("[data-aid='1']")
    expect(first).to_contain_text("Slimības pabalsts")
    expect(first.locator(".aid__chance")).to_have_text(re.compile(r"^\d+\s?%$"))
    # While writing: after what stands there, nothing is lost.
    anna.composer.fill("Labdien!")
    anna.composer.press("Alt+1")
    expect(anna.composer).to_have_value(re.compile(r"^Labdien!\n\n.{40,}", re.DOTALL))
    expect(anna.composer).to_be_focused()
    # Not while writing: the digit alone.
    anna.composer.fill("")
    anna.press("2")
    second = anna.page.locator("[data-aid='2']").get_attribute("title")
    assert second
    expect(anna.composer).to_have_value(second)
    # Nothing has been said yet; it is sent as any other answer, and then there is no open question.
    expect(anna.messages("operator")).to_have_count(0)
    anna.composer.press("Enter")
    expect(anna.messages("operator")).to_have_count(1)
    expect(anna.page.locator(".aid")).to_have_count(0)


def test_a_canned_answer_by_its_shortcut(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    anna = _serves(new_citizen, new_staff)
    anna.composer.press("/")
    expect(anna.dialog.locator("#canned-search")).to_be_focused()
    assert_fits(anna.page, "canned answers")
    anna.page.keyboard.type("sve")
    expect(anna.dialog.locator(".canned__one").first).to_contain_text("Sasveicināšanās")
    anna.page.keyboard.press("Enter")
    expect(anna.dialog).to_have_count(0)
    expect(anna.composer).to_have_value(re.compile("Mani sauc Anna Bērziņa"))
    expect(anna.composer).to_be_focused()
    # A slash in the midst of a text is a slash.
    anna.composer.fill("8")
    anna.composer.press("/")
    expect(anna.composer).to_have_value("8/")
    # What is not known is selected: typing fills it.
    anna.composer.fill("")
    anna.press("p")
    anna.page.keyboard.type("registrs")
    expect(anna.dialog.locator(".canned__one").first).to_contain_text("/registrs")
    anna.page.keyboard.press("ArrowDown")
    anna.page.keyboard.press("Enter")
    expect(anna.composer).to_have_value(re.compile(r"\[iestāde\]|pati iestāde: \w"))


def test_the_knowledge_base_stands_beside_the_conversation(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    anna = _serves(new_citizen, new_staff)
    anna.press("z")
    search = anna.page.locator("#knowledge-search")
    expect(search).to_be_focused()
    anna.page.keyboard.type("pases maina")
    expect(anna.page.locator(".knowledge__one").first).to_contain_text("Pase")
    anna.page.keyboard.press("Enter")
    expect(anna.page.locator(".known").first).to_be_visible()
    assert_fits(anna.page, "knowledge base")
    cost = anna.page.locator(".known", has_text="Cik maksā?")
    text = cost.locator(".known__text").inner_text()
    cost.get_by_role("button").click()
    expect(anna.composer).to_have_value(re.compile(re.escape(text.splitlines()[0])))
    # In another language, as it stands there.
    anna.page.locator(".knowledge__search .segments button[lang=ru]").click()
    expect(anna.page.locator(".known__text").first).to_have_text(re.compile("[а-яё]{4}"))


def test_on_a_phone(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    anna = _serves(new_citizen, new_staff)
    anna.page.set_viewport_size({"width": 390, "height": 844})
    expect(anna.page.locator("[data-aid='1']")).to_be_visible()
    assert_fits(anna.page, "suggestions on a phone")
    anna.press("z")
    expect(anna.page.locator("#knowledge-search")).to_be_focused()
    anna.page.keyboard.type("slimības pabalsts")
    anna.page.keyboard.press("Enter")
    known = anna.page.locator(".known").first
    expect(known).to_be_visible()
    assert_fits(anna.page, "knowledge base on a phone")
    known.get_by_role("button").click()
    expect(anna.composer).to_be_focused()
    expect(anna.composer).not_to_have_value("")


def test_what_editors_write_operators_get(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    liga = new_staff("liga")
    liga.page.goto(f"{liga.url}/console#/canned")
    expect(liga.page.locator(".canned-row")).not_to_have_count(0)
    assert_fits(liga.page, "list of canned answers")
    liga.page.get_by_role("link", name="Jauna sagatave").click()
    liga.page.get_by_role("button", name="Saglabāt").click()
    expect(liga.page.locator(".field__error")).to_have_count(3)
    expect(liga.page.get_by_label("Nosaukums")).to_be_focused()
    assert_fits(liga.page, "form of a canned answer")
    liga.page.get_by_label("Nosaukums").fill("Rindas garums")
    liga.page.get_by_label("Īsvārds").fill("sveiki")
    liga.page.get_by_role("textbox", name="latviešu").fill("Šobrīd rindā ir maz cilvēku, {citizens}.")
    liga.page.get_by_role("button", name="Saglabāt").click()
    expect(liga.page.locator(".canned-form .alert")).to_contain_text("{citizens}")
    liga.page.get_by_role("textbox", name="latviešu").fill("Šobrīd rindā ir maz cilvēku, {citizen}.")
    liga.page.get_by_role("button", name="Saglabāt").click()
    expect(liga.page.locator(".field__error")).to_contain_text("jau ir aizņemts")
    liga.page.get_by_label("Īsvārds").fill("rinda")
    liga.page.get_by_role("button", name="Saglabāt").click()
    row = liga.page.locator(".canned-row", has_text="Rindas garums")
    expect(row).to_contain_text("Līga Krūmiņa")

    anna = _serves(new_citizen, new_staff)
    anna.composer.press("/")
    anna.page.keyboard.type("rinda")
    expect(anna.dialog.locator(".canned__one").first).to_contain_text("Rindas garums")
    anna.page.keyboard.press("Enter")
    expect(anna.composer).to_have_value("Šobrīd rindā ir maz cilvēku, [vārds].")
    anna.page.keyboard.type("Juri")
    expect(anna.composer).to_have_value("Šobrīd rindā ir maz cilvēku, Juri.")

    row.click()
    liga.page.get_by_role("button", name="Dzēst sagatavi").click()
    liga.dialog.get_by_role("button", name="Dzēst sagatavi").click()
    expect(row).to_have_count(0)


def test_a_note_is_for_colleagues_only(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    anna, liga = new_staff("anna"), new_staff("liga")
    citizen = new_citizen().visit().open_chat()
    citizen.ask_for_person()
    conversation = anna.take_next()
    anna.composer.fill("Iesākta atbilde")
    anna.press("i")
    field = anna.page.locator("#note-text")
    expect(field).to_be_focused()
    expect(anna.page.locator(".composer--note")).to_contain_text("Iedzīvotājs to neredz")
    anna.page.keyboard.type("Vai drīkstam solīt termiņu?")
    anna.page.locator("#note-mention").select_option("Līga Krūmiņa")
    expect(field).to_have_value("Vai drīkstam solīt termiņu? @Līga Krūmiņa ")
    expect(anna.page.locator("#note-hint")).to_contain_text("Līga Krūmiņa")
    assert_fits(anna.page, "note being written")
    anna.page.keyboard.press("Control+Enter")
    note = anna.page.locator(".msg--note")
    expect(note).to_contain_text("Vai drīkstam solīt termiņu?")
    # The answer that was begun is still there, and the focus with it.
    expect(anna.composer).to_have_value("Iesākta atbilde")
    expect(anna.composer).to_be_focused()

    # She is called wherever she is, and it is over once she has looked.
    expect(liga.page.locator(".toast")).to_contain_text("Kolēģis jūs piemin")
    liga.page.locator("#tab-all").click()
    card = liga.page.locator(f"[data-card='{conversation}']")
    expect(card.locator(".badge--called")).to_be_visible()
    card.click()
    expect(liga.page.locator(".msg--note")).to_contain_text("@Līga Krūmiņa")
    expect(card.locator(".badge--called")).to_have_count(0)
    expect(anna.page.locator(".looking")).to_contain_text("Līga Krūmiņa")
    # She whispers back without holding the conversation.
    liga.press("i")
    expect(liga.page.locator("#note-text")).to_be_focused()
    liga.page.keyboard.type("Nē, saki tikai vidējo.")
    liga.page.keyboard.press("Control+Enter")
    expect(anna.page.locator(".msg--note").last).to_contain_text("Nē, saki tikai vidējo.")
    assert_fits(anna.page, "conversation with notes")
    anna.say("Termiņu pateiks iestāde.")
    expect(citizen.messages("person").last).to_contain_text("Termiņu pateiks iestāde.")
    assert not [text for _, text in citizen.transcript() if "solīt" in text or "vidējo" in text]


def test_a_standard_question_by_eight_keys(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    """Picked up, answered and closed: what the table in docs/console.md counts."""
    anna, citizen = new_staff("anna"), new_citizen().visit().open_chat()
    citizen.say(QUESTION)
    citizen.ask_for_person()
    expect(anna.cards().first).to_be_visible()
    keys = anna.page.keyboard
    keys.press("n")
    expect(anna.page.locator(".actions").get_by_role("button", name="Pārņemt")).to_be_enabled()
    keys.press("t")
    expect(anna.composer).to_be_focused()
    expect(anna.page.locator(".aid")).to_have_count(3)
    keys.press("Alt+1")
    expect(anna.composer).to_have_value(re.compile(".{40,}", re.DOTALL))
    keys.press("Enter")
    expect(anna.messages("operator")).to_have_count(1)
    keys.press("Escape")
    keys.press("e")
    # The topic is known from what was asked.
    expect(anna.dialog.get_by_role("radio", name="Pabalsti")).to_be_checked()
    keys.press("Space")
    expect(anna.dialog.get_by_role("radio", name="Atrisināts", exact=True)).to_be_checked()
    keys.press("Control+Enter")
    expect(anna.page.locator(".composer--locked")).to_contain_text("noslēgta")
