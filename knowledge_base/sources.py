"""Which of a record's pages to show as the source of an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# Public bodies whose address does not end in `.gov.lv`: courts, parliament, state companies, municipalities.
_OFFICIAL = re.compile(
    r"(^|\.)([a-z0-9-]+\.gov\.lv|latvija\.lv|likumi\.lv|lvportals\.lv|vestnesis\.lv|saeima\.lv|tiesas\.lv|europa\.eu"
    r"|csdd\.lv|altum\.lv|eparaksts\.lv|smart-id\.com|zemesgramata\.lv|kadastrs\.lv|latvijasnotars\.lv|vtpc\.lv"
    r"|manapensija\.lv|manacope\.lv|makskeresanaskarte\.lv|epakalpojumi\.lv|[a-z]+novads\.lv|novads\.lv|riga\.lv"
    r"|aizkraukle\.lv|aglona\.lv|cesis\.lv|dobele\.lv|dundaga\.lv|ilukste\.lv|jekabpils\.lv|jelgava\.lv|jurmala\.lv"
    r"|kekava\.lv|kraslava\.lv|kuldiga\.lv|liepaja\.lv|ligatne\.lv|livani\.lv|marupe\.lv|preili\.lv|ropazi\.lv|saldus\.lv"
    r"|sigulda\.lv|talsi\.lv|valmiera\.lv|ventspils\.lv)$"
)


def host(url: str) -> str:
    """Host of ``url`` without ``www.`` and the like: what people recognise a source by."""
    return re.sub(r"^(www|m)\.", "", (urlsplit(url).hostname or url).lower())


def is_official(url: str) -> bool:
    """Whether the page is of a public body, a law database or the state's own news site."""
    return bool(_OFFICIAL.search(host(url)))


def gathered_on(data_dir: Path) -> date:
    """The day on which the pages behind the data files were last looked at.

    Args:
        data_dir: folder with ``manifest.json``.

    Raises:
        OSError, ValueError, KeyError: the manifest is missing or unreadable.
    """
    manifest = json.loads((data_dir / "manifest.json").read_text("utf-8"))
    return date.fromisoformat(manifest["gathered_on"])


def best_source(sources: Sequence[Mapping[str, Any]], facts: Collection[str]) -> Mapping[str, Any] | None:
    """The source to show: it supports the asked facts, is official rather than news, and is the newest of those.

    Args:
        sources: records with ``url``, ``as_of`` (text beginning with the year, or None) and ``supports``.
        facts: names of facts that stand behind the answer; empty means any.

    Returns:
        One of ``sources``, or None when there is none at all.
    """
    if not sources:
        return None

    def rank(source: Mapping[str, Any]) -> tuple[bool, bool, str]:
        supports = bool(set(source.get("supports") or ()) & set(facts)) if facts else True
        return supports, is_official(str(source["url"])), str(source.get("as_of") or "")

    return max(sources, key=rank)
