"""Whom the simulator knows from the start: the accounts that are served, and the followers one can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.graph_world import PAGE_IDS
from tests.fakes.telegram import DEMO_BOTS

#: (id, name, username), as the fake takes them.
X_ACCOUNT = ("1410000000000000001", "Pilsonības un migrācijas lietu pārvalde (demo)", "pmlp_demo")
#: (id, name, username, token). The token opens nothing but the simulator.
BOT = (DEMO_BOTS[0][0], "Latvija.gov.lv palīgs (demo)", "latvija_demo_bot", DEMO_BOTS[0][3])


@dataclass(frozen=True)
class DemoAccount:
    """An account as an administrator adds it in the demo.

    Attributes:
        owner: ``institution_id`` or ``municipality_id``, and which.
        settings: besides ``base_url``.
        post: what it publishes first, where there are posts.
    """

    channel: str
    platform_id: str
    name: str
    owner: tuple[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    post: str | None = None


#: One account of each kind, and two pages that differ in whether the assistant may answer comments by itself.
ACCOUNTS = (
    DemoAccount(
        "facebook",
        PAGE_IDS[0],
        "Valsts sociālās apdrošināšanas aģentūra (demo)",
        ("institution_id", "vsaa"),
        {"comment_policy": "public", "human_agent": True},
        "Jautājumi par slimības pabalstu? Rakstiet komentāros vai privātā ziņā.",
    ),
    DemoAccount(
        "facebook",
        PAGE_IDS[1],
        "Siguldas novads (demo)",
        ("municipality_id", "siguldas-novads"),
        {"comment_policy": "never", "human_agent": True},
        "Ko vēlaties zināt par novada pakalpojumiem? Rakstiet komentāros.",
    ),
    DemoAccount(
        "x",
        X_ACCOUNT[0],
        X_ACCOUNT[1],
        ("institution_id", "pmlp"),
        {"comment_policy": "public"},
        "Jautājumi par pasi vai eID? Rakstiet mums šeit vai privāti.",
    ),
    DemoAccount("telegram", BOT[0], BOT[1], ("institution_id", "vdaa"), {"username": BOT[2]}),
)


@dataclass(frozen=True)
class Follower:
    """Somebody invented. ``ids``: what each platform knows the person by."""

    key: str
    name: str
    ids: Mapping[str, str]


def _follower(number: int, key: str, name: str) -> Follower:
    ids = {"facebook": f"7{number:015d}", "x": f"88000{number:04d}", "telegram": f"5550{number:05d}"}
    return Follower(key, name, ids)


FOLLOWERS = (
    _follower(101, "ilze", "Ilze Kalniņa"),
    _follower(102, "andris", "Andris Bērziņš"),
    _follower(103, "svetlana", "Светлана Петрова"),
    _follower(104, "juris", "Juris Liepa"),
    _follower(105, "emma", "Emma Clark"),
)
