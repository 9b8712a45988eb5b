"""Whose name a row of the old catalogue carries: former municipalities and bodies, and who they are today.

The gazetteer's files are read, not the :class:`~knowledge_base.gazetteer.Gazetteer` itself: names are compared whole
here, while the gazetteer finds inflected names in running text and takes a second and forty megabytes for that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from knowledge_base.text import fold

MUNICIPAL: Final = "municipal"
STATE: Final = "state"
UNKNOWN: Final = "unknown"
_CITY = "valstspilseta"

#: What a municipality calls itself after its name; the longest first.
_BODY = re.compile(
    r"\s+(pasvaldibas administracija|pasvaldibats|pasvaldiba|pasvaldibas|dome|domes|socialais dienests|domes barintiesa"
    r"|domes socialais dienests)$"
)
#: Parts of a municipality, by the beginning of the folded words that name them → the gazetteer's id.
_UNITS: Final[tuple[tuple[str, str], ...]] = (
    ("barintiesa", "mt_barintiesa"),
    ("socialais dienests", "mt_socialais_dienests"),
    ("dzimtsarakstu nodala", "mt_dzimtsaraksti"),
    ("buvvalde", "mt_buvvalde"),
    ("izglitibas parvalde", "mt_izglitibas_parvalde"),
    ("pasvaldibas policija", "mt_pasvaldibas_policija"),
)
_COMPANY = re.compile(r"^(sia|as|vas|sabiedriba ar ierobezotu atbildibu)\s")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who stands behind a name in the catalogue.

    Attributes:
        kind: ``municipal``, ``state`` or ``unknown``.
        municipality_id: today's municipality; None for a body of the state.
        former: name of the former municipality when it is not today's (``Alojas novads``).
        also_in: today's municipalities that got a part of the former one, besides ``municipality_id``.
        institution_id: today's body (the successor, where the work has moved); None for a municipality.
    """

    kind: str
    municipality_id: str | None = None
    former: str | None = None
    also_in: tuple[str, ...] = ()
    institution_id: str | None = None


class Owners:
    """Names of organisations → who they are today. Immutable."""

    def __init__(self, data_dir: Path) -> None:
        """Reads ``municipalities.jsonl`` and ``institutions.jsonl``.

        Args:
            data_dir: the folder of the data files.

        Raises:
            OSError, ValueError, KeyError: a file is missing or broken.
        """
        self._places: dict[str, Owner] = {}
        self._bodies: dict[str, Owner] = {}
        places = list(_read(data_dir / "municipalities.jsonl"))
        parts: dict[str, list[str]] = {}
        for row in places:
            for part in row["pre_reform_partial"]:
                parts.setdefault(part["name"], []).append(row["id"])
        for row in places:
            for name in (*row["pre_reform"], row["name_lv"]):
                # "Rīgas pilsēta" is Rīga as it was; "Jēkabpils pilsēta" is a part of today's Jēkabpils novads.
                renamed = name == row["name_lv"] or row["type"] == _CITY
                owner = Owner(MUNICIPAL, row["id"], None if renamed else name, tuple(parts.get(name, ())))
                self._places.setdefault(fold(_genitive(name)), owner)
        for row in _read(data_dir / "institutions.jsonl"):
            if row["level"] not in {"state", "state_company"}:
                continue
            today = row["successor_id"] or row["id"]
            for name in (row["name_lv"], *(row["former_names"] or ()), *(row["seed_names"] or {})):
                # An abbreviation is no name of an organisation in the catalogue, and VAS is two of them.
                if " " in name:
                    self._bodies.setdefault(fold(name), Owner(STATE, institution_id=today))

    def find(self, organisation: str) -> Owner:
        """Who ``organisation`` (a name as the catalogue writes it) is today; kind ``unknown`` when nobody is known."""
        folded = fold(" ".join(organisation.split()))
        body = self._bodies.get(folded)
        if body is not None:
            return body
        return self._places.get(_BODY.sub("", folded), Owner(UNKNOWN))

    def is_provider(self, text: str) -> bool:
        """Whether ``text``, found in parentheses or after a comma, names an organisation and no part of the title."""
        folded = fold(" ".join(text.split()))
        if folded in self._bodies or _COMPANY.match(folded):
            return True
        return any(folded.startswith(place) for place in self._written(folded))

    def _written(self, folded: str) -> Iterator[str]:
        """The beginnings under which a place may stand: ``talsu novada``, also ``baltinavas novads``."""
        words = folded.split()
        for count in range(2, min(len(words), 4) + 1):
            head = " ".join(words[:count])
            for said in (head, re.sub(r"novad\w*$", "novada", head), re.sub(r"pilset\w*$", "pilsetas", head)):
                if said in self._places:
                    yield head


def unit_of(provider: str) -> tuple[str | None, str | None]:
    """The sub-unit that a provider's name speaks of.

    Args:
        provider: what stood in parentheses (``Talsu novada sociālais dienests``).

    Returns:
        The name as written and the gazetteer's id of that kind of unit; two None when it is the municipality itself,
        and no id for a unit of another kind (a company of the municipality).
    """
    folded = fold(provider)
    for words, unit_id in _UNITS:
        if words in folded:
            return provider, unit_id
    return (provider, None) if _COMPANY.match(folded) else (None, None)


def _genitive(name: str) -> str:
    """``Alojas novads`` → ``Alojas novada``, ``Rīgas pilsēta`` → ``Rīgas pilsētas``: so bodies begin their names."""
    return re.sub(r"pilsēta$", "pilsētas", re.sub(r"novads$", "novada", name))


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
