"""Tables of the service level: clocks, targets, and the formulas of the quality part."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class LevelClock(Base):
    """One span of one conversation that is measured, from its start to its stop, in working time.

    ``due_at`` and the warnings are computed when the clock starts or goes on; later changes of calendar and targets do not move
    them. None where nothing was promised, or while the clock stands still. ``breached_at`` is the instant that passed, whenever
    it was noticed.
    """

    __tablename__ = "clock"
    __table_args__ = (
        # One of a kind runs in a conversation at a time, whoever starts it.
        Index(
            "uq_clock_one_running",
            "conversation_id",
            "kind",
            unique=True,
            sqlite_where=text("stopped_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL"),
        ),
        Index("ix_clock_kind_started_at", "kind", "started_at"),
        Index("ix_clock_next_at", "next_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    # Whose it was when it stopped; None of a wait that nobody ended.
    centre_id: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Working seconds that were promised; None: it is measured, not judged.
    target_s: Mapped[int | None] = mapped_column(Integer)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warn_50_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warn_80_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When the watch has something to tell of it next, and how far it has told: 0, 50, 80, 100 percent.
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told: Mapped[int] = mapped_column(Integer, default=0)
    # Since when it runs; None while it stands still. ``spent_us``: working microseconds before that, of a stopped one all.
    runs_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    spent_us: Mapped[int] = mapped_column(BigInteger, default=0)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Why it stopped: taken, answered, ended, left, returned, waits_again, withdrawn.
    cause: Mapped[str | None] = mapped_column(String(16))
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ServiceTarget(Base):
    """What is promised from a day on, as administrators set it; rows are not changed. Before the first the policy's hold."""

    __tablename__ = "service_target"
    __table_args__ = (
        # Two on one day would leave open which holds; of two people who set it the second learns of the first.
        Index("uq_service_target_measure_valid_from", "measure", "valid_from", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    measure: Mapped[str] = mapped_column(String(24))
    valid_from: Mapped[date] = mapped_column(Date)
    # Working seconds; None: measured, not judged.
    seconds: Mapped[int | None] = mapped_column(Integer)
    # Share that is to be reached, in percent; None where none is asked for.
    percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    reason: Mapped[str] = mapped_column(Text)
    set_by: Mapped[str] = mapped_column(String(36))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class QualityFormula(Base):
    """How a centre's figures of twelve months become an amount (R16). Approved by a second person, then never changed.

    ``criteria``: ``[{measure, steps: [{percent, points}]}]``, decimals as text; ``month``: in whose settlement the year's amount
    stands.
    """

    __tablename__ = "quality_formula"
    __table_args__ = (CheckConstraint("base_kind IN ('amount', 'share')", name="base_kind"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[str] = mapped_column(String(12))
    valid_from: Mapped[date] = mapped_column(Date)
    month: Mapped[int] = mapped_column(Integer)
    base_kind: Mapped[str] = mapped_column(String(8))
    base: Mapped[Decimal] = mapped_column(Numeric(14, 4))
    floor: Mapped[Decimal | None] = mapped_column(Numeric(14, 4))
    cap: Mapped[Decimal | None] = mapped_column(Numeric(14, 4))
    criteria: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    written_by: Mapped[str] = mapped_column(String(36))
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(36))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
