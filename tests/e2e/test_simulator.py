"""Somebody plays a follower in the simulator while staff sit at the console: the whole product, and nobody's account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from gateway.run import Child, simulator_process
from gateway.seed import DEMO_PASSWORD
from tests.fakes.graph_world import PAGE_IDS
from tests.fakes.simulator.people import ACCOUNTS, BOT, FOLLOWERS, X_ACCOUNT
from tests.stage import free_port

from .conftest import NewContext, NewStaff
from .people import Staff, assert_accessible
from .product import Process, Product

#: The page whose comments a person answers, and the one whose comments the assistant may.
BY_PEOPLE, BY_ASSISTANT = PAGE_IDS[1], PAGE_IDS[0]
_NAMES = {one.key: one.name for one in FOLLOWERS}


@pytest.fixture(scope="module")
def simulator(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The simulator as ``make run`` starts it, its accounts connected; its address."""
    folder = tmp_path_factory.mktemp("simulator")
    settings = product.settings.model_copy(update={"simulator_port": free_port(), "data_dir": folder})
    child = simulator_process(settings)
    assert child is not None
    process = Process(child, child.environment, folder / "simulator.log")
    process.start()
    try:
        process.wait_ready()
        yield str(settings.simulator_url)
    finally:
        process.stop()
        _switch_off(product)


def _switch_off(product: Product) -> None:
    """What has been connected leads nowhere any more: other tests are not to wait for it."""
    with httpx.Client(base_url=f"{product.url}/console/api", timeout=30) as admin:
        me = admin.post("/login", json={"email": "admin@demo.lv", "password": DEMO_PASSWORD}).raise_for_status()
        admin.headers["x-csrf-token"] = me.json()["csrf"]
        for row in admin.get("/channels").raise_for_status().json()["accounts"]:
            if row["platform_id"] in {one.platform_id for one in ACCOUNTS}:
                admin.put(f"/channels/{row['id']}", json={"enabled": False}).raise_for_status()


@dataclass
class Follower:
    """Somebody at the simulator's page."""

    page: Page
    url: str
    who: str

    def at(self, channel: str, account: str) -> Follower:
        """Looks at an account."""
        self.page.goto(f"{self.url}/#/{channel}/{account}/{self.who}")
        self.page.reload()
        expect(self.page.get_by_role("radio", name=_NAMES[self.who])).to_be_checked()
        expect(self.page.locator("#trouble")).to_be_visible()
        return self

    def write(self, label: str, text: str) -> None:
        """Writes into a field and sends it with Enter."""
        field = self.page.get_by_label(label, exact=True).first
        field.fill(text)
        field.press("Enter")
        expect(field).to_have_value("")

    def comment(self, text: str) -> Locator:
        """Comments under the newest post; the comment as it is shown."""
        self.write("Jūsu komentārs", text)
        shown = self.page.locator(".comment").filter(has_text=text).first
        expect(shown).to_be_visible()
        # Found again when it says something else.
        return self.page.locator(f"[id='{shown.get_attribute('id')}']")

    def message(self, text: str) -> None:
        """Writes a direct message."""
        self.write("Jūsu ziņa", text)
        expect(self.page.locator(".message--mine").last).to_contain_text(text)

    def answers(self) -> Locator:
        """What the account has written to this follower."""
        return self.page.locator(".message--theirs")


NewFollower = Any


@pytest.fixture
def new_follower(new_context: NewContext, simulator: str) -> NewFollower:
    """Makes followers: ``new_follower("ilze", **options of the browser)``."""

    def make(who: str, **options: Any) -> Follower:
        options = {"viewport": {"width": 1440, "height": 900}, **options}
        return Follower(new_context(**options).new_page(), simulator, who)

    return make


def _take(staff: Staff, words: str) -> str:
    """Takes what waits with these words; the conversation's id."""
    card = staff.cards().filter(has_text=words)
    expect(card).to_have_count(1)
    conversation = str(card.get_attribute("data-card"))
    card.click()
    staff.page.locator(".actions").get_by_role("button", name="Pārņemt").click()
    expect(staff.composer).to_be_focused()
    return conversation


def test_a_comment_is_answered_in_public(new_follower: NewFollower, new_staff: NewStaff, product: Product) -> None:
    ilze = new_follower("ilze").at("facebook", BY_PEOPLE)
    comment = ilze.comment("Vai klientu centrs strādā arī sestdienās?")
    expect(comment).to_contain_text("Ilze Kalniņa (jūs)")

    anna = new_staff("anna")
    card = anna.cards().filter(has_text="Vai klientu centrs")
    expect(card).to_contain_text("Siguldas novads")
    expect(card).to_contain_text("Ilze Kalniņa")
    conversation = _take(anna, "Vai klientu centrs")

    # The follower thinks better of it while the operator looks.
    comment.get_by_role("button", name="Labot").click()
    ilze.page.get_by_label("Jaunais teksts").fill("Vai klientu centrs strādā arī svētdienās?")
    ilze.page.get_by_label("Jaunais teksts").press("Enter")
    expect(comment).to_contain_text("labots")
    expect(anna.page.locator(".msgs")).to_contain_text("arī svētdienās?")

    anna.write("Nē, svētdienās centrs ir slēgts.")
    anna.dialog.get_by_role("button", name="Publicēt").click()
    answer = ilze.page.locator(".comment .comment").filter(has_text="svētdienās centrs ir slēgts")
    expect(answer).to_contain_text("Siguldas novads")
    expect(answer).to_contain_text("caur Pieturu")
    # Whoever reads with a screen reader is told.
    expect(ilze.page.get_by_role("status").filter(has_text="Jauna atbilde")).to_contain_text("svētdienās centrs")
    expect(anna.messages("operator").last).to_contain_text(re.compile("Nosūtīts|Piegādāts"))
    anna.close_conversation()
    assert product.query('SELECT count(*) FROM "case" WHERE conversation_id = ?', conversation) == [(1,)]


def test_the_assistant_answers_a_comment_by_itself(new_follower: NewFollower) -> None:
    andris = new_follower("andris").at("facebook", BY_ASSISTANT)
    comment = andris.comment("Kā pieteikties slimības pabalstam?")
    answer = comment.locator(".comment")
    expect(answer).to_have_count(1)
    expect(answer).to_contain_text("caur Pieturu")
    expect(answer).to_contain_text("abalst")


def test_a_talk_with_the_assistant_and_its_buttons(new_follower: NewFollower) -> None:
    ilze = new_follower("ilze").at("telegram", BOT[0])
    ilze.message("Kā pieteikties slimības pabalstam?")
    # The greeting first, then the answer.
    expect(ilze.answers()).to_have_count(2)
    expect(ilze.answers().last).to_contain_text("Slimības pabalsts")
    ilze.answers().last.get_by_role("button", name="Kāds ir apmērs?").click()
    expect(ilze.answers()).to_have_count(3)
    expect(ilze.answers().last).to_contain_text(re.compile(r"%|apmēr"))
    ilze.message("Gribu runāt ar operatoru")
    expect(ilze.answers()).to_have_count(4)
    expect(ilze.answers().last).to_contain_text(re.compile("operator", re.IGNORECASE))


def test_a_direct_message_and_an_answer_of_which_nobody_knows(new_follower: NewFollower, new_staff: NewStaff) -> None:
    juris = new_follower("juris").at("x", X_ACCOUNT[0])
    juris.message("Lūdzu, savienojiet mani ar operatoru")
    anna = new_staff("anna")
    _take(anna, "savienojiet mani")
    expect(juris.answers().filter(has_text="operator")).not_to_have_count(0)
    anna.write("Labdien, Juri! Kā varu palīdzēt?")
    expect(juris.answers().last).to_contain_text("Kā varu palīdzēt?")

    # X takes the next one and never says so; its echo does.
    juris.page.get_by_label("Ko sūta").select_option("privātu ziņu")
    juris.page.get_by_label("Ko dara tīkls").select_option("pieņem, bet atbild nesaprotami")
    juris.page.get_by_role("button", name="Iestatīt").click()
    expect(juris.page.locator(".set")).to_contain_text("vēl 1 reizi")
    anna.write("Vai rēķina numuru jūs zināt?")
    expect(juris.answers().last).to_contain_text("Vai rēķina numuru")
    expect(juris.page.locator(".set")).to_have_count(0)
    expect(anna.messages("operator").last).to_contain_text(re.compile("Nosūtīts|Piegādāts|Izlasīts"), timeout=60_000)
    expect(juris.answers().filter(has_text="Vai rēķina numuru")).to_have_count(1)
    anna.close_conversation()


@pytest.mark.parametrize(
    "size",
    [
        pytest.param({"viewport": {"width": 1440, "height": 900}}, id="desktop"),
        pytest.param({"viewport": {"width": 320, "height": 700}, "has_touch": True, "is_mobile": True}, id="phone"),
    ],
)
def test_the_page_is_accessible(new_follower: NewFollower, size: dict[str, Any]) -> None:
    emma = new_follower("emma", **size)
    for channel, account in (("facebook", BY_PEOPLE), ("x", X_ACCOUNT[0]), ("telegram", BOT[0])):
        page = emma.at(channel, account).page
        assert_accessible(page, channel)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{channel}: {wide} px wider than the screen"
    page.get_by_role("button", name="Sūtīt", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Uzrakstiet kaut ko.")
    expect(page.get_by_label("Jūsu ziņa", exact=True)).to_be_focused()
    assert_accessible(page, "an empty message")
    for language, title in (("Русский", "Симулятор социальных сетей"), ("English", "Social network simulator")):
        page.get_by_role("button", name=language).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        assert_accessible(page, language)


def test_what_was_said_outlives_a_restart(product: Product, tmp_path: Path) -> None:
    """A simulator of its own, connected to nobody: it goes on where it was."""
    port = free_port()
    child = simulator_process(product.settings.model_copy(update={"simulator_port": port, "data_dir": tmp_path}))
    assert child is not None
    alone = _alone(child)
    process = Process(alone, alone.environment, tmp_path / "log")
    url = f"http://127.0.0.1:{port}"
    process.start()
    try:
        process.wait_ready()
        say = {"account": BY_PEOPLE, "person": "7", "text": "Vai atceraties?", "kind": "comment"}
        first = httpx.post(f"{url}/facebook/_control/say", json=say).raise_for_status().json()
        process.stop()
        process.start()
        process.wait_ready()
        world = httpx.get(f"{url}/facebook/_control/world").raise_for_status().json()
        page = next(one for one in world["accounts"] if one["id"] == BY_PEOPLE)
        assert [one["text"] for one in page["posts"][0]["comments"]] == ["Vai atceraties?"]
        second = httpx.post(f"{url}/facebook/_control/say", json=say).raise_for_status().json()
        ids = [one["changes"][0]["value"]["comment_id"] for one in (first, second)]
        assert ids[0] != ids[1], "ids are never given twice"
    finally:
        process.stop()


def _alone(child: Child) -> Child:
    arguments = list(child.arguments)
    at = arguments.index("--gateway")
    return Child(child.name, (*arguments[:at], *arguments[at + 2 :]), child.cwd, child.environment, child.ready_url)
