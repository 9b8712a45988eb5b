"""A statement to reckon over: figures are numbers, days are days, sums are formulas over the rows behind them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped]

from handoff.settlement.documents.pdf import division_notes, source, summary_rows
from handoff.settlement.documents.wording import NOTHING, Wording
from handoff.settlement.statement import CaseLine, ServedLine, Share, Statement, cents
from kit.clock import RIGA
from kit.i18n import Catalogue

_ACCENT: Final = "#7D1D3F"
#: Formats of cells by name; how a thousand looks is the reader's own program's affair.
_FORMATS: Final[Mapping[str, dict[str, Any]]] = {
    "text": {"valign": "top"},
    "wrap": {"valign": "top", "text_wrap": True},
    "title": {"bold": True, "font_size": 16},
    "kind": {"font_color": "#54585F", "font_size": 11},
    "section": {"bold": True, "font_size": 12, "font_color": _ACCENT},
    "name": {"font_color": "#54585F", "valign": "top"},
    "note": {"font_color": "#54585F", "text_wrap": True, "valign": "top", "italic": True},
    "head": {"bold": True, "font_color": "#FFFFFF", "bg_color": _ACCENT, "text_wrap": True, "valign": "vcenter"},
    "head_right": {
        "bold": True,
        "font_color": "#FFFFFF",
        "bg_color": _ACCENT,
        "text_wrap": True,
        "valign": "vcenter",
        "align": "right",
    },
    "whole": {"num_format": "#,##0", "valign": "top"},
    "number": {"num_format": "0", "valign": "top"},
    "money": {"num_format": "#,##0.00", "valign": "top"},
    "price": {"num_format": "#,##0.00##", "valign": "top"},
    "exact": {"num_format": "#,##0.000000", "valign": "top"},
    "day": {"num_format": "dd.mm.yyyy", "valign": "top", "align": "left"},
    "moment": {"num_format": "dd.mm.yyyy hh:mm", "valign": "top", "align": "left"},
    "month": {"num_format": "yyyy-mm", "valign": "top", "align": "left"},
    "total": {"bold": True, "top": 2, "top_color": _ACCENT},
    "total_whole": {"bold": True, "top": 2, "top_color": _ACCENT, "num_format": "#,##0"},
    "total_money": {"bold": True, "top": 2, "top_color": _ACCENT, "num_format": "#,##0.00##"},
}


@dataclass(frozen=True)
class _Column[Line: CaseLine]:
    """A column of a sheet of cases."""

    key: str
    width: float
    format: str
    of: Callable[[Line, Wording], Any]


_CASES: Final[tuple[_Column[CaseLine], ...]] = (
    _Column("no", 11, "number", lambda line, _: line.case_no),
    _Column("entry", 10, "number", lambda line, _: line.entry_id),
    _Column("entry_kind", 13, "text", lambda line, say: say.named("entry_kind", line.kind)),
    _Column("opened", 17, "moment", lambda line, _: line.opened_at),
    _Column("closed", 17, "moment", lambda line, _: line.closed_at),
    _Column("case_kind", 25, "text", lambda line, say: say.named("case_kind", line.case_kind)),
    _Column("channel", 19, "text", lambda line, say: say.named("channel", line.channel)),
    _Column("account", 24, "text", lambda line, _: line.account),
    _Column("level", 9, "number", lambda line, _: line.level),
    _Column("institution", 38, "text", lambda line, _: line.institution),
    _Column("service", 42, "text", lambda line, _: line.service),
    _Column("centre", 24, "text", lambda line, _: line.centre),
    _Column("outcome", 26, "text", lambda line, say: say.named("outcome", line.outcome)),
    _Column("tariff", 22, "text", lambda line, _: line.tariff_id or NOTHING),
    _Column("sign", 9, "number", lambda line, _: line.sign),
    _Column("price", 10, "price", lambda line, _: line.price),
    _Column("amount", 12, "price", lambda line, _: line.amount),
    _Column("late", 14, "text", lambda line, say: say.say("yes") if line.late else None),
    _Column("why", 40, "text", lambda line, _: line.why),
)
#: What others pay has no amounts here: they would be taken for the centre's own.
_SERVED: Final[tuple[_Column[ServedLine], ...]] = (
    _Column("payer", 38, "text", lambda line, _: line.payer),
    *(
        _Column(one.key, one.width, one.format, one.of)
        for one in _CASES
        if one.key not in ("tariff", "price", "amount")
    ),
)
_AT: Final = {column.key: xl_col_to_name(number) for number, column in enumerate(_CASES)}
_AT_SERVED: Final = {column.key: xl_col_to_name(number) for number, column in enumerate(_SERVED)}


def xlsx(statement: Statement, texts: Catalogue, lang: str) -> bytes:
    """The statement as a workbook: summary, division of fees, cases, and of a centre the cases behind its shares. The same
    statement gives the same bytes.

    Every sum is a formula, stored with the value that the statement has, so that programs which do not reckon show it too. What
    is not summed here stands as a number: prices, fixed parts, fees of others, and what other centres served.

    Args:
        texts: the catalogue of documents.
        lang: of the words; names stay as they were at the closing.
    """
    say = Wording(texts, lang)
    into = io.BytesIO()
    digest = statement.digest()
    book = xlsxwriter.Workbook(into, {"in_memory": True})
    book.set_properties(
        {
            "title": f"{say.say('title')} {statement.number}",
            "subject": say.say(
                "subject",
                kind=say.say(f"kind.{statement.kind}"),
                party=statement.party,
                month=say.month(statement.month),
            ),
            "author": say.say("system"),
            "keywords": say.say("keywords", number=statement.number, digest=digest),
            # A time of its own would give other bytes each time.
            "created": statement.closed_at.replace(tzinfo=None),
        }
    )
    names = ("summary", "division", "lines", *(("served",) if statement.served_lines else ()))
    sheets = [book.add_worksheet(say.say(f"sheet.{name}")) for name in names]
    formats = {name: book.add_format(shape) for name, shape in _FORMATS.items()}
    for sheet in sheets:
        sheet.hide_gridlines(2)
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer(f"&L&8{_plain(say.say('foot', number=statement.number))} · &A&R&8&P / &N")
    _summary(_Sheet(sheets[0], formats, say), statement, digest)
    _division(_Sheet(sheets[1], formats, say), statement)
    _cases(_Sheet(sheets[2], formats, say), _CASES, statement.lines)
    if statement.served_lines:
        _cases(_Sheet(sheets[3], formats, say), _SERVED, statement.served_lines)
    book.close()
    return into.getvalue()


class _Sheet:
    """A sheet that is written row by row."""

    def __init__(self, sheet: Any, formats: Mapping[str, Any], say: Wording) -> None:
        self.sheet = sheet
        self.formats = formats
        self.say = say
        self.row = 0

    def put(self, column: int, value: Any, shape: str = "text") -> None:
        """A value in the present row. Text is never taken for a formula, whatever it begins with."""
        form = self.formats[shape]
        match value:
            case None:
                self.sheet.write_blank(self.row, column, None, form)
            case bool() | str():
                self.sheet.write_string(self.row, column, str(value), form)
            case datetime():
                self.sheet.write_datetime(self.row, column, value.astimezone(RIGA).replace(tzinfo=None), form)
            case date():
                self.sheet.write_datetime(self.row, column, value, form)
            case _:
                self.sheet.write_number(self.row, column, float(value), form)

    def sum(self, column: int, formula: str, value: Decimal | int, shape: str = "money") -> None:
        """A formula with the value it comes to."""
        self.sheet.write_formula(self.row, column, formula, self.formats[shape], float(value))

    def put_over(self, first: int, last: int, text: str) -> None:
        """Text over some columns of the present row, broken into lines."""
        self.sheet.merge_range(self.row, first, self.row, last, None, self.formats["wrap"])
        self.put(first, text, "wrap")

    def head(self, names: Sequence[str], right: Sequence[int]) -> None:
        """The head of a table; ``right``: columns of numbers."""
        for column, name in enumerate(names):
            self.put(column, name, "head_right" if column in right else "head")
        self.row += 1

    def section(self, key: str) -> None:
        """A heading with an empty row before it."""
        self.row += 1
        self.put(0, self.say.say(key), "section")
        self.row += 1


def _summary(at: _Sheet, statement: Statement, digest: str) -> None:
    say = at.say
    for column, width in enumerate((40, 26, 10, 26, 14, 14, 16)):
        at.sheet.set_column(column, column, width)
    at.put(0, f"{say.say('title')} {statement.number}", "title")
    at.row += 1
    at.put(0, f"{say.say(f'kind.{statement.kind}')}, {say.month(statement.month)}", "kind")
    at.row += 2
    for name, value, shape in (
        (say.say(f"party.{statement.kind}"), statement.party, "text"),
        (say.say("number"), statement.number, "text"),
        (say.say("of_month"), statement.month, "month"),
        (say.say("closed"), statement.closed_at, "moment"),
        (say.say("closer"), statement.closed_by, "text"),
        (say.say("currency"), statement.currency, "text"),
        (say.say("digest"), digest, "text"),
    ):
        at.put(0, name, "name")
        at.put(1, value, shape)
        at.row += 1
    rows = summary_rows(statement, say)
    # The parts are sums of tables further down, so these are written first.
    begin = at.row
    at.row += len(rows) + 4
    tariffs = _tariffs(at, statement)
    fixed, of_accounts = _fees(at, statement)
    adjusted = _adjustments(at, statement)
    end, at.row = at.row, begin
    shared = f"{_quoted(say.say('sheet.division'))}!I2:I{len(statement.shares) + 1}" if statement.shares else ""
    at.section("summary")
    at.head([say.say("what"), f"{say.say('column.amount')}, {statement.currency}"], [1])
    first = at.row + 1
    parts = (tariffs, shared, adjusted) if statement.kind == "centre" else (of_accounts, fixed, adjusted)
    for (name, amount), cells in zip(rows, parts, strict=True):
        at.put(0, name)
        # Prices may have hundredths of a cent; what is paid has not.
        at.sum(1, f"=ROUND(SUM({cells}),2)" if cells else "=0", amount)
        at.row += 1
    at.put(0, say.say(f"total.{statement.kind}"), "total")
    at.sum(1, f"=SUM(B{first}:B{at.row})", statement.total, "total_money")
    at.row = end + 1
    at.sheet.merge_range(at.row, 0, at.row, 6, say.say("kept", number=statement.number), at.formats["note"])
    at.sheet.set_row(at.row, 30)


def _tariffs(at: _Sheet, statement: Statement) -> str:
    """Cases by tariff, each counted in the sheet of cases. The cells of the amounts; nothing if there are none."""
    say = at.say
    at.section("tariffs")
    if not statement.tariffs:
        at.put(0, say.say("none.tariffs"))
        at.row += 1
        return ""
    names = ["case_kind", "channel", "level", "tariff", "price", "cases", "amount"]
    at.head([say.say(f"column.{name}") for name in names], [2, 4, 5, 6])
    first = at.row + 1
    for one in statement.tariffs:
        row = at.row + 1
        at.put(0, say.named("case_kind", one.case_kind))
        at.put(1, say.named("channel", one.channel))
        at.put(2, one.level, "number")
        at.put(3, one.tariff_id or NOTHING)
        at.put(4, one.price, "price")
        same = ",".join(
            f"{_cases_column(say, key, statement)},{cell}{row}"
            for key, cell in (("case_kind", "A"), ("channel", "B"), ("level", "C"), ("tariff", "D"), ("price", "E"))
        )
        at.sum(5, f"=SUMIFS({_cases_column(say, 'sign', statement)},{same})", one.cases, "whole")
        at.sum(6, f"=SUMIFS({_cases_column(say, 'amount', statement)},{same})", one.amount, "price")
        at.row += 1
    _totals(at, first, {5: sum(one.cases for one in statement.tariffs)}, statement.tariffs)
    return f"G{first}:G{at.row - 1}"


def _fees(at: _Sheet, statement: Statement) -> tuple[str, str]:
    """What is paid for each account. The cells of the fixed parts, and those of the cases' amounts."""
    if not statement.fees:
        return "", ""
    say = at.say
    at.section("fees")
    names = [say.say(f"column.{name}") for name in ("account", "channel")]
    names += ["", *(say.say(f"column.{name}") for name in ("fixed", "cases", "cases_amount", "fee"))]
    at.head(names, [3, 4, 5, 6])
    first = at.row + 1
    for one in statement.fees:
        at.put(0, one.account)
        at.put(1, say.named("channel", one.channel))
        at.put(3, one.fixed, "money")
        row = at.row + 1
        same = [line for line in statement.lines if _same(line.account, one.account) and line.channel == one.channel]
        told = sum(line.sign for line in same), cents(sum((line.amount for line in same), Decimal(0)))
        if statement.lines and told == (one.cases, one.cases_amount):
            mine = f"({_cases_column(say, 'account', statement)}=A{row})*({_cases_column(say, 'channel', statement)}=B{row})"
            at.sum(4, f"=SUMPRODUCT({mine}*{_cases_column(say, 'sign', statement)})", one.cases, "whole")
            at.sum(5, f"=ROUND(SUMPRODUCT({mine}*{_cases_column(say, 'amount', statement)}),2)", one.cases_amount)
        else:
            # Of two accounts with one name the rows do not tell which is meant.
            at.put(4, one.cases, "whole")
            at.put(5, one.cases_amount, "money")
        at.sum(6, f"=D{at.row + 1}+F{at.row + 1}", one.amount)
        at.row += 1
    whole: dict[int, Decimal | int] = {
        3: sum((one.fixed for one in statement.fees), Decimal(0)),
        4: sum(one.cases for one in statement.fees),
        5: sum((one.cases_amount for one in statement.fees), Decimal(0)),
    }
    _totals(at, first, whole, statement.fees)
    return f"D{first}:D{at.row - 1}", f"F{first}:F{at.row - 1}"


def _adjustments(at: _Sheet, statement: Statement) -> str:
    """Amounts from elsewhere. The cells of the amounts."""
    if not statement.adjustments:
        return ""
    say = at.say
    at.section("adjustments")
    at.head(
        [
            say.say("column.adjustment"),
            say.say("column.text"),
            "",
            "",
            say.say("column.source"),
            "",
            say.say("column.amount"),
        ],
        [6],
    )
    first = at.row + 1
    for one in statement.adjustments:
        at.put(0, say.named("adjustment", one.kind))
        followed = source(one, statement, say)
        at.put_over(1, 3, one.text)
        at.put_over(4, 5, followed)
        at.put(6, one.amount, "money")
        # Programs do not make room for cells that are joined; lines end at words, so there is some to spare.
        at.sheet.set_row(at.row, 15 * max(-(-len(one.text) // 46), -(-len(followed) // 18), 1))
        at.row += 1
    _totals(at, first, {}, statement.adjustments)
    return f"G{first}:G{at.row - 1}"


def _totals(at: _Sheet, first: int, sums: Mapping[int, Decimal | int], rows: Sequence[Any]) -> None:
    """The last row of a table of seven columns; the last of them is the amount."""
    at.put(0, at.say.say("total"), "total")
    amount = sum((one.amount for one in rows), Decimal(0))
    for column in range(1, 7):
        value = {**sums, 6: amount}.get(column)
        if value is None:
            at.put(column, None, "total")
        else:
            name = xl_col_to_name(column)
            shape = "total_money" if isinstance(value, Decimal) else "total_whole"
            at.sum(column, f"=SUM({name}{first}:{name}{at.row})", value, shape)
    at.row += 1


def _division(at: _Sheet, statement: Statement) -> None:
    say = at.say
    names = ("institution", "centre", "fee", "served", "served_by_all", "basis", "exact", "added", "amount")
    for column, width in enumerate((40, 30, 13, 12, 12, 28, 24, 10, 14)):
        at.sheet.set_column(column, column, width)
    at.head([say.say(f"column.{name}") for name in names], [2, 3, 4, 6, 7, 8])
    at.sheet.freeze_panes(1, 0)
    at.sheet.repeat_rows(0)
    at.sheet.set_landscape()
    for one in statement.shares:
        at.put(0, one.institution)
        at.put(1, one.centre)
        at.put(2, one.fee, "money")
        _served(at, statement, one)
        at.put(5, say.named("basis", one.basis))
        # A fraction of euros in digits alone would be read as a day or rounded: it stands as a formula of its two numbers.
        exact = Fraction(one.exact)
        at.sum(6, f"={exact.numerator}/{exact.denominator}", Decimal(exact.numerator) / exact.denominator, "exact")
        at.put(7, one.cents_added, "number")
        # Whole cents are divided and cut, so no binary fraction is rounded the wrong way.
        row = at.row + 1
        at.sum(8, f"=(TRUNC(ROUND(C{row}*100,0)*D{row}/E{row})+H{row})/100", one.amount)
        at.row += 1
    if statement.shares:
        at.sheet.autofilter(0, 0, len(statement.shares), len(names) - 1)
        at.put(0, say.say("total"), "total")
        for column in range(1, 8):
            at.put(column, None, "total")
        amount = sum((one.amount for one in statement.shares), Decimal(0))
        at.sum(8, f"=SUBTOTAL(109,I2:I{at.row})", amount, "total_money")
        notes = list(division_notes(statement, say))
    else:
        notes = [say.say("none.shares")]
    at.row += 2
    for note in notes:
        at.sheet.merge_range(at.row, 0, at.row, 6, note, at.formats["note"])
        at.sheet.set_row(at.row, 48)
        at.row += 1


def _served(at: _Sheet, statement: Statement, share: Share) -> None:
    """How many cases a share is by, and of how many: counted in the sheet of cases as far as this statement has them."""
    say, row = at.say, at.row + 1
    if statement.kind == "centre":
        counted: list[CaseLine] = [line for line in statement.served_lines if _same(line.payer, share.institution)]
        rows = f"({_served_column(say, 'payer', statement)}=A{row})*{_served_column(say, 'sign', statement)}"
    else:
        counted = [line for line in statement.lines if _same(line.centre, share.centre) and line.level > 0]
        mine = f"({_cases_column(say, 'centre', statement)}=B{row})*({_cases_column(say, 'level', statement)}>0)"
        rows = f"{mine}*{_cases_column(say, 'sign', statement)}"
    sign = "-" if share.fee < 0 else ""
    count = sum(line.sign for line in counted)
    if counted and share.basis == "served" and share.served == (-count if sign else count):
        at.sum(3, f"={sign}SUMPRODUCT({rows})", share.served, "whole")
    else:
        at.put(3, share.served, "whole")
    if statement.kind == "institution":
        at.sum(4, f"=SUM(D2:D{len(statement.shares) + 1})", share.served_by_all, "whole")
    else:
        at.put(4, share.served_by_all, "whole")


def _cases[Line: CaseLine](at: _Sheet, columns: Sequence[_Column[Line]], lines: Sequence[Line]) -> None:
    say = at.say
    places = {column.key: xl_col_to_name(number) for number, column in enumerate(columns)}
    right = [number for number, column in enumerate(columns) if column.format in ("number", "price", "money")]
    for number, column in enumerate(columns):
        at.sheet.set_column(number, number, column.width)
    at.head([say.say(f"column.{column.key}") for column in columns], right)
    at.sheet.freeze_panes(1, 1)
    at.sheet.repeat_rows(0)
    at.sheet.set_landscape()
    for line in lines:
        for number, column in enumerate(columns):
            value = column.of(line, say)
            if value is not None:
                at.put(number, value, column.format)
        at.row += 1
    if not lines:
        at.put(0, say.say("none.lines"))
        return
    at.sheet.autofilter(0, 0, len(lines), len(columns) - 1)
    last = at.row
    for number, column in enumerate(columns):
        cells = f"{places[column.key]}2:{places[column.key]}{last}"
        match column.key:
            case _ if number == 0:
                at.put(number, say.say("total"), "total")
            case "sign":
                # Only what the filter shows: a figure is followed by filtering for its rows.
                at.sum(number, f"=SUBTOTAL(109,{cells})", sum(line.sign for line in lines), "total_whole")
            case "amount":
                amount = sum((line.amount for line in lines), Decimal(0))
                at.sum(number, f"=SUBTOTAL(109,{cells})", amount, "total_money")
            case _:
                at.put(number, None, "total")


def _cases_column(say: Wording, key: str, statement: Statement) -> str:
    """All rows of a column in the sheet of cases, seen from another sheet."""
    name = _AT[key]
    return f"{_quoted(say.say('sheet.lines'))}!${name}$2:${name}${len(statement.lines) + 1}"


def _served_column(say: Wording, key: str, statement: Statement) -> str:
    """All rows of a column in the sheet of cases behind a centre's shares."""
    name = _AT_SERVED[key]
    return f"{_quoted(say.say('sheet.served'))}!${name}$2:${name}${len(statement.served_lines) + 1}"


def _same(one: str | None, other: str) -> bool:
    """Whether a formula takes two names for the same."""
    return one is not None and one.casefold() == other.casefold()


def _quoted(sheet: str) -> str:
    """A sheet's name as formulas write it."""
    return "'" + sheet.replace("'", "''") + "'"


def _plain(text: str) -> str:
    """Text in a foot, where ``&`` begins a code."""
    return text.replace("&", "&&")
