"""Bodies of requests about trainings, and what is shown of them (docs/protocol.md)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from gateway.retraining.models import Training
from kit.clock import iso
from knowledge_base.editor.schemas import Note, Number


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Live(_Body):
    """Put a model to work; ``reason``: why, though it measured worse."""

    version: Number
    reason: Note = ""


class Back(_Body):
    """Back to the model before; ``generation``: the switch that the person saw last."""

    generation: Number


def training_view(row: Training, may: list[str]) -> dict[str, Any]:
    """A ``Training`` of docs/protocol.md."""
    return {
        "id": row.id,
        "version": row.version,
        "state": row.state,
        "progress": row.progress,
        "step": row.step,
        "problem": row.problem,
        "cancelling": row.cancelled,
        "by": row.by_name,
        "created_at": iso(row.created_at),
        "started_at": iso(row.started_at),
        "ended_at": iso(row.ended_at),
        "examples": row.examples,
        "figures": row.figures,
        "log": row.log,
        "has_model": row.has_model,
        "live_at": iso(row.live_at),
        "may": may,
    }
