"""The walk of the guides: every page of the console with a year of made-up figures, as each role sees it.

Taken by ``make pictures`` into docs/pictures/walk; docs/guides/walk.md tells what each shows.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from gateway.settings import ROOT

from .people import Citizen, Staff

FOLDER: Final = ROOT / "docs" / "pictures" / "walk"
_LIMIT_BYTES: Final = 90_000
_QUALITIES: Final = (84, 76, 68, 60, 52, 44)
_PLACE: Final = {"locale": "lv-LV", "timezone_id": "Europe/Riga", "reduced_motion": "reduce", "color_scheme": "light"}
_WIDE: Final = {"viewport": {"width": 1440, "height": 900}, **_PLACE}

#: What stands there until everything has come.
_WAITING: Final = re.compile("Ielādē…|tiek sagatavotas")
#: Role → pages: name of the picture, and the address.
PAGES: Final = {
    "liga": (
        ("board", "#/board"),
        ("reports", "#/reports"),
        ("quality", "#/quality"),
        ("shifts", "#/shifts"),
        ("staffing", "#/staffing"),
        ("response-times", "#/response-times"),
        ("cases", "#/cases"),
        ("search", "#/search?q=pabalsts"),
        ("queues", "#/queues"),
    ),
    "baiba": (
        ("knowledge", "#/knowledge"),
        ("answer", "#/knowledge/vsaa-slimibas-pabalsts"),
        ("life", "#/life"),
        ("training", "#/training"),
        ("plans", "#/plans"),
        ("publications", "#/publications"),
    ),
    "admin": (
        ("channels", "#/channels"),
        ("people", "#/people"),
        ("hours", "#/hours"),
        ("sites", "#/sites"),
        ("open-data", "#/open-data"),
        ("audit", "#/audit"),
    ),
    "gunta": (
        ("settlements", "#/settlements"),
        ("disputes", "#/disputes"),
        ("tariffs", "#/tariffs"),
    ),
}


@dataclass
class Walk:
    """Somebody who goes through the console with a camera."""

    browser: Browser
    url: str
    taken: list[str] = field(default_factory=list)

    def whole(self) -> None:
        """Every page, the conversation first."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        self._conversation()
        for who, pages in PAGES.items():
            staff = self._sign_in(who)
            for name, place in pages:
                self._open(staff.page, place)
                self._take(staff.page, name)
            if who == "gunta":
                self._statement(staff.page)
            staff.context.close()

    def _sign_in(self, who: str) -> Staff:
        return Staff(self.browser.new_context(**_WIDE).new_page(), self.url, who).sign_in()

    def _open(self, page: Page, place: str) -> None:
        page.goto(f"{self.url}/console{place}")
        expect(page.locator("main h1").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        expect(page.locator("main").get_by_text(_WAITING)).to_have_count(0, timeout=90_000)

    def _conversation(self) -> None:
        stranger = self.browser.new_context(**_WIDE).new_page()
        stranger.goto(f"{self.url}/console")
        expect(stranger.locator("#email")).to_be_visible()
        self._take(stranger, "log-in")
        anna = self._sign_in("anna")
        citizen = Citizen(self.browser.new_context(**_WIDE).new_page(), self.url).visit().open_chat()
        expect(citizen.ask("Kā pieteikties slimības pabalstam?")).to_contain_text("Avots")
        self._take(citizen.page, "question")
        citizen.ask_for_person("Vai varu runāt ar operatoru?")
        expect(anna.cards()).to_have_count(1)
        self._take(anna.page, "inbox")
        anna.take_next()
        anna.say("Labdien! Redzu, ka jautājat par slimības pabalstu. Kas palika neskaidrs?")
        citizen.say("Ārsts lapu B noslēdza 10. novembrī. Līdz kuram datumam jāiesniedz iesniegums?")
        expect(anna.messages("citizen").last).to_contain_text("Līdz kuram datumam")
        expect(anna.page.locator(".aid")).to_have_count(3)
        self._take(anna.page, "conversation")
        anna.say("Iesniegt var sešu mēnešu laikā no darbnespējas pirmās dienas.")
        anna.page.locator(".msgs").click()
        anna.press("e")
        expect(anna.dialog).to_be_visible()
        self._take(anna.page, "closing")
        anna.page.keyboard.press("Escape")
        anna.close_conversation()
        for one in (anna, citizen):
            one.context.close()

    def _statement(self, page: Page) -> None:
        """A closed month, and one of its statements."""
        self._open(page, "#/settlements")
        page.locator("main a[href^='#/settlements/']").nth(2).click()
        expect(page.locator("main a[href^='#/statement/']").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        self._take(page, "month")
        page.locator("main a[href^='#/statement/']").first.click()
        expect(page.locator("main h1").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        self._take(page, "statement")

    def _take(self, page: Page, name: str) -> None:
        while page.locator(".toast button").count():
            page.locator(".toast button").first.click()
        page.mouse.move(0, 0)
        page.wait_for_timeout(500)  # a last movement ends
        data = _pressed(page.screenshot(caret="hide"))
        if len(data) > _LIMIT_BYTES:
            raise SystemExit(f"{name} is larger than {_LIMIT_BYTES // 1000} kB")
        (FOLDER / f"{name}.webp").write_bytes(data)
        self.taken.append(name)
        print(f"  walk/{name}.webp: {len(data) // 1000} kB", flush=True)


def _pressed(png: bytes) -> bytes:
    """As WebP, as good as the limit allows."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    data = b""
    for quality in _QUALITIES:
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", quality=quality, method=6)
        data = buffer.getvalue()
        if len(data) <= _LIMIT_BYTES:
            break
    return data
