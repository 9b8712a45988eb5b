"""Tables of canned answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class CannedAnswer(Base):
    """A sentence or two that operators give again and again, in each language, with variables.

    ``shortcut`` is what is typed to find it. Without ``institution_id`` it is for everybody. ``version`` counts its changes:
    two editors do not overwrite each other.
    """

    __tablename__ = "canned_answer"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    shortcut: Mapped[str] = mapped_column(String(32), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    texts: Mapped[dict[str, Any]] = mapped_column(JSON)
    institution_id: Mapped[str | None] = mapped_column(ForeignKey("institution.id"))
    changed_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
