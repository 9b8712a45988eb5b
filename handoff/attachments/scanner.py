"""Looking for viruses: a port, and ClamAV's daemon behind it.

Off unless a daemon is named. When it is named and cannot be reached, files wait, and everybody sees that they do: neither is one
let through unchecked nor is one lost.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterable
from typing import Final, Literal, Protocol

Verdict = Literal["clean", "infected"]
_LIMIT_S: Final = 30.0
_PIECE: Final = 64 * 1024


class ScannerUnavailable(Exception):
    """The scanner does not answer, or answers what is no verdict. Asking later may help."""


class Scanner(Protocol):
    """Something that tells whether a file carries a virus."""

    async def scan(self, chunks: Iterable[bytes]) -> Verdict:
        """The verdict.

        Raises:
            ScannerUnavailable: there is none to be had now.
        """
        ...


class Clamd:
    """ClamAV's daemon over TCP, by its ``INSTREAM`` command (clamd(8)): the file goes to it, no folder need be shared.

    Its ``StreamMaxLength`` must not be less than the largest file that is taken; 25 MB are its default.
    """

    def __init__(self, host: str, port: int, limit_s: float = _LIMIT_S) -> None:
        """``limit_s``: seconds within which it must have answered."""
        self._host = host
        self._port = port
        self._limit_s = limit_s

    async def scan(self, chunks: Iterable[bytes]) -> Verdict:
        """See :meth:`Scanner.scan`."""
        try:
            async with asyncio.timeout(self._limit_s):
                answer = await self._ask(chunks)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise ScannerUnavailable(type(error).__name__) from error
        if answer.endswith(" FOUND"):
            return "infected"
        if answer == "stream: OK":
            return "clean"
        raise ScannerUnavailable(answer[:100])

    async def _ask(self, chunks: Iterable[bytes]) -> str:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(b"zINSTREAM\0")
            for chunk in chunks:
                for at in range(0, len(chunk), _PIECE):
                    piece = chunk[at : at + _PIECE]
                    writer.write(struct.pack(">I", len(piece)) + piece)
                    await writer.drain()
            writer.write(struct.pack(">I", 0))
            await writer.drain()
            answer = await reader.readuntil(b"\0")
        finally:
            writer.close()
        return answer.rstrip(b"\0").decode("utf-8", "replace").strip()


def clamd(address: str) -> Clamd | None:
    """The daemon at ``host:port``; None for an empty address.

    Raises:
        ValueError: it is not an address.
    """
    if not address:
        return None
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError("an address of clamd is host:port")
    return Clamd(host.strip("[]"), int(port))
