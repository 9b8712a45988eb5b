"""What the unified catalogue looks like: figures, the largest merges, and what an editor should look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from knowledge_base.catalogue.unify import BY_HAND_DOUBTFUL, REASON_HAND, UnifiedService

LARGEST = 20


@dataclass(frozen=True, slots=True)
class Doubt:
    """A title that was joined to a service and that an editor should look at."""

    service_id: str
    service_title: str
    title: str
    rows: tuple[int, ...]
    reason: str
    confidence: float
    note: str


@dataclass(frozen=True, slots=True)
class KindFigures:
    """One kind of organisation.

    Attributes:
        kind: ``municipal``, ``state`` or ``unknown``.
        organisations: different names in the catalogue.
        today: municipalities or bodies that they are today.
    """

    kind: str
    rows: int
    organisations: int
    today: int
    services: int


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of the unified catalogue.

    Attributes:
        described: services of the knowledge base that the catalogue lists.
        further: services that only the catalogue knows.
        single: services with one row only.
        reasons: how many rows joined for which reason; similarities of all values together.
        largest: id, title, rows and municipalities of today of the largest services.
        unknown: rows whose organisation is not known.
        split: rows of former municipalities that were divided.
    """

    rows: int
    services: int
    described: int
    further: int
    single: int
    kinds: tuple[KindFigures, ...]
    reasons: tuple[tuple[str, int], ...]
    largest: tuple[tuple[str, str, int, int], ...]
    doubts: tuple[Doubt, ...]
    unknown: tuple[tuple[int, str], ...]
    split: tuple[tuple[int, str], ...]

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def figures(unified: Sequence[UnifiedService]) -> Report:
    """Counts the unified catalogue; services without variants are left aside."""
    listed = [service for service in unified if service.variants]
    variants = [variant for service in listed for variant in service.variants]
    kinds = []
    for kind in sorted({variant.kind for variant in variants}):
        mine = [variant for variant in variants if variant.kind == kind]
        today = {place for v in mine for place in (v.municipality_id, *v.also_in, v.institution_id) if place}
        names = {variant.organisation.casefold() for variant in mine}
        kinds.append(KindFigures(kind, len(mine), len(names), len(today), len({v.unified_id for v in mine})))
    reasons = Counter("similar" if v.reason.startswith("similar") else v.reason for v in variants)
    largest = sorted(listed, key=lambda service: (-len(service.variants), service.id))[:LARGEST]
    return Report(
        rows=len(variants),
        services=len(listed),
        described=sum(service.service_id is not None for service in listed),
        further=sum(service.service_id is None for service in listed),
        single=sum(len(service.variants) == 1 for service in listed),
        kinds=tuple(kinds),
        reasons=tuple(reasons.most_common()),
        largest=tuple((s.id, s.title, len(s.variants), _places(s)) for s in largest),
        doubts=tuple(_doubts(listed)),
        unknown=tuple((v.row, v.organisation) for v in variants if v.kind == "unknown"),
        split=tuple((v.row, v.organisation) for v in variants if v.also_in),
    )


def _places(service: UnifiedService) -> int:
    return len({place for variant in service.variants for place in variant.places()})


def _doubts(listed: Sequence[UnifiedService]) -> list[Doubt]:
    out = []
    for service in listed:
        titles = dict.fromkeys(variant.title for variant in service.doubtful())
        for title in titles:
            mine = [variant for variant in service.doubtful() if variant.title == title]
            first = mine[0]
            out.append(
                Doubt(
                    service_id=service.id,
                    service_title=service.title,
                    title=title,
                    rows=tuple(variant.row for variant in mine),
                    reason=first.reason,
                    confidence=first.confidence,
                    note=first.note or "",
                )
            )
    return out


def text(report: Report) -> str:
    """The report for the terminal."""
    lines = [
        f"{report.rows} rows are {report.services} services: {report.described} described, {report.further} known only"
        f" by the catalogue; {report.single} have one row.",
        "",
        "By kind of organisation:",
    ]
    lines += [
        f"  {kind.kind:10} {kind.rows:4} rows of {kind.organisations} organisations ({kind.today} today)"
        f" → {kind.services} services"
        for kind in report.kinds
    ]
    lines += ["", "Why a row is where it is:"]
    lines += [f"  {count:4} {reason}" for reason, count in report.reasons]
    lines += ["", "Largest merges (rows, municipalities of today):"]
    lines += [f"  {rows:4} {places:3}  {title}  [{unified_id}]" for unified_id, title, rows, places in report.largest]
    lines += ["", f"Doubtful merges, for an editor: {len(report.doubts)} titles"]
    for doubt in report.doubts:
        sure = "" if doubt.reason == REASON_HAND and doubt.confidence == BY_HAND_DOUBTFUL else f" ({doubt.reason})"
        lines += [
            f"  {_rows(doubt)}: {doubt.title}",
            f"      → {doubt.service_title} [{doubt.service_id}]{sure}: {doubt.note}",
        ]
    lines += ["", f"Rows without a known organisation: {len(report.unknown)}"]
    lines += [f"  {row}: {organisation}" for row, organisation in report.unknown]
    lines += [f"Rows of municipalities that were divided: {len(report.split)}"]
    lines += [f"  {row}: {organisation}" for row, organisation in report.split]
    return "\n".join(lines)


def doubts_table(report: Report) -> str:
    """The doubtful merges as a Markdown table, for `docs/catalogue.md`."""
    lines = ["| rows | title in the catalogue | joined to | why it is doubtful |", "|---|---|---|---|"]
    for doubt in report.doubts:
        cells = (_rows(doubt), doubt.title, f"{doubt.service_title} (`{doubt.service_id}`)", doubt.note)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _rows(doubt: Doubt) -> str:
    return ", ".join(str(row) for row in doubt.rows)
