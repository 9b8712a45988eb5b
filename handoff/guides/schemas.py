"""Bodies of requests about guides, and what the console shows (docs/protocol.md)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from handoff.guides.ports import Guide


class SendGuide(BaseModel):
    """A guide to be sent; ``id`` is made by the sender's browser and repeated on retry."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    guide_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]


def guide_view(guide: Guide) -> dict[str, Any]:
    """A ``Guide`` of docs/protocol.md."""
    return {"id": guide.id, "name": guide.name, "service": guide.service, "steps": list(guide.steps)}


def progress(context: dict[str, Any]) -> dict[str, Any] | None:
    """Where the citizen is in a plan, for whoever looks at the conversation; None: in none."""
    run = context.get("plan")
    if not isinstance(run, dict) or not run.get("name"):
        return None
    return {name: run.get(name) for name in ("name", "title", "number", "of", "guide", "stuck")}
