"""Which cells of a table must be left out, so that nobody can be found in it, nor computed from what is left in.

A table is a tree: a total, its parts, their parts. A cell that counts fewer than ``least`` is not named, and neither are others,
for as long as one that is not named could be computed, or narrowed down to fewer than ``least`` possible numbers, from what is
told. What is not named is put together: readers see that there is something else and how much, not what.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

#: Fewer than so many are not told.
LEAST: Final = 5


@dataclass
class Cell[K: Hashable]:
    """A number and the parts that add up to it. What counts nobody is no cell."""

    key: K
    value: int
    parts: list[Cell[K]] = field(default_factory=list)


def tree[K: Hashable](root: K, leaves: Mapping[Sequence[K], int]) -> Cell[K]:
    """A tree from its leaves; each path leads from below the root to a leaf."""
    top = Cell(root, 0)
    for path, value in leaves.items():
        if value <= 0:
            continue
        here = top
        here.value += value
        for key in path:
            found = next((one for one in here.parts if one.key == key), None)
            if found is None:
                found = Cell(key, 0)
                here.parts.append(found)
            found.value += value
            here = found
    return top


def left_out[K: Hashable](top: Cell[K], least: int = LEAST) -> set[int]:
    """The cells that are not named, by ``id``. Is the total itself among them, nothing of the table may be told."""
    hidden = {id(one) for one in _all(top) if one.value < least}
    while id(top) not in hidden:
        weak = next((one for one in _all(top) if one.parts and not _safe(one, hidden, least)), None)
        if weak is None:
            return hidden
        # The least of what is still told costs readers least.
        told = [one for one in weak.parts if id(one) not in hidden]
        hidden.add(id(min(told, key=lambda one: one.value) if told else weak))
    return {id(one) for one in _all(top)}


def _all[K: Hashable](top: Cell[K]) -> list[Cell[K]]:
    return [top, *(below for part in top.parts for below in _all(part))]


def _safe[K: Hashable](cell: Cell[K], hidden: set[int], least: int) -> bool:
    parts = [one for one in cell.parts if id(one) in hidden]
    if id(cell) in hidden:
        # Else it were the sum of what is told.
        return bool(parts)
    if not parts:
        return True
    # What is over when all that is told is taken off: of one cell that were its number. Of several, each may be anything from
    # nought to all of it.
    return len(parts) > 1 and sum(unnamed(one, hidden) for one in parts) >= least


def unnamed[K: Hashable](cell: Cell[K], hidden: set[int]) -> int:
    """Of a cell that is not named: how much of it is in no part that is told."""
    parts = [one for one in cell.parts if id(one) in hidden]
    return sum(unnamed(one, hidden) for one in parts) if cell.parts else cell.value
