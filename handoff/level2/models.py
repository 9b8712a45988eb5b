"""The table of mails that specialists are owed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Mail(Base):
    """One thing to tell one specialist, owed in the transaction of what it tells; several go in one mail.

    ``kind``: ``brought``, ``half`` or ``due``. ``state``: ``queued``, ``sending``; then ``sent``, ``failed``, or
    ``cancelled`` (there was nothing to tell any more). No words of anybody are kept here.
    """

    __tablename__ = "mail"
    __table_args__ = (
        Index("ix_mail_state_next_at", "state", "next_at"),
        Index("ix_mail_staff_id_sent_at", "staff_id", "sent_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    # Conversation, version, kind and person: a repetition owes nothing twice.
    key: Mapped[str] = mapped_column(String(120), unique=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[str] = mapped_column(String(8))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), index=True)
    # Which bringing it tells of: the same conversation may be brought again.
    brought_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default="queued")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The Message-ID of the mail it went in: stays when it is tried again, so that a doubled mail can be recognised.
    batch: Mapped[str | None] = mapped_column(String(36))
    error: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
