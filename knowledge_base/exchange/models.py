"""Table of imports: what was in the file, what it would change, who decided, and the way back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime
from knowledge_base.wish import Judged


class CatalogueImport(Judged, Base):
    """A file of services that somebody wants to load. Never deleted: it is the trail.

    Attributes:
        file: the file's name; ``form``: ``csv``, ``json`` or ``jsonld``.
        state: ``draft``; ``proposed``; ``applied``; ``undone``; ``dropped``.
        mode: ``all``: nothing is loaded when a row is broken; ``good``: the good rows are.
        services: the good rows, read (see ``forms.Entry``).
        preview: what it would change: ``items``, ``problems``, ``gone``, ``unchanged``, ``left``.
        counts: how many of each the preview has.
        digest: of the preview's changes; the second person approves what was seen, or nothing.
        before: what stood there before it was applied, for the way back; None until then.
        undone_by, undone_name: staff, by id and by the name they had then.
    """

    __tablename__ = "kb_import"
    __table_args__ = (Index("ix_kb_import_created_at", "created_at"),)

    file: Mapped[str] = mapped_column(String(200))
    form: Mapped[str] = mapped_column(String(8))
    rows: Mapped[int] = mapped_column(Integer)
    mode: Mapped[str] = mapped_column(String(4))
    services: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    preview: Mapped[dict[str, Any]] = mapped_column(JSON)
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    undone_by: Mapped[str | None] = mapped_column(String(36))
    undone_name: Mapped[str | None] = mapped_column(String(120))
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
