"""All SQL of trainings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.retraining.models import ModelServed, Training
from gateway.retraining.states import OPEN


async def training(session: AsyncSession, training_id: str) -> Training | None:
    """One, as it is now."""
    return await session.get(Training, training_id, populate_existing=True)


async def trainings(session: AsyncSession, limit: int = 20) -> Sequence[Training]:
    """The latest first."""
    query = select(Training).order_by(Training.created_at.desc(), Training.id).limit(limit)
    return (await session.scalars(query)).all()


async def with_models(session: AsyncSession) -> Sequence[Training]:
    """Those whose model is kept, the latest first."""
    query = select(Training).where(Training.has_model).order_by(Training.created_at.desc(), Training.id)
    return (await session.scalars(query)).all()


async def learnt_already(session: AsyncSession, digest: str) -> Training | None:
    """A training of exactly this that has come to a model which is still kept."""
    query = select(Training).where(Training.digest == digest, Training.has_model)
    return (await session.scalars(query.order_by(Training.created_at.desc()).limit(1))).first()


async def to_do(session: AsyncSession, now: datetime) -> str | None:
    """A training that is to be carried on and that no living worker has in hand."""
    found: str | None = await session.scalar(
        select(Training.id)
        .where(Training.state.in_(OPEN), _free(now))
        .order_by(Training.created_at, Training.id)
        .limit(1)
    )
    return found


async def claim(session: AsyncSession, training_id: str, worker: str, now: datetime, until: datetime) -> bool:
    """Takes a training in hand if nobody has it."""
    return await _set(session, training_id, _free(now), worker=worker, lease_until=until)


async def advance(session: AsyncSession, training_id: str, worker: str, /, **values: Any) -> bool:
    """Notes how far it is; False when it is not this worker's any longer."""
    return await _set(session, training_id, Training.worker == worker, **values)


async def served(session: AsyncSession) -> ModelServed | None:
    """The model that serves, or is about to; None: nothing was ever put to work, so the product's own does."""
    return (await session.scalars(select(ModelServed).order_by(ModelServed.id.desc()).limit(1))).first()


async def history(session: AsyncSession, limit: int = 20) -> Sequence[ModelServed]:
    """Which models served, the latest first."""
    return (await session.scalars(select(ModelServed).order_by(ModelServed.id.desc()).limit(limit))).all()


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(Training.lease_until.is_(None), Training.lease_until <= now)


async def _set(session: AsyncSession, training_id: str, condition: ColumnElement[bool], /, **values: Any) -> bool:
    statement = update(Training).where(Training.id == training_id, Training.state.in_(OPEN), condition).values(**values)
    return bool(cast("CursorResult[Any]", await session.execute(statement)).rowcount)
