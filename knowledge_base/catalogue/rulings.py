"""What editors have decided about doubtful duplicates, laid over the decisions of the files (docs/catalogue.md).

A ruling speaks of one *title* of the catalogue, and of every row with it: it is the same service as another title or a
described service, a municipal variant of that, or another service. The other side is named by a row where it is known by rows
only, for ids of such services come from titles and may change; rows stay. Of rulings about one title the last one counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from knowledge_base.catalogue.places import Owners
from knowledge_base.catalogue.unify import (
    BY_HAND,
    CATALOGUE_PREFIX,
    Apartness,
    CatalogueRow,
    Decisions,
    Join,
    UnifiedService,
    Variant,
    rows_by_title,
    unify,
)
from knowledge_base.records import ServiceRecord

Verdict = Literal["same", "variant", "different"]
REASON_EDITOR: Final = "decided by an editor"
REASON_VARIANT: Final = "variant, decided by an editor"


@dataclass(frozen=True, slots=True)
class Ruling:
    """An editor's decision.

    Attributes:
        verdict: ``same`` service; a municipal ``variant`` of it, with ``reason`` saying what is otherwise; ``different``.
        row: a row of the title that is decided on.
        other_row: a row of the other service when only the catalogue knows it; None when the knowledge base describes it.
        other_id: id of the other service, as it was then.
        other_title: its title.
    """

    verdict: Verdict
    row: int
    other_row: int | None
    other_id: str
    other_title: str
    reason: str = ""


@dataclass(slots=True)
class _Amended:
    """The decisions of the files with those of editors, and what follows from them.

    Attributes:
        apart: pairs that likeness may not join.
        ruled: first row of a title → the ruling by which it is where it is.
        unused: rulings that name what is not there.
    """

    decisions: Decisions
    apart: Apartness
    ruled: dict[int, Ruling]
    unused: list[Ruling]


def unify_ruled(
    rows: Sequence[CatalogueRow],
    services: Mapping[str, ServiceRecord],
    decisions: Decisions,
    owners: Owners,
    rulings: Sequence[Ruling],
) -> tuple[list[UnifiedService], list[Ruling]]:
    """:func:`unify` with what editors have decided.

    Args:
        rulings: in the order in which they were made.

    Returns:
        The unified services, and the rulings that could not be used: their rows or services are gone.

    Raises:
        BrokenCatalogue: as for :func:`unify`; never for a ruling.
    """
    first_of = rows_by_title(rows, owners)
    amended = _amended(decisions, rulings, first_of, services)
    unified = unify(rows, services, amended.decisions, owners, amended.apart)
    told = [
        replace(
            service,
            variants=tuple(_told(variant, amended.ruled.get(first_of[variant.row])) for variant in service.variants),
        )
        for service in unified
    ]
    return told, amended.unused


def _told(variant: Variant, ruling: Ruling | None) -> Variant:
    if ruling is None:
        return variant
    reason = REASON_VARIANT if ruling.verdict == "variant" else REASON_EDITOR
    return replace(variant, confidence=BY_HAND, reason=reason, doubtful=False, note=ruling.reason or None)


def _amended(
    decisions: Decisions, rulings: Sequence[Ruling], first_of: Mapping[int, int], services: Mapping[str, ServiceRecord]
) -> _Amended:
    by_file = {first_of[row]: join.service for join in decisions.join for row in join.rows if row in first_of}

    def home(target: int | str) -> int | str:
        # A title that the files put into a service and that service are one: which of the two was named says nothing.
        return by_file.get(target, target) if isinstance(target, int) else target

    latest: dict[int, Ruling] = {}
    apart: set[tuple[int, int | str]] = set()
    unused: list[Ruling] = []
    for ruling in rulings:
        there = ruling.other_row in first_of if ruling.other_row is not None else ruling.other_id in services
        if ruling.row not in first_of or not there:
            unused.append(ruling)
            continue
        title = first_of[ruling.row]
        other = _target(ruling, first_of)
        if ruling.verdict == "different":
            apart.add((title, other))
            # "Different from this one" says nothing about being the same as that one.
            former = latest.get(title)
            if former is not None and home(_target(former, first_of)) == home(other):
                del latest[title]
        else:
            apart -= {(one, from_) for one, from_ in apart if one == title and home(from_) == home(other)}
            latest[title] = ruling
    joins: dict[str, list[int]] = {}
    titles: dict[str, str] = {}
    for title, ruling in latest.items():
        service, head = _resolved(title, ruling, latest, by_file, first_of)
        joined = joins.setdefault(service, [])
        if service.startswith(CATALOGUE_PREFIX):
            titles.setdefault(service, ruling.other_title)
            if head is not None and head not in joined and by_file.get(head) != service:
                # The title that names it comes first.
                joined.insert(0, head)
        joined.append(title)
    moved = set(latest) | {row for rows in joins.values() for row in rows}
    kept = [left for join in decisions.join if (left := _without(join, moved, apart, by_file, first_of)) is not None]
    fresh = [
        Join(
            service=service,
            rows=rows,
            title=titles.get(service) if not any(one.service == service for one in kept) else None,
            note=REASON_EDITOR,
        )
        for service, rows in joins.items()
    ]
    return _Amended(decisions.model_copy(update={"join": [*kept, *fresh]}), frozenset(apart), latest, unused)


def _target(ruling: Ruling, first_of: Mapping[int, int]) -> int | str:
    return first_of[ruling.other_row] if ruling.other_row is not None else ruling.other_id


def _resolved(
    title: int,
    ruling: Ruling,
    latest: Mapping[int, Ruling],
    by_file: Mapping[int, str],
    first_of: Mapping[int, int],
) -> tuple[str, int | None]:
    """The service in which a title ends up, following titles that were themselves decided on; and the title that names it."""
    chain = {title: ruling}
    while ruling.other_row is not None:
        head = first_of[ruling.other_row]
        if head in chain:
            # They point at each other: all of them are one, named by the first of them.
            around = list(chain)[list(chain).index(head) :]
            head = min(around)
            known_as = next(one.other_id for one in chain.values() if _target(one, first_of) == head)
            return by_file.get(head, known_as), head
        after = latest.get(head)
        if after is None:
            return by_file.get(head, ruling.other_id), head
        chain[head] = ruling = after
    return ruling.other_id, None


def _without(
    join: Join,
    moved: set[int],
    apart: set[tuple[int, int | str]],
    by_file: Mapping[int, str],
    first_of: Mapping[int, int],
) -> Join | None:
    """A decision of the files without the titles that editors have put elsewhere; None when none is left."""

    def stays(row: int) -> bool:
        title = first_of.get(row)
        if title is None:
            return True
        if title in moved:
            return False
        return not any(
            one == title and (other == join.service or (isinstance(other, int) and by_file.get(other) == join.service))
            for one, other in apart
        )

    rows = [row for row in join.rows if stays(row)]
    return join.model_copy(update={"rows": rows}) if rows else None
