"""Followers on platforms and staff at the console, in a real browser: from a comment to its answer, and what can go wrong."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, StorageState, expect, sync_playwright

from connectors.x.text import weighted_length
from tests.browser import launch
from tests.fakes.control import Attached
from tests.fakes.faults import Fault

from .conftest import NewStaff
from .people import Staff, assert_accessible
from .social import SocialStage

_PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
#: Somebody new for each test: Facebook numbers people by page.
_people = itertools.count(700_000_000_000_200)


def person() -> str:
    """A follower nobody has met."""
    return str(next(_people))


# --- the stage: a gateway with platforms instead of the product with Rasa ------------------------------------------------


@pytest.fixture(scope="module")
def product(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SocialStage]:
    """Stands in for the product: staff only need its address."""
    stage = SocialStage(tmp_path_factory.mktemp("social"), template)
    try:
        yield stage.start()
    finally:
        stage.stop()


@pytest.fixture
def social(product: SocialStage) -> Iterator[SocialStage]:
    """The stage; faults that a test has not used up do not reach the next one."""
    yield product
    for fake in (product.graph, product.x, product.telegram):
        fake.script.clear()


@pytest.fixture(scope="module")
def browser(product: SocialStage) -> Iterator[Browser]:
    """A browser for the module."""
    with sync_playwright() as playwright:
        found = launch(playwright)
        yield found
        found.close()


@pytest.fixture(scope="module")
def sessions() -> dict[str, StorageState]:
    """Sessions of this stage."""
    return {}


@pytest.fixture(autouse=True)
def _empty_queue() -> None:
    """What a test leaves behind is other people's: each test knows its own by name."""


# --- what is done again and again ----------------------------------------------------------------------------------------


def card_of(staff: Staff, words: str) -> Locator:
    """The card with these words in the tab in sight."""
    return staff.cards().filter(has_text=words)


def open_and_take(staff: Staff, words: str) -> str:
    """Opens what waits with these words and takes it; the conversation's id."""
    staff.page.locator("#tab-waiting").click()
    card = card_of(staff, words)
    expect(card).to_have_count(1)
    conversation = str(card.get_attribute("data-card"))
    card.click()
    expect(staff.page.locator("#conversation-title")).to_be_focused()
    staff.page.locator(".actions").get_by_role("button", name="Pārņemt").click()
    expect(staff.composer).to_be_focused()
    return conversation


def way(staff: Staff, name: str) -> Locator:
    """A way to answer, among the radio buttons."""
    return staff.page.locator(".ways").get_by_role("radio", name=re.compile(f"^{name}"))


def confirm_public(staff: Staff) -> None:
    """Says that everybody may read it."""
    expect(staff.dialog.get_by_role("heading", name="Atbildi redzēs visi")).to_be_visible()
    staff.dialog.get_by_role("button", name="Publicēt").click()
    expect(staff.dialog).to_have_count(0)


def last_own(staff: Staff) -> Locator:
    """What the signed-in person said last."""
    return staff.messages("operator").last


def check(staff: Staff, where: str) -> None:
    """Axe finds nothing, in light and dark, and nothing is wider than the screen."""
    assert_accessible(staff.page, where)
    wide = staff.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{where}: {wide} px wider than the screen"


# --- comments -------------------------------------------------------------------------------------------------------------


def test_a_comment_is_answered_in_public_and_then_privately(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    social.publish("Slimības pabalstu var pieteikt internetā.")
    elsewhere = social.comment(person(), "Vai pieteikties var arī pastā?", name="Ilze Priede")
    asked = social.comment(person(), "Cik ilgi jāgaida izmaksa?", name="Jānis Ozoliņš", ago=timedelta(minutes=5))
    card = card_of(anna, "Jānis Ozoliņš")
    expect(card.locator(".channel-icon")).to_contain_text("Facebook")
    expect(card.locator(".from__account")).to_have_text("Valsts sociālās apdrošināšanas aģentūra")
    expect(card.locator(".from__what")).to_contain_text("Slimības pabalstu var pieteikt internetā.")
    expect(card.locator(".wait--due")).to_contain_text(re.compile(r"vēl 5[34]:\d\d"))
    open_and_take(anna, "Jānis Ozoliņš")

    # The post on top, both comments under it, this one marked, the other one a link.
    expect(anna.page.locator(".post")).to_contain_text("Slimības pabalstu var pieteikt internetā.")
    expect(anna.page.locator(".post a")).to_have_attribute(
        "href", re.compile(r"^https://www\.facebook\.com/\d+/posts/\d+$")
    )
    expect(anna.page.locator(".tree__node")).to_have_count(2)
    here = anna.page.locator(".tree__node[aria-current=true]")
    expect(here).to_have_count(1)
    expect(here).to_contain_text("Cik ilgi jāgaida izmaksa?")
    other = anna.page.locator(".tree__node", has_text="Ilze Priede")
    expect(other.get_by_role("link", name=re.compile("Atvērt sarunu"))).to_have_attribute(
        "href", re.compile("#/inbox/")
    )
    # Taking it is no answer.
    expect(anna.page.locator(".conversation__marks .wait--due")).to_contain_text("vēl")
    check(anna, "a comment in its thread")

    expect(way(anna, "Publiski")).to_be_checked()
    anna.write("Labdien! Desmit dienu laikā.")
    assert [one.text for one in social.comments() if one.by == "us"] == []
    check(anna, "question before a public answer")
    # What is asked about can be left, and nothing is lost.
    anna.page.keyboard.press("Escape")
    expect(anna.composer).to_have_value("Labdien! Desmit dienu laikā.")
    anna.composer.press("Enter")
    confirm_public(anna)
    expect(last_own(anna)).to_contain_text("Nosūtīts")
    expect(last_own(anna)).to_contain_text("publiski")
    answer = next(one for one in social.comments() if one.by == "us")
    assert (answer.text, answer.parent) == ("Labdien! Desmit dienu laikā.", asked)
    expect(anna.page.locator(".conversation__marks .wait--due")).to_have_count(0)
    # In the same conversation it is not asked again.
    anna.write("Par kavēšanos atvainojamies.")
    expect(anna.messages("operator")).to_have_count(2)
    expect(last_own(anna)).to_contain_text("Nosūtīts")

    expect(anna.page.locator(".ways")).to_contain_text("atlikusi viena privāta atbilde")
    way(anna, "Privāti").check()
    expect(anna.page.get_by_role("button", name="Sūtīt privāti")).to_be_visible()
    anna.write("Jūsu lietas numurs ir 12.")
    expect(last_own(anna)).to_contain_text("privāti")
    expect(last_own(anna)).to_contain_text(re.compile("Nosūtīts|Piegādāts"))
    assert "Jūsu lietas numurs ir 12." not in [one.text for one in social.comments()]
    # The one private reply is used: said in words, and what is typed next goes nowhere by itself.
    expect(way(anna, "Privāti")).to_be_disabled()
    expect(anna.page.locator(".way--private")).to_contain_text("Privātā atbilde jau izmantota")
    expect(way(anna, "Publiski")).not_to_be_checked()
    anna.write("Vēl kas")
    expect(anna.page.locator("#composer-problem")).to_have_text("Izvēlieties, kā atbildēt.")
    expect(anna.composer).to_have_value("Vēl kas")
    check(anna, "private reply used")
    assert elsewhere


def test_the_thread_is_a_tree_and_lives(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    social.publish("Mainās darba laiks.")
    first = social.comment(person(), "No kura datuma mainās?", name="Rita Kļava")
    open_and_take(anna, "Rita Kļava")
    expect(anna.page.locator(".tree__node")).to_have_count(1)
    social.comment(person(), "Man arī interesē datums.", name="Uldis Vītols", parent=first)
    nested = anna.page.locator(".tree__node[aria-current] .tree--inner .tree__node")
    expect(nested).to_contain_text("Man arī interesē datums.")
    expect(nested).to_contain_text("Gaida operatoru")
    second = social.comment(person(), "Vai sestdienās arī?", name="Velta Zariņa")
    other = anna.page.locator(".tree__node", has_text="Velta Zariņa")
    expect(other).to_contain_text("Vai sestdienās arī?")
    social.outside("facebook", "Sestdienās nestrādājam.", ref=second)
    expect(other.locator(".answer")).to_contain_text("Sestdienās nestrādājam.")
    expect(other.locator(".answer")).to_contain_text("Kāds pašā tīklā")
    # From one comment to the other; each in its own conversation.
    other.get_by_role("link", name=re.compile("Atvērt sarunu.*Velta Zariņa")).click()
    here = anna.page.locator(".tree__node[aria-current=true]")
    expect(here.locator("> .comment")).to_contain_text("Vai sestdienās arī?")
    expect(anna.page.locator(".place-notes")).to_contain_text("Uz šo jau atbildēts ārpus Pieturas")
    expect(anna.messages("operator")).to_contain_text("atbildēts ārpus Pieturas")


def test_many_comments_show_those_near_by_at_first(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    social.publish("Jautājiet mums!")
    for number in range(12):
        social.comment(person(), f"Jautājums numur {number} tautai", name=f"Kārlis {number}.")
    open_and_take(anna, "numur 6 tautai")
    expect(anna.page.locator(".tree__node")).to_have_count(7)
    anna.page.get_by_role("button", name="Rādīt vēl 5 komentārus").click()
    expect(anna.page.locator(".tree__node")).to_have_count(12)
    anna.page.get_by_role("button", name="Rādīt tikai tuvākos").click()
    expect(anna.page.locator(".tree__node")).to_have_count(7)


def test_personal_data_in_public_is_answered_privately_and_hidden(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    asked = social.comment(person(), "Mans personas kods ir 010190-12345, pārbaudiet!", name="Andris Krūze")
    open_and_take(anna, "Andris Krūze")
    note = anna.page.locator(".place-note--warn")
    expect(note).to_contain_text("Komentārā ir personas dati, ko redz visi.")
    expect(way(anna, "Privāti")).to_be_checked()
    check(anna, "personal data in a comment")

    social.graph.script.add("hide", Fault.PERMISSION)
    note.get_by_role("button", name="Paslēpt komentāru").click()
    anna.dialog.locator("button[type=submit]").click()
    expect(anna.dialog.locator("textarea")).to_be_focused()
    expect(anna.dialog).to_contain_text("Uzrakstiet, kāpēc komentārs jāpaslēpj.")
    check(anna, "hiding without a reason")
    anna.dialog.locator("textarea").fill("Personas kods")
    anna.page.keyboard.press("Control+Enter")
    expect(anna.dialog).to_have_count(0)
    # The platform refused: that is seen, and it can be asked again.
    expect(anna.page.locator(".place-note--bad")).to_contain_text("Komentāru neizdevās paslēpt.")
    expect(anna.page.locator(".place-note--bad")).to_contain_text("trūkst vajadzīgās atļaujas")
    anna.page.locator(".actions").get_by_role("button", name="Paslēpt komentāru").click()
    anna.dialog.locator("textarea").fill("Personas kods")
    anna.page.keyboard.press("Control+Enter")
    expect(anna.page.locator(".place-notes")).to_contain_text("Komentāru paslēpa Anna Bērziņa")
    expect(anna.page.locator(".place-notes")).to_contain_text("Iemesls: Personas kods")
    expect(note).to_have_count(0)
    assert next(one for one in social.comments() if one.id == asked).hidden
    anna.page.locator(".actions").get_by_role("button", name="Parādīt komentāru").click()
    social.wait(lambda: not next(one for one in social.comments() if one.id == asked).hidden, "the comment shown again")
    expect(anna.page.locator(".actions").get_by_role("button", name="Paslēpt komentāru")).to_be_visible()


def test_the_hour_is_told_in_words_and_the_pressing_stand_first(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    for minutes, name in (
        (10, "Agris Mierīgais"),
        (35, "Baiba Steidzīgā"),
        (52, "Cilda Beidzamā"),
        (75, "Dina Nokavētā"),
    ):
        social.comment(person(), "Kad atbildēsiet?", name=name, ago=timedelta(minutes=minutes))
    for name, words in (
        ("Agris", r"vēl (49|50):\d\d"),
        ("Baiba", r"pagājusi puse, vēl 2[45]:\d\d"),
        ("Cilda", r"laiks beidzas, vēl 0[78]:\d\d"),
        ("Dina", r"nokavēts par 15:\d\d"),
    ):
        expect(card_of(anna, name).locator(".wait--due")).to_contain_text(re.compile(words))
    names = anna.cards().locator(".card__title").all_inner_texts()
    order = [next(i for i, one in enumerate(names) if name in one) for name in ("Dina", "Cilda", "Baiba", "Agris")]
    assert order == sorted(order), names
    check(anna, "list with clocks")


# --- direct messages ------------------------------------------------------------------------------------------------------


def test_a_chat_on_telegram_with_an_edit_and_attachments(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    marta = "500100"
    social.say("telegram", marta, "Gribu runāt ar operatoru", name="Marta Egle")
    open_and_take(anna, "Marta Egle")
    expect(anna.page.locator(".conversation__from")).to_contain_text("Telegram")
    expect(anna.page.locator(".composer")).to_contain_text("redzēs tikai saņēmējs")
    anna.write("Labdien, Marta!")
    expect(last_own(anna)).to_contain_text("Nosūtīts")
    assert ("us", "Labdien, Marta!") in social.chat("telegram", marta)

    told = social.say("telegram", marta, "Man vajag izziņu par ienākumiem")
    expect(anna.messages("citizen").last).to_contain_text("Man vajag izziņu par ienākumiem")
    ref = f"{told['message']['chat']['id']}:{told['message']['message_id']}"
    social.edit("telegram", ref, "Man vajag izziņu par pensiju")
    edited = anna.messages("citizen").last
    expect(edited).to_contain_text("Man vajag izziņu par pensiju")
    expect(edited).to_contain_text("labots")
    expect(edited).not_to_contain_text("ienākumiem")
    edited.get_by_role("button", name="Kas bija rakstīts iepriekš").click()
    expect(edited.locator(".history")).to_contain_text("Man vajag izziņu par ienākumiem")
    expect(edited.locator(".history")).to_contain_text("tiek reģistrēta")
    check(anna, "history of a message")

    social.say("telegram", marta, "", attachment=Attached(kind="sticker", name="👍"))
    expect(anna.messages("citizen").last.locator(".attachments")).to_contain_text("Uzlīme")
    # A long answer goes out in several messages, and that is said before.
    anna.composer.fill("Garš teikums par pensiju. " * 150)
    expect(anna.page.locator(".composer__count")).to_be_visible()
    anna.composer.fill("Paldies!")
    anna.composer.press("Enter")
    expect(last_own(anna)).to_contain_text("Nosūtīts")
    anna.close_conversation()


def test_an_edit_and_a_deletion_are_seen_live(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    asked = social.comment(person(), "Kāpēc tik lēni?", name="Sandra Roze")
    open_and_take(anna, "Sandra Roze")
    social.edit("facebook", asked, "Kāpēc tik lēni strādājat?")
    first = anna.messages("citizen").first
    expect(first).to_contain_text("Kāpēc tik lēni strādājat?")
    expect(first).to_contain_text("labots")
    first.get_by_role("button", name="Kas bija rakstīts iepriekš").click()
    expect(first.locator(".history__text")).to_have_text("Kāpēc tik lēni?")

    social.delete("facebook", asked)
    expect(first.locator(".msg__nothing")).to_have_text("Autors šo tekstu izdzēsa.")
    expect(first).not_to_contain_text("strādājat")
    # Nobody can answer what is gone: it ends by itself.
    expect(anna.page.locator(".composer--locked")).to_contain_text("noslēgta")
    expect(anna.page.locator(".place-notes")).to_contain_text("Komentārs tīklā ir izdzēsts.")
    check(anna, "deleted comment")


def test_a_failed_send_is_seen_and_sent_again(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    social.comment(person(), "Kur jūs atrodaties?", name="Gatis Apse")
    open_and_take(anna, "Gatis Apse")
    social.graph.script.add("comment", Fault.PERMISSION)
    anna.write("Rīgā, Lāčplēša ielā 70.")
    confirm_public(anna)
    trouble = last_own(anna).locator(".trouble--failed")
    expect(trouble).to_contain_text("Neizdevās nosūtīt.")
    expect(trouble).to_contain_text("Kontam trūkst vajadzīgās atļaujas.")
    check(anna, "failed send")
    trouble.get_by_role("button", name="Mēģināt vēlreiz").click()
    expect(last_own(anna)).to_contain_text("Nosūtīts")
    expect(trouble).to_have_count(0)
    assert [one.text for one in social.comments() if one.by == "us"].count("Rīgā, Lāčplēša ielā 70.") == 1


def test_an_unknown_send_is_decided_by_a_person(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    marta = "500101"
    social.say("telegram", marta, "Gribu runāt ar operatoru", name="Nora Zeme")
    conversation = open_and_take(anna, "Nora Zeme")
    anna.say("Labdien!")
    for number, (fault, decision) in enumerate(
        ((Fault.RESET_AFTER, "Atzīmēt kā nosūtītu"), (Fault.RESET, "Mēģināt vēlreiz")), 1
    ):
        social.telegram.script.add("send", fault)
        anna.write(f"Atbilde nr. {number}")
        trouble = last_own(anna).locator(".trouble--unknown")
        expect(trouble).to_contain_text("Nav zināms, vai pienāca.")
        expect(trouble).to_contain_text("Pārbaudiet tīklā")
        if number == 1:
            check(anna, "unknown send")
            # A colleague who may look may not decide.
            liga = new_staff("liga")
            liga.page.goto(f"{liga.url}/console#/inbox/{conversation}")
            expect(liga.page.locator(".trouble--unknown").get_by_role("button")).to_have_count(2)
        trouble.get_by_role("button", name=decision).click()
        expect(last_own(anna)).to_contain_text("Nosūtīts")
    said = [text for by, text in social.chat("telegram", marta) if by == "us" and text.startswith("Atbilde")]
    assert said == ["Atbilde nr. 1", "Atbilde nr. 2"]


def test_a_closed_window_is_refused_in_words_and_keeps_the_text(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    late = person()
    # A week and more ago: not even a person may write now.
    social.say("facebook", late, "Gribu runāt ar operatoru, Vilnis", ago=timedelta(hours=170))
    open_and_take(anna, "operatoru, Vilnis")
    closed = anna.page.locator(".composer .way--closed")
    expect(closed).to_contain_text("Laiks, kurā tīkls ļauj atbildēt, ir beidzies")
    anna.write("Labdien, Vilni!")
    expect(anna.page.locator("#composer-problem")).to_contain_text("Pašlaik šeit atbildēt nevar.")
    expect(anna.composer).to_have_value("Labdien, Vilni!")
    check(anna, "closed window")
    # He writes again, and what was typed can go out.
    social.say("facebook", late, "Vai kāds tur ir?")
    expect(closed).to_have_count(0)
    expect(anna.page.locator(".facts-line")).to_contain_text("Atbildēt var vēl 167 stundas")
    anna.composer.press("Enter")
    expect(last_own(anna)).to_contain_text(re.compile("Nosūtīts|Piegādāts"))


def test_what_only_a_person_may_still_write_is_explained(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    social.say("facebook", person(), "Gribu runāt ar operatoru, Pēteris", ago=timedelta(hours=30))
    open_and_take(anna, "operatoru, Pēteris")
    facts = anna.page.locator(".facts-line")
    expect(facts).to_contain_text("Atbildēt var vēl 137 stundas")
    expect(facts).to_contain_text("Asistents rakstīt vairs nedrīkst")


def test_blocked_by_the_citizen(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    who = "500102"
    social.say("telegram", who, "Gribu runāt ar operatoru", name="Oskars Lācis")
    open_and_take(anna, "Oskars Lācis")
    anna.composer.fill("Sāku rakstīt")
    social.block("telegram", who)
    expect(anna.page.locator(".composer .way--closed")).to_contain_text("ir bloķējis kontu")
    expect(anna.composer).to_have_value("Sāku rakstīt")


# --- X --------------------------------------------------------------------------------------------------------------------


def test_x_tells_the_price_and_counts_as_x_does(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    social.say("x", "900100", "@pietura kā pieteikt pabalstu?", kind="comment", name="Līva Saule")
    open_and_take(anna, "Līva Saule")
    expect(anna.page.locator(".composer .way")).to_contain_text("Publiski")
    expect(anna.page.locator(".facts-line")).to_contain_text(re.compile(r"Nosūtīšana maksā 0,01"))
    anna.composer.fill("a" * 270)
    expect(anna.page.locator(".composer__count")).to_have_text("Atlikušas 10 rakstzīmes")
    anna.composer.fill("a" * 281)
    anna.composer.press("Enter")
    expect(anna.page.locator("#composer-problem")).to_have_text("Teksts ir par 1 rakstzīmi garāks, nekā tīkls pieņem.")
    expect(anna.composer).to_have_value("a" * 281)
    check(anna, "text too long for X")
    anna.composer.fill("Portālā latvija.gov.lv.")
    anna.composer.press("Enter")
    confirm_public(anna)
    expect(last_own(anna)).to_contain_text("Nosūtīts")


def test_the_page_counts_as_the_connector_does(new_staff: NewStaff) -> None:
    anna = new_staff("anna")
    texts = [
        "labdien",
        "Āžu ķīļi – „šņācoši”",
        "https://latvija.gov.lv/lv/Pakalpojumi?x=1&y=2 paldies",
        "Skat. latvija.gov.lv.",
        "t.sk. un citi",
        "👍🏽 👨‍👩‍👧 🇱🇻 1️⃣ ©",
        "日本語",
        "ā̄ un ē",
        "e-pasts: anna@vsaa.gov.lv",
    ]
    counted = anna.page.evaluate(
        "async (texts) => { const m = await import('/console/static/count.js'); return texts.map(m.weighted); }", texts
    )
    assert counted == [weighted_length(text) for text in texts]


# --- keyboard, phone, citizens ---------------------------------------------------------------------------------------------


def test_a_comment_by_keyboard_alone(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    social.comment(person(), "Vai strādājat sestdienās?", name="Tija Upe")
    expect(card_of(anna, "Tija Upe")).to_have_count(1)
    page = anna.page
    page.keyboard.press("/")
    page.keyboard.type("Tija Upe")
    page.keyboard.press("Enter")
    expect(page.locator("#conversation-title")).to_contain_text("Tija Upe")
    page.locator("#conversation-title").focus()
    page.keyboard.press("t")
    expect(anna.composer).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(way(anna, "Publiski")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(way(anna, "Privāti")).to_be_checked()
    page.keyboard.press("ArrowLeft")
    expect(way(anna, "Publiski")).to_be_checked()
    page.keyboard.press("Tab")
    expect(anna.composer).to_be_focused()
    page.keyboard.type("Sestdienās nestrādājam.")
    page.keyboard.press("Enter")
    expect(anna.dialog).to_be_visible()
    # Enter once more, by mistake, publishes nothing.
    page.keyboard.press("Enter")
    expect(anna.dialog).to_be_visible()
    for _ in range(8):
        if page.evaluate("document.activeElement.textContent.trim() === 'Publicēt'"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(anna.dialog).to_have_count(0)
    expect(last_own(anna)).to_contain_text("Nosūtīts")
    expect(anna.composer).to_be_focused()
    # Into the thread and back.
    page.keyboard.press("Escape")
    expect(page.locator("#conversation-title")).to_be_focused()


def test_on_a_phone(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna", **_PHONE)
    social.comment(
        person(), "Vai var atnākt bez pieraksta? Kods 010190-12346", name="Ausma Jūra", ago=timedelta(minutes=51)
    )
    card = card_of(anna, "Ausma Jūra")
    expect(card.locator(".wait--due")).to_contain_text("laiks beidzas")
    check(anna, "list on a phone")
    card.click()
    anna.page.locator(".actions").get_by_role("button", name="Pārņemt").click()
    expect(anna.composer).to_be_visible()
    check(anna, "comment on a phone")
    anna.page.get_by_role("link", name="Sarunas dati").click()
    expect(anna.page.locator(".citizen")).to_contain_text("Ausma Jūra")
    check(anna, "details on a phone")
    narrow = new_staff("anna", viewport={"width": 320, "height": 640})
    narrow.page.goto(anna.page.url.removesuffix("/details"))
    expect(narrow.composer).to_be_visible()
    check(narrow, "comment at 320 px")


def test_the_same_question_on_two_channels_and_a_code(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    social.say("telegram", "500103", "Gribu runāt ar operatoru par slimības pabalstu", name="Ērika Tīruma")
    open_and_take(anna, "Ērika Tīruma")
    card = anna.page.locator(".citizen")
    expect(card.locator(".identity")).to_have_count(1)
    expect(card).to_contain_text("Nav sasaistīts ar citiem kanāliem.")
    card.get_by_role("button", name="Kods saistīšanai").click()
    code = card.locator("#code-word")
    expect(code).to_have_value(re.compile(r"^[A-Z0-9]{3}-[A-Z0-9]{3}$"))
    expect(code).to_be_focused()
    expect(card.locator("#code-left")).to_contain_text(re.compile(r"Der vēl (30:00|29:\d\d)"))
    check(anna, "code for linking")
    card.get_by_role("button", name="Ielikt atbildē").click()
    expect(anna.composer).to_have_value(re.compile(re.escape(code.input_value())))

    # She writes it on Facebook: both are hers, and it is said how that is known.
    there = person()
    social.say("facebook", there, "Labdien")
    social.say("facebook", there, code.input_value())
    # Nobody has written here: the page hears of it all the same.
    expect(card.locator(".identity")).to_have_count(2, timeout=30_000)
    expect(card).to_contain_text("Uzrakstīja kodu, kas dots citā kanālā")
    expect(card.locator(".past")).to_have_count(1)
    expect(card.locator(".past")).to_contain_text("Facebook")
    # Nobody serves that one: it is there to be read, and nothing is to be done in it.
    back = anna.page.url
    card.locator(".past").click()
    expect(anna.messages("citizen").first).to_contain_text("Labdien")
    expect(anna.composer).to_have_count(0)
    expect(anna.page.locator(".actions").get_by_role("button")).to_have_count(0)
    check(anna, "what was said elsewhere")
    anna.page.goto(back)
    linked = card.locator(".identity", has_text="Valsts sociālās apdrošināšanas aģentūra")
    linked.get_by_role("button", name=re.compile("^Atsaistīt")).click()
    anna.dialog.locator("button[type=submit]").click()
    expect(anna.dialog.locator("textarea")).to_be_focused()
    check(anna, "unlinking without a reason")
    anna.dialog.locator("textarea").fill("Cits cilvēks")
    anna.page.keyboard.press("Control+Enter")
    expect(card.locator(".identity")).to_have_count(1)


def test_a_link_leads_the_citizen_to_the_bot(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    social.say("facebook", person(), "Gribu runāt ar operatoru", name="Anda Līce")
    open_and_take(anna, "Anda Līce")
    card = anna.page.locator(".citizen")
    card.get_by_role("button", name="Saite uz Telegram").click()
    link = card.locator("#code-word")
    expect(link).to_have_value(re.compile(r"^https://t\.me/\w+\?start=[\w-]{16,}$"))
    expect(link).to_be_focused()
    check(anna, "link to a bot")
    card.get_by_role("button", name="Ielikt atbildē").click()
    expect(anna.composer).to_have_value(re.compile(re.escape(link.input_value())))
    # Whoever follows it is she.
    social.say("telegram", "500106", f"/start {link.input_value().split('=')[1]}", name="Anda")
    expect(card.locator(".identity")).to_have_count(2, timeout=30_000)


def test_conversations_are_linked_by_hand_with_a_reason(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    social.say("telegram", "500104", "Gribu runāt ar operatoru", name="Juris Kalns")
    social.comment(person(), "Kad maksās pensiju?", name="J. Kalns")
    expect(card_of(anna, "J. Kalns")).to_have_count(1)
    open_and_take(anna, "Juris Kalns")
    anna.page.get_by_role("button", name="Sasaistīt ar citu sarunu").click()
    anna.dialog.get_by_label("J. Kalns").check()
    anna.dialog.locator("textarea").fill("Pats pateica")
    check(anna, "linking by hand")
    anna.page.keyboard.press("Control+Enter")
    card = anna.page.locator(".citizen")
    expect(card.locator(".identity")).to_have_count(2)
    expect(card).to_contain_text("Sasaistīja darbinieks · Anna Bērziņa")
    expect(card).to_contain_text("Pats pateica")


def test_a_second_contact_is_suggested_and_closed_as_a_duplicate(new_staff: NewStaff, social: SocialStage) -> None:
    anna = new_staff("anna")
    question = "Kā pieteikt slimības pabalstu pilnvarotai personai?"
    social.comment(person(), question, name="Valentīna Skuja")
    social.say("telegram", "500105", question, name="Valentīna Skuja")
    social.say("telegram", "500105", "Gribu runāt ar operatoru")
    expect(card_of(anna, "Valentīna Skuja")).to_have_count(2)
    for where in ("privāta sarakste", "zem ieraksta"):
        anna.cards().filter(has_text="Valentīna Skuja").filter(has_text=where).click()
        expect(anna.page.locator(".citizen .identity")).to_contain_text("Valentīna Skuja")
    suggestion = anna.page.locator(".suggestion")
    expect(suggestion).to_contain_text("Citā kanālā jau ir atvērta saruna")
    expect(suggestion).to_contain_text("vienāds vārds")
    check(anna, "suggestion")
    suggestion.get_by_role("button", name="Tas ir tas pats jautājums").click()
    expect(anna.dialog).to_contain_text("tiks noslēgta kā dublikāts")
    check(anna, "question before closing a duplicate")
    anna.dialog.get_by_role("button", name="Noslēgt kā dublikātu").click()
    expect(anna.page.locator(".toast--ok", has_text="Dublikāts noslēgts.")).to_be_visible()
    expect(suggestion).to_have_count(0)
    expect(anna.page.locator(".citizen .identity")).to_have_count(2)
