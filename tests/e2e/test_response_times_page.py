"""The page of response times in a real browser: the figures, the rows behind them, by keyboard, on a phone, at 200 %."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from handoff.channels.models import ChannelThread
from handoff.conversations.models import Conversation

from . import accounts
from .accounts import AccountsStage, OpenConsole, assert_fits, tab_to

# The stage of the social pages, in place of the whole product.
browser, open_console, _empty_queue = accounts.browser, accounts.open_console, accounts._empty_queue
_SIZES = [
    pytest.param({"viewport": {"width": 1440, "height": 900}}, id="desktop"),
    # A desk's screen at 200 %.
    pytest.param({"viewport": {"width": 720, "height": 450}}, id="zoomed"),
    pytest.param({"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}, id="phone"),
]


@pytest.fixture(scope="module")
def social(template: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountsStage]:
    """The stage, and a day on its page: one answered in time, one late, one overdue, one fresh, two withdrawn."""
    social = AccountsStage(tmp_path_factory.mktemp("social"), template)
    social.start()
    social.publish("Piektdien strādājam līdz 14.00.")
    quick = social.comment("p1", "Un sestdien?", ago=timedelta(minutes=10))
    late = social.comment("p2", "Kāpēc tik agri?", ago=timedelta(hours=3))
    social.comment("p3", "Kas par to lems?", ago=timedelta(hours=2))
    social.comment("p4", "Vai strādās arī Cēsīs?")
    withdrawn = [
        social.comment("p5", "Nekas.", ago=timedelta(minutes=5)),
        social.comment("p6", "Neko.", ago=timedelta(hours=2)),
    ]
    found = _conversations(social, 6)
    liga = social.api("liga")
    for ref in (quick, late):
        path = f"/conversations/{found[ref]}"
        liga.post(f"{path}/take", json={"version": liga.get(path).json()["card"]["version"]}).raise_for_status()
        said = {"id": found[ref], "text": "Labdien! Sestdien nestrādājam.", "mode": "public"}
        liga.post(f"{path}/messages", json=said).raise_for_status()
    for ref in withdrawn:
        social.delete("facebook", ref)
    social.wait(lambda: _is_so(social), "the comments to be answered and withdrawn")
    yield social
    social.stop()


def _conversations(social: AccountsStage, count: int) -> dict[str, str]:
    """Conversations by the comments that they began with, once they all wait for a person."""
    social.wait(
        lambda: [one.state for one in social.rows(Conversation)].count("queued") == count, f"{count} to be queued"
    )
    return {str(one.comment_ref): one.conversation_id for one in social.rows(ChannelThread)}


def _is_so(social: AccountsStage) -> bool:
    answered = [one for one in social.rows(Conversation) if one.first_reply_at is not None]
    withdrawn = [one for one in social.rows(ChannelThread) if one.deleted_at is not None]
    return (len(answered), len(withdrawn)) == (2, 2)


def _period(social: AccountsStage) -> str:
    # Not "this month so far": at midnight on the first of a month yesterday is in another one.
    today = social.stage.clock.now().astimezone(ZoneInfo("Europe/Riga")).date()
    return f"from={today - timedelta(days=1)}&to={today}"


def _figure(page: Page, name: str) -> Locator:
    return page.locator(".response__total").get_by_role("link", name=re.compile(f" – {name}$"))


def test_figures_lead_to_their_rows_by_keyboard(open_console: OpenConsole, social: AccountsStage) -> None:
    page = open_console("liga").page
    more = page.get_by_role("button", name="Vēl", exact=True)
    more.focus()
    page.keyboard.press("Enter")
    link = page.get_by_role("navigation", name="Galvenā izvēlne").get_by_role("link", name="Atbilžu laiki")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Atbilžu laiki", level=1)).to_be_visible()
    page.goto(f"{social.url}/console#/response-times?{_period(social)}")
    total = page.locator(".response__total")
    expect(total).to_contain_text("33,3 %")
    expect(total).to_contain_text("laikā atbildēts uz 1 no 3 vērtējamiem komentāriem")
    expect(total).to_contain_text("Mērķis nav sasniegts")
    for name, count in (
        ("Uzrakstīti", 6),
        ("Atbildēts laikā", 1),
        ("Atbildēts par vēlu", 1),
        ("Gaida, termiņš ir pagājis", 1),
        ("Gaida, termiņš vēl nav pagājis", 1),
        ("Izdzēsti pirms atbildes", 2),
        ("Operators vai speciālists", 2),
    ):
        expect(_figure(page, name)).to_have_text(re.compile(f"^{count} "))
    expect(total.get_by_role("link", name=re.compile("no tiem 1 pēc termiņa"))).to_be_visible()
    # Nought leads nowhere.
    expect(_figure(page, "Noslēgti bez atbildes")).to_have_count(0)
    row = page.get_by_role("row", name=re.compile("Valsts sociālās apdrošināšanas aģentūra"))
    expect(row).to_contain_text("Mērķis nav sasniegts")

    tab_to(page, _figure(page, "Atbildēts par vēlu"))
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name="Komentāri: Atbildēts par vēlu", level=1)
    expect(heading).to_be_focused()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("saņemts")
    expect(page.locator("tbody tr")).to_contain_text(re.compile(r"3:0\d:\d\d"))
    expect(page.locator("tbody tr")).to_contain_text("Operators")
    with page.expect_download() as download:
        page.get_by_role("link", name="Lejupielādēt CSV").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert ";late;operator;" in lines[1]
    # On to the conversation itself, and back to the figures with the same filters.
    page.get_by_role("link", name=re.compile("Atvērt sarunu")).click()
    expect(page.get_by_text("Kāpēc tik agri?").first).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Atpakaļ uz atbilžu laikiem").click()
    expect(total).to_contain_text("33,3 %")
    assert _period(social) in page.url


def test_filters_stay_in_the_address_and_mistakes_are_told(open_console: OpenConsole, social: AccountsStage) -> None:
    page = open_console("admin", f"response-times?{_period(social)}").page
    page.get_by_label("Konts", exact=True).select_option(social.accounts["facebook"])
    page.get_by_role("button", name="Atlasīt").click()
    expect(page).to_have_url(re.compile(f"account={social.accounts['facebook']}"))
    expect(page.locator(".response__total")).to_contain_text("33,3 %")
    page.reload()
    expect(page.get_by_label("Konts", exact=True)).to_have_value(social.accounts["facebook"])
    page.get_by_label("No datuma").fill("2026-02-02")
    page.get_by_label("Līdz datumam").fill("2026-02-01")
    page.get_by_role("button", name="Atlasīt").click()
    expect(page.get_by_label("Līdz datumam")).to_be_focused()
    expect(page.get_by_text("Beigu datums ir agrāks par sākuma datumu.")).to_be_visible()
    page.goto(f"{social.url}/console#/response-times?from=2020-02-01&to=2020-02-28")
    expect(
        page.get_by_text(re.compile(r"No 01\.02\.2020\.? līdz 28\.02\.2020\.? šādu komentāru nav\."))
    ).to_be_visible()
    # What the server refuses stands there in words, and can be tried again.
    page.goto(f"{social.url}/console#/response-times?from=2020-02-01&to=2026-02-28")
    expect(page.locator(".alert")).to_contain_text("kas nav garāks par 366 dienām")
    expect(page.get_by_role("button", name="Mēģināt vēlreiz")).to_be_visible()
    assert_fits(page, "refusal")


def test_operators_do_not_see_it(open_console: OpenConsole, social: AccountsStage) -> None:
    page = open_console("anna", "response-times").page
    expect(page.locator(".inbox")).to_be_visible()
    expect(page.get_by_role("link", name="Atbilžu laiki")).to_have_count(0)


@pytest.mark.parametrize("size", _SIZES)
def test_accessible_at_every_size(open_console: OpenConsole, social: AccountsStage, size: dict[str, Any]) -> None:
    page = open_console("liga", f"response-times?{_period(social)}", **size).page
    expect(page.locator(".response__total")).to_contain_text("33,3 %")
    assert_fits(page, "figures")
    # At night and before holidays the header has much more to say of working time.
    page.evaluate(
        "document.querySelector('.pill__text').textContent = 'Ārpus darba laika, līdz pirmdienai. '.repeat(6)"
    )
    assert_fits(page, "header")
    for figure, words in (
        ("placed", "Gaida, laiks pagājis"),
        ("withdrawn_late", "izdzēsts"),
        ("closed_unanswered", "nav."),
    ):
        page.goto(f"{social.url}/console#/response-times/rows?{_period(social)}&figure={figure}")
        expect(page.get_by_text(words).first).to_be_visible()
        assert_fits(page, f"rows of {figure}")
    page.goto(f"{social.url}/console#/response-times?from=2020-02-01&to=2020-02-28")
    expect(page.get_by_text("šādu komentāru nav.")).to_be_visible()
    assert_fits(page, "nothing")
