"""Months and people to try them on, without a gateway: the services on a database, a clock that stands until it is moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from handoff.settlement.disputes import Disputes
from handoff.settlement.prices import PriceLists
from handoff.settlement.service import Settlement
from handoff.settlement.statement import Adjustment
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from handoff.staff.service import viewer_of
from kit.db import Database


@dataclass
class StillClock:
    """Stands until it is set."""

    at: datetime

    def now(self) -> datetime:
        """The present."""
        return self.at


class PlainNames:
    """Services are called as their ids."""

    def service(self, service_id: str, lang: str) -> str:
        return service_id

    def knows_service(self, service_id: str) -> bool:
        return service_id.startswith("s")


class Books:
    """Services and people."""

    def __init__(self, db: Database, at: datetime) -> None:
        self.db = db
        self.clock = StillClock(at)
        self.given: list[tuple[str, Adjustment]] = []
        self.settlement = Settlement(db, self.clock, PlainNames(), self._nobody, self._adjustments)
        self.lists = PriceLists(db, self.clock)
        self.disputes = Disputes(db, self.clock, PlainNames())

    async def _nobody(self) -> None:
        """No worker listens."""

    async def _adjustments(self, month: date) -> Sequence[tuple[str, Adjustment]]:
        return self.given

    async def viewer(self, role: str) -> Viewer:
        """Somebody of a role."""
        async with self.db.read() as session:
            found = await session.scalar(select(Staff).where(Staff.role == role).order_by(Staff.email).limit(1))
        assert found is not None
        return viewer_of(found, "")

    async def close(self, month: date, at: datetime) -> dict[str, Any]:
        """Closes a month at a time, by the worker's own way."""
        self.clock.at = at
        accountant = await self.viewer("accountant")
        await self.settlement.close(accountant, month)
        await self.settlement.work()
        return await self.settlement.month(accountant, month)

    async def contents(self) -> dict[str, str]:
        """Digests of all statements by number."""
        found = await self.settlement.statements(await self.viewer("supervisor"), None, None, None)
        return {one["number"]: one["digest"] for one in found["statements"]}


async def as_application(url: str) -> str:
    """A PostgreSQL database as somebody sees it who may read and write rows, and is neither its owner nor a superuser."""
    made = make_url(url)
    role = f"app_{made.database}"
    engine = create_async_engine(made)
    async with engine.begin() as connection:
        for statement in (
            f"CREATE ROLE {role} LOGIN PASSWORD 'pietura'",
            f"GRANT USAGE ON SCHEMA public TO {role}",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        ):
            await connection.execute(text(statement))
    await engine.dispose()
    return made.set(username=role, password="pietura").render_as_string(hide_password=False)
