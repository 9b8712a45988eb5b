"""Trainings: asked for, carried on in a process of their own, measured, and put to work by a person; one step back.

The database says what was decided; who serves is told by files (:mod:`gateway.retraining.serving`), written after the decision is
stored and again whenever they lag behind it.
"""

from __future__ import annotations

import asyncio
import shlex
import shutil
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gateway import run as runner
from gateway.retraining import repository
from gateway.retraining.export import digest_of
from gateway.retraining.models import ModelServed, Training
from gateway.retraining.process import Work
from gateway.retraining.schemas import Back, Live, training_view
from gateway.retraining.serving import ServingFiles, Wanted
from gateway.retraining.states import OPEN, RUNNING, may_follow
from gateway.settings import Settings
from handoff.staff import repository as people
from kit.clock import Clock, iso
from kit.db import Database, UnitOfWork, set_if_version
from kit.errors import Conflict, Forbidden, NotFound, PieturaError
from kit.textual import clean
from knowledge_base.editor.schemas import Person
from knowledge_base.editor.service import editors_only
from knowledge_base.turns.service import TurnsDesk

log = structlog.get_logger(__name__)
#: A worker that has told nothing for so long is gone, and another one takes over the process it watched.
_LEASE: Final = timedelta(seconds=20)
#: How often a process is begun anew that was lost with its gateway.
_ATTEMPTS: Final = 3
#: Models that are kept, the one that serves among them.
_KEPT: Final = 3
_MB: Final = 1024 * 1024
#: A training needs about so much disk: vectors, the model, and what Rasa writes meanwhile.
_NEEDS_MB: Final = 300
#: States of a training whose model may be put to work.
_SERVABLE: Final = ("ready", "worse", "retired", "rolled_back")
Announce = Callable[[], Awaitable[None]]


class LostTraining(Exception):
    """Another worker has it in hand."""


class Retraining:
    """What editors do with trainings, and the work itself. Permission is checked here."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        settings: Settings,
        turns: TurnsDesk,
        begun: Announce,
        every: float = 0.5,
    ) -> None:
        """``begun``: called when there is something to do; ``every``: seconds between two looks at a process."""
        self._db = db
        self._clock = clock
        self._settings = settings
        self._turns = turns
        self._begun = begun
        self._every = every
        self._files = ServingFiles(settings.data_dir)
        self._base: str | None = None
        self._at_work: tuple[str, str, Work] | None = None

    # --- looking --------------------------------------------------------------------------------------------------------

    async def overview(self, person: Person) -> dict[str, Any]:
        """What serves, what there is to learn, and the trainings, the latest first.

        Raises:
            Forbidden: the person does not edit.
        """
        editors_only(person)
        base = await self._product()
        serving = await asyncio.to_thread(self._files.serving)
        async with self._db.read() as session:
            rows = await repository.trainings(session)
            last = await repository.served(session)
            learnt = await self._turns.learnt(session)
            digest = digest_of(base, learnt)
            live = await self._live(session, last)
            can_go_back, before = await self._before(session, last)
            learnt_now = live.digest == digest if live is not None else not learnt
        if not self._settings.rasa_kept:
            state = "elsewhere"
        elif serving is None or (last is not None and serving.generation != last.id):
            state = "switching"
        else:
            state = "serving"
        return {
            "serving": {
                "state": state,
                "training_id": live.id if live is not None else None,
                "generation": last.id if last is not None else None,
                "since": iso(last.at) if last is not None else None,
                "by": last.by_name if last is not None else None,
                "how": last.how if last is not None else None,
                "reason": last.reason if last is not None else "",
                "problem": serving.problem if serving is not None else None,
            },
            "back": {"training_id": before.id if before else None, "at": iso(before.created_at) if before else None}
            if can_go_back
            else None,
            "examples": len(learnt),
            "learnt": learnt_now,
            "trainings": [training_view(row, self._may(person, row, base)) for row in rows],
        }

    def _may(self, person: Person, row: Training, base: str) -> list[str]:
        if row.state in OPEN:
            return [] if row.cancelled else ["cancel"]
        try:
            # The reason is only asked for then.
            self._servable(person, row, base, "…")
        except PieturaError:
            return []
        return ["live"] if self._settings.rasa_kept else []

    # --- beginning and ending --------------------------------------------------------------------------------------------

    async def start(self, person: Person) -> dict[str, Any]:
        """Begins a training.

        Raises:
            Forbidden: the person does not edit.
            Conflict: ``training_under_way``; ``nothing_to_learn``: nothing has changed since the last one.
            PieturaError: ``disk_full`` with ``free`` MB.
        """
        editors_only(person)
        base = await self._product()
        await self._room()
        now = self._clock.now()
        try:
            async with self._db.unit() as unit:
                session = unit.session
                learnt = await self._turns.learnt(session)
                digest = digest_of(base, learnt)
                live = await self._live(session, await repository.served(session))
                nothing_new = not learnt and live is None
                if nothing_new or await repository.learnt_already(session, digest) is not None:
                    raise Conflict("nothing_to_learn")
                row = Training(
                    id=str(uuid.uuid4()),
                    state="queued",
                    slot=1,
                    progress=0,
                    step="queued",
                    by_id=person.id,
                    by_name=person.name,
                    created_at=now,
                    digest=digest,
                    base=base,
                    examples=len(learnt),
                    cancelled=False,
                    attempts=0,
                    log="",
                    has_model=False,
                    version=1,
                )
                session.add(row)
                people.audit(session, now, person.id, "training_started", row.id, before=None, after="queued")
                unit.after_commit(self._begun)
        except IntegrityError as error:
            raise Conflict("training_under_way") from error
        return training_view(row, self._may(person, row, base))

    async def cancel(self, person: Person, training_id: str) -> None:
        """Stops a training; within seconds, for its process has to end.

        Raises:
            Forbidden: the person does not edit.
            NotFound: there is no such training.
            Conflict: ``training_over``.
        """
        editors_only(person)
        async with self._db.unit() as unit:
            row = await repository.training(unit.session, training_id)
            if row is None:
                raise NotFound()
            if row.state not in OPEN:
                raise Conflict("training_over")
            statement = update(Training).where(Training.id == training_id, Training.state.in_(OPEN))
            await unit.session.execute(statement.values(cancelled=True))
            people.audit(
                unit.session,
                self._clock.now(),
                person.id,
                "training_cancelled",
                row.id,
                before=row.state,
                after="cancelled",
            )
            unit.after_commit(self._begun)

    # --- which model serves -----------------------------------------------------------------------------------------------

    async def go_live(self, person: Person, training_id: str, wanted: Live) -> None:
        """Puts a model to work.

        Raises:
            Forbidden: the person does not edit; ``misses_emergencies``: nobody may; ``worse_by_admin``: it measured worse, and
                the person does not administer.
            NotFound: there is no such training.
            Conflict: ``edited_elsewhere``; ``model_gone``: it is not kept any more; ``model_outdated``: it was made of another
                version of the product; ``serving_elsewhere``: Rasa is not kept by ``pietura run``; ``training_over``.
            PieturaError: ``reason_needed``: it measured worse, and nobody says why it shall serve.
        """
        editors_only(person)
        base = await self._product()
        reason = clean(wanted.reason)
        async with self._switching() as unit:
            session = unit.session
            row = await repository.training(session, training_id)
            if row is None:
                raise NotFound()
            self._servable(person, row, base, reason)
            last = await repository.served(session)
            before = await self._live(session, last)
            values = {"state": "live", "live_at": row.live_at or self._clock.now()}
            if not await set_if_version(session, Training, row.id, wanted.version, values):
                raise Conflict("edited_elsewhere")
            await self._replaced(session, before, "retired")
            await self._switch(unit, person, last, row, "live", reason)

    def _servable(self, person: Person, row: Training, base: str, reason: str) -> None:
        if row.state not in _SERVABLE:
            raise Conflict("edited_elsewhere")
        if not row.has_model:
            raise Conflict("model_gone")
        if row.base != base:
            raise Conflict("model_outdated")
        figures = row.figures or {}
        if figures.get("emergencies_missed"):
            raise Forbidden("misses_emergencies")
        if figures.get("worse"):
            if person.role != "admin":
                raise Forbidden("worse_by_admin")
            if not reason:
                raise PieturaError("reason_needed")

    async def back(self, person: Person, wanted: Back) -> None:
        """Back to the model that served before this one.

        Raises:
            Forbidden: the person does not edit.
            Conflict: ``edited_elsewhere``: another one serves by now; ``no_way_back``: there was none before;
                ``serving_elsewhere``.
        """
        editors_only(person)
        async with self._switching() as unit:
            session = unit.session
            last = await repository.served(session)
            if last is None or last.id != wanted.generation:
                raise Conflict("edited_elsewhere")
            can_go_back, target = await self._before(session, last)
            if not can_go_back:
                raise Conflict("no_way_back")
            await self._replaced(session, await self._live(session, last), "rolled_back")
            if target is not None:
                await self._replaced(session, target, "live")
            await self._switch(unit, person, last, target, "back", "")

    async def _replaced(self, session: AsyncSession, row: Training | None, state: str) -> None:
        if row is None:
            return
        if not may_follow(row.state, state):
            raise Conflict("edited_elsewhere")
        if not await set_if_version(session, Training, row.id, row.version, {"state": state}):
            raise Conflict("edited_elsewhere")

    async def _switch(
        self, unit: UnitOfWork, person: Person, last: ModelServed | None, row: Training | None, how: str, reason: str
    ) -> None:
        now = self._clock.now()
        served = _served(last, row, how, now, person, reason)
        unit.session.add(served)
        people.audit(
            unit.session,
            now,
            person.id,
            f"model_{how}",
            row.id if row is not None else "product",
            before=(last.training_id if last is not None else None) or "product",
            after=row.id if row is not None else "product",
            reason=reason,
        )
        await unit.session.flush()

        async def tell() -> None:
            await self._want(served, row)
            await self._begun()

        unit.after_commit(tell)

    def _switching(self) -> _Switching:
        if not self._settings.rasa_kept:
            raise Conflict("serving_elsewhere")
        return _Switching(self._db)

    async def _want(self, served: ModelServed, row: Training | None) -> None:
        model = str(self._model_of(row.id)) if row is not None else None
        base = row.base if row is not None else await self._product()
        await asyncio.to_thread(self._files.want, Wanted(served.id, model, base))

    async def _live(self, session: AsyncSession, last: ModelServed | None) -> Training | None:
        """The training whose model serves, or is about to; None: the product's own model does."""
        if last is None or last.training_id is None:
            return None
        return await repository.training(session, last.training_id)

    async def _before(self, session: AsyncSession, last: ModelServed | None) -> tuple[bool, Training | None]:
        """Whether there is a way back, and the training it leads to; None: the product's own model."""
        live = await self._live(session, last)
        if live is None or live.live_at is None:
            return False, None
        base = await self._product()
        older = [
            row
            for row in await repository.with_models(session)
            if row.id != live.id and row.live_at is not None and row.live_at < live.live_at and row.base == base
        ]
        return True, max(older, key=lambda row: row.live_at or row.created_at, default=None)

    async def settle_serving(self) -> None:
        """Tells again what was decided, if the files lag behind; takes note when a model would not serve."""
        if not self._settings.rasa_kept:
            return
        async with self._db.read() as session:
            last = await repository.served(session)
            live = await self._live(session, last)
        if last is None:
            return
        wanted = await asyncio.to_thread(self._files.wanted)
        if wanted is None or wanted.generation != last.id:
            await self._want(last, live)
            return
        serving = await asyncio.to_thread(self._files.serving)
        if serving is None or serving.generation != last.id or serving.problem is None or live is None:
            return
        log.warning("a model does not serve", training=live.id, problem=serving.problem)
        now = self._clock.now()
        async with _Switching(self._db) as unit:
            session = unit.session
            rows = await repository.with_models(session)
            there = next((row for row in rows if str(self._model_of(row.id)) == serving.model), None)
            outdated = serving.problem == "outdated"
            values: dict[str, Any] = {"state": "retired" if outdated else "failed", "problem": serving.problem}
            if not await set_if_version(session, Training, live.id, live.version, values):
                return
            if there is not None:
                await self._replaced(session, there, "live")
            served = _served(last, there, "failed", now, None, "")
            session.add(served)
            await session.flush()
            unit.after_commit(lambda: self._want(served, there))

    # --- the work ---------------------------------------------------------------------------------------------------------

    async def work(self) -> None:
        """Carries a training on, unless another worker has it in hand; goes on where one was killed.

        Raises:
            Exception: whatever went wrong with the database; the lease runs out, and the next round goes on.
        """
        await self.settle_serving()
        worker, now = str(uuid.uuid4()), self._clock.now()
        async with self._db.read() as session:
            training_id = await repository.to_do(session, now)
        if training_id is None:
            return
        async with self._db.unit() as unit:
            if not await repository.claim(unit.session, training_id, worker, now, now + _LEASE):
                return
        work = Work(self._settings.data_dir / "trainings" / training_id)
        self._at_work = (training_id, worker, work)
        try:
            await self._carry(training_id, worker, work)
        except LostTraining:
            log.warning("another worker carries the training on", training=training_id)
        except Exception:
            self._at_work = None
            raise
        # Not when this is cancelled: whoever stops in good order ends the process (:meth:`stop`).
        self._at_work = None

    async def stop(self) -> None:
        """The gateway is stopped in good order: its process ends with it, and the next start begins it anew."""
        if self._at_work is None:
            return
        training_id, worker, work = self._at_work
        await work.end()
        async with self._db.unit() as unit:
            values = {"state": "queued", "step": "queued", "progress": 0, "worker": None, "lease_until": None}
            await repository.advance(unit.session, training_id, worker, **values)

    async def _carry(self, training_id: str, worker: str, work: Work) -> None:
        row = await self._row(training_id)
        if not row.cancelled and work.result() is None and not work.alive():
            if row.attempts >= _ATTEMPTS:
                await self._end(row, worker, work, "failed", problem="lost")
                return
            await self._begin(row, worker, work)
        while True:
            # The process first: what it left before it ended is there by then.
            running = work.alive()
            row = await self._row(training_id)
            if row.cancelled:
                await work.end()
                await self._end(row, worker, work, "cancelled")
                return
            if not running:
                await self._over(row, worker, work)
                return
            if row.started_at is not None and self._clock.now() - row.started_at > self._limit:
                await work.end()
                await self._end(row, worker, work, "failed", problem="timed_out")
                return
            await self._told(row, worker, work)
            await asyncio.sleep(self._every)

    @property
    def _limit(self) -> timedelta:
        return timedelta(minutes=self._settings.training_limit_min)

    async def _begin(self, row: Training, worker: str, work: Work) -> None:
        async with self._db.read() as session:
            live = await self._live(session, await repository.served(session))
            learnt = await self._turns.learnt(session)
        job = {
            "learnt": learnt,
            "present": str(self._model_of(live.id)) if live is not None and live.has_model else None,
            "limit_s": self._limit.total_seconds(),
            "cache_dir": str(self._settings.cache_dir),
        }
        now = self._clock.now()
        # Examples that were agreed on while it waited are learnt as well.
        await self._advance(
            row.id,
            worker,
            state="exporting",
            step="exporting",
            progress=1,
            started_at=now,
            attempts=row.attempts + 1,
            examples=len(learnt),
            digest=digest_of(row.base, learnt),
        )
        await work.start(tuple(shlex.split(self._settings.trainer)), job)

    async def _told(self, row: Training, worker: str, work: Work) -> None:
        said = work.progress()
        step, percent = said.get("step", row.step), min(99, int(said.get("percent", row.progress)))
        state = step if step in RUNNING and may_follow(row.state, step) else row.state
        fresh = row.lease_until is not None and row.lease_until - self._clock.now() > _LEASE / 2
        if fresh and (step, percent) == (row.step, row.progress):
            return
        await self._advance(row.id, worker, state=state, step=step, progress=max(percent, row.progress))

    async def _over(self, row: Training, worker: str, work: Work) -> None:
        result = work.result()
        if result is None:
            await self._end(row, worker, work, "failed", problem="process")
            return
        model = self._model_of(row.id)
        model.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(shutil.copyfile, work.model, model)
        state = "worse" if result["worse"] else "ready"
        await self._end(row, worker, work, state, figures=result, has_model=True)
        await self._prune()

    async def _end(self, row: Training, worker: str, work: Work, state: str, **values: Any) -> None:
        if not may_follow(row.state, state):
            raise LostTraining()
        done: dict[str, Any] = {
            "state": state,
            "slot": None,
            "ended_at": self._clock.now(),
            "log": await asyncio.to_thread(work.log),
        }
        done |= {"progress": 100} if state in ("ready", "worse") else {}
        await self._advance(row.id, worker, **done, **values, worker=None, lease_until=None)
        await asyncio.to_thread(shutil.rmtree, work.folder, ignore_errors=True)
        log.info("training over", training=row.id, state=state)

    async def _advance(self, training_id: str, worker: str, /, **values: Any) -> None:
        values = {"lease_until": self._clock.now() + _LEASE, **values}
        async with self._db.unit() as unit:
            if not await repository.advance(unit.session, training_id, worker, **values):
                raise LostTraining()

    async def _row(self, training_id: str) -> Training:
        async with self._db.read() as session:
            row = await repository.training(session, training_id)
        if row is None:
            raise LostTraining()
        return row

    async def _prune(self) -> None:
        """Keeps the model that serves, the one before it, and the newest others."""
        async with self._db.unit() as unit:
            session = unit.session
            last = await repository.served(session)
            live, (_, before) = await self._live(session, last), await self._before(session, last)
            kept = [row for row in (live, before) if row is not None]
            rows = await repository.with_models(session)
            kept += [row for row in rows if row not in kept][: _KEPT - len(kept)]
            dropped = [row for row in rows if row not in kept]
            for row in dropped:
                row.has_model = False

        def delete() -> None:
            for row in dropped:
                self._model_of(row.id).unlink(missing_ok=True)

        await asyncio.to_thread(delete)

    async def _room(self) -> None:
        folder = self._settings.data_dir
        free = (await asyncio.to_thread(shutil.disk_usage, folder)).free // _MB
        if free < self._settings.disk_free_mb + _NEEDS_MB:
            raise PieturaError("disk_full", free=free)

    async def _product(self) -> str:
        if self._base is None:
            self._base = await asyncio.to_thread(runner.model_inputs)
        return self._base

    def _model_of(self, training_id: str) -> Path:
        return self._files.folder / f"{training_id}.tar.gz"


class _Switching:
    """A unit of work in which the model is changed: of two at once the second is told so.

    Raises:
        Conflict: ``edited_elsewhere``.
    """

    def __init__(self, db: Database) -> None:
        self._unit = db.unit()

    async def __aenter__(self) -> UnitOfWork:
        return await self._unit.__aenter__()

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> bool | None:
        try:
            return await self._unit.__aexit__(kind, error, trace)
        except IntegrityError as twice:
            raise Conflict("edited_elsewhere") from twice


def _served(
    last: ModelServed | None, row: Training | None, how: str, now: datetime, person: Person | None, reason: str
) -> ModelServed:
    # The number is said and not left to the database: of two who switch at once it takes one.
    return ModelServed(
        id=last.id + 1 if last is not None else 1,
        training_id=row.id if row is not None else None,
        how=how,
        reason=reason,
        by_id=person.id if person is not None else None,
        by_name=person.name if person is not None else None,
        at=now,
    )
