"""A report as a workbook: figures, the course of time, and what each figure means."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

Text = Callable[..., str]


def workbook(
    title: str,
    sheets: Sequence[tuple[str, Sequence[str], Sequence[Sequence[Any]]]],
) -> bytes:
    """An XLSX file. ``sheets``: name, head and rows; numbers stay numbers, text is never taken for a formula.

    Row by row, so that a long one does not have to fit into memory twice.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(str(path), options) as book:
            book.set_properties({"title": title})
            bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
            plain = book.add_format({"text_wrap": True, "valign": "top"})
            for name, head, rows in sheets:
                sheet = book.add_worksheet(name[:31])
                sheet.freeze_panes(1, 1)
                sheet.set_column(0, 0, 36)
                sheet.set_column(1, max(1, len(head) - 1), 16)
                sheet.write_row(0, 0, head, bold)
                for at, row in enumerate(rows, 1):
                    for number, value in enumerate(row):
                        if value is None:
                            continue
                        if isinstance(value, int | float):
                            sheet.write_number(at, number, value)
                        else:
                            sheet.write_string(at, number, str(value), plain)
        return path.read_bytes()
