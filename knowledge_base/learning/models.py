"""Tables of questions from life. Words stay in the conversation: here are only references, and vectors of groups."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class LifeGroup(Base):
    """Questions that are alike, in one language.

    Attributes:
        state: ``open``; ``taken`` (a change came of it, ``change_id``, or an answer is being written out of it);
            ``not_ours`` (what is like it is kept from coming back).
        centre: sum of its questions' sentence vectors, 32-bit floats.
        size: how many questions it has ever had.
    """

    __tablename__ = "kb_life_group"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    lang: Mapped[str] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(String(10), index=True)
    centre: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(36))
    decided_name: Mapped[str | None] = mapped_column(String(120))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    change_id: Mapped[str | None] = mapped_column(String(36))
    version: Mapped[int] = mapped_column(Integer, default=1)


class LifeQuestion(Base):
    """A citizen's question that came to nothing; ``why`` as in :class:`knowledge_base.learning.ports.Asked`."""

    __tablename__ = "kb_life_question"

    message_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    group_id: Mapped[str] = mapped_column(ForeignKey("kb_life_group.id", ondelete="CASCADE"), index=True)
    why: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class LifeCursor(Base):
    """Up to when conversations have been looked through. One row, ``id`` 1."""

    __tablename__ = "kb_life_cursor"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
