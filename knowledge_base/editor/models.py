"""Tables of changes to answers: who wanted what, who decided, what came of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime
from knowledge_base.wish import Judged


class AnswerChange(Judged, Base):
    """A wish to change one answer: one aspect of one service in one language. Never deleted: it is the trail.

    Attributes:
        text: the answer as it shall be; None to withdraw it.
        base_version: the version that its author saw; None when there was none. Another one may not be written over.
        state: ``draft``; ``proposed``; ``approved`` (waits for ``valid_from``); ``published``; ``ended`` (``valid_to`` has
            passed, the text before it is shown again); ``dropped``; ``overtaken`` (the answer changed before its day came).
        published_version: which version of the answer it became.
    """

    __tablename__ = "kb_answer_change"
    __table_args__ = (
        Index("ix_kb_answer_change_state", "state"),
        # One wish at a time for one answer: two editors meet, and do not pass each other by.
        Index(
            "uq_kb_answer_change_open",
            "service_id",
            "lang",
            "aspect",
            unique=True,
            sqlite_where=text("state IN ('draft', 'proposed', 'approved')"),
            postgresql_where=text("state IN ('draft', 'proposed', 'approved')"),
        ),
    )

    service_id: Mapped[str] = mapped_column(ForeignKey("kb_service.id", ondelete="CASCADE"), index=True)
    lang: Mapped[str] = mapped_column(String(2))
    aspect: Mapped[str] = mapped_column(String(16))
    text: Mapped[str | None] = mapped_column(Text)
    source_date: Mapped[str | None] = mapped_column(String(10))
    base_version: Mapped[int | None] = mapped_column(Integer)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_to: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_version: Mapped[int | None] = mapped_column(Integer)


class Revision(Base):
    """How often what is shown has changed. Each worker compares it with what it has loaded. One row, ``id`` 1."""

    __tablename__ = "kb_revision"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer)
