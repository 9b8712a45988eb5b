"""Bodies of requests about doubtful duplicates, and what the workbench shows (docs/protocol.md)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kit.clock import iso
from knowledge_base.editor.schemas import Note
from knowledge_base.unification.models import UnifyDecision

Wanted = Literal["same", "variant", "different", "later"]
Shown = Literal["open", "decided", "later", "second_look", "all", "gone"]
#: How many decisions about the question the person has seen; none is 0.
Seen = Annotated[int, Field(ge=0, le=2**31 - 1)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Undo(_Body):
    """The decision that is to be taken back."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Decide(_Body):
    """A decision. ``second_look``: another person is to look before it is taken up."""

    verdict: Wanted
    reason: Note = ""
    second_look: bool = False
    version: Seen


def decision_view(row: UnifyDecision) -> dict[str, Any]:
    """A ``UnifyDecision`` of docs/protocol.md."""
    return {
        "version": row.version,
        "verdict": row.verdict,
        "reason": row.reason,
        "second_look": row.second_look,
        "by": {"id": row.by_id, "name": row.by_name},
        "at": iso(row.at),
    }


def decision_line(row: UnifyDecision) -> dict[str, Any]:
    """A decision as it leaves with the file of all of them: no ids of people."""
    return {
        "question": row.key,
        "version": row.version,
        "verdict": row.verdict,
        "row": row.row,
        "title": row.title,
        "other_row": row.other_row,
        "other": row.other_id,
        "other_title": row.other_title,
        "reason": row.reason,
        "second_look": row.second_look,
        "by": row.by_name,
        "at": iso(row.at),
    }
