"""Tables of the knowledge base: services, their answers by language and aspect, and example questions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, UtcDateTime

LangTexts = dict[str, list[str]]


class Service(Base):
    """A public service as the catalogue describes it, without the texts that citizens read.

    Attributes:
        id: stable, readable identifier (``vsaa-slimibas-pabalsts``).
        kind: ``state`` or ``municipal`` (the latter is provided by every municipality, with variants).
        audience: ``person`` and/or ``business``.
        aliases: everyday names by language.
        facts: the checked facts (who, how_online, cost …); a missing one means *not seen*, not *none*.
        sources: pages with ``url``, ``as_of`` and the facts they support.
        confidence: ``high``, ``medium`` or ``low``; low ones state no figures.
        review_due: the day from which an editor must look at the record again.
        checked_on: the day of the second, independent check, if there was one.
        content_hash: hash of the imported record, so that a repeated import leaves it alone.
        named_by_editor: languages whose title and everyday names an editor has changed; the importer leaves these alone.
        withdrawn: it is not provided any more. Search leaves it out; what is known of it stays.
    """

    __tablename__ = "kb_service"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    title_lv: Mapped[str] = mapped_column(Text)
    title_ru: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    institution_code: Mapped[str] = mapped_column(String(40), index=True)
    institution_name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))
    audience: Mapped[list[str]] = mapped_column(JSON, default=list)
    life_events: Mapped[list[str]] = mapped_column(JSON, default=list)
    aliases: Mapped[LangTexts] = mapped_column(JSON, default=dict)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    sources: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    confidence: Mapped[str] = mapped_column(String(8))
    review_due: Mapped[date | None] = mapped_column(Date, index=True)
    checked_on: Mapped[date | None] = mapped_column(Date)
    content_hash: Mapped[str] = mapped_column(String(64))
    named_by_editor: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    withdrawn: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())

    def titles(self) -> dict[str, str]:
        """Titles by language code."""
        return {"lv": self.title_lv, "ru": self.title_ru, "en": self.title_en}


class ServiceAnswer(Base):
    """One aspect of a service, told to a citizen in one language; every change is a new version, none is lost.

    Attributes:
        aspect: ``general``, ``how``, ``where``, ``cost``, ``deadline``, ``documents``, ``eligibility``, ``amount``
            or ``result``.
        origin: ``written`` (by a writer, from the facts), ``composed`` (from the facts by rule) or ``editor``.
            The importer never replaces what an editor has written.
        current: True for the version that is shown.
        source_date: how old the information is, as its source says it (``2026-01-22``, ``2025``), or None.
    """

    __tablename__ = "kb_service_answer"
    __table_args__ = (
        UniqueConstraint("service_id", "lang", "aspect", "version"),
        # The database itself holds that two versions are never both shown.
        Index(
            "uq_kb_service_answer_current",
            "service_id",
            "lang",
            "aspect",
            unique=True,
            sqlite_where=text("current"),
            postgresql_where=text("current"),
        ),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("kb_service.id", ondelete="CASCADE"))
    lang: Mapped[str] = mapped_column(String(2))
    aspect: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    current: Mapped[bool] = mapped_column(Boolean)
    origin: Mapped[str] = mapped_column(String(12))
    source_date: Mapped[str | None] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, server_default=func.current_timestamp())


class ServiceExample(Base):
    """A question as people ask it; search learns from it, nobody reads it.

    Attributes:
        origin: ``data`` (from the files) or ``editor``; the importer leaves an editor's alone.
        withdrawn: an editor took it out. The row stays, so that the importer does not bring it back.
    """

    __tablename__ = "kb_service_example"
    __table_args__ = (UniqueConstraint("service_id", "lang", "text"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    service_id: Mapped[str] = mapped_column(ForeignKey("kb_service.id", ondelete="CASCADE"), index=True)
    lang: Mapped[str] = mapped_column(String(2))
    text: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(String(12), default="data")
    withdrawn: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


class UnifiedService(Base):
    """A service of the old catalogue, once instead of once for each municipality.

    Attributes:
        id: the service's own id, or ``kat-…`` for one that only the catalogue knows.
        service_id: the described service it is, if there is one.
        kind: ``municipal``, ``state`` or ``unknown``.
        content_hash: hash of the unified service without its variants.
    """

    __tablename__ = "kb_unified_service"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    service_id: Mapped[str | None] = mapped_column(ForeignKey("kb_service.id", ondelete="SET NULL"), index=True)
    title_lv: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))
    content_hash: Mapped[str] = mapped_column(String(64))


class ServiceVariant(Base):
    """One row of the old catalogue: a unified service as one organisation offers it.

    Attributes:
        row: number of the row in the catalogue; a row belongs to exactly one unified service.
        organisation: as the catalogue writes it.
        municipality_id: today's municipality; None for a body of the state.
        former: the former municipality's name, when it is not one of today's.
        also_in: today's municipalities that got a part of the former one.
        institution_id: today's body of the state.
        unit: the sub-unit as written; ``unit_id``: the gazetteer's id of that kind of unit.
        status: ``not_started_or_no_data`` or ``started_never_completed``.
        confidence: 0–1, how sure it is that the row belongs to this service; ``reason`` says why.
        doubtful: an editor should look at it; ``note`` says what the doubt is.
    """

    __tablename__ = "kb_service_variant"

    row: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    unified_id: Mapped[str] = mapped_column(ForeignKey("kb_unified_service.id", ondelete="CASCADE"), index=True)
    organisation: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))
    municipality_id: Mapped[str | None] = mapped_column(String(40), index=True)
    former: Mapped[str | None] = mapped_column(Text)
    also_in: Mapped[list[str]] = mapped_column(JSON, default=list)
    institution_id: Mapped[str | None] = mapped_column(String(40))
    unit: Mapped[str | None] = mapped_column(Text)
    unit_id: Mapped[str | None] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(32))
    confidence: Mapped[float] = mapped_column(Float)
    reason: Mapped[str] = mapped_column(Text)
    doubtful: Mapped[bool] = mapped_column(Boolean)
    note: Mapped[str | None] = mapped_column(Text)
