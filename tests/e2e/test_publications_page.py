"""Publications in a real browser: composed once, adapted for each network, approved by a second person, seen in their results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from handoff.publications.models import Publication
from kit.clock import RIGA
from tests.fakes.faults import Fault
from tests.fakes.graph_world import STRANGER_ID

from . import accounts
from .accounts import AccountsStage, OpenConsole, assert_error_at, assert_fits, tab_to

# The stage of the social pages, in place of the whole product.
social, browser, open_console, _empty_queue = (
    accounts.social,
    accounts.browser,
    accounts.open_console,
    accounts._empty_queue,
)

#: The page of a publication looks anew after ten seconds, the list after fifteen.
_SOON_MS = 25_000
#: As the stage calls its accounts.
FACEBOOK, X = "Valsts sociālās apdrošināšanas aģentūra", "Pietura X"
LINK = "https://www.vsaa.gov.lv/lv/slimibas-pabalsts"
_SIZES = [
    pytest.param({"viewport": {"width": 1440, "height": 900}}, id="desktop"),
    pytest.param({"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}, id="phone"),
]


@pytest.fixture(autouse=True)
def _no_faults(social: AccountsStage) -> Iterator[None]:
    """No fault of one test meets another."""
    yield
    for fake in (social.graph, social.x):
        fake.script.clear()


def _made(social: AccountsStage, who: str, text: str, *channels: str, proposed: bool = True, **more: Any) -> str:
    """A publication by somebody at no browser; its id."""
    client = social.api(who)
    body = {"text": text, "accounts": [social.accounts[one] for one in channels or ("facebook",)], **more}
    answer = client.post("/publications", json=body)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    if proposed:
        answer = client.post(f"/publications/{made['id']}/propose", json={"version": made["version"]})
        assert answer.status_code == 200, answer.text
    return str(made["id"])


def _act(social: AccountsStage, who: str, publication_id: str, act: str, **more: Any) -> dict[str, Any]:
    """Something that somebody else does meanwhile."""
    client = social.api(who)
    version = client.get(f"/publications/{publication_id}").json()["version"]
    answer = client.post(f"/publications/{publication_id}/{act}", json={"version": version, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _posts(social: AccountsStage, channel: str) -> list[Any]:
    """The account's posts as its followers see them."""
    account = next(one for one in social.fake(channel).world().accounts if one.id == social.platform_id(channel))
    return list(account.posts)


def _open_post(social: AccountsStage) -> Any:
    """A post of somebody else's page, whose comments are open; newer ones are closed."""
    return next(one for one in social.graph.world().accounts if one.id == STRANGER_ID).posts[-1]


def _state(page: Page, name: str) -> None:
    expect(page.locator(".publication__head .publication-state")).to_have_text(name, timeout=_SOON_MS)


def _id_of(page: Page) -> str:
    found = re.search(r"#/publications/([0-9a-f-]{36})$", page.url)
    assert found, page.url
    return found[1]


# --- the whole way ------------------------------------------------------------------------------------------------------


def test_from_the_first_word_to_the_comments_that_follow(open_console: OpenConsole, social: AccountsStage) -> None:
    zane = open_console("zane")
    page = zane.page
    # An editor has no conversations: publications are where he begins.
    expect(page.get_by_role("heading", name="Publikācijas", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Sarunas")).to_have_count(0)
    tab_to(page, page.get_by_role("link", name="Jauna publikācija"))
    page.keyboard.press("Enter")
    base = page.get_by_label("Teksts", exact=True)
    tab_to(page, base)
    page.keyboard.type("Slimības pabalstu tagad var pieteikt arī lietotnē.")
    tab_to(page, page.get_by_label("Saite"))
    page.keyboard.type(LINK)
    for name in (FACEBOOK, X):
        tab_to(page, page.get_by_role("checkbox", name=name))
        page.keyboard.press("Space")
    on_facebook, on_x = page.get_by_label("Teksts tīklam Facebook"), page.get_by_label("Teksts tīklam X")
    expect(on_x).to_have_value("Slimības pabalstu tagad var pieteikt arī lietotnē.")
    card = page.locator(".network[data-channel=x]")
    # In X's count a link is 23, with the line's end before it 24.
    expect(card.locator(".counter")).to_have_text("74 no 280 rakstzīmēm")
    expect(card).to_contain_text("Maksa: 0,20")
    expect(card).to_contain_text(re.compile(r"Saite sadārdzina ierakstu: ar saiti – 0,20.* bez saites – 0,015"))
    expect(card.locator(".preview__link")).to_contain_text("vsaa.gov.lv")
    # Adapted for X; Facebook still follows the base text.
    tab_to(page, on_x)
    page.keyboard.press("Control+A")
    page.keyboard.type("Pabalsts tagad arī lietotnē.")
    tab_to(page, card.get_by_role("checkbox", name="Ar saiti"))
    page.keyboard.press("Space")
    expect(card).to_contain_text("Maksa: 0,015")
    expect(card.locator(".cost__warning")).to_have_count(0)
    expect(card.locator(".preview__text")).to_have_text("Pabalsts tagad arī lietotnē.")
    base.press("End")
    base.press_sequentially(" Kā – lasiet šeit.")
    expect(on_facebook).to_have_value("Slimības pabalstu tagad var pieteikt arī lietotnē. Kā – lasiet šeit.")
    expect(on_x).to_have_value("Pabalsts tagad arī lietotnē.")
    assert_fits(page, "form that is filled in")
    tab_to(page, page.get_by_role("button", name="Iesniegt apstiprināšanai"))
    page.keyboard.press("Enter")

    expect(page.locator("#publication-title")).to_contain_text("Slimības pabalstu tagad")
    _state(page, "Iesniegta apstiprināšanai")
    publication_id = _id_of(page)
    expect(page.get_by_role("button", name="Apstiprināt")).to_have_count(0)
    expect(page.locator(".why-not")).to_contain_text("To apstiprina vai noraida vadītājs vai administrators.")

    karlis = open_console("karlis", "publications?show=proposed")
    karlis.page.locator(f"[data-publication='{publication_id}'] a").click()
    expect(karlis.page.locator(".seen[data-channel=x] .preview__text")).to_have_text("Pabalsts tagad arī lietotnē.")
    karlis.page.get_by_role("button", name="Apstiprināt").click()
    expect(karlis.dialog).to_contain_text(FACEBOOK)
    expect(karlis.dialog).to_contain_text("Maksa: 0,015")
    assert_fits(karlis.page, "question before approving")
    karlis.dialog.get_by_role("button", name="Apstiprināt").click()
    _state(karlis.page, "Publicēta")
    for channel in ("facebook", "x"):
        row = karlis.page.locator(f".result-row[data-account='{social.accounts[channel]}']")
        expect(row.locator(".send-state")).to_have_text("Publicēts")
    # The author sees it without doing anything.
    _state(page, "Publicēta")
    (post,) = [one for one in _posts(social, "facebook") if one.text.startswith("Slimības pabalstu tagad")]
    assert (post.text, post.link) == ("Slimības pabalstu tagad var pieteikt arī lietotnē. Kā – lasiet šeit.", LINK)
    assert [one.text for one in _posts(social, "x")].count("Pabalsts tagad arī lietotnē.") == 1

    # A follower comments; his conversation is one step away, for whoever has conversations.
    social.say("facebook", "700000000000777", "Vai der arī pensionāriem?", kind="comment", name="Rita")
    comment = karlis.page.locator(".follow__one")
    expect(comment).to_contain_text("Vai der arī pensionāriem?", timeout=_SOON_MS)
    expect(page.locator(".follow__one")).to_contain_text("Vai der arī pensionāriem?", timeout=_SOON_MS)
    expect(page.locator(".follow__one a")).to_have_count(0)
    comment.get_by_role("link", name="Atvērt sarunu").click()
    expect(karlis.page).to_have_url(re.compile("#/inbox/"))
    expect(karlis.messages("citizen")).to_contain_text("Vai der arī pensionāriem?")


# --- what does not fit, and at which field ------------------------------------------------------------------------------


def test_errors_stand_at_their_fields(open_console: OpenConsole, social: AccountsStage) -> None:
    page = open_console("zane", "publications/new").page
    propose = page.get_by_role("button", name="Iesniegt apstiprināšanai")
    propose.click()
    text = page.get_by_label("Teksts", exact=True)
    expect(text).to_be_focused()
    assert_error_at(text, "Uzrakstiet tekstu")
    assert_error_at(page.get_by_role("checkbox", name=FACEBOOK), "Izvēlieties vismaz vienu kontu")
    assert_fits(page, "form with errors")
    text.fill("Teksts, kas X tīklam ir par garu. " * 10)
    page.get_by_role("checkbox", name=X).check()
    page.get_by_label("Saite").fill("vsaa.gov.lv")
    page.get_by_role("radio", name="Noteiktā laikā").check()
    page.get_by_label("Datums un laiks").fill("2020-01-01T10:00")
    propose.click()
    link, at = page.get_by_label("Saite"), page.get_by_label("Datums un laiks")
    expect(link).to_be_focused()
    assert_error_at(link, "Adrese sākas ar http")
    assert_error_at(at, "Šis laiks jau ir pagājis")
    link.fill("")
    # Too far ahead: only the server says so.
    at.fill(f"{datetime.now(RIGA) + timedelta(days=300):%Y-%m-%dT10:00}")
    page.get_by_role("button", name="Saglabāt melnrakstu").click()
    expect(at).to_be_focused()
    assert_error_at(at, "ne vairāk kā 180 dienas uz priekšu")
    page.get_by_role("radio", name="Uzreiz pēc apstiprināšanas").check()
    on_x = page.get_by_label("Teksts tīklam X")
    expect(page.locator(".network[data-channel=x]")).to_contain_text(re.compile(r"Par 5\d rakstzīmēm par garu"))
    propose.click()
    expect(on_x).to_be_focused()
    assert_error_at(on_x, "par garu: šeit drīkst 280")
    # It was saved all the same, once; mended, it is the same one that is proposed.
    on_x.fill("Īsais teksts.")
    propose.click()
    _state(page, "Iesniegta apstiprināšanai")
    mine = [one for one in social.rows(Publication) if one.text.startswith("Teksts, kas X tīklam")]
    assert [(one.id, one.state) for one in mine] == [(_id_of(page), "proposed")]


def test_times_are_rigas_wherever_the_browser_is(open_console: OpenConsole, social: AccountsStage) -> None:
    page = open_console("zane", "publications/new", timezone_id="America/New_York").page
    there = """async (times) => {
        const riga = await import("/console/static/riga.js");
        return times.map((it) => riga.fromField(it));
    }"""
    # Winter, summer, an hour that is skipped, an hour that comes twice.
    times = ["2027-01-15T10:30", "2027-04-15T10:30", "2027-03-28T03:30", "2026-10-25T03:30", "nekad"]
    assert page.evaluate(there, times) == [
        "2027-01-15T08:30:00.000Z",
        "2027-04-15T07:30:00.000Z",
        None,
        "2026-10-25T00:30:00.000Z",
        None,
    ]
    wanted = (datetime.now(RIGA) + timedelta(days=30)).replace(hour=9, minute=45, second=0, microsecond=0)
    page.get_by_label("Teksts", exact=True).fill("Tas būs pēc mēneša.")
    page.get_by_role("checkbox", name=FACEBOOK).check()
    page.get_by_role("radio", name="Noteiktā laikā").check()
    page.get_by_label("Datums un laiks").fill(f"{wanted:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Saglabāt melnrakstu").click()
    _state(page, "Melnraksts")
    expect(page.locator(".facts")).to_contain_text(f"{wanted:%d.%m.%Y}")
    expect(page.locator(".facts")).to_contain_text("09:45 (Rīgas laiks)")
    stored = next(one for one in social.rows(Publication) if one.text == "Tas būs pēc mēneša.")
    assert stored.publish_at == wanted
    page.get_by_role("link", name="Labot").click()
    expect(page.get_by_label("Datums un laiks")).to_have_value(f"{wanted:%Y-%m-%dT%H:%M}")


def test_nothing_typed_is_lost(open_console: OpenConsole, social: AccountsStage) -> None:
    zane = open_console("zane", "publications/new")
    page = zane.page
    page.get_by_label("Teksts", exact=True).fill("Pusuzrakstīts teksts")
    page.get_by_role("checkbox", name=X).check()
    page.get_by_label("Teksts tīklam X").fill("Pusuzrakstīts X")
    page.reload()
    expect(page.get_by_text("Atjaunots iepriekš nesaglabātais teksts.")).to_be_visible()
    expect(page.get_by_label("Teksts", exact=True)).to_have_value("Pusuzrakstīts teksts")
    expect(page.get_by_label("Teksts tīklam X")).to_have_value("Pusuzrakstīts X")
    # Without the server nothing is saved, and nothing is lost.
    zane.context.set_offline(True)
    page.get_by_role("button", name="Saglabāt melnrakstu").click()
    expect(page.locator(".compose > .alert")).to_contain_text("Nav savienojuma ar serveri.")
    zane.context.set_offline(False)
    page.get_by_role("button", name="Saglabāt melnrakstu").click()
    _state(page, "Melnraksts")
    page.goto(f"{social.url}/console#/publications/new")
    expect(page.get_by_label("Teksts", exact=True)).to_have_value("")


# --- two people ---------------------------------------------------------------------------------------------------------


def test_approved_meanwhile_by_another(open_console: OpenConsole, social: AccountsStage) -> None:
    publication_id = _made(social, "zane", "Par šo lemj divi.", publish_at=_in_days(3))
    liga = open_console("liga", f"publications/{publication_id}")
    liga.page.get_by_role("button", name="Noraidīt").click()
    liga.dialog.get_by_role("button", name="Noraidīt").click()
    reason = liga.dialog.get_by_label("Iemesls")
    expect(reason).to_be_focused()
    assert_error_at(reason, "Uzrakstiet noraidījuma iemeslu")
    reason.fill("Nav īstais laiks.")
    _act(social, "karlis", publication_id, "approve")
    liga.dialog.get_by_role("button", name="Noraidīt").click()
    expect(liga.dialog).to_have_count(0)
    expect(liga.page.locator(".publication > .alert")).to_contain_text(
        "Nav izdarīts: pa šo laiku lēmumu pieņēma Kārlis Vanags."
    )
    _state(liga.page, "Ieplānota")
    expect(liga.page.get_by_role("button", name="Noraidīt")).to_have_count(0)
    assert social.api("liga").get(f"/publications/{publication_id}").json()["reason"] is None


def test_nobody_approves_what_he_has_not_read(open_console: OpenConsole, social: AccountsStage) -> None:
    publication_id = _made(social, "zane", "Teksts, ko Līga lasa.")
    liga = open_console("liga", f"publications/{publication_id}")
    title = liga.page.locator("#publication-title")
    expect(title).to_have_text("Teksts, ko Līga lasa.")
    zane = social.api("zane")
    version = zane.get(f"/publications/{publication_id}").json()["version"]
    body = {"text": "Pavisam cits teksts.", "accounts": [social.accounts["facebook"]], "version": version}
    assert zane.put(f"/publications/{publication_id}", json=body).status_code == 200
    _act(social, "zane", publication_id, "propose")
    # He goes on seeing what he was reading, and is told.
    expect(liga.page.locator(".newer")).to_be_visible(timeout=_SOON_MS)
    expect(title).to_have_text("Teksts, ko Līga lasa.")
    liga.page.get_by_role("button", name="Apstiprināt").click()
    liga.dialog.get_by_role("button", name="Apstiprināt").click()
    expect(liga.page.locator(".publication > .alert")).to_contain_text("Izlasiet to vēlreiz un tad izlemiet.")
    expect(title).to_have_text("Pavisam cits teksts.")
    assert social.api("liga").get(f"/publications/{publication_id}").json()["state"] == "proposed"


def test_edited_meanwhile_by_another(open_console: OpenConsole, social: AccountsStage) -> None:
    publication_id = _made(social, "zane", "Sākuma teksts.", proposed=False)
    zane = open_console("zane", f"publications/{publication_id}/edit")
    text = zane.page.get_by_label("Teksts", exact=True)
    text.fill("Zanes jaunais teksts.")
    liga = social.api("liga")
    version = liga.get(f"/publications/{publication_id}").json()["version"]
    body = {"text": "Līgas teksts.", "accounts": [social.accounts["facebook"]], "version": version}
    assert liga.put(f"/publications/{publication_id}", json=body).status_code == 200
    zane.page.get_by_role("button", name="Saglabāt melnrakstu").click()
    conflict = zane.page.locator(".conflict")
    expect(conflict).to_contain_text("mainīja cits (Līga Krūmiņa)")
    expect(text).to_have_value("Zanes jaunais teksts.")
    assert social.api("zane").get(f"/publications/{publication_id}").json()["text"] == "Līgas teksts."
    assert_fits(zane.page, "conflict")
    conflict.get_by_role("button", name="Saglabāt manu tekstu tā vietā").click()
    expect(zane.page.locator("#publication-title")).to_have_text("Zanes jaunais teksts.")


def test_rejected_with_a_reason_mended_and_called_off(open_console: OpenConsole, social: AccountsStage) -> None:
    # A supervisor who wrote it himself does not decide about it either.
    karlis = open_console("karlis", f"publications/{_made(social, 'karlis', 'Kārļa paša teksts.')}")
    expect(karlis.page.locator(".why-not")).to_contain_text("apstiprina vai noraida cits vadītājs vai administrators")
    expect(karlis.page.get_by_role("button", name="Apstiprināt")).to_have_count(0)
    publication_id = _id_of(karlis.page)
    liga = open_console("liga", f"publications/{publication_id}")
    liga.page.get_by_role("button", name="Noraidīt").click()
    liga.dialog.get_by_label("Iemesls").fill("Lūdzu, norādiet darba laiku.")
    liga.dialog.get_by_role("button", name="Noraidīt").click()
    _state(liga.page, "Noraidīta")
    # The author is told by whom and why, without reloading.
    expect(karlis.page.locator(".rejected")).to_contain_text("Noraidīja Līga Krūmiņa:", timeout=_SOON_MS)
    expect(karlis.page.locator(".rejected")).to_contain_text("Lūdzu, norādiet darba laiku.")
    karlis.page.get_by_role("link", name="Labot").click()
    karlis.page.get_by_label("Teksts", exact=True).fill("Strādājam no 9 līdz 17.")
    karlis.page.get_by_role("button", name="Saglabāt melnrakstu").click()
    _state(karlis.page, "Melnraksts")
    karlis.page.get_by_role("button", name="Atcelt publikāciju").click()
    karlis.dialog.get_by_role("button", name="Atcelt publikāciju").click()
    _state(karlis.page, "Atcelta")
    karlis.page.goto(f"{social.url}/console#/publications?show=cancelled")
    expect(karlis.page.locator(f"[data-publication='{publication_id}']")).to_contain_text("Strādājam no 9 līdz 17.")
    karlis.page.goto(f"{social.url}/console#/publications?show=drafts")
    expect(karlis.page.get_by_role("link", name="Melnraksti un noraidītās")).to_have_attribute("aria-current", "page")
    expect(karlis.page.locator(f"[data-publication='{publication_id}']")).to_have_count(0)


# --- what became of it --------------------------------------------------------------------------------------------------


def test_failed_and_unknown_are_seen_and_decided(open_console: OpenConsole, social: AccountsStage) -> None:
    social.graph.script.add("post", Fault.PERMISSION)
    social.x.script.add("post", Fault.RESET)
    publication_id = _made(social, "zane", "Vienā nesanāks, otrā nezinās.", "facebook", "x")
    _act(social, "karlis", publication_id, "approve")
    liga = open_console("liga", f"publications/{publication_id}")
    page = liga.page
    on_facebook, on_x = (
        page.locator(f".result-row[data-account='{social.accounts[channel]}']") for channel in ("facebook", "x")
    )
    expect(on_facebook.locator(".send-state")).to_have_text("Nav publicēts", timeout=_SOON_MS)
    expect(on_facebook).to_contain_text("Kontam trūkst vajadzīgās atļaujas.")
    expect(on_x.locator(".send-state")).to_have_text("Nav zināms", timeout=_SOON_MS)
    expect(on_x).to_contain_text("Kļūda tīkla pusē.")
    assert_fits(page, "results")
    # Decided once it has come to an end: what is decided meanwhile is refused, since the publication still changes.
    _state(page, "Nav publicēta")
    # Nobody sends it twice without having been told what that means.
    on_x.get_by_role("button", name=re.compile("Publicēt vēlreiz")).click()
    expect(liga.dialog).to_contain_text("sekotāji to redzēs divreiz")
    page.keyboard.press("Escape")
    on_x.get_by_role("button", name=re.compile("Atzīmēt kā publicētu")).click()
    expect(liga.dialog).to_contain_text("jūs apliecināt, ka redzējāt ierakstu tīklā")
    liga.dialog.get_by_role("button", name="Atzīmēt kā publicētu").click()
    expect(on_x.locator(".send-state")).to_have_text("Publicēts")
    on_facebook.get_by_role("button", name=re.compile("Publicēt vēlreiz")).click()
    liga.dialog.get_by_role("button", name="Publicēt vēlreiz").click()
    expect(on_facebook.locator(".send-state")).to_have_text("Publicēts", timeout=_SOON_MS)
    _state(page, "Publicēta")
    # What was marked has not been sent again, what was sent again is there once.
    for channel, times in (("facebook", 1), ("x", 0)):
        assert [one.text for one in _posts(social, channel)].count("Vienā nesanāks, otrā nezinās.") == times


def test_a_comment_on_anothers_post(open_console: OpenConsole, social: AccountsStage) -> None:
    page = open_console("zane", "publications").page
    page.get_by_role("link", name="Komentēt citu ierakstu").click()
    post, text = page.get_by_label("Ieraksts, ko komentēt"), page.get_by_label("Komentāra teksts")
    page.get_by_role("radio", name=re.compile(X)).check()
    text.fill("Labdien! Vairāk par to mūsu lapā.")
    # What cannot be is said while it is typed, at the field that it is about.
    post.fill("https://example.lv/ieraksts")
    assert_error_at(post, "Ieraksts nav atpazīts")
    post.fill("https://x.com/kads/status/1234567890123456789")
    assert_error_at(post, "Autors šo kontu ierakstā nav pieminējis")
    page.get_by_role("radio", name=re.compile(FACEBOOK)).check()
    expect(post).to_have_attribute("aria-invalid", "true")
    assert_error_at(post, "Ieraksts nav atpazīts")
    post.fill(_open_post(social).id)
    expect(post).not_to_have_attribute("aria-invalid", "true")
    assert_fits(page, "comment")
    page.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    _state(page, "Iesniegta apstiprināšanai")
    _act(social, "karlis", _id_of(page), "approve")
    _state(page, "Publicēta")
    assert [(one.by, one.text) for one in _open_post(social).comments] == [("us", "Labdien! Vairāk par to mūsu lapā.")]


# --- at a desk and on a phone -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", _SIZES)
def test_accessible_at_every_size(open_console: OpenConsole, social: AccountsStage, size: dict[str, Any]) -> None:
    publication_id = _made(
        social, "zane", "Apskatāms visos platumos.", "facebook", "x", link=LINK, publish_at=_in_days(9)
    )
    liga = open_console("liga", "publications", **size)
    page = liga.page
    expect(page.locator(f"[data-publication='{publication_id}']")).to_be_visible()
    assert_fits(page, "list")
    page.locator(f"[data-publication='{publication_id}'] a").click()
    expect(page.locator(".seen[data-channel=x]")).to_contain_text("Maksa: 0,20")
    assert_fits(page, "one publication")
    page.get_by_role("button", name="Noraidīt").click()
    liga.dialog.get_by_role("button", name="Noraidīt").click()
    assert_fits(page, "rejecting, with an error")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Labot").click()
    expect(page.locator(".network[data-channel=x] .counter")).to_contain_text("no 280")
    assert_fits(page, "form")
    page.goto(f"{social.url}/console#/publications/comment")
    expect(page.get_by_label("Komentāra teksts")).to_be_visible()
    page.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_focused()
    assert_fits(page, "comment with errors")


def _in_days(days: int) -> str:
    return (datetime.now(RIGA) + timedelta(days=days)).isoformat()
