"""Table of what editors decide about doubtful duplicates."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class UnifyDecision(Base):
    """One decision about one question. Only added to, never changed: the latest version counts, the others are the trail.

    Attributes:
        key: of the question, see :class:`knowledge_base.unification.doubts.Doubt`.
        version: counts the decisions about it; of two people who decide at once one is refused.
        verdict: ``same``, ``variant``, ``different``, ``later``; ``open``: the one before was taken back.
        row, title: the title that is decided on, by its first row.
        other_row, other_id, other_title: what it is compared with; ``other_row`` None when the knowledge base describes it.
        second_look: whoever decided wants another person to look; until then it is not taken up.
        by_id, by_name: staff, by id and by the name they had then.
    """

    __tablename__ = "kb_unify_decision"
    __table_args__ = (UniqueConstraint("key", "version"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(96))
    version: Mapped[int] = mapped_column(Integer)
    verdict: Mapped[str] = mapped_column(String(10))
    row: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(Text)
    other_row: Mapped[int | None] = mapped_column(Integer)
    other_id: Mapped[str] = mapped_column(String(80))
    other_title: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    second_look: Mapped[bool] = mapped_column(Boolean)
    by_id: Mapped[str] = mapped_column(String(36))
    by_name: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
