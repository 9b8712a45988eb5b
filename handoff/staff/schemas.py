"""Who is looking: the signed-in person, as every permission check sees him."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["operator", "specialist", "supervisor", "editor", "admin"]


@dataclass(frozen=True)
class Viewer:
    """A signed-in member of staff. Made from the session only, never from anything in a request's body."""

    id: str
    name: str
    email: str
    role: Role
    centre_id: str | None
    institution_id: str | None
    lang: str
    availability: str
    csrf: str = ""
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def serves(self) -> bool:
        """Whether he may take conversations from the queue."""
        return self.role in ("operator", "supervisor", "admin")

    @property
    def supervises(self) -> bool:
        """Whether he may see all conversations and the ledger."""
        return self.role in ("supervisor", "admin")
