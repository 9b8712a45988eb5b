"""What is published as it would be with a wish for wording: that is what the question set is run over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import inspect

from kit.i18n import LANGUAGES
from knowledge_base.models import Service
from knowledge_base.repository import ShownText
from knowledge_base.service import GENERAL, Content
from knowledge_base.wording.models import WordingChange

EXAMPLES: Final = "examples"
NAMES: Final = "names"
SERVICE: Final = "service"
WITHDRAWAL: Final = "withdrawal"


def with_change(content: Content, row: WordingChange) -> Content:
    """``content`` as it would be with the change."""
    after = row.after
    if row.kind == EXAMPLES:
        return replace(content, examples={**content.examples, (row.service_id, row.lang): after["texts"]})
    services = dict(content.services)
    if row.kind == WITHDRAWAL:
        services[row.service_id] = with_columns(services[row.service_id], after)
        return replace(content, services=services)
    if row.kind == NAMES:
        old = services[row.service_id]
        named = {f"title_{row.lang}": after["title"], "aliases": {**old.aliases, row.lang: after["texts"]}}
        services[row.service_id] = with_columns(old, named)
        return replace(content, services=services)
    titles = {f"title_{lang}": after["title"].get(lang) or after["title"]["lv"] for lang in LANGUAGES}
    code = after["institution"]
    services[row.service_id] = Service(
        id=row.service_id, **titles, aliases={}, institution_code=code, institution_name=code
    )
    examples = {(row.service_id, lang): texts for lang, texts in after["examples"].items()}
    texts = {
        (row.service_id, lang): {GENERAL: ShownText(row.service_id, lang, GENERAL, text, "editor", None)}
        for lang, text in after["answer"].items()
    }
    return replace(
        content, services=services, examples={**content.examples, **examples}, texts={**content.texts, **texts}
    )


def with_columns(service: Service, values: Mapping[str, Any]) -> Service:
    """A copy of a service with some columns changed; it is never stored."""
    there = {column.key: getattr(service, column.key) for column in inspect(Service).columns}
    return Service(**{**there, **values})
