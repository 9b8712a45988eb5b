"""What a file is, by its contents. Its name and what a browser says of it count for nothing."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Final

from handoff.attachments.schemas import TYPES
from kit.errors import PieturaError
from kit.masking import mask
from kit.textual import clean

#: In a zip file, more entries or contents than this are no office document but an attack on whoever opens it.
_MOST_ENTRIES: Final = 2000
_MOST_UNPACKED: Final = 500 * 1024 * 1024
#: Parts of office documents that carry programs.
_PROGRAM: Final = re.compile(
    r"(^|/)(vbaProject\.bin|vbaData\.xml|activeX/|embeddings/.*\.(bin|exe)$|Basic/|Scripts/)", re.I
)
_BY_MIMETYPE: Final = {TYPES[name].mime: name for name in ("odt", "ods", "asice")}
_BY_PART: Final = {
    "word/document.xml": ("docx", "wordprocessingml.document.main+xml"),
    "xl/workbook.xml": ("xlsx", "spreadsheetml.sheet.main+xml"),
}
_NAME_LENGTH: Final = 120
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def sniff(data: bytes, name: str) -> str:
    """The key in :data:`TYPES`. ``name`` is asked for plain text alone, which has no mark of its own.

    Raises:
        PieturaError: ``attachment_type``: none that is taken; ``attachment_program``: an office document with a program in it;
            ``attachment_broken``: it says that it is one of these and cannot be read as one.
    """
    if data.startswith(b"%PDF-"):
        return "pdf"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith(b"PK\x03\x04"):
        return _sniff_zip(data)
    if name.lower().endswith(".txt") and _is_text(data):
        return "txt"
    raise PieturaError("attachment_type")


#: What a damaged or strange archive raises.
_BROKEN = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OSError,
)


def _sniff_zip(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > _MOST_UNPACKED:
                raise PieturaError("attachment_broken")
            names = {entry.filename for entry in entries}
            found = _zip_type(archive, names)
    except (*_BROKEN, zlib.error):
        raise PieturaError("attachment_broken") from None
    if found is None:
        raise PieturaError("attachment_type")
    # A signed container may hold any file; it is opened by a program that shows what is in it before anything runs.
    if found != "asice" and any(_PROGRAM.search(one) for one in names):
        raise PieturaError("attachment_program")
    return found


def _zip_type(archive: zipfile.ZipFile, names: set[str]) -> str | None:
    if "mimetype" in names:
        with archive.open("mimetype") as entry:
            return _BY_MIMETYPE.get(entry.read(200).decode("ascii", "replace").strip())
    if "[Content_Types].xml" not in names:
        return None
    with archive.open("[Content_Types].xml") as entry:
        content_types = entry.read(200_000).decode("utf-8", "replace")
    for part, (name, main) in _BY_PART.items():
        if part in names:
            # With a program in it the main part has another type, whatever the file's ending is.
            if main not in content_types:
                raise PieturaError("attachment_program")
            return name
    return None


def _is_text(data: bytes) -> bool:
    if _CONTROL.search(data):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def cleaned_name(name: str, kind: str, fallback: str) -> str:
    """A file's name as it may be stored and shown: without a path, without what disguises or identifies, and with an ending that
    its contents have earned. ``fallback`` is what stands where nothing is left."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    last = clean(last).replace("\n", " ").strip(" .")
    last = re.sub(r'[<>:"|?*\x00-\x1f]', "_", last)
    endings = TYPES[kind].endings
    stem, ending = last, ""
    if PurePosixPath(last).suffix.lower() in endings:
        ending = PurePosixPath(last).suffix.lower()
        stem = last[: -len(ending)]
    stem = mask(stem).text[:_NAME_LENGTH].strip(" .") or fallback
    return stem + (ending or endings[0])
