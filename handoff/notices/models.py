"""The table of notices."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, Boolean, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class PublicNotice(Base):
    """What citizens are told from one instant until another.

    ``text`` by language; ``site``: the only web-chat account that tells it, null for all; ``banner``: in the widget;
    ``greeting``: with the assistant's first words. ``ended_at``: taken away before its time.
    """

    __tablename__ = "public_notice"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[dict[str, str]] = mapped_column(JSON)
    site: Mapped[str | None] = mapped_column(String(64))
    banner: Mapped[bool] = mapped_column(Boolean)
    greeting: Mapped[bool] = mapped_column(Boolean)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer)
    changed_by: Mapped[str] = mapped_column(String(36))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
