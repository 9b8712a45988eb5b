"""Tables of plans: their versions, and the wishes to change them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Index, Integer, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime
from knowledge_base.wish import Wish

_OPEN = "state IN ('draft', 'proposed', 'approved')"


class PlanVersion(Base):
    """A plan as it was published. Never changed and never deleted: whoever is in the middle of it finishes it.

    Attributes:
        plan_id: stable, readable identifier; ``number`` counts its versions from 1.
        content: see :class:`knowledge_base.plans.content.Plan`.
        current: True for the version that begins now; none, when the plan is withdrawn.
        origin: ``data`` (from the files) or ``editor``; the importer never replaces what an editor has written.
    """

    __tablename__ = "kb_plan_version"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        Index(
            "uq_kb_plan_version_current",
            "plan_id",
            unique=True,
            sqlite_where=text("current"),
            postgresql_where=text("current"),
        ),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    plan_id: Mapped[str] = mapped_column(String(64))
    number: Mapped[int] = mapped_column(Integer)
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    current: Mapped[bool] = mapped_column(Boolean)
    origin: Mapped[str] = mapped_column(String(12))
    by_name: Mapped[str | None] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.current_timestamp())


class PlanChange(Wish, Base):
    """A wish for a plan: a new one, another text or order, or to withdraw it. Never deleted: it is the trail.

    Attributes:
        content: the plan as it shall be; None: to be withdrawn.
        base: the number of the version that its author saw; None: there was none. Another one may not be written over.
        state: as of :class:`knowledge_base.editor.models.AnswerChange`.
        published: the number that it became.
    """

    __tablename__ = "kb_plan_change"
    __table_args__ = (
        Index("ix_kb_plan_change_state", "state"),
        # One wish at a time for one plan: two editors meet, and do not pass each other by.
        Index("uq_kb_plan_change_open", "plan_id", unique=True, sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
    )

    plan_id: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    base: Mapped[int | None] = mapped_column(Integer)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_to: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published: Mapped[int | None] = mapped_column(Integer)
