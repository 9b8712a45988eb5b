"""Bodies of requests about plans, and what the desk shows (docs/protocol.md)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kit.clock import iso
from knowledge_base import wish
from knowledge_base.editor.schemas import Lang, Moment, Note, Number
from knowledge_base.plans.content import Plan, PlanId, steps_changed
from knowledge_base.plans.models import PlanChange, PlanVersion


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WritePlan(_Body):
    """A plan as it shall be; ``content`` None: to be withdrawn. ``base``: the number of the version that its writer saw.
    ``version``: of the wish itself, when it is there already."""

    content: Plan | None
    base: Number | None = None
    note: Note = ""
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    version: Number | None = None


class NewPlanChange(WritePlan):
    """A wish; without ``plan_id`` for a plan that there is not yet."""

    plan_id: PlanId | None = None


class Check(_Body):
    """A plan to be looked over."""

    content: Plan


class BackTo(_Body):
    """Back to a former version; ``base``: the number in force now, as the person saw it, None when it is withdrawn."""

    to: Number
    base: Number | None = None


class Talk(_Body):
    """A word in the preview; ``context`` is what the last one gave back."""

    content: Plan
    text: Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)] = ""
    payload: Annotated[str, StringConstraints(max_length=200)] | None = None
    lang: Lang = "lv"
    context: Annotated[dict[str, Any], Field(max_length=40)] = {}


def version_view(row: PlanVersion, before: PlanVersion | None) -> dict[str, Any]:
    """A ``PlanVersion`` of docs/protocol.md; ``before``: the version that it took the place of."""
    return {
        "number": row.number,
        "current": row.current,
        "origin": row.origin,
        "by": row.by_name,
        "at": iso(row.created_at),
        "content": row.content,
        "differences": differences(before.content if before is not None else None, row.content),
    }


def change_view(row: PlanChange, before: dict[str, Any] | None, may: list[str]) -> dict[str, Any]:
    """A ``PlanChange`` of docs/protocol.md; ``before``: what is in force, or what it replaced."""
    return {
        **wish.told(row),
        "plan_id": row.plan_id,
        "name": ((row.content or before or {}).get("name") or {}).get("lv", row.plan_id),
        "content": row.content,
        "base": row.base,
        "valid_from": iso(row.valid_from),
        "valid_to": iso(row.valid_to),
        "published": row.published,
        "differences": differences(before, row.content) if row.content is not None else None,
        "may": may,
    }


def differences(before: dict[str, Any] | None, after: dict[str, Any]) -> dict[str, Any]:
    """What has changed between two versions: the names of parts, and steps one by one."""
    old = before or {}
    parts = [
        name
        for name in ("name", "kind", "service_id", "triggers", "source", "review")
        if old.get(name) != after.get(name)
    ]
    return {
        "parts": parts if before is not None else [],
        "steps": steps_changed(old.get("steps") or [], after["steps"]),
    }
