"""The citizen's side on a real page: the invitation, three languages, and everything by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from .conftest import NewCitizen, NewStaff

QUESTION = "Kā pieteikties slimības pabalstam?"


def test_invitation_on_the_page_about_sickness(new_citizen: NewCitizen) -> None:
    citizen = new_citizen()
    page = citizen.page
    page.clock.install()
    citizen.visit()
    page.clock.run_for(20_000)
    expect(page.locator(".invite")).to_have_count(0)
    page.get_by_role("link", name="Slimības pabalsts").first.click()
    heading = page.get_by_role("heading", level=1, name="Slimības pabalsts")
    expect(heading).to_be_focused()
    page.clock.run_for(8_000)
    expect(page.locator(".invite")).to_have_count(0)
    page.clock.run_for(5_000)
    invitation = page.locator(".invite")
    expect(invitation).to_contain_text("Vai jums ir jautājums par slimības pabalstu?")
    # It disturbs nobody: the focus stays, the chat stays shut, what is read stays in sight.
    expect(heading).to_be_focused()
    expect(citizen.panel).to_be_hidden()
    box, text = invitation.bounding_box(), page.locator(".page:not([hidden]) .lead").bounding_box()
    assert box is not None
    assert text is not None
    assert box["y"] > text["y"] + text["height"]

    page.get_by_role("button", name="Aizvērt ieteikumu").click()
    expect(invitation).to_have_count(0)
    page.reload()
    page.locator(".launcher").wait_for()
    page.clock.run_for(30_000)
    expect(invitation).to_have_count(0)


def test_invitation_opens_the_chat(new_citizen: NewCitizen) -> None:
    citizen = new_citizen()
    citizen.page.clock.install()
    citizen.visit("/demo#/slimibas-pabalsts")
    citizen.page.clock.run_for(13_000)
    citizen.page.locator(".invite-open").click()
    expect(citizen.panel).to_be_visible()
    expect(citizen.messages("assistant").first).to_contain_text("Labdien!")
    expect(citizen.page.locator(".invite")).to_have_count(0)


@pytest.mark.parametrize(
    ("code", "status", "question", "answer", "source"),
    [
        (
            "ru",
            "Отвечает виртуальный ассистент",
            "Как подать заявление на пособие по болезни?",
            "[а-я]{4,} [а-я]{3,}",
            "Источник",
        ),
        (
            "en",
            "The virtual assistant is answering",
            "How do I apply for sickness benefit?",
            r"[Ss]ickness [Bb]enefit",
            "Source",
        ),
    ],
)
def test_other_languages(
    new_citizen: NewCitizen, code: str, status: str, question: str, answer: str, source: str
) -> None:
    citizen = new_citizen().visit().open_chat()
    citizen.page.get_by_role("button", name=re.compile(f"^{code.upper()}")).click()
    expect(citizen.status).to_have_text(status)
    expect(citizen.page.locator("pietura-chat section.root")).to_have_attribute("lang", code)
    said = citizen.ask(question)
    expect(said.locator(".body")).to_have_text(re.compile(answer))
    expect(said.locator(".body")).to_have_attribute("lang", code)
    expect(said.locator(".source")).to_contain_text(source)
    citizen.page.reload()
    expect(citizen.status).to_have_text(status)
    expect(citizen.messages("own")).to_have_text([re.compile(re.escape(question))])


def test_russian_question_in_a_latvian_window_is_answered_in_russian(new_citizen: NewCitizen) -> None:
    citizen = new_citizen().visit().open_chat()
    said = citizen.ask("Сколько стоит паспорт?")
    expect(said.locator(".body")).to_have_text(re.compile("[а-я]{4,} [а-я]{2,}"))
    expect(said.locator(".body")).to_have_attribute("lang", "ru")


class Keys:
    """A keyboard that counts, and nothing else."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed: list[str] = []

    def press(self, *keys: str) -> None:
        """Presses keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed.append(key)

    def text(self, words: str) -> None:
        """Types words; they are not counted, since somebody must write them anyway."""
        self.page.keyboard.type(words)

    def focused(self) -> str:
        """What has the focus, inside the chat's shadow too."""
        found: str = self.page.evaluate(
            """() => {
              let at = document.activeElement;
              while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
              return `${at?.tagName.toLowerCase()}.${at?.className} ${at?.textContent?.slice(0, 60) ?? ''}`;
            }"""
        )
        return found


def test_citizen_by_keyboard_alone(new_citizen: NewCitizen) -> None:
    citizen = new_citizen().visit()
    keys = Keys(citizen.page)
    # From the end of the page, where the chat stands: Shift and Tab from the address bar leads there at once.
    keys.press("Shift+Tab")
    assert keys.focused().startswith("button.launcher"), keys.focused()
    keys.press("Enter")
    expect(citizen.panel).to_be_visible()
    expect(citizen.messages("assistant").first).to_be_visible()
    assert keys.focused().startswith("textarea.input"), keys.focused()
    keys.text(QUESTION)
    keys.press("Enter")
    answer = citizen.messages("assistant").nth(1)
    expect(answer).to_contain_text("Slimības pabalst")
    expect(citizen.page.locator(".log")).to_have_attribute("aria-live", "polite")
    assert len(keys.pressed) == 3, keys.pressed
    # Back through the choices to the links of the answer, and the text itself by the arrow keys.
    for _ in range(12):
        keys.press("Shift+Tab")
        if "Avots" in keys.focused():
            break
    assert "Avots" in keys.focused(), keys.focused()
    keys.press("Escape")
    expect(citizen.panel).to_be_hidden()
    assert keys.focused().startswith("button.launcher"), keys.focused()


def test_operator_by_keyboard_alone(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    citizen = new_citizen().visit().open_chat()
    citizen.ask(QUESTION)
    citizen.ask_for_person()
    anna = new_staff("anna")
    keys = Keys(anna.page)
    expect(anna.cards()).to_have_count(1)
    keys.press("n")
    expect(anna.page.locator(".actions").get_by_role("button", name="Pārņemt")).to_be_enabled()
    keys.press("t")
    expect(anna.composer).to_be_focused()
    keys.text("Labdien! Iesniegumu var aizpildīt portālā.")
    keys.press("Enter")
    expect(citizen.messages("person").last).to_contain_text("Iesniegumu var aizpildīt portālā.")
    keys.press("Escape", "e")
    expect(anna.dialog).to_be_visible()
    # The topic is known from what was asked: the focus is on the outcome, the first of the list.
    keys.press("Space", "Enter")
    expect(anna.dialog).to_have_count(0)
    expect(anna.page.locator(".composer--locked")).to_contain_text("noslēgta")
    expect(citizen.status).to_have_text("Saruna ir beigusies")
    closed = anna.api("GET", f"conversations/{anna.page.url.split('/')[-1]}")["card"]
    assert (closed["state"], closed["topic"]) == ("closed", "benefits")
    assert len(keys.pressed) <= 7, f"{len(keys.pressed)} keys besides the words: {keys.pressed}"
