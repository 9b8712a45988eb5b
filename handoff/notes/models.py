"""Tables of private notes. Apart from messages, so that no path that leads to a citizen can carry one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Note(Base):
    """What somebody wrote to colleagues; its ``id`` is made by the writer's browser, so that a retry doubles nothing."""

    __tablename__ = "note"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), index=True)
    author_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class NoteMention(Base):
    """A colleague whom a note calls, and when he has seen it."""

    __tablename__ = "note_mention"
    __table_args__ = (
        Index(
            "ix_note_mention_unseen",
            "conversation_id",
            sqlite_where=text("seen_at IS NULL"),
            postgresql_where=text("seen_at IS NULL"),
        ),
    )

    note_id: Mapped[str] = mapped_column(ForeignKey("note.id"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
