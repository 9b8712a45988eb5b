"""What an attachment may be, and how it goes over the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from handoff.attachments.models import StoredAttachment

State = Literal["ready", "checking", "infected"]
_MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class FileType:
    """A type that is taken. ``endings``: of file names, the first one is put on where none of them stands."""

    mime: str
    endings: tuple[str, ...]
    image: bool = False


#: All that is taken, by the name that :func:`handoff.attachments.sniff.sniff` finds. HEIC is not among them: browsers cannot show
#: it, and telephones turn it into JPEG by themselves for a page that does not ask for it. The last two are signed containers
#: (ETSI EN 319 162-1), the form in which Latvia's institutions and citizens exchange signed documents.
TYPES: Final[dict[str, FileType]] = {
    "pdf": FileType("application/pdf", (".pdf",)),
    "jpeg": FileType("image/jpeg", (".jpg", ".jpeg", ".jpe", ".jfif"), image=True),
    "png": FileType("image/png", (".png",), image=True),
    "webp": FileType("image/webp", (".webp",), image=True),
    "docx": FileType("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (".docx",)),
    "xlsx": FileType("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (".xlsx",)),
    "odt": FileType("application/vnd.oasis.opendocument.text", (".odt",)),
    "ods": FileType("application/vnd.oasis.opendocument.spreadsheet", (".ods",)),
    "txt": FileType("text/plain", (".txt",)),
    "asice": FileType("application/vnd.etsi.asic-e+zip", (".edoc", ".asice", ".sce")),
}
IMAGE_TYPES: Final = frozenset(one.mime for one in TYPES.values() if one.image)


@dataclass(frozen=True)
class Limits:
    """How much is taken.

    Attributes:
        file: bytes of one file.
        conversation: bytes of all files of one conversation.
        per_message: files with one message.
        unsent: files of a conversation that lie uploaded and not sent yet.
        orphan_after: what is not sent by then is swept.
        edge: bytes that the disk must keep free.
    """

    file: int = 10 * _MIB
    conversation: int = 50 * _MIB
    per_message: int = 5
    unsent: int = 10
    orphan_after: timedelta = timedelta(hours=1)
    edge: int = 200 * _MIB

    def view(self) -> dict[str, Any]:
        """The limits as front ends get them (docs/protocol.md)."""
        return {
            "file": self.file,
            "conversation": self.conversation,
            "per_message": self.per_message,
            "accept": ",".join(
                sorted({one.mime for one in TYPES.values()} | {end for one in TYPES.values() for end in one.endings})
            ),
        }


@dataclass(frozen=True)
class Upload:
    """A file that is coming in.

    Attributes:
        id: UUID text, made by the sender's browser and repeated when it tries again.
        conversation_id: from the citizen's token, or one that the member of staff may write in; never from a body.
        staff_id: who uploads it; None for the citizen.
        name: as the sender's computer has it; cleaned and masked before it is stored.
        declared: bytes that are announced, if they are.
    """

    id: str
    conversation_id: str
    staff_id: str | None
    name: str
    declared: int | None


def attachment_view(one: StoredAttachment) -> dict[str, Any]:
    """An attachment as it goes over the wire and is kept with its message. ``url`` is of those on platforms only."""
    return {
        "id": one.id,
        "kind": "image" if one.type in IMAGE_TYPES else "file",
        "name": one.name,
        "type": one.type,
        "size": one.size,
        "state": one.state,
        "url": None,
    }


def megabytes(size: int) -> str:
    """``size`` in MB with one decimal place at most, with a decimal comma."""
    shown = f"{max(size, _MIB // 10) / _MIB:.1f}".removesuffix(".0")
    return shown.replace(".", ",")
