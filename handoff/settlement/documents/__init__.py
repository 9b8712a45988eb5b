"""Statements as documents: the PDF that is signed and kept, and the XLSX that is reckoned over. The same statement gives the same
bytes, whenever and wherever it is printed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from handoff.settlement.documents.pdf import pdf
from handoff.settlement.documents.xlsx import xlsx
from kit.i18n import Catalogue

#: Folder of the words of documents.
LOCALES: Final = Path(__file__).parent / "locales"

__all__ = ["LOCALES", "pdf", "texts", "xlsx"]


@cache
def texts() -> Catalogue:
    """The words of documents."""
    return Catalogue(LOCALES)
