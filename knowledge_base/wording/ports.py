"""What changes of wording ask of others. The adapters live in ``actions`` and ``gateway``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kit.db import UnitOfWork
from knowledge_base.search import Candidate


@dataclass(frozen=True, slots=True)
class Decided:
    """What the assistant would do with what search has found.

    Attributes:
        outcome: ``answered``, ``choices`` or ``nothing``.
        service_ids: the service answered, or those offered.
    """

    outcome: str
    service_ids: tuple[str, ...] = ()


class Deciding(Protocol):
    """The assistant's rule by which it answers, offers choices or says that it does not know."""

    def decide(self, found: Sequence[Candidate], lang: str) -> Decided:
        """``found``: the candidates, best first; ``lang``: the language they were looked for in."""
        ...


class Trail(Protocol):
    """The trail of who changed or read what."""

    async def note(self, staff_id: str, action: str, object_id: str | None, **detail: Any) -> None:
        """Adds a line; stored when it returns."""
        ...

    def note_with(
        self, unit: UnitOfWork, staff_id: str | None, action: str, object_id: str | None, **detail: Any
    ) -> None:
        """Adds a line that is stored together with what it tells of, or not at all; ``staff_id`` None: time brought it."""
        ...
