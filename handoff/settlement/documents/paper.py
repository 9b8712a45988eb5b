"""Paper: pages of A4 filled from top to bottom, with tables that go on over hundreds of them, and a structure that screen
readers follow.

reportlab draws and embeds the font; what stands where is reckoned here. Its own tables measure every cell of a table anew at each
page break, which takes minutes for ten thousand rows, and it knows nothing of tags (docs/decisions/0021).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from reportlab.pdfbase import pdfdoc, pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

_FONTS: Final = Path(__file__).parent / "fonts"
PLAIN: Final = "Statement"
BOLD: Final = "Statement-Bold"
_MM: Final = 72 / 25.4
_A4: Final = (210 * _MM, 297 * _MM)
_SIDE: Final = 17 * _MM
_TOP: Final = 16 * _MM
#: Where the foot begins; nothing of the text comes below.
_FOOT: Final = 17 * _MM
_PAD: Final = 2.6

Colour = tuple[float, float, float]
INK: Final[Colour] = (0.09, 0.11, 0.14)
QUIET: Final[Colour] = (0.33, 0.36, 0.40)
ACCENT: Final[Colour] = (0.49, 0.114, 0.247)
_RULE: Final[Colour] = (0.82, 0.80, 0.81)
_SHADE: Final[Colour] = (0.972, 0.957, 0.96)

Role = Literal["Document", "H1", "H2", "H3", "P", "Table", "TR", "TH", "TD", "L", "LI", "LBody"]


@dataclass(frozen=True)
class Column:
    """A column of a table. ``share`` of the width; ``number`` stands to the right."""

    head: str
    share: float
    number: bool = False


@dataclass(eq=False)
class _Element(pdfdoc.PDFObject):  # type: ignore[misc]
    """A node of the structure. ``kids``: elements, or page and number of a piece of marked content."""

    role: Role
    parent: Any
    kids: list[_Element | tuple[int, int]] = field(default_factory=list)
    pages: list[Any] = field(default_factory=list)

    def format(self, document: Any) -> bytes:
        parts, page = [], None
        for kid in self.kids:
            if isinstance(kid, _Element):
                parts.append(_reference(document, kid))
            else:
                # What is marked under one tag stands on one page.
                page, number = kid
                parts.append(b"%d" % number)
        where = b"/Pg " + _reference(document, self.pages[page]) if page is not None else b""
        scope = b"/A<</O/Table/Scope/Column>>" if self.role == "TH" else b""
        return b"<</S/%s/P %s%s%s/K[%s]>>" % (
            self.role.encode(),
            _reference(document, self.parent),
            where,
            scope,
            b" ".join(parts),
        )


@dataclass(eq=False)
class _Root(pdfdoc.PDFObject):  # type: ignore[misc]
    """Where the structure begins, and the way back from marked content to its element, by page."""

    top: Any = None
    by_page: list[list[_Element]] = field(default_factory=list)

    def format(self, document: Any) -> bytes:
        back = b"".join(
            b"%d[%s]" % (page, b" ".join(_reference(document, one) for one in elements))
            for page, elements in enumerate(self.by_page)
        )
        return b"<</Type/StructTreeRoot/K %s/ParentTree<</Nums[%s]>>/ParentTreeNextKey %d>>" % (
            _reference(document, self.top),
            back,
            len(self.by_page),
        )


def _reference(document: Any, thing: Any) -> bytes:
    found: bytes = document.Reference(thing).format(document)
    return found


@dataclass
class _Page:
    """``marks``: what draws, in order; an element of each piece of marked content by its number."""

    size: tuple[float, float]
    marks: list[tuple[Any, ...]] = field(default_factory=list)
    marked: list[_Element] = field(default_factory=list)


@cache
def _fonts() -> None:
    # Registered once a process; reportlab keeps them by name.
    pdfmetrics.registerFont(TTFont(PLAIN, str(_FONTS / "DejaVuSansCondensed.ttf")))
    pdfmetrics.registerFont(TTFont(BOLD, str(_FONTS / "DejaVuSansCondensed-Bold.ttf")))


class Paper:
    """One document, laid out as it is told and drawn at the end, when it is known how many pages there are."""

    def __init__(self, *, title: str, subject: str, keywords: str, author: str, lang: str, at: datetime) -> None:
        """``at``: the only time that the file names; without a zone it would depend on the machine's."""
        _fonts()
        self._about = {"title": title, "subject": subject, "keywords": keywords, "author": author, "lang": lang}
        self._at = at
        self._pages: list[_Page] = []
        self._root = _Root()
        self._top = _Element("Document", self._root)
        self._root.top = self._top
        self._elements: list[_Element] = [self._top]
        self._y = 0.0
        self._widths: dict[tuple[str, str, float], float] = {}
        self._wrapped: dict[tuple[str, str, float, float], list[str]] = {}

    # --- where -----------------------------------------------------------------------------------------------------------

    def page(self, landscape: bool = False) -> None:
        """A new page."""
        size = (_A4[1], _A4[0]) if landscape else _A4
        self._pages.append(_Page(size))
        self._y = size[1] - _TOP

    @property
    def _width(self) -> float:
        return self._pages[-1].size[0] - 2 * _SIDE

    def _next_page(self) -> None:
        size = self._pages[-1].size
        self.page(landscape=size[0] > size[1])

    def room(self, height: float) -> None:
        """A new page unless ``height`` points are left on this one."""
        if self._y - height < _FOOT:
            self._next_page()

    def space(self, height: float) -> None:
        """Leaves ``height`` points."""
        self._y -= height

    # --- what ------------------------------------------------------------------------------------------------------------

    def text(
        self, role: Role, text: str, *, size: float = 9, bold: bool = False, colour: Colour = INK, after: float = 4
    ) -> None:
        """A heading or a paragraph over the whole width."""
        font, leading = (BOLD if bold else PLAIN), size * 1.38
        lines = self._lines(text, font, size, self._width)
        self.room(leading * len(lines) + (60 if role in ("H2", "H3") else 0))
        element = self._child(self._top, role)
        self._open(element)
        for line in lines:
            self._y -= leading
            self._put(line, _SIDE, self._y + size * 0.32, font, size, colour)
        self._close()
        self._y -= after

    def pairs(self, rows: Sequence[tuple[str, str]], head: float = 0.27) -> None:
        """Names and values side by side, read as a table without a head."""
        size, leading = 9.0, 12.6
        table = self._child(self._top, "Table")
        for name, value in rows:
            at = _SIDE + self._width * head
            lines = self._lines(value, PLAIN, size, self._width * (1 - head))
            self.room(leading * len(lines) + 3)
            row = self._child(table, "TR")
            top = self._y
            for text, x, colour in (([name], _SIDE, QUIET), (lines, at, INK)):
                self._open(self._child(row, "TD"))
                for number, line in enumerate(text):
                    self._put(line, x, top - leading * (number + 1) + size * 0.32, PLAIN, size, colour)
                self._close()
            self._y -= leading * len(lines) + 1.5

    def table(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[str]],
        total: Sequence[str] | None = None,
        *,
        size: float = 8.5,
        cells: bool = True,
    ) -> None:
        """A table whose head is repeated on each page. A cell may have several lines, divided by ``\\n``; those after the first
        are set quietly. ``total``: a last row in bold.

        Args:
            cells: each cell has a tag of its own. Without, a row is one item of a list: a file of thousands of rows would be
                ten times as large, and its rows read well as sentences.
        """
        leading = size * 1.36
        whole = sum(one.share for one in columns)
        widths = [one.share / whole * self._width for one in columns]
        starts = [_SIDE + sum(widths[:number]) for number in range(len(widths))]
        shape = list(zip(columns, starts, widths, strict=True))
        around = self._child(self._top, "Table" if cells else "L")
        self._head(shape, size, leading, around if cells else None)
        for row in rows:
            self._row(shape, row, size, leading, around, cells, False)
        if total is not None:
            self._row(shape, total, size, leading, around, cells, True)
        self._y -= 9

    def _head(
        self, shape: Sequence[tuple[Column, float, float]], size: float, leading: float, table: _Element | None
    ) -> None:
        split = [self._lines(column.head, BOLD, size, width - 2 * _PAD) for column, _, width in shape]
        height = leading * max(map(len, split)) + 2 * _PAD
        self.room(height + 2 * leading)
        marks = self._pages[-1].marks
        marks.append(("fill", _SIDE, self._y - height, self._width, height, _SHADE))
        row = self._child(table, "TR") if table else None
        for (column, x, width), lines in zip(shape, split, strict=True):
            if row:
                self._open(self._child(row, "TH"))
            for number, line in enumerate(lines):
                y = self._y - height + _PAD + leading * (len(lines) - number - 1) + size * 0.3
                self._cell(line, x, y, width, BOLD, size, ACCENT, column.number)
            if row:
                self._close()
        self._y -= height
        marks.append(("line", _SIDE, self._y, _SIDE + self._width, 0.8, ACCENT))

    def _row(
        self,
        shape: Sequence[tuple[Column, float, float]],
        row: Sequence[str],
        size: float,
        leading: float,
        around: _Element,
        cells: bool,
        total: bool,
    ) -> None:
        font = BOLD if total else PLAIN
        split = []
        for (_, _, width), text in zip(shape, row, strict=True):
            first, *more = text.split("\n")
            lines = [(line, size, INK) for line in self._lines(first, font, size, width - 2 * _PAD)]
            small = size - 0.8
            lines += [(line, small, QUIET) for one in more for line in self._lines(one, font, small, width - 2 * _PAD)]
            split.append(lines)
        height = leading * max(map(len, split)) + _PAD * 1.6
        if self._y - height < _FOOT:
            self._next_page()
            # Drawn again for the eye; who listens has heard it.
            self._head(shape, size, leading, None)
        marks = self._pages[-1].marks
        item = self._child(around, "TR" if cells else "LI")
        if not cells:
            self._open(self._child(item, "LBody"))
        if total:
            marks.append(("line", _SIDE, self._y, _SIDE + self._width, 0.8, ACCENT))
        for (column, x, width), lines in zip(shape, split, strict=True):
            if cells:
                self._open(self._child(item, "TD"))
            y = self._y - _PAD * 0.8
            for line, points, colour in lines:
                y -= leading
                if line:
                    self._cell(line, x, y + size * 0.34, width, font, points, colour, column.number)
            if cells:
                self._close()
        if not cells:
            self._close()
        self._y -= height
        if not total:
            marks.append(("line", _SIDE, self._y, _SIDE + self._width, 0.4, _RULE))

    # --- pieces ----------------------------------------------------------------------------------------------------------

    def _child(self, parent: _Element, role: Role) -> _Element:
        element = _Element(role, parent)
        parent.kids.append(element)
        self._elements.append(element)
        return element

    def _open(self, element: _Element) -> None:
        page = self._pages[-1]
        number = len(page.marked)
        page.marked.append(element)
        element.kids.append((len(self._pages) - 1, number))
        page.marks.append(("open", element.role, number))

    def _close(self) -> None:
        self._pages[-1].marks.append(("close",))

    def _put(self, text: str, x: float, y: float, font: str, size: float, colour: Colour) -> None:
        self._pages[-1].marks.append(("text", text, x, y, font, size, colour))

    def _cell(
        self, text: str, x: float, y: float, width: float, font: str, size: float, colour: Colour, right: bool
    ) -> None:
        at = x + width - _PAD - self._length(text, font, size) if right else x + _PAD
        self._put(text, at, y, font, size, colour)

    def _length(self, text: str, font: str, size: float) -> float:
        key = (text, font, size)
        found = self._widths.get(key)
        if found is None:
            found = self._widths[key] = pdfmetrics.stringWidth(text, font, size)
        return found

    def _lines(self, text: str, font: str, size: float, width: float) -> list[str]:
        """The text in lines that fit; a word that is longer than a line is broken where it must be."""
        key = (text, font, size, width)
        found = self._wrapped.get(key)
        if found is not None:
            return found
        lines, line = [], ""
        for word in text.split(" "):
            longer = f"{line} {word}" if line else word
            if self._length(longer, font, size) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            while self._length(word, font, size) > width and len(word) > 1:
                cut = next(
                    n for n in range(len(word) - 1, 0, -1) if n == 1 or self._length(word[:n], font, size) <= width
                )
                lines.append(word[:cut])
                word = word[cut:]
            line = word
        lines.append(line)
        self._wrapped[key] = lines
        return lines

    # --- drawing ---------------------------------------------------------------------------------------------------------

    def save(self, foot: Callable[[int, int], tuple[Sequence[str], str]]) -> bytes:
        """The file.

        Args:
            foot: of a page and the number of pages: lines to the left, and what stands to the right.
        """
        into = io.BytesIO()
        canvas = Canvas(into, pageCompression=1, invariant=1, lang=self._about["lang"], initialFontName=PLAIN)
        canvas.setTitle(self._about["title"])
        canvas.setSubject(self._about["subject"])
        canvas.setKeywords(self._about["keywords"])
        canvas.setAuthor(self._about["author"])
        canvas.setCreator(self._about["author"])
        canvas.setDateFormatter(lambda *_: f"D:{self._at:%Y%m%d%H%M%S}+00'00'")
        canvas.setViewerPreference("DisplayDocTitle", "true")
        # reportlab makes the file's number of the machine's zone too: here it comes from what the document is.
        number = hashlib.sha256(repr(sorted(self._about.items())).encode()).hexdigest()[:32]
        canvas._doc._ID = f"\n[<{number}><{number}>]\n".encode()
        pen = _Pen(canvas._doc)
        for place, page in enumerate(self._pages, 1):
            canvas.setPageSize(page.size)
            canvas.addLiteral(pen.page(page, *foot(place, len(self._pages))))
            canvas.showPage()
        self._tag(canvas)
        canvas.save()
        return into.getvalue()

    def _tag(self, canvas: Any) -> None:
        document = canvas._doc
        pages = document.Pages.pages
        for number, page in enumerate(pages):
            # reportlab writes only the keys of a page that it knows.
            page.__NoDefault__ = [*page.__NoDefault__, "StructParents", "Tabs"]
            page.StructParents, page.Tabs = number, pdfdoc.PDFName("S")
        for element in self._elements:
            element.pages = pages
        self._root.by_page = [page.marked for page in self._pages]
        document.Catalog.StructTreeRoot = self._root
        document.Catalog.MarkInfo = pdfdoc.PDFDictionary({"Marked": pdfdoc.PDFtrue})


class _Pen:
    """Writes the operators of a page. reportlab's own calls format each number and letter anew; here a text is encoded once for
    the whole document, which makes ten thousand rows a matter of seconds."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._encoded: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self._out: list[str] = []
        self._fill: Colour | None = None

    def page(self, page: _Page, left: Sequence[str], right: str) -> str:
        """The content of a page."""
        self._out, self._fill = [], None
        for mark in page.marks:
            match mark:
                case ("text", text, x, y, font, size, colour):
                    self._text(text, x, y, font, size, colour)
                case ("open", role, number):
                    self._out.append(f"/{role} <</MCID {number}>> BDC")
                case ("close",):
                    self._out.append("EMC")
                case ("line", x, y, to, width, colour):
                    self._line(x, y, to, width, colour)
                case ("fill", x, y, width, height, colour):
                    self._colour(colour)
                    self._out.append(f"/Artifact BMC {x:.2f} {y:.2f} {width:.2f} {height:.2f} re f EMC")
        width = page.size[0]
        self._line(_SIDE, _FOOT - 8, width - _SIDE, 0.5, _RULE)
        self._out.append("/Artifact <</Type/Pagination>> BDC")
        for number, line in enumerate(left):
            self._text(line, _SIDE, _FOOT - 18 - 9 * number, PLAIN, 7, QUIET)
        at = width - _SIDE - pdfmetrics.stringWidth(right, PLAIN, 7)
        self._text(right, at, _FOOT - 18, PLAIN, 7, QUIET)
        self._out.append("EMC")
        return "\n".join(self._out)

    def _colour(self, colour: Colour) -> None:
        if self._fill != colour:
            self._fill = colour
            self._out.append("{:.3f} {:.3f} {:.3f} rg".format(*colour))

    def _line(self, x: float, y: float, to: float, width: float, colour: Colour) -> None:
        red, green, blue = colour
        self._out.append(
            f"/Artifact BMC {red:.3f} {green:.3f} {blue:.3f} RG {width} w {x:.2f} {y:.2f} m {to:.2f} {y:.2f} l S EMC"
        )

    def _text(self, text: str, x: float, y: float, font: str, size: float, colour: Colour) -> None:
        self._colour(colour)
        shown = " ".join(f"/{name} {size:g} Tf <{codes}> Tj" for name, codes in self._codes(text, font))
        self._out.append(f"BT 1 0 0 1 {x:.2f} {y:.2f} Tm {shown} ET")

    def _codes(self, text: str, font: str) -> list[tuple[str, str]]:
        """The text by the subsets of the font that hold its letters: name of the subset and codes in it."""
        found = self._encoded.get((text, font))
        if found is None:
            face = pdfmetrics.getFont(font)
            found = self._encoded[text, font] = [
                (face.getSubsetInternalName(subset, self._document)[1:], codes.hex())
                for subset, codes in face.splitString(text, self._document)
            ]
        return found
