"""The table of agreements on workplaces."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Integer, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Agreement(Base):
    """A centre keeps ``workplaces`` staffed at once, and is paid ``amount`` a month for it (R16).

    ``week``: seven of ``[from, to]`` ("HH:MM", Riga) or null, Monday first; null as a whole: as the working time. ``rule``: what
    is paid when it was not kept (:class:`handoff.staffing.rules.Rule`). ``state``: ``proposed``, ``approved``, ``refused``.
    ``ending_on``: the last day that somebody wants it to have, until a second person has approved that.
    """

    __tablename__ = "workplace_agreement"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    centre_id: Mapped[str] = mapped_column(ForeignKey("centre.id"), index=True)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)
    workplaces: Mapped[int] = mapped_column(Integer)
    week: Mapped[list[list[str] | None] | None] = mapped_column(JSON(none_as_null=True))
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    currency: Mapped[str] = mapped_column(String(3))
    rule: Mapped[dict[str, Any]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(12))
    version: Mapped[int] = mapped_column(Integer)
    written_by: Mapped[str] = mapped_column(String(36))
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(36))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(Text)
    ending_on: Mapped[date | None] = mapped_column(Date)
    ending_by: Mapped[str | None] = mapped_column(String(36))
