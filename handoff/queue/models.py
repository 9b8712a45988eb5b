"""Tables of queues and of what a conversation weighs."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base

#: The queue that takes what no other takes; the migration makes it, and nobody can switch it off.
COMMON = "common"


class Queue(Base):
    """A line in which conversations of one kind wait. The rules are data; an empty list lets everything in.

    ``mode``: ``offers`` (the router puts each conversation to the best free person) or ``pull`` (people take). Skills are
    names with the least level (1 to 5); centres are in order, the nearest first.
    """

    __tablename__ = "queue"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name_lv: Mapped[str] = mapped_column(String(120))
    name_ru: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(120))
    position: Mapped[int] = mapped_column(Integer)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    mode: Mapped[str] = mapped_column(String(8), default="pull")
    institutions: Mapped[list[str]] = mapped_column(JSON, default=list)
    services: Mapped[list[str]] = mapped_column(JSON, default=list)
    topics: Mapped[list[str]] = mapped_column(JSON, default=list)
    languages: Mapped[list[str]] = mapped_column(JSON, default=list)
    channels: Mapped[list[str]] = mapped_column(JSON, default=list)
    skills: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    centres: Mapped[list[str]] = mapped_column(JSON, default=list)
    # Seconds of waiting after which other centres help; None: never.
    overflow_after_s: Mapped[int | None] = mapped_column(Integer, default=30)
    # Who helps then, in order; empty: everybody.
    overflow_centres: Mapped[list[str]] = mapped_column(JSON, default=list)
    offer_timeout_s: Mapped[int] = mapped_column(Integer, default=30)
    version: Mapped[int] = mapped_column(Integer, default=1)

    def name(self, lang: str) -> str:
        """The name in a language; the Latvian one where there is none."""
        return str({"ru": self.name_ru, "en": self.name_en}.get(lang) or self.name_lv)


class Weights(Base):
    """How much of a person's capacity a conversation takes, in hundredths of a unit. One row."""

    __tablename__ = "queue_weights"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    webchat: Mapped[int] = mapped_column(Integer, default=100)
    direct: Mapped[int] = mapped_column(Integer, default=50)
    comment: Mapped[int] = mapped_column(Integer, default=50)
    version: Mapped[int] = mapped_column(Integer, default=1)
