"""Tables of trainings, and of which model served when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Training(Base):
    """One training. Never deleted: it is the trail; only the newest keep their model.

    Attributes:
        state: see :mod:`gateway.retraining.states`.
        slot: 1 while it is not over, else NULL: of two that begin at once the database takes one.
        progress: percent; ``step``: what is being done (``console.training.step.<step>``).
        problem: why it failed (``console.training.problem.<problem>``).
        digest: of everything that was learnt; ``base``: of the product's part of it alone.
        examples: how many of editors' examples were learnt.
        worker, lease_until: who watches it, and until when he is believed to be alive.
        cancelled: somebody wants it to stop.
        attempts: how often its process was started.
        figures: see :func:`gateway.retraining.figures.compared`.
        log: the end of what the process wrote, masked.
        has_model: its model is still kept.
        live_at: when it was first put to work.
        version: counts the decisions about it; progress does not count.
    """

    __tablename__ = "training"
    __table_args__ = (UniqueConstraint("slot"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    state: Mapped[str] = mapped_column(String(12), index=True)
    slot: Mapped[int | None] = mapped_column(Integer)
    progress: Mapped[int] = mapped_column(Integer, default=0)
    step: Mapped[str] = mapped_column(String(20), default="queued")
    problem: Mapped[str | None] = mapped_column(String(40))
    by_id: Mapped[str] = mapped_column(String(36))
    by_name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    digest: Mapped[str] = mapped_column(String(64))
    base: Mapped[str] = mapped_column(String(64))
    examples: Mapped[int] = mapped_column(Integer)
    worker: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled: Mapped[bool] = mapped_column(Boolean, default=False)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    log: Mapped[str] = mapped_column(Text, default="")
    has_model: Mapped[bool] = mapped_column(Boolean, default=False)
    live_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer, default=1)


class ModelServed(Base):
    """A model was put to work. Only grows; the last row is the one that serves, or is about to.

    Attributes:
        training_id: None: the product's own model.
        how: ``live``, ``back``, or ``failed``: the one before would not start.
        reason: why an administrator took a model that measured worse.
    """

    __tablename__ = "model_served"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    training_id: Mapped[str | None] = mapped_column(String(36))
    how: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(Text, default="")
    by_id: Mapped[str | None] = mapped_column(String(36))
    by_name: Mapped[str | None] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
