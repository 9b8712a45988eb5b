"""What is published: names, columns and where each number comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["string", "integer", "decimal", "boolean"]


@dataclass(frozen=True)
class Column:
    """A column: its name is what it is called in files; what it means is ``open_data.column.<name>`` of the catalogue."""

    name: str
    kind: Kind = "string"


@dataclass(frozen=True)
class Dataset:
    """A table by month. ``levels``: of which groups its tree is made, from the total down; those of ``path`` stand in it."""

    id: str
    columns: tuple[Column, ...]
    levels: tuple[str, ...] = ()
    depth: int = 0


_MONTH: Final = Column("month")
_COUNTED: Final = (Column("contacts", "integer"), Column("together", "boolean"))
#: Of the summary: metric of the report → name of its column; shares in percent.
SUMMARY: Final[Mapping[str, str]] = {
    "contained": "contained_percent",
    "asked_again": "asked_again_percent",
    "understood": "understood_percent",
    "handed_over": "handed_over_percent",
    "begun_in_time": "begun_in_time_percent",
    "solved": "solved_percent",
    "level2": "level2_percent",
    "abandoned": "abandoned_percent",
    "wait_median": "wait_median_s",
    "handle_median": "handle_median_s",
    "rating_mean": "rating_mean",
}
#: Institution and service are one tree: both tables stand on it, so that neither gives away what the other leaves out.
_OWNERS: Final = ("institution", "service")

DATASETS: Final[Mapping[str, Dataset]] = {
    one.id: one
    for one in (
        Dataset(
            "summary",
            (
                _MONTH,
                Column("contacts", "integer"),
                *(Column(name, "integer" if name.endswith("_s") else "decimal") for name in SUMMARY.values()),
            ),
        ),
        Dataset("channels", (_MONTH, Column("channel"), *_COUNTED), ("channel",), 1),
        Dataset("languages", (_MONTH, Column("language"), *_COUNTED), ("language",), 1),
        Dataset(
            "municipalities",
            (_MONTH, Column("municipality_id"), Column("municipality"), *_COUNTED),
            ("municipality",),
            1,
        ),
        Dataset("institutions", (_MONTH, Column("institution_id"), Column("institution"), *_COUNTED), _OWNERS, 1),
        Dataset(
            "services",
            (
                _MONTH,
                Column("institution_id"),
                Column("institution"),
                Column("service_id"),
                Column("service"),
                *_COUNTED,
            ),
            _OWNERS,
            2,
        ),
    )
}
