"""The states of a training, and which may follow which."""

from __future__ import annotations

from typing import Final

#: Under way: one at a time.
RUNNING: Final = ("exporting", "training", "measuring")
OPEN: Final = ("queued", *RUNNING)

#: State → those that may follow it.
NEXT: Final[dict[str, frozenset[str]]] = {
    # The process is looked at now and then, so a short state may be passed over; it is begun anew when the gateway was stopped.
    "queued": frozenset(("exporting", "failed", "cancelled")),
    "exporting": frozenset(("training", "measuring", "ready", "worse", "queued", "failed", "cancelled")),
    "training": frozenset(("measuring", "ready", "worse", "queued", "failed", "cancelled")),
    "measuring": frozenset(("ready", "worse", "queued", "failed", "cancelled")),
    "ready": frozenset(("live",)),
    # With an administrator's reason; never where an emergency is missed.
    "worse": frozenset(("live",)),
    "live": frozenset(("retired", "rolled_back", "failed")),
    # Another model took its place; it may come back while it is kept.
    "retired": frozenset(("live",)),
    "rolled_back": frozenset(("live",)),
    "failed": frozenset(),
    "cancelled": frozenset(),
}


def may_follow(state: str, after: str) -> bool:
    """Whether a training in ``state`` may come to ``after``; to stay is always allowed."""
    return state == after or after in NEXT[state]
