"""Invitations by rule, as pure functions: what is stored, what the console shows, what a widget gets (R5).

A rule is kept in ``site.proactive`` as the widget reads it, with what the console needs besides. Rules that were written into
the database by hand have only ``id``, ``page``, ``after_s`` and ``text``, and go on working.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from handoff.sites.patterns import SLOW, refusal
from kit.clock import iso

#: Scroll rules that do not say how far.
_SHARE: Final = 50
#: JavaScript's ``u`` patterns refuse a backslash before anything that needs none, which :func:`re.escape` puts there.
_SYNTAX: Final = re.compile(r"[\\^$.*+?()\[\]{}|/]")


def pattern(match: str, address: str) -> str:
    """The pattern for a page's path and fragment. ``match``: ``contains``, ``starts``, ``is``, or ``pattern``, which is one
    already. An empty address with ``contains`` is every page."""
    if match == "pattern":
        return address
    plain = _SYNTAX.sub(r"\\\g<0>", address)
    return {"contains": plain, "starts": f"^{plain}", "is": f"^{plain}$"}[match]


def shown(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A stored rule as the console shows it."""
    return {
        "id": rule["id"],
        "name": rule.get("name") or rule["id"],
        "match": rule.get("match", "pattern"),
        "address": rule.get("address", rule["page"]),
        "when": rule.get("when", "time"),
        "after_s": rule.get("after_s", 0),
        "share": rule.get("share", _SHARE),
        "once": rule.get("once", "week"),
        "text": rule["text"],
        "starts_at": rule.get("starts_at"),
        "ends_at": rule.get("ends_at"),
        "enabled": rule.get("enabled", True),
    }


def in_force(rules: Iterable[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """What a widget gets now: rules that are switched on and within their time, the most important first."""
    instant = str(iso(now))
    return [
        {
            "id": rule["id"],
            "page": rule["page"],
            "when": rule.get("when", "time"),
            "after_s": rule.get("after_s", 0),
            "share": rule.get("share", _SHARE),
            "once": rule.get("once", "week"),
            "text": rule["text"],
        }
        for rule in rules
        if rule.get("enabled", True)
        # One that was written by hand before this was checked would keep every visitor's page busy.
        and (rule.get("match", "pattern") != "pattern" or refusal(rule["page"]) != SLOW)
        # ISO 8601 in UTC with fixed digits: the order of the texts is the order of the instants.
        and (rule.get("starts_at") or "") <= instant
        and (rule.get("ends_at") is None or instant < rule["ends_at"])
    ]
