"""Files both ways and the correction of a message, in real browsers: a citizen on a telephone, an operator at a desk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.handoff.files import PDF, picture

from .conftest import NewCitizen, NewStaff
from .people import Citizen, assert_accessible
from .product import Product, until

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
#: Puts a file onto an element as a mouse or the clipboard does.
_GIVE = """(element, [kind, name, type, data]) => {
    const carried = new DataTransfer();
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    carried.items.add(new File([bytes], name, {type}));
    const options = {bubbles: true, cancelable: true, composed: true};
    element.dispatchEvent(
        kind === 'paste'
            ? new ClipboardEvent('paste', {...options, clipboardData: carried})
            : new DragEvent(kind, {...options, dataTransfer: carried}),
    );
}"""


def give(page: Page, selector: str, kind: str, name: str, mime: str, data: bytes) -> None:
    import base64

    page.locator(selector).evaluate(_GIVE, [kind, name, mime, base64.b64encode(data).decode()])


def file(name: str, mime: str, data: bytes) -> Any:
    return {"name": name, "mimeType": mime, "buffer": data}


def _fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def _choose(citizen: Citizen, *files: Any) -> None:
    page = citizen.page
    if page.locator(".tray").is_hidden():
        page.get_by_role("button", name="Pievienot failu").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Izvēlēties failu").click()
    chooser.value.set_files(list(files))


def test_files_go_both_ways(new_citizen: NewCitizen, new_staff: NewStaff, product: Product, tmp_path: Path) -> None:
    citizen = new_citizen(**PHONE).visit().open_chat()
    page = citizen.page
    citizen.ask_for_person()
    anna = new_staff("anna")
    anna.take_next()

    # On a telephone: the warning first, the camera beside the files, everything large enough for a finger.
    page.get_by_role("button", name="Pievienot failu").tap()
    expect(page.locator(".tray")).to_contain_text("nesūtiet dokumentus ar personas datiem")
    expect(page.get_by_role("button", name="Nofotografēt")).to_be_visible()
    _choose(
        citizen,
        file("Foto no ielas.jpg", "image/jpeg", picture("JPEG", size=(640, 480))),
        file("izziņa.pdf", "application/pdf", PDF),
    )
    expect(page.locator(".chosen")).to_have_count(2)
    expect(page.locator(".chosen").first).to_contain_text("KB")
    assert_accessible(page, "files chosen")
    _fits(page)
    for size in page.locator(".tray button:visible, .field button").evaluate_all(
        "(all) => all.map((it) => it.getBoundingClientRect().height)"
    ):
        assert size >= 24
    _choose(citizen, file("lieks.exe", "application/pdf", b"MZ" + b"\0" * 100))
    expect(page.locator(".chosen.failed")).to_contain_text("Šādu failu pievienot nevar")
    page.locator(".send").tap()
    expect(page.locator(".tray [role=alert]")).to_contain_text("lieks.exe")
    page.get_by_role("button", name="Noņemt: lieks.exe").tap()
    page.locator(".send").tap()
    own = citizen.messages("own").last
    expect(own.locator(".meta")).to_contain_text(re.compile("Nosūtīts|Redzēts"))
    expect(own.locator(".picture canvas")).to_be_visible()
    assert own.locator("canvas").evaluate("(it) => it.width > 100 && it.width / it.height < 1"), (
        "its orientation is kept"
    )
    assert "[" not in own.locator(".body").inner_text(), "the mark is for lists, not for the citizen"
    expect(page.locator(".tray")).to_be_hidden()

    # The operator sees the picture in place and saves the document; both are on record.
    received = anna.messages("citizen").last
    image = received.locator("img")
    expect(image).to_be_visible()
    until(lambda: image.evaluate("(it) => it.complete && it.naturalWidth > 0"), what="the picture")
    with anna.page.expect_download() as saved:
        received.get_by_role("link", name="izziņa.pdf").click()
    assert Path(saved.value.path()).read_bytes() == PDF
    until(
        lambda: product.query("SELECT count(*) FROM audit WHERE action = 'read_attachment'")[0][0] >= 2,
        what="the record",
    )

    # He answers with a file that is pasted, and one that is dropped; a message may be a file alone.
    give(anna.page, "#composer-text", "paste", "ekrāns.png", "image/png", picture("PNG", size=(300, 200)))
    expect(anna.page.locator(".chosen__one")).to_contain_text("ekrāns.png")
    give(anna.page, "form.composer", "drop", "Veidlapa.pdf", "application/pdf", PDF)
    expect(anna.page.locator(".chosen__one")).to_have_count(2)
    assert_accessible(anna.page, "console with files")
    anna.composer.press("Enter")
    answer = citizen.messages("person").last
    expect(answer.locator(".picture canvas")).to_be_visible()
    until(lambda: answer.locator("canvas").evaluate("(it) => it.width") == 300, what="the citizen's picture")
    with page.expect_download() as saved:
        answer.get_by_role("button", name=re.compile("Lejupielādēt: Veidlapa.pdf")).tap()
    assert saved.value.suggested_filename == "Veidlapa.pdf"
    assert Path(saved.value.path()).read_bytes() == PDF
    assert_accessible(page, "messages with files")
    _fits(page)

    # Another page of the citizen's has not the files at hand, and gets them from the server.
    page.reload()
    expect(citizen.messages("own").last.locator(".picture canvas")).to_be_visible()
    until(
        lambda: citizen.messages("own").last.locator("canvas").evaluate("(it) => it.width") > 100,
        what="the picture after a reload",
    )


def test_a_message_waits_for_its_file_over_a_broken_line(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    citizen = new_citizen().visit().open_chat()
    page = citizen.page
    citizen.ask_for_person()
    broken = {"left": 2}

    def cut(route: Any) -> None:
        if route.request.method == "PUT" and broken["left"]:
            broken["left"] -= 1
            route.abort("connectionreset")
        else:
            route.fallback()

    page.route("**/chat/attachments/**", cut)
    give(page, "dialog.panel .input", "paste", "bilde.png", "image/png", picture("PNG"))
    expect(page.locator(".chosen")).to_contain_text("bilde.png")
    citizen.write("Lūk, bilde")
    page.locator(".input").fill("Un vēl kaut kas")
    page.locator(".input").press("Enter")
    expect(citizen.messages("own").last.locator(".meta")).to_contain_text("Nosūtīts")
    assert broken["left"] == 0
    # In the order in which they were written, though the first had to wait for its file.
    anna = new_staff("anna")
    conversation = anna.take_next()
    said = [m for m in anna.api("GET", f"conversations/{conversation}")["messages"] if m["author"]["kind"] == "citizen"]
    assert [(m["text"], len(m["attachments"])) for m in said[-2:]] == [
        ("Lūk, bilde\n[attēls]", 1),
        ("Un vēl kaut kas", 0),
    ]


def test_a_file_lost_with_its_page_is_told_and_the_words_stay(new_citizen: NewCitizen) -> None:
    citizen = new_citizen().visit().open_chat()
    page = citizen.page
    citizen.ask_for_person()
    page.route("**/chat/attachments/**", lambda route: route.abort("connectionreset"))
    give(page, "dialog.panel .input", "paste", "bilde.png", "image/png", picture("PNG"))
    citizen.write("Svarīgs teksts")
    expect(citizen.messages("own").last.locator(".meta")).to_contain_text("Sūta")
    expect(citizen.messages("own").last.locator("canvas")).to_be_visible()
    page.unroute("**/chat/attachments/**")
    page.reload()
    lost = citizen.messages("own").filter(has_text="Svarīgs teksts")
    expect(lost).to_contain_text("Fails nav nosūtīts")
    lost.get_by_role("button", name="Labot").click()
    expect(page.locator(".input")).to_have_value("Svarīgs teksts")


def test_the_last_message_is_corrected_with_the_keyboard(new_citizen: NewCitizen, new_staff: NewStaff) -> None:
    citizen = new_citizen(**PHONE).visit().open_chat()
    citizen.ask_for_person()
    anna = new_staff("anna")
    anna.take_next()
    anna.say("Pabalsts ir 50 eiro.")
    expect(citizen.messages("person").last).to_contain_text("50 eiro")
    anna.composer.press("ArrowUp")
    field = anna.page.locator("#correction-text")
    expect(field).to_be_focused()
    expect(field).to_have_value("Pabalsts ir 50 eiro.")
    assert_accessible(anna.page, "correcting")
    field.press("Escape")
    expect(anna.composer).to_be_focused()
    # What was begun meanwhile is kept.
    anna.composer.fill("Vēl neesmu beigusi")
    anna.messages("operator").last.get_by_role("button", name="Labot").click()
    field.fill("Pabalsts ir 60 eiro.")
    field.press("Enter")
    expect(anna.composer).to_have_value("Vēl neesmu beigusi")
    expect(anna.messages("operator").last).to_contain_text("60 eiro")
    shown = citizen.messages("person").last
    expect(shown).to_contain_text("60 eiro")
    expect(shown.locator(".by")).to_contain_text("labots")
    assert citizen.messages("person").count() == 1
    assert_accessible(citizen.page, "a corrected message")
    anna.messages("operator").last.get_by_role("button", name="Kas bija rakstīts iepriekš").click()
    expect(anna.messages("operator").last).to_contain_text("50 eiro")
    # Once the citizen has answered, what he answered to stands.
    citizen.say("Paldies")
    expect(anna.messages("operator").last.get_by_role("button", name="Labot")).to_have_count(0)
    anna.composer.fill("")
    anna.composer.press("ArrowUp")
    expect(anna.composer).to_be_focused()
