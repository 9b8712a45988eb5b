"""Reading JSON that somebody else wrote: what is not of the kind that was expected counts as absent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]

#: Figures above this are milliseconds, those below seconds: Meta uses both, and as seconds it is the year 5138.
_MILLISECONDS_FROM = 10**11


def loaded(raw: bytes) -> Any:
    """JSON, without what no database takes: the character NUL, and halves of a pair of surrogates.

    Raises:
        ValueError, RecursionError: it is not JSON, or nested beyond all reason.
    """
    value = json.loads(raw)
    return _clean(value) if b"\\u0000" in raw or b"\\ud" in raw.lower() else value


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def mapping(value: Any) -> Json:
    """An object; empty where there is none."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """A list; empty where there is none."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """A string; empty where there is none."""
    return value if isinstance(value, str) else ""


def identifier(value: Any) -> str | None:
    """An id, which Meta writes as a string in one place and as a number in another; None where there is none."""
    if isinstance(value, bool) or value in ("", None):
        return None
    return str(value) if isinstance(value, str | int) else None


def moment(value: Any) -> datetime | None:
    """An instant: seconds or milliseconds since 1970, or Graph's ISO 8601 (``2026-11-24T08:00:00+0000``); UTC."""
    try:
        if isinstance(value, str) and not value.isdigit():
            found = datetime.fromisoformat(value)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        figure = float(value)
        return datetime.fromtimestamp(figure / 1000 if figure >= _MILLISECONDS_FROM else figure, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def digest(value: Any) -> str:
    """Sixteen letters that stand for a value, the same whatever the order of its fields."""
    written = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()[:16]
