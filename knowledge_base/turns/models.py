"""Tables of examples of kinds of turn, and of the wishes for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime
from knowledge_base.wish import Wish


class TurnExample(Base):
    """A message that editors have made an example of a kind of turn. It is learnt with the next training.

    Attributes:
        key: of language and folded text: nothing is learnt twice as the same.
        intent: the kind as Rasa calls it: ``greet``, ``ask_cost`` (a question, and which aspect of a service) …
        change_id: the wish it came with.
    """

    __tablename__ = "kb_turn_example"
    __table_args__ = (UniqueConstraint("key", "intent"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(32))
    intent: Mapped[str] = mapped_column(String(32), index=True)
    lang: Mapped[str] = mapped_column(String(2))
    text: Mapped[str] = mapped_column(Text)
    change_id: Mapped[str] = mapped_column(String(36))
    by_name: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class TurnChange(Wish, Base):
    """A wish to add examples of one kind in one language, or to take some out. Never deleted: it is the trail.

    Attributes:
        verb: ``add`` or ``remove``.
        texts: what is added; of a removal, what is taken out.
        state: ``draft``, ``proposed``, ``published`` or ``dropped``.
        group_id: the questions from life that it comes from, if it does.
    """

    __tablename__ = "kb_turn_change"
    __table_args__ = (Index("ix_kb_turn_change_state", "state"),)

    verb: Mapped[str] = mapped_column(String(8))
    intent: Mapped[str] = mapped_column(String(32))
    lang: Mapped[str] = mapped_column(String(2))
    texts: Mapped[list[str]] = mapped_column(JSON)
    group_id: Mapped[str | None] = mapped_column(String(36), index=True)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
