"""Tables of forecasts, and of what operators are planned with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Forecast(Base):
    """One computation. ``state``: ``running``, ``done``, ``failed``; ``stage``: how far a running one is.

    ``result``: as :func:`handoff.forecast.model.forecast` gives it, with the model and its tried error.
    """

    __tablename__ = "forecast"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    state: Mapped[str] = mapped_column(String(12), index=True)
    stage: Mapped[str] = mapped_column(String(32))
    asked_by: Mapped[str | None] = mapped_column(String(36))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class ForecastSetting(Base):
    """What need is computed with. One row. ``at_once``: conversations that an operator is planned to serve at the same time."""

    __tablename__ = "forecast_setting"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at_once: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    changed_by: Mapped[str | None] = mapped_column(String(36))
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
