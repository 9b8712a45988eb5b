"""Makes one service out of the many rows under which the old catalogue lists it.

The catalogue has a row for each organisation that offers a service, so one municipal service stands in it up to
twenty-two times, often worded a little otherwise. How rows are brought together, in this order:

1. *Title without provider.* The organisation in parentheses, after a comma or in a closing "… novadā" is cut off and
   kept as the variant's unit. Rows whose titles are then the same (folded: no diacritics, no case, no punctuation) are
   one service.
2. *By hand.* ``data/catalogue_decisions.json`` says of titles, by row number, where they belong, with a reason; and
   which titles look alike and are not the same.
3. *A service that is described already.* A municipal title that is like the title of one of the knowledge base's
   municipal services joins it.
4. *Similar titles.* What is left is compared by stems: the weighted Dice coefficient of their content words, where
   words of procedure ("saņemšana", "piešķiršana") count little and misspelt words count as the same. Only municipal
   titles are compared so: a state body's catalogue is its own, and its similar titles are different services
   (biocides, map services). For the same reason two titles of one organisation are never joined but by hand.

Whatever is joined has a confidence and a reason. What is doubtful is never joined by itself: editors decide about it
(``rulings.py``), and what was joined by hand with a doubt is marked *doubtful* until they have. Everything is
deterministic: the same files give the same services, in the same order, with the same ids.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from knowledge_base.catalogue.places import MUNICIPAL, Owner, Owners, unit_of
from knowledge_base.records import NonEmpty, ServiceId, ServiceRecord
from knowledge_base.text import fold, stems, tokens

CATALOGUE_FILE: Final = "catalogue_annex2.csv"
DECISIONS_FILE: Final = "catalogue_decisions.json"

SIMILAR_SURE: Final = 0.86
"""Titles that are at least so similar are one service, without asking."""
SIMILAR_ASKED: Final = 0.6
"""Titles that are at least so similar are shown to an editor; as long as nobody has decided they stay two services."""
SAME_WORD: Final = 0.84
"""Stems whose letters agree to this share are one misspelt word."""
LIGHT: Final = 0.2
"""Weight of a word of procedure; a content word has 1."""

CERTAIN: Final = 1.0
SAME_WITHOUT_PROVIDER: Final = 0.97
BY_HAND: Final = 0.95
BY_HAND_DOUBTFUL: Final = 0.6

REASON_ONLY: Final = "only row"
REASON_SAME: Final = "same title"
REASON_PROVIDER: Final = "same after removing the provider"
REASON_HAND: Final = "decided by hand"

CATALOGUE_PREFIX: Final = "kat-"
_ID_LENGTH = 64
_COLUMNS = {"row", "table", "organisation", "service", "status"}

_PARENTHESES = re.compile(r"\s*\(([^()]*)\)\s*$")
_IN_PLACE = re.compile(r"\s+(\S+)\s+novadā$")
#: Abbreviations of the catalogue, folded.
_ABBREVIATIONS: Final = {"nin": "nekustama ipasuma nodokla", "pii": "pirmsskolas izglitibas iestades"}
_LIGHT_WORDS = (
    "saņemšana saņemšanai izsniegšana iegūšana piešķiršana iesniegšana pieteikums sniegšana sagatavošana veikšana"
    " statuss statusa nodrošināšana izdošana pašvaldība pašvaldības pakalpojums pakalpojumi organizēšana"
    " organizēšanai rīkošana rīkošanai darbība darbībai speciālā speciālās saskaņojums saskaņošana atļauja atļaujas"
)
#: Words that tell services apart though the rest is the same: who it is for, what it counts. Folded beginnings.
_MATTERS: Final = (
    "fizisk", "juridisk", "bern", "pieaug", "pilngad", "nepilngad", "invalid", "barin", "maznodrosin", "trucig",
    "politisk", "repatri", "denacional", "atbrivot", "pirm", "otr", "tres", "valsts", "tiesas", "atkartot",
)  # fmt: skip


#: Titles, by their first row, with what they may not be joined to: another title's first row, or a service's id.
Apartness = frozenset[tuple[int, int | str]]


class BrokenCatalogue(ValueError):
    """The catalogue or its decisions cannot be used: a row is malformed, or a decision names what is not there."""


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """A row of the old catalogue as it is written there."""

    row: int
    table: str
    organisation: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of the catalogue as a variant of a unified service.

    Attributes:
        unified_id: the service it is a variant of.
        row: number of the row; each row is exactly one variant.
        organisation: as the catalogue writes it.
        kind: ``municipal``, ``state`` or ``unknown``: whose the organisation is.
        municipality_id: today's municipality; None for a body of the state.
        former: the former municipality's name, when it is not one of today's.
        also_in: today's municipalities that got a part of the former one.
        institution_id: today's body of the state; None for a municipality.
        unit: the sub-unit in parentheses, as written.
        unit_id: the gazetteer's id of that kind of unit, if it has one.
        title: the row's own title, without the provider.
        status: ``not_started_or_no_data`` or ``started_never_completed``.
        confidence: 0–1, how sure it is that the row belongs here.
        reason: why it does.
        doubtful: an editor should look at it.
        note: what the doubt is, or None.
    """

    unified_id: str
    row: int
    organisation: str
    kind: str
    municipality_id: str | None
    former: str | None
    also_in: tuple[str, ...]
    institution_id: str | None
    unit: str | None
    unit_id: str | None
    title: str
    status: str
    confidence: float
    reason: str
    doubtful: bool
    note: str | None

    def places(self) -> tuple[str, ...]:
        """Every municipality of today in which the variant was offered, at least in a part."""
        return (self.municipality_id, *self.also_in) if self.municipality_id else ()


@dataclass(frozen=True, slots=True)
class UnifiedService:
    """A service with all its variants.

    Attributes:
        id: the knowledge base's own id, or ``kat-…`` for one that only the catalogue knows.
        title: in Latvian.
        service_id: the service of the knowledge base that it is; None for ``kat-…``.
        kind: ``municipal``, ``state`` or ``unknown``.
        variants: by row; empty for a described service that the catalogue does not list.
    """

    id: str
    title: str
    service_id: str | None
    kind: str
    variants: tuple[Variant, ...] = ()

    def doubtful(self) -> tuple[Variant, ...]:
        """Variants that an editor should look at."""
        return tuple(variant for variant in self.variants if variant.doubtful)


class _Decision(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Join(_Decision):
    """The titles of these rows (and every row with the same title) are this service.

    Attributes:
        service: id of a service of the knowledge base, or a ``kat-…`` id, which is then given to the service.
        rows: one row for each title.
        title: title of a ``kat-…`` service; without it, the most frequent wording is taken.
        doubtful: an editor should look at it.
        note: why; printed beside a doubtful merge.
    """

    service: ServiceId
    rows: Annotated[list[int], Field(min_length=1)]
    title: NonEmpty | None = None
    doubtful: bool = False
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3)]


class Apart(_Decision):
    """The titles of these rows are different services, however alike they look."""

    rows: Annotated[list[int], Field(min_length=1)]
    note: NonEmpty


class Decisions(_Decision):
    """The file of decisions."""

    version: Literal[1]
    join: list[Join] = Field(default_factory=list)
    apart: list[Apart] = Field(default_factory=list)


# --- reading ------------------------------------------------------------------------------------------------------


def read_rows(path: Path) -> list[CatalogueRow]:
    """Reads the catalogue.

    Args:
        path: CSV with the columns ``row``, ``table``, ``organisation``, ``service`` and ``status``.

    Raises:
        OSError: the file cannot be read.
        BrokenCatalogue: a column is missing, a row is empty, or a row number is no number or stands twice.
    """
    with path.open(encoding="utf-8", newline="") as opened:
        reader = csv.DictReader(opened)
        if missing := _COLUMNS - set(reader.fieldnames or ()):
            raise BrokenCatalogue(f"{path.name}: columns are missing: {', '.join(sorted(missing))}")
        rows: list[CatalogueRow] = []
        seen: set[int] = set()
        for line, raw in enumerate(reader, start=2):
            number, organisation, title = raw["row"] or "", raw["organisation"] or "", raw["service"] or ""
            if not number.isdecimal() or int(number) in seen:
                raise BrokenCatalogue(f"{path.name}:{line}: {number!r} is no new row number")
            if not organisation.strip() or not title.strip():
                raise BrokenCatalogue(f"{path.name}:{line}: the organisation or the title is empty")
            seen.add(int(number))
            rows.append(CatalogueRow(int(number), raw["table"], organisation.strip(), title.strip(), raw["status"]))
    return sorted(rows, key=lambda row: row.row)


def read_decisions(path: Path) -> Decisions:
    """Reads the decisions made by hand.

    Raises:
        OSError: the file cannot be read.
        BrokenCatalogue: the file is not what it should be.
    """
    try:
        return Decisions.model_validate_json(path.read_text("utf-8"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BrokenCatalogue(f"{path.name}: {where}: {first['msg']}") from error


# --- titles -------------------------------------------------------------------------------------------------------


def split_title(title: str, owners: Owners) -> tuple[str, str | None]:
    """Cuts the provider off a title.

    Args:
        title: as the catalogue writes it.
        owners: knows what is a provider.

    Returns:
        The bare title and the provider's name (None when the title names none). Parentheses that belong to the title,
        as in "Šautuves atļauja (licence)", stay.
    """
    bare, provider = " ".join(title.split()), None
    found = _PARENTHESES.search(bare)
    if found and owners.is_provider(found[1]):
        bare, provider = bare[: found.start()], found[1].strip()
    elif "," in bare:
        head, tail = bare.rsplit(",", 1)
        if owners.is_provider(tail):
            bare, provider = head, tail.strip()
    bare = bare.rstrip(" .")
    place = _IN_PLACE.search(bare)
    if place and owners.find(f"{place[1]} novada").kind == MUNICIPAL:
        bare = bare[: place.start()]
    return bare, provider


def title_key(title: str) -> str:
    """What two titles must have in common to be the same: folded words, abbreviations written out."""
    return " ".join(_ABBREVIATIONS.get(word, word) for word in (fold(token) for token in tokens(title)))


@lru_cache(maxsize=4096)
def _weights(key: str) -> tuple[tuple[str, float], ...]:
    """Stems of a title's key with their weights, each once."""
    return tuple((stem, LIGHT if stem in _light() else 1.0) for stem in dict.fromkeys(stems(key, "lv")))


@lru_cache(maxsize=1)
def _light() -> frozenset[str]:
    return frozenset(stems(_LIGHT_WORDS, "lv"))


@lru_cache(maxsize=50_000)
def _same_word(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < 5 or one[0] != other[0]:
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= SAME_WORD and matcher.ratio() >= SAME_WORD


def similarity(one: str, other: str) -> float:
    """How alike two titles are, 0–1; both as :func:`title_key` gives them. Titles with different figures are not."""
    if figures(one) != figures(other):
        return 0.0
    left, right = _weights(one), list(_weights(other))
    total = sum(weight for _, weight in left) + sum(weight for _, weight in right)
    common = 0.0
    for stem, weight in left:
        for at, (candidate, theirs) in enumerate(right):
            if _same_word(stem, candidate):
                common += weight + theirs
                del right[at]
                break
    return common / total if total else 0.0


def alike(keys: Sequence[str], least: float) -> Iterator[tuple[float, int, int]]:
    """Every two of the titles, as :func:`title_key` gives them, that are at least so alike: likeness and both places."""
    weights = [_weights(key) for key in keys]
    totals = [sum(weight for _, weight in one) for one in weights]
    initials = [{stem[0] for stem, _ in one if stem} for one in weights]
    for at, one in enumerate(keys):
        for place in range(at + 1, len(keys)):
            total = totals[at] + totals[place]
            # Only words that begin alike can be the same: most pairs need no closer look.
            most = sum(w for stem, w in weights[at] if stem[:1] in initials[place])
            most += sum(w for stem, w in weights[place] if stem[:1] in initials[at])
            if total and most / total >= least and (score := similarity(one, keys[place])) >= least:
                yield score, at, place


def figures(key: str) -> tuple[str, ...]:
    """The figures in a title, as :func:`title_key` gives it: titles with different ones are different services."""
    return tuple(sorted(re.findall(r"\d+", key)))


def difference_that_matters(one: str, other: str) -> tuple[str, ...]:
    """Beginnings of words that one title has and the other has not, and that may make it another service."""

    def marks(key: str) -> set[str]:
        return {mark for mark in _MATTERS for word in key.split() if word.startswith(mark)}

    return tuple(sorted(marks(one) ^ marks(other)))


def catalogue_id(title: str) -> str:
    """Readable id of a service that only the catalogue knows: ``kat-`` and the first words of its title."""
    out = CATALOGUE_PREFIX.rstrip("-")
    for word in (re.sub(r"[^a-z0-9]", "", part) for token in tokens(fold(title)) for part in token.split("-")):
        if word and len(out) + 1 + len(word) > _ID_LENGTH:
            break
        out += f"-{word}" if word else ""
    return out


# --- bringing together --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Title:
    """All rows with one title."""

    key: str
    kind: str
    rows: list[CatalogueRow] = field(default_factory=list)
    bare: dict[int, str] = field(default_factory=dict)

    @property
    def first(self) -> int:
        return self.rows[0].row

    @property
    def organisations(self) -> set[str]:
        return {fold(row.organisation) for row in self.rows}

    def wording(self) -> str:
        """The most frequent way to write it; of equals the first."""
        return Counter(self.bare[row.row] for row in self.rows).most_common(1)[0][0]


@dataclass(slots=True)
class _Why:
    confidence: float
    reason: str
    doubtful: bool = False
    note: str | None = None


@dataclass(slots=True)
class _Group:
    """Titles that are one service; the first one's wording names it unless a title is given."""

    id: str | None
    title: str | None
    titles: list[tuple[_Title, _Why | None]] = field(default_factory=list)

    def organisations(self) -> set[str]:
        return set().union(*(title.organisations for title, _ in self.titles))


def unify(
    rows: Sequence[CatalogueRow],
    services: Mapping[str, ServiceRecord],
    decisions: Decisions,
    owners: Owners,
    apart: Apartness = frozenset(),
) -> list[UnifiedService]:
    """Brings the rows of the catalogue together; see the module's docstring for how.

    Args:
        rows: the catalogue.
        services: the described services by id.
        decisions: what was decided by hand.
        owners: who the organisations are today.
        apart: titles, by their first row, with what they may not be joined to by likeness: another title's first row or a
            service's id.

    Returns:
        The described services in their order (those the catalogue does not list have no variants), then the further
        ones by their first row.

    Raises:
        BrokenCatalogue: a decision names a row or a service that is not there, or two decisions contradict each other.
    """
    found = {row.row: owners.find(row.organisation) for row in rows}
    split = {row.row: split_title(row.title, owners) for row in rows}
    titles = _titles(rows, {number: owner.kind for number, owner in found.items()}, split)
    groups = _by_hand(titles, services, decisions)
    taken = {id(title) for group in groups for title, _ in group.titles}
    kept_apart = _apart(titles, decisions)
    left = [title for title in titles if id(title) not in taken]
    by_id = {group.id: group for group in groups}
    _join_described([t for t in left if t.first not in kept_apart], services, by_id, groups, apart)
    taken = {id(title) for group in groups for title, _ in group.titles}
    _join_similar([title for title in left if id(title) not in taken], groups, kept_apart, apart)
    return _named(groups, services, found, split)


def rows_by_title(rows: Sequence[CatalogueRow], owners: Owners) -> dict[int, int]:
    """Row → the first row with the same title: a decision about one row holds for all of them."""
    kinds = {row.row: owners.find(row.organisation).kind for row in rows}
    split = {row.row: split_title(row.title, owners) for row in rows}
    return {row.row: title.first for title in _titles(rows, kinds, split) for row in title.rows}


def _titles(
    rows: Sequence[CatalogueRow], kinds: Mapping[int, str], split: Mapping[int, tuple[str, str | None]]
) -> list[_Title]:
    """Rows by title; the same title of a municipality and of the state are two, and so are two bodies' of the state."""
    found: dict[tuple[str, str], _Title] = {}
    for row in rows:
        key = title_key(split[row.row][0])
        kind = kinds[row.row]
        scope = kind if kind == MUNICIPAL else f"{kind} {fold(row.organisation)}"
        title = found.setdefault((scope, key), _Title(key, kind))
        title.rows.append(row)
        title.bare[row.row] = split[row.row][0]
    return list(found.values())


def _by_hand(titles: Sequence[_Title], services: Mapping[str, ServiceRecord], decisions: Decisions) -> list[_Group]:
    owner_of = {row.row: title for title in titles for row in title.rows}
    groups: dict[str, _Group] = {}
    decided: dict[int, Join] = {}
    for join in decisions.join:
        ours = not join.service.startswith(CATALOGUE_PREFIX)
        if ours and join.service not in services:
            raise BrokenCatalogue(f"a decision names the service {join.service}, which is not there")
        group = groups.setdefault(join.service, _Group(join.service, None))
        group.title = group.title or join.title
        for number in join.rows:
            title = owner_of.get(number)
            if title is None:
                raise BrokenCatalogue(f"a decision names row {number}, which is not there")
            earlier = decided.setdefault(title.first, join)
            if earlier is not join:
                raise BrokenCatalogue(f"row {number} is decided twice: {earlier.service} and {join.service}")
            if any(title is known for known, _ in group.titles):
                continue
            confidence = BY_HAND_DOUBTFUL if join.doubtful else BY_HAND
            # The first title of a further service names it: nothing is merged there, so nothing is to be doubted.
            names_it = not ours and not group.titles
            why = None if names_it else _Why(confidence, REASON_HAND, join.doubtful, join.note)
            group.titles.append((title, why))
    return list(groups.values())


def _apart(titles: Sequence[_Title], decisions: Decisions) -> set[int]:
    """First rows of the titles that must stay alone."""
    owner_of = {row.row: title for title in titles for row in title.rows}
    out: set[int] = set()
    for apart in decisions.apart:
        for number in apart.rows:
            if number not in owner_of:
                raise BrokenCatalogue(f"a decision names row {number}, which is not there")
            out.add(owner_of[number].first)
    return out


def _why_similar(score: float, one: str, other: str) -> _Why:
    if one == other:
        return _Why(SAME_WITHOUT_PROVIDER, REASON_PROVIDER)
    return _Why(round(score, 2), f"similar {score:.2f}")


def is_sure(score: float, one: str, other: str) -> bool:
    """Whether two titles, as :func:`title_key` gives them, are one service without anybody being asked."""
    return one == other or (score >= SIMILAR_SURE and not difference_that_matters(one, other))


def _join_described(
    titles: Iterable[_Title],
    services: Mapping[str, ServiceRecord],
    by_id: dict[str | None, _Group],
    groups: list[_Group],
    apart: Apartness,
) -> None:
    """Step 3: municipal titles that are like the title of a described municipal service."""
    described = [(service_id, title_key(record.title_lv)) for service_id, record in services.items()
                 if record.kind == "municipal"]  # fmt: skip
    for title in titles:
        if title.kind != MUNICIPAL:
            continue
        score, service_id, key = max(
            (
                (similarity(title.key, key), service_id, key)
                for service_id, key in described
                if (title.first, service_id) not in apart
            ),
            default=(0.0, "", ""),
        )
        if score < SIMILAR_SURE or not is_sure(score, title.key, key):
            continue
        group = by_id.get(service_id)
        if group is None:
            group = by_id[service_id] = _Group(service_id, None)
            groups.append(group)
        group.titles.append((title, _why_similar(score, title.key, key)))


def _join_similar(titles: Sequence[_Title], groups: list[_Group], kept_apart: Iterable[int], apart: Apartness) -> None:
    """Step 4: what is left, the most frequent titles first, each compared with what names a further service."""
    alone = set(kept_apart)
    further = [group for group in groups if group.id and group.id.startswith(CATALOGUE_PREFIX)]
    for title in sorted(titles, key=lambda t: (-len(t.rows), t.first)):
        best: tuple[float, _Group] | None = None
        if title.kind == MUNICIPAL and title.first not in alone:
            for group in further:
                head = group.titles[0][0]
                if head.kind != MUNICIPAL or head.first in alone or group.organisations() & title.organisations:
                    continue
                if not apart.isdisjoint(
                    {(title.first, head.first), (head.first, title.first), (title.first, group.id or "")}
                ):
                    continue
                score = similarity(title.key, head.key)
                if is_sure(score, title.key, head.key) and (best is None or score > best[0]):
                    best = (score, group)
        if best is None:
            group = _Group(None, None, [(title, None)])
            groups.append(group)
            further.append(group)
        else:
            best[1].titles.append((title, _why_similar(best[0], title.key, best[1].titles[0][0].key)))


def _named(
    groups: Sequence[_Group],
    services: Mapping[str, ServiceRecord],
    found: Mapping[int, Owner],
    split: Mapping[int, tuple[str, str | None]],
) -> list[UnifiedService]:
    by_service = {group.id: group for group in groups if group.id in services}
    out: list[UnifiedService] = []
    for service_id, record in services.items():
        group = by_service.get(service_id)
        variants = _variants(service_id, group, found, split) if group else ()
        out.append(UnifiedService(service_id, record.title_lv, service_id, record.kind, variants))
    used = {*services, *(group.id for group in groups if group.id)}
    further = sorted(
        (group for group in groups if group.id not in services), key=lambda g: min(t.first for t, _ in g.titles)
    )
    for group in further:
        head = group.titles[0][0]
        title = group.title or head.wording()
        unified_id = group.id
        if unified_id is None:
            unified_id = catalogue_id(title)
            if unified_id in used:
                # Long titles that differ at their end only: the row tells them apart, and will tomorrow.
                unified_id = f"{unified_id}-{head.first}"
            used.add(unified_id)
        out.append(UnifiedService(unified_id, title, None, head.kind, _variants(unified_id, group, found, split)))
    return out


def _variants(
    unified_id: str, group: _Group, found: Mapping[int, Owner], split: Mapping[int, tuple[str, str | None]]
) -> tuple[Variant, ...]:
    alone = sum(len(title.rows) for title, _ in group.titles) == 1
    out: list[Variant] = []
    for title, joined in group.titles:
        for row in title.rows:
            bare, provider = split[row.row]
            owner = found[row.row]
            unit, unit_id = unit_of(provider or row.organisation) if owner.kind == MUNICIPAL else (None, None)
            why = joined or _why_same(row, title, alone)
            out.append(
                Variant(
                    unified_id=unified_id,
                    row=row.row,
                    organisation=row.organisation,
                    kind=owner.kind,
                    municipality_id=owner.municipality_id,
                    former=owner.former,
                    also_in=owner.also_in,
                    institution_id=owner.institution_id,
                    unit=unit,
                    unit_id=unit_id,
                    title=bare,
                    status=row.status,
                    confidence=why.confidence,
                    reason=why.reason,
                    doubtful=why.doubtful,
                    note=why.note,
                )
            )
    return tuple(sorted(out, key=lambda variant: variant.row))


def _why_same(row: CatalogueRow, title: _Title, alone: bool) -> _Why:
    """Why a row belongs to the title that names its service."""
    if alone:
        return _Why(CERTAIN, REASON_ONLY)
    if row is title.rows[0] or title_key(row.title) == title_key(title.rows[0].title):
        return _Why(CERTAIN, REASON_SAME)
    return _Why(SAME_WITHOUT_PROVIDER, REASON_PROVIDER)
