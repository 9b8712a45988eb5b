"""The plans that come with the product, from ``data/plans``, into the database; what an editor has written is never replaced."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge_base.plans import repository
from knowledge_base.plans.content import Plan, problems
from knowledge_base.plans.models import PlanVersion


def read_plans(data_dir: Path, services: Collection[str]) -> Iterator[tuple[str, Plan | str]]:
    """(name of the file, which is the plan's id; the plan, or why it is refused).

    Args:
        data_dir: the folder with ``plans``, ``life_events.json`` and ``institutions.jsonl``.
        services: the ids that there are.
    """
    paths = sorted((data_dir / "plans").glob("*.json"))
    if not paths:
        return
    told = json.loads((data_dir / "life_events.json").read_text("utf-8"))
    events = frozenset(event["id"] for event in told["events"])
    lines = (data_dir / "institutions.jsonl").read_text("utf-8").splitlines()
    institutions = frozenset(json.loads(line)["id"] for line in lines if line.strip())
    for path in paths:
        try:
            plan = Plan.model_validate_json(path.read_text("utf-8"))
        except (ValidationError, UnicodeDecodeError) as error:
            yield path.stem, str(error)
            continue
        wrong = problems(plan, services=services, events=events, institutions=institutions)
        yield path.stem, "; ".join(f"{one.step or ''} {one.code} {one.values}".strip() for one in wrong) or plan


async def load_plan(session: AsyncSession, plan_id: str, plan: Plan) -> str:
    """Stores a plan of the files: ``added``, ``changed``, ``unchanged``, or ``kept``: an editor has changed or withdrawn it."""
    content = plan.model_dump(mode="json")
    number = await repository.highest(session, plan_id)
    shown = await repository.current(session, plan_id)
    if number and (shown is None or shown.origin != "data"):
        return "kept"
    if shown is not None:
        if shown.content == content:
            return "unchanged"
        # Before the new one is stored: only one may be current.
        shown.current = False
        await session.flush()
    session.add(PlanVersion(plan_id=plan_id, number=number + 1, content=content, current=True, origin="data"))
    await session.flush()
    return "changed" if number else "added"
