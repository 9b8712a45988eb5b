"""Files at rest: sealed in chunks, so that neither writing nor reading one needs it whole in memory.

Every file has a key of its own, which is kept elsewhere, sealed by the :class:`kit.vault.Vault`: forgetting that key is erasing
the file, in every backup of it too, and another master key does not mean writing all files anew.

Format: four letters, then chunks of 64 KiB sealed with AES-256-GCM. The nonce is the chunk's number and whether it is the last
one (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015): a chunk that is changed, moved or cut off does
not open. A key never seals a second file, so no nonce comes twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_MAGIC = b"PSF1"
CHUNK = 64 * 1024
_TAG = 16


class SealedFileError(Exception):
    """The file was sealed with another key, changed, or cut off."""


def fresh_file_key() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(32)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class SealedWriter:
    """Writes one sealed file. What is given may have any size; :meth:`finish` must be called, or the file does not open."""

    def __init__(self, path: Path, key: bytes) -> None:
        """``path``: of a file that does not exist yet; ``key``: 32 bytes, for this file only."""
        self._cipher = AESGCM(key)
        self._file: IO[bytes] = path.open("xb")
        self._file.write(_MAGIC)
        self._held = bytearray()
        self._number = 0

    def write(self, data: bytes) -> None:
        """Adds ``data``."""
        self._held += data
        # One chunk is held back: only at the end is it known which one is the last.
        while len(self._held) > CHUNK:
            self._seal(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]

    def finish(self) -> None:
        """Seals the last chunk and closes the file."""
        self._seal(bytes(self._held), last=True)
        self._held.clear()
        self._file.close()

    def close(self) -> None:
        """Closes the file as it is; one that was not finished does not open."""
        self._file.close()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, None))
        self._number += 1


def read_sealed(path: Path, key: bytes) -> Iterator[bytes]:
    """The contents of a sealed file, chunk by chunk; every chunk is checked before it is given.

    Raises:
        SealedFileError: it was sealed with another key, changed, or cut off.
        FileNotFoundError: there is no such file.
    """
    cipher = AESGCM(key)
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise SealedFileError("not a sealed file")
        number = 0
        chunk = file.read(CHUNK + _TAG)
        while True:
            following = file.read(CHUNK + _TAG)
            try:
                yield cipher.decrypt(_nonce(number, last=not following), chunk, None)
            except InvalidTag:
                raise SealedFileError("sealed with another key, changed or cut off") from None
            if not following:
                return
            chunk, number = following, number + 1
