"""Erlang C: how likely somebody waits, and how many operators it takes that few wait too long.

A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic telephone exchanges" (1917).
Contacts come one by one and independently, each takes its time at random, and nobody leaves: who leaves would make the wait of
others shorter, so the number errs to the safe side.
"""

from __future__ import annotations

import math
from typing import Final

#: The largest share that is reckoned with.
_NEARLY_ALL: Final = 0.9999
#: More is a mistake in what was asked, not a need.
_MOST: Final = 2000


def blocked(places: int, load: float) -> float:
    """Erlang B: the part of contacts that find all ``places`` taken, if none could wait. ``load`` in erlangs."""
    found = 1.0
    for number in range(1, places + 1):
        found = load * found / (number + load * found)
    return found


def waits(places: int, load: float) -> float:
    """Erlang C: the part of contacts that have to wait; all of them when there is more work than places."""
    if load >= places:
        return 1.0
    lost = blocked(places, load)
    return lost / (1 - (load / places) * (1 - lost))


def in_time(places: int, load: float, handle_s: float, within_s: float) -> float:
    """The part of contacts begun within ``within_s`` seconds, each taking ``handle_s`` seconds on average."""
    if load >= places:
        return 0.0
    return 1 - waits(places, load) * math.exp(-(places - load) * within_s / handle_s)


def operators(contacts: float, handle_s: float, at_once: int, share: float, within_s: float) -> int:
    """The least number of operators with whom ``share`` of ``contacts`` an hour are begun within ``within_s`` seconds.

    ``at_once``: conversations that each serves at the same time; each is then a place of its own. Where all are to be begun in
    time, chance leaves no number: :data:`_NEARLY_ALL` are reckoned with.
    """
    share = min(share, _NEARLY_ALL)
    if contacts <= 0:
        return 0
    load = contacts * handle_s / 3600
    number = max(1, math.ceil(load / at_once))
    while number < _MOST and in_time(number * at_once, load, handle_s, within_s) < share:
        number += 1
    return number
