"""What plans ask of others, and what whoever runs them asks of plans. The adapters live in ``actions`` and ``gateway``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.plans.content import Plan


@dataclass(frozen=True, slots=True)
class Published:
    """A version of a plan that runs."""

    id: str
    number: int
    plan: Plan


@dataclass(frozen=True, slots=True)
class Invitation:
    """A rule by which a site invites.

    Attributes:
        id: what a plan names as its beginning.
        name: how the rule is called.
        site: the site's name.
        enabled: whether both are switched on.
    """

    id: str
    name: str
    site: str
    enabled: bool


class Invitations(Protocol):
    """The invitations that there are."""

    async def all(self, session: AsyncSession) -> list[Invitation]:
        """Of every site, by site."""
        ...


class Plans(Protocol):
    """The plans that there are."""

    def now(self) -> datetime:
        """The clock's present, UTC."""
        ...

    def triggered(self, kind: str, value: str) -> list[tuple[Published, str]]:
        """The plans in force that this begins, with how: ``start`` or ``offer``."""
        ...

    def current(self, plan_id: str) -> Published | None:
        """The version that begins now; None: there is no such plan, or it is withdrawn."""
        ...

    def guides(self) -> Sequence[Published]:
        """The guides in force."""
        ...

    async def version(self, plan_id: str, number: int) -> Published | None:
        """A version, in force or not: whoever is in the middle of a plan finishes the one he began."""
        ...


class Preview(Protocol):
    """The assistant on trial with a plan that is not published."""

    async def talk(
        self, plan_id: str, plan: Plan, text: str, payload: str | None, lang: str, context: dict[str, Any]
    ) -> dict[str, Any]:
        """What would be said to a message (``begin`` as payload: from the start), and what is remembered after it."""
        ...
