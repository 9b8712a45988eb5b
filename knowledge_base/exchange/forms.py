"""Files of services: written for a spreadsheet or a program, and read back without trusting a byte of them."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from kit.errors import PieturaError
from kit.i18n import LANGUAGES
from knowledge_base.catalogue import cpsv
from knowledge_base.catalogue.snapshot import Snapshot, to_json, without_notes
from knowledge_base.catalogue.unify import CATALOGUE_PREFIX
from knowledge_base.gazetteer import Gazetteer
from knowledge_base.records import ASPECTS, EDITORS_NOTE

MAX_BYTES: Final = 10 * 1024 * 1024
#: More than all of Latvia's described services many times over; a longer file is split.
MAX_ROWS: Final = 5000
#: Four in each row of the longest file; whoever has more has mixed up the columns.
MAX_PROBLEMS: Final = 4 * MAX_ROWS

_VALUES = ("title_lv", "title_ru", "title_en", "institution", "institution_name", "kind", "confidence", "checked")
_LISTED_VALUES = ("audience", "life_events")
_FACTS = ("who", "how_online", "online_url", "in_person", "cost", "deadline", "amount", "apply_by", "result", "contact")
_LISTED_FACTS = ("documents", "legal_basis", "notes")
_ALIASES = tuple(f"aliases_{lang}" for lang in LANGUAGES)
_EXAMPLES = tuple(f"examples_{lang}" for lang in LANGUAGES)
_TEXTS = tuple(f"text_{lang}_{aspect}" for lang in LANGUAGES for aspect in ASPECTS)
_LISTED: Final = frozenset((*_LISTED_VALUES, *_LISTED_FACTS, *_ALIASES, *_EXAMPLES, "sources"))
COLUMNS: Final = (
    *("id", *_VALUES, *_LISTED_VALUES, *_ALIASES, *_FACTS, *_LISTED_FACTS, "sources", *_TEXTS, *_EXAMPLES),
)
_CODED: Final[dict[str, frozenset[str]]] = {
    "kind": frozenset(("state", "municipal")),
    "confidence": frozenset(("high", "medium", "low")),
    "audience": frozenset(("person", "business")),
}
#: Columns of the annex's extract: those are unified by their own way, not loaded as services.
_EXTRACT: Final = frozenset(("row", "organisation", "service", "status"))
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: What no text of ours begins with; a plus or a hyphen may be a telephone number or a list.
_HOSTILE = ("=", "@")
#: A cell that holds nothing else clears the field: an empty one says nothing about it.
CLEAR: Final = "[dzēst]"
_CLEARABLE: Final = frozenset((*_FACTS, *_LISTED_FACTS, *_ALIASES, *_TEXTS, "life_events", "sources", "checked")) - {
    f"text_{lang}_general" for lang in LANGUAGES
}
_HTML = re.compile(r"<\s*[/!]?\s*[a-zA-Z][^<>]*>|<\s*(?:script|style|iframe|img|svg)\b", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WEB = re.compile(r"https?://\S+")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_LATIN = re.compile(r"[a-zāčēģīķļņšūž]", re.IGNORECASE)
_MOST_TITLE: Final = 300
_MOST_TEXT: Final = 4000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong with a row.

    Attributes:
        row: as the spreadsheet counts it (the header is 1); for JSON and JSON-LD the service's place in the file, from 1; 0: the
            whole file.
        field: the column; empty for the whole row.
        code: names a text ``exchange.problem.<code>``.
        args: what the text speaks of; of JSON-LD also ``node``, by which the service is found there.
    """

    row: int
    field: str
    code: str
    args: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclass(slots=True)
class Entry:
    """A good row: what it says of one service, and example questions."""

    row: int
    incoming: cpsv.Incoming
    examples: dict[str, list[str]] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """As JSON can hold it."""
        said = asdict(self.incoming)
        said["texts"] = [[lang, aspect, text] for (lang, aspect), text in self.incoming.texts.items()]
        return {"row": self.row, "incoming": said, "examples": self.examples}

    @staticmethod
    def of(stored: Mapping[str, Any]) -> Entry:
        """What :meth:`stored` gave."""
        said = dict(stored["incoming"])
        said["texts"] = {(lang, aspect): text for lang, aspect, text in said["texts"]}
        return Entry(stored["row"], cpsv.Incoming(**said), dict(stored["examples"]))


@dataclass(slots=True)
class Reading:
    """A file, read.

    Attributes:
        form: ``csv``, ``json`` or ``jsonld``.
        rows: how many rows it has, good and broken.
        entries: the good ones.
        problems: what is wrong with the others.
        left: services that only the annex knows; they are not taken from files.
    """

    form: str
    rows: int = 0
    entries: list[Entry] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    left: int = 0


# --- out ----------------------------------------------------------------------------------------------------------


def write_json(snapshot: Snapshot, examples: Examples, head: Mapping[str, Any]) -> str:
    """Everything in our own form; ``head`` says when and of which revision."""
    out = to_json(snapshot)
    for service in out["services"]:
        service["examples"] = examples.get(service["id"], {})
    return json.dumps({**head, **out}, ensure_ascii=False, indent=1) + "\n"


def write_jsonld(snapshot: Snapshot, gazetteer: Gazetteer, head: Mapping[str, Any]) -> str:
    """CPSV-AP, with the day and the revision as the document's own properties."""
    document = cpsv.export(snapshot, gazetteer)
    document["dct:issued"] = head["exported_at"]
    document["pt:revision"] = head["revision"]
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def write_csv(snapshot: Snapshot, examples: Examples) -> str:
    """A table for spreadsheets that can be loaded again; lists have one item a line."""
    opened = io.StringIO()
    writer = csv.writer(opened, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for said in to_json(snapshot)["services"]:
        row = flat({**said, "examples": examples.get(said["id"], {})})
        writer.writerow([cell(row.get(column)) for column in COLUMNS])
    # With the mark a spreadsheet takes it for UTF-8.
    return "\ufeff" + opened.getvalue()


VARIANT_COLUMNS: Final = (
    *("row", "unified_id", "service_title", "organisation", "kind", "municipality_id", "former", "also_in"),
    *("institution_id", "unit", "title", "status", "confidence", "reason", "doubtful", "note"),
)


def write_variants(snapshot: Snapshot) -> str:
    """The rows of the old catalogue with the services they belong to, for spreadsheets."""
    opened = io.StringIO()
    writer = csv.writer(opened, lineterminator="\r\n")
    writer.writerow(VARIANT_COLUMNS)
    lines = [(variant, service.title) for service in snapshot.unified.values() for variant in service.variants]
    for variant, title in sorted(lines, key=lambda line: line[0].row):
        said = {**asdict(variant), "also_in": list(variant.also_in), "service_title": title}
        writer.writerow([cell(said[column]) for column in VARIANT_COLUMNS])
    return "\ufeff" + opened.getvalue()


def write_problems(problems: Iterable[Mapping[str, Any]], say: Callable[[str, Mapping[str, str]], str]) -> str:
    """What is wrong with a file, for spreadsheets; ``say``: the words of a code with its arguments."""
    opened = io.StringIO()
    writer = csv.writer(opened, lineterminator="\r\n")
    writer.writerow(("row", "service", "field", "problem"))
    for one in problems:
        args = one["args"]
        service = args.get("node") or args.get("service") or ""
        writer.writerow((one["row"] or "", cell(service), cell(one["field"]), say(one["code"], args)))
    return "\ufeff" + opened.getvalue()


#: Service → language → example questions.
Examples = Mapping[str, Mapping[str, list[str]]]


def cell(value: Any) -> str:
    """A cell without editors' notes. A spreadsheet takes some beginnings for a formula; an apostrophe makes it text."""
    if value is None:
        return ""
    if isinstance(value, list):
        text = "\n".join(str(item) for item in without_notes(value))
    else:
        text = str(without_notes(str(value)) or "")
    return f"'{text}" if text.startswith((*_FORMULA, "'")) else text


def flat(said: Mapping[str, Any]) -> Row:
    """A service of our JSON as one row; lists stay lists. What is not of the expected kind stays as it is, to be refused."""
    row: Row = {}
    for name, value in said.items():
        if name in ("titles", "aliases", "examples") and isinstance(value, dict):
            prefix = "title" if name == "titles" else name
            row |= {f"{prefix}_{lang}": inner for lang, inner in value.items()}
        elif name == "facts" and isinstance(value, dict):
            row |= value
        elif name == "texts" and isinstance(value, dict):
            for lang, texts in value.items():
                if isinstance(texts, dict):
                    row |= {f"text_{lang}_{aspect}": text for aspect, text in texts.items()}
                else:
                    row[f"text_{lang}"] = texts
        elif name == "sources" and isinstance(value, list):
            row[name] = [_source_line(source) for source in value]
        else:
            row[name] = value
    return row


def _source_line(source: Any) -> Any:
    if not isinstance(source, dict):
        return source
    supports = source.get("supports") or []
    listed = ", ".join(str(one) for one in supports) if isinstance(supports, list) else str(supports)
    return f"{source.get('url') or ''} | {source.get('as_of') or ''} | {listed}"


# --- in -----------------------------------------------------------------------------------------------------------


def read(body: bytes, gazetteer: Gazetteer) -> Reading:
    """Reads a file of any of the three forms, which is told by its content and not by its name.

    Raises:
        PieturaError: it can be no such file at all: ``import_empty``, ``import_too_large``, ``import_binary``,
            ``import_encoding``, ``import_not_json``, ``import_no_services``, ``import_no_id``, ``import_extract``,
            ``import_too_many_rows``.
    """
    if len(body) > MAX_BYTES:
        raise PieturaError("import_too_large", most=MAX_BYTES // 1024 // 1024)
    text = decode(body)
    if not text.strip():
        raise PieturaError("import_empty")
    if text.lstrip()[0] not in "{[":
        return _read_csv(text)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PieturaError("import_not_json", line=getattr(error, "lineno", 1)) from error
    first = document[0] if isinstance(document, list) and document else document
    if isinstance(first, dict) and any(name in first for name in ("@graph", "@context", "@type", "@id")):
        return _read_jsonld(document, gazetteer)
    return _read_json(document)


def decode(body: bytes) -> str:
    """The text of a file: UTF-8 with or without its mark, UTF-16 with it, or Windows-1257.

    Raises:
        PieturaError: ``import_binary``: a workbook, an archive, a picture; ``import_encoding``: none of these encodings.
    """
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif body.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b")) or b"\x00" in body:
        raise PieturaError("import_binary")
    else:
        encoding = "utf-8-sig"
    try:
        return body.decode(encoding)
    except UnicodeDecodeError:
        pass
    try:
        return body.decode("cp1257")
    except UnicodeDecodeError as error:
        raise PieturaError("import_encoding") from error


def delimiter(header: str) -> str:
    """What separates the cells of a table, by its first line."""
    return max(",;\t|", key=lambda mark: (header.count(mark), mark == ","))


def _read_csv(text: str) -> Reading:
    out = Reading("csv")
    mark = delimiter(text.lstrip("\n\r").split("\n", 1)[0])
    # A quotation mark that is never closed makes one cell of the rest: it must end in a message, not in a fault.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    rows = _csv_rows(reader)
    header = next((cells for _, cells in rows if any(cells)), [])
    names = [name.strip().lower() for name in header]
    if "id" not in names:
        raise PieturaError("import_extract" if set(names) >= _EXTRACT else "import_no_id")
    for name in sorted({name for name in names if names.count(name) > 1 and name}):
        out.problems.append(RowProblem(1, name, "column_twice"))
    out.problems += [RowProblem(1, name, "unknown_column") for name in names if name and name not in COLUMNS]
    if out.problems:
        # Which cell is meant is not known: nothing of it is loaded.
        out.rows = sum(1 for _, cells in rows if any(cells))
        return out
    taker = _Taker(out)
    for number, cells in rows:
        if not any(given.strip() for given in cells):
            continue
        out.rows += 1
        if out.rows > MAX_ROWS:
            raise PieturaError("import_too_many_rows", most=MAX_ROWS)
        if any(given.strip() for given in cells[len(names) :]):
            taker.refuse(number, "", "cells_too_many", most=str(len(names)))
            continue
        taker.take(number, {name: _from_cell(name, given) for name, given in zip(names, cells, strict=False) if name})
    return out


def _csv_rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    number = 0
    try:
        for cells in reader:
            number += 1
            yield number, cells
    except csv.Error as error:
        raise PieturaError("import_broken_table", row=number + 1) from error


def _from_cell(name: str, given: str) -> Any:
    text = given.strip()
    # The apostrophe before what a spreadsheet would take for a formula.
    if text.startswith("'") and text[1:].startswith((*_FORMULA, "'")):
        text = text[1:]
    elif text.startswith(_HOSTILE):
        return _Formula(text)
    if name in _LISTED:
        return [line.strip() for line in text.splitlines() if line.strip()]
    return text.replace("\r\n", "\n")


class _Formula(str):
    """A cell that a spreadsheet would compute."""


def _read_json(document: object) -> Reading:
    out = Reading("json")
    rows = document.get("services") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not rows:
        raise PieturaError("import_no_services")
    if len(rows) > MAX_ROWS:
        raise PieturaError("import_too_many_rows", most=MAX_ROWS)
    taker = _Taker(out)
    for number, said in enumerate(rows, start=1):
        out.rows += 1
        if isinstance(said, dict):
            taker.take(number, flat(said))
        else:
            taker.refuse(number, "", "not_an_object")
    return out


def _read_jsonld(document: object, gazetteer: Gazetteer) -> Reading:
    try:
        parsed = cpsv.parse(document, gazetteer)
    except RecursionError as error:
        raise PieturaError("import_not_json", line=1) from error
    out = Reading("jsonld", left=len(parsed.left))
    out.rows = len(parsed.services) + len(parsed.problems)
    if out.rows > MAX_ROWS:
        raise PieturaError("import_too_many_rows", most=MAX_ROWS)
    for problem in parsed.problems:
        named = problem.place and problem.node != cpsv.NAMELESS
        args = {**problem.args, **({"node": problem.node[:120]} if named else {})}
        out.problems.append(RowProblem(problem.place, problem.where, problem.code, args))
    taker = _Taker(out)
    for incoming in parsed.services:
        taker.texts(parsed.places[incoming.id], incoming, {})
    return out


class _Taker:
    """Checks rows and keeps the good ones."""

    def __init__(self, out: Reading) -> None:
        self._out = out
        self._seen: dict[str, int] = {}

    def refuse(self, row: int, field_name: str, code: str, /, **args: str) -> None:
        """A row that cannot be taken, and why."""
        if len(self._out.problems) < MAX_PROBLEMS:
            self._out.problems.append(RowProblem(row, field_name, code, args))

    def take(self, number: int, row: Row) -> None:
        """Keeps a row, or says everything that is wrong with it."""
        given = {name: value for name, value in row.items() if value not in (None, "", [], {})}
        service_id = given.pop("id", None)
        if not isinstance(service_id, str):
            self.refuse(number, "id", "no_id")
            return
        if service_id.startswith(CATALOGUE_PREFIX):
            self._out.left += 1
            return
        if len(service_id) > 80 or not _ID.fullmatch(service_id):
            self.refuse(number, "id", "bad_id", value=service_id[:80])
            return
        if (earlier := self._seen.setdefault(service_id, number)) != number:
            self.refuse(number, "id", "twice", value=service_id, row=str(earlier))
            return
        cleared = {name for name, value in given.items() if name in COLUMNS and _clears(value)}
        bad = [(name, *found) for name, value in given.items() if name not in cleared for found in _wrong(name, value)]
        bad += [(name, "cannot_clear", {"mark": CLEAR}) for name in sorted(cleared - _CLEARABLE)]
        for name, code, args in bad:
            self.refuse(number, name, code, **args)
        if bad:
            return
        given |= {name: [] if name in _LISTED else "" if name in _TEXTS else None for name in cleared}
        incoming = cpsv.Incoming(service_id)
        incoming.values = {name: given[name] for name in (*_VALUES, *_LISTED_VALUES) if name in given}
        incoming.facts = {name: given[name] for name in (*_FACTS, *_LISTED_FACTS) if name in given}
        if "sources" in given:
            incoming.values["sources"] = [_source(line) for line in given["sources"]]
        names = {lang: given.get(f"aliases_{lang}") for lang in LANGUAGES}
        incoming.aliases = {lang: list(dict.fromkeys(said)) for lang, said in names.items() if said is not None} or None
        incoming.texts = {
            (lang, aspect): given[f"text_{lang}_{aspect}"]
            for lang in LANGUAGES
            for aspect in ASPECTS
            if f"text_{lang}_{aspect}" in given
        }
        examples = {lang: list(dict.fromkeys(given.get(f"examples_{lang}", []))) for lang in LANGUAGES}
        self._out.entries.append(Entry(number, incoming, {lang: texts for lang, texts in examples.items() if texts}))

    def texts(self, number: int, incoming: cpsv.Incoming, examples: dict[str, list[str]]) -> None:
        """Keeps what the CPSV-AP reader understood, after the same look at its words."""
        said: Row = {f"text_{lang}_{aspect}": text for (lang, aspect), text in incoming.texts.items()}
        said |= {name: value for name, value in incoming.values.items() if name.startswith("title_")}
        said |= incoming.facts
        bad = [(name, *found) for name, value in said.items() for found in _wrong(name, value)]
        for name, code, args in bad:
            self.refuse(number, name, code, **args, node=incoming.id)
        if not bad:
            self._out.entries.append(Entry(number, incoming, examples))


def _wrong(name: str, value: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """What is wrong with one field, as codes with their arguments."""
    if name not in COLUMNS:
        yield "unknown_column", {}
        return
    listed = name in _LISTED
    texts = value if listed and isinstance(value, list) else [value]
    if (listed and not isinstance(value, list) and not isinstance(value, _Formula)) or not all(
        isinstance(text, str) for text in texts
    ):
        yield ("list_expected" if listed else "text_expected"), {}
        return
    most = _MOST_TITLE if name.startswith("title_") else _MOST_TEXT
    for text in texts:
        start = text[:60]
        if isinstance(text, _Formula):
            yield "formula", {"value": start}
        elif _CONTROL.search(text):
            yield "control", {}
        elif _HTML.search(text):
            yield "html", {"value": start}
        elif CLEAR in text:
            yield "clear_alone", {"mark": CLEAR}
        elif EDITORS_NOTE in text:
            yield "note", {"mark": EDITORS_NOTE}
        elif len(text) > most:
            yield "too_long", {"most": str(most), "length": str(len(text))}
        elif name in _CODED and text not in _CODED[name]:
            yield "one_of", {"value": start, "allowed": ", ".join(sorted(_CODED[name]))}
        elif name == "checked" and not _DAY.fullmatch(text):
            yield "day", {"value": start}
        elif name in ("online_url", "sources") and not _WEB.fullmatch(text.split("|")[0].strip()):
            yield "address", {"value": start}
        elif name.startswith(("title_", "text_")) and (wrong := _other_language(name, text)):
            yield "language", {"value": start, "lang": wrong}


def _clears(value: Any) -> bool:
    return value in (CLEAR, [CLEAR])


def _other_language(name: str, text: str) -> str:
    """The language of the column, when the letters are those of another."""
    lang = name.split("_")[1]
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    wrong = cyrillic == 0 and latin > 3 if lang == "ru" else cyrillic > latin
    return lang if wrong else ""


def _source(line: str) -> dict[str, Any]:
    url, as_of, supports = (*(part.strip() for part in line.split("|", 2)), "", "")[:3]
    return {"url": url, "as_of": as_of or None, "supports": [one.strip() for one in supports.split(",") if one.strip()]}
