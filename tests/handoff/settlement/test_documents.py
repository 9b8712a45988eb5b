"""Statements on paper and as workbooks: the figures of the statement, the same bytes each time, every word in each language."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import openpyxl
import pypdf
import pytest

from handoff.settlement import documents
from handoff.settlement.documents.pdf import summary_rows
from handoff.settlement.documents.wording import Wording
from kit.i18n import LANGUAGES
from tests.handoff.settlement import sample

TEXTS = documents.texts()
NB = "\u00a0"


def _pages(pdf: bytes) -> list[str]:
    return [re.sub(r"[\s\u00a0]+", " ", page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def _book(file: bytes, values: bool = True) -> Any:
    return openpyxl.load_workbook(io.BytesIO(file), data_only=values)


def _prints() -> dict[str, str]:
    made = {
        f"{name} {lang} {make.__name__}": make(statement, TEXTS, lang)
        for name, statement in (("centre", sample.centre()), ("institution", sample.institution()))
        for lang in LANGUAGES
        for make in (documents.pdf, documents.xlsx)
    }
    return {name: hashlib.sha256(file).hexdigest() for name, file in made.items()}


@pytest.mark.parametrize(
    ("lang", "money", "day", "month", "fraction"),
    [
        ("lv", f"−1{NB}234{NB}567,50{NB}EUR", "02.11.2026.", "2026. gada novembris", "17/3 ≈ 5,666667"),
        ("ru", f"−1{NB}234{NB}567,50{NB}EUR", "02.11.2026", "ноябрь 2026 г.", "17/3 ≈ 5,666667"),
        ("en", f"−1,234,567.50{NB}EUR", "02 Nov 2026", "November 2026", "17/3 ≈ 5.666667"),
    ],
)
def test_figures_as_each_language_writes_them(lang: str, money: str, day: str, month: str, fraction: str) -> None:
    say = Wording(TEXTS, lang)
    closed = sample.centre().closed_at
    assert say.money(Decimal("-1234567.5"), "EUR") == money
    assert (say.day_of(closed), say.month(closed.date()), say.fraction("17/3")) == (day, month, fraction)
    assert say.price(Decimal("1.2500")) == say.decimal(Decimal("1.25"))
    assert say.price(Decimal("0.1234")).endswith("1234")
    assert say.fraction("7/4").endswith(say.decimal(Decimal("1.75")))
    assert " = " in say.fraction("7/4")
    assert say.fraction("50") == "50"
    assert say.decimal(Decimal("-0.001")) == say.decimal(Decimal(0))  # never a nought with a minus


def test_a_minute_before_midnight_is_still_the_same_day_in_riga() -> None:
    say = Wording(TEXTS, "lv")
    late = sample.centre().closed_at.replace(hour=21, minute=59)  # 23.59 in Riga
    assert say.moment(late) == "02.11.2026. plkst. 23:59"
    assert say.day_of(late.replace(hour=22)) == "03.11.2026."


def test_the_same_bytes_in_another_process_at_another_place() -> None:
    code = "import json, sys; from tests.handoff.settlement.test_documents import _prints; json.dump(_prints(), sys.stdout)"
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "4711",
        "TZ": "Pacific/Auckland",
        "LC_ALL": "C",
        "SOURCE_DATE_EPOCH": "7",
    }
    there = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True)
    assert json.loads(there.stdout) == _prints()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", ["centre", "institution"])
def test_nothing_is_left_untranslated(kind: str, lang: str) -> None:
    statement = sample.centre() if kind == "centre" else sample.institution()
    book = _book(documents.xlsx(statement, TEXTS, lang))
    cells = [
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None
    ]
    said = " ".join([*_pages(documents.pdf(statement, TEXTS, lang)), *book.sheetnames, *cells])
    assert "document." not in said
    assert not re.search(r"\{\w+\}", said)
    names = {line.institution for line in sample.LINES} | {statement.party}
    mine = {text for text in TEXTS.all(lang).values() if isinstance(text, str)}
    for other in set(LANGUAGES) - {lang}:
        for key, text in TEXTS.all(other).items():
            if isinstance(text, str) and len(text) > 5 and "{" not in text and text not in mine:
                found = re.search(rf"(?<!\w){re.escape(text)}(?!\w)", said)
                # Names and words from elsewhere stay as they were written.
                assert found is None or any(name and text.lower() in name.lower() for name in names), (other, key, text)


def test_the_paper_says_what_the_statement_says() -> None:
    statement = sample.centre()
    first, last = _pages(documents.pdf(statement, TEXTS, "lv"))
    for text in (
        "Norēķinu pārskats 2026-10-C01",
        "2026. gada oktobris",
        "02.11.2026. plkst. 09:14, Gunta Zariņa",
        "Gadījumi pēc tarifiem 4,50",
        "Daļa no iestāžu maksām 55,67",
        "Korekcijas 99,50",
        "Kopā izmaksājams 159,67",
        "Tostarp 1 ieraksts par gadījumiem no iepriekš noslēgtiem mēnešiem: −1,00 EUR",
        "Jūrmalas valstspilsēta 17,00 1 no 3 17/3 ≈ 5,666667 +1 5,67",
        "lielākais atlikums",
        "Pārcelts no septembra L-17 −20,50",
        "Pieturas konsole, lapa „Kvalitātes daļa”, 2026. gada oktobris",
    ):
        assert text in first, text
    assert "Tīmekļa saruna Tīmekļa tērzēšana 1 1,00 2 2,00" in first
    assert "870 05.10.2026." in last
    assert "Atsaukums. Par noslēgtu mēnesi. Skaitīts divreiz." in last
    # The cases behind the shares, beside those that are paid: three rows come to the 1 of "1 no 3".
    assert "#/" not in first
    mine, served = last.split("Sociālo tīklu gadījumi, ko centrs apkalpojis")
    assert "Kopā 4,50" in mine
    assert served.index("Jūrmalas valstspilsēta") < served.index("871") < served.index("1011") < served.index("1012")
    assert "Kopā 1" in served
    assert "1,25" not in served
    assert last.index("1001") < last.index("1002") < last.index("1005")
    for number, page in enumerate((first, last), 1):
        assert f"{number}. lpp. no 2" in page
        assert f"Kontrolsumma {statement.digest()}" in page


@pytest.mark.parametrize("statement", [sample.centre(), sample.institution()], ids=["centre", "institution"])
def test_the_parts_add_up_to_the_total(statement: Any) -> None:
    assert sum(amount for _, amount in summary_rows(statement, Wording(TEXTS, "lv"))) == statement.total


def test_thousands_of_cases_each_once_under_a_repeated_head() -> None:
    statement = sample.long(1_000)
    began = time.process_time()
    pdf = documents.pdf(statement, TEXTS, "lv")
    assert time.process_time() - began < 3, "ten thousand would take more than half a minute"
    pages = _pages(pdf)
    assert len(pages) > 30
    listing = pages[1:]
    assert all("Gadījums Noslēgts Veids" in page for page in listing)
    assert all(f"{number}. lpp. no {len(pages)}" in page for number, page in enumerate(pages, 1))
    found = re.findall(r"(?<!\d)20\d{3}(?= \d\d\.\d\d\.\d{4}\.)", " ".join(listing))
    assert found == [str(20_000 + number) for number in range(1_000)]
    # 200 comments at 1,25 and 800 sessions at 1,00
    assert "1 050,00" in pages[-1]


def test_who_listens_hears_headings_tables_and_the_language() -> None:
    reader = pypdf.PdfReader(io.BytesIO(documents.pdf(sample.centre(), TEXTS, "ru")))
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "ru"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Расчётная ведомость 2026-10-C01"
    assert sample.centre().digest() in str(reader.metadata["/Keywords"])
    heard: list[tuple[str, int]] = []

    def hear(element: Any, depth: int) -> None:
        heard.append((element["/S"], depth))
        for kid in element["/K"]:
            if isinstance(kid, pypdf.generic.IndirectObject):
                assert kid.get_object()["/P"].get_object() == element
                hear(kid.get_object(), depth + 1)

    hear(root["/StructTreeRoot"]["/K"].get_object(), 0)
    roles = [role for role, _ in heard]
    assert roles.count("/H1") == 1
    assert roles.count("/H2") == 6
    assert roles.count("/H3") == 1
    assert roles.count("/TH") == 2 + 6 + 6 + 4
    assert roles.count("/LI") == len(sample.LINES) + 1 + len(sample.SERVED) + 1
    # Whatever is marked leads back to its element, page by page.
    nums = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    for page in reader.pages:
        marked = page.get_contents().get_data().count(b"/MCID")  # type: ignore[union-attr]
        assert len(nums[nums.index(page["/StructParents"]) + 1]) == marked > 0
    assert all(font["/FontDescriptor"]["/FontFile2"] for font in _fonts(reader))


def _fonts(reader: pypdf.PdfReader) -> list[Any]:
    fonts: Any = reader.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    assert len(fonts) >= 2
    return [font.get_object() for font in fonts.values()]


def test_the_workbook_has_numbers_days_and_sums_that_are_true() -> None:
    statement = sample.centre()
    file = documents.xlsx(statement, TEXTS, "lv")
    values, formulas = _book(file), _book(file, values=False)
    assert values.sheetnames == ["Kopsavilkums", "Dalījums", "Gadījumi", "Daļu gadījumi"]
    cases = values["Gadījumi"]
    head, *rows = list(cases.iter_rows(values_only=True))
    lines = [dict(zip(head, row, strict=True)) for row in rows[: len(statement.lines)]]
    assert [(line["Gadījums"], line["Summa"], line["Skaits"]) for line in lines] == [
        (line.case_no, float(line.amount), line.sign) for line in statement.lines
    ]
    assert (lines[1]["Noslēgts"].hour, lines[1]["Noslēgts"].minute) == (9, 19)  # 06.19 UTC in Riga's summer
    assert lines[0]["Par noslēgtu mēnesi"] == "jā"
    assert (cases.freeze_panes, cases.auto_filter.ref) == ("B2", f"A1:S{len(lines) + 1}")
    assert rows[len(lines)][head.index("Summa")] == 4.5

    # What citizens or editors wrote is never reckoned.
    strange = next(cell for row in formulas["Gadījumi"].iter_rows() for cell in row if cell.value == "=2+2")
    assert strange.data_type == "s"

    summary = [row for row in values["Kopsavilkums"].iter_rows(values_only=True) if any(row)]
    said = {row[0]: row[1] for row in reversed(summary)}  # the summary stands before the tables of the same names
    assert said["Kontrolsumma (SHA-256)"] == statement.digest()
    assert (said["Korekcijas"], said["Kopā izmaksājams"]) == (99.5, 159.67)
    tariffs = [row for row in summary if row[3] in ("chat-2026", "comment-2026")]
    # The formulas count rows of the sheet of cases: here the same is counted by hand.
    for kind, channel, level, tariff, price, count, amount in tariffs:
        same = [
            line
            for line in lines
            if (line["Veids"], line["Kanāls"], line["Līmenis"], line["Tarifs"], line["Cena"])
            == (kind, channel, level, tariff, price)
        ]
        assert (sum(line["Skaits"] for line in same), sum(line["Summa"] for line in same)) == (count, amount)
    assert len(tariffs) == 2
    # What a share is by is counted in its own sheet; the cents follow from fee, cases and the cent that was added.
    head, *served = values["Daļu gadījumi"].iter_rows(values_only=True)
    assert [row[head.index("Gadījums")] for row in served] == [871, 1011, 1012, None]
    assert (served[-1][head.index("Skaits")], "Summa" in head, "Cena" in head) == (1, False, False)
    assert (values["Dalījums"]["D2"].value, values["Dalījums"]["I2"].value) == (1, 5.67)
    assert "'Daļu gadījumi'!$A$2:$A$4=A2" in formulas["Dalījums"]["D2"].value
    assert formulas["Dalījums"]["I2"].value == "=(TRUNC(ROUND(C2*100,0)*D2/E2)+H2)/100"
    assert formulas["Dalījums"]["D3"].value == 40  # of all cases of the month: not told here
    # Sentences stand whole in their cells.
    [quality] = [
        cell for row in values["Kopsavilkums"].iter_rows() for cell in row if "Par 11.2025–10.2026" in str(cell.value)
    ]
    assert quality.alignment.wrap_text
    assert values["Kopsavilkums"].row_dimensions[quality.row].height >= 30
    assert values["Kopsavilkums"].cell(quality.row, 5).value.startswith("Pieturas konsole, lapa „Kvalitātes daļa”")
    _check_sums(values, formulas)


def test_the_institutions_workbook_adds_up() -> None:
    file = documents.xlsx(sample.institution(), TEXTS, "en")
    values, formulas = _book(file), _book(file, values=False)
    said = {row[0]: row[1] for row in values["Summary"].iter_rows(values_only=True) if row[0]}
    assert said["Social cases at their tariffs"] == 2.5
    assert said["Fixed fee for accounts"] == 14.5
    assert said["Total to pay"] == 17
    shares = list(values["Division"].iter_rows(min_row=2, max_row=5, values_only=True))
    assert [row[8] for row in shares] == [5.67, 5.67, 5.66, 17.0]
    assert shares[0][6] == pytest.approx(17 / 3)
    assert formulas["Division"]["E2"].value == "=SUM(D2:D4)"
    accounts = {row[0].value: row for row in formulas["Summary"].iter_rows() if row[3].value in (12, 2.5)}
    facebook, other = accounts["Jūrmalas valstspilsēta & „Tava pašvaldība”"], accounts["@jurmala"]
    row = facebook[0].row
    assert facebook[
        4
    ].value == f"=SUMPRODUCT((Cases!$H$2:$H$3=A{row})*(Cases!$G$2:$G$3=B{row})*Cases!$O$2:$O$3)".replace(
        "Cases!", "'Cases'!"
    )
    assert str(facebook[5].value).startswith("=ROUND(SUMPRODUCT(")
    assert str(other[4].value).startswith("=SUMPRODUCT(")
    _check_sums(values, formulas)


def _check_sums(values: Any, formulas: Any) -> None:
    """Every plain sum says what its cells hold, so that a program that reckons anew shows the same."""
    checked = 0
    for sheet in formulas:
        for row in sheet.iter_rows():
            for cell in row:
                found = re.fullmatch(
                    r"=(?:ROUND\()?(?:SUM\(|SUBTOTAL\(109,)(?:'([^']+)'!)?(\w+):(\w+)\)(?:,2\))?", str(cell.value)
                )
                if cell.data_type == "f" and found:
                    where = values[found[1] or sheet.title]
                    total = sum(one.value or 0 for line in where[f"{found[2]}:{found[3]}"] for one in line)
                    assert values[sheet.title][cell.coordinate].value == pytest.approx(total), cell.coordinate
                    checked += 1
    assert checked >= 6


def test_what_was_closed_before_keeps_its_bytes() -> None:
    """Statements of before the cases behind shares were told have no word of them, and print without."""
    old = replace(sample.centre(), served_lines=())
    assert b"served_lines" not in old.canonical()
    assert old.read(old.canonical()) == old
    assert old.read(sample.centre().canonical()) == sample.centre()
    assert "ko centrs apkalpojis" not in "".join(_pages(documents.pdf(old, TEXTS, "lv")))
    assert _book(documents.xlsx(old, TEXTS, "lv")).sheetnames == ["Kopsavilkums", "Dalījums", "Gadījumi"]


def test_a_statement_of_nothing_is_a_document_too() -> None:
    nothing = replace(
        sample.institution(),
        tariffs=(),
        fees=(),
        shares=(),
        lines=(),
        variable=Decimal(0),
        fee=Decimal(0),
        total=Decimal(0),
    )
    pages = _pages(documents.pdf(nothing, TEXTS, "lv"))
    assert "Šajā mēnesī gadījumu nav." in pages[0]
    assert "Šajā mēnesī ierakstu nav." in pages[1]
    assert _book(documents.xlsx(nothing, TEXTS, "lv"))["Gadījumi"]["A2"].value == "Šajā mēnesī ierakstu nav."


def test_what_is_too_long_for_its_place_is_broken_not_cut() -> None:
    long = "https://www.example.lv/" + "a" * 300
    statement = replace(sample.centre(), party=f"Centrs {long}")
    first = _pages(documents.pdf(statement, TEXTS, "lv"))[0]
    assert long in first.replace(" ", "")
