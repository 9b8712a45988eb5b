"""Everything the knowledge base may tell others, read once from the database; and its plain forms, CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from kit.i18n import LANGUAGES
from knowledge_base.catalogue.store import read_unified
from knowledge_base.catalogue.unify import UnifiedService
from knowledge_base.models import Service
from knowledge_base.records import ASPECTS, EDITORS_NOTE
from knowledge_base.repository import KnowledgeRepository

_TABLE_FACTS = (
    *("who", "how_online", "online_url", "in_person", "cost"),
    *("deadline", "amount", "apply_by", "result", "contact"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The knowledge base at one moment.

    Attributes:
        services: the described services by id.
        texts: service → language → aspect → what is shown.
        unified: the unified catalogue; services that only it knows among them.
    """

    services: dict[str, Service]
    texts: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    unified: dict[str, UnifiedService] = field(default_factory=dict)

    def further(self) -> list[UnifiedService]:
        """Services that only the catalogue knows."""
        return [service for service in self.unified.values() if service.service_id is None]


async def take(session: AsyncSession) -> Snapshot:
    """Reads everything that is provided; the rows stay usable when the session is closed."""
    repository = KnowledgeRepository(session)
    services = {service.id: service for service in await repository.services() if not service.withdrawn}
    for service in services.values():
        session.expunge(service)
    texts: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    order = {aspect: at for at, aspect in enumerate(ASPECTS)}
    for shown in sorted(await repository.shown_texts(), key=lambda s: (s.service_id, s.lang, order.get(s.aspect, 99))):
        texts[shown.service_id].setdefault(shown.lang, {})[shown.aspect] = shown.text
    return Snapshot(services, dict(texts), {service.id: service for service in await read_unified(session)})


def without_notes(value: Any) -> Any:
    """``value`` without any text that holds an editors' note, however deep it stands; None when nothing is left."""
    if isinstance(value, str):
        return None if EDITORS_NOTE in value else value
    if isinstance(value, list):
        kept = [without_notes(item) for item in value]
        return [item for item, before in zip(kept, value, strict=True) if item is not None or before is None]
    if isinstance(value, dict):
        kept_items = {key: without_notes(item) for key, item in value.items()}
        if value and "@value" in value and kept_items["@value"] is None:
            return None
        return {key: item for key, item in kept_items.items() if item is not None or value[key] is None}
    return value


def to_json(snapshot: Snapshot) -> dict[str, Any]:
    """Our own form: every field of a service, its texts by language and aspect, and the unified catalogue."""
    services = [
        {
            "id": service.id,
            "titles": service.titles(),
            "institution": service.institution_code,
            "institution_name": service.institution_name,
            "kind": service.kind,
            "audience": service.audience,
            "life_events": service.life_events,
            "aliases": service.aliases,
            "facts": service.facts,
            "sources": service.sources,
            "confidence": service.confidence,
            "checked": service.checked_on.isoformat() if service.checked_on else None,
            "texts": snapshot.texts.get(service.id, {}),
        }
        for service in snapshot.services.values()
    ]
    catalogue = [
        {**asdict(service), "variants": [{**asdict(v), "also_in": list(v.also_in)} for v in service.variants]}
        for service in snapshot.unified.values()
    ]
    out: dict[str, Any] = without_notes({"services": services, "catalogue": catalogue})
    return out


def to_csv(snapshot: Snapshot) -> str:
    """A table for spreadsheets: one line for a service, those that only the catalogue knows at the end."""
    opened = io.StringIO()
    writer = csv.writer(opened, lineterminator="\n")
    titles = [f"title_{lang}" for lang in LANGUAGES]
    writer.writerow(["id", *titles, "institution", "kind", "confidence", "variants", "municipalities", *_TABLE_FACTS])
    for service in snapshot.services.values():
        unified = snapshot.unified.get(service.id)
        cells = [service.id, *(service.titles()[lang] for lang in LANGUAGES), service.institution_name, service.kind]
        cells += [service.confidence, *_spread(unified), *(service.facts.get(name) or "" for name in _TABLE_FACTS)]
        writer.writerow([_cell(cell) for cell in cells])
    for further in snapshot.further():
        cells = [
            further.id,
            further.title,
            "",
            "",
            "",
            further.kind,
            "",
            *_spread(further),
            *("" for _ in _TABLE_FACTS),
        ]
        writer.writerow([_cell(cell) for cell in cells])
    return opened.getvalue()


def _spread(service: UnifiedService | None) -> tuple[str, str]:
    variants = service.variants if service else ()
    places = {place for variant in variants for place in variant.places()}
    return str(len(variants)), " ".join(sorted(places))


def _cell(text: str) -> str:
    """A cell without editors' notes. A spreadsheet takes some beginnings for a formula; an apostrophe makes it text."""
    public = without_notes(text) or ""
    return f"'{public}" if public.startswith(_FORMULA) else public
