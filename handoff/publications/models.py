"""Tables of publications: what is to be said in public, on which accounts, and what became of it there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime


class Publication(Base):
    """Something an institution says unasked. ``state`` is one of :mod:`handoff.publications.lifecycle`; ``version`` counts
    its changes.

    ``kind``: ``post``, on its own accounts; ``comment``, under a post of somebody else's (``post_ref``).
    """

    __tablename__ = "publication"
    __table_args__ = (
        Index("ix_publication_state_publish_at", "state", "publish_at"),
        CheckConstraint("(kind = 'comment') = (post_ref IS NOT NULL)", name="comment_has_post"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    state: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(8))
    lang: Mapped[str] = mapped_column(String(2))
    text: Mapped[str] = mapped_column(Text)
    link: Mapped[str | None] = mapped_column(String(1000))
    picture_url: Mapped[str | None] = mapped_column(String(1000))
    post_ref: Mapped[str | None] = mapped_column(String(255))
    # By channel: ``{"x": {"text": "…", "link": false}}``. What is not here goes out as the base text with the link.
    variants: Mapped[dict[str, dict[str, Any]]] = mapped_column(JSON, default=dict)
    # None: as soon as it is approved.
    publish_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    # Who stands behind it. Whoever wrote or proposed it does not decide about it.
    author_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    edited_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    proposed_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    proposed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Who approved or rejected it; ``reason`` of a rejection or of calling it off.
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(1000))

    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PublicationTarget(Base):
    """One account that a publication goes to, and the send it became.

    ``state``: ``waiting`` until there is a send; then the state of the send as it was looked at last; ``failed`` without a
    send when the account could not be used at the time, with the ``reason``.
    """

    __tablename__ = "publication_target"
    __table_args__ = (Index("ix_publication_target_state", "state"),)

    publication_id: Mapped[str] = mapped_column(ForeignKey("publication.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("channel_account.id"), primary_key=True)
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"), unique=True)
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    reason: Mapped[str | None] = mapped_column(String(32))
