"""A case as the supervisor reads it, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from handoff.cases.models import CaseEntry
from handoff.cases.repository import Late
from kit.clock import RIGA, iso
from kit.i18n import DEFAULT_LANGUAGE

COLUMNS = [
    "no",
    "conversation_id",
    "channel",
    "site",
    "lang",
    "level",
    "institution",
    "service",
    "municipality",
    "operator",
    "centre",
    "opened_at",
    "queued_at",
    "taken_at",
    "first_reply_at",
    "level2_at",
    "closed_at",
    "wait_s",
    "handle_s",
    "outcome",
    "topic",
    "rating",
    "tariff",
    "amount_eur",
    "corrections",
]

_CENT: Final = Decimal("0.01")

Name = Callable[[str | None], str | None]


def case_row(entry: CaseEntry, late: Late, names: dict[str, Name]) -> dict[str, Any]:
    """A ``CaseRow`` of docs/protocol.md. Times are instants; ``wait_s`` and ``handle_s`` whole seconds.

    ``late`` fills in what the entry could not know yet; on social channels ``site`` is the name of the account.
    """
    return {
        "no": entry.case_no,
        "conversation_id": entry.conversation_id,
        "channel": entry.channel,
        "site": names["site"](entry.site),
        "lang": entry.lang,
        "level": entry.level,
        "institution": names["institution"](entry.institution_id),
        "service": names["service"](entry.service_id),
        "municipality": names["municipality"](entry.municipality_id),
        "operator": names["staff"](entry.operator_id),
        "centre": names["centre"](entry.centre_id),
        "opened_at": iso(entry.opened_at),
        "queued_at": iso(entry.queued_at),
        "taken_at": iso(entry.taken_at),
        "first_reply_at": iso(entry.first_reply_at or late.first_reply_at),
        "level2_at": iso(entry.level2_at),
        "closed_at": iso(entry.closed_at),
        "wait_s": _seconds(entry.queued_at, entry.taken_at),
        "handle_s": _seconds(entry.taken_at, entry.closed_at),
        "outcome": entry.outcome,
        "topic": entry.topic,
        "rating": late.rating,
        "tariff": entry.tariff_id,
        "amount_eur": euros(entry.amount) if entry.amount is not None else None,
        "corrections": entry.revision,
    }


def euros(amount: Decimal) -> str:
    """Euros as decimal text: to the cent at least, to four places where they say something."""
    cents = amount.quantize(_CENT)
    return format(cents if cents == amount else amount.normalize(), "f")


def _seconds(start: Any, end: Any) -> int | None:
    return None if start is None or end is None else round((end - start).total_seconds())


def csv_lines(
    rows: Iterable[dict[str, Any]],
    columns: Sequence[str] = COLUMNS,
    lang: str = DEFAULT_LANGUAGE,
    heads: Sequence[str] | None = None,
) -> Iterator[str]:
    """The rows as CSV for the spreadsheet program of whoever reads it: UTF-8 with BOM, Riga times, and the marks of his language.

    Latvian and Russian write decimals with a comma and part cells by semicolons, English writes a point and commas; with other
    marks a double click gives text, or a date, instead of numbers. A cell that a spreadsheet would take for a formula gets an
    apostrophe: what citizens type must not run at a desk.

    ``heads``: what is written above the columns; their names where nothing else is given.
    """
    comma = lang != "en"
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";" if comma else ",")
    writer.writerow(columns if heads is None else heads)
    yield "\ufeff" + _drain(buffer)
    for row in rows:
        writer.writerow([_cell(name, row[name], "," if comma else ".") for name in columns])
        yield _drain(buffer)


def _cell(name: str, value: Any, point: str) -> str:
    if value is None:
        return ""
    if isinstance(value, float) or name.endswith("_eur"):
        return str(value).replace(".", point)
    if name.endswith("_at"):
        moment = datetime.fromisoformat(value).astimezone(RIGA)
        return moment.strftime("%Y-%m-%d %H:%M:%S")
    text = str(value)
    return "'" + text if text[:1] in "=+-@\t\r" else text


def _drain(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
