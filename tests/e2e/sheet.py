"""The first sheet of a workbook as a page that a browser draws, about as office programs show it: for pictures."""

from __future__ import annotations

import html
import io
from datetime import datetime
from typing import Any, Final

import openpyxl
from openpyxl.utils import get_column_letter

_STYLE: Final = """
body { margin: 0; font: 15px "DejaVu Sans Condensed", "Carlito", sans-serif; background: #fff; }
table { border-collapse: collapse; table-layout: fixed; }
td, th { border: 1px solid #ececec; height: 23px; padding: 0 5px; white-space: nowrap; overflow: visible; text-align: left;
  font-weight: normal; vertical-align: top; line-height: 23px; }
th { background: #f3f3f3; border-color: #dcdcdc; color: #555; text-align: center; }
td.wrap { white-space: normal; line-height: 20px; }
nav { background: #f3f3f3; padding: 6px; position: fixed; bottom: 0; left: 0; right: 0; }
nav span { background: #ececec; border: 1px solid #d0d0d0; padding: 3px 14px; margin-right: 6px; }
nav span:first-child { background: #fff; font-weight: bold; }
"""
#: Pixels for a column's width of one letter.
_LETTER: Final = 7.1


def sheet_as_page(book: bytes) -> str:
    """The sheet as HTML, with the values that are stored in it and the formats of Latvia."""
    whole = openpyxl.load_workbook(io.BytesIO(book), data_only=True)
    sheet: Any = whole.worksheets[0]
    joined = {one.min_row * 1000 + one.min_col: one.max_col - one.min_col + 1 for one in sheet.merged_cells.ranges}
    columns = range(1, sheet.max_column + 1)
    widths = [sheet.column_dimensions[get_column_letter(one)].width * _LETTER for one in columns]
    head = "".join(f"<th>{get_column_letter(one)}</th>" for one in columns)
    rows = []
    for row in sheet.iter_rows():
        cells, over = [], 0
        for cell in row:
            if over:
                over -= 1
                continue
            over = joined.get(cell.row * 1000 + cell.column, 1) - 1
            cells.append(_cell(cell, over + 1))
        rows.append(f"<tr><th>{row[0].row}</th>{''.join(cells)}</tr>")
    names = "".join(f"<span>{html.escape(one)}</span>" for one in whole.sheetnames)
    shape = "".join(f'<col style="width:{width:.0f}px">' for width in (34, *widths))
    whole_width = 34 + sum(widths)
    return (
        f"<!doctype html><meta charset=utf-8><style>{_STYLE}</style><table style='width:{whole_width:.0f}px'><colgroup>{shape}"
        f"</colgroup><tr><th></th>{head}</tr>{''.join(rows)}</table><nav>{names}</nav>"
    )


def _cell(cell: Any, over: int) -> str:
    number = isinstance(cell.value, int | float)
    style = [f"font-weight:{'bold' if cell.font.bold else 'normal'}"]
    if cell.font.color is not None and isinstance(cell.font.color.rgb, str):
        style.append(f"color:#{cell.font.color.rgb[2:]}")
    if cell.fill.fill_type == "solid":
        style.append(f"background:#{cell.fill.fgColor.rgb[2:]}")
    if cell.font.sz and cell.font.sz > 12:
        style.append(f"font-size:{cell.font.sz * 1.3:.0f}px")
    if cell.border.top.style:
        style.append(f"border-top:2px solid #{cell.border.top.color.rgb[2:]}")
    if number or cell.alignment.horizontal == "right":
        style.append("text-align:right")
    wrap = " class=wrap" if cell.alignment.wrap_text and over > 1 else ""
    return f'<td colspan={over}{wrap} style="{";".join(style)}">{html.escape(_text(cell))}</td>'


def _text(cell: Any) -> str:
    value, form = cell.value, str(cell.number_format)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return (
            f"{value:%d.%m.%Y %H:%M}"
            if "hh" in form
            else f"{value:%Y-%m}"
            if form == "yyyy-mm"
            else f"{value:%d.%m.%Y}"
        )
    if isinstance(value, int | float):
        places = 2 if ".00" in form else 0
        return f"{value:,.{places}f}".replace(",", "\u00a0").replace(".", ",")
    return str(value)
