"""Tables of browser push."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class PushSubscription(Base):
    """A browser that a person wants to be told in.

    ``digest``: of the address that the browser's push service gave, so that a browser is there once; ``sealed``: the address
    and the keys, by the vault; ``session_digest``: the session it was given in. When that ends, nothing is sent any more:
    desks are shared. ``problem``: why the last notice was refused; None once one arrived.
    """

    __tablename__ = "push_subscription"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    session_digest: Mapped[str] = mapped_column(String(64))
    sealed: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[str | None] = mapped_column(String(32))


class PushCursor(Base):
    """How far the event log has been told, one row for all workers: whoever moves it on tells what lies between."""

    __tablename__ = "push_cursor"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
