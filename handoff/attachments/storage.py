"""Where the contents of files lie: sealed, in a folder, by names that tell nothing."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import shutil
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from handoff.attachments.metadata import stripped
from handoff.attachments.sniff import sniff
from kit.errors import PieturaError
from kit.sealed_file import SealedFileError, SealedWriter, fresh_file_key, read_sealed
from kit.vault import Vault, VaultError

_PART = ".part"
#: A part that nobody has written to for so long belongs to an upload that broke off, or to a process that died.
_PART_IDLE_S = 3600.0


@dataclass(frozen=True)
class Stored:
    """A file that lies in the folder.

    Attributes:
        stored_as: its name there.
        sealed_key: its key, sealed by the vault.
        kind: a key of :data:`handoff.attachments.schemas.TYPES`.
        size: bytes, as they will be read again: pictures without their metadata.
    """

    stored_as: str
    sealed_key: str
    kind: str
    size: int
    sha256: str


class AttachmentStore:
    """The folder. All workers must see the same one."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        """``folder`` is made when the first file comes."""
        self._folder = folder
        self._vault = vault
        # What is looked into is held whole for a moment: not many at once.
        self._looking = asyncio.Semaphore(4)

    def free(self) -> int:
        """Bytes that are free on the disk."""
        folder = self._folder
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def path(self, stored_as: str) -> Path:
        """Where a file lies. ``stored_as`` is hexadecimal, from the database only."""
        return self._folder / stored_as[:2] / stored_as

    async def receive(self, chunks: AsyncIterator[bytes], limit: int, name: str) -> Stored:
        """Takes a file in, sealed while it comes; looks what it is, takes metadata out of pictures.

        Nothing stays when this raises, whatever it raises.

        Raises:
            PieturaError: ``attachment_too_large`` (told as soon as ``limit`` bytes are passed), ``attachment_empty``,
                ``attachment_type``, ``attachment_program``, ``attachment_broken``.
        """
        key = fresh_file_key()
        stored_as = uuid.uuid4().hex
        path = self.path(stored_as)
        part = path.with_name(path.name + _PART)
        try:
            size = await self._write(part, key, chunks, limit)
            if not size:
                raise PieturaError("attachment_empty")
            async with self._looking:
                kind, size, digest, key = await asyncio.to_thread(_look_into, part, path, key, fresh_file_key(), name)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
        sealed_key = self._vault.seal({"key": base64.b64encode(key).decode()})
        return Stored(stored_as, sealed_key, kind, size, digest)

    async def _write(self, part: Path, key: bytes, chunks: AsyncIterator[bytes], limit: int) -> int:
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        writer = await asyncio.to_thread(SealedWriter, part, key)
        size = 0
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise PieturaError("attachment_too_large")
                await asyncio.to_thread(writer.write, chunk)
            await asyncio.to_thread(writer.finish)
        finally:
            writer.close()
        return size

    def key(self, sealed_key: str) -> bytes:
        """A file's key.

        Raises:
            VaultError: it was sealed with a master key that is not here.
        """
        return base64.b64decode(self._vault.open(sealed_key)["key"])

    def renewed(self, sealed_key: str) -> str | None:
        """The key sealed with the first master key; None when it is already.

        Raises:
            VaultError: it was sealed with a master key that is not here.
        """
        return self._vault.renewed(sealed_key)

    def read(self, stored_as: str, sealed_key: str) -> Iterator[bytes]:
        """The contents, chunk by chunk.

        Raises:
            FileNotFoundError: they are gone.
            SealedFileError: they do not open.
        """
        try:
            key = self.key(sealed_key)
        except VaultError as error:
            raise SealedFileError(str(error)) from None
        return read_sealed(self.path(stored_as), key)

    async def forget(self, stored_as: str) -> None:
        """Deletes the contents; nothing happens when they are gone already."""
        await asyncio.to_thread(self.path(stored_as).unlink, missing_ok=True)

    def lying(self, older_than_s: float) -> list[str]:
        """Names of files that were written more than ``older_than_s`` seconds ago. Parts that broke off are deleted."""
        found: list[str] = []
        now = time.time()
        for path in self._folder.glob("??/*") if self._folder.exists() else ():
            try:
                age = now - path.stat().st_mtime
            except FileNotFoundError:
                continue
            if path.suffix == _PART:
                if age > _PART_IDLE_S:
                    path.unlink(missing_ok=True)
            elif age > older_than_s:
                found.append(path.name)
        return found


def _look_into(part: Path, path: Path, key: bytes, final_key: bytes, name: str) -> tuple[str, int, str, bytes]:
    """Kind, size, digest and key of what lies at ``path`` afterwards; what was not looked at never has that name."""
    data = b"".join(read_sealed(part, key))
    kind = sniff(data, name)
    kept = stripped(data, kind)
    if kept == data:
        part.rename(path)
        return kind, len(kept), hashlib.sha256(kept).hexdigest(), key
    final_part = path.with_name(f"{path.name}.stripped{_PART}")
    try:
        # With another key: each seals one file only.
        writer = SealedWriter(final_part, final_key)
        try:
            writer.write(kept)
            writer.finish()
        finally:
            writer.close()
        final_part.rename(path)
    finally:
        final_part.unlink(missing_ok=True)
    return kind, len(kept), hashlib.sha256(kept).hexdigest(), final_key
