"""An accountant's month with real clicks: looked at, closed, its figures followed to their rows, saved, questioned, decided;
and a price list that two people need."""

from __future__ import annotations

import asyncio
import io
import threading
import uuid
from collections.abc import Coroutine
from datetime import UTC, date, datetime, timedelta
from typing import Any

import openpyxl
import pypdf
from playwright.sync_api import Page, expect
from sqlalchemy import select

from handoff.settlement.models import SettlementPeriod
from handoff.staff.models import Staff
from kit.clock import RIGA
from kit.db import Database
from tests.settlement.golden import Ledger, riga

from .accounts import assert_fits
from .conftest import NewStaff
from .people import Staff as Person
from .product import Product

#: Far from the numbers that the product gives in other tests.
_APART = 900_000
_PHONE = {"width": 390, "height": 844}
_DESK = {"width": 1440, "height": 900}


def _last_month() -> tuple[int, int]:
    day = datetime.now(RIGA).replace(day=1) - timedelta(days=1)
    return day.year, day.month


def _ledger() -> Ledger:
    """Last month: three chats of Riga's at 1,05 and one of Valmiera's; VSAA's Facebook: two comments at 0,85, one by each."""
    ledger, (year, month) = Ledger(), _last_month()
    for day, centre in ((1, "riga"), (2, "riga"), (3, "riga"), (4, "valmiera")):
        ledger.case("chat_session", "webchat", 1, centre, riga(year, month, day), service="s1")
    for day, centre in ((5, "riga"), (6, "valmiera")):
        ledger.case("comment", "facebook", 1, centre, riga(year, month, day), account="acc-vsaa-fb")
    for row in ledger.cases:
        row["no"] += _APART
    for row in ledger.entries:
        row["id"] += _APART
        row["case_no"] += _APART
    for row in ledger.conversations:
        row["id"] = _apart(row["id"])
    for rows in (ledger.cases, ledger.entries, ledger.events, ledger.threads):
        for row in rows:
            row["conversation_id"] = _apart(row["conversation_id"])
    return ledger


def _apart(conversation: str) -> str:
    return str(uuid.UUID(int=uuid.UUID(conversation).int + _APART))


def _aside(work: Coroutine[Any, Any, None]) -> None:
    """Runs it beside the browser, whose own loop is busy."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


async def _write(url: str) -> None:
    db = Database(url)
    await _ledger().write(db)
    await db.engine.dispose()


async def _failing(url: str) -> None:
    """Last month's closing has failed three times, and the fourth attempt is an hour away."""
    db, (year, month), now = Database(url), _last_month(), datetime.now(UTC)
    async with db.unit() as unit:
        who = await unit.session.scalar(select(Staff.id).where(Staff.email == "gunta@demo.lv"))
        unit.session.add(
            SettlementPeriod(
                month=date(year, month, 1),
                state="closing",
                started_by=who,
                started_at=now - timedelta(minutes=3),
                cutoff_at=now - timedelta(minutes=3),
                progress=50,
                step="reckoning",
                error="adjustments",
                fault="3f9a21c0",
                attempts=3,
                failed_at=now,
                next_try_at=now + timedelta(hours=1),
            )
        )
    await db.engine.dispose()


def _given_back(page: Page, gunta: Person, url: str) -> None:
    """A closing that fails says why and what to do, and is given back."""
    _aside(_failing(url))
    page.reload()
    expect(page.locator(".page__head .chip")).to_contain_text("Neizdodas noslēgt")
    failed = page.get_by_role("region", name="Tiek noslēgts")
    expect(failed).to_contain_text("Neizdevās aprēķināt kvalitātes daļu vai fiksēto daļu.")
    expect(failed).to_contain_text("Mēģinājumi: 3.")
    expect(failed).to_contain_text("3f9a21c0")
    expect(failed.get_by_role("button", name="Mēģināt tūlīt")).to_be_visible()
    _both(page, "a closing that fails")
    failed.get_by_role("button", name="Atcelt noslēgšanu").click()
    gunta.dialog.get_by_role("button", name="Atcelt noslēgšanu").click()
    expect(gunta.dialog.locator(".field__error")).to_be_visible()
    gunta.dialog.get_by_label("Iemesls").fill("Pārbaudīsim kvalitātes daļu")
    gunta.dialog.get_by_role("button", name="Atcelt noslēgšanu").click()
    expect(page.locator(".page__head .chip")).to_have_text("Atvērts")
    expect(page.locator("#main")).to_be_focused()


def _both(page: Page, where: str) -> None:
    """Nothing for axe to find and nothing too wide, at a desk and on a phone."""
    assert_fits(page, where)
    page.set_viewport_size(_PHONE)  # type: ignore[arg-type]
    assert_fits(page, f"{where}, on a phone")
    page.set_viewport_size(_DESK)  # type: ignore[arg-type]


def _saved(page: Page, form: str) -> tuple[str, bytes]:
    with page.expect_download(timeout=30_000) as waiting:
        page.get_by_role("link", name=form).click()
    return waiting.value.suggested_filename, waiting.value.path().read_bytes()


def test_a_month_of_the_accountants(product: Product, new_staff: NewStaff) -> None:
    _aside(_write(product.settings.database_url))
    year, month = _last_month()
    gunta = new_staff("gunta")
    page = gunta.page
    page.get_by_role("navigation").get_by_role("link", name="Norēķini").click()
    row = page.get_by_role("row").filter(has=page.locator(f"a[href='#/settlements/{year}-{month:02}']"))
    expect(row).to_contain_text("Atvērts")
    row.get_by_role("link").click()

    # What it would come to: Riga 3 × 1,05 + its share, Valmiera 1,05 + its own; VSAA 75,25 + 2 × 0,85 = 76,95, halved.
    expect(page.locator(".notice-line")).to_contain_text("Nekas nav saglabāts")
    centres = page.get_by_role("table", name="Centriem izmaksājamais")
    expect(centres.get_by_role("row").filter(has_text="3,15")).to_have_count(1)
    expect(page.locator(".checks__ok")).to_have_count(3)
    expect(page.locator(".checks__bad")).to_have_count(0)
    _both(page, "an open month")
    _given_back(page, gunta, product.settings.database_url)
    expect(page.locator(".checks__ok")).to_have_count(3)
    page.get_by_role("button", name="Noslēgt").click()
    expect(gunta.dialog).to_contain_text("Noslēgt mēnesi var tikai vienreiz")
    gunta.dialog.get_by_role("button", name="Noslēgt").click()
    expect(page.locator(".page__head .chip")).to_have_text("Noslēgts", timeout=30_000)
    expect(page.locator(".checks__ok")).to_have_count(3)
    _both(page, "a closed month")

    # A centre's statement: its share opens to the cases that it served and VSAA pays, and they can be questioned there.
    centres.get_by_role("row").filter(has_text="3,15").get_by_role("link").click()
    division = page.get_by_role("table", name="Daļa no iestāžu maksām")
    division.get_by_role("link", name="1 no 2").click()
    expect(page.locator("#lines-title")).to_be_focused()
    expect(page.locator(".line-filters__now .chip")).to_contain_text("Maksātājs:")
    expect(page.get_by_text("Šos gadījumus centrs apkalpojis, bet par tiem maksā iestāde")).to_be_visible()
    expect(page.get_by_text("Rindas: 1. Gadījumi: 1.")).to_be_visible()
    expect(page.get_by_role("button", name="Apstrīdēt")).to_have_count(1)
    _both(page, "the cases behind a share")
    page.get_by_role("link", name="Atpakaļ uz mēnesi").click()

    # The institution's statement; every figure leads to its rows.
    fees = page.get_by_role("table", name="Iestāžu maksas par sociālo tīklu kontiem")
    fees.get_by_role("row").filter(has_text="76,95").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Pārskats {year}-{month:02}-I")
    number = page.get_by_role("heading", level=1).inner_text().split()[-1]
    expect(page.locator(".totals .sum")).to_contain_text("76,95")
    division = page.get_by_role("table", name="Maksas dalījums starp centriem")
    expect(division).to_contain_text("1 no 2")
    division.get_by_role("link", name="1 no 2").first.click()
    expect(page.locator("#lines-title")).to_be_focused()
    expect(page.get_by_text("Rindas: 1. Gadījumi: 1.")).to_be_visible()
    page.get_by_role("link", name="Rādīt visas rindas").click()
    expect(page.get_by_text("Rindas: 2. Gadījumi: 2. Summa: 1,70")).to_be_visible()
    of_accounts = page.locator("section[aria-labelledby='fees-title']")
    of_accounts.get_by_role("link", name="1,70").first.click()
    expect(page.locator(".line-filters__now .chip")).to_contain_text("VSAA facebook")
    expect(page.get_by_text("Rindas: 2. Gadījumi: 2. Summa: 1,70")).to_be_visible()
    page.get_by_role("link", name="Rādīt visas rindas").click()
    # Who serves nobody is not asked whether she is there.
    expect(page.get_by_role("switch")).to_have_count(0)
    _both(page, "a statement")

    name, pdf = _saved(page, "PDF")
    assert name == f"Pietura-{number}.pdf"
    first = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "76,95" in first
    assert page.locator(".digest").inner_text() in first
    name, book = _saved(page, "XLSX")
    assert name == f"Pietura-{number}.xlsx"
    assert openpyxl.load_workbook(io.BytesIO(book)).sheetnames == ["Kopsavilkums", "Dalījums", "Gadījumi"]

    # A line is questioned by her, decided by another.
    lines = page.get_by_role("table", name="Rindas")
    lines.get_by_role("button", name="Apstrīdēt").first.click()
    gunta.dialog.get_by_role("button", name="Apstrīdēt").click()
    expect(gunta.dialog.locator(".field__error")).to_be_visible()
    gunta.dialog.get_by_label("Kas nav pareizi?").fill("Šo komentāru rakstījām mēs paši")
    gunta.dialog.get_by_role("button", name="Apstrīdēt").click()
    expect(lines.get_by_role("link", name="Neizlemts")).to_be_visible()
    lines.get_by_role("link", name="Neizlemts").click()
    expect(page.locator("main")).to_contain_text("Par to izlemj cits cilvēks")
    page.get_by_role("link", name="Rīgas VPVKAC: rādīt tikai šos strīdus").first.click()
    expect(page.locator(".line-filters__now .chip")).to_contain_text("Centrs:")
    _both(page, "disputes")
    admin = new_staff("admin")
    admin.page.goto(f"{admin.url}/console#/disputes")
    admin.page.get_by_role("button", name="Piekrist").click()
    admin.dialog.get_by_text("Gadījumu neskaita").click()
    admin.dialog.get_by_label("Pamatojums").fill("Tā ir")
    assert_fits(admin.page, "deciding on a dispute")
    admin.dialog.get_by_role("button", name="Piekrist").click()
    expect(admin.page.get_by_role("row").filter(has_text="Tā ir")).to_contain_text("Pamatots")

    _prices(gunta.page, admin.page, gunta.url)


def _prices(page: Page, other: Page, url: str) -> None:
    """She prepares and compares, another approves."""
    page.goto(f"{url}/console#/tariffs")
    expect(page.get_by_role("table")).to_contain_text("Spēkā")
    _both(page, "price lists")
    page.get_by_role("link", name="Jauns cenrādis").click()
    page.get_by_label("Nosaukums").fill("Izmēģinājuma cenrādis")
    page.get_by_role("button", name="Sagatavot").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Izmēģinājuma cenrādis")
    price = page.get_by_label("Cena, EUR").first
    price.fill("viens")
    page.get_by_role("button", name="Saglabāt").click()
    expect(price).to_be_focused()
    expect(page.get_by_text("Ierakstiet cenu eiro").first).to_be_visible()
    price.fill("1,35")
    _both(page, "a price list in the making")
    page.get_by_role("button", name="Saglabāt").click()
    expect(page.get_by_text("Cenrādis saglabāts").first).to_be_visible()
    page.get_by_role("button", name="Salīdzināt").click()
    expect(page.get_by_role("heading", name="Salīdzinājums")).to_be_focused()
    expect(page.get_by_role("button", name="Apstiprināt")).to_have_count(0)
    _both(page, "a comparison")
    other.goto(page.url)
    other.get_by_role("button", name="Apstiprināt").click()
    other.locator("dialog[open]").get_by_role("button", name="Apstiprināt").click()
    expect(other.locator(".price-head .chip")).to_have_text("Apstiprināts")
    # Nothing of it stays for others.
    other.get_by_role("button", name="Atsaukt").click()
    other.locator("dialog[open]").get_by_label("Pamatojums").fill("Izmēģinājums")
    other.locator("dialog[open]").get_by_role("button", name="Atsaukt").click()
    expect(other.locator(".price-head .chip")).to_have_text("Atsaukts")
