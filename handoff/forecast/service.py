"""Forecasts: made from the ledger in a process of its own, once a day or when asked, and read with the operators they take."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, cast

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

import handoff
from handoff.console.doors import supervisors_only
from handoff.forecast import repository
from handoff.forecast.erlang import operators
from handoff.forecast.model import HORIZON_DAYS, LEAST_DAYS, Slot
from handoff.forecast.models import Forecast, ForecastSetting
from handoff.forecast.schemas import WriteSetting
from handoff.presence import repository as presence
from handoff.queue.service import PRIOR_HANDLE, PRIOR_WEIGHT
from handoff.service_clock.service import WorkingCalendar
from handoff.service_level.targets import Target
from handoff.staff import repository as people
from handoff.staff.models import Staff
from handoff.staff.schemas import Viewer
from kit.clock import RIGA, Clock, iso, midnight
from kit.db import Database, set_if_version
from kit.errors import Conflict, PieturaError
from kit.processes import tail_of

log = structlog.get_logger(__name__)
#: Two years: a season is seen twice, and what was before is another service.
_HISTORY: Final = timedelta(days=2 * 365)
_HANDLED_SINCE: Final = timedelta(days=90)
#: One forgotten conversation must not make everybody's an hour.
_LONGEST: Final = timedelta(minutes=30)
_LIMIT_S: Final = 300.0
#: A computation that has told nothing for so long has died with its worker.
_DEAD: Final = timedelta(minutes=6)
_KEPT: Final = 30
_INTERRUPTED: Final = "interrupted"
_DAY: Final = timedelta(days=1)


class Forecasts:
    """Permission is checked here, from the session's viewer."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        calendar: Callable[[], WorkingCalendar],
        target: Callable[[date], Target],
    ) -> None:
        """``target``: how soon chats are to be begun, and what share of them, by day."""
        self._db = db
        self._clock = clock
        self._calendar = calendar
        self._target = target
        self._task: asyncio.Task[None] | None = None

    async def view(self, viewer: Viewer) -> dict[str, Any]:
        """How forecasting stands.

        Raises:
            Forbidden: the viewer is neither supervisor nor administrator.
        """
        supervisors_only(viewer)
        async with self._db.read() as session:
            return await self.standing(session)

    async def ask(self, viewer: Viewer) -> dict[str, Any]:
        """Begins a computation, unless one is under way.

        Raises:
            Forbidden: as for :meth:`view`.
            PieturaError: ``forecast_history``: less than four weeks are known.
        """
        supervisors_only(viewer)
        async with self._db.read() as session:
            known = self._days_known(await repository.first_case(session))
        if known < LEAST_DAYS:
            raise PieturaError("forecast_history", days=max(0, known), least=LEAST_DAYS)
        await self._begin(viewer.id)
        return await self.view(viewer)

    async def set_up(self, viewer: Viewer, wanted: WriteSetting) -> dict[str, Any]:
        """Sets what need is computed with.

        Raises:
            Forbidden: as for :meth:`view`.
            Conflict: ``forecast_setting_changed`` with ``who``.
        """
        supervisors_only(viewer)
        now = self._clock.now()
        async with self._db.unit() as unit:
            before = await repository.setting(unit.session)
            was, who = before.at_once, before.changed_by
            values = {"at_once": wanted.at_once, "changed_by": viewer.id, "changed_at": now}
            if not await set_if_version(unit.session, ForecastSetting, 1, wanted.version, values):
                named = await unit.session.get(Staff, who) if who else None
                raise Conflict("forecast_setting_changed", who=named.name if named else "–")
            after = {"at_once": wanted.at_once}
            people.audit(unit.session, now, viewer.id, "forecast_setting", None, before={"at_once": was}, after=after)
        return await self.view(viewer)

    async def once(self) -> None:
        """Begins the day's computation when there is enough to compute from and none was begun today."""
        if self._task is not None and not self._task.done():
            return
        now = self._clock.now()
        async with self._db.read() as session:
            if self._days_known(await repository.first_case(session)) < LEAST_DAYS:
                return
            last = await repository.latest(session, "running", "done", "failed")
        died = last is not None and (last.stage == _INTERRUPTED or (last.state == "running" and not self._alive(last)))
        if last is None or died or now - last.began_at >= _DAY:
            await self._begin(None)

    async def close(self) -> None:
        """Ends what is under way; it is begun again another time."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait(self) -> None:
        """Until what this worker computes is done."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def standing(self, session: AsyncSession) -> dict[str, Any]:
        """State and quality of the forecast, and what is missing where there is none."""
        setting = await repository.setting(session)
        done = await repository.latest(session, "done")
        last = await repository.latest(session, "running", "done", "failed")
        known = self._days_known(await repository.first_case(session))
        result = done.result if done is not None else None
        running = last is not None and last.state == "running" and self._alive(last)
        share, within_s = self._promised(self._today())
        return {
            "setting": {"at_once": setting.at_once, "version": setting.version},
            "target": {"share": share, "within_s": within_s},
            "history_days": max(0, known),
            "enough_on": None if known >= LEAST_DAYS else self._enough_on(known),
            "least_days": LEAST_DAYS,
            "state": "running" if running else "none" if last is None else "failed" if last.state != "done" else "done",
            "stage": last.stage if running and last is not None else None,
            "made_at": iso(done.ended_at) if done is not None else None,
            "quality": {key: result[key] for key in _QUALITY} if result is not None else None,
        }

    async def hours(self, session: AsyncSession, begins: date, ends: date) -> dict[datetime, dict[str, Any]]:
        """What is expected in the hours of the days from ``begins`` to ``ends``, and the operators it takes."""
        done = await repository.latest(session, "done")
        if done is None or done.result is None:
            return {}
        at_once = (await repository.setting(session)).at_once
        handle = float(done.result["handle_s"])
        first, after = midnight(begins), midnight(ends + _DAY)
        found = {}
        for one in done.result["hours"]:
            at = datetime.fromisoformat(one["at"])
            if first <= at < after:
                asked = (handle, at_once, *self._promised(at.astimezone(RIGA).date()))
                found[at] = {
                    "contacts": one["mean"],
                    "low": one["low"],
                    "high": one["high"],
                    "needed": operators(one["mean"], *asked),
                    "needed_high": operators(one["high"], *asked),
                }
        return found

    def _promised(self, day: date) -> tuple[float, float]:
        """Share of chats, and seconds within which they are to be begun on a day."""
        target = self._target(day)
        return float(target.share or 1), float(target.seconds or 0)

    # --- computing ----------------------------------------------------------------------------------------------------

    async def _begin(self, asked_by: str | None) -> None:
        now = self._clock.now()
        async with self._db.unit() as unit:
            # Of two workers that begin at once the second waits here and finds the first's.
            await repository.setting(unit.session, held=True)
            last = await repository.latest(unit.session, "running")
            if last is not None and self._alive(last):
                return
            row = Forecast(
                id=str(uuid.uuid4()), state="running", stage="reading", asked_by=asked_by, began_at=now, told_at=now
            )
            unit.session.add(row)
            if asked_by is not None:
                people.audit(unit.session, now, asked_by, "forecast_asked", row.id)
        self._task = asyncio.create_task(self._compute(row.id))

    async def _compute(self, forecast_id: str) -> None:
        try:
            given, about = await self._gather()
            result = await self._in_child(given, lambda stage: self._tell(forecast_id, stage=stage))
            await self._tell(forecast_id, state="done", stage="done", result={**result, **about})
        except asyncio.CancelledError:
            # The gateway stops: whoever starts next begins anew instead of waiting for nobody.
            await self._tell(forecast_id, state="failed", stage=_INTERRUPTED)
            raise
        except Exception as error:
            log.exception("forecast failed", why=type(error).__name__)
            await self._tell(forecast_id, state="failed", stage="failed")

    async def _tell(self, forecast_id: str, **values: Any) -> None:
        now = self._clock.now()
        async with self._db.unit() as unit:
            row = await unit.session.get_one(Forecast, forecast_id)
            for name, value in values.items():
                setattr(row, name, value)
            row.told_at = now
            if row.state != "running":
                row.ended_at = now
                for old in await repository.older_than(unit.session, _KEPT):
                    await unit.session.delete(old)

    async def _gather(self) -> tuple[dict[str, Any], dict[str, Any]]:
        now = self._clock.now()
        today = now.astimezone(RIGA).date()
        async with self._db.read() as session:
            first = await repository.first_case(session)
            begins = max(first or now, now - _HISTORY).astimezone(RIGA).date() + _DAY
            calendar = await presence.as_it_was(session, self._calendar(), begins, today)
            counts = await repository.contacts_by_hour(session, midnight(begins), midnight(today), self._db.dialect)
            spans = await repository.handled(session, now - _HANDLED_SINCE)
        known = open_hours(begins, today - _DAY, begins, calendar.worked)
        asked = open_hours(today, today + timedelta(days=HORIZON_DAYS - 1), begins, calendar.worked)
        lengths = [min(closed - taken, _LONGEST) for taken, closed in spans]
        handle = (PRIOR_HANDLE * PRIOR_WEIGHT + sum(lengths, timedelta())) / (PRIOR_WEIGHT + len(lengths))
        placed = when_people_were_there([datetime.fromisoformat(slot.at) for slot in known], counts)
        given = {"known": [asdict(one) for one in known], "counts": placed, "asked": [asdict(one) for one in asked]}
        about = {
            "handle_s": round(handle.total_seconds(), 1),
            "handled": len(lengths),
            "from": begins.isoformat(),
            "to": (today - _DAY).isoformat(),
            "contacts": sum(placed),
        }
        return given, about

    async def _in_child(self, given: dict[str, Any], told: Callable[[str], Any]) -> dict[str, Any]:
        # Nothing of the service's own environment but where its code lies: the child needs no secret.
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME", "LANG") if name in os.environ}
        one_core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "handoff.forecast.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=kept | one_core,
            cwd=Path(handoff.__file__).parent.parent,
            limit=4 * 1024 * 1024,
        )
        words = asyncio.create_task(tail_of(child.stderr))
        found: dict[str, Any] | None = None
        try:
            async with asyncio.timeout(_LIMIT_S):
                writer = cast("asyncio.StreamWriter", child.stdin)
                os.setpriority(os.PRIO_PROCESS, child.pid, 10)
                writer.write(json.dumps(given).encode())
                await writer.drain()
                writer.close()
                async for line in cast("asyncio.StreamReader", child.stdout):
                    said = json.loads(line)
                    if "result" in said:
                        found = dict(said["result"])
                        return found
                    await told(said["stage"])
            raise RuntimeError("the process ended without a result")
        finally:
            if child.returncode is None:
                try:
                    child.kill()
                except ProcessLookupError:
                    pass
            code, last = await child.wait(), await words
            if found is None:
                log.warning("the process of a forecast gave no result", code=code, said=last)

    def _alive(self, row: Forecast) -> bool:
        return abs(self._clock.now() - row.told_at) < _DEAD

    def _days_known(self, first: datetime | None) -> int:
        """Whole days of history: the first may have begun in the middle, and today is not over."""
        if first is None:
            return -1
        return (self._today() - first.astimezone(RIGA).date()).days - 1

    def _enough_on(self, known: int) -> str:
        return (self._today() + timedelta(days=LEAST_DAYS - known)).isoformat()

    def _today(self) -> date:
        return self._clock.now().astimezone(RIGA).date()


_QUALITY: Final = (
    "model",
    "tried",
    "folds",
    "window_days",
    "coverage",
    "handle_s",
    "handled",
    "from",
    "to",
    "contacts",
)


def open_hours(first: date, last: date, origin: date, hours: Callable[[date], tuple[time, time] | None]) -> list[Slot]:
    """Every hour of the days from ``first`` to ``last`` in which people answer, be it in a part of it.

    ``origin``: the day from which days are counted.
    """
    found = []
    day = first
    near = (first + timedelta(days=number) for number in range(-28, 29))
    usual = {one.weekday() for one in near if hours(one) is not None} or set(range(7))
    while day <= last:
        open_ = hours(day)
        if open_ is not None:
            before = day - _DAY
            while before.weekday() not in usual:
                before -= _DAY
            after = hours(before) is None
            for hour in range(open_[0].hour, open_[1].hour + (open_[1].minute > 0)):
                at = datetime.combine(day, time(hour), RIGA).astimezone(UTC)
                found.append(Slot(at.isoformat(), (day - origin).days, day.weekday(), hour, after))
        day += _DAY
    return found


def when_people_were_there(slots: Sequence[datetime], counts: dict[datetime, int]) -> list[int]:
    """Contacts by open hour: what came while nobody was there stands with the next hour in which somebody was."""
    found = [0] * len(slots)
    waiting = sorted(counts.items())
    number = 0
    for place, at in enumerate(slots):
        while number < len(waiting) and waiting[number][0] <= at:
            found[place] += waiting[number][1]
            number += 1
    return found
