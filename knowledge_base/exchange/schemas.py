"""Bodies of the requests about imports, and what is shown of them (docs/protocol.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from kit.clock import iso
from knowledge_base import wish
from knowledge_base.editor.schemas import Decision, Note, Version
from knowledge_base.exchange.models import CatalogueImport

Mode = Literal["all", "good"]
Form = Literal["json", "csv", "jsonld"]
Part = Literal["new", "changed"]


class Propose(Version):
    """Asks for the second person's word; ``mode``: whether broken rows stop the whole file."""

    mode: Mode
    note: Note = ""


__all__ = ["Decision", "Form", "Mode", "Part", "Propose", "Version", "import_view"]


def import_view(row: CatalogueImport, may: Sequence[str]) -> dict[str, Any]:
    """An ``Import`` without what is in it."""
    return {
        **wish.told(row),
        "file": row.file,
        "form": row.form,
        "rows": row.rows,
        "mode": row.mode,
        "counts": row.counts,
        "undone_by": {"id": row.undone_by, "name": row.undone_name} if row.undone_by else None,
        "applied_at": iso(row.applied_at) if row.applied_at else None,
        "undone_at": iso(row.undone_at) if row.undone_at else None,
        "may": list(may),
    }
