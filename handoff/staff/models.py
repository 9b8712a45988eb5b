"""Tables of people who serve citizens, the bodies they work for, their sessions, and the trail of what they read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Institution(Base):
    """An owner of services and specialists: a state institution or a municipality."""

    __tablename__ = "institution"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name_lv: Mapped[str] = mapped_column(String(200))
    name_ru: Mapped[str | None] = mapped_column(String(200))
    name_en: Mapped[str | None] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16), default="state")


class Centre(Base):
    """A customer centre (VPVKAC) that hosts operators; the money is divided among centres."""

    __tablename__ = "centre"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))


class Staff(Base):
    """An account: ``operator``, ``specialist``, ``supervisor``, ``editor``, ``accountant`` or ``admin``."""

    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(200))
    centre_id: Mapped[str | None] = mapped_column(ForeignKey("centre.id"))
    institution_id: Mapped[str | None] = mapped_column(ForeignKey("institution.id"))
    languages: Mapped[list[str]] = mapped_column(JSON, default=list)
    capacity: Mapped[int] = mapped_column(Integer, default=4)
    # What he knows, from 1 to 5; queues ask for it.
    skills: Mapped[dict[str, int]] = mapped_column(JSON, default=dict, server_default="{}")
    # Counts changes of what he serves: languages, skills, capacity.
    serving_version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    # Offers in a row that he let run out.
    missed_offers: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    # When the last of them ran out: what lay before him beside it is no further one.
    missed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Why he is away, when it was not his own choice.
    away_reason: Mapped[str | None] = mapped_column(String(32))
    lang: Mapped[str] = mapped_column(String(2), default="lv")
    availability: Mapped[str] = mapped_column(String(16), default="available")
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    # Refreshed while a console socket of his is open; presence is "seen a moment ago".
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Refreshed while one of his consoles has the focus; None when none has.
    focused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled: Mapped[bool] = mapped_column(Boolean, default=False)
    # Counts changes of the account itself: name, e-mail, role, where he works.
    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    # Until when a password that an administrator handed out opens the account; None once the person has set his own.
    initial_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffSession(Base):
    """A signed-in browser. Only the digest of the cookie is kept, so a stolen table opens nothing."""

    __tablename__ = "staff_session"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Audit(Base):
    """Who signed in, who read which conversation, who exported what."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    staff_id: Mapped[str | None] = mapped_column(String(36), index=True)
    action: Mapped[str] = mapped_column(String(32), index=True)
    object_id: Mapped[str | None] = mapped_column(String(80), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
