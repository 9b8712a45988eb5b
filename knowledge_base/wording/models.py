"""Tables of changes to wording, and of the questions by which a change is judged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime
from knowledge_base.wish import Judged

_OPEN = "state IN ('draft', 'proposed', 'approved')"


class WordingChange(Judged, Base):
    """A wish to change by which words a service is found, to add a service or to withdraw one. Never deleted: it is the trail.

    Attributes:
        kind: ``examples`` or ``names`` (title and everyday names) of a service in one language; ``service``: a new one;
            ``withdrawal``: whether it is withdrawn (of no language, stored under the first).
        service_id: of the service; of a new one, the id that it will have.
        before: what there was when its author wrote; what came in between may not be written over.
        after: what shall be; shapes in docs/protocol.md.
        state: as of :class:`knowledge_base.editor.models.AnswerChange`.
        group_id: the questions from life that it comes from, if it does.
    """

    __tablename__ = "kb_wording_change"
    __table_args__ = (
        Index("ix_kb_wording_change_state", "state"),
        Index("ix_kb_wording_change_check_state", "check_state"),
        Index(
            "uq_kb_wording_change_open",
            "service_id",
            "kind",
            "lang",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
    )

    kind: Mapped[str] = mapped_column(String(12))
    service_id: Mapped[str] = mapped_column(String(80), index=True)
    lang: Mapped[str] = mapped_column(String(2))
    before: Mapped[dict[str, Any]] = mapped_column(JSON)
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_to: Mapped[datetime | None] = mapped_column(UtcDateTime)
    group_id: Mapped[str | None] = mapped_column(String(36), index=True)


class SetQuestion(Base):
    """What editors did with the question set: a question of their own, or one of the files' that they took out.

    Attributes:
        key: of language and text; see :func:`knowledge_base.wording.question_set.key_of`.
        service_id: the service that answers it; None: none of ours does.
        removed: it no longer counts; it can be brought back.
    """

    __tablename__ = "kb_set_question"
    __table_args__ = (UniqueConstraint("key"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    key: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Text)
    lang: Mapped[str] = mapped_column(String(2))
    service_id: Mapped[str | None] = mapped_column(String(80))
    removed: Mapped[bool] = mapped_column(Boolean, default=False)
    by_id: Mapped[str] = mapped_column(String(36))
    by_name: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
