"""The citizen's chat in a real browser: what it shows, and that no message is lost or doubled whatever fails."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .conftest import OpenPage
from .stub_server import Stub

AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def until(check: Callable[[], Any], seconds: float = 8.0) -> None:
    """Wait for a condition on the server's side."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.03)


def write(page: Page, text: str) -> None:
    """Type a message and send it with Enter."""
    page.locator(".input").fill(text)
    page.locator(".input").press("Enter")


def own(page: Page) -> Any:
    """The citizen's own messages."""
    return page.locator(".msg.own")


def assert_accessible(page: Page) -> None:
    """No finding of axe on the whole page, the chat included."""
    found = Axe().run(page, options=AXE_OPTIONS).response["violations"]
    assert [(each["id"], [(node["target"], node["failureSummary"]) for node in each["nodes"]]) for each in found] == []


# ---- the window ------------------------------------------------------------------------------------------------------


def test_opens_as_a_named_dialog_and_escape_gives_the_focus_back(visit: OpenPage) -> None:
    page = visit(open_chat=False)
    launcher = page.get_by_role("button", name="Uzdot jautājumu")
    launcher.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Saruna: Bērzlejas novada palīgs")
    expect(dialog).to_be_visible()
    expect(page.get_by_label("Jūsu ziņa")).to_be_focused()
    # Beside the page and not over it: the page stays usable.
    page.get_by_role("link", name="Pase", exact=True).first.click()
    expect(page.get_by_role("heading", level=1, name="Pase")).to_be_visible()
    expect(dialog).to_be_visible()
    page.get_by_label("Jūsu ziņa").focus()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(launcher).to_be_focused()


def test_stays_open_over_navigation_without_taking_the_focus(visit: OpenPage) -> None:
    page = visit()
    page.reload()
    expect(page.locator("dialog.panel")).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    page.get_by_role("button", name=re.compile("Aizvērt logu")).click()
    page.reload()
    expect(page.locator(".launcher")).to_be_visible()
    expect(page.locator("dialog.panel")).to_be_hidden()


def test_nothing_is_sent_to_the_server_before_the_citizen_opens_the_chat(visit: OpenPage, stub: Stub) -> None:
    page = visit(open_chat=False)
    page.locator(".launcher").wait_for()
    page.wait_for_timeout(300)
    assert stub.received == []


def test_public_functions(visit: OpenPage) -> None:
    page = visit(open_chat=False)
    page.evaluate("Pietura.open()")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.evaluate("Pietura.setLanguage('en')")
    expect(page.get_by_role("dialog", name="Chat: Bērzlejas novada palīgs")).to_be_visible()
    page.evaluate("Pietura.close()")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_language_switch_changes_every_word_and_is_remembered(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    page.get_by_role("button", name=re.compile("^RU")).click()
    expect(page.get_by_label("Ваше сообщение")).to_be_visible()
    expect(page.locator(".who")).to_have_text("Отвечает виртуальный ассистент")
    until(lambda: stub.frames("lang") == [{"t": "lang", "lang": "ru"}])
    page.reload()
    expect(page.get_by_label("Ваше сообщение")).to_be_visible()
    until(lambda: stub.hellos[-1]["lang"] == "ru")


def test_operator_by_name_waiting_text_and_typing(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "Gribu cilvēku")
    expect(own(page)).to_contain_text("Nosūtīts")
    stub.state(phase="waiting", wait_text="Operators atbildēs aptuveni 4 minūšu laikā.")
    expect(page.get_by_role("status").filter(has_text="aptuveni 4 minūšu")).to_be_visible()
    stub.state(phase="operator", name="Anna", wait_text=None)
    expect(page.locator(".who")).to_have_text("Ar jums sarunājas Anna")
    stub.tell(t="typing", author={"kind": "operator", "name": "Anna"}, on=True)
    expect(page.locator(".typing")).to_have_text("Anna raksta…")
    stub.say("operator", "Labdien!", name="Anna")
    expect(page.locator(".typing")).to_be_hidden()
    expect(page.locator(".msg.person .by")).to_contain_text("Anna")


# ---- what a message may look like ------------------------------------------------------------------------------------


def test_text_lists_links_and_source(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "Kā pieteikties? https://example.org")
    stub.say(
        "assistant",
        "Pieteikties var tā:\n- internetā;\n- klātienē.\nVairāk: https://www.vsaa.gov.lv/x.",
        links=[
            {"title": "Pieteikties", "url": "https://latvija.gov.lv/1", "kind": "eservice"},
            {"title": "Zvanīt", "url": "tel:+37164507020", "kind": "info"},
            {"title": "Slikta", "url": "javascript:alert(1)", "kind": "info"},
        ],
        source={"title": "VSAA", "url": "https://www.vsaa.gov.lv", "date": "2026-01-22"},
    )
    answer = page.locator(".msg.assistant").last
    expect(answer.locator("ul li")).to_have_count(2)
    expect(answer.get_by_role("link", name="https://www.vsaa.gov.lv/x")).to_have_attribute(
        "href", "https://www.vsaa.gov.lv/x"
    )
    for link in answer.locator("a[href^=http]").all():
        expect(link).to_have_attribute("target", "_blank")
        expect(link).to_have_attribute("rel", re.compile("noopener"))
    expect(answer.get_by_role("link", name="Zvanīt")).to_have_attribute("href", "tel:+37164507020")
    expect(answer.get_by_text("Slikta")).to_have_count(0)
    expect(answer.get_by_role("link", name="Avots: VSAA, 22.01.2026.")).to_be_visible()
    expect(answer).to_contain_text("automātiski")
    expect(own(page).locator("a")).to_have_count(0)


def test_markup_in_a_message_stays_text(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    attack = '<img src=x onerror="document.title=1"><b>x</b>'
    write(page, attack)
    stub.say("operator", attack, name="<i>Eva</i>", buttons=[{"title": "<u>a</u>", "payload": "a"}])
    expect(own(page).locator(".verbatim")).to_have_text(attack)
    expect(page.locator(".msg.person .body")).to_have_text(attack)
    expect(page.locator(".log img, .log i, .log u")).to_have_count(0)


def test_pieces_and_blocks(visit: OpenPage) -> None:
    page = visit(open_chat=False)
    load = "const c = await import('/widget/pietura/content.js');"
    cases = {
        "Skat. https://a.lv/b(c)_d, labi": ["https://a.lv/b(c)_d"],
        "(https://a.lv/x)": ["https://a.lv/x"],
        "www.vid.gov.lv.": ["https://www.vid.gov.lv/"],
        "Rakstiet pasts@vsaa.gov.lv!": ["mailto:pasts@vsaa.gov.lv"],
        "https://latvija.gov.lv@evil.example/x": [],
        "ftp://a.lv javascript:alert(1)": [],
    }
    for text, expected in cases.items():
        found = page.evaluate(
            f"async (text) => {{ {load} return c.pieces(text).flatMap((p) => p.href ? [p.href] : []); }}", text
        )
        assert found == expected, text
        whole = page.evaluate(f"async (text) => {{ {load} return c.pieces(text).map((p) => p.text).join(''); }}", text)
        assert whole == text
    # Letters that look like others are shown in the form that gives them away.
    assert page.evaluate(f"async () => {{ {load} return c.pieces('https://vsаa.gov.lv')[0].text; }}").startswith(
        "https://xn--"
    )
    kinds = page.evaluate(
        f"async () => {{ {load} return c.blocks('a\\nb\\n\\nc\\n- d\\n- e\\nf').map((b) => b.kind); }}"
    )
    assert kinds == ["paragraph", "paragraph", "list", "paragraph"]


@pytest.mark.parametrize("accent", ["#7d1d3f", "#ffe14d", "#8fd3ff", "#000", "not a colour", "#777777"])
def test_any_accent_is_readable(visit: OpenPage, accent: str) -> None:
    page = visit(open_chat=False)
    fill, light, dark = page.evaluate(
        """async (accent) => {
          const c = await import('/widget/pietura/colour.js');
          const p = c.palette(accent);
          const ratio = (a, b) => c.contrast(c.parse(a), c.parse(b));
          return [ratio(p.fill, '#ffffff'), ratio(p.lightText, c.LIGHT_SURFACE), ratio(p.darkText, c.DARK_SURFACE)];
        }""",
        accent,
    )
    assert fill >= 4.5
    assert light >= 4.5
    assert dark >= 7


def test_choices_are_usable_in_the_newest_message_only(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    page.get_by_role("button", name="Slimības pabalsts").click()
    until(lambda: len(stub.frames("send")) == 1)
    assert stub.frames("send")[0]["payload"] == "service:vsaa-slimibas-pabalsts"
    assert stub.frames("send")[0]["text"] == "Slimības pabalsts"
    expect(page.locator(".choice:visible")).to_have_count(0)
    assert page.evaluate("document.activeElement.tagName") == "PIETURA-CHAT"
    stub.say("assistant", "Kas interesē?", buttons=[{"title": "Cena", "payload": "aspect:cost"}])
    expect(page.locator(".choice:visible")).to_have_text(["Cena"])


# ---- delivery --------------------------------------------------------------------------------------------------------


def test_sent_then_seen(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "Labdien")
    expect(own(page).locator(".meta")).to_contain_text("Nosūtīts")
    stub.tell(t="seen", seq=2)
    expect(own(page).locator(".meta")).to_contain_text("Redzēts")


def test_message_written_while_the_server_is_away_survives_a_reload_and_arrives_once(
    visit: OpenPage, stub: Stub
) -> None:
    page = visit()
    write(page, "pirmā")
    expect(own(page)).to_contain_text("Nosūtīts")
    stub.refuse = True
    stub.drop()
    write(page, "otrā")
    write(page, "trešā")
    expect(page.get_by_text("Savienojums zudis. Atjauno…")).to_be_visible()
    expect(page.get_by_role("button", name="Nav nosūtīts – mēģināt vēlreiz")).to_have_count(2)
    page.reload()
    expect(own(page)).to_have_count(2)
    stub.refuse = False
    page.get_by_role("button", name="Nav nosūtīts – mēģināt vēlreiz").first.click()
    expect(own(page)).to_have_count(3)
    expect(own(page).filter(has_text="Nosūtīts")).to_have_count(3)
    texts = [message["text"] for message in stub.last.messages if message["author"]["kind"] == "citizen"]
    assert texts == ["pirmā", "otrā", "trešā"]
    assert page.evaluate("Object.keys(localStorage).filter((k) => k.includes(':out:'))") == []


def test_lost_acknowledgement_is_asked_again_with_the_same_id(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    stub.swallow_acks = 1
    write(page, "vienreiz")
    until(lambda: len(stub.frames("send")) == 1)
    stub.drop()
    expect(own(page)).to_contain_text("Nosūtīts")
    expect(own(page)).to_have_count(1)
    assert len({frame["id"] for frame in stub.frames("send")}) == 1
    assert [m["text"] for m in stub.last.messages].count("vienreiz") == 1


def test_no_acknowledgement_on_a_living_line_is_asked_again(
    visit: OpenPage, context: BrowserContext, stub: Stub
) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto(f"{stub.url}/demo/")
    page.locator(".launcher").click()
    page.locator(".choice").first.wait_for()
    stub.swallow_acks = 1
    write(page, "vienreiz")
    until(lambda: len(stub.frames("send")) == 1)
    page.clock.run_for(15_000)
    expect(own(page)).to_contain_text("Nosūtīts")
    assert [frame["id"] for frame in stub.frames("send")].count(stub.frames("send")[0]["id"]) == 2
    assert [m["text"] for m in stub.last.messages].count("vienreiz") == 1


def test_dead_line_is_noticed_by_the_missing_pong(context: BrowserContext, stub: Stub) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto(f"{stub.url}/demo/")
    page.locator(".launcher").click()
    page.locator(".choice").first.wait_for()
    stub.deaf = True
    page.clock.run_for(20_500)
    # Real time for the ping to reach the server and be swallowed there.
    time.sleep(0.5)
    stub.deaf = False
    assert len(stub.hellos) == 1
    page.clock.run_for(13_000)
    until(lambda: len(stub.hellos) == 2)
    assert stub.hellos[-1]["cursor"] == 1
    assert stub.hellos[-1]["token"] == stub.last.token
    time.sleep(0.5)
    page.clock.run_for(20_500)
    until(lambda: stub.frames("ping"))


def test_offline_and_online_again(visit: OpenPage, context: BrowserContext, stub: Stub) -> None:
    page = visit()
    context.set_offline(True)
    expect(page.get_by_text("Savienojums zudis. Atjauno…")).to_be_visible()
    write(page, "bez tīkla")
    context.set_offline(False)
    expect(own(page)).to_contain_text("Nosūtīts")
    expect(page.get_by_text("Savienojums zudis. Atjauno…")).to_be_hidden()
    assert [m["text"] for m in stub.last.messages].count("bez tīkla") == 1


def test_a_greeting_without_a_time_is_of_now_and_is_not_announced_twice(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    stub.last.messages[0]["ts"] = None
    stub.drop()
    until(lambda: len(stub.hellos) == 2)
    page.locator(".msg.assistant").evaluate("(row) => { row.marked = true; }")
    stub.tell(t="message", message=stub.last.messages[0])
    page.wait_for_timeout(300)
    expect(page.locator(".msg")).to_have_count(1)
    expect(page.locator(".day")).to_have_count(0)
    assert page.locator(".msg.assistant").evaluate("(row) => row.marked === true")


def test_missed_messages_come_after_reconnecting_without_doubles(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "sveiki")
    expect(own(page)).to_contain_text("Nosūtīts")
    stub.refuse = True
    stub.drop()
    for text in ("viens", "divi"):
        stub.last.add("operator", text, name="Anna")
    stub.refuse = False
    expect(page.locator(".msg.person .body")).to_have_text(["viens", "divi"])
    assert stub.hellos[-1]["cursor"] == 2


def test_a_gap_in_the_numbers_is_filled(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    stub.last.add("operator", "pazudusi", name="Anna")
    stub.say("operator", "atnākusi", name="Anna")
    expect(page.locator(".msg.person .body")).to_have_text(["pazudusi", "atnākusi"])


def test_two_tabs_show_the_same(visit: OpenPage, context: BrowserContext, stub: Stub) -> None:
    one = visit()
    write(one, "no pirmās")
    expect(own(one)).to_contain_text("Nosūtīts")
    two = visit(open_chat=False)
    two.locator(".launcher").click()
    expect(own(two)).to_have_count(1)
    write(two, "no otrās")
    expect(own(one)).to_have_count(2)
    expect(own(two)).to_have_count(2)
    stub.say("operator", "visiem", name="Anna")
    expect(one.locator(".msg.person")).to_have_count(1)
    expect(two.locator(".msg.person")).to_have_count(1)
    assert len(stub.conversations) == 1
    one.bring_to_front()
    one.wait_for_timeout(300)
    expect(own(one).filter(has_text="Nosūtīts")).to_have_count(2)
    assert context.pages[0].evaluate("Object.keys(localStorage).filter((k) => k.includes(':out:'))") == []


def test_unknown_token_drops_the_kept_conversation_but_not_unsent_messages(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "vecā saruna")
    expect(own(page)).to_contain_text("Nosūtīts")
    stub.refuse = True
    stub.drop()
    write(page, "vēl nenosūtīta")
    stub.conversations.clear()
    stub.refuse = False
    expect(page.get_by_text("vecā saruna")).to_have_count(0)
    expect(own(page)).to_have_text(re.compile("vēl nenosūtīta.*Nosūtīts"))
    assert len(stub.conversations) == 1


def test_refused_message_shows_why_and_can_be_edited(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    stub.send_error = {"code": "text_too_long", "text": "Ziņa ir par garu.", "retry": False, "retry_after_s": 0}
    write(page, "ļoti gara")
    expect(own(page).locator(".meta")).to_contain_text("Ziņa ir par garu.")
    own(page).get_by_role("button", name="Labot").click()
    expect(own(page)).to_have_count(0)
    expect(page.locator(".input")).to_have_value("ļoti gara")
    expect(page.locator(".input")).to_be_focused()


def test_too_fast_waits_as_told(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    stub.send_error = {"code": "too_fast", "text": "Lūdzu, mazliet lēnāk.", "retry": True, "retry_after_s": 1}
    write(page, "steidzos")
    expect(own(page).locator(".meta")).to_contain_text("Lūdzu, mazliet lēnāk.")
    expect(own(page)).to_contain_text("Nosūtīts")
    assert len(stub.frames("send")) == 2


# ---- writing ---------------------------------------------------------------------------------------------------------


def test_counter_and_limit(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    box = page.locator(".input")
    box.fill("a" * 3000)
    expect(page.locator(".counter")).to_be_hidden()
    box.fill("a" * 3990)
    expect(page.locator(".counter")).to_have_text("Atlikušās rakstzīmes: 10")
    box.fill("😀" * 4000)
    expect(page.locator(".counter")).to_have_text("Atlikušās rakstzīmes: 0")
    box.fill("a" * 4003)
    expect(page.locator(".counter")).to_have_text("Ziņa ir par garu. Liekās rakstzīmes: 3")
    box.press("Enter")
    expect(box).to_have_attribute("aria-invalid", "true")
    assert stub.frames("send") == []


def test_shift_enter_makes_a_line_and_the_draft_outlives_a_reload(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    page.locator(".input").press_sequentially("viens")
    page.locator(".input").press("Shift+Enter")
    page.locator(".input").press_sequentially("divi")
    page.reload()
    expect(page.locator(".input")).to_have_value("viens\ndivi")
    page.locator(".input").press("Enter")
    until(lambda: [frame["text"] for frame in stub.frames("send")] == ["viens\ndivi"])


def test_typing_is_told_sparingly_and_without_content(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    began = time.monotonic()
    page.locator(".input").press_sequentially("Labdien, man ir jautājums", delay=40)
    until(lambda: stub.frames("typing"))
    assert len(stub.frames("typing")) <= 1 + (time.monotonic() - began) / 3
    assert all(frame == {"t": "typing", "on": True} for frame in stub.frames("typing"))
    page.locator(".input").press("Enter")
    until(lambda: stub.frames("typing")[-1] == {"t": "typing", "on": False})


def test_read_is_told_when_the_citizen_has_it_before_his_eyes(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "sveiki")
    page.keyboard.press("Escape")
    stub.say("operator", "Labdien!", name="Anna")
    expect(page.locator(".badge")).to_have_text("1")
    expect(page.get_by_role("button", name="Nelasītas ziņas: 1")).to_be_visible()
    assert all(frame["seq"] < 3 for frame in stub.frames("read"))
    page.locator(".launcher").click()
    until(lambda: stub.frames("read")[-1]["seq"] == 3)
    page.keyboard.press("Escape")
    expect(page.locator(".badge")).to_be_hidden()


def test_unread_badge_on_the_next_page(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "sveiki")
    expect(own(page)).to_contain_text("Nosūtīts")
    page.keyboard.press("Escape")
    page.goto("about:blank")
    stub.last.add("operator", "Labdien!", name="Anna")
    page.goto(f"{stub.url}/demo/")
    expect(page.locator(".badge")).to_have_text("1")


def test_history_is_not_announced_again(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "sveiki")
    expect(own(page)).to_contain_text("Nosūtīts")
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")
    page.add_init_script(
        """addEventListener('DOMContentLoaded', () => {
          window.spoken = [];
          const watch = setInterval(() => {
            const log = document.querySelector('pietura-chat')?.shadowRoot?.querySelector('[role=log]');
            if (!log) return;
            clearInterval(watch);
            new MutationObserver((changes) => {
              for (const change of changes) for (const node of change.addedNodes) {
                window.spoken.push([log.getAttribute('aria-live'), node.textContent]);
              }
            }).observe(log, { childList: true });
          }, 1);
        });"""
    )
    page.reload()
    expect(own(page)).to_have_count(1)
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")
    assert all(mode == "off" for mode, _ in page.evaluate("window.spoken"))
    stub.say("operator", "jaunums", name="Anna")
    expect(page.get_by_text("jaunums")).to_be_visible()
    assert [mode for mode, text in page.evaluate("window.spoken") if "jaunums" in text] == ["polite"]


# ---- end, rating, contact --------------------------------------------------------------------------------------------


def test_what_is_new_is_in_sight_even_above_a_form(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "Gribu cilvēku")
    stub.state(phase="waiting", asks_contact=True)
    page.get_by_label("Vārds, uzvārds").wait_for()
    stub.say("system", "Nododu sarunu operatoram. " * 6)
    expect(page.get_by_text("Nododu sarunu operatoram.").first).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Kā ar jums sazināties?")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Jaunas ziņas")).to_be_hidden()
    write(page, "un vēl")
    expect(own(page).last).to_be_in_viewport()
    page.reload()
    expect(own(page).last).to_be_in_viewport()


def test_who_reads_above_is_not_pulled_away(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "sveiki")
    stub.say("assistant", "Gara atbilde.\n\n" * 40)
    beginning = page.locator(".msg.assistant .by:not(.sr)").last
    expect(beginning).to_be_in_viewport()
    page.locator(".scroll").evaluate("(e) => { e.scrollTop = 0; }")
    page.wait_for_timeout(200)
    stub.say("assistant", "Vēl kaut kas.")
    expect(page.get_by_role("button", name="Jaunas ziņas")).to_be_visible()
    assert page.locator(".scroll").evaluate("(e) => e.scrollTop") == 0
    page.get_by_role("button", name="Jaunas ziņas").click()
    expect(beginning).to_be_in_viewport()
    page.locator(".scroll").evaluate("(e) => { e.scrollTop = e.scrollHeight; }")
    expect(page.get_by_text("Vēl kaut kas.")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Jaunas ziņas")).to_be_hidden()


def test_end_rate_and_begin_anew(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "sveiki")
    expect(own(page)).to_contain_text("Nosūtīts")
    page.get_by_role("button", name="Sarunas izvēlne").click()
    page.get_by_role("button", name="Beigt sarunu").click()
    expect(page.get_by_text("Vai tiešām beigt sarunu?")).to_be_visible()
    page.get_by_role("button", name="Beigt sarunu").click()
    expect(page.get_by_role("group", name="Kā vērtējat šo sarunu?")).to_be_visible()
    page.get_by_role("button", name="Iesniegt vērtējumu").click()
    expect(page.get_by_text("Izvēlieties vērtējumu.")).to_be_visible()
    page.get_by_label("Ļoti labi").check()
    page.get_by_label("Ko varam uzlabot?").fill("Viss labi")
    page.get_by_role("button", name="Iesniegt vērtējumu").click()
    expect(page.get_by_text("Paldies par vērtējumu!")).to_be_visible()
    assert stub.frames("rate") == [{"t": "rate", "score": 5, "comment": "Viss labi"}]

    page.get_by_role("button", name="Sākt jaunu sarunu").click()
    expect(page.get_by_label("Jūsu ziņa")).to_be_focused()
    expect(page.locator(".divider")).to_have_text("Jauna saruna")
    write(page, "vēl viens jautājums")
    expect(own(page).filter(has_text="Nosūtīts")).to_have_count(2)
    assert len(stub.conversations) == 2
    assert [message["text"] for message in stub.last.messages] == ["vēl viens jautājums"]
    order = page.locator(".msg.own .verbatim, .divider").all_inner_texts()
    assert order == ["sveiki", "Jauna saruna", "vēl viens jautājums"]
    page.reload()
    expect(own(page)).to_have_text([re.compile("vēl viens jautājums")])


def test_other_tab_follows_into_the_new_conversation(visit: OpenPage, stub: Stub) -> None:
    one = visit()
    write(one, "sveiki")
    two = visit(open_chat=False)
    two.locator(".launcher").click()
    expect(own(two)).to_have_count(1)
    stub.state(phase="ended")
    one.bring_to_front()
    one.get_by_role("button", name="Sākt jaunu sarunu").click()
    write(one, "jauna")
    expect(own(two)).to_have_count(2)
    stub.say("assistant", "atbilde")
    expect(two.get_by_text("atbilde", exact=True)).to_be_visible()
    expect(two.locator(".composer")).to_be_visible()


def test_contact_form(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "Gribu cilvēku")
    stub.state(phase="waiting", asks_contact=True)
    submit = page.get_by_role("button", name="Iesniegt")
    submit.click()
    expect(page.get_by_label("Vārds, uzvārds")).to_be_focused()
    expect(page.get_by_label("Vārds, uzvārds")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Ierakstiet e-pasta adresi vai tālruņa numuru.")).to_be_visible()
    page.get_by_label("Vārds, uzvārds").fill("Jānis Bērziņš")
    page.get_by_label("E-pasta adrese").fill("janis@")
    submit.click()
    expect(page.get_by_text("Pārbaudiet e-pasta adresi")).to_be_visible()
    page.get_by_label("E-pasta adrese").fill("janis@bad.example")
    submit.click()
    expect(page.get_by_label("Piekrītu")).to_be_focused()
    page.get_by_label("Piekrītu").check()
    submit.click()
    expect(page.get_by_text("Šo adresi neizdevās pārbaudīt.")).to_be_visible()
    page.get_by_label("E-pasta adrese").fill("")
    page.get_by_label("Tālruņa numurs").fill("+371 20 000 000")
    submit.click()
    expect(page.get_by_text("Kontaktinformācija ir saņemta")).to_be_visible()
    assert stub.frames("contact")[-1] == {
        "t": "contact",
        "name": "Jānis Bērziņš",
        "email": "",
        "phone": "+371 20 000 000",
        "consent": True,
    }


# ---- invitations -----------------------------------------------------------------------------------------------------

RULE = {
    "id": "slimiba",
    "page": "#/slimibas",
    "after_s": 1,
    "text": {"lv": "Vai palīdzēt ar slimības pabalstu?", "ru": "Помочь?", "en": "Need help?"},
}


def test_invitation_by_page_once_and_without_taking_the_focus(visit: OpenPage, stub: Stub) -> None:
    stub.proactive = [RULE]
    page = visit(open_chat=False)
    page.locator(".launcher").wait_for()
    page.wait_for_timeout(1_300)
    expect(page.locator(".invite")).to_have_count(0)
    page.get_by_role("link", name="Slimības pabalsts").first.click()
    invitation = page.get_by_role("status").filter(has_text="Vai palīdzēt ar slimības pabalstu?")
    expect(invitation).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "H1"
    page.get_by_role("button", name="Vai palīdzēt ar slimības pabalstu?").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".invite")).to_have_count(0)
    page.keyboard.press("Escape")
    page.reload()
    page.wait_for_timeout(1_500)
    expect(page.locator(".invite")).to_have_count(0)


def test_no_invitation_after_the_chat_was_closed_here(visit: OpenPage, stub: Stub) -> None:
    stub.proactive = [RULE]
    page = visit("/demo/#/slimibas-pabalsts")
    page.keyboard.press("Escape")
    page.wait_for_timeout(1_500)
    expect(page.locator(".invite")).to_have_count(0)
    assert page.evaluate("localStorage.getItem('pietura:demo:shown:slimiba')") is None


_FORM = """document.querySelector("main").insertAdjacentHTML("beforeend",
    '<form><label>Vārds <input id="given" required></label><button id="go">Sūtīt</button></form>')"""


def test_an_invitation_after_what_happens_on_the_page(visit: OpenPage, stub: Stub) -> None:
    def comes(rule: dict[str, Any], *acts: Callable[[Page], object]) -> Page:
        stub.proactive = [{**RULE, "page": "", "after_s": 0, "id": rule["when"], **rule}]
        page = visit(open_chat=False)
        page.locator(".launcher").wait_for()
        page.evaluate(_FORM)
        page.wait_for_timeout(300)
        expect(page.locator(".invite")).to_have_count(0)
        for act in acts:
            act(page)
        expect(page.locator(".invite")).to_be_visible()
        return page

    comes({"when": "form_error"}, lambda page: page.locator("#go").click())
    comes(
        {"when": "form_error", "id": "marked"},
        lambda page: page.locator("#given").evaluate("e => e.ariaInvalid = 'true'"),
    )
    comes({"when": "inactive", "after_s": 1}, lambda page: page.locator("#given").fill("A"))
    comes({"when": "scroll", "share": 90}, lambda page: page.evaluate("scrollTo(0, document.body.scrollHeight)"))
    page = comes(
        {"when": "unfinished", "page": "#/pase"},
        lambda page: page.evaluate("location.hash = '#/pase'"),
        lambda page: page.locator("#given").fill("A"),
        lambda page: page.evaluate("location.hash = '#/dzivesvieta'"),
    )
    # Closed: not again, and nothing else in this visit.
    page.get_by_role("button", name="Aizvērt ieteikumu").click()
    assert page.evaluate("localStorage.getItem('pietura:demo:refused')") == '["unfinished"]'
    stub.proactive = [{**RULE, "page": "", "after_s": 0}]
    page.reload()
    page.locator(".launcher").wait_for()
    page.wait_for_timeout(600)
    expect(page.locator(".invite")).to_have_count(0)


def test_of_several_invitations_the_first_and_only_one(visit: OpenPage, stub: Stub) -> None:
    rule = {**RULE, "page": "", "after_s": 0}
    stub.proactive = [{**rule, "id": "second", "page": "nowhere"}, {**rule, "id": "first"}, {**rule, "id": "third"}]
    stub.proactive[2]["text"] = {"lv": "Trešais"}
    page = visit(open_chat=False)
    expect(page.locator(".invite")).to_contain_text("slimības pabalstu")
    assert page.evaluate("localStorage.getItem('pietura:demo:shown:third')") is None


# ---- under a strict policy, for everybody ----------------------------------------------------------------------------


def test_works_on_another_origin_under_a_strict_policy(visit: OpenPage, context: BrowserContext, stub: Stub) -> None:
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.goto(f"http://localhost:{stub.port}/host")
    page.get_by_role("button", name="Ask a question").click()
    expect(page.locator(".choice").first).to_be_visible()
    write(page, "Hello")
    expect(own(page)).to_contain_text("Sent")
    assert page.locator("pietura-chat").evaluate("(e) => e.shadowRoot.querySelectorAll('[style]').length") == 0
    assert [error for error in errors if "favicon" not in error and "404" not in error] == []


def test_privacy_notice_leads_to_the_page_of_the_server(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    link = page.get_by_role("link", name="Vairāk par datu apstrādi")
    expect(link).to_have_attribute("href", f"{stub.url}/demo/#dati")
    page.goto(f"{stub.url}/demo/#dati")
    expect(page.get_by_role("heading", level=1, name="Datu apstrāde sarunās")).to_be_visible()


def test_unknown_site_leaves_the_page_alone(visit: OpenPage, stub: Stub) -> None:
    stub.config_status = 404
    page = visit(open_chat=False)
    page.wait_for_timeout(500)
    expect(page.locator("pietura-chat")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_server_away_at_page_load_still_shows_what_was_written(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    stub.refuse = True
    stub.config_status = 503
    stub.drop()
    write(page, "nenosūtīta")
    page.reload()
    expect(own(page)).to_contain_text("nenosūtīta")
    stub.refuse = False
    expect(own(page)).to_contain_text("Nosūtīts", timeout=20_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 860), (360, 740)])
def test_accessible_in_every_state(
    browser: Browser, visit: OpenPage, stub: Stub, scheme: Any, size: tuple[int, int]
) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
    )
    stub.proactive = [{**RULE, "page": "", "after_s": 0}]
    page = visit(on=context, open_chat=False)
    page.locator(".invite").wait_for()
    assert_accessible(page)
    page.locator(".launcher").click()
    page.locator(".choice").first.wait_for()
    assert_accessible(page)
    write(page, "sveiki")
    stub.say(
        "assistant",
        "Tā:\n- viens\n- divi\nhttps://www.vsaa.gov.lv",
        links=[{"title": "Pieteikties", "url": "https://latvija.gov.lv/1", "kind": "eservice"}],
        source={"title": "VSAA", "url": "https://www.vsaa.gov.lv", "date": "2026-01-22"},
        buttons=[{"title": "Cena", "payload": "a"}],
    )
    stub.state(phase="waiting", wait_text="Operators atbildēs drīz.", asks_contact=True)
    page.get_by_role("button", name="Iesniegt").click()
    page.get_by_role("button", name="Sarunas izvēlne").click()
    assert_accessible(page)
    page.keyboard.press("Escape")
    stub.state(phase="operator", name="Anna", wait_text=None, asks_contact=False)
    stub.say("operator", "Labdien!", name="Anna")
    stub.send_error = {"code": "text_empty", "text": "Neizdevās.", "retry": False, "retry_after_s": 0}
    write(page, "atteikta")
    page.get_by_text("Neizdevās.").first.wait_for()
    assert_accessible(page)
    stub.state(phase="ended", may_rate=True)
    page.get_by_role("button", name="Iesniegt vērtējumu").click()
    assert_accessible(page)
    context.close()


@pytest.mark.parametrize("size", [(320, 568), (640, 360), (320, 256)])
def test_small_and_zoomed_windows(browser: Browser, visit: OpenPage, stub: Stub, size: tuple[int, int]) -> None:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    page = visit(on=context)
    write(page, "Ļoti" + "garš" * 60)
    stub.say("assistant", "https://www.example.org/" + "x" * 200, buttons=[{"title": "Garš " * 20, "payload": "a"}])
    stub.state(phase="waiting", wait_text="Operators atbildēs aptuveni 4 minūšu laikā.")
    page.get_by_text("aptuveni 4 minūšu").wait_for()
    box = page.locator(".input").bounding_box()
    assert box is not None
    if size[1] > 320:
        assert box["y"] + box["height"] <= size[1]
    else:
        page.locator(".input").scroll_into_view_if_needed()
        expect(page.locator(".input")).to_be_in_viewport()
    assert page.locator(".scroll").evaluate("(e) => e.scrollWidth <= e.clientWidth + 1")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    height = page.locator(".scroll").evaluate("(e) => e.clientHeight")
    assert height >= 100
    context.close()


def test_every_target_is_large_enough(visit: OpenPage, stub: Stub) -> None:
    page = visit()
    write(page, "sveiki")
    stub.say("assistant", "ok", source={"title": "VSAA", "url": "https://a.lv", "date": None})
    page.get_by_text("Avots: VSAA").wait_for()
    stub.say("assistant", "ok", source={"title": "LM", "url": "https://a.lv", "date": "2024", "seen": False})
    page.get_by_text("Avots: LM, 2024").wait_for()
    stub.say("assistant", "ok", source={"title": "UR", "url": "https://a.lv", "date": "2026-11-23", "seen": True})
    page.get_by_text("Avots: UR (lapa skatīta 23.11.2026.)").wait_for()
    for control in page.locator("dialog button:visible, dialog textarea:visible, .source a").all():
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 23.9, control.inner_text()


def test_the_entry_and_the_whole_stay_small(stub: Stub) -> None:
    import gzip

    from .stub_server import WEBCHAT

    static = WEBCHAT / "static"
    assert len(gzip.compress((static / "pietura.js").read_bytes())) < 2_000
    whole = sum(len(gzip.compress(path.read_bytes())) for path in (static / "pietura").glob("*.js"))
    assert whole < 60_000


def test_catalogues_have_the_same_keys_and_placeholders() -> None:
    import json

    from .stub_server import WEBCHAT

    catalogues = {
        lang: {
            key: text
            for key, text in json.loads((WEBCHAT / "locales" / f"{lang}.json").read_text(encoding="utf-8")).items()
            if key.startswith("widget.")
        }
        for lang in ("lv", "ru", "en")
    }
    sources = "".join(path.read_text(encoding="utf-8") for path in (WEBCHAT / "static" / "pietura").glob("*.js"))
    used = set(re.findall(r"(?:\bt\(|link\(|\), )'([a-z]+(?:_[a-z0-9]+)*)'\)?", sources))
    built = set(re.findall(r"t\(`([a-z]+_)\$", sources))
    for lang, texts in catalogues.items():
        assert texts.keys() == catalogues["lv"].keys(), lang
        for key, text in texts.items():
            assert text.strip(), (lang, key)
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", catalogues["lv"][key])), (lang, key)
    missing = {key for key in used if f"widget.{key}" not in catalogues["lv"]}
    assert missing <= {"image"}, missing
    for key in catalogues["lv"]:
        name = key.removeprefix("widget.")
        assert f"'{name}'" in sources or name.startswith(tuple(built)), f"{key} is used nowhere"
