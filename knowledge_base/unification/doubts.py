"""Which titles of the old catalogue an editor is asked about: those joined by hand with a doubt, and those that look alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from knowledge_base.catalogue.places import MUNICIPAL, Owners
from knowledge_base.catalogue.unify import (
    CATALOGUE_FILE,
    DECISIONS_FILE,
    SIMILAR_ASKED,
    Decisions,
    UnifiedService,
    Variant,
    alike,
    difference_that_matters,
    read_decisions,
    read_rows,
    similarity,
    title_key,
    unify,
)
from knowledge_base.importer import read_data

Kind = Literal["joined", "alike"]
JOINED: Final = "joined"
ALIKE: Final = "alike"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A question: is this title the same service as that one?

    Attributes:
        key: of the first row of the title and the other side; the same as long as the rows are.
        kind: ``joined``: the files join the two, with a doubt; ``alike``: they are two services whose titles are alike.
        score: likeness of the two titles, 0–1.
        title: of the title that is decided on; ``rows``: every row with it, as variants.
        home: the service in which the title is by the files.
        other: the service it is compared with; ``other_title`` is its title that is most alike.
        other_row: a row of ``other`` by which it is known when only the catalogue has it.
        note: what the files say about it, or None.
        matters: beginnings of words that only one of the titles has and that may make it another service.
    """

    key: str
    kind: Kind
    score: float
    title: str
    rows: tuple[Variant, ...]
    home: UnifiedService
    other: UnifiedService
    other_title: str
    other_row: int | None
    note: str | None
    matters: tuple[str, ...]

    @property
    def row(self) -> int:
        """The first row of the title."""
        return self.rows[0].row


def read_doubts(data_dir: Path) -> list[Doubt]:
    """The questions that the data files leave open; takes seconds.

    Raises:
        OSError, BrokenCatalogue: a file cannot be read.
    """
    decisions = read_decisions(data_dir / DECISIONS_FILE)
    rows = read_rows(data_dir / CATALOGUE_FILE)
    unified = unify(rows, read_data(data_dir).services, decisions, Owners(data_dir))
    return doubts(unified, decisions)


def doubts(unified: Iterable[UnifiedService], decisions: Decisions) -> list[Doubt]:
    """The questions: first what is joined already, municipal titles and the least alike first; then what is apart, the most alike
    first."""
    listed = [service for service in unified if service.variants]
    titles = [title for service in listed for title in _titles_of(service)]
    joined = sorted(_joined(titles), key=lambda one: (one.rows[0].kind != MUNICIPAL, one.score, one.row))
    return [*joined, *_alike(titles, decisions)]


@dataclass(frozen=True, slots=True)
class _Title:
    key: str
    home: UnifiedService
    rows: tuple[Variant, ...]

    @property
    def text(self) -> str:
        return self.rows[0].title


def _titles_of(service: UnifiedService) -> list[_Title]:
    found: dict[str, list[Variant]] = {}
    for variant in service.variants:
        found.setdefault(title_key(variant.title), []).append(variant)
    return [_Title(key, service, tuple(rows)) for key, rows in found.items()]


def _joined(titles: Sequence[_Title]) -> list[Doubt]:
    out = []
    for title in titles:
        doubtful = next((variant for variant in title.rows if variant.doubtful), None)
        if doubtful is None:
            continue
        home = title.home
        others = [variant for variant in home.variants if title_key(variant.title) != title.key]
        sure = [variant for variant in others if not variant.doubtful] or others
        anchor = min((variant.row for variant in sure), default=None) if home.service_id is None else None
        # Beside the service's own title the one of its other titles that is most alike, if that is more alike.
        against = max(
            (home.title, *(one.title for one in sure)), key=lambda text: similarity(title.key, title_key(text))
        )
        score = similarity(title.key, title_key(against))
        matters = difference_that_matters(title.key, title_key(against))
        out.append(_doubt(JOINED, score, title, home, against, anchor, doubtful.note, matters))
    return out


def _alike(titles: Sequence[_Title], decisions: Decisions) -> list[Doubt]:
    apart = {row: decision.note for decision in decisions.apart for row in decision.rows}
    municipal = [title for title in titles if title.rows[0].kind == MUNICIPAL]
    best: dict[tuple[str, str], tuple[float, _Title, _Title]] = {}
    for score, one, other in alike([title.key for title in municipal], SIMILAR_ASKED):
        first, second = municipal[one], municipal[other]
        if first.home.id == second.home.id:
            continue
        place = (min(first.home.id, second.home.id), max(first.home.id, second.home.id))
        if place not in best or score > best[place][0]:
            best[place] = (score, first, second)
    out = []
    for score, *two in sorted(best.values(), key=lambda found: (-found[0], found[1].rows[0].row)):
        # The smaller one is asked about: it would join the larger.
        title, against = sorted(two, key=lambda found: (len(found.home.variants), found.rows[0].row))
        anchor = against.rows[0].row if against.home.service_id is None else None
        note = next((apart[v.row] for v in (*title.rows, *against.rows) if v.row in apart), None)
        matters = difference_that_matters(title.key, against.key)
        out.append(_doubt(ALIKE, score, title, against.home, against.text, anchor, note, matters))
    return out


def _doubt(
    kind: Kind,
    score: float,
    title: _Title,
    other: UnifiedService,
    other_title: str,
    other_row: int | None,
    note: str | None,
    matters: tuple[str, ...],
) -> Doubt:
    side = f"r{other_row}" if other_row is not None else other.id
    return Doubt(
        key=f"{title.rows[0].row}.{side}",
        kind=kind,
        score=round(score, 2),
        title=title.text,
        rows=title.rows,
        home=title.home,
        other=other,
        other_title=other_title,
        other_row=other_row,
        note=note,
        matters=matters,
    )
