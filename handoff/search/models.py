"""Tables of the search: what can be found by its words, what is still to be taken in, and the views that people keep."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class SearchDocument(Base):
    """The stems of one thing that can be found: a ``message``, a ``note`` of a colleague's, a ``name`` of the citizen.

    ``ref`` is the message's or note's id; of a name the conversation's with where it was told. Each database has its own
    index, ``search_text``, kept by triggers (SQLite: an FTS5 table over ``terms``; PostgreSQL: a row a conversation with all
    its stems), so writing is the same on both.
    """

    __tablename__ = "search_document"
    __table_args__ = (UniqueConstraint("kind", "ref"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    ref: Mapped[str] = mapped_column(String(64))
    terms: Mapped[str] = mapped_column(Text)


class SearchBacklog(Base):
    """Something from before there was a search, that is still to be taken in."""

    __tablename__ = "search_backlog"

    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    ref: Mapped[str] = mapped_column(String(64), primary_key=True)


class SavedView(Base):
    """A search that somebody keeps under a name. ``shared`` by a supervisor: everybody has it, and finds in it what he may see.

    ``query`` holds the words, filters and order as they stand in the page's address. ``version`` counts changes.
    """

    __tablename__ = "saved_view"
    __table_args__ = (Index("ix_saved_view_owner_id_shared", "owner_id", "shared"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    owner_id: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    shared: Mapped[bool] = mapped_column(Boolean, default=False)
    name: Mapped[str] = mapped_column(String(60))
    query: Mapped[dict[str, Any]] = mapped_column(JSON)
    position: Mapped[int] = mapped_column(Integer, default=0)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
