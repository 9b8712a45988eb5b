"""What the assistant is taught, with a real browser: an example by two people, a training by the stand-in, its figures."""

from __future__ import annotations

from playwright.sync_api import expect

from .accounts import assert_fits
from .conftest import NewStaff

TEXT = "tencinu jūs no visas sirds"


def test_an_example_is_agreed_on_and_learnt(new_staff: NewStaff) -> None:
    liga, admin = new_staff("liga"), new_staff("admin")
    page = liga.page
    page.goto(f"{liga.url}/console#/training")
    expect(page.get_by_role("link", name="Apmācība", exact=True).first).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Pievienot piemērus").click()
    texts = page.get_by_label("Piemēri, katrs savā rindā")
    expect(texts).to_be_focused()
    form = page.get_by_role("form", name="Pievienot piemērus")
    form.get_by_label("Ziņas veids").select_option("thanks")
    # What is measured must not be learnt; what was typed stays.
    texts.fill(f"{TEXT}\nKura ir garākā upe pasaulē?")
    form.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(form.get_by_role("alert")).to_contain_text("2. rinda ir starp jautājumiem")
    expect(texts).to_have_value(f"{TEXT}\nKura ir garākā upe pasaulē?")
    texts.fill(TEXT)
    assert_fits(page, "examples of kinds of turn")
    form.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(page.locator("#main")).to_be_focused()

    other = admin.page
    other.goto(f"{admin.url}/console#/training?show=waiting")
    expect(other.get_by_role("heading", name="Pievieno: pateicība")).to_be_visible()
    other.get_by_role("button", name="Apstiprināt").click()
    expect(other.get_by_text("Nekas negaida apstiprinājumu.")).to_be_visible()

    page.goto(f"{liga.url}/console#/training?show=model")
    page.get_by_role("button", name="Apmācīt no jauna").click()
    expect(page.get_by_text("Jaunais modelis nav sliktāks.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="Pamanītas briesmas")
    expect(row).to_contain_text("100")
    expect(row).to_contain_text("tāpat")
    # This product's Rasa is not kept by `pietura run`: nobody can put a model to work from here, and the page says so.
    expect(page.get_by_role("button", name="Ieslēgt šo modeli")).to_have_count(0)
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page, "a training on a phone")
