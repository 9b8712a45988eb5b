"""The people of the end-to-end tests, each at a browser of his own: a citizen on the demo page, staff at the console."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import BrowserContext, Locator, Page, expect

from gateway.seed import DEMO_PASSWORD

from .product import until

AXE_OPTIONS: dict[str, object] = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
#: Kinds of messages, by how each page marks them.
_WIDGET_KINDS = {"own": "citizen", "assistant": "assistant", "person": "person", "system": "system"}
_CONSOLE_KINDS = {
    "citizen": "citizen",
    "assistant": "assistant",
    "operator": "person",
    "specialist": "person",
    "system": "system",
}

# All else is the same in dark.
_CONTRAST_ONLY: dict[str, object] = {"runOnly": ["color-contrast"]}
_AT_REST = """document.getAnimations().every(
    (it) => it.effect.getComputedTiming().endTime === Infinity || it.playState !== "running"
)"""

Said = list[tuple[str, str]]


def assert_accessible(page: Page, where: str) -> None:
    """No finding of axe on the page as it is now, in light and in dark."""
    for scheme, options in (("light", AXE_OPTIONS), ("dark", _CONTRAST_ONLY)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        _assert_no_finding(page, f"{where}, {scheme}", options)


def _assert_no_finding(page: Page, where: str, options: dict[str, object]) -> None:
    # What fades in is judged when it has come to rest; what turns for ever is not waited for.
    until(lambda: page.evaluate(_AT_REST), what="rest on the page")
    found = Axe().run(page, options=options).response["violations"]
    problems = [
        (each["id"], each["impact"], [(n["target"], n["failureSummary"]) for n in each["nodes"]]) for each in found
    ]
    assert problems == [], f"{where}: {problems}"


@dataclass
class Citizen:
    """Somebody on the demo page."""

    page: Page
    url: str

    @property
    def context(self) -> BrowserContext:
        """His browser."""
        return self.page.context

    @property
    def panel(self) -> Locator:
        """The chat's window."""
        return self.page.locator("dialog.panel")

    @property
    def status(self) -> Locator:
        """The line that says who speaks."""
        return self.page.locator(".who")

    def visit(self, path: str = "/demo") -> Citizen:
        """Goes to the demo page."""
        self.page.goto(self.url + path)
        self.page.locator(".launcher").wait_for()
        return self

    def open_chat(self) -> Citizen:
        """Opens the chat and waits for the greeting."""
        self.page.locator(".launcher").click()
        expect(self.panel).to_be_visible()
        expect(self.messages("assistant").first).to_be_visible()
        return self

    def messages(self, kind: str = "") -> Locator:
        """Messages of a kind: own, assistant, person, system."""
        return self.page.locator(f".msg.{kind}" if kind else ".msg")

    def write(self, text: str) -> None:
        """Writes and sends, without waiting."""
        self.page.locator(".input").fill(text)
        self.page.locator(".input").press("Enter")

    def say(self, text: str) -> None:
        """Writes, and waits until the server has it."""
        self.write(text)
        expect(self.messages("own").filter(has_text=text).last.locator(".meta")).to_contain_text(
            re.compile("Nosūtīts|Redzēts|Отправлено|Прочитано|Sent|Seen")
        )

    def ask(self, text: str) -> Locator:
        """Asks; the assistant's first message in answer."""
        before = self.messages("assistant").count()
        self.say(text)
        answer = self.messages("assistant").nth(before)
        expect(answer).to_be_visible()
        return answer

    def ask_for_person(self, text: str = "Gribu runāt ar operatoru") -> None:
        """Asks for a person and is in the queue."""
        self.say(text)
        expect(self.status).to_have_text("Gaidām operatoru")

    def transcript(self) -> Said:
        """Everything said, as the page shows it."""
        return _said(self.page, ".msg", [".body"], _WIDGET_KINDS, "")


@dataclass
class Staff:
    """Somebody at the console."""

    page: Page
    url: str
    email: str

    @property
    def context(self) -> BrowserContext:
        """The person's browser."""
        return self.page.context

    @property
    def composer(self) -> Locator:
        """Where the answer is written."""
        return self.page.locator("#composer-text")

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.locator("dialog[open]")

    def sign_in(self) -> Staff:
        """Opens the console and signs in, unless the session still holds."""
        self.page.goto(f"{self.url}/console")
        self.page.locator("#email, .top").first.wait_for()
        if self.page.locator("#email").count():
            self.page.locator("#email").fill(f"{self.email}@demo.lv")
            self.page.locator("#password").fill(DEMO_PASSWORD)
            self.page.keyboard.press("Enter")
        expect(self.page.locator(".top")).to_be_visible()
        expect(self.page.locator(".status__line")).to_contain_text("Savienots")
        return self

    def cards(self) -> Locator:
        """The cards of the tab in sight."""
        return self.page.locator(".list [data-card]")

    def take_next(self) -> str:
        """Opens whoever has waited longest and takes him, by keyboard; the conversation's id."""
        expect(self.cards().first).to_be_visible()
        self.page.keyboard.press("n")
        expect(self.page).to_have_url(re.compile("#/inbox/"))
        expect(self.page.locator(".actions").get_by_role("button", name="Pārņemt")).to_be_enabled()
        self.page.keyboard.press("t")
        expect(self.composer).to_be_focused()
        return self.page.url.split("/")[-1]

    def open_card(self, conversation: str, tab: str = "waiting") -> None:
        """Opens a conversation from the list."""
        self.page.locator(f"#tab-{tab}").click()
        self.page.locator(f"[data-card='{conversation}']").click()
        expect(self.page.locator("#conversation-title")).to_be_focused()

    def write(self, text: str) -> None:
        """Writes and sends, without waiting."""
        self.composer.fill(text)
        self.composer.press("Enter")

    def say(self, text: str) -> None:
        """Writes, and waits until the server has it."""
        self.write(text)
        expect(self.messages("operator").filter(has_text=text)).to_contain_text(re.compile("Nosūtīts|Izlasīts"))

    def messages(self, kind: str = "") -> Locator:
        """Messages in the open conversation."""
        return self.page.locator(f".msg--{kind}" if kind else ".msg")

    def press(self, key: str) -> None:
        """A shortcut: the focus is taken out of the text field first."""
        self.page.locator("#conversation-title").focus()
        self.page.keyboard.press(key)

    def close_conversation(self, topic: str = "Pabalsti", outcome: str = "Atrisināts") -> None:
        """Closes the open conversation with a topic and an outcome."""
        self.press("e")
        self.dialog.get_by_text(topic, exact=True).click()
        self.dialog.get_by_text(outcome, exact=True).click()
        self.dialog.locator("button[type=submit]").click()
        expect(self.dialog).to_have_count(0)
        expect(self.page.locator(".composer--locked")).to_contain_text("noslēgta")

    def transcript(self) -> Said:
        """Everything said, as the page shows it."""
        return _said(self.page, ".msg", [".msg__text", "bdi"], _CONSOLE_KINDS, "msg--")

    def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call of the console's API with the person's own session.

        Raises:
            AssertionError: the server refused.
        """
        csrf = self.context.request.get(f"{self.url}/console/api/me").json()["csrf"]
        answer = self.context.request.fetch(
            f"{self.url}/console/api/{path}", method=method, data=body, headers={"X-CSRF-Token": csrf}
        )
        assert answer.ok, answer.text()
        return answer.json()


def _said(page: Page, row: str, texts: list[str], kinds: dict[str, str], prefix: str) -> Said:
    # The first selector that finds something in a row holds its words.
    rows: list[list[Any]] = page.locator(row).evaluate_all(
        """(rows, texts) => rows.map((row) => [
            [...row.classList],
            texts.map((text) => row.querySelector(text)).find(Boolean).innerText.trim(),
        ])""",
        texts,
    )
    said = []
    for classes, words in rows:
        kind = next((kinds[name.removeprefix(prefix)] for name in classes if name.removeprefix(prefix) in kinds), "?")
        said.append((kind, words))
    return said


def between_people(said: Said) -> Said:
    """What people said to each other: the same words on both pages, without the furniture around."""
    return [(kind, words) for kind, words in said if kind in ("citizen", "person")]
