"""Tables of macros and of what came of each run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Macro(Base):
    """A named sequence of acts. ``owner_id`` is set for a personal one; without it everybody who serves has it.

    ``steps`` are those of :mod:`handoff.macros.schemas`. ``version`` counts its changes: two editors do not overwrite each
    other, and nobody runs what he has not seen.
    """

    __tablename__ = "macro"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    title: Mapped[str] = mapped_column(String(120))
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    changed_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MacroRun(Base):
    """One run; its ``id`` is made by the browser that asks for it, so that a retry does nothing twice.

    ``done`` are the kinds of the steps done, in order; ``refused`` says where it stopped and why. The macro is named, not
    referred to: it may be deleted.
    """

    __tablename__ = "macro_run"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    macro_id: Mapped[str] = mapped_column(String(36), index=True)
    title: Mapped[str] = mapped_column(String(120))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), index=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    done: Mapped[list[str]] = mapped_column(JSON)
    refused: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    finished: Mapped[bool] = mapped_column(Boolean, default=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
