"""How much of Graph's limits is used up, as its headers tell (Graph API, Rate Limits, page of 23 March 2026)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: Headers with one object of percentages.
_PLAIN = ("x-app-usage", "x-page-usage")
#: The header with lists of them, by page.
_BY_PAGE = "x-business-use-case-usage"
_SHARES = ("call_count", "total_time", "total_cputime")


@dataclass(frozen=True)
class Usage:
    """What is used up.

    Attributes:
        share: of the limit that is nearest, 0…1.
        retry_after_s: seconds until calls are taken again; None when Graph does not say.
    """

    share: float = 0.0
    retry_after_s: float | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Usage:
        """Reads the headers of an answer; what cannot be read counts as nothing."""
        limits = list(_limits(headers))
        percent = max((_number(limit.get(name)) for limit in limits for name in _SHARES), default=0.0)
        minutes = max((_number(limit.get("estimated_time_to_regain_access")) for limit in limits), default=0.0)
        seconds = _number(headers.get("retry-after"))
        wait = seconds or minutes * 60
        return cls(min(percent / 100, 1.0), wait or None)


def _limits(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    for name in (*_PLAIN, _BY_PAGE):
        try:
            told = json.loads(headers.get(name, ""))
        except ValueError:
            continue
        if not isinstance(told, dict):
            continue
        if name == _BY_PAGE:
            for of_page in told.values():
                yield from (limit for limit in of_page if isinstance(limit, dict)) if isinstance(of_page, list) else ()
        else:
            yield told


def _number(value: Any) -> float:
    """A figure of a header; 0 for what is none, or is below 0."""
    try:
        return max(float(value), 0.0)
    except (TypeError, ValueError):
        return 0.0
