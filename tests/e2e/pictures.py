"""The pictures of README and guides, taken of the real product: ``make pictures``, or some: ``ARGS="--walk"``, ``"--papers"``."""

from __future__ import annotations

import asyncio
import io
import re
import sqlite3
import struct
import sys
import tempfile
import zlib
from pathlib import Path

import pypdfium2
from playwright.sync_api import Browser, Page, expect, sync_playwright

from gateway.demo.history import make_history
from gateway.settings import ROOT, Settings
from gateway.setup import set_up
from handoff.settlement import documents
from handoff.settlement.statement import Statement
from tests.browser import launch

from .people import Citizen, Staff
from .product import Product
from .sheet import sheet_as_page
from .walk import Walk

_FOLDER = ROOT / "docs" / "pictures"
_LIMIT_BYTES = 250_000
_PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
_PLACE = {"locale": "lv-LV", "timezone_id": "Europe/Riga", "reduced_motion": "reduce", "color_scheme": "light"}


def main() -> int:
    """Starts the product, plays the scenes, takes the pictures."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=20_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = folder / "template.db"
        settings = Settings(data_dir=folder, database_url=f"sqlite+aiosqlite:///{template}", redis_url=None)
        asyncio.run(set_up(settings, _say))
        asyncio.run(make_history(settings, _say))
        if "--walk" not in sys.argv:
            with sync_playwright() as playwright:
                _papers(launch(playwright), template)
        if "--papers" in sys.argv:
            return 0
        product = Product.prepare(folder, template)
        # The figures were made for ordinary working time.
        product.gateway.environment |= {"PIETURA_OPENS": "08:00", "PIETURA_CLOSES": "18:00"}
        with sqlite3.connect(product.database) as connection:
            connection.execute("DELETE FROM calendar_exception")
        try:
            product.start()
            with sync_playwright() as playwright:
                browser = launch(playwright)
                Walk(browser, product.url).whole()
                if "--walk" not in sys.argv:
                    _widget(browser, product.url)
                    _console(browser, product.url)
                    _desk(browser, product.url)
                browser.close()
        finally:
            product.stop()
    return 0


def _say(text: str) -> None:
    print(f"  {text}", flush=True)


def _widget(browser: Browser, url: str) -> None:
    wide = browser.new_context(viewport={"width": 1280, "height": 800}, **_PLACE)
    citizen = Citizen(wide.new_page(), url).visit("/demo#/slimibas-pabalsts").open_chat()
    expect(citizen.ask("Kā pieteikties slimības pabalstam?")).to_contain_text("Avots")
    citizen.page.get_by_role("button", name="Kāds ir apmērs?").click()
    expect(citizen.messages("assistant")).to_have_count(3)
    _take(citizen.page, "widget")

    phone = browser.new_context(**_PHONE, **_PLACE)
    citizen = Citizen(phone.new_page(), url).visit().open_chat()
    expect(citizen.ask("Kā pieteikties slimības pabalstam?")).to_contain_text("Avots")
    _take(citizen.page, "widget-phone")


def _console(browser: Browser, url: str) -> None:
    staff = browser.new_context(viewport={"width": 1440, "height": 900}, **_PLACE)
    anna = Staff(staff.new_page(), url, "anna").sign_in()

    first = Citizen(browser.new_context(**_PLACE).new_page(), url).visit().open_chat()
    first.ask("Kā pieteikties slimības pabalstam?")
    first.ask_for_person("Vai varu runāt ar operatoru?")
    conversation = anna.take_next()
    anna.say("Labdien! Esmu Anna. Redzu, ka jautājat par slimības pabalstu. Kas palika neskaidrs?")
    first.say("Ārsts lapu B noslēdza 10. novembrī. Līdz kuram datumam jāiesniedz iesniegums?")
    expect(anna.messages("citizen").last).to_contain_text("Līdz kuram datumam")

    second = Citizen(browser.new_context(**_PLACE).new_page(), url).visit().open_chat()
    second.page.get_by_role("button", name="Dzīvesvietas deklarēšana").click()
    expect(second.messages("assistant")).to_have_count(2)
    second.ask_for_person("Lūdzu, savienojiet ar operatoru")
    expect(anna.cards()).to_have_count(1)
    while anna.page.locator(".toast button").count():
        anna.page.locator(".toast button").first.click()
    expect(anna.page.locator(".aid")).to_have_count(3)
    anna.composer.fill("Iesniegt var sešu mēnešu laikā no darbnespējas pirmās dienas.")
    _take(anna.page, "console")
    anna.page.locator("#details-tab-knowledge").click()
    expect(anna.page.locator(".known").first).to_be_visible()
    _take(anna.page, "console-knowledge")
    anna.page.locator("#details-tab-about").click()

    mobile = browser.new_context(**_PHONE, **_PLACE, storage_state=staff.storage_state())
    pocket = Staff(mobile.new_page(), url, "anna").sign_in()
    pocket.page.goto(f"{url}/console#/inbox/{conversation}")
    expect(pocket.messages("citizen").last).to_contain_text(re.compile("Līdz kuram datumam"))
    pocket.page.locator(".msgs").click()
    _take(pocket.page, "console-phone")


def _desk(browser: Browser, url: str) -> None:
    """The editors' desk: a change that waits for its second person."""
    contexts = [browser.new_context(viewport={"width": 1440, "height": 900}, **_PLACE) for _ in range(2)]
    liga, admin = (
        Staff(context.new_page(), url, who).sign_in() for context, who in zip(contexts, ("liga", "admin"), strict=True)
    )
    liga.page.goto(f"{url}/console#/knowledge/vsaa-slimibas-pabalsts")
    box = liga.page.get_by_role("region", name="Termiņi", exact=True)
    box.get_by_role("button", name="Labot").click()
    field = box.get_by_label("Atbilde", exact=True)
    field.fill(field.input_value().replace(".", ". Vēlāk iesniegtu pieteikumu neizskata.", 1))
    box.get_by_label("Kāpēc").fill("Iedzīvotāji par to jautā operatoriem")
    box.get_by_role("button", name="Iesniegt apstiprināšanai").click()
    expect(box.locator(".change")).to_be_visible()
    admin.page.goto(f"{url}/console#/knowledge/changes")
    expect(admin.page.locator(".desk__changes li")).to_have_count(1)
    _take(admin.page, "editors-desk")


def _papers(browser: Browser, database: Path) -> None:
    """A centre's last statement of the demo, as PDF and as XLSX."""
    with sqlite3.connect(database) as connection:
        latest = (
            "SELECT content FROM settlement_statement WHERE number LIKE '%-C%' ORDER BY month DESC, total DESC LIMIT 1"
        )
        statement = Statement.read(connection.execute(latest).fetchone()[0])
    page = browser.new_page(viewport={"width": 1160, "height": 900})
    picture = io.BytesIO()
    paper = pypdfium2.PdfDocument(documents.pdf(statement, documents.texts(), "lv"))
    paper[0].render(scale=1.45).to_pil().save(picture, "PNG")
    _keep(picture.getvalue(), "statement-pdf")
    page.set_content(sheet_as_page(documents.xlsx(statement, documents.texts(), "lv")))
    _take(page, "statement-xlsx")
    browser.close()


def _take(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)  # a last movement ends
    _keep(page.screenshot(caret="hide"), name)


def _keep(png: bytes, name: str) -> None:
    data = _packed(png)
    file = _FOLDER / f"{name}.png"
    file.write_bytes(data)
    print(f"  {file.relative_to(ROOT)}: {len(data) // 1000} kB", flush=True)
    if len(data) > _LIMIT_BYTES:
        raise SystemExit(f"{file.name} is larger than {_LIMIT_BYTES // 1000} kB")


def _packed(png: bytes) -> bytes:
    """The same picture, its data pressed as hard as the format allows: browsers take screenshots in a hurry."""
    signature, at, body, chunks = png[:8], 8, b"", []
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IDAT":
            body += data
        elif kind in (b"IHDR", b"PLTE", b"tRNS"):
            chunks.append((kind, data))
    packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)
    chunks += [(b"IDAT", packer.compress(zlib.decompress(body)) + packer.flush()), (b"IEND", b"")]
    return signature + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


if __name__ == "__main__":
    sys.exit(main())
