"""The unified catalogue in the database: loading it, touching only what differs, and reading it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.catalogue.places import Owners
from knowledge_base.catalogue.rulings import Ruling, unify_ruled
from knowledge_base.catalogue.unify import (
    CATALOGUE_FILE,
    DECISIONS_FILE,
    UnifiedService,
    Variant,
    read_decisions,
    read_rows,
    unify,
)
from knowledge_base.models import Service, ServiceVariant
from knowledge_base.models import UnifiedService as UnifiedRow
from knowledge_base.records import ServiceRecord, content_hash

log = structlog.get_logger(__name__)


class Counts(Protocol):
    """What an import counts (see `importer.Tally`)."""

    added: int
    changed: int
    unchanged: int


def read_catalogue(
    data_dir: Path, services: Mapping[str, ServiceRecord], rulings: Sequence[Ruling] = ()
) -> list[UnifiedService]:
    """Reads the catalogue's files and unifies them.

    Args:
        data_dir: folder of the data files.
        services: the described services by id.
        rulings: what editors have decided besides; one that names what is not there any more is logged and let be.

    Returns:
        The unified services; none when the folder has no catalogue.

    Raises:
        OSError: a file that the catalogue needs cannot be read.
        BrokenCatalogue: a file is not what it should be.
    """
    rows = data_dir / CATALOGUE_FILE
    if not rows.exists():
        return []
    decisions = read_decisions(data_dir / DECISIONS_FILE)
    if not rulings:
        return unify(read_rows(rows), services, decisions, Owners(data_dir))
    unified, unused = unify_ruled(read_rows(rows), services, decisions, Owners(data_dir), rulings)
    for ruling in unused:
        log.warning(
            "an editor's decision about the catalogue names what is not there", row=ruling.row, other=ruling.other_id
        )
    return unified


async def load_catalogue(
    session: AsyncSession, unified: Iterable[UnifiedService], services: Counts, variants: Counts
) -> None:
    """Brings the two tables into the state of ``unified``; what is not in it any more is deleted. Does not commit.

    Args:
        session: an open session.
        unified: every unified service; only those with variants are stored.
        services: is told how many unified services were added, changed and left.
        variants: the same for variants.
    """
    wanted = {service.id: service for service in unified if service.variants}
    described = set(await session.scalars(select(Service.id)))
    stored = {row.id: row for row in await session.scalars(select(UnifiedRow))}
    for service in wanted.values():
        values = {
            "service_id": service.service_id if service.service_id in described else None,
            "title_lv": service.title,
            "kind": service.kind,
        }
        digest = content_hash(values)
        row = stored.get(service.id)
        if row is None:
            session.add(UnifiedRow(id=service.id, content_hash=digest, **values))
            services.added += 1
        elif row.content_hash == digest and row.service_id == values["service_id"]:
            services.unchanged += 1
        else:
            for name, value in values.items():
                setattr(row, name, value)
            row.content_hash = digest
            services.changed += 1
    await session.flush()
    await _load_variants(session, wanted.values(), variants)
    # Only now: a variant that has moved must have left the service before the service goes.
    for service_id, row in stored.items():
        if service_id not in wanted:
            await session.delete(row)
            services.changed += 1
    await session.flush()


async def _load_variants(session: AsyncSession, wanted: Iterable[UnifiedService], tally: Counts) -> None:
    stored = {row.row: row for row in await session.scalars(select(ServiceVariant))}
    for service in wanted:
        for variant in service.variants:
            values: dict[str, Any] = {**asdict(variant), "also_in": list(variant.also_in)}
            row = stored.pop(variant.row, None)
            if row is None:
                session.add(ServiceVariant(**values))
                tally.added += 1
            elif all(getattr(row, name) == value for name, value in values.items()):
                tally.unchanged += 1
            else:
                for name, value in values.items():
                    setattr(row, name, value)
                tally.changed += 1
    for row in stored.values():
        await session.delete(row)
        tally.changed += 1
    await session.flush()


async def read_variants(session: AsyncSession) -> dict[str, tuple[Variant, ...]]:
    """Every variant by the id of its unified service, by row."""
    found: dict[str, list[Variant]] = defaultdict(list)
    columns = [getattr(ServiceVariant, name) for name in Variant.__dataclass_fields__]
    for values in await session.execute(select(*columns).order_by(ServiceVariant.row)):
        variant = Variant(**{**values._mapping, "also_in": tuple(values.also_in)})
        found[variant.unified_id].append(variant)
    return {unified_id: tuple(variants) for unified_id, variants in found.items()}


async def read_unified(session: AsyncSession) -> list[UnifiedService]:
    """The unified services as they are stored, by id, with their variants."""
    variants = await read_variants(session)
    rows = await session.scalars(select(UnifiedRow).order_by(UnifiedRow.id)) if variants else ()
    return [UnifiedService(row.id, row.title_lv, row.service_id, row.kind, variants.get(row.id, ())) for row in rows]
