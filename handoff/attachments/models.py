"""The table of files. Their contents lie sealed in a folder; the key of each is here, sealed once more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class StoredAttachment(Base):
    """One file. Its ``id`` is made by the sender's browser, so that an upload that is tried again doubles nothing.

    ``conversation_id`` names no row yet when the first thing that a citizen sends is a file; ``message_id`` is empty until the
    message is sent, and what is never sent is swept.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        Index(
            "ix_attachment_unsent",
            "created_at",
            sqlite_where=text("message_id IS NULL"),
            postgresql_where=text("message_id IS NULL"),
        ),
        Index(
            "ix_attachment_checking",
            "created_at",
            sqlite_where=text("state = 'checking'"),
            postgresql_where=text("state = 'checking'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(36), index=True)
    message_id: Mapped[str | None] = mapped_column(String(36), index=True)
    # The member of staff who uploaded it; None for the citizen.
    staff_id: Mapped[str | None] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    # ready, checking (the virus scanner has not answered yet), infected (its contents are gone).
    state: Mapped[str] = mapped_column(String(12))
    stored_as: Mapped[str] = mapped_column(String(32))
    sealed_key: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
