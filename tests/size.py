"""How long tests at random are: short by default, so that the suite is quick; long with ``PIETURA_LONG=1`` (``make soak``)."""

from __future__ import annotations

import os

LONG = os.environ.get("PIETURA_LONG", "") not in ("", "0")


def sized(short: int, long: int) -> int:
    """How many acts, examples or messages."""
    return long if LONG else short
