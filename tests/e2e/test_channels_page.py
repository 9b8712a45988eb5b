"""The page of channel accounts in a real browser: the board, the form, what got stuck; by keyboard, on a phone, in a race."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from handoff.channels.models import (
    ChannelAccount,
    ChannelThread,
    InboundEventRow,
    OutboxRow,
    PlatformMessage,
    SocialPost,
)
from handoff.channels.ports import InboundEvent, Person
from handoff.channels.schemas import pack
from handoff.conversations.models import Conversation
from kit.clock import iso

from . import accounts
from .accounts import SPARE, AccountsStage, OpenConsole, assert_error_at, assert_fits, tab_to

# The stage of the social pages, in place of the whole product.
social, browser, open_console, _empty_queue = (
    accounts.social,
    accounts.browser,
    accounts.open_console,
    accounts._empty_queue,
)
#: The board looks anew after fifteen seconds.
_SOON_MS = 25_000
_SIZES = [
    pytest.param({"viewport": {"width": 1440, "height": 900}}, id="desktop"),
    pytest.param({"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}, id="phone"),
]

MakeEvent = Callable[..., int]
MakeSend = Callable[..., int]


@pytest.fixture
def spare(social: AccountsStage) -> Iterator[str]:
    """A second page, in good order; our id of it."""
    account_id = social.add_spare("facebook", name="Otrā lapa")
    yield account_id
    for kind in (PlatformMessage, ChannelThread, SocialPost, InboundEventRow, OutboxRow):
        social.remove(kind, account_id=account_id)
    social.remove(ChannelAccount, id=account_id)


@pytest.fixture
def dead_event(social: AccountsStage, spare: str) -> MakeEvent:
    """Puts an event there that was given up; its id. What it holds is in order, so that another attempt succeeds."""

    def make(text: str = "Vai kāds mani dzird?") -> int:
        now, ref = social.stage.clock.now(), uuid.uuid4().hex
        event = InboundEvent(f"m:{ref}", "message", now, ref, ref=ref, text=text, author=Person(ref, "Jānis Egle"))
        row = InboundEventRow(
            account_id=spare,
            key=event.key,
            thread=event.thread,
            kind=event.kind,
            occurred_at=now,
            received_at=now,
            event=pack(event),
            state="dead",
            attempts=6,
            next_at=now,
            error="KeyError (meaning.py:210)",
        )
        return int(social.add(row))

    return make


@pytest.fixture
def stuck_send(social: AccountsStage, spare: str) -> MakeSend:
    """Puts a send there that did not go out, or of which nobody knows; its id."""

    def make(state: str, reason: str, **values: Any) -> int:
        now = social.stage.clock.now()
        row = OutboxRow(
            **{
                "account_id": spare,
                "thread": uuid.uuid4().hex,
                "kind": "post",
                "payload": {"text": "Strādājam arī sestdien.", "by_person": True},
                "state": state,
                "reason": reason,
                "attempts": 1,
                "next_at": now,
                "created_at": now,
                "claimed_at": now,
                **values,
            }
        )
        return int(social.add(row))

    return make


def _card(page: Page, account_id: str) -> Locator:
    return page.locator(f"[data-account='{account_id}']")


def _row(page: Page, row_id: int) -> Locator:
    return page.locator(f"[data-row='{row_id}']")


def _account(social: AccountsStage, account_id: str) -> ChannelAccount:
    return next(one for one in social.rows(ChannelAccount) if one.id == account_id)


# --- adding and changing ------------------------------------------------------------------------------------------------


def test_an_account_is_added_connected_and_tested_by_keyboard(
    open_console: OpenConsole,
    social: AccountsStage,
) -> None:
    admin = open_console("admin", "channels")
    page, secrets = admin.page, social.credentials("facebook")
    tab_to(page, page.get_by_role("link", name="Pievienot kontu"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pievienot kontu", level=1)).to_be_visible()
    submit = page.get_by_role("button", name="Pievienot", exact=True)
    tab_to(page, submit)
    page.keyboard.press("Enter")
    # Nothing is filled in: each field says so, the first one has the focus.
    name = page.get_by_label("Nosaukums")
    expect(name).to_be_focused()
    assert_error_at(name, "Ievadiet nosaukumu")
    assert_error_at(page.get_by_label("Lapas numurs"), "Ievadiet konta numuru")
    assert_error_at(page.get_by_label("Lapas piekļuves marķieris"), "Ievadiet šo piekļuves datu vērtību")
    expect(page.get_by_text("Izvēlieties īpašnieku.")).to_be_visible()
    assert_fits(page, "form with errors")

    page.keyboard.type("Valmieras novada lapa")
    tab_to(page, page.get_by_label("Lapas numurs"))
    page.keyboard.type(SPARE["facebook"])
    tab_to(page, page.get_by_label("Meklēt: Īpašnieks"))
    page.keyboard.type("valmieras nov")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Valmieras novads")).to_be_checked()
    for label, key in (
        ("Lapas piekļuves marķieris", "page_token"),
        ("Lietotnes noslēpums", "app_secret"),
        ("Lietotnes numurs", "app_id"),
    ):
        tab_to(page, page.get_by_label(label))
        page.keyboard.type(secrets[key])
    # Chosen by us; a random one.
    make_up = page.get_by_role("button", name=re.compile("Izveidot nejaušu"))
    tab_to(page, make_up, "Shift+Tab")
    page.keyboard.press("Enter")
    assert len(page.get_by_label("Pārbaudes marķieris").input_value()) == 32
    tab_to(page, page.get_by_text("Izmēģinājumiem"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Tīkla saskarnes adrese"))
    page.keyboard.type(social.graph.url)
    tab_to(page, submit)
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name=re.compile("Konts pievienots"))).to_be_focused()
    account_id = re.search(r"#/channels/([0-9a-f-]{36})", page.url)[1]  # type: ignore[index]
    address = page.get_by_label("Paziņojumu adrese")
    expect(address).to_have_value(f"{social.url}/hooks/facebook/{account_id}")
    tab_to(page, page.get_by_role("button", name=re.compile("^Savienot")))
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Savienots: tīkls turpmāk sūtīs")).to_be_visible()
    tab_to(page, page.get_by_role("button", name=re.compile("^Pārbaudīt")), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Pārbaude izdevās")).to_be_visible()
    assert_fits(page, "account that was added")
    stored = _account(social, account_id)
    assert (stored.municipality_id, stored.institution_id) == ("valmieras-novads", None)
    assert stored.settings == {
        "comment_policy": "never",
        "direct": True,
        "human_agent": False,
        "base_url": social.graph.url,
    }
    social.remove(ChannelAccount, id=account_id)


def test_what_the_server_refuses_stands_at_its_field_and_nothing_typed_is_lost(
    open_console: OpenConsole,
    social: AccountsStage,
    spare: str,
) -> None:
    page = open_console("admin", "channels/new").page
    page.get_by_label("Nosaukums").fill("Tā pati lapa")
    number = page.get_by_label("Lapas numurs")
    number.fill(SPARE["facebook"])
    page.get_by_label("Meklēt: Īpašnieks").fill("valsts sociālās")
    page.get_by_role("radio", name=re.compile("Valsts sociālās apdrošināšanas")).check()
    for label in ("Lapas piekļuves", "Lietotnes noslēpums", "Pārbaudes marķieris", "Lietotnes numurs"):
        page.get_by_label(label).fill("kaut-kas-ievadīts")
    version = page.get_by_label("Saskarnes versija")
    version.fill("26")
    page.get_by_role("button", name="Pievienot", exact=True).click()
    expect(version).to_be_focused()
    assert_error_at(version, "v26.0")
    version.fill("v26.0")
    expect(version).not_to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Pievienot", exact=True).click()
    # Only the server knows that there is such an account.
    expect(number).to_be_focused()
    assert_error_at(number, "Šis konts jau ir pievienots")
    expect(page.get_by_label("Lapas piekļuves")).to_have_value("kaut-kas-ievadīts")
    # Away and back: what is not secret is still there, what is secret is kept nowhere.
    page.goto(f"{social.url}/console#/channels")
    expect(_card(page, spare)).to_be_visible()
    page.goto(f"{social.url}/console#/channels/new")
    expect(page.get_by_text("Atjaunots iepriekš nesaglabātais")).to_be_visible()
    expect(page.get_by_label("Nosaukums")).to_have_value("Tā pati lapa")
    expect(page.get_by_label("Lapas piekļuves")).to_have_value("")
    assert "kaut-kas-ievadīts" not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    page.get_by_role("button", name="Atmest un sākt no saglabātā").click()
    expect(page.get_by_label("Nosaukums")).to_have_value("")


def test_credentials_go_in_one_by_one_and_never_come_out(
    open_console: OpenConsole,
    social: AccountsStage,
    spare: str,
) -> None:
    page, secrets = open_console("admin").page, social.credentials("facebook")
    answers: list[str] = []
    page.on("response", lambda answer: answers.append(answer.text()) if "/api/channels" in answer.url else None)
    page.goto(f"{social.url}/console#/channels/{spare}")
    expect(page.get_by_text("Iestatīts", exact=True)).to_have_count(4)
    expect(page.locator("input[type=password]")).to_have_count(0)
    page.get_by_role("button", name=re.compile(r"Aizstāt.*Lapas piekļuves")).click()
    field = page.get_by_label("Lapas piekļuves marķieris")
    expect(field).to_be_focused()
    field.fill("pavisam-jauns-markieris")
    page.get_by_label("Nosaukums").fill("Otrā lapa, pārdēvēta")
    page.get_by_role("radio", name="Asistents publiski").check()
    with page.expect_request(lambda request: request.method == "PUT") as sent:
        page.get_by_role("button", name="Saglabāt", exact=True).click()
    assert sent.value.post_data_json["credentials"] == {"page_token": "pavisam-jauns-markieris"}
    expect(page.locator(".toast--ok")).to_contain_text("Izmaiņas saglabātas")
    expect(page.get_by_role("heading", name="Otrā lapa, pārdēvēta", level=1)).to_be_visible()
    expect(page.locator("input[type=password]")).to_have_count(0)
    stored = _account(social, spare)
    opened = social.stage.gateway.channels.opened(stored).credentials
    assert opened == {**secrets, "page_token": "pavisam-jauns-markieris"}
    assert stored.settings["comment_policy"] == "public"
    assert stored.settings["base_url"] == social.graph.url
    seen = page.content() + "".join(answers)
    assert answers
    assert not [name for name, secret in opened.items() if secret in seen and name != "app_id"]


def test_switching_off_and_on_asks_first(
    open_console: OpenConsole,
    social: AccountsStage,
    spare: str,
) -> None:
    admin = open_console("admin", "channels")
    card = _card(admin.page, spare)
    card.get_by_role("button", name=re.compile("^Izslēgt")).click()
    expect(admin.dialog).to_contain_text("netiek saņemti un nekas netiek sūtīts")
    assert_fits(admin.page, "question")
    admin.page.keyboard.press("Escape")
    expect(admin.dialog).to_have_count(0)
    expect(card.get_by_role("button", name=re.compile("^Izslēgt"))).to_be_focused()
    assert _account(social, spare).enabled
    card.get_by_role("button", name=re.compile("^Izslēgt")).click()
    admin.dialog.get_by_role("button", name="Izslēgt", exact=True).click()
    expect(card.locator(".standing")).to_have_text("Izslēgts")
    assert httpx.get(f"{social.url}/hooks/facebook/{spare}").status_code == 404
    card.get_by_role("button", name=re.compile("^Ieslēgt")).click()
    admin.dialog.get_by_role("button", name="Ieslēgt", exact=True).click()
    expect(card.locator(".standing")).to_have_text("Darbojas")
    assert httpx.get(f"{social.url}/hooks/facebook/{spare}").status_code == 403


# --- the board ----------------------------------------------------------------------------------------------------------


def test_the_board_says_what_is_wrong_worst_first_and_refreshes_itself(
    open_console: OpenConsole,
    social: AccountsStage,
    spare: str,
) -> None:
    page = open_console("admin", "channels").page
    cards = page.locator("[data-account]")
    expect(cards).to_have_count(4)
    expect(_card(page, spare).locator(".standing")).to_have_text("Darbojas")
    now = social.stage.clock.now()
    found = {
        "ok": False,
        "name": "Otrā",
        "token_expires_at": iso(now + timedelta(days=9, hours=3)),
        "api_version_ends": (now + timedelta(days=60, hours=3)).date().isoformat(),
        "webhook": "https://cits.example/hooks/facebook/1",
        "problems": ["token_expires", "api_version_ends"],
        "detail": None,
    }
    social.change_account(spare, check_result=found, spend=1.25, last_error="direct: window_closed", last_error_at=now)
    # By itself: nobody presses anything.
    card = _card(page, spare)
    expect(card.locator(".standing")).to_have_text("Jāpievērš uzmanība", timeout=_SOON_MS)
    expect(card).to_contain_text("Tīkls šī konta notikumus sūta uz citu adresi: https://cits.example/")
    expect(card).to_contain_text("Piekļuves marķieris derīgs vēl 9 dienas.")
    expect(card).to_contain_text(re.compile(r"saskarnes versija darbosies vēl (59|60) dien"))
    expect(card).to_contain_text("Privātā ziņa nav nosūtīta. Laiks, kurā tīkls ļauj atbildēt, ir beidzies.")
    expect(card).to_contain_text("1,25")
    expect(cards.first).to_have_attribute("data-account", spare)
    # A token that holds two weeks and a version that holds three months are no trouble.
    calm = {
        **found,
        "ok": True,
        "token_expires_at": iso(now + timedelta(days=15)),
        "api_version_ends": (now + timedelta(days=92)).date().isoformat(),
        "webhook": f"{social.url}/hooks/facebook/{spare}",
        "problems": [],
    }
    social.change_account(spare, check_result=calm, last_error=None, last_error_at=None)
    page.get_by_role("button", name="Atjaunot tagad").click()
    expect(card.locator(".standing")).to_have_text("Darbojas")
    social.change_account(spare, paused_reason="token")
    page.get_by_role("button", name="Atjaunot tagad").click()
    expect(card).to_contain_text("Sūtīšana ir apturēta: Tīkls vairs nepieņem konta piekļuves marķieri.")
    expect(page.locator(".board__summary")).to_contain_text("Apturēts: 1")


def test_nothing_slips_away_while_somebody_is_at_the_board(
    open_console: OpenConsole,
    social: AccountsStage,
    spare: str,
) -> None:
    social.change_account(spare, name="Žurnāla lapa")
    page = open_console("admin", "channels").page
    cards = page.locator("[data-account]")
    expect(cards).to_have_count(4)
    before = cards.evaluate_all("them => them.map((it) => it.dataset.account)")
    assert before[0] != spare
    cards.first.get_by_role("button", name=re.compile("^Pārbaudīt")).focus()
    social.change_account(spare, paused_reason="token")
    expect(_card(page, spare).locator(".standing")).to_have_text("Apturēts", timeout=_SOON_MS)
    assert cards.evaluate_all("them => them.map((it) => it.dataset.account)") == before
    page.locator("h1").click()
    page.get_by_role("button", name="Atjaunot tagad").click()
    expect(cards.first).to_have_attribute("data-account", spare)


def test_who_sees_what(open_console: OpenConsole, social: AccountsStage, spare: str) -> None:
    liga = open_console("liga", "channels")
    card = _card(liga.page, spare)
    expect(card).to_contain_text("Pēdējais notikums")
    expect(liga.page.locator("main button")).to_have_count(1)  # "refresh"
    expect(liga.page.get_by_role("link", name="Pievienot kontu")).to_have_count(0)
    # An address that is not his leads to the board, and the server gives nothing.
    liga.page.goto(f"{social.url}/console#/channels/{spare}")
    expect(card).to_be_visible()
    expect(liga.page.get_by_label("Paziņojumu adrese")).to_have_count(0)
    assert social.api("liga").get("/channels").status_code == 403
    social.change_account(spare, paused_reason="token")
    liga.page.get_by_role("button", name="Atjaunot tagad").click()
    expect(card).to_contain_text("Paziņojiet administratoram.")
    anna = open_console("anna", "channels")
    expect(anna.page.locator(".inbox")).to_be_visible()
    expect(anna.page.get_by_role("link", name="Kanāli")).to_have_count(0)


# --- what got stuck -----------------------------------------------------------------------------------------------------


def test_a_dead_event_is_tried_again_or_discarded(
    open_console: OpenConsole,
    social: AccountsStage,
    dead_event: MakeEvent,
) -> None:
    first, second = dead_event("Kā pieteikt pabalstu?"), dead_event("Šis tiks atmests")
    admin = open_console("admin", "channels/events")
    page = admin.page
    expect(_row(page, first)).to_contain_text("Privāta ziņa")
    expect(_row(page, first)).to_contain_text("Kļūda apstrādē: KeyError (meaning.py:210)")
    # What was written is no business of whoever mends the machine.
    expect(page.locator("main")).not_to_contain_text("pabalstu")
    before = len(social.rows(Conversation))
    _row(page, first).get_by_role("button", name="Mēģināt vēlreiz").click()
    expect(_row(page, first)).to_have_count(0)
    social.wait(lambda: len(social.rows(Conversation)) == before + 1, "the event to become a conversation")
    _row(page, second).get_by_role("button", name="Atmest").click()
    expect(admin.dialog).to_contain_text("iedzīvotājs atbildi nesaņems")
    admin.dialog.get_by_role("button", name="Atpakaļ").click()
    assert {one.id: one.state for one in social.rows(InboundEventRow)}[second] == "dead"
    _row(page, second).get_by_role("button", name="Atmest").click()
    admin.dialog.get_by_role("button", name="Atmest").click()
    expect(page.get_by_text("Visi notikumi ir apstrādāti.")).to_be_visible()
    expect(page.locator("#stuck-title")).to_be_focused()
    left = next(one for one in social.rows(InboundEventRow) if one.id == second)
    assert (left.state, left.error) == ("done", "discarded")


def test_sends_are_decided_by_a_person_who_knows_what_it_means(
    open_console: OpenConsole,
    social: AccountsStage,
    stuck_send: MakeSend,
) -> None:
    unknown = stuck_send("unknown", "timeout")
    failed = stuck_send("failed", "permission", detail="(#200) Permissions error", payload={"text": "Sveiki visi!"})
    admin = open_console("admin", "channels/sends")
    page = admin.page
    expect(_row(page, unknown)).to_contain_text("Tīkls neatbildēja; nav zināms, vai ziņa pienāca.")
    expect(_row(page, failed)).to_contain_text("Kontam trūkst vajadzīgās atļaujas.")
    expect(_row(page, failed)).to_contain_text("(#200) Permissions error")
    _row(page, unknown).get_by_role("button", name="Sūtīt vēlreiz").click()
    expect(admin.dialog).to_contain_text("iedzīvotājs to saņems divreiz")
    page.keyboard.press("Escape")
    _row(page, unknown).get_by_role("button", name="Atzīmēt kā nosūtītu").click()
    expect(admin.dialog).to_contain_text("jūs apliecināt, ka redzējāt šo sūtījumu tīklā")
    expect(admin.dialog).to_contain_text("Strādājam arī sestdien.")
    assert_fits(page, "question about a send")
    admin.dialog.get_by_role("button", name="Redzēju tīklā, atzīmēt").click()
    expect(_row(page, unknown)).to_have_count(0)
    _row(page, failed).get_by_role("button", name="Sūtīt vēlreiz").click()
    expect(admin.dialog).to_contain_text("iedzīvotājs to nav saņēmis")
    admin.dialog.get_by_role("button", name="Sūtīt vēlreiz").click()
    expect(page.get_by_text("Viss ir nosūtīts.")).to_be_visible()

    def states() -> dict[int, str]:
        return {one.id: one.state for one in social.rows(OutboxRow)}

    assert states()[unknown] == "sent"
    social.wait(lambda: states()[failed] == "sent", "the send to go out")
    page_of = next(one for one in social.graph.world().accounts if one.id == SPARE["facebook"])
    assert [post.text for post in page_of.posts].count("Sveiki visi!") == 1


def test_somebody_else_was_faster(
    open_console: OpenConsole,
    social: AccountsStage,
    stuck_send: MakeSend,
) -> None:
    unknown = stuck_send("unknown", "timeout")
    admin = open_console("admin", "channels/sends")
    _row(admin.page, unknown).get_by_role("button", name="Sūtīt vēlreiz").click()
    # Meanwhile another administrator has seen it on the platform.
    assert social.api("admin").post(f"/channels/outbox/{unknown}/mark_sent").status_code == 200
    admin.dialog.get_by_role("button", name="Tīklā tā nav, sūtīt vēlreiz").click()
    expect(admin.page.locator(".toast")).to_contain_text("Pa šo laiku tas jau ir izlemts.")
    expect(admin.dialog).to_have_count(0)
    expect(_row(admin.page, unknown)).to_have_count(0)
    assert next(one for one in social.rows(OutboxRow) if one.id == unknown).state == "sent"


# --- at a desk and on a phone -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", _SIZES)
def test_accessible_at_every_size(
    open_console: OpenConsole,
    social: AccountsStage,
    spare: str,
    dead_event: MakeEvent,
    stuck_send: MakeSend,
    size: dict[str, Any],
) -> None:
    dead_event()
    stuck_send("failed", "refused", detail="No such thing")
    stuck_send("unknown", "timeout")
    social.change_account(spare, paused_reason="token", enabled=True)
    admin = open_console("admin", "channels", **size)
    page = admin.page
    expect(_card(page, spare)).to_contain_text("1 notikumu neizdevās apstrādāt.")
    assert_fits(page, "board")
    for path, words in (
        ("channels/events", "Kļūda apstrādē"),
        ("channels/sends", "Nav nosūtīts"),
        (f"channels/{spare}", "Iestatīts"),
        ("channels/new", "Kas atbild uz komentāriem"),
    ):
        page.goto(f"{social.url}/console#/{path}")
        expect(page.get_by_text(words).first).to_be_visible()
        assert_fits(page, path)
    page.get_by_role("radio", name="X", exact=True).check()
    expect(page.get_by_label("Lietotnes atslēga")).to_be_visible()
    page.get_by_role("button", name="Pievienot", exact=True).click()
    expect(page.locator("[aria-invalid=true]").first).to_be_focused()
    assert_fits(page, "form with errors")
