"""Example questions, the question set and questions from life, with real clicks."""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from .accounts import assert_fits
from .conftest import NewCitizen, NewStaff
from .product import until

_PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
_SERVICE = "#/knowledge/vsaa-slimibas-pabalsts"
_WORDS = "Kur dabūt zilo krumpumpuru"


def _answered_by_a_person(new_citizen: NewCitizen, desk: httpx.Client, question: str) -> None:
    citizen = new_citizen().visit().open_chat()
    citizen.ask(question)
    citizen.ask_for_person()
    # The product is shared: others' conversations may be there as well.
    shown = desk.get("/snapshot").raise_for_status().json()["conversations"]
    card = next(one for one in shown if one["state"] == "queued" and question in (one["summary"] or ""))
    path = f"/conversations/{card['id']}"
    desk.post(f"{path}/take", json={"version": card["version"]}).raise_for_status()
    for step, body in (
        ("messages", {"id": str(uuid.uuid4()), "text": "Krumpumpuru izsniedz veterinārārsts."}),
        ("close", {"topic": "other", "outcome": "resolved"}),
    ):
        version = desk.get(path).raise_for_status().json()["card"]["version"]
        more = {} if step == "messages" else {"version": version}
        desk.post(f"{path}/{step}", json={**body, **more}).raise_for_status()


def _shown(page: Page, name: str) -> None:
    page.get_by_role("region", name=name, exact=True).scroll_into_view_if_needed()


def test_an_example_is_judged_approved_and_understood(
    new_citizen: NewCitizen, new_staff: NewStaff, desks: list[httpx.Client]
) -> None:
    _answered_by_a_person(new_citizen, desks[0], "Vai jums ir violetais krumpumpurs kaķim?")
    liga, admin = new_staff("liga"), new_staff("admin")
    page = liga.page
    page.goto(f"{liga.url}/console{_SERVICE}")
    box = page.get_by_role("region", name="Jautājumu piemēri", exact=True)
    box.get_by_role("button", name="Labot").click()
    field = box.get_by_label("Jautājumu piemēri", exact=True)
    expect(field).to_be_focused()
    there = field.input_value()
    field.fill(f"{there}\nMans kods 010190-12345")
    box.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(field).to_have_accessible_description(re.compile("personas dati"))
    field.fill(f"{there}\n{_WORDS}")
    assert_fits(page, "examples being changed")
    box.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(box.locator(".wording__verdict")).to_be_visible(timeout=180_000)
    expect(box.locator("ins")).to_have_text(_WORDS)
    assert_fits(page, "a change that was judged")

    admin.page.goto(f"{admin.url}/console#/knowledge/changes")
    waiting = admin.page.locator(".desk__changes li", has_text=_WORDS).first
    expect(waiting.locator(".wording__verdict")).to_be_visible()
    waiting.get_by_role("button", name="Apstiprināt").click()
    expect(admin.page.locator(".toast--ok")).to_contain_text("Nākamais iedzīvotājs")

    def told() -> bool:
        # The index is made anew beside everything else: on a busy machine that takes its time.
        return "Slimības pabalsts" in new_citizen().visit().open_chat().ask(f"{_WORDS}?").inner_text()

    until(told, 30, "an answer by the new words")

    # What the citizen at the beginning was not helped with has come in meanwhile.
    page.goto(f"{liga.url}/console#/life")
    group = page.get_by_role("link", name="violetais krumpumpurs")
    waited = re.compile(r"editor/life\?")

    def gathered() -> bool:
        # Judged only when the list has come: a page that has just been loaded shows nothing yet.
        with page.expect_response(waited):
            page.reload()
        expect(page.get_by_role("status").filter(has_text="Ielādē")).to_have_count(0)
        if not group.count():
            page.wait_for_timeout(1_000)
        return group.count() > 0

    until(gathered, 60, "the question that nobody answered, in the list")
    expect(group).to_be_visible()
    assert_fits(page, "questions from life")
    group.click()
    expect(page.get_by_text("Krumpumpuru izsniedz veterinārārsts.")).to_be_visible()
    assert_fits(page, "one group of questions")
    page.get_by_role("button", name="Piedāvāt jaunu pakalpojumu").click()
    page.get_by_label("Iestāde").select_option(label="Pārtikas un veterinārais dienests")
    first = page.get_by_role("group", name="Latviešu")
    first.get_by_label("Nosaukums").fill("Violetā krumpumpura izsniegšana")
    # What was begun is there again after a reload.
    page.reload()
    expect(first.get_by_label("Nosaukums")).to_have_value("Violetā krumpumpura izsniegšana")
    expect(page.get_by_label("Iestāde")).to_have_value("pvd")
    expect(first.get_by_label("Atbilde")).to_have_value("Krumpumpuru izsniedz veterinārārsts.")
    page.get_by_role("button", name="Saglabāt melnrakstu").click()
    draft = page.locator(".desk__changes li", has_text="Violetā krumpumpura izsniegšana").first
    expect(draft).to_contain_text("Melnraksts")
    draft.get_by_role("button", name="Atmest labojumu").click()
    liga.dialog.get_by_role("button", name="Atmest labojumu").click()
    expect(draft).to_have_count(0)


def test_the_question_set_on_a_phone(new_staff: NewStaff) -> None:
    baiba = new_staff("baiba", **_PHONE)
    page = baiba.page
    page.goto(f"{baiba.url}/console#/knowledge/questions")
    expect(page.locator(".wording__q").first).to_be_visible()
    page.get_by_label("Jautājums", exact=True).fill("Kur pieteikt krumpumpura nozaudēšanu?")
    page.get_by_role("button", name="Pievienot").click()
    own = page.locator(".wording__q", has_text="krumpumpura nozaudēšanu")
    expect(own).to_contain_text("neviens mūsu pakalpojums")
    assert_fits(page, "the question set on a phone")
    own.get_by_role("button", name="Izņemt").click()
    page.get_by_label("Meklēt kopā").fill("krumpumpura nozaud")
    expect(own).to_contain_text("izņemts")
    page.goto(f"{baiba.url}/console#/life")
    expect(page.get_by_role("heading", name="Zināšanu bāze")).to_be_visible()
    assert_fits(page, "questions from life on a phone")
    page.goto(f"{baiba.url}/console{_SERVICE}")
    _shown(page, "Jautājumu piemēri")
    assert_fits(page, "a service with its wording on a phone")
