"""What a process that was started for one piece of work says on standard error: its end is kept for the log."""

from __future__ import annotations

import asyncio
from typing import Final

#: Bytes: the last lines of a traceback.
_TAIL: Final = 2000
_PORTION: Final = 65_536


def tail(said: bytes) -> str:
    """The last of what was said."""
    return said[-_TAIL:].decode("utf-8", "replace").strip()


async def tail_of(stream: asyncio.StreamReader | None) -> str:
    """Listens until the process has no more to say, so that it never waits for a listener; the last of it."""
    said = b""
    while stream is not None and (more := await stream.read(_PORTION)):
        said = (said + more)[-_TAIL:]
    return tail(said)
